"""What Central says to its peers because of a stored event: the only way out. Pure."""

from collections.abc import Callable

from msgspec import UNSET

from evcharge.central.rules.replies import (
    DriverAsked,
    PinLimit,
    RecordsMissing,
    RecordsTaken,
    Reply,
    RequestStep,
)
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.billing import kwh
from evcharge.domain.errors import Code
from evcharge.domain.ids import Role
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason, own_limit_mwh
from evcharge.domain.tariff import Consumption, Tariff
from evcharge.evc1.messages import (
    Ack,
    Confirming,
    ConfirmOver,
    ConfirmStart,
    Located,
    Message,
    Notice,
    PinState,
    Progress,
    Query,
    Resync,
    Start,
    Stop,
    Synced,
    TicketIssued,
    Withheld,
)
from evcharge.labels import DEFAULT_LANGUAGE, money
from evcharge.labels.causes import for_drivers

# (role, id, message): a letter to one peer.
Letter = tuple[Role, str, Message]
# Signs what an engine will journal, so that books restored from an older copy can believe it (`rules/rebuilding`).
Sign = Callable[[events.SessionAuthorised], str]


def letters(event: events.Event, sign: Sign) -> list[Letter]:
    """Return what must be told to whom, in order, now that `event` is stored."""
    match event:
        case events.SessionAuthorised():
            return [(Role.ENGINE, event.cp_id, _start(event, sign)), *_started(event), *_limited(event)]
        case events.EngineConnected():
            return [*_welcome(event), *_located(event), *_withheld(event)]
        case events.ConfirmationAsked():
            return [(Role.DRIVER, event.driver_id, _question(event))]
        case events.StartConfirmed():
            granted = Progress(request_id=event.request_id, step="ASKING", cp_id=event.cp_id)
            return [(Role.ENGINE, event.cp_id, granted)]
        case events.ConfirmationEnded():
            text = refusal_text.in_words(event, DEFAULT_LANGUAGE)
            over = ConfirmOver(
                request_id=event.request_id,
                cp_id=event.cp_id,
                code=event.code,
                text=text,
                reason=event.reason,
            )
            refused = Progress(
                request_id=event.request_id,
                step="REFUSED",
                cp_id=event.cp_id,
                code=event.code,
                text=text,
                reason=event.reason,
            )
            return [(Role.ENGINE, event.cp_id, refused), (Role.DRIVER, event.driver_id, over)]
        case events.MonitorConnected():
            return [letter for letter in (*_located(event), *_withheld(event)) if letter[0] is Role.MONITOR]
        case events.HoldPlaced() | events.HoldLifted():
            return _withheld(event, said_if_none=True)
        case events.PointMoved():
            return _located(event)
        case events.SessionReady():
            text = f"Plug in at {event.cp_id} within {event.plug_within_s} s."
            return [_to_driver(event, "READY", text=text, plug_within_s=event.plug_within_s)]
        case events.SessionStarted():
            return [_to_driver(event, "CHARGING")]
        case events.StopOrdered():
            text = "" if event.reason is EndReason.DRIVER else f"Stopped: {event.reason}."
            return [
                (
                    Role.ENGINE,
                    event.cp_id,
                    Stop(session_id=event.session_id, reason=event.reason),
                ),
                _to_driver(event, "STOPPING", text=text, reason=event.reason),
            ]
        case events.StraySupply():
            stop = Stop(session_id=event.session_id, reason=EndReason.LOST)
            return [(Role.ENGINE, event.cp_id, stop)]
        case events.SessionRefused():
            return [
                _to_driver(
                    event,
                    "REFUSED",
                    Code.CP_NOT_AVAILABLE,
                    refusal_text.in_words(event, DEFAULT_LANGUAGE),
                    event.reason,
                )
            ]
        case events.SessionInterrupted():
            why = for_drivers(event.reason)
            text = f"{event.cp_id} failed ({why}); {kwh(event.energy_mwh)} kWh so far; final ticket follows."
            notice = Notice(
                code="FAULT",
                text=text[:200],
                cp_id=event.cp_id,
                reason=why,
                energy_mwh=event.energy_mwh,
            )
            return [(Role.DRIVER, event.driver_id, notice)]
        case events.EngineLost(driver_id=str(driver_id)):
            text = f"{event.cp_id} has no link to CENTRAL; a running charge goes on, its figures stand still."
            return [(Role.DRIVER, driver_id, Notice(code="ENGINE_LOST", text=text, cp_id=event.cp_id))]
        case events.MonitorLost(driver_id=str(driver_id)):
            text = f"The monitor of {event.cp_id} is not heard; your charge goes on to its end."
            return [(Role.DRIVER, driver_id, Notice(code="MONITOR_LOST", text=text, cp_id=event.cp_id))]
        case events.MonitorSpoke(driver_id=str(driver_id)):
            text = f"The monitor of {event.cp_id} is heard again."
            return [(Role.DRIVER, driver_id, Notice(code="MONITOR_BACK", text=text, cp_id=event.cp_id))]
        case events.WalletToppedUp():
            text = f"{money(event.cents)} were added to your wallet."
            came_in = Notice(code="TOPPED_UP", text=text, cost_cents=event.cents)
            return [(Role.DRIVER, event.driver_id, came_in)]
        case events.WalletCorrected():
            text = f"Your wallet was corrected by {money(event.cents)}: {event.reason}."
            return [(Role.DRIVER, event.driver_id, _of_wallet("WALLET_CORRECTED", text, event))]
        case events.PaidOut(former_owner=False):
            text = f"{money(event.cents)} from your wallet were paid out: {event.reason}."
            return [(Role.DRIVER, event.driver_id, _of_wallet("PAID_OUT", text, event))]
        case events.DebtPaid(former_owner=False):
            text = f"{money(event.cents)} from your wallet paid what you owed for {event.session_id}."
            left = Notice(code="DEBT_PAID", text=text, reason=event.session_id, cost_cents=-event.cents)
            return [(Role.DRIVER, event.driver_id, left)]
        case events.TicketCorrected(former_owner=False):
            return [(Role.DRIVER, event.driver_id, _corrected(event))]
        case events.PinRemoved(why="misses"):
            text = "Your PIN was typed wrongly too often at charging points and is void."
            return [(Role.DRIVER, event.driver_id, Notice(code="PIN_VOID", text=text))]
        case events.TicketMade(reason=EndReason.REVOKED):
            return [
                (Role.DRIVER, event.driver_id, letter) for letter in (_key_revoked(event), _ticket(event))
            ]
        case events.TicketMade():
            return [(Role.DRIVER, event.driver_id, _ticket(event))]
        case _:
            return []


