"""The monitor role: asks its engine every second how it is, and tells Central what has changed.

`Monitor` is where its parts meet: the watcher of the engine, the link to Central, its tasks at the Registry and
the person at its keyboard.
"""

import asyncio
import logging

from msgspec import UNSET, UnsetType

from evcharge import labels
from evcharge.cp import health, typed_input
from evcharge.cp.central_link import LOOK_S, LinkLines, PointCredential, explained, link_to_central
from evcharge.cp.monitor.registry_tasks import Cancelled, RegistryTasks
from evcharge.cp.monitor.watcher import EngineAddress, Watcher
from evcharge.cp.standing import Standing
from evcharge.cp.status import Lamp, MonitorFacts, Signal, monitor_line
from evcharge.domain.errors import Code, EvchargeError, Overloaded, StateError
from evcharge.domain.ids import CpId, Role, check_id
from evcharge.domain.location import Location
from evcharge.evc1.client import LinkState, Phase, ReconnectingClient
from evcharge.evc1.connection import Channel
from evcharge.evc1.messages import ErrorNotice, Health, Located, Withheld
from evcharge.labels import Phrase, Speech, say
from evcharge.labels.point import SENTENCES
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config
from evcharge.runtime.lifecycle import run_until
from evcharge.runtime.plain import place
from evcharge.security import secret_files
from evcharge.terminal import keyboard
from evcharge.terminal.fault_log import FaultLog, told

log = logging.getLogger(__name__)

# What Central hears while a fault is simulated: in English, as every fault on the wire.
SIMULATED = "simulated at the monitor"
# How often a temperature is looked at, and by how much it must have changed (tenths of a degree).
WARMTH_S, WARMTH_STEP = 5.0, 5
# Central knows us and lets us in no more: only a new credential helps.
_SHUT_OUT = frozenset({Code.REVOKED, Code.DISABLED, Code.CREDENTIAL, Code.PROOF, Code.CRYPTO})
_SILENT = frozenset({Code.UNREACHABLE, Code.TIMEOUT, Code.CLOSED})


async def run(config: Config, cp_id: CpId, stop: asyncio.Event) -> int:
    """Be the monitor of `cp_id` until `stop`. Returns the exit code.

    Raises BadInput for a bad id, StateError when the credential is not usable.
    """
    check_id(cp_id, "charging point id")
    words = Speech(SENTENCES, config.lang)
    log.info("%s", words("monitor started", cp_id=cp_id))
    monitor = Monitor(config, cp_id, stop)
    await run_until(stop, monitor.watch(), monitor.obey(), monitor.run_registry_tasks())
    log.info("%s", words("monitor stopped", cp_id=cp_id))
    return 0


class Teller:
    """Tells Central the verdict: at each login, and when it changes."""

    def __init__(self, watcher: Watcher, words: Speech, standing: Standing) -> None:
        self._watcher = watcher
        self._words = words
        self._standing = standing
        self._channel: Channel | None = None
        self._told_warmth: int | UnsetType = UNSET
        # What the engine was doing and whether a vehicle was plugged in, as Central was told.
        self._told_use: tuple[str, bool | UnsetType] | None = None
        self.simulating = False

    async def talk(self, channel: Channel) -> None:
        """Converse with Central over one connection."""
        self._channel = channel
        try:
            self.tell()
            while True:
                match await channel.receive():
                    case ErrorNotice(code=code, text=text):
                        said = labels.says(code, text, self._words.lang)
                        log.warning("%s", self._words("central says", text=said))
                    case Located(location=location, said=said):
                        self._standing.hear(Location(location), Location(said))
                    case Withheld(holds=holds):
                        self._standing.hear_holds(holds)
                    case _:
                        pass
        finally:
            self._channel = None
            self._standing.forget_holds()

    def tell(self) -> None:
        """Say how the engine is, once that is known."""
        verdict = self._watcher.verdict
        if self._channel is not None and verdict.known:
            fault = SIMULATED if self.simulating and verdict.fault is None else verdict.fault
            pong = self._watcher.pong
            self._told_warmth = pong.temperature_deci_celsius if pong is not None else UNSET
            self._told_use = _use(pong)
            occupied = pong.occupied if pong is not None else UNSET
            self._channel.send(
                Health(fault=fault, temperature_deci_celsius=self._told_warmth, occupied=occupied)
            )

    def on_pong(self) -> None:
        """Tell Central when a vehicle has come or gone; also when a charge ended, whatever Central made of its end."""
        if _use(self._watcher.pong) != self._told_use:
            self.tell()

    async def follow_warmth(self) -> None:
        """Tell Central, for its screens, when the engine has become warmer or colder."""
        while True:
            await asyncio.sleep(WARMTH_S)
            pong = self._watcher.pong
            now = pong.temperature_deci_celsius if pong is not None else UNSET
            before = self._told_warmth
            if now is not UNSET and (before is UNSET or abs(now - before) >= WARMTH_STEP):
                self.tell()


