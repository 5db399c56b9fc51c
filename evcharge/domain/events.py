"""What has happened, in the past tense: the audit log, the outbox and the feed all hold these. Pure.

Every event is stored, hash-chained, before anybody hears of it. The fields that say whom it concerns
(`cp_id`, `driver_id`, `session_id`) have the same name everywhere; `request_id` is the correlation id that
joins a driver's request to its ticket.
"""

from typing import Any, dataclass_transform, get_args

from msgspec import Struct

from evcharge.domain.charging_point import Hold
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.refusals import RefusalFacts
from evcharge.domain.session import EndReason
from evcharge.domain.strict_json import read_json


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event(Struct, frozen=True, tag_field="type", gc=False):
    """Something that happened. Never changed, never deleted.

    A field that comes later has a default: rows of every release are read (tests/golden holds one of each form).
    """


class Unread(Event):
    """Row `n` of the audit log, of the type `kind`: written by a newer release, or by nobody of ours. Never stored."""

    n: int
    kind: str


# ---- Central itself


class CentralStarted(Event):
    """Central opened its database; every charging point is Disconnected until its monitor speaks."""

    version: str
    points: int
    open_sessions: int


class CentralStopped(Event):
    """Central was stopped on purpose."""


class InputRefused(Event):
    """A peer (`who`) sent something it may not; nothing changed. `times` counts repeats within a minute."""

    code: str
    text: str
    times: int = 1
    who: str = ""


class LoginRefused(Event):
    """Somebody did not prove to be `claimed`. `times` counts repeats within a minute."""

    claimed: str
    code: str
    text: str
    times: int = 1
    role: str = ""


class ClockJumped(Event):
    """The wall clock of Central moved by `seconds` against its steady clock."""

    seconds: int


class StorageRestored(Event):
    """Central's disk takes data again. It had not since `failed_at` (Unix seconds)."""

    why: str
    failed_at: float


class RegistryLost(Event):
    """The Registry does not answer Central."""

    why: str


class RegistryReached(Event):
    """The Registry answers again."""


class WeatherLost(Event):
    """The weather service is not heard any more. What the weather withholds stays withheld."""

    why: str


class WeatherReached(Event):
    """The weather service is heard again; `first`: for the first time."""

    first: bool = False


class KafkaLost(Event):
    """The brokers at `where` do not answer; `waiting` events are kept for them, and all that follow."""

    where: str = ""
    why: str = ""
    waiting: int = 0


class KafkaReached(Event):
    """The brokers answer again, and get what has waited."""


class ChainBroken(Event):
    """Row `n` of the audit log is not what was written: somebody changed Central's books."""

    n: int
    why: str


class RegistryAnchored(Event):
    """The Registry's own audit log had `n` rows, the last with this hash; kept here, it reveals a later change."""

    n: int
    hash: str


class RegistryNoted(Event):
    """Somebody did `what` about `target` at the Registry, or tried: row `n` of its audit log, of its time `at`.

    `result` is "done" or the code of the refusal; `times` counts repeats. Who it was, and from where, are the actor.
    """

    n: int
    at: float
    what: str
    target: str
    result: str
    times: int = 1


class AlertClosed(Event):
    """An operator has seen an alert that nothing else would end: its id, such as CP001-journal."""

    alert_id: str


# What a login at the Registry is called there when it fails.
TICKET_ASKED = "POST /v1/ticket"
# Why a link ended that only Central ended: nothing is wrong at its other end.
CENTRAL_STOPPED = "Central stopped"

# ---- charging points


class PointAdded(Event):
    """A registered charging point was seen for the first time, or for the first time since it was withdrawn.

    `registration` counts the registrations of its id.
    """

    cp_id: CpId
    location: str
    price_centi_cents_per_kwh: int
    epoch: int | None = None
    registration: int = 0


class PointWithdrawn(Event):
    """The Registry took a charging point out of the network: what it did stays, it is shown no more."""

    cp_id: CpId
    epoch: int
    registration: int = 0


class PointMoved(Event):
    """A charging point stands somewhere else from now on.

    `by` is who says so: operator, engine, or registry (a new credential of an administrator); "": an older Central did
    not keep it. `said` is what its engine said last.
    """

    cp_id: CpId
    location: str
    by: str = ""
    said: str = ""


