"""The listener of every server: floods, silence, slow readers, and a process that runs out of descriptors."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import socket
import ssl
import struct
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest

from evcharge.domain.errors import Taken
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.clock import utc_now
from evcharge.runtime.listener import Connection, PortOptions, listen
from evcharge.security import state_folder
from evcharge.security.tls import client_context, server_context

pytestmark = pytest.mark.timeout(20)

HOST = "127.0.0.1"
PLAIN = PortOptions(name="Echo", limits=SeatLimits())
# A stranger keeps its seat for a quarter of a second, whoever comes.
SETTLED_S = 0.3


class Echo(asyncio.Protocol):
    """Says back what it hears; "I am NAME" logs in."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"I am "):
            self.connection.prove(data[5:].decode().strip())
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.left()


class Caller:
    """One connection to the listener."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, holds: int | None = None) -> None:
        """`holds`: how many bytes the kernel keeps for it."""
        self._port = port
        self._tls = tls
        self._holds = holds

    async def __aenter__(self) -> Self:
        line = socket.socket()
        line.settimeout(0)
        if self._holds is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._holds)
        await asyncio.get_running_loop().sock_connect(line, (HOST, self._port))
        name = HOST if self._tls else None
        self.reader, self.writer = await asyncio.open_connection(
            sock=line, ssl=self._tls, server_hostname=name
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def says(self, line: bytes) -> bytes:
        """Return what comes back for it: the same, or b"" when the line is dead."""
        self.writer.write(line)
        try:
            return await self.reader.readline()
        except OSError:
            return b""

    async def is_hung_up_on(self) -> bool:
        try:
            return await self.reader.read(1) == b""
        except OSError:
            return True


@contextlib.asynccontextmanager
async def listening(
    limits: SeatLimits | None = None, serve: Callable[[Connection], asyncio.Protocol] = Echo, **more
) -> AsyncIterator[int]:
    options = PortOptions(name="Echo", limits=limits or SeatLimits(), **more)
    async with listen(HOST, 0, serve, options) as port:
        yield port


# ---- seats


@pytest.mark.virtual_time
async def test_whoever_logs_in_keeps_its_connection_whatever_strangers_do():
    async with listening(SeatLimits(strangers=2)) as port, Caller(port) as member:
        assert await member.says(b"I am D01\n") == b"I am D01\n"
        async with contextlib.AsyncExitStack() as crowd:
            for _ in range(5):
                await crowd.enter_async_context(Caller(port))
                await asyncio.sleep(SETTLED_S)
            assert await member.says(b"still here\n") == b"still here\n"


@pytest.mark.virtual_time
async def test_a_login_beyond_its_share_loses_its_own_oldest_connection():
    async with (
        listening(SeatLimits(members_per_login=1)) as port,
        Caller(port) as other,
        Caller(port) as old,
        Caller(port) as new,
    ):
        await other.says(b"I am D02\n")
        await old.says(b"I am D01\n")
        assert await new.says(b"I am D01\n") == b"I am D01\n"
        assert await old.is_hung_up_on()
        assert await other.says(b"still here\n") == b"still here\n"


async def test_a_connection_that_has_ended_leaves_its_seat():
    ended = asyncio.Event()

    class Noted(Echo):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            ended.set()

    async with listening(SeatLimits(strangers=1), Noted) as port:
        for _ in range(3):
            async with Caller(port) as caller:
                assert await caller.says(b"hello\n") == b"hello\n"
            await ended.wait()
            ended.clear()


# ---- silence and slowness


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    state_folder.init_state(folder, [], utc_now())
    return folder


def tls_sessions() -> list[SSLProtocol]:
    return [one for one in gc.get_objects() if isinstance(one, SSLProtocol)]


@pytest.mark.virtual_time
async def test_silent_connections_cost_no_tls_session_and_are_hung_up_on(state: Path):
    tls = server_context(state / "registry.pem", state / "registry.key")
    # What other tests of this process have left does not count; held, so that no new one gets its place.
    others = tls_sessions()
    async with listening(tls=tls, handshake_within_s=1.0) as port, contextlib.AsyncExitStack() as crowd:
        silent = [await crowd.enter_async_context(Caller(port)) for _ in range(20)]
        async with Caller(port, client_context(state / "ca.pem")) as caller:
            assert await caller.says(b"hello\n") == b"hello\n"
            # The two ends of the one that speaks.
            assert len([one for one in tls_sessions() if one not in others]) == 2
        assert all([await one.is_hung_up_on() for one in silent])


async def test_what_is_no_tls_is_hung_up_on_and_takes_no_seat(state: Path):
    tls = server_context(state / "registry.pem", state / "registry.key")
    async with listening(SeatLimits(strangers=1), tls=tls) as port:
        for _ in range(3):
            async with Caller(port) as caller:
                caller.writer.write(b"GET / HTTP/1.1\r\n\r\n")
                assert await caller.is_hung_up_on()
        async with Caller(port, client_context(state / "ca.pem")) as caller:
            assert await caller.says(b"hello\n") == b"hello\n"


def closes(line: socket.socket) -> None:
    line.close()


def resets(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def ends_its_half(line: socket.socket) -> None:
    line.shutdown(socket.SHUT_WR)


def talks_nonsense(line: socket.socket) -> None:
    line.send(b"x" * 5000)


def says_no_more(_line: socket.socket) -> None:
    pass


@pytest.mark.both_loops
@pytest.mark.parametrize("goes", [closes, resets, ends_its_half, talks_nonsense, says_no_more])
async def test_whoever_goes_in_the_middle_of_the_handshake_leaves_its_seat(
    state: Path, goes: Callable[[socket.socket], None]
):
    tls, theirs = (
        server_context(state / "registry.pem", state / "registry.key"),
        client_context(state / "ca.pem"),
    )
    hello, is_served = ssl.MemoryBIO(), asyncio.Event()
    with contextlib.suppress(ssl.SSLWantReadError):
        theirs.wrap_bio(ssl.MemoryBIO(), hello, server_hostname=HOST).do_handshake()

    class Served(Echo):
        def __init__(self, connection: Connection) -> None:
            super().__init__(connection)
            is_served.set()

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

    # Nobody makes way for a newcomer: the one seat must have been left.
    limits, within_s = SeatLimits(strangers=1, grace_s=3_600.0), 0.5 if goes is says_no_more else 3_600.0
    async with listening(limits, Served, tls=tls, handshake_within_s=within_s) as port:
        with socket.create_connection((HOST, port)) as line:
            line.send(hello.read())
            await is_served.wait()
            goes(line)
            said = b""
            while not said:
                with contextlib.suppress(OSError):
                    async with Caller(port, theirs) as newcomer:
                        said = await newcomer.says(b"hello\n")
    assert said == b"hello\n"


@pytest.mark.virtual_time
async def test_whoever_does_not_read_is_cut_off_and_whoever_reads_slowly_is_not():
    class Talker(Echo):
        def data_received(self, data: bytes) -> None:
            self.transport.write(bytes(2**25))

    async with (
        listening(serve=Talker, stalled_s=10.0) as port,
        Caller(port, holds=2**16) as deaf,
        Caller(port, holds=2**16) as slow,
    ):
        deaf.writer.write(b"talk\n")
        slow.writer.write(b"talk\n")
        for _ in range(15):
            await asyncio.sleep(1)
            await slow.reader.readexactly(2**20)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await deaf.reader.readexactly(2**25)
        await slow.reader.readexactly(2**25 - 15 * 2**20)


# ---- accepting


async def test_a_crowd_is_let_in_little_by_little_so_that_others_are_served_meanwhile():
    served = 0
    turns: list[int] = []

    class Counted(Echo):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal served
            served += 1
            super().connection_made(transport)

    async with listening(serve=Counted) as port, asyncio.timeout(10):
        with contextlib.ExitStack() as crowd:
            for _ in range(100):
                crowd.enter_context(socket.create_connection((HOST, port)))
            while served < 100:
                turns.append(served)
                await asyncio.sleep(0)
    assert max(after - before for before, after in pairwise(turns)) <= 16


async def test_without_descriptors_strangers_make_room_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
):
    """Counted in accepted connections: each needs a descriptor, and there are hardly any."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with listening() as port, asyncio.timeout(10):
        with contextlib.ExitStack() as crowd:
            callers = [crowd.enter_context(socket.create_connection((HOST, port))) for _ in range(40)]
            for caller in callers:
                caller.settimeout(0)
            free = os.dup(0)
            os.close(free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + 10, hard))
            try:
                while not any(_is_hung_up_on(caller) for caller in callers):
                    await asyncio.sleep(0.01)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            # Whoever is left is let in as soon as there is room.
            callers[-1].send(b"hello\n")
            while not _heard(callers[-1]):
                await asyncio.sleep(0.01)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in said] == [
        "Echo: cannot accept connections: too many files are open. This process needs a higher limit of open files "
        "(ulimit -n)."
    ]


