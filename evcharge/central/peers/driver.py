"""What a driver asks, and what it is told when it comes back."""

import asyncio
import secrets
from datetime import datetime

from msgspec import UNSET

from evcharge.central.books.store import INBOX_PAGE, CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Live
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.letters import message_of
from evcharge.central.peers.talk import PeerLink, Talk
from evcharge.central.rules import charging, commands
from evcharge.central.rules.commands import (
    DriverArrives,
    MarkTicketShown,
    StartCharging,
    StopCharging,
)
from evcharge.domain.charging_point import ChargingPoint, Question
from evcharge.domain.errors import Code, ProtocolError, Refused, StaleLink
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId, natural
from evcharge.domain.location import Location
from evcharge.domain.session import Session, Ticket
from evcharge.evc1.messages import (
    AnswerStart,
    AskBalance,
    AskHistory,
    AskPin,
    Balance,
    Bye,
    ConfirmStart,
    ErrorNotice,
    History,
    ListPoints,
    Message,
    Movement,
    PinState,
    PointRow,
    Points,
    RequestStart,
    RequestStop,
    SetPin,
    Supply,
    TicketIssued,
    TicketSeen,
)
from evcharge.labels.command_refusals import in_words
from evcharge.runtime.plain import clean

# So many rows fit into one frame even with the longest locations.
MOST_POINTS = 100
# Beside a hundred tickets, so many movements of the wallet do, whatever their reasons are.
MOST_MOVEMENTS = 10
_MOST_REASON = 100
# A driver answers each ticket with two messages: so it stays far below what Central takes of it.
_PAGE_EVERY_S = 1.0


class DriverTalk(Talk):
    def __init__(
        self, link: PeerLink, dispatcher: Dispatcher, store: CentralStore, consents: Consents
    ) -> None:
        super().__init__(link, dispatcher)
        self._store = store
        self._consents = consents
        self._driver_id = DriverId(link.identity.id)
        # The inbox: where its next page begins (None: all is told), what of the last one is not acknowledged, and
        # when another may follow.
        self._place: int | None = 0
        self._told: set[str] = set()
        self._next_page_at = 0.0

    async def run(self) -> None:
        link = self._link
        await self.arrive(
            DriverArrives(
                by=link.actor,
                driver_id=self._driver_id,
                link=link.number,
                epoch=link.identity.epoch,
                registration=link.identity.registration,
            )
        )
        await self._catch_up()
        while True:
            try:
                async with asyncio.timeout_at(self._page_due_at):
                    message = await self.receive()
            except TimeoutError:
                await self._tell_unseen()
                continue
            if isinstance(message, Bye):
                return
            try:
                answer = await self._answer(message)
            except StaleLink:
                raise
            except Refused as refusal:
                answer = ErrorNotice(code=refusal.code, text=in_words(refusal)[:200])
            if answer is not None:
                self._channel.send(answer)

    async def _catch_up(self) -> None:
        """Tell a returning driver where its charge stands, what it is asked, and what it has not seen."""
        for session in self._own_sessions():
            step = charging.progress(session, charging.present_step(session))
            self._channel.send(message_of(step))
        if (asking := self._dispatcher.facts.asking(self._driver_id)) is not None:
            self._channel.send(_question(*asking, self._dispatcher.steady_s()))
        await self._tell_unseen()

    async def _tell_unseen(self) -> None:
        """Tell one page of the inbox."""
        registration = self._link.identity.registration
        tickets, self._place = await self._store.unseen_tickets(
            self._driver_id, registration, self._place or 0
        )
        self._channel.gather()
        for ticket in tickets:
            self._channel.send(_issued(ticket, while_away=True))
        self._told.update(ticket.session_id for ticket in tickets)
        self._next_page_at = asyncio.get_running_loop().time() + _PAGE_EVERY_S

    @property
    def _page_due_at(self) -> float | None:
        """When the next page is told, in loop time; None while too little of the last one is acknowledged."""
        if self._place is None or len(self._told) > INBOX_PAGE // 2:
            return None
        return self._next_page_at

    def _own_sessions(self) -> list[Session]:
        driver = self._dispatcher.facts.driver(self._driver_id)
        found = [self._dispatcher.facts.session(one) for one in sorted(driver.sessions)] if driver else []
        return [session for session in found if session is not None]

    async def _answer(self, message: Message) -> Message | None:
        match message:
            case RequestStart():
                return await self.asked(self._start(message)) or await self._seen_ticket(message)
            case RequestStop():
                wanted = message.session_id
                return await self.asked(
                    StopCharging(
                        by=self._link.actor,
                        link=self._link.number,
                        epoch=self._link.identity.epoch,
                        driver_id=self._driver_id,
                        session_id=SessionId(wanted) if wanted is not None else None,
                    )
                )
            case TicketSeen():
                self._told.discard(message.session_id)
                return await self.asked(
                    MarkTicketShown(
                        by=self._link.actor,
                        link=self._link.number,
                        epoch=self._link.identity.epoch,
                        driver_id=self._driver_id,
                        session_id=SessionId(message.session_id),
                    )
                )
            case AnswerStart():
                return await self.asked(
                    commands.AnswerStart(
                        by=self._link.actor,
                        link=self._link.number,
                        epoch=self._link.identity.epoch,
                        driver_id=self._driver_id,
                        request_id=RequestId(message.request_id),
                        yes=message.yes,
                        nonce=secrets.token_hex(8),
                    )
                )
            case SetPin():
                pin = message.pin
                return await self.asked(
                    commands.SetPin(
                        by=self._link.actor,
                        link=self._link.number,
                        epoch=self._link.identity.epoch,
                        driver_id=self._driver_id,
                        pin_hash=await self._consents.kept(self._driver_id, pin) if pin is not None else None,
                        limit_cents=message.limit_cents,
                    )
                )
            case AskPin():
                driver = self._dispatcher.facts.driver(self._driver_id)
                has_one = driver is not None and driver.pin_hash is not None
                return PinState(limit_cents=driver.pin_limit_cents if driver and has_one else None)
            case ListPoints():
                return self._points()
            case AskBalance():
                driver = self._dispatcher.facts.driver(self._driver_id)
                registration = driver.registration if driver else 0
                return Balance(
                    balance_cents=driver.balance_cents if driver else 0,
                    held_cents=driver.held_cents if driver else 0,
                    owed_cents=self._dispatcher.facts.owed_cents(self._driver_id, registration) or UNSET,
                )
            case AskHistory():
                return await self._history(message.limit)
            case _:
                raise ProtocolError("not a request of a driver", Code.ROLE)

    async def _seen_ticket(self, message: RequestStart) -> TicketIssued | None:
        """Return the ticket of a request that is over, unless the inbox tells it.

        Another program of this driver, or a page, may have seen it: whoever asks again waits for how it ended.
        """
        ticket = await self._store.seen_ticket(
            self._driver_id, RequestId(message.request_id), self._link.identity.registration
        )
        return _issued(ticket, while_away=True) if ticket is not None else None

    async def _history(self, limit: int) -> History:
        registration = self._link.identity.registration
        tickets = await self._store.latest_tickets(self._driver_id, limit, registration)
        moved = await self._store.moved(self._driver_id, registration, min(limit, MOST_MOVEMENTS))
        return History(
            tickets=[_issued(ticket) for ticket in tickets],
            moved=[
                Movement(
                    at=_unix(datetime.fromisoformat(row["at"])),
                    kind=row["kind"],
                    cents=row["cents"],
                    session_id=row["session_id"],
                    # An older Central took reasons that no message may hold.
                    reason=clean(row["reason"] or "")[:_MOST_REASON],
                )
                for row in moved
            ],
        )

    def _start(self, message: RequestStart) -> StartCharging:
        return StartCharging(
            by=self._link.actor,
            link=self._link.number,
            epoch=self._link.identity.epoch,
            driver_id=self._driver_id,
            request_id=RequestId(message.request_id),
            nonce=secrets.token_hex(8),
            cp_id=CpId(message.cp_id) if message.cp_id is not None else None,
            location=Location(message.location) if message.location is not None else None,
            until_mwh=None if message.until_mwh is UNSET else message.until_mwh,
            until_cents=None if message.until_cents is UNSET else message.until_cents,
            shown_price=None if message.shown_price is UNSET else message.shown_price,
        )

    def _points(self) -> Points:
        return Points(
            points=[
                PointRow(
                    cp_id=point.cp_id,
                    location=point.location.name,
                    price=point.price_centi_cents_per_kwh,
                    status=point.status,
                )
                for point in sorted(
                    self._dispatcher.facts.available(MOST_POINTS), key=lambda point: natural(point.cp_id)
                )
            ]
        )


