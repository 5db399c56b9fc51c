"""What peers say to each other: one struct each, one codec. Pure.

A message is parsed once, at the door: types, ranges and missing fields are checked here and nowhere else; fields
that are not known here are ignored, because a newer peer may send them. Energy is in mWh, money in cents, prices
in 1/100 cent per kWh. The journal of an engine keeps the same `Record` structs that it sends.
"""

from types import MappingProxyType
from typing import Annotated, ClassVar, TypeVar, dataclass_transform, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.features import OF_MESSAGES, Feature
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import (
    AnyRecord,
    Cents,
    Count,
    DeciCelsius,
    Difference,
    Elapsed,
    Energy,
    Growing,
    Id,
    Instant,
    Key,
    OwnLimitCents,
    OwnLimitMwh,
    Permille,
    Power,
    Price,
    Record,
    Seconds,
    SessionEnergy,
    Speed,
    Text,
    Token,
)
from evcharge.domain.strict_json import JsonReader, NotJson
from evcharge.runtime import failures

# Brackets around an IPv6 address.
Place = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:%\[\]-]{1,255}:[0-9]{1,5}\Z")]
Pin = Annotated[str, Meta(pattern=r"\A[0-9]{4,12}\Z")]


# Frozen is inherited; that all fields are given by name is for the type checker to hold.
@dataclass_transform(frozen_default=True, kw_only_default=True)
class Message(Growing, frozen=True, tag_field="t", gc=False):
    """Anything said inside an EVC1 frame.

    `senders` are the roles that may say it; `feature` is what its reader must speak when the first release lacks
    the whole message.
    """

    senders: ClassVar[frozenset[Role]] = frozenset()
    feature: ClassVar[Feature | None] = None


_PEERS = frozenset({Role.ENGINE, Role.MONITOR, Role.DRIVER})
_ENGINE = frozenset({Role.ENGINE})
_MONITOR = frozenset({Role.MONITOR})
_DRIVER = frozenset({Role.DRIVER})
_CENTRAL = frozenset({Role.CENTRAL})


# ---- everybody


class Heartbeat(Message, tag="HEARTBEAT"):
    """I am alive. Central answers each one with its own."""

    senders = _PEERS | _CENTRAL


class Bye(Message, tag="BYE"):
    """A clean end: this connection is closed on purpose."""

    reason: Text = ""
    senders = _PEERS | _CENTRAL


class ErrorNotice(Message, tag="ERROR"):
    """Central -> peer: why the connection ends, or why one request was not done."""

    code: Text
    text: Text
    retry_after_s: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    senders = _CENTRAL


class Moved(Message, tag="MOVED"):
    """Central -> peer: another Central takes over; dial these first ("host:port"). None: those that you know."""

    addresses: Annotated[tuple[Place, ...], Meta(max_length=16)] = ()
    senders = _CENTRAL
    feature = Feature.MOVED


class Rekey(Message, tag="REKEY"):
    """Central -> peer: the last frame under the old key; `key` is in force from the next."""

    epoch: Count
    key: Key
    senders = _CENTRAL


class Rekeyed(Message, tag="REKEYED"):
    """Peer -> Central: my last frame under the old key."""

    epoch: Count
    senders = _PEERS


class Sync(Message, tag="SYNC"):
    """Engine -> Central, first after login: which journal I keep and how far it goes."""

    journal_id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    last_seq: Count
    # The most that can flow, and the speed of simulated time; 1 where a real car is charged.
    max_power_w: Power | UnsetType = UNSET
    speed: Speed | UnsetType = UNSET
    # Where whoever started it says that it stands; left out when nobody said so.
    location: Text | UnsetType = UNSET
    senders = _ENGINE
    since = MappingProxyType(
        {"max_power_w": Feature.POWER, "speed": Feature.POWER, "location": Feature.LOCATION}
    )