class LocationDiffers(Event):
    """An engine says that it stands at `said`; the network has it at `location`, and goes on to."""

    cp_id: CpId
    said: str
    location: str


class PriceChanged(Event):
    """A kWh costs something else from now on; sessions keep the price they began with."""

    cp_id: CpId
    price_centi_cents_per_kwh: int
    old_price_centi_cents_per_kwh: int


class EngineConnected(Event):
    """An engine logged in and its journal is in step.

    `ask` are the sessions it must account for, `stop` those it must end.
    """

    cp_id: CpId
    link: int
    journal_id: JournalId
    last_seq: int
    ask: tuple[SessionId, ...] = ()
    stop: tuple[tuple[SessionId, EndReason], ...] = ()
    # Whose charge it was carrying out when it was last heard.
    driver_id: DriverId | None = None
    epoch: int | None = None
    # What the engine says that it can supply, and how fast its simulated time runs; 0: it does not say.
    max_power_w: int = 0
    speed_permille: int = 0
    # Where the network has it, and where whoever started it says that it stands ("": nobody said so).
    location: str = ""
    said: str = ""
    # What withholds it.
    holds: tuple[Hold, ...] = ()


class EngineLost(Event):
    """The link to an engine ended. `last_seq`: how much of its journal is committed."""

    cp_id: CpId
    link: int
    reason: str
    session_id: SessionId | None = None
    driver_id: DriverId | None = None
    last_seq: int | None = None


class MonitorConnected(Event):
    """A monitor logged in; its charging point stays Disconnected until it reports."""

    cp_id: CpId
    link: int
    epoch: int | None = None
    # Where the network has its charging point, and where the engine said last that it stands.
    location: str = ""
    said: str = ""
    # What withholds it.
    holds: tuple[Hold, ...] = ()


class MonitorSpoke(Event):
    """A monitor gave its first report over this connection: the charging point is no longer Disconnected.

    `driver_id` is whose charge went on without it.
    """

    cp_id: CpId
    driver_id: DriverId | None = None


class MonitorLost(Event):
    """The link to a monitor ended: Disconnected. `session_id` is the charge that goes on nevertheless."""

    cp_id: CpId
    link: int
    reason: str
    session_id: SessionId | None = None
    driver_id: DriverId | None = None


class FaultReported(Event):
    """A monitor says that its engine is broken or silent. `times` counts what it said too fast to be kept, too."""

    cp_id: CpId
    fault: str
    times: int = 1


class FaultCleared(Event):
    """A monitor says that its engine is well again, or finds no fault. `times` counts what was too fast to be kept."""

    cp_id: CpId
    fault: str
    times: int = 1


class VehiclePluggedIn(Event):
    """A monitor says that a vehicle stands at the charging point and is plugged in."""

    cp_id: CpId


class VehicleUnplugged(Event):
    """The vehicle has been unplugged: the charging point is free for the next one."""

    cp_id: CpId


class HoldPlaced(Event):
    """An operator, the weather or a journal that nobody has confirmed withholds a charging point."""

    cp_id: CpId
    hold: Hold
    # All that withhold it now.
    holds: tuple[Hold, ...] = ()


class HoldLifted(Event):
    """That hold, and only that one, is gone."""

    cp_id: CpId
    hold: Hold
    # All that still withhold it.
    holds: tuple[Hold, ...] = ()


class KeyRevoked(Event):
    """Central withdrew the keys of a charging point; older tickets are void.

    `last_word`: its engine is told to end a session, and may tell how that ended before its link is cut.
    """

    cp_id: CpId
    epoch: int
    last_word: bool = False


class KeyRestored(Event):
    """A revoked charging point returned with a newly issued credential."""

    cp_id: CpId
    epoch: int


class JournalReplaced(Event):
    """An engine came with another journal than before: a new disk, or a damaged one."""

    cp_id: CpId
    old: JournalId
    new: JournalId


class FiguresUnderstood(Event):
    """What comes over Kafka under a charging point's id is its own again."""

    cp_id: CpId


class OrderCarriedOut(Event):
    """An operator's order came over Kafka and was carried out. `request_id` is that of the order.

    `changed` is whether it made a difference, `ends` whether a charge ends by it.
    """

    request_id: RequestId
    cp_id: CpId
    command: str
    changed: bool
    ends: bool


