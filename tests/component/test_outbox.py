"""The outbox over real books, with a stand-in for the brokers that can be lost at any moment."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

import pytest

from evcharge.central.books.rows import DecidedEntry
from evcharge.central.feed import Feed
from evcharge.central.kafka import outbox as box
from evcharge.central.kafka.outbox import Outbox, OutboxBooks, Reader
from evcharge.central.rules.alert_kinds import KAFKA, AlertKind
from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.central.rules.decision import Decision
from evcharge.central.views import board
from evcharge.central.views.alerts import Alerts, alert_text, restored_text
from evcharge.domain.events import Event, KafkaLost, KafkaReached, MonitorSpoke
from evcharge.kafka.client import BrokerLost
from evcharge.kafka.topics import Outgoing
from evcharge.runtime.waiting import Backoff
from evcharge.storage.store_errors import StoreError, StoreFull
from tests.component.books import Books, any_event, opened
from tests.unit.central.builders import NOON

WITHIN_S = 5.0


class FakeKafka:
    """Takes records, loses them, or says nothing."""

    def __init__(self) -> None:
        self.cluster = "c1"
        self.got: list[tuple[str, str, int]] = []
        self.down = self.hangs = False
        self.loses_after: int | None = None
        self.connected = 0
        self.closed = 0
        self.largest = 0
        self.news = asyncio.Event()

    async def connect(self) -> tuple[str, "FakeKafka"]:
        await self.probe()
        self.connected += 1
        return self.cluster, self

    async def probe(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise BrokerLost("nobody there")

    async def send(self, records: Iterable[Outgoing]) -> None:
        await self.probe()
        batch = list(records)
        self.largest = max(self.largest, len(batch))
        for topic, key, value in batch:
            if self.loses_after is not None and self.loses_after <= len(self.got):
                self.loses_after = None
                raise BrokerLost("it died in the middle")
            self.got.append((topic, key, int(json.loads(value)["event_id"].split("-")[0])))
        self.news.set()

    async def close(self) -> None:
        self.closed += 1

    async def has(self, n: int) -> None:
        """Wait until event `n` has come."""
        async with asyncio.timeout(WITHIN_S):
            while all(number != n for _, _, number in self.got):
                self.news.clear()
                await self.news.wait()

    @property
    def numbers(self) -> list[int]:
        return [number for _, _, number in self.got]


class Room:
    """Books, a feed, alerts and the outbox between them."""

    def __init__(
        self, books: Books, kafka: FakeKafka, alerts: Alerts | None = None, readers: Sequence[Reader] = ()
    ) -> None:
        self.books = books
        self.kafka = kafka
        self.feed = Feed()
        self.alerts = alerts or Alerts()
        self.notes: list[Event] = []
        self.noted = asyncio.Event()
        self.outbox = Outbox(
            "kafka:9092",
            kafka.connect,
            OutboxBooks(books.database, lambda: NOON),
            books.store,
            self.feed,
            self.alerts,
            self.post,
            readers=readers,
        )
        self.outbox._backoff._first_s = self.outbox._backoff._most_s = 0.01

    def post(self, command: Note) -> None:
        self.notes.append(command.event)
        self.alerts.take(command.event, NOON)
        self.noted.set()

    async def happens(self, number: int = 1, event: Event | None = None) -> None:
        """Store so many events, and tell of the last one."""
        event = event or any_event()
        await self.books.store.commit(
            [DecidedEntry(Decision((event,)), CENTRAL, NOON) for _ in range(number)]
        )
        self.feed.publish(event)

    async def notes_that(self, kind: type[Event]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not any(isinstance(event, kind) for event in self.notes):
                self.noted.clear()
                await self.noted.wait()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.outbox.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.outbox.finish()


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    async with opened(tmp_path) as books:
        yield books


@pytest.fixture
def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
def room(books: Books, kafka: FakeKafka) -> Room:
    return Room(books, kafka)


async def test_what_was_stored_before_and_what_is_stored_now_is_sent_in_order(room, kafka):
    await room.happens(3)
    async with room.running():
        await kafka.has(3)
        await room.happens(2)
        await kafka.has(5)
    assert kafka.numbers == [1, 2, 3, 4, 5]
    assert room.notes == []


async def test_a_restart_goes_on_where_the_brokers_are(books, room, kafka):
    await room.happens(3)
    async with room.running():
        await kafka.has(3)
    again = Room(books, kafka)
    async with again.running():
        await again.happens()
        await kafka.has(4)
    assert kafka.numbers == [1, 2, 3, 4]


async def test_another_cluster_gets_everything_from_the_beginning(books, room, kafka):
    await room.happens(3)
    async with room.running():
        await kafka.has(3)
    other = FakeKafka()
    other.cluster = "c2"
    again = Room(books, other)
    async with again.running():
        await other.has(3)
    assert other.numbers == [1, 2, 3]
    # And the first one, when it is used again, only what it lacks.
    back = Room(books, kafka)
    async with back.running():
        await back.happens()
        await kafka.has(4)
    assert kafka.numbers == [1, 2, 3, 4]


async def test_a_broker_lost_in_the_middle_gets_the_rest_again_and_in_order(room, kafka):
    kafka.loses_after = 4
    await room.happens(10)
    async with room.running():
        await kafka.has(10)
        await room.notes_that(KafkaReached)
    # Repeats, but never a later one before an earlier one that is missing.
    assert list(dict.fromkeys(kafka.numbers)) == list(range(1, 11))
    assert [type(event) for event in room.notes] == [KafkaLost, KafkaReached]
    assert kafka.connected == 2
    assert kafka.closed == 2


async def test_brokers_that_take_events_and_let_nobody_read_are_lost_once_until_both_work(books, kafka):
    may_read, waits = asyncio.Event(), []

    async def read(_cluster: str, works: Callable[[], None]) -> None:
        await kafka.has(1)
        # What is sent is safe and told by now, if it ever is.
        await own.happens()
        await kafka.has(books.store.head.n)
        if not may_read.is_set():
            raise BrokerLost("not authorised to read")
        works()
        await asyncio.Event().wait()

    def wait(_least: float, most: float) -> float:
        waits.append(most)
        if len(waits) == 3:
            may_read.set()
        return 0.0

    own = Room(books, kafka, readers=[read])
    own.outbox._backoff = Backoff(0.01, 1.0, wait)
    await own.happens()
    async with own.running():
        await own.notes_that(KafkaReached)
    assert may_read.is_set(), "back, while nobody may read"
    assert [type(event) for event in own.notes] == [KafkaLost, KafkaReached]
    assert waits == [0.01, 0.02, 0.04]


async def test_a_broker_that_is_away_is_one_alert_that_counts_what_waits(room, kafka):
    kafka.down = True
    await room.happens(2)
    async with room.running():
        await room.notes_that(KafkaLost)
        assert alert_text(room.alerts.named("KAFKA-kafka")) == "Kafka down, 2 events waiting."
        await room.happens(130)
        assert alert_text(room.alerts.named("KAFKA-kafka")) == "Kafka down, 132 events waiting."
        assert alert_text(room.alerts.named("KAFKA-kafka"), "es") == "Kafka caído, 132 eventos en espera."
        assert room.outbox.backlog() == (132, False)
        kafka.down = False
        await kafka.has(132)
        await room.notes_that(KafkaReached)
        assert room.outbox.backlog() == (0, True)
    assert [type(event) for event in room.notes] == [KafkaLost, KafkaReached]
    assert room.alerts.named("KAFKA-kafka") is None
    assert restored_text(room.alerts.recent()[0]) == "Kafka up again; it gets every event that has waited."


async def test_the_log_says_now_and_then_how_many_events_wait(room, kafka, caplog, monkeypatch):
    monkeypatch.setattr(box, "SAY_AGAIN_S", 0.0)
    kafka.down = True
    async with room.running():
        await room.notes_that(KafkaLost)
        assert "0 events waiting; everything else goes on" in caplog.text
        await room.happens(3)
        async with asyncio.timeout(5):
            while "Kafka is still down, 3 events waiting." not in caplog.text:
                await asyncio.sleep(0)
    assert caplog.text.count("3 events waiting") == 1


async def test_whatever_a_library_for_brokers_does_central_goes_on(room, kafka, caplog):
    async def broken() -> None:
        raise AssertionError("that cannot be")

    real, kafka.probe = kafka.probe, broken
    await room.happens()
    async with room.running():
        await room.notes_that(KafkaLost)
        kafka.probe = real
        await kafka.has(1)
    assert "AssertionError" in caplog.text


def test_the_loss_of_kafka_is_a_banner_of_the_pages():
    assert (KAFKA, AlertKind.KAFKA) in board._BANNERS


async def test_a_loss_that_was_stored_before_a_restart_ends_with_an_event(books, kafka):
    alerts = Alerts()
    alerts.take(KafkaLost(where="kafka:9092", why="it died", waiting=7), NOON)
    room = Room(books, kafka, alerts)
    async with room.running():
        await room.notes_that(KafkaReached)
    assert not alerts.is_open(KAFKA, AlertKind.KAFKA)


async def test_a_broker_that_dies_while_nothing_happens_is_noticed(room, kafka, monkeypatch):
    monkeypatch.setattr(box, "PROBE_EVERY_S", 0.01)
    async with room.running():
        kafka.down = True
        await room.notes_that(KafkaLost)


async def test_while_events_flow_the_cursor_is_stored_now_and_then_only(room, kafka, books, monkeypatch):
    # Longer than this test takes on the busiest machine.
    monkeypatch.setattr(box, "KEEP_EVERY_S", 60.0)
    async with room.running():
        await room.happens()
        await kafka.has(1)
        stored = books.database.commit
        used = 0

        async def counting(*given):
            nonlocal used
            used += 1
            await stored(*given)

        books.database.commit = counting
        for n in range(2, 22):
            await room.happens()
            await kafka.has(n)
        assert used <= 20 + 2


async def test_a_full_disk_neither_cuts_the_line_nor_sends_anything_twice(room, kafka, books, monkeypatch):
    monkeypatch.setattr(box, "KEEP_EVERY_S", 0.01)
    monkeypatch.setattr(box, "PROBE_EVERY_S", 60.0)
    real, tries, probed = OutboxBooks.keep, 0, asyncio.Event()
    kept = asyncio.Event()

    async def keep(self, cluster, n):
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreFull("database or disk is full")
        await real(self, cluster, n)
        kept.set()

    async def probe() -> None:
        probed.set()

    monkeypatch.setattr(OutboxBooks, "keep", keep)
    async with room.running():
        await room.happens(2)
        await kafka.has(2)
        kafka.probe = probe
        # Meanwhile it is noticed all the same when the brokers go.
        async with asyncio.timeout(WITHIN_S):
            await probed.wait()
            await kept.wait()
    assert (tries, kafka.connected, kafka.numbers) == (4, 1, [1, 2])
    assert [row["n"] for row in await books.database.read("SELECT n FROM outbox")] == [2]


async def test_it_ends_at_once_while_the_disk_is_slow_and_full(room, kafka, monkeypatch):
    keeping, go_on = asyncio.Event(), asyncio.Event()

    async def keep(_self, _cluster, _n):
        keeping.set()
        await go_on.wait()
        raise StoreFull("database or disk is full")

    monkeypatch.setattr(OutboxBooks, "keep", keep)
    task = asyncio.create_task(room.outbox.run())
    await room.happens()
    async with asyncio.timeout(WITHIN_S):
        await keeping.wait()
        task.cancel()
        # One more turn, so that it is told to end while it stores.
        asyncio.get_running_loop().call_soon(go_on.set)
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    await room.outbox.finish()


async def test_it_ends_at_once_while_the_broker_says_nothing(room, kafka, monkeypatch):
    monkeypatch.setattr(box, "LAST_WORDS_S", 0.05)
    async with room.running():
        await room.happens()
        await kafka.has(1)
        kafka.hangs = True
        await room.happens()
    assert kafka.closed == 1


async def test_the_last_words_are_sent_at_the_end(room, kafka):
    task = asyncio.create_task(room.outbox.run())
    await room.happens()
    await kafka.has(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    # As Central does it: what is stored when every task has ended.
    await room.happens()
    await room.outbox.finish()
    assert kafka.numbers == [1, 2]
    assert kafka.closed == 1
    assert [row["n"] for row in await room.books.database.read("SELECT n FROM outbox")] == [2]


async def test_books_that_cannot_be_read_are_tried_again(room, kafka, monkeypatch):
    real, failed = OutboxBooks.events, asyncio.Event()

    async def failing(self, after, last):
        if not failed.is_set():
            failed.set()
            raise StoreError("disk I/O error")
        return await real(self, after, last)

    monkeypatch.setattr(OutboxBooks, "events", failing)
    await room.happens()
    async with room.running():
        await kafka.has(1)
    assert room.notes == []


@pytest.mark.long
async def test_an_outage_of_five_minutes_at_200_events_a_second_takes_no_memory(room, kafka):
    kafka.down = True
    event = MonitorSpoke(cp_id="CP001")
    async with room.running():
        await room.happens(500, event)
        await room.notes_that(KafkaLost)
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(119):
                await room.happens(500, event)
            assert room.outbox.waiting == 60_000
            waiting, _ = tracemalloc.get_traced_memory()
            assert waiting - before < 1_000_000
        finally:
            tracemalloc.stop()
        kafka.down = False
        async with asyncio.timeout(60):
            while len(kafka.got) < 60_000:
                kafka.news.clear()
                await kafka.news.wait()
    assert kafka.numbers == list(range(1, 60_001))
    # Never more than one batch at once.
    assert kafka.largest == box.MOST_EVENTS


SENDS_AND_DIES = """
import asyncio, sys
from pathlib import Path
from evcharge.runtime import failpoints
from tests.component.books import opened
from tests.component.test_outbox import FakeKafka, Room

async def main():
    async with opened(Path(sys.argv[1])) as books:
        kafka = FakeKafka()
        room = Room(books, kafka)
        await room.happens(3)
        async with room.running():
            await asyncio.sleep(30)

asyncio.run(main())
"""


async def test_killed_between_sending_and_storing_it_sends_the_same_again(tmp_path):
    environment = os.environ | {"EVCHARGE_FAILPOINT": "central.after_publish"}
    ended = subprocess.run(
        [sys.executable, "-c", SENDS_AND_DIES, str(tmp_path)],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode < 0, ended.stderr
    async with opened(tmp_path) as books:
        kafka = FakeKafka()
        room = Room(books, kafka)
        async with room.running():
            await kafka.has(3)
    assert kafka.numbers == [1, 2, 3]
