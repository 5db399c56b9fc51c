-- The days by which charges and statuses are counted are those of the network's time zone.

-- By whose days `daily` and `status_daily` are kept: of UTC until now. Central counts the tickets anew when it is another.
CREATE TABLE day_zone (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL
) STRICT;

INSERT INTO day_zone (id, name) VALUES (1, 'UTC');

-- When a session ended, by which lists are filtered; for one that is still open, later than any that has.
ALTER TABLE session ADD COLUMN ends_at TEXT GENERATED ALWAYS AS (
    CASE WHEN state IN ('AUTHORISED', 'CHARGING') THEN '9' || authorised_at ELSE COALESCE(ended_at, authorised_at) END
) VIRTUAL;

CREATE INDEX session_by_end ON session (ends_at, session_id);

CREATE INDEX session_by_state_and_end ON session (state, ends_at, session_id);

CREATE INDEX session_by_cp_and_end ON session (cp_id, ends_at, session_id);

CREATE INDEX session_by_driver_and_end ON session (driver_id, ends_at, session_id);

CREATE INDEX session_by_later_owner_and_end ON session (driver_id, registration, ends_at, session_id)
WHERE registration > 0;
