INSERT INTO counters (id, n) VALUES ('a', 0);
