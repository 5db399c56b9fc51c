"""What a stranger makes our own code do costs that connection: never a process, never a charge."""

import asyncio
import contextlib
import dataclasses
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.central.feed import Feed
from evcharge.central.rules.commands import AnyCommand
from evcharge.central.rules.epochs import Epochs
from evcharge.central.services import registry_sync as registry_link_module
from evcharge.central.services.registry_sync import RegistryAccess, RegistryLink
from evcharge.cp import health
from evcharge.cp.engine.health_port import HealthPort
from evcharge.domain.errors import AuthenticationError, Code, EvchargeError, ProtocolError
from evcharge.evc1 import caller
from evcharge.evc1 import server as door_module
from evcharge.evc1.client import Phase
from evcharge.evc1.frames import Opener, frame
from evcharge.evc1.messages import Heartbeat
from tests.component.gate import Gate, answer_heartbeats, answering, ended, read_frame
from tests.component.test_link import FAST, Peer
from tests.component.watching import KEY, Watching
from tests.ports import free_port
from tests.serving import listening
from tests.unit.central.builders import Network

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]

# Each of these ended engine, monitor and driver, or would have.
FRAMES = [
    b'{"t":"error","code":"E_BUSY","\\udfff":1}',
    b'{"t":"error","code":"E_BUSY","text":"\\ud800"}',
    b'{"t":"error","code":"E_BUSY","retry_after":' + b"9" * 4_000 + b"}",
    b'{"t":"error","code":"E_BUSY","more":' + b"[" * 4_000,
    b'{"t":"error","code":"E_BUSY","code":"E_REVOKED"}',
    b'{"t":"error","code":"\\u0000"}',
    b'{"t":"challenge"}' + bytes(32),
    b"\x00" * 4_096,
    b"\xff",
]


def fails(*_: object, **__: object) -> None:
    raise KeyError("nobody thought of it")


@pytest.fixture
async def gate():
    async with answering() as gate:
        yield gate


# ---- a peer, and whoever answers at Central's address


@pytest.mark.parametrize("said", FRAMES, ids=lambda said: ascii(said[:48]))
async def test_whatever_a_stranger_says_before_the_login_a_peer_tries_again(said: bytes, tmp_path: Path):
    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            await read_frame(reader)
            writer.write(frame(said))
            await reader.read()
        writer.close()

    gate = Gate()
    async with listening(stranger, free_port()) as gate.port:
        peer = Peer(gate, tmp_path, dataclasses.replace(FAST, for_people_s=0.01))
        async with peer.running() as link:
            error = (await peer.phase(Phase.WAITING)).error
            assert isinstance(error, ProtocolError | AuthenticationError)
            assert error.text.isprintable()
            assert not link.done()
    async with gate.open(answer_heartbeats, port=gate.port), peer.running():
        await peer.phase(Phase.CONNECTED)


