"""What the Registry's audit log tells: who logged in there or failed to, who was registered or withdrawn.

Central keeps it in its own log, which the front shows. The Registry counts repeats within a minute already; here what
one source does over and over under many names becomes one row a page.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated

import aiohttp
from msgspec import Meta, Struct

from evcharge.central.books.archive import Archive
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor, Note
from evcharge.central.rules.decision import Decision
from evcharge.domain import events
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import Count
from evcharge.domain.strict_json import read_json
from evcharge.runtime.clock import Clock

# Of what one address did alike within a minute so many rows stand by themselves.
MOST_ALIKE = 20
_NAME = "RegistryNoted"
_Short = Annotated[str, Meta(max_length=200)]
_ROLES = {"admin": Role.ADMIN, "cp": Role.MONITOR, "driver": Role.DRIVER, "enrolment": Role.SERVICE}


class AuditRow(Struct, frozen=True, kw_only=True):
    """One row of the Registry's audit log."""

    n: Count
    at: float
    who: _Short
    role: _Short
    address: _Short
    what: _Short
    target: _Short
    result: _Short
    times: Annotated[int, Meta(ge=1)] = 1


class _Page(Struct):
    rows: Annotated[list[AuditRow], Meta(max_length=1000)]
    # The greatest number that there is nothing more to tell of.
    upto: Count


async def last_noted(archive: Archive) -> int | None:
    """Return the number of the last row kept here, or None."""
    for row in await archive.events(limit=1, type_=_NAME):
        event = events.stored(row["n"], row["type"], row["data"])
        if isinstance(event, events.RegistryNoted):
            return event.n
    return None


class Pace:
    """Lets few rows of a source through a minute; the rest of a page become one. Pure: `now` is in seconds."""

    def __init__(self) -> None:
        self._minute = 0
        self._alike: dict[tuple[str, str, str], int] = {}

    def take(self, rows: Iterable[AuditRow], now: float) -> list[AuditRow]:
        """Return the rows to keep, in the order of their numbers."""
        if now // 60 != self._minute:
            self._minute = int(now // 60)
            self._alike.clear()
        kept: list[AuditRow] = []
        folded: dict[tuple[str, str, str], AuditRow] = {}
        for row in rows:
            key = (row.address, row.what, row.result)
            self._alike[key] = count = self._alike.get(key, 0) + 1
            if count <= MOST_ALIKE:
                kept.append(row)
                continue
            before = folded.get(key)
            times = row.times + (before.times if before is not None else 0)
            folded[key] = AuditRow(
                n=row.n, at=row.at, who="various", role="", address=row.address,
                what=row.what, target="various", result=row.result, times=times,
            )  # fmt: skip
        return sorted([*kept, *folded.values()], key=lambda row: row.n)


class RegistryAudit:
    """Follows the Registry's audit log from row `since` on; None: from what it has now."""

    def __init__(self, dispatcher: Dispatcher, since: int | None, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._since = since
        self._clock = clock
        self._pace = Pace()
        # The last row that was handed over. While the disk is full it waits, and with it the next page.
        self._last: asyncio.Future[Decision] | None = None

    async def ask(self, http: aiohttp.ClientSession, url: str) -> None:
        """Take in a page of what is new. Raises what the Registry's answer is not.

        It does not wait until that is stored: revocations go the same way.
        """
        if self._last is not None and not self._last.done():
            return
        params = {} if self._since is None else {"since": self._since}
        async with http.get(f"{url}/v1/audit", params=params) as response:
            if response.status == 404:
                # A Registry of before tells nothing of it.
                return
            response.raise_for_status()
            page = read_json(await response.read(), _Page)
        self._keep(page.rows)
        # Less than before: its books were put back from a backup.
        self._since = page.upto

    def _keep(self, rows: Sequence[AuditRow]) -> None:
        for row in self._pace.take(rows, self._clock().timestamp()):
            role = _ROLES.get(row.role, Role.UNKNOWN)
            event = events.RegistryNoted(
                n=row.n, at=row.at, what=row.what, target=row.target, result=row.result, times=row.times
            )
            self._last = self._dispatcher.post(
                Note(by=Actor(row.who[:40], role, row.address[:64]), event=event)
            )
