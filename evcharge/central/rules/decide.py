"""The rules of the network: a command and the facts go in, a Decision comes out. Pure.

Invariant: whatever forbids charging also ends the running session, in the same Decision. Rules about one
session's life and money are in `charging`; here are links, faults, holds and keys.
"""

from dataclasses import replace
from typing import assert_never

from msgspec import structs

from evcharge.central.rules import charging, kafka_orders, manual_start, money, presence, weather, whereabouts
from evcharge.central.rules.accounts import seal
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.central.rules.commands import (
    AnswerStart,
    AnyCommand,
    BarDriver,
    ByHand,
    ChangeAccess,
    CloseAlert,
    CloseLost,
    CorrectMoney,
    DriverArrives,
    DriverLeaves,
    DriverVisits,
    EndCharge,
    EngineArrives,
    EngineLeaves,
    FaultUnconfirmed,
    GiveUpStart,
    LiftHold,
    MarkTicketShown,
    MonitorArrives,
    MonitorLeaves,
    MonitorReports,
    MovePoint,
    Note,
    PayOut,
    PlaceHold,
    Refund,
    RegistryFollows,
    ReportReady,
    RevokeKeys,
    SetPin,
    SetPrice,
    StartCharging,
    StopCharging,
    TakeAlert,
    TakeOrder,
    TakeRecords,
    TopUp,
    WeatherAlert,
    WeatherClear,
    WeatherOverride,
    WeatherReport,
    Withdraw,
)
from evcharge.central.rules.decision import Decision, Draft
from evcharge.central.rules.facts import Driver, Facts, FormerWallet, TicketSeen
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.settlement import close_estimated
from evcharge.central.rules.wallet import credited, new_driver
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS, MAX_PRICE_CENTI_CENTS
from evcharge.domain.charging_point import ENGINE_FAULT, ChargingPoint, Hold, in_order
from evcharge.domain.errors import Code, CommandRefused, StaleLink
from evcharge.domain.ids import CpId, DriverId, JournalId
from evcharge.domain.location import NOWHERE
from evcharge.domain.session import EndReason, SessionState


def decide(facts: Facts | PendingFacts, command: AnyCommand, rules: Rules) -> Decision:
    """Return what `command` changes, or raise Refused. `facts` are left alone."""
    draft = Draft(facts)
    match command:
        case EngineArrives():
            _engine_arrives(draft, command, rules)
        case EngineLeaves():
            _engine_leaves(draft, command)
        case MonitorArrives():
            _monitor_arrives(draft, command, rules)
        case MonitorReports():
            _monitor_reports(draft, command)
        case MonitorLeaves():
            _monitor_leaves(draft, command, rules)
        case DriverArrives():
            _driver_arrives(draft, command, rules)
        case DriverLeaves():
            _driver_leaves(draft, command)
        case DriverVisits():
            _driver_visits(draft, command, rules)
        case StartCharging(by_hand=ByHand() as by_hand):
            manual_start.start(draft, command, by_hand, rules)
        case StartCharging():
            charging.start(draft, command, rules)
        case AnswerStart():
            manual_start.answer(draft, command, rules)
        case GiveUpStart():
            manual_start.give_up(draft, command)
        case FaultUnconfirmed():
            _fault_unconfirmed(draft, command)
        case SetPin():
            manual_start.set_pin(draft, command, rules)
        case StopCharging():
            charging.stop(draft, command)
        case EndCharge():
            charging.end_charge(draft, command)
        case ReportReady():
            charging.report_ready(draft, command)
        case TakeRecords():
            charging.take_records(draft, command, rules, _next_owner)
        case BarDriver():
            _bar_driver(draft, command)
        case SetPrice():
            _set_price(draft, command)
        case MovePoint():
            _move_point(draft, command)
        case RegistryFollows():
            whereabouts.registered(draft, command)
        case WeatherReport():
            weather.report(draft, command, rules)
        case WeatherAlert():
            weather.raise_alert(draft, command, rules)
        case WeatherClear():
            weather.clear(draft, command)
        case WeatherOverride():
            weather.override(draft, command)
        case CloseLost():
            charging.close_lost(draft, command, rules)
        case MarkTicketShown():
            _mark_ticket_shown(draft, command)
        case PlaceHold():
            _place_hold(draft, command)
        case LiftHold():
            _lift_hold(draft, command)
        case CloseAlert():
            _close_alert(draft, command)
        case TakeAlert():
            _take_alert(draft, command)
        case RevokeKeys():
            _revoke_keys(draft, command)
        case Withdraw():
            _withdraw(draft, command, rules)
        case TopUp():
            _top_up(draft, command)
        case CorrectMoney():
            money.correct_money(draft, command)
        case Refund():
            money.refund(draft, command)
        case PayOut():
            money.pay_out(draft, command)
        case TakeOrder():
            kafka_orders.take(draft, command, rules, _act)
        case Note():
            draft.say(command.event)
        case ChangeAccess():
            draft.put(command.change)
            draft.say(structs.replace(command.event, seal=seal(command.change)))
        case _:
            assert_never(command)
    manual_start.settle(draft, rules)
    return draft.decision()


