"""The life of a charging session, the reasons it ends for, and its ticket. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from msgspec import Struct

from evcharge.domain.billing import MAX_SESSION_MWH
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.tariff import Consumption, Tariff


class SessionState(StrEnum):
    """AUTHORISED -> CHARGING -> TICKETED, or AUTHORISED -> REFUSED when no power flowed."""

    AUTHORISED = "AUTHORISED"
    CHARGING = "CHARGING"
    TICKETED = "TICKETED"
    REFUSED = "REFUSED"


class EndReason(StrEnum):
    """Why a session ended, or why the charging point did not take it."""

    UNPLUGGED = "unplugged"
    DRIVER = "driver"
    OPERATOR = "operator"
    WEATHER = "weather"
    FAULT = "fault"
    LIMIT = "limit"
    OWN_LIMIT = "own limit"
    FULL = "battery full"
    RESTART = "restart"
    REVOKED = "key revoked"
    MONITOR_LOST = "monitor lost"
    LOST = "charging point lost"
    JOURNAL_DAMAGED = "journal damaged"
    SHUTDOWN = "engine stopped"
    NOT_PLUGGED = "not plugged in"
    BUSY = "busy"
    NOT_STARTED = "never started"
    OTHER = "other"

    @classmethod
    def read(cls, text: str) -> "EndReason":
        """Return the reason named `text`; an unknown one is OTHER: what has happened is never refused."""
        try:
            return cls(text)
        except ValueError:
            return cls.OTHER


# What Central hears of later than this after it ended is shown as late.
LATE_S = 60.0


def own_limit_mwh(tariff: Tariff, until_mwh: int | None, until_cents: int | None) -> int | None:
    """Return the energy after which its driver wants a charge to end, in mWh; None: it did not say."""
    most_mwh = MAX_SESSION_MWH if until_mwh is None else until_mwh
    if until_cents is not None:
        return tariff.affordable_mwh(until_cents, Consumption(most_mwh))
    return until_mwh


# A struct, not a dataclass: it is made anew with every batch of readings, and `replace` took 15 us instead of 0.5.
class Session(Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One charge from authorisation to ticket. Meters are the charging point's register in mWh.

    Two are equal when the books would tell them so.
    """

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    state: SessionState
    price_centi_cents_per_kwh: int
    hold_cents: int
    limit_mwh: int
    authorised_at: datetime
    plug_within_s: int
    # Its driver wants it to end after so much energy, or so much money; `limit_mwh` is what came of it.
    until_mwh: int | None = None
    until_cents: int | None = None
    # An operator asked for it, for a driver who stood there.
    by_operator: bool = False
    # Whose: that registration of the driver's id.
    registration: int = 0
    start_meter_mwh: int = 0
    meter_mwh: int = 0
    # The books had lost it with a restored copy; and what it was granted and the wallet had no more: that may be owed.
    rebuilt: bool = False
    short_cents: int = 0
    # What the register counted beyond what is believed; nobody pays for it.
    excess_mwh: int = 0
    # By Central's clock: what the engine says is Central's instant of authorisation, carried on by steady seconds.
    started_at: datetime | None = None
    ended_at: datetime | None = None
    # How long the charge has lasted by its records; None when its engine does not say.
    elapsed_s: int | None = None
    # When Central heard of the end.
    received_at: datetime | None = None
    # A stop was ordered for this reason; the engine's record will say how it really ended.
    stop_reason: EndReason | None = None
    end_reason: EndReason | None = None
    # Billed by estimate: its engine may still tell how it ended.
    awaits_end: bool = False
    # Its engine has taken it and waits for the plug. Not in the books: after a restart the engine is asked again.
    ready: bool = False
    # What may still be metered beyond its power and time, because seconds are rounded; None: a full measure of it.
    spare_mwh: int | None = None
    # When it was authorised, and when its start was heard, by the steady clock of this run of Central; None: before it.
    authorised_s: float | None = None
    started_s: float | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Session) and _kept_of(self) == _kept_of(other)

    def __hash__(self) -> int:
        return hash(self.session_id)

    @property
    def is_open(self) -> bool:
        """Whether the charging point is still taken by this session."""
        return self.state in (SessionState.AUTHORISED, SessionState.CHARGING)

    @property
    def energy_mwh(self) -> int:
        """Energy delivered so far, as far as Central has committed and believes it."""
        return self.meter_mwh - self.start_meter_mwh - self.excess_mwh

    @property
    def tariff(self) -> Tariff:
        """What it costs, as that was when it was authorised."""
        return Tariff(self.price_centi_cents_per_kwh)

    def cost_cents(self, energy_mwh: int | None = None) -> int:
        """Return what it costs in cents when it has drawn `energy_mwh`; without: as much as is committed here."""
        drawn_mwh = self.energy_mwh if energy_mwh is None else energy_mwh
        return self.tariff.cost_cents(Consumption(drawn_mwh, self.started_at, self.elapsed_s))

    def shown_cents(self, energy_mwh: int) -> int:
        """Return what screens say that `energy_mwh` costs: never more than what is held for it."""
        return self.allowed_cents(self.cost_cents(energy_mwh))

    def allowed_cents(self, cents: int) -> int:
        """Return `cents`, but never more than is held for it."""
        return min(cents, self.hold_cents) if self.hold_cents else cents

    @property
    def granted_cents(self) -> int:
        """The most that it may cost; 0: nobody pays for it."""
        return self.hold_cents + self.short_cents

    @property
    def limit_reason(self) -> EndReason:
        """Why it ends at its limit: its driver's own wish, or what may be spent at most."""
        own_mwh = own_limit_mwh(self.tariff, self.until_mwh, self.until_cents)
        return EndReason.OWN_LIMIT if own_mwh == self.limit_mwh else EndReason.LIMIT

    @property
    def most_mwh(self) -> int:
        """The most energy that is billed, whatever is metered."""
        return min(self.limit_mwh, MAX_SESSION_MWH)


# What is no part of the books: it is known to one run of Central only.
_OF_THIS_RUN = frozenset({"ready", "spare_mwh", "authorised_s", "started_s"})
_kept_of = attrgetter(*(name for name in Session.__struct_fields__ if name not in _OF_THIS_RUN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The final bill of one session. Immutable; `estimated` when its last meter was never received."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    energy_mwh: int
    cost_cents: int
    price_centi_cents_per_kwh: int
    reason: EndReason
    started_at: datetime
    ended_at: datetime
    # When Central heard of the end.
    received_at: datetime
    # How long it lasted by the records of the charging point; None when they do not say: its times are of arrival.
    elapsed_s: int | None = None
    estimated: bool = False
    # What corrections have come to since.
    corrected_mwh: int = 0
    corrected_cents: int = 0
    # As much of that as was paid, or given back.
    corrected_paid_cents: int = 0
    registration: int = 0
    # An operator asked for it.
    by_operator: bool = False
    # The VAT that its price contains, in thousandths, as it was when the charge ended; None: nobody kept it.
    vat_permille: int | None = None
    # Who issued receipts then, by its number in the books; None: nobody kept it.
    issuer: int | None = None

    @property
    def vat_percent(self) -> float | None:
        """The VAT that its price contains, in percent; None: nobody kept it."""
        return self.vat_permille / 10 if self.vat_permille is not None else None

    @property
    def late(self) -> bool:
        """Whether Central heard of the end so much later that its readers should know."""
        return (self.received_at - self.ended_at).total_seconds() > LATE_S
