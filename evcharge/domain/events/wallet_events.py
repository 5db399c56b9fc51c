"""What happened to drivers' money, but for what a charge costs (that is on its ticket). Pure."""

from evcharge.domain.events.event import Event
from evcharge.domain.ids import DriverId, SessionId


class WalletToppedUp(Event):
    """Money came in from outside; its sender calls it `reference` (None: nothing; "": it was not kept)."""

    driver_id: DriverId
    cents: int
    balance_cents: int
    reference: str | None = ""
    registration: int = 0


class WalletCorrected(Event):
    """An operator put money into a wallet, or took it out (`cents` below 0), and said why."""

    driver_id: DriverId
    cents: int
    balance_cents: int
    reason: str
    reference: str
    registration: int = 0


class PaidOut(Event):
    """Money was paid out of a wallet; `former_owner`: of the wallet of an earlier registration of the id."""

    driver_id: DriverId
    cents: int
    balance_cents: int
    reason: str
    reference: str
    registration: int = 0
    former_owner: bool = False


class WelcomeWithheld(Event):
    """A new driver got no welcome credit: `most` others had it, in all or within an hour."""

    driver_id: DriverId
    most: int
    within_an_hour: bool
    registration: int = 0


class DebtPaid(Event):
    """Money that came into a wallet paid a debt, or part of it: `left_cents` of it are still owed.

    `former_owner`: into the wallet of an earlier registration of the id.
    """

    driver_id: DriverId
    session_id: SessionId
    cents: int
    left_cents: int
    # The total over all its sessions.
    owed_cents: int
    balance_cents: int
    # None: the present one (written before this was told).
    registration: int | None = None
    former_owner: bool = False
    # The total under this id, whichever registration; None: written before this was told.
    all_owed_cents: int | None = None


WalletEvent = WalletToppedUp | WalletCorrected | PaidOut | WelcomeWithheld | DebtPaid
