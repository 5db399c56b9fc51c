"""Kafka gets every stored event, in order, at least once; and whoever reads is told when it does not.

The events table is the outbox: all that is kept besides is the number of the last event that the brokers have. They
may be away for days: nothing here waits in memory, and nobody waits for them.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol

from evcharge.central.books.store import CentralStore
from evcharge.central.feed import Feed
from evcharge.central.kafka.published_event import outgoing
from evcharge.central.rules.alert_kinds import KAFKA, AlertKind
from evcharge.central.rules.commands import CENTRAL, AnyCommand, Note
from evcharge.central.views.alerts import Alerts
from evcharge.domain.events import Event, KafkaLost, KafkaReached
from evcharge.domain.timestamps import text_of
from evcharge.kafka.client import BrokerLost, Brokers, Producer
from evcharge.kafka.topics import Outgoing
from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.runtime import failpoints, failures
from evcharge.runtime.clock import Clock
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import Backoff, uninterrupted, wait_until
from evcharge.storage.books import Books, Row
from evcharge.storage.statements import Put
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

MOST_EVENTS = 500
# How often the cursor is stored while events flow: each time costs an fsync, which charges wait for as well. After a
# crash so much is sent again, with the same ids.
KEEP_EVERY_S = 0.5
# When nothing happens, the brokers are asked so often whether they are there.
PROBE_EVERY_S = 2.0
# How often the log is told how many events wait, while nobody answers.
SAY_AGAIN_S = 60.0
# Central does not take longer to end because of what it could still send.
LAST_WORDS_S = 1.0

_EVENTS = """
    SELECT n, at, actor, role, type, cp_id, driver_id, session_id, correlation_id, data, hash
    FROM events WHERE n > :n AND n <= :last ORDER BY n LIMIT :limit