async def test_a_mistake_of_ours_before_the_login_is_a_setback_of_a_peer(gate, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(caller, "parse_error", fails)
    peer = Peer(gate, tmp_path)
    async with peer.running():
        error = (await peer.phase(Phase.WAITING)).error
        assert (error.code, error.text) == (Code.CLOSED, "something failed that was not foreseen (KeyError)")
        monkeypatch.undo()
        await peer.phase(Phase.CONNECTED)
    assert "Traceback" not in caplog.text


async def test_a_mistake_of_ours_over_the_registrys_answer_is_a_setback_of_a_peer(gate, tmp_path):
    peer = Peer(gate, tmp_path)
    peer.fetch = fails
    async with peer.running():
        assert (await peer.phase(Phase.WAITING)).error.code is Code.CLOSED
        peer.fetch = gate.ticket
        await peer.phase(Phase.CONNECTED)


async def test_so_it_is_when_a_ticket_is_renewed(gate, tmp_path):
    peer = Peer(gate, tmp_path, dataclasses.replace(FAST, least_renewal_s=0.01))
    peer.wallet.keep_registry(gate.ticket())
    told: asyncio.Queue[EvchargeError] = asyncio.Queue()
    peer.link.on_registry = told.put_nowait
    peer.fetch = fails
    peer.wallet._kept.registry = due(peer.wallet.registry)
    async with peer.running(), asyncio.timeout(5):
        assert (await told.get()).code is Code.CLOSED
        peer.fetch = gate.ticket
        assert await told.get() is None


def due(issued):
    """Return a ticket whose renewal is due."""
    return type(issued)(issued.ticket, issued.key, issued.expires_at, 0)


async def test_a_frame_that_our_code_fails_on_ends_the_connection_and_the_peer_comes_back(
    gate, tmp_path, monkeypatch
):
    peer = Peer(gate, tmp_path)
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        monkeypatch.setattr(Opener, "open", fails)
        (await gate.arrived.get()).send(Heartbeat())
        assert (await peer.phase(Phase.LOST)).error.code is Code.CLOSED
        monkeypatch.undo()
        await peer.phase(Phase.CONNECTED, 2)


# ---- Central, and whoever knocks


@pytest.mark.parametrize("said", FRAMES, ids=lambda said: ascii(said[:48]))
async def test_a_hello_that_is_none_is_counted_and_answered_in_one_line(gate, said: bytes, caplog):
    async with gate.raw() as (reader, writer):
        writer.write(frame(said))
        assert b'"code":"E_MALFORMED"' in await read_frame(reader)
    ((claimed, role, _, error),) = gate.refused
    assert (claimed, role, error.code) == (None, None, Code.MALFORMED)
    assert caplog.text == ""
    await (await gate.knock()).close()


async def test_a_mistake_of_ours_over_a_hello_is_counted_and_answered_in_one_line(gate, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(door_module, "CentralHandshake", fails)
    with pytest.raises(ProtocolError) as refused:
        await gate.knock()
    assert refused.value.code is Code.CLOSED
    ((_, _, address, error),) = gate.refused
    assert (address.rpartition(":")[0], error.code) == ("127.0.0.1", Code.CLOSED)
    assert caplog.text == ""
    monkeypatch.undo()
    await (await gate.knock()).close()


async def test_a_mistake_of_ours_over_a_frame_ends_that_connection_only(monkeypatch):
    async with Gate().open() as gate, gate.pair() as (peer, central):
        opens = Opener.open
        monkeypatch.setattr(
            Opener,
            "open",
            lambda opener, token: fails() if opener is central._opener else opens(opener, token),
        )
        peer.send(Heartbeat())
        assert (await ended(central))[1].code is Code.CLOSED
        async with gate.pair() as (_, other):
            assert not other.is_closing


# ---- the health port, both ends


async def test_a_mistake_of_ours_over_a_ping_ends_that_connection_only(monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    charge = SimpleNamespace(
        fault=None, state="idle", last_seq=0, linked=True, temperature_deci_celsius=200, plugged=False
    )
    port = HealthPort("CP001", charge)
    port._key = KEY
    async with port.listening("127.0.0.1", 0) as number:
        reads = health.read_ping
        monkeypatch.setattr(health, "read_ping", lambda line: fails() if line == b"bad\n" else reads(line))
        async with Watching(number).run() as watching:
            assert await watching.fault() is None
            reader, writer = await asyncio.open_connection("127.0.0.1", number)
            writer.write(b"bad\n")
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            assert watching.faults.empty()
    assert "Traceback" not in caplog.text


async def test_a_mistake_of_ours_over_a_pong_is_a_fault_of_that_engine_until_it_is_understood(monkeypatch):
    charge = SimpleNamespace(
        fault=None, state="idle", last_seq=0, linked=True, temperature_deci_celsius=200, plugged=False
    )
    port = HealthPort("CP001", charge)
    port._key = KEY
    async with port.listening("127.0.0.1", 0) as number:
        monkeypatch.setattr(health, "read_pong", fails)
        async with Watching(number).run() as watching:
            assert await watching.fault() == "something failed that was not foreseen (KeyError)"
            monkeypatch.undo()
            assert await watching.fault() is None


# ---- Central, and whoever answers at the Registry's address


async def test_a_mistake_of_ours_over_the_registrys_answer_is_a_registry_that_is_lost(monkeypatch):
    monkeypatch.setattr(registry_link_module, "POLL_S", 0.01)
    posted: asyncio.Queue[AnyCommand] = asyncio.Queue()
    dispatcher = SimpleNamespace(facts=Network().facts, post=posted.put_nowait)
    link = RegistryLink(RegistryAccess("https://127.0.0.1:1", None, ""), dispatcher, Feed(), Epochs())

    async def answers(_http: object) -> None:
        if broken:
            raise KeyError("nobody thought of it")

    broken = True
    monkeypatch.setattr(link, "_ask", answers)
    task = asyncio.create_task(link.run())
    async with asyncio.timeout(5):
        assert (await posted.get()).event.why == "something failed that was not foreseen (KeyError)"
        broken = False
        assert type((await posted.get()).event).__name__ == "RegistryReached"
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
