"""A charge in full, its receipt, and a driver's month over HTTP; and how much of a charge's course the books keep."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from evcharge.central.api.kit import answers, member_answers
from evcharge.central.books import archive
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.rules import commands as c
from evcharge.central.rules.charge_curve import MOST
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import MeterReading
from evcharge.domain.journal_records import AnyRecord
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import NetworkSettings
from tests.component.books import entries, raw
from tests.component.books import opened as books_opened
from tests.component.callers import cookie_of, shaped
from tests.component.office import Answer, Office, opened
from tests.component.test_api_books import text_of
from tests.component.test_report import file_of
from tests.unit.central.builders import ADMIN, NOON, Network


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


async def charged(office: Office, times: int = 1) -> list[str]:
    """Let D01 charge 2 kWh at CP001, so many times; return the sessions, oldest first."""
    engine, driver = await office.town.point(), await office.town.driver()
    made = []
    for _ in range(times):
        driver.asks("CP001")
        made.append((await engine.is_asked()).session_id)
        await engine.journals(engine.starts(), engine.meters(2_000_000), engine.ends())
        await driver.ticket()
    return made


async def test_a_session_has_its_receipt_and_what_happened_meanwhile(office: Office):
    first, second = await charged(office, 2)
    told = shaped(await office.ask("GET", f"/api/sessions/{first}"), answers.SessionAnswer)
    assert told["receipt"]["number"] == 1
    assert [(line["kind"], line["cents"]) for line in told["receipt"]["lines"]] == [("energy", 50)]
    assert told["receipt"]["total_cents"] == told["ticket"]["cost_cents"] == 50
    assert told["receipt"]["vat"] is None
    back = await office.ask(
        "POST",
        f"/api/sessions/{first}/refund",
        {"cents": 20, "reason": "cable was broken", "reference": "r-1"},
    )
    assert back.status == 200, back.body
    told = shaped(await office.ask("GET", f"/api/sessions/{first}"), answers.SessionAnswer)
    assert [(line["kind"], line["cents"], line["reason"]) for line in told["receipt"]["lines"]] == [
        ("energy", 50, ""),
        ("refund", -20, "cable was broken"),
    ]
    assert told["receipt"]["total_cents"] == 30
    again = shaped(await office.ask("GET", f"/api/sessions/{second}"), answers.SessionAnswer)
    assert again["receipt"]["number"] == 2


async def test_papers_of_the_past_stay_as_they_were_when_the_vat_and_the_place_change(tmp_path: Path):
    def at(vat_percent: float) -> contextlib.AbstractAsyncContextManager[Office]:
        return opened(tmp_path, network=NetworkSettings(vat_percent=vat_percent))

    async with at(21.0) as office:
        (first,) = await charged(office)
        order = {"cents": 20, "reason": "cable was broken", "reference": "r-1"}
        back = await office.ask("POST", f"/api/sessions/{first}/refund", order)
        assert back.status == 200, back.body
        (made,) = office.rows("TicketMade")
        assert '"vat_permille":210' in made["data"]
    async with at(10.0) as office:
        (second,) = await charged(office)
        where = (await office.get("/api/cps/CP001"))["location"]
        moved = await office.ask("PATCH", "/api/cps/CP001", {"location": "Elche"})
        assert moved.status == 200, moved.body
        (third,) = await charged(office)
        told = [await office.get(f"/api/sessions/{one}") for one in (first, second, third)]
        assert [one["receipt"]["vat"] for one in told] == [
            {"percent": 21.0, "total_cents": 30, "cents": 5},
            {"percent": 10.0, "total_cents": 50, "cents": 5},
            {"percent": 10.0, "total_cents": 50, "cents": 5},
        ]
        assert [one["ticket"]["vat_percent"] for one in told] == [21.0, 10.0, 10.0]
        assert [one["receipt"]["location"] for one in told] == [where, where, "Elche"]
        month = shaped(await office.ask("GET", "/api/drivers/D01/statement"), answers.StatementAnswer)
        assert month["vat"] == [
            {"percent": 10.0, "total_cents": 100, "cents": 9},
            {"percent": 21.0, "total_cents": 30, "cents": 5},
        ]
        head, *rows = await file_of(office, "/api/tickets.csv?lang=en")
        columns = [head.index(name) for name in ("\ufeffSession", "Location", "VAT (%)")]
        assert [[row[column] for column in columns] for row in rows] == [
            [third, "Elche", "10.0"],
            [second, where, "10.0"],
            [first, where, "21.0"],
        ]
        head, *rows = await file_of(office, "/api/sessions.csv?lang=en")
        assert [row[head.index("Location")] for row in rows] == ["Elche", where, where]
        head, *rows = await file_of(office, "/api/tickets.csv")
        assert [row[head.index("vat_percent")] for row in rows] == ["10.0", "10.0", "21.0"]
        # A month that is over names where a point stood at its end; this one goes on.
        head, row, _total = await file_of(office, "/api/report.csv?by=cp&lang=en")
        assert row[head.index("Location")] == "Elche"
        cdrs = (await text_of(office, "/api/cdrs.json"))[0]
        costs = [(one["id"], one["total_cost"]["excl_vat"]) for one in json.loads(cdrs)]
        assert costs == [
            (third, 0.45),
            (second, 0.45),
            (first, 0.41),
            (f"{first}-C", -0.41),
            (f"{first}-1", 0.25),
        ]


UNI = {"operator": "Uni EV", "tax_id": "Q0332001G", "address": "Alicante"}
PLUS = {"operator": "Uni EV Plus", "tax_id": "B1", "address": "Elche"}


async def test_papers_of_the_past_stay_as_they_were_when_their_issuer_changes(tmp_path: Path):
    def by(party_id: str, **who: str) -> contextlib.AbstractAsyncContextManager[Office]:
        return opened(tmp_path, network=NetworkSettings(**who), party_id=party_id)

    async with by("UNI", **UNI) as office:
        (first,) = await charged(office)
    async with by("PLU", **PLUS) as office:
        (second,) = await charged(office)
        receipts = [(await office.get(f"/api/sessions/{one}"))["receipt"] for one in (first, second)]
        assert [{name: one[name] for name in UNI} for one in receipts] == [UNI, PLUS]
        month = shaped(await office.ask("GET", "/api/drivers/D01/statement"), answers.StatementAnswer)
        assert month["issuers"] == [UNI, PLUS]
        # Without a ticket, it is of whoever issued them at its end.
        for name, issuers in (("2020-02", [UNI]), ("2120-02", [PLUS])):
            empty = await office.get(f"/api/drivers/D01/statement?month={name}")
            assert (empty["tickets"], empty["issuers"]) == ([], issuers)
        head, *rows = await file_of(office, "/api/tickets.csv?lang=en")
        assert [row[head.index("Issued by")] for row in rows] == ["Uni EV Plus, B1", "Uni EV, Q0332001G"]
        head, *rows = await file_of(office, "/api/tickets.csv")
        columns = [head.index(name) for name in ("operator", "tax_id")]
        assert [[row[column] for column in columns] for row in rows] == [
            ["Uni EV Plus", "B1"],
            ["Uni EV", "Q0332001G"],
        ]
        cdrs = json.loads((await text_of(office, "/api/cdrs.json"))[0])
        assert [(one["party_id"], one["cdr_location"]["evse_id"]) for one in cdrs] == [
            ("PLU", "ES*PLU*ECP001"),
            ("UNI", "ES*UNI*ECP001"),
        ]
    async with by("PLU", **PLUS) as office:
        # A row of the audit log tells each change, and no other one does.
        told = [json.loads(row["data"]) for row in await office.recorded("CentralStarted", 3)]
        assert [(one["issuer"], one["operator"]) for one in told] == [
            (1, "Uni EV"),
            (2, "Uni EV Plus"),
            (None, None),
        ]


async def test_a_charge_that_ended_before_another_rate_of_vat_keeps_its_own_however_late_it_is_told(
    tmp_path: Path,
):
    async with opened(tmp_path, network=NetworkSettings(vat_percent=10.0)) as office:
        engine, driver = await office.town.point(), await office.town.driver()
        driver.asks("CP001")
        await engine.is_asked()
        await engine.journals(structs.replace(engine.starts(), began_at=utc_now().timestamp()))

    def tomorrow() -> datetime:
        return utc_now() + timedelta(days=1)

    async with opened(tmp_path, clock=tomorrow, network=NetworkSettings(vat_percent=21.0)) as office:
        back = await office.town.engine()
        back.start = engine.start
        # It charged on for an hour, without a link.
        records = [structs.replace(one, elapsed_s=3_600) for one in (back.meters(2_000_000), back.ends())]
        await back.journals(*records)
        (ticket,) = (await office.get("/api/tickets"))["tickets"]
        assert (ticket["late"], ticket["elapsed_s"], ticket["vat_percent"]) == (True, 3_600, 10.0)


async def test_a_month_of_a_driver_names_each_charge_and_what_else_moved(office: Office):
    await charged(office)
    topped = await office.ask("POST", "/api/drivers/D01/top-up", {"cents": 500, "reference": "t-1"})
    assert topped.status == 200, topped.body
    told = shaped(await office.ask("GET", "/api/drivers/D01/statement"), answers.StatementAnswer)
    assert (told["sessions"], told["energy_mwh"], told["total_cents"]) == (1, 2_000_000, 50)
    assert [(one["kind"], one["cents"]) for one in told["moved"]][-1] == ("TOP_UP", 500)
    assert told["complete"]
    empty = shaped(
        await office.ask("GET", "/api/drivers/D01/statement?month=2020-02"), answers.StatementAnswer
    )
    assert (empty["month"], empty["tickets"], empty["total_cents"]) == ("2020-02", [], 0)
    first = shaped(
        await office.ask("GET", "/api/drivers/D01/statement?month=0001-01"), answers.StatementAnswer
    )
    assert first["month"] == "0001-01"
    assert (await office.ask("GET", "/api/drivers/D77/statement")).status == 404
    assert (await office.ask("GET", "/api/drivers/D01/statement?month=2020-13")).status == 422


async def test_a_statement_that_leaves_a_movement_out_says_so(office: Office, monkeypatch):
    await charged(office)
    for number in range(2):
        order = {"cents": 500, "reference": f"t-{number}"}
        await office.post("/api/drivers/D01/top-up", order)
    moved = (await office.get("/api/drivers/D01/statement"))["moved"]
    for most, complete in ((len(moved), True), (len(moved) - 1, False)):
        monkeypatch.setattr(archive, "MAX_MOVEMENTS_OF_MONTH", most)
        told = await office.get("/api/drivers/D01/statement")
        assert (told["moved"], told["complete"]) == (moved[:most], complete)


async def test_who_sees_what_is_on_paper(office: Office):
    (session_id,) = await charged(office)
    own, other = await cookie_of(office), await cookie_of(office, "D02")

    async def seen(path: str, cookie: str) -> Answer:
        return await office.ask("GET", path, token=None, headers={"Cookie": cookie})

    mine = shaped(await seen(f"/api/me/sessions/{session_id}", own), member_answers.OwnSessionAnswer)
    assert (mine["receipt"]["number"], mine["ticket"]["session_id"]) == (1, session_id)
    assert shaped(await seen("/api/me/statement", own), answers.StatementAnswer)["sessions"] == 1
    # Of anybody else's it is told as of one that never was.
    assert (await seen(f"/api/me/sessions/{session_id}", other)).body == (
        await seen("/api/me/sessions/S-never-was", other)
    ).body
    assert (await seen(f"/api/me/sessions/{session_id}", other)).status == 404
    assert (await seen("/api/drivers/D01/statement", own)).status == 403
    assert (await office.ask("GET", "/api/drivers/D01/statement", token=None)).status == 401
    assert (await office.ask("GET", "/api/me/statement")).status == 403


@pytest.mark.parametrize("at_once", [1, 2, 10_000])
async def test_the_books_thin_the_course_of_a_long_charge(tmp_path: Path, at_once: int):
    network = Network()
    network.engine(speed_permille=1000, max_power_w=22_000)
    network.monitor()
    network.driver_is_there()
    session = network.authorised()
    engine = network.engines["CP001"]
    network.later(7_200)
    records: list[AnyRecord] = [
        engine.started(session.session_id, began_at=session.authorised_at.timestamp())
    ]
    records += [engine.meter(session.session_id, 1_000, elapsed_s=second) for second in range(1, 3_600)]
    network.sends(*records)
    network.sends(engine.ended(session.session_id, elapsed_s=3_600))
    async with books_opened(tmp_path) as books:
        # However the commits fall, what is left is the same.
        decided = entries(network)
        for first in range(0, len(decided), at_once):
            await books.store.commit(decided[first : first + at_once])
    with raw(tmp_path / "central.db") as connection:
        kept = [row[0] for row in connection.execute("SELECT elapsed_s FROM reading ORDER BY elapsed_s")]
    # A charging point that was away tells all of it in one commit: its end stays there, too.
    assert kept == [*range(0, 3_600, 32), 3_600]
    assert len(kept) <= MOST + 1


async def test_a_reading_that_comes_again_replaces_itself(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    session = network.charging()
    reading = MeterReading(session_id=session.session_id, elapsed_s=5, energy_mwh=7, speed_permille=1000)
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        for _ in range(2):
            await books.store.commit([DecidedEntry(Decision(changes=(reading,)), ADMIN, NOON)])
    with raw(tmp_path / "central.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM reading WHERE elapsed_s = 5").fetchone()[0] == 1


async def test_a_charge_that_is_closed_after_a_start_of_central_was_as_fast_as_its_readings_say(
    tmp_path: Path,
):
    network = Network()
    network.engine(speed_permille=60_000, max_power_w=22_000)
    network.monitor()
    network.driver_is_there()
    session = network.authorised()
    engine = network.engines["CP001"]
    network.later(60)
    network.sends(
        engine.started(session.session_id, began_at=session.authorised_at.timestamp()),
        engine.meter(session.session_id, 1_000, elapsed_s=1),
        engine.meter(session.session_id, 1_000, elapsed_s=2),
    )
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        # Its engine is away since: how fast its time runs is in no table.
        network.facts = await books.store.load(NOON)
        network.does(c.CloseLost, session_id=session.session_id)
        await books.store.commit(entries(network))
    with raw(tmp_path / "central.db") as connection:
        kept = connection.execute(
            "SELECT elapsed_s, speed_permille FROM reading ORDER BY elapsed_s"
        ).fetchall()
    assert [tuple(row) for row in kept] == [(0, 60_000), (1, 60_000), (2, 60_000)]


@pytest.mark.parametrize("at_once", [1, 10_000])
async def test_the_books_keep_how_full_the_battery_was_also_of_a_charge_that_is_closed(
    tmp_path: Path, at_once: int
):
    network = Network()
    network.engine(speed_permille=1_000, max_power_w=22_000)
    network.monitor()
    network.driver_is_there()
    session = network.authorised()
    engine, of_it = network.engines["CP001"], session.session_id
    network.later(60)
    network.sends(
        engine.started(of_it, began_at=session.authorised_at.timestamp(), battery_permille=231),
        engine.meter(of_it, 1_000, elapsed_s=1, battery_permille=232),
        # An engine of before says nothing of it.
        engine.meter(of_it, 1_000, elapsed_s=2),
        engine.meter(of_it, 1_000, elapsed_s=3, battery_permille=234),
    )
    network.engine_leaves()
    # What is closed was told in its last reading, which stays as it is.
    network.does(c.CloseLost, session_id=of_it)
    async with books_opened(tmp_path) as books:
        decided = entries(network)
        for first in range(0, len(decided), at_once):
            await books.store.commit(decided[first : first + at_once])
    with raw(tmp_path / "central.db") as connection:
        kept = connection.execute(
            "SELECT elapsed_s, energy_mwh, speed_permille, battery_permille FROM reading ORDER BY elapsed_s"
        ).fetchall()
    assert [tuple(row) for row in kept] == [
        (0, 0, 1_000, 231),
        (1, 1_000, 1_000, 232),
        (2, 2_000, 1_000, None),
        (3, 3_000, 1_000, 234),
    ]
