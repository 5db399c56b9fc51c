"""The engine role: a charging point's contactor, meter and journal, and the simulated car.

`run` is the wiring; the rules are in `charge`. Central being away never stops a running charge.
"""

import asyncio
import logging
import os
import random
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET, structs

from evcharge import labels
from evcharge.cp import typed_input
from evcharge.cp.central_link import LinkLines, PointCredential, link_to_central
from evcharge.cp.engine import plan
from evcharge.cp.engine.charge import ChargeControl, PlanMoment, PointHardware
from evcharge.cp.engine.health_port import HealthPort
from evcharge.cp.engine.plan import Action, HandOrder, Plan
from evcharge.cp.engine.simulated_car import SimulatedCar, SimulatedContactor, Thermometer
from evcharge.cp.hardware import Contactor
from evcharge.cp.journal.disk import FolderDisk
from evcharge.cp.journal.journal import Journal
from evcharge.cp.standing import Standing
from evcharge.cp.status import EngineFacts, ShownSession, engine_line, fault_words
from evcharge.domain.errors import ConfigError
from evcharge.domain.ids import CpId, DriverId, Role, check_id
from evcharge.domain.location import Location
from evcharge.domain.refusals import RefusalFacts
from evcharge.evc1.client import LinkState, Phase
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import (
    Ack,
    Confirming,
    ErrorNotice,
    Located,
    ManualStart,
    Message,
    Progress,
    Query,
    Resync,
    Start,
    Stop,
    SupplyUpdate,
    Synced,
    Withheld,
)
from evcharge.labels import Phrase, Speech, causes, refusals
from evcharge.labels.point import SENTENCES
from evcharge.runtime import failures, files
from evcharge.runtime.clock import steady, utc_now
from evcharge.runtime.config import Config
from evcharge.runtime.health_socket import OwnHealth
from evcharge.runtime.lifecycle import run_until
from evcharge.runtime.plain import place
from evcharge.runtime.waiting import bounded
from evcharge.terminal import keyboard
from evcharge.terminal.fault_log import FaultLog, told

if TYPE_CHECKING:
    from evcharge.cp.engine.telemetry_sender import TelemetrySender

log = logging.getLogger(__name__)

TICK_S = 1.0
# How long a stopping engine waits until Central has what it still had to say.
LAST_WORDS_S = 2.0
# After a standstill of our own its question may not have been read yet.
_GONE_TICKS = 2
# The live figures are for screens: a Central that reads this slowly does without.
_MOST_UNSENT_BYTES = 64 * 1024
_MOST_PLAN_BYTES = 1 << 20


async def run(
    config: Config,
    cp_id: CpId,
    stop: asyncio.Event,
    *,
    tick_s: float = TICK_S,
    health: OwnHealth | None = None,
) -> int:
    """Be the engine of `cp_id` until `stop`; `health` is told how to ask what is wrong. Returns the exit code.

    Raises BadInput for a bad id, ConfigError for a bad plan, StateError when the journal, the health port or
    the credential is not usable.
    """
    check_id(cp_id, "charging point id")
    steps = _read_plan(config)
    journal = Journal(FolderDisk(config.state / "cp" / cp_id / "journal"), os.urandom)
    contactor = SimulatedContactor()
    try:
        engine = Engine(config, cp_id, journal, contactor, steps, stop)
        if health is not None:
            health.wrong = engine.wrong
        lane = engine.lane = _lane(config, cp_id, engine)
        port = engine.port
        async with port.listening(config.engine.health_host, config.engine.health_port) as number:
            engine.health_at = place(config.engine.health_host, number)
            log.info("%s", engine.words("health port open", cp_id=cp_id, at=engine.health_at))
            finished = asyncio.Event()
            await run_until(
                finished,
                engine.tick(tick_s),
                engine.play(),
                _hand(config, engine, stop),
                engine.close_down(finished),
                _stay_connected(config, cp_id, engine),
                *([lane.run()] if lane is not None else []),
            )
    finally:
        # Whatever ended us: what the journal does not see must not flow.
        contactor.open()
        journal.close()
    log.info("%s", Speech(SENTENCES, config.lang)("engine stopped", cp_id=cp_id))
    return 0


