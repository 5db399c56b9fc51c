"""The engine's rules: what a charging point does when Central, a hand or the clock asks. No asyncio, no clock.

Power flows only between the durable SUPPLY_START and the SUPPLY_END of one session, and energy is journaled
before it counts. Seconds (`now_s`, `dt_s`) are those of a steady clock; `wall_s` is Unix time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msgspec import UNSET, UnsetType

from evcharge.cp.engine.simulated_car import Thermometer
from evcharge.cp.hardware import Contactor, EnergyMeter
from evcharge.cp.health import BROKEN, JOURNAL_FULL
from evcharge.cp.journal.journal import Journal
from evcharge.cp.journal.session_journal import SessionJournal
from evcharge.domain.billing import kwh
from evcharge.domain.journal_records import SupplyStart
from evcharge.domain.session import EndReason
from evcharge.evc1.messages import Message, Ready, Records, Start, SupplyUpdate, Sync
from evcharge.labels import Speech
from evcharge.labels.point import SENTENCES
from evcharge.runtime import logs

log = logging.getLogger(__name__)

# After a stall of this process no more than this is metered: what was not journaled in time is not billed.
MOST_STEP_S = 5.0


class PlanMoment(StrEnum):
    """What a plan can wait for."""

    AUTHORISED = "authorised"
    STARTED = "started"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class _Pending:
    start: Start
    received_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class PointHardware:
    """What the slot of a charging point is made of; `arrive` returns the meter of a car that is plugged in."""

    contactor: Contactor
    arrive: Callable[[], EnergyMeter]
    thermometer: Thermometer


class ChargeControl:
    """One charging point's slot: empty, taken by a session that waits for its plug, or charging.

    Every method may raise StateError: the journal is beyond help, and the contactor open.
    """

    def __init__(
        self,
        journal: Journal,
        hardware: PointHardware,
        say: Callable[[Message], None],
        on_moment: Callable[[PlanMoment], None] = lambda _: None,
        words: Speech | None = None,
    ) -> None:
        """`say` tells Central, when it is linked."""
        self._contactor = hardware.contactor
        self._arrive = hardware.arrive
        self._thermometer = hardware.thermometer
        self._say = say
        self._on_moment = on_moment
        self._pending: _Pending | None = None
        self._car: EnergyMeter | None = None
        # A car gets one session; the next driver's must come with a plug of its own.
        self._car_is_new = False
        self._broken = self._stopping = False
        # Power over the last second, for screens.
        self.power_w = 0
        self._words = words or Speech(SENTENCES)
        self._books = SessionJournal(
            journal, hardware.contactor, lambda: on_moment(PlanMoment.ENDED), self._words
        )

    # ---- facts

    @property
    def fault(self) -> str | None:
        """What is wrong with this charging point, in a few words."""
        return BROKEN if self._broken else JOURNAL_FULL if self._books.full else None

    @property
    def state(self) -> str:
        """`idle`, `pending` or `charging`."""
        if self._books.running is not None:
            return "charging"
        return "idle" if self._pending is None else "pending"

    @property
    def running(self) -> SupplyStart | None:
        """The session that charges now."""
        return self._books.running

    @property
    def waiting(self) -> tuple[Start, float] | None:
        """The session that waits for its plug, and until when."""
        return None if self._pending is None else (self._pending.start, self._pending.until_s)

    @property
    def energy_mwh(self) -> int:
        """What the running session has had so far; 0 when none runs."""
        return self._books.energy_mwh

    @property
    def elapsed_s(self) -> int | None:
        """For how many whole seconds the running session has lasted; None when nobody counted them."""
        return self._books.elapsed_s

    @property
    def meter_mwh(self) -> int:
        """All that ever flowed here."""
        return self._books.meter_mwh

    @property
    def battery_permille(self) -> int | None:
        """The state of charge of the car that is plugged in."""
        return None if self._car is None else self._car.charge_permille

    @property
    def temperature_deci_celsius(self) -> int:
        """How warm it is in here, in tenths of a degree."""
        return self._thermometer.deci_celsius

    @property
    def plugged(self) -> bool:
        """Whether a car is plugged in."""
        return self._car is not None

    @property
    def linked(self) -> bool:
        """Whether Central is there and in step."""
        return self._books.linked

    @property
    def delivered(self) -> bool:
        """Whether Central has committed all that the journal says."""
        return self._books.delivered

    @property
    def last_seq(self) -> int:
        """The number of the journal's latest record."""
        return self._books.last_seq

    # ---- Central

    def sync(self) -> Sync:
        """Return the first message of a new link."""
        return self._books.sync()

    def on_synced(self, last_seq: int) -> bool:
        """Central has committed up to `last_seq` (SYNCED, RESYNC). False: reconnect, with another journal."""
        return self._books.synced(last_seq)

    def on_ack(self, seq: int, wall_s: float) -> bool:
        """Central has committed up to `seq`. False: reconnect, with another journal."""
        return self._books.acked(seq, wall_s)

    def on_link_lost(self) -> None:
        """There is nobody to talk to; a running charge goes on."""
        self._books.link_lost()

    def next_batch(self, now_s: float) -> Records | None:
        """Return the records to send now, if any."""
        return self._books.next_batch(now_s)

    def on_start(self, start: Start, now_s: float) -> None:
        """Take a session, or journal why not. The same session again changes nothing."""
        self.passed(now_s)
        if self._books.knows(start.session_id):
            return
        if self._waits(start.session_id):
            self._say(Ready(session_id=start.session_id))
            return
        with logs.about(**_ids(start)):
            self._take(start, now_s)

    def _take(self, start: Start, now_s: float) -> None:
        limit = kwh(start.limit_mwh)
        self._tell("start received", start, session=start.session_id, driver=start.driver_id, kwh=limit)
        if self._stopping:
            self._books.refuse(start.session_id, EndReason.SHUTDOWN)
        elif self.state != "idle":
            self._books.refuse(start.session_id, EndReason.BUSY)
        elif self.fault is not None:
            self._books.refuse(start.session_id, EndReason.FAULT)
        else:
            self._pending = _Pending(start, now_s, now_s + start.plug_within_s)
            self._say(Ready(session_id=start.session_id))
            self._on_moment(PlanMoment.AUTHORISED)
            if not self._car_is_new:
                self._tell("waiting for plug", s=start.plug_within_s)
            self._begin_if_ready()

    def on_stop(self, session_id: str, reason: str) -> None:
        """End that session for `reason`, whether it runs, waits, or never came here."""
        if self._runs(session_id):
            self._tell("stop received", reason=reason)
            self._books.end(reason)
        elif self._waits(session_id):
            self._refuse_pending(reason)
        elif not self._books.knows(session_id):
            self._books.refuse(session_id, reason)

    def on_query(self, session_id: str) -> None:
        """Account for that session: READY, or a record that is or will be sent."""
        if self._runs(session_id) or self._waits(session_id):
            self._say(Ready(session_id=session_id))
        elif not self._books.knows(session_id):
            self._books.refuse(session_id, EndReason.NOT_STARTED)

    # ---- hands

    def plug(self) -> None:
        """A car is plugged in: power flows as soon as a session is authorised."""
        if self._car_is_new:
            self._tell("already plugged")
            return
        self._car = self._arrive()
        self._car_is_new = True
        charge = self._car.charge_permille
        self._tell("plugged", percent="?" if charge is None else charge // 10)
        if self._pending is not None and not self.linked:
            self._tell("plugged, waits for central")
        self._begin_if_ready()

    def unplug(self) -> None:
        """The plug is pulled: a running charge ends."""
        if self._car is None:
            self._tell("no car")
            return
        self._books.end(EndReason.UNPLUGGED)
        self._car = None
        self._car_is_new = False
        self._tell("unplugged")

    def break_down(self) -> None:
        """Simulate a fault (KO): power off at once, and nothing new until `mend`."""
        self._contactor.open()
        if not self._broken:
            log.warning("%s", self._words("broken"))
        self._broken = True
        self._give_up(EndReason.FAULT)

    def mend(self) -> None:
        """End the simulated fault."""
        if self._broken:
            self._tell("mended")
        self._broken = False

    def shut_down(self) -> None:
        """Power off for good; the end of a running session is journaled."""
        self._stopping = True
        self._give_up(EndReason.SHUTDOWN)

    # ---- time

    def passed(self, now_s: float) -> None:
        """Take note of the steady clock: call it before Central or a hand does something."""
        self._books.passed(now_s)

    def tick(self, now_s: float, dt_s: float) -> None:
        """Let `dt_s` seconds pass: energy flows, waiting ends. Call it about once a second."""
        self.passed(now_s)
        self._books.retry()
        if self._pending is not None and now_s >= self._pending.until_s:
            self._refuse_pending(EndReason.NOT_PLUGGED)
        self._begin_if_ready()
        running = self._books.running
        if running is not None and self._contactor.closed and self._car is not None:
            # What has begun since the last tick has not flowed for all of it.
            flowed_s = min(dt_s, self._books.lasted_s, MOST_STEP_S)
            self._books.guarded(self._flow, running, self._car, flowed_s)
            if self._books.energy_mwh >= running.limit_mwh:
                self._books.end(EndReason.LIMIT)
            elif self._car.full:
                self._books.end(EndReason.FULL)
        else:
            self._thermometer.step(0, dt_s)

    # ---- inside

    def _tell(self, sentence: str, about: Start | SupplyStart | None = None, **values: object) -> None:
        """Log a sentence about that session, else about the one that runs or waits."""
        waiting = self._pending.start if self._pending is not None else None
        found = about or self._books.running or waiting
        log.info("%s", self._words(sentence, **values), extra=_ids(found) if found is not None else {})

    def _runs(self, session_id: str) -> bool:
        running = self._books.running
        return running is not None and running.session_id == session_id

    def _waits(self, session_id: str) -> bool:
        return self._pending is not None and self._pending.start.session_id == session_id

    def _begin_if_ready(self) -> None:
        # Without Central nothing new begins, not even what it authorised before.
        if self._pending is None or not self._car_is_new or not self.linked or self.fault is not None:
            return
        start = self._pending.start
        self._books.guarded(self._books.begin, start, self._pending.received_s, self.battery_permille)
        if not self._books.knows(start.session_id):
            self._refuse_pending(EndReason.FAULT)
            return
        self._pending = None
        self._car_is_new = False
        self.power_w = 0
        if self._contactor.closed:
            self._tell("supplying", session=start.session_id, driver=start.driver_id)
            self._on_moment(PlanMoment.STARTED)

    def _flow(self, running: SupplyStart, car: EnergyMeter, dt_s: float) -> None:
        flow = car.read(dt_s, running.limit_mwh - self._books.energy_mwh)
        if flow.energy_mwh:
            self._books.meter(running.session_id, flow.energy_mwh, car.charge_permille)
        energy_mwh = self._books.energy_mwh
        self.power_w = flow.power_w
        self._thermometer.step(flow.power_w, dt_s)
        log.debug("%.1f kW, %s kWh", flow.power_w / 1000, kwh(energy_mwh))
        self._say(
            SupplyUpdate(
                session_id=running.session_id,
                power_w=flow.power_w,
                energy_mwh=energy_mwh,
                temperature_deci_celsius=self._thermometer.deci_celsius,
                battery_permille=_or_unset(car.charge_permille),
                full_in_s=_or_unset(car.full_in_s),
            )
        )

    def _give_up(self, reason: EndReason) -> None:
        """End what runs, refuse what waits."""
        self._books.end(reason)
        self._refuse_pending(reason)

    def _refuse_pending(self, reason: str) -> None:
        if self._pending is not None:
            start, self._pending = self._pending.start, None
            with logs.about(**_ids(start)):
                self._books.refuse(start.session_id, reason)
            self._on_moment(PlanMoment.ENDED)


def _or_unset(value: int | None) -> int | UnsetType:
    return UNSET if value is None else value


def _ids(of: Start | SupplyStart) -> dict[str, str]:
    """Return what a line of JSON says of a session, so that one request can be followed everywhere."""
    return {"request_id": of.request_id, "session_id": of.session_id}
