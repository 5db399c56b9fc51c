"""What today has brought: energy, money and charges of the tickets of this (local) day. Pure."""

from datetime import UTC, date, datetime

from evcharge.events import Event, TicketCorrected, TicketMade
from evcharge.wall_clock import here


class Today:
    """Starts from what the books say of `day`, then counts tickets. Energy in mWh, money in cents."""

    def __init__(self, day: date, energy_mwh: int = 0, cents: int = 0, sessions: int = 0) -> None:
        self.day = day
        self.energy_mwh = energy_mwh
        self.cents = cents
        self.sessions = sessions

    def on_event(self, event: Event, day: date) -> None:
        """Count a ticket of a charge that ended today, whenever it is told; another day starts from nothing."""
        self.turn(day)
        if isinstance(event, TicketMade) and _day_of(event.ended_at) == self.day:
            self.energy_mwh += event.energy_mwh
            self.cents += event.cost_cents
            self.sessions += 1
        if isinstance(event, TicketCorrected) and _day_of(event.ticket_ended_at) == self.day:
            self.energy_mwh += event.energy_mwh
            self.cents += event.cost_cents

    def turn(self, day: date) -> None:
        """Start from nothing when it is another day."""
        if day != self.day:
            self.day, self.energy_mwh, self.cents, self.sessions = day, 0, 0, 0


def _day_of(unix_s: float) -> date:
    return here(datetime.fromtimestamp(unix_s, UTC)).date()
