-- A driver may allow starts at the menu of charging points with a PIN. NULL: it has none.

ALTER TABLE driver ADD COLUMN pin_hash TEXT;

-- What one such charge may cost.
ALTER TABLE driver ADD COLUMN pin_limit_cents INTEGER NOT NULL DEFAULT 0 CHECK (pin_limit_cents >= 0);

-- How often in a row it was typed wrongly.
ALTER TABLE driver ADD COLUMN pin_misses INTEGER NOT NULL DEFAULT 0 CHECK (pin_misses >= 0);
