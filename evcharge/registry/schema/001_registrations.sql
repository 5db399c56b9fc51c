-- Who may take part. A withdrawn id keeps its row, because its epoch must never go back.
CREATE TABLE registrations (
    id          TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 32 AND id NOT GLOB '*[^A-Z0-9_-]*'),
    kind        TEXT NOT NULL CHECK (kind IN ('cp', 'driver')),
    location    TEXT NOT NULL DEFAULT '' CHECK (length(location) <= 80),
    -- 'sha256$<hex>' of a machine secret, or Argon2id as a PHC string. Never a secret itself.
    secret_hash TEXT CHECK (secret_hash LIKE 'sha256$%' OR secret_hash LIKE '$argon2id$%'),
    state       TEXT NOT NULL CHECK (state IN ('active', 'inactive', 'revoked', 'withdrawn')),
    epoch       INTEGER NOT NULL CHECK (epoch >= 0),
    created_at  REAL NOT NULL,
    changed_at  REAL NOT NULL,
    CHECK ((state = 'withdrawn') = (secret_hash IS NULL))
) STRICT;

-- What Central must know of: every rise of an epoch, in order.
CREATE TABLE revocations (
    n     INTEGER PRIMARY KEY,
    id    TEXT NOT NULL REFERENCES registrations (id),
    epoch INTEGER NOT NULL,
    what  TEXT NOT NULL,
    at    REAL NOT NULL
) STRICT;

CREATE TABLE admins (
    name          TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    created_at    REAL NOT NULL
) STRICT;

CREATE TABLE admin_tokens (
    token_hash TEXT PRIMARY KEY CHECK (length(token_hash) = 64),
    name       TEXT NOT NULL REFERENCES admins (name),
    expires_at REAL NOT NULL
) STRICT;

-- What a token of `evcharge invite` is good for, once. Of its secret only the SHA-256 is kept.
CREATE TABLE invitations (
    secret_sha256 TEXT PRIMARY KEY CHECK (length(secret_sha256) = 64),
    kind          TEXT NOT NULL CHECK (kind IN ('cp', 'driver')),
    id            TEXT NOT NULL,
    location      TEXT NOT NULL,
    -- The epoch of the registration that it was made for; NULL: there was none.
    epoch         INTEGER,
    made_by       TEXT NOT NULL REFERENCES admins (name),
    expires_at    REAL NOT NULL,
    used_at       REAL
) STRICT;

-- The audit log: append-only, each row chained to the one before it (evcharge.storage.hash_chain).
CREATE TABLE events (
    n       INTEGER PRIMARY KEY,
    at      REAL NOT NULL,
    who     TEXT NOT NULL,
    role    TEXT NOT NULL,
    address TEXT NOT NULL,
    what    TEXT NOT NULL,
    target  TEXT NOT NULL,
    result  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    times   INTEGER NOT NULL CHECK (times >= 1),
    hash    TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

-- Also against INSERT OR REPLACE, which deletes without asking the trigger above.
CREATE TRIGGER events_follow_each_other BEFORE INSERT ON events
WHEN NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM events)
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
