-- For the mock alone, which enforces roles.
CREATE TABLE oriole_items (
  owner STRING(MAX) NOT NULL, id INT64 NOT NULL, title STRING(MAX) NOT NULL, note STRING(MAX), n INT64,
) PRIMARY KEY (owner, id);
CREATE ROLE clerk;
GRANT SELECT, INSERT ON TABLE oriole_items, spangate_idempotency TO ROLE clerk;
GRANT INSERT ON TABLE spangate_audit TO ROLE clerk;
