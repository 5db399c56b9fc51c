"""What happened to charging points: links, faults, holds, keys, where they stand, orders to them. Pure."""

from evcharge.domain.charging_point import Hold
from evcharge.domain.events.event import Event
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.session import EndReason


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
    """The Registry took a charging point out of the network: its history stays, but it is no longer shown."""

    cp_id: CpId
    epoch: int
    registration: int = 0


class PointMoved(Event):
    """A charging point has a new location.

    `by` is who says so: operator, engine, or registry (a new credential of an administrator); "": an older Central did
    not keep it. `said` is what its engine said last.
    """

    cp_id: CpId
    location: str
    by: str = ""
    said: str = ""


class LocationDiffers(Event):
    """An engine says that it stands at `said`; the network has it at `location`, and keeps it there."""

    cp_id: CpId
    said: str
    location: str


class PriceChanged(Event):
    """A kWh has a new price; sessions keep the price they began with."""

    cp_id: CpId
    price_centi_cents_per_kwh: int
    old_price_centi_cents_per_kwh: int


class EngineConnected(Event):
    """An engine logged in, and its journal is in step.

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
    """The link to an engine ended; its journal is committed up to `last_seq`."""

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
    """A monitor made its first report over this connection: the charging point is no longer Disconnected.

    `driver_id` is whose charge went on without it.
    """

    cp_id: CpId
    driver_id: DriverId | None = None


class MonitorLost(Event):
    """The link to a monitor ended: Disconnected. `session_id` is the charge that goes on regardless."""

    cp_id: CpId
    link: int
    reason: str
    session_id: SessionId | None = None
    driver_id: DriverId | None = None


class FaultReported(Event):
    """A monitor reports its engine broken or silent. `times` includes reports too frequent to be kept."""

    cp_id: CpId
    fault: str
    times: int = 1


class FaultCleared(Event):
    """A monitor reports its engine well again, or without a fault. `times` includes reports too frequent to be kept."""

    cp_id: CpId
    fault: str
    times: int = 1


class VehiclePluggedIn(Event):
    """A monitor reports that a vehicle is plugged in."""

    cp_id: CpId


class VehicleUnplugged(Event):
    """The vehicle was unplugged: the charging point is free for the next one."""

    cp_id: CpId


class HoldPlaced(Event):
    """An operator, the weather or a journal that nobody has confirmed withholds a charging point."""

    cp_id: CpId
    hold: Hold
    # All that withhold it now.
    holds: tuple[Hold, ...] = ()


class HoldLifted(Event):
    """That hold, and only that one, was lifted."""

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
    """An engine came with a different journal: a new disk, or a damaged one."""

    cp_id: CpId
    old: JournalId
    new: JournalId


class FiguresUnderstood(Event):
    """What arrives over Kafka under a charging point's id can be read again."""

    cp_id: CpId


class OrderCarriedOut(Event):
    """An operator's order arrived over Kafka and was carried out. `request_id` is the order's.

    `changed` is whether it made a difference, `ends` whether a charge ends by it.
    """

    request_id: RequestId
    cp_id: CpId
    command: str
    changed: bool
    ends: bool


class OrderRefused(Event):
    """An operator's order arrived over Kafka and was refused; nothing changed."""

    request_id: RequestId
    cp_id: CpId
    command: str
    code: str
    # An older Central's sentence; now `why` and the facts say it in any language (`labels/command_refusals`).
    text: str = ""
    why: str = ""
    facts: dict[str, str | int] | None = None


class RecordQuarantined(Event):
    """An authentic record made no sense; it is acknowledged all the same. `times` counts within a minute.

    `kept` is whether it was kept aside, or only counted: it cannot be money, and too much like it was kept before.
    """

    cp_id: CpId
    journal_id: JournalId
    seq: int
    why: str
    record: str
    times: int = 1
    kept: bool = True


PointEvent = (
    PointAdded
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
)
