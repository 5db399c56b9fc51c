"""What was asked under which number, what was answered, and what was told: held against the books at the end."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from evcharge.evc1.messages import TicketIssued


class Answer(Enum):
    """What is known of a request."""

    NONE = "none"
    # Whoever refused it may have stored it.
    IN_DOUBT = "in doubt"
    REFUSED = "refused"
    GRANTED = "granted"
    TICKETED = "ticketed"


@dataclass(slots=True)
class Request:
    """A driver's wish to charge, repeated under its number until it has an answer."""

    request_id: str
    driver_id: str
    answer: Answer = Answer.NONE
    times: int = 0
    # Whether it was ever told so, whatever was answered later.
    was_granted: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self.answer in (Answer.REFUSED, Answer.TICKETED)


@dataclass(slots=True)
class Order:
    """Money that an operator moves under a reference, repeated until Central confirms it: `cents` for the driver."""

    reference: str
    path: str
    cents: int
    # What else the order says.
    more: dict[str, str] = field(default_factory=dict)
    is_confirmed: bool = False


@dataclass
class History:
    """Everything that clients were told."""

    requests: dict[str, Request] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    # (session, energy in mWh, cents) of each ticket that was shown.
    shown: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    # The one that was shown last: its session, and cents.
    last: tuple[str, int] = ("", 0)
    tickets: int = 0
    repeated: int = 0
    problems: list[str] = field(default_factory=list)

    def ticket(self, told: TicketIssued) -> None:
        """Note a ticket as a driver saw it."""
        seen = (told.session_id, told.energy_mwh, told.cost_cents)
        self.tickets += seen not in self.shown
        self.shown[seen] += 1
        self.last = (told.session_id, told.cost_cents)
        if (request := self.requests.get(told.request_id)) is not None:
            request.answer = Answer.TICKETED
