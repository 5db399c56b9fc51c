"""The keys and ciphers of channels over loopback: rekeying, AES-256-GCM."""

import asyncio

import pytest

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.features import SPOKEN, Feature
from evcharge.evc1 import handshake
from evcharge.evc1.connection import Traffic
from evcharge.evc1.frames import FernetCipher, GcmCipher, frame
from evcharge.evc1.messages import Ack, Heartbeat, Rekeyed
from tests import far_end
from tests.component.gate import Gate, ended, ready, until

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]


@pytest.fixture
async def gate():
    async with Gate().open() as gate:
        yield gate


# ---- rekeying


async def test_a_new_key_takes_over_in_flight_without_losing_a_message(gate):
    async with gate.pair() as (peer, central):
        for number in range(30):
            peer.send(ready(number))
            central.send(Ack(seq=number))
            if number in (5, 6, 20):
                central.rekey(bytes([number]) * 32)
            if number % 7 == 0:
                await asyncio.sleep(0.002)
        peer.send(Heartbeat())
        central.send(Heartbeat())
        # Each end takes up the new key when it reads; the peer first, for Central waits for its answer.
        async with asyncio.TaskGroup() as tasks:
            theirs = tasks.create_task(receive_until_heartbeat(peer))
            ours = tasks.create_task(receive_until_heartbeat(central))
        assert theirs.result() == [Ack(seq=number) for number in range(30)]
        assert ours.result() == [ready(number) for number in range(30)]
        peer.send(ready(99))
        central.send(Ack(seq=99))
        assert await central.receive() == ready(99)
        assert await peer.receive() == Ack(seq=99)
        assert far_end.key_epoch(peer) == far_end.key_epoch(central) > 0
        assert far_end.keys(peer).from_peer == far_end.keys(central).from_peer


async def receive_until_heartbeat(channel):
    messages = []
    while (message := await channel.receive()) != Heartbeat():
        messages.append(message)
    return messages


async def test_a_second_new_key_waits_until_the_first_is_taken(gate):
    async with gate.pair() as (peer, central):
        central.rekey(b"\x01" * 32)
        central.rekey(b"\x02" * 32)
        assert far_end.key_epoch(central) == 1
        central.send(Heartbeat())
        await peer.receive()
        peer.send(Heartbeat())
        await central.receive()
        central.rekey(b"\x02" * 32)
        assert far_end.key_epoch(central) == 2


async def test_central_changes_the_key_by_itself_after_so_many_frames():
    gate = Gate(traffic=Traffic(rekey_after_frames=10))
    async with gate.open(), gate.pair() as (peer, central):
        for number in range(100):
            peer.send(ready(number))
            assert await central.receive() == ready(number)
            central.send(Ack(seq=number))
            assert await peer.receive() == Ack(seq=number)
        assert far_end.key_epoch(central) == far_end.key_epoch(peer) >= 5


async def test_central_changes_the_key_by_itself_after_so_long():
    gate = Gate(traffic=Traffic(rekey_after_s=0.05))
    async with gate.open(), gate.pair() as (peer, central), asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(ended(peer)), tasks.create_task(ended(central))]
        await until(lambda: far_end.key_epoch(peer) >= 2)
        for reader in readers:
            reader.cancel()


async def test_a_peer_that_does_not_take_its_new_key_is_cut_off():
    gate = Gate(traffic=Traffic(rekey_answer_s=0.05))
    async with gate.open(), gate.pair() as (peer, central):
        central.rekey(bytes(32))
        _, end = await ended(central)
        assert isinstance(end, ProtocolError)
        assert end.code is Code.TIMEOUT
        assert peer is not central


async def test_keys_that_nobody_asked_for_break_the_stream(gate):
    async with gate.pair() as (peer, central):
        peer.send(Rekeyed(epoch=1))
        assert (await ended(central))[1].code is Code.SEQ
    async with gate.pair() as (peer, central):
        far_end.skip_keys(central, 5)
        central.rekey(bytes(32))
        assert (await ended(peer))[1].code is Code.SEQ


# ---- AES-256-GCM instead of Fernet


async def test_a_central_that_wants_aes_gcm_gets_it_of_a_peer_that_knows_it_also_after_a_new_key():
    async with Gate(aes_gcm=True).open() as gate, gate.pair() as (peer, central):
        assert far_end.keys(peer).cipher is far_end.keys(central).cipher is GcmCipher
        for number in range(3):
            peer.send(ready(number))
            central.send(Ack(seq=number))
            assert await central.receive() == ready(number)
            assert await peer.receive() == Ack(seq=number)
            central.rekey(bytes([number]) * 32)
            central.send(Ack(seq=100 + number))
            assert await peer.receive() == Ack(seq=100 + number)
        peer.send(ready(9))
        assert await central.receive() == ready(9)
        assert far_end.key_epoch(central) == far_end.key_epoch(peer) == 3


async def test_a_central_that_wants_aes_gcm_speaks_fernet_with_a_peer_that_does_not_know_it(monkeypatch):
    monkeypatch.setattr(handshake, "SPOKEN", frozenset(SPOKEN - {Feature.AES_GCM}))
    async with Gate(aes_gcm=True).open() as gate, gate.pair() as (peer, central):
        assert far_end.keys(peer).cipher is far_end.keys(central).cipher is FernetCipher
        peer.send(ready(1))
        assert await central.receive() == ready(1)


async def test_a_frame_that_comes_twice_ends_a_connection_with_aes_gcm():
    async with Gate(aes_gcm=True).open() as gate, gate.pair() as (peer, central):
        token = far_end.sealed(peer, ready(1))
        far_end.transport(peer).write(frame(token) * 2)
        assert await central.receive() == ready(1)
        with pytest.raises(ProtocolError) as caught:
            await central.receive()
        assert caught.value.code is Code.CRYPTO
