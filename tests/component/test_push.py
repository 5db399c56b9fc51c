"""Open pages on a real server: what they are told, how they come back, and who is sent away."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, fields
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from evcharge.central.api.resources.push import LOGGED_OUT, MISUSE, Push, framed
from evcharge.central.rules.commands import Actor, MarkTicketShown, Withdraw
from evcharge.central.views.telemetry import Telemetry
from evcharge.domain.errors import Overloaded
from evcharge.domain.ids import DriverId, Role
from evcharge.http.server import application, serving
from tests.unit.central.builders import KWH
from tests.unit.central.pages import Page, Shown

WITHIN_S = 5.0


class FakeBooks:
    """The inbox of each driver, and nothing else."""

    def __init__(self) -> None:
        self.unseen: dict[str, list] = {}

    async def unseen_tickets(
        self, driver_id: DriverId, registration: int, after: int = 0
    ) -> tuple[list, int | None]:
        assert registration == 0
        beyond = self.unseen.get(driver_id, [])[after:]
        return beyond[:50], after + 50 if len(beyond) >= 50 else None


class FakeDispatcher:
    """Carries out commands at once."""

    def __init__(self, town: Shown) -> None:
        self._town = town

    @property
    def facts(self):
        return self._town.facts

    def post(self, command) -> asyncio.Future:
        done = asyncio.get_running_loop().create_future()
        what = {one.name: getattr(command, one.name) for one in fields(command)}
        done.set_result(self._town.does(type(command), **what))
        return done


@dataclass
class Desk:
    """The server, its network, and who is logged in: a page says who it is in a header."""

    town: Shown
    push: Push
    books: FakeBooks
    url: str
    client: aiohttp.ClientSession
    logged_out: set[str] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def page(
        self, who: str = "op", role: Role = Role.OPERATOR, **query: object
    ) -> AsyncIterator["Open"]:
        params = {name: str(value) for name, value in query.items()}
        headers = {"X-Who": who, "X-Role": role.value}
        async with self.client.ws_connect(f"{self.url}/ws", params=params, headers=headers) as ws:
            yield Open(ws)


@dataclass
class Open:
    """A page that is open, and what it shows."""

    ws: aiohttp.ClientWebSocketResponse
    page: Page = field(default_factory=Page)
    frames: list[dict] = field(default_factory=list)

    async def frame(self) -> dict:
        async with asyncio.timeout(WITHIN_S):
            message = await self.ws.receive()
        assert message.type is WSMsgType.TEXT, message
        content = json.loads(message.data)
        self.frames.append(content)
        if "kpi" in content:
            self.page.takes(message.data)
        return content

    async def until(self, wanted) -> dict:
        """Read on until a frame is as wanted."""
        async with asyncio.timeout(WITHIN_S):
            while not wanted(content := await self.frame()):
                pass
        return content

    async def is_closed(self) -> int | None:
        """Wait for the end; return its code."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await self.ws.receive()
                if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                    return self.ws.close_code


@contextlib.asynccontextmanager
async def opened(town: Shown, *, runs: bool = True, **what: object) -> AsyncIterator[Desk]:
    books = FakeBooks()
    desk: Desk

    def standing(request: web.Request):
        return lambda: request.headers["X-Who"] not in desk.logged_out

    push = Push(
        town.board,
        town.drivers_board,
        Telemetry(),
        FakeDispatcher(town),
        books,
        lambda: town.now,
        standing,
        **what,
    )

    async def enter(request: web.Request) -> web.StreamResponse:
        actor = Actor(request.headers["X-Who"], Role(request.headers["X-Role"]), "local")
        return await push.connect(request, actor)

    async def on_refused(request: web.Request, code: str) -> None:
        pass

    app = application([web.get("/ws", enter)], on_refused)
    async with serving(app, "127.0.0.1", 0, None) as port, aiohttp.ClientSession() as client:
        desk = Desk(town, push, books, f"http://127.0.0.1:{port}", client)
        if not runs:
            yield desk
            return
        work = asyncio.create_task(push.run())
        try:
            yield desk
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work


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


# ---- misuse


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


