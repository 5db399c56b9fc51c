"""The course of the demo: Registry, Central, charging points, drivers, and the way out."""

import asyncio
import os
import re
from collections.abc import Coroutine, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from msgspec import Struct

from evcharge import labels
from evcharge.demo import closing, page_logins, scenario
from evcharge.demo.demo_screen import DemoScreen
from evcharge.demo.life import breaks, drives, pays
from evcharge.demo.processes import EVCHARGE, Cast, Child
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import EvchargeError, StateError
from evcharge.labels import Speech
from evcharge.labels.demo import SENTENCES
from evcharge.labels.operator import SENTENCES as OPERATOR
from evcharge.operator.client import OperatorClient
from evcharge.registry import setup as registry_setup
from evcharge.runtime import failures, files
from evcharge.runtime.config import Config, ReachSettings
from evcharge.runtime.waiting import uninterrupted
from evcharge.security import secret_files
from evcharge.weather.keys import find_key

T = TypeVar("T")

_LISTENING = r"(?:listening on|escucha en) \S*:(\d+)"
# Not Central's own line: that of its API and pages.
_PAGES = r"(?:listening on|escucha en) (https?)://(\S+):(\d+)"
_SHOWN = r"(?:the password|la contraseña) (\S+)$"
# Each ticket names its session; a ticket that is shown twice is still one.
_TICKET = r"\bSession: +(\S+)"
_START_WITHIN_S = 60.0
# On a quiet machine less than lifecycle allows before it cancels us, which ends nothing half-way.
_LEAVE_WITHIN_S = 3.2


class DemoOptions(Struct, frozen=True, kw_only=True):
    """What the user wants to see. `once`: until every driver has its tickets; `verbose`: every line of every part."""

    points: int = 6
    drivers: int = 3
    once: bool = False
    verbose: bool = False
    config_file: Path | None = None

    def is_quiet(self, config: Config) -> bool:
        """Return whether a few lines will do: programs that read them want all."""
        return not (self.once or self.verbose or config.log.format == "json")


async def run(
    config: Config, wish: DemoOptions, stop: asyncio.Event, command: Sequence[str] = EVCHARGE
) -> int:
    """Show the network until `stop`, or with `once` until all tickets are there. Returns the exit code.

    Raises StateError when a process ends, or a deadline passes, before the network stands.
    """
    screen = DemoScreen(width=len("CP001 monitor"), form=config.log.format, quiet=wish.is_quiet(config))
    async with asyncio.TaskGroup() as tasks:
        say = Speech(SENTENCES, config.lang)
        show = _Show(config, wish, Cast(tasks, screen, say, command), screen, say)
        try:
            async with asyncio.TaskGroup() as race:
                playing = race.create_task(show.play())
                stopping = race.create_task(stop.wait())
                await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
                playing.cancel()
                stopping.cancel()
        finally:
            await uninterrupted(show.end())
            screen.close()
    return 0 if playing.cancelled() else playing.result()


