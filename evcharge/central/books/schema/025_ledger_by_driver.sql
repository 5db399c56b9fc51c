-- A driver's month is read from its wallet: found, and not looked for along the whole ledger.
CREATE INDEX ledger_by_driver ON ledger (driver_id, at);
