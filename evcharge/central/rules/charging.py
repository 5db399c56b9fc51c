"""The rules of one charging session: start, stop, the engine's records. Its end and money: `settlement`. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from msgspec import structs

from evcharge.central.rules import charge_curve, corrections, lapses, presence
from evcharge.central.rules.commands import (
    CloseLost,
    EndCharge,
    ReportReady,
    StartCharging,
    StopCharging,
    TakeRecords,
)
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver, JournalCursor, JournalForgotten, Metered
from evcharge.central.rules.metering import BILLED_LESS, TOO_MUCH, Believed, Means, begun, read
from evcharge.central.rules.quarantine import set_aside
from evcharge.central.rules.rebuilding import Succeed, rebuilt
from evcharge.central.rules.replies import RecordsMissing, RecordsTaken, RequestStep
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.settlement import about, close_estimated, issue_ticket, refuse, take_hold
from evcharge.domain import events
from evcharge.domain.charging_point import ENGINE_FAULT, ChargingPoint, CpStatus, Hold
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.journal_records import AnyRecord, Meter, SupplyEnd, SupplyRefused, SupplyStart
from evcharge.domain.location import NOWHERE, Location
from evcharge.domain.refusals import NO_FACTS, RefusalFacts
from evcharge.domain.session import EndReason, Session, SessionState, Ticket
from evcharge.domain.tariff import Consumption, Tariff

_TOO_MUCH = "more energy than was allowed; billed to the limit"
# Per charging point: a new one comes with a new disk.
MOST_JOURNALS = 32


class StartRefusal(Exception):
    """A start breaks a rule: which, and the facts of it."""

    def __init__(self, code: Code, facts: RefusalFacts = NO_FACTS) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Offer:
    """What a start would be: who and where, the hold in cents, the energy that it pays for, and the driver's limit."""

    driver: Driver
    point: ChargingPoint
    hold_cents: int
    limit_mwh: int
    until_mwh: int | None
    until_cents: int | None
    by_operator: bool


# ---- start


def start(draft: Draft, command: StartCharging, rules: Rules) -> None:
    """Authorise a session, or say why not. The same request id always gets the same answer."""
    presence.check_driver(draft, command, command.driver_id)
    known = draft.outcome(command.request_id)
    if known is not None:
        draft.reply = same_answer(draft, known, command.driver_id, command.request_id)
        return
    try:
        offer = offered(draft, command, rules)
    except StartRefusal as no:
        decline(draft, command, discreet(no) if command.by_operator else no)
    else:
        authorise(draft, offer, command.request_id, command.nonce, rules)


def offered(draft: Draft, command: StartCharging, rules: Rules, most_cents: int | None = None) -> Offer:
    """Return what `command` would start, for `most_cents` at most. Raises StartRefusal."""
    driver = _able_driver(draft, command, rules)
    point = _free_point(draft, command)
    own_cents = None if Tariff(point.price_centi_cents_per_kwh).is_free else command.until_cents
    most_mwh, bounds = command.until_mwh or rules.max_session_mwh, (most_cents, own_cents)
    price = point.price_centi_cents_per_kwh
    if command.shown_price is not None and price > command.shown_price:
        raise StartRefusal(Code.PRICE, RefusalFacts(price=price, at=point.cp_id))
    hold_cents, limit_mwh = _affordable(driver, point, rules, min(most_mwh, rules.max_session_mwh), bounds)
    return Offer(driver, point, hold_cents, limit_mwh, command.until_mwh, own_cents, command.by_operator)


def discreet(no: StartRefusal) -> StartRefusal:
    """Return a refusal without the sum in a wallet: whoever asks is not its driver."""
    return no if no.code is not Code.BALANCE else StartRefusal(no.code, RefusalFacts(by_hand=True))


def decline(draft: Draft, command: StartCharging, no: StartRefusal) -> None:
    """Say why nothing is started."""
    draft.say(
        events.StartRefused(
            driver_id=command.driver_id,
            request_id=command.request_id,
            cp_id=command.cp_id,
            code=no.code,
            reason=no.facts.reason if no.code is Code.PAUSE else "",
            facts=no.facts,
            by_operator=command.by_operator,
        )
    )
    draft.reply = RequestStep(
        request_id=command.request_id,
        step="REFUSED",
        driver_id=command.driver_id,
        # One that the driver may not have asked for, and may want.
        cp_id=no.facts.at if no.code in (Code.NONE_NEAR, Code.PRICE) else command.cp_id,
        code=no.code,
        facts=no.facts,
    )


