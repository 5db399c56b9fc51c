"""What a driver does on its own page: the same rules as for the driver's program, over HTTP."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from evcharge.central.api.kit.routes import DRIVERS
from evcharge.central.api.resources.own_account import OwnAccountRoutes
from evcharge.central.books.archive import Archive
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.consents import Consents
from evcharge.central.rules.commands import (
    Actor,
    ByHand,
    PlaceHold,
    Reach,
    SetPrice,
    StartCharging,
    TakeRecords,
)
from evcharge.central.rules.settings import Rules
from evcharge.central.views.alerts import Alerts
from evcharge.central.views.board import Board, Opening
from evcharge.central.views.driver_board import DriverBoard
from evcharge.central.views.today import Today
from evcharge.domain.charging_point import Hold
from evcharge.domain.days import UTC_DAYS
from evcharge.domain.errors import Code
from evcharge.domain.ids import Role
from evcharge.http.server import application, serving
from evcharge.runtime.clock import utc_now
from evcharge.security.passwords import Credentials
from tests.component.books import opened
from tests.unit.central.builders import ADMIN, JOURNAL, KWH, FakeEngine, Network, located

REQUEST = "R-web-00000001"


@dataclass
class Booth:
    """A driver's browser, and the books behind it."""

    url: str
    client: aiohttp.ClientSession
    dispatcher: Dispatcher
    board: DriverBoard
    engine: FakeEngine

    async def ask(self, method: str, path: str, body: object = None, who: str = "D01") -> tuple[int, dict]:
        async with self.client.request(
            method, f"{self.url}/api/me{path}", json=body, headers={"X-Who": who}
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str = "", who: str = "D01") -> dict:
        status, body = await self.ask("GET", path, who=who)
        assert status == 200, body
        return body

    async def post(self, path: str, body: object = None, who: str = "D01") -> dict:
        status, answer = await self.ask("POST", path, body, who)
        assert status == 200, answer
        return answer

    async def delivers(self, *records) -> None:
        """The engine delivers records of its journal."""
        point = self.dispatcher.facts.point("CP001")
        over = {"link": point.engine_link, "epoch": point.epoch}
        await self.dispatcher.submit(
            TakeRecords(by=ADMIN, cp_id="CP001", journal_id=JOURNAL, records=records, **over)
        )

    async def charged(self, request_id: str = REQUEST, who: str = "D01") -> str:
        """Charge from the request to the ticket; return the session."""
        session_id = (await self.post("/requests", {"request_id": request_id, "cp_id": "CP001"}, who))[
            "session_id"
        ]
        await self.delivers(self.engine.started(session_id), self.engine.ended(session_id, 2 * KWH))
        return session_id


@pytest.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    network = Network()
    async with opened(tmp_path) as books, Credentials() as credentials, contextlib.AsyncExitStack() as stack:
        feed = Feed()
        rules = Rules(now=utc_now(), welcome_credit_cents=2_000)
        facts = await books.store.load(utc_now())
        dispatcher = Dispatcher(facts, books.store, feed, rules, utc_now)
        now = utc_now()
        board = Board(facts, feed, Alerts(), Today(UTC_DAYS, now), Opening("e", "1", "en", now))
        drivers = DriverBoard(facts, feed, board)
        feed.listen(drivers.on_event)
        work = asyncio.create_task(dispatcher.run())
        for command in _two_points(network):
            await dispatcher.submit(command)
        consents = Consents(credentials, b"pepper", facts, time.monotonic)
        room = OwnAccountRoutes(dispatcher, books.store, Archive(books.database), feed, drivers, consents)

        def entered(handler):
            async def enter(request: web.Request) -> web.StreamResponse:
                return await handler(request, Actor(request.headers["X-Who"], Role.DRIVER, "127.0.0.1:1"))

            return enter

        async def on_refused(request: web.Request, code: str) -> None:
            pass

        assert all(route.roles == DRIVERS for route in room.routes())
        routes = [web.route(route.method, route.path, entered(route.handler)) for route in room.routes()]
        port = await stack.enter_async_context(serving(application(routes, on_refused), "127.0.0.1", 0, None))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        yield Booth(f"http://127.0.0.1:{port}", client, dispatcher, drivers, FakeEngine("CP001"))
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


