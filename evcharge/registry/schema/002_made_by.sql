-- An invitation may come from an account of Central's pages, too, which is no administrator here.
CREATE TABLE invitations_new (
    secret_sha256 TEXT PRIMARY KEY CHECK (length(secret_sha256) = 64),
    kind          TEXT NOT NULL CHECK (kind IN ('cp', 'driver')),
    id            TEXT NOT NULL,
    location      TEXT NOT NULL,
    -- The epoch of the registration that it was made for; NULL: there was none.
    epoch         INTEGER,
    made_by       TEXT NOT NULL,
    expires_at    REAL NOT NULL,
    used_at       REAL
) STRICT;

INSERT INTO invitations_new SELECT * FROM invitations;

DROP TABLE invitations;

ALTER TABLE invitations_new RENAME TO invitations;
