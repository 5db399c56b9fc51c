"""The clock by which tests bound a time: who waits for a processor is not late."""

import asyncio
import os
import time
from types import SimpleNamespace

import pytest

from tests import stopwatch
from tests.stopwatch import Stopwatch, patience

OURS = os.getpid()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A steady clock, and how long each process has waited."""
    world = SimpleNamespace(now_s=100.0, starved_s={OURS: 7.0, 1: 3.0})
    monkeypatch.setattr(stopwatch, "time", SimpleNamespace(monotonic=lambda: world.now_s))
    monkeypatch.setattr(stopwatch, "starved_s", lambda pid: world.starved_s.get(pid, 0.0))
    return world


def test_the_time_for_which_one_waits_for_a_processor_does_not_count(world: SimpleNamespace):
    watch = Stopwatch()
    world.now_s += 5.0
    assert watch.read_s() == 5.0
    world.starved_s[OURS] += 4.0
    assert watch.read_s() == 1.0


def test_of_several_the_one_that_waited_longest_counts_and_a_new_one_from_its_start(world: SimpleNamespace):
    pids = [OURS, 1]
    watch = Stopwatch(lambda: pids)
    world.now_s += 10.0
    world.starved_s |= {OURS: 9.0, 1: 4.0, 2: 6.0}
    assert watch.read_s() == 8.0
    pids.append(2)
    assert watch.read_s() == 4.0
    # All of them have ended.
    world.starved_s.clear()
    assert watch.read_s() == 10.0


def test_it_is_a_clock_on_the_wall_where_nobody_waits():
    began_s = time.monotonic()
    watch = Stopwatch(list)
    assert 0.0 <= watch.read_s() <= time.monotonic() - began_s


@pytest.mark.virtual_time
async def test_patience_ends_when_so_much_time_was_had(monkeypatch: pytest.MonkeyPatch):
    loop, waits_s = asyncio.get_running_loop(), {3.0: 2.0, 6.0: 0.5}
    began_s = loop.time()
    monkeypatch.setattr(
        stopwatch, "starved_s", lambda _: sum(s for at, s in waits_s.items() if loop.time() >= began_s + at)
    )
    with pytest.raises(TimeoutError):
        async with patience(5.0):
            await asyncio.Event().wait()
    assert loop.time() - began_s == pytest.approx(7.5, abs=0.01)


@pytest.mark.virtual_time
async def test_whoever_is_in_time_hears_nothing_of_patience():
    async with patience(5.0):
        await asyncio.sleep(4.9)
    await asyncio.sleep(1.0)