def authorise(draft: Draft, offer: Offer, request_id: RequestId, nonce: str, rules: Rules) -> None:
    """Hold the money, freeze the price, and have the charging point asked."""
    driver, point, hold_cents = offer.driver, offer.point, offer.hold_cents
    session = Session(
        session_id=SessionId(f"S-{driver.driver_id}-{point.cp_id}-{nonce}"),
        request_id=request_id,
        cp_id=point.cp_id,
        driver_id=driver.driver_id,
        registration=driver.registration,
        state=SessionState.AUTHORISED,
        price_centi_cents_per_kwh=point.price_centi_cents_per_kwh,
        hold_cents=hold_cents,
        limit_mwh=offer.limit_mwh,
        until_mwh=offer.until_mwh,
        until_cents=offer.until_cents,
        by_operator=offer.by_operator,
        authorised_at=rules.now,
        plug_within_s=rules.plug_within_s,
        authorised_s=rules.steady_s,
    )
    take_hold(draft, session, driver)
    draft.put(replace(point, session_id=session.session_id, charging=False, last_used=draft.uses + 1))
    draft.put(session)
    draft.say(
        events.SessionAuthorised(
            **about(session),
            price_centi_cents_per_kwh=session.price_centi_cents_per_kwh,
            hold_cents=hold_cents,
            limit_mwh=session.limit_mwh,
            plug_within_s=session.plug_within_s,
            authorised_at=session.authorised_at.timestamp(),
            registration=session.registration,
            until_mwh=session.until_mwh,
            until_cents=session.until_cents,
            by_operator=session.by_operator,
        )
    )
    draft.reply = progress(session, "ASKING")


def progress(session: Session, step: str) -> RequestStep:
    """Return how far the request of `session` has come, as its driver is told."""
    return RequestStep(
        request_id=session.request_id,
        step=step,
        session_id=session.session_id,
        cp_id=session.cp_id,
        plug_within_s=session.plug_within_s if step == "READY" else None,
    )


def present_step(session: Session) -> str:
    """Return the step that an open session is in."""
    if session.stop_reason is not None:
        return "STOPPING"
    if session.state is SessionState.CHARGING:
        return "CHARGING"
    return "READY" if session.ready else "ASKING"


def same_answer(
    draft: Draft, known: Session | Ticket, driver_id: DriverId, request_id: RequestId
) -> RequestStep | None:
    """Return what became of a request that was granted before, as whoever asks again is told."""
    asker = draft.driver(driver_id)
    registration = asker.registration if asker is not None else 0
    if (known.driver_id, known.registration) != (driver_id, registration):
        # Somebody else's request id: a collision is impossible, so it was copied. Say nothing of it.
        return RequestStep(
            request_id=request_id,
            step="REFUSED",
            code=Code.ID,
        )
    if isinstance(known, Ticket) or known.state is SessionState.TICKETED:
        return None  # the ticket itself is the answer, and it is in the driver's inbox
    if known.is_open:
        return progress(known, present_step(known))
    facts = RefusalFacts(reason=known.end_reason or "")
    return replace(progress(known, "REFUSED"), code=Code.CP_NOT_AVAILABLE, facts=facts)


def _able_driver(draft: Draft, command: StartCharging, rules: Rules) -> Driver:
    driver = draft.driver(command.driver_id)
    if driver is None and command.by_another:
        raise StartRefusal(Code.DRIVER_BLOCKED, RefusalFacts(reason="unknown", by_hand=True))
    if driver is None or driver.blocked or driver.barred:
        raise StartRefusal(Code.DRIVER_BLOCKED)
    if len(driver.sessions) >= rules.max_active_per_driver:
        busy = draft.session(min(driver.sessions))
        at = busy.cp_id if busy else None
        if command.by_another:
            raise StartRefusal(Code.DRIVER_BUSY, RefusalFacts(at=at, by_hand=True))
        stopping = busy.stop_reason if busy else None
        raise StartRefusal(Code.DRIVER_BUSY, RefusalFacts(at=at, reason=stopping or ""))
    if wait_s := lapses.pause_left_s(driver, rules):
        raise StartRefusal(Code.PAUSE, RefusalFacts(reason=str(wait_s)))
    return driver


