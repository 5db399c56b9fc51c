"""What an engine says: its journal, its figures, a start at its own menu."""

import asyncio
import secrets

from msgspec import UNSET

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.talk import PeerLink, Talk
from evcharge.central.rules.commands import (
    EngineArrives,
    ReportReady,
    StartCharging,
    TakeRecords,
)
from evcharge.domain.errors import Code, ProtocolError, Refused, StaleLink
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.location import NOWHERE, Location
from evcharge.evc1.messages import (
    Bye,
    ErrorNotice,
    ManualStart,
    Progress,
    Ready,
    Records,
    SupplyUpdate,
    Sync,
    temperature,
)
from evcharge.labels.command_refusals import in_words
from evcharge.runtime.rate_limit import TokenBucket

# An hour of a charge is delivered in two seconds.
RECORDS_PER_S = 2000


class EngineTalk(Talk):
    def __init__(
        self, link: PeerLink, dispatcher: Dispatcher, feed: Feed, quotas: Quotas, consents: Consents
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
                location=Location(identity.location),
                registration=identity.registration,
                journal_id=journal_id,
                last_seq=hello.last_seq,
                max_power_w=0 if hello.max_power_w is UNSET else hello.max_power_w,
                speed_permille=0 if hello.speed is UNSET else round(hello.speed * 1000),
                said_location=NOWHERE if hello.location is UNSET else Location.checked(hello.location),
            )
        )
        # They come every second, and need nobody who waits.
        self._channel.take_at_once(SupplyUpdate, self._show)
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
        point = facts.point(self._cp_id)
        if point is None or point.engine_link != self._link.number:
            return  # this link ended a moment ago
        live = live_of(update)
        self._feed.take(self._cp_id, facts.session(live.session_id), live)

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
        if (wait_s := self._records.spend(asyncio.get_running_loop().time(), len(message.records))) > 0:
            # What is not read waits with the engine.
            await asyncio.sleep(wait_s)

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
            self._channel.send(ErrorNotice(code=refusal.code, text=in_words(refusal)))

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
                text=in_words(refusal)[:200],
            )
        if answer is not None:
            self._channel.send(answer)


def live_of(update: SupplyUpdate) -> Live:
    """Return what an engine says of this second, whichever way it came."""
    return Live(
        SessionId(update.session_id),
        update.power_w,
        update.energy_mwh,
        temperature(update),
        None if update.battery_permille is UNSET else update.battery_permille,
        None if update.full_in_s is UNSET else update.full_in_s,
    )
