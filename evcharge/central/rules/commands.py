"""What somebody wants of Central, in the imperative: the only things that can change the network. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

from evcharge.central.rules.accounts import Account, ApiToken
from evcharge.central.rules.alert_kinds import Alert
from evcharge.central.rules.facts import OrderOffset
from evcharge.domain.charging_point import Hold
from evcharge.domain.events import (
    AccountAdded,
    AccountChanged,
    AccountRemoved,
    CentralStarted,
    CentralStopped,
    ChainBroken,
    ClockJumped,
    ClockOff,
    ClockRight,
    FiguresUnderstood,
    InputRefused,
    KafkaLost,
    KafkaReached,
    LoggedIn,
    LoggedOut,
    LoginLinkMade,
    LoginRefused,
    MemberAway,
    MemberBack,
    NotifyLost,
    NotifyReached,
    RecordQuarantined,
    RegistrationChanged,
    RegistryAnchored,
    RegistryLost,
    RegistryNoted,
    RegistryReached,
    StartRefused,
    StorageRestored,
    StraySupply,
    TokenMade,
    TokenRemoved,
    WeatherLost,
    WeatherReached,
)
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, Role, SessionId
from evcharge.domain.journal_records import AnyRecord, Meter
from evcharge.domain.location import NOWHERE, Location, WeatherKind
from evcharge.domain.operator_order import Order


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of an act, its role and its address: the first columns of the audit log."""

    id: str
    role: Role
    address: str