async def _who_never_reads(desk: Desk, who: str = "op") -> asyncio.StreamWriter:
    """Open a page that takes nothing of what it is sent; return its side of the connection."""
    port = int(desk.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Who: {who}\r\nX-Role: operator\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    return writer


async def test_pages_that_never_read_are_cut_off_and_cost_little_memory():
    town = Shown(points=300)
    async with opened(town, runs=False, stalled_s=8.0) as desk:
        writers = [await _who_never_reads(desk) for _ in range(5)]
        async with desk.page() as page:
            async with asyncio.timeout(WITHIN_S):
                while desk.push.pages < 6:
                    await asyncio.sleep(0.01)
            await page.frame()
            before = _rss_kib()
            flow = asyncio.create_task(_read_all(page))
            # The steady clock of the pages runs here as fast as the test wants.
            for number in range(3_000):
                for cp_id in town.board._index:
                    town.feed.on_temperature(cp_id, number)
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
        writer = await _who_never_reads(desk, "ana")
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


# ---- drivers


async def test_a_driver_sees_its_own_charge_and_which_points_are_free_and_nothing_else(desk: Desk):
    town = desk.town
    other = town.charging("D02", "CP002")
    town.draws(other, 21_000, KWH)
    async with desk.page("D01", Role.DRIVER) as page:
        first = await page.frame()
        assert first["t"] == "snap"
        assert sorted(first["c"]) == [[i, f"CP00{i + 1}", "Alicante", 2_500, "", 0] for i in range(3)]
        assert first["free"] == [0, 2]
        assert first["me"]["session"] is None
        session = town.charging("D01", "CP001")
        for number in range(3):
            town.draws(session, 20_000 + number, (number + 1) * KWH)
        shown = await page.until(lambda frame: frame["me"]["session"])
        charge = shown["me"]["session"]
        assert (charge["step"], charge["cp_id"], charge["power"]) == (
            "CHARGING",
            "CP001",
            [20_000, 20_001, 20_002],
        )
        assert (charge["energy_mwh"], charge["cost_cents"]) == (3 * KWH, 75)
        assert shown["free"] == [2]
        town.ends(session)
        ended = await page.until(lambda frame: frame["me"]["tickets"])
        assert ended["me"]["session"] is None
        assert ended["me"]["tickets"][0]["session_id"] == session.session_id
        town.holds(cp_id=None)
        await page.until(lambda frame: not frame["free"])
        said = json.dumps(page.frames)
        assert "D02" not in said
        assert other.session_id not in said
        assert "kpi" not in said


async def test_a_driver_hears_why_it_was_refused_in_both_languages(desk: Desk):
    async with desk.page("D01", Role.DRIVER) as page:
        await page.frame()
        desk.town.holds(cp_id="CP001")
        desk.town.asks("D01", "CP001", request_id="R-web-0001")
        frame = await page.until(lambda frame: frame["me"]["refused"])
        refused = frame["me"]["refused"]
        assert refused["request_id"] == "R-web-0001"
        assert "not available" in refused["en"]
        assert "no disponible" in refused["es"]


async def test_tickets_leave_the_page_when_they_were_seen(desk: Desk):
    town = desk.town
    town.ends(town.charging("D01", "CP001", more_mwh=KWH))
    desk.books.unseen["D01"] = list(town.tickets)
    async with desk.page("D01", Role.DRIVER) as page, desk.page("D01", Role.DRIVER) as other:
        for one in (page, other):
            first = await one.frame()
            assert [row["session_id"] for row in first["me"]["tickets"]] == [town.tickets[0].session_id]
        town.does(MarkTicketShown, driver_id="D01", session_id=town.tickets[0].session_id)
        for one in (page, other):
            await one.until(lambda frame: not frame["me"]["tickets"])


async def test_a_long_inbox_comes_little_by_little_and_in_order(desk: Desk):
    town = desk.town
    for _ in range(120):
        town.ends(town.charging("D01", "CP001", more_mwh=1))
    desk.books.unseen["D01"] = list(town.tickets)
    seen: list[str] = []
    async with desk.page("D01", Role.DRIVER) as page:
        while len(seen) < 120:
            frame = await page.until(lambda frame: set(unseen(frame)) - set(seen))
            for session_id in unseen(frame):
                if session_id not in seen:
                    seen.append(session_id)
                    town.does(MarkTicketShown, driver_id="D01", session_id=session_id)
    assert seen == [ticket.session_id for ticket in town.tickets]


def unseen(frame: dict) -> list[str]:
    return [row["session_id"] for row in frame["me"]["tickets"]]


async def test_a_driver_that_was_never_here_gets_a_wallet(desk: Desk):
    async with desk.page("D77", Role.DRIVER) as page:
        assert (await page.frame())["me"]["balance_cents"] == 2_000


async def test_a_driver_that_returns_is_told_what_it_missed(desk: Desk):
    async with desk.page("D01", Role.DRIVER) as page:
        first = await page.frame()
    async with desk.page("D01", Role.DRIVER, since=first["rev"], epoch=first["epoch"]) as page:
        again = await page.frame()
        assert (again["t"], again["c"], again["free"]) == ("d", [], [0, 1, 2])


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
