"""The monitor of a charging point: watches the engine, speaks for its health."""
