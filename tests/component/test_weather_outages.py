"""Outages of the weather service, of its source and of Central: who is missed, and what is told afterwards."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import pytest

from evcharge import labels
from evcharge.central import app as central
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor
from evcharge.central.services import weather_watch
from evcharge.labels import Phrase
from evcharge.weather.client import LocationRow, WeatherClient
from tests.component.office import Office, opened
from tests.component.skies import KEY, Sky, text
from tests.component.weather_service import (
    BACK,
    LOST,
    alerts_are,
    at,
    celsius_is,
    reporting,
    said,
    service,
    until,
)
from tests.ports import free_port

# ---- it is missed


class Link(weather_watch.WeatherLink):
    """Central's side of the service: it misses nobody before the test says after which silence it does."""

    made: "Link"

    def __init__(self, dispatcher: Dispatcher, silent_s: float, last: weather_watch.Word | None) -> None:
        super().__init__(dispatcher, 3_600.0, last)
        self.words = self.looks = 0
        # What was said of each of its losses.
        self.losses: list[str] = []
        Link.made = self

    def misses_after(self, silent_s: float) -> None:
        self._silent_s = silent_s

    def heard(self, by: Actor) -> None:
        self.words += 1
        super().heard(by)

    def _look(self, now: float, since: float) -> None:
        super()._look(now, since)
        self.looks += 1

    def _say_lost(self, why: str, by: Actor) -> None:
        self.losses.append(why)
        super()._say_lost(why, by)

    async def misses_nobody(self) -> None:
        """Let it look with no patience at all, and hold that nobody was ever missed."""
        # Also where this process has stood still meanwhile.
        self.misses_after(-1.0)
        before = self.looks
        async with asyncio.timeout(20):
            while self.looks == before:
                await asyncio.sleep(0.02)
        self.misses_after(3_600.0)
        assert self.losses == []

    async def is_heard(self, times: int) -> None:
        """Wait until so many more words of it have come."""
        before = self.words
        async with asyncio.timeout(20):
            while self.words < before + times:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def listened(state: Path) -> AsyncIterator[tuple[Office, Link]]:
    with mock.patch.object(central, "WeatherLink", Link):
        async with opened(state) as office:
            yield office, Link.made


async def alert_of_service(office: Office) -> dict | None:
    found = (await office.get("/api/alerts"))["alerts"]
    return next((one for one in found if one["kind"] == "weather-service" and not one["solved_at"]), None)


async def test_a_service_that_falls_silent_is_missed_and_greeted(tmp_path: Path, sky: Sky):
    async with listened(tmp_path) as (office, link):
        await office.town.point()
        # Nobody misses what was never there.
        await link.misses_nobody()
        sky.of("Berlin").celsius = -4.0
        async with service(office, sky) as first:
            await office.town.says("The weather service is connected.")
            await until(lambda: alerts_are(office, ["COLD"]))
            await first.dies()
        link.misses_after(1.0)
        alert = await until(lambda: alert_of_service(office))
        assert alert["what"].startswith(f"{LOST} (the weather service was not heard for 1 s)")
        assert alert["what_es"].startswith(labels.say(Phrase.WEATHER_LOST, "es"))
        assert alert["id"] == "WEATHER-weather-service"
        # For the day on which it is given up for good.
        assert alert["closable"] is True
        await office.town.says(f"^{LOST} .*stays out of order, everything else goes on")
        # Its holds stay.
        assert (await office.get("/api/cps/CP001"))["holds"] == ["weather"]
    # Also over a restart of Central.
    async with listened(tmp_path) as (office, _):
        assert await alert_of_service(office) is not None
        async with service(office, sky):
            await office.town.says(f"^{BACK}")
            assert await alert_of_service(office) is None
            recent = (await office.get("/api/alerts"))["alerts"]
            assert any(one["restored"] == f"{BACK}." for one in recent)
            assert len(office.rows("WeatherLost")) == 1
            # Which says goodbye at its end: nobody waits for it.
        alert = await until(lambda: alert_of_service(office))
        assert "was stopped" in alert["what"]


async def test_a_source_that_is_away_is_missed_at_central_too(tmp_path: Path, sky: Sky):
    async with listened(tmp_path) as (office, _):
        await office.town.point()
        async with service(office, sky):
            await office.town.says("The weather service is connected.")
            sky.wrong = text("", status=500)
            alert = await until(lambda: alert_of_service(office))
            assert "OpenWeather answers with error 500" in alert["what"]
            assert "OpenWeather responde con el error 500" in alert["what_es"]
            sky.wrong = None
            await office.town.says(rf"^{BACK}\.$")
            assert await alert_of_service(office) is None


@pytest.mark.parametrize(
    ("key", "url", "says", "dice"),
    [
        ("x" * 32, "", "OpenWeather does not accept its key", "OpenWeather no acepta su clave"),
        (KEY, "http://127.0.0.1:1", "OpenWeather does not answer (", "OpenWeather no responde ("),
    ],
    ids=["wrong key", "no source"],
)
async def test_a_source_that_fails_from_the_start_is_named_at_once(
    tmp_path: Path, sky: Sky, key: str, url: str, says: str, dice: str
):
    # Central would miss the service itself only after a minute.
    async with opened(tmp_path, weather_stale_s=60.0) as office:
        await office.town.point()
        more = {"api_url": url} if url else {}
        async with service(office, sky, environ={"OPENWEATHER_API_KEY": key}, **more):
            alert = await until(lambda: alert_of_service(office))
            assert alert["what"].startswith(f"{LOST} ({says}")
            assert dice in alert["what_es"]
            assert len(office.rows("WeatherLost")) == 1


