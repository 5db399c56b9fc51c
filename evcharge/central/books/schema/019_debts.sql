-- Sessions that the books had lost with a restored copy, and that an engine's journal brought back.
ALTER TABLE session ADD COLUMN rebuilt INTEGER NOT NULL DEFAULT 0 CHECK (rebuilt IN (0, 1));

-- What was granted to it before, and was in the wallet no more when it was held anew.
ALTER TABLE session ADD COLUMN short_cents INTEGER NOT NULL DEFAULT 0 CHECK (short_cents >= 0);

-- What is still to be paid of a session, by that registration of its driver. A debt that is paid stays, with nothing left.
CREATE TABLE debt (
    session_id TEXT PRIMARY KEY REFERENCES session (session_id),
    driver_id TEXT NOT NULL REFERENCES driver (driver_id),
    registration INTEGER NOT NULL CHECK (registration >= 0),
    left_cents INTEGER NOT NULL CHECK (left_cents >= 0)
) STRICT;

-- Corrections of before that the wallets could not pay.
INSERT INTO debt (session_id, driver_id, registration, left_cents)
SELECT s.session_id, s.driver_id, s.registration, SUM(c.cost_cents - c.paid_cents)
FROM correction c JOIN session s USING (session_id)
WHERE s.hold_cents > 0 GROUP BY s.session_id HAVING SUM(c.cost_cents - c.paid_cents) > 0;
