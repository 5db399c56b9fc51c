"""The weather service beside a real Central, with OpenWeather on a local server: what it says, and what never."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from evcharge import labels
from evcharge.central.books import verify
from evcharge.evc1 import messages
from evcharge.labels import Phrase
from evcharge.security import secret_files
from evcharge.weather import app
from evcharge.weather.http_get import fetching
from evcharge.weather.station import RateLimiter
from tests.component import skies
from tests.component.office import Office, opened
from tests.component.skies import KEY, Sky, text
from tests.component.test_weather_sources import BOTH, VALUES
from tests.component.town import hear
from tests.component.weather_service import (
    BACK,
    LOST,
    alerts_are,
    at,
    celsius_is,
    news,
    said,
    service,
    until,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path / "state") as office:
        yield office
    assert verify.check(tmp_path / "state" / "central" / "central.db") == []


# ---- what it says


async def test_a_cold_front_ends_the_charge_and_its_end_frees_the_point(office: Office, sky: Sky):
    engine, driver = await office.charging()
    async with service(office, sky):
        await celsius_is(office, 14.0)
        sky.of("Berlin").celsius = -3.5
        assert (await hear(engine.channel, messages.Stop)).reason == "weather"
        await engine.journals(engine.meters(1_000_000), engine.ends("weather"))
        assert (await driver.ticket()).reason == "weather"
        assert (await office.get("/api/cps/CP001"))["status"] == "Unavailable"
        # Between the two values all stays as it is.
        sky.of("Berlin").celsius = 0.5
        await celsius_is(office, 0.5)
        assert (await at(office))["alerts"] == ["COLD"]
        seen = len(office.town.lines)
        sky.of("Berlin").celsius = 1.0
        await office.town.says(r"CP001 .*Available$", since=seen)
        await office.town.says("the weather in Berlin is good again")
    (raised,) = office.rows("WeatherAlertRaised")
    assert (raised["actor"], raised["role"]) == ("weather", "service")
    assert '"temperature_celsius":-3.5' in raised["data"]
    assert news(office, "ALERT Berlin: cold (-3.5 °C, wind 3.0 m/s)")
    assert news(office, "Berlin: cold is over (1.0 °C")


async def test_alerts_end_one_by_one_without_freeing_the_point_between(office: Office, sky: Sky):
    await office.town.point()
    async with service(office, sky):
        sky.of("Berlin").celsius, sky.of("Berlin").wind, sky.of("Berlin").code = -5.0, 25.0, 202
        await until(lambda: alerts_are(office, ["COLD", "STORM", "WIND"]))
        sky.of("Berlin").celsius, sky.of("Berlin").code = 10.0, 800
        await until(lambda: alerts_are(office, ["WIND"]))
        await office.town.says("the weather in Berlin is better; still: strong wind")
        assert (await office.get("/api/cps/CP001"))["holds"] == ["weather"]
        sky.of("Berlin").wind = 2.0
        await until(lambda: alerts_are(office, []))
    assert len(office.rows("HoldPlaced")) == len(office.rows("HoldLifted")) == 1
    assert (await at(office))["alerts"] == []


async def test_a_service_that_comes_back_ends_what_it_began(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Berlin").celsius = -1.0
    async with service(office, sky) as first:
        await until(lambda: alerts_are(office, ["COLD"]))
        await first.dies()
    # Not cold enough to begin, not warm enough to end.
    sky.of("Berlin").celsius = 0.5
    async with service(office, sky):
        await celsius_is(office, 0.5)
        assert (await at(office))["alerts"] == ["COLD"]
        sky.of("Berlin").celsius = 5.0
        await until(lambda: alerts_are(office, []))


async def test_what_an_operator_says_by_hand_is_left_alone(office: Office, sky: Sky):
    await office.town.point()
    async with service(office, sky):
        await celsius_is(office, 14.0)
        await office.post("/api/weather_alert", {"location": "Berlin", "alert": "WIND"})
        await sky.is_asked(5)
        assert (await at(office))["alerts"] == ["WIND"]


async def test_an_override_stays_until_the_weather_is_good(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Berlin").celsius = -2.0
    async with service(office, sky):
        await until(lambda: alerts_are(office, ["COLD"]))
        await office.post("/api/locations/Berlin/override", {"override": True})
        await sky.is_asked(5)
        assert (await office.get("/api/cps/CP001"))["status"] == "Available"
        assert (await at(office))["override"] is True
        sky.of("Berlin").celsius = 9.0
        await until(lambda: alerts_are(office, []))
        assert (await at(office))["override"] is False


async def test_an_old_measurement_of_a_real_service_is_no_news_later_either(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Berlin").age_s, sky.of("Berlin").celsius = 600.0, -4.0
    async with service(office, sky):
        await until(lambda: alerts_are(office, ["COLD"]))
        # The alert did not pretend to be newer than its measurement.
        sky.of("Berlin").celsius = 6.0
        await celsius_is(office, 6.0)
        await until(lambda: alerts_are(office, []))


# ---- what it does not believe


@pytest.mark.parametrize("is_slow", [False, True], ids=["wrong", "slow"])
async def test_answers_that_are_none_are_one_line_each_and_change_nothing(
    office: Office, sky: Sky, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, is_slow: bool
):
    if is_slow:
        monkeypatch.setattr(app, "fetching", functools.partial(fetching, aiohttp.ClientTimeout(total=1.0)))
    cases = [case for case in (*BOTH, *VALUES) if (case.values[0] is skies.slow) is is_slow]
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    await office.town.point()
    sky.of("Berlin").celsius = -3.0
    async with service(office, sky):
        await until(lambda: alerts_are(office, ["COLD"]))
        for case in cases:
            before = len(office.town.lines)
            # Were it believed, the point would be free.
            sky.of("Berlin").celsius = 20.0
            sky.wrong = case.values[0]
            await sky.is_asked(2)
            await office.town.says(rf"^({LOST}|No weather of Berlin): .*Nothing changes( there)?\.$")
            assert (await at(office))["alerts"] == ["COLD"], case.id
            sky.of("Berlin").celsius = -3.0
            sky.wrong = None
            await until(lambda before=before: back(office, before))
            ours = (f"{LOST}: ", "No weather of Berlin: ")
            said = [line for line in office.town.lines[before:] if line.startswith(ours)]
            assert len(said) == 1, (case.id, said)
            assert said[0].endswith((". Nothing changes.", ". Nothing changes there.")), said
        sky.of("Berlin").celsius, sky.wrong = 20.0, None
        await until(lambda: alerts_are(office, []))
    assert len(office.rows("HoldPlaced")) == 1
    unseen(office, caplog)


async def back(office: Office, since: int) -> bool:
    ours = (f"{BACK} (", "The weather of Berlin is known again.")
    return any(line.startswith(ours) for line in office.town.lines[since:])


def unseen(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The key stands nowhere but where it belongs."""
    assert caplog.records
    for record in caplog.records:
        assert KEY not in record.getMessage(), record
        assert KEY not in str(vars(record)), record
    for path in office.town.state.rglob("*"):
        if path.is_file() and path.name != "weather.key":
            assert KEY.encode() not in path.read_bytes(), path


