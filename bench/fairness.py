"""What a neighbour feels of those who ask too much of Central: `python -m bench.fairness [--sessions 1000000]`.

A link's heartbeat is answered by the loop that serves everybody. How long its answer takes is measured while
others only charge, and beside each of the bullies, which run in a process of their own.
"""

import argparse
import asyncio
import contextlib
import itertools
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from bench import points
from bench.api import central_with_api, fill
from bench.fleet import Fleet, Point
from bench.lag import Lag, waits_of
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from evcharge.fleet.fleet_run import Dialler
from evcharge.runtime import descriptors
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files, state_folder

MOST_P99_MS = 100.0
POINTS = 1_000
CHARGING = 100
PAGES = 20


# ---- the bullies


async def floods(state: Path, port: int, _api_port: int) -> None:
    """An engine that says as much as it can, and comes back when it is cut off."""
    message = messages.SupplyUpdate(session_id="S-none-such-0000", power_w=22_000, energy_mwh=1)

    async def says(channel: Channel) -> None:
        for _ in range(200):
            if not channel.is_closing:
                channel.send(message)

    await _links(state, port, "CP00000", Role.ENGINE, says)


async def asks(state: Path, port: int, _api_port: int) -> None:
    """A driver that asks for its history in a loop."""

    async def says(channel: Channel) -> None:
        channel.send(messages.AskHistory())
        while not isinstance(await channel.receive(), messages.History):
            pass

    await _links(state, port, "D00007", Role.DRIVER, says)


async def never_reads(state: Path, _port: int, api_port: int) -> None:
    """Pages that open their WebSocket and read nothing of it."""
    asked = b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    asked += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + _bearer(state)
    while True:
        pages = [await asyncio.open_connection("127.0.0.1", api_port) for _page in range(PAGES)]
        for reader, writer in pages:
            writer.write(asked)
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 101"), "the page was not let in"
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a StreamWriter's is a Transport
        await asyncio.sleep(5)
        for _reader, writer in pages:
            writer.close()


async def fetches(state: Path, _port: int, api_port: int) -> None:
    """A file of all sessions, again and again."""
    while True:
        file, writer = await asyncio.open_connection("127.0.0.1", api_port)
        writer.write(
            b"GET /api/sessions.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + _bearer(state)
        )
        assert (await file.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200"), "the file was refused"
        while await file.read(1 << 20):
            pass
        writer.close()


def _bearer(state: Path) -> bytes:
    token = secret_files.read_secret(state / "operator.token")
    return f"Authorization: Bearer {token}\r\n\r\n".encode()


async def _links(
    state: Path, port: int, name: str, role: Role, says: Callable[[Channel], Awaitable[None]]
) -> None:
    dialler = Dialler(state, [("127.0.0.1", port)])
    while True:
        with contextlib.suppress(EvchargeError, OSError):
            channel = await dialler.dial(name, role)
            while not channel.is_closing:
                await says(channel)
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)


BULLIES: dict[str, Callable[[Path, int, int], Awaitable[None]]] = {
    "an engine floods": floods,
    "a driver asks in a loop": asks,
    f"{PAGES} pages never read": never_reads,
    "all sessions as a file": fetches,
}


# ---- the neighbour


@contextlib.asynccontextmanager
async def _bully(name: str, state: Path, port: int, api_port: int) -> AsyncIterator[None]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.fairness", "--bully", name, str(state), str(port), str(api_port)
    )
    try:
        await asyncio.sleep(1)
        yield
        assert child.returncode is None, f"{name}: it ended by itself"
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def measure(sessions: int, seconds: float) -> dict[str, Lag]:
    """Return how long the neighbour waited when alone, and beside each bully."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        state_folder.init_state(state, [], utc_now())
        await fill(state / "central" / "central.db", POINTS, sessions)
        async with central_with_api(folder) as server:
            fleet = Fleet(state, server.port)
            async with points.charging(fleet, range(POINTS, POINTS + CHARGING)) as town:
                speaking = asyncio.create_task(_speak(town))
                found = {}
                for name in ("others charge", *BULLIES):
                    async with contextlib.AsyncExitStack() as stack:
                        if name in BULLIES:
                            await stack.enter_async_context(_bully(name, state, server.port, server.api_port))
                        probe = await fleet.dial("PROBE", Role.DRIVER)
                        found[name] = await waits_of(probe, seconds)
                        await probe.close(messages.Bye())
                speaking.cancel()
    return found


async def _speak(town: list[Point]) -> None:
    for number in itertools.count():
        await points.speak(town, number)


async def main(sessions: int, seconds: float) -> int:
    """Print the table; return 1 when a neighbour waits too long."""
    began = time.monotonic()
    found = await measure(sessions, seconds)
    print(f"{'a heartbeat’s answer, ms':26}{'median':>8}{'p99':>8}{'worst':>8}")
    for name, lag in found.items():
        print(f"{name:26}{lag.median_ms:8.1f}{lag.p99_ms:8.1f}{lag.worst_ms:8.1f}")
    print(f"{sessions:,} sessions of {POINTS:,} points in the books; {time.monotonic() - began:.0f} s")
    late = too_late(found)
    print(f"OVER BUDGET: {', '.join(late)}" if late else "within budget")
    return 1 if late else 0


def too_late(found: dict[str, Lag]) -> list[str]:
    """Return beside whom the neighbour waits longer than MOST_P99_MS."""
    return [name for name, lag in found.items() if lag.p99_ms > MOST_P99_MS]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--bully", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    descriptors.raise_limit()
    if given.bully:
        what, where, peers, api = given.bully
        logging.disable()
        asyncio.run(BULLIES[what](Path(where), int(peers), int(api)))  # type: ignore[arg-type]
    raise SystemExit(asyncio.run(main(given.sessions, given.seconds)))
