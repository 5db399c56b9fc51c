"""Orders that lie in Kafka, as Central takes them: its place among them is stored with what they do."""

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest import mock

import pytest

from evcharge.central.kafka import consumer as module
from evcharge.central.kafka.consumer import FigureConsumer, OrderConsumer
from evcharge.central.peers.quotas import BAN_S, USELESS
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.commands import TakeOrder
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import Role
from evcharge.domain.operator_order import Order
from evcharge.kafka.client import BrokerLost, Consumer, Received
from evcharge.kafka.topics import CENTRAL_COMMANDS, OrderSeal
from evcharge.runtime.clock import utc_now
from tests.component.town import Town, running

SEAL = OrderSeal("the operator's token")
FOREIGN = OrderSeal("another").seal(
    Order(command_id="0" * 32, command="out", cp_id="CP001", issued_at=1_800_000_000.0)
)


class Room:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.figures: list[tuple[str, bytes]] = []
        lane = SimpleNamespace(take=lambda key, value: self.figures.append((key, value)))
        refusals = Refusals(town.dispatcher.post)
        books = town.dispatcher._store._database
        self.consumer = OrderConsumer(None, SEAL, town.dispatcher, refusals, books)
        self.figure_consumer = FigureConsumer(None, lane)

    async def takes(self, *records: Received) -> None:
        async with asyncio.timeout(5):
            await self.consumer.take("c1", list(records))

    def books(self, sql: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.town.state / 'central/central.db'}?mode=ro", uri=True) as books:
            rows = books.execute(sql).fetchall()
        books.close()
        return rows

    @property
    def places(self) -> list[tuple]:
        return self.books("SELECT cluster, partition, next FROM order_offset ORDER BY partition")

    def status(self, cp_id: str = "CP001") -> CpStatus:
        return self.town.dispatcher.facts.point(cp_id).status


def order(number: int, command: str = "out", cp_id: str = "CP001", age_s: float = 0) -> bytes:
    issued_at = utc_now().timestamp() - age_s
    return SEAL.seal(Order(command_id=f"{number:032x}", command=command, cp_id=cp_id, issued_at=issued_at))


def record(offset: int, value: bytes, key: str = "CP001", partition: int = 0, topic: str = CENTRAL_COMMANDS):
    return Received(topic, partition, offset, key, value)


@pytest.fixture
async def room(tmp_path: Path):
    async with running(tmp_path) as town:
        await town.point()
        yield Room(town)


async def test_an_order_is_carried_out_and_its_place_is_stored(room: Room):
    await room.takes(record(7, order(1)))
    assert room.status() is CpStatus.UNAVAILABLE
    assert room.places == [("c1", 0, 8)]
    row = room.books("SELECT actor, role, address, correlation_id FROM events WHERE type = 'OrderCarriedOut'")
    assert row == [("operator", "operator", "kafka:central-commands", f"{1:032x}")]


async def test_an_order_that_comes_twice_is_done_once_also_in_one_go(room: Room):
    out, resume = order(1), order(2, "resume")
    await room.takes(record(0, out), record(1, resume), record(2, out), record(3, out))
    assert room.status() is CpStatus.AVAILABLE
    assert room.places == [("c1", 0, 4)]
    assert room.books("SELECT COUNT(*) FROM events WHERE type = 'OrderCarriedOut'") == [(2,)]
    await room.town.says("refused operator from kafka:central-commands: E_SEQ")


async def test_a_restart_of_central_remembers_what_was_done(room: Room, tmp_path: Path):
    out = order(1)
    await room.takes(record(0, out), record(1, order(2, "resume")))
    room.town.stop.set()
    await room.town.says("Central stopped")
    async with asyncio.timeout(5):
        while (room.town.state / "central" / "central.db-wal").exists():
            await asyncio.sleep(0.02)
    async with running(tmp_path) as town:
        again = Room(town)
        await again.takes(record(0, out))
        assert not town.dispatcher.facts.point("CP001").holds


async def test_an_order_that_only_the_books_remember_is_not_carried_out_and_holds_nobody_up(room: Room):
    out = order(1)
    await room.takes(record(0, out), record(1, order(2, "resume")))
    # So many others came since that memory has let it go.
    room.town.dispatcher.facts._orders.clear()
    await room.takes(record(2, out), record(3, order(3, "revoke")))
    point = room.town.dispatcher.facts.point("CP001")
    assert (point.holds, point.revoked) == (frozenset(), True)
    assert room.places == [("c1", 0, 4)]
    await room.town.says("refused operator from kafka:central-commands: E_SEQ an order for CP001")


@pytest.mark.parametrize(
    ("value", "key", "code"),
    [
        (b"garbage", "CP001", Code.CRYPTO),
        (FOREIGN, "CP001", Code.CRYPTO),
        (order(5), "CP002", Code.ID),
    ],
    ids=["garbage", "another key", "under another id"],
)
async def test_what_is_no_order_of_ours_is_a_row_in_the_audit_log_and_nothing_else(
    room: Room, value: bytes, key: str, code: Code
):
    await room.takes(*[record(offset, value, key) for offset in range(20)])
    await room.town.says(f"refused operator from kafka:central-commands: {code}")
    assert room.status() is CpStatus.AVAILABLE
    assert room.places == [("c1", 0, 20)]
    assert room.books(
        f"SELECT COUNT(*) FROM events WHERE type = 'InputRefused' AND data LIKE '%{code}%'"
    ) == [(1,)]