class OrderRefused(Event):
    """An operator's order came over Kafka and was not carried out; nothing changed."""

    request_id: RequestId
    cp_id: CpId
    command: str
    code: str
    # An older Central's sentence; now `why` and the facts say it in any language (`labels/command_refusals`).
    text: str = ""
    why: str = ""
    facts: dict[str, str | int] | None = None


class RecordQuarantined(Event):
    """An authentic record made no sense; it is acknowledged (RELIABILITY I18). `times` counts within a minute.

    `kept` is whether it was kept aside, or only counted: it cannot be money, and too much like it was kept before.
    """

    cp_id: CpId
    journal_id: JournalId
    seq: int
    why: str
    record: str
    times: int = 1
    kept: bool = True


# ---- drivers and money


class DriverAdded(Event):
    """A registered driver was seen for the first time.

    `registration` counts the registrations of its id: each has a wallet and a history of its own.
    """

    driver_id: DriverId
    epoch: int | None = None
    registration: int = 0


class DriverWithdrawn(Event):
    """The Registry took a driver out of the network; `balance_cents` stay in the wallet of that `registration`."""

    driver_id: DriverId
    epoch: int
    balance_cents: int
    registration: int = 0


class DriverConnected(Event):
    """A driver logged in."""

    driver_id: DriverId
    link: int
    epoch: int | None = None


class DriverLost(Event):
    """The link to a driver ended; its charge goes on."""

    driver_id: DriverId
    link: int
    reason: str


class DriverBlocked(Event):
    """A driver's credential was withdrawn; older tickets are void."""

    driver_id: DriverId
    epoch: int


class DriverUnblocked(Event):
    """A blocked driver returned with a newly issued credential."""

    driver_id: DriverId
    epoch: int


class DriverBarred(Event):
    """An operator does not let a driver charge any more; its session ends."""

    driver_id: DriverId


class DriverReadmitted(Event):
    """An operator lets a driver charge again."""

    driver_id: DriverId


class WalletToppedUp(Event):
    """Money came in from outside; whoever brought it calls it `reference` (None: nothing; "": it was not kept)."""

    driver_id: DriverId
    cents: int
    balance_cents: int
    reference: str | None = ""
    registration: int = 0


class WalletCorrected(Event):
    """An operator put money into a wallet, or took it out (`cents` below 0), and says why."""

    driver_id: DriverId
    cents: int
    balance_cents: int
    reason: str
    reference: str
    registration: int = 0


class PaidOut(Event):
    """Money of a wallet left the network; `former_owner`: of one that an earlier registration of the id left."""

    driver_id: DriverId
    cents: int
    balance_cents: int
    reason: str
    reference: str
    registration: int = 0
    former_owner: bool = False


class WelcomeWithheld(Event):
    """A new driver found no money in its wallet: `most` others had a welcome credit, in all or within an hour."""

    driver_id: DriverId
    most: int
    within_an_hour: bool
    registration: int = 0


class PinSet(Event):
    """A driver lets whoever types its PIN at a charging point charge for up to `limit_cents`.

    `seal` proves what the books keep of the PIN, and tells nothing of it.
    """

    driver_id: DriverId
    limit_cents: int
    seal: str


class PinRemoved(Event):
    """A driver's PIN is void: `why` is driver, misses (typed wrongly too often) or credential (it has a new one)."""

    driver_id: DriverId
    why: str


class DebtPaid(Event):
    """Money that came into a wallet has paid a debt, or a part of it: `left_cents` of this one are still owed."""

    driver_id: DriverId
    session_id: SessionId
    cents: int
    left_cents: int
    # The total over all its sessions.
    owed_cents: int
    balance_cents: int


class TicketShown(Event):
    """The driver has seen its ticket."""

    driver_id: DriverId
    session_id: SessionId


# ---- the people of the control room


class LoggedIn(Event):
    """Somebody logged in on Central's pages. `login` names it; it opens nothing."""

    name: str
    login: str = ""


class LoggedOut(Event):
    """Somebody logged out of Central's pages."""

    name: str
    login: str = ""


class LoginLinkMade(Event):
    """A link was made that logs an account in once. The link is kept nowhere."""

    name: str


# The `seal` of these is a digest of all that is kept of the account or token: it proves the row, and opens nothing.