async def _stay_connected(config: Config, cp_id: CpId, engine: "Engine") -> None:
    credential = PointCredential(config, cp_id, config.engine.location)
    credential.on_registry = lambda what: engine.troubles.note("registry", what, utc_now())
    engine.port.use(await credential.find())
    link = link_to_central(config, cp_id, Role.ENGINE, credential)

    def renewed(secret: str) -> None:
        engine.port.use(secret)
        link.credential_changed()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(credential.watch(renewed))
        tasks.create_task(link.run(engine.talk, engine.tell_link))


def _lane(config: Config, cp_id: CpId, engine: "Engine") -> "TelemetrySender | None":
    """Return what takes the live figures to Kafka, if that is wanted. Raises ConfigError, StateError."""
    if config.engine.live_lane != "kafka":
        return None
    if not config.kafka.bootstrap:
        raise ConfigError('`[engine] live_lane` is "kafka", and `[kafka] bootstrap` names no brokers')
    from evcharge.cp.engine.telemetry_sender import TelemetrySender
    from evcharge.kafka.client import Brokers  # most engines do without

    lane = TelemetrySender(Brokers(config.kafka, config.state), cp_id, engine.words)
    lane.on_trouble = lambda what: engine.troubles.note("kafka", what, utc_now())
    return lane


async def _hand(config: Config, engine: "Engine", stop: asyncio.Event) -> None:
    """Do what the person here wants: by keys on a terminal, by words from anywhere else."""
    if not keyboard.is_terminal() or config.log.format != "text":
        await engine.obey()
        return
    # A terminal program costs a quarter of a second: only where there is a terminal.
    from evcharge.cp.engine.engine_screen import EngineScreen

    await EngineScreen(
        engine.facts,
        lambda: engine.troubles.newest_first,
        engine.do,
        lambda line: log.info("%s", line),
        engine.words,
        stop.set,
    ).run()


def _read_plan(config: Config) -> list[plan.PlanStep]:
    settings = config.engine
    steps = plan.automatic(settings.auto_plug_s, settings.auto_unplug_s)
    if settings.plan is None:
        return steps
    try:
        text = files.read(Path(settings.plan), _MOST_PLAN_BYTES).decode()
    except (UnicodeDecodeError, files.TooLarge):
        raise ConfigError(f"the plan {settings.plan} is not text, or is larger than 1 MiB") from None
    except OSError as problem:
        raise ConfigError(f"cannot read the plan {settings.plan}: {failures.why(problem)}") from None
    return plan.parse(text, settings.plan) + steps


@dataclass(frozen=True, slots=True)
class _Asked:
    """A manual start that was asked for; `confirmed_by_s` is when its driver's time to confirm ends."""

    request_id: str
    driver_id: DriverId
    confirmed_by_s: float | None = None


