"""A dispatcher on real books: it can be watched, and let fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from evcharge.central import dispatcher as dispatcher_module
from evcharge.central.books.invariants import violations
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules import commands as c
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.location import NOWHERE
from evcharge.runtime.lifecycle import run_until
from evcharge.storage.store_errors import StoreFull
from tests.component import engines
from tests.component.books import Books, any_event, lasting, opened, raw
from tests.unit.central.builders import ADMIN, JOURNAL, NOON

RULES = Rules(now=NOON, welcome_credit_cents=2_000)


class Writer:
    """A dispatcher on real books, what it has told, and what was stored at that moment."""

    def __init__(
        self, books: Books, dispatcher: Dispatcher, feed: Feed, clock: "Clock | None" = None
    ) -> None:
        self.books = books
        self.feed = feed
        self.clock = clock or Clock()
        self.dispatcher = dispatcher
        self.told: list[events.Event] = []
        self.stored_when_told: list[int] = []
        feed.listen(self._hear)

    def _hear(self, event: events.Event) -> None:
        self.told.append(event)
        if engines.server:
            return  # a copy for each event would take too long
        with raw(self.books.path) as connection:
            self.stored_when_told.append(connection.execute("SELECT COUNT(*) FROM events").fetchone()[0])

    def rules_are(self, **chosen: Any) -> None:
        """Let the operators of this network have chosen these from now on."""
        self.dispatcher._rules = replace(self.dispatcher._rules, **chosen)

    async def does(self, kind: type[c.AnyCommand], **what: object) -> Any:
        async with asyncio.timeout(10):
            return await self.dispatcher.submit(kind(by=ADMIN, **what))

    def posts(self, kind: type[c.AnyCommand], **what: object) -> asyncio.Future:
        return self.dispatcher.post(kind(by=ADMIN, **what))

    async def is_ready(self) -> None:
        """One point that is available, one driver."""
        await self.does(
            c.EngineArrives, cp_id="CP001", link=1, epoch=0, location=NOWHERE, journal_id=JOURNAL, last_seq=0
        )
        await self.does(c.MonitorArrives, cp_id="CP001", link=2, epoch=0, location=NOWHERE)
        await self.does(c.MonitorReports, cp_id="CP001", link=2, epoch=0, fault=None)
        await self.does(c.DriverArrives, driver_id="D01", link=3, epoch=0)

    async def settles(self) -> None:
        """Wait until nothing is in line."""
        await self.does(c.Note, event=any_event())

    def fails(self, problem: Exception, *, times: int = 1) -> contextlib.AbstractContextManager:
        """Let the next `times` commits fail."""
        commit, left = self.books.store.commit, [problem] * times

        async def failing(batch) -> None:
            await commit(batch) if not left else await self.fail(left.pop())

        return mock.patch.object(self.books.store, "commit", failing)

    @contextlib.contextmanager
    def forgotten(self) -> Iterator[None]:
        """Let memory know no request that is over, as after 50 000 others, during the block."""
        requests = self.dispatcher.facts._requests
        before = dict(requests)
        requests.clear()
        yield
        requests.update(before | requests)

    async def fail(self, problem: Exception) -> None:
        await asyncio.sleep(0)
        raise problem


@dataclass
class Clock:
    """Central's wall clock, which anybody may set."""

    now: datetime = NOON


FULL = StoreFull("database or disk is full")


@contextlib.asynccontextmanager
async def writing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Writer]:
    """Run a dispatcher on the books of `folder`; hold at its end that all it knows is stored, and fits."""
    monkeypatch.setattr(dispatcher_module, "_RETRY_S", 0.01)
    stop = asyncio.Event()
    async with opened(folder) as books:
        feed = Feed()
        clock = Clock()
        dispatcher = Dispatcher(await books.store.load(NOON), books.store, feed, RULES, lambda: clock.now)
        task = asyncio.get_running_loop().create_task(run_until(stop, dispatcher.run()))
        writer = Writer(books, dispatcher, feed, clock)
        yield writer
        stop.set()
        await task
        await dispatcher.drain()
        assert lasting(await books.store.load(NOON)) == lasting(dispatcher.facts)
    with raw(folder / "central.db") as connection:
        assert violations(connection) == []
