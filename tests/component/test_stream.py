"""What `evcharge events --from kafka` shows: every event, once, whatever becomes of the brokers meanwhile."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.kafka import client
from evcharge.kafka.client import BrokerLost, Received
from evcharge.kafka.topics import CENTRAL_EVENTS, CP_EVENTS, DRIVER_EVENTS, EVENT_TOPICS
from evcharge.operator import stream
from evcharge.runtime.config import KafkaSettings
from evcharge.runtime.waiting import wait_until

WITHIN_S = 10.0


def event(**more: object) -> dict[str, object]:
    """An event as it lies in Kafka."""
    told = dict.fromkeys(("type", "cp_id", "driver_id", "session_id"), "x")
    return {"event_id": f"7-{7:016x}", **told, "at": "2026-11-21T08:30:00.000Z", "data": {}, **more}


@pytest.mark.parametrize(
    "strange",
    [
        {"at": "yesterday"}, {"at": "9999-99-99T00:00:00Z"}, {"at": None}, {"at": 5}, {"event_id": 7},
        {"event_id": "x-1"}, {"event_id": "9" * 5000}, {"type": None}, {"cp_id": ["CP001"]}, {"data": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_what_somebody_else_has_put_there_is_passed_over(strange: dict[str, object]):
    assert stream.decoded(json.dumps(event(**strange)).encode()) is None


def test_an_event_of_the_end_of_time_can_be_shown():
    told = stream.decoded(json.dumps(event(at="9999-12-31T23:59:59.999Z")).encode())
    assert told is not None
    assert "#7" in stream.line(told)


class Topics:
    """Three topics of one partition each, and brokers that may be away."""

    def __init__(self) -> None:
        self.values: dict[str, list[bytes]] = {topic: [] for topic in EVENT_TOPICS}
        self.away = False
        # Something is new here; somebody has read all there is; somebody has found nobody.
        self.news, self.read, self.missed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def put(self, number: int, *topics: str) -> None:
        """Write one event into some topics."""
        value = json.dumps(event(event_id=f"{number}-{number:016x}")).encode()
        for topic in topics:
            self.values[topic].append(value)
        self.news.set()

    def check(self) -> None:
        if self.away:
            self.missed.set()
            raise BrokerLost("nobody there")


class FakeConsumer:
    """Gives what is there, two records of one topic at a time."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._next: dict[str, int] = {}

    async def start(self, begin: Callable[[str, int], int | None]) -> dict[tuple[str, int], int]:
        self._topics.check()
        for topic, values in self._topics.values.items():
            wanted = begin(topic, 0)
            self._next[topic] = (
                len(values) if wanted is None else wanted if wanted >= 0 else max(0, len(values) + wanted)
            )
        return {(topic, 0): offset for topic, offset in self._next.items()}

    async def fetch(self, within_s: float) -> list[Received]:
        self._topics.check()
        for topic, values in self._topics.values.items():
            first = self._next[topic]
            if found := values[first : first + 2]:
                self._next[topic] = first + len(found)
                return [Received(topic, 0, first + n, "x", value) for n, value in enumerate(found)]
        self._topics.read.set()
        self._topics.news.clear()
        await wait_until(self._topics.news, within_s)
        return []

    async def left(self) -> bool:
        self._topics.check()
        return any(self._next[topic] < len(values) for topic, values in self._topics.values.items())

    async def close(self) -> None:
        pass


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    topics = Topics()
    monkeypatch.setattr(client, "Consumer", lambda _brokers, _topics: FakeConsumer(topics))
    return topics


def shown(
    folder: Path, limit: int, *, follow: bool = False, narrow: bool = False
) -> AsyncGenerator[dict, None]:
    """What the command prints, event by event."""
    config = SimpleNamespace(kafka=KafkaSettings(bootstrap="kafka:9092"), state=folder)
    work = SimpleNamespace(config=config, say=lambda name, **_: name)
    events = stream._from_kafka(work, limit, lambda _: True, follow=follow, narrow=narrow)
    assert isinstance(events, AsyncGenerator)
    return events


def number(told: dict) -> int:
    return int(told["event_id"].partition("-")[0])


@pytest.mark.parametrize("limit", [0, 1])
async def test_what_comes_after_an_outage_is_shown_also_where_nothing_was_read_before(
    topics: Topics, tmp_path: Path, limit: int
):
    topics.put(1, CENTRAL_EVENTS)
    following = shown(tmp_path, limit, follow=True)
    async with asyncio.timeout(WITHIN_S):
        if limit:
            assert number(await anext(following)) == 1
        news = asyncio.create_task(anext(following))
        await topics.read.wait()
        topics.away = True
        await topics.missed.wait()
        # What Central sends as soon as it can, before we are there again.
        topics.put(2, CP_EVENTS, DRIVER_EVENTS)
        topics.put(3, CP_EVENTS)
        topics.away = False
        assert [number(await news), number(await anext(following))] == [2, 3]
        await following.aclose()


@pytest.mark.parametrize("page", [2, 1_000])
async def test_an_event_of_two_topics_is_shown_once_however_far_apart_its_copies_lie(
    topics: Topics, tmp_path: Path, monkeypatch, page: int
):
    monkeypatch.setattr(stream, "_REMEMBERED", 3)
    monkeypatch.setattr(stream, "_PAGE", page)
    for n in range(1, 21):
        topics.put(n, CP_EVENTS, DRIVER_EVENTS)
    async with asyncio.timeout(WITHIN_S):
        assert [number(told) async for told in shown(tmp_path, 5, narrow=True)] == [16, 17, 18, 19, 20]
