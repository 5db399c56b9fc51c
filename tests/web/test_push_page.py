"""How a page follows Central: dropped sockets, restarts, silence."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from tests.web.browser import SOCKETS
from tests.web.room import ControlRoom, central_of, registry_of
from tests.web.scene import begin_charge

# All that the page knows of the charging points, but for the samples of its own sparklines.
KNOWN = "evcharge.store.cps.map(({ hist, changed, ...facts }) => JSON.stringify(facts))"
NEXT_SNAPSHOT = """() => new Promise((done) => {
  evcharge.store.addEventListener("snapshot", () => done(evcharge.store.epoch), { once: true });
})"""
# For how long the page waits before it looks for Central again and again, in ms.
PAUSES = """
globalThis.pauses = [];
const later = globalThis.setTimeout;
globalThis.setTimeout = (what, ms, ...given) => {
  if (String(what).includes("this.open()")) pauses.push(ms);
  return later(what, ms, ...given);
};
"""
FIRST_PAUSE_MS = 400


async def known(page: Page) -> list[str]:
    return await page.evaluate(KNOWN)


@contextlib.asynccontextmanager
async def again(room: ControlRoom) -> AsyncIterator[ControlRoom]:
    """Run Central again, where it was."""
    ports = {"port": room.town.port, "api_port": int(room.url.rpartition(":")[2])}
    async with central_of(room.registry, **ports) as second:
        second.passwords, second.cookies = room.passwords, room.cookies
        yield second


async def test_a_dropped_socket_goes_on_where_it_was_without_a_snapshot(room, window) -> None:
    await room.town.point("CP001")
    await room.town.point("CP002")
    async with window() as opened, window() as other:
        await opened.page.add_init_script(SOCKETS)
        page = await room.enter(opened, "operator")
        await expect(page.locator('.tile[data-s="available"]')).to_have_count(2)
        await page.evaluate("sockets.at(-1).close()")
        await room.ask("POST", "/api/cps/CP002/out")
        await expect(page.locator('.tile[data-cp="CP002"]')).to_have_attribute("data-s", "unavailable")
        opened_sockets, snapshots = await page.evaluate("[sockets.length, evcharge.store.rx.snapshots]")
        assert (opened_sockets, snapshots) == (2, 1)
        # What it pieced together is what somebody sees who opens the page now.
        fresh = await room.enter(other, "viewer")
        assert await known(page) == await known(fresh)


async def test_a_restarted_central_is_live_again_soon_and_nobody_logs_in_again(tmp_path, window) -> None:
    async with registry_of(tmp_path / "state") as registry, window() as opened, window() as other:
        async with central_of(registry) as room:
            await room.town.point("CP001")
            engine = await room.town.point("CP002")
            await begin_charge(room.town, engine, "D01")
            await opened.page.add_init_script(SOCKETS + PAUSES)
            page = await room.enter(opened, "operator")
            await expect(page.locator('.tile[data-s="charging"]')).to_have_count(1)
            epoch = await page.evaluate("evcharge.store.epoch")
            waiting = asyncio.create_task(page.evaluate(NEXT_SNAPSHOT))
        async with again(room) as room, asyncio.timeout(10):
            before = await page.evaluate("sockets.length")
            assert await waiting != epoch
            tries, pauses = await page.evaluate("[sockets.length, pauses]")
            # One may have been on its way when Central came back: the next one finds it.
            assert tries - before <= 2
            # It looks for Central soon, and less often the longer it is away.
            assert pauses
            assert all(pause <= FIRST_PAUSE_MS * 2**number for number, pause in enumerate(pauses)), pauses
            await expect(page.locator("html")).to_have_attribute("data-link", "live")
            # Its peers have not come back; its books know what there was.
            await expect(page.locator('.tile[data-s="disconnected"]')).to_have_count(2)
            fresh = await room.enter(other, "viewer")
            assert await known(page) == await known(fresh)
            await room.town.point("CP001")
            await expect(page.locator('.tile[data-s="available"]')).to_have_count(1)


async def test_a_page_that_hears_nothing_looks_stale_and_then_lost(tmp_path, window) -> None:
    async with registry_of(tmp_path / "state") as registry, window() as opened:
        async with central_of(registry) as room:
            await room.town.point("CP001")
            page = await room.enter(opened, "operator")
            live = page.locator("main")
            await expect(live).to_have_css("filter", "none")
        html = page.locator("html")
        await expect(html).to_have_attribute("data-link", "stale")
        await expect(page.locator("#link")).to_have_text(re.compile(r"No data for [345] s"))
        await expect(html).to_have_attribute("data-link", "lost")
        await expect(page.locator("#lost")).to_be_visible()
        await expect(page.locator("#lost")).to_contain_text("Unable to connect to Central since")
        # All of it has lost its colours, and a command says that it cannot be given.
        await expect(live).not_to_have_css("filter", "none")
        await page.click("#out-all")
        await expect(page.locator(".toast").last).to_contain_text("Is Central there?")
        async with again(room):
            await expect(html).to_have_attribute("data-link", "live", timeout=15_000)
            await expect(page.locator("#lost")).to_be_hidden()
            await expect(page.locator("#toasts")).to_contain_text("Connected to Central again")
            await expect(live).to_have_css("filter", "none")
            await page.click("#out-all")
            await expect(page.locator("dialog[open]")).to_contain_text(
                "Take all charging points out of order?"
            )


async def test_what_central_says_is_told_anew_in_the_language_that_is_chosen(room, window) -> None:
    await room.town.point("CP003")
    async with window() as opened:
        await opened.page.add_init_script(SOCKETS)
        page = await room.enter(opened, "operator")
        await room.ask("POST", "/api/cps/CP003/out")
        messages = page.locator(".messages")
        await expect(messages).to_contain_text("Out of Order: operator")
        await page.locator("#lang").select_option("de")
        await expect(messages).to_contain_text("Außer Betrieb")
        assert await page.evaluate("sockets.length") == 2
        # It goes on in that language, after a break too.
        await page.evaluate("sockets.at(-1).close()")
        await room.ask("POST", "/api/cps/CP003/resume")
        await expect(messages).to_contain_text("nicht mehr zurückgehalten")
        opened.allowed.append("404")
        refused = "import('/static/js/api.js').then(({ get }) => get('/api/cps/CP404')).catch((error) => error.text)"
        assert await page.evaluate(refused) == "CP404 gibt es nicht: Central hat nie davon gehört."
