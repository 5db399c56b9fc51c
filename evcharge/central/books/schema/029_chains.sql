-- Each Central chains its own rows: its name, or nothing for books in a file and for all rows of before. `n` counts
-- through all chains.
ALTER TABLE events ADD COLUMN chain TEXT NOT NULL DEFAULT '';

-- Where a chain ends, for a Central that takes over; books in a file need no entry.
CREATE INDEX events_by_chain ON events (chain, n) WHERE chain <> '';
