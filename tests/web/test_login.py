"""Logging in and out, and whose page it is: the windows of one browser share one login."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, WebSocket, expect

from tests.web.browser import PATIENCE_MS, SOCKETS

OLD_PAGE_IS_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
HALF_AN_HOUR_MS = 30 * 60_000


async def knock(room, page: Page, name: str, role: str = "operator") -> None:
    """Log in on a page that shows the login."""
    password = await room.person(name, role)
    await page.fill("#name", name)
    await page.fill("#password", password)
    await page.click("#enter")


async def second_window(room, first: Page, at: str) -> Page:
    """Open another window of the same browser, at the login page."""
    page = await first.context.new_page()
    await page.goto(f"{room.url}/login?next={at}")
    return page


async def is_live(page: Page) -> None:
    await expect(page.locator("html")).to_have_attribute("data-link", "live")


async def test_an_operator_logs_in_and_sees_the_wall(room, window) -> None:
    await room.town.point("CP001")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        tile = page.locator('[data-cp="CP001"]').first
        await expect(tile).to_have_attribute("data-s", "available")


async def test_who_is_quicker_than_the_page_sends_nothing_and_reads_no_names_of_words(room, window) -> None:
    held = asyncio.Event()

    async def slow(route: Route) -> None:
        await held.wait()
        await route.continue_()

    async with window() as opened:
        page = opened.page
        await page.route("**/js/words/en_login.js", slow)
        async with page.expect_request("**/js/words/en_login.js"):
            await page.goto(f"{room.url}/login", wait_until="commit")
        await page.fill("#name", "quick.one")
        await page.fill("#password", await room.person("quick.one", "operator"))
        await expect(page.locator("#enter")).to_be_disabled()
        assert "login." not in await page.inner_text("body")
        await page.press("#password", "Enter")
        held.set()
        await page.click("#enter")
        await is_live(page)


async def test_who_logs_out_in_one_window_is_logged_out_in_the_other(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("401")
        page = await room.enter(opened, "operator", name="walker")
        second = await page.context.new_page()
        await second.goto(room.url + "/monitor")
        await second.click("#account summary")
        await second.get_by_role("button", name="Log out").click()
        await second.wait_for_url(room.url + "/login")
        await page.wait_for_url(re.compile(r"/login\?next="))
        # Coming back leads to where one was.
        await knock(room, page, "walker")
        await page.wait_for_url(room.url + "/")


async def test_a_page_goes_to_the_login_once_however_it_hears_that_it_is_logged_out(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("401")
        page = await room.enter(opened, "operator", name="leaver")

        async def late(route: Route) -> None:
            """Let the closed socket tell of it first."""
            async with page.expect_response("**/api/whoami"):
                response = await route.fetch(headers=await route.request.all_headers())
            await route.fulfill(response=response)

        await page.route("**/api/logout", late)
        went: list[str] = []
        page.on(
            "request", lambda request: went.append(request.url) if request.is_navigation_request() else None
        )
        await page.click("#account summary")
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url(room.url + "/login")
        assert went == [room.url + "/login"]


async def test_who_logs_in_in_one_window_stays_logged_in_in_the_other(room, window) -> None:
    async with window() as opened:
        page = opened.page
        sockets: asyncio.Queue[WebSocket] = asyncio.Queue()
        page.on("websocket", sockets.put_nowait)
        await page.goto(room.url + "/login")
        second = await second_window(room, page, "/monitor")
        await knock(room, page, "both")
        await is_live(page)
        # The browser has one login only: this one ends the first window's.
        await knock(room, second, "both")
        async with asyncio.timeout(10):
            await sockets.get()
            # The next one opens by itself.
            await (await sockets.get()).wait_for_event("framereceived")
        await is_live(page)
        assert page.url == room.url + "/"


async def test_a_page_begins_anew_when_somebody_else_logs_in_in_its_browser(room, window) -> None:
    async with window() as opened, window() as other:
        driver = await room.enter(other, "driver")
        page = opened.page
        await page.add_init_script(SOCKETS)
        # Whoever leads is the last that a page asks for.
        async with page.expect_response("**/api/members"):
            await room.enter(opened, "operator")
        # Its socket was away meanwhile, as that of a hidden page, so nothing was said of it.
        await page.context.clear_cookies()
        await page.context.add_cookies(await driver.context.cookies())
        await page.evaluate("sockets.at(-1).close()")
        await page.wait_for_url(room.url + "/driver")
        await is_live(page)


async def test_a_page_that_the_browser_kept_begins_anew(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "operator")
        async with page.expect_navigation(url=room.url + "/"):
            await page.evaluate(OLD_PAGE_IS_BACK)
        await is_live(page)


async def test_a_driver_who_follows_a_link_of_another_site_gets_the_drivers_page(room, window) -> None:
    async with window() as opened, window() as other:
        driver = await room.enter(other, "driver")
        await opened.page.context.add_cookies(await driver.context.cookies())
        # A page of nowhere is another site: the browser brings no cookie along.
        await opened.page.set_content(f'<a href="{room.url}/">the wall</a>')
        await opened.page.click("a")
        await opened.page.wait_for_url(room.url + "/driver")
        await is_live(opened.page)


async def test_a_page_asks_again_later_when_its_login_could_not_be_kept_alive(room, window) -> None:
    async with window() as opened:
        page = opened.page
        await page.clock.install()
        await room.enter(opened, "operator")
        await page.route("**/api/whoami", lambda route: route.abort(), times=1)
        opened.allowed.append("ERR_FAILED")
        async with page.expect_event("requestfailed"):
            await page.clock.fast_forward(HALF_AN_HOUR_MS)
        async with page.expect_response("**/api/whoami"):
            await page.clock.fast_forward(HALF_AN_HOUR_MS)


async def test_a_password_entered_before_the_scripts_are_there_goes_nowhere(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("ERR_FAILED")
        page, sent = opened.page, list[str]()
        await page.route("**/static/*/js/**", lambda route: route.abort())
        await page.goto(f"{room.url}/login")
        await page.fill("#name", "ana")
        await page.fill("#password", "hunter2")
        page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
        await page.press("#password", "Enter")
        # What it had sent would be on its way before the next picture.
        await page.evaluate(
            "new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))"
        )
        assert sent == []
        assert page.url == f"{room.url}/login"


async def test_all_words_of_the_login_are_asked_for_at_once(room, window) -> None:
    async with window() as opened:
        held: asyncio.Queue[Route] = asyncio.Queue()
        await opened.page.route("**/words/*.js", held.put)
        await opened.page.goto(f"{room.url}/login", wait_until="commit")
        async with asyncio.timeout(PATIENCE_MS / 1000):
            waiting = [await held.get() for _ in range(3)]
        assert any(one.request.url.endswith("/words/en_login.js") for one in waiting)
        for one in waiting:
            await one.continue_()
        await expect(opened.page.locator("#enter")).to_be_enabled()


@pytest.mark.parametrize(
    ("asks", "spoken"), [("de-AT", "de"), ("pt-BR", "pt"), ("ja", "en"), ("es-MX", "es")]
)
async def test_a_browser_is_spoken_to_in_its_language_or_else_in_that_of_central(
    room, window, asks, spoken
) -> None:
    async with window(lang=asks) as opened:
        await opened.page.goto(f"{room.url}/login")
        await expect(opened.page.locator("#enter")).to_be_visible()
        await expect(opened.page.locator("html")).to_have_attribute("lang", spoken)
