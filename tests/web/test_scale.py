"""Large networks: the wall stays fluent with thousands of charging points, and a page stays small."""

import asyncio
import contextlib
import itertools
import re
import statistics
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from evcharge.central.feed import Live
from evcharge.central.rules.commands import Actor, EngineArrives, MonitorArrives, MonitorReports
from evcharge.domain.ids import JournalId, Role
from tests.component.books import opened, raw
from tests.web.browser import PATIENCE_MS, TELEVISION
from tests.web.room import ControlRoom, control_room

PICTURE_MS = 16
CHANGES_PER_S = 500
WINDOW_S = 2.0
WINDOWS = 3
# What a page loads until it is live, and what it has loaded when it is at rest: bytes and requests.
FIRST_VIEW = (150_000, 55)
WHOLE = (175_000, 65)
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


async def paints(page: Page) -> tuple[float, int, int]:
    """Return p95 in ms of the paints of one window, how many there were, and how many rows came."""
    seen = """async (ms) => {
      const { store, view } = evcharge;
      view.stats.paint.length = 0;
      const before = store.rx.rows;
      await new Promise((done) => setTimeout(done, ms));
      return [[...view.stats.paint], store.rx.rows - before];
    }"""
    took, rows = await page.evaluate(seen, WINDOW_S * 1000)
    took.sort()
    return took[int(len(took) * 0.95)], len(took), rows


async def test_2000_charging_points_are_painted_within_a_picture_of_the_screen(tmp_path, window) -> None:
    await write_points(tmp_path / "state", 2_000)
    async with control_room(tmp_path) as room, window() as opened:
        await wake(room)
        page = await room.enter(opened, "viewer", at="/?d=tiles")
        await expect(page.locator(".tile")).to_have_count(2_000)
        async with moving(room):
            await expect(page.locator('.tile[data-s="charging"] .main', has_text="kW").first).to_be_visible()
            seen = [await paints(page) for _ in range(WINDOWS)]
        shown = "; ".join(f"p95 {p95:.1f} ms of {count} paints, {rows} rows" for p95, count, rows in seen)
        # Enough came: otherwise nothing was measured.
        assert statistics.median(rows for _, _, rows in seen) > CHANGES_PER_S * WINDOW_S / 2, shown
        assert statistics.median(p95 for p95, _, _ in seen) < PICTURE_MS, shown


async def test_200_charging_points_are_all_on_the_screen_and_a_larger_one_shows_them_larger(
    tmp_path, window
) -> None:
    await write_points(tmp_path / "state", 200)
    seen = """() => {
      const wall = document.querySelector("#wall");
      const tiles = [...wall.querySelectorAll(".tile")].map((tile) => tile.getBoundingClientRect());
      return [wall.scrollHeight - wall.clientHeight, Math.max(...tiles.map(({ bottom }) => bottom)), tiles[0].width];
    }"""
    async with control_room(tmp_path) as room, window(size=TELEVISION) as opened:
        page = await room.enter(opened, "viewer", at="/?d=tiles&kiosk=1")
        await expect(page.locator(".tile")).to_have_count(200)
        await expect(page.locator("#wall")).to_have_class(re.compile(r"\bfit\b"))
        # A wall at which nobody sits has nothing to press.
        for control in (".nav", "#density", "#account", "#theme", "#search"):
            await expect(page.locator(control)).to_be_hidden()
        hidden, bottom, small = await page.evaluate(seen)
        assert hidden <= 0
        assert bottom <= TELEVISION[1]
        await page.set_viewport_size({"width": 3840, "height": 2160})
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while (await page.evaluate(seen))[2] < 1.9 * small:
                await asyncio.sleep(0.05)
        hidden, bottom, _ = await page.evaluate(seen)
        assert hidden <= 0
        assert bottom <= 2160


async def test_10000_charging_points_open_as_a_mosaic_and_are_live(tmp_path, window) -> None:
    await write_points(tmp_path / "state", 10_000)
    async with control_room(tmp_path) as room, window() as opened:
        page = await room.enter(opened, "viewer")
        await expect(page.locator('[data-d="mosaic"]')).to_have_attribute("aria-pressed", "true")
        await expect(page.locator('[data-filter="all"] b')).to_have_text("10,000")
        await page.locator("canvas.mosaic").focus()
        await page.keyboard.press("End")
        await expect(page.locator("#mosaic-at")).to_contain_text("CP")
        # The last row that changes is seen, and all are counted.
        await room.ask("POST", "/api/cps/CP09999/revoke")
        await expect(page.locator('[data-filter="unavailable"] b')).to_have_text("1")
        assert await page.evaluate("evcharge.store.rx.snapshots") == 1


WEIGH = """() => {
  const live = performance.getEntriesByName("live")[0]?.startTime ?? Infinity;
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const parts = all.filter(({ name }) => !new URL(name).pathname.startsWith("/api/"));
  const path = (name) => new URL(name).pathname.replace(/^\\/static\\/[0-9a-f]{10}/, "/static");
  return parts.map((one) => [path(one.name), one.decodedBodySize, one.startTime <= live]);
}"""


@pytest.mark.parametrize("path", ["/login", "/", "/driver", "/monitor"])
async def test_a_page_is_light_when_it_is_live_and_when_it_is_at_rest(room, window, path) -> None:
    role = "driver" if path == "/driver" else "viewer"
    async with window() as opened:
        await room.enter(opened, role)
    # A window of its own has an empty cache.
    async with window() as opened:
        page = opened.page
        if path == "/login":
            await page.goto(f"{room.url}/login")
            await expect(page.locator("#enter")).to_be_visible()
        else:
            await room.enter(opened, role, at=path)
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while not await page.evaluate("performance.getEntriesByName('whole').length"):
                    await asyncio.sleep(0.05)
        whole = await page.evaluate(WEIGH)
        first = [part for part in whole if part[2]]
        assert len(first) > 5
        # What is left for later is there when nobody has asked for it: a Central that goes takes no button along.
        assert path == "/login" or "/static/js/account_menu.js" in {name for name, *_ in whole}
        assert path == "/login" or "/static/js/account_menu.js" not in {name for name, *_ in first}
        for parts, (most_bytes, most_requests) in ((first, FIRST_VIEW), (whole, WHOLE)):
            total, largest = sum(size for _, size, _ in parts), sorted(parts, key=lambda part: -part[1])[:8]
            shown = f"{path} weighs {total} bytes in {len(parts)} files, the largest: {largest}"
            assert total <= most_bytes, shown
            assert len(parts) <= most_requests, shown
