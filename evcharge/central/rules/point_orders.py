"""What operators order of charging points: price, location, holds, and alerts that are closed or taken. Pure."""

from dataclasses import replace

from evcharge.central.rules import charging, whereabouts
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.central.rules.commands import CloseAlert, LiftHold, MovePoint, PlaceHold, SetPrice, TakeAlert
from evcharge.central.rules.decision import Draft
from evcharge.domain import events
from evcharge.domain.billing import MAX_PRICE_CENTI_CENTS
from evcharge.domain.charging_point import ChargingPoint, Hold, in_order
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.ids import CpId
from evcharge.domain.session import EndReason


def set_price(draft: Draft, command: SetPrice) -> None:
    """Change the price of the next charges at a charging point."""
    (point,) = _named(draft, command.cp_id)
    old, new = point.price_centi_cents_per_kwh, command.price_centi_cents_per_kwh
    if not 0 <= new <= MAX_PRICE_CENTI_CENTS:
        raise CommandRefused("price", Code.FIELD)
    if new == old:
        return
    draft.put(replace(point, price_centi_cents_per_kwh=new))
    draft.say(
        events.PriceChanged(
            cp_id=point.cp_id, price_centi_cents_per_kwh=new, old_price_centi_cents_per_kwh=old
        )
    )


def move_point(draft: Draft, command: MovePoint) -> None:
    """Say where a charging point stands."""
    (point,) = _named(draft, command.cp_id)
    whereabouts.move(draft, point, command.location)


def place_hold(draft: Draft, command: PlaceHold) -> None:
    """Take one charging point, or all, out of service, which ends their charges."""
    for point in _named(draft, command.cp_id):
        if command.hold in point.holds:
            continue
        draft.put(replace(point, holds=point.holds | {command.hold}))
        draft.say(
            events.HoldPlaced(
                cp_id=point.cp_id, hold=command.hold, holds=in_order(point.holds | {command.hold})
            )
        )
        charging.order_stop(draft, point, EndReason(command.hold.value))


def lift_hold(draft: Draft, command: LiftHold) -> None:
    """Take that hold, and no other, from one charging point or all."""
    for point in _named(draft, command.cp_id):
        _lift(draft, point, command.hold)


def _lift(draft: Draft, point: ChargingPoint, hold: Hold) -> None:
    if hold in point.holds:
        draft.put(replace(point, holds=point.holds - {hold}))
        draft.say(events.HoldLifted(cp_id=point.cp_id, hold=hold, holds=in_order(point.holds - {hold})))


def close_alert(draft: Draft, command: CloseAlert) -> None:
    """An operator has seen it. Of a new journal, that is the confirmation: the charging point may charge again."""
    draft.say(events.AlertClosed(alert_id=command.alert.id))
    if command.alert.kind is AlertKind.JOURNAL and (point := draft.point(CpId(command.alert.about))):
        _lift(draft, point, Hold.JOURNAL)


def take_alert(draft: Draft, command: TakeAlert) -> None:
    """Whoever takes it last has it; said again, nothing changes."""
    alert, by = command.alert, command.by.id
    if command.taken and alert.taken_by != by:
        draft.say(events.AlertTaken(alert_id=alert.id, by=by))
    if not command.taken and alert.taken_by:
        draft.say(events.AlertLeft(alert_id=alert.id, by=by))


def _named(draft: Draft, cp_id: CpId | None) -> list[ChargingPoint]:
    if cp_id is None:
        return list(draft.points())
    point = draft.point(cp_id)
    if point is None or point.withdrawn:
        raise CommandRefused("unknown point", Code.UNKNOWN_CP, cp_id=cp_id)
    return [point]
