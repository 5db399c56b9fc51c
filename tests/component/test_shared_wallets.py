"""Several Centrals at work on the same wallets in PostgreSQL: whoever decided on an older one decides anew."""

import asyncio
import contextlib
import functools
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from evcharge.central import dispatcher as dispatcher_module
from evcharge.central.books import setup
from evcharge.central.books.rows import STATEMENTS, DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.settings import Rules
from evcharge.domain.errors import Code, Refused
from evcharge.domain.events import PointMoved
from evcharge.domain.ids import CpId, DriverId
from evcharge.domain.location import NOWHERE
from evcharge.domain.partitions import partition_of
from evcharge.storage.hash_chain import beginning, chained
from evcharge.storage.members import Me
from evcharge.storage.postgres_books import PostgresBooks, prepare, ready
from evcharge.storage.postgres_connection import connect, reading
from evcharge.storage.postgres_lease import held
from evcharge.storage.postgres_place import Place
from evcharge.storage.store_errors import StoreDeposed, StoreStale
from tests.component import engines
from tests.unit.central.builders import ADMIN, JOURNAL, NOON, FakeEngine

ENGINES = (engines.POSTGRES,)
RULES = Rules(now=NOON)
DRIVERS = ("D01", "D02", "D03")
# Enough for the points of A, B and C to be in one each.
PARTITIONS = 8
_LEAD = """
INSERT INTO leader (name, since, cause, before, partition) VALUES ($1, clock_timestamp(), 'first', '', $2)
ON CONFLICT (partition) DO UPDATE SET name = excluded.name
"""


class Central:
    """A Central that decides for its own charging point, and for wallets as every other one."""

    def __init__(self, name: str, dispatcher: Dispatcher, store: CentralStore) -> None:
        self.cp_id = f"CP{name}"
        self.dispatcher = dispatcher
        self.store = store
        self.stale = 0
        self._engine = FakeEngine(self.cp_id)

    @property
    def facts(self) -> Facts:
        return self.dispatcher.facts

    async def does(self, kind: type[c.AnyCommand], **what: object) -> Any:
        async with asyncio.timeout(60):
            return await self.dispatcher.submit(kind(by=ADMIN, **what))

    async def has_a_point(self) -> None:
        where = {"cp_id": self.cp_id, "epoch": 0, "location": NOWHERE}
        await self.does(c.EngineArrives, link=1, journal_id=JOURNAL, last_seq=0, **where)
        await self.does(c.MonitorArrives, link=2, **where)
        await self.does(c.MonitorReports, cp_id=self.cp_id, link=2, epoch=0, fault=None)

    async def starts(self, driver_id: str, number: int) -> str:
        """Hold money of that driver for a charge here; return its session, "" when that is refused."""
        request = {"request_id": f"R-{self.cp_id}-{number:05}", "nonce": f"{self.cp_id}{number:012}"}
        answer = await self.does(c.StartCharging, driver_id=driver_id, cp_id=self.cp_id, **request)
        return answer.session_id if answer.step == "ASKING" else ""

    async def lets_go(self, session_id: str) -> None:
        """The engine never started it: the money comes back."""
        await self.does(
            c.TakeRecords,
            cp_id=self.cp_id,
            link=1,
            epoch=0,
            journal_id=JOURNAL,
            records=(self._engine.refused(session_id),),
        )


async def changed(place: Place, sql: str, *values: object) -> None:
    """Change what is stored, beside all Centrals."""
    connection = await connect(place)
    await connection.execute(sql, *values)
    await connection.close()


