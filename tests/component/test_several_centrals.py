"""A peer whose network has several Centrals: it finds the one at work, stays with it, and follows a handover."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.domain.errors import AuthenticationError, Code
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.client import LinkState, Phase, ReconnectingClient, TicketWallet, Timing
from evcharge.evc1.connection import Channel, HandedOver
from evcharge.evc1.frames import frame
from evcharge.evc1.login_errors import error_frame
from tests.component.gate import Gate, answer_heartbeats

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]

FAST = Timing(connect_s=1.0, heartbeat_s=0.05, first_retry_s=0.01, most_retry_s=0.02, for_people_s=30.0)
CLOSED = ("127.0.0.1", 1)


class Pair:
    """Two Centrals with the same keys: each has an address, and a gate while it is at work."""

    def __init__(self) -> None:
        self.a, self.b = Gate(), Gate()
        self.b.service_key, self.b.resume_key = self.a.service_key, self.a.resume_key
        self.places = []
        self._held = []
        for _ in range(2):
            # Bound and not listening: whoever dials it is refused, and nobody else takes it.
            held = socket.socket()
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", 0))
            self._held.append(held)
            self.places.append(held.getsockname())

    @contextlib.asynccontextmanager
    async def at_work(self, gate: Gate, on_channel=None) -> AsyncIterator[Gate]:
        number = 0 if gate is self.a else 1
        self._held[number].close()

        async def central(channel: Channel) -> None:
            gate.arrived.put_nowait(channel)
            await answer_heartbeats(channel)

        async with gate.open(on_channel or central, port=self.places[number][1]):
            yield gate

    def at(self, gate: Gate) -> str:
        return "{}:{}".format(*self.places[0 if gate is self.a else 1])

    def close(self) -> None:
        for held in self._held:
            held.close()


class Peer:
    """An engine's link to the pair."""

    def __init__(self, pair: Pair, folder: Path, centrals=None, timing: Timing = FAST) -> None:
        self.states: list[LinkState] = []
        self.heard: list[messages.Message] = []
        self.fetched = 0
        self.registry = pair.a
        self.link = ReconnectingClient(
            centrals or pair.places,
            "CP001",
            Role.ENGINE,
            TicketWallet(folder / "engine.ticket"),
            self._fetch,
            timing=timing,
        )

    async def _fetch(self):
        self.fetched += 1
        return self.registry.ticket()

    async def _talk(self, channel: Channel) -> None:
        while True:
            self.heard.append(await channel.receive())

    @contextlib.asynccontextmanager
    async def running(self):
        task = asyncio.get_running_loop().create_task(self.link.run(self._talk, self.states.append))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def state(self, phase: Phase, times: int = 1) -> LinkState:
        async with asyncio.timeout(10):
            while len(found := [state for state in self.states if state.phase is phase]) < times:
                await asyncio.sleep(0.002)
        return found[times - 1]


@pytest.fixture
def pair():
    pair = Pair()
    yield pair
    pair.close()


async def arrival(gate: Gate) -> Channel:
    async with asyncio.timeout(10):
        return await gate.arrived.get()


async def test_the_one_that_is_at_work_is_found_at_once(pair, tmp_path):
    peer = Peer(pair, tmp_path, timing=Timing(first_retry_s=300.0))
    async with pair.at_work(pair.b), peer.running():
        await arrival(pair.b)
        assert (await peer.state(Phase.CONNECTED)).where == pair.at(pair.b)
    assert [state.phase for state in peer.states] == [Phase.CONNECTED]
    assert peer.fetched == 1


async def test_nobody_at_work_is_said_once_of_all_and_asked_again(pair, tmp_path):
    peer = Peer(pair, tmp_path)
    async with peer.running():
        waiting = await peer.state(Phase.WAITING)
        assert waiting.where == f"{pair.at(pair.a)}, {pair.at(pair.b)}"
        assert waiting.error.code is Code.UNREACHABLE
        assert waiting.error.text.startswith(f"cannot connect to CENTRAL at {waiting.where}: ")
        await asyncio.sleep(0.2)
        async with pair.at_work(pair.b):
            await peer.state(Phase.CONNECTED)
            assert [state.phase for state in peer.states] == [Phase.WAITING, Phase.CONNECTED]


async def test_a_peer_comes_back_to_the_one_that_served_it(pair, tmp_path):
    peer = Peer(pair, tmp_path, timing=Timing(most_retry_s=0.3, first_retry_s=0.01, heartbeat_s=0.05))
    async with pair.at_work(pair.b) as served, peer.running():
        await peer.state(Phase.CONNECTED)
        async with pair.at_work(pair.a):
            await asyncio.sleep(0.5)
            (await arrival(served)).abort()
            assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(pair.b)
            assert pair.a.arrived.empty()