def _use(pong: health.Pong | None) -> tuple[str, bool | UnsetType] | None:
    return None if pong is None else (pong.state, pong.occupied)


class Monitor:
    """One monitor. Its person gives it words: register, withdraw, authenticate, fault, recover and so on."""

    def __init__(self, config: Config, cp_id: CpId, stop: asyncio.Event) -> None:
        self._config = config
        self._cp_id = cp_id
        self._stop = stop
        self._words = Speech(SENTENCES, config.lang)
        self._credential = PointCredential(config, cp_id)
        self._lines = LinkLines(config)
        self._troubles = FaultLog()
        self._standing = Standing(cp_id, self._words, self._troubles)
        self._credential.on_registry = lambda what: self._troubles.note("registry", what, utc_now())
        self._registry_tasks = RegistryTasks(config, cp_id, self._credential, self._no_password, self._words)
        # One errand at a time; its word stays here until it is done.
        self._errand: str | None = None
        self._errand_wanted = asyncio.Event()
        # The three exist only once the credential is known.
        # There is no credential here yet, and only a person may have one made.
        self._unregistered = False
        self._watcher: Watcher | None = None
        self._teller: Teller | None = None
        self._link: ReconnectingClient | None = None
        self._is_terminal = keyboard.is_terminal() and config.log.format == "text"

    # ---- watching

    async def watch(self) -> None:
        """Watch the engine and stay connected, for ever."""
        settings = self._config.monitor
        watcher = self._watcher = Watcher(
            self._cp_id,
            health.health_key(await self._find_credential()),
            EngineAddress(settings.engine_host, settings.engine_port),
            settings.ping_s,
            self._words,
            self._newest_key,
        )
        teller = self._teller = Teller(watcher, self._words, self._standing)
        link = self._link = link_to_central(self._config, self._cp_id, Role.MONITOR, self._credential)

        def renewed(secret: str) -> None:
            watcher.use(health.health_key(secret))
            link.credential_changed()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watcher.run(self._judged, teller.on_pong))
            tasks.create_task(teller.follow_warmth())
            tasks.create_task(self._credential.watch(renewed))
            tasks.create_task(link.run(teller.talk, self._link_changed))

    async def _find_credential(self) -> str:
        while True:
            try:
                secret = await self._credential.find()
            except StateError as problem:
                # A person at a terminal can register it with a key; anybody else must do it first.
                if not self._is_terminal:
                    raise
                if not self._unregistered:
                    log.warning("%s", problem.text)
                    unknown = self._words("not registered", cp_id=self._cp_id)
                    self._troubles.note("registration", unknown, utc_now())
                self._unregistered = True
                await asyncio.sleep(LOOK_S)
            else:
                self._unregistered = False
                self._troubles.note("registration", None, utc_now())
                return secret

    def _newest_key(self) -> bytes | None:
        if self._credential.is_given:
            return None
        try:
            return health.health_key(secret_files.read_secret(self._credential.file))
        except (StateError, OSError):
            return None

    def _judged(self) -> None:
        if self._watcher is not None and self._teller is not None:
            self._troubles.note("engine", self._watcher.spoken, utc_now())
            self._teller.tell()

    def _link_changed(self, state: LinkState) -> None:
        self._lines.tell(state)
        self._troubles.note("central", self._lines.trouble, utc_now())
        if state.phase is Phase.CONNECTED:
            self._troubles.note("registry", None, utc_now())

    # ---- the person here

    async def obey(self) -> None:
        """Do what the person here wants: by keys on a terminal, by words from anywhere else."""
        if self._is_terminal:
            # A terminal program costs a quarter of a second: only where there is a terminal.
            from evcharge.cp.monitor.monitor_screen import MonitorScreen

            screen = MonitorScreen(
                self.facts,
                lambda: self._troubles.newest_first,
                self.do,
                lambda line: log.info("%s", line),
                self._words,
                self._stop.set,
            )
            self._registry_tasks.ask_password = screen.ask_password
            await screen.run()
            return
        async for line in typed_input.typed():
            if line:
                self.do(line)

    async def run_registry_tasks(self) -> None:
        """Do what is to be done at the Registry, beside everything else."""
        while True:
            await self._errand_wanted.wait()
            self._errand_wanted.clear()
            if self._errand is not None:
                await self._run_errand(self._errand)
                self._errand = None

    def do(self, word: str) -> None:
        """Do what one word says; what goes to the Registry is done beside everything else."""
        match word:
            case "register" | "withdraw" | "authenticate":
                if self._errand is not None:
                    log.info("%s", self._words("busy with registry"))
                    return
                self._errand = word
                self._errand_wanted.set()
            case "fault":
                self._simulate(simulating=True)
            case "recover":
                self._simulate(simulating=False)
            case "faults":
                for line in told(self._troubles.newest_first, self._words):
                    log.info("%s", line)
            case "status":
                log.info("%s", monitor_line(self.facts(), self._words))
            case "quit":
                self._stop.set()
            case _:
                log.info("%s", self._words("monitor help"))

    def facts(self) -> MonitorFacts:
        """Return what is known now, for screens."""
        watcher, words, settings = self._watcher, self._words, self._config.monitor
        return MonitorFacts(
            cp_id=self._cp_id,
            clock=f"{utc_now().astimezone():%H:%M:%S}",
            engine=self._engine_signal(),
            link=self._link_signal(),
            central=self._central_signal(words),
            engine_at=place(settings.engine_host, settings.engine_port),
            central_at=self._lines.where,
            heard_at=watcher.heard_at if watcher is not None else None,
            temperature_deci_celsius=self._warmth(),
            monitors=watcher.monitors if watcher is not None else 1,
            location=self._standing.location.name,
            withheld=self._standing.withheld,
            simulating=self._teller is not None and self._teller.simulating,
        )

    # ---- inside

    def _warmth(self) -> int | None:
        pong = self._watcher.pong if self._watcher is not None else None
        if pong is None or pong.temperature_deci_celsius is UNSET:
            return None
        return pong.temperature_deci_celsius

    def _engine_signal(self) -> Signal:
        watcher, words = self._watcher, self._words
        if watcher is None or not watcher.verdict.known:
            return Signal(Lamp.SILENT, words("not asked yet"))
        if watcher.spoken is None:
            return Signal(Lamp.OK, words("lamp ok"))
        if watcher.is_silent:
            return Signal(Lamp.SILENT, f"{words('lamp silent')}: {watcher.spoken}")
        return Signal(Lamp.KO, f"{words('lamp ko')}: {watcher.spoken}")

    def _link_signal(self) -> Signal:
        pong = self._watcher.pong if self._watcher is not None else None
        if pong is None:
            return Signal(Lamp.SILENT, self._words("lamp silent"))
        if pong.central_link:
            return Signal(Lamp.OK, self._words("lamp ok"))
        return Signal(Lamp.KO, f"{self._words('lamp ko')}: {self._words('link down')}")

    def _central_signal(self, words: Speech) -> Signal:
        error, trouble = self._lines.error, self._lines.trouble
        if self._unregistered:
            return Signal(Lamp.KO, words("not registered", cp_id=self._cp_id))
        if self._lines.connected:
            return Signal(Lamp.OK, words("lamp ok"))
        if error is None or trouble is None:
            return Signal(Lamp.SILENT, words("lamp silent"))
        if error.code in _SILENT:
            return Signal(Lamp.SILENT, f"{words('lamp silent')}: {trouble}")
        return Signal(Lamp.KO, f"{words('lamp ko')}: {trouble}")

    def _simulate(self, *, simulating: bool) -> None:
        if self._teller is None or self._teller.simulating == simulating:
            return
        self._teller.simulating = simulating
        self._troubles.note("simulated", self._words("simulating") if simulating else None, utc_now())
        log.warning("%s", self._words("simulated" if simulating else "recovered"))
        self._teller.tell()

    async def _run_errand(self, word: str) -> None:
        words = self._words
        log.info("%s", words("asking registry"))
        try:
            match word:
                case "register":
                    said = await self._registry_tasks.register()
                case "withdraw":
                    said = await self._registry_tasks.withdraw()
                case _:
                    error = self._lines.error
                    is_shut_out = error is not None and error.code in _SHUT_OUT
                    said = await self._registry_tasks.authenticate(is_shut_out=is_shut_out)
        except Cancelled:
            log.info("%s", words("cancelled"))
            return
        except EvchargeError as problem:
            self._errand_failed(problem)
            return
        self._troubles.note("registry", None, utc_now())
        log.info("%s", said)
        if self._link is not None and word != "withdraw":
            self._link.wake()

    def _errand_failed(self, problem: EvchargeError) -> None:
        lost = isinstance(problem, Overloaded) and problem.code is Code.UNREACHABLE
        if lost:
            phrase = say(Phrase.REGISTRY_LOST, self._config.lang)
            self._troubles.note("registry", phrase, utc_now())
            log.warning("%s", explained(phrase, problem, self._config.lang))
            return
        why = problem.text
        if not isinstance(problem, StateError):
            # What the Registry says is English; a StateError is about this machine, and said here.
            why = labels.says(problem.code, problem.text, self._config.lang)
        log.warning("%s", self._words("not done", why=why))

    async def _no_password(self) -> str | None:
        log.warning("%s", self._words("needs password"))
        return None
