"""The weather service: which source, which limits, who does what a person wants. Read this first."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from evcharge import labels
from evcharge.domain.errors import BadInput, ConfigError, EvchargeError
from evcharge.domain.ids import CpId
from evcharge.domain.location import Location
from evcharge.labels import Phrase, Speech
from evcharge.labels.causes import cause
from evcharge.labels.weather_service import SENTENCES
from evcharge.runtime.clock import Clock, utc_now
from evcharge.runtime.config import Config, WeatherSettings
from evcharge.runtime.lifecycle import run_until
from evcharge.runtime.waiting import bounded
from evcharge.security import tls
from evcharge.terminal import keyboard
from evcharge.terminal.fault_log import LoggedFault, told
from evcharge.weather import orders
from evcharge.weather.atlas import Atlas
from evcharge.weather.client import WeatherClient
from evcharge.weather.http_get import fetching
from evcharge.weather.keys import KEY_VARIABLES, find_key, key_path, where
from evcharge.weather.orders import MenuOrder, MenuVerb
from evcharge.weather.own_alerts import OwnAlerts
from evcharge.weather.sources import OpenMeteo, OpenWeather, Simulated, Source
from evcharge.weather.station import City, Station
from evcharge.weather.thresholds import Thresholds
from evcharge.weather.view import LocationLine, ServiceFacts, listed

log = logging.getLogger(__name__)

# A Central that is busy may take its time; one that is gone refuses at once.
_GOODBYE_S = 5.0


async def run(
    config: Config, stop: asyncio.Event, clock: Clock = utc_now, environ: Mapping[str, str] = os.environ
) -> int:
    """Report the weather to Central until `stop`. Returns the exit code.

    Raises ConfigError for settings, a key or a timeline that cannot be used, StateError without token or CA,
    AuthenticationError when Central does not know us.
    """
    settings, words = config.weather, Speech(SENTENCES, config.lang)
    limits = limits_of(settings)
    atlas = Atlas(config.state / "weather" / "places.json", [Location(city) for city in settings.cities])
    api = WeatherClient(config.reach.central_api, config.state, words, environ, config.reach.other_apis)
    on_screen = keyboard.is_terminal() and config.log.format == "text"
    async with api.open() as central, open_source(config, atlas, clock, environ, words) as source:
        station = Station(
            source,
            central,
            atlas,
            OwnAlerts(config.state / "weather" / "alerts.json"),
            limits,
            words,
            clock,
            every_s=settings.every_s,
            min_request_s=settings.min_request_s,
            where_is_key=where(config.state, environ),
            how_to_change="how, menu" if on_screen else "how, pipe",
        )
        log.info("%s", words("started", source=cause(source.name, words.lang), url=central.url))
        desk = MenuActions(station, central, atlas, words, clock, stop)
        finished = asyncio.Event()

        async def report() -> None:
            await run_until(stop, station.run())
            # Before the screen is taken down: a terminal that has gone may be slow in that.
            with contextlib.suppress(EvchargeError):
                await bounded(_goodbye(central), _GOODBYE_S)
            finished.set()

        await run_until(finished, report(), desk.run(), _hand(desk, words, on_screen=on_screen))
    log.info("%s", words("stopped"))
    return 0


async def _goodbye(central: WeatherClient) -> None:
    """Tell Central that we stop; a call that was cut off a moment ago may have spoilt the first try."""
    try:
        await central.goodbye()
    except EvchargeError:
        await central.goodbye()


def limits_of(settings: WeatherSettings) -> Thresholds:
    """Return the thresholds. Raises ConfigError when an alert would end before it begins."""
    for begins, ends, sign in (
        ("cold_below", "cold_clear", 1),
        ("heat_clear", "heat_above", 1),
        ("wind_clear", "wind_above", 1),
    ):
        if (getattr(settings, ends) - getattr(settings, begins)) * sign < 0:
            raise ConfigError(f"[weather] {ends} must not be less than {begins}")
    return Thresholds(
        cold_below=settings.cold_below,
        cold_clear=settings.cold_clear,
        heat_above=settings.heat_above,
        heat_clear=settings.heat_clear,
        wind_above=settings.wind_above,
        wind_clear=settings.wind_clear,
        storm=settings.storm,
    )


@asynccontextmanager
async def open_source(
    config: Config, atlas: Atlas, clock: Clock, environ: Mapping[str, str], words: Speech
) -> AsyncIterator[Source]:
    """Yield the source that the settings want. Raises ConfigError when it lacks something."""
    settings = config.weather
    kind, key = settings.source, None
    if kind == "auto" and settings.simulate is not None:
        kind = "simulate"
    if kind in ("auto", "openweather"):
        key = find_key(config.state, environ)
        kind = "openweather" if kind == "openweather" or key else "openmeteo"
    if kind == "simulate":
        if settings.simulate is None:
            raise ConfigError("[weather] source is simulate: say which file with --simulate FILE")
        path = Path(settings.simulate)
        yield Simulated(path, Speech(SENTENCES)("simulated", file=path.name), atlas, clock)
        return
    if kind == "openweather" and (not key or not key.isascii() or not key.isprintable()):
        raise ConfigError(
            f"OpenWeather needs a key: put it into {key_path(config.state)} (chmod 600), or set {KEY_VARIABLES[1]}. "
            "Without one: --source openmeteo, or --simulate FILE."
        )
    if key and tls.is_in_the_clear(settings.api_url):
        raise ConfigError(words("plain http", url=settings.api_url))
    async with fetching() as fetch:
        if key:
            yield OpenWeather(fetch, key, settings.api_url, atlas, clock)
        else:
            yield OpenMeteo(fetch, settings.api_url, atlas, clock, config.lang)


async def _hand(desk: "MenuActions", words: Speech, *, on_screen: bool) -> None:
    """Do what the person here wants: by keys on a terminal, by words from anywhere else."""
    if not on_screen:
        async with contextlib.aclosing(keyboard.lines()) as typed:
            async for line in typed:
                try:
                    order = orders.parse(line, words)
                except BadInput as problem:
                    log.info("%s", problem.text)
                    continue
                if order is not None:
                    desk.do(order)
        return
    # A terminal program costs a quarter of a second: only where there is a terminal.
    from evcharge.weather.menu import WeatherScreen

    await WeatherScreen(
        desk.facts,
        lambda: desk.troubles,
        desk.do,
        lambda line: log.info("%s", line),
        words,
        desk.stop.set,
    ).run()


class MenuActions:
    """Carries out what a person wants, one thing after the other, and says how the service is."""

    def __init__(
        self,
        station: Station,
        central: WeatherClient,
        atlas: Atlas,
        words: Speech,
        clock: Clock,
        stop: asyncio.Event,
    ) -> None:
        self.stop = stop
        self._station = station
        self._central = central
        self._atlas = atlas
        self._words = words
        self._clock = clock
        self._wanted: asyncio.Queue[MenuOrder] = asyncio.Queue()

    @property
    def troubles(self) -> list[LoggedFault]:
        """What went wrong, the newest first."""
        return self._station.troubles.newest_first

    def do(self, order: MenuOrder) -> None:
        """Have `order` carried out."""
        self._wanted.put_nowait(order)

    async def run(self) -> None:
        """Carry out what is wanted, for ever."""
        while True:
            order = await self._wanted.get()
            try:
                await self._carry_out(order)
            except EvchargeError as problem:
                log.warning("%s", self._words("not done", why=problem.text))

    async def _carry_out(self, order: MenuOrder) -> None:
        match order.verb:
            case MenuVerb.ADD:
                self._atlas.add(order.what)
                self._station.wake()
            case MenuVerb.DROP:
                if not self._atlas.drop(order.what):
                    log.info("%s", self._words("not ours", location=order.what))
                self._station.wake()
            case MenuVerb.CHANGE:
                self._atlas.change(order.what, order.where)
                log.info("%s", self._words("changed", location=order.what, city=order.where))
                self._station.wake(order.what)
            case MenuVerb.MOVE:
                await self._central.move(CpId(order.cp_id), order.where)
                log.info("%s", self._words("moved", cp_id=order.cp_id, location=order.where))
                self._station.wake()
            case MenuVerb.LIST:
                for line in listed(self.facts().rows, self._words):
                    log.info("%s", line)
            case MenuVerb.FAULTS:
                for line in told(self.troubles, self._words):
                    log.info("%s", line)
            case MenuVerb.QUIT:
                self.stop.set()

    def facts(self) -> ServiceFacts:
        """Return what is known now, for screens."""
        station = self._station
        cities = sorted(station.cities.values(), key=lambda city: city.name.key)
        # One location that the source does not know stands in its own row.
        is_ill = station.source_trouble is not None
        ill = next((city for city in cities if is_ill and city.trouble is not None), None)
        lost = labels.say(Phrase.WEATHER_LOST, self._words.lang)
        no_central = labels.say(Phrase.CENTRAL_LOST, self._words.lang)
        return ServiceFacts(
            source=cause(station.source.name, self._words.lang),
            url=self._central.url,
            clock=f"{self._clock().astimezone():%H:%M:%S}",
            source_trouble=f"{lost}: {station.why(ill)}" if ill is not None else None,
            source_heard=any(city.reading is not None for city in cities),
            central_trouble=no_central if station.central_trouble is not None else None,
            central_heard=station.central_heard,
            rows=[self._row(city) for city in cities],
        )

    def _row(self, city: City) -> LocationLine:
        reading = city.reading
        return LocationLine(
            location=city.name,
            spot=self._station.spot(city.name),
            celsius=reading.celsius if reading is not None else None,
            wind_m_per_s=reading.wind_m_per_s if reading is not None else None,
            measured_at=reading.measured_at if reading is not None else None,
            alerts=sorted(city.alerts | city.told),
            override=city.override,
            cps=city.cps,
            trouble=self._station.why(city),
        )