"""
_KEEP = Put("outbox", ("cluster", "n", "used_at"), ("cluster",))


class OutboxBooks:
    """The events, and how far each cluster has them."""

    def __init__(self, database: Books, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def events(self, after: int, last: int) -> list[Row]:
        """Return the events that follow number `after` up to number `last`, oldest first; not all at once."""
        return await self._database.read(_EVENTS, {"n": after, "last": last, "limit": MOST_EVENTS})

    async def cursor(self, cluster: str) -> int:
        """Return the last event that `cluster` has; 0 for one that was never seen."""
        rows = await self._database.read(
            "SELECT n FROM outbox WHERE cluster = :cluster", {"cluster": cluster}
        )
        return rows[0]["n"] if rows else 0

    async def latest(self) -> int:
        """Return the cursor of the cluster that was used last."""
        rows = await self._database.read("SELECT n FROM outbox ORDER BY used_at DESC LIMIT 1")
        return rows[0]["n"] if rows else 0

    async def keep(self, cluster: str, n: int) -> None:
        """Store that `cluster` has every event up to `n`."""
        await self._database.commit([(_KEEP, [(cluster, n, text_of(self._clock()))])])


class Sink(Protocol):
    """What events are sent to."""

    async def send(self, records: Iterable[Outgoing]) -> None:
        """Send; return when it is safe there. Raises BrokerLost."""

    async def probe(self) -> None:
        """Raise BrokerLost when nobody answers."""

    async def close(self) -> None:
        """Close at once."""


# Reads as long as there is a connection: told the id of the cluster, and what to call once reading has shown to work.
# Raises BrokerLost.
Reader = Callable[[str, Callable[[], None]], Coroutine[Any, Any, None]]
# Makes a connection: the id of the cluster, and where to send. Raises BrokerLost.
Connect = Callable[[], Coroutine[Any, Any, tuple[str, Sink]]]


def connecting(brokers: Brokers) -> Connect:
    """Return how the outbox reaches real brokers."""

    async def connect() -> tuple[str, Sink]:
        cluster = await brokers.prepare()
        producer = Producer(brokers)
        await producer.start()
        return cluster, producer

    return connect


class Outbox:
    """Sends what is stored. `run` in one task; `finish` once everything else has ended."""

    def __init__(
        self,
        where: str,
        connect: Connect,
        books: OutboxBooks,
        store: CentralStore,
        feed: Feed,
        alerts: Alerts,
        post: Callable[[AnyCommand], object],
        *,
        readers: Sequence[Reader] = (),
    ) -> None:
        self._where = where
        self._connect = connect
        self._books = books
        self._store = store
        self._alerts = alerts
        self._post = post
        self._readers = readers
        self._backoff = Backoff()
        self._wake = asyncio.Event()
        self._cluster = ""
        self._sink: Sink | None = None
        # Event number: what the brokers have, and what of that is stored.
        self._sent = self._kept = 0
        self._kept_at = 0.0
        # What the books say: a loss that was stored before a restart ends with an event, too.
        is_on = alerts.is_open(KAFKA, AlertKind.KAFKA)
        self._noted = Outage(
            self._note_lost, lambda: post(Note(by=CENTRAL, event=KafkaReached())), is_on=is_on
        )
        # What this run has said in plain lines.
        self._said_at, self._said_waiting = 0.0, 0
        self._said = Outage(self._say_lost, lambda: log.info("%s", said("kafka back")))
        feed.listen(self._on_event)

    @property
    def waiting(self) -> int:
        """How many events the brokers do not have yet."""
        return max(0, self._store.head.n - self._sent)

    def backlog(self) -> tuple[int, bool]:
        """Return how many events wait, and whether the brokers take what is sent, as far as is known."""
        return self.waiting, self._sink is not None and not self._said.is_on

    def _on_event(self, _event: Event) -> None:
        self._wake.set()
        if self._said.is_on:
            self._alerts.count(KAFKA, AlertKind.KAFKA, self.waiting)

    async def run(self) -> None:
        """Keep the brokers in step for ever."""
        while True:
            try:
                if not self._cluster:
                    self._sent = self._kept = await self._books.latest()
                await self._live()
            except* BrokerLost as problems:
                self._lose(_first(problems))
            except* StoreError as problems:
                # A disk in trouble: the dispatcher says so. What cannot be read waits.
                log.debug("the outbox cannot be read: %s", _first(problems))
            except* Exception as problems:
                # Charges go on, whatever a library for brokers does.
                problem = _first(problems)
                log.exception(
                    "%s", said("kafka failed", why=because(failures.why(problem))), exc_info=problem
                )
                self._lose(problem)
            await self.close()
            self._say_again()
            await asyncio.sleep(self._backoff.next_s())

    async def finish(self) -> None:
        """Send what was stored last, if that is possible at once, and end."""
        if self._sink is not None:
            with contextlib.suppress(BrokerLost, StoreError, TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    while await self._send(self._sink):
                        pass
            await self._keep()
        await self.close()

    async def close(self) -> None:
        """End without another word, as one that leads no more must; what is not sent is the heir's."""
        sink, self._sink = self._sink, None
        if sink is not None:
            await sink.close()

    # ---- inside

    async def _live(self) -> None:
        self._cluster, self._sink = await self._connect()
        self._sent = self._kept = await self._books.cursor(self._cluster)
        sends, *reads = proofs = [asyncio.Event() for _ in (self._sink, *self._readers)]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish(self._sink, sends.set))
            for reader, proof in zip(self._readers, reads, strict=True):
                tasks.create_task(reader(self._cluster, proof.set))
            # A client that may write but not read would be back, and lost, with every attempt.
            for proof in proofs:
                await proof.wait()
            self._reach()

    async def _publish(self, sink: Sink, works: Callable[[], None]) -> None:
        while True:
            self._wake.clear()
            sent = await self._send(sink)
            works()
            if sent:
                continue
            unkept = self._sent != self._kept
            news = await wait_until(self._wake, KEEP_EVERY_S if unkept else PROBE_EVERY_S)
            if not news and not (unkept and await self._keep()):
                await sink.probe()

    async def _send(self, sink: Sink) -> bool:
        """Send one batch; return whether there was any. Nobody hears of it before it is safe."""
        # What another Central has stored meanwhile, which leads in our place, it sends itself.
        rows = await self._books.events(self._sent, self._store.head.n)
        if rows:
            await sink.send(record for row in rows for record in outgoing(dict(row)))
            failpoints.reach("central.after_publish")
            self._sent = rows[-1]["n"]
            if time.monotonic() - self._kept_at > KEEP_EVERY_S:
                await self._keep()
        return bool(rows)

    async def _keep(self) -> bool:
        """Store the cursor; return whether the books took it. If not, it is tried again."""
        self._kept_at = time.monotonic()
        return self._sent == self._kept or await uninterrupted(self._stored(self._sent))

    async def _stored(self, n: int) -> bool:
        try:
            await self._books.keep(self._cluster, n)
        except StoreError as problem:
            # Useful after a restart only. Connecting again for it would send all of that again.
            log.debug("the outbox cannot be stored: %s", problem)
            return False
        self._kept = n
        return True

    def _lose(self, problem: BaseException) -> None:
        self._said.lost(problem)
        self._noted.lost(problem)
        self._alerts.count(KAFKA, AlertKind.KAFKA, self.waiting)

    def _say_lost(self, problem: BaseException) -> None:
        self._said_at, self._said_waiting = time.monotonic(), self.waiting
        log.warning("%s", said("kafka lost", why=because(failures.why(problem)), count=self.waiting))

    def _say_again(self) -> None:
        """Tell the log once in a while how many events wait by now."""
        now_s = time.monotonic()
        if self._said.is_on and now_s - self._said_at >= SAY_AGAIN_S and self.waiting != self._said_waiting:
            self._said_at, self._said_waiting = now_s, self.waiting
            log.warning("%s", said("kafka still lost", count=self.waiting))

    def _note_lost(self, problem: BaseException) -> None:
        event = KafkaLost(where=self._where, why=failures.why(problem)[:200], waiting=self.waiting)
        self._post(Note(by=CENTRAL, event=event))

    def _reach(self) -> None:
        self._backoff.reset()
        self._said.back()
        self._noted.back()


def _first(problems: BaseExceptionGroup[BaseException]) -> BaseException:
    problem: BaseException = problems
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem
