"""People are told beyond the screens: by a real HTTP server, a real mail server, and a real Central."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiosmtpd.controller import Controller

from evcharge.central.rules.commands import CENTRAL, Withdraw
from evcharge.central.services import notifier as notifying
from evcharge.central.services import notify_setup
from evcharge.central.services.notifier import Notifier, NotifyBook
from evcharge.central.services.notify_ways import Mail, MailServer, Message, NotTaken, NotThere
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import ConfigError
from evcharge.domain.timestamps import text_of
from evcharge.evc1 import messages
from evcharge.runtime.config import NotifySettings
from evcharge.runtime.waiting import Backoff
from evcharge.storage.store_errors import StoreAway
from tests.component.callers import cookie_of
from tests.component.office import Answer, Office, opened
from tests.component.test_api_metrics import figures as figures_of

WITHIN_S = 20


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notifying, "_LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(notifying, "_GRACE_S", 0.0)
    monkeypatch.setattr(notifying, "_FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(notifying, "_MOST_RETRY_S", 0.05)


@pytest.fixture
def arrivals_are_untold(monkeypatch: pytest.MonkeyPatch):
    """As in the first moments of a Central, for the whole test: a point that was not heard yet is no news."""
    monkeypatch.setattr(notifying, "_GRACE_S", 86_400.0)


@dataclass
class Hook:
    """A web server that is told things; `status` is what it answers, and `refuses` are topics that nobody may use."""

    url: str = ""
    status: int = 200
    refuses: set[str] = field(default_factory=set)
    told: list[tuple[dict, str | None]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.told.append((body, request.headers.get("Authorization")))
        self.news.set()
        return web.Response(status=403 if body.get("topic") in self.refuses else self.status)

    async def has(self, kind: str, times: int = 1) -> list[dict]:
        async with asyncio.timeout(WITHIN_S):
            while len(found := [one for one, _ in self.told if one.get("kind") == kind]) < times:
                self.news.clear()
                await self.news.wait()
        return found

    async def alert(self, about: str, text: str) -> dict:
        """Wait until somebody was told of such an alert."""
        async with asyncio.timeout(WITHIN_S):
            while not (
                found := [one for one, _ in self.told if one.get("about") == about and text in one["text"]]
            ):
                self.news.clear()
                await self.news.wait()
        return found[0]

    async def says(self, kind: str, text: str) -> dict:
        """Wait until somebody was told that; a new point is Disconnected for a moment, and that is told, too."""
        async with asyncio.timeout(WITHIN_S):
            while not (found := [one for one, _ in self.told if (one["kind"], one["text"]) == (kind, text)]):
                self.news.clear()
                await self.news.wait()
        return found[0]


@contextlib.asynccontextmanager
async def serving(hook: Hook, port: int = 0) -> AsyncIterator[Hook]:
    app = web.Application()
    app.router.add_post("/{any:.*}", hook.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield hook
    finally:
        await runner.cleanup()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with serving(Hook()) as hook:
        yield hook


OUT, BACK = "CP001 (Berlin) is Out of Order: operator.", "CP001 (Berlin) is Available again."


class Postbox:
    """What a real mail server was handed; `answer` is what it says to a message."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[tuple[list[str], str]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return self.answer


@pytest.fixture
def postbox(unused_tcp_port: int) -> Iterator[Postbox]:
    box = Postbox(unused_tcp_port)
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


async def wishes(office: Office, cookie: str, to: str, lang: str = "en") -> Answer:
    """A driver says on its page, in a language of its choice, where it wants to be told."""
    headers = {"Cookie": cookie, "Origin": office.url, "Accept-Language": lang}
    return await office.ask("POST", "/api/me/notify", {"to": to}, token=None, headers=headers)


def settings(hook: Hook | None = None, **more: object) -> NotifySettings:
    told = {"webhook": f"{hook.url}/hook"} if hook is not None else {}
    return NotifySettings(**{"point_after_s": 0.0, "alert_after_s": 300.0, **told, **more})