async def test_one_city_that_no_source_knows_leaves_the_others_as_they_are(tmp_path: Path, sky: Sky, caplog):
    caplog.set_level(logging.INFO, "evcharge.weather")
    async with listened(tmp_path) as (office, _):
        office.town.places = {"CP001": "Berlin", "CP002": "Nowhereville"}
        for cp_id in office.town.places:
            await office.town.point(cp_id)
        sky.of("Berlin").celsius = -4.0
        async with service(office, sky):
            await office.town.says("The weather service is connected.")
            await until(lambda: alerts_are(office, ["COLD"]))
            await until(lambda: _noted(caplog, "No weather of Nowhereville: OpenWeather knows no place"))
            assert await alert_of_service(office) is None
            # Not afterwards: that the service was stopped is told as a loss.
            assert LOST not in caplog.text


async def test_a_service_whose_cities_are_all_unknown_is_there_all_the_same(tmp_path: Path, sky: Sky, caplog):
    caplog.set_level(logging.INFO, "evcharge.weather")
    async with listened(tmp_path) as (office, link):
        office.town.places = {"CP001": "Nowhereville"}
        await office.town.point()
        async with service(office, sky):
            await office.town.says("The weather service is connected.")
            # It goes on saying so.
            await link.is_heard(3)
            assert await alert_of_service(office) is None


async def _noted(caplog: pytest.LogCaptureFixture, what: str) -> bool:
    return what in caplog.text


async def test_a_service_that_died_while_central_was_away_is_missed_after_its_start(tmp_path: Path, sky: Sky):
    async with opened(tmp_path) as office:
        await office.town.point()
        async with service(office, sky) as first:
            await office.town.says("The weather service is connected.")
            await first.dies()
    async with listened(tmp_path) as (office, link):
        assert await alert_of_service(office) is None
        link.misses_after(1.0)
        await until(lambda: alert_of_service(office))


async def test_an_operator_with_curl_is_not_missed(tmp_path: Path):
    async with listened(tmp_path) as (office, link):
        await office.town.point()
        await office.post("/api/weather_update", {"location": "Berlin", "temperature_celsius": 3})
        await office.post("/api/weather_goodbye")
        await link.misses_nobody()


# ---- Central is away


async def test_what_happened_while_central_was_away_is_told_on_its_return(
    tmp_path: Path, sky: Sky, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "evcharge.weather")
    port = free_port()
    state, url = tmp_path / "state", f"http://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as later:
        async with opened(state, api_port=port) as office:
            await office.town.point()
            running = await later.enter_async_context(reporting(state, url, sky))
            await celsius_is(office, 14.0)
        sky.of("Berlin").celsius = -7.0
        # Central stays away until the service has noticed.
        await until(lambda: said(caplog, labels.say(Phrase.CENTRAL_LOST)))
        async with opened(state, api_port=port) as office:
            await until(lambda: alerts_are(office, ["COLD"]), within_s=20)
            assert await said(caplog, labels.say(Phrase.CENTRAL_BACK))
            assert (await at(office))["weather"]["temperature_celsius"] == -7.0
            await running.stops()
            assert len(office.rows("WeatherAlertRaised")) == 1


async def test_an_outage_between_two_rounds_is_not_spoken_of_and_its_news_are_told_once(
    tmp_path: Path, sky: Sky, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    caplog.set_level(logging.INFO, "evcharge.weather")
    between_rounds, may_ask = asyncio.Event(), asyncio.Event()
    may_ask.set()
    ask = WeatherClient.locations

    async def once_it_may(self: WeatherClient) -> list[LocationRow]:
        if not may_ask.is_set():
            between_rounds.set()
        await may_ask.wait()
        return await ask(self)

    monkeypatch.setattr(WeatherClient, "locations", once_it_may)
    port = free_port()
    state, url = tmp_path / "state", f"http://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as later:
        async with opened(state, api_port=port) as office:
            await office.town.point()
            running = await later.enter_async_context(reporting(state, url, sky))
            await celsius_is(office, 14.0)
            may_ask.clear()
            await asyncio.wait_for(between_rounds.wait(), 10)
        sky.of("Berlin").celsius = -7.0
        async with opened(state, api_port=port) as office:
            may_ask.set()
            await until(lambda: alerts_are(office, ["COLD"]))
            await running.stops()
            assert len(office.rows("WeatherAlertRaised")) == 1
    assert not await said(caplog, labels.say(Phrase.CENTRAL_LOST))


async def test_a_central_that_is_not_there_is_one_line_until_it_is(tmp_path: Path, sky: Sky, caplog):
    caplog.set_level(logging.INFO, "evcharge.weather")
    state, port = tmp_path / "state", free_port()
    async with opened(state):
        pass
    async with reporting(state, f"http://127.0.0.1:{port}", sky, cities=["Madrid"]):
        await until(lambda: said(caplog, labels.say(Phrase.CENTRAL_LOST)))
        async with opened(state, api_port=port) as office:
            await celsius_is(office, 14.0, "Madrid")
    assert (
        len(
            [
                1
                for record in caplog.records
                if record.getMessage().startswith(labels.say(Phrase.CENTRAL_LOST))
            ]
        )
        <= 2
    )