async def test_a_city_that_fails_does_not_stop_the_others(office: Office, sky: Sky):
    await office.town.point()
    async with service(office, sky, cities=["Madrid", "Atlantis"]):
        await celsius_is(office, 14.0, "Madrid")
        await office.town.says(
            "OpenWeather knows no place called Atlantis; say where it is: change Atlantis = …"
        )
        sky.wrong, sky.wrong_in = skies.altered(lambda content: content["main"].pop("temp")), "madrid"
        await office.town.says("No weather of Madrid: OpenWeather gives no temperature for Madrid")
        sky.of("Berlin").celsius = -9.0
        await until(lambda: alerts_are(office, ["COLD"]))


async def test_a_source_that_is_away_for_everybody_is_one_line(office: Office, sky: Sky):
    await office.town.point()
    async with service(office, sky, cities=["Madrid", "Alicante", "Elche"], lang="es"):
        for name in ("Madrid", "Alicante", "Elche"):
            await celsius_is(office, 14.0, name)
        sky.wrong = text("no", status=503, kind="text/plain")
        await sky.is_asked(4)
        lost = labels.say(Phrase.WEATHER_LOST, "es")
        assert len(news(office, lost)) == 1
        assert news(office, f"{lost}: OpenWeather responde con el error 503. Nada cambia.")
        sky.wrong = None
        await office.town.says(labels.say(Phrase.WEATHER_BACK, "es"))
        assert len(news(office, labels.say(Phrase.WEATHER_BACK, "es"))) == 1


