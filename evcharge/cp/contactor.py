"""The switch between the grid and the car."""


class Contactor:
    """Power flows while it is closed. Tests and simulations watch this one, not the journal."""

    def __init__(self) -> None:
        self.closed = False
        self.delivered_mwh = 0

    def close(self) -> None:
        """Let power flow."""
        self.closed = True

    def open(self) -> None:
        """Stop it at once. Opening twice is fine."""
        self.closed = False

    def deliver(self, energy_mwh: int) -> None:
        """Count energy that has gone through."""
        self.delivered_mwh += energy_mwh
