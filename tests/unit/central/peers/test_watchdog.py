"""The watchdog ends links that are silent or do not read, and judges nobody by its own sleep."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.central.peers import watchdog
from evcharge.central.peers.quotas import TOO_FAST
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.peers.talk import MAX_UNSENT_BYTES
from evcharge.central.peers.watchdog import FIRST_WORD_S, PRESSING_S, SLOW_S, SWEEP_S, Watchdog
from evcharge.central.rules.commands import Note
from evcharge.central.rules.facts import Facts
from evcharge.domain.errors import AuthenticationError, Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1.tickets import LIVENESS
from evcharge.storage.store_errors import StoreFull

HEAP = SimpleNamespace(look_again=lambda: None)


class Enough(Exception):
    """Ends what goes on for ever."""


class Line(SimpleNamespace):
    """A channel as the watchdog sees it; `looks` counts how often that is."""

    looks = 0

    @property
    def heard_at(self) -> float:
        self.looks += 1
        return self.heard_last_at

    @heard_at.setter
    def heard_at(self, at: float) -> None:
        self.heard_last_at = at


class Link(SimpleNamespace):
    """A connection as the watchdog sees it."""

    def __init__(self, role: Role = Role.ENGINE, heard_at: float = 0.0, unsent_bytes: int = 0) -> None:
        channel = Line(heard_last_at=heard_at, unsent_bytes=unsent_bytes, pressing_since=None)
        identity = SimpleNamespace(role=role)
        super().__init__(number=id(self), identity=identity, channel=channel, ended=None, owes_since=None)

    def drop(self, why: str) -> None:
        self.ended = why

    def cut(self, why: str, error: EvchargeError) -> None:
        self.ended, self.told = why, error


def dog(*links: Link, dispatcher=None, **peers) -> Watchdog:
    """Return a watchdog that was told of those links, as it is when they come in."""
    known = SimpleNamespace(links={link.number: link for link in links}, parting={}, **peers)
    guard = Watchdog(known, dispatcher)
    for link in links:
        guard.watch(link)
    return guard


@pytest.mark.parametrize("role", LIVENESS)
def test_a_link_is_ended_when_its_role_has_been_silent_for_too_long(role: Role):
    dead_after = LIVENESS[role].dead_after_s
    quiet, dead = Link(role, heard_at=1.0), Link(role, heard_at=0.0)
    dog(quiet, dead).sweep(dead_after)
    assert (quiet.ended, dead.ended) == (None, f"silent for {dead_after:.0f} s")


def test_a_reader_that_never_reads_is_ended_only_after_a_while():
    behind = Link(unsent_bytes=MAX_UNSENT_BYTES + 1)
    guard = dog(behind)
    for now in (0.0, SLOW_S):
        behind.channel.heard_at = now
        guard.sweep(now)
    assert behind.ended is None
    behind.channel.heard_at = SLOW_S + 0.1
    guard.sweep(SLOW_S + 0.1)
    assert behind.ended == "too slow: it does not read what it is sent"


def test_a_peer_that_exceeds_its_rate_without_end_is_cut_off_and_told_of():
    cut: list[object] = []
    link = Link()
    guard = dog(link, cut_off=lambda by, why: cut.append((by, why)))
    link.actor, link.channel.pressing_since = "CP001", 0.0
    for now in (1.0, PRESSING_S):
        link.channel.heard_at = now
        guard.sweep(now)
    assert cut == []
    link.channel.heard_at = PRESSING_S + 0.1
    guard.sweep(PRESSING_S + 0.1)
    assert cut == [("CP001", TOO_FAST)]


def test_a_reader_that_catches_up_starts_anew():
    link = Link(unsent_bytes=MAX_UNSENT_BYTES + 1)
    guard = dog(link)
    guard.sweep(0.0)
    link.channel.unsent_bytes = 0
    guard.sweep(1.0)
    guard.watch(link)
    link.channel.unsent_bytes, link.channel.heard_at = MAX_UNSENT_BYTES + 1, SLOW_S + 1
    guard.sweep(SLOW_S + 1)
    assert link.ended is None


def test_a_login_that_no_first_word_follows_is_ended_with_a_sentence():
    owing, well = Link(), Link()
    owing.owes_since = 10.0
    guard = dog(owing, well)
    for now in (10.0, 10.0 + FIRST_WORD_S):
        owing.channel.heard_at = well.channel.heard_at = now
        guard.sweep(now)
    assert (owing.ended, well.ended) == (None, None)
    guard.sweep(10.1 + FIRST_WORD_S)
    assert (owing.ended, well.ended) == ("no first word within 5 s", None)
    assert owing.told.code is Code.TIMEOUT


async def rounds(monkeypatch: pytest.MonkeyPatch, guard: Watchdog, *naps_s: float) -> None:
    """Let the watchdog sleep for each of `naps_s` of loop time, from 0 on; then end it."""
    now = [0.0]
    monkeypatch.setattr(
        "evcharge.central.peers.watchdog.asyncio.get_running_loop",
        lambda: SimpleNamespace(time=lambda: now[0]),
    )
    left = list(naps_s)

    async def sleep(_seconds: float) -> None:
        if not left:
            raise Enough
        now[0] += left.pop(0)

    monkeypatch.setattr("evcharge.central.peers.watchdog.asyncio.sleep", sleep)
    with pytest.raises(Enough):
        await guard.run()


def idle() -> SimpleNamespace:
    """A dispatcher with nothing to do."""
    return SimpleNamespace(look_at_the_clock=lambda: None, facts=Facts(), busy_since=None)


async def test_nobody_is_declared_dead_by_our_own_stall(monkeypatch: pytest.MonkeyPatch):
    # The whole computer may have stood still, and with it all that would have spoken meanwhile.
    silent, mute = Link(Role.MONITOR, heard_at=0.0), Link(Role.DRIVER, heard_at=0.0)
    mute.owes_since = 0.0
    await rounds(monkeypatch, dog(silent, mute, dispatcher=idle()), 10.0, SWEEP_S, SWEEP_S)
    assert (silent.ended, mute.ended) == (None, None)


async def test_whoever_says_nothing_after_our_own_stall_either_is_dead_in_its_time(
    monkeypatch: pytest.MonkeyPatch,
):
    link = Link(Role.MONITOR, heard_at=0.0)
    naps = int(LIVENESS[Role.MONITOR].dead_after_s / SWEEP_S)
    await rounds(monkeypatch, dog(link, dispatcher=idle()), 10.0, *[SWEEP_S] * naps)
    assert link.ended == "silent for 3 s"


async def test_what_engines_owe_is_told_of_our_own_stall(monkeypatch: pytest.MonkeyPatch):
    stalls, guard = [], dog(dispatcher=idle())
    monkeypatch.setattr(guard._lost, "stood_still", stalls.append)
    await rounds(monkeypatch, guard, SWEEP_S, 40.0, SWEEP_S)
    assert stalls == [40.0]


async def test_the_clock_is_looked_at_in_every_round(monkeypatch: pytest.MonkeyPatch):
    looks = []
    dispatcher = SimpleNamespace(look_at_the_clock=lambda: looks.append(1), facts=Facts(), busy_since=None)
    await rounds(monkeypatch, dog(dispatcher=dispatcher), SWEEP_S)
    assert looks == [1]


def test_a_link_that_speaks_is_looked_at_no_more_often_than_it_could_die():
    link = Link(Role.MONITOR)
    guard = dog(link)
    dead_after_s = LIVENESS[Role.MONITOR].dead_after_s
    sweeps = int(100 * dead_after_s / SWEEP_S)
    for number in range(sweeps):
        now = number * SWEEP_S
        link.channel.heard_at = now
        guard.sweep(now)
    assert link.ended is None
    # Each look finds it alive a moment ago; the next comes a sweep before it could be dead at the earliest.
    assert link.channel.looks <= 1 + sweeps / (dead_after_s / SWEEP_S - 1)


def test_a_link_that_has_ended_is_forgotten():
    links = [Link(heard_at=0.0) for _ in range(3)]
    guard = dog(*links)
    peers = guard._peers.links
    guard.sweep(0.0)
    peers.clear()
    guard.sweep(60.0)
    assert not len(guard._looks)
    assert [link.ended for link in links] == [None] * 3


def slow_way(now: float, link: Link, behind_since: dict[int, float]) -> str:
    """Say why `link` is to be ended by looking at it in each sweep."""
    channel = link.channel
    if now - channel.heard_last_at > LIVENESS[link.identity.role].dead_after_s - SWEEP_S / 2:
        return "silent"
    if link.owes_since is not None and now - link.owes_since > FIRST_WORD_S:
        return "no first word"
    if channel.unsent_bytes > MAX_UNSENT_BYTES:
        return "too slow" if now - behind_since.setdefault(link.number, now) > SLOW_S else ""
    behind_since.pop(link.number, None)
    pressing_since = channel.pressing_since
    return TOO_FAST if pressing_since is not None and now - pressing_since > PRESSING_S else ""


HAPPENINGS = ["speaks", "owes", "pays", "falls behind", "reads", "presses", "keeps to its rate", "nothing"]


@given(
    role=st.sampled_from(list(LIVENESS)),
    steps=st.lists(
        st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 12), st.booleans()), min_size=1, max_size=60
    ),
)
def test_it_ends_a_link_in_the_very_sweep_in_which_the_slow_way_does(role, steps):
    link, behind_since, now = Link(role), dict[int, float](), 0.0
    ended: list[str] = []
    guard = dog(link, cut_off=lambda _by, why: ended.append(why))
    link.actor = None
    channel = link.channel
    for what, sweeps, speaks_on in steps:
        # In the middle between two sweeps, as everything is.
        at = now + SWEEP_S / 2
        match what:
            case "speaks":
                channel.heard_at = at
            case "owes":
                link.owes_since = at
                guard.watch(link)
            case "pays":
                link.owes_since = None
            case "falls behind":
                if channel.unsent_bytes <= MAX_UNSENT_BYTES:
                    channel.unsent_bytes = MAX_UNSENT_BYTES + 1
                    guard.watch(link)
            case "reads":
                channel.unsent_bytes = 0
            case "presses":
                if channel.pressing_since is None:
                    channel.pressing_since = at
                    guard.watch(link)
            case "keeps to its rate":
                channel.pressing_since = None
        for _ in range(sweeps):
            now += SWEEP_S
            if speaks_on:
                channel.heard_at = now
            expected = slow_way(now, link, behind_since)
            guard.sweep(now)
            found = link.ended or "".join(ended)
            assert found.startswith(expected) if expected else not found
            if expected:
                return


async def test_who_is_refused_while_nothing_can_be_stored_waits_in_no_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watchdog, "MINUTE_S", 0.0)
    posted: list[Note] = []
    refusals, minutes = Refusals(posted.append), 0
    dispatcher = SimpleNamespace(trouble="disk full", flush=lambda: None, stores_again=lambda: None)

    async def full(*_: object) -> None:
        raise StoreFull("full")

    async def next_minute() -> None:
        nonlocal minutes
        minutes += 1
        refusals.login("CP001", Role.ENGINE, "10.0.0.7:50512", AuthenticationError("no", Code.PROOF))
        if minutes == 5:
            assert len(posted) == 1
            dispatcher.trouble = None
        if minutes == 6:
            raise Enough

    with pytest.raises(Enough):
        await watchdog.each_minute(refusals, dispatcher, SimpleNamespace(live=full), next_minute, HEAP)
    assert [note.event.times for note in posted[:2]] == [1, 4]
