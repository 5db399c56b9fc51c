"""A real Central in a process of its own, and many peers in this one that talk to it."""

import asyncio
import contextlib
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from evcharge.domain import journal_records
from evcharge.domain.errors import StateError
from evcharge.domain.features import Feature
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from evcharge.fleet.fleet_run import Dialler
from evcharge.runtime.clock import utc_now
from evcharge.security import state_folder

READY_S = 60.0
# So many charging points come together.
AT_ONCE = 25
# Whoever looks once a second must not be late.
_EARLY_S = 0.5
_SAID_AT_ONCE_BYTES = 1 << 16
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that process `pid` has used, all threads, user and system (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def rss_kib(pid: int) -> int:
    """Return the memory of process `pid` in KiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    pid: int
    port: int


@contextlib.asynccontextmanager
async def process(*command: str, env: dict[str, str] | None = None) -> AsyncIterator[Server]:
    """Run a Python server until the block ends; it prints "… listening on HOST:PORT" when it is ready."""
    # To a file: whoever makes the load must not pay for reading what the server prints.
    with tempfile.TemporaryFile() as said:
        child = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=said, env=os.environ | (env or {})
        )
        try:
            yield Server(child.pid, await _port(child, said))
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            await child.wait()


async def _port(child: asyncio.subprocess.Process, said: IO[bytes]) -> int:
    """Return where a server listens, as it says itself; raises StateError when it does not in READY_S."""
    deadline, read = time.monotonic() + READY_S, 0
    while time.monotonic() < deadline and child.returncode is None:
        new = os.pread(said.fileno(), _SAID_AT_ONCE_BYTES, read)
        whole = new[: new.rfind(b"\n") + 1]
        read += len(whole)
        for line in whole.splitlines():
            if b"listening on" in line:
                return int(line.rsplit(b":", 1)[1])
        await asyncio.sleep(0.05)
    raise StateError(
        f"the server did not come up: {os.pread(said.fileno(), 2000, 0).decode(errors='replace')}"
    )


@dataclass
class Point:
    """One charging point's two links, and its driver's."""

    cp_id: str
    engine: Channel
    monitor: Channel
    driver: Channel
    seq: int = 0
    start: messages.Start | None = None

    async def asks(self) -> messages.Start:
        """Ask to charge here; return the START that reaches the engine."""
        self.driver.send(messages.RequestStart(request_id=secrets.token_hex(8), cp_id=self.cp_id))
        while not isinstance(message := await self.engine.receive(), messages.Start):
            pass
        self.start = message
        return message

    async def supplies(self) -> None:
        """Journal the start, so that power flows."""
        assert self.start is not None
        start = self.start
        await self.journals(
            journal_records.SupplyStart(
                seq=self.seq + 1,
                session_id=start.session_id,
                driver_id=start.driver_id,
                request_id=start.request_id,
                price=start.price,
                hold_cents=start.hold_cents,
                limit_mwh=start.limit_mwh,
                auth=start.auth,
                meter_mwh=0,
            )
        )

    async def refuses(self) -> None:
        """Give the session back."""
        assert self.start is not None
        session_id = self.start.session_id
        await self.journals(
            journal_records.SupplyRefused(seq=self.seq + 1, session_id=session_id, reason="not plugged in")
        )
        while not (
            isinstance(told := await self.driver.receive(), messages.Progress) and told.step == "REFUSED"
        ):
            pass

    async def journals(self, record: journal_records.AnyRecord) -> None:
        """Deliver one record and wait for its ACK."""
        self.engine.send(messages.Records(records=[record]))
        self.seq = record.seq
        while not isinstance(await self.engine.receive(), messages.Ack):
            pass


class Fleet:
    """Dials Central as many charging points."""

    def __init__(self, state: Path, port: int) -> None:
        self.state = state
        self.dial = Dialler(state, [("127.0.0.1", port)]).dial

    async def point(self, number: int) -> Point:
        """Bring one charging point and one driver to life."""
        cp_id, driver_id = f"CP{number:05}", f"D{number:05}"
        engine = await self.dial(cp_id, Role.ENGINE)
        engine.send(messages.Sync(journal_id=f"{number:032x}", last_seq=0))
        while not isinstance(await engine.receive(), messages.Synced):
            pass
        monitor = await self.dial(cp_id, Role.MONITOR)
        monitor.send(messages.Health(fault=None))
        driver = await self.dial(driver_id, Role.DRIVER)
        driver.send(messages.AskBalance())
        while not isinstance(await driver.receive(), messages.Balance):
            pass
        return Point(cp_id, engine, monitor, driver)

    @contextlib.asynccontextmanager
    async def points(self, count: int) -> AsyncIterator[list[Point]]:
        """Bring `count` of them to life, some at a time, and keep them alive until the block ends."""
        found: list[Point] = []
        beating = asyncio.create_task(keep_alive(found))
        try:
            for first in range(0, count, AT_ONCE):
                numbers = range(first, min(first + AT_ONCE, count))
                found += await asyncio.gather(*(self.point(number) for number in numbers))
            yield found
        finally:
            beating.cancel()


@contextlib.asynccontextmanager
async def central() -> AsyncIterator[tuple[Server, Fleet]]:
    """Run Central on a fresh state folder."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        state_folder.init_state(state, [], utc_now())
        env = {
            "EVCHARGE_STATE": folder,
            "EVCHARGE_CENTRAL__PORT": "0",
            "EVCHARGE_CENTRAL__API": "false",
            # Every driver of a benchmark has money, however many come at once.
            "EVCHARGE_CENTRAL__WELCOME_DRIVERS": "100000",
            "EVCHARGE_CENTRAL__WELCOME_PER_HOUR": "100000",
            "EVCHARGE_REACH__REGISTRY_URL": "https://127.0.0.1:1",
        }
        async with process("-m", "bench.patient_central", "central", env=env) as server:
            yield server, Fleet(state, server.port)


def beat(channel: Channel) -> None:
    """Say HEARTBEAT as a peer does: over a "quiet" link only when nothing else was said for its interval."""
    silent_s = asyncio.get_running_loop().time() - channel.said_at
    if Feature.QUIET not in channel.speaks or silent_s >= channel.accepted.heartbeat_s - _EARLY_S:
        channel.send(messages.Heartbeat())


async def keep_alive(points: list[Point]) -> None:
    """Send the heartbeats of every link that needs them for ever, one after the other."""
    while True:
        for point in points:
            for channel in (point.engine, point.monitor, point.driver):
                beat(channel)
        await asyncio.sleep(0.9)
