"""The audit rows of refusals that were only counted: none is lost to a full disk, or to a stop in their writing."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp.test_utils import make_mocked_request

from evcharge.registry.callers import Callers
from evcharge.registry.repeats import WITHIN_S, AuditEntry
from evcharge.storage.store_errors import StoreError


class Books:
    """Keeps rows, unless the disk is `full`; writes them only when it is `free`."""

    def __init__(self) -> None:
        self.rows: list[AuditEntry] = []
        self.at_once: list[int] = []
        self.full = False
        self.free = asyncio.Event()
        self.free.set()

    async def note(self, entries: Iterable[AuditEntry]) -> None:
        await self.free.wait()
        if self.full:
            raise StoreError("disk full")
        entries = list(entries)
        self.at_once.append(len(entries))
        self.rows += entries


class Minutes:
    """Monotonic seconds, as the test wants them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def clock() -> Minutes:
    return Minutes()


@pytest.fixture
def callers(books: Books, clock: Minutes) -> Callers:
    return Callers(cast("Any", books), cast("Any", None), [], "token", clock)


async def refuse(callers: Callers, times: int, address: str = "10.0.0.9") -> None:
    link = cast("Any", SimpleNamespace(get_extra_info=lambda *_: (address, 1)))
    for _ in range(times):
        request = make_mocked_request("GET", "/", transport=link)
        cast("Any", request.match_info.route).resource = None
        await callers.refused(request, "E_CREDENTIAL")


async def test_what_a_full_disk_did_not_take_is_written_when_it_does(
    callers: Callers, books: Books, clock: Minutes
):
    await refuse(callers, 4)
    clock.now, books.full = WITHIN_S, True
    with pytest.raises(StoreError):
        await callers.write_repeats()
    books.full = False
    await callers.write_repeats()
    await callers.write_repeats(all_of_them=True)
    assert [row.times for row in books.rows] == [1, 3]


async def test_a_stop_in_the_middle_of_the_writing_loses_no_row_and_writes_none_twice(
    callers: Callers, books: Books, clock: Minutes
):
    await refuse(callers, 4)
    clock.now = WITHIN_S
    books.free.clear()
    writing = asyncio.create_task(callers.write_repeats())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.sleep(0)
    books.free.set()
    await asyncio.wait({writing})
    assert writing.cancelled()
    await callers.write_repeats(all_of_them=True)
    assert [row.times for row in books.rows] == [1, 3]


async def test_a_flood_is_written_in_parts_and_what_is_written_is_not_written_again(
    callers: Callers, books: Books, clock: Minutes
):
    """All Registries wait while one of them writes."""
    for n in range(120):
        await refuse(callers, 2, f"10.0.1.{n}")
    assert len(books.rows) == 120
    books.at_once.clear()
    clock.now = WITHIN_S
    real = books.note

    async def breaks(entries: Iterable[AuditEntry]) -> None:
        if len(books.at_once) == 1:
            raise StoreError("disk full")
        await real(entries)

    books.note = breaks
    with pytest.raises(StoreError):
        await callers.write_repeats()
    books.note = real
    await callers.write_repeats()
    assert books.at_once == [50, 50, 20]
    assert len({row.address for row in books.rows[120:]}) == 120
