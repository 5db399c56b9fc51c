"""OpenWeather's answers: current weather, and where a city is. Errors come with `cod`, a number or a text. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from evcharge.domain.location import Location
from evcharge.domain.strict_json import read_json
from evcharge.weather.readings import Reading, SourceTrouble, Spot, believed, check_spot, country
from evcharge.weather.thresholds import is_openweather_storm

NAME = "OpenWeather"
URL = "https://api.openweathermap.org"
# The free tier takes 60 questions a minute.
BETWEEN_S = 1.1
WEATHER_PATH, FIND_PATH = "/data/2.5/weather", "/geo/1.0/direct"


class _Condition(Struct):
    id: int


class _Main(Struct):
    temp: float | None = None


class _Wind(Struct):
    speed: float | None = None


class _Coordinates(Struct):
    lat: float
    lon: float


class _Weather(Struct):
    coord: _Coordinates
    main: _Main
    dt: float
    weather: list[_Condition] = []
    wind: _Wind | None = None


class _Error(Struct):
    cod: int | str = 200


class _City(Struct):
    name: str
    lat: float
    lon: float
    local_names: dict[str, str] = {}
    country: str = ""


def weather_query(spot: Spot, key: str) -> Mapping[str, str]:
    """Return what to ask at WEATHER_PATH. Without `units` it would answer in kelvin."""
    return {"lat": f"{spot.latitude:.4f}", "lon": f"{spot.longitude:.4f}", "units": "metric", "appid": key}


def find_query(city: Location, key: str) -> Mapping[str, str]:
    """Return what to ask at FIND_PATH; "Elche, ES" is Elche in that country."""
    return {"q": city.name, "limit": "5", "appid": key}


def read_weather(raw: bytes, spot: Spot, now: datetime) -> Reading:
    """Return the measurement of an answer. Raises SourceTrouble for everything else."""
    check_error(_parsed(raw, _Error).cod)
    found = _parsed(raw, _Weather)
    check_spot(spot, found.coord.lat, found.coord.lon)
    return believed(
        found.main.temp,
        found.wind.speed if found.wind is not None else None,
        storm=any(is_openweather_storm(condition.id) for condition in found.weather),
        measured_at=found.dt,
        now=now,
    )


def read_found(raw: bytes) -> list[tuple[list[str], Spot]]:
    """Return the cities of an answer, the best first, with all of their names. Raises SourceTrouble."""
    if raw.lstrip()[:1] == b"{":
        check_error(_parsed(raw, _Error).cod)
    cities = _parsed(raw, list[_City])
    return [
        ([city.name, *city.local_names.values()], Spot(city.lat, city.lon, country(city.country)))
        for city in cities
    ]


def check_error(cod: int | str) -> None:
    """Raise SourceTrouble for a status, which may come as a text, unless all is well."""
    code = str(cod)[:3]
    if code == "401":
        raise SourceTrouble("key refused", of_all=True)
    if code == "404":
        raise SourceTrouble("unknown place")
    if code == "429":
        raise SourceTrouble("too many questions", of_all=True)
    if code != "200":
        raise SourceTrouble("status", of_all=True, status=ascii(code)[1:-1])


def _parsed(raw: bytes, kind: Any) -> Any:
    try:
        return read_json(raw, kind)
    except ValueError:
        raise SourceTrouble("nonsense", of_all=True) from None
