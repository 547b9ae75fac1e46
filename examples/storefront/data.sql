INSERT INTO tenants (tenant_id, name, created_at) VALUES
  ('t1', 'Northwind', TIMESTAMP '2026-01-05T08:00:00Z'),
  ('t2', 'Contoso', TIMESTAMP '2026-02-01T08:00:00Z');

INSERT INTO products (sku, name, price, in_stock, tags) VALUES
  ('tea-green', 'Green tea, 100 g', NUMERIC '7.50', 120, ['tea', 'organic']),
  ('tea-black', 'Black tea, 100 g', NUMERIC '6.25', 80, ['tea']),
  ('pot-steel', 'Tea pot, steel', NUMERIC '39.00', 4, NULL);

INSERT INTO customers (tenant_id, customer_id, name, email, created_at) VALUES
  ('t1', 7, 'Ada', 'ada@example.com', TIMESTAMP '2026-01-06T09:00:00Z'),
  ('t1', 8, 'Grace', NULL, TIMESTAMP '2026-01-07T09:00:00Z'),
  ('t2', 7, 'Linus', 'linus@example.net', TIMESTAMP '2026-02-02T09:00:00Z');

INSERT INTO orders (tenant_id, customer_id, order_id, status, total, note, created_at, updated_at) VALUES
  ('t1', 7, '1b671a64-40d5-491e-99b0-da01ff1f3341', 'shipped', NUMERIC '15.00', 'Leave it at the door', TIMESTAMP '2026-03-01T10:00:00Z', TIMESTAMP '2026-03-02T10:00:00Z'),
  ('t1', 7, '4e1243bd-22c6-476b-8a41-9e78ebd7f3a1', 'paid', NUMERIC '39.00', NULL, TIMESTAMP '2026-03-05T10:00:00Z', TIMESTAMP '2026-03-05T10:05:00Z'),
  ('t1', 7, '9a3f0f9e-6c1f-4a3e-8a54-0c3a7f5d2b60', 'open', NUMERIC '6.25', NULL, TIMESTAMP '2026-03-09T10:00:00.5Z', TIMESTAMP '2026-03-09T10:00:00.5Z'),
  ('t1', 8, '2c5ea4c0-4067-4f5b-9c1d-2f5f2c8a1a10', 'open', NUMERIC '12.50', NULL, TIMESTAMP '2026-03-10T10:00:00Z', TIMESTAMP '2026-03-10T10:00:00Z'),
  ('t2', 7, 'c56a4180-65aa-42ec-a945-5fd21dec0538', 'open', NUMERIC '78.00', 'Of another tenant', TIMESTAMP '2026-03-11T10:00:00Z', TIMESTAMP '2026-03-11T10:00:00Z');

INSERT INTO order_items (tenant_id, customer_id, order_id, line, sku, quantity, price) VALUES
  ('t1', 7, '1b671a64-40d5-491e-99b0-da01ff1f3341', 1, 'tea-green', 2, NUMERIC '7.50'),
  ('t1', 7, '4e1243bd-22c6-476b-8a41-9e78ebd7f3a1', 1, 'pot-steel', 1, NUMERIC '39.00'),
  ('t1', 7, '9a3f0f9e-6c1f-4a3e-8a54-0c3a7f5d2b60', 1, 'tea-black', 1, NUMERIC '6.25'),
  ('t1', 8, '2c5ea4c0-4067-4f5b-9c1d-2f5f2c8a1a10', 1, 'tea-black', 2, NUMERIC '6.25'),
  ('t2', 7, 'c56a4180-65aa-42ec-a945-5fd21dec0538', 1, 'pot-steel', 2, NUMERIC '39.00');
