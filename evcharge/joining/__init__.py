"""How a new charging point or driver joins a network: one token, one command."""
