"""What a conversation is made of: a request under way, its outcome, and the reaction to a message. Pure."""

from dataclasses import dataclass

from msgspec import UNSET

from evcharge.evc1.messages import Message, RequestStart

# Where a request stands before Central has said anything; afterwards it is one of messages.STEPS.
UNSENT, SENT = "UNSENT", "SENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request of ours ended: with a ticket, or refused (then `result` is the reason given)."""

    request_id: str
    cp_id: str | None
    charged: bool
    result: str
    energy_mwh: int = 0
    cost_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What is to be done now: show the lines, then store `seen` and `outcome`, then send the messages.

    A TICKET_SEEN among the messages makes Central forget the ticket: it must come last.
    """

    lines: tuple[str, ...] = ()
    seen: str | None = None
    outcome: Outcome | None = None
    messages: tuple[Message, ...] = ()
    # Ask `repeat()` after this many seconds.
    repeat_after_s: float | None = None
    # The list of faults is told (source, what is wrong with it; None when it is over).
    notes: tuple[tuple[str, str | None], ...] = ()


@dataclass(slots=True, kw_only=True)
class Request:
    """A request under way. It is not `mine` when it began at the charging point or in an earlier run."""

    request_id: str
    cp_id: str | None = None
    location: str | None = None
    until_mwh: int | None = None
    until_cents: int | None = None
    # What it was shown that a kWh costs there.
    shown_price: int | None = None
    mine: bool = True
    step: str = UNSENT
    session_id: str | None = None
    # The charging point that took it.
    place: str | None = None

    def message(self) -> RequestStart:
        """Return the message that asks for it; the same one, however often it is repeated."""
        return RequestStart(
            request_id=self.request_id,
            cp_id=self.cp_id,
            location=self.location,
            until_mwh=UNSET if self.until_mwh is None else self.until_mwh,
            until_cents=UNSET if self.until_cents is None else self.until_cents,
            shown_price=UNSET if self.shown_price is None else self.shown_price,
        )

    @property
    def is_limited(self) -> bool:
        """Whether its driver said after how much it is to end."""
        return self.until_mwh is not None or self.until_cents is not None
