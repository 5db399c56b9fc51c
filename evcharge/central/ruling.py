"""A decision in the making: the facts, plus what this one command has changed and caused so far. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from evcharge.central.replies import Reply
from evcharge.central.state import Change, Driver, Facts
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.events import (
    DriverBarred,
    DriverBlocked,
    DriverWithdrawn,
    Event,
    KeyRevoked,
    PointWithdrawn,
)
from evcharge.domain.ids import CpId
from evcharge.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What this network's operators have chosen (config.toml [central]), and the present instant."""

    now: datetime
    # The seconds of a clock that nobody sets: lengths are computed from these, never from `now`.
    steady_s: float = 0.0
    wallets: bool = True
    welcome_credit_cents: int = 0
    # So many new drivers find it in their wallets: in all, and within an hour.
    welcome_drivers: int = 2_000
    welcome_per_hour: int = 200
    max_hold_cents: int = 2_000
    max_session_mwh: int = 100_000_000
    # The most that any charging point is believed to supply, and the fastest simulated time.
    max_power_w: int = 1_000_000
    max_speed_permille: int = 100_000_000
    max_active_per_driver: int = 1
    plug_within_s: int = 60
    unplugged_pause_s: int = 60
    # Whoever types a driver's id at a charging point needs neither its answer nor its PIN.
    manual_start_is_open: bool = False
    confirm_within_s: int = 30
    default_price_centi_cents_per_kwh: int = 2_500
    stop_on_monitor_lost: bool = False
    # What Central signs its STARTs with.
    sign_key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command changes, what happened thereby, and the answer to whoever gave it.

    Not `stored`: it holds already, and goes into the books when there is room on the disk.
    """

    events: tuple[Event, ...] = ()
    changes: tuple[Change, ...] = ()
    reply: Reply | None = None
    stored: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not self.events and not self.changes

    @property
    def withdraws(self) -> bool:
        """Whether somebody may take part, or charge, no longer."""
        ends = KeyRevoked | PointWithdrawn | DriverBlocked | DriverWithdrawn | DriverBarred
        return any(isinstance(event, ends) for event in self.events)


class Ruling(Facts):
    """Facts on top of `facts`, remembered as changes; `facts` themselves are left alone."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._changes: list[Change] = []
        self._events: list[Event] = []
        self.reply: Reply | None = None

    def put(self, change: Change) -> None:
        """Change one fact."""
        super().put(change)
        self._changes.append(change)

    def say(self, event: Event) -> None:
        """Let the world know, once it is stored."""
        self._events.append(event)

    def existing_point(self, cp_id: CpId) -> ChargingPoint:
        """Return a charging point that is known to exist."""
        point = self.point(cp_id)
        if point is None:
            raise LookupError(cp_id)
        return point

    def session_of(self, point: ChargingPoint) -> Session | None:
        """Return the open session of `point`, if it has one."""
        return self.session(point.session_id) if point.session_id is not None else None

    def changed_points(self) -> list[ChargingPoint]:
        """Return the charging points that were changed so far, as they are now."""
        return list(self._points.values())

    def changed_drivers(self) -> list[Driver]:
        """Return the drivers that were changed so far, as they are now."""
        return list(self._drivers.values())

    def decision(self) -> Decision:
        """Return what has been decided."""
        return Decision(tuple(self._events), tuple(self._changes), self.reply)
