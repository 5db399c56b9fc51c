"""The rows that the tables of central.db must hold, by the audit log alone. Pure.

Not told by any event: what charging points showed (status_log, status_daily), measured weather, how far a running
charge has come, and how far Kafka has been sent and read (outbox, order_offset).
"""
