-- What statistics, history and weather are read from, kept in the same transaction as the facts they follow from.

-- One row for each UTC day and charging point that made a ticket: all that a chart of years has to read.
CREATE TABLE daily (
    cp_id TEXT NOT NULL,
    day TEXT NOT NULL,
    sessions INTEGER NOT NULL CHECK (sessions > 0),
    energy_mwh INTEGER NOT NULL CHECK (energy_mwh >= 0),
    revenue_cents INTEGER NOT NULL CHECK (revenue_cents >= 0),
    PRIMARY KEY (cp_id, day)
) STRICT;

CREATE INDEX daily_by_day ON daily (day, sessions, energy_mwh, revenue_cents);

INSERT INTO daily (cp_id, day, sessions, energy_mwh, revenue_cents)
SELECT cp_id, substr(ended_at, 1, 10), COUNT(*), SUM(energy_mwh), SUM(cost_cents) FROM ticket GROUP BY 1, 2;

-- Each change of what a charging point shows. The last row of one is what it shows now.
CREATE TABLE status_log (
    n INTEGER PRIMARY KEY,
    cp_id TEXT NOT NULL,
    at TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX status_log_by_cp ON status_log (cp_id, n);

-- How long each charging point showed each status on each UTC day, up to its last change, and how often it began to.
CREATE TABLE status_daily (
    cp_id TEXT NOT NULL,
    day TEXT NOT NULL,
    status TEXT NOT NULL,
    ms INTEGER NOT NULL CHECK (ms >= 0),
    times INTEGER NOT NULL CHECK (times >= 0),
    PRIMARY KEY (cp_id, day, status)
) STRICT;

-- When Central was last alive: what was shown when it was killed ended then, not when it came back.
CREATE TABLE life (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seen_at TEXT NOT NULL
) STRICT;

-- The weather of a location, and what has been made of it.
CREATE TABLE weather (
    place TEXT PRIMARY KEY,
    location TEXT NOT NULL,
    temperature_celsius REAL,
    wind_m_per_s REAL,
    measured_at TEXT,
    received_at TEXT,
    source TEXT NOT NULL,
    alerts TEXT NOT NULL,
    override INTEGER NOT NULL CHECK (override IN (0, 1))
) STRICT;

-- What the Registry said last: an operator's own choice of a location stays until the Registry says something new.
ALTER TABLE cp ADD COLUMN registered_location TEXT NOT NULL DEFAULT '';

UPDATE cp SET registered_location = location;

-- An operator does not let this driver charge. Unlike `blocked`, no new credential ends it.
ALTER TABLE driver ADD COLUMN barred INTEGER NOT NULL DEFAULT 0 CHECK (barred IN (0, 1));

-- Every filter of the archive finds its page in one of these, in order, whatever else the books hold.
DROP INDEX session_by_driver;

CREATE INDEX session_by_driver ON session (driver_id, authorised_at, session_id);

DROP INDEX session_by_cp;

CREATE INDEX session_by_cp ON session (cp_id, authorised_at, session_id);

CREATE INDEX session_by_state ON session (state, authorised_at, session_id);

DROP INDEX ticket_by_driver;

CREATE INDEX ticket_by_driver ON ticket (driver_id, ended_at, session_id);

DROP INDEX ticket_by_cp;

CREATE INDEX ticket_by_cp ON ticket (cp_id, ended_at, session_id);

CREATE INDEX events_by_type ON events (type, n);

CREATE INDEX events_by_actor ON events (actor, n);

CREATE INDEX events_by_cp ON events (cp_id, n) WHERE cp_id IS NOT NULL;