# Records that an engine sends while it charges: one a second, five at a time.
_FEW = 10
CENTRAL = Actor("central", Role.CENTRAL, "local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something asked of Central by `by`."""

    # Facts have happened already: while the disk is full they wait, they are never refused.
    is_fact: ClassVar[bool] = False
    # What takes a permission away holds at once: while the disk is full it waits to be stored, as facts do.
    acts_at_once: ClassVar[bool] = False
    by: Actor

    @property
    def can_wait(self) -> bool:
        """Whether nobody notices that it is stored a moment later, together with others."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class FromLink(Command):
    """Came over connection `link`, which logged in with a credential of `epoch`."""

    link: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineArrives(FromLink):
    """An engine proved who it is and named its journal."""

    cp_id: CpId
    location: Location
    registration: int = 0
    journal_id: JournalId
    last_seq: int
    # 0: it does not say.
    max_power_w: int = 0
    speed_permille: int = 0
    # Where whoever started it says that it stands, if anybody did. `location` is that of its ticket.
    said_location: Location = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLeaves(Command):
    """The connection `link` of an engine ended."""

    is_fact = True
    cp_id: CpId
    link: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorArrives(FromLink):
    """A monitor proved who it is."""

    cp_id: CpId
    location: Location
    registration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorReports(FromLink):
    """A monitor says how its engine is; `fault` is None when it is well. `occupied`: a vehicle is plugged in.

    `live_mwh` is what the screens showed last of the running charge: it was journaled before it was shown. `times`
    counts the reports before this one that came too soon to be taken in, and this one.
    """

    is_fact = True
    cp_id: CpId
    fault: str | None
    occupied: bool = False
    live_mwh: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLeaves(Command):
    """The connection `link` of a monitor ended."""

    is_fact = True
    cp_id: CpId
    link: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverArrives(FromLink):
    """A driver proved who it is."""

    driver_id: DriverId
    registration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverLeaves(Command):
    """The connection `link` of a driver ended."""

    is_fact = True
    driver_id: DriverId
    link: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverVisits(Command):
    """A driver came through the web: one who was never here gets a wallet, and no link.

    `epoch` and `registration` are those of the credential it showed; 0 of one with an account of Central's.
    """

    driver_id: DriverId
    epoch: int = 0
    registration: int = 0


class Reach(StrEnum):
    """How a driver can be asked now whether it stands at a charging point."""

    NOBODY = "nobody"
    # Its app is connected, but of a release that does not know the question.
    OLD_APP = "old app"
    DRIVER = "driver"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A driver's id was typed at a charging point.

    `proved` is the kept hash of the PIN that was typed with it, None when the PIN was wrong or none was typed.
    """

    reach: Reach = Reach.NOBODY
    has_pin: bool = False
    proved: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaybeFromLink(Command):
    """Came over connection `link`, which logged in with a credential of `epoch`; or, when None, from a web page."""

    link: int | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCharging(MaybeFromLink):
    """A driver asks for `cp_id`, or for any charging point. `nonce` makes the session's name unguessable.

    `by_hand`: its id was typed at the charging point `cp_id`, whose engine says so and gets the answer.
    """

    driver_id: DriverId
    request_id: RequestId
    nonce: str
    cp_id: CpId | None = None
    location: Location | None = None
    by_hand: ByHand | None = None
    # The charge is to end after so much energy, or so much money.
    until_mwh: int | None = None
    until_cents: int | None = None
    # The price that its driver was shown, in 1/100 cent per kWh: it begins at no higher one. None: any will do.
    shown_price: int | None = None
    # An operator asks for a driver who stands there; it is told so, and its wallet pays, by the rules of any request.
    by_operator: bool = False

    @property
    def by_another(self) -> bool:
        """Whether somebody else than the driver reads the answer."""
        return self.by_hand is not None or self.by_operator


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStart(MaybeFromLink):
    """A driver says whether it wants the charge that was asked for at a charging point."""

    driver_id: DriverId
    request_id: RequestId
    yes: bool
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUpStart(Command):
    """A driver has been silent for too long about a charge that was asked for at `cp_id`."""

    is_fact = True
    cp_id: CpId
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultUnconfirmed(Command):
    """An engine ended a charge for a fault, and its monitor has had time enough to find it."""

    is_fact = True
    cp_id: CpId


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPin(MaybeFromLink):
    """A driver chooses a PIN (kept as `pin_hash`) and what a charge with it may cost, or gives it up (None).

    `registration`: whose page it was typed on, while it was being hashed the id may have got another owner.
    """

    driver_id: DriverId
    registration: int | None = None
    pin_hash: str | None = field(repr=False)
    limit_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCharging(MaybeFromLink):
    """A driver asks to end its session; one that has several says which."""

    driver_id: DriverId
    session_id: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCharge(Command):
    """An operator ends one session, and nothing else: its charging point stays in service, its driver may charge."""

    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReady(FromLink):
    """An engine took a session and waits for the plug."""

    cp_id: CpId
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRecords(FromLink):
    """An engine delivers records of its journal, oldest first."""

    cp_id: CpId
    journal_id: JournalId
    records: tuple[AnyRecord, ...]

    @property
    def can_wait(self) -> bool:
        """METERs of the last seconds; an engine that catches up sends more, and waits for each answer."""
        return len(self.records) <= _FEW and all(isinstance(record, Meter) for record in self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkTicketShown(MaybeFromLink):
    """A driver has seen a ticket."""

    driver_id: DriverId
    session_id: SessionId


# Not the one of a new journal: a rule places it, and closing its alert lifts it.
OrderedHold = Literal[Hold.OPERATOR, Hold.WEATHER]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command):
    """Withhold one charging point, or all of them (`cp_id` None); its session ends."""

    cp_id: CpId | None
    hold: OrderedHold


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftHold(Command):
    """Take back that hold, and no other."""

    cp_id: CpId | None
    hold: OrderedHold


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAlert(Command):
    """Close an alert that nothing else would end; of a new journal, that confirms it."""

    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAlert(Command):
    """Take an open alert for its author, or (not `taken`) leave it."""

    alert: Alert
    taken: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKeys(Command):
    """Withdraw the keys of a charging point or a driver; `epoch` is the Registry's, when it ordered this."""

    acts_at_once = True
    subject: str
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """The Registry took an id out of the network: that `registration` of it, and the tickets below `epoch`."""

    acts_at_once = True
    subject: str
    epoch: int
    registration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp(Command):
    """Put money into a wallet. The books take each `reference` once, so that it may be said again."""

    driver_id: DriverId
    cents: int
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyOrder(Command):
    """Money moves because an operator says so, and why. The books take each `reference` once."""

    reason: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectMoney(MoneyOrder):
    """Put `cents` into a wallet, or take them out (below 0); with a session, as a correction of its ticket."""

    driver_id: DriverId
    cents: int
    session_id: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(MoneyOrder):
    """Give back what the ticket of a session cost: all of it (`cents` None), or a part."""

    session_id: SessionId
    cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOut(MoneyOrder):
    """Pay out a wallet (`cents` None: all that is free), also one left by an earlier `registration` of the id."""

    driver_id: DriverId
    cents: int | None = None
    registration: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BarDriver(Command):
    """Block a driver from charging, or lift the block. Its session ends."""

    acts_at_once = True
    driver_id: DriverId
    barred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrice(Command):
    """Change what a kWh costs at a charging point. A running session keeps the price it began with."""

    cp_id: CpId
    price_centi_cents_per_kwh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePoint(Command):
    """Say where a charging point stands; this holds until its engine says something that it did not say before."""

    cp_id: CpId
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFollows(Command):
    """The Registry has taken in that a charging point stands at `location`."""

    is_fact = True
    cp_id: CpId
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherReport(Command):
    """A source of weather says what it measured at a location."""

    location: Location
    temperature_celsius: float
    wind_m_per_s: float | None = None
    measured_at: datetime | None = None
    source: str = ""
    # Where the source takes it to be; None: it does not say, and what is known stays.
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherAlert(Command):
    """The weather at a location forbids charging."""

    location: Location
    alert: WeatherKind
    temperature_celsius: float | None = None
    measured_at: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherClear(Command):
    """Every weather alert of a location is over, or only that one."""

    location: Location
    alert: WeatherKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherOverride(Command):
    """An operator lets the charging points of a location work in spite of the alerts there are, or no longer."""

    location: Location
    override: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLost(Command):
    """Close a session whose engine does not come back: billed at the last committed meter, or the hold goes back.

    `unless_begun`: only when no power is known to have flowed. `cut_off`: its engine had its last word, or may not
    speak any more.
    """

    session_id: SessionId
    unless_begun: bool = False
    cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrder(Command):
    """An operator's order that came over Kafka; None for a record that holds none. `place` is what to read next."""

    acts_at_once = True
    order: Order | None
    place: OrderOffset


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCentral(Command):
    """Central starts, as `event` tells; from now on receipts are issued by whom the settings name."""

    is_fact = True
    event: CentralStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Command):
    """Keep in the audit log what happened without changing anything."""

    is_fact = True
    event: (
        InputRefused
        | LoginRefused
        | RecordQuarantined
        | StraySupply
        | StartRefused
        | ClockJumped
        | ClockOff
        | ClockRight
        | CentralStopped
        | StorageRestored
        | RegistryLost
        | RegistryReached
        | MemberAway
        | MemberBack
        | RegistryAnchored
        | RegistryNoted
        | KafkaLost
        | KafkaReached
        | NotifyLost
        | NotifyReached
        | FiguresUnderstood
        | WeatherLost
        | WeatherReached
        | ChainBroken
        | LoggedIn
        | LoggedOut
        | LoginLinkMade
        | RegistrationChanged
    )


AccessEvent = AccountAdded | AccountChanged | AccountRemoved | TokenMade | TokenRemoved


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccess(Command):
    """Change who may use Central's pages and API: `event` says what happens, `change` is the row of it."""

    event: AccessEvent
    change: Account | ApiToken


AnyCommand = (
    EngineArrives
    | EngineLeaves
    | MonitorArrives
    | MonitorReports
    | MonitorLeaves
    | DriverArrives
    | DriverLeaves
    | DriverVisits
    | StartCharging
    | AnswerStart
    | GiveUpStart
    | FaultUnconfirmed
    | SetPin
    | StopCharging
    | EndCharge
    | ReportReady
    | TakeRecords
    | MarkTicketShown
    | PlaceHold
    | LiftHold
    | CloseAlert
    | TakeAlert
    | RevokeKeys
    | Withdraw
    | TopUp
    | CorrectMoney
    | Refund
    | PayOut
    | BarDriver
    | SetPrice
    | MovePoint
    | RegistryFollows
    | WeatherReport
    | WeatherAlert
    | WeatherClear
    | WeatherOverride
    | CloseLost
    | TakeOrder
    | StartCentral
    | Note
    | ChangeAccess
)
