"""What Central's end of a connection needs of its loop, on asyncio's own and on uvloop."""

import asyncio
import builtins
import os
import select
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
import uvloop

from evcharge.domain.errors import AuthenticationError, Code, ProtocolError
from evcharge.domain.ids import Role
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import ChannelClosed, Traffic
from evcharge.evc1.frames import frame
from evcharge.evc1.messages import Ack, Bye, ErrorNotice, Heartbeat
from evcharge.runtime import clock, lifecycle, loops
from evcharge.security import state_folder, tls
from tests.component.gate import Gate, answering, ended, ready

pytestmark = [pytest.mark.timeout(60), pytest.mark.both_loops]


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture(params=["fernet", "aes-gcm"])
async def gate(request):
    traffic = Traffic(messages_per_s=1e6)
    async with Gate(traffic=traffic, aes_gcm=request.param == "aes-gcm").open() as gate:
        yield gate


async def test_messages_and_new_keys_go_both_ways_in_order(gate):
    async with gate.pair() as (peer, central):
        for number in range(300):
            peer.send(ready(number))
            central.send(Ack(seq=number))
            if number % 100 == 50:
                central.rekey(bytes([number]) * 32)
            if number % 50 == 0:
                await asyncio.sleep(0)
        assert [await central.receive() for _ in range(300)] == [ready(number) for number in range(300)]
        assert [await peer.receive() for _ in range(300)] == [Ack(seq=number) for number in range(300)]


async def test_a_slow_reader_is_not_read_for_and_loses_nothing(gate):
    async with gate.pair() as (peer, central):
        for number in range(2_000):
            peer.send(ready(number))
            if number % 20 == 0:
                await asyncio.sleep(0)
        await until(lambda: not central._transport.is_reading())
        assert [await central.receive() for _ in range(2_000)] == [ready(number) for number in range(2_000)]
        await until(central._transport.is_reading)


async def test_a_farewell_reaches_a_peer_that_never_stops_talking(gate):
    async with gate.pair() as (peer, central), asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(ended(peer))
        for number in range(300):
            peer.send(ready(number))
        await central.close(ErrorNotice(code=Code.DUPLICATE, text="somebody else"))
        _, end = await reading
        assert isinstance(end, AuthenticationError)


async def test_half_a_frame_garbage_and_a_cut_line_are_told_apart(gate):
    async with gate.pair() as (peer, central):
        peer.send_half_frame(ready(1))
        assert "middle of a frame" in (await ended(central))[1].text
    async with gate.pair() as (peer, central):
        peer._transport.write(frame(b"garbage"))
        with pytest.raises(ProtocolError):
            await central.receive()
    async with gate.pair() as (peer, central):
        peer.abort()
        assert isinstance((await ended(central))[1], ChannelClosed)
    async with gate.pair() as (peer, central):
        await peer.close(Bye(reason="done"))
        messages, _ = await ended(central)
        assert messages == [Bye(reason="done")]


async def test_unsent_bytes_grow_for_a_far_end_that_never_reads(gate):
    async with gate.pair() as (peer, central):
        told: list[int] = []
        central.tell_trouble(256 * 1024, lambda: told.append(central.unsent_bytes))
        peer._transport.pause_reading()
        for _ in range(60_000):
            central.send(ErrorNotice(code=Code.BUSY, text="x" * 200))
        assert central.unsent_bytes > 256 * 1024
        await until(lambda: told)
        assert told[0] > 256 * 1024


async def test_heartbeats_are_answered():
    async with answering() as gate, gate.pair() as (peer, _):
        peer.send(Heartbeat())
        async with asyncio.timeout(20):
            assert await peer.receive() == Heartbeat()


async def test_frames_run_inside_tls(tmp_path: Path):
    state = tmp_path / "state"
    state_folder.init_state(state, ["localhost", "127.0.0.1"], clock.utc_now())
    inside = tls.server_context(state / "central.pem", state / "central.key")
    async with (
        Gate(tls=inside).open() as gate,
        gate.pair(tls=tls.client_context(state / "ca.pem")) as (peer, central),
    ):
        peer.send(ready(1))
        central.send(Ack(seq=1))
        assert await central.receive() == ready(1)
        assert await peer.receive() == Ack(seq=1)
        told: list[int] = []
        central.tell_trouble(256 * 1024, lambda: told.append(central.unsent_bytes))
        peer._transport.pause_reading()
        async with asyncio.timeout(20):
            while not told:
                central.send(ErrorNotice(code=Code.BUSY, text="x" * 200))
                await asyncio.sleep(0)
        assert told[0] > 256 * 1024


async def test_strangers_are_told_why_and_many_come_and_go(gate):
    for _ in range(50):
        async with gate.raw() as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert b"HTTP on the charging port" in await reader.read()
    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(come_and_go(gate, f"CP{number:03}"))


async def come_and_go(gate: Gate, name: str) -> None:
    channel = await connect("127.0.0.1", gate.port, gate.ticket(name), name, Role.ENGINE)
    await channel.close()


class Talker(asyncio.Protocol):
    """Writes as soon as it may, as a client of TLS does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b"hello")  # type: ignore[attr-defined]


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("with_tls", [True, False])
async def test_a_connection_that_broke_before_its_first_byte_closes_no_other(with_tls, tmp_path: Path):
    state = tmp_path / "state"
    state_folder.init_state(state, ["127.0.0.1"], clock.utc_now())
    inside: dict[str, Any] = {}
    if with_tls:
        inside = {"ssl": tls.client_context(state / "ca.pem"), "server_hostname": "127.0.0.1"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    # The far end is killed.
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    cut, number = select.poll(), ours.fileno()
    cut.register(ours, select.POLLHUP)
    assert cut.poll(20_000)
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(Talker, sock=ours, **inside)
        await until(transport.is_closing)
    except ConnectionError:
        assert with_tls
    await until(lambda: not is_open(number))
    # Else it closes whoever gets its number next, as soon as it is collected.
    assert ours.detach() == -1


@pytest.mark.parametrize("has_uvloop", [True, False])
def test_a_role_with_many_links_runs_on_uvloop_where_it_is_installed(has_uvloop, monkeypatch):
    imports = builtins.__import__

    def without(name, *more):
        if name == "evcharge.runtime.uv_loop":
            raise ImportError(name)
        return imports(name, *more)

    if not has_uvloop:
        monkeypatch.setattr(builtins, "__import__", without)
    kinds = []

    async def main(_stop):
        kinds.append(type(asyncio.get_running_loop()))

    assert lifecycle.run(main, loops.fastest()) == 0
    assert issubclass(kinds[0], uvloop.Loop) is has_uvloop
    lifecycle.run(main)
    assert not issubclass(kinds[1], uvloop.Loop)