class Synced(Message, tag="SYNCED"):
    """Central -> engine: how much of that journal is committed here."""

    last_seq: Count
    senders = _CENTRAL


class Located(Message, tag="LOCATED"):
    """Central -> engine, monitor: where the network has this charging point, and where its engine last said it is."""

    location: Text
    said: Text = ""
    senders = _CENTRAL
    feature = Feature.LOCATION


class Withheld(Message, tag="WITHHELD"):
    """Central -> engine, monitor: all that withhold this charging point now; none: it is in service again.

    A connection begins with none.
    """

    holds: Annotated[tuple[Text, ...], Meta(max_length=20)]
    senders = _CENTRAL
    feature = Feature.WITHHELD


class Records(Message, tag="RECORDS"):
    """Engine -> Central: journal records, oldest first; repeated until acknowledged."""

    records: Annotated[list[AnyRecord], Meta(min_length=1, max_length=100)]
    senders = _ENGINE


class Ack(Message, tag="ACK"):
    """Central -> engine: every record up to `seq` is committed."""

    seq: Count
    senders = _CENTRAL


class Resync(Message, tag="RESYNC"):
    """Central -> engine: records are missing; send again from `last_seq` + 1."""

    last_seq: Count
    senders = _CENTRAL


class Start(Message, tag="START"):
    """Central -> engine: take this session; close the contactor when the car is plugged in."""

    session_id: Token
    request_id: Token
    driver_id: Id
    price: Price
    hold_cents: Count
    limit_mwh: Energy
    plug_within_s: Seconds
    auth: Text
    # When Central authorised it, by Central's clock; the engine's steady clock carries it on.
    at: Instant | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType({"at": Feature.TIMES})


class Stop(Message, tag="STOP"):
    """Central -> engine: end this session now."""

    session_id: Token
    reason: Text
    senders = _CENTRAL


class Query(Message, tag="QUERY"):
    """Central -> engine: what became of this session? Answer READY, or journal its start or refusal."""

    session_id: Token
    senders = _CENTRAL


class Ready(Message, tag="READY"):
    """Engine -> Central: the session is taken; I wait for the plug."""

    session_id: Token
    senders = _ENGINE


class ManualStart(Message, tag="MANUAL_START"):
    """Engine -> Central: `driver_id` stands here and wants to charge. Answered by PROGRESS; START if granted.

    The driver has to confirm it (CONFIRMING), or typed the `pin` by which it has allowed that.
    """

    request_id: Token
    driver_id: Id
    pin: Pin | UnsetType = UNSET
    senders = _ENGINE
    since = MappingProxyType({"pin": Feature.CONFIRM})

    def __repr__(self) -> str:
        return f"ManualStart(request_id={self.request_id!r}, driver_id={self.driver_id!r})"


class Confirming(Message, tag="CONFIRMING"):
    """Central -> engine: the driver is asked whether it wants that; it has so long for its answer."""

    request_id: Token
    driver_id: Id
    within_s: Seconds
    senders = _CENTRAL
    feature = Feature.CONFIRM


class SupplyUpdate(Message, tag="SUPPLY_UPDATE"):
    """Engine -> Central, each second: for screens only, never for money. Energy of this session."""

    session_id: Token
    power_w: Power
    energy_mwh: SessionEnergy
    temperature_deci_celsius: DeciCelsius | UnsetType = UNSET
    # How full the battery is, and the real seconds until it is full, where the charging point knows.
    battery_permille: Permille | UnsetType = UNSET
    full_in_s: Elapsed | UnsetType = UNSET
    senders = _ENGINE
    since = MappingProxyType({"battery_permille": Feature.BATTERY, "full_in_s": Feature.BATTERY})


# ---- monitor


class Health(Message, tag="HEALTH"):
    """Monitor -> Central: how its engine is, and how warm. `fault` is None when all is well."""

    fault: Text | None
    temperature_deci_celsius: DeciCelsius | UnsetType = UNSET
    # Whether a vehicle is plugged in; an older engine does not say.
    occupied: bool | UnsetType = UNSET
    senders = _MONITOR
    since = MappingProxyType({"occupied": Feature.OCCUPIED})


