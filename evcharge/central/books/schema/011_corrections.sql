-- Tickets are immutable: what must be put right afterwards is a row that names the old one.

-- Differences, in the order in which they were made. `paid_cents` of the cost came from the wallet, or went back there.
CREATE TABLE correction (
    session_id TEXT NOT NULL REFERENCES ticket (session_id),
    number INTEGER NOT NULL CHECK (number > 0),
    at TEXT NOT NULL,
    cp_id TEXT NOT NULL,
    driver_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('RECORD', 'ORDER')),
    energy_mwh INTEGER NOT NULL CHECK (energy_mwh BETWEEN -9000000000 AND 9000000000),
    cost_cents INTEGER NOT NULL CHECK (cost_cents BETWEEN -1000000000 AND 1000000000),
    paid_cents INTEGER NOT NULL CHECK (paid_cents BETWEEN MIN(cost_cents, 0) AND MAX(cost_cents, 0)),
    ended_at TEXT NOT NULL,
    elapsed_s INTEGER CHECK (elapsed_s >= 0),
    reason TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
) STRICT;

CREATE INDEX correction_by_driver ON correction (driver_id, at);

CREATE TRIGGER correction_is_final BEFORE UPDATE ON correction BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;

CREATE TRIGGER correction_stays BEFORE DELETE ON correction BEGIN SELECT RAISE(ABORT, 'corrections are immutable'); END;

-- Tickets with what has been put right since.
CREATE VIEW ticket_now AS
SELECT ticket.*,
    COALESCE((SELECT SUM(c.energy_mwh) FROM correction c WHERE c.session_id = ticket.session_id), 0) AS corrected_mwh,
    COALESCE((SELECT SUM(c.cost_cents) FROM correction c WHERE c.session_id = ticket.session_id), 0) AS corrected_cents,
    (SELECT COUNT(*) FROM correction c WHERE c.session_id = ticket.session_id) AS corrections
FROM ticket;

-- Billed by estimate: its engine may still tell how it ended, and that makes a correction.
ALTER TABLE session ADD COLUMN awaits_end INTEGER NOT NULL DEFAULT 0 CHECK (awaits_end IN (0, 1));

UPDATE session SET awaits_end = 1 WHERE session_id IN (SELECT session_id FROM ticket WHERE estimated = 1);

-- The ledger knows one more kind; what a column allows can only be said anew.
DROP TRIGGER ledger_is_final;

DROP TRIGGER ledger_stays;

DROP TRIGGER ledger_is_bounded;

ALTER TABLE ledger RENAME TO ledger_of_before;

CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('TOP_UP', 'HOLD', 'CAPTURE', 'RELEASE', 'CORRECTION', 'PAY_OUT')),
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    cents INTEGER NOT NULL CHECK (cents > 0),
    driver_id TEXT NOT NULL REFERENCES driver (driver_id),
    session_id TEXT,
    reference TEXT UNIQUE
) STRICT;

INSERT INTO ledger SELECT id, at, kind, debit, credit, cents, driver_id, session_id, reference FROM ledger_of_before;

DROP TABLE ledger_of_before;

CREATE INDEX ledger_by_session ON ledger (session_id);

CREATE TRIGGER ledger_is_final BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What goes out of a wallet that is fuller comes from before.
CREATE TRIGGER ledger_is_bounded AFTER INSERT ON ledger
WHEN NEW.cents > 1000000000 AND NEW.kind IN ('TOP_UP', 'HOLD')
BEGIN SELECT RAISE(ABORT, 'less money than that moves at once'); END;
