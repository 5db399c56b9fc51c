"""The web pages in a real browser, on a real Central: app, browser and test share one loop."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.absent import absent
from tests.web import browser as browsers
from tests.web.room import ControlRoom, control_room

_IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say it before the loop's factory becomes a parameter: one of each test ends browser and room after each test."""
    metafunc.definition.add_marker(_IN_ONE_LOOP, append=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every test of this folder in the session's loop, where the browser lives."""
    for item in items:
        if "tests/web/" in item.nodeid:
            item.add_marker(_IN_ONE_LOOP, append=False)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a worker."""
    if browsers.CHROMIUM is None:
        absent("no Chromium here: apt-get install chromium-headless-shell, or name one in EVCHARGE_CHROMIUM")
    async with browsers.chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def room(tmp_path_factory) -> AsyncIterator[ControlRoom]:
    """A Central with its web pages, and people who can log in; one for all tests of a file."""
    async with control_room(tmp_path_factory.mktemp("room")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def fresh_room(tmp_path) -> AsyncIterator[ControlRoom]:
    """A room of the test's own, for what would disturb the others."""
    async with control_room(tmp_path) as running:
        yield running


OpenWindow = Callable[..., AbstractAsyncContextManager[browsers.Window]]


@pytest.fixture
def window(browser: Browser) -> OpenWindow:
    """Open a window; when it closes, its console must have shown no error."""

    @contextlib.asynccontextmanager
    async def opened(**wish: Any) -> AsyncIterator[browsers.Window]:
        async with browsers.window(browser, **wish) as one:
            yield one
            assert not one.complaints()

    return opened


@pytest_asyncio.fixture(loop_scope="session")
async def run(room, window):
    """Run a piece of JavaScript in an empty page of Central: `m` is the module called `name`."""
    async with window(lang="en") as opened:
        await opened.page.goto(f"{room.url}/login")

        async def ran(name: str, body: str) -> object:
            return await opened.page.evaluate(
                f"async () => {{ const m = await import('/static/js/{name}.js'); {body} }}"
            )

        yield ran
