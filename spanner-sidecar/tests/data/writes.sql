-- For the mock alone, which enforces roles.
CREATE TABLE orders (tenant STRING(64) NOT NULL, id STRING(64) NOT NULL, total INT64) PRIMARY KEY (tenant, id);
CREATE TABLE counters (id STRING(64) NOT NULL, n INT64 NOT NULL) PRIMARY KEY (id);
CREATE ROLE writer;
CREATE ROLE intern;
GRANT SELECT, INSERT ON TABLE orders TO ROLE writer;
GRANT SELECT, UPDATE ON TABLE counters TO ROLE writer, intern;
GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE writer;
GRANT INSERT ON TABLE spangate_audit TO ROLE writer;
GRANT SELECT ON TABLE spangate_idempotency TO ROLE intern;