def _is_hung_up_on(line: socket.socket) -> bool:
    try:
        return line.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _heard(line: socket.socket) -> bool:
    try:
        return line.recv(100) == b"hello\n"
    except BlockingIOError:
        return False


async def test_a_server_that_fails_to_serve_one_connection_serves_the_next(caplog: pytest.LogCaptureFixture):
    broken = True

    def serve(connection: Connection) -> Echo:
        if broken:
            raise KeyError("a bug")
        return Echo(connection)

    async with listening(SeatLimits(strangers=1), serve) as port:
        async with Caller(port) as caller:
            assert await caller.is_hung_up_on()
        assert "the connection of 127.0.0.1 failed" in caplog.text
        broken = False
        async with Caller(port) as caller:
            assert await caller.says(b"hello\n") == b"hello\n"


# ---- eviction


class Told(Echo):
    """Notes whether it is told of the end as often as of the beginning."""

    made = lost = 0

    def connection_made(self, transport: Any) -> None:
        Told.made += 1
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        Told.lost += 1
        super().connection_lost(exc)


@pytest.mark.both_loops
@pytest.mark.parametrize("with_tls", [True, False])
async def test_whoever_is_evicted_in_any_turn_of_its_opening_is_hung_up_on_and_its_protocol_hears_of_it(
    state: Path, with_tls: bool, monkeypatch: pytest.MonkeyPatch
):
    loop, turns = asyncio.get_running_loop(), 0
    inside = server_context(state / "registry.pem", state / "registry.key") if with_tls else None
    outside = client_context(state / "ca.pem") if with_tls else None
    monkeypatch.setattr(Told, "made", 0)
    monkeypatch.setattr(Told, "lost", 0)

    def serve(connection: Connection) -> Told:
        def wait(left: int) -> None:
            if left:
                loop.call_soon(wait, left - 1)
            else:
                connection.abort()

        # Its transport is made next.
        wait(turns)
        return Told(connection)

    async with listening(serve=serve, tls=inside) as port:
        for turns in range(12):
            with contextlib.suppress(ConnectionError):
                async with Caller(port, outside) as caller:
                    assert await caller.is_hung_up_on()
            for _ in range(10):
                await asyncio.sleep(0)
            assert (turns, Told.lost) == (turns, Told.made)
    assert Told.made > 0


