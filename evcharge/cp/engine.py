"""The engine role: a charging point's contactor, meter and journal, and the simulated car.

`run` is the wiring; the rules are in `charge`. Central being away never stops a running charge.
"""

import asyncio
import logging
import os
import random
from pathlib import Path

from evcharge.channel import Channel
from evcharge.config import Config, EngineSettings
from evcharge.cp import menu, plan
from evcharge.cp.central import LinkLines, credential, link_to_central
from evcharge.cp.charge import Charge, Moment
from evcharge.cp.contactor import Contactor
from evcharge.cp.disk import FolderDisk
from evcharge.cp.journal import Journal
from evcharge.cp.plan import Action, Plan
from evcharge.cp.port import HealthPort
from evcharge.cp.supply import Supply
from evcharge.errors import ConfigError
from evcharge.ids import CpId, Role, check_id
from evcharge.lifecycle import bounded, listening, run_until, utc_now
from evcharge.link import LinkState, Phase
from evcharge.messages import Ack, ErrorNotice, Message, Query, Resync, Start, Stop, SupplyUpdate, Synced

log = logging.getLogger(__name__)

TICK_S = 1.0
# How long a stopping engine waits until Central has what it still had to say.
LAST_WORDS_S = 2.0
# The live figures are for screens: a Central that reads this slowly does without.
_MOST_UNSENT_BYTES = 64 * 1024


async def run(config: Config, cp_id: CpId, stop: asyncio.Event, *, tick_s: float = TICK_S) -> int:
    """Be the engine of `cp_id` until `stop`. Returns the exit code.

    Raises BadInput for a bad id, ConfigError for a bad plan, StateError when the journal, the health port or
    the credential is not usable.
    """
    check_id(cp_id, "charging point id")
    steps = _read_plan(config.engine)
    journal = Journal(FolderDisk(config.state / "cp" / cp_id / "journal"), os.urandom)
    contactor = Contactor()
    try:
        engine = Engine(config.engine, journal, contactor, steps, stop)
        port = HealthPort(cp_id, engine.charge)
        async with listening(config.engine.health_host, config.engine.health_port, port.accept) as number:
            log.info("%s health port listening on %s:%d", cp_id, config.engine.health_host, number)
            finished = asyncio.Event()
            await run_until(
                finished,
                engine.tick(tick_s),
                engine.play(),
                engine.obey(),
                engine.close_down(finished),
                _stay_connected(config, cp_id, engine, port),
            )
    finally:
        # Whatever ended us: what the journal does not see must not flow.
        contactor.open()
        journal.close()
    log.info("%s engine stopped", cp_id)
    return 0


async def _stay_connected(config: Config, cp_id: CpId, engine: "Engine", port: HealthPort) -> None:
    secret = await credential(config, cp_id)
    port.use(secret)
    lines = LinkLines(config)

    def tell(state: LinkState) -> None:
        charging = state.phase is not Phase.CONNECTED and engine.charge.state == "charging"
        lines.tell(state, " (the running charge goes on)" if charging else "")

    await link_to_central(config, cp_id, Role.ENGINE, secret).run(engine.talk, tell)


def _read_plan(settings: EngineSettings) -> list[plan.Step]:
    steps = plan.automatic(settings.auto_plug_s, settings.auto_unplug_s)
    if settings.plan is None:
        return steps
    try:
        text = Path(settings.plan).read_bytes().decode()
    except OSError as problem:
        raise ConfigError(f"cannot read the plan {settings.plan}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the plan {settings.plan} is not text") from None
    return plan.parse(text, settings.plan) + steps