def _question(event: events.ConfirmationAsked) -> ConfirmStart:
    return ConfirmStart(
        request_id=event.request_id,
        cp_id=event.cp_id,
        location=event.location,
        price=event.price_centi_cents_per_kwh,
        hold_cents=event.hold_cents,
        within_s=event.within_s,
    )


def message_of(reply: Reply) -> Message:
    """Return what the peer hears whose own command is answered so."""
    match reply:
        case RequestStep():
            return Progress(
                request_id=reply.request_id,
                step=reply.step,
                session_id=reply.session_id,
                cp_id=reply.cp_id,
                code=reply.code,
                text=refusal_text.answered(reply, DEFAULT_LANGUAGE) if reply.step == "REFUSED" else "",
                status=reply.facts.status,
                reason=reply.facts.reason,
                plug_within_s=reply.plug_within_s,
                price=UNSET if reply.facts.price is None else reply.facts.price,
            )
        case DriverAsked():
            return Confirming(request_id=reply.request_id, driver_id=reply.driver_id, within_s=reply.within_s)
        case PinLimit():
            return PinState(limit_cents=reply.limit_cents)
        case RecordsTaken():
            return Ack(seq=reply.last_seq)
        case RecordsMissing():
            return Resync(last_seq=reply.last_seq)


def _start(event: events.SessionAuthorised, sign: Sign) -> Start:
    return Start(
        session_id=event.session_id,
        request_id=event.request_id,
        driver_id=event.driver_id,
        price=event.price_centi_cents_per_kwh,
        hold_cents=event.hold_cents,
        limit_mwh=event.limit_mwh,
        plug_within_s=event.plug_within_s,
        auth=sign(event),
        at=event.authorised_at or UNSET,
    )


def _started(event: events.SessionAuthorised) -> list[Letter]:
    """Return what its driver is told for whom an operator asked."""
    if not event.by_operator:
        return []
    text = f"The operator starts a charge for you at {event.cp_id}."
    return [(Role.DRIVER, event.driver_id, Notice(code="STARTED", text=text, cp_id=event.cp_id))]


