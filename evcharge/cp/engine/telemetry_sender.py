"""The live lane over Kafka, the engine's end: the figures of each second, sealed, as long as the brokers answer.

Only the newest is kept. While Kafka is away, or slow, the figures take the connection to Central as ever.
"""

import asyncio
import logging
from collections.abc import Callable

from evcharge.domain.ids import CpId
from evcharge.evc1.connection import Channel
from evcharge.evc1.frames import Sealer
from evcharge.evc1.messages import SupplyUpdate
from evcharge.kafka.client import BrokerLost, Brokers, Producer
from evcharge.kafka.topics import CP_TELEMETRY, Outgoing
from evcharge.labels import Speech
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import Backoff

log = logging.getLogger(__name__)


class TelemetrySender:
    """Takes figures and never waits. `run` in one task."""

    def __init__(self, brokers: Brokers, cp_id: CpId, words: Speech) -> None:
        self._brokers = brokers
        self._cp_id = cp_id
        self._words = words
        self._sealer: Sealer | None = None
        self._waiting: list[Outgoing] = []
        self._news = asyncio.Event()
        self._is_up = False
        self._outage = Outage(
            lambda said: log.warning("%s", said), lambda: log.info("%s", words("kafka back"))
        )
        # Told what is wrong with Kafka, and None when it answers.
        self.on_trouble: Callable[[str | None], None] = lambda _: None

    def link(self, channel: Channel | None) -> None:
        """Seal for this connection to Central from now on; None: there is none."""
        self._sealer = Sealer(channel.telemetry_key, channel.speaks) if channel is not None else None
        self._waiting.clear()

    def offer(self, update: SupplyUpdate) -> bool:
        """Take `update`; return False when it must go another way."""
        if not self._is_up or self._sealer is None or self._waiting:
            return False
        self._waiting.append((CP_TELEMETRY, self._cp_id, self._sealer.seal(update)))
        self._news.set()
        return True

    async def run(self) -> None:
        """Send what is taken, for ever."""
        backoff = Backoff()
        while True:
            producer = Producer(self._brokers)
            try:
                await producer.start()
                await self._send(producer, backoff)
            except BrokerLost as problem:
                self._lose(problem)
            finally:
                self._is_up = False
                await producer.close()
            await asyncio.sleep(backoff.next_s())

    async def _send(self, producer: Producer, backoff: Backoff) -> None:
        # The brokers may answer and not have the topic yet: Central makes it.
        await producer.knows(CP_TELEMETRY)
        self._reach()
        while True:
            await self._news.wait()
            self._news.clear()
            await producer.send(list(self._waiting))
            self._waiting.clear()
            backoff.reset()

    def _lose(self, problem: BrokerLost) -> None:
        self._waiting.clear()
        said = self._words("kafka lost", why=problem.text)
        self._outage.lost(said)
        self.on_trouble(said)

    def _reach(self) -> None:
        self._is_up = True
        self._outage.back()
        self.on_trouble(None)