async def test_who_is_asked_to_wait_waits(office: Office, sky: Sky):
    await office.town.point()
    async with service(office, sky, cities=["Madrid"]):
        await celsius_is(office, 14.0, "Madrid")
        sky.wrong = text('{"cod":429}', status=429, **{"Retry-After": "1"})
        await sky.is_asked(1)
        asked_at = asyncio.get_running_loop().time()
        before = len(sky.asked)
        sky.wrong = None
        await office.town.says(f"{LOST}: OpenWeather was asked too often and wants us to wait")
        await sky.is_asked(2)
        assert asyncio.get_running_loop().time() - asked_at >= 0.9
        # At most the question that was on its way already.
        assert before <= len(sky.asked)


async def test_a_wrong_key_is_said_without_the_key(office: Office, sky: Sky, caplog):
    caplog.set_level(logging.DEBUG)
    await office.town.point()
    secret_files.write_secret(office.town.state / "weather.key", "an0ther" + KEY)
    async with service(office, sky, environ={}):
        line = await office.town.says(f"{LOST}: OpenWeather does not accept the key")
    assert line.count(str(office.town.state / "weather.key")) == 1
    unseen(office, caplog)


async def test_central_is_told_more_often_than_the_source_is_asked(office: Office, sky: Sky):
    await office.town.point()
    async with service(office, sky, min_request_s=3600):
        await celsius_is(office, 14.0)
        first = (await at(office))["weather"]["received_at"]

        async def told_again() -> bool:
            return (await at(office))["weather"]["received_at"] != first

        await until(told_again)
    assert len(sky.asked) == 1


async def test_questions_keep_their_distance():
    loop = asyncio.get_running_loop()
    turnstile = RateLimiter(0.05)
    began = loop.time()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(turnstile.turn())
    assert loop.time() - began >= 0.15
    turnstile.hold(0.2)
    assert turnstile.is_held
    began = loop.time()
    await turnstile.turn()
    assert loop.time() - began >= 0.19


# ---- where a place is


async def test_a_namesake_is_said_once_and_a_country_tells_which(
    office: Office, sky: Sky, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "evcharge.weather")
    office.town.places = {"CP001": "Guadalajara", "CP002": "Guadalajara, ES"}
    for cp_id in office.town.places:
        await office.town.point(cp_id)
    for _ in range(2):
        async with service(office, sky) as running:
            for name, country, latitude in (
                ("Guadalajara", "MX", 20.6767),
                ("Guadalajara, ES", "ES", 40.6333),
            ):

                async def known(name: str = name) -> dict | None:
                    found = await at(office, name)
                    return found if found.get("latitude") is not None else None

                found = await until(known)
                assert (found["country"], found["latitude"]) == (country, latitude)
            running.typed.put_nowait("list")
            await until(lambda: said(caplog, "Guadalajara, ES (40.63, -3.17)"))
    warned = [record.message for record in caplog.records if "taken as" in record.message]
    assert warned == [
        'Guadalajara: taken as Guadalajara, MX (20.68, -103.35); write "Guadalajara, ES" for another'
    ]
    assert (await office.get("/api/cps/CP001"))["country"] == "MX"
    assert (await office.get("/api/cps/CP002"))["country"] == "ES"
