"""A peer's link to Central: which ticket it takes, how it notices a dead Central, how it comes back."""

import asyncio
import contextlib
import dataclasses
import logging
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evcharge.domain.errors import AuthenticationError, Code, Overloaded, ProtocolError, StateError
from evcharge.domain.ids import Role
from evcharge.evc1 import client as link_module
from evcharge.evc1.client import LinkState, Phase, ReconnectingClient, TicketWallet, Timing
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import Bye, ErrorNotice
from evcharge.evc1.tickets import IssuedTicket
from tests.component.gate import Gate, answer_heartbeats, answering
from tests.ports import free_port

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]

FAST = Timing(
    connect_s=1.0,
    heartbeat_s=0.05,
    first_retry_s=0.01,
    most_retry_s=0.02,
    duplicate_s=0.03,
    for_people_s=30.0,
    most_obeyed_s=0.1,
    least_renewal_s=30.0,
)


class Peer:
    """An engine's link with a Registry of its own making."""

    def __init__(self, gate: Gate, folder: Path, timing: Timing = FAST) -> None:
        self.gate = gate
        self.path = folder / "engine.ticket"
        self.wallet = TicketWallet(self.path)
        self.states: list[LinkState] = []
        self.fetched = 0
        self.fetch: Callable[[], Any] = gate.ticket
        self.timing = timing
        self.link = self.make()
        self.channels: list[Channel] = []

    def make(self) -> ReconnectingClient:
        return ReconnectingClient(
            [("127.0.0.1", self.gate.port)],
            "CP001",
            Role.ENGINE,
            self.wallet,
            self._fetch,
            timing=self.timing,
        )

    async def _fetch(self) -> IssuedTicket:
        self.fetched += 1
        issued = self.fetch()
        if isinstance(issued, Exception):
            raise issued
        return issued

    async def talk(self, channel: Channel) -> None:
        self.channels.append(channel)
        while True:
            await channel.receive()

    @contextlib.asynccontextmanager
    async def running(self, talk=None):
        task = asyncio.get_running_loop().create_task(self.link.run(talk or self.talk, self.states.append))
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def phase(self, phase: Phase, times: int = 1) -> LinkState:
        async with asyncio.timeout(5):
            while len(found := [state for state in self.states if state.phase is phase]) < times:
                await asyncio.sleep(0.002)
        return found[times - 1]

    @property
    def phases(self) -> list[tuple[Phase, Code | None]]:
        return [(state.phase, state.error.code if state.error else None) for state in self.states]


@pytest.fixture
async def gate():
    async with answering() as gate:
        yield gate


@pytest.fixture
def peer(gate, tmp_path):
    return Peer(gate, tmp_path)


# ---- being connected


async def test_a_link_connects_talks_and_says_goodbye(gate, peer):
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        assert peer.link.connected
        central = await gate.arrived.get()
    assert not peer.link.connected
    async with asyncio.timeout(5):
        while not central.is_closing:
            await asyncio.sleep(0.002)
    assert central._last == Bye()
    assert peer.phases == [(Phase.CONNECTED, None)]


async def test_heartbeats_keep_a_quiet_link_up(gate, peer):
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        await asyncio.sleep(0.4)
        assert peer.link.connected
        assert peer.channels[0]._sealer.count >= 5
    assert peer.phases == [(Phase.CONNECTED, None)]


async def test_a_heartbeat_is_what_central_says_unless_told_otherwise(gate, tmp_path):
    peer = Peer(gate, tmp_path, Timing())
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        await asyncio.sleep(0.1)
        assert peer.channels[0]._sealer.count == 1
        assert peer.channels[0].accepted.heartbeat_s == 2.0


async def test_a_silent_central_is_noticed_after_three_heartbeats(tmp_path):
    gate = Gate()
    async with gate.open():
        peer = Peer(gate, tmp_path)
        async with peer.running():
            await peer.phase(Phase.CONNECTED)
            began_at = asyncio.get_running_loop().time()
            lost = await peer.phase(Phase.LOST)
            assert asyncio.get_running_loop().time() - began_at == pytest.approx(3 * 0.05, abs=0.01)
            assert isinstance(lost.error, ChannelClosed)
            assert lost.error.code is Code.TIMEOUT
            assert "no word from CENTRAL" in lost.error.text
            await peer.phase(Phase.CONNECTED, 2)


