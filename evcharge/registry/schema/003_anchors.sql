-- The heads of Central's audit log, as Central told them: whoever changes Central's books cannot reach them here.
CREATE TABLE anchors (
    k    INTEGER PRIMARY KEY,
    n    INTEGER NOT NULL CHECK (n >= 1),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    at   REAL NOT NULL
) STRICT;

CREATE TRIGGER anchors_are_never_changed BEFORE UPDATE ON anchors
BEGIN
    SELECT RAISE(ABORT, 'anchors are append-only');
END;

-- Only old ones go, so that there is an end to them.
CREATE TRIGGER new_anchors_are_never_deleted BEFORE DELETE ON anchors
WHEN OLD.k > (SELECT max(k) FROM anchors) - 1500
BEGIN
    SELECT RAISE(ABORT, 'anchors are append-only');
END;

CREATE TRIGGER anchors_follow_each_other BEFORE INSERT ON anchors
WHEN NEW.k IS NOT (SELECT coalesce(max(k), 0) + 1 FROM anchors)
BEGIN
    SELECT RAISE(ABORT, 'anchors are append-only');
END;
