"""Money that comes into a wallet, and what it pays first: what its driver owes. Pure.

A driver owes what a wallet could not pay: of a charge that was metered after it was billed by estimate, or of one that
was rebuilt after a restore, when less was left than it had been granted.
"""

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import WELCOME, Debt, Driver, FormerWallet, Transfer, TransferKind, Welcomed
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.ids import DRILL_DRIVER, DriverId
from evcharge.domain.session import Session

_HOUR = timedelta(hours=1)

_Wallet = TypeVar("_Wallet", bound=Driver | FormerWallet)


def new_driver(draft: Draft, driver_id: DriverId, registration: int, epoch: int, rules: Rules) -> Driver:
    """Return a driver who was never here, with the welcome credit, unless it is that of drills."""
    driver = Driver(driver_id=driver_id, registration=registration, epoch=epoch)
    draft.say(events.DriverAdded(driver_id=driver_id, epoch=epoch, registration=registration))
    is_welcomed = rules.wallets and rules.welcome_credit_cents and driver_id != DRILL_DRIVER
    return _welcomed(draft, driver, rules) if is_welcomed else driver


def credited(draft: Draft, driver: Driver, cents: int, reference: str | None = None) -> Driver:
    """Return `driver` with `cents` from outside, which pay its debts first."""
    driver = replace(driver, balance_cents=driver.balance_cents + cents)
    draft.put(
        Transfer(
            kind=TransferKind.TOP_UP,
            debit="outside",
            credit="wallet",
            cents=cents,
            driver_id=driver.driver_id,
            registration=driver.registration,
            reference=reference,
        )
    )
    draft.say(
        events.WalletToppedUp(
            driver_id=driver.driver_id,
            cents=cents,
            balance_cents=driver.balance_cents,
            reference=reference,
            registration=driver.registration,
        )
    )
    return _debts_paid(draft, driver)


def _welcomed(draft: Draft, driver: Driver, rules: Rules) -> Driver:
    """Return `driver` with its welcome credit, if there is some left: nobody makes money by registering."""
    # What lies in the future by a clock that was set back counts, too.
    recent = tuple(at for at in draft.welcomed.recent if rules.now - at < _HOUR)
    in_all = draft.welcomed.drivers >= rules.welcome_drivers
    if in_all or len(recent) >= rules.welcome_per_hour:
        draft.say(
            events.WelcomeWithheld(
                driver_id=driver.driver_id,
                registration=driver.registration,
                most=rules.welcome_drivers if in_all else rules.welcome_per_hour,
                within_an_hour=not in_all,
            )
        )
        return driver
    draft.put(Welcomed(draft.welcomed.drivers + 1, (*recent, rules.now)))
    reference = f"{WELCOME}{driver.driver_id} {driver.registration}"
    return credited(draft, driver, rules.welcome_credit_cents, reference)


def balance_of(draft: Draft, session: Session) -> int:
    """Return what is in the wallet of whoever had `session`, which may be an earlier registration of the id."""
    return _owner(draft, session.driver_id, session.registration).balance_cents


def take(draft: Draft, session: Session, cents: int) -> None:
    """Take `cents` out of the wallet of whoever had `session`; less than nothing goes back into it."""
    owner = _owner(draft, session.driver_id, session.registration)
    if cents:
        draft.put(replace(owner, balance_cents=owner.balance_cents - cents))


def owe(draft: Draft, session: Session, cents: int) -> None:
    """Add `cents` to what is still to be paid of `session`; less than nothing takes from it."""
    if cents:
        draft.put(
            Debt(
                session_id=session.session_id,
                driver_id=session.driver_id,
                registration=session.registration,
                left_cents=owed_for(draft, session) + cents,
            )
        )


def owed_for(draft: Draft, session: Session) -> int:
    """Return what is still to be paid of `session`."""
    debts = draft.debts(session.driver_id, session.registration)
    return sum(debt.left_cents for debt in debts if debt.session_id == session.session_id)


def pay_debts(draft: Draft, driver_id: DriverId, registration: int) -> None:
    """Let the free money of that registration of a driver pay what it owes; call it when some has come back."""
    owner = _owner(draft, driver_id, registration)
    if (paid := _debts_paid(draft, owner)) is not owner:
        draft.put(paid)


def _owner(draft: Draft, driver_id: DriverId, registration: int) -> Driver | FormerWallet:
    driver = draft.driver(driver_id)
    if driver is not None and driver.registration == registration:
        return driver
    former = draft.former_wallet(driver_id, registration)
    if former is None:
        raise LookupError(driver_id)
    return former


def _debts_paid(draft: Draft, owner: _Wallet) -> _Wallet:
    """Return `owner` after its free money has paid what it owes, the oldest debt first."""
    for debt in draft.debts(owner.driver_id, owner.registration):
        cents = min(debt.left_cents, owner.balance_cents)
        if cents == 0:
            break
        owner = replace(owner, balance_cents=owner.balance_cents - cents)
        draft.put(replace(debt, left_cents=debt.left_cents - cents))
        draft.put(
            Transfer(
                kind=TransferKind.CAPTURE,
                debit="wallet",
                credit="revenue",
                cents=cents,
                driver_id=owner.driver_id,
                registration=owner.registration,
                session_id=debt.session_id,
            )
        )
        draft.say(
            events.DebtPaid(
                driver_id=owner.driver_id,
                session_id=debt.session_id,
                cents=cents,
                left_cents=debt.left_cents - cents,
                owed_cents=draft.owed_cents(owner.driver_id, owner.registration),
                balance_cents=owner.balance_cents,
                registration=owner.registration,
                former_owner=isinstance(owner, FormerWallet),
                all_owed_cents=sum(left.left_cents for left in draft.debts_under(owner.driver_id)),
            )
        )
    return owner
