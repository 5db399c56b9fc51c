"""Large networks: the wall stays fluent with thousands of charging points, and a page stays small."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.web.browser import PATIENCE_MS, TELEVISION
from tests.web.crowd import CHANGES_PER_S, moving, painted, wake, write_points
from tests.web.room import control_room

WATCHED_S = 2.0
# What a page loads until it is live, and what it has loaded when it is at rest: bytes and requests.
FIRST_VIEW = (150_000, 55)
WHOLE = (175_000, 65)


async def test_2000_charging_points_are_painted_as_they_change_and_only_those(tmp_path, window) -> None:
    # How long it takes is measured by bench.pages.
    await write_points(tmp_path / "state", 2_000)
    async with control_room(tmp_path) as room, window() as opened:
        await wake(room)
        page = await room.enter(opened, "viewer", at="/?d=tiles")
        await expect(page.locator(".tile")).to_have_count(2_000)
        async with moving(room):
            await expect(page.locator('.tile[data-s="charging"] .main', has_text="kW").first).to_be_visible()
            seen = await painted(page, WATCHED_S)
    # A row that came before the first picture may be painted in it.
    assert 0 < seen.tiles <= seen.rows + CHANGES_PER_S
    assert 0 < len(seen.took_ms) <= seen.pictures + 1


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
