-- Counts the changes of all the money under a driver's id: its wallet, those of earlier registrations, its debts. Whoever
-- changes it says which one it read.
ALTER TABLE driver ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