def _question(point: ChargingPoint, question: Question, steady_s: float) -> ConfirmStart:
    return ConfirmStart(
        request_id=question.request_id,
        cp_id=point.cp_id,
        location=point.location.name,
        price=question.price_centi_cents_per_kwh,
        hold_cents=question.hold_cents,
        within_s=question.left_s(steady_s),
    )


def supply(session: Session, live: Live) -> Supply:
    """Return the live figures as the session's driver sees them; never more than its hold."""
    until_mwh, until_cents = session.until_mwh, session.until_cents
    return Supply(
        session_id=session.session_id,
        cp_id=session.cp_id,
        power_w=live.power_w,
        energy_mwh=live.energy_mwh,
        cost_cents=session.shown_cents(live.energy_mwh),
        limit_mwh=session.limit_mwh,
        started_at=_unix(session.started_at) if session.started_at is not None else None,
        elapsed_s=UNSET if session.elapsed_s is None else session.elapsed_s,
        until_mwh=UNSET if until_mwh is None else min(until_mwh, session.limit_mwh),
        until_cents=UNSET if until_cents is None else session.allowed_cents(until_cents),
    )


def _issued(ticket: Ticket, *, while_away: bool = False) -> TicketIssued:
    return TicketIssued(
        session_id=ticket.session_id,
        request_id=ticket.request_id,
        cp_id=ticket.cp_id,
        energy_mwh=ticket.energy_mwh,
        cost_cents=ticket.cost_cents,
        price=ticket.price_centi_cents_per_kwh,
        reason=ticket.reason,
        started_at=_unix(ticket.started_at),
        ended_at=_unix(ticket.ended_at),
        estimated=ticket.estimated,
        while_away=while_away,
        elapsed_s=UNSET if ticket.elapsed_s is None else ticket.elapsed_s,
        received_at=_unix(ticket.received_at),
        corrected_mwh=ticket.corrected_mwh or UNSET,
        corrected_cents=ticket.corrected_cents or UNSET,
        by_operator=ticket.by_operator or UNSET,
    )


def _unix(instant: datetime) -> float:
    return instant.timestamp()
