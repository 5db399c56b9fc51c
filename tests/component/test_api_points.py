"""Charging points and drivers over HTTP: prices, places, the last 24 hours, and who is kept from charging."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.central.api.kit import answers
from evcharge.central.books import verify
from evcharge.evc1 import messages
from tests.component.callers import cookie_of, shaped, statuses
from tests.component.office import Office, opened
from tests.component.town import hear

CP, BLOCK = "/api/cps/CP001", "/api/drivers/D01/block"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office
    assert verify.check(tmp_path / "central" / "central.db") == []


async def patch(office: Office, body: object) -> dict:
    return shaped(await office.ask("PATCH", CP, body), answers.OrderAnswer)


# ---- looking


async def test_charging_points_come_a_page_at_a_time(office: Office):
    for cp_id in ("CP002", "CP003", "CP001"):
        await office.town.point(cp_id)
    first = await office.get("/api/cps?limit=2")
    assert ([point["cp_id"] for point in first["cps"]], first["next"]) == (["CP001", "CP002"], "CP002")
    rest = shaped(await office.ask("GET", "/api/cps?limit=2&after=CP002"), answers.PointsAnswer)
    assert ([point["cp_id"] for point in rest["cps"]], rest["next"]) == (["CP003"], None)
    assert (await office.get("/api/cps?limit=3"))["next"] is None
    for wrong in ("limit=0", "limit=1001", "after=%00", "after=" + "A" * 99, "before=CP001"):
        assert (await office.ask("GET", f"/api/cps?{wrong}")).status == 422


async def test_a_point_is_told_with_its_last_hours(office: Office):
    engine, _ = await office.charging()
    engine.monitor.send(messages.Health(fault="journal full"))
    await office.recorded("FaultReported")
    german = await office.ask("GET", CP, headers={"Accept-Language": "de"})
    assert german.body["faults"] == {"journal full": {"es": "diario lleno", "de": "Journal voll"}}
    for path in ("/api/events?type=FaultReported", f"/api/sessions/{german.body['session']['session_id']}"):
        told = await office.ask("GET", path, headers={"Accept-Language": "de"})
        assert told.body["causes"] == german.body["faults"]
    point = shaped(await office.ask("GET", CP), answers.PointAnswer)
    assert (point["status"], point["key"], point["registration"]) == ("Faulted", "ok", None)
    shown = [one["status"] for one in point["history"]]
    assert shown[-4:] == ["Available", "Preparing", "Charging", "Faulted"]
    assert [one["until"] for one in point["history"][:-1]] == [one["at"] for one in point["history"][1:]]
    assert point["history"][-1]["until"] is None
    assert point["history"][-1]["reason"] == "journal full"
    await office.post(f"{CP}/revoke")
    assert (await office.get(CP))["key"] == "revoked"


async def test_a_driver_sees_of_the_points_what_it_needs_and_no_more(office: Office):
    await office.charging()
    await office.town.point("CP002")
    cookie = await cookie_of(office)
    answer = await office.ask("GET", "/api/cps", token=None, headers={"Cookie": cookie})
    assert answer.body["cps"] == [
        {"cp_id": "CP001", "location": "Berlin", "price": "0.25", "free": False},
        {"cp_id": "CP002", "location": "Berlin", "price": "0.25", "free": True},
    ]
    assert (await office.ask("GET", CP, token=None, headers={"Cookie": cookie})).status == 403


# ---- prices and places


async def test_only_an_administrator_changes_prices_and_places(office: Office):
    await office.town.point()
    assert await statuses(office, "PATCH", CP, {"price": "0.30"}) == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 403, "admin": 200,
    }  # fmt: skip


async def test_a_new_price_is_for_the_next_charge(office: Office):
    engine, driver = await office.charging()
    done = await patch(office, {"price": "0.5"})
    assert (done["changed"], done["ended"], done["cp"]["price"]) == (1, 0, "0.50")
    await engine.journals(engine.meters(1_000_000), engine.ends())
    assert (await driver.ticket()).cost_cents == 25
    driver.asks("CP001")
    assert (await engine.is_asked()).price == 5_000
    assert (await patch(office, {"price": "0.50"}))["changed"] == 0
    (row,) = office.rows("PriceChanged")
    assert (row["actor"], row["cp_id"]) == ("operator", "CP001")


async def test_a_new_place_lasts_over_a_reconnect_and_a_restart(tmp_path: Path):
    async with opened(tmp_path) as office:
        engine = await office.town.point()
        assert (await patch(office, {"location": "  Elche   Sur "}))["cp"]["location"] == "Elche Sur"
        engine.channel.abort()
        await office.recorded("EngineLost")
        await office.town.engine()
        assert (await office.get(CP))["location"] == "Elche Sur"
    async with opened(tmp_path) as office:
        await office.town.engine()
        assert (await office.get(CP))["location"] == "Elche Sur"


async def test_a_point_moved_into_bad_weather_stops(office: Office):
    engine, _ = await office.charging()
    await office.post("/api/weather_update", {"location": "Elche", "temperature_celsius": 12})
    await office.post("/api/weather_alert", {"location": "Elche", "alert": "STORM"})
    done = await patch(office, {"location": "elche", "price": "0"})
    assert (done["changed"], done["ended"], done["cp"]["holds"]) == (1, 1, ["weather"])
    assert (await hear(engine.channel, messages.Stop)).reason == "weather"


async def test_a_change_that_makes_no_sense_is_422_and_changes_nothing(office: Office):
    await office.town.point()
    for body in (
        {}, {"price": None}, {"price": ""}, {"price": "NaN"}, {"price": "-1"}, {"price": "1e9"}, {"price": "0,30"},
        {"price": "100.01"}, {"price": "0.00001"}, {"price": 0.3}, {"price": "9" * 21}, {"price": "Infinity"},
        {"price": True}, {"location": ""}, {"location": "  "}, {"location": "a\nb"}, {"location": "x" * 81},
        {"location": 7},
        {"price": "0.30", "status": "Available"}, [], "0.30", {"price": ["0.30"]},
        {"price": "0.30", "location": "\u0000"},
    ):  # fmt: skip
        assert (await office.ask("PATCH", CP, body)).status == 422, body
    for raw in (b'{"price":NaN}', b'{"price":' + b"[" * 50_000, b"", b'{"price":"0.3","price":'):
        answer = await office.ask("PATCH", CP, data=raw, headers={"Content-Type": "application/json"})
        assert answer.status == 422, raw
    point = await office.get(CP)
    assert (point["price"], point["location"]) == ("0.25", "Berlin")
    assert (await office.ask("PATCH", "/api/cps/CP404", {"price": "0.30"})).status == 404
    assert not office.rows("PriceChanged") + office.rows("PointMoved")


async def test_hostile_text_for_a_place_is_text(office: Office):
    await office.town.point()
    name = "<svg onload=alert(1)>=1+1"
    assert (await patch(office, {"location": name}))["cp"]["location"] == name


# ---- drivers


async def test_only_an_operator_blocks_a_driver(office: Office):
    await office.town.driver()
    assert await statuses(office, "POST", BLOCK, {"blocked": True}) == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip


async def test_a_blocked_driver_is_stopped_and_stays_blocked_until_it_is_let_in_again(office: Office):
    engine, driver = await office.charging()
    done = shaped(await office.ask("POST", BLOCK, {"blocked": True}), answers.DriverAnswer)
    assert (done["changed"], done["ended"], done["driver"]["blocked"]) == (True, 1, True)
    assert (await hear(engine.channel, messages.Stop)).reason == "operator"
    await engine.journals(engine.meters(1_000_000), engine.ends("operator"))
    assert (await driver.ticket()).cost_cents == 25
    driver.asks("CP001")
    assert (await driver.step("REFUSED")).code == "E_DRIVER_BLOCKED"
    driver.channel.abort()
    await office.recorded("DriverLost")
    again = await office.town.driver()
    again.asks("CP001")
    assert (await again.step("REFUSED")).code == "E_DRIVER_BLOCKED"
    assert (await office.ask("POST", BLOCK, {"blocked": True})).body["changed"] is False
    done = await office.post(BLOCK, {"blocked": False})
    assert (done["driver"]["blocked"], done["driver"]["barred"]) == (False, False)
    again.asks("CP001")
    await engine.is_asked()


async def test_a_block_is_yes_or_no_and_of_somebody(office: Office):
    await office.town.driver()
    for body in (
        {},
        {"blocked": 1},
        {"blocked": "true"},
        {"blocked": None},
        {"blocked": True, "why": "x"},
        [],
        True,
    ):
        assert (await office.ask("POST", BLOCK, body)).status == 422, body
    assert (await office.ask("POST", "/api/drivers/D404/block", {"blocked": True})).status == 404
    assert (await office.ask("POST", "/api/drivers/d01/block", {"blocked": True})).status == 422
    (driver,) = shaped(await office.ask("GET", "/api/drivers"), answers.DriversAnswer)["drivers"]
    assert driver["blocked"] is False


# ---- orders keep their shape (docs/SECURITY.md, row 82)


async def test_orders_answer_in_their_shape(office: Office):
    await office.town.point()
    for path in ("out", "out", "resume", "resume", "revoke"):
        shaped(await office.ask("POST", f"{CP}/{path}"), answers.OrderAnswer)
        if path != "revoke":
            shaped(await office.ask("POST", f"/api/cps/{path}"), answers.OrderAnswer)
    shaped(await office.ask("GET", "/api/cps"), answers.PointsAnswer)
    french = await office.ask("GET", "/api/alerts", headers={"Accept-Language": "fr"})
    shaped(french, answers.AlertsAnswer)
    alert = next(one for one in french.body["alerts"] if one["kind"] == "revoked")
    assert "CP001" in alert["what_fr"] != alert["what_es"]
    assert (alert["restored_fr"], "what_de" in alert) == ("", False)
    shaped(await office.ask("GET", "/api/alerts"), answers.AlertsAnswer)
    await office.town.driver()
    top_up = {"cents": 5, "reference": "r"}
    shaped(await office.ask("POST", "/api/drivers/D01/top-up", top_up), answers.TopUpAnswer)
