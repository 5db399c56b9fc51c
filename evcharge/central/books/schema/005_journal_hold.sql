-- An engine came with another journal: no new charge there until an operator has closed that alert.

ALTER TABLE cp ADD COLUMN journal_hold INTEGER NOT NULL DEFAULT 0 CHECK (journal_hold IN (0, 1));
