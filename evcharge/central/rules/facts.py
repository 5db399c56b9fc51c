"""The committed facts that the rules decide on, held in memory. Pure.

A batch of commands is decided against what lies on top of them (`pending_facts`). Only when its transaction is
committed do they take it in; until then nobody else sees a thing.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice

from msgspec import Struct

from evcharge.central.rules.accounts import Account, ApiToken
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Question
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.issuer import Issuer
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.session import Session, Ticket

# A driver repeats a request for as long as it does not know the outcome; this many are remembered in memory.
# Older ones the books remember: the dispatcher asks them (`recall`).
REMEMBERED_REQUESTS = 50_000
REMEMBERED_ORDERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One driver: its wallet, its open sessions, its link.

    The wallet belongs to one `registration` of the id, not to the id: whoever is registered next has another.
    """

    driver_id: DriverId
    registration: int = 0
    # The Registry took it out of the network. Its wallet stays, to be paid out.
    withdrawn: bool = False
    balance_cents: int = 0
    held_cents: int = 0
    blocked: bool = False
    # An operator does not let it charge; unlike `blocked`, no new credential ends that.
    barred: bool = False
    epoch: int = 0
    # As of a charging point: credentials of this epoch may have been issued.
    epoch_told: bool = False
    sessions: frozenset[SessionId] = frozenset()
    link: int | None = None
    # Granted requests in a row that nobody plugged in for, and when the last one lapsed. Not stored: a start forgives.
    lapses: int = 0
    lapsed_s: float | None = None
    # The charging point that asks whether it wants to charge there.
    asked_by: CpId | None = None
    # With its PIN anybody may charge for up to so much; how often in a row it was typed wrongly.
    pin_hash: str | None = field(default=None, repr=False)
    pin_limit_cents: int = 0
    pin_misses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerWallet:
    """What an earlier registration of a driver's id left in its wallet, to be paid out."""

    driver_id: DriverId
    registration: int
    balance_cents: int


# Structs, not dataclasses, as the other two that a batch of METERs makes: one costs a fifth to make.
class JournalCursor(Struct, frozen=True):
    """How much of one journal of one charging point is committed here."""

    cp_id: CpId
    journal_id: JournalId
    last_seq: int


@dataclass(frozen=True, slots=True)
class JournalForgotten:
    """A journal of long ago: if it comes back, it is read from its beginning, and each of its records again."""

    cp_id: CpId
    journal_id: JournalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The weather at a location: what was measured last, and the alerts there are."""

    location: Location
    temperature_celsius: float | None = None
    wind_m_per_s: float | None = None
    measured_at: datetime | None = None
    received_at: datetime | None = None
    source: str = ""
    # Where the source takes the location to be: a country (ISO 3166, "" if it does not say) and degrees.
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    alerts: frozenset[WeatherKind] = frozenset()
    # An operator lets these charging points work in spite of the alerts there are now.
    override: bool = False

    @property
    def place(self) -> str:
        """Return what all spellings of its location have in common: a stored weather is found by it."""
        return self.location.key

    @property
    def withholds(self) -> bool:
        """Whether the charging points of this location must not work."""
        return bool(self.alerts) and not self.override


class TransferKind(StrEnum):
    """Why money moved."""

    TOP_UP = "TOP_UP"
    HOLD = "HOLD"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"
    CORRECTION = "CORRECTION"
    PAY_OUT = "PAY_OUT"


# What the welcome credit of each registration is called in the ledger; no reference of a top-up holds a blank.
WELCOME = "welcome "


@dataclass(frozen=True, slots=True)
class Welcomed:
    """How many new drivers found money in their wallet, and when the last of them did. The ledger has it all."""

    drivers: int = 0
    recent: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """`cents` leave account `debit` and enter account `credit`: both sides of the ledger in one row."""

    kind: TransferKind
    debit: str
    credit: str
    cents: int
    driver_id: DriverId
    # Whose wallet: that of this registration of the driver's id.
    registration: int = 0
    session_id: SessionId | None = None
    # The reference that the payer or the operator gave; no two transfers share one.
    reference: str | None = None
    # For an order: why, and who gave it.
    reason: str | None = None
    actor: str | None = None


class CorrectionKind(StrEnum):
    """The origin of a correction: a record of its charging point that came afterwards, or an operator."""

    RECORD = "RECORD"
    ORDER = "ORDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A difference to a ticket, which itself is never changed; `number` counts those of one."""

    session_id: SessionId
    number: int
    cp_id: CpId
    driver_id: DriverId
    kind: CorrectionKind
    energy_mwh: int
    cost_cents: int
    # As much of the cost as the wallet had, or as went back into it.
    paid_cents: int
    # When the charge ended, and how long it lasted, as is known now.
    ended_at: datetime
    elapsed_s: int | None
    reason: str
    # By this its ticket is counted in the statistics; so is this.
    ticket_ended_at: datetime
    # For an order: the reference that its author gave.
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A session that is over, its ticket with all corrections if it has one, and how many those are."""

    session: Session
    ticket: Ticket | None = None
    corrections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is still to be paid of a session that its wallet could not pay; the next money in that wallet does."""

    session_id: SessionId
    driver_id: DriverId
    # Whose: that of this registration of the driver's id.
    registration: int
    left_cents: int


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket leaves its driver's inbox."""

    session_id: SessionId
    driver_id: DriverId


