"""The weather service at work: asks about every location, decides alerts, and keeps Central in step.

What Central should know is a state, not a message: each round compares the two, so nothing is lost when Central is
away, and its return needs no special case. While a source is in trouble nothing is said and nothing changes.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from evcharge import labels
from evcharge.domain.errors import BadInput, Overloaded, Refused
from evcharge.domain.location import NOWHERE, Location, WeatherKind
from evcharge.labels import Phrase, Speech
from evcharge.labels.causes import cause
from evcharge.labels.weather_service import SENTENCES
from evcharge.runtime.clock import Clock
from evcharge.runtime.outage import Outage
from evcharge.runtime.rate_limit import TokenBucket
from evcharge.runtime.waiting import Backoff, wait_until
from evcharge.terminal.fault_log import FaultLog
from evcharge.weather.atlas import Atlas
from evcharge.weather.client import LocationRow
from evcharge.weather.own_alerts import OwnAlerts
from evcharge.weather.readings import Reading, SourceTrouble, Spot
from evcharge.weather.sources import Source
from evcharge.weather.thresholds import Thresholds, alerts

log = logging.getLogger(__name__)

MOST_BACKOFF_S = 30.0
# Pause for a location that the source does not know; an operator's answer wakes it earlier.
MOST_CITY_BACKOFF_S = 300.0


class CentralApi(Protocol):
    """What the station needs of Central."""

    async def locations(self) -> list[LocationRow]: ...
    async def update(self, location: Location, reading: Reading, source: str, spot: Spot | None) -> None: ...
    async def begin(self, location: Location, alert: WeatherKind, reading: Reading) -> None: ...
    async def end(self, location: Location, alert: WeatherKind) -> None: ...
    async def source_state(self, why: str) -> None: ...


@dataclass(slots=True)
class City:
    """One location that is watched."""

    name: Location
    cps: list[str] = field(default_factory=list)
    reading: Reading | None = None
    alerts: frozenset[WeatherKind] = frozenset()
    # The alerts that Central has there, and those of them that came from us.
    told: set[str] = field(default_factory=set)
    ours: set[WeatherKind] = field(default_factory=set)
    override: bool = False
    trouble: SourceTrouble | None = None
    # What Central said last of our report, when it does not take it.
    refused: str = ""
    task: asyncio.Task[None] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class RateLimiter:
    """Lets one question through at a time, `between_s` after the last; `hold` closes it for a while."""

    def __init__(self, between_s: float) -> None:
        self._bucket = TokenBucket(between_s)
        self._lock = asyncio.Lock()
        self._held_until = 0.0

    async def turn(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            # Again and again: meanwhile somebody may have closed it for longer.
            while (wait_s := max(self._held_s, self._bucket.wait_s(loop.time()))) > 0:  # noqa: ASYNC110
                await asyncio.sleep(wait_s)
            self._bucket.spend(loop.time())

    @property
    def is_held(self) -> bool:
        """Whether the next turn is further away than usual."""
        return self._held_s > 0

    def hold(self, wait_s: float) -> None:
        """Let nobody through for so long."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + wait_s)

    @property
    def _held_s(self) -> float:
        return self._held_until - asyncio.get_running_loop().time()


