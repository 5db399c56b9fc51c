-- An operator asked for it, for a driver who stood there.
ALTER TABLE session ADD COLUMN by_operator INTEGER NOT NULL DEFAULT 0 CHECK (by_operator IN (0, 1));

DROP VIEW ticket_now;

CREATE VIEW ticket_now AS
SELECT ticket.*,
    COALESCE((SELECT SUM(c.energy_mwh) FROM correction c WHERE c.session_id = ticket.session_id), 0) AS corrected_mwh,
    COALESCE((SELECT SUM(c.cost_cents) FROM correction c WHERE c.session_id = ticket.session_id), 0) AS corrected_cents,
    COALESCE((SELECT SUM(c.paid_cents) FROM correction c WHERE c.session_id = ticket.session_id), 0)
        AS corrected_paid_cents,
    (SELECT COUNT(*) FROM correction c WHERE c.session_id = ticket.session_id) AS corrections,
    COALESCE((SELECT by_operator FROM session s WHERE s.session_id = ticket.session_id), 0) AS by_operator
FROM ticket;
