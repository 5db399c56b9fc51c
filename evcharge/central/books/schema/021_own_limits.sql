-- After so much its driver wants a charge to end; limit_mwh is what came of that and of the money.
ALTER TABLE session ADD COLUMN until_mwh INTEGER CHECK (until_mwh > 0);

ALTER TABLE session ADD COLUMN until_cents INTEGER CHECK (until_cents > 0);
