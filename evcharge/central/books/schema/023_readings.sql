-- The course of each charge: some of its readings, evenly spread over its time (rules/charge_curve); power is what lies between.
CREATE TABLE reading (
    session_id TEXT NOT NULL REFERENCES session (session_id),
    elapsed_s INTEGER NOT NULL CHECK (elapsed_s >= 0),
    energy_mwh INTEGER NOT NULL CHECK (energy_mwh >= 0),
    -- Simulated seconds in a thousand real ones: what power it was, by the clock of its vehicle.
    speed_permille INTEGER NOT NULL CHECK (speed_permille > 0),
    PRIMARY KEY (session_id, elapsed_s)
) STRICT, WITHOUT ROWID;