# ---- links


def _engine_arrives(draft: Draft, command: EngineArrives, rules: Rules) -> None:
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
            driver_id=_charging_driver(draft, point),
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
    """Return `point` without its charge, withheld until an operator confirms the new journal (RELIABILITY B3)."""
    draft.say(events.JournalReplaced(cp_id=point.cp_id, old=old, new=new))
    if Hold.JOURNAL not in point.holds:
        draft.say(
            events.HoldPlaced(
                cp_id=point.cp_id, hold=Hold.JOURNAL, holds=in_order(point.holds | {Hold.JOURNAL})
            )
        )
    draft.put(replace(point, holds=point.holds | {Hold.JOURNAL}, register_mwh=None))
    # What the lost journal still held will never come: bill what was committed (RELIABILITY E2.6).
    close_estimated(draft, point, rules, EndReason.LOST)
    # Whether an authorised one has begun, only the engine can say: it is asked, and must not begin it now.
    charging.order_stop(draft, draft.existing_point(point.cp_id), EndReason.LOST)
    return draft.existing_point(point.cp_id)


def _engine_leaves(draft: Draft, command: EngineLeaves) -> None:
    point = draft.point(command.cp_id)
    if point is None or point.engine_link != command.link:
        return  # another connection has taken its place
    draft.put(_without_engine(draft, point, command.reason))


def _without_engine(draft: Draft, point: ChargingPoint, reason: str) -> ChargingPoint:
    """Return `point` without a link to its engine."""
    if point.engine_link is None:
        return point
    session = draft.session_of(point)
    if session is not None and session.stop_reason in (EndReason.REVOKED, EndReason.FAULT):
        session = None  # it does not go on, and its driver knows
    draft.say(
        events.EngineLost(
            cp_id=point.cp_id,
            link=point.engine_link,
            reason=reason,
            session_id=session.session_id if session else None,
            driver_id=session.driver_id if session else None,
            last_seq=draft.last_seq(point.cp_id, point.journal_id) if point.journal_id else None,
        )
    )
    return replace(point, engine_link=None, parting_link=None)


def _monitor_arrives(draft: Draft, command: MonitorArrives, rules: Rules) -> None:
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


def _monitor_reports(draft: Draft, command: MonitorReports) -> None:
    presence.check_monitor(draft, command, command.cp_id)
    point = draft.existing_point(command.cp_id)
    fault = command.fault
    if fault is None and point.monitor_heard and point.fault == ENGINE_FAULT:
        # It may not have asked its engine yet.
        fault = ENGINE_FAULT
    if (point.monitor_heard, point.fault, point.occupied) == (True, fault, command.occupied):
        return
    if not point.monitor_heard:
        draft.say(events.MonitorSpoke(cp_id=point.cp_id, driver_id=_charging_driver(draft, point)))
    if fault != point.fault:
        if fault is None:
            draft.say(events.FaultCleared(cp_id=point.cp_id, fault=point.fault or "", times=command.times))
        else:
            draft.say(events.FaultReported(cp_id=point.cp_id, fault=fault, times=command.times))
    if command.occupied != point.occupied:
        said = events.VehiclePluggedIn if command.occupied else events.VehicleUnplugged
        draft.say(said(cp_id=point.cp_id))
    draft.put(
        replace(
            point,
            monitor_heard=True,
            fault=fault,
            occupied=command.occupied,
            occupied_by=point.occupied_by if command.occupied else None,
        )
    )
    if fault is not None and point.fault is None:
        charging.interrupt(draft, point, fault, command.live_mwh)


def _fault_unconfirmed(draft: Draft, command: FaultUnconfirmed) -> None:
    """Let a charging point go whose fault was over before its monitor asked."""
    point = draft.point(command.cp_id)
    if point is not None and point.fault == ENGINE_FAULT:
        draft.put(replace(point, fault=None))
        draft.say(events.FaultCleared(cp_id=point.cp_id, fault=ENGINE_FAULT))


