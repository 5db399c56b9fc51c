-- What a row of the status history means for those after it, so that the last one of a charging point says it all.

-- The last status that was known, and since when, all absences of Central aside.
ALTER TABLE status_log ADD COLUMN held TEXT;

ALTER TABLE status_log ADD COLUMN held_since TEXT;

-- The fault that is not mended yet: since when, and whether it is among the faults of that day already.
ALTER TABLE status_log ADD COLUMN fault_since TEXT;

ALTER TABLE status_log ADD COLUMN fault_counted INTEGER NOT NULL DEFAULT 1 CHECK (fault_counted IN (0, 1));

UPDATE status_log SET held = status, held_since = at, fault_since = CASE status WHEN 'Faulted' THEN at END
WHERE n IN (SELECT MAX(n) FROM status_log GROUP BY cp_id);