class Station:
    """Watches the locations of Central and the further ones of the atlas."""

    def __init__(
        self,
        source: Source,
        central: CentralApi,
        atlas: Atlas,
        begun: OwnAlerts,
        limits: Thresholds,
        words: Speech,
        clock: Clock,
        *,
        every_s: float,
        min_request_s: float,
        where_is_key: str = "",
        how_to_change: str = "how, pipe",
    ) -> None:
        self.cities: dict[Location, City] = {}
        self.troubles = FaultLog()
        self.source = source
        # Why Central cannot be reached; None while it can, or nobody has tried.
        self.central_trouble: str | None = None
        self._central_outage = Outage(self._say_central_lost, self._say_central_back)
        self.central_heard = False
        self._central = central
        self._atlas = atlas
        self._begun = begun
        self._limits = limits
        self._words = words
        self._clock = clock
        self._every_s = every_s
        self._ask_every_s = max(every_s, min_request_s) if source.between_s else every_s
        self._where_is_key = where_is_key
        self._how_to_change = how_to_change
        self._source_rate = RateLimiter(source.between_s)
        self._source_backoff = Backoff(first_s=every_s, most_s=MOST_BACKOFF_S)
        self._central_backoff = Backoff()
        self._news = asyncio.Event()
        # What is said of a source once, however many locations it concerns.
        self._shared: dict[str, set[Location]] = {}
        # What is wrong with the source itself by its last answer, and since when (loop time).
        self._source_trouble: SourceTrouble | None = None
        self._source_ill_at = 0.0
        self.on_change: Callable[[], None] = lambda: None
        atlas.on_namesake = self._namesake

    async def run(self) -> None:
        """Watch for ever. Raises AuthenticationError when Central does not know us."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    self._follow(await self._central.locations(), tasks)
                    self._central_back()
                    await self._central.source_state(self._source_why())
                    for city in list(self.cities.values()):
                        await self._tell(city)
                except Overloaded as problem:
                    self._central_lost(problem)
                    await asyncio.sleep(self._central_backoff.next_s(at_least_s=0.2))
                else:
                    await wait_until(self._news, self._every_s)
                self._news.clear()
                self.on_change()

    def wake(self, location: Location | None = None) -> None:
        """Something was changed by hand: ask and tell soon."""
        self._news.set()
        if location is not None and (city := self.cities.get(location)) is not None:
            city.reading = None
            city.changed.set()

    # ---- which locations

    def _follow(self, known: Iterable[LocationRow], tasks: asyncio.TaskGroup) -> None:
        at_central = {Location(one.location): one for one in known}
        further = set(self._atlas.cities)
        # What has no charging point any more is watched until its alerts are over.
        wanted = [name for name, one in at_central.items() if one.cps or name in further or one.alerts]
        # Spelt as Central spells them, where it knows them.
        for name in dict.fromkeys((*wanted, *self._atlas.cities)):
            city = self.cities.get(name)
            is_new = city is None
            if city is None:
                city = self.cities[name] = City(name)
                city.task = tasks.create_task(self._watch(city))
                log.info("%s", self._words("watching", location=name))
            self._take_in(city, at_central.get(name))
            if is_new:
                self._adopt(city)
        for name in self.cities.keys() - further - set(wanted):
            self._let_go(name)
        self._keep_ours()

    def _take_in(self, city: City, there: LocationRow | None) -> None:
        city.told = set(there.alerts) if there is not None else set()
        city.cps = there.cps if there is not None else []
        city.override = there.override if there is not None else False
        # What somebody else ended, and we do not want either, is not ours when it comes again.
        city.ours = {alert for alert in city.ours if alert in city.told or alert in city.alerts}

    def _adopt(self, city: City) -> None:
        """What an earlier life of ours began there ends by the same thresholds; what an operator began does not."""
        there = frozenset(WeatherKind(alert) for alert in city.told if alert in set(WeatherKind))
        begun = self._begun.of(city.name)
        city.alerts = there if begun is None else there & begun
        city.ours = set(city.alerts)

    def _keep_ours(self) -> None:
        self._begun.keep({city.name: city.ours for city in self.cities.values()})

    def _let_go(self, name: Location) -> None:
        city = self.cities.pop(name)
        if city.task is not None:
            city.task.cancel()
        self._well(city)
        log.info("%s", self._words("not watching", location=city.name))

    # ---- the source

    async def _watch(self, city: City) -> None:
        backoff = Backoff(first_s=self._ask_every_s, most_s=MOST_CITY_BACKOFF_S)
        while True:
            await self._source_rate.turn()
            city.changed.clear()
            wait_s = self._ask_every_s
            try:
                reading = await self.source.measure(city.name)
            except SourceTrouble as trouble:
                self._ill(city, trouble)
                if trouble.of_all:
                    if not self._source_rate.is_held:
                        self._source_rate.hold(self._source_backoff.next_s(at_least_s=self._every_s))
                    self._source_rate.hold(trouble.retry_after_s)
                else:
                    wait_s = backoff.next_s(at_least_s=self._ask_every_s)
            else:
                self._source_backoff.reset()
                backoff.reset()
                self._measured(city, reading)
            self.on_change()
            await wait_until(city.changed, wait_s)

    def _measured(self, city: City, reading: Reading) -> None:
        self._well(city)
        self._source_trouble = None
        first = city.reading is None
        last, now = city.reading, self._clock()
        # By a source whose clock is ahead it is of now: whatever is later than that was kept before ours was set back.
        reading = replace(reading, measured_at=min(reading.measured_at, now))
        if last is not None and reading.measured_at < last.measured_at <= now:
            # An answer that was overtaken, or came out of somebody's cache.
            return
        city.reading = reading
        before, city.alerts = city.alerts, alerts(city.alerts, reading, self._limits)
        for name, kinds in (("alert begins", city.alerts - before), ("alert ends", before - city.alerts)):
            for kind in sorted(kinds):
                what = labels.weather(kind, self._words.lang)
                log.info(
                    "%s",
                    self._words(name, location=city.name, what=what, weather=weather(reading, self._words)),
                )
        if first or city.alerts != before:
            self._news.set()

    def _ill(self, city: City, trouble: SourceTrouble) -> None:
        self._well(city, unless=trouble)
        city.trouble = trouble
        if not trouble.of_all:
            # It answers: only this location is without weather.
            self._source_trouble = None
        elif self._source_trouble is None:
            self._source_ill_at = asyncio.get_running_loop().time()
            self._news.set()
        if trouble.of_all:
            self._source_trouble = trouble
        key = _shared_key(city, trouble)
        concerned = self._shared.setdefault(key, set())
        is_new = not concerned
        concerned.add(city.name)
        if is_new:
            name = "weather lost" if trouble.of_all else "no weather"
            phrase = labels.say(Phrase.WEATHER_LOST, self._words.lang)
            why = self.why(city)
            log.warning("%s", self._words(name, phrase=phrase, why=why, location=city.name))
            noted = f"{phrase}: {why}" if trouble.of_all else f"{city.name}: {why}"
            self.troubles.note(key, noted, self._clock())

    def _well(self, city: City, unless: SourceTrouble | None = None) -> None:
        """`city` is no longer in the trouble it was in; the last of those it concerned is told."""
        if city.trouble is None:
            return
        key = _shared_key(city, city.trouble)
        if unless is not None and key == _shared_key(city, unless):
            return
        of_all = city.trouble.of_all
        city.trouble = None
        concerned = self._shared.get(key, set())
        concerned.discard(city.name)
        if not concerned and self._shared.pop(key, None) is not None:
            self.troubles.note(key, None, self._clock())
            if unless is None:
                phrase = labels.say(Phrase.WEATHER_BACK, self._words.lang)
                name = "weather back" if of_all else "weather again"
                log.info("%s", self._words(name, phrase=phrase, location=city.name))

    def spot(self, location: Location) -> Spot | None:
        """Return where the weather of `location` is asked for, once that is known."""
        return self._atlas.spot(self.source.name, self._atlas.city_of(location))

    def _namesake(self, city: Location, taken: Spot, other: Spot) -> None:
        town = Location(city.town)
        log.warning(
            "%s",
            self._words(
                "namesake abroad" if other.country != taken.country and other.country else "namesake",
                city=town,
                taken=f"{town.in_country(taken.country)} ({taken})",
                other=town.in_country(other.country),
                there=str(other),
                how=self._words(self._how_to_change, location=city),
            ),
        )

    def why(self, city: City) -> str:
        """Return what is wrong with what the source says of `city`, or ""."""
        return "" if city.trouble is None else self._said(city.trouble, city.name, self._words)

    def _said(self, trouble: SourceTrouble, location: Location, words: Speech, name: str = "") -> str:
        values: dict[str, object] = dict(trouble.values)
        if "why" in values:
            values["why"] = cause(str(values["why"]), words.lang)
        return words(
            name or trouble.name,
            source=cause(self.source.name, words.lang),
            location=location,
            where=self._where_is_key,
            how=words(self._how_to_change, location=location),
            **values,
        )

    @property
    def source_trouble(self) -> SourceTrouble | None:
        """Return what is wrong with the source itself: that it knows one location not is no such thing."""
        if self._source_trouble is not None:
            return self._source_trouble
        troubles = [city.trouble for city in self.cities.values()]
        # A simulated source falls silent location by location.
        if troubles and all(trouble is not None and trouble.name == "silent" for trouble in troubles):
            return troubles[0]
        return None

    def _source_why(self) -> str:
        """Return what Central is to say of the source, in English; "" when it answers, or may have stumbled once."""
        trouble = self.source_trouble
        if trouble is None:
            return ""
        fresh_s = asyncio.get_running_loop().time() - self._source_ill_at
        if fresh_s < self._every_s and any(city.reading is not None for city in self.cities.values()):
            return ""
        # Its file may lie anywhere: Central names the key only.
        name = "key refused, in short" if trouble.name == "key refused" else trouble.name
        return self._said(trouble, NOWHERE, Speech(SENTENCES), name)

    # ---- Central

    async def _tell(self, city: City) -> None:
        reading = city.reading
        if reading is None or city.trouble is not None:
            return
        refusals: list[Refused | BadInput] = []
        try:
            await self._central.update(city.name, reading, self.source.name, self.spot(city.name))
        except (Refused, BadInput) as problem:
            # What it forbids counts all the same.
            refusals.append(problem)
        try:
            for alert in sorted(city.alerts - city.told):
                city.ours.add(alert)
                # Before it begins: an alert that we do not know as ours would never end.
                self._keep_ours()
                await self._central.begin(city.name, alert, reading)
                city.told.add(alert)
            for over in sorted(alert for alert in city.ours - city.alerts if alert in city.told):
                await self._central.end(city.name, over)
                city.told.discard(over)
                city.ours.discard(over)
        except (Refused, BadInput) as problem:
            refusals.append(problem)
        why = refusals[0].text if refusals else ""
        if why and city.refused != why:
            log.warning("%s", self._words("central refused", location=city.name, why=why))
        city.refused = why

    def _central_lost(self, problem: Overloaded) -> None:
        self.central_trouble = problem.text
        self._central_outage.lost(problem)
        self.on_change()

    def _central_back(self) -> None:
        self.central_heard = True
        self._central_backoff.reset()
        self.central_trouble = None
        self._central_outage.back()

    def _say_central_lost(self, problem: Overloaded) -> None:
        phrase = labels.say(Phrase.CENTRAL_LOST, self._words.lang)
        log.warning("%s", self._words("central lost", phrase=phrase, why=problem.text))
        self.troubles.note("central", f"{phrase}: {problem.text}", self._clock())

    def _say_central_back(self) -> None:
        phrase = labels.say(Phrase.CENTRAL_BACK, self._words.lang)
        log.info("%s", self._words("central back", phrase=phrase))
        self.troubles.note("central", None, self._clock())


def weather(reading: Reading, words: Speech) -> str:
    """Return a measurement in words."""
    if reading.wind_m_per_s is None:
        return words("weather, no wind", celsius=f"{reading.celsius:z.1f}")
    return words("weather", celsius=f"{reading.celsius:z.1f}", wind=f"{reading.wind_m_per_s:.1f}")


def _shared_key(city: City, trouble: SourceTrouble) -> str:
    return trouble.name if trouble.of_all else f"{trouble.name}: {city.name}"