@contextlib.asynccontextmanager
async def at_work(place: Place, name: str) -> AsyncIterator[Central]:
    """Let a Central work that leads in the partition of its point, as each of the others in its own."""
    async with held(place, Me(name=name), functools.partial(ready, place, setup.SCHEMA)) as lease:
        await lease.join()
        await changed(place, _LEAD, name, partition_of(CpId(f"CP{name}"), PARTITIONS))
        readers = await reading(place)
        books = PostgresBooks(place, lease, readers, STATEMENTS, setup.SCHEMA)
        store = await CentralStore.open(books)
        # What others' points show is theirs to tell: a step of its own (ADR 0030).
        with mock.patch.object(store, "_load_statuses"):
            facts = await store.load(NOON)
        dispatcher = Dispatcher(facts, store, Feed(), RULES, lambda: NOON)
        central = Central(name, dispatcher, store)
        read_anew = store.read_anew

        async def counted(*args: Any) -> Sequence[Any]:
            central.stale += 1
            return await read_anew(*args)

        store.read_anew = counted
        working = asyncio.create_task(dispatcher.run())
        try:
            await central.has_a_point()
            yield central
        finally:
            working.cancel()
            await asyncio.wait([working])
            await books.end()
            await readers.close()


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    """Books that several may write at once, with three drivers who have 50.00 each."""
    place = Place(url=engines.address(tmp_path))
    await ready(place, setup.SCHEMA)
    await prepare(place, setup.SCHEMA, STATEMENTS)
    # Two chains may use a number at once: a step of its own (ADR 0030), as is that there are many partitions.
    await changed(place, "ALTER TABLE events DROP CONSTRAINT events_pkey, ADD PRIMARY KEY (n, chain)")
    await changed(place, "ALTER TABLE partitions DROP CONSTRAINT partitions_count_check")
    await changed(place, f"UPDATE partitions SET count = {PARTITIONS}")
    async with at_work(place, "First") as first:
        for link, driver_id in enumerate(DRIVERS, 10):
            await first.does(c.DriverArrives, driver_id=driver_id, link=link, epoch=0)
            await first.does(c.TopUp, driver_id=driver_id, cents=5_000)
    return place


@pytest.fixture
async def pair(place: Place) -> AsyncIterator[tuple[Central, Central]]:
    async with at_work(place, "A") as one, at_work(place, "B") as other:
        yield one, other


def wallet(central: Central, driver_id: str = "D01") -> tuple[int, int]:
    driver = central.facts.driver(DriverId(driver_id))
    assert driver is not None
    return driver.balance_cents, driver.held_cents


async def stored(place: Place, sql: str) -> list[tuple[Any, ...]]:
    connection = await connect(place)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_what_another_one_has_paid_in_is_not_lost(pair, place: Place):
    one, other = pair
    await one.does(c.TopUp, driver_id="D01", cents=100)
    assert wallet(other) == (5_000, 0)
    await other.does(c.TopUp, driver_id="D01", cents=20)
    assert (one.stale, other.stale) == (0, 1)
    assert wallet(other) == (5_120, 0)
    await one.does(c.TopUp, driver_id="D01", cents=3)
    assert await stored(place, "SELECT balance_cents FROM driver WHERE driver_id = 'D01'") == [(5_123,)]
    # Nothing of the attempts that were refused stays: neither money nor a row of the audit log.
    assert await stored(place, "SELECT SUM(cents)::int FROM ledger WHERE driver_id = 'D01'") == [(5_123,)]
    assert await stored(place, "SELECT COUNT(*) FROM events WHERE type = 'WalletToppedUp'") == [(6,)]


async def test_what_another_one_has_spent_is_refused(pair):
    one, other = pair
    await one.does(c.PayOut, driver_id="D01", cents=4_000, reason="moves", reference="x1")
    with pytest.raises(Refused):
        await other.does(c.PayOut, driver_id="D01", cents=4_000, reason="moves", reference="x2")
    assert wallet(other) == (1_000, 0)


async def test_a_driver_charges_at_one_of_them_only(pair):
    one, other = pair
    session_id = await one.starts("D01", 1)
    assert session_id
    assert await other.starts("D01", 1) == ""
    assert wallet(other) == wallet(one)
    assert other.facts.driver(DriverId("D01")).sessions == {session_id}


async def test_whoever_was_barred_elsewhere_starts_nowhere(pair):
    one, other = pair
    await one.does(c.BarDriver, driver_id="D01", barred=True)
    assert await other.starts("D01", 1) == ""
    assert other.facts.driver(DriverId("D01")).barred


async def test_of_a_point_in_the_partition_of_another_one_nothing_is_stored(pair, place: Place):
    one, other = pair
    point = replace(other.facts.point(CpId("CPB")), fault="what A says of it")
    entry = DecidedEntry(Decision((), (point,)), ADMIN, NOON)
    with pytest.raises(StoreDeposed):
        await one.store.commit([entry])
    assert await stored(place, "SELECT fault FROM cp WHERE cp_id = 'CPB'") == [(None,)]
    await other.store.commit([entry])
    assert await stored(place, "SELECT fault FROM cp WHERE cp_id = 'CPB'") == [("what A says of it",)]


async def test_the_audit_log_of_a_central_may_name_a_point_of_another_one(pair, place: Place):
    one, _ = pair
    await one.store.commit(
        [DecidedEntry(Decision((PointMoved(cp_id=CpId("CPB"), location="Elche"),)), ADMIN, NOON)]
    )
    moved = "SELECT chain, cp_id FROM events WHERE type = 'PointMoved'"
    assert await stored(place, moved) == [("A", "CPB")]


