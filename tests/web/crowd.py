"""Thousands of charging points in the books of a Central, awake and charging, without their sockets."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from playwright.async_api import Page

from evcharge.central.feed import Live
from evcharge.central.rules.commands import Actor, EngineArrives, MonitorArrives, MonitorReports
from evcharge.domain.ids import JournalId, Role
from tests.component.books import opened, raw
from tests.web.room import ControlRoom

CHANGES_PER_S = 500
PRICE = 2500


async def write_points(state: Path, count: int) -> None:
    """Fill the books of a Central that does not run yet; every second point has a charge under way."""
    folder = state / "central"
    folder.mkdir(parents=True)
    async with opened(folder) as books:
        path = books.path
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    ids = [f"CP{number:05}" for number in range(count)]
    cities = [f"City {number % 40:02}" for number in range(count)]
    with raw(path) as database:
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO cp (cp_id, location, price_centi_cents_per_kwh, operator_hold, weather_hold, revoked, epoch,"
            " last_used, registered_location) VALUES (?, ?, ?, 0, 0, 0, 0, 0, ?)",
            [(cp_id, city, PRICE, city) for cp_id, city in zip(ids, cities, strict=True)],
        )
        for cp_id in ids[::2]:
            driver_id, name = f"D{cp_id[2:]}", f"S-{cp_id}"
            database.execute(
                "INSERT INTO driver (driver_id, balance_cents, held_cents, blocked, epoch)"
                " VALUES (?, 5000, 2000, 0, 0)",
                (driver_id,),
            )
            database.execute(
                "INSERT INTO session (session_id, request_id, cp_id, driver_id, state, price_centi_cents_per_kwh,"
                " hold_cents, limit_mwh, plug_within_s, start_meter_mwh, meter_mwh, authorised_at, started_at,"
                " ended_at, stop_reason, end_reason) VALUES "
                "(?, ?, ?, ?, 'CHARGING', ?, 2000, 80000000, 60, 0, 0, ?, ?, NULL, NULL, NULL)",
                (name, name, cp_id, driver_id, PRICE, now, now),
            )
        database.execute("COMMIT")


async def wake(room: ControlRoom) -> None:
    """Have engine and monitor of every charging point arrive, without their 2 × 2 000 sockets."""
    submit, links = room.town.dispatcher.submit, itertools.count(1_000_000)
    waiting = []
    for point in room.town.dispatcher.facts.points():
        cp: dict[str, Any] = {"by": Actor(point.cp_id, Role.ENGINE, "local"), "cp_id": point.cp_id}
        arrives: dict[str, Any] = {"epoch": 0, "location": point.location}
        engine, monitor = next(links), next(links)
        waiting += [
            submit(EngineArrives(**cp, **arrives, link=engine, journal_id=JournalId("a" * 32), last_seq=0)),
            submit(MonitorArrives(**cp, **arrives, link=monitor)),
            submit(MonitorReports(**cp, link=monitor, epoch=0, fault=None)),
        ]
    await asyncio.gather(*waiting)


@contextlib.asynccontextmanager
async def moving(room: ControlRoom) -> AsyncIterator[None]:
    """Change CHANGES_PER_S rows each second, a tenth of them ten times a second."""
    dispatcher = room.town.dispatcher
    sessions = itertools.cycle([session for session in dispatcher.facts.sessions() if session.is_open])
    powers = itertools.count()

    async def move() -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            for session in itertools.islice(sessions, CHANGES_PER_S // 10):
                number = next(powers)
                power_w = 5_000 + number * 37 % 17_000
                dispatcher._feed.take(
                    session.cp_id, session, Live(session.session_id, power_w, 500_000 + number, 251)
                )
            due_s += 0.1
            await asyncio.sleep(max(0, due_s - loop.time()))

    task = asyncio.create_task(move())
    try:
        yield
    finally:
        task.cancel()


class Painted(Struct, frozen=True):
    """What a wall did in a while: ms of each paint, tiles painted, rows that came, pictures the screen could show."""

    took_ms: list[float]
    tiles: int
    rows: int
    pictures: int

    @property
    def p95_ms(self) -> float:
        """Of the paints."""
        return sorted(self.took_ms)[int(len(self.took_ms) * 0.95)]


async def painted(page: Page, for_s: float) -> Painted:
    """Look at a wall that moves."""
    seen = """async (ms) => {
      const { store, view } = evcharge;
      view.stats.paint.length = 0;
      const [rows, tiles, until] = [store.rx.rows, view.stats.painted, performance.now() + ms];
      let pictures = 0;
      while (performance.now() < until) {
        await new Promise((shown) => requestAnimationFrame(shown));
        pictures += 1;
      }
      return [[...view.stats.paint], view.stats.painted - tiles, store.rx.rows - rows, pictures];
    }"""
    return Painted(*await page.evaluate(seen, for_s * 1000))