def _limited(event: events.SessionAuthorised) -> list[Letter]:
    """Return what a driver is told whose charge may not get everything it asked for."""
    tariff = Tariff(event.price_centi_cents_per_kwh)
    wished_mwh = own_limit_mwh(tariff, event.until_mwh, event.until_cents)
    if wished_mwh is None or wished_mwh <= event.limit_mwh:
        return []
    cents = tariff.cost_cents(Consumption(event.limit_mwh))
    text = f"Your charge at {event.cp_id} ends at {kwh(event.limit_mwh)} kWh, {money(cents)}: no more is allowed."
    notice = Notice(
        code="LIMITED", text=text, cp_id=event.cp_id, energy_mwh=event.limit_mwh, cost_cents=cents
    )
    return [(Role.DRIVER, event.driver_id, notice)]


def _welcome(event: events.EngineConnected) -> list[Letter]:
    said: list[Message] = [Synced(last_seq=event.last_seq)]
    said += [Stop(session_id=session_id, reason=reason) for session_id, reason in event.stop]
    said += [Query(session_id=session_id) for session_id in event.ask]
    welcome: list[Letter] = [(Role.ENGINE, event.cp_id, message) for message in said]
    if event.driver_id is not None:
        text = f"{event.cp_id} is connected to CENTRAL again."
        notice = Notice(code="ENGINE_BACK", text=text, cp_id=event.cp_id)
        welcome.append((Role.DRIVER, event.driver_id, notice))
    return welcome


def _located(event: events.EngineConnected | events.MonitorConnected | events.PointMoved) -> list[Letter]:
    """Return what the engine is told of where it stands, and its monitor; nothing while nobody has said it."""
    if not event.location:
        return []
    located = Located(location=Location(event.location).name[:200], said=Location(event.said).name[:200])
    return [(Role.ENGINE, event.cp_id, located), (Role.MONITOR, event.cp_id, located)]


def _withheld(
    event: events.EngineConnected | events.MonitorConnected | events.HoldPlaced | events.HoldLifted,
    *,
    said_if_none: bool = False,
) -> list[Letter]:
    """Return what engine and monitor are told of everything that withholds them; a connection begins with none."""
    if not (event.holds or said_if_none):
        return []
    withheld = Withheld(holds=tuple(event.holds))
    return [(Role.ENGINE, event.cp_id, withheld), (Role.MONITOR, event.cp_id, withheld)]


def _to_driver(
    event: events.SessionReady | events.SessionStarted | events.StopOrdered | events.SessionRefused,
    step: str,
    code: str = "",
    text: str = "",
    reason: str = "",
    plug_within_s: int | None = None,
) -> Letter:
    return (
        Role.DRIVER,
        event.driver_id,
        Progress(
            request_id=event.request_id,
            step=step,
            session_id=event.session_id,
            cp_id=event.cp_id,
            code=code,
            text=text,
            reason=reason,
            plug_within_s=plug_within_s,
        ),
    )


def _corrected(event: events.TicketCorrected) -> Notice:
    text = (
        f"Your ticket for {event.cp_id} was corrected by {kwh(event.energy_mwh)} kWh, "
        f"{money(event.cost_cents)}: {event.reason}."
    )
    return Notice(
        code="CORRECTED",
        text=text[:200],
        cp_id=event.cp_id,
        reason=event.reason[:200],
        energy_mwh=max(0, event.energy_mwh),
        cost_cents=event.cost_cents,
    )


def _of_wallet(code: str, text: str, event: events.WalletCorrected | events.PaidOut) -> Notice:
    return Notice(code=code, text=text[:200], reason=event.reason[:200], cost_cents=event.cents)


def _key_revoked(event: events.TicketMade) -> Notice:
    """Say why a charge ended that nobody stopped; a driver whose own keys were revoked has no link to hear it."""
    cost = money(event.cost_cents)
    return Notice(
        code="KEY_REVOKED",
        text=f"The key of {event.cp_id} was withdrawn; your charge ended, billed {cost}.",
        cp_id=event.cp_id,
        reason=event.reason,
        energy_mwh=event.energy_mwh,
        cost_cents=event.cost_cents,
    )


def _ticket(event: events.TicketMade) -> TicketIssued:
    return TicketIssued(
        session_id=event.session_id,
        request_id=event.request_id,
        cp_id=event.cp_id,
        energy_mwh=event.energy_mwh,
        cost_cents=event.cost_cents,
        price=event.price_centi_cents_per_kwh,
        reason=event.reason,
        started_at=event.started_at,
        ended_at=event.ended_at,
        estimated=event.estimated,
        elapsed_s=UNSET if event.elapsed_s is None else event.elapsed_s,
        received_at=event.received_at or event.ended_at,
        by_operator=event.by_operator or UNSET,
    )