def _free_point(draft: Draft, command: StartCharging) -> ChargingPoint:
    if command.cp_id is None:
        return _any_point(draft, command.location)
    point = draft.point(command.cp_id)
    if point is None or point.withdrawn:
        raise StartRefusal(Code.UNKNOWN_CP)
    if point.status in (CpStatus.AVAILABLE, CpStatus.FINISHING) and not _has_told_all(draft, point):
        raise StartRefusal(Code.CP_BUSY, RefusalFacts(reason="telling"))
    if point.status is CpStatus.AVAILABLE:
        return point
    if point.status is CpStatus.FINISHING:
        # By name it is given to the driver who stands there; a vehicle that another driver left is in the way.
        if point.occupied_by in (None, command.driver_id):
            return point
        raise StartRefusal(Code.CP_OCCUPIED)
    if point.status in (CpStatus.PREPARING, CpStatus.CHARGING):
        raise StartRefusal(Code.CP_BUSY)
    facts = RefusalFacts(status=point.status, reason=point.reason[:200])
    raise StartRefusal(Code.CP_NOT_AVAILABLE, facts)


def _any_point(draft: Draft, location: Location | None) -> ChargingPoint:
    """Return the least recently used free point of `location`, or of all; one elsewhere is offered, not assigned."""
    wish = location or NOWHERE
    for point in draft.free(wish.town_key):
        if _has_told_all(draft, point) and (not wish or point.location.is_meant_by(wish)):
            return point
    elsewhere = next((point for point in draft.free() if _has_told_all(draft, point)), None)
    if elsewhere is None:
        raise StartRefusal(Code.NONE_AVAILABLE)
    facts = RefusalFacts(at=elsewhere.cp_id, reason=elsewhere.location.name, wish=wish.name)
    raise StartRefusal(Code.NONE_NEAR, facts)


def _has_told_all(draft: Draft, point: ChargingPoint) -> bool:
    """Return whether all is committed that its engine had journaled when it came: it may have begun a charge."""
    return point.journal_id is None or draft.last_seq(point.cp_id, point.journal_id) >= point.journal_end


def _affordable(
    driver: Driver, point: ChargingPoint, rules: Rules, most_mwh: int, bounds: tuple[int | None, ...]
) -> tuple[int, int]:
    """Return the hold in cents, and the energy in mWh that it pays for; each of `bounds` is the most it may cost."""
    tariff = Tariff(point.price_centi_cents_per_kwh)
    for most_cents in bounds:
        if most_cents is not None:
            most_mwh = tariff.affordable_mwh(most_cents, Consumption(most_mwh, rules.now))
    if not rules.wallets or tariff.is_free:
        return 0, most_mwh
    hold_cents = min(driver.balance_cents, rules.max_hold_cents)
    if hold_cents <= 0:
        raise StartRefusal(Code.BALANCE, RefusalFacts(cents=driver.balance_cents))
    limit_mwh = tariff.affordable_mwh(hold_cents, Consumption(most_mwh, rules.now))
    return min(hold_cents, tariff.cost_cents(Consumption(limit_mwh, rules.now))), limit_mwh


# ---- on the way


def report_ready(draft: Draft, command: ReportReady) -> None:
    """The engine took the session. It may say so as often as it likes; the driver is told once."""
    presence.check_engine(draft, command, command.cp_id)
    session = draft.session(command.session_id)
    if session is None or session.cp_id != command.cp_id:
        raise CommandRefused("not there", Code.ID, cp_id=command.cp_id, session_id=command.session_id)
    if session.state is SessionState.AUTHORISED and not session.ready and session.stop_reason is None:
        draft.put(structs.replace(session, ready=True))
        draft.say(events.SessionReady(**about(session), plug_within_s=session.plug_within_s))


