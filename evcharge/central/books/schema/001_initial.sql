-- Central's books. Energy in mWh, money in cents, prices in 1/100 cent per kWh, instants as ISO 8601 in UTC.
-- Portable SQL: what PostgreSQL would not understand (STRICT, triggers with RAISE) is marked by standing alone.

CREATE TABLE cp (
    cp_id TEXT PRIMARY KEY,
    location TEXT NOT NULL,
    price_centi_cents_per_kwh INTEGER NOT NULL CHECK (price_centi_cents_per_kwh >= 0),
    fault TEXT,
    operator_hold INTEGER NOT NULL CHECK (operator_hold IN (0, 1)),
    weather_hold INTEGER NOT NULL CHECK (weather_hold IN (0, 1)),
    revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    journal_id TEXT,
    last_used INTEGER NOT NULL CHECK (last_used >= 0)
) STRICT;

CREATE TABLE driver (
    driver_id TEXT PRIMARY KEY,
    balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0),
    held_cents INTEGER NOT NULL CHECK (held_cents >= 0),
    blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)),
    epoch INTEGER NOT NULL CHECK (epoch >= 0)
) STRICT;

CREATE TABLE session (
    session_id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    cp_id TEXT NOT NULL REFERENCES cp (cp_id),
    driver_id TEXT NOT NULL REFERENCES driver (driver_id),
    state TEXT NOT NULL CHECK (state IN ('AUTHORISED', 'CHARGING', 'TICKETED', 'REFUSED')),
    price_centi_cents_per_kwh INTEGER NOT NULL CHECK (price_centi_cents_per_kwh >= 0),
    hold_cents INTEGER NOT NULL CHECK (hold_cents >= 0),
    limit_mwh INTEGER NOT NULL CHECK (limit_mwh >= 0),
    plug_within_s INTEGER NOT NULL CHECK (plug_within_s >= 0),
    start_meter_mwh INTEGER NOT NULL CHECK (start_meter_mwh >= 0),
    meter_mwh INTEGER NOT NULL CHECK (meter_mwh >= start_meter_mwh),
    authorised_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    stop_reason TEXT,
    end_reason TEXT
) STRICT;

-- One charging point never has two active sessions, and a session is found by its open state at start-up.
CREATE UNIQUE INDEX one_open_session_per_cp ON session (cp_id) WHERE state IN ('AUTHORISED', 'CHARGING');

CREATE INDEX session_by_driver ON session (driver_id, authorised_at);

CREATE INDEX session_by_time ON session (authorised_at, session_id);

CREATE INDEX session_by_cp ON session (cp_id, authorised_at);

CREATE TABLE ticket (
    session_id TEXT PRIMARY KEY REFERENCES session (session_id),
    request_id TEXT NOT NULL,
    cp_id TEXT NOT NULL,
    driver_id TEXT NOT NULL,
    energy_mwh INTEGER NOT NULL CHECK (energy_mwh >= 0),
    cost_cents INTEGER NOT NULL CHECK (cost_cents >= 0),
    price_centi_cents_per_kwh INTEGER NOT NULL,
    reason TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    estimated INTEGER NOT NULL CHECK (estimated IN (0, 1))
) STRICT;

CREATE INDEX ticket_by_driver ON ticket (driver_id, ended_at);

CREATE INDEX ticket_by_time ON ticket (ended_at, session_id);

CREATE INDEX ticket_by_cp ON ticket (cp_id, ended_at);

CREATE TRIGGER ticket_is_final BEFORE UPDATE ON ticket BEGIN SELECT RAISE(ABORT, 'tickets are immutable'); END;

CREATE TRIGGER ticket_stays BEFORE DELETE ON ticket BEGIN SELECT RAISE(ABORT, 'tickets are immutable'); END;

-- Tickets that their driver has not seen yet.
CREATE TABLE inbox (
    session_id TEXT PRIMARY KEY REFERENCES ticket (session_id),
    driver_id TEXT NOT NULL
) STRICT;

CREATE INDEX inbox_by_driver ON inbox (driver_id);

-- Double entry: each row leaves one account and enters another.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('TOP_UP', 'HOLD', 'CAPTURE', 'RELEASE')),
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    cents INTEGER NOT NULL CHECK (cents > 0),
    driver_id TEXT NOT NULL REFERENCES driver (driver_id),
    session_id TEXT,
    -- A top-up that is asked for again, because its answer was lost, has the same reference: it counts once.
    reference TEXT UNIQUE
) STRICT;

CREATE INDEX ledger_by_session ON ledger (session_id);

CREATE TRIGGER ledger_is_final BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE journal (
    cp_id TEXT NOT NULL REFERENCES cp (cp_id),
    journal_id TEXT NOT NULL,
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    PRIMARY KEY (cp_id, journal_id)
) STRICT;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    cp_id TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    why TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- Audit log, outbox and feed in one: append-only, each row sealed to the one before.
CREATE TABLE events (
    n INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    type TEXT NOT NULL,
    cp_id TEXT,
    driver_id TEXT,
    session_id TEXT,
    correlation_id TEXT,
    data TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_session ON events (session_id) WHERE session_id IS NOT NULL;

CREATE TRIGGER events_are_final BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