# ---- beginning and end


async def test_at_the_end_strangers_are_hung_up_on_and_nobody_gets_in_any_more(state: Path):
    tls = server_context(state / "registry.pem", state / "registry.key")
    for more in ({}, {"tls": tls}):
        async with contextlib.AsyncExitStack() as callers:
            async with listening(**more) as port:
                stranger = await callers.enter_async_context(Caller(port))
            assert await stranger.is_hung_up_on()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, port)


async def test_a_port_that_is_taken_is_named():
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Taken, match=rf"cannot listen on 127\.0\.0\.1:{port}: that port is in use"):
            async with listen(HOST, port, Echo, PLAIN):
                pass


async def test_a_name_is_listened_on_at_each_of_its_addresses():
    async with listen("localhost", 0, Echo, PLAIN) as port, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()
    with pytest.raises(Taken, match="no-such-host"):
        async with listen("no-such-host.invalid", 0, Echo, PLAIN):
            pass


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_everybody_of_ipv6_is_everybody_of_ipv4_too():
    async with listen("::", 0, Echo, PLAIN) as port:
        for host in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"heard")
            assert await reader.readexactly(5) == b"heard"
            writer.close()
            await writer.wait_closed()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_a_free_port_that_somebody_holds_at_another_address_is_chosen_anew(
    monkeypatch: pytest.MonkeyPatch,
):
    with socket.create_server((HOST, 0)) as taken:

        class Unlucky(socket.socket):
            """Where any port will do, it finds the one that is taken at the other address; once."""

            asked = 0

            def bind(self, address: Any) -> None:
                if address[1] == 0:
                    Unlucky.asked += 1
                    if Unlucky.asked == 1:
                        address = (address[0], taken.getsockname()[1], *address[2:])
                super().bind(address)

        monkeypatch.setattr(socket, "socket", Unlucky)
        async with listen("::", 0, Echo, PLAIN) as port:
            # What it is given next may be taken there as well.
            assert port != taken.getsockname()[1]
            assert Unlucky.asked > 1


async def test_a_port_that_is_taken_is_named_as_one_types_it():
    async with listen("::1", 0, Echo, PLAIN) as port:
        with pytest.raises(Taken, match=rf"cannot listen on \[::1\]:{port}: that port is in use"):
            async with listen("::1", port, Echo, PLAIN):
                pass
