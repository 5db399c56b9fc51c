"""A charging point's two links: what its monitor reports, and what their loss means. Pure."""

from dataclasses import replace

from evcharge.central.rules import charging, presence
from evcharge.central.rules.commands import EngineLeaves, FaultUnconfirmed, MonitorLeaves, MonitorReports
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import ENGINE_FAULT, ChargingPoint
from evcharge.domain.ids import DriverId
from evcharge.domain.session import EndReason, SessionState


def engine_leaves(draft: Draft, command: EngineLeaves) -> None:
    """An engine's link has ended; ignored if another has replaced it."""
    point = draft.point(command.cp_id)
    if point is None or point.engine_link != command.link:
        return  # another connection has taken its place
    draft.put(without_engine(draft, point, command.reason))


def without_engine(draft: Draft, point: ChargingPoint, reason: str) -> ChargingPoint:
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


def monitor_reports(draft: Draft, command: MonitorReports) -> None:
    """Take a monitor's report; a new fault ends the charge."""
    presence.check_monitor(draft, command, command.cp_id)
    point = draft.existing_point(command.cp_id)
    fault = command.fault
    if fault is None and point.monitor_heard and point.fault == ENGINE_FAULT:
        # It may not have asked its engine yet.
        fault = ENGINE_FAULT
    if (point.monitor_heard, point.fault, point.occupied) == (True, fault, command.occupied):
        return
    if not point.monitor_heard:
        draft.say(events.MonitorSpoke(cp_id=point.cp_id, driver_id=charging_driver(draft, point)))
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


def fault_unconfirmed(draft: Draft, command: FaultUnconfirmed) -> None:
    """Let a charging point go whose fault was over before its monitor asked."""
    point = draft.point(command.cp_id)
    if point is not None and point.fault == ENGINE_FAULT:
        draft.put(replace(point, fault=None))
        draft.say(events.FaultCleared(cp_id=point.cp_id, fault=ENGINE_FAULT))


def monitor_leaves(draft: Draft, command: MonitorLeaves, rules: Rules) -> None:
    """A monitor's link has ended; ignored if another has replaced it."""
    point = draft.point(command.cp_id)
    if point is None or point.monitor_link != command.link:
        return
    draft.put(without_monitor(draft, point, command.reason, rules))


def without_monitor(draft: Draft, point: ChargingPoint, reason: str, rules: Rules) -> ChargingPoint:
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


def charging_driver(draft: Draft, point: ChargingPoint) -> DriverId | None:
    """Return the driver whose charge is running at `point`, or None."""
    session = draft.session_of(point)
    return session.driver_id if session is not None and session.state is SessionState.CHARGING else None
