"""What open pages are told over their WebSockets: GET /ws.

Ten times a second the board is refreshed, and one frame is encoded for all pages that are up to date; a page that
fell behind, or comes back, gets a frame of its own. Nothing queues: a page that has not taken its last frame gets
none, and later one with the newest values. Writes never wait; who does not read at all is cut off.
"""

import asyncio
import contextlib
import logging
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, hdrs, web

from evcharge.central.api.kit.request_inputs import lang_of, whole
from evcharge.central.api.kit.routes import DRIVERS, VIEWERS, Parameter, Route
from evcharge.central.api.resources.driver_visits import registration_of, welcome
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules.commands import Actor
from evcharge.central.views.board import Board
from evcharge.central.views.driver_board import DriverBoard
from evcharge.central.views.telemetry import Telemetry
from evcharge.domain.errors import Code, Overloaded
from evcharge.domain.ids import DriverId, Role
from evcharge.domain.session import Ticket
from evcharge.labels import DEFAULT_LANGUAGE, LANGUAGES, PAGE_LANGUAGES
from evcharge.runtime.clock import Clock
from evcharge.runtime.rate_limit import TokenBucket
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

TICK_S = 0.1
# A page that hears nothing for three seconds believes that it is cut off.
BEAT_S = 0.9
# A page that takes nothing for so long does not read.
STALLED_S = 8.0
MAX_PAGES, MAX_PAGES_PER_LOGIN = 200, 40
MAX_MESSAGE_BYTES = 4096
MAX_MESSAGES_PER_S = 10
LOGGED_OUT, MISUSE = 4401, 1008
# How long a page that is sent away has time to answer.
_GOODBYE_S = 2.0
_PING_S = 15.0

# Says whether whoever opened the page is still logged in and may still see it.
Standing = Callable[[], bool]

_QUERY = (
    Parameter("since", "The last revision that was seen.", {"type": "integer", "minimum": 0}),
    Parameter("epoch", "Of which run of Central that revision is."),
    Parameter(
        "lang",
        "A language in which messages, alerts and banners are said besides English and Spanish.",
        {"type": "string", "enum": list(PAGE_LANGUAGES)},
    ),
)


@dataclass(slots=True, eq=False)
class _Page:
    """One open page; `rev` is what it has been sent, `lang` what it reads: English for what all frames speak."""

    ws: web.WebSocketResponse
    transport: asyncio.Transport
    standing: Standing
    login: str
    driver_id: DriverId | None
    rev: int
    lang: str
    # Until when it may stay: for ever, until its login has ended.
    stay: asyncio.Timeout
    # A driver's page: which of its own views it has been sent.
    view: int = -1
    behind_since: float | None = None


