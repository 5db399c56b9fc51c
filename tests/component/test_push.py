"""Open pages on a real server: what they are told, how they come back, and who is sent away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from evcharge.central.api.resources.push import LOGGED_OUT, framed
from evcharge.central.rules.commands import Withdraw
from evcharge.domain.ids import Role
from evcharge.http.server import application, serving
from tests.component.page_server import (
    WITHIN_S,
    Desk,
    Open,
    opened,
    who_never_reads,
)
from tests.unit.central.builders import KWH
from tests.unit.central.pages import Shown


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened(Shown(points=3, drivers=3)) as desk:
        yield desk


# ---- operators


async def test_a_page_gets_a_snapshot_and_then_what_changes(desk: Desk):
    async with desk.page() as page:
        first = await page.frame()
        assert first["t"] == "snap"
        assert [name[1] for name in first["c"]] == ["CP001", "CP002", "CP003"]
        desk.town.holds(cp_id="CP002")
        news = await page.until(lambda frame: frame["u"])
        assert news["t"] == "d"
        assert [row[0] for row in news["u"]] == [1]
        assert page.page.row("CP002").s == 3


async def test_all_pages_end_up_with_the_same(desk: Desk):
    async with desk.page() as one, desk.page("vi", Role.VIEWER) as other:
        await one.frame()
        await other.frame()
        for number in range(5):
            desk.town.draws(desk.town.charging(), 11_000 + number, KWH)
            desk.town.ends(desk.town.session(desk.town.point().session_id))
            await one.frame()
        rev = desk.town.board.rev
        await one.until(lambda frame: frame["rev"] >= rev)
        await other.until(lambda frame: frame["rev"] >= rev)
        assert one.page == other.page


@pytest.mark.virtual_time
async def test_a_page_that_has_nothing_new_to_see_hears_that_central_lives(desk: Desk):
    async with desk.page() as page:
        await page.frame()
        began = asyncio.get_running_loop().time()
        beat = await page.frame()
        assert asyncio.get_running_loop().time() - began < 1.2
        assert (beat["t"], beat["c"], beat["u"], beat["messages"]) == ("d", [], [], [])


async def test_every_page_gets_a_snapshot_when_a_point_is_withdrawn(desk: Desk):
    async with desk.page() as page, desk.page("D01", Role.DRIVER) as driver:
        first = await page.frame()
        await driver.frame()
        desk.town.does(Withdraw, subject="CP001", epoch=1, registration=0)
        anew = await page.until(lambda frame: frame["t"] == "snap")
        assert [name[:2] for name in anew["c"]] == [[0, "CP002"], [1, "CP003"]]
        theirs = await driver.until(lambda frame: frame["t"] == "snap")
        assert sorted(name[1] for name in theirs["c"]) == ["CP002", "CP003"]
        assert theirs["free"] == [0, 1]
        desk.town.holds(cp_id="CP003")
        news = await page.until(lambda frame: frame["u"])
        assert (news["t"], page.page.row("CP003").s) == ("d", 3)
    # A page that was away meanwhile knows indexes that mean nothing any more.
    async with desk.page(since=first["rev"], epoch=first["epoch"]) as page:
        assert (await page.frame())["t"] == "snap"


async def test_a_page_that_returns_gets_only_what_it_missed(desk: Desk):
    async with desk.page() as page:
        first = await page.frame()
    desk.town.holds(cp_id="CP003")
    async with desk.page(since=first["rev"], epoch=first["epoch"]) as page:
        missed = await page.frame()
        assert missed["t"] == "d"
        assert [row[0] for row in missed["u"]] == [2]
        assert missed["c"] == []


@pytest.mark.parametrize("asked", [{"epoch": "00000000"}, {"since": 10**9}, {"since": None}])
async def test_a_page_of_another_run_of_central_starts_anew(desk: Desk, asked: dict):
    known = {"since": 1, "epoch": desk.town.board.epoch} | asked
    async with desk.page(**{name: value for name, value in known.items() if value is not None}) as page:
        assert (await page.frame())["t"] == "snap"


async def test_a_page_that_asks_nonsense_is_refused(desk: Desk):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with desk.page(since="-1"):
            pass
    assert refused.value.status == 422


async def test_a_page_goes_on_with_another_central(tmp_path: Path):
    town = Shown(points=1)
    async with opened(town) as desk, desk.page() as page:
        first = await page.frame()
    other = Shown(points=2)
    other.board.epoch = "another0"
    async with opened(other) as desk, desk.page(since=first["rev"], epoch=first["epoch"]) as page:
        again = await page.frame()
        assert (again["t"], again["epoch"], len(again["c"])) == ("snap", "another0", 2)


async def test_one_frame_is_encoded_for_all_who_are_up_to_date(desk: Desk):
    made = []
    delta = desk.town.board.delta

    def counted(seen: int, lang: str) -> bytes:
        made.append(seen)
        return delta(seen, lang)

    desk.town.board.delta = counted
    async with contextlib.AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(desk.page()) for _ in range(8)]
        for page in pages:
            await page.frame()
        desk.town.holds(cp_id=None)
        desk.town.ticks()
        made.clear()
        for page in pages:
            await page.until(lambda frame: frame["u"])
        assert len(made) <= 2


async def test_a_snapshot_is_encoded_once_for_all_who_come_between_two_ticks():
    town = Shown(points=1)
    made = []
    snapshot = town.board.snapshot

    def counted(lang: str) -> bytes:
        made.append(lang)
        return snapshot(lang)

    town.board.snapshot = counted
    async with opened(town, runs=False) as desk, desk.page() as one, desk.page(lang="es") as other:
        assert (await one.frame())["t"] == (await other.frame())["t"] == "snap"
        assert made == ["en"]
        async with desk.page(lang="de") as third, desk.page(lang="de") as fourth:
            assert (await third.frame())["t"] == (await fourth.frame())["t"] == "snap"
        assert made == ["en", "de"]


async def test_a_page_is_told_in_its_own_language_too(desk: Desk):
    async with desk.page(lang="fr") as french, desk.page(lang="es") as spanish:
        await french.frame()
        await spanish.frame()
        desk.town.holds(cp_id="CP002")
        (told,) = (await french.until(lambda frame: frame["messages"]))["messages"][-1:]
        assert told["fr"].startswith("CP002 (Alicante) Hors service")
        (told,) = (await spanish.until(lambda frame: frame["messages"]))["messages"][-1:]
        assert set(told) == {"r", "at", "en", "es", "cp", "kind"}


async def test_a_language_that_no_page_is_read_in_is_refused(desk: Desk):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with desk.page(lang="tlh"):
            pass
    assert refused.value.status == 422


# ---- who may


@pytest.mark.virtual_time
async def test_whoever_logs_out_is_sent_away_within_a_second(desk: Desk):
    async with desk.page("ana") as page, desk.page("eva") as other:
        await page.frame()
        await other.frame()
        began = asyncio.get_running_loop().time()
        desk.logged_out.add("ana")
        assert await page.is_closed() == LOGGED_OUT
        assert asyncio.get_running_loop().time() - began < 1.0
        await other.frame()


async def test_whoever_logs_out_and_does_not_read_is_cut_off_and_makes_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evcharge.central.api.resources.push._GOODBYE_S", 0.2)
    # So much patience with a page that does not read that it is not what ends this one.
    async with opened(Shown(points=1), stalled_s=60.0) as desk:
        writer = await who_never_reads(desk, "ana")
        async with asyncio.timeout(WITHIN_S):
            while not desk.push.pages:
                await asyncio.sleep(0.01)
        (page,) = desk.push._pages
        # More than the system takes on its way.
        page.transport.write(framed(b"x" * 32_000_000))
        desk.logged_out.add("ana")
        async with asyncio.timeout(WITHIN_S):
            while desk.push._taken:
                await asyncio.sleep(0.01)
        writer.close()


@pytest.mark.virtual_time
async def test_when_the_server_stops_no_page_holds_it_up():
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as client:
        async with opened(Shown(points=1)) as desk:
            headers = {"X-Who": "op", "X-Role": "operator"}
            ws = await client.ws_connect(f"{desk.url}/ws", headers=headers)
            page = Open(ws)
            await page.frame()
            began = loop.time()
        assert loop.time() - began < 0.9
        await page.is_closed()
        await ws.close()


# ---- frames


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
async def test_frames_of_every_size_arrive_whole(size: int):
    async def serve(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        request.transport.write(framed(b"x" * size))
        await ws.receive()
        return ws

    async def on_refused(request: web.Request, code: str) -> None:
        pass

    app = application([web.get("/ws", serve)], on_refused)
    async with (
        serving(app, "127.0.0.1", 0, None) as port,
        aiohttp.ClientSession() as client,
        client.ws_connect(f"http://127.0.0.1:{port}/ws") as ws,
    ):
        assert await ws.receive_str() == "x" * size
