INSERT INTO tenants (tenant) VALUES ('t1'), ('t2');
INSERT INTO customers (tenant, customer_id, name) VALUES
  ('t1', 7, 'Ada; of the comma'), ('t1', 8, NULL), ('t2', 7, 'Somebody else\'s');
INSERT INTO orders (tenant, customer_id, order_id, status, total) VALUES
  ('t1', 7, 'a', 'open', NUMERIC '12.50'), ('t1', 7, 'b', 'paid', NULL), ('t2', 7, 'c', 'open', NUMERIC '1');
