"""What today has brought: energy, money and charges of the tickets of this day of the network. Pure.

A charge counts on the day on which it ended: what still runs is not in it.
"""

from datetime import UTC, datetime

from evcharge.domain.days import Days
from evcharge.domain.events import Event, TicketCorrected, TicketMade


class Today:
    """Starts from what the books say of the day of `now`, then counts tickets. Energy in mWh, money in cents."""

    def __init__(
        self, days: Days, now: datetime, energy_mwh: int = 0, cents: int = 0, sessions: int = 0
    ) -> None:
        self.days = days
        self.day = days.of(now)
        self.energy_mwh = energy_mwh
        self.cents = cents
        self.sessions = sessions

    def on_event(self, event: Event, at: datetime) -> None:
        """Count a ticket of a charge that ended today, whenever it is told; another day starts from nothing."""
        self.turn(at)
        if isinstance(event, TicketMade) and self._is_today(event.ended_at):
            self.energy_mwh += event.energy_mwh
            self.cents += event.cost_cents
            self.sessions += 1
        if isinstance(event, TicketCorrected) and self._is_today(event.ticket_ended_at):
            self.energy_mwh += event.energy_mwh
            self.cents += event.cost_cents

    def turn(self, now: datetime) -> None:
        """Start from nothing when `now` is on another day."""
        day = self.days.of(now)
        if day != self.day:
            self.day, self.energy_mwh, self.cents, self.sessions = day, 0, 0, 0

    def _is_today(self, unix_s: float) -> bool:
        return self.days.of(datetime.fromtimestamp(unix_s, UTC)) == self.day
