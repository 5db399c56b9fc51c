"""The operator's desk: carries out an Order through the dispatcher, and says what came of it."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

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
    LiftHold,
    MovePoint,
    PlaceHold,
    RevokeKeys,
    TopUp,
)
from evcharge.central.terminal.command_line import Order, Verb, help_page
from evcharge.central.terminal.wall_lists import Fault, fault_lines, session_state
from evcharge.central.views.alerts import Alerts, alert_text, restored_text
from evcharge.central.views.event_text import speech, status_line
from evcharge.domain.billing import cost_cents, euros, kwh
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.errors import EvchargeError
from evcharge.domain.events import TicketMade
from evcharge.domain.ids import CpId, DriverId, Role
from evcharge.evc1.frames import KEY_BYTES
from evcharge.terminal.fault_log import clock

PANEL = Actor("operator", Role.OPERATOR, "panel")
# A peer that has not taken its new key in 10 s is hung up on by its channel: a little longer than that.
_LOOK_EVERY_S = 0.05
_LOOKS = 210


@dataclass(frozen=True, slots=True)
class Answer:
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

    async def carry_out(self, order: Order) -> Answer:
        """Do it; return the answer, a refusal too. Never raises for a foreseeable failure."""
        try:
            return await self._carry_out(order)
        except EvchargeError as refusal:
            # The sentence of the rules is English; its code has words in every language.
            english = self._lang == labels.DEFAULT_LANGUAGE
            text = refusal.text if english else labels.code(refusal.code, self._lang)
            return Answer(self._say("not done", why=text))

    async def _carry_out(self, order: Order) -> Answer:
        match order.verb:
            case Verb.OUT:
                return await self._out(order.subject)
            case Verb.RESUME:
                return await self._resume(order.subject)
            case Verb.REVOKE:
                return await self._revoke(order.subject)
            case Verb.MOVE:
                return await self._move(order.subject, order.location)
            case Verb.ROTATE:
                return await self._rotate(order.subject)
            case Verb.TOP_UP:
                return await self._top_up(order.subject, order.cents)
            case Verb.CLOSE_LOST:
                return await self._close_lost(order.subject)
            case Verb.SESSIONS:
                return self._page(self._say("sessions title"), list(self._sessions()))
            case Verb.ALERTS:
                faults = [fault(alert, self._lang, self._zone) for alert in reversed(self._alerts.recent())]
                return self._page(
                    self._say("alerts title"), [line for each in faults for line in fault_lines(each)]
                )
            case Verb.CLOSE:
                return await self._close(order.subject)
            case Verb.HELP | Verb.QUIT:
                return Answer(page=tuple(help_page(self._say)))

    async def _out(self, subject: str) -> Answer:
        if subject and self._point(subject) is None:
            return Answer(self._say("unknown point", cp_id=subject))
        await self._submit(PlaceHold(by=PANEL, cp_id=CpId(subject) if subject else None, hold=Hold.OPERATOR))
        point = self._point(subject)
        if point is None:
            return Answer(self._say("out all done", count=self._count()))
        return Answer(self._say("out done", status=status_line(point, self._lang)))

    async def _resume(self, subject: str) -> Answer:
        if subject and self._point(subject) is None:
            return Answer(self._say("unknown point", cp_id=subject))
        await self._submit(LiftHold(by=PANEL, cp_id=CpId(subject) if subject else None, hold=Hold.OPERATOR))
        point = self._point(subject)
        if point is None:
            available = sum(one.status is CpStatus.AVAILABLE for one in self._dispatcher.facts.points())
            return Answer(self._say("resume all done", available=available, count=self._count()))
        green = point.status in (
            CpStatus.AVAILABLE,
            CpStatus.PREPARING,
            CpStatus.CHARGING,
            CpStatus.FINISHING,
        )
        return Answer(
            self._say("resume done" if green else "resume others", status=status_line(point, self._lang))
        )

    async def _revoke(self, subject: str) -> Answer:
        driver = self._dispatcher.facts.driver(DriverId(subject))
        if self._point(subject) is None and (driver is None or driver.withdrawn):
            return Answer(self._say("unknown subject", subject=subject))
        decision = await self._dispatcher.post(RevokeKeys(by=PANEL, subject=subject))
        return Answer(self._say("revoke done" if decision.stored else "withdrawn unstored", subject=subject))

    async def _close_lost(self, subject: str) -> Answer:
        point = self._dispatcher.facts.point(CpId(subject))
        if point is None or point.session_id is None:
            return Answer(self._say("close-lost none", cp_id=subject))
        decision = await self._dispatcher.post(CloseLost(by=PANEL, session_id=point.session_id))
        for event in decision.events:
            if isinstance(event, TicketMade):
                billed = {"energy": kwh(event.energy_mwh), "cost": euros(event.cost_cents)}
                return Answer(self._say("close-lost billed", session_id=event.session_id, **billed))
        return Answer(self._say("close-lost given back", session_id=point.session_id))

    async def _move(self, subject: str, location: str) -> Answer:
        if self._point(subject) is None:
            return Answer(self._say("unknown point", cp_id=subject))
        await self._submit(MovePoint(by=PANEL, cp_id=CpId(subject), location=location))
        point = self._point(subject)
        return Answer(self._say("move done", status=status_line(point, self._lang) if point else subject))

    async def _rotate(self, subject: str) -> Answer:
        if self._point(subject) is None:
            return Answer(self._say("unknown point", cp_id=subject))
        channels = self._peers.channels(subject)
        if not channels:
            return Answer(self._say("rotate nobody", cp_id=subject))
        for channel in channels:
            channel.rekey(secrets.token_bytes(KEY_BYTES))
        for _ in range(_LOOKS):
            if not any(channel.is_rekeying for channel in channels):
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        late = any(channel.is_closing or channel.is_rekeying for channel in channels)
        return Answer(self._say("rotate late" if late else "rotate done", cp_id=subject))

    async def _top_up(self, subject: str, cents: int) -> Answer:
        driver_id = DriverId(subject)
        await self._submit(TopUp(by=PANEL, driver_id=driver_id, cents=cents))
        driver = self._dispatcher.facts.driver(driver_id)
        balance = euros(driver.balance_cents) if driver is not None else ""
        return Answer(self._say("top-up done", driver_id=driver_id, balance=balance))

    async def _close(self, subject: str) -> Answer:
        closable = [
            alert for alert in self._alerts.open() if alert.about == subject and alert.kind in CLOSED_BY_HAND
        ]
        for alert in closable:
            await self._submit(CloseAlert(by=PANEL, alert=alert))
        what = " ".join(alert_text(alert, self._lang) for alert in closable)
        return Answer(self._say("close done" if closable else "close none", subject=subject, what=what))

    def _sessions(self) -> Iterator[str]:
        sessions = self._dispatcher.facts.sessions()
        for session in sorted(sessions, key=lambda session: session.authorised_at):
            live = self._feed.live.get(session.cp_id)
            energy_mwh = live.energy_mwh if live is not None else session.energy_mwh
            cost = euros(cost_cents(energy_mwh, session.price_centi_cents_per_kwh))
            yield f"{session.session_id}  {session_state(session, self._lang)}"
            yield f"  {session.cp_id} {session.driver_id}  {kwh(energy_mwh)} kWh  {cost} €"

    def _page(self, title: str, lines: list[str]) -> Answer:
        return Answer(page=(title, *(lines or [self._say("nothing")]), "", self._say("help keys")))

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
    return Fault(
        clock(alert.since, zone),
        alert_text(alert, lang) + repeats,
        clock(ended, zone) if ended is not None else "",
        restored_text(alert, lang),
    )
