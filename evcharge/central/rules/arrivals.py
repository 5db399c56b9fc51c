"""Engines and monitors that log in: the charging point they speak for, and a journal that is another one. Pure."""

from dataclasses import replace

from evcharge.central.rules import charging, point_links, presence, revocations, weather, whereabouts
from evcharge.central.rules.commands import EngineArrives, MonitorArrives
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.settlement import close_estimated
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint, Hold, in_order
from evcharge.domain.errors import Code, CommandRefused, StaleLink
from evcharge.domain.ids import DriverId, JournalId
from evcharge.domain.location import NOWHERE
from evcharge.domain.session import EndReason


def engine_arrives(draft: Draft, command: EngineArrives, rules: Rules) -> None:
    """An engine has logged in: its charging point has a link, and it is told what to account for and to stop."""
    point = _known_point(draft, command, rules)
    journal_id = command.journal_id
    if point.journal_id is not None and point.journal_id != journal_id:
        point = _journal_replaced(draft, point, point.journal_id, journal_id, rules)
    point = whereabouts.heard(draft, point, command.said_location)
    ask, stop = charging.to_account_for(draft, point)
    last_seq = draft.last_seq(point.cp_id, journal_id)
    draft.put(
        replace(
            point,
            engine_link=command.link,
            journal_id=journal_id,
            journal_end=command.last_seq,
            max_power_w=command.max_power_w,
            speed_permille=command.speed_permille,
        )
    )
    draft.say(
        events.EngineConnected(
            cp_id=point.cp_id,
            link=command.link,
            journal_id=journal_id,
            last_seq=last_seq,
            ask=ask,
            stop=stop,
            driver_id=point_links.charging_driver(draft, point),
            epoch=point.epoch,
            max_power_w=command.max_power_w,
            speed_permille=command.speed_permille,
            location=point.location.name,
            said=point.said_location.name,
            holds=in_order(point.holds),
        )
    )


def _journal_replaced(
    draft: Draft, point: ChargingPoint, old: JournalId, new: JournalId, rules: Rules
) -> ChargingPoint:
    """Return `point` without its charge, withheld until an operator confirms the new journal."""
    draft.say(events.JournalReplaced(cp_id=point.cp_id, old=old, new=new))
    if Hold.JOURNAL not in point.holds:
        draft.say(
            events.HoldPlaced(
                cp_id=point.cp_id, hold=Hold.JOURNAL, holds=in_order(point.holds | {Hold.JOURNAL})
            )
        )
    draft.put(replace(point, holds=point.holds | {Hold.JOURNAL}, register_mwh=None))
    # What the lost journal still held will never come: bill what was committed.
    close_estimated(draft, point, rules, EndReason.LOST)
    # Whether an authorised one has begun, only the engine can say: it is asked, and must not begin it now.
    charging.order_stop(draft, draft.existing_point(point.cp_id), EndReason.LOST)
    return draft.existing_point(point.cp_id)


def monitor_arrives(draft: Draft, command: MonitorArrives, rules: Rules) -> None:
    """A monitor has logged in; it is heard from its first report on."""
    point = _known_point(draft, command, rules)
    draft.put(replace(point, monitor_link=command.link, monitor_heard=False))
    draft.say(
        events.MonitorConnected(
            cp_id=point.cp_id,
            link=command.link,
            epoch=point.epoch,
            location=point.location.name,
            said=point.said_location.name,
            holds=in_order(point.holds),
        )
    )


def _known_point(draft: Draft, command: EngineArrives | MonitorArrives, rules: Rules) -> ChargingPoint:
    """Return the charging point that arrives, in step with what its ticket says of it."""
    point = draft.point(command.cp_id)
    if point is None:
        if draft.driver(DriverId(command.cp_id)) is not None:
            raise CommandRefused("id of a driver", Code.CONFLICT, cp_id=command.cp_id)
        return _added(draft, command, rules.default_price_centi_cents_per_kwh)
    by_engine = isinstance(command, EngineArrives)
    present = point.engine_link if by_engine else point.monitor_link
    presence.check_arrival(command, point.cp_id, present, point.epoch)
    if command.registration > point.registration:
        if not point.withdrawn:
            # The Registry's word of it is still on its way.
            point = revocations.leave_point(draft, point, command.epoch, rules)
        # The former owner of the id has had its last word.
        point = point_links.without_engine(draft, point, presence.REVOKED)
        return _added(draft, command, point.price_centi_cents_per_kwh, point)
    if point.withdrawn or command.registration < point.registration:
        raise StaleLink("revoked", Code.REVOKED, who=point.cp_id)
    is_new_credential = command.epoch > point.epoch or point.revoked
    if is_new_credential:
        # The other link of this point logged in with what counts no longer.
        point = (
            point_links.without_monitor(draft, point, presence.REVOKED, rules)
            if by_engine
            else point_links.without_engine(draft, point, presence.REVOKED)
        )
    if point.revoked:
        draft.say(events.KeyRestored(cp_id=point.cp_id, epoch=command.epoch))
    point = replace(point, epoch=command.epoch, revoked=False, parting_link=None)
    return whereabouts.issued(draft, point, command.location) if is_new_credential else point


def _added(
    draft: Draft, command: EngineArrives | MonitorArrives, price: int, before: ChargingPoint | None = None
) -> ChargingPoint:
    """Return the charging point of a registration that was never here: new, or back after a withdrawal."""
    said = command.said_location if isinstance(command, EngineArrives) else NOWHERE
    point = replace(
        before or ChargingPoint(cp_id=command.cp_id),
        location=said or command.location or (before.location if before is not None else NOWHERE),
        registered_location=command.location,
        said_location=said,
        located_by_operator=False,
        price_centi_cents_per_kwh=price,
        registration=command.registration,
        epoch=command.epoch,
        revoked=False,
        withdrawn=False,
        parting_link=None,
    )
    draft.say(
        events.PointAdded(
            cp_id=point.cp_id,
            location=point.location.name,
            price_centi_cents_per_kwh=point.price_centi_cents_per_kwh,
            epoch=point.epoch,
            registration=point.registration,
        )
    )
    return weather.settled(draft, point)
