"""Signs of life over a link that says something else anyway, and over one that does not."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import msgspec
import pytest

from evcharge.domain.features import SPOKEN, Feature
from evcharge.domain.ids import Role
from evcharge.evc1 import handshake
from evcharge.evc1.client import LinkState, Phase, ReconnectingClient, TicketWallet, Timing
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import Ack, Heartbeat, Message, Ready
from tests import far_end
from tests.component.gate import Gate

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]

BEAT_S = 2.0
DEAD_S = 6.0
READY = Ready(session_id="session-000001")
OLD = SPOKEN - {Feature.QUIET}


class Link:
    """An engine's link that is kept up by the real client, and what each end heard, with when."""

    def __init__(self) -> None:
        self.peer_heard: list[tuple[float, Message]] = []
        self.central_heard: list[tuple[float, Message]] = []
        self.states: list[LinkState] = []
        self.changed_at: list[float] = []
        self.peer: Channel
        self.central: Channel

    def on_state(self, state: LinkState) -> None:
        self.states.append(state)
        self.changed_at.append(asyncio.get_running_loop().time())

    @property
    def beats(self) -> int:
        """How many heartbeats came to Central."""
        return sum(isinstance(message, Heartbeat) for _, message in self.central_heard)

    @property
    def answers(self) -> int:
        """How many heartbeats came from Central."""
        return sum(isinstance(message, Heartbeat) for _, message in self.peer_heard)

    def longest_silence_s(self, heard: list[tuple[float, Message]], until: float) -> float:
        """Return the longest time without a word, up to `until`."""
        times = [at for at, _ in heard] + [until]
        return max(after - before for before, after in itertools.pairwise(times))


@contextlib.asynccontextmanager
async def linked(tmp_path: Path, *, peer=SPOKEN, central=SPOKEN, answers=True) -> AsyncIterator[Link]:
    """Yield the link of a peer and a Central that speak so much."""
    loop = asyncio.get_running_loop()
    link, gate, up = Link(), Gate(), asyncio.Event()

    async def serve(channel: Channel) -> None:
        link.central = channel
        channel.speaks &= central
        if answers:
            channel.answer_heartbeats(BEAT_S, lambda beat: link.central_heard.append((loop.time(), beat)))
        with contextlib.suppress(ChannelClosed):
            while True:
                link.central_heard.append((loop.time(), await channel.receive()))

    async def talk(channel: Channel) -> None:
        link.peer = channel
        up.set()
        while True:
            link.peer_heard.append((loop.time(), await channel.receive()))

    async def ticket():
        return gate.ticket()

    on_proof, on_challenge = handshake.CentralHandshake.on_proof, handshake.PeerHandshake.on_challenge
    on_accept = handshake.PeerHandshake.on_accept

    def central_speaks(end, *frame):
        end._offers = central - {Feature.AES_GCM}
        return on_proof(end, *frame)

    def peer_speaks(end, *frame):
        end._speaks = peer
        return on_challenge(end, *frame)

    def peer_understands(end, *frame):
        accepted = on_accept(end, *frame)
        return msgspec.structs.replace(accepted, speaks=accepted.speaks & peer)

    with (
        mock.patch.object(handshake.PeerHandshake, "on_accept", peer_understands),
        mock.patch.object(handshake.CentralHandshake, "on_proof", central_speaks),
        mock.patch.object(handshake.PeerHandshake, "on_challenge", peer_speaks),
    ):
        async with gate.open(serve):
            client = ReconnectingClient(
                [("127.0.0.1", gate.port)],
                "CP001",
                Role.ENGINE,
                TicketWallet(tmp_path / "ticket"),
                ticket,
                timing=Timing(),
            )
            running = asyncio.create_task(client.run(talk, link.on_state))
            await up.wait()
            yield link
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def says(channel: Channel, message: Message, every_s: float, for_s: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + for_s
    while loop.time() < until:
        channel.send(message)
        await asyncio.sleep(every_s)


async def test_a_link_that_is_in_use_carries_few_heartbeats_and_both_ends_hear_enough(tmp_path: Path):
    async with linked(tmp_path) as link:
        await says(link.peer, READY, 1.0, 60.0)
        now = asyncio.get_running_loop().time()
        # The first one is said at once: who has nothing to say must be heard within 5 s, too.
        assert 1 <= link.beats <= 3
        # One for each interval in which Central had nothing to say.
        assert 12 <= link.answers <= 31
        assert link.longest_silence_s(link.peer_heard, now) < DEAD_S
        assert link.longest_silence_s(link.central_heard, now) < DEAD_S
        assert [state.phase for state in link.states] == [Phase.CONNECTED]


async def test_central_that_says_something_else_answers_no_heartbeat(tmp_path: Path):
    async with linked(tmp_path) as link:
        saying = asyncio.create_task(says(link.central, Ack(seq=1), 0.9, 30.0))
        await says(link.peer, READY, 1.0, 30.0)
        await saying
        # That of the one that follows the login.
        assert link.answers <= 1
        assert [state.phase for state in link.states] == [Phase.CONNECTED]


async def test_a_link_that_says_nothing_beats_and_is_answered_as_ever(tmp_path: Path):
    async with linked(tmp_path) as link:
        await asyncio.sleep(60.5)
        assert 30 <= link.beats <= 31
        # The last one may be under way.
        assert link.beats - 1 <= link.answers <= link.beats


@pytest.mark.parametrize(("peer", "central"), [(OLD, SPOKEN), (SPOKEN, OLD), (frozenset(), SPOKEN)])
async def test_an_older_end_beats_each_interval_and_is_answered_each_time(tmp_path: Path, peer, central):
    async with linked(tmp_path, peer=peer, central=central) as link:
        saying = asyncio.create_task(says(link.central, Ack(seq=1), 0.9, 20.0))
        await says(link.peer, READY, 1.0, 20.0)
        await saying
        assert 9 <= link.beats <= 11
        assert link.beats - 1 <= link.answers <= link.beats


async def test_a_central_that_falls_silent_is_noticed_as_soon_as_ever(tmp_path: Path):
    async with linked(tmp_path) as link:
        await says(link.peer, READY, 1.0, 10.0)
        far_end.mute(link.central)
        channel = link.peer
        await says(channel, READY, 0.1, DEAD_S + 3.0)
        assert link.states[1].phase is Phase.LOST
        assert "no word from CENTRAL for 6 s" in link.states[1].error.text
        assert link.changed_at[1] - channel.heard_at == pytest.approx(DEAD_S, abs=0.1)


async def test_a_reader_that_does_not_read_is_sent_no_more_answers(tmp_path: Path):
    async with linked(tmp_path, central=OLD) as link:
        link.central._transport.get_write_buffer_size = lambda: 1
        await asyncio.sleep(5)
        assert link.beats >= 2
        assert link.answers == 0


async def test_heartbeats_wake_nobody(tmp_path: Path):
    async with linked(tmp_path) as link:
        await asyncio.sleep(1)
        waiter = link.central._waiter
        await asyncio.sleep(20)
        assert link.beats > 5
        assert link.central._waiter is waiter
        link.peer.send(READY)
        await asyncio.sleep(0.1)
        assert link.central_heard[-1][1] == READY
