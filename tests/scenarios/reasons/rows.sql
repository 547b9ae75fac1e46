INSERT INTO oriole_items (owner, id, title, n) VALUES
  ('oriole-tenant', 1, 'oriole-row', 9223372036854775807), ('oriole-tenant', 2, 'oriole-row', 0);
