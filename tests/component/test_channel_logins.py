"""How channels begin and end at Central over loopback: logging in, conversations, TLS."""

import asyncio
import contextlib
import gc
import logging
import socket

import pytest

from evcharge.domain.errors import AuthenticationError, Code, StateError
from evcharge.domain.ids import Role
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import ChannelClosed
from evcharge.evc1.messages import Bye, Query
from evcharge.runtime import clock
from evcharge.security import state_folder, tls
from tests.component.gate import Gate, ended, ready
from tests.serving import listening

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]


@pytest.fixture
async def gate():
    async with Gate().open() as gate:
        yield gate


# ---- logging in


async def test_nobody_listening_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ChannelClosed) as caught:
            await connect("127.0.0.1", port, Gate().ticket(), "CP001", Role.ENGINE)
    assert caught.value.code is Code.UNREACHABLE
    assert f"cannot connect to CENTRAL at 127.0.0.1:{port}" in caught.value.text


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_that_comes_about_as_it_is_given_up_ends_unheard(monkeypatch, when):
    loop, heard = asyncio.get_running_loop(), []

    async def too_late(protocol, *_, **__):
        caller = protocol()
        if when == "before":
            caller.connection_lost(None)
        else:
            loop.call_soon(caller.connection_lost, None)
        raise TimeoutError

    monkeypatch.setattr(loop, "create_connection", too_late)
    loop.set_exception_handler(lambda _, context: heard.append(context["message"]))
    with pytest.raises(ChannelClosed, match="no answer"):
        await connect("127.0.0.1", 1, Gate().ticket(), "CP001", Role.ENGINE)
    await asyncio.sleep(0)
    gc.collect()
    assert heard == []


async def test_a_central_that_does_not_answer_is_given_up(gate):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    gate.port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(ChannelClosed) as caught:
            await gate.knock(timeout_s=0.05)
        assert caught.value.code is Code.TIMEOUT
    finally:
        server.close()
        await asyncio.sleep(0.01)


async def test_a_central_that_hangs_up_during_the_login_is_said_so(gate):
    async def rude(_reader, writer):
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    gate.port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(ChannelClosed) as caught:
            await gate.knock()
        assert "hung up" in caught.value.text
    finally:
        server.close()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("turns", range(12))
async def test_a_login_cancelled_at_any_step_leaves_nothing_open(gate, turns):
    knocking = asyncio.get_running_loop().create_task(gate.knock())
    for _ in range(turns):
        await asyncio.sleep(0)
    knocking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await (await knocking).close()
    await asyncio.sleep(0.01)
    gc.collect()


async def test_a_login_that_is_given_up_leaves_no_error_that_nobody_hears(gate, caplog):
    async def rude(_reader, writer):
        writer.close()

    async with listening(rude) as port:
        for turns in range(12):
            knocking = asyncio.create_task(connect("127.0.0.1", port, gate.ticket(), "CP001", Role.ENGINE))
            for _ in range(turns):
                await asyncio.sleep(0)
            knocking.cancel()
            with contextlib.suppress(asyncio.CancelledError, ChannelClosed):
                await knocking
            await asyncio.sleep(0.01)
            del knocking
    # Once for all of them: after many tests a worker has much to look at.
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_a_taken_port_is_said_so(gate):
    with pytest.raises(StateError, match="cannot listen on"):
        async with Gate().open(port=gate.port):
            pass


# ---- conversations at Central


async def conversation_ends_with(on_channel):
    async with Gate().open(on_channel) as gate:
        peer = await gate.knock()
        _, end = await ended(peer)
        await peer.close()
        return end


async def test_a_failing_conversation_is_logged_and_its_connection_closed(caplog):
    async def fails(_channel):
        raise ZeroDivisionError

    end = await conversation_ends_with(fails)
    assert end.code is Code.CLOSED
    assert "the conversation with engine CP001" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_an_error_of_a_conversation_is_told_to_the_peer(caplog):
    async def refuses(channel):
        raise AuthenticationError("you\nare\u202e not welcome", Code.DISABLED)

    with caplog.at_level(logging.WARNING):
        end = await conversation_ends_with(refuses)
    assert isinstance(end, AuthenticationError)
    assert end.code is Code.DISABLED
    assert end.text == "you?are? not welcome"
    assert "Traceback" not in caplog.text


async def test_a_conversation_that_simply_returns_closes_its_connection():
    async def returns(channel):
        channel.send(Query(session_id="session-000001"))

    end = await conversation_ends_with(returns)
    assert end.code is Code.CLOSED


async def test_a_stopping_central_says_goodbye_and_ends_every_task():
    gate = Gate()
    async with gate.open():
        peer = await gate.knock()
        await gate.arrived.get()
        async with gate.raw():
            tasks_before = len(asyncio.all_tasks())
            assert tasks_before >= 2
            reading = asyncio.get_running_loop().create_task(ended(peer))
            await asyncio.sleep(0.01)
    messages, _ = await reading
    assert messages == [Bye(reason="CENTRAL is stopping")]
    await peer.close()
    assert len(asyncio.all_tasks()) == 1


# ---- inside TLS


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    state_folder.init_state(state, ["localhost", "127.0.0.1"], clock.utc_now())
    return state


async def test_the_same_frames_run_inside_tls(certificates):
    inside = tls.server_context(certificates / "central.pem", certificates / "central.key")
    gate = Gate(tls=inside)
    async with gate.open():
        peer = await gate.knock(tls=tls.client_context(certificates / "ca.pem"))
        central = await gate.arrived.get()
        for number in range(100):
            peer.send(ready(number))
        central.rekey(bytes(32))
        assert [await central.receive() for _ in range(100)] == [ready(number) for number in range(100)]
        await central.close(Bye(reason="enough"))
        messages, end = await ended(peer)
        assert messages == [Bye(reason="enough")]
        assert end.code is Code.CLOSED
        await peer.close()


async def test_a_central_without_tls_is_unreachable_for_a_peer_that_wants_it(gate, certificates):
    with pytest.raises(ChannelClosed) as caught:
        await gate.knock(tls=tls.client_context(certificates / "ca.pem"))
    assert caught.value.code is Code.UNREACHABLE
    assert "TLS" in gate.refused[0][3].text
