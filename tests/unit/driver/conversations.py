"""A driver's conversation, and what Central says in it."""

import itertools
from datetime import datetime

from evcharge.driver.conversation import Conversation
from evcharge.evc1.messages import Movement, Progress, Supply, TicketIssued

ADDRESS = "127.0.0.1:9002"

SESSION = "S-D01-CP001-1"

# Of the bill below, by the clock of this computer.
STARTED = datetime.fromtimestamp(1.0).astimezone()


def conversation(*, seen: tuple[str, ...] = (), connected: bool = True) -> Conversation:
    numbers = itertools.count(1)
    talk = Conversation("D01", ADDRESS, 60, lambda: f"request-{next(numbers)}", seen)
    if connected:
        talk.connected()
    return talk


def progress(step: str, request_id: str = "request-1", **more: object) -> Progress:
    return Progress(
        **{"request_id": request_id, "step": step, "cp_id": "CP001", "session_id": SESSION, **more}
    )


def refused(code: str, text: str = "", request_id: str = "request-1") -> Progress:
    return Progress(request_id=request_id, step="REFUSED", code=code, text=text)


def supply(session_id: str = SESSION) -> Supply:
    return Supply(session_id=session_id, cp_id="CP001", power_w=7400, energy_mwh=1_100_000, cost_cents=28)


def moved(hour: int, **what: object) -> Movement:
    """A movement of the wallet at that hour, by the clock of this computer."""
    return Movement(at=datetime(2026, 1, 1, hour).astimezone().timestamp(), **what)


# The last of them is of a Central that is newer than this driver.
MOVED = [
    moved(13, kind="PAY_OUT", cents=-200, reason="moved away"),
    moved(12, kind="DEBT_PAID", cents=-50, session_id=SESSION),
    moved(11, kind="NEW KIND", cents=100),
]


def bill(request_id: str = "request-1", session_id: str = SESSION, **more: object) -> TicketIssued:
    facts = {
        "cp_id": "CP001",
        "energy_mwh": 1_100_000,
        "cost_cents": 28,
        "price": 2500,
        "reason": "unplugged",
        "started_at": 1.0,
        "ended_at": 2.0,
        "estimated": False,
    }
    return TicketIssued(request_id=request_id, session_id=session_id, **{**facts, **more})


def charging() -> Conversation:
    talk = conversation()
    talk.start("CP001", None)
    talk.hear(progress("CHARGING"))
    return talk
