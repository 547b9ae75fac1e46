-- The demo's schema as it was first.

CREATE TABLE tenants (
  tenant_id STRING(36) NOT NULL,
  name STRING(200) NOT NULL,
  created_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (tenant_id);

CREATE TABLE products (
  sku STRING(40) NOT NULL,
  name STRING(200) NOT NULL,
  price NUMERIC NOT NULL,
  in_stock INT64 NOT NULL,
  tags ARRAY<STRING(40)>,
) PRIMARY KEY (sku);

CREATE TABLE customers (
  tenant_id STRING(36) NOT NULL,
  customer_id INT64 NOT NULL,
  name STRING(200) NOT NULL,
  email STRING(320),
  created_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
) PRIMARY KEY (tenant_id, customer_id),
  INTERLEAVE IN PARENT tenants ON DELETE CASCADE;

-- A random key: ascending ones would send every new order to the same split.
CREATE TABLE orders (
  tenant_id STRING(36) NOT NULL,
  customer_id INT64 NOT NULL,
  order_id STRING(36) NOT NULL DEFAULT (GENERATE_UUID()),
  status STRING(20) NOT NULL,
  total NUMERIC NOT NULL,
  note STRING(1000),
  created_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
  updated_at TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true),
  CONSTRAINT known_status CHECK (status IN ('open', 'paid', 'shipped', 'cancelled')),
) PRIMARY KEY (tenant_id, customer_id, order_id),
  INTERLEAVE IN PARENT customers ON DELETE CASCADE;

CREATE INDEX orders_by_status ON orders (tenant_id, status, created_at DESC), INTERLEAVE IN tenants;

CREATE TABLE order_items (
  tenant_id STRING(36) NOT NULL,
  customer_id INT64 NOT NULL,
  order_id STRING(36) NOT NULL,
  line INT64 NOT NULL,
  sku STRING(40) NOT NULL,
  quantity INT64 NOT NULL,
  price NUMERIC NOT NULL,
  CONSTRAINT known_product FOREIGN KEY (sku) REFERENCES products (sku),
  CONSTRAINT at_least_one CHECK (quantity > 0),
) PRIMARY KEY (tenant_id, customer_id, order_id, line),
  INTERLEAVE IN PARENT orders ON DELETE CASCADE;
