"""Channels over loopback: talking, ending, flow control."""

import asyncio
from typing import ClassVar

import pytest
from msgspec import UNSET, UnsetType

from evcharge.domain.errors import AuthenticationError, Code, Overloaded, ProtocolError
from evcharge.domain.features import SPOKEN, Feature
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import Count
from evcharge.evc1 import connection as channel_module
from evcharge.evc1 import handshake
from evcharge.evc1 import messages as messages_module
from evcharge.evc1.connection import ChannelClosed, Traffic
from evcharge.evc1.frames import frame
from evcharge.evc1.messages import (
    Ack,
    Bye,
    Envelope,
    ErrorNotice,
    Health,
    Heartbeat,
    Message,
    PointRow,
    Points,
    Ready,
    Sync,
)
from tests import far_end
from tests.component.gate import Gate, ended, ready, until

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]


@pytest.fixture
async def gate():
    async with Gate().open() as gate:
        yield gate


# ---- talking


async def test_both_ends_know_who_is_there(gate):
    async with gate.pair() as (peer, central):
        assert central.identity.id == "CP001"
        assert central.identity.role is Role.ENGINE
        assert peer.accepted.heartbeat_s == 2.0
        assert peer.peer_address == f"127.0.0.1:{gate.port}"
        assert central.peer_address.startswith("127.0.0.1:")


async def test_a_field_goes_only_to_a_far_end_that_speaks_its_feature(gate, monkeypatch):
    class Later(Ready, tag="READY"):
        new: Count | UnsetType = UNSET
        since: ClassVar = {"new": "new"}

    class Unheard(Ready, tag="UNHEARD"):
        feature: ClassVar = "new"

    sent = [Unheard(session_id="session-000001"), Later(session_id="session-000002", new=1)]
    monkeypatch.setattr(messages_module, "OF_MESSAGES", frozenset({"new"}))
    async with gate.pair() as (peer, central):
        assert (central.speaks, peer.speaks) == (SPOKEN, SPOKEN - {Feature.AES_GCM})
        for message in sent:
            peer.send(message)
        assert await central.receive() == ready(2)

    monkeypatch.setattr(handshake, "SPOKEN", frozenset({"new"}))
    async with gate.pair() as (peer, central):
        assert central.speaks == peer.speaks == {"new"}
        opened: list[bytes] = []
        monkeypatch.setattr(
            messages_module, "decode", lambda text: opened.append(text) or Envelope(0, Ready(session_id="x"))
        )
        peer.send(sent[1])
        await central.receive()
        assert opened == [b'{"n":0,"m":{"t":"READY","session_id":"session-000002","new":1}}']


async def test_messages_arrive_in_order_both_ways(gate):
    async with gate.pair() as (peer, central):
        for number in range(50):
            peer.send(ready(number))
            central.send(Ack(seq=number))
        assert [await central.receive() for _ in range(50)] == [ready(number) for number in range(50)]
        assert [await peer.receive() for _ in range(50)] == [Ack(seq=number) for number in range(50)]


async def test_what_is_taken_at_once_wakes_nobody_and_keeps_its_place(gate):
    heard: list[Message] = []
    sync = Sync(journal_id="0" * 32, last_seq=1)
    async with gate.pair() as (peer, central):
        central.take_at_once(Ready, heard.append)
        receiving = asyncio.create_task(central.receive())
        peer.send(ready(1))
        await until(lambda: heard)
        assert not receiving.done()
        peer.send(sync)
        heard.append(await receiving)
        # Nobody receives now, so what comes waits for its turn.
        for message in (ready(2), sync, ready(3)):
            peer.send(message)
        await until(lambda: far_end.unread(central) == 3)
        heard.append(await central.receive())
        receiving = asyncio.create_task(central.receive())
        await until(lambda: ready(3) in heard)
        receiving.cancel()
    assert heard == [ready(1), sync, ready(2), sync, ready(3)]


