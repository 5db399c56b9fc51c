"""Keys that are revoked, and charging points and drivers that the Registry takes out of the network. Pure."""

from dataclasses import replace

from evcharge.central.rules import charging, manual_start, point_links, presence
from evcharge.central.rules.commands import RevokeKeys, Withdraw
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.ids import CpId, DriverId
from evcharge.domain.session import EndReason


def revoke_keys(draft: Draft, command: RevokeKeys) -> None:
    """Make the credentials of a charging point or driver void, which ends its charges."""
    point, driver = draft.point(CpId(command.subject)), draft.driver(DriverId(command.subject))
    # Nothing of those who were withdrawn counts any more.
    point = point if point is not None and not point.withdrawn else None
    driver = driver if driver is not None and not driver.withdrawn else None
    if point is not None and (epoch := _revoked_epoch(point.epoch, point.revoked, point.epoch_told, command)):
        charging.order_stop(draft, point, EndReason.REVOKED)
        point = _parting(draft, draft.existing_point(point.cp_id))
        point = replace(point, revoked=True, epoch=epoch, epoch_told=False)
        draft.put(point)
        last_word = point.parting_link is not None
        draft.say(events.KeyRevoked(cp_id=point.cp_id, epoch=epoch, last_word=last_word))
    if driver is not None and (
        epoch := _revoked_epoch(driver.epoch, driver.blocked, driver.epoch_told, command)
    ):
        for session_id in sorted(driver.sessions):
            charging.end(draft, session_id, EndReason.REVOKED)
        driver = manual_start.without_pin(draft, driver, "credential")
        driver = replace(driver, blocked=True, epoch=epoch, epoch_told=False)
        draft.put(driver)
        draft.say(events.DriverBlocked(driver_id=driver.driver_id, epoch=epoch))
    if command.epoch:
        # The Registry knows this epoch, whoever raised it.
        if point is not None and point.epoch == command.epoch and not point.epoch_told:
            draft.put(replace(point, epoch_told=True))
        if driver is not None and driver.epoch == command.epoch and not driver.epoch_told:
            draft.put(replace(driver, epoch_told=True))
    elif point is None and driver is None:
        raise CommandRefused("unknown subject", Code.ID, subject=command.subject)


def _parting(draft: Draft, point: ChargingPoint) -> ChargingPoint:
    """Return `point`, whose keys are being withdrawn: the engine of a running session may say how that ended."""
    if draft.session_of(point) is None or point.revoked:
        return point
    return replace(point, parting_link=point.engine_link)


def _revoked_epoch(epoch: int, revoked: bool, told: bool, command: RevokeKeys) -> int | None:
    """Return the epoch below which credentials are void from now on, or None when nothing becomes void.

    An operator's order never goes beyond the epoch that the next credential will have at the Registry: else a
    credential that is issued while the order is on its way there would be lost.
    """
    if command.epoch:
        return command.epoch if command.epoch > epoch else None
    return epoch + 1 if told or not revoked else None


def withdraw(draft: Draft, command: Withdraw, rules: Rules) -> None:
    """Take out of the network what the Registry took out, unless a later registration of the id is here already."""
    point = draft.point(CpId(command.subject))
    if point is not None and not point.withdrawn and point.registration <= command.registration:
        draft.put(leave_point(draft, point, command.epoch, rules))
    driver = draft.driver(DriverId(command.subject))
    if driver is not None and not driver.withdrawn and driver.registration <= command.registration:
        draft.put(leave_driver(draft, driver, command.epoch))


def leave_point(draft: Draft, point: ChargingPoint, epoch: int, rules: Rules) -> ChargingPoint:
    """Return `point` outside the network: its links count no more, its charge is told to end, its history stays."""
    charging.order_stop(draft, point, EndReason.REVOKED)
    point = _parting(draft, draft.existing_point(point.cp_id))
    last_word = point.parting_link is not None
    if not point.revoked:
        draft.say(events.KeyRevoked(cp_id=point.cp_id, epoch=epoch, last_word=last_word))
    if not last_word:
        point = point_links.without_engine(draft, point, presence.REVOKED)
    point = point_links.without_monitor(draft, point, presence.REVOKED, rules)
    point = replace(
        point,
        withdrawn=True,
        revoked=True,
        epoch=max(epoch, point.epoch),
        fault=None,
        occupied=False,
        occupied_by=None,
    )
    draft.say(events.PointWithdrawn(cp_id=point.cp_id, epoch=point.epoch, registration=point.registration))
    return point


def leave_driver(draft: Draft, driver: Driver, epoch: int) -> Driver:
    """Return `driver` outside the network: its link and its PIN count no more, its charge ends, its wallet stays."""
    for session_id in sorted(driver.sessions):
        charging.end(draft, session_id, EndReason.REVOKED)
    driver = manual_start.without_consents(draft, draft.driver(driver.driver_id) or driver)
    if not driver.blocked:
        draft.say(events.DriverBlocked(driver_id=driver.driver_id, epoch=epoch))
    if driver.link is not None:
        draft.say(events.DriverLost(driver_id=driver.driver_id, link=driver.link, reason=presence.REVOKED))
    driver = replace(driver, withdrawn=True, blocked=True, epoch=max(epoch, driver.epoch), link=None)
    draft.say(
        events.DriverWithdrawn(
            driver_id=driver.driver_id,
            epoch=driver.epoch,
            balance_cents=driver.balance_cents,
            registration=driver.registration,
        )
    )
    return driver
