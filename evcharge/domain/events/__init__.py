"""What has happened, in the past tense: the audit log, the outbox and the feed all hold these. Pure.

Every event is stored, hash-chained, before anybody hears of it. The fields that say whom it concerns
(`cp_id`, `driver_id`, `session_id`) have the same name everywhere; `request_id` is the correlation id that
joins a driver's request to its ticket.
"""

from typing import Any, get_args

from evcharge.domain.events.account_events import (
    AccountAdded as AccountAdded,
    AccountChanged as AccountChanged,
    AccountEvent as AccountEvent,
    AccountRemoved as AccountRemoved,
    LoggedIn as LoggedIn,
    LoggedOut as LoggedOut,
    LoginLinkMade as LoginLinkMade,
    RegistrationChanged as RegistrationChanged,
    TokenMade as TokenMade,
    TokenRemoved as TokenRemoved,
)
from evcharge.domain.events.central_events import (
    CENTRAL_STOPPED as CENTRAL_STOPPED,
    TICKET_ASKED as TICKET_ASKED,
    AlertClosed as AlertClosed,
    AlertLeft as AlertLeft,
    AlertTaken as AlertTaken,
    CentralEvent as CentralEvent,
    CentralStarted as CentralStarted,
    CentralStopped as CentralStopped,
    ChainBroken as ChainBroken,
    ClockJumped as ClockJumped,
    ClockOff as ClockOff,
    ClockRight as ClockRight,
    InputRefused as InputRefused,
    KafkaLost as KafkaLost,
    KafkaReached as KafkaReached,
    LoginRefused as LoginRefused,
    MemberAway as MemberAway,
    MemberBack as MemberBack,
    NotifyLost as NotifyLost,
    NotifyReached as NotifyReached,
    RegistryAnchored as RegistryAnchored,
    RegistryLost as RegistryLost,
    RegistryNoted as RegistryNoted,
    RegistryReached as RegistryReached,
    StorageRestored as StorageRestored,
    WeatherLost as WeatherLost,
    WeatherReached as WeatherReached,
)
from evcharge.domain.events.driver_events import (
    DriverAdded as DriverAdded,
    DriverBarred as DriverBarred,
    DriverBlocked as DriverBlocked,
    DriverConnected as DriverConnected,
    DriverEvent as DriverEvent,
    DriverLost as DriverLost,
    DriverReadmitted as DriverReadmitted,
    DriverUnblocked as DriverUnblocked,
    DriverWithdrawn as DriverWithdrawn,
    PinRemoved as PinRemoved,
    PinSet as PinSet,
)
from evcharge.domain.events.event import Event as Event, Unread as Unread
from evcharge.domain.events.point_events import (
    EngineConnected as EngineConnected,
    EngineLost as EngineLost,
    FaultCleared as FaultCleared,
    FaultReported as FaultReported,
    FiguresUnderstood as FiguresUnderstood,
    HoldLifted as HoldLifted,
    HoldPlaced as HoldPlaced,
    JournalReplaced as JournalReplaced,
    KeyRestored as KeyRestored,
    KeyRevoked as KeyRevoked,
    LocationDiffers as LocationDiffers,
    MonitorConnected as MonitorConnected,
    MonitorLost as MonitorLost,
    MonitorSpoke as MonitorSpoke,
    OrderCarriedOut as OrderCarriedOut,
    OrderRefused as OrderRefused,
    PointAdded as PointAdded,
    PointEvent as PointEvent,
    PointMoved as PointMoved,
    PointWithdrawn as PointWithdrawn,
    PriceChanged as PriceChanged,
    RecordQuarantined as RecordQuarantined,
    VehiclePluggedIn as VehiclePluggedIn,
    VehicleUnplugged as VehicleUnplugged,
)
from evcharge.domain.events.session_events import (
    ConfirmationAsked as ConfirmationAsked,
    ConfirmationEnded as ConfirmationEnded,
    SessionAuthorised as SessionAuthorised,
    SessionEvent as SessionEvent,
    SessionInterrupted as SessionInterrupted,
    SessionReady as SessionReady,
    SessionRebuilt as SessionRebuilt,
    SessionRefused as SessionRefused,
    SessionReopened as SessionReopened,
    SessionStarted as SessionStarted,
    StartConfirmed as StartConfirmed,
    StartRefused as StartRefused,
    StopOrdered as StopOrdered,
    StraySupply as StraySupply,
    TicketCorrected as TicketCorrected,
    TicketMade as TicketMade,
    TicketShown as TicketShown,
)
from evcharge.domain.events.wallet_events import (
    DebtPaid as DebtPaid,
    PaidOut as PaidOut,
    WalletCorrected as WalletCorrected,
    WalletEvent as WalletEvent,
    WalletToppedUp as WalletToppedUp,
    WelcomeWithheld as WelcomeWithheld,
)
from evcharge.domain.events.weather_events import (
    WeatherAlertCleared as WeatherAlertCleared,
    WeatherAlertRaised as WeatherAlertRaised,
    WeatherEvent as WeatherEvent,
    WeatherOverridden as WeatherOverridden,
)
from evcharge.domain.strict_json import read_json

AnyEvent = CentralEvent | PointEvent | DriverEvent | WalletEvent | AccountEvent | WeatherEvent | SessionEvent
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
