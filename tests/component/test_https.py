"""Who keeps a connection to an HTTP server that is full: logged-in clients do, the oldest stranger does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from evcharge.http.server import answer, application, prove, serving
from evcharge.runtime.admission import SeatLimits

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]

SETTLED_S = 0.3
SEATS = SeatLimits(strangers=4, strangers_per_network=2, members=3, members_per_login=2)


class Room:
    """Three things to ask for: a page for anybody, one for who says its name, one that takes long."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.page), web.get("/as/{name}", self.page_of), web.get("/slow", self.slow)]

    async def page(self, request: web.Request) -> web.StreamResponse:
        return answer({})

    async def page_of(self, request: web.Request) -> web.StreamResponse:
        prove(request, request.match_info["name"])
        return answer({})

    async def slow(self, request: web.Request) -> web.StreamResponse:
        self.asked.set()
        await self.go_on.wait()
        return answer({})


class Client:
    """One connection, kept open, from an address of its own."""

    def __init__(self, port: int, come_from: str = "127.0.0.1") -> None:
        self._port = port
        self._come_from = come_from

    async def __aenter__(self) -> "Client":  # noqa: PYI034
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._port, local_addr=(self._come_from, 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def asks(self, path: str) -> None:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    async def status(self) -> int | None:
        """Return the status of the next answer; None when it was hung up on."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            return None
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        await self.reader.readexactly(length)
        return int(head.split()[1])

    async def gets(self, path: str) -> int | None:
        self.asks(path)
        return await self.status()


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
async def port(room: Room) -> AsyncIterator[int]:
    async def refused(request: web.Request, code: str) -> None:
        pass

    async with serving(application(room.routes(), refused), "127.0.0.1", 0, None, seats=SEATS) as port:
        yield port


@contextlib.asynccontextmanager
async def crowd(port: int, *addresses: str) -> AsyncIterator[list[Client]]:
    """Silent connections, which have sat there for a while."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(port, address)) for address in addresses]
        await asyncio.sleep(SETTLED_S)
        yield clients


@pytest.mark.parametrize(
    "come_from", ["127.0.0.1", "127.0.0.3"], ids=["behind the same address", "from another"]
)
async def test_silent_connections_lock_nobody_out(port: int, come_from: str):
    async with crowd(port, *["127.0.0.1", "127.0.0.2"] * 2) as silent, Client(port, come_from) as client:
        assert await client.gets("/") == 200
        assert await silent[0].status() is None


async def test_whoever_has_logged_in_keeps_its_connection(port: int):
    async with Client(port) as member:
        assert await member.gets("/as/D01") == 200
        async with crowd(port, *["127.0.0.1"] * 6):
            assert await member.gets("/") == 200


async def test_a_request_that_is_being_answered_outlasts_the_silent_ones(port: int, room: Room):
    async with Client(port) as client:
        client.asks("/slow")
        await room.asked.wait()
        async with crowd(port, "127.0.0.1") as silent, Client(port) as late:
            assert await late.gets("/") == 200
            assert await silent[0].status() is None
            room.go_on.set()
            assert await client.status() == 200


async def test_once_it_is_answered_a_stranger_is_as_old_as_it_is(port: int, room: Room):
    async with Client(port) as client:
        assert await client.gets("/") == 200
        async with crowd(port, *["127.0.0.1"] * 2):
            assert await client.status() is None


async def test_a_login_beyond_its_share_loses_its_oldest_idle_connection(port: int):
    async with Client(port) as first, Client(port, "127.0.0.2") as second, Client(port, "127.0.0.3") as third:
        for client in (first, second, third):
            assert await client.gets("/as/D01") == 200
        assert await first.status() is None
        assert await second.gets("/") == 200


async def test_beyond_the_most_members_a_login_is_told_to_come_back(port: int):
    async with contextlib.AsyncExitStack() as stack:
        for number in range(3):
            client = await stack.enter_async_context(Client(port, f"127.0.0.{number + 1}"))
            assert await client.gets(f"/as/D{number}") == 200
        late = await stack.enter_async_context(Client(port))
        assert await late.gets("/as/D9") == 503
        # It may still ask what strangers may.
        assert await late.gets("/") == 200