async def out_of_order(office: Office, hook: Hook) -> None:
    """CP001 is well, and then an operator takes it out."""
    await office.town.point()
    await office.post("/api/cps/CP001/out")
    await hook.says("out", OUT)


def kept(office: Office) -> dict:
    path = office.town.state / "central" / "notified.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {"told": {}, "waiting": []}


def told_points(office: Office) -> list[str]:
    return [key for key in kept(office)["told"] if key.startswith("point:")]


@pytest.mark.usefixtures("arrivals_are_untold")
async def test_a_point_that_is_out_is_told_once_and_so_is_its_return(tmp_path: Path, hook: Hook):
    async with opened(tmp_path, notify=settings(hook)) as office:
        await out_of_order(office, hook)
        out = await hook.says("out", OUT)
        assert (out["about"], out["title"]) == ("CP001", "CP001 is out")
        hook.told.clear()
        await office.post("/api/cps/CP001/resume")
        await hook.says("back", BACK)
        assert len({one["id"] for one, _ in hook.told}) == len(hook.told) == 1


@pytest.mark.usefixtures("arrivals_are_untold")
async def test_operators_are_told_in_any_language_of_the_pages(tmp_path: Path, hook: Hook):
    async with opened(tmp_path, notify=settings(hook, lang="fr")) as office:
        await office.town.point()
        await office.post("/api/cps/CP001/out")
        out = await hook.says("out", "CP001 (Berlin) est Hors service\u00a0: opérateur.")
        assert out["title"] == "CP001 ne fonctionne pas"


@pytest.mark.usefixtures("arrivals_are_untold")
async def test_a_restart_tells_nothing_twice(tmp_path: Path, hook: Hook):
    async with opened(tmp_path, notify=settings(hook)) as office:
        await out_of_order(office, hook)
        # What was taken, but whose answer was not read yet, is sent again.
        async with asyncio.timeout(WITHIN_S):
            while kept(office)["waiting"] or not told_points(office):
                await asyncio.sleep(0.02)
    hook.told.clear()
    async with opened(tmp_path, notify=settings(hook)) as office:
        await office.town.engine()
        await office.town.monitor()
        await office.post("/api/cps/CP001/resume")
        # In order: had the first been told again, it would have come before this.
        await hook.says("back", BACK)
    assert [(one["kind"], one["text"]) for one, _ in hook.told] == [("back", BACK)]


async def test_what_could_not_be_delivered_waits_over_a_restart_and_that_is_said(tmp_path: Path, hook: Hook):
    hook.status = 503
    async with opened(tmp_path, notify=settings(hook)) as office:
        (await office.town.point()).monitor.abort()
        await hook.has("out", 2)
        line = await office.town.says("Nobody can be told by webhook")
        assert "it answered with HTTP status 503" in line
        # Charging goes on meanwhile, at a point whose monitor is still heard.
        await office.town.point("CP002")
        driver = await office.town.driver()
        driver.asks("CP002")
        await driver.step("ASKING")
    hook.status, hook.told[:] = 200, []
    async with opened(tmp_path, notify=settings(hook)) as office:
        first = (await hook.has("out"))[0]
        assert first["about"] == "CP001"


async def untold(office: Office, way: str) -> dict | None:
    """The open alert that says that operators are not told by that way."""
    found = (await office.get("/api/alerts"))["alerts"]
    return next((one for one in found if one["id"] == f"{way}-notify" and not one["solved_at"]), None)


