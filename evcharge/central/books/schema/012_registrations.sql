-- A wallet and a history belong to one registration of an id: whoever is registered under it next has others.
-- All that is there belongs to whoever has the id now: 0, until the Registry names a later one.

ALTER TABLE cp ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);

-- The Registry took it out of the network: it is shown no more, what it did stays.
ALTER TABLE cp ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1));

ALTER TABLE driver ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);

ALTER TABLE driver ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1));

-- What the earlier registrations of a driver's id left, to be paid out.
CREATE TABLE former_wallet (
    driver_id TEXT NOT NULL REFERENCES driver (driver_id),
    registration INTEGER NOT NULL CHECK (registration >= 0),
    balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0),
    PRIMARY KEY (driver_id, registration)
) STRICT;

ALTER TABLE ledger ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);

ALTER TABLE session ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);

ALTER TABLE ticket ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);

-- The first owner of an id has no predecessor, and needs no index but the old ones.
CREATE INDEX session_by_later_owner ON session (driver_id, registration, authorised_at, session_id)
WHERE registration > 0;

CREATE INDEX ticket_by_later_owner ON ticket (driver_id, registration, ended_at, session_id)
WHERE registration > 0;

-- An account or a login of a driver is one of that registration, too.
ALTER TABLE account ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);

ALTER TABLE web_session ADD COLUMN registration INTEGER NOT NULL DEFAULT 0 CHECK (registration >= 0);