async def test_a_mistake_of_ours_over_an_order_holds_nobody_up(room: Room, monkeypatch):
    opens = OrderSeal.open
    monkeypatch.setattr(
        OrderSeal,
        "open",
        lambda seal, value: {}["nobody thought of it"] if value == b"bad" else opens(seal, value),
    )
    await room.takes(record(0, b"bad"), record(1, order(1)))
    await room.town.says(f"refused operator from kafka:central-commands: {Code.CLOSED}")
    assert room.status() is CpStatus.UNAVAILABLE
    assert room.places == [("c1", 0, 2)]


async def test_an_old_order_is_refused_and_told(room: Room):
    await room.takes(record(0, order(1, age_s=301)))
    await room.town.says("order out CP001, from Kafka, refused: the order is 301 s old")
    assert room.status() is CpStatus.AVAILABLE


async def test_each_partition_has_its_place(room: Room):
    await room.takes(record(9, order(1), partition=2), record(1, b"?", partition=1))
    assert room.places == [("c1", 1, 2), ("c1", 2, 10)]


class FakeConsumer:
    """Gives a record with each fetch, and then is not allowed to read."""

    def __init__(self, topic: str, *reads: bool) -> None:
        self._topic = topic
        self._reads = list(reads)

    async def start(self, _begin) -> None:
        pass

    def reads(self) -> bool:
        return self._reads.pop(0)

    async def fetch(self, _within_s: float) -> list[Received]:
        if not self._reads:
            raise BrokerLost("not authorised to read")
        return [record(0, b"?", topic=self._topic)]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("reads_orders", [True, False])
@pytest.mark.parametrize(("reads", "works"), [((), 0), ((False, False), 0), ((False, True), 1)])
async def test_reading_works_once_every_partition_can_be_read(
    room: Room, reads: tuple[bool, ...], works: int, reads_orders: bool
):
    told: list[str] = []
    reader = room.consumer if reads_orders else room.figure_consumer
    # Each reads its own topic, so that an order which waits holds up no figure.
    reader.make = lambda _, topics: cast(Consumer, FakeConsumer(*topics, *reads))
    with pytest.raises(BrokerLost):
        await reader.run("c1", lambda: told.append("works"))
    assert len(room.figures) == (0 if reads_orders else len(reads))
    assert len(room.places) == (reads_orders and bool(reads))
    assert len(told) == works


async def test_while_the_books_cannot_be_written_an_order_waits(room: Room, monkeypatch):
    monkeypatch.setattr(module, "_RETRY_S", 0.01)
    real, refusals = room.town.dispatcher.submit, iter([Refused("the disk is full", Code.STORAGE)] * 2)

    async def submit(command):
        if (refusal := next(refusals, None)) is not None:
            raise refusal
        return await real(command)

    with mock.patch.object(room.town.dispatcher, "submit", submit):
        await room.takes(record(0, order(1)))
    assert room.status() is CpStatus.UNAVAILABLE
    assert room.places == [("c1", 0, 1)]


@pytest.mark.virtual_time
async def test_orders_that_come_too_fast_wait_with_the_brokers():
    refused: list[object] = []
    refusals = SimpleNamespace(input=lambda *what, proven: refused.append(what))
    dispatcher = SimpleNamespace(facts=SimpleNamespace(point=lambda cp_id: cp_id))

    async def submitted() -> object:
        return SimpleNamespace(events=())

    dispatcher.post = lambda command: submitted()
    consumer = OrderConsumer(None, SEAL, dispatcher, refusals, None)
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    await consumer.take("c1", [record(number, FOREIGN) for number in range(3 * module.ORDERS_PER_S)])
    assert len(refused) == 3 * module.ORDERS_PER_S
    assert loop.time() - began_at == pytest.approx(2.0, abs=0.2)


@pytest.mark.virtual_time
async def test_a_key_under_which_no_orders_of_ours_come_without_end_is_passed_over_for_a_minute():
    refused: list[tuple] = []
    refusals = SimpleNamespace(input=lambda *what, proven: refused.append(what))
    taken: list[TakeOrder] = []

    async def submitted(command: TakeOrder) -> object:
        taken.append(command)
        return SimpleNamespace(events=("carried out",))

    facts = SimpleNamespace(point=lambda cp_id: cp_id)
    dispatcher = SimpleNamespace(facts=facts, post=submitted)
    consumer = OrderConsumer(None, SEAL, dispatcher, refusals, None)
    # At 200 a second, and 10 of them a second are forgiven.
    flood = [record(number, FOREIGN) for number in range(700)]
    await consumer.take("c1", flood)
    about, role, _, problem = refused[-1]
    assert (about, role, problem.code, problem.text) == ("CP001", Role.OPERATOR, Code.SLOW, USELESS)
    seen = len(refused)
    await consumer.take("c1", [record(700, order(1)), record(701, order(2, cp_id="CP002"), key="CP002")])
    assert [command.order.cp_id for command in taken if command.order is not None] == ["CP002"]
    assert (len(refused), taken[-1].place.next) == (seen, 702)
    await asyncio.sleep(BAN_S + 1)
    await consumer.take("c1", [record(702, order(3))])
    assert taken[-1].order.cp_id == "CP001"