async def test_a_central_that_stops_and_comes_back_is_said_once_each(gate, tmp_path):
    own = Gate()
    own.service_key, own.resume_key = gate.service_key, gate.resume_key
    port = free_port()
    async with own.open(answer_heartbeats, port=port):
        peer = Peer(own, tmp_path)
        task = peer.running()
        await task.__aenter__()
        await peer.phase(Phase.CONNECTED)
    try:
        await peer.phase(Phase.WAITING)
        await asyncio.sleep(0.15)
        async with own.open(answer_heartbeats, port=port):
            await peer.phase(Phase.CONNECTED, 2)
    finally:
        await task.__aexit__(None, None, None)
    assert peer.phases[:4] == [
        (Phase.CONNECTED, None),
        (Phase.LOST, Code.CLOSED),
        (Phase.WAITING, Code.UNREACHABLE),
        (Phase.CONNECTED, None),
    ]
    assert "goodbye" in peer.states[1].error.text
    assert "cannot connect to CENTRAL" in peer.states[2].error.text
    assert peer.fetched == 1


async def test_what_a_conversation_cannot_survive_ends_the_link_bare(gate, peer):
    async def full(_channel):
        raise StateError("the disk is full")

    with pytest.raises(StateError, match="the disk is full"):
        await peer.link.run(full, peer.states.append)
    assert not peer.link.connected
    central = await gate.arrived.get()
    async with asyncio.timeout(5):
        while not central.is_closing:
            await asyncio.sleep(0.002)


async def test_a_conversation_that_ends_is_started_again_on_a_new_connection(gate, peer):
    async def short(_channel):
        return

    async with peer.running(short):
        await peer.phase(Phase.CONNECTED, 3)
    assert peer.phases[:2] == [(Phase.CONNECTED, None), (Phase.LOST, Code.CLOSED)]


async def test_a_central_that_hangs_up_at_once_is_asked_less_and_less_often(gate, tmp_path):
    peer = Peer(gate, tmp_path, Timing(first_retry_s=0.001, most_retry_s=5.0))
    waits = []
    peer.link._backoff._uniform = lambda _, most: waits.append(most) or 0.0

    async def short(_channel):
        return

    async with peer.running(short):
        await peer.phase(Phase.CONNECTED, 5)
    assert waits[:4] == [0.001, 0.002, 0.004, 0.008]


async def test_a_broken_stream_leads_to_a_new_connection(gate, peer):
    async def broken(_channel):
        raise ProtocolError("nonsense", Code.SEQ)

    async with peer.running(broken):
        await peer.phase(Phase.CONNECTED, 2)
    assert peer.phases[1] == (Phase.LOST, Code.SEQ)


async def test_a_duplicate_tries_again_after_its_pause(gate, tmp_path):
    gate = Gate()

    async def duplicate(channel):
        await channel.close(ErrorNotice(code=Code.DUPLICATE, text="CP001 from 10.0.0.5 and 10.0.0.9"))

    async with gate.open(duplicate):
        peer = Peer(gate, tmp_path)
        async with peer.running():
            lost = await peer.phase(Phase.LOST)
            assert lost.error.code is Code.DUPLICATE
            await peer.phase(Phase.CONNECTED, 2)


# ---- which ticket


async def test_the_first_ticket_comes_from_the_registry_and_is_kept(gate, peer):
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
    again = TicketWallet(peer.path)
    assert peer.fetched == 1
    assert again.registry == peer.wallet.registry
    assert again.resume == peer.wallet.resume
    assert again.resume is not None
    assert stat.S_IMODE(peer.path.stat().st_mode) == 0o600
    assert [file.name for file in peer.path.parent.iterdir()] == ["engine.ticket"]


async def test_a_restarted_peer_gets_in_while_the_registry_is_down(gate, peer, tmp_path):
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
    later = Peer(gate, tmp_path)
    later.fetch = lambda: Overloaded("Registry not responding", Code.UNREACHABLE)
    async with later.running():
        await later.phase(Phase.CONNECTED)
    assert later.fetched == 0


async def test_the_resume_ticket_serves_when_the_registrys_has_ended(gate, peer):
    peer.fetch = lambda: gate.ticket(ttl_s=900)
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
    resume = peer.wallet.resume
    peer.wallet.keep_registry(gate.ticket(now=time.time() - 1000))
    peer.fetch = lambda: Overloaded("Registry not responding", Code.UNREACHABLE)
    async with peer.running():
        await peer.phase(Phase.CONNECTED, 2)
    assert peer.fetched == 1
    assert peer.wallet.resume != resume
    assert gate.refused == []


