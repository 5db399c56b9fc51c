-- Where the last charge left the register of a charging point; NULL: nobody knows. The next one must begin there.
ALTER TABLE cp ADD COLUMN register_mwh INTEGER CHECK (register_mwh >= 0);
