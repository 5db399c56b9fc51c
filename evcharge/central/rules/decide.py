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
    EngineArrives,
    EngineLeaves,
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
    TakeOrder,
    TakeRecords,
    TopUp,
    WeatherAlert,
    WeatherClear,
    WeatherOverride,
    WeatherReport,
    Withdraw,
)
from evcharge.central.rules.decision import Decision, Ruling
from evcharge.central.rules.facts import Driver, Facts, FormerWallet, TicketSeen
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.settlement import close_estimated
from evcharge.central.rules.wallet import credited, new_driver
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS, MAX_PRICE_CENTI_CENTS, euros
from evcharge.domain.charging_point import ChargingPoint, Hold
from evcharge.domain.errors import Code, Refused, StaleLink
from evcharge.domain.ids import CpId, DriverId, JournalId
from evcharge.domain.session import EndReason, SessionState


def decide(facts: Facts, command: AnyCommand, rules: Rules) -> Decision:
    """Return what `command` changes, or raise Refused. `facts` are left alone."""
    ruling = Ruling(facts)
    match command:
        case EngineArrives():
            _engine_arrives(ruling, command, rules)
        case EngineLeaves():
            _engine_leaves(ruling, command)
        case MonitorArrives():
            _monitor_arrives(ruling, command, rules)
        case MonitorReports():
            _monitor_reports(ruling, command)
        case MonitorLeaves():
            _monitor_leaves(ruling, command, rules)
        case DriverArrives():
            _driver_arrives(ruling, command, rules)
        case DriverLeaves():
            _driver_leaves(ruling, command)
        case DriverVisits():
            _driver_visits(ruling, command, rules)
        case StartCharging(by_hand=ByHand() as by_hand):
            manual_start.start(ruling, command, by_hand, rules)
        case StartCharging():
            charging.start(ruling, command, rules)
        case AnswerStart():
            manual_start.answer(ruling, command, rules)
        case GiveUpStart():
            manual_start.give_up(ruling, command)
        case SetPin():
            manual_start.set_pin(ruling, command, rules)
        case StopCharging():
            charging.stop(ruling, command)
        case ReportReady():
            charging.report_ready(ruling, command)
        case TakeRecords():
            charging.take_records(ruling, command, rules, _next_owner)
        case BarDriver():
            _bar_driver(ruling, command)
        case SetPrice():
            _set_price(ruling, command)
        case MovePoint():
            _move_point(ruling, command)
        case RegistryFollows():
            whereabouts.registered(ruling, command)
        case WeatherReport():
            weather.report(ruling, command, rules)
        case WeatherAlert():
            weather.raise_alert(ruling, command, rules)
        case WeatherClear():
            weather.clear(ruling, command)
        case WeatherOverride():
            weather.override(ruling, command)
        case CloseLost():
            charging.close_lost(ruling, command, rules)
        case MarkTicketShown():
            _mark_ticket_shown(ruling, command)
        case PlaceHold():
            _place_hold(ruling, command)
        case LiftHold():
            _lift_hold(ruling, command)
        case CloseAlert():
            _close_alert(ruling, command)
        case RevokeKeys():
            _revoke_keys(ruling, command)
        case Withdraw():
            _withdraw(ruling, command, rules)
        case TopUp():
            _top_up(ruling, command)
        case CorrectMoney():
            money.correct_money(ruling, command)
        case Refund():
            money.refund(ruling, command)
        case PayOut():
            money.pay_out(ruling, command)
        case TakeOrder():
            kafka_orders.take(ruling, command, rules, _act)
        case Note():
            ruling.say(command.event)
        case ChangeAccess():
            ruling.put(command.change)
            ruling.say(structs.replace(command.event, seal=seal(command.change)))
        case _:
            assert_never(command)
    manual_start.settle(ruling, rules)
    return ruling.decision()


# ---- links


