CREATE TABLE shelves (shelf STRING(64) NOT NULL) PRIMARY KEY (shelf);
CREATE TABLE things (
  shelf STRING(64) NOT NULL,
  id INT64 NOT NULL,
  name STRING(16),
  note STRING(64),
  written_at TIMESTAMP OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (shelf, id), INTERLEAVE IN PARENT shelves;