async def test_a_way_that_is_down_for_long_is_an_alert_until_it_works_again(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notifying, "_LOST_AFTER_S", 0.0)
    hook.refuses, both = {"operators"}, {"ntfy": f"{hook.url}/operators", "alert_after_s": 0.0}
    async with opened(tmp_path, notify=settings(hook, **both)) as office:
        await office.town.point()
        await office.post("/api/cps/CP001/out")
        assert await office.recorded("NotifyLost")
        why = "it answered with HTTP status 403"
        assert (await untold(office, "ntfy"))["what"] == f"Nobody is told by ntfy any more: {why}."
        assert await untold(office, "webhook") is None
        # The way that works tells of the one that does not.
        await hook.alert("ntfy", f"Nobody is told by ntfy any more: {why}.")
        figures = await figures_of(office)
        ntfy, webhook = (("way", "ntfy"),), (("way", "webhook"),)
        assert (figures["evcharge_notify_up", ntfy], figures["evcharge_notify_up", webhook]) == (0, 1)
        assert figures["evcharge_notify_waiting", ntfy] > 0
    # A restart repeats nothing, and ends what began before it.
    hook.refuses = set()
    async with opened(tmp_path, notify=settings(hook, **both)) as office:
        assert await office.recorded("NotifyReached")
        assert await untold(office, "ntfy") is None
        assert (len(office.rows("NotifyLost")), len(office.rows("NotifyReached"))) == (1, 1)


async def test_a_way_that_is_down_for_a_moment_is_no_alert_and_a_message_that_is_lost_is_one(
    tmp_path: Path, hook: Hook
):
    hook.status = 503
    async with opened(tmp_path, notify=settings(hook)) as office:
        await office.town.point()
        await office.post("/api/cps/CP001/out")
        await hook.has("out", 3)
        hook.status = 200
        await office.town.says("Notifications by webhook get through again.")
        assert office.rows("NotifyLost") == []
        hook.status = 404
        await office.post("/api/cps/CP001/resume")
        assert await office.recorded("NotifyLost")
        hook.status = 200
        await office.post("/api/cps/CP001/out")
        assert await office.recorded("NotifyReached")
        assert await untold(office, "webhook") is None


async def test_a_way_that_is_not_used_any_more_is_no_alert(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notifying, "_LOST_AFTER_S", 0.0)
    hook.status = 503
    async with opened(tmp_path, notify=settings(hook)) as office:
        await office.town.point()
        await office.post("/api/cps/CP001/out")
        assert await office.recorded("NotifyLost")
    async with opened(tmp_path) as office:
        assert await untold(office, "webhook") is None


async def test_an_alert_is_told_when_it_has_been_open_for_long_and_when_it_is_over(
    tmp_path: Path, hook: Hook
):
    long, short = (
        settings(hook, point_after_s=86_400.0),
        settings(hook, point_after_s=86_400.0, alert_after_s=0.0),
    )
    async with opened(tmp_path, notify=long) as office:
        await office.town.point()
        fault = office.town.channels[1]
        fault.send(messages.Health(fault="overheated"))
        await office.recorded("FaultReported")
    assert hook.told == []
    async with opened(tmp_path, notify=short) as office:
        # Its monitor was not heard either, at first: that is another alert.
        fault = await hook.alert("CP001", "overheated")
        assert fault["text"].endswith("(open for 0 min)")
        await office.town.monitor()
        await office.recorded("FaultCleared")
        over = await hook.says("restored", "CP001 works again.")
        assert over["title"] == "Solved: CP001"


async def test_an_alert_that_becomes_another_one_is_not_told_to_be_over(tmp_path: Path, hook: Hook):
    told = settings(hook, point_after_s=86_400.0, alert_after_s=0.0)
    async with opened(tmp_path, notify=told) as office:
        engine, other = await office.town.point(), await office.town.point("CP002")
        assert engine.monitor is not None
        assert other.monitor is not None
        engine.channel.abort()
        await hook.alert("CP001", "has no link to Central")
        engine.monitor.send(messages.Health(fault="engine lost: it does not answer"))
        await hook.alert("CP001", "it does not answer")
        # This comes after all that was told of that.
        other.monitor.send(messages.Health(fault="overheated"))
        await hook.alert("CP002", "overheated")
        assert [one["text"] for one, _ in hook.told if one["kind"] == "restored"] == []


