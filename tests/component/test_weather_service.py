"""The weather service beside a real Central, with OpenWeather on a local server: what it says, and what never."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import aiohttp
import pytest

from evcharge import labels
from evcharge.central import app as central
from evcharge.central.books import verify
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor
from evcharge.central.services import weather_watch
from evcharge.domain.errors import AuthenticationError, ConfigError, StateError
from evcharge.evc1 import messages
from evcharge.labels import Phrase
from evcharge.runtime.config import Config, ReachSettings, WeatherSettings
from evcharge.security import secret_files
from evcharge.weather import app, sources
from evcharge.weather.client import LocationRow, WeatherClient
from evcharge.weather.http_get import fetching
from evcharge.weather.station import RateLimiter
from tests.component import skies
from tests.component.office import Office, opened
from tests.component.skies import KEY, Sky, text
from tests.component.test_weather_sources import BOTH, VALUES
from tests.component.town import hear
from tests.ports import free_port

LOST, BACK = labels.say(Phrase.WEATHER_LOST), labels.say(Phrase.WEATHER_BACK)


@dataclass
class Service:
    """A weather service that runs in this process."""

    task: asyncio.Task[int]
    stop: asyncio.Event
    typed: asyncio.Queue[str | None]
    stopped: bool = False
    ended: list[BaseException] = field(default_factory=list)

    async def stops(self) -> None:
        """As Ctrl+C does: it says goodbye."""
        self.stopped = True
        self.stop.set()
        async with asyncio.timeout(5):
            assert await self.task == 0

    async def dies(self) -> None:
        """As kill -9 does: without a word."""
        self.stopped = True
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def sky() -> AsyncIterator[Sky]:
    async with skies.served() as sky:
        yield sky


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path / "state") as office:
        yield office
    assert verify.check(tmp_path / "state" / "central" / "central.db") == []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here minds being asked often."""
    monkeypatch.setattr(sources.OpenWeather, "between_s", 0.01)


