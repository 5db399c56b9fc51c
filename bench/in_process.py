"""Central's parts in this process, and charging points that speak to them without sockets."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from evcharge.central.app import _guard_figures as guard_figures
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules import commands
from evcharge.central.rules.epochs import Epochs
from evcharge.central.rules.settings import Rules
from evcharge.domain.features import SPOKEN
from evcharge.domain.ids import CpId, DriverId, RequestId, Role
from evcharge.domain.location import Location
from evcharge.domain.session import SessionState
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel, Traffic
from evcharge.evc1.frames import Cipher, FrameCutter, Sealer, frame
from evcharge.evc1.handshake import SessionKeys
from evcharge.evc1.tickets import Identity
from evcharge.runtime import heap
from evcharge.runtime.clock import utc_now
from evcharge.storage.database import open_database
from tests.unit.central.builders import ADMIN, FakeEngine

_SCHEMA = "evcharge.central.books.schema"


class Answers:
    """What comes from Central: nobody looks for it meanwhile, which would cost what is measured."""

    def __init__(self) -> None:
        self.count = self.expected = 0
        self.all_there = asyncio.Event()

    def expect(self, number: int) -> None:
        """Wait for so many from now on."""
        self.count, self.expected = 0, number
        self.all_there.clear()


class Wire(asyncio.Transport):
    """A connection that keeps nothing, and counts answers with all others."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    def write(self, data: Any) -> None:  # noqa: ARG002
        """Count one."""
        self._answers.count += 1
        if self._answers.count == self._answers.expected:
            self._answers.all_there.set()

    def get_write_buffer_size(self) -> int:
        """Return that all is read."""
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        """Return an address."""
        return ("127.0.0.1", 1)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Do nothing, as all that follow."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...
    def write_eof(self) -> None: ...
    def can_write_eof(self) -> bool:
        """Return that it can."""
        return True


class Line:
    """One link of a peer to Central, without a socket."""

    def __init__(self, peer_id: str, role: Role, answers: Answers, cipher: type[Cipher]) -> None:
        keys = SessionKeys(bytes(32), bytes(32), cipher)
        self.channel = Channel(
            Wire(answers), FrameCutter(), keys, role, speaks=SPOKEN, traffic=Traffic(messages_per_s=1e9)
        )
        self.channel.identity = Identity(peer_id, role, 0, 0)
        self._sealer = Sealer(keys.from_peer, cipher=cipher)

    def frame(self, message: messages.Message) -> bytes:
        """Return the bytes of a message."""
        return frame(self._sealer.seal(message))

    def says(self, message: messages.Message) -> None:
        """Send Central a message."""
        self.channel.data_received(self.frame(message))


class Point:
    """One charging point, whose engine and driver have a link to Central."""

    def __init__(self, number: int, answers: Answers, cipher: type[Cipher]) -> None:
        self.number = number
        self.cp_id, self.driver_id = CpId(f"CP{number:04}"), DriverId(f"D{number:04}")
        self.session_id = ""
        self.journal = FakeEngine(self.cp_id)
        self.engine = Line(self.cp_id, Role.ENGINE, answers, cipher)
        self.driver = Line(self.driver_id, Role.DRIVER, answers, cipher)


@dataclass
class Town:
    """Central's parts, and charging points that charge; `move` sets both of Central's clocks on."""

    points: list[Point]
    answers: Answers
    moved_s: float = 0.0

    def move(self, seconds: float) -> None:
        """Let so many seconds pass: for how long a charge may have lasted, and what time it is."""
        self.moved_s += seconds


@contextlib.asynccontextmanager
async def charging(points: int, cipher: type[Cipher], *, drivers: bool) -> AsyncIterator[Town]:
    """Bring `points` to where their engines supply; their `drivers` are connected, or none is."""
    loop = asyncio.get_running_loop()
    answers = Answers()
    town = Town([Point(number, answers, cipher) for number in range(1, points + 1)], answers)
    steady, began, now = loop.time, loop.time(), utc_now()
    loop.time = lambda: steady() + town.moved_s  # type: ignore[method-assign]

    def clock() -> datetime:
        return now + timedelta(seconds=loop.time() - began)

    async with contextlib.AsyncExitStack() as held:
        held.enter_context(heap.settled())
        folder = held.enter_context(tempfile.TemporaryDirectory())
        books = await held.enter_async_context(open_database(Path(folder) / "central.db", _SCHEMA))
        store, feed = await CentralStore.open(books), Feed()
        rules = Rules(now=now, welcome_credit_cents=20_000, welcome_per_hour=points)
        dispatcher = Dispatcher(await store.load(now), store, feed, rules, clock)
        consents = Consents(cast(Any, None), b"", dispatcher.facts, loop.time)
        refusals = Refusals(dispatcher.post)
        peers = Peers(dispatcher, store, feed, refusals, Epochs(), bytes(32), Quotas(), consents)
        guard_figures(feed, dispatcher, rules, refusals, peers)
        tasks = [asyncio.create_task(dispatcher.run())]
        for point in town.points:
            lines = [point.engine, point.driver] if drivers else [point.engine]
            tasks += [asyncio.create_task(peers.serve(line.channel)) for line in lines]
            await _charges(dispatcher, point)
        yield town
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _charges(dispatcher: Dispatcher, point: Point) -> None:
    """Bring a charging point to where its engine supplies."""
    link = 1_000_000 + point.number
    sync = messages.Sync(journal_id=point.journal.journal_id, last_seq=0, max_power_w=22_000, speed=1.0)
    point.engine.says(sync)
    await asyncio.sleep(0)
    arrives = commands.MonitorArrives(
        by=ADMIN, link=link, epoch=0, cp_id=point.cp_id, location=Location("Elche")
    )
    await dispatcher.submit(arrives)
    reports = commands.MonitorReports(by=ADMIN, link=link, epoch=0, cp_id=point.cp_id, fault=None)
    await dispatcher.submit(reports)
    await dispatcher.submit(commands.DriverVisits(by=ADMIN, driver_id=point.driver_id))
    asked = commands.StartCharging(
        by=ADMIN,
        driver_id=point.driver_id,
        request_id=RequestId(f"R-{link:08}"),
        nonce=f"{link:016}",
        cp_id=point.cp_id,
    )
    await dispatcher.submit(asked)
    session = next(one for one in dispatcher.facts.sessions() if one.cp_id == point.cp_id)
    point.session_id = session.session_id
    started = point.journal.started(session.session_id, began_at=session.authorised_at.timestamp())
    point.engine.says(messages.Records(records=[started]))
    while (
        found := dispatcher.facts.session(session.session_id)
    ) and found.state is not SessionState.CHARGING:
        await asyncio.sleep(0.001)
