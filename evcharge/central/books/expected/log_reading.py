"""Where the reading of a log is, and what it has found about the log itself. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from evcharge.central.books.expected.proven_tables import UNKNOWN, Put, Row
from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.events import Event
from evcharge.domain.timestamps import text_of

# The log does not tell it for a peer that was never linked.
NO_EPOCH: Final = {"epoch": UNKNOWN, "least_epoch": 0}

# What takes in an event, by its type.
Folds = dict[type[Event], Callable[[Any], None]]


@dataclass(slots=True)
class LogReading:
    """The row that is being read: its number, instant and actor; `put` gets each row that it proves to be final."""

    put: Put
    n: int = 0
    at: str = ""
    actor: str = ""
    # What the log says twice, and differently.
    problems: list[AuditFinding] = field(default_factory=list)
    # The event from which on the log proves accounts, tokens and references, and of what kind it was before.
    unsealed: dict[str, int] = field(default_factory=dict)


def note_epoch(row: Row, epoch: int | None) -> None:
    """Note the epoch of a peer's credential; None: an older Central did not keep it."""
    row["epoch"] = UNKNOWN if epoch is None else epoch
    row["least_epoch"] = max(row["least_epoch"], epoch or 0)


def instant_of(unix_s: float) -> str:
    """Return the instant as columns hold it."""
    return text_of(datetime.fromtimestamp(unix_s, UTC))
