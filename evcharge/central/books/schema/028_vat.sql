-- The VAT that the price of a ticket contains, in thousandths: what was configured when the ticket was made. NULL: an
-- older evcharge made it and did not keep that; what is configured today may be another rate, so nobody knows it.
ALTER TABLE ticket ADD COLUMN vat_permille INTEGER CHECK (vat_permille BETWEEN 0 AND 1000);

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

-- Where a charging point stood when it charged: what papers say of the past.
CREATE INDEX events_of_place ON events (cp_id, n) WHERE type IN ('PointAdded', 'PointMoved');