def stop(draft: Draft, command: StopCharging) -> None:
    """A driver ends its own session; anybody else's is "no such session". Of several it says which."""
    presence.check_driver(draft, command, command.driver_id)
    wanted = command.session_id
    if wanted is None:
        driver = draft.driver(command.driver_id)
        own = sorted(driver.sessions) if driver is not None else []
        if len(own) > 1:
            points = sorted(one.cp_id for one in map(draft.session, own) if one is not None)
            raise CommandRefused("say which", Code.WHICH_SESSION, points=", ".join(points))
        wanted = own[0] if own else None
    session = draft.session(wanted) if wanted is not None else None
    if session is None or session.driver_id != command.driver_id:
        raise CommandRefused("nothing charging", Code.NO_SESSION)
    order_stop(draft, draft.existing_point(session.cp_id), EndReason.DRIVER)
    draft.reply = progress(session, "STOPPING")


def end_charge(draft: Draft, command: EndCharge) -> None:
    """An operator ends one charge; its charging point stays in service."""
    if draft.session(command.session_id) is None:
        raise CommandRefused("not open", Code.NO_SESSION, session_id=command.session_id)
    end(draft, command.session_id, EndReason.OPERATOR)


def order_stop(draft: Draft, point: ChargingPoint, reason: EndReason) -> None:
    """Order the end of what runs at `point`, once: the first reason stays."""
    if point.session_id is not None:
        end(draft, point.session_id, reason)


def end(draft: Draft, session_id: SessionId, reason: EndReason) -> None:
    """Order the end of one open session, once: the first reason stays."""
    session = draft.session(session_id)
    if session is None or session.stop_reason is not None:
        return
    draft.put(structs.replace(session, stop_reason=reason))
    draft.say(events.StopOrdered(**about(session), reason=reason))


def interrupt(draft: Draft, point: ChargingPoint, fault: str, live_mwh: int) -> None:
    """A fault ends the session at once; the driver of one that charges is told what it has so far."""
    order_stop(draft, point, EndReason.FAULT)
    session = draft.session_of(point)
    if session is None or session.state is not SessionState.CHARGING:
        return
    draft.say(
        events.SessionInterrupted(
            **about(session),
            energy_mwh=max(session.energy_mwh, min(live_mwh, session.most_mwh)),
            reason=fault,
        )
    )


def to_account_for(
    draft: Draft, point: ChargingPoint
) -> tuple[tuple[SessionId, ...], tuple[tuple[SessionId, EndReason], ...]]:
    """Return what a returning engine is asked about, and what it must end: only it knows whether power flowed."""
    session = draft.session_of(point)
    if session is None:
        return (), ()
    ask = (session.session_id,) if session.state is SessionState.AUTHORISED else ()
    stop = ((session.session_id, session.stop_reason),) if session.stop_reason is not None else ()
    return ask, stop


# ---- the engine's records


def take_records(draft: Draft, command: TakeRecords, rules: Rules, succeed: Succeed) -> None:
    """Apply records in order, each once; a gap asks for them again. Nothing is refused for good."""
    presence.check_engine(draft, command, command.cp_id)
    point = draft.existing_point(command.cp_id)
    if point.journal_id != command.journal_id:
        raise CommandRefused("another journal", Code.SEQ, cp_id=point.cp_id)
    before = last = draft.last_seq(command.cp_id, command.journal_id)
    for run in _runs(command.records, before):
        _take_run(draft, command, run, rules, succeed)
        last = run[-1].seq
    is_gap = any(record.seq > last for record in command.records)
    draft.reply = RecordsMissing(last_seq=last) if is_gap else RecordsTaken(last_seq=last)
    if last > before:
        draft.put(JournalCursor(command.cp_id, command.journal_id, last))
        _end_what_has_its_limit(draft, command.cp_id)
        _end_what_may_not_run(draft, command.cp_id)
        _forget_a_journal(draft, command.cp_id, command.journal_id)


def _runs(records: Iterable[AnyRecord], last: int) -> Iterator[list[AnyRecord]]:
    """Yield those that follow record `last` without a gap, in order: METERs in a row of one session together."""
    run: list[AnyRecord] = []
    # The session of which METERs may follow; "" after anything else.
    metered = ""
    for record in records:
        if record.seq <= last:
            continue
        if record.seq > last + 1:
            break
        last = record.seq
        session_id = record.session_id if isinstance(record, Meter) else ""
        if run and not (session_id and session_id == metered):
            yield run
            run = []
        metered = session_id
        run.append(record)
    if run:
        yield run


