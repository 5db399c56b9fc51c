"""Drivers: how they come and go, their inbox, and what operators decide about them. Pure."""

from dataclasses import replace

from evcharge.central.rules import charging, manual_start, presence, revocations
from evcharge.central.rules.commands import (
    BarDriver,
    DriverArrives,
    DriverLeaves,
    DriverVisits,
    MarkTicketShown,
    TopUp,
)
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver, FormerWallet, TicketSeen
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.wallet import credited, new_driver
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS
from evcharge.domain.errors import Code, CommandRefused, StaleLink
from evcharge.domain.ids import CpId
from evcharge.domain.session import EndReason


def driver_arrives(draft: Draft, command: DriverArrives, rules: Rules) -> None:
    """A driver has logged in, perhaps with a new credential."""
    driver = _known_driver(draft, command, rules)
    presence.check_arrival(command, driver.driver_id, driver.link, driver.epoch)
    if driver.blocked:
        draft.say(events.DriverUnblocked(driver_id=driver.driver_id, epoch=command.epoch))
    if command.epoch > driver.epoch:
        # The holder of the old credential may have chosen the PIN.
        driver = manual_start.without_pin(draft, driver, "credential")
    draft.put(replace(driver, epoch=command.epoch, blocked=False, link=command.link))
    draft.say(events.DriverConnected(driver_id=driver.driver_id, link=command.link, epoch=command.epoch))


def driver_visits(draft: Draft, command: DriverVisits, rules: Rules) -> None:
    """A driver has come through the pages: a new one gets a wallet, but no link."""
    known = draft.driver(command.driver_id)
    driver = _known_driver(draft, command, rules)
    if driver is not known:
        draft.put(driver)


def _known_driver(draft: Draft, command: DriverArrives | DriverVisits, rules: Rules) -> Driver:
    """Return the driver of the registration that its credential speaks for; a new one has a wallet of its own."""
    driver = draft.driver(command.driver_id)
    if driver is None:
        if draft.point(CpId(command.driver_id)) is not None:
            raise CommandRefused("id of a point", Code.CONFLICT, driver_id=command.driver_id)
        return new_driver(draft, command.driver_id, command.registration, command.epoch, rules)
    if command.registration > driver.registration:
        if driver.sessions:
            raise CommandRefused("not settled", Code.BUSY, driver_id=driver.driver_id)
        return next_owner(draft, driver, command.registration, command.epoch, rules)
    if driver.withdrawn or command.registration < driver.registration:
        raise StaleLink("revoked", Code.REVOKED, who=driver.driver_id)
    return driver


def next_owner(draft: Draft, driver: Driver, registration: int, epoch: int, rules: Rules) -> Driver:
    """Return the driver who has the id after `driver`, whose wallet stays; no session of it may be open."""
    if not driver.withdrawn:
        # The Registry's word of it is still on its way.
        driver = revocations.leave_driver(draft, driver, epoch)
    draft.put(
        FormerWallet(
            driver_id=driver.driver_id,
            registration=driver.registration,
            balance_cents=driver.balance_cents,
        )
    )
    return new_driver(draft, driver.driver_id, registration, epoch, rules)


def driver_leaves(draft: Draft, command: DriverLeaves) -> None:
    """A driver's link has ended; its charge goes on."""
    driver = draft.driver(command.driver_id)
    if driver is None or driver.link != command.link:
        return
    draft.put(replace(driver, link=None))
    draft.say(events.DriverLost(driver_id=driver.driver_id, link=command.link, reason=command.reason))


def mark_ticket_shown(draft: Draft, command: MarkTicketShown) -> None:
    """A driver has seen a ticket of its own."""
    presence.check_driver(draft, command, command.driver_id)
    # Said again, or of somebody else's ticket, it changes nothing.
    if draft.unseen_by(command.session_id) == command.driver_id:
        draft.put(TicketSeen(command.session_id, command.driver_id))
        draft.say(events.TicketShown(driver_id=command.driver_id, session_id=command.session_id))


def top_up(draft: Draft, command: TopUp) -> None:
    """Put money from outside into a wallet, up to the most that one may hold."""
    driver = draft.driver(command.driver_id)
    if driver is None or driver.withdrawn:
        raise CommandRefused("unknown driver", Code.ID, driver_id=command.driver_id)
    if command.cents <= 0:
        raise CommandRefused("top-up of nothing", Code.FIELD)
    if driver.balance_cents + driver.held_cents + command.cents > MAX_MONEY_CENTS:
        raise CommandRefused("wallet full", Code.FIELD, most_cents=MAX_MONEY_CENTS)
    draft.put(credited(draft, driver, command.cents, command.reference))


def bar_driver(draft: Draft, command: BarDriver) -> None:
    """Bar a driver, which ends its charges, or readmit it."""
    driver = draft.driver(command.driver_id)
    if driver is None or driver.withdrawn:
        raise CommandRefused("unknown driver", Code.NOT_FOUND, driver_id=command.driver_id)
    if driver.barred == command.barred:
        return
    draft.put(replace(driver, barred=command.barred))
    if not command.barred:
        draft.say(events.DriverReadmitted(driver_id=driver.driver_id))
        return
    draft.say(events.DriverBarred(driver_id=driver.driver_id))
    for session_id in sorted(driver.sessions):
        charging.end(draft, session_id, EndReason.OPERATOR)
