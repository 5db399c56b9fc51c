"""The end of a session and its money: holds, captures, releases, and exactly one ticket. Pure."""

from dataclasses import replace
from typing import TypedDict

from msgspec import structs

from evcharge.central.rules import charge_curve, lapses
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver, Transfer, TransferKind
from evcharge.central.rules.issue import issuer_at
from evcharge.central.rules.metering import ended_at, within_limit
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.wallet import owe, pay_debts
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.session import EndReason, Session, SessionState, Ticket


class About(TypedDict):
    """What every event about a session says of it."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId


def about(session: Session) -> About:
    """Return whom and what an event about `session` concerns."""
    return About(
        session_id=session.session_id,
        request_id=session.request_id,
        cp_id=session.cp_id,
        driver_id=session.driver_id,
    )


def take_hold(draft: Draft, session: Session, driver: Driver) -> None:
    """Set aside what `session` may cost, from the wallet of its driver."""
    move(draft, TransferKind.HOLD, session, session.hold_cents)
    draft.put(
        replace(
            driver,
            balance_cents=driver.balance_cents - session.hold_cents,
            held_cents=driver.held_cents + session.hold_cents,
            sessions=driver.sessions | {session.session_id},
        )
    )


def hold_anew(draft: Draft, session: Session, driver: Driver) -> Session:
    """Return `session` with as much set aside of what it was granted once as the wallet of its driver still has."""
    held_cents = max(0, min(session.granted_cents, driver.balance_cents))
    held = structs.replace(session, hold_cents=held_cents, short_cents=session.granted_cents - held_cents)
    take_hold(draft, held, driver)
    return held


def make_room(draft: Draft, point: ChargingPoint, rules: Rules) -> None:
    """End what is held for open at `point`: its engine has one session at a time, and has begun another."""
    close_estimated(draft, point, rules, EndReason.LOST)
    session = draft.session_of(draft.existing_point(point.cp_id))
    if session is not None:
        refuse(draft, session, EndReason.BUSY, rules)


def close_estimated(draft: Draft, point: ChargingPoint, rules: Rules, reason: EndReason) -> None:
    """Bill what runs at `point` at its last committed meter, marked as an estimate."""
    session = draft.session_of(point)
    if session is not None and session.state is SessionState.CHARGING:
        charge_curve.follow(draft, session, session, None, ends=True)
        issue_ticket(draft, session, reason, rules, estimated=True)


def refuse(draft: Draft, session: Session, reason: EndReason, rules: Rules) -> None:
    """No power flowed: release the whole hold, without a ticket."""
    driver = _settle(draft, session, reason, cost=0)
    if (after := lapses.after_refusal(driver, session, reason, rules)) is not driver:
        draft.put(after)
    at = ended_at(session, rules)
    refused = structs.replace(
        session, state=SessionState.REFUSED, ended_at=at, received_at=rules.now, end_reason=reason
    )
    draft.put(refused)
    draft.say(events.SessionRefused(**about(session), reason=reason, ended_at=at.timestamp()))
    pay_debts(draft, session.driver_id, session.registration)


def issue_ticket(
    draft: Draft,
    session: Session,
    reason: EndReason,
    rules: Rules,
    *,
    estimated: bool = False,
    told_late: bool = False,
) -> None:
    """Compute the cost once, take it from the hold, give back the rest (`books/invariants`: I7, I8, I13).

    `told_late`: its engine had no link when it ended; what the monitor says of the vehicle is newer.
    """
    # An engine that exceeds the limit gives the rest away: the hold is what the limit costs.
    session = within_limit(session)
    cost = session.cost_cents()
    driver = _settle(draft, session, reason, cost, told_late=told_late)
    owed = max(0, cost - session.hold_cents) if session.granted_cents else 0
    # A stop that Central ordered explains the end better than how the engine carried it out.
    reason = session.stop_reason if reason is EndReason.OTHER and session.stop_reason else reason
    # Its engine knows one limit, and not whose it is.
    reason = session.limit_reason if reason is EndReason.LIMIT else reason
    started_at, at = session.started_at or session.authorised_at, ended_at(session, rules)
    # A supply is taxed when it ends, however late Central hears of that.
    issuer = issuer_at(draft, at, rules)
    ended = structs.replace(
        session,
        state=SessionState.TICKETED,
        ended_at=at,
        received_at=rules.now,
        end_reason=reason,
        awaits_end=estimated,
    )
    draft.put(ended)
    draft.put(
        Ticket(
            **about(session),
            energy_mwh=session.energy_mwh,
            cost_cents=cost,
            price_centi_cents_per_kwh=session.price_centi_cents_per_kwh,
            reason=reason,
            started_at=started_at,
            ended_at=at,
            estimated=estimated,
            elapsed_s=session.elapsed_s,
            received_at=rules.now,
            registration=session.registration,
            by_operator=session.by_operator,
            vat_permille=issuer.vat_permille,
            issuer=issuer.number or None,
        )
    )
    draft.say(
        events.TicketMade(
            **about(session),
            energy_mwh=session.energy_mwh,
            cost_cents=cost,
            price_centi_cents_per_kwh=session.price_centi_cents_per_kwh,
            reason=reason,
            started_at=started_at.timestamp(),
            ended_at=at.timestamp(),
            estimated=estimated,
            elapsed_s=session.elapsed_s,
            received_at=rules.now.timestamp(),
            balance_cents=driver.balance_cents,
            registration=session.registration,
            owed_cents=owed,
            by_operator=session.by_operator,
            vat_permille=issuer.vat_permille,
            issuer=issuer.number or None,
        )
    )
    owe(draft, session, owed)
    pay_debts(draft, session.driver_id, session.registration)


def _settle(
    draft: Draft, session: Session, reason: EndReason, cost: int, *, told_late: bool = False
) -> Driver:
    """Free the charging point, and split the hold into what is paid and what goes back."""
    point = draft.existing_point(session.cp_id)
    if point.session_id == session.session_id:
        point = replace(point, session_id=None, charging=False)
        if not (told_late and point.monitor_heard):
            point = _left(draft, point, session, reason)
        elif reason is EndReason.UNPLUGGED:
            # Whatever stands there now, its own vehicle went: the monitor may not have seen that.
            point = replace(point, occupied_by=None)
        draft.put(point)
    driver = draft.driver(DriverId(session.driver_id))
    # An id gets no next owner while a session of the present one is open.
    if driver is None or driver.registration != session.registration:
        raise LookupError(session.driver_id)
    paid = min(cost, session.hold_cents)
    move(draft, TransferKind.CAPTURE, session, paid)
    move(draft, TransferKind.RELEASE, session, session.hold_cents - paid)
    driver = replace(
        driver,
        balance_cents=driver.balance_cents + session.hold_cents - paid,
        held_cents=driver.held_cents - session.hold_cents,
        sessions=driver.sessions - {session.session_id},
    )
    draft.put(driver)
    return driver


def _left(draft: Draft, point: ChargingPoint, session: Session, reason: EndReason) -> ChargingPoint:
    """Return whether the vehicle of `session` still stands at `point`; the monitor will say so within a second."""
    if reason is EndReason.UNPLUGGED:
        if point.occupied:
            draft.say(events.VehicleUnplugged(cp_id=point.cp_id))
        return replace(point, occupied=False, occupied_by=None)
    if session.state is SessionState.CHARGING:
        return replace(point, occupied_by=session.driver_id)
    return point


_ACCOUNTS = {
    TransferKind.HOLD: ("wallet", "held"),
    TransferKind.CAPTURE: ("held", "revenue"),
    TransferKind.RELEASE: ("held", "wallet"),
}


def move(draft: Draft, kind: TransferKind, session: Session, cents: int) -> None:
    """Enter `cents` of `session` in the ledger; nothing is entered for nothing."""
    if cents == 0:
        return
    debit, credit = _ACCOUNTS[kind]
    draft.put(
        Transfer(
            kind=kind,
            debit=debit,
            credit=credit,
            cents=cents,
            driver_id=session.driver_id,
            registration=session.registration,
            session_id=session.session_id,
        )
    )