class Push:
    """The open pages. `run` is what keeps them up to date; once, beside the server."""

    def __init__(
        self,
        board: Board,
        drivers: DriverBoard,
        telemetry: Telemetry,
        dispatcher: Dispatcher,
        store: CentralStore,
        clock: Clock,
        standing: Callable[[web.Request], Standing] = lambda _: lambda: True,
        max_pages: int = MAX_PAGES,
        max_pages_per_login: int = MAX_PAGES_PER_LOGIN,
        stalled_s: float = STALLED_S,
    ) -> None:
        """`standing` makes, of the request that opens a page, what says whether it may stay open."""
        self._board = board
        self._drivers = drivers
        self._telemetry = telemetry
        self._dispatcher = dispatcher
        self._store = store
        self._clock = clock
        self._standing = standing
        self._max_pages = max_pages
        self._max_pages_per_login = max_pages_per_login
        self._stalled_s = stalled_s
        # The oldest first.
        self._pages: dict[_Page, None] = {}
        # How many each login has, those included that are not quite open yet.
        self._taken: Counter[str] = Counter()
        self._ticked_rev = board.rev
        self._beat_at = 0.0
        # By language; encoded at most once between two ticks.
        self._snapshots: dict[str, tuple[int, bytes]] = {}

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/ws",
                handler=self.connect,
                roles=VIEWERS | DRIVERS,
                query=_QUERY,
                summary="A WebSocket: a snapshot, then every change (see docs/PUSH.md).",
                answers=None,
                status=101,
                also={400: "This is not a WebSocket request."},
            )
        ]

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def follow(self, feed: Feed) -> None:
        """Hear of everything that happens from now on."""
        feed.listen(lambda event: self._board.on_event(event, self._clock()))
        feed.listen(self._drivers.on_event)
        feed.listen_live(lambda session, _: self._board.touch(session.cp_id))
        feed.listen_live(self._drivers.on_live)
        feed.listen_warmth(lambda cp_id, _: self._board.touch(cp_id))

    # ---- a page

    async def connect(self, request: web.Request, actor: Actor) -> web.StreamResponse:
        """Serve one page until it goes away. Raises Overloaded when there are too many."""
        query = request.query
        since = whole(query, "since", 10**15) if "since" in query else None
        if query.get("epoch") != self._board.epoch:
            since = None
        self._make_room(actor.id)
        driver_id = DriverId(actor.id) if actor.role is Role.DRIVER else None
        self._taken[actor.id] += 1
        try:
            if driver_id is None:
                return await self._serve(request, actor.id, None, since)
            self._drivers.open(driver_id)
            try:
                await welcome(self._dispatcher, actor)
                await self._read_inbox(driver_id)
                return await self._serve(request, actor.id, driver_id, since)
            finally:
                self._drivers.close(driver_id)
        finally:
            self._taken[actor.id] -= 1
            if not self._taken[actor.id]:
                del self._taken[actor.id]

    async def _read_inbox(self, driver_id: DriverId) -> None:
        """Read on in a driver's inbox, if its pages need that. Raises StoreError."""
        read = self._drivers.next_read(driver_id)
        if read is None:
            return
        tickets: list[Ticket] = []
        place: int | None = read.place
        try:
            registration = registration_of(self._dispatcher, driver_id)
            tickets, place = await self._store.unseen_tickets(driver_id, registration, read.place)
        finally:
            self._drivers.adopt(read, tickets, place)

    async def _read_on(self, driver_id: DriverId) -> None:
        # The dispatcher says it when the books cannot be read; here it is tried again.
        with contextlib.suppress(StoreError):
            await self._read_inbox(driver_id)

    def _make_room(self, login: str) -> None:
        """Let one more page of `login` in; when all are taken, the login with the most of them loses its oldest.

        Raises Overloaded when that would be no fairer.
        """
        own = self._taken[login]
        if own >= self._max_pages_per_login:
            raise Overloaded(f"You have {own} pages open: close some.", Code.BUSY, 10)
        if self._taken.total() < self._max_pages:
            return
        greediest, most = self._taken.most_common(1)[0]
        oldest = next((page for page in self._pages if page.login == greediest), None)
        if oldest is None or own + 1 >= most:
            raise Overloaded("Too many pages are open on this Central: close some.", Code.BUSY, 10)
        # It comes back by itself, and finds no room until somebody leaves.
        del self._pages[oldest]
        oldest.transport.abort()

    async def _serve(
        self, request: web.Request, login: str, driver_id: DriverId | None, since: int | None
    ) -> web.StreamResponse:
        asked = lang_of(request.query)
        lang = asked if asked is not None and asked not in LANGUAGES else DEFAULT_LANGUAGE
        ws: web.WebSocketResponse = web.WebSocketResponse(
            timeout=_GOODBYE_S,
            autoping=False,
            heartbeat=_PING_S,
            compress=False,
            max_msg_size=MAX_MESSAGE_BYTES,
        )
        await ws.prepare(request)
        transport = request.transport
        if transport is None:
            return ws  # gone while it was let in
        stay = asyncio.timeout(None)
        page = _Page(ws, transport, self._standing(request), login, driver_id, -1, lang, stay)
        self._welcome(page, since)
        try:
            async with stay:
                self._pages[page] = None
                await _listen(ws)
        except TimeoutError:
            if not stay.expired():
                raise
            await _send_away(page)
        finally:
            self._pages.pop(page, None)
        return ws

    def _welcome(self, page: _Page, since: int | None) -> None:
        if not self._pages:
            # Nobody was looking: the board is as it was a while ago.
            self._refresh()
        if since is not None and self._board.renumbered_rev <= since <= self._board.rev:
            page.rev = since
            self._write(page, self._due(page))
            return
        if page.driver_id is None:
            page.rev, frame = self._whole(page.lang)
        else:
            page.rev, frame = self._board.rev, framed(self._drivers.frame(page.driver_id, None))
        page.transport.write(frame)

    def _whole(self, lang: str) -> tuple[int, bytes]:
        if lang not in self._snapshots:
            self._snapshots[lang] = self._board.rev, framed(self._board.snapshot(lang))
        return self._snapshots[lang]

    # ---- all pages

    async def run(self) -> None:
        """Keep all pages up to date, for ever."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self.tick(loop.time())
                    for driver_id in self._drivers.wanting():
                        tasks.create_task(self._read_on(driver_id))
                    next_s = max(next_s + TICK_S, loop.time())
                    await asyncio.sleep(next_s - loop.time())
        finally:
            for page in self._pages:
                page.transport.abort()

    def tick(self, now_s: float) -> None:
        """Bring every page up to date that can be, and send those away whose login has ended.

        `now_s` is of a steady clock.
        """
        beat = now_s - self._beat_at >= BEAT_S
        if beat:
            self._beat_at = now_s
        if not (beat or self._pages):
            return
        before = self._ticked_rev
        self._refresh()
        shared: dict[str, bytes] = {}
        for page in list(self._pages):
            if not page.standing():
                del self._pages[page]
                page.stay.reschedule(asyncio.get_running_loop().time())
            elif self._takes_more(page, now_s) and (beat or self._has_news(page)):
                if page.driver_id is None and page.rev == before:
                    if page.lang not in shared:
                        shared[page.lang] = self._due(page)
                    self._write(page, shared[page.lang])
                else:
                    self._write(page, self._due(page))

    def _refresh(self) -> None:
        now = self._clock()
        self._board.refresh(now)
        self._drivers.refresh()
        self._telemetry.sample(self._board.figures(), now.timestamp())
        self._ticked_rev = self._board.rev
        self._snapshots.clear()

    def _has_news(self, page: _Page) -> bool:
        if page.driver_id is None:
            return page.rev != self._board.rev
        if page.rev < self._board.renumbered_rev:
            return True
        return page.view != self._drivers.changes(page.driver_id)

    def _due(self, page: _Page) -> bytes:
        all_anew = page.rev < self._board.renumbered_rev
        if page.driver_id is not None:
            return framed(self._drivers.frame(page.driver_id, None if all_anew else page.rev))
        return self._whole(page.lang)[1] if all_anew else framed(self._board.delta(page.rev, page.lang))

    def _write(self, page: _Page, frame: bytes) -> None:
        page.transport.write(frame)
        page.rev = self._board.rev
        if page.driver_id is not None:
            page.view = self._drivers.changes(page.driver_id)

    def _takes_more(self, page: _Page, now_s: float) -> bool:
        """Return whether it has taken all it was sent; cut it off when it has not for too long."""
        if page.transport.is_closing():
            return False
        if not page.transport.get_write_buffer_size():
            page.behind_since = None
            return True
        if page.behind_since is None:
            page.behind_since = now_s
        elif now_s - page.behind_since > self._stalled_s:
            page.transport.abort()
        return False


async def _listen(ws: web.WebSocketResponse) -> None:
    """Read until the page goes away. It may say "ping", now and then, and nothing else."""
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(1 / MAX_MESSAGES_PER_S, MAX_MESSAGES_PER_S)
    async for message in ws:
        if not bucket.take(loop.time()):
            await ws.close(code=MISUSE, message=b"too many messages")
        elif message.type is WSMsgType.PING:
            await ws.pong(message.data)
        elif message.type is not WSMsgType.PONG and not _is_ping(message):
            await ws.close(code=MISUSE, message=b"only ping is understood")


def _is_ping(message: Any) -> bool:
    return message.type is WSMsgType.TEXT and message.data == "ping"


async def _send_away(page: _Page) -> None:
    """Tell a page that nobody reads from any more why it is closed, and wait until it has heard it."""
    try:
        # Closing first waits until it has read what it was sent, and that without an end.
        async with asyncio.timeout(_GOODBYE_S):
            await page.ws.close(code=LOGGED_OUT, message=b"logged out")
    except Exception:  # noqa: BLE001  it is gone already, however that came about
        log.debug("a page did not answer, or was gone, when it was sent away")
    finally:
        # Merely closed, a transport keeps the connection until the last byte was taken.
        page.transport.abort()


def framed(payload: bytes) -> bytes:
    """Return `payload` as one WebSocket text frame of a server (RFC 6455: not masked, not compressed).

    Made once for all pages, and written past aiohttp's writer, which would make it anew for each and might wait.
    """
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x81, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x81, 126, size)
    else:
        head = struct.pack("!BBQ", 0x81, 127, size)
    return head + payload