@dataclass(frozen=True, slots=True)
class TicketUnseen:
    """A ticket lies in its driver's inbox: the books say so of one that memory has let go, or it is put there again."""

    session_id: SessionId
    driver_id: DriverId


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A record kept aside, because it is authentic and makes no sense.

    There is one of each `kind` (SUPPLY_START and so on) of each session that a charging point names; `times` counts
    it and its like. `ours`: of a session that Central authorised, so that it could be money.
    """

    cp_id: CpId
    session_id: SessionId
    kind: str
    journal_id: JournalId
    seq: int
    why: str
    record: str
    ours: bool
    times: int = 1


@dataclass(frozen=True, slots=True)
class OrderTaken:
    """An order that came over Kafka: it is not carried out again."""

    command_id: str


class MeterReading(Struct, frozen=True, kw_only=True):
    """How much a session had drawn after so many seconds: for its curve (`charge_curve`), and never for money.

    `speed_permille`: 0 while its engine has not said so since Central's start: then that of the reading before.
    `battery_permille`: how full the battery of its car was; None: nobody said.
    `thinned_to_s`: from now on one reading is kept of each stretch of so many seconds; 0: as before.
    """

    session_id: SessionId
    elapsed_s: int
    energy_mwh: int
    speed_permille: int
    battery_permille: int | None = None
    thinned_to_s: int = 0


class Metered(Struct, frozen=True):
    """A session that charges on: of what the books have of it, its register and its time alone are new."""

    session: Session


@dataclass(frozen=True, slots=True)
class OrderOffset:
    """The next order that Central reads of one partition of one Kafka cluster."""

    cluster: str
    partition: int
    next: int


Change = (
    ChargingPoint
    | Session
    | Driver
    | FormerWallet
    | JournalCursor
    | JournalForgotten
    | Ticket
    | Correction
    | Transfer
    | Welcomed
    | Debt
    | TicketSeen
    | TicketUnseen
    | Quarantined
    | Weather
    | Account
    | ApiToken
    | OrderTaken
    | OrderOffset
    | MeterReading
    | Metered
    | Issuer
)


def asks(
    driver: Driver | None, point_of: Callable[[CpId], ChargingPoint | None]
) -> tuple[ChargingPoint, Question] | None:
    """Return what `driver` is asked now, and which charging point asks, or None."""
    point = point_of(driver.asked_by) if driver is not None and driver.asked_by is not None else None
    return (point, point.question) if point is not None and point.question is not None else None


class Facts:
    """Charging points, open sessions, drivers, journals and recent requests: what is committed, and nothing else."""

    def __init__(self) -> None:
        self._points: dict[CpId, ChargingPoint] = {}
        # In order. Whoever asks for some of them must not make Central look at every point.
        self._ids: list[CpId] = []
        self._available: list[CpId] = []
        # The same points by their last use, of each town and ("") of all: "any" is given the first.
        self._by_use: dict[str, list[tuple[int, CpId]]] = {}
        self._sessions: dict[SessionId, Session] = {}
        self._drivers: dict[DriverId, Driver] = {}
        self._former_wallets: dict[tuple[DriverId, int], FormerWallet] = {}
        self._cursors: dict[tuple[CpId, JournalId], int] = {}
        self._journals: dict[CpId, list[JournalId]] = {}
        self._weather: dict[Location, Weather] = {}
        self._requests: dict[RequestId, Session | Ticket] = {}
        # Whose inbox a ticket lies in.
        self._unseen: dict[SessionId, DriverId] = {}
        # What drivers owe, by session, the oldest first.
        self._debts: dict[DriverId, dict[SessionId, Debt]] = {}
        # Ids of orders that came over Kafka, the oldest first.
        self._orders: dict[str, None] = {}
        self._quarantine: dict[tuple[CpId, SessionId, str], Quarantined] = {}
        # How many of them are not `ours`, by charging point.
        self._foreign: dict[CpId, int] = {}
        # The largest `last_used` of any charging point.
        self.uses: int = 0
        self.welcomed = Welcomed()
        # All that the books know, the oldest first.
        self.issuers: tuple[Issuer, ...] = ()

    def point(self, cp_id: CpId) -> ChargingPoint | None:
        """Return the charging point, also a withdrawn one, or None when it is unknown."""
        return self._points.get(cp_id)

    def points(self) -> Iterator[ChargingPoint]:
        """Yield every charging point of the network: none that was withdrawn."""
        yield from (point for point in self._points.values() if not point.withdrawn)

    def points_after(self, cp_id: str, most: int) -> list[ChargingPoint]:
        """Return the first charging points of the network beyond that id, by id."""
        place = bisect_right(self._ids, cp_id)
        found = (self._points[one] for one in islice(self._ids, place, None))
        return list(islice((point for point in found if not point.withdrawn), most))

    def available(self, most: int) -> list[ChargingPoint]:
        """Return the first charging points that are Available, by id."""
        return [self._points[cp_id] for cp_id in self._available[:most]]

    def free(self, town_key: str = "") -> Iterator[ChargingPoint]:
        """Yield every charging point that is Available (there), the one that was used longest ago first."""
        yield from (self._points[cp_id] for _, cp_id in self._by_use.get(town_key, ()))

    def session(self, session_id: SessionId) -> Session | None:
        """Return the session while it is open, else None."""
        return self._sessions.get(session_id)

    def sessions(self) -> Iterator[Session]:
        """Yield every open session."""
        yield from self._sessions.values()

    def driver(self, driver_id: DriverId) -> Driver | None:
        """Return the driver who has that id now, or had it last; None when unknown."""
        return self._drivers.get(driver_id)

    def asking(self, driver_id: DriverId) -> tuple[ChargingPoint, Question] | None:
        """Return what the driver is asked now, and which charging point asks, or None."""
        return asks(self.driver(driver_id), self.point)

    def drivers(self) -> Iterator[Driver]:
        """Yield every driver of the network, none that was withdrawn."""
        yield from (driver for driver in self._drivers.values() if not driver.withdrawn)

    def left_wallets(self) -> Iterator[FormerWallet]:
        """Yield what is left in the wallets of drivers that were withdrawn."""
        for wallet in self._former_wallets.values():
            if wallet.balance_cents:
                yield wallet
        for driver in self._drivers.values():
            if driver.withdrawn and driver.balance_cents:
                yield FormerWallet(
                    driver_id=driver.driver_id,
                    registration=driver.registration,
                    balance_cents=driver.balance_cents,
                )

    def former_wallet(self, driver_id: DriverId, registration: int) -> FormerWallet | None:
        """Return the wallet of an earlier registration of `driver_id`, if there was one."""
        return self._former_wallets.get((driver_id, registration))

    def last_seq(self, cp_id: CpId, journal_id: JournalId) -> int:
        """Return how much of that journal is committed (0: nothing)."""
        return self._cursors.get((cp_id, journal_id), 0)

    def journals(self, cp_id: CpId) -> list[JournalId]:
        """Return the journals of which something is committed, the one seen first at the beginning."""
        known = self._journals.get(cp_id, ())
        return [journal_id for journal_id in known if self._cursors.get((cp_id, journal_id)) != 0]

    def weather(self, location: Location) -> Weather | None:
        """Return the weather there, or None when nothing is known."""
        return self._weather.get(location)

    def weathers(self) -> Iterator[Weather]:
        """Yield the weather of every location that has any."""
        yield from self._weather.values()

    def outcome(self, request_id: RequestId) -> Session | Ticket | None:
        """Return what became of a request that was granted, or None."""
        return self._requests.get(request_id)

    def unseen_by(self, session_id: SessionId) -> DriverId | None:
        """Return the driver who has not seen the ticket of that session yet, if there is one."""
        return self._unseen.get(session_id)

    def debts_under(self, driver_id: DriverId) -> list[Debt]:
        """Return what is owed under an id, whichever registration, the oldest debt first."""
        return list(self._debts.get(driver_id, {}).values())

    def debts(self, driver_id: DriverId, registration: int) -> list[Debt]:
        """Return what a driver owes, the oldest debt first; nothing of another registration of its id."""
        return [debt for debt in self.debts_under(driver_id) if debt.registration == registration]

    def owed_cents(self, driver_id: DriverId, registration: int) -> int:
        """Return what a driver owes in all."""
        return sum(debt.left_cents for debt in self.debts(driver_id, registration))

    def debtors(self) -> Iterator[tuple[DriverId, int]]:
        """Yield who owes something, and how many cents in all, whichever registration."""
        for driver_id, owed in self._debts.items():
            yield driver_id, sum(debt.left_cents for debt in owed.values())

    def order_taken(self, command_id: str) -> bool:
        """Return whether that order was taken, as far as is remembered; older ones are refused for their age."""
        return command_id in self._orders

    def quarantined(self, cp_id: CpId, session_id: SessionId, kind: str) -> Quarantined | None:
        """Return the record of that kind and session that is kept aside."""
        return self._quarantine.get((cp_id, session_id, kind))

    def foreign_records(self, cp_id: CpId) -> int:
        """Return how many records of that charging point are kept aside that cannot be money."""
        return self._foreign.get(cp_id, 0)

    def put(self, change: Change) -> None:
        """Take in one new fact."""
        match change:
            # What a batch of METERs changes comes first: most commits are these.
            case MeterReading():
                pass
            case Metered(session=session):
                self._sessions[session.session_id] = self._requests[session.request_id] = session
            case JournalCursor():
                if self.last_seq(change.cp_id, change.journal_id) == 0:
                    self._journals.setdefault(change.cp_id, []).append(change.journal_id)
                self._cursors[change.cp_id, change.journal_id] = change.last_seq
            case ChargingPoint():
                if change.cp_id not in self._points:
                    insort(self._ids, change.cp_id)
                self._note_available(change)
                self._points[change.cp_id] = change
                self.uses = max(self.uses, change.last_used)
            case Session():
                if change.is_open:
                    self._sessions[change.session_id] = change
                else:
                    self._sessions.pop(change.session_id, None)
                self._requests[change.request_id] = change
            case Ticket():
                self._requests[change.request_id] = change
                self._unseen[change.session_id] = change.driver_id
            case TicketSeen():
                self._unseen.pop(change.session_id, None)
            case TicketUnseen():
                self._unseen[change.session_id] = change.driver_id
            case Driver():
                self._drivers[change.driver_id] = change
            case FormerWallet():
                self._former_wallets[change.driver_id, change.registration] = change
            case Debt():
                self._owe(change)
            case JournalForgotten():
                if self._cursors.pop((change.cp_id, change.journal_id), None) is not None:
                    self._journals[change.cp_id].remove(change.journal_id)
            case Weather():
                self._weather[change.location] = change
            case Quarantined():
                self._set_aside(change)
            case Welcomed():
                self.welcomed = change
            case Issuer():
                self.issuers = (*self.issuers, change)
            case OrderTaken():
                self._orders[change.command_id] = None
                if len(self._orders) > REMEMBERED_ORDERS:
                    del self._orders[next(iter(self._orders))]
            case _:
                pass  # what else changes lives in the database alone

    def _owe(self, debt: Debt) -> None:
        owed = self._debts.setdefault(debt.driver_id, {})
        owed[debt.session_id] = debt
        if not debt.left_cents:
            del owed[debt.session_id]
            if not owed:
                del self._debts[debt.driver_id]

    def _set_aside(self, change: Quarantined) -> None:
        known = self.quarantined(change.cp_id, change.session_id, change.kind)
        more = (not change.ours) - (known is not None and not known.ours)
        self._foreign[change.cp_id] = self._foreign.get(change.cp_id, 0) + more
        self._quarantine[change.cp_id, change.session_id, change.kind] = change

    def _note_available(self, point: ChargingPoint) -> None:
        before = self._points.get(point.cp_id)
        if before is not None and before.status is CpStatus.AVAILABLE:
            del self._available[bisect_left(self._available, point.cp_id)]
            for key in {"", before.location.town_key}:
                placed = self._by_use[key]
                del placed[bisect_left(placed, (before.last_used, point.cp_id))]
                if not placed:
                    del self._by_use[key]
        if point.status is CpStatus.AVAILABLE:
            insort(self._available, point.cp_id)
            for key in {"", point.location.town_key}:
                insort(self._by_use.setdefault(key, []), (point.last_used, point.cp_id))

    def forget_old_requests(self) -> None:
        """Keep memory bounded: drop the oldest outcomes and unseen tickets when there are too many."""
        if len(self._unseen) > REMEMBERED_REQUESTS:
            for session_id in list(islice(self._unseen, REMEMBERED_REQUESTS // 10)):
                del self._unseen[session_id]
        if len(self._requests) > REMEMBERED_REQUESTS:
            for request_id, outcome in list(islice(self._requests.items(), REMEMBERED_REQUESTS // 10)):
                if isinstance(outcome, Ticket) or not outcome.is_open:
                    del self._requests[request_id]
