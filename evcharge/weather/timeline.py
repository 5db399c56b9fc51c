"""Simulated weather: a timeline for each location. Pure.

One moment a line, `SECONDS LOCATION: °C [WIND] [storm]`, or `SECONDS LOCATION: fails`; `#` begins a comment:

    0   Alicante: 14 3          fourteen degrees, wind of 3 m/s, when the service starts
    60  Alicante: -4 12         a minute later it is freezing; in between it gets steadily colder
    90  Alicante: 2 25 storm
    120 Alicante: fails         from then on the source does not answer, until the next line
    0   *: 18                   every other location
    repeat 180                  after so many seconds all of it begins again
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime

from evcharge.domain.errors import ConfigError
from evcharge.domain.location import Location
from evcharge.weather.readings import COLDEST, HOTTEST, MOST_WIND, Reading, SourceTrouble

EVERYWHERE = Location("*")
MOST_SECONDS = 7 * 86_400.0
MOST_LINES = 10_000
STORM, FAILS = "storm", "fails"


@dataclass(frozen=True, slots=True)
class TimelineMoment:
    """The weather at one location `at_s` seconds after the start; `celsius` None: the source fails."""

    at_s: float
    celsius: float | None
    wind_m_per_s: float | None = None
    storm: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of each location, in the order of their time."""

    moments: dict[Location, list[TimelineMoment]] = field(default_factory=dict)
    repeat_s: float | None = None

    def reading(self, location: Location, elapsed_s: float, now: datetime) -> Reading:
        """Return the weather after `elapsed_s` seconds. Raises SourceTrouble when there is none, or it fails."""
        names = (location, Location(location.town), EVERYWHERE)
        moments = next((self.moments[name] for name in names if name in self.moments), None)
        if not moments:
            raise SourceTrouble("unknown place")
        if self.repeat_s is not None:
            elapsed_s %= self.repeat_s
        passed = bisect_right(moments, elapsed_s, key=lambda moment: moment.at_s)
        last = moments[max(0, passed - 1)]
        following = moments[passed] if passed < len(moments) else last
        if last.celsius is None:
            raise SourceTrouble("silent", why="simulated")
        share = 0.0
        if following.celsius is not None and following.at_s > last.at_s:
            share = min(1.0, max(0.0, (elapsed_s - last.at_s) / (following.at_s - last.at_s)))
        return Reading(
            celsius=round(_between(last.celsius, following.celsius, share), 2),
            wind_m_per_s=_wind(last.wind_m_per_s, following.wind_m_per_s, share),
            storm=last.storm,
            measured_at=now,
        )


def parse(text: str, name: str = "timeline") -> Timeline:
    """Return the timeline of a file. Raises ConfigError that names the line and what is wrong with it."""
    moments: dict[Location, list[TimelineMoment]] = {}
    repeat_s: float | None = None
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > MOST_LINES:
        raise ConfigError(f"{name}: more than {MOST_LINES} lines")
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            if words[0] == "repeat":
                repeat_s = _repeat(words[1:])
            else:
                location, moment = _moment(" ".join(words))
                moments.setdefault(location, []).append(moment)
        except ValueError as problem:
            raise ConfigError(f"{name} line {number}: {problem}") from None
    for listed in moments.values():
        listed.sort(key=lambda moment: moment.at_s)
    if not moments:
        raise ConfigError(f'{name}: no line says what the weather is, such as "0 Alicante: 14 3"')
    return Timeline(moments, repeat_s)


def _moment(line: str) -> tuple[Location, TimelineMoment]:
    before, colon, after = line.rpartition(":")
    seconds, _, location = before.partition(" ")
    words = after.split()
    if not colon or not location.strip() or not words:
        raise ValueError('a line is SECONDS LOCATION: °C [WIND] [storm], such as "60 Alicante: -4 12"')
    at_s = _number(seconds, 0, MOST_SECONDS, "a number of seconds")
    if words == [FAILS]:
        return Location(location), TimelineMoment(at_s, None)
    storm = words[-1] == STORM
    numbers = words[:-1] if storm else words
    if not 1 <= len(numbers) <= 2:
        raise ValueError(f'after the location come °C, then wind, then "{STORM}"; or "{FAILS}" alone')
    celsius = _number(numbers[0], COLDEST, HOTTEST, "a temperature in °C")
    wind = _number(numbers[1], 0, MOST_WIND, "a wind in m/s") if len(numbers) == 2 else None
    return Location(location), TimelineMoment(at_s, celsius, wind, storm)


def _repeat(words: list[str]) -> float:
    if len(words) != 1:
        raise ValueError('"repeat" must be followed by a number of seconds')
    return _number(words[0], 1, MOST_SECONDS, "a number of seconds")


def _number(word: str, least: float, most: float, what: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise ValueError(f"{word[:20]!a} is not {what} from {least:g} to {most:g}")
    return value


def _between(first: float, second: float | None, share: float) -> float:
    return first if second is None else first + (second - first) * share


def _wind(first: float | None, second: float | None, share: float) -> float | None:
    return None if first is None else round(_between(first, second, share), 2)