class AccountAdded(Event):
    """Somebody may log in from now on."""

    name: str
    role: str
    seal: str = ""


class AccountChanged(Event):
    """An account has another `what` (password or role); its logins are void."""

    name: str
    role: str
    what: str
    seal: str = ""


class AccountRemoved(Event):
    """Somebody may log in no more."""

    name: str
    seal: str = ""


class TokenMade(Event):
    """A program got a token for Central's API."""

    name: str
    role: str
    seal: str = ""


class TokenRemoved(Event):
    """A program's token is void."""

    name: str
    seal: str = ""


class RegistrationChanged(Event):
    """Somebody had the Registry do something (`what`) with the registration of a charging point or driver."""

    what: str
    cp_id: CpId | None = None
    driver_id: DriverId | None = None


# ---- weather


class WeatherAlertRaised(Event):
    """The weather at a location forbids charging there."""

    location: str
    alert: str
    temperature_celsius: float | None = None
    text: str = ""


class WeatherAlertCleared(Event):
    """Weather alerts of a location are over; `left` are those that are not."""

    location: str
    alerts: tuple[str, ...]
    left: tuple[str, ...] = ()


class WeatherOverridden(Event):
    """An operator lets a location work in spite of its weather alerts (`override`), or no longer."""

    location: str
    override: bool


# ---- sessions


class StartRefused(Event):
    """A request to charge broke a rule; nothing changed. `times` counts repeats within a minute."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId | None
    code: str
    # An older Central's sentence; now the facts say it in any language.
    text: str = ""
    times: int = 1
    # With E_PAUSE: the seconds that the driver must wait.
    reason: str = ""
    facts: RefusalFacts | None = None
    # An operator asked, who was told; its driver was not.
    by_operator: bool = False


class ConfirmationAsked(Event):
    """A driver's id was typed at a charging point; the driver is asked whether it wants that charge."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId
    location: str
    price_centi_cents_per_kwh: int
    hold_cents: int
    within_s: int


class StartConfirmed(Event):
    """The driver wants the charge that was asked for at the charging point. Its authorisation follows."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId


class ConfirmationEnded(Event):
    """The driver did not confirm, or nothing could be started any more: nothing was. `reason` is a term for why."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId
    code: str
    # An older Central's sentence; now the facts say it in any language.
    text: str = ""
    reason: str = ""
    facts: RefusalFacts | None = None


class SessionAuthorised(Event):
    """A request was granted: money is held, the price is frozen, the charging point is asked."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    price_centi_cents_per_kwh: int
    hold_cents: int
    limit_mwh: int
    plug_within_s: int
    # When, in Unix seconds by Central's clock; 0: an older Central did not say.
    authorised_at: float = 0.0
    registration: int = 0
    # After so much its driver wants it to end; `limit_mwh` is what came of that, and of the money.
    until_mwh: int | None = None
    until_cents: int | None = None
    # An operator asked for it, for a driver who stood there.
    by_operator: bool = False


class SessionRebuilt(Event):
    """A session that the books had lost with a restored copy: the engine has begun it, and Central had signed it.

    It had been granted `short_cents` more than its wallet still has: what it costs beyond the hold is owed.
    """

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    price_centi_cents_per_kwh: int
    hold_cents: int
    short_cents: int
    limit_mwh: int
    plug_within_s: int
    authorised_at: float
    registration: int = 0


class SessionReady(Event):
    """The charging point took the session and waits for the plug."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    plug_within_s: int


class SessionStarted(Event):
    """The engine journaled the start: power may flow."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    meter_mwh: int
    # When, in Unix seconds by Central's clock; 0: when Central heard of it.
    started_at: float = 0.0


class SessionInterrupted(Event):
    """Something broke during a charge; the final ticket follows. Energy as far as it was known."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    energy_mwh: int
    reason: str


class StraySupply(Event):
    """Power flows for a session that is closed here: the engine is told to end it. `times` counts within a minute."""

    session_id: SessionId
    cp_id: CpId
    times: int = 1


class StopOrdered(Event):
    """Central wants the session ended; the engine's record will say how it did."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    reason: EndReason


class SessionRefused(Event):
    """The charging point did not take the session: no power flowed, the hold is back in the wallet."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    reason: EndReason
    # When, in Unix seconds by Central's clock; 0: when Central heard of it.
    ended_at: float = 0.0