@pytest.mark.parametrize("status", [CpStatus.DISCONNECTED, CpStatus.AVAILABLE])
async def test_an_alert_that_no_start_reads_any_more_is_over_only_where_its_point_is_back(
    tmp_path: Path, status: CpStatus
):
    looked = asyncio.Event()

    async def happened(_most: int) -> list[object]:
        return []

    book = NotifyBook(tmp_path / "notified.json")
    book.kept.told["alert:CP001-monitor"] = "2026-11-30T03:00:00.000000+00:00"
    network = nothing_but(happened)
    network.recent = lambda: looked.set() or []
    network.point = lambda _: SimpleNamespace(status=status, withdrawn=False)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    notifier = Notifier(
        {"webhook": Busy()}, book, network, network, network, network, network, clock, "en", 0.0, 0.0
    )
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        work = tasks.create_task(notifier.run())
        await looked.wait()
        work.cancel()
    over = status is CpStatus.AVAILABLE
    assert [one.text for one in book.kept.waiting] == ["The alert about CP001 is over."] * over
    assert ("alert:CP001-monitor" in book.kept.told) is not over


async def test_a_driver_that_wants_to_hears_that_its_car_is_full_and_nobody_else_does(
    tmp_path: Path, hook: Hook, postbox: Postbox
):
    mail = {"smtp": f"127.0.0.1:{postbox.port}", "smtp_security": "none", "mail_from": "ev@example.org"}
    operators = {"mail_to": ["ops@example.org"], "ntfy": f"{hook.url}/operators", "point_after_s": 86_400.0}
    told = settings(None, **mail, **operators)
    async with opened(tmp_path, notify=told) as office:
        for name, to, lang in (
            ("D01", "ana@example.org", "de"),
            ("D02", "topic-of-d02", "en"),
            ("D03", "", "en"),
        ):
            # A point for each: its monitor reports once only, and is heard for as long as one charge takes.
            engine = await office.town.point(f"CP0{name[1:]}")
            driver = await office.town.driver(name)
            if to:
                answer = await wishes(office, await cookie_of(office, name), to, lang)
                assert (answer.body["to"], answer.body["ways"]) == (to, ["mail", "ntfy"])
            driver.asks(engine.cp_id)
            await engine.is_asked()
            await engine.journals(engine.starts(), engine.meters(2_000_000), engine.ends("battery full"))
            await driver.ticket()
        async with asyncio.timeout(WITHIN_S):
            while not (postbox.mails and hook.told):
                await asyncio.sleep(0.02)
        (to, text), (body, _) = postbox.mails[0], hook.told[0]
        assert to == ["ana@example.org"]
        assert "Subject: Ihr Auto ist voll" in text
        assert "CP001: Batterie voll nach 2,000 kWh, 0,50" in text
        assert body == {
            "topic": "topic-of-d02",
            "title": "Your car is full",
            "message": "CP002: battery full after 2.000 kWh, 0.50 €. Please make room for the next one.",
        }
        assert (len(postbox.mails), len(hook.told)) == (1, 1)


def full(number: int, to: str = "", ago: timedelta = timedelta(0)) -> Message:
    """What waits at ntfy for a driver, or for the operators."""
    at = text_of(datetime.now(UTC) - ago)
    return msgspec.structs.replace(message("ntfy", to), id=f"M-{number}", text=f"M-{number}", at=at)


