-- How far Kafka has the events, and how far Central has read Kafka's orders.

-- Of each cluster that events were ever sent to: the last one that it has. The row used last is the present one.
CREATE TABLE outbox (
    cluster TEXT PRIMARY KEY,
    n INTEGER NOT NULL CHECK (n >= 0),
    used_at TEXT NOT NULL
) STRICT;

-- The next order to be read, of each cluster and partition.
CREATE TABLE order_offset (
    cluster TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next INTEGER NOT NULL CHECK (next >= 0),
    PRIMARY KEY (cluster, partition)
) STRICT;

-- Orders that were taken from there: none is carried out twice.
CREATE TABLE order_taken (
    command_id TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT;
