CREATE TABLE items (owner STRING(MAX) NOT NULL, id INT64 NOT NULL, title STRING(MAX)) PRIMARY KEY (owner, id);
CREATE INDEX items_by_title ON items (title);