async def test_an_address_that_takes_nothing_holds_up_neither_the_operators_nor_other_drivers(
    tmp_path: Path, hook: Hook
):
    hook.refuses = {"reserved-topic"}
    told = settings(None, ntfy=f"{hook.url}/operators", point_after_s=86_400.0, alert_after_s=86_400.0)
    async with opened(tmp_path, notify=told):
        pass
    book = NotifyBook(tmp_path / "central" / "notified.json")
    old = timedelta(hours=2)
    book.kept.waiting = [
        full(1, "reserved-topic", old),
        full(2, "reserved-topic"),
        full(3, "topic-of-d02"),
        full(4),
    ]
    book.is_changed = True
    await book.save()
    async with opened(tmp_path, notify=told) as office:
        async with asyncio.timeout(WITHIN_S):
            while [one["id"] for one in kept(office)["waiting"]] != ["M-2"]:
                await asyncio.sleep(0.02)
        await office.town.says("is of no use to anybody any more")
    # What is so old that nobody needs it is given up; what is not is tried again and again.
    assert {body["message"] for body, _ in hook.told} == {"M-2", "M-3", "M-4"}


class Busy:
    """A way that never comes to an end with a message."""

    async def send(self, _message: Message) -> None:
        await asyncio.Event().wait()


def nothing_but(happened: Callable[[int], Awaitable[list[object]]]) -> Any:
    """What a notifier looks at, of a network in which nothing is, and of which the books tell what `happened`."""
    return SimpleNamespace(
        points=list,
        open=list,
        is_open=lambda *_: False,
        recent=list,
        listen=lambda _: None,
        happened=happened,
    )


async def test_what_is_on_its_way_may_have_to_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notifying, "MOST_WAITING", 2)
    news: asyncio.Queue[str] = asyncio.Queue()
    may_end = asyncio.Event()

    class Slow:
        async def send(self, message: Message) -> None:
            news.put_nowait(message.id)
            if message.id == "M-1":
                raise NotThere("later")
            await may_end.wait()

    async def happened(_most: int) -> list[object]:
        return []

    book = NotifyBook(tmp_path / "notified.json")
    book.kept.waiting = [full(1, "topic-of-d01"), full(2, "topic-of-d02")]
    nothing = nothing_but(happened)
    long = lambda: Backoff(86_400.0, 86_400.0)  # noqa: E731
    clock = lambda: datetime.now(UTC)  # noqa: E731
    notifier = Notifier(
        {"ntfy": Slow()}, book, nothing, nothing, nothing, nothing, nothing, clock, "en", 0.0, 0.0, long
    )  # fmt: skip
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        work = tasks.create_task(notifier.run())
        assert [await news.get(), await news.get()] == ["M-1", "M-2"]
        notifier._enqueue(full(3, "topic-of-d03"))  # noqa: SLF001  as an event of a full car does
        may_end.set()
        assert await news.get() == "M-3"
        while len(book.kept.waiting) > 1:
            await asyncio.sleep(0)
        work.cancel()
    assert [message.id for message in book.kept.waiting] == ["M-1"]


async def test_books_that_are_away_as_it_begins_hold_up_nothing_and_are_read_later(tmp_path: Path):
    """A database that crashes just after a take-over must not end the heir."""
    told, read = asyncio.Event(), asyncio.Event()

    async def happened(_most: int) -> list[object]:
        if not told.is_set():
            raise StoreAway("away")
        read.set()
        return []

    class Way:
        async def send(self, _message: Message) -> None:
            told.set()

    book = NotifyBook(tmp_path / "notified.json")
    book.kept.waiting = [full(1, "topic-of-d01")]
    nothing = nothing_but(happened)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    notifier = Notifier(
        {"ntfy": Way()}, book, nothing, nothing, nothing, nothing, nothing, clock, "en", 0.0, 0.0
    )
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
        work = tasks.create_task(notifier.run())
        await read.wait()
        work.cancel()