def _take_run(
    draft: Draft, command: TakeRecords, run: list[AnyRecord], rules: Rules, succeed: Succeed
) -> None:
    session = draft.session(SessionId(run[0].session_id))
    charges_here = (
        session is not None and session.cp_id == command.cp_id and session.state is SessionState.CHARGING
    )
    if session is not None and charges_here and isinstance(run[0], Meter):
        _metered(draft, command, session, cast(list[Meter], run), rules)
        return
    for record in run:
        _apply(draft, command, record, rules, succeed)


def _end_what_has_its_limit(draft: Draft, cp_id: CpId) -> None:
    """Order the end of a charge that has had all it may have, and that its engine has not ended by itself."""
    session = draft.session_of(draft.existing_point(cp_id))
    if session is None or session.state is not SessionState.CHARGING:
        return
    if session.energy_mwh >= session.most_mwh:
        end(draft, session.session_id, session.limit_reason)


def _end_what_may_not_run(draft: Draft, cp_id: CpId) -> None:
    """Order the end of a rebuilt session that may not charge: it was not here when that was decided."""
    point = draft.existing_point(cp_id)
    session = draft.session_of(point)
    if session is None or not session.rebuilt or not _has_told_all(draft, point):
        return
    driver = draft.driver(session.driver_id)
    if driver is None or driver.blocked or point.revoked:
        order_stop(draft, point, EndReason.REVOKED)
    elif driver.barred or Hold.OPERATOR in point.holds:
        order_stop(draft, point, EndReason.OPERATOR)
    elif point.fault is not None:
        order_stop(draft, point, EndReason.FAULT)
    elif point.holds:
        order_stop(draft, point, EndReason.WEATHER if Hold.WEATHER in point.holds else EndReason.LOST)


def _forget_a_journal(draft: Draft, cp_id: CpId, present: JournalId) -> None:
    """Keep so many journals, and all while a session is open: nobody knows which one holds its records."""
    journals = draft.journals(cp_id)
    if len(journals) > MOST_JOURNALS and draft.existing_point(cp_id).session_id is None:
        draft.put(JournalForgotten(cp_id, next(one for one in journals if one != present)))


def _apply(draft: Draft, command: TakeRecords, record: AnyRecord, rules: Rules, succeed: Succeed) -> None:
    session = draft.session(SessionId(record.session_id))
    if session is None:
        if corrections.heard_late(draft, command, record, rules):
            return
        again = None
        if isinstance(record, SupplyStart):
            again = rebuilt(draft, command.cp_id, record, rules, succeed)
        if not isinstance(again, Session):
            _unknown(draft, command, record, rules, again)
            return
        session = again
    if session.cp_id != command.cp_id:
        set_aside(draft, command, record, rules, "session of another charging point")
        return
    match session.state, record:
        case SessionState.AUTHORISED, SupplyStart():
            _started(draft, command, session, record, rules)
        case SessionState.CHARGING, SupplyEnd():
            _ended(draft, command, session, record, rules)
        case SessionState.AUTHORISED, SupplyRefused():
            refuse(draft, session, EndReason.read(record.reason), rules)
        case SessionState.AUTHORISED, SupplyEnd():
            set_aside(draft, command, record, rules, "ended without a start")
            refuse(draft, session, EndReason.OTHER, rules)
        case _:
            set_aside(draft, command, record, rules, f"does not fit a session that is {session.state}")


def _unknown(
    draft: Draft, command: TakeRecords, record: AnyRecord, rules: Rules, why: str | None = None
) -> None:
    """Keep aside what is told of no session that is open here; what flows is told to stop."""
    session_id = SessionId(record.session_id)
    closed = draft.closed(session_id)
    if isinstance(record, SupplyRefused) and (closed is None or closed.session.state is SessionState.REFUSED):
        return  # no power flowed, and no hold waits for it: there is nothing to keep
    set_aside(draft, command, record, rules, why or "unknown or closed session")
    if isinstance(record, SupplyStart | Meter):
        draft.say(events.StraySupply(session_id=session_id, cp_id=command.cp_id))


