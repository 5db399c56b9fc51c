-- A login of a driver who has an account here ends with the credential that its id had then. 0: of before, ends with the first.
ALTER TABLE web_session ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0);
