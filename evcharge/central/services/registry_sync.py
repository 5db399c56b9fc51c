"""Central and the Registry tell each other whose keys were withdrawn, and keep each other's anchors (PROTOCOL.md D5).

Central asks every few seconds, and says what it revoked itself at once, and again until the Registry has taken it.
With the Registry down nothing stops: Central's own revocations hold at once, and the others when it is back.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from typing import Annotated, Any

import aiohttp
import msgspec
from msgspec import Meta, Struct

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules.alert_kinds import WRONG_SERVICE_KEY
from evcharge.central.rules.commands import CENTRAL, Actor, Note, RegistryFollows, RevokeKeys, Withdraw
from evcharge.central.rules.epochs import Epochs
from evcharge.central.services.registry_audit import RegistryAudit
from evcharge.domain import events
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import CpId, Role
from evcharge.domain.journal_records import Count, Id
from evcharge.domain.strict_json import read_json
from evcharge.http.central_client import no_answer
from evcharge.labels import Saying
from evcharge.labels.causes import cause
from evcharge.labels.central import said
from evcharge.labels.command_refusals import in_words
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import wait_until
from evcharge.storage.hash_chain import GENESIS, Head

log = logging.getLogger(__name__)

POLL_S = 5.0
# What the Registry calls the end of a registration.
_WITHDRAWN = "withdraw"
# What is answered so is not worth another try.
_NEVER = frozenset({404, 422})
_TIMEOUT = aiohttp.ClientTimeout(total=4.0)
# Central does not end later for a Registry that is away.
_LAST_TIMEOUT = aiohttp.ClientTimeout(total=1.0)


class _Row(Struct):
    n: Count
    id: Id
    epoch: Count
    what: str = ""
    # None: a Registry of before does not say which registration of the id that was.
    registration: Count | None = None
    # When the Registry noted it: after an older copy was put back, another one has that number. None: as above.
    at: float | None = None


class _Page(Struct):
    revocations: Annotated[list[_Row], Meta(max_length=100_000)]


class _Head(Struct):
    n: Count
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """Where the Registry is, or each of several; by which certificates it is known; the token that Central shows it."""

    urls: tuple[str, ...]
    tls: ssl.SSLContext
    token: str = field(repr=False)


class RegistryLink:
    """Polls the Registry's revocations and delivers Central's own."""

    def __init__(
        self,
        access: RegistryAccess,
        dispatcher: Dispatcher,
        feed: Feed,
        epochs: Epochs,
        *,
        audit: RegistryAudit | None = None,
        was_lost: bool = False,
    ) -> None:
        # The one that answered last is asked first.
        self._urls = [url.rstrip("/") for url in access.urls]
        self._tls = access.tls
        self._headers = {"Authorization": f"Bearer {access.token}"}
        self._dispatcher = dispatcher
        self._actor = Actor("registry", Role.REGISTRY, access.urls[0])
        # The last revocation that was taken in: it is read again with what follows it.
        self._newest: _Row | None = None
        self._epochs = epochs
        self._audit = audit
        # What the books say of it: a loss that was stored before a restart ends with an event, too.
        self._stored = Outage(self._store_lost, self._store_reached, is_on=was_lost)
        # What this run has said in plain lines.
        self._said = Outage(self._say_lost)
        # It answers, and does not take our word for who we are.
        self._wrong_key = Outage(self._say_wrong_key)
        # What was revoked here and the Registry does not know yet: id -> epoch.
        self._to_tell: dict[str, int] = {}
        # Charging points that may stand where the Registry does not have them yet.
        self._to_locate: set[CpId] = set()
        # Points whose location it was told and may have forgotten since.
        self._to_locate_again: set[CpId] = set()
        # What the Registry does not have yet of our audit log, and what we have of its.
        self._head: Head | None = None
        self._registry_head = _Head(0, GENESIS)
        self._news = asyncio.Event()
        self._begin()
        feed.listen(self._on_event)
        # The Registry can keep a revocation that Central's own disk has no room for.
        feed.listen_early(self._on_event)

    def _begin(self) -> None:
        """Tell and ask from the beginning: the Registry ignores what it knows, and so do the rules."""
        facts = self._dispatcher.facts
        self._newest = None
        self._to_tell |= {point.cp_id: point.epoch for point in facts.points() if point.revoked}
        self._to_tell |= {driver.driver_id: driver.epoch for driver in facts.drivers() if driver.blocked}
        self._to_locate |= {point.cp_id for point in facts.points()}
        self._news.set()

    def _on_event(self, event: events.Event) -> None:
        match event:
            case events.KeyRevoked():
                self._owe(event.cp_id, event.epoch)
            case events.DriverBlocked():
                self._owe(event.driver_id, event.epoch)
            case events.PointAdded() | events.PointMoved():
                self._to_locate.add(event.cp_id)
                self._news.set()
            case _:
                pass

    def _owe(self, subject: str, epoch: int) -> None:
        self._to_tell[subject] = epoch
        self._news.set()

    def anchor(self, head: Head) -> None:
        """Let the Registry keep the head of our audit log, as soon as it answers."""
        self._head = head
        self._news.set()

    async def last_anchor(self) -> None:
        """Hand over the last head before the end, if the Registry answers at once."""
        if self._head is not None:
            try:
                async with self._session(_LAST_TIMEOUT) as http:
                    await self._anchor(http)
            except Exception:  # whatever a Registry answers, Central ends
                log.debug("the Registry did not take the last anchor", exc_info=True)

    async def run(self) -> None:
        """Keep both sides in step for ever."""
        async with self._session(_TIMEOUT) as http:
            while True:
                self._news.clear()
                for last in (*(False for _ in self._urls[1:]), True):
                    try:
                        await self._talk(http)
                    except Exception as problem:  # whatever a Registry answers, Central goes on
                        log.debug("%s was not understood", self._url, exc_info=True)
                        self._urls.append(self._urls.pop(0))
                        if last:
                            self._lost(problem)
                    else:
                        self._wrong_key.back()
                        for outage in (self._said, self._stored):
                            outage.back()
                        break
                await wait_until(self._news, POLL_S)

    @property
    def _url(self) -> str:
        return self._urls[0]

    async def _talk(self, http: aiohttp.ClientSession) -> None:
        await self._tell(http)
        await self._ask(http)
        await self._locate(http)
        await self._anchor(http)
        if self._audit is not None:
            await self._audit.ask(http, self._url)

    def _lost(self, problem: Exception) -> None:
        why = why_lost(problem)
        if why == WRONG_SERVICE_KEY:
            self._wrong_key.lost()
            return
        for outage in (self._said, self._stored):
            outage.lost(why)

    def _say_wrong_key(self) -> None:
        log.warning("%s", said("registry wrong key"))
        # Its end is the same as of any other loss.
        self._said.is_on = self._stored.is_on = True
        self._store_lost(WRONG_SERVICE_KEY)

    def _say_lost(self, why: str) -> None:
        log.warning("%s", said("registry lost", why=Saying(why, {}, lambda lang, _: cause(why, lang))))

    def _store_lost(self, why: str) -> None:
        self._dispatcher.post(Note(by=CENTRAL, event=events.RegistryLost(why=why)))

    def _store_reached(self) -> None:
        log.info("%s", said("registry back"))
        self._dispatcher.post(Note(by=CENTRAL, event=events.RegistryReached()))

    def _session(self, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._tls)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, headers=self._headers)

    async def _anchor(self, http: aiohttp.ClientSession) -> None:
        """Hand over the head of our audit log; keep that of the Registry's in ours."""
        head = self._head
        if head is None:
            return
        body = {"n": head.n, "hash": head.hash}
        async with http.post(f"{self._url}/v1/anchors", json=body) as response:
            # 404: a Registry of before there were anchors.
            if response.status != 404:
                response.raise_for_status()
                own = read_json(await response.read(), _Head)
                if own.n and (own.n, own.hash) != (self._registry_head.n, self._registry_head.hash):
                    self._registry_head = own
                    self._dispatcher.post(
                        Note(by=self._actor, event=events.RegistryAnchored(n=own.n, hash=own.hash))
                    )
        if self._head is head:
            self._head = None

    async def _tell(self, http: aiohttp.ClientSession) -> None:
        for subject, epoch in list(self._to_tell.items()):
            body = {"id": subject, "epoch": epoch}
            async with http.post(f"{self._url}/v1/disable", json=body) as response:
                # 404: the Registry has never heard of it, so there is nothing to withdraw. 422: nobody showed a
                # credential of it here (epoch 0); what the Registry does not take must not hold up the rest.
                if response.status not in _NEVER:
                    response.raise_for_status()
            if self._to_tell.get(subject) == epoch:
                del self._to_tell[subject]

    async def _locate(self, http: aiohttp.ClientSession) -> None:
        """Say where charging points stand, as often as it takes: said again, it changes nothing there."""
        for cp_id in list(self._to_locate):
            self._to_locate.discard(cp_id)
            point = self._dispatcher.facts.point(cp_id)
            if point is None or point.withdrawn or not point.location:
                continue
            if point.location.is_spelt_as(point.registered_location) and cp_id not in self._to_locate_again:
                continue
            body = {"cp_id": cp_id, "registration": point.registration, "location": point.location.name}
            try:
                async with http.post(f"{self._url}/v1/locate", json=body) as response:
                    # That registration is over, or the Registry is of before; or it does not take such a name.
                    if response.status not in _NEVER:
                        response.raise_for_status()
            except BaseException:
                self._to_locate.add(cp_id)
                raise
            self._to_locate_again.discard(cp_id)
            if response.status in _NEVER:
                continue
            self._dispatcher.post(RegistryFollows(by=self._actor, cp_id=cp_id, location=point.location))

    async def _ask(self, http: aiohttp.ClientSession) -> None:
        newest = self._newest
        params: dict[str, Any] = {"since": 0 if newest is None else newest.n - 1}
        async with http.get(f"{self._url}/v1/revocations", params=params) as response:
            response.raise_for_status()
            rows = read_json(await response.read(), _Page).revocations
        if newest is not None:
            if rows[:1] != [newest]:
                # Its books were put back from an older copy: what it has counted since, we do not have.
                self._begin()
                self._to_locate_again |= self._to_locate
                return
            rows = rows[1:]
        for row in rows:
            # Also of those who have never been here, or not arrived: their older tickets open no door either.
            self._epochs.raise_to(row.id, row.epoch, last_word=True)
        for row in rows:
            try:
                await self._dispatcher.submit(self._command(row))
            except EvchargeError as refusal:
                # It is asked for again, and all that follow it: none may be skipped.
                log.debug("revocation of %s: %s", row.id, in_words(refusal))
                return
            self._newest = row

    def _command(self, row: _Row) -> RevokeKeys | Withdraw:
        if row.what == _WITHDRAWN and row.registration is not None:
            return Withdraw(by=self._actor, subject=row.id, epoch=row.epoch, registration=row.registration)
        return RevokeKeys(by=self._actor, subject=row.id, epoch=row.epoch)


def why_lost(problem: Exception) -> str:
    """Return why a Registry did not do what it was asked, in words that `causes` knows."""
    if isinstance(problem, aiohttp.ClientResponseError):
        if problem.status in (401, 403):
            return WRONG_SERVICE_KEY
        return f"it answered with HTTP status {problem.status}"
    if isinstance(problem, msgspec.MsgspecError | ValueError | aiohttp.ClientConnectorSSLError):
        return "it does not answer like a Registry"
    return no_answer(problem)