async def test_the_resume_ticket_serves_however_far_centrals_clock_and_ours_are_apart(tmp_path):
    """Central's, which nobody sets, stood still for longer than that ticket lasts: its PC slept."""
    gate = Gate(now=lambda: time.time() - 13 * 3600)
    async with gate.open(answer_heartbeats):
        peer = Peer(gate, tmp_path)
        async with peer.running():
            await peer.phase(Phase.CONNECTED)
        peer.wallet.keep_registry(gate.ticket(now=time.time() - 1000))
        peer.fetch = lambda: Overloaded("Registry not responding", Code.UNREACHABLE)
        async with peer.running():
            await peer.phase(Phase.CONNECTED, 2)


async def test_refused_tickets_are_tried_in_turn_then_a_new_one_is_fetched(gate, peer):
    foreign = Gate()
    peer.wallet.keep_registry(foreign.ticket())
    peer.wallet.keep_resume(foreign.ticket())
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
    assert peer.phases == [(Phase.CONNECTED, None)]
    assert peer.fetched == 1
    assert len(gate.refused) == 2


async def test_when_no_ticket_is_good_it_waits_and_says_so_once(gate, peer):
    foreign = Gate()
    peer.fetch = foreign.ticket
    async with peer.running():
        await peer.phase(Phase.WAITING)
        fetched = peer.fetched
        async with asyncio.timeout(5):
            while peer.fetched < fetched + 3:
                await asyncio.sleep(0.002)
        peer.fetch = gate.ticket
        await peer.phase(Phase.CONNECTED)
    assert peer.phases == [(Phase.WAITING, Code.TICKET), (Phase.CONNECTED, None)]


async def test_a_kept_ticket_that_was_refused_gets_another_chance_while_the_registry_is_down(gate, tmp_path):
    peer = Peer(gate, tmp_path, dataclasses.replace(FAST, for_people_s=0.02))
    peer.wallet.keep_registry(gate.ticket())
    peer.fetch = lambda: Overloaded("Registry not responding", Code.UNREACHABLE)
    gate.withdrawn["CP001"] = AuthenticationError("said somebody", Code.TICKET)
    async with peer.running():
        await peer.phase(Phase.WAITING)
        gate.withdrawn.clear()
        await peer.phase(Phase.CONNECTED)


async def test_an_unreachable_registry_is_said_once_and_asked_again(gate, peer):
    peer.fetch = lambda: Overloaded("Registry not responding", Code.UNREACHABLE)
    async with peer.running():
        waiting = await peer.phase(Phase.WAITING)
        assert waiting.error.text == "Registry not responding"
        async with asyncio.timeout(5):
            while peer.fetched < 3:
                await asyncio.sleep(0.002)
        peer.fetch = gate.ticket
        await peer.phase(Phase.CONNECTED)
    assert [phase for phase, _ in peer.phases] == [Phase.WAITING, Phase.CONNECTED]


async def test_a_withdrawn_identity_waits_until_it_is_woken(gate, peer):
    gate.withdrawn["CP001"] = AuthenticationError("revoked", Code.REVOKED)
    async with peer.running():
        waiting = await peer.phase(Phase.WAITING)
        assert waiting.error.code is Code.REVOKED
        # The tickets it has are not thrown away: before the login anybody can say "revoked".
        assert TicketWallet(peer.path).registry is not None
        tried = len(gate.refused)
        gate.withdrawn.clear()
        await asyncio.sleep(0.1)
        assert len(gate.refused) == tried
        assert not peer.link.connected
        peer.link.wake()
        await peer.phase(Phase.CONNECTED)


async def test_a_new_credential_replaces_a_revoked_ticket_at_once(gate, peer):
    old = gate.ticket(epoch=0)
    peer.wallet.keep_registry(old)
    peer.wallet.keep_resume(old)
    revoked = AuthenticationError("revoked", Code.REVOKED)

    def admit(identity):
        if identity.epoch < 1:
            raise revoked

    gate.admit = admit
    stricter = Gate()
    stricter.service_key, stricter.resume_key = gate.service_key, gate.resume_key
    stricter.admit = admit
    async with stricter.open(answer_heartbeats):
        gate.port = stricter.port
        peer.link = peer.make()
        peer.fetch = lambda: gate.ticket(epoch=1)
        async with peer.running():
            await peer.phase(Phase.CONNECTED)
        assert peer.fetched == 1


