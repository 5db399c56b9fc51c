"""Open pages that say too much, read too little, or are too many."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from evcharge.central.api.resources.push import MISUSE
from evcharge.central.rules.commands import Actor
from evcharge.domain.errors import Overloaded
from evcharge.domain.ids import Role
from tests.component.page_server import (
    WITHIN_S,
    Desk,
    Open,
    opened,
    who_never_reads,
)
from tests.unit.central.pages import Shown


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened(Shown(points=3, drivers=3)) as desk:
        yield desk


async def test_a_page_may_say_ping(desk: Desk):
    async with desk.page() as page:
        await page.frame()
        for _ in range(3):
            await page.ws.send_str("ping")
            await page.ws.ping()
        await page.frame()
        assert not page.ws.closed


@pytest.mark.parametrize("said", ["hello", '{"t":"start"}', b"ping"])
async def test_a_page_that_says_anything_else_is_sent_away(desk: Desk, said):
    async with desk.page() as page:
        await (page.ws.send_bytes(said) if isinstance(said, bytes) else page.ws.send_str(said))
        assert await page.is_closed() == MISUSE


@pytest.mark.virtual_time
@pytest.mark.parametrize("kind", ["ping", "control"])
async def test_a_page_that_talks_too_much_is_sent_away(desk: Desk, kind: str):
    async with desk.page() as page:
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                await (page.ws.send_str("ping") if kind == "ping" else page.ws.ping())
        assert await page.is_closed() == MISUSE


async def test_a_message_that_is_too_big_is_not_read(desk: Desk):
    async with desk.page() as page:
        await page.ws.send_str("p" * 5000)
        assert await page.is_closed() == 1009


async def test_only_so_many_pages_are_served():
    async with opened(Shown(points=1), max_pages=2) as desk:
        async with desk.page() as one, desk.page() as other:
            await one.frame()
            await other.frame()
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with desk.page():
                    pass
            assert refused.value.status == 503
        # Whoever leaves makes room.
        async with asyncio.timeout(WITHIN_S):
            while desk.push.pages:
                await asyncio.sleep(0.01)
        async with desk.page() as page:
            await page.frame()


@pytest.mark.parametrize(
    ("taken", "sentence"),
    [
        ({str(number): 1 for number in range(200)}, "Too many pages"),
        ({"op": 40}, "You have 40 pages open"),
    ],
)
async def test_too_many_pages_are_refused_in_words(desk: Desk, taken: dict[str, int], sentence: str):
    desk.push._taken.update(taken)
    with pytest.raises(Overloaded, match=sentence):
        await desk.push.connect(_Asked(), Actor("op", Role.OPERATOR, "local"))


async def test_one_login_cannot_hold_all_pages():
    town = Shown(points=1)
    async with (
        opened(town, max_pages=10, max_pages_per_login=2) as desk,
        desk.page("ana"),
        desk.page("ana"),
        desk.page("bob") as page,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with desk.page("ana"):
                pass
        assert refused.value.status == 503
        await page.frame()


async def test_when_all_pages_are_taken_the_login_with_the_most_of_them_loses_its_oldest():
    async with opened(Shown(points=1), max_pages=4) as desk, contextlib.AsyncExitStack() as stack:
        ana = [await stack.enter_async_context(desk.page("ana")) for _ in range(3)]
        bob = await stack.enter_async_context(desk.page("bob"))
        for page in (*ana, bob):
            await page.frame()
        async with desk.page("eve") as eve:
            await eve.frame()
            await ana[0].is_closed()
            await bob.frame()
            # Whoever has as many as the others would only take turns with them.
            for name in ("ana", "bob"):
                with pytest.raises(aiohttp.WSServerHandshakeError):
                    async with desk.page(name):
                        pass


class _Asked:
    def __init__(self) -> None:
        self.query: dict = {}


def _rss_kib() -> int:
    status = Path(f"/proc/{os.getpid()}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def test_pages_that_never_read_are_cut_off_and_cost_little_memory():
    town = Shown(points=300)
    async with opened(town, runs=False, stalled_s=8.0) as desk:
        writers = [await who_never_reads(desk) for _ in range(5)]
        async with desk.page() as page:
            async with asyncio.timeout(WITHIN_S):
                while desk.push.pages < 6:
                    await asyncio.sleep(0.01)
            await page.frame()
            before = _rss_kib()
            flow = asyncio.create_task(_read_all(page))
            # The steady clock of the pages runs here as fast as the test wants.
            for number in range(3_000):
                for point in town.facts.points():
                    town.feed.on_temperature(point.cp_id, number)
                desk.push.tick(number / 10)
                await asyncio.sleep(0)
                if desk.push.pages == 1:
                    break
            await _gone(desk, 1)
            assert _rss_kib() - before < 40_000
            desk.push.tick(10_000.0)
            async with asyncio.timeout(WITHIN_S):
                while page.page.rev < town.board.rev:
                    await asyncio.sleep(0.01)
            flow.cancel()
            # They were cut off for not reading, and not before their time.
            assert number / 10 > 8.0
        for writer in writers:
            writer.close()


async def _read_all(page: Open) -> None:
    while True:
        await page.frame()


async def _gone(desk: Desk, pages: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while desk.push.pages > pages:
            await asyncio.sleep(0.01)


async def test_a_reader_that_was_slow_gets_the_newest_values_and_nothing_in_between(desk: Desk):
    async with desk.page() as page:
        await page.frame()
        (open_page,) = desk.push._pages
        transport = open_page.transport
        open_page.transport = _Stuck(transport)
        for number in range(20):
            desk.town.feed.on_temperature("CP001", number)
            desk.push.tick(desk.push._beat_at + 0.1)
        open_page.transport = transport
        frame = await page.until(lambda frame: frame["u"])
        assert [row[12] for row in frame["u"]] == [19]


class _Stuck:
    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 1
