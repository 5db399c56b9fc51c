"""The engine's end of the live lane over Kafka: it never waits, and keeps only the newest figures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from evcharge.cp.engine import telemetry_sender as module
from evcharge.cp.engine.telemetry_sender import TelemetrySender
from evcharge.evc1.frames import RisingOpener
from evcharge.evc1.messages import SupplyUpdate
from evcharge.kafka.client import BrokerLost
from evcharge.labels import Speech
from evcharge.labels.point import SENTENCES

KEY, NEXT_KEY = bytes(range(32)), bytes(range(1, 33))


def connection(key: bytes) -> SimpleNamespace:
    return SimpleNamespace(telemetry_key=key, speaks=frozenset())


class FakeProducer:
    """What all producers of a test share: what was sent, and whether anybody answers."""

    sent: list[tuple[str, str, bytes]]
    # How many times it was asked to send something.
    asked: int
    down: bool
    hangs: bool

    def __init__(self, _brokers: object) -> None:
        pass

    async def start(self) -> None:
        if FakeProducer.down:
            raise BrokerLost("nobody there")

    async def knows(self, _topic: str) -> None:
        pass

    async def send(self, records: list[tuple[str, str, bytes]]) -> None:
        FakeProducer.asked += 1
        if FakeProducer.hangs:
            await asyncio.Event().wait()
        await self.start()
        FakeProducer.sent += records

    async def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def producer(monkeypatch: pytest.MonkeyPatch) -> type[FakeProducer]:
    FakeProducer.sent, FakeProducer.asked, FakeProducer.down, FakeProducer.hangs = [], 0, False, False
    monkeypatch.setattr(module, "Producer", FakeProducer)
    monkeypatch.setattr("evcharge.cp.engine.telemetry_sender.Backoff.next_s", lambda self: 0.01)
    return FakeProducer


def update(energy_mwh: int) -> SupplyUpdate:
    return SupplyUpdate(session_id="S-0000001", power_w=22_000, energy_mwh=energy_mwh)


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[TelemetrySender]:
    lane = TelemetrySender(None, "CP001", Speech(SENTENCES))
    task = asyncio.create_task(lane.run())
    await until(lambda: lane._is_up or FakeProducer.down)
    try:
        yield lane
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_figures_are_sealed_under_the_key_of_the_connection(producer):
    async with running() as lane:
        lane.link(connection(KEY))
        for number in range(3):
            assert lane.offer(update(number))
            await until(lambda number=number: len(producer.sent) == number + 1)
        lane.link(connection(NEXT_KEY))
        assert lane.offer(update(3))
        await until(lambda: len(producer.sent) == 4)
    assert {(topic, key) for topic, key, _ in producer.sent} == {("cp-telemetry", "CP001")}
    opener = RisingOpener(KEY)
    assert [opener.open(value) for _, _, value in producer.sent[:3]] == [
        update(number) for number in range(3)
    ]
    assert RisingOpener(NEXT_KEY).open(producer.sent[3][2]) == update(3)


async def test_without_a_connection_to_central_there_is_no_key_and_nothing_is_taken(producer):
    async with running() as lane:
        assert not lane.offer(update(1))
        lane.link(connection(KEY))
        lane.link(None)
        assert not lane.offer(update(2))
    assert producer.sent == []


async def test_a_broker_that_says_nothing_gets_one_figure_and_the_next_ones_take_the_stream(producer):
    async with running() as lane:
        lane.link(connection(KEY))
        producer.hangs = True
        assert lane.offer(update(1))
        assert not lane.offer(update(2))
        # Also when it has been given to the broker, and waits there.
        await until(lambda: producer.asked)
        assert not lane.offer(update(3))


async def test_the_loss_of_kafka_and_its_return_are_told_once(producer, caplog):
    caplog.set_level("INFO")
    told: list[str | None] = []
    async with running() as lane:
        lane.on_trouble = told.append
        lane.link(connection(KEY))
        producer.down = True
        assert lane.offer(update(1))
        await until(lambda: len(told) > 2)
        assert not lane.offer(update(2))
        producer.down = False
        await until(lambda: told[-1] is None)
        assert lane.offer(update(3))
    sentence = "Kafka down (nobody there): the live figures take the connection to Central."
    assert set(told) == {sentence, None}
    assert [one for one in caplog.messages if "Kafka" in one] == [
        sentence,
        "Kafka up again: it carries the live figures.",
    ]