def _engine_arrives(ruling: Ruling, command: EngineArrives, rules: Rules) -> None:
    point = _known_point(ruling, command, rules)
    journal_id = command.journal_id
    if point.journal_id is not None and point.journal_id != journal_id:
        point = _journal_replaced(ruling, point, point.journal_id, journal_id, rules)
    point = whereabouts.heard(ruling, point, command.said_location)
    ask, stop = charging.to_account_for(ruling, point)
    last_seq = ruling.last_seq(point.cp_id, journal_id)
    ruling.put(
        replace(
            point,
            engine_link=command.link,
            journal_id=journal_id,
            journal_end=command.last_seq,
            max_power_w=command.max_power_w,
            speed_permille=command.speed_permille,
        )
    )
    ruling.say(
        events.EngineConnected(
            cp_id=point.cp_id,
            link=command.link,
            journal_id=journal_id,
            last_seq=last_seq,
            ask=ask,
            stop=stop,
            driver_id=_charging_driver(ruling, point),
            epoch=point.epoch,
            max_power_w=command.max_power_w,
            speed_permille=command.speed_permille,
            location=point.location,
            said=point.said_location,
        )
    )


def _journal_replaced(
    ruling: Ruling, point: ChargingPoint, old: JournalId, new: JournalId, rules: Rules
) -> ChargingPoint:
    """Return `point` without its charge, withheld until an operator confirms the new journal (RELIABILITY B3)."""
    ruling.say(events.JournalReplaced(cp_id=point.cp_id, old=old, new=new))
    if Hold.JOURNAL not in point.holds:
        ruling.say(events.HoldPlaced(cp_id=point.cp_id, hold=Hold.JOURNAL))
    ruling.put(replace(point, holds=point.holds | {Hold.JOURNAL}, register_mwh=None))
    # What the lost journal still held will never come: bill what was committed (RELIABILITY E2.6).
    close_estimated(ruling, point, rules, EndReason.LOST)
    # Whether an authorised one has begun, only the engine can say: it is asked, and must not begin it now.
    charging.order_stop(ruling, ruling.existing_point(point.cp_id), EndReason.LOST)
    return ruling.existing_point(point.cp_id)


def _engine_leaves(ruling: Ruling, command: EngineLeaves) -> None:
    point = ruling.point(command.cp_id)
    if point is None or point.engine_link != command.link:
        return  # another connection has taken its place
    ruling.put(_without_engine(ruling, point, command.reason))


def _without_engine(ruling: Ruling, point: ChargingPoint, reason: str) -> ChargingPoint:
    """Return `point` without a link to its engine."""
    if point.engine_link is None:
        return point
    session = ruling.session_of(point)
    if session is not None and session.stop_reason is EndReason.REVOKED:
        session = None  # it does not go on
    ruling.say(
        events.EngineLost(
            cp_id=point.cp_id,
            link=point.engine_link,
            reason=reason,
            session_id=session.session_id if session else None,
            driver_id=session.driver_id if session else None,
            last_seq=ruling.last_seq(point.cp_id, point.journal_id) if point.journal_id else None,
        )
    )
    return replace(point, engine_link=None, parting_link=None)


def _monitor_arrives(ruling: Ruling, command: MonitorArrives, rules: Rules) -> None:
    point = _known_point(ruling, command, rules)
    ruling.put(replace(point, monitor_link=command.link, monitor_heard=False))
    ruling.say(
        events.MonitorConnected(
            cp_id=point.cp_id,
            link=command.link,
            epoch=point.epoch,
            location=point.location,
            said=point.said_location,
        )
    )


def _monitor_reports(ruling: Ruling, command: MonitorReports) -> None:
    presence.check_monitor(ruling, command, command.cp_id)
    point = ruling.existing_point(command.cp_id)
    if (point.monitor_heard, point.fault, point.occupied) == (True, command.fault, command.occupied):
        return
    if not point.monitor_heard:
        ruling.say(events.MonitorSpoke(cp_id=point.cp_id, driver_id=_charging_driver(ruling, point)))
    if command.fault != point.fault:
        if command.fault is None:
            ruling.say(events.FaultCleared(cp_id=point.cp_id, fault=point.fault or "", times=command.times))
        else:
            ruling.say(events.FaultReported(cp_id=point.cp_id, fault=command.fault, times=command.times))
    if command.occupied != point.occupied:
        said = events.VehiclePluggedIn if command.occupied else events.VehicleUnplugged
        ruling.say(said(cp_id=point.cp_id))
    ruling.put(
        replace(
            point,
            monitor_heard=True,
            fault=command.fault,
            occupied=command.occupied,
            occupied_by=point.occupied_by if command.occupied else None,
        )
    )
    if command.fault is not None and point.fault is None:
        charging.interrupt(ruling, point, command.fault, command.live_mwh)


