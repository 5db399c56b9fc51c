"""Secrets, certificates, passwords and TLS."""
