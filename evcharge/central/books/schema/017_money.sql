-- Money that an operator moves: why, and who said so. What moved by itself has neither.

ALTER TABLE ledger ADD COLUMN reason TEXT;

ALTER TABLE ledger ADD COLUMN actor TEXT;

-- An order that is given again, because its answer was lost, has the same reference: it counts once.
ALTER TABLE correction ADD COLUMN reference TEXT;

CREATE UNIQUE INDEX correction_by_reference ON correction (reference) WHERE reference IS NOT NULL;

-- A ticket that is refunded gives back no more than was paid.
DROP VIEW ticket_now;

CREATE VIEW ticket_now AS
SELECT ticket.*,
    COALESCE((SELECT SUM(c.energy_mwh) FROM correction c WHERE c.session_id = ticket.session_id), 0) AS corrected_mwh,
    COALESCE((SELECT SUM(c.cost_cents) FROM correction c WHERE c.session_id = ticket.session_id), 0) AS corrected_cents,
    COALESCE((SELECT SUM(c.paid_cents) FROM correction c WHERE c.session_id = ticket.session_id), 0)
        AS corrected_paid_cents,
    (SELECT COUNT(*) FROM correction c WHERE c.session_id = ticket.session_id) AS corrections
FROM ticket;
