"""A real Central on a real socket, and peers that a test moves by hand."""

import asyncio
import contextlib
import logging
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from evcharge.central import app
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.peers import watchdog
from evcharge.central.rules.commands import Actor, AnyCommand
from evcharge.domain import journal_records
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import LIVENESS, Identity, IssuedTicket, Liveness, seal_ticket
from evcharge.runtime.clock import Clock, utc_now
from evcharge.runtime.config import (
    CentralSettings,
    Config,
    KafkaSettings,
    NetworkSettings,
    NotifySettings,
    ReachSettings,
)
from evcharge.runtime.health_socket import OwnHealth
from evcharge.security import secret_files, state_folder
from evcharge.storage.store_errors import StoreFull
from tests.stopwatch import patience
from tests.unit.central.builders import located

# Only so that a test has an end: a dead link is noticed after seconds, and after a stall all silence begins anew.
WITHIN_S = 20.0
# The peers of a test say nothing between its steps, which a busy machine makes long.
_FOR_EVER = dict.fromkeys(LIVENESS, Liveness(heartbeat_s=1.0, dead_after_s=3_600.0))
Wanted = TypeVar("Wanted", bound=messages.Message)


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.news = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.news.set()


class OverheardDispatcher(Dispatcher):
    """A Central's own, which says when the batch that it has in hand is done with."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._at_work = asyncio.Lock()

    async def _work(self) -> bool:
        async with self._at_work:
            return await super()._work()

    async def applied(self) -> None:
        """Wait until whatever is stored now is in the facts, and told."""
        async with self._at_work:
            pass


@dataclass
class Town:
    """Central's address, its keys, and what it has printed."""

    state: Path
    port: int
    lines: list[str]
    news: asyncio.Event
    stop: asyncio.Event
    dispatcher: OverheardDispatcher
    # What the Registry's tickets are stamped by, too.
    clock: Clock = utc_now
    channels: list[Channel] = field(default_factory=list)
    # Where a charging point stands, by its id; the others are in Berlin.
    places: dict[str, str] = field(default_factory=dict)
    # How Central is, as it says itself.
    health: OwnHealth = field(default_factory=OwnHealth)

    async def operator(self, kind: type[AnyCommand], **what: object) -> None:
        """Carry out an operator's command."""
        await self.dispatcher.submit(kind(by=Actor("admin", Role.OPERATOR, "local"), **located(what)))

    @contextlib.contextmanager
    def with_a_full_disk(self) -> Iterator[None]:
        """Let no commit of Central succeed while the block runs."""

        async def full(_batch: object) -> None:
            raise StoreFull("database or disk is full")

        with mock.patch.object(self.dispatcher._store, "commit", full):
            yield

    async def says(self, pattern: str, since: int = 0) -> str:
        """Wait until Central has printed a line that matches, after the first `since` lines."""
        async with patience(WITHIN_S):
            while True:
                for line in self.lines[since:]:
                    if re.search(pattern, line):
                        return line
                self.news.clear()
                await self.news.wait()

    def query(self, sql: str, *params: object) -> list[sqlite3.Row]:
        """Ask the books, as another process would."""
        connection = sqlite3.connect(f"file:{self.state / 'central/central.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            return connection.execute(sql, params).fetchall()

    def rows(self, kind: str) -> list[sqlite3.Row]:
        """Return the audit rows of one type."""
        return self.query("SELECT * FROM events WHERE type = ? ORDER BY n", kind)

    async def recorded(self, kind: str, times: int = 1) -> list[sqlite3.Row]:
        """Wait until `kind` stands in the audit log that often, and all that it means has been told."""
        async with patience(WITHIN_S):
            while len(rows := self.rows(kind)) < times:
                await asyncio.sleep(0.01)
            # The facts and the screens follow the commit.
            await self.dispatcher.applied()
        return rows

    def ticket(self, name: str, role: Role, epoch: int = 0) -> IssuedTicket:
        """Return what the Registry would give."""
        now, location = self.clock().timestamp(), self.places.get(name, "Berlin")
        identity = Identity(name, role, epoch, int(now), location if role is not Role.DRIVER else "")
        key = secret_files.read_keys(self.state / "service.key")[0]
        return seal_ticket(key, identity, issuer="registry", ttl_s=900, now=now)

    async def dial(self, name: str, role: Role, epoch: int = 0) -> Channel:
        """Log in as `name`."""
        channel = await connect("127.0.0.1", self.port, self.ticket(name, role, epoch), name, role)
        self.channels.append(channel)
        return channel

    async def engine(self, cp_id: str = "CP001", journal_id: str = "a" * 32, epoch: int = 0) -> "FakeEngine":
        """An engine whose journal is in step."""
        engine = FakeEngine(cp_id, await self.dial(cp_id, Role.ENGINE, epoch), journal_id)
        engine.channel.send(messages.Sync(journal_id=journal_id, last_seq=0))
        engine.seq = (await hear(engine.channel, messages.Synced)).last_seq
        return engine

    async def monitor(self, cp_id: str = "CP001", fault: str | None = None, epoch: int = 0) -> Channel:
        """A monitor that has reported."""
        channel = await self.dial(cp_id, Role.MONITOR, epoch)
        channel.send(messages.Health(fault=fault))
        return channel

    async def point(self, cp_id: str = "CP001") -> "FakeEngine":
        """A charging point that is Available."""
        engine = await self.engine(cp_id)
        engine.monitor = await self.monitor(cp_id)
        await self.says(rf"{cp_id} .*Available")
        return engine

    async def with_another_disk(self, engine: "FakeEngine") -> "FakeEngine":
        """The engine of the same charging point, back with a journal of its own."""
        engine.channel.abort()
        await self.says(rf"{engine.cp_id} .*Faulted: no link")
        return await self.engine(engine.cp_id, journal_id="b" * 32)

    async def engine_with_epoch(self, epoch: int) -> "FakeEngine":
        """The engine of CP001 with a newer credential, once its old link has made way."""
        return await self.engine(epoch=epoch)

    async def driver_link(self, name: str) -> Channel:
        """A driver's connection, nothing said or heard yet."""
        return await self.dial(name, Role.DRIVER)

    async def driver(self, name: str = "D01") -> "FakeDriver":
        """A driver that is connected."""
        driver = FakeDriver(name, await self.dial(name, Role.DRIVER))
        driver.channel.send(messages.AskBalance())
        await hear(driver.channel, messages.Balance)
        return driver


@dataclass
class FakeEngine:
    cp_id: str
    channel: Channel
    journal_id: str
    seq: int = 0
    meter_mwh: int = 0
    start: messages.Start | None = None
    monitor: Channel | None = None

    async def is_asked(self) -> messages.Start:
        """Wait for START, and say READY."""
        self.start = await hear(self.channel, messages.Start)
        self.channel.send(messages.Ready(session_id=self.start.session_id))
        return self.start

    async def journals(self, *records: journal_records.AnyRecord) -> Any:
        """Deliver records; return Central's answer, an Ack or a Resync."""
        self.channel.send(messages.Records(records=list(records)))
        return await hear(self.channel, messages.Ack, messages.Resync)

    def starts(self) -> journal_records.SupplyStart:
        """The record that power is about to flow."""
        assert self.start is not None
        self.seq += 1
        return journal_records.SupplyStart(
            seq=self.seq,
            session_id=self.start.session_id,
            driver_id=self.start.driver_id,
            request_id=self.start.request_id,
            price=self.start.price,
            hold_cents=self.start.hold_cents,
            limit_mwh=self.start.limit_mwh,
            auth=self.start.auth,
            meter_mwh=self.meter_mwh,
        )

    def meters(self, energy_mwh: int) -> journal_records.Meter:
        """The record that this much more has flowed."""
        assert self.start is not None
        self.seq += 1
        self.meter_mwh += energy_mwh
        return journal_records.Meter(seq=self.seq, session_id=self.start.session_id, meter_mwh=self.meter_mwh)

    def ends(self, reason: str = "unplugged") -> journal_records.SupplyEnd:
        """The record that the contactor is open."""
        assert self.start is not None
        self.seq += 1
        return journal_records.SupplyEnd(
            seq=self.seq, session_id=self.start.session_id, meter_mwh=self.meter_mwh, reason=reason
        )


@dataclass
class FakeDriver:
    name: str
    channel: Channel

    def asks(self, cp_id: str | None = None, request_id: str | None = None) -> str:
        """Ask to charge; return the request id."""
        request_id = request_id or secrets.token_hex(8)
        self.channel.send(messages.RequestStart(request_id=request_id, cp_id=cp_id))
        return request_id

    async def step(self, wanted: str) -> messages.Progress:
        """Wait until the request has come as far as `wanted`."""
        while True:
            progress = await hear(self.channel, messages.Progress)
            if progress.step == wanted:
                return progress

    async def ticket(self) -> messages.TicketIssued:
        """Wait for a ticket."""
        return await hear(self.channel, messages.TicketIssued)


async def hear(channel: Channel, *wanted: type[Wanted]) -> Wanted:
    """Return the next message of a wanted type, passing over the others."""
    async with patience(WITHIN_S):
        while True:
            message = await channel.receive()
            if isinstance(message, wanted):
                return message


@contextlib.asynccontextmanager
async def running(
    state: Path,
    registry_url: str = "https://127.0.0.1:1",
    clock: Clock = utc_now,
    notify: NotifySettings | None = None,
    kafka: KafkaSettings | None = None,
    network: NetworkSettings | None = None,
    other_registries: Sequence[str] = (),
    **central: object,
) -> AsyncIterator[Town]:
    """Run Central in this process until the block ends; nobody is dead to it for saying nothing."""
    state_folder.init_state(state, [], utc_now())
    config = Config(
        state=state,
        central=CentralSettings(**{"port": 0, "api_port": 0} | central),
        reach=ReachSettings(registry_url=registry_url, other_registries=list(other_registries)),
        notify=notify or NotifySettings(),
        kafka=kafka or KafkaSettings(),
        network=network or NetworkSettings(),
    )
    handler = _Lines()
    root = logging.getLogger("evcharge")
    level, root.level = root.level, logging.INFO
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    stop = asyncio.Event()
    made: list[OverheardDispatcher] = []

    class Made(OverheardDispatcher):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

    with mock.patch.object(app, "Dispatcher", Made):
        health = OwnHealth()
        task = asyncio.create_task(app.run(config, stop, clock, health=health))
        await asyncio.sleep(0)
        town = Town(state, 0, handler.lines, handler.news, stop, None, clock)
        town.port = int((await town.says(r"Central listening on")).rpartition(":")[2])
        town.dispatcher = made[0]
        town.health = health
    try:
        with mock.patch.object(watchdog, "LIVENESS", _FOR_EVER):
            yield town
    finally:
        for channel in town.channels:
            channel.abort()
        stop.set()
        root.removeHandler(handler)
        root.setLevel(level)
        async with patience(WITHIN_S):
            assert await task == 0
