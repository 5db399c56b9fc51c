-- Into how many partitions the charging points are divided: set when the books are made, for ever. The step that allows
-- more than one makes this table anew, so that no evcharge that knows only one opens such books.
CREATE TABLE partitions (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL CHECK (count = 1)
) STRICT;

INSERT INTO partitions (id, count) VALUES (1, 1);
