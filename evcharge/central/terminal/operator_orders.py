"""The operator's desk: carries out an Order through the dispatcher, and says what came of it."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from evcharge import labels
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.links import Peers
from evcharge.central.rules.alert_kinds import CLOSED_BY_HAND, Alert
from evcharge.central.rules.commands import (
    Actor,
    AnyCommand,
    CloseAlert,
    CloseLost,
    CorrectMoney,
    EndCharge,
    LiftHold,
    MovePoint,
    PayOut,
    PlaceHold,
    Refund,
    RevokeKeys,
    StartCharging,
    TopUp,
)
from evcharge.central.rules.replies import RequestStep
from evcharge.central.terminal.command_line import PanelOrder, PanelVerb, help_page
from evcharge.central.terminal.wall_lists import Fault, fault_lines, session_state
from evcharge.central.views import refusal_text
from evcharge.central.views.alerts import Alerts, alert_text, restored_text, taken_text
from evcharge.central.views.board import drawn
from evcharge.central.views.event_text import speech, status_line
from evcharge.domain.billing import SURE_CENTS, euros, kwh
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.errors import EvchargeError
from evcharge.domain.events import PaidOut, TicketCorrected, TicketMade, WalletCorrected
from evcharge.domain.ids import CpId, DriverId, RequestId, Role, SessionId, natural
from evcharge.domain.location import Location
from evcharge.evc1.frames import KEY_BYTES
from evcharge.labels.command_refusals import in_words
from evcharge.terminal.fault_log import clock

PANEL = Actor("operator", Role.OPERATOR, "panel")
# A peer that has not taken its new key in 10 s is hung up on by its channel: a little longer than that.
_LOOK_EVERY_S = 0.05
_LOOKS = 210


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What to show: one `line`, or a `page` to read."""

    line: str = ""
    page: tuple[str, ...] | None = None


