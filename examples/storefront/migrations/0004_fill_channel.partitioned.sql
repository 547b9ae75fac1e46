-- However many rows there are. It may run more than once on a row, and does no harm there.
UPDATE orders SET channel = 'web' WHERE channel IS NULL;