async def test_a_busy_central_is_obeyed_but_not_for_ever(gate, tmp_path):
    peer = Peer(gate, tmp_path)
    gate.withdrawn["CP001"] = Overloaded("busy", Code.BUSY, retry_after_s=3600.0)
    async with peer.running():
        await peer.phase(Phase.WAITING)
        began_at = asyncio.get_running_loop().time()
        gate.withdrawn.clear()
        await peer.phase(Phase.CONNECTED)
        assert asyncio.get_running_loop().time() - began_at == pytest.approx(0.1, abs=0.01)


# ---- renewal


async def test_a_ticket_is_renewed_in_the_background_while_connected(gate, tmp_path):
    peer = Peer(gate, tmp_path, Timing(heartbeat_s=0.05, least_renewal_s=0.05))
    peer.fetch = lambda: msgspec.structs.replace(gate.ticket(), renew_after=2**40)
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        first = peer.wallet.registry
        async with asyncio.timeout(5):
            while peer.fetched < 3:
                await asyncio.sleep(0.002)
        assert peer.wallet.registry != first
        assert peer.link.connected


async def test_a_kept_ticket_past_its_half_life_is_renewed_soon(gate, tmp_path):
    peer = Peer(gate, tmp_path, Timing(heartbeat_s=0.05, least_renewal_s=0.02))
    old = gate.ticket(now=time.time() - 800)
    peer.wallet.keep_registry(old)
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        async with asyncio.timeout(5):
            while peer.fetched < 1:
                await asyncio.sleep(0.002)
    assert peer.wallet.registry != old


async def test_a_registry_that_does_not_renew_is_mentioned_once(gate, tmp_path, caplog):
    peer = Peer(gate, tmp_path, Timing(heartbeat_s=0.05, least_renewal_s=0.02))
    peer.wallet.keep_registry(gate.ticket(now=time.time() - 800))
    peer.fetch = lambda: Overloaded("Registry not responding", Code.UNREACHABLE)
    with caplog.at_level(logging.INFO):
        async with peer.running():
            async with asyncio.timeout(5):
                while peer.fetched < 3:
                    await asyncio.sleep(0.002)
            assert peer.link.connected
    assert caplog.text.count("cannot be renewed") == 1


async def test_a_registry_that_renews_again_is_told_once(gate, tmp_path):
    peer = Peer(gate, tmp_path, Timing(heartbeat_s=0.05, least_renewal_s=0.02))
    peer.wallet.keep_registry(gate.ticket(now=time.time() - 800))
    away = Overloaded("Registry not responding", Code.UNREACHABLE)
    peer.fetch = lambda: away if peer.fetched < 3 else gate.ticket()
    told: asyncio.Queue[object] = asyncio.Queue()
    peer.link.on_registry = told.put_nowait
    async with peer.running(), asyncio.timeout(5):
        assert await told.get() is away
        assert await told.get() is None
    assert told.empty()


async def test_what_the_fetching_cannot_survive_ends_the_link(gate, peer):
    peer.fetch = lambda: StateError("ca.pem is missing")
    with pytest.raises(StateError, match=r"ca\.pem"):
        await peer.link.run(peer.talk, peer.states.append)


async def test_a_file_that_has_gone_since_then_ends_no_link_whoever_says_that_the_tickets_are_void(
    gate, peer
):
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        peer.fetch = lambda: StateError("ca.pem is missing")
        gate.withdrawn["CP001"] = AuthenticationError("it is void", Code.EXPIRED)
        (await gate.arrived.get()).abort()
        waiting = (await peer.phase(Phase.WAITING)).error
        assert (waiting.text, waiting.code) == ("ca.pem is missing", Code.CREDENTIAL)
        gate.withdrawn.clear()
        peer.fetch = gate.ticket
        peer.link.wake()
        await peer.phase(Phase.CONNECTED, 2)


# ---- the wallet


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"registry":5}',
        b'{"registry":{"ticket":"x","key":"AAAA"}}',
        b"\xff" * 30,
        b"[" * 9999,
    ],
)
def test_a_damaged_wallet_is_an_empty_one_and_is_mentioned_once(tmp_path, caplog, content):
    path = tmp_path / "engine.ticket"
    path.write_bytes(content)
    path.chmod(0o600)
    wallet = TicketWallet(path)
    assert wallet.registry is None
    assert wallet.resume is None
    assert len(caplog.records) == 1
    issued = Gate().ticket()
    wallet.keep_registry(issued)
    assert TicketWallet(path).registry == issued


