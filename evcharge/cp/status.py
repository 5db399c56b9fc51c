"""How a charging point is at one moment, as its two programs show it: facts, and their words in one line. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evcharge.cp.health import BROKEN
from evcharge.domain.billing import euros, kwh
from evcharge.domain.tariff import Consumption, Tariff
from evcharge.labels import Speech


class Lamp(StrEnum):
    """The colour of a lamp; beside it always stands a word."""

    OK = "green"
    KO = "red"
    SILENT = "bright_black"


# ---- engine


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """The session that charges, or waits for its plug (then `wait_s` says how long). Energy in mWh, power in W."""

    driver_id: str
    price: int
    hold_cents: int
    limit_mwh: int
    wait_s: int | None = None
    power_w: int = 0
    energy_mwh: int = 0

    @property
    def kw(self) -> str:
        """The power, as people read it."""
        return f"{self.power_w / 1000:.1f}"

    @property
    def cost_cents(self) -> int:
        """What it costs so far; never more than what is held for it."""
        cost = Tariff(self.price).cost_cents(Consumption(self.energy_mwh))
        return min(cost, self.hold_cents) if self.hold_cents else cost


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """How a charging point is at this moment. `state`: idle, pending, charging."""

    cp_id: str
    location: str
    clock: str
    state: str
    fault: str | None
    battery_permille: int | None
    health_at: str
    monitors: int
    central_at: str
    linked: bool
    central_trouble: str | None
    meter_mwh: int
    last_seq: int
    delivered: bool
    session: ShownSession | None = None
    # Whose confirmation is awaited, and how many seconds that may still take.
    confirming: tuple[str, int] | None = None
    temperature_deci_celsius: int | None = None
    # Why Central has it Out of Order; "" when it has not, or that is not known.
    withheld: str = ""


def state_words(facts: EngineFacts, words: Speech) -> str:
    """Return the state in words: a fault goes before everything."""
    return words(facts.state) if facts.fault is None else fault_words(facts.fault, words)


def fault_words(fault: str, words: Speech) -> str:
    """Return what a fault of the engine means for its charging point."""
    return words("fault", fault=words("broken (KO)" if fault == BROKEN else "fault journal full"))


def central_words(facts: EngineFacts, words: Speech) -> str:
    """Return how the link to Central is."""
    return words("in step") if facts.linked else facts.central_trouble or words("lamp silent")


def car_words(facts: EngineFacts, words: Speech) -> str:
    """Return whether a car is plugged in, and how full it is."""
    if facts.battery_permille is None:
        return words("no car here")
    return words("car at", percent=facts.battery_permille // 10)


def engine_line(facts: EngineFacts, words: Speech) -> str:
    """Return everything that matters in one line."""
    return _engine_line(facts, words) + (f"; {facts.withheld}" if facts.withheld else "")


def _engine_line(facts: EngineFacts, words: Speech) -> str:
    state, central, session = state_words(facts, words), central_words(facts, words), facts.session
    if session is not None and facts.state == "charging" and facts.fault is None:
        return words(
            "engine status, supplying",
            cp_id=facts.cp_id,
            state=state,
            driver=session.driver_id,
            kw=session.kw,
            kwh=kwh(session.energy_mwh),
            euros=euros(session.cost_cents),
            central=central,
        )
    return words(
        "engine status",
        cp_id=facts.cp_id,
        state=state,
        car=car_words(facts, words),
        central=central,
        kwh=kwh(facts.meter_mwh),
        seq=facts.last_seq,
    )


# ---- monitor


@dataclass(frozen=True, slots=True)
class Signal:
    """One lamp with its words."""

    lamp: Lamp
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorFacts:
    """What a monitor knows at this moment."""

    cp_id: str
    clock: str
    engine: Signal
    link: Signal
    central: Signal
    engine_at: str
    central_at: str
    heard_at: datetime | None
    monitors: int
    simulating: bool
    location: str = ""
    temperature_deci_celsius: int | None = None
    # Why Central has its charging point Out of Order; "" when it has not, or that is not known.
    withheld: str = ""


def monitor_line(facts: MonitorFacts, words: Speech) -> str:
    """Return the three lamps in one line, and why the charging point is Out of Order."""
    line = words(
        "monitor status",
        cp_id=facts.cp_id,
        engine=facts.engine.words,
        link=facts.link.words,
        central=facts.central.words,
    )
    return line + (f"; {facts.withheld}" if facts.withheld else "")


def located(title: str, location: str) -> str:
    """Return the title of a screen with the location, when that is known."""
    return f"{title} · {location}" if location else title


def warmth(deci_celsius: int | None) -> str:
    """Return a temperature after two blanks, or "" when it is not known."""
    return "" if deci_celsius is None else f"  {deci_celsius / 10:z.1f} °C"
