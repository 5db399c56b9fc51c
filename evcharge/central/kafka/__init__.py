"""Central's side of Kafka: the outbox, the orders, the live figures."""
