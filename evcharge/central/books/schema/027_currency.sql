-- In which currency all cents of these books are (ISO 4217): the euro until now. It never changes once there is money.
CREATE TABLE currency (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    code TEXT NOT NULL
) STRICT;

INSERT INTO currency (id, code) VALUES (1, 'EUR');
