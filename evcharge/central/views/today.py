"""What today has brought: energy, money and charges of the tickets of this day of the network. Pure.

A charge counts on the day on which it ended: what still runs is not in it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from evcharge.domain.days import Days
from evcharge.domain.events import Event, TicketCorrected, TicketMade

# A clock that was set may be set back: so many days keep their sums.
_MOST_DAYS = 3


@dataclass(slots=True)
class _Sums:
    energy_mwh: int = 0
    cents: int = 0
    sessions: int = 0


class Today:
    """Starts from what the books say of the day of `now`, then counts tickets. Energy in mWh, money in cents."""

    def __init__(
        self, days: Days, now: datetime, energy_mwh: int = 0, cents: int = 0, sessions: int = 0
    ) -> None:
        self.days = days
        self.day = days.of(now)
        self._sums = {self.day: _Sums(energy_mwh, cents, sessions)}

    @property
    def energy_mwh(self) -> int:
        """What the tickets of today come to."""
        return self._sums[self.day].energy_mwh

    @property
    def cents(self) -> int:
        """What they cost."""
        return self._sums[self.day].cents

    @property
    def sessions(self) -> int:
        """How many they are."""
        return self._sums[self.day].sessions

    def on_event(self, event: Event, at: datetime) -> None:
        """Count a ticket of a charge that ended today, whenever it is told; another day starts from nothing."""
        self.turn(at)
        if isinstance(event, TicketMade) and (sums := self._of(event.ended_at)) is not None:
            sums.energy_mwh += event.energy_mwh
            sums.cents += event.cost_cents
            sums.sessions += 1
        if isinstance(event, TicketCorrected) and (sums := self._of(event.ticket_ended_at)) is not None:
            sums.energy_mwh += event.energy_mwh
            sums.cents += event.cost_cents

    def turn(self, now: datetime) -> None:
        """Go on with the day of `now`; one that was not there before starts from nothing."""
        self.day = self.days.of(now)
        if self.day not in self._sums:
            self._sums[self.day] = _Sums()
            if len(self._sums) > _MOST_DAYS:
                del self._sums[next(iter(self._sums))]

    def _of(self, unix_s: float) -> _Sums | None:
        return self._sums.get(self.days.of(datetime.fromtimestamp(unix_s, UTC)))
