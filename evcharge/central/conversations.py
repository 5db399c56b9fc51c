"""What Central and one peer say to each other, by role: messages in, commands to the dispatcher.

Nothing here changes state: a message becomes a command, and its answer is sent once it is stored.
"""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import UNSET

from evcharge.central.announce import message_of
from evcharge.central.consents import Consents
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.quotas import Quotas
from evcharge.central.rules import charging, commands
from evcharge.central.rules.commands import (
    Actor,
    AnyCommand,
    DriverArrives,
    DriverLeaves,
    EngineArrives,
    EngineLeaves,
    MarkTicketShown,
    MonitorArrives,
    MonitorLeaves,
    MonitorReports,
    ReportReady,
    StartCharging,
    StopCharging,
    TakeRecords,
)
from evcharge.central.store import INBOX_PAGE, CentralStore
from evcharge.domain.billing import cost_cents
from evcharge.domain.charging_point import ChargingPoint, Question
from evcharge.domain.errors import Code, EvchargeError, ProtocolError, Refused, StaleLink
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, Role, SessionId
from evcharge.domain.location import check, tidy
from evcharge.domain.session import Session, Ticket
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import (
    AnswerStart,
    AskBalance,
    AskHistory,
    AskPin,
    Balance,
    Bye,
    ConfirmStart,
    ErrorNotice,
    Health,
    Heartbeat,
    History,
    ListPoints,
    ManualStart,
    Message,
    PinState,
    PointRow,
    Points,
    Progress,
    Ready,
    Records,
    RequestStart,
    RequestStop,
    SetPin,
    Supply,
    SupplyUpdate,
    Sync,
    TicketIssued,
    TicketSeen,
    temperature,
)
from evcharge.evc1.tickets import Identity
from evcharge.runtime.rate_limit import TokenBucket

# So many rows fit into one frame even with the longest locations.
MOST_POINTS = 100
# A reader this far behind is not answered before it reads; the watchdog soon ends it.
MAX_UNSENT_BYTES = 256 * 1024
# An hour of a charge is delivered in two seconds.
RECORDS_PER_S = 2000
_LOOK_AGAIN_S = 0.1
# A driver answers each ticket with two messages: so it stays far below what Central takes of it.
_PAGE_EVERY_S = 1.0