# ---- driver


class RequestStart(Message, tag="REQUEST_START"):
    """Driver -> Central: charge at `cp_id`, or at any (of `location`). Repeat it with the same id.

    It is to end after so much energy, or so much money; without either, when the hold is used up. `shown_price`: what
    the driver was shown that a kWh costs there; it is refused where it costs more by now.
    """

    request_id: Token
    cp_id: Id | None = None
    location: Text | None = None
    until_mwh: OwnLimitMwh | UnsetType = UNSET
    until_cents: OwnLimitCents | UnsetType = UNSET
    shown_price: Price | UnsetType = UNSET
    senders = _DRIVER
    since = MappingProxyType(
        {
            "until_mwh": Feature.LIMITS,
            "until_cents": Feature.LIMITS,
            "shown_price": Feature.SHOWN_PRICE,
        }
    )


class RequestStop(Message, tag="REQUEST_STOP"):
    """Driver -> Central: end my session; one that has several says which."""

    session_id: Token | None = None
    senders = _DRIVER


class ListPoints(Message, tag="LIST"):
    """Driver -> Central: which charging points are available?"""

    senders = _DRIVER


class AskBalance(Message, tag="BALANCE"):
    """Driver -> Central: what is left in my wallet?"""

    senders = _DRIVER


class AskHistory(Message, tag="HISTORY"):
    """Driver -> Central: my latest tickets."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    senders = _DRIVER


class TicketSeen(Message, tag="TICKET_SEEN"):
    """Driver -> Central: I have shown this ticket; do not send it again."""

    session_id: Token
    senders = _DRIVER


class ConfirmStart(Message, tag="CONFIRM_START"):
    """Central -> driver: your id was typed at `cp_id`. Do you want to charge there? Silence is a no.

    `hold_cents` is what would be set aside.
    """

    request_id: Token
    cp_id: Id
    location: Text
    price: Price
    hold_cents: Cents
    within_s: Seconds
    senders = _CENTRAL
    feature = Feature.CONFIRM


class AnswerStart(Message, tag="ANSWER_START"):
    """Driver -> Central: whether I want that. Answered by PROGRESS or CONFIRM_OVER."""

    request_id: Token
    yes: bool
    senders = _DRIVER
    feature = Feature.CONFIRM


class ConfirmOver(Message, tag="CONFIRM_OVER"):
    """Central -> driver: that question is over, and nothing was started; `code`, `text` and `reason` say why."""

    request_id: Token
    cp_id: Id
    code: Text
    text: Text
    reason: Text = ""
    senders = _CENTRAL
    feature = Feature.CONFIRM


class SetPin(Message, tag="SET_PIN"):
    """Driver -> Central: whoever types `pin` with my id may charge for up to `limit_cents`; None: nobody any more."""

    pin: Pin | None
    limit_cents: Cents = 0
    senders = _DRIVER
    feature = Feature.CONFIRM

    def __repr__(self) -> str:
        return f"SetPin(limit_cents={self.limit_cents})"


class AskPin(Message, tag="ASK_PIN"):
    """Driver -> Central: have I a PIN?"""

    senders = _DRIVER
    feature = Feature.CONFIRM


class PinState(Message, tag="PIN"):
    """Central -> driver: what a charge with your PIN may cost; None: you have none."""

    limit_cents: Cents | None
    senders = _CENTRAL
    feature = Feature.CONFIRM


class Progress(Message, tag="PROGRESS"):
    """Central -> driver, or engine that asked by hand: how far a request has come; one of `STEPS`.

    `text` says it in English; from the other fields a driver says it in its own language. `status` and `reason`
    are our terms (a CpStatus; an EndReason, a hold or the words of a fault). `price`: what `cp_id` costs (E_PRICE).
    """

    request_id: Token
    step: Text
    session_id: Token | None = None
    cp_id: Id | None = None
    code: Text = ""
    text: Text = ""
    status: Text = ""
    reason: Text = ""
    plug_within_s: Seconds | None = None
    price: Price | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType({"price": Feature.SHOWN_PRICE})


# The steps of a request, in order. ASKING: Central has authorised it and asks the charging point. READY: the
# charging point took it, plug in. A request ends as REFUSED, or with a TICKET.
STEPS = ("ASKING", "READY", "CHARGING", "STOPPING", "REFUSED")


class Supply(Message, tag="SUPPLY"):
    """Central -> driver, each second: the live figures of its own session, and where its hold ends."""

    session_id: Token
    cp_id: Id
    power_w: Power
    energy_mwh: Energy
    cost_cents: Cents
    limit_mwh: Energy | None = None
    started_at: Instant | None = None
    # How long it has lasted by the clock of the charging point, as far as that says.
    elapsed_s: Elapsed | UnsetType = UNSET
    # What its driver wanted at most, or as much of it as is allowed; left out where it did not say.
    until_mwh: OwnLimitMwh | UnsetType = UNSET
    until_cents: OwnLimitCents | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType(
        {"elapsed_s": Feature.TIMES, "until_mwh": Feature.LIMITS, "until_cents": Feature.LIMITS}
    )


class TicketIssued(Message, tag="TICKET"):
    """Central -> driver: the final bill. Repeated until TICKET_SEEN."""

    session_id: Token
    request_id: Token
    cp_id: Id
    energy_mwh: Energy
    cost_cents: Cents
    price: Price
    reason: Text
    started_at: Instant
    ended_at: Instant
    estimated: bool
    # Made while the driver was not connected.
    while_away: bool = False
    # How long it lasted by the clock of the charging point, and when Central heard of its end.
    elapsed_s: Elapsed | UnsetType = UNSET
    received_at: Instant | UnsetType = UNSET
    # What corrections have come to since; both are left out where there were none.
    corrected_mwh: Difference | UnsetType = UNSET
    corrected_cents: Cents | UnsetType = UNSET
    # An operator asked for the charge, for a driver who stood there; left out where none did.
    by_operator: bool | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType(
        {
            "by_operator": Feature.BY_OPERATOR,
            "elapsed_s": Feature.TIMES,
            "received_at": Feature.TIMES,
            "corrected_mwh": Feature.CORRECTIONS,
            "corrected_cents": Feature.CORRECTIONS,
        }
    )


class Notice(Message, tag="NOTICE"):
    """Central -> driver: something happened to your session. `text` is one plain sentence in English."""

    code: Text
    text: Text
    cp_id: Id | None = None
    reason: Text = ""
    energy_mwh: Energy | None = None
    cost_cents: Cents | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType({"cost_cents": Feature.CORRECTIONS})


class PointRow(Growing, frozen=True, kw_only=True, gc=False):
    """One charging point as a driver sees it."""

    cp_id: Id
    location: Text
    price: Price
    status: Text


class Points(Message, tag="POINTS"):
    """Central -> driver: the charging points that are available (at most 100 of them)."""

    points: Annotated[list[PointRow], Meta(max_length=100)]
    senders = _CENTRAL


class Balance(Message, tag="WALLET"):
    """Central -> driver: free money, and money held for a running session."""

    balance_cents: Cents
    held_cents: Cents
    # Of charges that the wallet could not pay: the next money that comes in pays that first. Left out when nothing is.
    owed_cents: Cents | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType({"owed_cents": Feature.WALLET})


class Movement(Growing, frozen=True, kw_only=True, gc=False):
    """Money that came into a wallet apart from charges, or (`cents` below 0) went out of it.

    `kind` is TOP_UP, CORRECTION, PAY_OUT or DEBT_PAID; what an operator ordered has a `reason`.
    """

    at: Instant
    kind: Text
    cents: Cents
    session_id: Token | None = None
    reason: Text = ""


class History(Message, tag="SESSIONS"):
    """Central -> driver: its latest tickets, newest first; and what else moved in its wallet, in the same order."""

    tickets: Annotated[list[TicketIssued], Meta(max_length=100)]
    moved: Annotated[list[Movement], Meta(max_length=100)] | UnsetType = UNSET
    senders = _CENTRAL
    since = MappingProxyType({"moved": Feature.WALLET})


AnyMessage = (
    Heartbeat
    | Bye
    | ErrorNotice
    | Moved
    | Rekey
    | Rekeyed
    | Sync
    | Synced
    | Located
    | Withheld
    | Records
    | Ack
    | Resync
    | Start
    | Stop
    | Query
    | Ready
    | ManualStart
    | Confirming
    | SupplyUpdate
    | Health
    | RequestStart
    | RequestStop
    | ListPoints
    | AskBalance
    | AskHistory
    | TicketSeen
    | ConfirmStart
    | AnswerStart
    | ConfirmOver
    | SetPin
    | AskPin
    | PinState
    | Progress
    | Supply
    | TicketIssued
    | Notice
    | Points
    | Balance
    | History
)
MESSAGE_TYPES: tuple[type[Message], ...] = get_args(AnyMessage)
RECORD_TYPES: tuple[type[Record], ...] = get_args(AnyRecord)


class Envelope(Struct, frozen=True):
    """The plaintext of one frame: its number in this direction under this key, and the message."""

    n: Count
    m: AnyMessage


_encoder = msgspec.json.Encoder()
_reader = JsonReader[Envelope](Envelope)
_Part = TypeVar("_Part", bound=Growing)


def temperature(message: SupplyUpdate | Health) -> int | None:
    """Return the temperature that came with it, in tenths of a degree, or None."""
    value = message.temperature_deci_celsius
    return None if value is UNSET else value


def encode(n: int, message: Message) -> bytes:
    """Return the plaintext of frame `n`."""
    return _encoder.encode({"n": n, "m": message})


def decode(plaintext: bytes) -> Envelope:
    """Parse one plaintext; raise ProtocolError E_MALFORMED or E_FIELD, naming the field."""
    try:
        return _reader.read(plaintext)
    except NotJson:
        raise ProtocolError("the frame holds no JSON message", Code.MALFORMED) from None
    except msgspec.ValidationError as problem:
        raise ProtocolError(f"bad message: {failures.why(problem)}", Code.FIELD) from None


def speaks_all(speaks: frozenset[str]) -> bool:
    """Return whether a reader who speaks these features understands every message whole."""
    return speaks >= OF_MESSAGES


def as_understood(message: Message, speaks: frozenset[str]) -> Message:
    """Return `message` without the fields that only a reader takes who speaks more than `speaks`."""
    if speaks_all(speaks):
        return message
    match message:
        case Records(records=records):
            return Records(records=[_trimmed(record, speaks) for record in records])
        case Points(points=points):
            return Points(points=[_trimmed(point, speaks) for point in points])
        case History(tickets=tickets):
            told = _trimmed(message, speaks)
            return structs.replace(told, tickets=[_trimmed(ticket, speaks) for ticket in tickets])
        case _:
            return _trimmed(message, speaks)


def _trimmed(part: _Part, speaks: frozenset[str]) -> _Part:
    strange = [name for name, feature in part.since.items() if feature not in speaks]
    return structs.replace(part, **dict.fromkeys(strange, UNSET)) if strange else part


def check_sender(message: Message, role: Role) -> None:
    """Raise ProtocolError E_ROLE unless `role` may say `message`."""
    if role not in message.senders:
        name = type(message).__struct_config__.tag
        raise ProtocolError(f"a {role} may not send {name}", Code.ROLE)
