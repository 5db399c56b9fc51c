"""The weather over HTTP: who may report it, what it does to charging points, and what it never believes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.request_inputs import carried_out
from evcharge.central.api.resources import weather
from evcharge.central.books import verify
from evcharge.evc1 import messages
from evcharge.security import secret_files
from tests.component.callers import cookie_of, shaped, statuses, token_of
from tests.component.office import Office, opened
from tests.component.town import hear

UPDATE, ALERT = "/api/weather_update", "/api/weather_alert"
OVERRIDE = "/api/locations/Berlin/override"
COLD = {"location": "Berlin", "alert": "COLD", "temperature_celsius": -3.5, "text": "Snow"}
MILD = {"location": "Berlin", "temperature_celsius": 12.5, "wind_m_per_s": 3.0, "source": "OpenWeather"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office
    assert verify.check(tmp_path / "central" / "central.db") == []


async def place(office: Office, name: str = "Berlin") -> dict:
    (found,) = [
        one
        for one in shaped(await office.ask("GET", "/api/locations"), answers.LocationsAnswer)["locations"]
        if one["location"] == name
    ]
    return found


async def test_the_name_of_a_simulation_is_told_in_the_reader_s_language(office: Office):
    token = await token_of(office, "service")
    source = "a simulation (my front.txt)"
    await office.ask("POST", UPDATE, MILD | {"source": source}, token=token)
    seen = await office.ask("GET", "/api/locations", headers={"Accept-Language": "fr"})
    found = shaped(seen, answers.LocationsAnswer)
    (berlin,) = (one for one in found["locations"] if one["location"] == "Berlin")
    assert berlin["weather"]["source"] == source
    words = {"es": "una simulación (my front.txt)", "fr": "une simulation (my front.txt)"}
    assert found["causes"] == {source: words}


async def test_a_goodbye_while_a_report_is_being_stored_is_the_last_word(office: Office, monkeypatch):
    token, here, stored = await token_of(office, "service"), asyncio.Event(), asyncio.Event()
    store = carried_out

    async def slowly(*what):
        here.set()
        await stored.wait()
        return await store(*what)

    monkeypatch.setattr(weather, "carried_out", slowly)
    async with asyncio.TaskGroup() as tasks:
        report = tasks.create_task(office.ask("POST", UPDATE, MILD, token=token))
        await here.wait()
        assert (await office.ask("POST", "/api/weather_goodbye", token=token)).status == 200
        stored.set()
    assert report.result().status == 200
    assert await office.recorded("WeatherLost")
    assert len(office.rows("WeatherReached")) == 1


# ---- where it is


async def test_where_a_source_takes_a_place_to_be_is_kept_and_shown(tmp_path: Path):
    where = {"country": "DE", "latitude": 52.52, "longitude": 13.39}
    async with opened(tmp_path) as office:
        await office.town.point()
        nowhere = {"country": "", "latitude": None, "longitude": None}
        assert nowhere.items() <= (await place(office)).items()
        await office.post(UPDATE, MILD | where)
        # A source that does not say it takes nothing back.
        await office.post(UPDATE, MILD)
    async with opened(tmp_path) as office:
        assert where.items() <= (await place(office)).items()
        await office.town.point()
        assert (await office.get("/api/cps/CP001"))["country"] == "DE"


@pytest.mark.parametrize(
    "where",
    [
        {"country": "Germany", "latitude": 52.5, "longitude": 13.4},
        {"country": "de", "latitude": 52.5, "longitude": 13.4},
        {"country": "DE"},
        {"latitude": 52.5},
        {"latitude": 90.1, "longitude": 0},
        {"latitude": 0, "longitude": -180.1},
        {"latitude": "52.5", "longitude": "13.4"},
    ],
)
async def test_a_place_that_is_none_is_refused(office: Office, where: dict):
    answer = await office.ask("POST", UPDATE, MILD | where, token=await token_of(office, "service"))
    assert (answer.status, answer.body["code"]) == (422, "E_FIELD")


# ---- who may (docs/SECURITY.md, row 73)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", UPDATE, MILD),
        ("POST", ALERT, COLD),
        ("DELETE", f"{ALERT}?location=Berlin", None),
        ("DELETE", f"{ALERT}?location=Berlin&alert=COLD", None),
        ("POST", "/api/weather_source", {"why": "the sky does not answer (no answer in time)"}),
        ("POST", "/api/weather_goodbye", None),
    ],
)
async def test_only_a_source_of_weather_or_an_operator_may_speak_of_it(office: Office, method, path, body):
    await office.town.point()
    assert await statuses(office, method, path, body) == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 200, "operator": 200, "admin": 200,
    }  # fmt: skip


async def test_what_a_driver_or_nobody_says_of_the_weather_stops_nothing(office: Office):
    await office.charging()
    cookie = await cookie_of(office)
    for headers in ({}, {"Cookie": cookie}, {"Authorization": "Bearer wrong"}):
        answer = await office.ask("POST", ALERT, COLD, token=None, headers=headers)
        assert answer.status in (401, 403)
    assert (await office.get("/api/cps/CP001"))["status"] == "Charging"
    assert not office.rows("WeatherAlertRaised")
    assert await office.recorded("LoginRefused")


async def test_locations_are_for_operators_and_sources(office: Office):
    assert await statuses(office, "GET", "/api/locations") == {
        "nobody": 401, "driver": 403, "viewer": 200, "service": 200, "operator": 200, "admin": 200,
    }  # fmt: skip


async def test_only_an_operator_overrides_the_weather(office: Office):
    await office.town.point()
    await office.post(ALERT, COLD)
    assert await statuses(office, "POST", OVERRIDE, {"override": True}) == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip


async def test_a_source_may_do_nothing_else(office: Office):
    await office.town.point()
    token = await token_of(office, "service")
    for method, path in (
        ("GET", "/api/cps"), ("POST", "/api/cps/out"), ("GET", "/api/sessions"), ("GET", "/api/stats"),
        ("GET", "/api/drivers"), ("GET", "/api/events"), ("GET", "/api/audit"), ("GET", "/api/sessions.csv"),
    ):  # fmt: skip
        assert (await office.ask(method, path, token=token)).status == 403, path


# ---- what it does


async def test_bad_weather_ends_the_charge_and_good_weather_frees_the_point(office: Office):
    engine, driver = await office.charging()
    await office.town.point("CP002")
    done = shaped(await office.ask("POST", ALERT, COLD | {"location": " bErLiN "}), answers.LocationAnswer)
    assert (done["changed"], done["ended"]) == (2, 1)
    assert done["location"]["alerts"] == ["COLD"]
    assert done["location"]["cps"] == ["CP001", "CP002"]
    assert (await hear(engine.channel, messages.Stop)).reason == "weather"
    await engine.journals(engine.meters(1_000_000), engine.ends("weather"))
    ticket = await driver.ticket()
    assert (ticket.reason, ticket.cost_cents) == ("weather", 25)
    point = await office.get("/api/cps/CP001")
    assert (point["status"], point["reason"], point["holds"]) == ("Unavailable", "weather", ["weather"])
    driver.asks("CP001")
    assert (await driver.step("REFUSED")).code == "E_CP_NOT_AVAILABLE"
    (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "weather"]
    assert "Berlin" in alert["what"]
    assert "frío" in alert["what_es"]
    assert alert["closable"] is False
    assert (await office.ask("POST", "/api/alerts/Berlin-weather/close")).status == 409
    done = await office.post(ALERT, {"location": "Berlin", "alert": "OK"})
    assert (done["changed"], done["location"]["alerts"]) == (2, [])
    assert (await office.get("/api/cps/CP001"))["status"] == "Available"
    (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "weather"]
    assert alert["restored"] == "The weather in Berlin is good again."


async def test_one_alert_of_two_is_ended_by_its_name(office: Office):
    await office.town.point()
    await office.post(ALERT, COLD)
    await office.post(ALERT, {"location": "Berlin", "alert": "WIND"})
    answer = await office.ask("DELETE", f"{ALERT}?location=Berlin&alert=COLD")
    assert answer.body["location"]["alerts"] == ["WIND"]
    assert answer.body["changed"] == 0
    assert (await office.get("/api/cps/CP001"))["holds"] == ["weather"]
    answer = await office.ask("DELETE", f"{ALERT}?location=Berlin&alert=OK")
    assert (answer.status, answer.body["code"]) == (422, "E_FIELD")


async def test_the_weather_service_has_a_token_of_its_own(office: Office):
    await office.town.point()
    token = secret_files.read_secret(office.town.state / "weather.token")
    assert (await office.ask("POST", UPDATE, MILD, token=token)).status == 200
    assert (await office.ask("POST", "/api/cps/out", token=token)).status == 403
    await office.recorded("WeatherReached")
    (row,) = office.rows("WeatherReached")
    assert (row["actor"], row["role"]) == ("weather", "service")


async def test_an_alert_is_ended_by_delete_as_well(office: Office):
    await office.town.point()
    await office.post(ALERT, COLD)
    answer = await office.ask("DELETE", f"{ALERT}?location=BERLIN")
    assert shaped(answer, answers.LocationAnswer)["changed"] == 1
    assert (await office.ask("DELETE", f"{ALERT}?location=BERLIN")).body["changed"] == 0
    assert (await office.ask("DELETE", ALERT)).status == 422


async def test_the_same_alert_twice_is_one(office: Office):
    await office.town.point()
    assert (await office.post(ALERT, COLD))["changed"] == 1
    assert (await office.post(ALERT, COLD))["changed"] == 0
    assert len(office.rows("WeatherAlertRaised")) == len(office.rows("HoldPlaced")) == 1


async def test_resume_under_an_alert_says_still_out_and_override_frees(office: Office):
    await office.town.point()
    await office.post("/api/cps/CP001/out")
    await office.post(ALERT, COLD)
    done = await office.post("/api/cps/CP001/resume")
    assert done["still_out"] == {"CP001": "weather"}
    done = shaped(await office.ask("POST", OVERRIDE, {"override": True}), answers.LocationAnswer)
    assert (done["changed"], done["location"]["override"]) == (1, True)
    assert (await office.get("/api/cps/CP001"))["status"] == "Available"
    done = await office.post(OVERRIDE, {"override": False})
    assert (done["changed"], done["location"]["override"]) == (1, False)


async def test_there_is_nothing_to_override_in_good_weather(office: Office):
    await office.town.point()
    for path in (OVERRIDE, "/api/locations/Atlantis/override"):
        answer = await office.ask("POST", path, {"override": True})
        assert (answer.status, answer.body["code"]) == (409, "E_CONFLICT")


async def test_an_alert_survives_a_restart_and_meets_new_points(tmp_path: Path):
    async with opened(tmp_path) as office:
        await office.town.point()
        await office.post(UPDATE, MILD)
        await office.post(ALERT, COLD | {"temperature_celsius": None})
    async with opened(tmp_path) as office:
        assert (await place(office))["alerts"] == ["COLD"]
        assert (await place(office))["weather"]["temperature_celsius"] == 12.5
        engine = await office.town.engine("CP009")
        engine.monitor = await office.town.monitor("CP009")
        await office.town.says("CP009 .*weather")
        assert (await office.get("/api/cps/CP009"))["holds"] == ["weather"]
        assert (await office.get("/api/cps/CP001"))["holds"] == ["weather"]
        await office.post(ALERT, {"location": "Berlin", "alert": "OK"})
        assert (await office.get("/api/cps/CP009"))["status"] == "Available"


async def test_a_measurement_is_shown_with_its_source(office: Office):
    await office.town.point()
    assert (await place(office))["weather"] is None
    done = shaped(await office.ask("POST", UPDATE, MILD), answers.LocationAnswer)
    weather = done["location"]["weather"]
    assert (weather["temperature_celsius"], weather["wind_m_per_s"], weather["stale"]) == (12.5, 3.0, False)
    assert weather["source"] == "OpenWeather"
    token = await token_of(office, "service")
    await office.ask("POST", UPDATE, {"location": "Berlin", "temperature_celsius": 13}, token=token)
    assert (await place(office))["weather"]["source"] == "a-service"


@pytest.mark.parametrize(
    "measured_at", ["2026-01-01T00:00:00Z", 1_700_000_000, 0, "1970-01-01T00:00:00+00:00"]
)
async def test_a_measurement_of_long_ago_is_stale_and_replaces_no_newer_one(office: Office, measured_at):
    await office.town.point()
    old = MILD | {"measured_at": measured_at, "temperature_celsius": 1.0}
    assert (await office.post(UPDATE, old))["location"]["weather"]["stale"] is True
    await office.post(UPDATE, MILD)
    shown = (await office.post(UPDATE, old))["location"]["weather"]
    assert (shown["stale"], shown["temperature_celsius"]) == (False, 12.5)


async def test_an_alert_for_a_place_that_does_not_exist_is_refused(office: Office):
    await office.town.point()
    answer = await office.ask("POST", ALERT, COLD | {"location": "Berlim"})
    assert (answer.status, answer.body["code"]) == (404, "E_NOT_FOUND")
    assert answer.body["detail"] == answer.body["text"] == "No charging point is in Berlim: is it spelt so?"
    assert answer.body["text_es"] == "No hay ningún punto de recarga en Berlim: ¿se escribe así?"
    assert office.rows("WeatherAlertRaised") == []


async def test_a_place_where_nothing_stands_may_have_weather_and_then_alerts(office: Office):
    await office.town.point()
    await office.post("/api/weather_update", {"location": "Atlantis", "temperature_celsius": -3})
    done = await office.post(ALERT, COLD | {"location": "Atlantis"})
    assert (done["changed"], done["location"]["cps"]) == (0, [])
    assert (await office.get("/api/cps/CP001"))["status"] == "Available"


async def test_many_sources_at_once_leave_one_state(office: Office):
    await office.town.point()
    bodies = [COLD | {"alert": kind} for kind in ("COLD", "WIND", "STORM", "HEAT")] * 5
    answers_ = await asyncio.gather(*(office.ask("POST", ALERT, body) for body in bodies))
    assert {answer.status for answer in answers_} == {200}
    assert (await place(office))["alerts"] == ["COLD", "HEAT", "STORM", "WIND"]
    assert len(office.rows("HoldPlaced")) == 1


# ---- what is never believed (docs/SECURITY.md, row 75)


BAD_MEASUREMENTS = [
    b'{"location":"Berlin","temperature_celsius":NaN}', b'{"location":"Berlin","temperature_celsius":Infinity}',
    b'{"location":"Berlin","temperature_celsius":1e400}', b'{"location":"Berlin","temperature_celsius":101}',
    b'{"location":"Berlin","temperature_celsius":-100.5}', b'{"location":"Berlin","temperature_celsius":"3"}',
    b'{"location":"Berlin","temperature_celsius":null}', b'{"location":"Berlin","temperature_celsius":true}',
    b'{"location":"Berlin"}', b'{"temperature_celsius":3}', b'{"location":"","temperature_celsius":3}',
    b'{"location":"  ","temperature_celsius":3}', b'{"location":"a\\nb","temperature_celsius":3}',
    b'{"location":"\\u0000","temperature_celsius":3}', b'{"location":"\\u202ex","temperature_celsius":3}',
    b'{"location":["Berlin"],"temperature_celsius":3}', b'{"location":5,"temperature_celsius":3}',
    b'{"location":"' + b"x" * 81 + b'","temperature_celsius":3}',
    b'{"location":"Berlin","temperature_celsius":3,"x":1}',
    b'{"location":"Berlin","temperature_celsius":3,"wind_m_per_s":-1}',
    b'{"location":"Berlin","temperature_celsius":3,"wind_m_per_s":151}',
    b'{"location":"Berlin","temperature_celsius":3,"measured_at":"yesterday"}',
    b'{"location":"Berlin","temperature_celsius":3,"measured_at":1e300}',
    b'{"location":"Berlin","temperature_celsius":3,"measured_at":-1}',
    b'{"location":"Berlin","temperature_celsius":3,"measured_at":NaN}',
    b'{"location":"Berlin","temperature_celsius":3,"measured_at":"0001-01-01T00:00:00+05:00"}',
    b'{"location":"Berlin","temperature_celsius":3,"measured_at":"2026-01-01T00:00:00"}',
    b'{"location":"Berlin","temperature_celsius":3,"source":"a\\u0000"}',
    b'{"location":"Berlin","temperature_celsius":3,"source":"a\\u202eb"}',
    b'{"location":"Berlin","temperature_celsius":3,"source":"\\ufeffa"}',
    b'{"location":"Berlin","temperature_celsius":3,"source":"a\\u2066b"}',
    b'{"location":"Berlin","temperature_celsius":3,"source":"a\\u009bb"}',
    b'{"location":"Berlin","temperature_celsius":3,"source":"' + b"x" * 41 + b'"}',
    b"[" * 60_000, b"null", b"", b"no json", b'"Berlin"', b"\xff\xfe",
]  # fmt: skip


async def test_a_measurement_that_makes_no_sense_is_422(office: Office):
    await office.town.point()
    for raw in BAD_MEASUREMENTS:
        answer = await office.ask("POST", UPDATE, data=raw, headers={"Content-Type": "application/json"})
        assert answer.status == 422, (raw, answer.body)
        assert answer.body["text"].isprintable()
    assert (await place(office))["weather"] is None


BAD_CHANGES: list[dict[str, object]] = [
    {"alert": "RAIN"}, {"alert": "cold"}, {"alert": None}, {"alert": ["COLD"]}, {"alert": ""}, {"text": "x" * 201},
    {"text": "a\nb"}, {"text": "a\u202eb"}, {"text": "a\u2028b"}, {"text": "a\u2069b"}, {"text": "\ufeffa"},
    {"text": "a\x9bb"}, {"temperature_celsius": 1e9}, {"location": "\t"}, {"severity": 1},
]  # fmt: skip


async def test_an_alert_that_makes_no_sense_is_422(office: Office):
    await office.town.point()
    for change in BAD_CHANGES:
        assert (await office.ask("POST", ALERT, COLD | change)).status == 422, change
    assert (await office.get("/api/cps/CP001"))["status"] == "Available"


async def test_an_override_is_yes_or_no(office: Office):
    await office.town.point()
    await office.post(ALERT, COLD)
    for body in ({}, {"override": 1}, {"override": "true"}, {"override": None}, {"override": True, "x": 1}):
        assert (await office.ask("POST", OVERRIDE, body)).status == 422, body
    assert (await office.get("/api/cps/CP001"))["holds"] == ["weather"]


async def test_a_form_of_another_site_is_no_weather(office: Office):
    await office.town.point()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await office.ask("POST", ALERT, data=b"{}", headers={"Content-Type": kind})
        assert answer.status == 415


async def test_a_bad_place_in_an_address_is_422(office: Office):
    for query in (
        "location=",
        "location=%00",
        "place=Berlin",
        "location=a&location=b",
        "location=" + "x" * 99,
    ):
        assert (await office.ask("DELETE", f"{ALERT}?{query}")).status == 422, query


async def test_hostile_text_comes_back_as_text(office: Office):
    name = "<img src=x onerror=alert(1)>"
    await office.post(UPDATE, MILD | {"location": name, "source": "<script>"})
    shown = await place(office, name)
    assert shown["weather"]["source"] == "<script>"
