"""The watchdog ends links that are silent or do not read, and judges nobody by its own sleep."""

from types import SimpleNamespace

import pytest

from evcharge.central.peers.quotas import TOO_FAST
from evcharge.central.peers.talk import MAX_UNSENT_BYTES
from evcharge.central.peers.watchdog import FIRST_WORD_S, PRESSING_S, SLOW_S, Watchdog
from evcharge.central.rules.facts import Facts
from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1.tickets import LIVENESS


class Link(SimpleNamespace):
    """A connection as the watchdog sees it."""

    def __init__(self, role: Role = Role.ENGINE, heard_at: float = 0.0, unsent_bytes: int = 0) -> None:
        channel = SimpleNamespace(heard_at=heard_at, unsent_bytes=unsent_bytes, pressing_since=None)
        identity = SimpleNamespace(role=role)
        super().__init__(number=id(self), identity=identity, channel=channel, ended=None, owes_since=None)

    def drop(self, why: str) -> None:
        self.ended = why

    def cut(self, why: str, error: EvchargeError) -> None:
        self.ended, self.told = why, error


def dog(**more) -> Watchdog:
    return Watchdog(more.get("peers"), more.get("dispatcher"))


@pytest.mark.parametrize("role", LIVENESS)
def test_a_link_is_ended_when_its_role_has_been_silent_for_too_long(role: Role):
    dead_after = LIVENESS[role].dead_after_s
    quiet, dead = Link(role, heard_at=1.0), Link(role, heard_at=0.0)
    dog().sweep(dead_after, [quiet, dead])
    assert (quiet.ended, dead.ended) == (None, f"silent for {dead_after:.0f} s")


def test_a_reader_that_never_reads_is_ended_only_after_a_while():
    guard = dog()
    behind = Link(unsent_bytes=MAX_UNSENT_BYTES + 1)
    for now in (0.0, SLOW_S):
        behind.channel.heard_at = now
        guard.sweep(now, [behind])
    assert behind.ended is None
    behind.channel.heard_at = SLOW_S + 0.1
    guard.sweep(SLOW_S + 0.1, [behind])
    assert behind.ended == "too slow: it does not read what it is sent"


def test_a_peer_that_exceeds_its_rate_without_end_is_cut_off_and_told_of():
    cut: list[object] = []
    guard = dog(peers=SimpleNamespace(cut_off=lambda by, why: cut.append((by, why))))
    link = Link()
    link.actor, link.channel.pressing_since = "CP001", 0.0
    for now in (1.0, PRESSING_S):
        link.channel.heard_at = now
        guard.sweep(now, [link])
    assert cut == []
    link.channel.heard_at = PRESSING_S + 0.1
    guard.sweep(PRESSING_S + 0.1, [link])
    assert cut == [("CP001", TOO_FAST)]


def test_a_reader_that_catches_up_starts_anew():
    guard = dog()
    link = Link(unsent_bytes=MAX_UNSENT_BYTES + 1)
    guard.sweep(0.0, [link])
    link.channel.unsent_bytes = 0
    guard.sweep(1.0, [link])
    link.channel.unsent_bytes, link.channel.heard_at = MAX_UNSENT_BYTES + 1, SLOW_S + 1
    guard.sweep(SLOW_S + 1, [link])
    assert link.ended is None


def test_a_login_that_no_first_word_follows_is_ended_with_a_sentence():
    guard = dog()
    owing, well = Link(), Link()
    owing.owes_since = 10.0
    for now in (10.0, 10.0 + FIRST_WORD_S):
        owing.channel.heard_at = well.channel.heard_at = now
        guard.sweep(now, [owing, well])
    assert (owing.ended, well.ended) == (None, None)
    guard.sweep(10.1 + FIRST_WORD_S, [owing, well])
    assert (owing.ended, well.ended) == ("no first word within 5 s", None)
    assert owing.told.code is Code.TIMEOUT


async def one_round(monkeypatch: pytest.MonkeyPatch, guard: Watchdog, after_s: float) -> None:
    """Let the watchdog sleep once, for `after_s` of loop time; then end it."""
    now = [0.0]
    monkeypatch.setattr(
        "evcharge.central.peers.watchdog.asyncio.get_running_loop",
        lambda: SimpleNamespace(time=lambda: now[0]),
    )
    naps = 0

    async def sleep(_seconds: float) -> None:
        nonlocal naps
        naps += 1
        if naps > 1:
            raise KeyboardInterrupt
        now[0] += after_s

    monkeypatch.setattr("evcharge.central.peers.watchdog.asyncio.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        await guard.run()


async def test_nobody_is_declared_dead_by_our_own_stall(monkeypatch: pytest.MonkeyPatch):
    link = Link(Role.MONITOR, heard_at=0.0)
    peers = SimpleNamespace(links={1: link})
    dispatcher = SimpleNamespace(look_at_the_clock=lambda: None)
    await one_round(monkeypatch, dog(peers=peers, dispatcher=dispatcher), after_s=10.0)
    assert link.ended is None


async def test_the_clock_is_looked_at_in_every_round(monkeypatch: pytest.MonkeyPatch):
    looks = []
    dispatcher = SimpleNamespace(look_at_the_clock=lambda: looks.append(1), facts=Facts())
    await one_round(
        monkeypatch, dog(peers=SimpleNamespace(links={}, parting={}), dispatcher=dispatcher), after_s=0.25
    )
    assert looks == [1]