def test_a_wallet_that_others_can_read_is_not_used(tmp_path, caplog):
    path = tmp_path / "engine.ticket"
    TicketWallet(path).keep_registry(Gate().ticket())
    path.chmod(0o644)
    assert TicketWallet(path).registry is None
    assert "0600" in caplog.text


def test_a_wallet_that_cannot_be_written_still_holds_its_tickets(tmp_path, caplog):
    (tmp_path / "cp").write_text("in the way")
    wallet = TicketWallet(tmp_path / "cp" / "engine.ticket")
    issued = Gate().ticket()
    wallet.keep_registry(issued)
    wallet.keep_resume(issued)
    assert wallet.registry == wallet.resume == issued
    assert len(caplog.records) == 1
    assert issued.ticket not in caplog.text


async def test_background_work_ends_with_its_work_and_its_failure_is_loud():
    async def fails():
        raise KeyError("a bug")

    async def waits():
        await asyncio.Event().wait()

    async def returns():
        return 5

    assert await link_module._beside(waits(), returns()) == 5
    with pytest.raises(ExceptionGroup):
        await link_module._beside(fails(), waits())
    with pytest.raises(KeyError):
        await link_module._beside(waits(), fails())


# ---- another credential


class Keyed(Peer):
    """A peer whose credential a person may write anew; the Registry knows `right` only."""

    secret = right = "the right one"

    def make(self) -> ReconnectingClient:
        return ReconnectingClient(
            [("127.0.0.1", self.gate.port)],
            "CP001",
            Role.ENGINE,
            self.wallet,
            self._fetch,
            timing=self.timing,
            credential=lambda: self.secret,
        )

    async def _fetch(self) -> IssuedTicket:
        self.fetched += 1
        if self.secret != self.right:
            raise AuthenticationError("The id or its credential is wrong.", Code.CREDENTIAL)
        return self.gate.ticket()


async def test_tickets_that_another_credential_got_hide_no_wrong_one(gate, tmp_path):
    first = Keyed(gate, tmp_path)
    async with first.running():
        await first.phase(Phase.CONNECTED)
    again = Keyed(gate, tmp_path)
    async with again.running():
        await again.phase(Phase.CONNECTED)
    assert again.fetched == 0
    other = Keyed(gate, tmp_path)
    other.secret = "a wrong one"
    async with other.running():
        assert (await other.phase(Phase.WAITING)).error.code is Code.CREDENTIAL
        assert not other.link.connected
    assert "right one" not in first.path.read_text()


async def test_a_wrong_credential_ends_the_connection_and_the_right_one_brings_it_back(gate, tmp_path):
    peer = Keyed(gate, tmp_path)
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        peer.secret = "a wrong one"
        peer.link.credential_changed()
        assert (await peer.phase(Phase.LOST)).error.code is Code.CREDENTIAL
        await peer.phase(Phase.WAITING)
        peer.secret = peer.right
        peer.link.credential_changed()
        await peer.phase(Phase.CONNECTED, 2)


async def test_a_credential_that_the_registry_takes_too_costs_no_connection(gate, tmp_path):
    peer = Keyed(gate, tmp_path)
    async with peer.running():
        await peer.phase(Phase.CONNECTED)
        fetched, peer.secret, peer.right = peer.fetched, "a newer one", "a newer one"
        peer.link.credential_changed()
        async with asyncio.timeout(5):
            while peer.fetched == fetched:
                await asyncio.sleep(0.002)
        await asyncio.sleep(0.1)
        assert peer.phases == [(Phase.CONNECTED, None)]


async def test_who_cannot_be_known_by_its_ticket_tells_its_name_when_it_is_asked(gate, peer):
    peer.fetch = Gate().ticket
    async with peer.running():
        await peer.phase(Phase.WAITING)
        async with asyncio.timeout(5):
            while gate.refused[-1][:2] != ("CP001", Role.ENGINE):
                await asyncio.sleep(0.002)
    # Nobody is named before Central has asked.
    assert gate.refused[0][:2] == (None, None)
    assert {error.code for *_, error in gate.refused} == {Code.TICKET}