def _monitor_leaves(ruling: Ruling, command: MonitorLeaves, rules: Rules) -> None:
    point = ruling.point(command.cp_id)
    if point is None or point.monitor_link != command.link:
        return
    ruling.put(_without_monitor(ruling, point, command.reason, rules))


def _without_monitor(ruling: Ruling, point: ChargingPoint, reason: str, rules: Rules) -> ChargingPoint:
    """Return `point` without a link to its monitor; what has not begun to charge ends."""
    if point.monitor_link is None:
        return point
    session = ruling.session_of(point)
    # The running charge goes on to its own end, unless the operators of this network say otherwise.
    running = (
        session is not None
        and session.state is SessionState.CHARGING
        and session.stop_reason is not EndReason.REVOKED
    )
    goes_on = session if running and not rules.stop_on_monitor_lost else None
    ruling.say(
        events.MonitorLost(
            cp_id=point.cp_id,
            link=point.monitor_link,
            reason=reason,
            session_id=goes_on.session_id if goes_on else None,
            driver_id=goes_on.driver_id if goes_on else None,
        )
    )
    if goes_on is None:
        charging.order_stop(ruling, point, EndReason.MONITOR_LOST)
    return replace(point, monitor_link=None, monitor_heard=False)


def _charging_driver(ruling: Ruling, point: ChargingPoint) -> DriverId | None:
    session = ruling.session_of(point)
    return session.driver_id if session is not None and session.state is SessionState.CHARGING else None


def _known_point(ruling: Ruling, command: EngineArrives | MonitorArrives, rules: Rules) -> ChargingPoint:
    """Return the charging point that arrives, in step with what its ticket says of it."""
    point = ruling.point(command.cp_id)
    if point is None:
        if ruling.driver(DriverId(command.cp_id)) is not None:
            raise Refused(f"{command.cp_id} is a driver here, and an id keeps its kind", Code.CONFLICT)
        return _added(ruling, command, rules.default_price_centi_cents_per_kwh)
    by_engine = isinstance(command, EngineArrives)
    present = point.engine_link if by_engine else point.monitor_link
    presence.check_arrival(command, point.cp_id, present, point.epoch)
    if command.registration > point.registration:
        if not point.withdrawn:
            # The Registry's word of it is still on its way.
            point = _leave_point(ruling, point, command.epoch, rules)
        # Who had the id before has had its last word.
        point = _without_engine(ruling, point, presence.REVOKED)
        return _added(ruling, command, point.price_centi_cents_per_kwh, point)
    if point.withdrawn or command.registration < point.registration:
        raise StaleLink(presence.revoked_text(point.cp_id), Code.REVOKED)
    is_new_credential = command.epoch > point.epoch or point.revoked
    if is_new_credential:
        # The other link of this point logged in with what counts no longer.
        point = (
            _without_monitor(ruling, point, presence.REVOKED, rules)
            if by_engine
            else _without_engine(ruling, point, presence.REVOKED)
        )
    if point.revoked:
        ruling.say(events.KeyRestored(cp_id=point.cp_id, epoch=command.epoch))
    point = replace(point, epoch=command.epoch, revoked=False, parting_link=None)
    return whereabouts.issued(ruling, point, command.location) if is_new_credential else point


