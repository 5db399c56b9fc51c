"""Open-Meteo's answers: current weather, and where a city is. Errors hold `error`, some with status 200. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from evcharge.domain.location import Location
from evcharge.domain.strict_json import read_json
from evcharge.weather.readings import Reading, SourceTrouble, Spot, believed, check_spot, country
from evcharge.weather.thresholds import is_wmo_storm

NAME = "Open-Meteo"
URL, FIND_URL = "https://api.open-meteo.com", "https://geocoding-api.open-meteo.com"
# Without a key it takes 10 000 questions a day, and its weather changes four times an hour.
BETWEEN_S = 10.0
WEATHER_PATH, FIND_PATH = "/v1/forecast", "/v1/search"


class _Units(Struct):
    temperature_2m: str
    wind_speed_10m: str = ""


class _Current(Struct):
    time: float
    temperature_2m: float | None = None
    wind_speed_10m: float | None = None
    weather_code: int | None = None


class _Weather(Struct):
    latitude: float
    longitude: float
    current_units: _Units
    current: _Current


class _Error(Struct):
    error: bool = False


class _City(Struct):
    name: str
    latitude: float
    longitude: float
    country_code: str = ""


class _Cities(Struct):
    results: list[_City] = []


def weather_query(spot: Spot) -> Mapping[str, str]:
    """Return what to ask at WEATHER_PATH. By itself it would answer in km/h, and in local time."""
    return {
        "latitude": f"{spot.latitude:.4f}",
        "longitude": f"{spot.longitude:.4f}",
        "current": "temperature_2m,wind_speed_10m,weather_code",
        "wind_speed_unit": "ms",
        "timeformat": "unixtime",
    }


def find_query(city: Location, lang: str) -> Mapping[str, str]:
    """Return what to ask at FIND_PATH; "Elche, ES" is Elche in that country."""
    where = {"countryCode": city.country} if city.country else {}
    return {"name": city.town, "count": "5", "language": lang} | where


def read_weather(raw: bytes, spot: Spot, now: datetime) -> Reading:
    """Return the measurement of an answer. Raises SourceTrouble for everything else."""
    _check(raw)
    found = _parsed(raw, _Weather)
    check_spot(spot, found.latitude, found.longitude)
    units, current = found.current_units, found.current
    if units.temperature_2m != "°C" or (current.wind_speed_10m is not None and units.wind_speed_10m != "m/s"):
        raise SourceTrouble("other units", of_all=True)
    return believed(
        current.temperature_2m,
        current.wind_speed_10m,
        storm=current.weather_code is not None and is_wmo_storm(current.weather_code),
        measured_at=current.time,
        now=now,
    )


def read_found(raw: bytes) -> list[tuple[list[str], Spot]]:
    """Return the cities of an answer, the best first. Raises SourceTrouble."""
    _check(raw)
    cities = _parsed(raw, _Cities).results
    return [([city.name], Spot(city.latitude, city.longitude, country(city.country_code))) for city in cities]


def _check(raw: bytes) -> None:
    if _parsed(raw, _Error).error:
        raise SourceTrouble("refused question")


def _parsed(raw: bytes, kind: Any) -> Any:
    try:
        return read_json(raw, kind)
    except ValueError:
        raise SourceTrouble("nonsense", of_all=True) from None
