"""The loop does not stand still for garbage: each object is looked at once, and links leave none behind."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import Bye
from evcharge.runtime import heap
from tests.component.gate import Gate
from tests.component.town import running


@pytest.fixture
def settled() -> Iterator[heap.Heap]:
    with heap.settled() as settled:
        yield settled


class Thing:
    """Something that may refer to itself."""

    itself: object = None


def looked_at() -> int:
    """Return how many things a full collection would look at."""
    return sum(isinstance(one, Thing) for one in gc.get_objects())


def test_what_survives_a_full_collection_is_not_looked_at_again(settled: heap.Heap):
    things = [Thing() for _ in range(100)]
    assert looked_at() == 100
    gc.collect()
    assert looked_at() == 0
    # It still goes as soon as nobody refers to it.
    gone = weakref.ref(things[0])
    things.clear()
    assert gone() is None


def test_what_the_first_look_finds_alive_is_not_looked_at_again_either(settled: heap.Heap):
    things = [Thing() for _ in range(2 * heap.YOUNGEST)]
    assert len(things) > looked_at() <= heap.YOUNGEST


def test_when_there_is_twice_as_much_everything_is_looked_at_once_more(
    settled: heap.Heap, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(heap, "_FEW_OBJECTS", 0)
    kept = [Thing() for _ in range(gc.get_freeze_count() // 2)]
    selfish = Thing()
    selfish.itself = selfish
    gone = weakref.ref(selfish)
    gc.collect()
    del selfish
    settled.look_again()
    assert gone() is not None
    kept += [Thing() for _ in range(gc.get_freeze_count())]
    gc.collect()
    settled.look_again()
    assert gone() is None
    assert looked_at() == 0


def test_afterwards_all_is_as_it_was():
    before = list(gc.callbacks)
    with heap.settled():
        assert gc.get_freeze_count() > 0
    assert gc.callbacks == before
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_a_link_that_has_ended_leaves_nothing_that_only_a_full_collection_finds(says_goodbye: bool):
    over = asyncio.Event()
    ended: list[weakref.ref[Channel]] = []

    async def serve(channel: Channel) -> None:
        ended.append(weakref.ref(channel))
        try:
            while True:
                await channel.receive()
        finally:
            over.set()

    async with Gate().open(serve) as gate:
        gc.collect()
        gc.disable()
        try:
            peer = await gate.knock()
            await (peer.close(Bye()) if says_goodbye else peer.close())
            await over.wait()
            async with asyncio.timeout(5):
                while ended[0]() is not None:
                    await asyncio.sleep(0.01)
        finally:
            gc.enable()


async def test_after_a_storm_of_logins_central_looks_at_no_link_again(tmp_path: Path):
    async with running(tmp_path) as town:
        drivers = [await town.driver(f"D{number:02}") for number in range(20)]
        gc.collect()
        assert not [one for one in gc.get_objects() if isinstance(one, Channel)]
        for driver in drivers:
            await driver.channel.close(Bye())
            with pytest.raises(ChannelClosed):
                await driver.channel.receive()


def test_the_youngest_are_not_looked_at_for_each_few_hundred_that_come():
    looks = list[str]()

    def note(phase: str, _info: dict[str, int]) -> None:
        looks.append(phase)

    before = gc.get_threshold()
    with heap.settled():
        gc.collect()
        gc.callbacks.append(note)
        try:
            things = [Thing() for _ in range(5_000)]
        finally:
            gc.callbacks.remove(note)
    assert (len(things), looks) == (5_000, [])
    assert gc.get_threshold() == before