class OperatorOrders:
    """Everything that an operator can do at Central itself."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        feed: Feed,
        peers: Peers,
        alerts: Alerts,
        lang: str,
        zone: tzinfo | None = None,
    ) -> None:
        """Instants are told by `zone`; None is this computer's."""
        self._dispatcher = dispatcher
        self._feed = feed
        self._peers = peers
        self._alerts = alerts
        self._lang = lang
        self._zone = zone
        self._say = speech(lang)

    def exact(self, order: PanelOrder) -> PanelOrder:
        """Return `order` with the sum that its question names: what comes in before the yes is not paid out, too."""
        if order.verb is PanelVerb.PAY_OUT and order.cents is None:
            return replace(order, cents=self._free_cents(order))
        return order

    def question(self, order: PanelOrder) -> str:
        """Return what to ask before `order` is carried out, "" for nothing: money moves only on a yes.

        Nor does everything end that charges, without one.
        """
        driver_id, wallet = order.subject, self._wallet(order.subject)
        asked = {"driver_id": driver_id, "wallet": wallet, "session_id": order.session_id}
        match order:
            case PanelOrder(verb=PanelVerb.OUT, subject="") if running := sum(
                1 for _ in self._dispatcher.facts.sessions()
            ):
                return self._say("out all question", count=running)
            case PanelOrder(verb=PanelVerb.TOP_UP, cents=int(cents)) if cents > SURE_CENTS and wallet:
                asked |= {"amount": euros(cents), "most": euros(SURE_CENTS)}
                return self._say("top-up question", **asked)
            case PanelOrder(verb=PanelVerb.CORRECT, cents=int(cents)) if wallet:
                inwards, ways = cents > 0, ("less", "more") if order.session_id else ("in", "out")
                name = f"correct question {ways[0] if inwards else ways[1]}"
                return self._say(name, **asked, amount=euros(abs(cents)))
            case PanelOrder(verb=PanelVerb.REFUND, cents=None):
                return self._say("refund question all", **asked)
            case PanelOrder(verb=PanelVerb.REFUND, cents=int(cents)):
                return self._say("refund question", **asked, amount=euros(cents))
            case PanelOrder(verb=PanelVerb.PAY_OUT):
                free_cents = self._free_cents(order)
                if free_cents is None:
                    return ""
                if order.registration is not None:
                    asked |= {
                        "driver_id": f"{driver_id}/{order.registration}",
                        "wallet": labels.money(free_cents, self._lang),
                    }
                cents = order.cents if order.cents is not None else free_cents
                return self._say("pay-out question", **asked, amount=euros(cents))
            case _:
                return ""

    async def carry_out(self, order: PanelOrder) -> OrderAnswer:
        """Do it; return the answer, a refusal too. Never raises for a foreseeable failure."""
        try:
            return await self._carry_out(order)
        except EvchargeError as refusal:
            return OrderAnswer(self._say("not done", why=in_words(refusal, self._lang)))

    async def _carry_out(self, order: PanelOrder) -> OrderAnswer:
        match order.verb:
            case PanelVerb.OUT:
                return await self._out(order.subject)
            case PanelVerb.RESUME:
                return await self._resume(order.subject)
            case PanelVerb.REVOKE:
                return await self._revoke(order.subject)
            case PanelVerb.MOVE:
                return await self._move(order.subject, order.location)
            case PanelVerb.ROTATE:
                return await self._rotate(order.subject)
            case PanelVerb.TOP_UP:
                return await self._top_up(order.subject, order.cents or 0)
            case PanelVerb.CORRECT | PanelVerb.REFUND | PanelVerb.PAY_OUT:
                return await self._move_money(order)
            case PanelVerb.DRIVERS:
                return self._page(self._say("drivers title"), list(self._wallets()))
            case PanelVerb.START:
                return await self._start(order)
            case PanelVerb.STOP:
                return await self._stop(order)
            case PanelVerb.CLOSE_LOST:
                return await self._close_lost(order.subject)
            case PanelVerb.SESSIONS:
                return self._page(self._say("sessions title"), list(self._sessions()))
            case PanelVerb.ALERTS:
                faults = [fault(alert, self._lang, self._zone) for alert in reversed(self._alerts.recent())]
                return self._page(
                    self._say("alerts title"), [line for each in faults for line in fault_lines(each)]
                )
            case PanelVerb.CLOSE:
                return await self._close(order.subject)
            case PanelVerb.HELP | PanelVerb.QUIT:
                return OrderAnswer(page=tuple(help_page(self._say)))

    async def _out(self, subject: str) -> OrderAnswer:
        if subject and self._point(subject) is None:
            return OrderAnswer(self._say("unknown point", cp_id=subject))
        await self._submit(PlaceHold(by=PANEL, cp_id=CpId(subject) if subject else None, hold=Hold.OPERATOR))
        point = self._point(subject)
        if point is None:
            return OrderAnswer(self._say("out all done", count=self._count()))
        return OrderAnswer(self._say("out done", status=status_line(point, self._lang)))

    async def _resume(self, subject: str) -> OrderAnswer:
        if subject and self._point(subject) is None:
            return OrderAnswer(self._say("unknown point", cp_id=subject))
        await self._submit(LiftHold(by=PANEL, cp_id=CpId(subject) if subject else None, hold=Hold.OPERATOR))
        point = self._point(subject)
        if point is None:
            available = sum(one.status is CpStatus.AVAILABLE for one in self._dispatcher.facts.points())
            return OrderAnswer(self._say("resume all done", available=available, count=self._count()))
        green = point.status in (
            CpStatus.AVAILABLE,
            CpStatus.PREPARING,
            CpStatus.CHARGING,
            CpStatus.FINISHING,
        )
        return OrderAnswer(
            self._say("resume done" if green else "resume others", status=status_line(point, self._lang))
        )

    async def _revoke(self, subject: str) -> OrderAnswer:
        driver = self._dispatcher.facts.driver(DriverId(subject))
        if self._point(subject) is None and (driver is None or driver.withdrawn):
            return OrderAnswer(self._say("unknown subject", subject=subject))
        decision = await self._dispatcher.post(RevokeKeys(by=PANEL, subject=subject))
        return OrderAnswer(
            self._say("revoke done" if decision.stored else "withdrawn unstored", subject=subject)
        )

    async def _start(self, order: PanelOrder) -> OrderAnswer:
        until_mwh, until_cents = order.limits
        command = StartCharging(
            by=PANEL,
            driver_id=DriverId(order.driver_id),
            request_id=RequestId(secrets.token_hex(8)),
            nonce=secrets.token_hex(8),
            cp_id=CpId(order.subject) if order.subject else None,
            until_mwh=until_mwh,
            until_cents=until_cents,
            by_operator=True,
        )
        reply = (await self._dispatcher.post(command)).reply
        match reply:
            case RequestStep(step="REFUSED"):
                return OrderAnswer(self._say("not done", why=refusal_text.answered(reply, self._lang)))
            case RequestStep(cp_id=cp_id, session_id=session_id):
                about = {"cp_id": cp_id, "driver_id": order.driver_id, "session_id": session_id}
                return OrderAnswer(self._say("start done", **about))
            case _:
                raise LookupError(order.verb)

    async def _stop(self, order: PanelOrder) -> OrderAnswer:
        point = self._point(order.subject)
        session_id = SessionId(order.session_id) or (point.session_id if point is not None else None)
        if session_id is None:
            return OrderAnswer(self._say("stop none", cp_id=order.subject))
        await self._submit(EndCharge(by=PANEL, session_id=session_id))
        session = self._dispatcher.facts.session(session_id)
        about = {"session_id": session_id, "cp_id": session.cp_id if session is not None else order.subject}
        point = self._point(about["cp_id"])
        away = point is not None and point.engine_link is None
        return OrderAnswer(self._say("stop later" if away else "stop done", **about))

    async def _close_lost(self, subject: str) -> OrderAnswer:
        point = self._dispatcher.facts.point(CpId(subject))
        if point is None or point.session_id is None:
            return OrderAnswer(self._say("close-lost none", cp_id=subject))
        decision = await self._dispatcher.post(CloseLost(by=PANEL, session_id=point.session_id))
        for event in decision.events:
            if isinstance(event, TicketMade):
                billed = {"energy": kwh(event.energy_mwh), "cost": euros(event.cost_cents)}
                return OrderAnswer(self._say("close-lost billed", session_id=event.session_id, **billed))
        return OrderAnswer(self._say("close-lost given back", session_id=point.session_id))

    async def _move(self, subject: str, location: Location) -> OrderAnswer:
        if self._point(subject) is None:
            return OrderAnswer(self._say("unknown point", cp_id=subject))
        await self._submit(MovePoint(by=PANEL, cp_id=CpId(subject), location=location))
        point = self._point(subject)
        return OrderAnswer(
            self._say("move done", status=status_line(point, self._lang) if point else subject)
        )

    async def _rotate(self, subject: str) -> OrderAnswer:
        if self._point(subject) is None:
            return OrderAnswer(self._say("unknown point", cp_id=subject))
        channels = self._peers.channels(subject)
        if not channels:
            return OrderAnswer(self._say("rotate nobody", cp_id=subject))
        for channel in channels:
            channel.rekey(secrets.token_bytes(KEY_BYTES))
        for _ in range(_LOOKS):
            if not any(channel.is_rekeying for channel in channels):
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        late = any(channel.is_closing or channel.is_rekeying for channel in channels)
        return OrderAnswer(self._say("rotate late" if late else "rotate done", cp_id=subject))

    async def _top_up(self, subject: str, cents: int) -> OrderAnswer:
        await self._submit(TopUp(by=PANEL, driver_id=DriverId(subject), cents=cents))
        return OrderAnswer(self._say("top-up done", driver_id=subject, wallet=self._wallet(subject)))

    async def _move_money(self, order: PanelOrder) -> OrderAnswer:
        why: dict[str, Any] = {"by": PANEL, "reason": order.reason, "reference": secrets.token_hex(8)}
        driver_id, session_id = DriverId(order.subject), SessionId(order.session_id)
        command: CorrectMoney | Refund | PayOut
        match order.verb:
            case PanelVerb.CORRECT:
                of = session_id or None
                command = CorrectMoney(**why, driver_id=driver_id, cents=order.cents or 0, session_id=of)
            case PanelVerb.REFUND:
                command = Refund(**why, session_id=session_id, cents=order.cents)
            case _:
                command = PayOut(
                    **why, driver_id=driver_id, cents=order.cents, registration=order.registration
                )
        decision = await self._dispatcher.post(command)
        for event in decision.events:
            if isinstance(event, WalletCorrected | TicketCorrected | PaidOut):
                cents = -event.cost_cents if isinstance(event, TicketCorrected) else event.cents
                left = isinstance(event, PaidOut | TicketCorrected) and event.former_owner
                wallet = (
                    labels.money(event.balance_cents, self._lang) if left else self._wallet(event.driver_id)
                )
                told = {"driver_id": event.driver_id, "session_id": session_id, "wallet": wallet}
                return OrderAnswer(self._say(f"{order.verb} done", **told, amount=euros(cents)))
        raise LookupError(order.verb)

    def _free_cents(self, order: PanelOrder) -> int | None:
        """Return what lies free in the wallet that `order` means; None: there is no such wallet."""
        facts = self._dispatcher.facts
        driver = facts.driver(DriverId(order.subject))
        if driver is not None and order.registration in (None, driver.registration):
            return driver.balance_cents
        left = facts.former_wallet(DriverId(order.subject), order.registration or 0)
        return left.balance_cents if left is not None else None

    def _wallet(self, driver_id: str) -> str:
        """Return what a driver has and owes, "" for one that is unknown."""
        facts = self._dispatcher.facts
        driver = facts.driver(DriverId(driver_id))
        if driver is None:
            return ""
        owed_cents = facts.owed_cents(driver.driver_id, driver.registration)
        balance = euros(driver.balance_cents)
        return (
            self._say("owing", balance=balance, owed=euros(owed_cents))
            if owed_cents
            else labels.money(driver.balance_cents, self._lang)
        )

    def _wallets(self) -> Iterator[str]:
        """Yield a line for each wallet, of those who owe something first."""
        facts = self._dispatcher.facts
        lines = []
        for driver in facts.drivers():
            if driver.withdrawn:
                continue
            owed_cents = facts.owed_cents(driver.driver_id, driver.registration)
            parts = [
                self._say("driver wallet", driver_id=driver.driver_id, balance=euros(driver.balance_cents)),
                self._say("driver held", held=euros(driver.held_cents)) if driver.held_cents else "",
                self._say("driver owes", owed=euros(owed_cents)) if owed_cents else "",
            ]
            lines.append((not owed_cents, driver.driver_id, "  ".join(filter(None, parts))))
        yield from (line for _, _, line in sorted(lines))
        for left in sorted(
            facts.left_wallets(), key=lambda wallet: (natural(wallet.driver_id), wallet.registration)
        ):
            about = {"driver_id": left.driver_id, "registration": left.registration}
            yield self._say("driver left", **about, balance=euros(left.balance_cents))

    async def _close(self, subject: str) -> OrderAnswer:
        closable = [
            alert for alert in self._alerts.open() if alert.about == subject and alert.kind in CLOSED_BY_HAND
        ]
        for alert in closable:
            await self._submit(CloseAlert(by=PANEL, alert=alert))
        what = " ".join(alert_text(alert, self._lang) for alert in closable)
        return OrderAnswer(self._say("close done" if closable else "close none", subject=subject, what=what))

    def _sessions(self) -> Iterator[str]:
        sessions = self._dispatcher.facts.sessions()
        for session in sorted(sessions, key=lambda session: session.authorised_at):
            _, energy_mwh, cents = drawn(session, self._feed.live.get(session.cp_id), linked=True)
            cost = labels.money(cents, self._lang)
            yield f"{session.session_id}  {session_state(session, self._lang)}"
            yield self._say.figures(f"  {session.cp_id} {session.driver_id}  {kwh(energy_mwh)} kWh  {cost}")

    def _page(self, title: str, lines: list[str]) -> OrderAnswer:
        return OrderAnswer(page=(title, *(lines or [self._say("nothing")]), "", self._say("help keys")))

    def _point(self, cp_id: str) -> ChargingPoint | None:
        point = self._dispatcher.facts.point(CpId(cp_id))
        return point if point is not None and not point.withdrawn else None

    def _count(self) -> int:
        return sum(1 for _ in self._dispatcher.facts.points())

    async def _submit(self, command: AnyCommand) -> None:
        await self._dispatcher.submit(command)


def fault(alert: Alert, lang: str, zone: tzinfo | None) -> Fault:
    """Return an alert as the wall shows it, its instants by `zone` (None: this computer's)."""
    repeats = f" (x{alert.times})" if alert.times > 1 else ""
    ended = alert.solved_at
    taken = f" {taken_text(alert, lang)}" if alert.taken_by and ended is None else ""
    return Fault(
        clock(alert.since, zone),
        alert_text(alert, lang) + repeats + taken,
        clock(ended, zone) if ended is not None else "",
        restored_text(alert, lang),
    )
