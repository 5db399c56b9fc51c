"""A decision in the making: the facts, plus what this one command has changed and caused so far. Pure."""

from msgspec import Struct

from evcharge.central.rules.facts import Change, Driver, Facts
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.replies import Reply
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.events import (
    DriverBarred,
    DriverBlocked,
    DriverWithdrawn,
    Event,
    KeyRevoked,
    PointWithdrawn,
)
from evcharge.domain.ids import CpId, DriverId
from evcharge.domain.session import Session


class Decision(Struct, frozen=True):
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


class Draft(PendingFacts):
    """What one command changes of `facts` and causes, so far; `facts` themselves are left alone."""

    def __init__(self, facts: Facts | PendingFacts) -> None:
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

    def existing_driver(self, driver_id: DriverId) -> Driver:
        """Return a driver that is known to exist."""
        driver = self.driver(driver_id)
        if driver is None:
            raise LookupError(driver_id)
        return driver

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