def _two_points(network: Network) -> list:
    """Return the commands that make two charging points available."""
    commands = []
    does = network.does

    def overheard(kind, **what):
        commands.append(kind(**{"by": ADMIN} | located(what)))
        return does(kind, **what)

    network.does = overheard
    network.point_is_there("CP001")
    network.point_is_there("CP002", location="Elche")
    return commands


async def test_a_driver_that_was_never_here_finds_a_wallet(booth: Booth):
    me = await booth.get()
    assert (me["driver_id"], me["balance_cents"], me["held_cents"]) == ("D01", 2_000, 0)
    assert (me["session"], me["unseen"]) == (None, [])
    # Once, however often it looks.
    assert (await booth.get())["balance_cents"] == 2_000


async def test_a_charge_from_the_request_to_the_ticket_that_was_seen(booth: Booth):
    answer = await booth.post("/requests", {"request_id": REQUEST, "cp_id": "CP001"})
    assert (answer["step"], answer["cp_id"], answer["request_id"]) == ("ASKING", "CP001", REQUEST)
    me = await booth.get()
    assert (me["session"]["step"], me["session"]["request_id"], me["held_cents"]) == (
        "ASKING",
        REQUEST,
        2_000,
    )
    session_id = answer["session_id"]
    await booth.delivers(booth.engine.started(session_id), booth.engine.meter(session_id, KWH))
    assert (await booth.get())["session"]["energy_mwh"] == KWH
    assert (await booth.post("/stop"))["step"] == "STOPPING"
    assert (await booth.get())["session"]["step"] == "STOPPING"
    await booth.delivers(booth.engine.ended(session_id, KWH, "driver"))
    me = await booth.get()
    (ticket,) = me["unseen"]
    assert (ticket["session_id"], ticket["energy_mwh"], ticket["cost_cents"]) == (session_id, 2 * KWH, 50)
    assert me["balance_cents"] == 1_950
    # Looking is not seeing: only the page says that it has shown a ticket.
    assert (await booth.get())["unseen"] == me["unseen"]
    assert (await booth.post(f"/tickets/{session_id}/seen"))["changed"] is True
    assert (await booth.post(f"/tickets/{session_id}/seen"))["changed"] is False
    assert (await booth.get())["unseen"] == []
    (listed,) = (await booth.get("/tickets"))["tickets"]
    assert listed == ticket | {"owed_cents": 0, "rebuilt": False}


async def test_a_price_that_rose_since_the_page_showed_it_is_said_and_nothing_begins(booth: Booth):
    await booth.dispatcher.submit(SetPrice(by=ADMIN, cp_id="CP001", price_centi_cents_per_kwh=3_000))
    wanted = {"request_id": REQUEST, "cp_id": "CP001"}
    answer = await booth.post("/requests", wanted | {"shown_price": "0.25"})
    assert (answer["step"], answer["code"]) == ("REFUSED", Code.PRICE)
    assert answer["de"].startswith("CP001 kostet jetzt 0,30 €/kWh, mehr als angezeigt")
    assert (await booth.get())["held_cents"] == 0
    assert (await booth.ask("POST", "/requests", wanted | {"shown_price": "cheap"}))[0] == 422
    assert (await booth.post("/requests", wanted | {"shown_price": "0.30"}))["step"] == "ASKING"


async def test_the_same_request_again_is_the_same_charge(booth: Booth):
    wanted = {"request_id": REQUEST, "cp_id": "CP001"}
    first = await booth.post("/requests", wanted)
    assert await booth.post("/requests", wanted) == first
    await booth.delivers(
        booth.engine.started(first["session_id"]), booth.engine.ended(first["session_id"], KWH)
    )
    assert (await booth.post("/requests", wanted))["step"] == "TICKETED"
    assert len((await booth.get("/sessions"))["sessions"]) == 1


async def test_a_refused_request_says_why_in_both_languages(booth: Booth):
    await booth.dispatcher.submit(PlaceHold(by=ADMIN, cp_id="CP001", hold=Hold.OPERATOR))
    answer = await booth.post("/requests", {"request_id": REQUEST, "cp_id": "CP001"})
    assert (answer["step"], answer["code"]) == ("REFUSED", Code.CP_NOT_AVAILABLE)
    assert "not available" in answer["en"]
    assert "no disponible" in answer["es"]


