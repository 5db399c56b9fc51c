"""What screens and pages show, derived from facts and events. Pure."""
