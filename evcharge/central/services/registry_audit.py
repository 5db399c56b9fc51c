"""What the Registry's audit log tells: who logged in there or failed to, who was registered or withdrawn.

Central keeps it in its own log, which the front shows. The Registry counts repeats within a minute already; here what
one source does over and over under many names becomes one row a page.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple

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
# So many rows of our own log are read at once, to find what we have in common with a Registry that was put back.
_LOOK_BACK = 200
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


class AuditPlace(NamedTuple):
    """A row of the Registry's audit log: after an older copy was put back, another time has that number.

    `at` is None where a Registry of before does not say it.
    """

    n: int
    at: float | None


class _Page(Struct):
    rows: Annotated[list[AuditRow], Meta(max_length=1000)]
    # The greatest number that there is nothing more to tell of, and when that row was written.
    upto: Count
    at: float | None = None
    # Whether the row to go on from is still there.
    same: bool = True


async def last_noted(archive: Archive) -> AuditPlace | None:
    """Return the last row kept here, or None."""
    found, _ = await _noted(archive, 1, None)
    return found[0] if found else None


async def _noted(archive: Archive, limit: int, before: int | None) -> tuple[list[AuditPlace], int | None]:
    """Return the last rows kept here (before row `before` of our own log), oldest first, and where they begin there."""
    rows = await archive.events(limit=limit, before=before, type_=_NAME)
    found = [events.stored(row["n"], row["type"], row["data"]) for row in rows]
    places = [AuditPlace(event.n, event.at) for event in found if isinstance(event, events.RegistryNoted)]
    return places, rows[0]["n"] if rows else None


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

    def __init__(
        self, dispatcher: Dispatcher, archive: Archive, since: AuditPlace | None, clock: Clock
    ) -> None:
        self._dispatcher = dispatcher
        self._archive = archive
        self._since = since
        # What is read once more, since the Registry was put back: until it has told row `_known_upto`.
        self._known: set[AuditPlace] = set()
        self._known_upto = 0
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
        page = await self._page(http, url, self._since)
        if page is not None and not page.same:
            self._since = await self._in_common(http, url)
            page = await self._page(http, url, self._since)
        if page is None:
            return
        self._keep([row for row in page.rows if (row.n, row.at) not in self._known])
        self._since = AuditPlace(page.upto, page.at)
        if page.upto >= self._known_upto:
            self._known.clear()

    async def _page(self, http: aiohttp.ClientSession, url: str, since: AuditPlace | None) -> _Page | None:
        """Return what follows a row; None: a Registry of before tells nothing of its log."""
        params = {} if since is None else {"since": str(since.n)}
        if since is not None and since.at is not None:
            params["at"] = repr(since.at)
        async with http.get(f"{url}/v1/audit", params=params) as response:
            if response.status == 404:
                return None
            response.raise_for_status()
            return read_json(await response.read(), _Page)

    async def _in_common(self, http: aiohttp.ClientSession, url: str) -> AuditPlace | None:
        """Return a row kept here that the Registry has, too: whatever follows it is new, or in `_known`. None: none."""
        self._known, self._known_upto, before = set(), 0, None
        while True:
            places, before = await _noted(self._archive, _LOOK_BACK, before)
            if before is None:
                return None
            self._known.update(places)
            if places and (page := await self._page(http, url, places[0])) is not None and page.same:
                self._known_upto = max(place.n for place in self._known)
                return places[0]

    def _keep(self, rows: Sequence[AuditRow]) -> None:
        for row in self._pace.take(rows, self._clock().timestamp()):
            role = _ROLES.get(row.role, Role.UNKNOWN)
            event = events.RegistryNoted(
                n=row.n, at=row.at, what=row.what, target=row.target, result=row.result, times=row.times
            )
            self._last = self._dispatcher.post(
                Note(by=Actor(row.who[:40], role, row.address[:64]), event=event)
            )