@pytest.mark.parametrize(("ways", "listeners"), [({}, 0), ({"ntfy": None}, 1)])
async def test_with_nobody_to_tell_it_hears_no_events(tmp_path: Path, ways: dict, listeners: int):
    heard: list[object] = []
    nothing = SimpleNamespace(points=list, listen=heard.append)
    book = NotifyBook(tmp_path / "notified.json")
    clock = lambda: datetime.now(UTC)  # noqa: E731
    Notifier(ways, book, nothing, nothing, nothing, nothing, nothing, clock, "en", 0.0, 0.0)
    assert len(heard) == listeners


async def test_what_was_told_is_known_after_a_restart_with_accents_with_euros_and_in_any_number(
    tmp_path: Path,
):
    book = NotifyBook(tmp_path / "notified.json")
    book.kept.told["point:CP001"] = "2026-11-30T03:00:00Z"
    book.kept.waiting = [message(to="topic") for _ in range(notifying.MOST_WAITING)]
    book.kept.waiting[0] = msgspec.structs.replace(book.kept.waiting[0], text="Málaga: 0,50 €")
    book.is_changed = True
    await book.save()
    assert NotifyBook(tmp_path / "notified.json").kept == book.kept


@pytest.mark.parametrize("is_shut", [False, True], ids=["rubbish", "a folder"])
async def test_what_cannot_be_read_is_set_aside_and_never_written_over(
    tmp_path: Path, is_shut: bool, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "notified.json"
    path.mkdir() if is_shut else path.write_text('{"wishes": {"D01/0": "ana@example.org"')
    NotifyBook(path)
    assert "notified.json.unread-1 now: who wants notifications is not known until it is back" in caplog.text
    # A bad disk may do that again.
    path.write_text("{")
    book = NotifyBook(path)
    book.kept.told["point:CP001"] = "2026-11-30T03:00:00Z"
    book.is_changed = True
    await book.save()
    aside = tmp_path / "notified.json.unread-1"
    assert aside.is_dir() if is_shut else "ana@example.org" in aside.read_text()
    assert NotifyBook(path).kept == book.kept


async def test_where_a_driver_wants_to_be_told_is_on_the_disk_before_it_is_answered(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notifying, "_LOOK_EVERY_S", 86_400.0)
    async with opened(tmp_path, notify=settings(None, ntfy=f"{hook.url}/operators")) as office:
        await office.town.driver("D01")
        await wishes(office, await cookie_of(office), "topic-of-d01")
        assert kept(office)["wishes"] == {"D01/0": "topic-of-d01"}


async def test_the_address_of_a_driver_who_left_the_network_is_forgotten(tmp_path: Path, hook: Hook):
    async with opened(tmp_path, notify=settings(None, ntfy=f"{hook.url}/operators")) as office:
        await office.town.driver("D01")
        cookie = await cookie_of(office)
        assert (await wishes(office, cookie, "topic-of-d01")).status == 200
        assert "topic-of-d01" in json.dumps(kept(office))
        await office.town.dispatcher.submit(Withdraw(by=CENTRAL, subject="D01", epoch=1, registration=0))
        async with asyncio.timeout(WITHIN_S):
            while "topic-of-d01" in json.dumps(kept(office)):
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "to", ["http://evil.example/", "ana@", "a b@example.org", "short", "x" * 300, "a@b\nBcc: c@d"]
)
async def test_no_driver_makes_central_call_an_address_of_its_choice(tmp_path: Path, hook: Hook, to: str):
    async with opened(tmp_path, notify=settings(None, ntfy=f"{hook.url}/operators")) as office:
        await office.town.driver("D01")
        cookie = await cookie_of(office)
        assert (await wishes(office, cookie, to)).status == 422
        # A way that this network does not have.
        assert (await wishes(office, cookie, "ana@example.org")).status == 422


# ---- the ways themselves


def message(way: str = "mail", to: str = "") -> Message:
    return Message(
        id="m-1", way=way, to=to, kind="out", about="CP001", title="CP001 is out: ñ", text="It is.", at="now"
    )