@contextlib.asynccontextmanager
async def reporting(
    state: Path,
    url: str,
    sky: Sky,
    *,
    environ: dict[str, str] | None = None,
    lang: str = "en",
    **settings: object,
) -> AsyncIterator[Service]:
    """Run the service until the block ends."""
    stop, typed = asyncio.Event(), asyncio.Queue[str | None]()

    async def lines() -> AsyncGenerator[str, None]:
        while (line := await typed.get()) is not None:
            yield line

    wanted = {"source": "openweather", "api_url": sky.url, "every_s": 0.1, "min_request_s": 0.1} | settings
    config = Config(
        state=state,
        lang=lang,
        reach=ReachSettings(central_api=url),
        weather=WeatherSettings(**wanted),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evcharge.weather.app.keyboard.lines", lines)
        patch.setattr("evcharge.weather.app.keyboard.is_terminal", lambda: False)
        given = {"OPENWEATHER_API_KEY": KEY} if environ is None else environ
        service = Service(asyncio.create_task(app.run(config, stop, environ=given)), stop, typed)
        try:
            yield service
        finally:
            if not service.stopped:
                await service.stops()


def service(office: Office, sky: Sky, **more) -> contextlib.AbstractAsyncContextManager[Service]:
    return reporting(office.town.state, office.url, sky, **more)


async def at(office: Office, name: str = "Berlin") -> dict:
    found = (await office.get("/api/locations"))["locations"]
    return next((one for one in found if one["location"] == name), {})


async def until(check, within_s: float = 10.0):
    """Wait until `check()` returns something; return it."""
    async with asyncio.timeout(within_s):
        while not (found := await check()):
            await asyncio.sleep(0.02)
    return found


async def celsius_is(office: Office, celsius: float, name: str = "Berlin") -> None:
    async def check() -> bool:
        weather = (await at(office, name)).get("weather")
        return weather is not None and weather["temperature_celsius"] == celsius

    await until(check)


def news(office: Office, pattern: str) -> list[str]:
    return [line for line in office.town.lines if pattern in line]


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


async def alerts_are(office: Office, wanted: list[str]) -> bool:
    return (await at(office))["alerts"] == wanted


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


async def said(caplog, pattern: str) -> bool:
    return any(pattern in record.getMessage() for record in caplog.records)


# ---- what people tell it


async def test_cities_and_places_are_changed_while_it_runs(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Madrid").celsius, sky.of("Elche").celsius = 31.0, 8.0
    async with service(office, sky) as running:
        await celsius_is(office, 14.0)
        running.typed.put_nowait("add Madrid")
        await celsius_is(office, 31.0, "Madrid")
        running.typed.put_nowait("change Madrid = Elche")
        await celsius_is(office, 8.0, "Madrid")
        running.typed.put_nowait("change Madrid = 52.5, 13.4")
        await celsius_is(office, 14.0, "Madrid")
        running.typed.put_nowait("move cp001 Elche")
        await office.town.says("CP001 is now in Elche")
        await celsius_is(office, 8.0, "Elche")
        assert (await office.get("/api/cps/CP001"))["location"] == "Elche"
        running.typed.put_nowait("move CP009 Elche")
        await office.town.says("not done: ")
        running.typed.put_nowait("list")
        await office.town.says(r"^Elche, ES \(38\.27, -0\.70\): 8\.0 °C, wind 3\.0 m/s; good; CPs: CP001")
        running.typed.put_nowait("drop Madrid")
        await office.town.says("Madrid is no longer watched")
        running.typed.put_nowait("drop Elche")
        await office.town.says("a location of charging points is always watched")
        running.typed.put_nowait("nonsense")
        await office.town.says("add CITY")
        running.typed.put_nowait("faults")
        await office.town.says("no faults")
        running.typed.put_nowait("add Madrid")
        await until(lambda: watched(office, "Madrid", 2))
        running.typed.put_nowait("quit")
        async with asyncio.timeout(5):
            await running.task
        running.stopped = True
    # Kept for the next time.
    async with service(office, sky):
        await until(lambda: watched(office, "Madrid", 3))


async def watched(office: Office, name: str, times: int) -> bool:
    return len(news(office, f"{name} is watched now")) == times


async def test_a_point_that_moves_into_bad_weather_is_held_and_out_of_it_is_not(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Madrid").celsius = -6.0
    async with service(office, sky, cities=["Madrid"]) as running:
        await until(lambda: cold_in(office, "Madrid"))
        running.typed.put_nowait("move CP001 madrid")
        await office.town.says("CP001 .*Out of Order")
        seen = len(office.town.lines)
        running.typed.put_nowait("move CP001 Berlin")
        await office.town.says("CP001 .*Berlin.* Available", since=seen)


async def cold_in(office: Office, name: str) -> bool:
    return (await at(office, name)).get("alerts") == ["COLD"]


async def test_moving_a_point_needs_the_operators_token(office: Office, sky: Sky):
    await office.town.point()
    (office.town.state / "operator.token").unlink()
    async with service(office, sky) as running:
        running.typed.put_nowait("move CP001 Elche")
        await office.town.says(
            "not done: Moving a charging point needs the operator's token: copy operator.token to "
        )


async def test_an_operators_token_that_central_does_not_know_is_named_and_not_the_services(
    office: Office, sky: Sky
):
    await office.town.point()
    secret_files.replace_secret(office.town.state / "operator.token", secret_files.new_secret())
    async with service(office, sky) as running:
        running.typed.put_nowait("move CP001 Elche")
        said = await office.town.says("not done: ")
    assert "operator.token" in said
    assert "weather.token" not in said


# ---- what it cannot start without


async def refuses(office: Office, sky: Sky, kind: type[Exception], **more) -> str:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        async with service(office, sky, **more) as running:
            async with asyncio.timeout(5):
                await running.task
    problem = caught.value
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    assert isinstance(problem, kind), problem
    return str(problem)


async def test_without_a_key_openweather_is_refused_with_the_remedy(office: Office, sky: Sky):
    said = await refuses(office, sky, ConfigError, environ={})
    assert "weather.key (chmod 600), or set OPENWEATHER_API_KEY" in said


async def test_a_key_that_others_may_read_is_refused(office: Office, sky: Sky):
    path = office.town.state / "weather.key"
    path.write_text(KEY)
    path.chmod(0o644)
    said = await refuses(office, sky, StateError, environ={})
    assert "chmod 600" in said
    assert KEY not in said


async def test_a_key_does_not_travel_in_clear_text(office: Office, sky: Sky):
    said = await refuses(office, sky, ConfigError, api_url="http://weather.example:80")
    assert "clear text" in said


async def test_a_token_that_central_does_not_know_is_refused_with_the_remedy(office: Office, sky: Sky):
    environ = {"OPENWEATHER_API_KEY": KEY, "EVCHARGE_WEATHER_TOKEN": "wrong"}
    said = await refuses(office, sky, AuthenticationError, environ=environ)
    assert "copy its weather.token" in said


async def test_without_a_token_it_says_how_to_get_one(office: Office, sky: Sky):
    (office.town.state / "weather.token").unlink()
    assert "weather.token is missing" in await refuses(office, sky, StateError)


@pytest.mark.parametrize(
    "wrong", [{"cold_clear": -1.0}, {"heat_clear": 41.0}, {"wind_clear": 21.0}], ids=["cold", "heat", "wind"]
)
async def test_an_alert_that_ends_before_it_begins_is_refused(office: Office, sky: Sky, wrong):
    assert "must not be less than" in await refuses(office, sky, ConfigError, **wrong)


async def test_a_timeline_is_read_again_when_it_changes(office: Office, sky: Sky, tmp_path: Path):
    await office.town.point()
    file = tmp_path / "front.txt"
    file.write_text("0 *: 12 3\n")
    async with service(office, sky, source="auto", simulate=str(file), environ={}):
        await celsius_is(office, 12.0)
        file.write_text("0 *: cold\n")
        await office.town.says(f"{LOST}: the timeline cannot be used: front.txt line 1: 'cold' is not a temp")
        assert (await at(office))["alerts"] == []
        file.write_text("0 *: -12 3 \n")
        await until(lambda: alerts_are(office, ["COLD"]))
    assert not sky.asked
