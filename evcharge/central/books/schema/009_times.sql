-- A charge has the times that its charging point measured; when Central heard of its end stands beside them.

-- How many seconds it lasted by its records; NULL: they do not say, and its times are those of arrival.
ALTER TABLE session ADD COLUMN elapsed_s INTEGER CHECK (elapsed_s >= 0);

ALTER TABLE session ADD COLUMN received_at TEXT;

UPDATE session SET received_at = ended_at;

ALTER TABLE ticket ADD COLUMN elapsed_s INTEGER CHECK (elapsed_s >= 0);

ALTER TABLE ticket ADD COLUMN received_at TEXT NOT NULL DEFAULT '';

-- Tickets of before ended, by the books, when Central heard of it.
DROP TRIGGER ticket_is_final;

UPDATE ticket SET received_at = ended_at;

CREATE TRIGGER ticket_is_final BEFORE UPDATE ON ticket BEGIN SELECT RAISE(ABORT, 'tickets are immutable'); END;

-- Of those some may end before they began: the clock had been set back.
CREATE TRIGGER ticket_ends_last AFTER INSERT ON ticket WHEN NEW.ended_at < NEW.started_at
BEGIN SELECT RAISE(ABORT, 'a ticket ends no earlier than it begins'); END;

-- Until when that was shown, where nobody knows what came next: Central's clock was set, and a gap begins.
ALTER TABLE status_log ADD COLUMN until TEXT;