@dataclass(slots=True)
class Conversation:
    """One authenticated connection. `ended` says why, when Central itself ended it.

    `in_step`: letters may go to it. `owes_since`: since when (loop time) Central waits for its first word.
    """

    number: int
    identity: Identity
    channel: Channel
    ended: str | None = None
    arrived: bool = False
    in_step: bool = False
    owes_since: float | None = None
    # Its keys were withdrawn during a session: it may tell how that ended, and is cut then.
    parting: bool = False
    _limit: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    _end: EvchargeError | None = None

    @property
    def key(self) -> tuple[Role, str]:
        """Which identity speaks: a charging point's engine and its monitor are two."""
        return self.identity.role, self.identity.id

    @property
    def actor(self) -> Actor:
        """Who speaks, for the audit log."""
        return Actor(self.identity.id, self.identity.role, self.channel.peer_address)

    def hears(self, message: Message) -> None:
        """Note a message: an engine owes its SYNC, everybody else any sign of life."""
        if self.identity.role is not Role.ENGINE or isinstance(message, Sync):
            self.owes_since = None

    async def until_cut(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`. Raises what `cut` or `drop` says, whatever `work` waits for at that moment."""
        try:
            async with self._limit:
                await work
        except TimeoutError:
            if self._end is None:
                raise
            raise self._end from None

    def cut(self, why: str, error: EvchargeError) -> None:
        """Believe nothing more of the far end, which is told `error`. What is sent still goes out."""
        if self._end is None:
            self.channel.cut(error)
            self._interrupt(why, error)

    def drop(self, why: str) -> None:
        """Hang up at once on somebody who does not listen."""
        if self._end is None:
            self.channel.abort()
            self._interrupt(why, ChannelClosed(why))

    def _interrupt(self, why: str, error: EvchargeError) -> None:
        self.ended, self._end = why, error
        # Not only where it reads: it may be waiting for a disk that has no room.
        self._limit.reschedule(asyncio.get_running_loop().time())

    def leaving(self, reason: str) -> list[AnyCommand]:
        """Return the command that tells the network that this link is gone, if it ever arrived."""
        if not self.arrived:
            return []
        by, number = self.actor, self.number
        match self.identity.role:
            case Role.ENGINE:
                return [EngineLeaves(by=by, cp_id=CpId(self.identity.id), link=number, reason=reason)]
            case Role.MONITOR:
                return [MonitorLeaves(by=by, cp_id=CpId(self.identity.id), link=number, reason=reason)]
            case _:
                return [DriverLeaves(by=by, driver_id=DriverId(self.identity.id), link=number, reason=reason)]


async def converse(
    link: Conversation,
    dispatcher: Dispatcher,
    store: CentralStore,
    feed: Feed,
    quotas: Quotas,
    consents: Consents,
) -> None:
    """Talk until the peer says BYE. Raises ChannelClosed when the line ends, EvchargeError when it errs."""
    match link.identity.role:
        case Role.ENGINE:
            await EngineTalk(link, dispatcher, feed, quotas, consents).run()
        case Role.MONITOR:
            await MonitorTalk(link, dispatcher, feed, quotas).run()
        case _:
            await DriverTalk(link, dispatcher, store, consents).run()


class Talk:
    """What all roles have in common."""

    def __init__(self, link: Conversation, dispatcher: Dispatcher) -> None:
        self._link = link
        self._dispatcher = dispatcher
        self._channel = link.channel

    async def receive(self) -> Message:
        """Return the next message that is not a heartbeat; heartbeats are answered."""
        while True:
            while self._channel.unsent_bytes > MAX_UNSENT_BYTES:  # noqa: ASYNC110 - transports do not tell
                await asyncio.sleep(_LOOK_AGAIN_S)
            message = await self._channel.receive()
            self._link.hears(message)
            if not isinstance(message, Heartbeat):
                return message
            self._channel.send(message)

    async def asked(self, command: AnyCommand) -> Message | None:
        """Have a command of this peer decided; return what it hears at once. Raises Refused."""
        reply = await self._dispatcher.submit(command)
        return message_of(reply) if reply is not None else None

    async def arrive(self, command: AnyCommand) -> None:
        # Before it is stored: whoever is cancelled while that goes on has arrived all the same.
        self._link.arrived = True
        try:
            await self._dispatcher.submit(command)
        except Refused:
            self._link.arrived = False
            raise


class EngineTalk(Talk):
    def __init__(
        self, link: Conversation, dispatcher: Dispatcher, feed: Feed, quotas: Quotas, consents: Consents
    ) -> None:
        super().__init__(link, dispatcher)
        self._feed = feed
        self._quotas = quotas
        self._consents = consents
        self._records = TokenBucket(1 / RECORDS_PER_S, RECORDS_PER_S)
        self._cp_id = CpId(link.identity.id)

    async def run(self) -> None:
        hello = await self.receive()
        if isinstance(hello, Bye):
            return
        if not isinstance(hello, Sync):
            raise ProtocolError("an engine must say SYNC first", Code.SEQ)
        journal_id = JournalId(hello.journal_id)
        point = self._dispatcher.facts.point(self._cp_id)
        if point is not None and point.journal_id not in (None, journal_id):
            self._quotas.new_journal(self._cp_id, asyncio.get_running_loop().time())
        identity, link = self._link.identity, self._link
        await self.arrive(
            EngineArrives(
                by=link.actor,
                cp_id=self._cp_id,
                link=link.number,
                epoch=identity.epoch,
                location=tidy(identity.location),
                registration=identity.registration,
                journal_id=journal_id,
                last_seq=hello.last_seq,
                max_power_w=0 if hello.max_power_w is UNSET else hello.max_power_w,
                speed_permille=0 if hello.speed is UNSET else round(hello.speed * 1000),
                said_location="" if hello.location is UNSET else check(hello.location),
            )
        )
        while True:
            message = await self.receive()
            match message:
                case SupplyUpdate():
                    self._show(message)
                case Records():
                    await self._take(journal_id, message)
                case Ready():
                    await self._ready(message)
                case ManualStart():
                    await self._start_by_hand(message)
                case Bye():
                    return
                case _:
                    raise ProtocolError("a second SYNC on one connection", Code.SEQ)

    def _show(self, update: SupplyUpdate) -> None:
        """Live figures go to the screens and to the session's driver, and nowhere else."""
        facts = self._dispatcher.facts
        point, session = facts.point(self._cp_id), facts.session(SessionId(update.session_id))
        if session is None or point is None or point.engine_link != self._link.number:
            return  # it ended a moment ago, or this link did
        if session.cp_id != self._cp_id:
            raise ProtocolError(f"{self._cp_id} speaks of a session that is not its own", Code.ID)
        warmth = temperature(update)
        self._feed.update(session, Live(session.session_id, update.power_w, update.energy_mwh, warmth))

    async def _take(self, journal_id: JournalId, message: Records) -> None:
        try:
            answer = await self.asked(
                TakeRecords(
                    by=self._link.actor,
                    link=self._link.number,
                    epoch=self._link.identity.epoch,
                    cp_id=self._cp_id,
                    journal_id=journal_id,
                    records=tuple(message.records),
                )
            )
        except Refused as refusal:
            if refusal.code is Code.STORAGE:
                return  # not acknowledged: the engine keeps them and sends them again
            raise
        if answer is not None:
            self._channel.send(answer)
        # What is not read waits with the engine.
        await asyncio.sleep(self._records.spend(asyncio.get_running_loop().time(), len(message.records)))

    async def _ready(self, message: Ready) -> None:
        try:
            await self._dispatcher.submit(
                ReportReady(
                    by=self._link.actor,
                    link=self._link.number,
                    epoch=self._link.identity.epoch,
                    cp_id=self._cp_id,
                    session_id=SessionId(message.session_id),
                )
            )
        except StaleLink:
            raise
        except Refused as refusal:
            self._channel.send(ErrorNotice(code=refusal.code, text=refusal.text))

    async def _start_by_hand(self, message: ManualStart) -> None:
        """Somebody typed a driver's id at the charging point: whether that driver wants it is for the rules."""
        try:
            answer = await self.asked(
                StartCharging(
                    by=self._link.actor,
                    link=self._link.number,
                    epoch=self._link.identity.epoch,
                    driver_id=DriverId(message.driver_id),
                    request_id=RequestId(message.request_id),
                    nonce=secrets.token_hex(8),
                    cp_id=self._cp_id,
                    by_hand=await self._consents.of(self._cp_id, message),
                )
            )
        except StaleLink:
            raise
        except Refused as refusal:
            answer = Progress(
                request_id=message.request_id,
                step="REFUSED",
                cp_id=self._cp_id,
                code=refusal.code,
                text=refusal.text[:200],
            )
        if answer is not None:
            self._channel.send(answer)


class MonitorTalk(Talk):
    def __init__(self, link: Conversation, dispatcher: Dispatcher, feed: Feed, quotas: Quotas) -> None:
        super().__init__(link, dispatcher)
        self._feed = feed
        self._quotas = quotas
        self._cp_id = CpId(link.identity.id)
        # Reports since the last one that Central took in.
        self._reports = 0
        # The newest of them, while it waits for its turn.
        self._waiting: Health | None = None

    async def run(self) -> None:
        identity, link = self._link.identity, self._link
        await self.arrive(
            MonitorArrives(
                by=link.actor,
                cp_id=self._cp_id,
                link=link.number,
                epoch=identity.epoch,
                location=tidy(identity.location),
                registration=identity.registration,
            )
        )
        while True:
            message = await self._next()
            match message:
                case Health():
                    await self._report(message)
                    if message.temperature_deci_celsius is not UNSET:
                        self._feed.warm(self._cp_id, message.temperature_deci_celsius)
                case _:
                    return

    async def _next(self) -> Message:
        """Return what the monitor says next, or the report that waited, when its turn has come."""
        if self._waiting is None:
            return await self.receive()
        wait_s = self._quotas.next_change_of_health_s(self._cp_id, asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(wait_s):
                return await self.receive()
        except TimeoutError:
            return self._waiting

    async def _report(self, health: Health) -> None:
        """Take in how the engine is; a monitor that changes its mind too often waits for its turn."""
        if health is not self._waiting:
            self._reports += 1
        if self._fickle(health):
            self._waiting = health
            return
        self._waiting = None
        live = self._feed.live.get(self._cp_id)
        await self._dispatcher.submit(
            MonitorReports(
                by=self._link.actor,
                link=self._link.number,
                epoch=self._link.identity.epoch,
                cp_id=self._cp_id,
                fault=health.fault,
                occupied=health.occupied is True,
                live_mwh=live.energy_mwh if live is not None else 0,
                times=self._reports,
            )
        )
        self._reports = 0

    def _fickle(self, health: Health) -> bool:
        point = self._dispatcher.facts.point(self._cp_id)
        if point is None or not point.monitor_heard:
            return False
        if point.fault is None and health.fault is not None:
            # A fault that begins counts at once, whatever was said before it.
            return False
        if (point.fault, point.occupied) == (health.fault, health.occupied is True):
            return False
        return not self._quotas.change_of_health(self._cp_id, asyncio.get_running_loop().time())


class DriverTalk(Talk):
    def __init__(
        self, link: Conversation, dispatcher: Dispatcher, store: CentralStore, consents: Consents
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
                answer = ErrorNotice(code=refusal.code, text=refusal.text[:200])
            if answer is not None:
                self._channel.send(answer)

    async def _catch_up(self) -> None:
        """Tell a returning driver where its charge stands, what it is asked, and what it has not seen."""
        for session in self._own_sessions():
            step = charging.progress(session, charging.present_step(session))
            self._channel.send(message_of(step))
        if (asking := self._dispatcher.facts.asking(self._driver_id)) is not None:
            self._channel.send(_question(*asking, asyncio.get_running_loop().time()))
        await self._tell_unseen()

    async def _tell_unseen(self) -> None:
        """Tell one page of the inbox."""
        registration = self._link.identity.registration
        tickets, self._place = await self._store.unseen_tickets(
            self._driver_id, registration, self._place or 0
        )
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
                return await self.asked(self._start(message))
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
                return Balance(
                    balance_cents=driver.balance_cents if driver else 0,
                    held_cents=driver.held_cents if driver else 0,
                )
            case AskHistory():
                tickets = await self._store.latest_tickets(
                    self._driver_id, message.limit, self._link.identity.registration
                )
                return History(tickets=[_issued(ticket) for ticket in tickets])
            case _:
                raise ProtocolError("not a request of a driver", Code.ROLE)

    def _start(self, message: RequestStart) -> StartCharging:
        return StartCharging(
            by=self._link.actor,
            link=self._link.number,
            epoch=self._link.identity.epoch,
            driver_id=self._driver_id,
            request_id=RequestId(message.request_id),
            nonce=secrets.token_hex(8),
            cp_id=CpId(message.cp_id) if message.cp_id is not None else None,
            location=message.location,
        )

    def _points(self) -> Points:
        return Points(
            points=[
                PointRow(
                    cp_id=point.cp_id,
                    location=point.location,
                    price=point.price_centi_cents_per_kwh,
                    status=point.status,
                )
                for point in self._dispatcher.facts.available(MOST_POINTS)
            ]
        )


def _question(point: ChargingPoint, question: Question, steady_s: float) -> ConfirmStart:
    return ConfirmStart(
        request_id=question.request_id,
        cp_id=point.cp_id,
        location=point.location,
        price=question.price_centi_cents_per_kwh,
        hold_cents=question.hold_cents,
        within_s=question.left_s(steady_s),
    )


def supply(session: Session, live: Live) -> Supply:
    """Return the live figures as the session's driver sees them; never more than its hold."""
    cost = cost_cents(live.energy_mwh, session.price_centi_cents_per_kwh)
    return Supply(
        session_id=session.session_id,
        cp_id=session.cp_id,
        power_w=live.power_w,
        energy_mwh=live.energy_mwh,
        cost_cents=min(cost, session.hold_cents) if session.hold_cents else cost,
        limit_mwh=session.limit_mwh,
        started_at=_unix(session.started_at) if session.started_at is not None else None,
        elapsed_s=UNSET if session.elapsed_s is None else session.elapsed_s,
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
    )


def _unix(instant: datetime) -> float:
    return instant.timestamp()
