"""The facts about one charging point, and the status that follows from them. Pure.

Nothing ever assigns a status: it is read off the facts, so that good weather cannot undo an operator,
nor a cleared fault a hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.location import NOWHERE, Location


class CpStatus(StrEnum):
    """What a charging point shows (OCPP 1.6 words, plus the one OCPP leaves implicit)."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"
    DISCONNECTED = "Disconnected"
    # No session, but a vehicle is still plugged in: never given to a driver who asks for any charging point.
    FINISHING = "Finishing"


class Hold(StrEnum):
    """A reason that withholds a healthy charging point. Each is placed and lifted on its own."""

    OPERATOR = "operator"
    WEATHER = "weather"
    # Its engine came with another journal: until an operator closes that alert.
    JOURNAL = "journal"


def in_order(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    """Return `holds` as events and screens list them."""
    return tuple(sorted(holds))


class LocatedBy(StrEnum):
    """The origin of a location. The Registry: an administrator, with a new credential."""

    ENGINE = "engine"
    OPERATOR = "operator"
    REGISTRY = "registry"


WITHDRAWN = "withdrawn"
NO_LINK = "no link to Central"
NEW_JOURNAL = "new journal not confirmed"
OCCUPIED = "vehicle plugged in"
# Until its monitor says which: of a charge that its engine ended for a fault.
ENGINE_FAULT = "its engine ended a charge for a fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A driver's id was typed at a charging point, and that driver was asked whether it wants to charge there."""

    request_id: RequestId
    driver_id: DriverId
    price_centi_cents_per_kwh: int
    hold_cents: int
    within_s: int
    # The instant is for screens; how long ago that was, the steady clock tells.
    asked_at: datetime
    asked_s: float

    def left_s(self, steady_s: float) -> int:
        """Return how many seconds the driver has left."""
        return round(min(max(1.0, self.asked_s + self.within_s - steady_s), self.within_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingPoint:
    """Independent facts about one charging point, as Central knows them."""

    cp_id: CpId
    location: Location = NOWHERE
    # Where the Registry has it, as far as is known here: it follows.
    registered_location: Location = NOWHERE
    # Where its engine said last that it stands: only another word than that is news, and moves it.
    said_location: Location = NOWHERE
    # Whether an operator put it where it stands.
    located_by_operator: bool = False
    price_centi_cents_per_kwh: int = 0
    # The connections through which its monitor and engine speak; None while there is none.
    monitor_link: int | None = None
    engine_link: int | None = None
    # An engine whose keys were withdrawn during a session may still tell over this link how that ended.
    parting_link: int | None = field(default=None, compare=False)
    # Whether the monitor has reported the engine's health over its present connection.
    monitor_heard: bool = False
    fault: str | None = None
    holds: frozenset[Hold] = frozenset()
    # Central withdrew its keys. It returns with a ticket of at least `epoch`.
    revoked: bool = False
    # The Registry took it out of the network. Its id returns with the next registration.
    withdrawn: bool = False
    # Counts the registrations of its id.
    registration: int = 0
    epoch: int = 0
    # The Registry has told of this epoch, so that credentials of it may have been issued.
    epoch_told: bool = False
    session_id: SessionId | None = None
    charging: bool = False
    # A vehicle is plugged in, as the monitor says; and whose, when a charge of that driver ended with it plugged in.
    occupied: bool = False
    occupied_by: DriverId | None = None
    # Like the links, it does not outlive Central: whoever asked and whoever was asked are gone, too.
    question: Question | None = None
    journal_id: JournalId | None = None
    # Where the last charge left its register, by the present journal.
    register_mwh: int | None = None
    # What its engine says that it can supply, and how fast its simulated time runs; 0: it does not say.
    max_power_w: int = field(default=0, compare=False)
    speed_permille: int = field(default=0, compare=False)
    # How far its engine said at its arrival that this journal goes: what is not told yet may be a charge.
    journal_end: int = 0
    # Grows by one with each authorisation anywhere: the smallest is the least recently used.
    last_used: int = 0

    @property
    def status(self) -> CpStatus:
        """Return what is shown: the worst news first (docs/adr/0001)."""
        if self.revoked or self.withdrawn:
            return CpStatus.UNAVAILABLE
        if not self.monitor_heard:
            return CpStatus.DISCONNECTED
        if self.fault is not None or self.engine_link is None:
            return CpStatus.FAULTED
        if self.holds:
            return CpStatus.UNAVAILABLE
        if self.session_id is not None:
            return CpStatus.CHARGING if self.charging else CpStatus.PREPARING
        if self.occupied:
            return CpStatus.FINISHING
        return CpStatus.AVAILABLE

    @property
    def reason(self) -> str:
        """Return why it shows that status, in a few plain words, or ""."""
        match self.status:
            case CpStatus.UNAVAILABLE if self.withdrawn:
                return WITHDRAWN
            case CpStatus.UNAVAILABLE if self.revoked:
                return "key revoked"
            case CpStatus.UNAVAILABLE:
                return ", ".join(NEW_JOURNAL if hold is Hold.JOURNAL else hold for hold in sorted(self.holds))
            case CpStatus.FAULTED:
                return self.fault if self.fault is not None else NO_LINK
            case CpStatus.DISCONNECTED:
                return "its monitor is not heard"
            case CpStatus.FINISHING:
                return OCCUPIED
            case _:
                return ""
