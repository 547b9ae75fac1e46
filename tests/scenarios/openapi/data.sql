INSERT INTO entries (tenant, id, device, details) VALUES
  ('t1', '1b671a64-40d5-491e-99b0-da01ff1f3341', 'desk', JSON '{"title": "one"}'),
  ('t1', '4e1243bd-22c6-476b-8a41-9e78ebd7f3a1', 'desk', JSON '{"title": "two"}');
