-- One row holds no more energy and money than a thousand million of them add up to within 64 bits (billing.MAX_...).
-- Triggers, because rows of before may hold more: they come through as they are, and `evcharge audit verify` names them.

-- What a charging point metered beyond what is believed: nobody pays for it.
ALTER TABLE session ADD COLUMN excess_mwh INTEGER NOT NULL DEFAULT 0
    CHECK (excess_mwh BETWEEN 0 AND meter_mwh - start_meter_mwh);

CREATE TRIGGER session_is_bounded AFTER INSERT ON session
WHEN NEW.limit_mwh > 9000000000 OR NEW.hold_cents > 1000000000
BEGIN SELECT RAISE(ABORT, 'a session is allowed less than that'); END;

CREATE TRIGGER ticket_is_bounded AFTER INSERT ON ticket
WHEN NEW.energy_mwh > 9000000000 OR NEW.cost_cents > 1000000000
BEGIN SELECT RAISE(ABORT, 'a ticket bills less than that'); END;

-- What goes out of a wallet that is fuller comes from before.
CREATE TRIGGER ledger_is_bounded AFTER INSERT ON ledger
WHEN NEW.cents > 1000000000 AND NEW.kind IN ('TOP_UP', 'HOLD')
BEGIN SELECT RAISE(ABORT, 'less money than that moves at once'); END;

-- Central looks at each start whether there are any.
CREATE INDEX ticket_beyond_bounds ON ticket (session_id) WHERE energy_mwh > 9000000000;