async def test_another_one_takes_over_from_one_that_is_gone(pair, tmp_path):
    peer = Peer(pair, tmp_path)
    async with peer.running():
        async with pair.at_work(pair.a):
            assert (await peer.state(Phase.CONNECTED)).where == pair.at(pair.a)
        async with pair.at_work(pair.b):
            assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(pair.b)
    assert (await peer.state(Phase.LOST)).where == pair.at(pair.a)


async def test_after_silence_the_other_one_is_asked_first(pair, tmp_path):
    """A Central that is frozen still takes connections: waiting for it once more would cost its login's deadline."""
    peer = Peer(pair, tmp_path, timing=Timing(connect_s=60.0, heartbeat_s=0.5, first_retry_s=0.01))

    async def frozen(_channel: Channel) -> None:
        await asyncio.Event().wait()

    async with pair.at_work(pair.a, frozen), pair.at_work(pair.b), peer.running():
        assert (await peer.state(Phase.CONNECTED)).where == pair.at(pair.a)
        assert (await peer.state(Phase.LOST)).error.code is Code.TIMEOUT
        assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(pair.b)


async def test_one_that_takes_logins_and_ends_them_keeps_nobody_from_the_other(pair, tmp_path):
    peer = Peer(pair, tmp_path, timing=Timing(first_retry_s=0.01, heartbeat_s=0.05))

    async def deposed(channel: Channel) -> None:
        await channel.close(messages.Bye(reason="deposed"))

    async with pair.at_work(pair.a, deposed), pair.at_work(pair.b), peer.running():
        assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(pair.b)


async def test_a_handover_leads_to_the_one_that_was_named(pair, tmp_path):
    """The settings know the first one only."""
    peer = Peer(pair, tmp_path, [pair.places[0]])
    async with pair.at_work(pair.a) as old, pair.at_work(pair.b) as new, peer.running():
        channel = await arrival(old)
        channel.send(messages.Ack(seq=7))
        channel.send(messages.Moved(addresses=(pair.at(new),)))
        channel.send(messages.Ack(seq=8))
        assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(new)
    assert [said for said in peer.heard if isinstance(said, messages.Ack)] == [messages.Ack(seq=7)]
    lost = await peer.state(Phase.LOST)
    assert isinstance(lost.error, HandedOver)
    assert [state.phase for state in peer.states][:3] == [Phase.CONNECTED, Phase.LOST, Phase.CONNECTED]


async def test_a_handover_to_nobody_in_particular_leads_to_another_that_is_known(pair, tmp_path):
    peer = Peer(pair, tmp_path)
    async with pair.at_work(pair.a) as old, pair.at_work(pair.b) as new, peer.running():
        (await arrival(old)).send(messages.Moved())
        assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(new)


async def test_a_handover_that_comes_to_nothing_leads_back(pair, tmp_path):
    peer = Peer(pair, tmp_path, [pair.places[0]])
    async with pair.at_work(pair.a) as old, peer.running():
        (await arrival(old)).send(messages.Moved(addresses=("127.0.0.1:1", "no-such-host.invalid:99999")))
        assert (await peer.state(Phase.CONNECTED, 2)).where == pair.at(old)


async def test_a_ticket_that_one_does_not_take_is_shown_to_the_other(pair, tmp_path):
    """A Central of another network at the first address: nobody waits for a person before the second is asked."""
    pair.a.service_key, pair.a.resume_key = Gate().service_key, Gate().resume_key
    peer = Peer(pair, tmp_path)
    peer.registry = pair.b
    async with pair.at_work(pair.a), pair.at_work(pair.b), peer.running():
        assert (await peer.state(Phase.CONNECTED)).where == pair.at(pair.b)
    assert [state.phase for state in peer.states] == [Phase.CONNECTED]


async def test_whoever_is_shut_out_hears_it_from_the_one_that_answers_and_waits_for_a_person(pair, tmp_path):
    peer = Peer(pair, tmp_path)
    pair.b.withdrawn["CP001"] = AuthenticationError("the key of CP001 was revoked", Code.REVOKED)
    async with pair.at_work(pair.b), peer.running():
        waiting = await peer.state(Phase.WAITING)
        assert (waiting.error.code, waiting.where) == (Code.REVOKED, pair.at(pair.b))
        refused = len(pair.b.refused)
        await asyncio.sleep(10)
        assert len(pair.b.refused) == refused


async def test_an_impostor_at_one_address_delays_nobody(pair, tmp_path):
    peer = Peer(pair, tmp_path)
    stranger = await asyncio.start_server(_says_version, *pair.places[0])
    try:
        async with stranger, peer.running():
            waiting = await peer.state(Phase.WAITING)
            assert waiting.error.code is Code.VERSION
            began_at = asyncio.get_running_loop().time()
            async with pair.at_work(pair.b):
                assert (await peer.state(Phase.CONNECTED)).where == pair.at(pair.b)
            assert asyncio.get_running_loop().time() - began_at < FAST.for_people_s
    finally:
        stranger.close()


async def _says_version(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(frame(error_frame(Code.VERSION, "another version", None, time.time())))
    await writer.drain()
    writer.close()
