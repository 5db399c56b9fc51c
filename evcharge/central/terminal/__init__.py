"""Central's terminal: the panel, the wall on it, and what an operator types."""
