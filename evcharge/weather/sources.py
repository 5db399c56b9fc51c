"""Sources of the weather: OpenWeather, Open-Meteo, or a timeline. Each is asked about one location at a time."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from evcharge.domain.errors import ConfigError
from evcharge.domain.location import Location
from evcharge.runtime import failures, files
from evcharge.runtime.clock import Clock
from evcharge.weather import atlas as atlas_module
from evcharge.weather import openmeteo, openweather, timeline
from evcharge.weather.atlas import Atlas
from evcharge.weather.http_get import Fetch
from evcharge.weather.readings import Reading, SourceTrouble, Spot

MOST_FILE_BYTES = 1024 * 1024

# The places that a source knows by a name: what each is called, and where it is.
Found = list[tuple[list[str], Spot]]


class Source(Protocol):
    """A source of weather. `name` is English; `between_s`: how long it wants between any two questions."""

    name: str
    between_s: float

    async def measure(self, location: Location) -> Reading:
        """Return the weather there. Raises SourceTrouble."""
        ...


class OpenWeather:
    """OpenWeather, with a key."""

    name = openweather.NAME
    between_s = openweather.BETWEEN_S

    def __init__(self, fetch: Fetch, key: str, url: str, atlas: Atlas, clock: Clock) -> None:
        self._fetch = fetch
        self._key = key
        self._url = url.rstrip("/") or openweather.URL
        self._atlas = atlas
        self._clock = clock

    async def measure(self, location: Location) -> Reading:
        """Return the weather there. Raises SourceTrouble."""
        spot = await _spot(self._atlas, self.name, location, self._find)
        query = openweather.weather_query(spot, self._key)
        raw = await self._fetch(self._url + openweather.WEATHER_PATH, query)
        return openweather.read_weather(raw, spot, self._clock())

    async def _find(self, city: Location) -> Found:
        raw = await self._fetch(self._url + openweather.FIND_PATH, openweather.find_query(city, self._key))
        return openweather.read_found(raw)


class OpenMeteo:
    """Open-Meteo, without a key."""

    name = openmeteo.NAME
    between_s = openmeteo.BETWEEN_S

    def __init__(self, fetch: Fetch, url: str, atlas: Atlas, clock: Clock, lang: str) -> None:
        self._fetch = fetch
        self._url = url.rstrip("/") or openmeteo.URL
        self._find_url = url.rstrip("/") or openmeteo.FIND_URL
        self._atlas = atlas
        self._clock = clock
        self._lang = lang

    async def measure(self, location: Location) -> Reading:
        """Return the weather there. Raises SourceTrouble."""
        spot = await _spot(self._atlas, self.name, location, self._find)
        raw = await self._fetch(self._url + openmeteo.WEATHER_PATH, openmeteo.weather_query(spot))
        return openmeteo.read_weather(raw, spot, self._clock())

    async def _find(self, city: Location) -> Found:
        raw = await self._fetch(self._find_url + openmeteo.FIND_PATH, openmeteo.find_query(city, self._lang))
        return openmeteo.read_found(raw)


class Simulated:
    """A timeline from a file, which is read again when it changes: so a lab makes its own weather."""

    between_s = 0.0

    def __init__(
        self,
        path: Path,
        name: str,
        atlas: Atlas,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ConfigError when the file cannot be used."""
        self.name = name
        self._path = path
        self._atlas = atlas
        self._clock = clock
        self._monotonic = monotonic
        self._began = monotonic()
        self._seen = _stamp(path)
        self._timeline = read_timeline(path)

    async def measure(self, location: Location) -> Reading:
        """Return the weather there. Raises SourceTrouble, also while the file has become unusable."""
        try:
            if (seen := _stamp(self._path)) != self._seen:
                self._timeline = read_timeline(self._path)
                self._seen = seen
        except ConfigError as problem:
            raise SourceTrouble("bad file", of_all=True, why=problem.text) from None
        elapsed_s = self._monotonic() - self._began
        return self._timeline.reading(self._atlas.city_of(location), elapsed_s, self._clock())


def read_timeline(path: Path) -> timeline.Timeline:
    """Return the timeline of a file. Raises ConfigError."""
    try:
        text = files.read(path, MOST_FILE_BYTES).decode()
    except (UnicodeDecodeError, files.TooLarge):
        raise ConfigError(f"the timeline {path} is not text, or is larger than 1 MiB") from None
    except OSError as problem:
        raise ConfigError(f"cannot read the timeline {path}: {failures.why(problem)}") from None
    return timeline.parse(text, path.name)


async def _spot(
    atlas: Atlas, source: str, location: Location, find: Callable[[Location], Awaitable[Found]]
) -> Spot:
    """Return where `location` is: what was said or found before, else what `find` finds. Raises SourceTrouble."""
    city = atlas.city_of(location)
    spot = atlas.spot(source, city)
    if spot is None:
        spot, *others = atlas_module.named(city, await find(city))
        atlas.found(source, city, spot)
        if others:
            # One of another country can be meant by its name.
            other = next((one for one in others if one.country != spot.country), others[0])
            atlas.on_namesake(city, spot, other)
    return spot


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as problem:
        raise ConfigError(f"cannot read the timeline {path}: {failures.why(problem)}") from None
    return status.st_mtime_ns, status.st_size