@pytest.mark.parametrize(
    ("wanted", "spanish"),
    [
        ({"cp_id": "CP404"}, "CP404 no existe. Con `list` verá los que hay."),
        ({}, "Ningún punto de recarga disponible en este momento."),
    ],
)
async def test_other_refusals_have_words_too(booth: Booth, wanted: dict, spanish: str):
    if not wanted:
        await booth.dispatcher.submit(PlaceHold(by=ADMIN, cp_id=None, hold=Hold.OPERATOR))
    answer = await booth.post("/requests", {"request_id": REQUEST} | wanted)
    assert answer["es"] == spanish


async def test_any_charging_point_near_a_place_will_do(booth: Booth):
    answer = await booth.post("/requests", {"request_id": REQUEST, "location": "elche"})
    assert answer["cp_id"] == "CP002"


async def test_a_request_is_in_the_audit_log_with_who_and_from_where(booth: Booth):
    await booth.post("/requests", {"request_id": REQUEST, "cp_id": "CP001"})
    rows = await booth.dispatcher._store._database.read(
        "SELECT * FROM events WHERE type = 'SessionAuthorised'"
    )
    assert [(row["actor"], row["role"], row["address"]) for row in rows] == [("D01", "driver", "127.0.0.1:1")]


async def test_there_is_nothing_to_stop_without_a_charge(booth: Booth):
    status, answer = await booth.ask("POST", "/stop")
    assert (status, answer["code"]) == (409, Code.CONFLICT)


async def test_a_stop_names_the_charge_and_so_does_its_answer(booth: Booth):
    running = await booth.post("/requests", {"request_id": REQUEST, "cp_id": "CP001"})
    status, answer = await booth.ask("POST", "/stop?session_id=S-unknown")
    assert (status, answer["code"]) == (409, Code.CONFLICT)
    stopped = await booth.post(f"/stop?session_id={running['session_id']}")
    assert (stopped["step"], stopped["session_id"], stopped["cp_id"]) == (
        "STOPPING",
        running["session_id"],
        "CP001",
    )


async def test_nobody_sees_or_touches_what_is_of_another_driver(booth: Booth):
    session_id = await booth.charged()
    for path in ("/sessions", "/tickets"):
        (rows,) = [body for body in (await booth.get(path, who="D02")).values() if isinstance(body, list)]
        assert rows == []
    assert (await booth.ask("GET", "/tickets?driver_id=D01", who="D02"))[1].get("tickets", []) == []
    assert (await booth.post(f"/tickets/{session_id}/seen", who="D02"))["changed"] is False
    assert len((await booth.get())["unseen"]) == 1
    running = await booth.post("/requests", {"request_id": "R-web-00000002", "cp_id": "CP001"})
    assert running["step"] == "ASKING"
    status, _ = await booth.ask("POST", "/stop", who="D02")
    assert status == 409
    taken = await booth.post("/requests", {"request_id": "R-web-00000002", "cp_id": "CP002"}, who="D02")
    assert (taken["step"], taken["code"], taken["session_id"]) == ("REFUSED", Code.ID, None)


async def test_lists_come_in_pages(booth: Booth):
    made = [await booth.charged(f"R-web-0000000{number}") for number in range(3)]
    first = await booth.get("/tickets?limit=2")
    assert [row["session_id"] for row in first["tickets"]] == [made[2], made[1]]
    rest = await booth.get(f"/tickets?limit=2&before={first['next'].replace('+', '%2B')}")
    assert [row["session_id"] for row in rest["tickets"]] == [made[0]]
    assert rest["next"] is None
    assert [row["session_id"] for row in (await booth.get("/sessions"))["sessions"]] == made[::-1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"request_id": "short"},
        {"request_id": REQUEST, "cp_id": "cp 1"},
        {"request_id": REQUEST, "x": 1},
        [],
    ],
)
async def test_a_request_that_makes_no_sense_changes_nothing(booth: Booth, body: object):
    status, answer = await booth.ask("POST", "/requests", body)
    assert (status, answer["error"]) == (422, True)
    assert (await booth.get("/sessions"))["sessions"] == []


async def test_an_id_that_is_no_sessions_is_named(booth: Booth):
    status, answer = await booth.ask("POST", "/tickets/x/seen")
    assert (status, answer["code"]) == (422, Code.FIELD)


# ---- a start at a charging point's menu


