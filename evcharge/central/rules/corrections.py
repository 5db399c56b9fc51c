"""What is heard of sessions that are over: tickets are put right by corrections, never changed.

A session may be billed by estimate while its engine is away (`awaits_end`): the true end makes a correction. One that
was given up before it began may have begun all the same: it is billed, and what its wallet has no more is owed. Pure.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from evcharge.central.rules import charge_curve
from evcharge.central.rules.commands import TakeRecords
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import (
    Closed,
    Correction,
    CorrectionKind,
    TicketUnseen,
    Transfer,
    TransferKind,
)
from evcharge.central.rules.metering import Means, begun, ended_at, read
from evcharge.central.rules.quarantine import set_aside
from evcharge.central.rules.rebuilding import ANOTHER_OWNER
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.settlement import about, hold_anew, make_room
from evcharge.central.rules.start_seal import is_sealed
from evcharge.central.rules.wallet import balance_of, owe, owed_for, pay_debts, take
from evcharge.domain import events
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.ids import DriverId, SessionId
from evcharge.domain.journal_records import AnyRecord, Meter, SupplyEnd, SupplyStart
from evcharge.domain.session import EndReason, Session, SessionState, Ticket

_REST_OF_IT = "its charging point told the rest"


def heard_late(draft: Draft, command: TakeRecords, record: AnyRecord, rules: Rules) -> bool:
    """Take in a record of a session that is over; return whether it belongs to it."""
    closed = draft.closed(SessionId(record.session_id))
    if closed is None or closed.session.cp_id != command.cp_id:
        return False
    match record:
        case Meter() if closed.session.awaits_end and record.meter_mwh >= closed.session.meter_mwh:
            # It supplies what nobody waits for here: it is told to end that, and its end will be billed.
            after, _ = read(closed.session, record, _means(draft, closed, rules), rules)
            draft.put(after)
            charge_curve.follow(draft, closed.session, after, record)
            draft.say(events.StraySupply(session_id=closed.session.session_id, cp_id=command.cp_id))
            return True
        case SupplyEnd() if closed.session.awaits_end and closed.ticket is not None:
            _true_end(draft, command, closed, closed.ticket, record, rules)
            return True
        case SupplyStart() if (
            closed.session.awaits_end and record.meter_mwh == closed.session.start_meter_mwh
        ):
            # A journal that was begun anew tells it again.
            if not any(
                isinstance(one, SupplyEnd) and one.session_id == record.session_id for one in command.records
            ):
                draft.say(events.StraySupply(session_id=closed.session.session_id, cp_id=command.cp_id))
            return True
        case SupplyStart():
            return _begun_all_the_same(draft, command, closed.session, record, rules)
        case _:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDifference:
    """What a ticket lacks, or has too much, and when and after how many seconds its charge ended."""

    energy_mwh: int
    cents: int
    ended: datetime
    elapsed_s: int | None


@dataclass(frozen=True, slots=True)
class CorrectionCause:
    """Why a ticket is put right; for an order with its reference and who gave it."""

    kind: CorrectionKind
    reason: str
    reference: str | None = None
    actor: str | None = None


def correct(draft: Draft, closed: Closed, difference: TicketDifference, cause: CorrectionCause) -> None:
    """Enter a difference to the ticket of `closed`; no total falls below nothing. Raises Refused.

    What a charging point tells may stay owed; an order takes no more than the wallet has.
    """
    session, ticket = closed.session, closed.ticket
    energy_mwh, cents = difference.energy_mwh, difference.cents
    if ticket is None:
        raise CommandRefused("no ticket", Code.NO_SESSION, session_id=session.session_id)
    if ticket.energy_mwh + ticket.corrected_mwh + energy_mwh < 0 or _total_cents(ticket) + cents < 0:
        raise CommandRefused("less than nothing", Code.FIELD, session_id=session.session_id)
    driver = draft.existing_driver(DriverId(session.driver_id))
    # The present owner of the id neither pays for nor hears of what was before.
    former = driver.registration != session.registration
    balance = balance_of(draft, session)
    paid = owed = 0
    # Where nothing was granted, nothing was paid, and nothing goes back.
    if session.granted_cents:
        # What is owed was never paid: it is let off first.
        paid = min(cents, balance) if cents > 0 else min(0, cents + owed_for(draft, session))
        owed = cents - paid
    if cause.kind is CorrectionKind.ORDER and owed > 0:
        raise CommandRefused("too little", Code.BALANCE, driver_id=session.driver_id, free_cents=balance)
    take(draft, session, paid)
    owe(draft, session, owed)
    if paid:
        debit, credit = ("wallet", "revenue") if paid > 0 else ("revenue", "wallet")
        draft.put(
            Transfer(
                kind=TransferKind.CORRECTION,
                debit=debit,
                credit=credit,
                cents=abs(paid),
                driver_id=session.driver_id,
                registration=session.registration,
                session_id=session.session_id,
                reference=cause.reference,
                reason=cause.reason if cause.actor is not None else None,
                actor=cause.actor,
            )
        )
    number = closed.corrections + 1
    # A driver who is away finds the ticket in its inbox again, as it is now.
    told_later = driver.link is None and not former
    if told_later:
        draft.put(TicketUnseen(session.session_id, session.driver_id))
    draft.put(
        Correction(
            session_id=session.session_id,
            number=number,
            cp_id=session.cp_id,
            driver_id=session.driver_id,
            kind=cause.kind,
            energy_mwh=energy_mwh,
            cost_cents=cents,
            paid_cents=paid,
            ended_at=difference.ended,
            elapsed_s=difference.elapsed_s,
            reason=cause.reason,
            ticket_ended_at=ticket.ended_at,
            reference=cause.reference,
        )
    )
    draft.say(
        events.TicketCorrected(
            **about(session),
            number=number,
            kind=cause.kind,
            energy_mwh=energy_mwh,
            cost_cents=cents,
            paid_cents=paid,
            owed_cents=owed,
            reason=cause.reason,
            ended_at=difference.ended.timestamp(),
            elapsed_s=difference.elapsed_s,
            ticket_ended_at=ticket.ended_at.timestamp(),
            balance_cents=balance - paid,
            told_later=told_later,
            registration=session.registration,
            former_owner=former,
            reference=cause.reference,
            all_owed_cents=sum(debt.left_cents for debt in draft.debts_under(session.driver_id)),
        )
    )
    pay_debts(draft, session.driver_id, session.registration)


def _true_end(
    draft: Draft, command: TakeRecords, closed: Closed, ticket: Ticket, record: SupplyEnd, rules: Rules
) -> None:
    final, doubt = read(closed.session, record, _means(draft, closed, rules), rules)
    if doubt or record.meter_mwh < closed.session.meter_mwh:
        set_aside(draft, command, record, rules, doubt or "final meter is below an earlier one")
    draft.put(structs.replace(final, awaits_end=False))
    draft.put(replace(draft.existing_point(command.cp_id), register_mwh=record.meter_mwh))
    charge_curve.follow(draft, closed.session, final, record, ends=True)
    energy_mwh = final.energy_mwh - ticket.energy_mwh - ticket.corrected_mwh
    # Records have put nothing right yet; what an operator has given back, or asked for besides, stays so.
    cents = final.cost_cents() - ticket.cost_cents
    if energy_mwh or cents:
        difference = TicketDifference(
            energy_mwh=energy_mwh, cents=cents, ended=ended_at(final, rules), elapsed_s=final.elapsed_s
        )
        correct(draft, closed, difference, CorrectionCause(CorrectionKind.RECORD, _REST_OF_IT))


def _begun_all_the_same(
    draft: Draft, command: TakeRecords, session: Session, record: SupplyStart, rules: Rules
) -> bool:
    given_up = session.state is SessionState.REFUSED and session.end_reason is EndReason.LOST
    if not given_up or not is_sealed(rules.sign_key, command.cp_id, record, session.registration):
        return False
    driver = draft.driver(session.driver_id)
    if driver is None or driver.registration != session.registration:
        set_aside(draft, command, record, rules, ANOTHER_OWNER)
        draft.say(events.StraySupply(session_id=session.session_id, cp_id=command.cp_id))
        return True
    reopened = structs.replace(
        session, state=SessionState.AUTHORISED, ended_at=None, received_at=None, end_reason=None
    )
    make_room(draft, draft.existing_point(session.cp_id), rules)
    point, driver = draft.existing_point(session.cp_id), draft.existing_driver(session.driver_id)
    reopened = hold_anew(draft, reopened, driver)
    draft.say(
        events.SessionReopened(
            **about(session), hold_cents=reopened.hold_cents, short_cents=reopened.short_cents
        )
    )
    started, doubt = begun(reopened, record, rules)
    if doubt:
        set_aside(draft, command, record, rules, doubt)
    # Its driver was told that nothing comes of it: what has flowed is billed, and no more.
    draft.put(structs.replace(started, stop_reason=EndReason.LOST))
    charge_curve.follow(draft, reopened, started, record)
    draft.put(replace(point, session_id=session.session_id, charging=True))
    draft.say(
        events.SessionStarted(
            **about(session),
            meter_mwh=record.meter_mwh,
            started_at=(started.started_at or rules.now).timestamp(),
        )
    )
    draft.say(events.StopOrdered(**about(session), reason=EndReason.LOST))
    return True


def _total_cents(ticket: Ticket) -> int:
    return ticket.cost_cents + ticket.corrected_cents


def _means(draft: Draft, closed: Closed, rules: Rules) -> Means:
    return Means.of(draft.existing_point(closed.session.cp_id), rules)