async def test_what_its_taker_fails_at_is_received_after_all(gate):
    def fails(message: Ready) -> None:
        raise ProtocolError("not now", Code.ID)

    async with gate.pair() as (peer, central):
        central.take_at_once(Ready, fails)
        receiving = asyncio.create_task(central.receive())
        await asyncio.sleep(0)
        for number in (1, 2):
            peer.send(ready(number))
        assert await receiving == ready(1)
        assert await central.receive() == ready(2)


async def test_a_waiting_receive_is_woken_and_may_be_cancelled(gate):
    async with gate.pair() as (peer, central):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await central.receive()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(central.receive())
            await asyncio.sleep(0)
            peer.send(Heartbeat())
        assert waiting.result() == Heartbeat()


async def test_only_one_task_may_read(gate):
    async with gate.pair() as (peer, central), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(central.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await central.receive()
        peer.send(Heartbeat())
        await waiting


async def test_a_message_that_is_too_big_leaves_the_stream_whole(gate):
    async with gate.pair(role=Role.DRIVER, name="D01") as (peer, central):
        row = PointRow(cp_id="CP001", location="x" * 200, price=1, status="Available")
        with pytest.raises(ProtocolError):
            central.send(Points(points=[row] * 500))
        central.send(Heartbeat())
        assert await peer.receive() == Heartbeat()


async def test_heard_at_moves_with_every_byte(gate):
    async with gate.pair() as (peer, central):
        before = central.heard_at
        await asyncio.sleep(0.01)
        peer.send(Heartbeat())
        await central.receive()
        assert before < central.heard_at <= asyncio.get_running_loop().time()


# ---- who may say what


@pytest.mark.parametrize("role", [Role.ENGINE, Role.DRIVER])
async def test_a_peer_may_only_say_what_its_role_says(gate, role):
    async with gate.pair(name="X01", role=role) as (peer, central):
        peer.send(Health(fault=None))
        with pytest.raises(ProtocolError) as caught:
            await central.receive()
        assert caught.value.code is Code.ROLE


async def test_central_may_not_speak_for_its_peers(gate):
    async with gate.pair() as (peer, central):
        central.send(Sync(journal_id="0" * 32, last_seq=0))
        with pytest.raises(ProtocolError) as caught:
            await peer.receive()
        assert caught.value.code is Code.ROLE


# ---- ending


async def test_what_came_before_the_end_is_still_received(gate):
    async with gate.pair() as (peer, central):
        for number in range(5):
            peer.send(ready(number))
        await peer.close(Bye(reason="enough"))
        messages, end = await ended(central)
        assert messages == [*map(ready, range(5)), Bye(reason="enough")]
        assert isinstance(end, ChannelClosed)
        assert "goodbye: enough" in end.text
        assert central.is_closing


async def test_an_error_as_last_word_is_what_the_peer_raises(gate):
    async with gate.pair() as (peer, central):
        await central.close(ErrorNotice(code=Code.BUSY, text="too many", retry_after_s=7.0))
        messages, end = await ended(peer)
        assert len(messages) == 1
        assert isinstance(end, Overloaded)
        assert (end.code, end.text, end.retry_after_s) == (Code.BUSY, "too many", 7.0)


async def test_an_error_followed_by_talk_was_about_one_request_only(gate):
    async with gate.pair() as (peer, central):
        central.send(ErrorNotice(code=Code.NO_SESSION, text="no such session"))
        central.send(Heartbeat())
        await central.close()
        messages, end = await ended(peer)
        assert len(messages) == 2
        assert end.code is Code.CLOSED


async def test_the_end_is_raised_again_and_again(gate):
    async with gate.pair() as (peer, central):
        await central.close()
        for _ in range(3):
            with pytest.raises(ChannelClosed):
                await peer.receive()


async def test_after_the_end_sending_does_nothing(gate):
    async with gate.pair() as (peer, central):
        await central.close()
        with pytest.raises(ChannelClosed):
            await peer.receive()
        for channel in (peer, central):
            channel.send(Heartbeat())
            channel.rekey(bytes(32))
            await channel.close(Bye())
            await channel.close()


async def test_frames_that_arrive_after_the_close_are_dropped(gate):
    async with gate.pair() as (peer, central):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(central.close())
            for number in range(20):
                peer.send(ready(number))
                await asyncio.sleep(0)
        messages, end = await ended(central)
        assert messages == []
        assert end.code is Code.CLOSED


async def test_a_farewell_reaches_a_peer_that_never_stops_talking(gate):
    async with gate.pair() as (peer, central):
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(ended(peer))
            for number in range(300):
                peer.send(ready(number))
            await asyncio.sleep(0)
            await central.close(ErrorNotice(code=Code.DUPLICATE, text="somebody else"))
        _, end = reading.result()
        assert isinstance(end, AuthenticationError)
        assert end.code is Code.DUPLICATE


async def test_closing_does_not_wait_long_for_a_peer_that_does_not_hang_up(gate, monkeypatch):
    monkeypatch.setattr(channel_module, "CLOSE_WITHIN_S", 0.05)
    async with gate.pair() as (peer, central):
        far_end.transport(peer).pause_reading()
        async with asyncio.timeout(1):
            await central.close(Bye())


async def test_a_cut_channel_is_not_believed_but_its_last_letters_go_out(gate):
    async with gate.pair() as (peer, central):
        peer.send(ready(1))
        await until(lambda: far_end.unread(central))
        revoked = AuthenticationError("revoked", Code.REVOKED)
        central.stop_reading(revoked)
        central.send(Ack(seq=1))
        with pytest.raises(AuthenticationError) as caught:
            await central.receive()
        assert caught.value is revoked
        await central.close(ErrorNotice(code=Code.REVOKED, text="revoked"))
        messages, end = await ended(peer)
        assert messages[0] == Ack(seq=1)
        assert end.code is Code.REVOKED


async def test_abort_wakes_the_reader_with_its_error(gate):
    async with gate.pair() as (peer, central), asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(ended(peer))
        await asyncio.sleep(0)
        silent = ChannelClosed("silent", Code.TIMEOUT)
        peer.abort(silent)
        assert (await reading)[1] is silent
        assert (await ended(central))[1].code is Code.CLOSED


async def test_half_a_frame_and_then_the_end_is_said_so(gate):
    async with gate.pair() as (peer, central):
        far_end.transport(peer).write(b"\x00\x00\x01\x00half")
        await until(lambda: far_end.half_read(central))
        peer.abort()
        _, end = await ended(central)
        assert end.code is Code.CLOSED
        assert "middle of a frame" in end.text


async def test_a_peer_can_fail_in_the_middle_of_a_frame_on_purpose(gate):
    async with gate.pair() as (peer, central):
        peer.send(ready(1))
        peer.send_half_frame(ready(2))
        assert peer.is_closing
        messages, end = await ended(central)
        assert messages == [ready(1)]
        assert "middle of a frame" in end.text
        assert (await ended(peer))[1].text == "the connection was torn here"
        peer.send_half_frame(ready(3))


async def test_a_broken_frame_is_told_although_its_sender_has_hung_up(gate):
    async with gate.pair() as (peer, central):
        far_end.transport(peer).write(frame(b"garbage"))
        peer.abort()
        await until(lambda: far_end.has_ended(central))
        _, end = await ended(central)
        assert end.code is Code.CRYPTO


# ---- flow


async def test_a_slow_reader_is_not_read_for_and_loses_nothing(gate):
    gate_ = Gate(traffic=Traffic(messages_per_s=1e6))
    async with gate_.open(), gate_.pair() as (peer, central):
        for start in range(0, 400, 20):
            for number in range(start, start + 20):
                peer.send(ready(number))
            await asyncio.sleep(0.001)
        await until(lambda: not far_end.transport(central).is_reading())
        paused_with = far_end.unread(central)
        assert 64 < paused_with < 400
        # Who is not listened to is not called silent.
        paused_at = asyncio.get_running_loop().time()
        await asyncio.sleep(0.02)
        assert central.heard_at >= paused_at + 0.02
        async with asyncio.timeout(5):
            assert [await central.receive() for _ in range(400)] == [ready(number) for number in range(400)]
        assert far_end.transport(central).is_reading()


async def test_a_peer_gets_no_more_than_its_rate():
    gate = Gate(traffic=Traffic(messages_per_s=200, burst_s=0.05))
    async with gate.open(), gate.pair() as (peer, central):
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        async with asyncio.TaskGroup() as tasks:

            async def talk() -> None:
                for number in range(70):
                    peer.send(ready(number))
                    await asyncio.sleep(0)

            tasks.create_task(talk())
            for number in range(70):
                assert await central.receive() == ready(number)
            paused = not far_end.transport(central).is_reading()
        # Ten at once, then one every 5 ms; what one read brought is delivered at once.
        assert paused
        assert began_at <= central.pressing_since <= loop.time()
        await until(far_end.transport(central).is_reading)
        assert loop.time() - began_at >= (70 - 10) / 200 - 0.01
        await asyncio.sleep(1)
        peer.send(ready(70))
        assert await central.receive() == ready(70)
        assert central.pressing_since is None, "it keeps to its rate again"


async def test_unsent_bytes_grow_for_a_far_end_that_never_reads(gate):
    async with gate.pair(role=Role.DRIVER, name="D01") as (peer, central):
        assert central.unsent_bytes == 0
        far_end.transport(peer).pause_reading()
        row = PointRow(cp_id="CP001", location="x" * 80, price=1, status="Available")
        for _ in range(300):
            central.send(Points(points=[row] * 200))
        assert central.unsent_bytes > 100_000
        central.abort()


class Recorder:
    """A transport that notes each write."""

    def __init__(self, channel) -> None:
        self._transport = far_end.transport(channel)
        far_end.put_between(channel, self)
        self.writes: list[int] = []

    def write(self, data: bytes) -> None:
        self.writes.append(len(data))
        self._transport.write(data)

    def __getattr__(self, name: str):
        return getattr(self._transport, name)


async def test_what_follows_from_frames_that_came_together_is_written_at_once(gate):
    async with gate.pair() as (peer, central), gate.pair(role=Role.DRIVER, name="D01") as (app, desk):
        written = Recorder(desk)
        peer.gather()
        for number in range(3):
            peer.send(ready(number))
        await until(lambda: far_end.unread(central) == 3)
        for number in range(3):
            assert await central.receive() == ready(number)
            desk.send(Ack(seq=number))
        assert not written.writes
        waiting = desk.unsent_bytes
        await asyncio.sleep(0)
        assert written.writes == [waiting]
        assert [await app.receive() for _ in range(3)] == [Ack(seq=number) for number in range(3)]
        # One that comes alone waits for nothing.
        peer.send(ready(3))
        await central.receive()
        desk.send(Ack(seq=3))
        assert len(written.writes) == 2


async def test_what_was_gathered_goes_out_before_the_farewell_and_not_at_all_after_an_abort(gate):
    async with gate.pair() as (peer, central):
        central.gather()
        central.send(Ack(seq=1))
        central.rekey(bytes(32))
        central.send(Ack(seq=2))
        # In the same turn, up to where it waits for the far end to hang up.
        await central.close(Bye(reason="enough"))
        heard = [await peer.receive() for _ in range(3)]
        assert heard == [Ack(seq=1), Ack(seq=2), Bye(reason="enough")]
    async with gate.pair() as (_, central):
        written = Recorder(central)
        central.gather()
        central.send(Ack(seq=1))
        central.abort()
        await asyncio.sleep(0)
        assert not written.writes


async def test_whoever_watches_is_told_when_much_is_unread_and_when_the_rate_is_exceeded():
    gate = Gate(traffic=Traffic(messages_per_s=200, burst_s=0.05))
    async with gate.open(), gate.pair() as (peer, central):
        told: list[int] = []
        central.tell_trouble(1_000_000, lambda: told.append(central.unsent_bytes))
        for number in range(11):
            peer.send(ready(number))
        await until(lambda: far_end.unread(central) == 11)
        assert told == [0]
        far_end.transport(peer).pause_reading()
        row = PointRow(cp_id="CP001", location="x" * 80, price=1, status="Available")
        while len(told) < 2:
            central.send(Points(points=[row] * 200))
        assert told[1] > 1_000_000
