-- How often an id was registered anew after it had been withdrawn: whoever has it now is not who had it before.
-- Those who are registered already keep 0, and with it what is theirs at Central.
ALTER TABLE registrations ADD COLUMN number INTEGER NOT NULL DEFAULT 0 CHECK (number >= 0);

-- Whose tickets are void. NULL: written before there were numbers.
ALTER TABLE revocations ADD COLUMN number INTEGER CHECK (number >= 0);
