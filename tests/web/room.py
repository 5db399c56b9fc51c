"""A control room: a real Central with its web pages, and people who can log in to it."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from playwright.async_api import Page, expect

from evcharge.evc1.messages import Heartbeat
from evcharge.security import secret_files, state_folder
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.town import Town, running
from tests.ports import free_port
from tests.web.browser import Window

_BEAT_S = 0.5
# Where each role lands after its login.
HOME = {"driver": "/driver"}


@dataclass
class ControlRoom:
    """Central's pages at `url`; `town` moves its peers."""

    town: Town
    registry: Running
    url: str
    passwords: dict[str, str] = field(default_factory=dict)
    # What the browser of each person holds since its first login.
    cookies: dict[str, list[Any]] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make one call of the API as an administrator's program; return the answer's JSON."""
        token = secret_files.read_secret(state_folder.operator_token_path(self.town.state))
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
            http.request(method, self.url + path, json=body) as response,
        ):
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    async def person(self, name: str, role: str) -> str:
        """Give somebody an account, once; return the password."""
        if name not in self.passwords:
            password = secrets.token_urlsafe(12)
            body = {"name": name, "role": role, "password": password}
            await self.ask("POST", "/api/accounts", body)
            self.passwords[name] = password
        return self.passwords[name]

    async def enter(self, window: Window, role: str = "admin", *, name: str = "", at: str = "") -> Page:
        """Open a page as somebody, who logs in the first time; return it, showing what is so now."""
        name = name or {"driver": "D01"}.get(role, f"{role}.one")
        page, at = window.page, at or HOME.get(role, "/")
        if name in self.cookies:
            await page.context.add_cookies(self.cookies[name])
            await page.goto(self.url + at)
        else:
            await self.log_in(window, role, name, at)
            self.cookies[name] = await page.context.cookies()
        await expect(page.locator("html")).to_have_attribute("data-link", "live")
        return page

    async def log_in(self, window: Window, role: str, name: str, at: str) -> None:
        """Log somebody in through the login page."""
        password, page = await self.person(name, role), window.page
        await page.goto(f"{self.url}/login?next={quote(at, safe='')}")
        await page.fill("#name", name)
        await page.fill("#password", password)
        await page.click("#enter")
        await page.wait_for_url(self.url + at)


async def _beat(town: Town) -> None:
    """Keep every peer of the town alive: its own program would send these."""
    while True:
        for channel in town.channels:
            channel.send(Heartbeat())
        await asyncio.sleep(_BEAT_S)


@contextlib.asynccontextmanager
async def control_room(folder: Path, **central: object) -> AsyncIterator[ControlRoom]:
    """Run Central with its web pages, and its Registry, until the block ends."""
    async with registry_of(folder / "state") as registry, central_of(registry, **central) as room:
        yield room


@contextlib.asynccontextmanager
async def registry_of(state: Path) -> AsyncIterator[Running]:
    """Make a state folder, and run its Registry until the block ends."""
    # Not in this loop: `evcharge init` runs one of its own.
    password = await asyncio.to_thread(make_state, state)
    async with running_registry(state, password) as registry:
        yield registry


@contextlib.asynccontextmanager
async def central_of(registry: Running, **central: Any) -> AsyncIterator[ControlRoom]:
    """Run Central beside a Registry that runs until the block ends; it may be run again on the same ports."""
    ports = {"port": free_port(), "api_port": free_port()}
    # What is asked of an engine in one test may stand unanswered on the screens of all the others.
    slow = {"plug_within_s": 3_600}
    async with running(registry.state, registry.url, **ports | slow | central) as town:
        line = await town.says(r"listening on http://")
        beating = asyncio.create_task(_beat(town))
        try:
            yield ControlRoom(town, registry, line[line.index("http://") :].split()[0])
        finally:
            beating.cancel()