class TicketMade(Event):
    """A session ended and was billed, once."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    energy_mwh: int
    cost_cents: int
    price_centi_cents_per_kwh: int
    reason: EndReason
    started_at: float
    ended_at: float
    estimated: bool
    balance_cents: int
    # The seconds that the charging point counted; None: it does not say, and the times are of arrival.
    elapsed_s: int | None = None
    # When Central heard of the end, in Unix seconds; 0: just then.
    received_at: float = 0.0
    registration: int = 0
    # What is still to be paid of it: less could be held than it had been granted.
    owed_cents: int = 0
    # An operator had asked for it.
    by_operator: bool = False


class TicketCorrected(Event):
    """A ticket was put right: a difference of energy and money; `paid_cents` came from the wallet, or went back there.

    `owed_cents` is what the wallet lacked, or what is owed no more (less than nothing). `kind` is RECORD when its
    charging point told the rest, ORDER when an operator says so. `told_later`: the ticket lies in the inbox of its
    driver again.
    """

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    number: int
    kind: str
    energy_mwh: int
    cost_cents: int
    paid_cents: int
    owed_cents: int
    reason: str
    ended_at: float
    elapsed_s: int | None
    ticket_ended_at: float
    balance_cents: int
    told_later: bool = False
    registration: int = 0
    # The id has another owner since, who is told nothing: the money is that of the wallet which was left.
    former_owner: bool = False
    # For an order: the reference that its author gave.
    reference: str | None = None


class SessionReopened(Event):
    """A session that was given up has begun all the same: its money is held again, and its engine is told to end it."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    hold_cents: int
    # What it was granted and the wallet has no more.
    short_cents: int = 0


AnyEvent = (
    CentralStarted
    | CentralStopped
    | InputRefused
    | LoginRefused
    | ClockJumped
    | StorageRestored
    | RegistryLost
    | RegistryReached
    | KafkaLost
    | KafkaReached
    | WeatherLost
    | WeatherReached
    | AlertClosed
    | RegistryAnchored
    | RegistryNoted
    | ChainBroken
    | PointAdded
    | PointWithdrawn
    | PointMoved
    | LocationDiffers
    | PriceChanged
    | EngineConnected
    | EngineLost
    | MonitorConnected
    | MonitorSpoke
    | MonitorLost
    | FaultReported
    | FaultCleared
    | VehiclePluggedIn
    | VehicleUnplugged
    | HoldPlaced
    | HoldLifted
    | KeyRevoked
    | KeyRestored
    | JournalReplaced
    | RecordQuarantined
    | FiguresUnderstood
    | OrderCarriedOut
    | OrderRefused
    | DriverAdded
    | DriverWithdrawn
    | DriverConnected
    | DriverLost
    | DriverBlocked
    | DriverUnblocked
    | DriverBarred
    | DriverReadmitted
    | WalletToppedUp
    | WalletCorrected
    | PaidOut
    | WelcomeWithheld
    | PinSet
    | PinRemoved
    | DebtPaid
    | TicketShown
    | LoggedIn
    | LoggedOut
    | LoginLinkMade
    | AccountAdded
    | AccountChanged
    | AccountRemoved
    | TokenMade
    | TokenRemoved
    | RegistrationChanged
    | WeatherAlertRaised
    | WeatherAlertCleared
    | WeatherOverridden
    | StartRefused
    | ConfirmationAsked
    | StartConfirmed
    | ConfirmationEnded
    | SessionAuthorised
    | SessionRebuilt
    | SessionReady
    | SessionStarted
    | SessionInterrupted
    | StraySupply
    | StopOrdered
    | SessionRefused
    | TicketMade
    | TicketCorrected
    | SessionReopened
)
EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)


def stored(n: int, kind: str, data: str) -> Event:
    """Return the event that row `n` of the audit log holds; Unread when this release cannot read it."""
    try:
        event: Event = read_json(data, AnyEvent)
    except ValueError:
        return Unread(n=n, kind=kind)
    return event


def stored_fields(data: str) -> dict[str, Any]:
    """Return the fields of a stored event of any release; what is no JSON, and so not ours, as it is."""
    try:
        return read_json(data, dict[str, Any])
    except ValueError:
        return {"unread": data}