def mail(port: int, security: str = "none") -> Mail:
    clock = lambda: datetime(2026, 11, 30, tzinfo=UTC)  # noqa: E731
    return Mail(MailServer("127.0.0.1", port, security), "ev@example.org", "ops@example.org", clock)


async def test_a_mail_says_the_same_in_its_id_however_often_it_is_sent(postbox: Postbox):
    await mail(postbox.port).send(message())
    (to, text) = postbox.mails[0]
    assert to == ["ops@example.org"]
    assert "Message-ID: <m-1@evcharge>" in text
    assert "=?utf-8?" in text  # the ñ


@pytest.mark.parametrize(("answer", "kind"), [("451 later", NotThere), ("554 never", NotTaken)])
async def test_a_mail_server_that_says_no_means_later_or_never(postbox: Postbox, answer: str, kind: type):
    postbox.answer = answer
    with pytest.raises(kind, match="the mail server answered with"):
        await mail(postbox.port).send(message())


async def test_a_mail_server_without_tls_gets_nothing_when_tls_is_wanted(postbox: Postbox):
    with pytest.raises(NotThere):
        await mail(postbox.port, "starttls").send(message())
    assert postbox.mails == []


async def test_nobody_at_the_port_is_said_in_our_words(unused_tcp_port: int):
    with pytest.raises(NotThere, match="connection refused"):
        await mail(unused_tcp_port).send(message())


@pytest.mark.parametrize(
    ("status", "kind"), [(500, NotThere), (429, NotThere), (401, NotThere), (301, NotThere), (404, NotTaken)]
)
async def test_what_a_web_server_answers_means_later_or_never(
    hook: Hook, tmp_path: Path, status: int, kind: type
):
    hook.status = status
    way = notify_setup.ways(settings(hook), tmp_path, lambda: datetime.now(UTC), {})["webhook"]
    with pytest.raises(kind, match=f"status {status}"):
        await way.send(message("webhook"))


async def test_the_token_goes_with_it(hook: Hook, tmp_path: Path):
    environ = {"EVCHARGE_NOTIFY_TOKEN": "tk_secret"}
    ways = notify_setup.ways(
        settings(hook, ntfy=f"{hook.url}/topic"), tmp_path, lambda: datetime.now(UTC), environ
    )
    for name in ("webhook", "ntfy"):
        await ways[name].send(message(name))
    assert [token for _, token in hook.told] == ["Bearer tk_secret"] * 2
    assert hook.told[1][0]["topic"] == "topic"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mail_to": ["a@b.org"]}, "needs a mail server"),
        ({"smtp": "m:25", "mail_to": ["a@b.org"]}, "mail_from"),
        (
            {"smtp": "m:25", "mail_to": ["a@b.org"], "mail_from": "c@d.org", "smtp_user": "u"},
            "notify.password",
        ),
        ({"webhook": "http://far.example/hook"}, "https"),
    ],
)
def test_half_a_setting_is_refused_and_so_is_a_token_in_the_clear(tmp_path: Path, wrong: dict, sentence: str):
    with pytest.raises(ConfigError, match=sentence):
        notify_setup.ways(
            NotifySettings(**wrong), tmp_path, lambda: datetime.now(UTC), {"EVCHARGE_NOTIFY_TOKEN": "t"}
        )


async def test_what_waits_is_bounded_and_the_oldest_makes_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notifying, "MOST_WAITING", 3)
    async with opened(tmp_path, notify=settings(Hook(url="http://127.0.0.1:9"))) as office:
        for number in range(1, 6):
            await office.town.point(f"CP00{number}")
        await office.post("/api/cps/out")
        await office.town.says("Too much waits for webhook")
        async with asyncio.timeout(WITHIN_S):
            while len(kept(office)["waiting"]) != 3:
                await asyncio.sleep(0.02)


def test_the_pauses_grow():
    backoff = Backoff(5.0, 600.0, lambda _, most: most)
    assert [backoff.next_s() for _ in range(9)] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
