-- Expand: what is served does not know the column yet, so it may be absent.
ALTER TABLE orders ADD COLUMN channel STRING(20);
