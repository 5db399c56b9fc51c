"""Kafka: topics, the client, and why brokers do not let us in."""
