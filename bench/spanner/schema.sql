CREATE TABLE items (
  owner STRING(MAX) NOT NULL,
  id INT64 NOT NULL,
  title STRING(MAX)
) PRIMARY KEY (owner, id)
