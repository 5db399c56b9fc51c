-- Each ticket has a number of its own, counted without gaps in the order in which tickets were made: what stands on receipts.
CREATE TABLE receipt (
    number INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE REFERENCES ticket (session_id)
) STRICT;

INSERT INTO receipt (session_id) SELECT session_id FROM ticket ORDER BY received_at, session_id;

CREATE TRIGGER ticket_has_a_receipt AFTER INSERT ON ticket BEGIN INSERT INTO receipt (session_id) VALUES (NEW.session_id); END;

CREATE TRIGGER receipt_is_final BEFORE UPDATE ON receipt BEGIN SELECT RAISE(ABORT, 'receipts keep their numbers'); END;

CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'receipts keep their numbers'); END;