async def test_only_those_of_one_wallet_decide_anew(pair):
    one, other = pair
    await one.does(c.TopUp, driver_id="D01", cents=100)
    await other.does(c.TopUp, driver_id="D02", cents=100)
    assert (one.stale, other.stale) == (0, 0)


async def test_how_a_driver_is_connected_here_is_not_forgotten(pair):
    one, other = pair
    await other.does(c.DriverArrives, driver_id="D01", link=7, epoch=0)
    await one.does(c.TopUp, driver_id="D01", cents=100)
    await other.does(c.TopUp, driver_id="D01", cents=100)
    assert other.facts.driver(DriverId("D01")).link == 7


async def test_a_new_driver_is_made_by_one_of_them(pair):
    one, other = pair
    await one.does(c.DriverArrives, driver_id="D09", link=7, epoch=0)
    await one.does(c.TopUp, driver_id="D09", cents=100)
    await other.does(c.DriverArrives, driver_id="D09", link=8, epoch=0)
    assert wallet(other, "D09") == (100, 0)


async def test_who_is_overtaken_each_time_is_busy_for_a_while(pair, monkeypatch):
    one, _ = pair
    monkeypatch.setattr(dispatcher_module, "_RETRY_S", 0.01)
    with mock.patch.object(one.store, "commit", side_effect=StoreStale("always")):
        with pytest.raises(Refused, match="another Central has changed it meanwhile") as refused:
            await one.does(c.TopUp, driver_id="D01", cents=100)
        assert refused.value.code is Code.STORAGE
    assert one.stale == 20
    await one.does(c.TopUp, driver_id="D01", cents=100)
    assert wallet(one) == (5_100, 0)


async def test_the_bank_has_every_cent(place: Place):
    """Three Centrals move the same three drivers' money as fast as they can."""
    paid: Counter[str] = Counter()

    async def works(central: Central, seed: int) -> None:
        chance = random.Random(seed)
        for number in range(6):
            moves = []
            for which in range(3):
                driver_id, cents = chance.choice(DRIVERS), chance.randrange(1, 400)
                if chance.random() < 0.6:
                    moves.append(move(central, driver_id, cents))
                else:
                    reference = f"{central.cp_id}-{number}-{which}"
                    moves.append(move(central, driver_id, -cents, reference))
            moves.append(holds(central, chance.choice(DRIVERS), number))
            await asyncio.gather(*moves)

    async def move(central: Central, driver_id: str, cents: int, reference: str = "") -> None:
        with contextlib.suppress(Refused):
            if cents > 0:
                await central.does(c.TopUp, driver_id=driver_id, cents=cents)
            else:
                await central.does(
                    c.PayOut, driver_id=driver_id, cents=-cents, reason="moves", reference=reference
                )
            paid[driver_id] += cents

    async def holds(central: Central, driver_id: str, number: int) -> None:
        with contextlib.suppress(Refused):
            if session_id := await central.starts(driver_id, number):
                await central.lets_go(session_id)

    async with contextlib.AsyncExitStack() as stack:
        centrals = [await stack.enter_async_context(at_work(place, name)) for name in "ABC"]
        await asyncio.gather(*(works(central, seed) for seed, central in enumerate(centrals)))
        assert all(central.facts.point(CpId(central.cp_id)).session_id is None for central in centrals)
    wallets = await stored(
        place, "SELECT driver_id, balance_cents, held_cents FROM driver ORDER BY driver_id"
    )
    assert wallets == [(driver_id, 5_000 + paid[driver_id], 0) for driver_id in DRIVERS]
    moved = "CASE WHEN credit = 'wallet' THEN cents WHEN debit = 'wallet' THEN -cents ELSE 0 END"
    ledger = f"SELECT driver_id, SUM({moved})::int FROM ledger GROUP BY driver_id ORDER BY driver_id"
    assert await stored(place, ledger) == [(driver_id, balance) for driver_id, balance, _ in wallets]
    connection = await connect(place)
    ends: dict[str, str] = {}
    # Each chain by itself: a walk along all of them refuses a number that two use.
    for row in await connection.fetch("SELECT * FROM events ORDER BY n, chain"):
        chain = row["chain"]
        ends[chain] = chained(ends.get(chain, beginning(chain)), dict(row))
        assert row["hash"] == ends[chain]
    await connection.close()
    # They did meet.
    assert sum(central.stale for central in centrals) > 0
