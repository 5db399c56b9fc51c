"""Orders that reach Central over Kafka: each carried out once, and never after it has grown old. Pure."""

from collections.abc import Callable
from typing import assert_never

from evcharge.central.rules.commands import Actor, LiftHold, PlaceHold, RevokeKeys, TakeOrder
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import OrderTaken
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.ids import CpId, RequestId
from evcharge.domain.operator_order import ORDER_EARLY_S, ORDER_VALID_S, Order

Inner = PlaceHold | LiftHold | RevokeKeys


def take(draft: Draft, command: TakeOrder, rules: Rules, act: Callable[[Draft, Inner], None]) -> None:
    """Carry out the order in `command` by `act`, unless it is old or was taken before; keep the reader's place."""

    draft.put(command.place)
    order = command.order
    if order is None or draft.order_taken(order.command_id):
        return
    # In the same transaction as its effect: whatever dies, it is done once.
    draft.put(OrderTaken(order.command_id))
    cp_id, request_id = CpId(order.cp_id), RequestId(order.command_id)
    try:
        _check_age(order, rules.now.timestamp())
        before = draft.point(cp_id)
        session = draft.session_of(before) if before is not None else None
        act(draft, _inner(order, command.by))
    except CommandRefused as refusal:
        draft.say(
            events.OrderRefused(
                request_id=request_id,
                cp_id=cp_id,
                command=order.command,
                code=refusal.code,
                why=refusal.why,
                facts=refusal.facts,
            )
        )
        return
    changed = draft.point(cp_id) != before
    ends = changed and session is not None and order.command != "resume"
    draft.say(
        events.OrderCarriedOut(
            request_id=request_id, cp_id=cp_id, command=order.command, changed=changed, ends=ends
        )
    )


def _check_age(order: Order, now: float) -> None:
    age = now - order.issued_at
    if age > ORDER_VALID_S:
        raise CommandRefused("old order", Code.EXPIRED, age_s=round(age), valid_s=round(ORDER_VALID_S))
    if age < -ORDER_EARLY_S:
        raise CommandRefused("early order", Code.CLOCK, ahead_s=round(-age))


def _inner(order: Order, by: Actor) -> Inner:
    cp_id = CpId(order.cp_id)
    match order.command:
        case "out":
            return PlaceHold(by=by, cp_id=cp_id, hold=Hold.OPERATOR)
        case "resume":
            return LiftHold(by=by, cp_id=cp_id, hold=Hold.OPERATOR)
        case "revoke":
            return RevokeKeys(by=by, subject=cp_id)
        case _:
            assert_never(order.command)