class Engine:
    """One charging point: what arrives, what is typed, what is planned and the clock meet its rules here."""

    def __init__(
        self,
        settings: EngineSettings,
        journal: Journal,
        contactor: Contactor,
        steps: list[plan.Step],
        stop: asyncio.Event,
    ) -> None:
        """`stop` is what the plan and the menu set to end the engine."""
        self._settings = settings
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._channel: Channel | None = None
        self._plan = Plan(steps, self._loop.time())
        self._planned = asyncio.Event()
        self._news = asyncio.Event()
        self.charge = Charge(journal, contactor, self._arrive, self._say, self._happened)

    async def talk(self, channel: Channel) -> None:
        """Converse with Central over one connection; returns when a new one is needed."""
        self._channel = channel
        try:
            channel.send(self.charge.sync())
            while self._hear(await channel.receive()):
                self._ship()
                self._news.set()
        finally:
            self._channel = None
            self.charge.on_link_lost()
            self._news.set()

    async def tick(self, tick_s: float) -> None:
        """Let time pass for the charge, every `tick_s` seconds."""
        last_s = self._loop.time()
        next_s = last_s + tick_s
        while True:
            await asyncio.sleep(next_s - self._loop.time())
            now_s = self._loop.time()
            self.charge.tick(now_s, now_s - last_s)
            self._ship()
            last_s = now_s
            # After a stall go on from here, instead of making up for what was missed.
            next_s = max(next_s + tick_s, now_s)

    async def play(self) -> None:
        """Do what the plan says, when it says so."""
        while True:
            self._planned.clear()
            now_s = self._loop.time()
            for action in self._plan.due(now_s):
                # A plan unplugs to be sure; there being no car is no news.
                if action is not Action.UNPLUG or self.charge.plugged:
                    self.do(action)
            next_at_s = self._plan.next_at_s
            wait_s = 3600.0 if next_at_s is None else max(0.0, next_at_s - self._loop.time())
            await bounded(self._planned.wait(), wait_s)

    async def obey(self) -> None:
        """Do what is typed."""
        words = {action.value: action for action in Action} | {"quit": Action.STOP}
        async for word in menu.typed():
            if word in words:
                self.do(words[word])
            elif word:
                log.info("%s", menu.HELP)

    async def close_down(self, finished: asyncio.Event) -> None:
        """When the engine is to stop: power off, the last words to Central, then `finished`."""
        await self._stop.wait()
        self.charge.shut_down()
        self._ship()
        await bounded(self._delivered(), LAST_WORDS_S)
        finished.set()

    def do(self, action: Action) -> None:
        """Do what a hand does."""
        match action:
            case Action.PLUG:
                self.charge.plug()
            case Action.UNPLUG:
                self.charge.unplug()
            case Action.BREAK:
                self.charge.break_down()
            case Action.MEND:
                self.charge.mend()
            case Action.STOP:
                self._stop.set()
        self._ship()

    # ---- inside

    def _hear(self, message: Message) -> bool:
        """Act on one message; return whether this connection can go on."""
        now_s = self._loop.time()
        match message:
            case Synced(last_seq=last_seq) | Resync(last_seq=last_seq):
                return self.charge.on_synced(last_seq)
            case Ack(seq=seq):
                return self.charge.on_ack(seq, utc_now().timestamp())
            case Start():
                self.charge.on_start(message, now_s)
            case Stop(session_id=session_id, reason=reason):
                self.charge.on_stop(session_id, reason)
            case Query(session_id=session_id):
                self.charge.on_query(session_id)
            case ErrorNotice(text=text):
                log.warning("CENTRAL says: %s", text)
            case _:
                pass
        return True

    def _ship(self) -> None:
        if self._channel is not None:
            batch = self.charge.next_batch(self._loop.time())
            if batch is not None:
                self._channel.send(batch)

    def _say(self, message: Message) -> None:
        channel = self._channel
        if channel is None or (
            isinstance(message, SupplyUpdate) and channel.unsent_bytes > _MOST_UNSENT_BYTES
        ):
            return
        channel.send(message)

    async def _delivered(self) -> None:
        while self.charge.linked and not self.charge.delivered:
            self._news.clear()
            await self._news.wait()

    def _happened(self, moment: Moment) -> None:
        self._plan.happened(moment, self._loop.time())
        self._planned.set()

    def _arrive(self) -> Supply:
        settings = self._settings
        low, high = settings.arrival_percent
        return Supply(
            capacity_mwh=round(settings.battery_kwh * 1_000_000),
            charge_permille=random.randint(low * 10, high * 10),
            max_power_w=round(settings.max_power_kw * 1000),
            speed=settings.speed,
        )