class Engine:
    """One charging point: what arrives, what is typed, what is planned and the clock meet its rules here."""

    def __init__(
        self,
        config: Config,
        cp_id: CpId,
        journal: Journal,
        contactor: Contactor,
        steps: list[plan.PlanStep],
        stop: asyncio.Event,
    ) -> None:
        """`stop` is what the plan and the menu set to end the engine."""
        self._config = config
        self._cp_id = cp_id
        self._settings = config.engine
        self._stop = stop
        self.words = Speech(SENTENCES, config.lang)
        self.health_at = ""
        self._lines = LinkLines(config)
        self.troubles = FaultLog()
        self._told_location = Location(config.engine.location)
        self._standing = Standing(cp_id, self.words, self.troubles, self._told_location)
        # Ticks since a monitor last asked.
        self._unwatched = 0
        # A manual start that Central has not answered yet.
        self._asked: _Asked | None = None
        self._loop = asyncio.get_running_loop()
        # How long a record was kept is told by it: a clock that is set makes none older.
        self._unix_s = steady(utc_now)
        self._channel: Channel | None = None
        # The journal that Central was told of over that connection.
        self._told_journal = ""
        self.lane: TelemetrySender | None = None
        self._plan = Plan(steps, self._loop.time())
        self._planned = asyncio.Event()
        self._news = asyncio.Event()
        self._max_power_w = round(config.engine.max_power_kw * 1000)
        hardware = PointHardware(contactor, self._arrive, Thermometer(self._max_power_w, config.engine.speed))
        self.charge = ChargeControl(journal, hardware, self._say, self._happened, self.words)
        self.port = HealthPort(cp_id, self.charge)
        if journal.damage is not None:
            damage = causes.cause(journal.damage, config.lang)
            self.troubles.note("journal", damage, utc_now())
            if damage != journal.damage:
                log.error("%s", damage)

    def wrong(self) -> str | None:
        """Return what is wrong with this charging point, as a sentence; None while nothing is."""
        return None if self.charge.fault is None else fault_words(self.charge.fault, self.words)

    async def talk(self, channel: Channel) -> None:
        """Converse with Central over one connection; returns when a new one is needed."""
        self._channel = channel
        if self.lane is not None:
            self.lane.link(channel)
        sync = self.charge.sync()
        self._told_journal = sync.journal_id
        try:
            channel.send(
                structs.replace(
                    sync,
                    max_power_w=self._max_power_w,
                    speed=self._settings.speed,
                    location=self._told_location.name or UNSET,
                )
            )
            while self._hear(await channel.receive()):
                self._ship()
                self._news.set()
        finally:
            self._channel = None
            if self.lane is not None:
                self.lane.link(None)
            self.charge.on_link_lost()
            self._standing.forget_holds()
            self._news.set()
            if self._asked is not None:
                log.warning("%s", self.words("manual lost", driver=self._asked.driver_id))
                self._asked = None

    def tell_link(self, state: LinkState) -> None:
        """Say what the link to Central lives through."""
        goes_on = state.phase is not Phase.CONNECTED and self.charge.state == "charging"
        self._lines.tell(state, f" {self.words('charge goes on')}" if goes_on else "")
        self.troubles.note("central", self._lines.trouble, utc_now())

    async def tick(self, tick_s: float) -> None:
        """Let time pass for the charge, every `tick_s` seconds."""
        last_s = self._loop.time()
        next_s = last_s + tick_s
        while True:
            await asyncio.sleep(next_s - self._loop.time())
            now_s = self._loop.time()
            self.charge.tick(now_s, now_s - last_s)
            self._ship()
            self._look_around(now_s)
            last_s = now_s
            # After a stall go on from here, instead of making up for what was missed.
            next_s = max(next_s + tick_s, now_s)

    async def play(self) -> None:
        """Do what the plan says, when it says so."""
        while True:
            self._planned.clear()
            now_s = self._loop.time()
            for order in self._plan.due(now_s):
                # A plan unplugs to be sure; a missing car is not worth a line.
                if order.action is not Action.UNPLUG or self.charge.plugged:
                    self.do(order)
            next_at_s = self._plan.next_at_s
            wait_s = 3600.0 if next_at_s is None else max(0.0, next_at_s - self._loop.time())
            await bounded(self._planned.wait(), wait_s)

    async def obey(self) -> None:
        """Do what is typed."""
        async for line in typed_input.typed():
            try:
                if line:
                    self.do(plan.order(line.split()))
            except ValueError:
                known = line.split()[0] == Action.MANUAL
                log.info("%s", self.words("manual needs driver" if known else "engine help"))

    async def close_down(self, finished: asyncio.Event) -> None:
        """When the engine is to stop: power off, the last words to Central, then `finished`."""
        await self._stop.wait()
        self.charge.passed(self._loop.time())
        self.charge.shut_down()
        self._ship()
        await bounded(self._delivered(), LAST_WORDS_S)
        finished.set()

    def do(self, order: HandOrder) -> None:
        """Do what a hand does."""
        self.charge.passed(self._loop.time())
        match order.action:
            case Action.PLUG:
                self.charge.plug()
            case Action.UNPLUG:
                self.charge.unplug()
            case Action.BREAK:
                self.charge.break_down()
            case Action.MEND:
                self.charge.mend()
            case Action.MANUAL if order.driver_id is not None:
                self._start_by_hand(order.driver_id, order.pin)
            case Action.STATUS:
                log.info("%s", engine_line(self.facts(), self.words))
            case Action.FAULTS:
                for line in told(self.troubles.newest_first, self.words):
                    log.info("%s", line)
            case Action.STOP:
                self._stop.set()
        self._ship()

    def facts(self) -> EngineFacts:
        """Return how the charging point is now, for screens."""
        charge, now_s = self.charge, self._loop.time()
        return EngineFacts(
            cp_id=self._cp_id,
            location=self._standing.location.name,
            withheld=self._standing.withheld,
            clock=f"{utc_now().astimezone():%H:%M:%S}",
            state=charge.state,
            fault=charge.fault,
            battery_permille=charge.battery_permille,
            health_at=self.health_at,
            monitors=self.port.monitors(now_s),
            central_at=self._lines.where,
            linked=charge.linked,
            central_trouble=self._lines.trouble,
            meter_mwh=charge.meter_mwh,
            last_seq=charge.last_seq,
            delivered=charge.delivered or charge.last_seq == 0,
            temperature_deci_celsius=charge.temperature_deci_celsius,
            session=self._session(now_s),
            confirming=self._confirming(now_s),
        )

    # ---- inside

    def _look_around(self, now_s: float) -> None:
        """Keep what is wrong here; a monitor that has gone, or is back, is said, too."""
        fault = self.charge.fault
        self.troubles.note("fault", None if fault is None else fault_words(fault, self.words), utc_now())
        if self.charge.linked:
            # A journal that was begun anew is in step.
            self.troubles.note("journal", None, utc_now())
        if self.port.monitors(now_s):
            if self._unwatched >= _GONE_TICKS:
                log.info("%s", self.words("monitor back"))
            self.troubles.note("monitor", None, utc_now())
            self._unwatched = 0
        elif self.port.was_asked:
            self._unwatched += 1
            if self._unwatched == _GONE_TICKS:
                log.warning("%s", self.words("monitor gone"))
                self.troubles.note("monitor", self.words("monitor gone"), utc_now())

    def _hear(self, message: Message) -> bool:
        """Act on one message; return whether this connection can go on."""
        now_s = self._loop.time()
        self.charge.passed(now_s)
        match message:
            case Synced(last_seq=last_seq) | Resync(last_seq=last_seq):
                return self.charge.on_synced(last_seq)
            case Located(location=location):
                self._standing.hear(Location(location), self._told_location)
            case Withheld(holds=holds):
                self._standing.hear_holds(holds)
            case Ack(seq=seq):
                return self.charge.on_ack(seq, self._unix_s())
            case Start():
                self.charge.on_start(message, now_s)
            case Stop(session_id=session_id, reason=reason):
                self.charge.on_stop(session_id, reason)
            case Query(session_id=session_id):
                self.charge.on_query(session_id)
            case Confirming() if self._asked is not None and message.request_id == self._asked.request_id:
                driver_id = self._asked.driver_id
                self._asked = replace(self._asked, confirmed_by_s=now_s + message.within_s)
                log.info("%s", self.words("manual confirming", driver=driver_id, s=message.within_s))
            case Progress():
                self._hear_progress(message)
            case ErrorNotice(code=code, text=text):
                said = labels.says(code, text, self.words.lang)
                log.warning("%s", self.words("central says", text=said))
            case _:
                pass
        return True

    def _start_by_hand(self, driver_id: DriverId, pin: str | None) -> None:
        """Ask Central on behalf of a driver: it alone authorises, and without it nothing begins."""
        if self._channel is None or not self.charge.linked:
            lost = labels.say(Phrase.CENTRAL_LOST, self._config.lang)
            log.warning("%s", self.words("manual without central", phrase=lost))
        elif self.charge.state != "idle":
            log.warning("%s", self.words("manual busy"))
        elif self._asked is not None:
            name = "manual waits" if self._asked.confirmed_by_s is None else "manual waits for driver"
            log.warning("%s", self.words(name, driver=self._asked.driver_id))
        else:
            self._asked = _Asked(uuid.uuid4().hex, driver_id)
            log.info("%s", self.words("manual asked", driver=driver_id))
            self._channel.send(
                ManualStart(
                    request_id=self._asked.request_id,
                    driver_id=driver_id,
                    pin=pin if pin is not None else UNSET,
                )
            )

    def _hear_progress(self, answer: Progress) -> None:
        if self._asked is None or answer.request_id != self._asked.request_id:
            return
        driver_id, self._asked = self._asked.driver_id, None
        if answer.step != "REFUSED":
            log.info("%s", self.words("manual granted", driver=driver_id))
            return
        facts = RefusalFacts(reason=answer.reason, status=answer.status, by_hand=True)
        why = refusals.heard(
            answer.code, answer.text, self.words.lang, facts, driver_id=driver_id, cp_id=self._cp_id
        )
        log.warning("%s", self.words("manual refused", driver=driver_id, why=why))

    def _confirming(self, now_s: float) -> tuple[str, int] | None:
        if self._asked is None or self._asked.confirmed_by_s is None:
            return None
        return self._asked.driver_id, max(0, round(self._asked.confirmed_by_s - now_s))

    def _session(self, now_s: float) -> ShownSession | None:
        charge = self.charge
        if (running := charge.running) is not None:
            return ShownSession(
                driver_id=running.driver_id,
                price=running.price,
                hold_cents=running.hold_cents,
                limit_mwh=running.limit_mwh,
                power_w=charge.power_w,
                energy_mwh=charge.energy_mwh,
            )
        if charge.waiting is None:
            return None
        start, until_s = charge.waiting
        return ShownSession(
            driver_id=start.driver_id,
            price=start.price,
            hold_cents=start.hold_cents,
            limit_mwh=start.limit_mwh,
            wait_s=max(0, round(until_s - now_s)),
        )

    def _ship(self) -> None:
        if self._channel is None:
            return
        batch = self.charge.next_batch(self._loop.time())
        if self.charge.sync().journal_id != self._told_journal:
            # Its disk did not give back what was written: Central takes no other journal over this connection.
            self._channel.stop_reading(ChannelClosed("its journal was damaged, and another one begun"))
        elif batch is not None:
            self._channel.send(batch)

    def _say(self, message: Message) -> None:
        channel = self._channel
        if channel is None:
            return
        if isinstance(message, SupplyUpdate):
            by_kafka = self.lane is not None and self.lane.offer(message)
            if by_kafka or channel.unsent_bytes > _MOST_UNSENT_BYTES:
                return
        channel.send(message)

    async def _delivered(self) -> None:
        while self.charge.linked and not self.charge.delivered:
            self._news.clear()
            await self._news.wait()

    def _happened(self, moment: PlanMoment) -> None:
        self._plan.happened(moment, self._loop.time())
        self._planned.set()

    def _arrive(self) -> SimulatedCar:
        settings = self._settings
        low, high = settings.arrival_percent
        return SimulatedCar(
            capacity_mwh=round(settings.battery_kwh * 1_000_000),
            charge_permille=random.randint(low * 10, high * 10),
            max_power_w=self._max_power_w,
            speed=settings.speed,
        )
