-- What the engine of a charging point said last of where it stands, and whether an operator put it where it stands.
ALTER TABLE cp ADD COLUMN said_location TEXT NOT NULL DEFAULT '' CHECK (length(said_location) <= 200);

ALTER TABLE cp ADD COLUMN located_by_operator INTEGER NOT NULL DEFAULT 0 CHECK (located_by_operator IN (0, 1));

-- Until now the Registry or an operator said it.
UPDATE cp SET located_by_operator = 1 WHERE registered_location NOT IN ('', location);
