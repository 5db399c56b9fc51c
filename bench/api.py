"""What the main GETs of Central's API cost, with full books, against a bare aiohttp route in the same run.

Each address is asked over a few connections that are kept open. Costs are CPU of the server's process for one answer:
on a busy machine that says more than requests per second, which are shown as well.
"""

import asyncio
import contextlib
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from aiohttp import web

from bench.fleet import Server, cpu_s, process
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.domain.ids import Role
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files, state_folder
from evcharge.storage.database import open_database
from evcharge.storage.hash_chain import Head, Value, chained

CONNECTIONS = 4
DRIVERS = 1000
DAYS = 365
# A page of the operator asks for these.
PATHS = {
    "one point": "/api/cps/CP00007",
    "all points": "/api/cps",
    "sessions": "/api/sessions?limit=100",
    "sessions, far back": "/api/sessions?limit=100&to={middle}",
    "sessions of a driver": "/api/sessions?limit=100&driver_id=D00007",
    "sessions, refused": "/api/sessions?limit=100&state=refused",
    "tickets of a point": "/api/tickets?limit=100&cp_id=CP00007",
    "statistics of a point": "/api/stats?cp_id=CP00007",
    "statistics, 30 days": "/api/stats",
    "audit log": "/api/events?limit=100",
    "audit log of a type": "/api/events?limit=100&type=CentralStopped",
    "alerts": "/api/alerts",
    "metrics": "/metrics",
}
# Answers about every charging point: their number is their cost.
WHOLE = ("all points", "statistics, 30 days", "metrics")


@dataclass(frozen=True)
class Cost:
    """One address: requests per second, CPU of the server per request, bytes of an answer."""

    name: str
    per_s: float
    cpu_us: float
    size: int


@dataclass(frozen=True)
class Report:
    """The floor, which answers two bytes, and every address; how long Central took to come up with those books."""

    start_s: float
    floor: Cost
    costs: list[Cost]

    def times(self, cost: Cost) -> float:
        """Return the CPU of `cost` as a multiple of the floor's."""
        return cost.cpu_us / self.floor.cpu_us


async def measure(points: int, sessions: int, seconds: float) -> Report:
    """Ask each address for `seconds`, of a Central with so many charging points and sessions in its books."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        state_folder.init_state(state, [], utc_now())
        await fill(state / "central" / "central.db", points, sessions)
        token = secret_files.read_secret(state / "operator.token")
        async with process("-m", "bench.api") as bare:
            floor = await _asked("floor", bare.pid, bare.port, "/", "", seconds)
        async with central_with_api(folder) as central:
            middle = (utc_now() - timedelta(days=DAYS / 2)).date()
            costs = [
                await _asked(name, central.pid, central.api_port, path.format(middle=middle), token, seconds)
                for name, path in PATHS.items()
            ]
    return Report(central.start_s, floor, costs)


@dataclass(frozen=True)
class Central(Server):
    """A Central with its API; `start_s` is how long it took to come up."""

    api_port: int
    start_s: float


@contextlib.asynccontextmanager
async def central_with_api(folder: str) -> AsyncIterator[Central]:
    """Run Central on the state in `folder`; the block begins when all is done that its start leaves to do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "EVCHARGE_STATE": folder,
        "EVCHARGE_CENTRAL__PORT": "0",
        "EVCHARGE_CENTRAL__API_PORT": str(port),
        "EVCHARGE_CENTRAL__REQUESTS_PER_S": "1000000",
        "EVCHARGE_CENTRAL__WELCOME_DRIVERS": "100000",
        "EVCHARGE_CENTRAL__WELCOME_PER_HOUR": "100000",
        "EVCHARGE_REACH__REGISTRY_URL": "https://127.0.0.1:1",
    }
    began = time.monotonic()
    async with process("-m", "evcharge", "central", env=env) as server:
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        start_s = time.monotonic() - began
        # What a start leaves to do must not be counted as the cost of an answer.
        before = cpu_s(server.pid)
        while True:
            await asyncio.sleep(0.5)
            if (now := cpu_s(server.pid)) - before < 0.1:
                break
            before = now
        yield Central(server.pid, server.port, port, start_s)


async def _asked(name: str, pid: int, port: int, path: str, token: str, seconds: float) -> Cost:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    size = await _one(port, request)  # also the first time, which finds nothing in any cache
    loop = asyncio.get_running_loop()
    began, before = loop.time(), cpu_s(pid)
    counts = await asyncio.gather(*(_ask(port, request, began + seconds) for _ in range(CONNECTIONS)))
    took, used = loop.time() - began, cpu_s(pid) - before
    return Cost(name, sum(counts) / took, used / sum(counts) * 1e6, size)


