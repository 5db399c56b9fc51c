-- How full the battery of its car was, in thousandths, where the charging point knew.
ALTER TABLE reading ADD COLUMN battery_permille INTEGER CHECK (battery_permille BETWEEN 0 AND 1000);
