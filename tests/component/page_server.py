"""A server with the feed of open pages and nothing else of Central, and a page that is open."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, fields

import aiohttp
from aiohttp import WSMsgType, web

from evcharge.central.api.resources.push import Push
from evcharge.central.rules.commands import Actor
from evcharge.central.views.telemetry import Telemetry
from evcharge.domain.ids import DriverId, Role
from evcharge.http.server import application, serving
from tests.unit.central.pages import Page, Shown

WITHIN_S = 5.0


class FakeBooks:
    """The inbox of each driver, and nothing else."""

    def __init__(self) -> None:
        self.unseen: dict[str, list] = {}

    async def unseen_tickets(
        self, driver_id: DriverId, registration: int, after: int = 0
    ) -> tuple[list, int | None]:
        assert registration == 0
        beyond = self.unseen.get(driver_id, [])[after:]
        return beyond[:50], after + 50 if len(beyond) >= 50 else None


class FakeDispatcher:
    """Carries out commands at once."""

    def __init__(self, town: Shown) -> None:
        self._town = town

    @property
    def facts(self):
        return self._town.facts

    def post(self, command) -> asyncio.Future:
        done = asyncio.get_running_loop().create_future()
        what = {one.name: getattr(command, one.name) for one in fields(command)}
        done.set_result(self._town.does(type(command), **what))
        return done


@dataclass
class Desk:
    """The server, its network, and who is logged in: a page says who it is in a header."""

    town: Shown
    push: Push
    books: FakeBooks
    url: str
    client: aiohttp.ClientSession
    logged_out: set[str] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def page(
        self, who: str = "op", role: Role = Role.OPERATOR, **query: object
    ) -> AsyncIterator["Open"]:
        params = {name: str(value) for name, value in query.items()}
        headers = {"X-Who": who, "X-Role": role.value}
        async with self.client.ws_connect(f"{self.url}/ws", params=params, headers=headers) as ws:
            yield Open(ws)


@dataclass
class Open:
    """A page that is open, and what it shows."""

    ws: aiohttp.ClientWebSocketResponse
    page: Page = field(default_factory=Page)
    frames: list[dict] = field(default_factory=list)

    async def frame(self) -> dict:
        async with asyncio.timeout(WITHIN_S):
            message = await self.ws.receive()
        assert message.type is WSMsgType.TEXT, message
        content = json.loads(message.data)
        self.frames.append(content)
        if "kpi" in content:
            self.page.takes(message.data)
        return content

    async def until(self, wanted) -> dict:
        """Read on until a frame is as wanted."""
        async with asyncio.timeout(WITHIN_S):
            while not wanted(content := await self.frame()):
                pass
        return content

    async def is_closed(self) -> int | None:
        """Wait for the end; return its code."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await self.ws.receive()
                if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                    return self.ws.close_code


@contextlib.asynccontextmanager
async def opened(town: Shown, *, runs: bool = True, **what: object) -> AsyncIterator[Desk]:
    books = FakeBooks()
    desk: Desk

    def standing(request: web.Request):
        return lambda: request.headers["X-Who"] not in desk.logged_out

    push = Push(
        town.board,
        town.drivers_board,
        Telemetry(),
        FakeDispatcher(town),
        books,
        lambda: town.now,
        standing,
        **what,
    )

    async def enter(request: web.Request) -> web.StreamResponse:
        actor = Actor(request.headers["X-Who"], Role(request.headers["X-Role"]), "local")
        return await push.connect(request, actor)

    async def on_refused(request: web.Request, code: str) -> None:
        pass

    app = application([web.get("/ws", enter)], on_refused)
    async with serving(app, "127.0.0.1", 0, None) as port, aiohttp.ClientSession() as client:
        desk = Desk(town, push, books, f"http://127.0.0.1:{port}", client)
        if not runs:
            yield desk
            return
        work = asyncio.create_task(push.run())
        try:
            yield desk
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work


async def who_never_reads(desk: Desk, who: str = "op") -> asyncio.StreamWriter:
    """Open a page that takes nothing of what it is sent; return its side of the connection."""
    port = int(desk.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Who: {who}\r\nX-Role: operator\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    return writer
