-- One row for each kind of record of each session, so that the quarantine has an end. Older rows have no session_id.

ALTER TABLE quarantine ADD COLUMN session_id TEXT;

-- SUPPLY_START, METER and so on.
ALTER TABLE quarantine ADD COLUMN kind TEXT;

-- Whether Central authorised that session: then it could be money, and is always kept.
ALTER TABLE quarantine ADD COLUMN ours INTEGER NOT NULL DEFAULT 1 CHECK (ours IN (0, 1));

-- How many records this one stands for.
ALTER TABLE quarantine ADD COLUMN times INTEGER NOT NULL DEFAULT 1 CHECK (times > 0);

CREATE UNIQUE INDEX quarantine_by_session ON quarantine (cp_id, session_id, kind);
