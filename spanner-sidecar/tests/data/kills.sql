-- For the mock alone, which enforces roles.
CREATE TABLE orders (tenant STRING(64) NOT NULL, id STRING(64) NOT NULL, total INT64) PRIMARY KEY (tenant, id);
CREATE TABLE items (
  tenant STRING(64) NOT NULL, order_id STRING(64) NOT NULL, position INT64 NOT NULL, sku STRING(64),
) PRIMARY KEY (tenant, order_id, position);
CREATE TABLE places (
  tenant STRING(64) NOT NULL, id STRING(64) NOT NULL, at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (tenant, id);
CREATE TABLE counters (id STRING(64) NOT NULL, n INT64 NOT NULL) PRIMARY KEY (id);
CREATE ROLE writer;
GRANT SELECT, INSERT ON TABLE orders, items, places TO ROLE writer;
GRANT SELECT, UPDATE ON TABLE counters TO ROLE writer;
GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE writer;
GRANT INSERT ON TABLE spangate_audit TO ROLE writer;
