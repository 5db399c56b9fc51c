"""The Centrals on one database: who they are, and which of them is at work. Without any engine's library. Pure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

# Of all that the Centrals of one network share, what tells two networks apart: the files of a state folder.
KEY_FILES = {
    "ca": "ca.pem",
    "service": "service.key",
    "resume": "central/resume.key",
    "pin": "central/pin.key",
}
# The same of the Registries on one database.
REGISTRY_KEY_FILES = {"ca": "ca.pem", "service": "service.key", "enrolment": "enrolment.token"}


# So far the clock of a Central's computer may be from the database's: leases do not depend on it, and the times in the
# books do.
CLOCK_OFF_S = 5.0


class Cause(StrEnum):
    """Why one began to lead."""

    FIRST = "first"  # nobody had led before
    AGAIN = "again"  # it had led itself, and was started again
    HANDED_OVER = "handed over"
    KILLED = "killed"
    SILENT = "silent"  # frozen, or cut off from the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """One Central as it tells the others: `address` is its API's, `keys` a digest of those that all must share.

    `network` has a digest of each of KEY_FILES ("ca:1a2b service:3c4d,5e6f"), which the books remember; `new_keys` says
    that other ones are replaced. `several`: peers know another Central, too. `passing` is a command, which writes once
    and is no Central; `moving_to` is where it moves the books.
    """

    name: str = "central"
    address: str = ""
    version: str = ""
    keys: str = ""
    network: str = ""
    new_keys: bool = False
    several: bool = False
    passing: bool = False
    moving_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralMember:
    """One Central as the database knows it; `since` is when it was started."""

    name: str
    address: str
    version: str
    since: datetime
    alive: bool
    leads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The last take-over: who leads since when, why, and who led before ("": nobody)."""

    name: str
    since: datetime
    cause: Cause
    before: str


def other_files(network: str, books: str, files: Mapping[str, str] = KEY_FILES) -> list[str]:
    """Return which of `files` are not those that the `books` know; what only one side has is not compared."""
    here, there = _digests(network), _digests(books)
    return [
        path
        for name, path in files.items()
        if name in here and name in there and not here[name] & there[name]
    ]


def _digests(network: str) -> dict[str, set[str]]:
    named = (part.partition(":") for part in network.split())
    return {name: set(digests.split(",")) for name, _, digests in named}


class Membership(Protocol):
    """The place of one Central among them, while it stands by and while it leads."""

    me: Me
    # Who else lives; known while this one leads.
    others: Sequence[str]
    # Who was seen here of late and does not live; None: not looked at since this one leads.
    away: Sequence[str] | None
    # How many seconds this computer's clock is ahead of the database's; 0 up to CLOCK_OFF_S. As of the last minute;
    # None: not looked at since this one leads.
    clock_off_s: int | None

    @property
    def leader(self) -> Me | None:
        """Who led when last looked; None: nobody."""
        ...

    async def waits(self) -> None:
        """Return as soon as this one leads. Raises Taken when another one has its name, StateError for other keys."""
        ...

    async def watch(self) -> None:
        """Return never; raise Deposed when another one leads, or may."""
        ...

    async def members(self) -> tuple[Lead, Sequence[CentralMember]]:
        """Return the last take-over, and every Central that was seen of late. Raises StoreError."""
        ...


# What a Central does while another one leads; it returns when this one does.
Waiting = Callable[[Membership], Awaitable[None]]
