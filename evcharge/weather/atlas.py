"""Where locations are: further cities, what a location stands for, coordinates once found. Kept on disk."""

import json
import logging
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evcharge.domain.errors import StateError
from evcharge.domain.location import Location, without_accents
from evcharge.domain.strict_json import read_json
from evcharge.labels.command_errors import because
from evcharge.runtime import failures, files
from evcharge.security import secret_files
from evcharge.weather.readings import SourceTrouble, Spot

log = logging.getLogger(__name__)

MOST_CITIES, MOST_FOUND = 200, 2000
# Largest file that is read; the real one has some kilobytes.
MOST_BYTES = 16 << 20
_COORDINATES = re.compile(r"\A\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;]\s*(-?\d{1,3}(?:\.\d+)?)\s*\Z")


class _Kept(Struct, frozen=True):
    # Beside the locations of the charging points.
    cities: list[str] = []
    # location -> a city, or "latitude, longitude".
    stands_for: dict[str, str] = {}
    # "source: city" -> its coordinates, and the country that they are in, as far as it was told.
    found: dict[str, tuple[float, float]] = {}
    countries: dict[str, str] = {}


class Atlas:
    """What is known of places; every change is on disk before it is told."""

    def __init__(self, path: Path, cities: Sequence[Location] = ()) -> None:
        """`cities` are those of the settings: they stay as long as they stand there."""
        self._path = path
        self._configured = list(cities)
        self._kept = _load(path)
        # Told, once, which place a city was taken for, and another one of that name.
        self.on_namesake: Callable[[Location, Spot, Spot], None] = lambda _city, _taken, _other: None

    @property
    def cities(self) -> list[Location]:
        """The further cities, each once."""
        return list(dict.fromkeys((*self._configured, *map(Location, self._kept.cities))))

    def add(self, city: Location) -> None:
        """Watch a further city. Raises StateError when there are too many, or it cannot be kept."""
        if city in self.cities:
            return
        if len(self._kept.cities) >= MOST_CITIES:
            raise StateError(f"there are {MOST_CITIES} further cities already")
        self._keep(replace(self._kept, cities=[*self._kept.cities, city.name]))

    def drop(self, city: Location) -> bool:
        """Watch a city no more; return whether it was a further one. Raises StateError."""
        left = [known for known in self._kept.cities if Location(known) != city]
        if len(left) == len(self._kept.cities):
            return False
        self._keep(replace(self._kept, cities=left))
        return True

    def change(self, location: Location, city: Location) -> None:
        """Take the weather of `location` from `city`, or from "latitude, longitude". Raises StateError."""
        stands_for = dict(self._kept.stands_for)
        stands_for.pop(location.key, None)
        if city != location:
            stands_for[location.key] = city.name
        self._keep(replace(self._kept, stands_for=stands_for))

    def city_of(self, location: Location) -> Location:
        """Return what `location` stands for: itself, another city, or "latitude, longitude"."""
        city = self._kept.stands_for.get(location.key)
        return Location(city) if city is not None else location

    def spot(self, source: str, city: Location) -> Spot | None:
        """Return where `city` is, if that is said or was found before: by `source`, else by another one."""
        if (said := coordinates(city.name)) is not None:
            return said
        names = [f"{source}: {city.key}", *self._kept.found]
        for name in names:
            if name in self._kept.found and name.endswith(f": {city.key}"):
                return Spot(*self._kept.found[name], self._kept.countries.get(name, ""))
        return None

    def found(self, source: str, city: Location, spot: Spot) -> None:
        """Remember where `source` says that `city` is; failing to is not fatal."""
        is_full = len(self._kept.found) >= MOST_FOUND
        name = f"{source}: {city.key}"
        kept = replace(
            self._kept,
            found={**({} if is_full else self._kept.found), name: (spot.latitude, spot.longitude)},
            countries={**({} if is_full else self._kept.countries), name: spot.country},
        )
        try:
            self._keep(kept)
        except StateError as problem:
            log.debug("%s", problem.text)
            self._kept = kept

    def _keep(self, kept: _Kept) -> None:
        # The disk first: what cannot be kept has not been said.
        secret_files.replace_secret(self._path, json.dumps(msgspec.to_builtins(kept)))
        self._kept = kept


def coordinates(text: str) -> Spot | None:
    """Return the point that "38.34, -0.48" is, or None."""
    match = _COORDINATES.match(text)
    if match is None:
        return None
    latitude, longitude = float(match[1]), float(match[2])
    return Spot(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def named(city: Location, found: Sequence[tuple[Sequence[str], Spot]]) -> list[Spot]:
    """Return the places that have that name, in any language, each once. Raises SourceTrouble when none has.

    "Guadalajara, ES" is in that country, or nobody says in which.
    """
    wanted = _folded(city.town.partition(",")[0])
    known: list[Spot] = []
    for names, spot in found:
        if not (math.isfinite(spot.latitude) and math.isfinite(spot.longitude)):
            continue
        if city.country and spot.country not in ("", city.country):
            continue
        if any(_is_same(wanted, _folded(one)) for one in names) and not any(map(spot.is_near, known)):
            known.append(spot)
    if not known:
        raise SourceTrouble("unknown place")
    return known


def _is_same(wanted: str, name: str) -> bool:
    # "Alcoy" is also "Alcoi / Alcoy", "Alacant" is "Alicante / Alacant".
    return bool(wanted) and (wanted == name or wanted in re.split(r"\s*[/(),-]\s*", name))


def _folded(name: str) -> str:
    return without_accents(unicodedata.normalize("NFKD", name))


def _load(path: Path) -> _Kept:
    try:
        return read_json(files.read_ours(path, MOST_BYTES), _Kept)
    except FileNotFoundError:
        return _Kept()
    except (OSError, ValueError) as problem:
        # Nothing in it cannot be found or said again.
        log.warning(
            "%s", because(f"{path} cannot be read ({failures.why(problem)}): further cities start afresh.")
        )
        return _Kept()