def _monitor_leaves(draft: Draft, command: MonitorLeaves, rules: Rules) -> None:
    point = draft.point(command.cp_id)
    if point is None or point.monitor_link != command.link:
        return
    draft.put(_without_monitor(draft, point, command.reason, rules))


def _without_monitor(draft: Draft, point: ChargingPoint, reason: str, rules: Rules) -> ChargingPoint:
    """Return `point` without a link to its monitor; what has not begun to charge ends."""
    if point.monitor_link is None:
        return point
    session = draft.session_of(point)
    # The running charge goes on to its own end, unless the operators of this network say otherwise.
    running = (
        session is not None
        and session.state is SessionState.CHARGING
        and session.stop_reason is not EndReason.REVOKED
    )
    goes_on = session if running and not rules.stop_on_monitor_lost else None
    draft.say(
        events.MonitorLost(
            cp_id=point.cp_id,
            link=point.monitor_link,
            reason=reason,
            session_id=goes_on.session_id if goes_on else None,
            driver_id=goes_on.driver_id if goes_on else None,
        )
    )
    if goes_on is None:
        charging.order_stop(draft, point, EndReason.MONITOR_LOST)
    return replace(point, monitor_link=None, monitor_heard=False)


def _charging_driver(draft: Draft, point: ChargingPoint) -> DriverId | None:
    session = draft.session_of(point)
    return session.driver_id if session is not None and session.state is SessionState.CHARGING else None


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
            point = _leave_point(draft, point, command.epoch, rules)
        # The former owner of the id has had its last word.
        point = _without_engine(draft, point, presence.REVOKED)
        return _added(draft, command, point.price_centi_cents_per_kwh, point)
    if point.withdrawn or command.registration < point.registration:
        raise StaleLink("revoked", Code.REVOKED, who=point.cp_id)
    is_new_credential = command.epoch > point.epoch or point.revoked
    if is_new_credential:
        # The other link of this point logged in with what counts no longer.
        point = (
            _without_monitor(draft, point, presence.REVOKED, rules)
            if by_engine
            else _without_engine(draft, point, presence.REVOKED)
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


# ---- drivers


def _driver_arrives(draft: Draft, command: DriverArrives, rules: Rules) -> None:
    driver = _known_driver(draft, command, rules)
    presence.check_arrival(command, driver.driver_id, driver.link, driver.epoch)
    if driver.blocked:
        draft.say(events.DriverUnblocked(driver_id=driver.driver_id, epoch=command.epoch))
    if command.epoch > driver.epoch:
        # The holder of the old credential may have chosen the PIN.
        driver = manual_start.without_pin(draft, driver, "credential")
    draft.put(replace(driver, epoch=command.epoch, blocked=False, link=command.link))
    draft.say(events.DriverConnected(driver_id=driver.driver_id, link=command.link, epoch=command.epoch))


def _driver_visits(draft: Draft, command: DriverVisits, rules: Rules) -> None:
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
        return _next_owner(draft, driver, command.registration, command.epoch, rules)
    if driver.withdrawn or command.registration < driver.registration:
        raise StaleLink("revoked", Code.REVOKED, who=driver.driver_id)
    return driver


def _next_owner(draft: Draft, driver: Driver, registration: int, epoch: int, rules: Rules) -> Driver:
    """Return the driver who has the id after `driver`, whose wallet stays; no session of it may be open."""
    if not driver.withdrawn:
        # The Registry's word of it is still on its way.
        driver = _leave_driver(draft, driver, epoch)
    draft.put(
        FormerWallet(
            driver_id=driver.driver_id,
            registration=driver.registration,
            balance_cents=driver.balance_cents,
        )
    )
    return new_driver(draft, driver.driver_id, registration, epoch, rules)


def _driver_leaves(draft: Draft, command: DriverLeaves) -> None:
    driver = draft.driver(command.driver_id)
    if driver is None or driver.link != command.link:
        return
    draft.put(replace(driver, link=None))
    draft.say(events.DriverLost(driver_id=driver.driver_id, link=command.link, reason=command.reason))


def _mark_ticket_shown(draft: Draft, command: MarkTicketShown) -> None:
    presence.check_driver(draft, command, command.driver_id)
    # Said again, or of somebody else's ticket, it changes nothing.
    if draft.unseen_by(command.session_id) == command.driver_id:
        draft.put(TicketSeen(command.session_id, command.driver_id))
        draft.say(events.TicketShown(driver_id=command.driver_id, session_id=command.session_id))


def _top_up(draft: Draft, command: TopUp) -> None:
    driver = draft.driver(command.driver_id)
    if driver is None or driver.withdrawn:
        raise CommandRefused("unknown driver", Code.ID, driver_id=command.driver_id)
    if command.cents <= 0:
        raise CommandRefused("top-up of nothing", Code.FIELD)
    if driver.balance_cents + driver.held_cents + command.cents > MAX_MONEY_CENTS:
        raise CommandRefused("wallet full", Code.FIELD, most_cents=MAX_MONEY_CENTS)
    draft.put(credited(draft, driver, command.cents, command.reference))


def _bar_driver(draft: Draft, command: BarDriver) -> None:
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


# ---- what an operator decides of a charging point


def _set_price(draft: Draft, command: SetPrice) -> None:
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


def _move_point(draft: Draft, command: MovePoint) -> None:
    (point,) = _named(draft, command.cp_id)
    whereabouts.move(draft, point, command.location)


# ---- holds and keys


def _place_hold(draft: Draft, command: PlaceHold) -> None:
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


def _lift_hold(draft: Draft, command: LiftHold) -> None:
    for point in _named(draft, command.cp_id):
        _lift(draft, point, command.hold)


def _lift(draft: Draft, point: ChargingPoint, hold: Hold) -> None:
    if hold in point.holds:
        draft.put(replace(point, holds=point.holds - {hold}))
        draft.say(events.HoldLifted(cp_id=point.cp_id, hold=hold, holds=in_order(point.holds - {hold})))


def _close_alert(draft: Draft, command: CloseAlert) -> None:
    """An operator has seen it. Of a new journal, that is the confirmation: the charging point may charge again."""
    draft.say(events.AlertClosed(alert_id=command.alert.id))
    if command.alert.kind is AlertKind.JOURNAL and (point := draft.point(CpId(command.alert.about))):
        _lift(draft, point, Hold.JOURNAL)


def _take_alert(draft: Draft, command: TakeAlert) -> None:
    """Whoever takes it last has it; said again, nothing changes."""
    alert, by = command.alert, command.by.id
    if command.taken and alert.taken_by != by:
        draft.say(events.AlertTaken(alert_id=alert.id, by=by))
    if not command.taken and alert.taken_by:
        draft.say(events.AlertLeft(alert_id=alert.id, by=by))


def _act(draft: Draft, order: PlaceHold | LiftHold | RevokeKeys) -> None:
    """Do what an order says."""
    match order:
        case PlaceHold():
            _place_hold(draft, order)
        case LiftHold():
            _lift_hold(draft, order)
        case RevokeKeys():
            _revoke_keys(draft, order)
        case _:
            assert_never(order)


def _named(draft: Draft, cp_id: CpId | None) -> list[ChargingPoint]:
    if cp_id is None:
        return list(draft.points())
    point = draft.point(cp_id)
    if point is None or point.withdrawn:
        raise CommandRefused("unknown point", Code.UNKNOWN_CP, cp_id=cp_id)
    return [point]


def _revoke_keys(draft: Draft, command: RevokeKeys) -> None:
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


def _withdraw(draft: Draft, command: Withdraw, rules: Rules) -> None:
    """Take out of the network what the Registry took out, unless a later registration of the id is here already."""
    point = draft.point(CpId(command.subject))
    if point is not None and not point.withdrawn and point.registration <= command.registration:
        draft.put(_leave_point(draft, point, command.epoch, rules))
    driver = draft.driver(DriverId(command.subject))
    if driver is not None and not driver.withdrawn and driver.registration <= command.registration:
        draft.put(_leave_driver(draft, driver, command.epoch))


def _leave_point(draft: Draft, point: ChargingPoint, epoch: int, rules: Rules) -> ChargingPoint:
    """Return `point` outside the network: its links count no more, its charge is told to end, its history stays."""
    charging.order_stop(draft, point, EndReason.REVOKED)
    point = _parting(draft, draft.existing_point(point.cp_id))
    last_word = point.parting_link is not None
    if not point.revoked:
        draft.say(events.KeyRevoked(cp_id=point.cp_id, epoch=epoch, last_word=last_word))
    if not last_word:
        point = _without_engine(draft, point, presence.REVOKED)
    point = _without_monitor(draft, point, presence.REVOKED, rules)
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


def _leave_driver(draft: Draft, driver: Driver, epoch: int) -> Driver:
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
