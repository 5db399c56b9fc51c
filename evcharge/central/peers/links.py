"""Everybody who is connected: who may come in, which link is whose, and the letters that go out.

An identity (role and id) has one link. It is taken at the login, before anything is awaited: of several that come at
once one has it, one may wait for it, and the others are sent away. It becomes addressable in the order of the stored
events (EngineConnected and so on), so that no command can overtake the synchronisation of a journal.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence

from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.converse import converse
from evcharge.central.peers.driver import supply
from evcharge.central.peers.letters import letters
from evcharge.central.peers.quotas import BAN_S, Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.peers.talk import MAX_UNSENT_BYTES, PeerLink
from evcharge.central.rules.commands import CENTRAL, Actor, FaultUnconfirmed, GiveUpStart, Reach
from evcharge.central.rules.epochs import Epochs
from evcharge.central.rules.presence import REVOKED
from evcharge.central.rules.start_seal import seal
from evcharge.domain import events
from evcharge.domain.charging_point import ENGINE_FAULT
from evcharge.domain.errors import (
    AuthenticationError,
    Code,
    CommandRefused,
    EvchargeError,
    Overloaded,
    Refused,
)
from evcharge.domain.features import Feature
from evcharge.domain.ids import CpId, DriverId, Role
from evcharge.domain.session import Session
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import Message, Moved
from evcharge.evc1.tickets import LIVENESS, Identity
from evcharge.labels import command_refusals

log = logging.getLogger(__name__)

# A link of the same identity that says nothing for its own heartbeat and this much longer is dead.
_GRACE_S = 0.5
_LISTEN_EVERY_S = 0.05
# A monitor asks its engine every second; as long as that, what an engine said itself of a fault holds.
_FOUND_WITHIN_S = 5.0


class Peers:
    """The living links, by role and id."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        store: CentralStore,
        feed: Feed,
        refusals: Refusals,
        epochs: Epochs,
        sign_key: bytes,
        quotas: Quotas,
        consents: Consents,
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._feed = feed
        self._refusals = refusals
        self._epochs = epochs
        self._sign_key = sign_key
        self._quotas = quotas
        self._consents = consents
        consents.reach = self._reach
        # Whether a driver has a page open; the website knows.
        self.has_page: Callable[[DriverId], bool] = lambda _: False
        # The watchdog is told of a link that it should look at soon.
        self.watch: Callable[[PeerLink], None] = lambda _: None
        self._numbers = itertools.count(1)
        # Every authenticated connection; the one of each identity, and the one that waits to take its place.
        self.links: dict[int, PeerLink] = {}
        self._present: dict[tuple[Role, str], PeerLink] = {}
        self._waiting: dict[tuple[Role, str], PeerLink] = {}
        # Engines whose keys were withdrawn during a session, until they are cut.
        self.parting: dict[CpId, PeerLink] = {}
        epochs.listen(self._cut_older)
        feed.listen(self._on_event)
        feed.listen_early(self._on_early)
        feed.listen_live(self._on_live)

    # ---- coming in

    def admit(self, identity: Identity) -> None:
        """Raise AuthenticationError when `identity` was withdrawn; called during the handshake."""
        if identity.role not in LIVENESS:
            raise AuthenticationError(f"a {identity.role} does not speak here", Code.ROLE)
        facts = self._dispatcher.facts
        holder = (
            facts.driver(DriverId(identity.id))
            if identity.role is Role.DRIVER
            else facts.point(CpId(identity.id))
        )
        least = max(holder.epoch if holder is not None else 0, self._epochs.least(identity.id))
        if identity.epoch < least:
            raise _revoked(identity.id)

    async def serve(self, channel: Channel) -> None:
        """Talk with one authenticated peer until its connection ends; whoever serves the port closes it."""
        link = PeerLink(next(self._numbers), channel.identity, channel)
        reason = events.CENTRAL_STOPPED
        try:
            await link.until_cut(self._in_words(link))
            reason = "it said goodbye"
        except ChannelClosed as end:
            reason = link.ended or end.text
            raise
        except EvchargeError as problem:
            reason = link.ended or problem.text
            self._note(link, problem)
            raise
        finally:
            self.links.pop(link.number, None)
            self._make_way(link)
            # Posted, not awaited: this task may be one that is being cancelled.
            for command in link.leaving(reason):
                self._dispatcher.post(command)

    def hand_over(self, to: Sequence[str]) -> None:
        """Tell every peer that another Central takes over, at one of the addresses `to` if there are any."""
        for link in self.links.values():
            link.channel.send(Moved(addresses=tuple(to)))

    async def _in_words(self, link: PeerLink) -> None:
        """Talk; a refusal of the rules ends it as a sentence."""
        try:
            await self._talk(link)
        except CommandRefused as refusal:
            raise Refused(command_refusals.in_words(refusal), refusal.code) from refusal

    def refused(self, claimed: str | None, role: Role | None, address: str, error: EvchargeError) -> None:
        """Note a login that failed at the door. Without a ticket, only a name that exists here is worth one."""
        if error.code is Code.TICKET and not self._is_known(claimed or ""):
            claimed, role = None, None
        self._refusals.login(claimed or "", role, address, error)

    def _is_known(self, name: str) -> bool:
        facts = self._dispatcher.facts
        return facts.point(CpId(name)) is not None or facts.driver(DriverId(name)) is not None

    def _note(self, link: PeerLink, problem: EvchargeError) -> None:
        identity, address = link.identity, link.channel.peer_address
        if link.arrived:
            self._refusals.input(identity.id, identity.role, address, problem)
        else:
            # It proved who it is, and is not let in all the same.
            self._refusals.login(identity.id, identity.role, address, problem, proven=True)

    async def _talk(self, link: PeerLink) -> None:
        # Its keys may have been withdrawn between the first frame of its login and the last.
        self.admit(link.identity)
        self._epochs.raise_to(link.identity.id, link.identity.epoch)
        self._quotas.login(*link.key, asyncio.get_running_loop().time())
        self.links[link.number] = link
        link.channel.tell_trouble(MAX_UNSENT_BYTES, lambda: self.watch(link))
        self.watch(link)
        await self._take_place(link)
        link.owes_since = asyncio.get_running_loop().time()
        self.watch(link)
        await converse(link, self._dispatcher, self._store, self._feed, self._quotas, self._consents)

    async def _take_place(self, newcomer: PeerLink) -> None:
        """Make `newcomer` the one link of its identity.

        A link that has it and proves that it lives keeps it (docs/SECURITY.md, row 25): raises AuthenticationError
        E_DUPLICATE.
        """
        key = newcomer.key
        present = self._present.get(key)
        if present is not None and present.parting and newcomer.identity.epoch > present.identity.epoch:
            self.part(present)
        while (present := self._present.get(key)) is not None and present.channel.is_closing:
            self._make_way(present)
            present.drop(f"the connection to {present.channel.peer_address} ended")
        if present is None:
            self._present[key] = newcomer
        elif key in self._waiting and not self._waiting[key].channel.is_closing:
            raise _duplicate(newcomer, present)
        else:
            self._waiting[key] = newcomer
            await self._wait_for_proof(newcomer, present)

    async def _wait_for_proof(self, newcomer: PeerLink, present: PeerLink) -> None:
        """Let `present` prove that it lives; when it does not, `newcomer` takes its place. Raises E_DUPLICATE."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        deadline = asked_at + LIVENESS[newcomer.identity.role].heartbeat_s + _GRACE_S
        while self._waiting.get(newcomer.key) is newcomer:
            if present.channel.heard_at > asked_at:
                raise _duplicate(newcomer, present)
            if loop.time() >= deadline:
                present.drop("silent while another connection of it arrived")
                self._make_way(present)
                return
            await asyncio.sleep(_LISTEN_EVERY_S)
        if self._present.get(newcomer.key) is not newcomer:
            raise _duplicate(newcomer, present)  # its own connection had ended, and another one waits instead

    def _make_way(self, link: PeerLink) -> None:
        """Take its place from `link`, or its turn: whoever waits for the place has it at once."""
        key = link.key
        if self._waiting.get(key) is link:
            del self._waiting[key]
        if self.parting.get(CpId(link.identity.id)) is link:
            del self.parting[CpId(link.identity.id)]
        if self._present.get(key) is link:
            heir = self._waiting.pop(key, None)
            if heir is None:
                del self._present[key]
            else:
                self._present[key] = heir

    def cut_off(self, by: Actor, why: str) -> None:
        """End every link of a source that floods Central, hear nothing of it for a while, and tell an operator."""
        self._quotas.ban(by.role, by.id, asyncio.get_running_loop().time())
        problem = Overloaded(why, Code.SLOW, BAN_S)
        self._refusals.input(by.id, by.role, by.address, problem)
        for link in self.links.values():
            if link.key == (by.role, by.id):
                link.cut(why, problem)

    def hang_up(self, number: int, why: str) -> None:
        """End a link over which Central was not told in time what it must know."""
        link = self.links.get(number)
        if link is not None:
            link.cut(why, Overloaded(why, Code.TIMEOUT))

    def _reach(self, driver_id: DriverId) -> Reach:
        app = self.channel(Role.DRIVER, driver_id)
        if self.has_page(driver_id) or (app is not None and Feature.CONFIRM in app.speaks):
            return Reach.DRIVER
        return Reach.NOBODY if app is None else Reach.OLD_APP

    # ---- going out

    def send(self, role: Role, peer_id: str, message: Message) -> None:
        """Send `message` if that peer is there; a peer that is not catches up when it returns."""
        channel = self.channel(role, peer_id)
        if channel is not None:
            channel.send(message)

    def channel(self, role: Role, peer_id: str) -> Channel | None:
        """Return the connection of a peer that is there."""
        link = self._present.get((role, peer_id))
        return link.channel if link is not None and link.in_step else None

    def channels(self, cp_id: str) -> list[Channel]:
        """Return the living connections of a charging point: its engine's, its monitor's."""
        channels = (self.channel(role, cp_id) for role in (Role.ENGINE, Role.MONITOR))
        return [channel for channel in channels if channel is not None]

    def _on_event(self, event: events.Event) -> None:
        match event:
            case events.EngineConnected():
                self._address(Role.ENGINE, event.cp_id, event.link)
            case events.MonitorConnected():
                self._address(Role.MONITOR, event.cp_id, event.link)
            case events.DriverConnected():
                self._address(Role.DRIVER, event.driver_id, event.link)
            case events.ConfirmationAsked():
                self._give_up_later(event)
            case events.FaultReported(fault=fault) if fault == ENGINE_FAULT:
                command = FaultUnconfirmed(by=CENTRAL, cp_id=event.cp_id)
                asyncio.get_running_loop().call_later(_FOUND_WITHIN_S, self._dispatcher.post, command)
            case _:
                pass
        for role, peer_id, message in letters(event, self._sign):
            self.send(role, peer_id, message)
        match event:
            case events.KeyRevoked():
                self._epochs.raise_to(event.cp_id, event.epoch, last_word=event.last_word)
            case events.DriverBlocked():
                self._epochs.raise_to(event.driver_id, event.epoch)
            case _:
                pass

    def _on_early(self, event: events.Event) -> None:
        """A withdrawal that cannot be stored now: nor could what an engine has to say, so it is cut at once."""
        self._on_event(event)
        if isinstance(event, events.KeyRevoked):
            self._cut_older(event.cp_id, event.epoch, last_word=False)

    def _on_live(self, session: Session, live: Live) -> None:
        channel = self.channel(Role.DRIVER, session.driver_id)
        if channel is not None:
            channel.send(supply(session, live))

    def _address(self, role: Role, peer_id: str, number: int) -> None:
        link = self._present.get((role, peer_id))
        if link is not None and link.number == number:
            link.in_step = True

    def _cut_older(self, subject: str, epoch: int, last_word: bool) -> None:
        """Believe nothing more of any link of `subject` that logged in with less; its last letters still go out.

        With `last_word`, the engine of an open session has a moment left: `lost` cuts it.
        """
        for role in LIVENESS:
            # The first in line must not inherit the place.
            for links in (self._waiting, self._present):
                link = links.get((role, subject))
                if link is None or link.identity.epoch >= epoch:
                    continue
                if last_word and role is Role.ENGINE and link.in_step and self._has_session(CpId(subject)):
                    link.parting = True
                    self.parting[CpId(subject)] = link
                else:
                    self.part(link)

    def part(self, link: PeerLink) -> None:
        """Believe nothing more of a link whose keys were withdrawn."""
        self._make_way(link)
        link.cut(REVOKED, _revoked(link.identity.id))

    def _has_session(self, cp_id: CpId) -> bool:
        point = self._dispatcher.facts.point(cp_id)
        return point is not None and point.session_id is not None

    def _give_up_later(self, asked: events.ConfirmationAsked) -> None:
        # By the steady clock: a jump of the wall's neither ends a question nor prolongs it.
        command = GiveUpStart(by=CENTRAL, cp_id=asked.cp_id, request_id=asked.request_id)
        asyncio.get_running_loop().call_later(asked.within_s, self._dispatcher.post, command)

    def _sign(self, event: events.SessionAuthorised) -> str:
        return seal(self._sign_key, event)


def _duplicate(newcomer: PeerLink, present: PeerLink) -> AuthenticationError:
    identity = newcomer.identity
    return AuthenticationError(
        f"{identity.id} ({identity.role}) is already connected from "
        f"{present.channel.peer_address}; this is {newcomer.channel.peer_address}. "
        "Stop one of the two, or give this one a credential of its own",
        Code.DUPLICATE,
    )


def _revoked(who: str) -> AuthenticationError:
    return AuthenticationError(command_refusals.refusal("revoked", {"who": who}), Code.REVOKED)