def _added(
    ruling: Ruling, command: EngineArrives | MonitorArrives, price: int, before: ChargingPoint | None = None
) -> ChargingPoint:
    """Return the charging point of a registration that was never here: new, or back after a withdrawal."""
    said = command.said_location if isinstance(command, EngineArrives) else ""
    point = replace(
        before or ChargingPoint(cp_id=command.cp_id),
        location=said or command.location or (before.location if before is not None else ""),
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
    ruling.say(
        events.PointAdded(
            cp_id=point.cp_id,
            location=point.location,
            price_centi_cents_per_kwh=point.price_centi_cents_per_kwh,
            epoch=point.epoch,
            registration=point.registration,
        )
    )
    return weather.settled(ruling, point)


# ---- drivers


def _driver_arrives(ruling: Ruling, command: DriverArrives, rules: Rules) -> None:
    driver = _known_driver(ruling, command, rules)
    presence.check_arrival(command, driver.driver_id, driver.link, driver.epoch)
    if driver.blocked:
        ruling.say(events.DriverUnblocked(driver_id=driver.driver_id, epoch=command.epoch))
    if command.epoch > driver.epoch:
        # Whoever had the old credential may have chosen the PIN.
        driver = manual_start.without_pin(ruling, driver, "credential")
    ruling.put(replace(driver, epoch=command.epoch, blocked=False, link=command.link))
    ruling.say(events.DriverConnected(driver_id=driver.driver_id, link=command.link, epoch=command.epoch))


def _driver_visits(ruling: Ruling, command: DriverVisits, rules: Rules) -> None:
    known = ruling.driver(command.driver_id)
    driver = _known_driver(ruling, command, rules)
    if driver is not known:
        ruling.put(driver)


def _known_driver(ruling: Ruling, command: DriverArrives | DriverVisits, rules: Rules) -> Driver:
    """Return the driver of the registration that its credential speaks for; a new one has a wallet of its own."""
    driver = ruling.driver(command.driver_id)
    if driver is None:
        if ruling.point(CpId(command.driver_id)) is not None:
            raise Refused(
                f"{command.driver_id} is a charging point here, and an id keeps its kind", Code.CONFLICT
            )
        return new_driver(ruling, command.driver_id, command.registration, command.epoch, rules)
    if command.registration > driver.registration:
        if driver.sessions:
            raise Refused(
                f"the last charge of whoever was {driver.driver_id} before is not settled yet: try again later",
                Code.BUSY,
            )
        return _next_owner(ruling, driver, command.registration, command.epoch, rules)
    if driver.withdrawn or command.registration < driver.registration:
        raise StaleLink(presence.revoked_text(driver.driver_id), Code.REVOKED)
    return driver


def _next_owner(ruling: Ruling, driver: Driver, registration: int, epoch: int, rules: Rules) -> Driver:
    """Return the driver who has the id after `driver`, whose wallet stays; no session of it may be open."""
    if not driver.withdrawn:
        # The Registry's word of it is still on its way.
        driver = _leave_driver(ruling, driver, epoch)
    ruling.put(
        FormerWallet(
            driver_id=driver.driver_id,
            registration=driver.registration,
            balance_cents=driver.balance_cents,
        )
    )
    return new_driver(ruling, driver.driver_id, registration, epoch, rules)


def _driver_leaves(ruling: Ruling, command: DriverLeaves) -> None:
    driver = ruling.driver(command.driver_id)
    if driver is None or driver.link != command.link:
        return
    ruling.put(replace(driver, link=None))
    ruling.say(events.DriverLost(driver_id=driver.driver_id, link=command.link, reason=command.reason))


def _mark_ticket_shown(ruling: Ruling, command: MarkTicketShown) -> None:
    presence.check_driver(ruling, command, command.driver_id)
    # Said again, or of somebody else's ticket, it changes nothing.
    if ruling.unseen_by(command.session_id) == command.driver_id:
        ruling.put(TicketSeen(command.session_id, command.driver_id))
        ruling.say(events.TicketShown(driver_id=command.driver_id, session_id=command.session_id))


def _top_up(ruling: Ruling, command: TopUp) -> None:
    driver = ruling.driver(command.driver_id)
    if driver is None or driver.withdrawn:
        raise Refused(f"driver {command.driver_id} is unknown here", Code.ID)
    if command.cents <= 0:
        raise Refused("a top-up must be more than 0.00 €", Code.FIELD)
    if driver.balance_cents + driver.held_cents + command.cents > MAX_MONEY_CENTS:
        raise Refused(f"a wallet holds at most {euros(MAX_MONEY_CENTS)} €", Code.FIELD)
    ruling.put(credited(ruling, driver, command.cents, command.reference))


def _bar_driver(ruling: Ruling, command: BarDriver) -> None:
    driver = ruling.driver(command.driver_id)
    if driver is None or driver.withdrawn:
        raise Refused(f"driver {command.driver_id} is unknown here", Code.NOT_FOUND)
    if driver.barred == command.barred:
        return
    ruling.put(replace(driver, barred=command.barred))
    if not command.barred:
        ruling.say(events.DriverReadmitted(driver_id=driver.driver_id))
        return
    ruling.say(events.DriverBarred(driver_id=driver.driver_id))
    for session_id in sorted(driver.sessions):
        charging.end(ruling, session_id, EndReason.OPERATOR)


# ---- what an operator decides of a charging point


def _set_price(ruling: Ruling, command: SetPrice) -> None:
    (point,) = _named(ruling, command.cp_id)
    old, new = point.price_centi_cents_per_kwh, command.price_centi_cents_per_kwh
    if not 0 <= new <= MAX_PRICE_CENTI_CENTS:
        raise Refused("a price is from 0 to 100 €/kWh", Code.FIELD)
    if new == old:
        return
    ruling.put(replace(point, price_centi_cents_per_kwh=new))
    ruling.say(
        events.PriceChanged(
            cp_id=point.cp_id, price_centi_cents_per_kwh=new, old_price_centi_cents_per_kwh=old
        )
    )


def _move_point(ruling: Ruling, command: MovePoint) -> None:
    (point,) = _named(ruling, command.cp_id)
    whereabouts.move(ruling, point, command.location)


# ---- holds and keys


def _place_hold(ruling: Ruling, command: PlaceHold) -> None:
    for point in _named(ruling, command.cp_id):
        if command.hold in point.holds:
            continue
        ruling.put(replace(point, holds=point.holds | {command.hold}))
        ruling.say(events.HoldPlaced(cp_id=point.cp_id, hold=command.hold))
        charging.order_stop(ruling, point, EndReason(command.hold.value))


def _lift_hold(ruling: Ruling, command: LiftHold) -> None:
    for point in _named(ruling, command.cp_id):
        _lift(ruling, point, command.hold)


def _lift(ruling: Ruling, point: ChargingPoint, hold: Hold) -> None:
    if hold in point.holds:
        ruling.put(replace(point, holds=point.holds - {hold}))
        ruling.say(events.HoldLifted(cp_id=point.cp_id, hold=hold))


def _close_alert(ruling: Ruling, command: CloseAlert) -> None:
    """An operator has seen it. Of a new journal, that is the confirmation: the charging point may charge again."""
    ruling.say(events.AlertClosed(alert_id=command.alert.id))
    if command.alert.kind is AlertKind.JOURNAL and (point := ruling.point(CpId(command.alert.about))):
        _lift(ruling, point, Hold.JOURNAL)


def _act(ruling: Ruling, order: PlaceHold | LiftHold | RevokeKeys) -> None:
    """Do what an order says."""
    match order:
        case PlaceHold():
            _place_hold(ruling, order)
        case LiftHold():
            _lift_hold(ruling, order)
        case RevokeKeys():
            _revoke_keys(ruling, order)


def _named(ruling: Ruling, cp_id: CpId | None) -> list[ChargingPoint]:
    if cp_id is None:
        return list(ruling.points())
    point = ruling.point(cp_id)
    if point is None or point.withdrawn:
        raise Refused(f"{cp_id} does not exist", Code.UNKNOWN_CP)
    return [point]


def _revoke_keys(ruling: Ruling, command: RevokeKeys) -> None:
    point, driver = ruling.point(CpId(command.subject)), ruling.driver(DriverId(command.subject))
    # Nothing of those who were withdrawn counts any more.
    point = point if point is not None and not point.withdrawn else None
    driver = driver if driver is not None and not driver.withdrawn else None
    if point is not None and (epoch := _revoked_epoch(point.epoch, point.revoked, point.epoch_told, command)):
        charging.order_stop(ruling, point, EndReason.REVOKED)
        point = _parting(ruling, ruling.existing_point(point.cp_id))
        point = replace(point, revoked=True, epoch=epoch, epoch_told=False)
        ruling.put(point)
        last_word = point.parting_link is not None
        ruling.say(events.KeyRevoked(cp_id=point.cp_id, epoch=epoch, last_word=last_word))
    if driver is not None and (
        epoch := _revoked_epoch(driver.epoch, driver.blocked, driver.epoch_told, command)
    ):
        for session_id in sorted(driver.sessions):
            charging.end(ruling, session_id, EndReason.REVOKED)
        driver = manual_start.without_pin(ruling, driver, "credential")
        driver = replace(driver, blocked=True, epoch=epoch, epoch_told=False)
        ruling.put(driver)
        ruling.say(events.DriverBlocked(driver_id=driver.driver_id, epoch=epoch))
    if command.epoch:
        # The Registry knows this epoch, whoever raised it.
        if point is not None and point.epoch == command.epoch and not point.epoch_told:
            ruling.put(replace(point, epoch_told=True))
        if driver is not None and driver.epoch == command.epoch and not driver.epoch_told:
            ruling.put(replace(driver, epoch_told=True))
    elif point is None and driver is None:
        raise Refused(f"{command.subject} is unknown here", Code.ID)


def _parting(ruling: Ruling, point: ChargingPoint) -> ChargingPoint:
    """Return `point`, whose keys are being withdrawn: the engine of a running session may say how that ended."""
    if ruling.session_of(point) is None or point.revoked:
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


def _withdraw(ruling: Ruling, command: Withdraw, rules: Rules) -> None:
    """Take out of the network what the Registry took out, unless a later registration of the id is here already."""
    point = ruling.point(CpId(command.subject))
    if point is not None and not point.withdrawn and point.registration <= command.registration:
        ruling.put(_leave_point(ruling, point, command.epoch, rules))
    driver = ruling.driver(DriverId(command.subject))
    if driver is not None and not driver.withdrawn and driver.registration <= command.registration:
        ruling.put(_leave_driver(ruling, driver, command.epoch))


def _leave_point(ruling: Ruling, point: ChargingPoint, epoch: int, rules: Rules) -> ChargingPoint:
    """Return `point` outside the network: its links count no more, its charge is told to end, its history stays."""
    charging.order_stop(ruling, point, EndReason.REVOKED)
    point = _parting(ruling, ruling.existing_point(point.cp_id))
    last_word = point.parting_link is not None
    if not point.revoked:
        ruling.say(events.KeyRevoked(cp_id=point.cp_id, epoch=epoch, last_word=last_word))
    if not last_word:
        point = _without_engine(ruling, point, presence.REVOKED)
    point = _without_monitor(ruling, point, presence.REVOKED, rules)
    point = replace(
        point,
        withdrawn=True,
        revoked=True,
        epoch=max(epoch, point.epoch),
        fault=None,
        occupied=False,
        occupied_by=None,
    )
    ruling.say(events.PointWithdrawn(cp_id=point.cp_id, epoch=point.epoch, registration=point.registration))
    return point


def _leave_driver(ruling: Ruling, driver: Driver, epoch: int) -> Driver:
    """Return `driver` outside the network: its link and its PIN count no more, its charge ends, its wallet stays."""
    for session_id in sorted(driver.sessions):
        charging.end(ruling, session_id, EndReason.REVOKED)
    driver = manual_start.without_consents(ruling, ruling.driver(driver.driver_id) or driver)
    if not driver.blocked:
        ruling.say(events.DriverBlocked(driver_id=driver.driver_id, epoch=epoch))
    if driver.link is not None:
        ruling.say(events.DriverLost(driver_id=driver.driver_id, link=driver.link, reason=presence.REVOKED))
    driver = replace(driver, withdrawn=True, blocked=True, epoch=max(epoch, driver.epoch), link=None)
    ruling.say(
        events.DriverWithdrawn(
            driver_id=driver.driver_id,
            epoch=driver.epoch,
            balance_cents=driver.balance_cents,
            registration=driver.registration,
        )
    )
    return driver