async def _one(port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(request)
    size = await _answer(reader)
    writer.close()
    return size


async def _ask(port: int, request: bytes, until: float) -> int:
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    count = 0
    while loop.time() < until:
        writer.write(request)
        await _answer(reader)
        count += 1
    writer.close()
    return count


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head[:200]
    (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    size = int(length.split(b":")[1])
    await reader.readexactly(size)
    return size


# ---- books


async def fill(path: Path, points: int, sessions: int) -> None:
    """Make books of a year, by SQL: every tenth session was refused, the others have tickets."""
    async with open_database(path, "evcharge.central.books.schema"):
        pass
    begin = utc_now() - timedelta(days=DAYS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as books:
        books.execute("PRAGMA synchronous=OFF")
        books.execute("PRAGMA foreign_keys=OFF")
        books.execute("BEGIN")
        for sql in _SQL:
            books.execute(
                sql,
                {
                    "points": points, "drivers": DRIVERS, "sessions": sessions, "begin": begin.timestamp(),
                    "step": (DAYS - 2) * 86_400 / sessions,
                },
            )  # fmt: skip
        books.executemany(_EVENT, _events(min(sessions, 100_000), begin))
        books.execute("COMMIT")
        books.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# What a start looks for, however long ago it was: alerts that an operator closes, and what ended them.
_ALERTS: tuple[events.Event, ...] = (
    events.LoginRefused(claimed="CP00007", code=Code.DUPLICATE, text="twice"),
    events.AlertTaken(alert_id="CP00007-duplicate", by="operator"),
    events.AlertClosed(alert_id="CP00007-duplicate"),
    events.InputRefused(who="CP00008", code=Code.SLOW, text="too fast"),
    events.AlertClosed(alert_id="CP00008-flood"),
    events.RegistryNoted(n=1, at=0.0, what="POST /v1/cp", target="CP00009", result="done"),
    events.RegistryLost(why="it does not answer"),
    events.RegistryReached(),
    events.NotifyLost(way="mail", why="it refuses"),
    events.NotifyReached(way="mail"),
    events.MemberAway(role=Role.REGISTRY, name="registry:9001", why="it does not answer"),
    events.MemberBack(role=Role.REGISTRY, name="registry:9001"),
)


def _events(count: int, begin: datetime) -> list[tuple[object, ...]]:
    """Return so many rows of the audit log: half of them about alerts of long ago."""
    head = Head()
    rows: list[tuple[object, ...]] = []
    for n in range(1, count + 1):
        type_, data = "SessionReady" if n % 1000 else "CentralStopped", "{}"
        if n % 2:
            event = _ALERTS[n // 2 % len(_ALERTS)]
            type_, data = type(event).__name__, msgspec.json.encode(event).decode()
        row: dict[str, Value] = {
            "n": n, "at": begin.astimezone(UTC).isoformat(timespec="microseconds"), "actor": f"CP{n % 100:05}",
            "role": "engine", "address": "127.0.0.1:1", "type": type_, "cp_id": f"CP{n % 100:05}",
            "driver_id": None, "session_id": None, "correlation_id": None, "data": data,
        }  # fmt: skip
        head = Head(n, chained(head.hash, row))
        rows.append((*row.values(), head.hash, ""))
    return rows


_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
_INSTANT = "strftime('%Y-%m-%dT%H:%M:%f', :begin + i * :step + {later}, 'unixepoch') || '000+00:00'"
_SESSION = "printf('S-%08d', i)"
_POINT, _DRIVER = "printf('CP%05d', i % :points)", "printf('D%05d', i % :drivers)"
_EVENT = f"INSERT INTO events VALUES ({', '.join('?' * 13)})"
_SQL = [
    f"""
    INSERT INTO cp (cp_id, location, price_centi_cents_per_kwh, fault, operator_hold, weather_hold, revoked, epoch,
        journal_id, last_used, registered_location, journal_hold) {_NUMBERS.format(count=":points")}
    SELECT {_POINT}, 'City ' || (i % 20), 2500, NULL, 0, 0, 0, 0, NULL, 0, 'City ' || (i % 20), 0 FROM n
    """,
    f"""
    INSERT INTO driver (driver_id, balance_cents, held_cents, blocked, epoch) {_NUMBERS.format(count=":drivers")}
    SELECT {_DRIVER}, 0, 0, 0, 0 FROM n
    """,
    f"""
    INSERT INTO session (session_id, request_id, cp_id, driver_id, state, price_centi_cents_per_kwh, hold_cents,
        limit_mwh, plug_within_s, start_meter_mwh, meter_mwh, authorised_at, started_at, ended_at, stop_reason,
        end_reason) {_NUMBERS.format(count=":sessions")}
    SELECT {_SESSION}, printf('R-%08d', i), {_POINT}, {_DRIVER}, iif(i % 10, 'TICKETED', 'REFUSED'), 2500, 2000,
        80000000, 60, 0, 1000000 + i % 1000, {_INSTANT.format(later=0)}, {_INSTANT.format(later=5)},
        {_INSTANT.format(later=1800)}, NULL, 'unplugged' FROM n
    """,
    """
    INSERT INTO ticket (session_id, request_id, cp_id, driver_id, energy_mwh, cost_cents, price_centi_cents_per_kwh,
        reason, started_at, ended_at, estimated, received_at)
    SELECT session_id, request_id, cp_id, driver_id, meter_mwh, 25, 2500, 'unplugged', started_at, ended_at, 0, ended_at
    FROM session WHERE state = 'TICKETED'
    """,
    """
    INSERT INTO daily (cp_id, day, sessions, energy_mwh, revenue_cents)
    SELECT cp_id, substr(ended_at, 1, 10), COUNT(*), SUM(energy_mwh), SUM(cost_cents) FROM ticket GROUP BY 1, 2
    """,
    """
    INSERT INTO status_daily (cp_id, day, status, ms, times)
    SELECT cp_id, day, column2, 14400000, sessions
    FROM daily, (VALUES (1, 'Available'), (1, 'Charging'), (1, 'Preparing'), (1, 'Faulted'))
    """,
    """
    INSERT INTO status_log (cp_id, at, status, reason)
    SELECT cp_id, started_at, 'Charging', '' FROM ticket ORDER BY ended_at
    """,
]


# ---- the floor


async def _floor() -> None:
    async def ok(_: web.Request) -> web.Response:
        return web.Response(body=b"{}", content_type="application/json")

    app = web.Application()
    app.router.add_get("/", ok)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sys.stdout.write(f"floor listening on 127.0.0.1:{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_floor())
