"""How fast stored events reach a consumer of a real Kafka: `python -m bench.kafka [--quick]`.

Books, outbox and consumer share one process here, the broker has another.
"""

import argparse
import asyncio
import contextlib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.feed import Feed
from evcharge.central.kafka.outbox import Outbox, OutboxBooks, connecting
from evcharge.central.rules.commands import CENTRAL
from evcharge.central.rules.decision import Decision
from evcharge.central.views.alerts import Alerts
from evcharge.domain.events import MonitorSpoke
from evcharge.domain.ids import CpId
from evcharge.kafka.client import Brokers, Consumer
from evcharge.kafka.topics import CP_EVENTS
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import KafkaSettings
from evcharge.storage.database import open_database
from tests import kafka

POINTS = 1000
BATCH = 256
STEADY_PER_S = 500


@dataclass(frozen=True)
class Speed:
    """Events per second with the disk and without (a backlog), and the delay from commit to consumer."""

    per_s: float
    backlog_per_s: float
    p50_ms: float
    p99_ms: float


class _Room:
    """Books that grow, and a consumer that notes when each event has come."""

    def __init__(self, store: CentralStore, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self.stored_at: dict[int, float] = {}
        self.came_at: dict[int, float] = {}

    async def stores(self, number: int) -> None:
        now = utc_now()
        events = [MonitorSpoke(cp_id=CpId(f"CP{one % POINTS:04}")) for one in range(number)]
        await self._store.commit([DecidedEntry(Decision((event,)), CENTRAL, now) for event in events])
        at = time.perf_counter()
        last = self._store.head.n
        self.stored_at.update(dict.fromkeys(range(last - number + 1, last + 1), at))
        self._feed.publish(events[-1])

    async def reads(self, consumer: Consumer) -> None:
        while True:
            for record in await consumer.fetch(0.5, 10_000):
                at = time.perf_counter()
                told = msgspec.json.decode(record.value)
                self.came_at.setdefault(int(told["event_id"].split("-")[0]), at)

    async def has(self, number: int) -> None:
        while len(self.came_at) < number:
            await asyncio.sleep(0.002)


async def measure(events: int, steady_s: float, bootstrap: str) -> Speed:
    """Store `events` as fast as may be, twice; then STEADY_PER_S for `steady_s` seconds."""
    brokers = Brokers(KafkaSettings(bootstrap=bootstrap), Path())
    await brokers.prepare()
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "central.db", "evcharge.central.books.schema") as database:
            store, feed = await CentralStore.open(database), Feed()
            room = _Room(store, feed)
            books = OutboxBooks(database, utc_now)
            consumer = Consumer(brokers, [CP_EVENTS])
            await consumer.start(lambda _topic, _place: 0)

            def outbox() -> Outbox:
                return Outbox(bootstrap, connecting(brokers), books, store, feed, Alerts(), lambda _: None)

            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(room.reads(consumer))
                sender = outbox()
                sending = tasks.create_task(sender.run())
                began = time.perf_counter()
                for _ in range(events // BATCH):
                    await room.stores(BATCH)
                sent = events // BATCH * BATCH
                await room.has(sent)
                per_s = sent / (time.perf_counter() - began)
                # Every 20 ms some, as many charges do.
                for _ in range(round(steady_s * 50)):
                    await room.stores(STEADY_PER_S // 50)
                    await asyncio.sleep(0.02)
                await room.has(store.head.n)
                delays = sorted(
                    room.came_at[n] - room.stored_at[n] for n in range(sent + 1, store.head.n + 1)
                )
                sending.cancel()
                await asyncio.wait([sending])
                await sender.finish()
                # A broker that comes back: all of it lies in the books.
                behind = store.head.n
                for _ in range(events // BATCH):
                    await room.stores(BATCH)
                sender = outbox()
                began = time.perf_counter()
                sending = tasks.create_task(sender.run())
                await room.has(store.head.n)
                backlog_per_s = (store.head.n - behind) / (time.perf_counter() - began)
                sending.cancel()
                reading.cancel()
                await asyncio.wait([sending, reading])
                await sender.finish()
            await consumer.close()
    return Speed(
        per_s, backlog_per_s, delays[len(delays) // 2] * 1000, delays[int(len(delays) * 0.99)] * 1000
    )


async def main(*, quick: bool) -> int:
    """Measure with a broker of its own, and print."""
    if (reason := kafka.missing()) is not None:
        print(f"Kafka           not measured: {reason}")
        return 0
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as until_end:
        try:
            broker = until_end.enter_context(kafka.running(Path(folder) / "broker"))
        except (AssertionError, subprocess.CalledProcessError) as problem:
            # Its own words, or those of Maven without a network.
            print(f"Kafka           not measured: the broker did not start: {str(problem).strip()[-200:]}")
            return 0
        speed = await measure(10_000 if quick else 50_000, 5 if quick else 20, broker.bootstrap)
    print(
        f"Kafka           {speed.per_s:,.0f} events/s from commit to consumer; {speed.backlog_per_s:,.0f} backlog"
    )
    print(f"                delay at {STEADY_PER_S}/s: p50 {speed.p50_ms:.0f} ms, p99 {speed.p99_ms:.0f} ms")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in half a minute")
    raise SystemExit(asyncio.run(main(quick=parser.parse_args().quick)))
