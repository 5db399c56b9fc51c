"""The Registry: who may take part, over HTTPS."""
