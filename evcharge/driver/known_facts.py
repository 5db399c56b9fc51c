"""What a driver's app knows of its network beyond its own request: for the toolbar and completion. Pure."""

from dataclasses import dataclass, field

from evcharge.evc1.messages import (
    Balance,
    ConfirmOver,
    ConfirmStart,
    History,
    Message,
    Points,
    Progress,
    Supply,
    TicketIssued,
)

# Completion is for people: nobody leafs through more.
_MOST_POINTS = 1000


@dataclass(slots=True)
class KnownFacts:
    """The latest of everything; `supply` is None while nothing flows."""

    connected: bool = False
    balance: Balance | None = None
    supply: Supply | None = None
    # What a charging point asks now; it has no answer yet.
    question: ConfirmStart | None = None
    points: dict[str, None] = field(default_factory=dict)

    def hear(self, message: Message) -> None:
        """Learn from one message."""
        if isinstance(message, Progress):
            self.settled(message.request_id)
        match message:
            case Balance():
                self.balance = message
            case Supply():
                self.supply = message
            case Points():
                self._know(*(point.cp_id for point in message.points))
            case History():
                self._know(*(bill.cp_id for bill in message.tickets))
            case TicketIssued():
                self._know(message.cp_id)
                self.over(message.session_id)
            case ConfirmStart():
                self._know(message.cp_id)
                self.question = message
            case ConfirmOver(request_id=request_id):
                self.settled(request_id)
            case Progress(step="REFUSED"):
                # The charging point may not exist, and was refused for that: suggest nothing.
                self.over(message.session_id)
            case Progress(cp_id=str(cp_id)):
                self._know(cp_id)
            case _:
                pass

    def settled(self, request_id: str) -> None:
        """The question about that request needs no answer any more."""
        if self.question is not None and self.question.request_id == request_id:
            self.question = None

    def over(self, session_id: str | None) -> None:
        """Nothing flows in that session any more."""
        if self.supply is not None and self.supply.session_id == session_id:
            self.supply = None

    def _know(self, *cp_ids: str) -> None:
        for cp_id in cp_ids:
            if len(self.points) < _MOST_POINTS:
                self.points[cp_id] = None
