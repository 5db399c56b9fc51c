-- Who issues receipts, and the VAT that prices contain: a row for each start of Central with other settings than before.
-- Tickets name their row instead of repeating it: it has a dozen rows in a network's life, and is read as a whole.
CREATE TABLE issuer (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    since TEXT NOT NULL,
    operator TEXT NOT NULL,
    tax_id TEXT NOT NULL,
    address TEXT NOT NULL,
    country_code TEXT NOT NULL,
    party_id TEXT NOT NULL,
    vat_permille INTEGER NOT NULL CHECK (vat_permille BETWEEN 0 AND 1000)
) STRICT;

CREATE TRIGGER issuer_is_final BEFORE UPDATE ON issuer BEGIN SELECT RAISE(ABORT, 'who issued receipts does not change'); END;

CREATE TRIGGER issuer_stays BEFORE DELETE ON issuer BEGIN SELECT RAISE(ABORT, 'who issued receipts does not change'); END;

-- Its number; NULL: an older evcharge made the ticket. No reference: in new books this table is made after the tickets'.
ALTER TABLE ticket ADD COLUMN issuer INTEGER;

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
