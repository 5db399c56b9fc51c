"""What happened to drivers: their registrations, links, bars and PINs. Pure."""

from evcharge.domain.events.event import Event
from evcharge.domain.ids import DriverId


class DriverAdded(Event):
    """A registered driver was seen for the first time.

    `registration` counts the registrations of its id: each has a wallet and a history of its own.
    """

    driver_id: DriverId
    epoch: int | None = None
    registration: int = 0


class DriverWithdrawn(Event):
    """The Registry took a driver out of the network; `balance_cents` stays in the wallet of that `registration`."""

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
    """An operator barred a driver from charging; its session ends."""

    driver_id: DriverId


class DriverReadmitted(Event):
    """An operator lets a barred driver charge again."""

    driver_id: DriverId


class PinSet(Event):
    """A driver set a PIN: whoever types it at a charging point may charge for up to `limit_cents`.

    `seal` proves what the books keep of the PIN, and tells nothing of it.
    """

    driver_id: DriverId
    limit_cents: int
    seal: str


class PinRemoved(Event):
    """A driver's PIN is void: `why` is driver, misses (mistyped too often) or credential (the driver has a new one)."""

    driver_id: DriverId
    why: str


DriverEvent = (
    DriverAdded
    | DriverWithdrawn
    | DriverConnected
    | DriverLost
    | DriverBlocked
    | DriverUnblocked
    | DriverBarred
    | DriverReadmitted
    | PinSet
    | PinRemoved
)
