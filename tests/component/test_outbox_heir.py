"""Two Centrals on one PostgreSQL, and Kafka: what the one that led had not sent, its heir sends, in order."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from evcharge.central.app import build, serve
from evcharge.central.books.store import CentralStore
from evcharge.central.kafka import outbox as box
from evcharge.central.kafka.outbox import OutboxBooks
from evcharge.domain.errors import Deposed
from evcharge.kafka.topics import Outgoing
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config, KafkaSettings
from evcharge.security import state_folder
from evcharge.storage.postgres_books import PostgresBooks
from evcharge.storage.store_errors import StoreAway
from tests.component import engines
from tests.component.books import Books
from tests.component.test_members import Heir, freeze, opened
from tests.component.test_outbox import FakeKafka, Room
from tests.ports import free_port

ENGINES = (engines.POSTGRES,)
WITHIN_S = 100.0


class Line(FakeKafka):
    """One Central's line to brokers that several share; what it sends may lie there for a while."""

    def __init__(self, brokers: FakeKafka) -> None:
        super().__init__()
        self.got, self.news = brokers.got, brokers.news
        self.flows, self.is_idle, self.sends = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.flows.set()

    async def send(self, records: Iterable[Outgoing]) -> None:
        self.is_idle.clear()
        self.sends.set()
        await self.flows.wait()
        await super().send(records)

    async def probe(self) -> None:
        if self.sends.is_set():
            # It is asked for each batch as well.
            self.sends.clear()
        else:
            self.is_idle.set()


async def room_of(books: PostgresBooks, folder: Path, line: Line) -> Room:
    """The outbox of the Central that leads."""
    return Room(Books(folder, books, await CentralStore.open(books)), line)


async def test_an_heir_repeats_what_was_not_noted_and_one_that_wakes_sends_nothing_of_the_heirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    brokers = FakeKafka()
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir, asyncio.timeout(WITHIN_S):
        frozen = Line(brokers)
        before = await room_of(first, tmp_path, frozen)
        async with before.running():
            await before.happens(3)
            await brokers.has(3)
            while await before.outbox._books.cursor("c1") < 3:
                await asyncio.sleep(0.01)
            # From now on nothing is noted.
            monkeypatch.setattr(box, "KEEP_EVERY_S", 60.0)
            await before.happens(2)
            await brokers.has(5)
            frozen.flows.clear()
            await before.happens(2)
            await frozen.sends.wait()
            freeze(first)

            after = await room_of(await heir.took_over(), tmp_path, Line(brokers))
            async with after.running():
                await brokers.has(7)
                await after.happens(3)
                await brokers.has(10)
                # The one before wakes; its last batch is on its way.
                monkeypatch.setattr(box, "KEEP_EVERY_S", 0.01)
                frozen.flows.set()
                await frozen.is_idle.wait()
                assert brokers.numbers == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 10, 6, 7]
                # What it cannot note any more tells it that it leads no more.
                with pytest.raises(Deposed):
                    await first.membership.watch()
        assert await after.outbox._books.cursor("c1") == 10


async def test_one_that_hands_over_leaves_nothing_to_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(box, "KEEP_EVERY_S", 60.0)
    brokers = FakeKafka()
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir, asyncio.timeout(WITHIN_S):
        before = await room_of(first, tmp_path, Line(brokers))
        async with before.running():
            await before.happens(3)
            await brokers.has(3)
            await before.happens(2)
        await first._lease.leave()
        after = await room_of(await heir.took_over(), tmp_path, Line(brokers))
        async with after.running():
            await after.happens()
            await brokers.has(6)
    assert brokers.numbers == [1, 2, 3, 4, 5, 6]


async def test_one_that_leads_no_more_keeps_no_line_to_the_brokers(tmp_path: Path):
    """It stands by in the same process: what it had half sent would follow later, and each take-over leave one more."""
    state_folder.init_state(tmp_path, [], utc_now())
    settings = CentralSettings(port=free_port(), api=False, database=engines.address(tmp_path))
    config = Config(state=tmp_path, central=settings, kafka=KafkaSettings(bootstrap="127.0.0.1:1"))
    kafka = FakeKafka()

    async def deposed() -> None:
        await kafka.has(1)
        raise Deposed("another Central leads")

    async with asyncio.timeout(WITHIN_S):
        with pytest.RaisesGroup(pytest.RaisesExc(Deposed), flatten_subgroups=True):
            async with build(config, utc_now) as central:
                central.outbox._connect = kafka.connect
                central.outbox._readers = ()
                await serve(central, asyncio.Event(), [deposed])
    assert (kafka.connected, kafka.closed) == (1, 1)


async def test_books_that_are_away_as_it_begins_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A database that crashes just after a take-over must not end the heir."""
    real, failed = OutboxBooks.latest, False

    async def latest(self: OutboxBooks) -> int:
        nonlocal failed
        if not failed:
            failed = True
            raise StoreAway("away")
        return await real(self)

    monkeypatch.setattr(OutboxBooks, "latest", latest)
    brokers = FakeKafka()
    async with opened(tmp_path, "A") as first:
        room = await room_of(first, tmp_path, Line(brokers))
        async with room.running():
            await room.happens()
            await brokers.has(1)
    assert failed
