"""The journal of a charging point: what it metered, kept until Central has it."""
