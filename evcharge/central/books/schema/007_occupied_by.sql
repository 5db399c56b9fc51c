-- Whose vehicle was still plugged in when its charge ended; NULL when nobody's, or nobody knows.
ALTER TABLE cp ADD COLUMN occupied_by TEXT;
