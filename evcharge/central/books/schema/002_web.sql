-- Who may use Central's pages and API, and who is logged in. Secrets are kept as hashes only.

-- A name that is an id (D01) is a driver's. The version counts password and role: sessions of an older one are void.
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'driver')),
    secret_hash TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    -- A name that was removed stays in the audit log: its row stays, too.
    removed_at TEXT
) STRICT;

-- What programs show instead of a password.
CREATE TABLE api_token (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'service')),
    token_sha256 TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    removed_at TEXT
) STRICT;

-- Open logins of browsers. Version: of the account, or the credential's epoch of a driver without one.
CREATE TABLE web_session (
    token_sha256 TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    has_account INTEGER NOT NULL CHECK (has_account IN (0, 1)),
    version INTEGER NOT NULL CHECK (version >= 0),
    address TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;

CREATE INDEX web_session_by_name ON web_session (name);
