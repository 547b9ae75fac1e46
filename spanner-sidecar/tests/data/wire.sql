-- For the mock alone, which enforces roles.
CREATE TABLE t (a STRING(MAX) NOT NULL, b INT64) PRIMARY KEY (a);
CREATE ROLE reader;
CREATE ROLE auditor;
CREATE ROLE writer;
GRANT SELECT ON TABLE t TO ROLE reader, auditor;
GRANT SELECT, INSERT ON TABLE t TO ROLE writer;
GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE writer;
GRANT INSERT ON TABLE spangate_audit TO ROLE writer;
