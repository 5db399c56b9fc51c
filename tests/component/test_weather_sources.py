"""OpenWeather and Open-Meteo as their documents describe them, and answers that are none (docs/SECURITY.md, row 98)."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evcharge.domain.errors import ConfigError
from evcharge.domain.location import Location
from evcharge.runtime.clock import utc_now
from evcharge.weather import openmeteo, openweather
from evcharge.weather.atlas import Atlas
from evcharge.weather.http_get import MAX_ANSWER_BYTES, fetching
from evcharge.weather.readings import SourceTrouble, Spot
from evcharge.weather.sources import OpenMeteo, OpenWeather, Source, read_timeline
from tests.component import skies
from tests.component.skies import KEY, Sky, altered, text

pytestmark = pytest.mark.virtual_time

QUICK = aiohttp.ClientTimeout(total=0.5)
ALICANTE = Spot(38.3452, -0.4815)


@pytest.fixture
def atlas(tmp_path: Path) -> Atlas:
    return Atlas(tmp_path / "places.json")


@pytest.fixture(params=["OpenWeather", "Open-Meteo"])
async def source(request, sky: Sky, atlas: Atlas) -> AsyncIterator[Source]:
    async with fetching(QUICK) as fetch:
        if request.param == "OpenWeather":
            yield OpenWeather(fetch, KEY, sky.url, atlas, utc_now)
        else:
            yield OpenMeteo(fetch, sky.url, atlas, utc_now, "en")


async def fails(source: Source, city: str = "Alicante") -> SourceTrouble:
    with pytest.raises(SourceTrouble) as caught:
        await source.measure(Location(city))
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value.__dict__)
    # Not by a detour either: tracebacks show causes.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


# ---- what they say


async def test_a_measurement_in_celsius_and_metres_per_second(sky: Sky, source: Source):
    sky.of("Alicante").celsius, sky.of("Alicante").wind = -3.25, 12.5
    reading = await source.measure(Location("Alicante"))
    assert (reading.celsius, reading.wind_m_per_s, reading.storm) == (-3.25, 12.5, False)
    assert 59 <= (utc_now() - reading.measured_at).total_seconds() < 75


async def test_a_storm_has_other_codes_at_each(sky: Sky, source: Source):
    sky.of("Alicante").code, sky.of("Alicante").wmo = 211, 95
    assert (await source.measure(Location("Alicante"))).storm
    # 2xx is a thunderstorm here, and nothing there.
    sky.of("Alicante").code, sky.of("Alicante").wmo = 501, 63
    assert not (await source.measure(Location("Alicante"))).storm


async def test_a_wind_that_is_not_told_is_none(sky: Sky, source: Source):
    sky.of("Alicante").wind = None
    assert (await source.measure(Location("Alicante"))).wind_m_per_s is None


async def test_a_city_is_looked_for_once_and_found_again_after_a_restart(
    sky: Sky, source: Source, tmp_path: Path
):
    await source.measure(Location("Alicante"))
    await source.measure(Location(" ALICANTE "))
    assert Atlas(tmp_path / "places.json").spot(source.name, Location("alicante")) is not None
    assert len(sky.asked) == 2


async def test_a_city_may_be_known_by_its_other_name(sky: Sky, source: Source):
    sky.of("elche").celsius = 7.0
    assert (await source.measure(Location("Elche"))).celsius == 7.0


async def test_a_city_that_nobody_knows_is_said_so(source: Source):
    problem = await fails(source, "Atlantis")
    assert (problem.name, problem.of_all) == ("unknown place", False)


async def test_coordinates_need_no_search(sky: Sky, source: Source):
    sky.of("Madrid").celsius = 3.0
    assert (await source.measure(Location("40.42, -3.70"))).celsius == 3.0


@pytest.mark.parametrize(("location", "spot"), [("Guadalajara", "MX"), ("guadalajara , es", "ES")])
async def test_of_two_places_of_one_name_the_country_tells_which(
    atlas: Atlas, source: Source, location: str, spot: str
):
    told: list[tuple[str, str, str]] = []
    atlas.on_namesake = lambda city, taken, other: told.append((city.name, taken.country, other.country))
    for _ in range(2):
        await source.measure(Location(location))
    found = atlas.spot(source.name, Location(location))
    assert found is not None
    assert found.country == spot
    assert told == ([("Guadalajara", "MX", "ES")] if spot == "MX" else [])


async def test_open_meteo_is_asked_for_a_country_when_one_is_named():
    assert openmeteo.find_query(Location("Elche, es"), "en")["countryCode"] == "ES"
    assert openmeteo.find_query(Location("Elche, Alicante"), "en")["name"] == "Elche, Alicante"


# ---- what is no answer

BOTH = [
    pytest.param(
        text("<html>Log in to this network</html>", kind="text/html"), "nonsense", True, id="HTML with 200"
    ),
    pytest.param(text(""), "nonsense", True, id="empty"),
    pytest.param(text("{}"), "nonsense", True, id="empty object"),
    pytest.param(text("[1, 2"), "nonsense", True, id="half of JSON"),
    pytest.param(text("[" * 100_000), "nonsense", True, id="deep"),
    pytest.param(text("null"), "nonsense", True, id="null"),
    pytest.param(text("\x00\x01\x02"), "nonsense", True, id="binary"),
    pytest.param(text("error", status=500, kind="text/plain"), "status", True, id="500"),
    pytest.param(text("<h1>Bad gateway</h1>", status=502, kind="text/html"), "status", True, id="502"),
    pytest.param(
        text("<h1>Not found</h1>", status=404, kind="text/html"), "status", True, id="404 of another server"
    ),
    pytest.param(
        text("", status=302, Location="http://127.0.0.1:9/login"), "redirected", True, id="redirect"
    ),
    pytest.param(text('{"cod":429}', status=429), "too many questions", True, id="429"),
    pytest.param(skies.slow, "silent", True, id="slow"),
    pytest.param(skies.cut, "silent", True, id="cut off"),
    pytest.param(skies.endless, "too big", True, id="endless"),
    pytest.param(text(" " * (MAX_ANSWER_BYTES + 1)), "too big", True, id="huge"),
]


@pytest.mark.parametrize(("wrong", "name", "of_all"), BOTH)
async def test_an_answer_that_is_none_is_one_word(sky: Sky, source: Source, wrong, name: str, of_all: bool):
    await source.measure(Location("Alicante"))
    sky.wrong = wrong
    problem = await fails(source)
    assert (problem.name, problem.of_all) == (name, of_all)
    sky.wrong = None
    assert (await source.measure(Location("Alicante"))).celsius == 14.0


def put(path: str, value: object):
    """Change the answer of either service at its own place for that value."""
    own = {
        "celsius": (("main", "temp"), ("current", "temperature_2m")),
        "wind": (("wind", "speed"), ("current", "wind_speed_10m")),
        "at": (("dt",), ("current", "time")),
        "latitude": (("coord", "lat"), ("latitude",)),
    }[path]

    def change(content: dict) -> None:
        keys = own["current" in content]
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return altered(change)


def drop(path: str):
    def change(content: dict) -> None:
        if path == "celsius":
            content.get("main", {}).pop("temp", None)
            content.get("current", {}).pop("temperature_2m", None)
        else:
            content.pop("main", None)
            content.pop("current", None)

    return altered(change)


NOW = utc_now().timestamp()
VALUES = [
    pytest.param(put("celsius", None), "no temperature", id="null"),
    pytest.param(drop("celsius"), "no temperature", id="missing"),
    pytest.param(drop("all"), "nonsense", id="nothing measured"),
    pytest.param(put("celsius", float("nan")), "nonsense", id="NaN"),
    pytest.param(put("celsius", float("-inf")), "nonsense", id="infinity"),
    pytest.param(put("celsius", "14.0"), "nonsense", id="text"),
    pytest.param(put("celsius", value=True), "nonsense", id="truth"),
    pytest.param(put("celsius", 1e300), "absurd temperature", id="1e300"),
    pytest.param(put("celsius", 287.15), "absurd temperature", id="kelvin"),
    pytest.param(put("wind", -1), "absurd wind", id="wind below zero"),
    pytest.param(put("wind", 1e9), "absurd wind", id="wind beyond all"),
    pytest.param(put("at", NOW - 7200), "too late", id="of two hours ago"),
    pytest.param(put("at", NOW + 86_400), "from the future", id="of tomorrow"),
    pytest.param(put("at", 1e300), "nonsense", id="of the end of time"),
    pytest.param(put("at", "2026-11-21T12:00"), "nonsense", id="time without zone"),
    pytest.param(put("at", -5), "nonsense", id="before all time"),
    pytest.param(put("latitude", 41.9), "another place", id="Rome"),
    pytest.param(put("latitude", None), "nonsense", id="nowhere"),
]


@pytest.mark.parametrize(("wrong", "name"), VALUES)
async def test_a_value_that_cannot_be_is_one_word(sky: Sky, source: Source, wrong, name: str):
    sky.wrong = wrong
    assert (await fails(source)).name == name


async def test_how_long_to_wait_is_heeded_within_reason(sky: Sky, source: Source):
    for said, heeded in (("7", 7.0), ("1000000", 3600.0), ("soon", 0.0), ("-5", 0.0), ("²", 0.0)):
        sky.wrong = text("", status=429, **{"Retry-After": said.encode("ascii", "replace").decode()})
        assert (await fails(source)).retry_after_s == heeded


async def test_a_port_where_nobody_is_says_so(tmp_path: Path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with fetching(QUICK) as fetch:
            source = OpenWeather(fetch, KEY, url, Atlas(tmp_path / "places.json"), utc_now)
            problem = await fails(source)
    assert (problem.name, problem.values["why"]) == ("silent", "connection refused")


async def test_a_redirect_does_not_take_the_key_with_it(sky: Sky, tmp_path: Path):
    seen = asyncio.Event()

    async def elsewhere(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set()
        writer.close()

    other = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    async with fetching(QUICK) as fetch:
        source = OpenWeather(fetch, KEY, sky.url, Atlas(tmp_path / "places.json"), utc_now)
        target = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/?appid={KEY}"
        sky.wrong = text("", status=307, Location=target)
        assert (await fails(source)).name == "redirected"
    other.close()
    assert not seen.is_set()


# ---- OpenWeather's own errors


@pytest.mark.parametrize(
    ("body", "status", "name", "of_all"),
    [
        ('{"cod":401,"message":"Invalid API key."}', 401, "key refused", True),
        ('{"cod":401,"message":"Invalid API key."}', 200, "key refused", True),
        ('{"cod":"404","message":"city not found"}', 404, "unknown place", False),
        ('{"cod":"404","message":"city not found"}', 200, "unknown place", False),
        ('{"cod":"400","message":"wrong latitude"}', 400, "status", True),
        ('{"cod":429,"message":"Your account is temporary blocked"}', 200, "too many questions", True),
        ('{"cod":"\\u001b[2J\\n","message":"x"}', 200, "status", True),
    ],
)
async def test_openweather_explains_itself_in_its_own_way(
    sky: Sky, tmp_path: Path, body: str, status: int, name: str, of_all: bool
):
    async with fetching(QUICK) as fetch:
        source = OpenWeather(fetch, KEY, sky.url, Atlas(tmp_path / "places.json"), utc_now)
        sky.wrong = text(body, status=status)
        problem = await fails(source)
    assert (problem.name, problem.of_all) == (name, of_all)
    assert all(str(value).isprintable() for value in problem.values.values())


async def test_a_wrong_key_is_refused_when_a_city_is_looked_for(sky: Sky, tmp_path: Path):
    async with fetching(QUICK) as fetch:
        source = OpenWeather(fetch, "another", sky.url, Atlas(tmp_path / "places.json"), utc_now)
        assert (await fails(source)).name == "key refused"


# ---- Open-Meteo's own errors


@pytest.mark.parametrize("status", [200, 400])
async def test_open_meteo_refuses_a_question_with_any_status(sky: Sky, tmp_path: Path, status: int):
    async with fetching(QUICK) as fetch:
        source = OpenMeteo(fetch, sky.url, Atlas(tmp_path / "places.json"), utc_now, "en")
        reason = "Cannot initialize WeatherVariable from invalid String value"
        sky.wrong = text(f'{{"error":true,"reason":"{reason}"}}', status=status)
        assert (await fails(source)).name == "refused question"


async def test_a_proxy_that_forgets_our_units_is_noticed(sky: Sky, tmp_path: Path):
    async with fetching(QUICK) as fetch:
        source = OpenMeteo(fetch, sky.url, Atlas(tmp_path / "places.json"), utc_now, "en")
        sky.wrong = altered(lambda content: content["current_units"].update(wind_speed_10m="km/h"))
        assert (await fails(source)).name == "other units"


# ---- whatever comes


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_are_more_than_a_trouble(raw: bytes):
    for read in (openweather.read_weather, openmeteo.read_weather):
        with pytest.raises(SourceTrouble):
            read(raw, ALICANTE, utc_now())
    for find in (openweather.read_found, openmeteo.read_found):
        with contextlib.suppress(SourceTrouble):
            assert find(raw) == []


@pytest.mark.parametrize("name", ["/dev/urandom", "/dev/zero", "a pipe", "a huge file"])
def test_a_timeline_that_gives_without_end_or_never_is_a_sentence(name: str, tmp_path: Path):
    path = tmp_path / "x" if name.startswith("a ") else Path(name)
    if name == "a pipe":
        os.mkfifo(path)
    elif name == "a huge file":
        path.touch()
        os.truncate(path, 20 << 30)
    with pytest.raises(ConfigError, match="must be a plain file|larger than 1 MiB"):
        read_timeline(path)
