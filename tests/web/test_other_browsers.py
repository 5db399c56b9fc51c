"""The pages in Firefox and in WebKit: the same walk, left out where they are not installed."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.ports import free_port
from tests.web import other_browsers
from tests.web.browser import PATIENCE_MS
from tests.web.other_browsers import Browser
from tests.web.room import ControlRoom

POINTS = ("CP001", "CP002", "CP003")
# Ten times what a page needs: these start on a machine that does other things.
PATIENCE_S = 3 * PATIENCE_MS / 1000


@pytest_asyncio.fixture(loop_scope="session", scope="module", autouse=True)
async def _points(room: ControlRoom) -> None:
    for cp_id in POINTS:
        await room.town.point(cp_id)
    await room.ask("POST", "/api/cps/CP003/out")


@pytest_asyncio.fixture(loop_scope="session", params=["firefox", "webkit"])
async def browser(request, tmp_path) -> AsyncIterator[Browser]:
    """A window of each; no browser of theirs is asked for: whoever has it runs them."""
    if request.param == "firefox":
        if other_browsers.FIREFOX is None:
            pytest.skip("no Firefox here: apt-get install firefox-esr")
        opened = other_browsers.firefox(tmp_path / "profile")
    else:
        if not (other_browsers.WEBKIT_DRIVER and other_browsers.MINI_BROWSER and other_browsers.XVFB):
            pytest.skip("no WebKit here: apt-get install webkit2gtk-driver xvfb")
        opened = other_browsers.webkit(tmp_path / "profile", free_port())
    async with opened as browser:
        yield browser


async def until(browser: Browser, script: str) -> None:
    """Wait until the page says yes."""
    said = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                # A page that is being left answers nothing.
                with contextlib.suppress(AssertionError):
                    said = await browser.run(script)
                if said is True:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        shown = await browser.run(
            "`${location} ${document.documentElement.dataset.link}\\n${document.body.innerText}`"
        )
        raise AssertionError(f"{script} stayed {said!r}: {shown}") from None


async def log_in(browser: Browser, room: ControlRoom, name: str, role: str, at: str) -> None:
    """Log somebody in as a person does."""
    password = await room.person(name, role)
    await browser.go(f"{room.url}/login")
    await until(browser, "document.querySelector('#enter').textContent !== ''")
    typed = json.dumps([name, password])
    await browser.run(
        f"""(([name, password]) => {{
          document.querySelector("#name").value = name;
          document.querySelector("#password").value = password;
          document.querySelector("#enter").click();
        }})({typed})"""
    )
    await until(browser, f"location.pathname === '{at}' && document.documentElement.dataset.link === 'live'")
    await browser.run("(globalThis.wrong = [], addEventListener('error', (e) => wrong.push(e.message)))")


async def test_an_operators_walk(browser: Browser, room: ControlRoom) -> None:
    await log_in(browser, room, "other.one", "operator", "/")
    await until(browser, f"document.querySelectorAll('.tile').length === {len(POINTS)}")
    await browser.run("document.querySelector('[data-filter=unavailable]').click()")
    await until(browser, "document.querySelectorAll('.tile:not([hidden])').length === 1")
    await browser.run("document.querySelector('[data-filter=all]').click()")
    await browser.run("document.querySelector('.tile[data-cp=CP002]').click()")
    await until(browser, "document.querySelector('#drawer h2')?.textContent === 'CP002'")
    await browser.run("history.back()")
    await until(browser, "!document.querySelector('#drawer')?.open")
    for view, part in (("mosaic", "canvas.mosaic"), ("map", "svg.map"), ("tiles", ".tile")):
        await browser.run(f"document.querySelector('[data-d={view}]').click()")
        await until(
            browser,
            f"document.querySelector('#wall {part}, .view {part}')?.getBoundingClientRect().width > 0",
        )
    for tab in ("history", "stats", "drivers", "weather", "audit", "registration"):
        await browser.run(f"(location.hash = '{tab}')")
        await until(browser, f"document.querySelector('#{tab} h2') !== null")
    await browser.run(
        "[document.querySelector('#lang')].forEach((one) => (one.value = 'es', one.dispatchEvent(new Event('change'))))"
    )
    await until(browser, "document.documentElement.lang === 'es'")
    # A notice that a measurement goes on in the next picture is no error.
    assert await browser.run("wrong.filter((text) => !text.startsWith('ResizeObserver loop'))") == []


async def test_a_drivers_page(browser: Browser, room: ControlRoom) -> None:
    await log_in(browser, room, "D01", "driver", "/driver")
    await until(browser, "document.querySelectorAll('#free li, .free li').length > 0")
    # A notice that a measurement goes on in the next picture is no error.
    assert await browser.run("wrong.filter((text) => !text.startsWith('ResizeObserver loop'))") == []