def _started(draft: Draft, command: TakeRecords, session: Session, record: SupplyStart, rules: Rules) -> None:
    point = draft.existing_point(session.cp_id)
    before = session
    session, doubt = begun(before, record, rules)
    if point.register_mwh not in (None, record.meter_mwh):
        # Nobody pays by where a register begins; but it jumped, or energy has flowed that no session accounts for.
        doubt = doubt or "the register is not where the last charge left it"
    if doubt:
        set_aside(draft, command, record, rules, doubt)
    draft.put(session)
    charge_curve.follow(draft, before, session, record)
    # By what is told late, another vehicle may have come since.
    owner = session.driver_id if record.seq > point.journal_end else point.occupied_by
    draft.put(replace(point, charging=True, occupied_by=owner))
    if (driver := draft.driver(session.driver_id)) is not None and driver.lapses:
        draft.put(lapses.forgiven(driver))
    draft.say(
        events.SessionStarted(
            **about(session),
            meter_mwh=record.meter_mwh,
            started_at=(session.started_at or rules.now).timestamp(),
        )
    )


def _metered(draft: Draft, command: TakeRecords, session: Session, run: list[Meter], rules: Rules) -> None:
    """Count what is believed of readings. Of a session's excess the first and the last record are kept."""
    means = Means.of(draft.existing_point(session.cp_id), rules)
    believed, kept_s, has_too_much = Believed(session, means, rules), session.elapsed_s, False
    for record in run:
        if record.meter_mwh < believed.meter_mwh:
            set_aside(draft, command, record, rules, "meter goes backwards")
            continue
        had_excess = believed.excess_mwh > 0
        doubt = believed.read(record)
        elapsed_s = believed.elapsed_s
        if elapsed_s is not None and charge_curve.is_due(kept_s, elapsed_s):
            thinned_to_s = charge_curve.thinning_s(kept_s, elapsed_s)
            charge_curve.keep(draft, session, record, elapsed_s, believed.energy_mwh, thinned_to_s)
            kept_s = elapsed_s
        if doubt and not (had_excess and believed.excess_mwh):
            set_aside(draft, command, record, rules, doubt)
            has_too_much |= doubt == TOO_MUCH
    # One change, and one row, however many they are.
    draft.put(Metered(believed.session()))
    if has_too_much:
        end(draft, session.session_id, session.limit_reason)


def _ended(draft: Draft, command: TakeRecords, session: Session, record: SupplyEnd, rules: Rules) -> None:
    means = Means.of(draft.existing_point(session.cp_id), rules)
    final, doubt = read(session, record, means, rules)
    if record.meter_mwh < session.meter_mwh:
        set_aside(draft, command, record, rules, "final meter is below an earlier one")
    elif final.excess_mwh or doubt:
        set_aside(draft, command, record, rules, doubt or BILLED_LESS)
    point = replace(draft.existing_point(session.cp_id), register_mwh=record.meter_mwh)
    reason = EndReason.read(record.reason)
    told_late = record.seq <= point.journal_end
    is_news = not told_late and session.stop_reason is None
    if reason is EndReason.FAULT and is_news and point.monitor_heard and point.fault is None:
        # Its monitor finds that out within a second: it is not shown as free until then.
        point = replace(point, fault=ENGINE_FAULT)
        draft.say(events.FaultReported(cp_id=point.cp_id, fault=ENGINE_FAULT))
    draft.put(point)
    charge_curve.follow(draft, session, final, record, ends=True)
    issue_ticket(draft, final, reason, rules, told_late=told_late)


# ---- the end


def close_lost(draft: Draft, command: CloseLost, rules: Rules) -> None:
    """Close a session whose engine does not come back; what that tells later is a correction."""
    session = draft.session(command.session_id)
    if session is None:
        raise CommandRefused("not open", Code.NO_SESSION, session_id=command.session_id)
    point = draft.existing_point(session.cp_id)
    reason = EndReason.LOST
    if command.cut_off:
        if not point.revoked:
            return  # it is back with new keys, and speaks for itself
        # What its link may still say, nobody believes.
        draft.put(replace(point, parting_link=None))
        reason = EndReason.REVOKED
    elif point.engine_link is not None:
        raise CommandRefused("engine there", Code.ENGINE_THERE, cp_id=point.cp_id)
    if session.state is SessionState.AUTHORISED:
        refuse(draft, session, EndReason.LOST, rules)
    elif not command.unless_begun:
        close_estimated(draft, draft.existing_point(point.cp_id), rules, reason)
