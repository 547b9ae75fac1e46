-- A small storefront: tenants, their customers, the customers' orders; a semicolon in a comment; ends nothing.
CREATE TABLE tenants (
  tenant STRING(64) NOT NULL,
) PRIMARY KEY (tenant);

CREATE TABLE customers (
  tenant STRING(64) NOT NULL,
  customer_id INT64 NOT NULL,
  name STRING(MAX),
) PRIMARY KEY (tenant, customer_id), INTERLEAVE IN PARENT tenants;

CREATE TABLE orders (
  tenant STRING(64) NOT NULL,
  customer_id INT64 NOT NULL,
  order_id STRING(64) NOT NULL,
  status STRING(32) NOT NULL,
  total NUMERIC,
  created_at TIMESTAMP OPTIONS (allow_commit_timestamp = true),
  CONSTRAINT a_total_is_not_negative CHECK (total >= 0),
) PRIMARY KEY (tenant, customer_id, order_id), INTERLEAVE IN PARENT customers;

CREATE INDEX orders_by_status ON orders (tenant, status);
