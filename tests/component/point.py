"""A charging point's programs in this process, and a Central played by the test: the stage of engine and monitor."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

from evcharge.cp.engine import engine
from evcharge.cp.engine.plan import order
from evcharge.cp.monitor import monitor
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import AnyRecord
from evcharge.evc1.client import TicketWallet
from evcharge.evc1.connection import Channel
from evcharge.evc1.messages import Ack, Heartbeat, Message, Ready, Records, Start, SupplyUpdate, Sync, Synced
from evcharge.evc1.tickets import LIVENESS
from evcharge.runtime.config import Config, EngineSettings, MonitorSettings, ReachSettings
from evcharge.runtime.health_socket import OwnHealth
from tests.component.gate import Gate
from tests.ports import free_port
from tests.stopwatch import patience

# Only so that a test has an end: a dead link is noticed after seconds, and after a stall all silence begins anew.
WITHIN_S = 20.0
SECRET = "c2VjcmV0IG9mIENQMDAxIGluIHRoZSB0ZXN0cy4uLi4"
TICK_S = 0.05
Wanted = TypeVar("Wanted", bound=Message)


class Lines(logging.Handler):
    """What the programs say in their logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: list[str] = []
        self._news = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        self._news.set()

    async def says(self, pattern: str, since: int = 0) -> re.Match[str]:
        """Wait for a line that holds `pattern`, after the first `since` lines."""
        try:
            async with patience(WITHIN_S):
                while True:
                    self._news.clear()
                    for line in self.said[since:]:
                        if found := re.search(pattern, line):
                            return found
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"nobody said {pattern!r}; they said:\n" + "\n".join(self.said)) from None


class Stage:
    """The state folder, Central's door, and what is running."""

    def __init__(self, state: Path, gate: Gate, lines: Lines) -> None:
        self.state = state
        self.gate = gate
        self.lines = lines
        self.central_port = gate.port or free_port()
        self.health_port = 0
        self.ping_s = 0.2
        self.engine_settings: dict[str, object] = {"arrival_percent": [40, 40]}
        # The engines that were started, in order.
        self.engines: list[engine.Engine] = []
        # How the one that was started last is, as it says itself.
        self.health = OwnHealth()

    def config(self, cp_id: str) -> Config:
        # A ticket is at hand: the Registry has no part in these tests.
        for role in (Role.ENGINE, Role.MONITOR):
            wallet = TicketWallet(self.state / "cp" / cp_id / f"{role}.ticket")
            wallet.keep_registry(self.gate.ticket(cp_id, role))
        return Config(
            state=self.state,
            reach=ReachSettings(central_port=self.central_port),
            engine=EngineSettings(**{"health_port": self.health_port} | self.engine_settings),
            monitor=MonitorSettings(engine_port=self.health_port, ping_s=self.ping_s),
        )

    @contextlib.asynccontextmanager
    async def engine(self, cp_id: str = "CP001") -> AsyncIterator[asyncio.Event]:
        """Run an engine; the yielded event stops it, and so does the end of the block."""
        since = len(self.lines.said)
        stop = asyncio.Event()
        self.health = OwnHealth()
        program = engine.run(self.config(cp_id), cp_id, stop, tick_s=TICK_S, health=self.health)
        async with _running(program, stop):
            found = await self.lines.says(rf"{cp_id} health port listening on 127.0.0.1:(\d+)", since)
            self.health_port = int(found[1])
            yield stop

    @contextlib.asynccontextmanager
    async def monitor(self, cp_id: str = "CP001") -> AsyncIterator[asyncio.Event]:
        stop = asyncio.Event()
        async with _running(monitor.run(self.config(cp_id), cp_id, stop), stop):
            yield stop

    def hand(self, *words: str) -> None:
        """Do something at the charging point that was started last."""
        self.engines[-1].do(order(list(words)))

    async def central(self) -> "Central":
        """Wait for the next peer that logs in."""
        async with patience(WITHIN_S):
            return Central(await self.gate.arrived.get())


class Central:
    """Central's end of one connection, played by the test."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.heard: list[Message] = []
        self.records: list[AnyRecord] = []

    async def hear(self, *kinds: type[Wanted], live: bool = False) -> Wanted:
        """Return the next message, which must be one of `kinds`; heartbeats and (not `live`) figures do not count."""
        async with patience(WITHIN_S):
            while True:
                message = await self.channel.receive()
                if isinstance(message, Heartbeat) or (isinstance(message, SupplyUpdate) and not live):
                    continue
                assert isinstance(message, kinds), message
                return message

    async def syncs(self, last_seq: int | None = None) -> Sync:
        """Bring the engine in step: Central has `last_seq` (or everything)."""
        sync = await self.hear(Sync)
        assert isinstance(sync, Sync)
        self.channel.send(Synced(last_seq=sync.last_seq if last_seq is None else last_seq))
        return sync

    async def start(self, session_id: str, limit_mwh: int = 20_000_000, plug_within_s: int = 60) -> None:
        """Authorise a session; returns when the engine is READY."""
        self.channel.send(
            Start(
                session_id=session_id,
                request_id="R-00000001",
                driver_id="D01",
                price=2500,
                hold_cents=500,
                limit_mwh=limit_mwh,
                plug_within_s=plug_within_s,
                auth="signed",
            )
        )
        assert await self.hear(Ready) == Ready(session_id=session_id)

    async def record(self, kind: type[AnyRecord]) -> AnyRecord:
        """Acknowledge records until one of this `kind` has come; return it."""
        while True:
            for record in self.records:
                if isinstance(record, kind):
                    return record
            batch = await self.hear(Records)
            assert isinstance(batch, Records)
            assert not self.records or batch.records[0].seq <= self.records[-1].seq + 1
            self.records += batch.records
            self.channel.send(Ack(seq=batch.records[-1].seq))


@contextlib.asynccontextmanager
async def _running(role, stop: asyncio.Event) -> AsyncIterator[None]:
    task = asyncio.create_task(role)
    body = asyncio.current_task()
    assert body is not None

    def ended(task: asyncio.Task[int]) -> None:
        # A role that fails while the test waits for something must not make it wait in vain.
        if not task.cancelled() and task.exception() is not None:
            body.cancel()

    task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if task.done() and task.exception() is not None:
            body.uncancel()
            raise AssertionError(f"the role failed: {task.exception()!r}") from task.exception()
        raise
    finally:
        task.remove_done_callback(ended)
        stop.set()
        async with patience(WITHIN_S):
            if not (task.done() and task.exception() is not None):
                assert await task == 0


@contextlib.asynccontextmanager
async def stage(state: Path, monkeypatch) -> AsyncIterator[Stage]:
    monkeypatch.setenv("EVCHARGE_CREDENTIAL", SECRET)
    # Most tests leave without acknowledging everything.
    monkeypatch.setattr(engine, "LAST_WORDS_S", 0.2)
    lines = Lines()
    logger = logging.getLogger("evcharge")
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    try:
        gate = Gate()

        async def central(channel: Channel) -> None:
            gate.arrived.put_nowait(channel)
            # However long the next step of the test takes, its Central lives.
            while True:
                channel.send(Heartbeat())
                await asyncio.sleep(LIVENESS[channel.identity.role].heartbeat_s)

        async with gate.open(central):
            town = Stage(state, gate, lines)
            made = engine.Engine

            def make(*given) -> engine.Engine:
                town.engines.append(made(*given))
                return town.engines[-1]

            monkeypatch.setattr(engine, "Engine", make)
            yield town
    finally:
        logger.setLevel(before)
        logger.removeHandler(lines)