class _Show:
    def __init__(
        self, config: Config, wish: DemoOptions, cast: Cast, screen: DemoScreen, say: Speech
    ) -> None:
        self._config = config
        self._wish = wish
        self._cast = cast
        self._screen = screen
        self._drivers: list[Child] = []
        self._engines: list[Child] = []
        self._monitors: list[Child] = []
        self._servers: list[Child] = []
        self._others: list[Child] = []
        self._peers: tuple[str, ...] = ()
        self._registry_at, self._central_at = "", ""
        self._log: Path | None = None
        self._say = say
        # Where the server that was started last has its pages.
        self._pages: asyncio.Future[re.Match[str]]

    async def play(self) -> int:
        try:
            async with asyncio.timeout(_START_WITHIN_S + 3 * self._wish.points):
                url = await self._unless_lost(self._raise_curtain())
        except TimeoutError:
            raise StateError(f"the network was not up in time; {self._where_why()}") from None
        return await (self._play_once() if self._wish.once else self._live(url))

    async def _play_once(self) -> int:
        within_s = scenario.once_within_s(self._wish.drivers, self._wish.points)
        try:
            async with asyncio.timeout(within_s):
                missing = await self._unless_lost(self._all_drivers())
        except TimeoutError:
            raise StateError(f"not every ticket was there after {within_s:.0f} s") from None
        if missing:
            self._screen.say(self._say("no tickets", who=", ".join(missing)))
            return 1
        self._screen.say(self._say("all tickets", count=self._wish.drivers))
        return 0

    async def _live(self, url: str | None) -> int:
        # Until Ctrl+C: drivers come and go, something breaks now and then, and what is killed comes back.
        chance = Random()
        driver_ids = scenario.driver_ids(self._wish.drivers, first=2)
        for driver_id in driver_ids:
            args = ("driver", driver_id, *self._peers)
            self._drivers.append(await self._start(driver_id, *args, may_end=True, typed=True))
        await self._tell(url)
        self._cast.revive(scenario.BACK_AFTER_S)
        async with asyncio.TaskGroup() as life:
            for place, driver in enumerate(self._drivers):
                life.create_task(drives(driver, place * scenario.NEXT_DRIVER_S, chance))
            if (api := self._api(url)) is not None:
                life.create_task(breaks(self._monitors, api, driver_ids, chance))
                life.create_task(pays(driver_ids, api))
            await asyncio.Event().wait()
        return 0

    async def _tell(self, url: str | None) -> None:
        reach = closing.ReachFlags.to(self._config.reach, self._registry_at, self._central_at, url)
        state = self._config.state
        for line in await closing.sentences(state, self._say, url, self._api(url), reach, self._log):
            self._screen.say(line)

    def _api(self, url: str | None) -> OperatorClient | None:
        if url is None:
            return None
        try:
            return OperatorClient(
                ReachSettings(central_api=url), self._config.state, Speech(OPERATOR, self._config.lang)
            )
        except EvchargeError:
            return None  # a state folder that others made, without an operator's token: the rest goes on

    def _where_why(self) -> str:
        return "its lines above say why" if self._log is None else self._say("log why", path=self._log)

    async def end(self) -> None:
        self._screen.say(self._say("stopping"))
        # Monitors before their engines, which they would report as broken.
        peers = (self._drivers + self._others, self._monitors, self._engines)
        stages = (*peers, self._servers[1:], self._servers[:1])
        await self._cast.leave(*stages, within_s=_LEAVE_WITHIN_S)

    async def _raise_curtain(self) -> str | None:
        # Returns where the pages are.
        config = self._config
        own = config.state / "demo"
        if not own.exists() and (config.state / "ca.pem").exists():
            # In a network that people use, made-up charges and money would end up in the books.
            wish = self._wish
            cast = {*scenario.cp_ids(wish.points), *scenario.driver_ids(wish.drivers + 1)}
            await registry_setup.check_nobody_else(config, cast, "up")
        if not (config.state / "ca.pem").exists():
            self._screen.say(self._say("making state", state=config.state))
            init = await self._start("init", "init", may_end=True)
            shown = init.expect(_SHOWN)
            await init.ended.wait()
            if init.process.returncode:
                raise StateError(f"the state folder could not be created: {init.last_line}")
            if shown.exception() is None:
                secret_files.replace_secret(page_logins.admin_path(config.state), shown.result()[1])
        files.make_folder(own)
        self._keep_log()
        registry = await self._server("registry", config.registry.host, config.registry.port)
        self._registry_at = f"https://{registry}"
        self._peers = ("--registry", self._registry_at)
        api_port = self._port("API", config.central.api_host, config.central.api_port)
        self._central_at = await self._server(
            "central",
            config.central.host,
            config.central.port,
            *self._peers,
            *("--api-host", config.central.api_host, "--api-port", str(api_port)),
        )
        self._peers += ("--central", self._central_at)
        central = self._servers[1]
        cp_ids = scenario.cp_ids(self._wish.points)
        word = labels.status(CpStatus.AVAILABLE, config.lang)
        available = [central.expect(rf"\b{cp_id}\b.*\b({word}|Available)\b") for cp_id in cp_ids]
        if not self._wish.once:
            self._screen.say(self._say("starting points", count=len(cp_ids)))
        async with asyncio.TaskGroup() as tasks:
            for place, cp_id in enumerate(cp_ids):
                tasks.create_task(self._charging_point(cp_id, place))
        await asyncio.gather(*available)
        self._screen.say(self._say("all available", count=len(cp_ids), central=self._central_at))
        if not config.central.api:
            return None
        url = _url(await self._pages)
        await self._weather(url)
        if not self._wish.once:
            # Its program registers the driver whose page a person may try, and leaves.
            guest = await self._start(
                scenario.GUEST, "driver", scenario.GUEST, *self._peers, may_end=True, typed=True
            )
            guest.types("balance")
            guest.ends_input()
            await guest.ended.wait()
        return url

    def _keep_log(self) -> None:
        if not self._wish.is_quiet(self._config):
            return
        self._log = (self._config.state / "demo" / "up.log").absolute()
        try:
            self._screen.keep_in(self._log)
        except OSError as problem:
            raise StateError(f"{self._log} cannot be written: {failures.why(problem)}") from None

    async def _weather(self, url: str) -> None:
        settings = self._config.weather
        chosen = settings.simulate is not None or settings.source != "auto"
        simulate: tuple[str, ...] = ()
        # Labs have no internet: without a key, and unless told otherwise, the demo simulates its weather.
        if not chosen and find_key(self._config.state, os.environ) is None:
            simulate = ("--simulate", str(scenario.timeline(once=self._wish.once)))
        self._screen.say(self._say("weather simulated" if simulate else "weather starts"))
        self._others.append(await self._start("weather", "weather", "--central-api", url, *simulate))

    async def _server(self, name: str, host: str, wanted: int, *more: str) -> str:
        port = self._port(name, host, wanted)
        child = await self._start(name, name, "--host", host, "--port", str(port), *more)
        self._servers.append(child)
        # Central says it right after the line that is waited for.
        self._pages = child.expect(_PAGES)
        return scenario.joined(scenario.reachable(host), (await child.expect(_LISTENING))[1])

    async def _charging_point(self, cp_id: str, place: int) -> None:
        host, first = self._config.engine.health_host, self._config.engine.health_port
        port = self._port(f"{cp_id} engine", host, first + place if first else 0)
        play: tuple[str, ...]
        if self._wish.once:
            play = ("--auto-plug", str(scenario.PLUG_AFTER_S), "--auto-unplug", str(scenario.UNPLUG_AFTER_S))
            speed = scenario.SPEED
        else:
            play, speed = ("--auto-plug", str(scenario.LIVING_PLUG_AFTER_S)), scenario.LIVING_SPEED
        engine = await self._start(
            f"{cp_id} engine",
            *("cp-engine", cp_id, *self._peers, "--health-host", host, "--health-port", str(port)),
            *("--location", scenario.CITIES[place % len(scenario.CITIES)], "--speed", str(speed), *play),
        )
        self._engines.append(engine)
        answers_at = scenario.joined(scenario.reachable(host), (await engine.expect(_LISTENING))[1])
        watching = ("cp-monitor", cp_id, *self._peers, "--engine", answers_at)
        self._monitors.append(await self._start(f"{cp_id} monitor", *watching, typed=not self._wish.once))

    async def _all_drivers(self) -> list[str]:
        # Returns the drivers that lack a ticket.
        missing: list[str] = []
        cp_ids = scenario.cp_ids(self._wish.points)
        for wave in scenario.waves(scenario.driver_ids(self._wish.drivers), self._wish.points):
            asked = scenario.services(wave, cp_ids)
            playing = [await self._driver(driver_id, wanted) for driver_id, wanted in asked.items()]
            await asyncio.gather(*(child.ended.wait() for child in playing))
            missing += [child.name for child in playing if len(child.seen) < scenario.SERVICES]
        return missing

    async def _driver(self, driver_id: str, wanted: Sequence[str]) -> Child:
        file = self._config.state / "demo" / f"{driver_id}.txt"
        secret_files.replace_secret(file, "\n".join(wanted))
        args = ("driver", driver_id, *self._peers, "--file", str(file), "--pause", str(scenario.PAUSE_S))
        password = self._config.state / "driver" / driver_id / "password"
        asks = self._say("driver asks", driver=driver_id, points=", ".join(wanted), path=password)
        self._screen.say(asks)
        child = await self._start(driver_id, *args, may_end=True)
        child.collect(_TICKET)
        self._drivers.append(child)
        return child

    async def _start(self, name: str, *args: str, may_end: bool = False, typed: bool = False) -> Child:
        config = self._config
        file = ("--config", str(self._wish.config_file)) if self._wish.config_file else ()
        log = ("--log-format", config.log.format, "--log-level", config.log.level)
        shared = (*file, "--state", str(config.state), *log, "--lang", config.lang)
        return await self._cast.start(name, *args, *shared, may_end=may_end, typed=typed)

    def _port(self, name: str, host: str, wanted: int) -> int:
        port = scenario.free_port(host, wanted)
        if wanted and port != wanted:
            self._screen.say(self._say("port taken", port=wanted, who=name, other=port))
        return port

    async def _unless_lost(self, work: Coroutine[Any, Any, T]) -> T:
        # A network that misses a process would only run into its deadline.
        async with asyncio.TaskGroup() as race:
            working = race.create_task(work)
            await asyncio.wait((working, self._cast.lost), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
                self._cast.lost.result()
        return working.result()


def _url(found: re.Match[str]) -> str:
    return f"{found[1]}://{scenario.joined(scenario.reachable(found[2].strip('[]')), found[3])}"
