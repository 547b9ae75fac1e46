INSERT INTO shelves (shelf) VALUES ('a');
INSERT INTO things (shelf, id, name, note) VALUES ('a', 1, 'one', 'kept');