async def typed(booth: Booth, reach: Reach = Reach.DRIVER) -> None:
    """Somebody types the driver's id at CP001."""
    await booth.get()
    point = booth.dispatcher.facts.point("CP001")
    await booth.dispatcher.submit(
        StartCharging(
            link=point.engine_link,
            epoch=point.epoch,
            by=Actor("CP001", Role.ENGINE, "127.0.0.1:2"),
            driver_id="D01",
            request_id=REQUEST,
            nonce="0123456789abcdef",
            cp_id="CP001",
            by_hand=ByHand(reach=reach),
        )
    )


async def test_what_a_charging_point_asks_is_shown_and_answered_with_yes(booth: Booth):
    await typed(booth)
    question = (await booth.get())["question"]
    assert {name: question[name] for name in ("request_id", "cp_id", "price", "hold_cents", "within_s")} == {
        "request_id": REQUEST,
        "cp_id": "CP001",
        "price": 2_500,
        "hold_cents": 2_000,
        "within_s": 30,
    }
    assert 0 <= question["until"] - utc_now().timestamp() <= 30
    said = {"request_id": REQUEST, "yes": True}
    answer = await booth.post("/answers", said)
    assert (answer["step"], answer["cp_id"]) == ("ASKING", "CP001")
    me = await booth.get()
    assert (me["question"], me["held_cents"], me["session"]["request_id"]) == (None, 2_000, REQUEST)
    # Said again, it is answered again.
    assert await booth.post("/answers", said) == answer


async def test_a_no_says_in_both_languages_that_nothing_was_started(booth: Booth):
    await typed(booth)
    answer = await booth.post("/answers", {"request_id": REQUEST, "yes": False})
    assert (answer["step"], answer["code"], answer["cp_id"]) == ("REFUSED", Code.NOT_CONFIRMED, "CP001")
    assert (answer["en"], answer["es"]) == ("D01 said no.", "D01 dijo que no.")
    me = await booth.get()
    assert (me["question"], me["held_cents"]) == (None, 0)
    status, late = await booth.ask("POST", "/answers", {"request_id": REQUEST, "yes": True})
    assert (status, late["code"]) == (409, Code.NOT_CONFIRMED)


async def test_nobody_answers_for_another(booth: Booth):
    await typed(booth)
    status, answer = await booth.ask("POST", "/answers", {"request_id": REQUEST, "yes": True}, "D02")
    assert (status, answer["code"]) == (409, Code.NOT_CONFIRMED)
    assert (await booth.get(who="D02"))["question"] is None


async def test_a_pin_is_chosen_shown_by_its_limit_only_and_given_up(booth: Booth):
    assert (await booth.get())["pin_limit_cents"] is None
    assert await booth.post("/pin", {"pin": "4711", "limit_cents": 500}) == {
        "error": False,
        "limit_cents": 500,
    }
    me = await booth.get()
    assert me["pin_limit_cents"] == 500
    assert "4711" not in str(me)
    kept = booth.dispatcher.facts.driver("D01").pin_hash
    assert kept.startswith("$argon2id$")
    # The same PIN of another driver is kept otherwise, and so is the same PIN again.
    await booth.post("/pin", {"pin": "4711", "limit_cents": 500}, "D02")
    assert booth.dispatcher.facts.driver("D02").pin_hash != kept
    status, answer = await booth.ask("DELETE", "/pin")
    assert (status, answer["limit_cents"]) == (200, None)
    assert (await booth.get())["pin_limit_cents"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"pin": "471", "limit_cents": 500},
        {"pin": "1234567890123", "limit_cents": 500},
        {"pin": "٤٧١١", "limit_cents": 500},
        {"pin": 4711, "limit_cents": 500},
        {"pin": "4711", "limit_cents": 0},
        {"pin": "4711", "limit_cents": 2_001},
        {"pin": "4711", "limit_cents": 1.5},
        {"pin": "4711"},
        {"pin": "4711", "limit_cents": 500, "more": 1},
    ],
)
async def test_what_is_no_pin_changes_nothing_and_is_not_repeated(booth: Booth, body: dict):
    status, answer = await booth.ask("POST", "/pin", body)
    assert status == 422
    assert str(body["pin"]) not in answer["text"]
    assert (await booth.get())["pin_limit_cents"] is None
