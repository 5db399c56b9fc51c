"""Everybody who is connected: who may come in, which link is whose, and the letters that go out.

A link becomes addressable in the order of the stored events (EngineConnected and so on), so that no command can
overtake the synchronisation of a journal.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable

from evcharge import events
from evcharge.central.announce import letters
from evcharge.central.commands import Actor
from evcharge.central.conversations import Conversation, converse, supply
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.quotas import BAN_S, Quotas
from evcharge.central.refusals import UNKNOWN, Refusals
from evcharge.central.start_seal import seal
from evcharge.central.store import CentralStore
from evcharge.channel import Channel, ChannelClosed
from evcharge.errors import AuthenticationError, Code, EvchargeError, Overloaded
from evcharge.ids import CpId, DriverId, Role
from evcharge.messages import Message
from evcharge.session import Session
from evcharge.tickets import LIVENESS, Identity

log = logging.getLogger(__name__)

# A link of the same identity that says nothing for its own heartbeat and this much longer is dead.
_GRACE_S = 0.5
_LISTEN_EVERY_S = 0.05


class Peers:
    """The living links, by role and id."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        store: CentralStore,
        feed: Feed,
        refusals: Refusals,
        least_epoch: Callable[[str], int],
        sign_key: bytes,
        quotas: Quotas,
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._feed = feed
        self._refusals = refusals
        self._least_epoch = least_epoch
        self._sign_key = sign_key
        self._quotas = quotas
        self._numbers = itertools.count(1)
        # Every authenticated connection, and the one of each identity that letters go to.
        self.links: dict[int, Conversation] = {}
        self._addressed: dict[tuple[Role, str], Conversation] = {}
        feed.listen(self._on_event)
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
        least = max(holder.epoch if holder is not None else 0, self._least_epoch(identity.id))
        if identity.epoch < least:
            raise AuthenticationError(
                f"the keys of {identity.id} were revoked; it needs a new registration", Code.REVOKED
            )

    async def serve(self, channel: Channel) -> None:
        """Talk with one authenticated peer until its connection ends; whoever serves the port closes it."""
        identity = channel.identity
        link = Conversation(next(self._numbers), identity, channel)
        reason = "Central stopped"
        try:
            self._quotas.login(identity.role, identity.id, asyncio.get_running_loop().time())
            await self._make_room(link)
            self.links[link.number] = link
            await converse(link, self._dispatcher, self._store, self._feed, self._quotas)
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
            key = (identity.role, identity.id)
            if self._addressed.get(key) is link:
                del self._addressed[key]
            # Posted, not awaited: this task may be one that is being cancelled.
            for command in link.leaving(reason):
                self._dispatcher.post(command)

    def refused(self, claimed: str | None, role: Role | None, address: str, error: EvchargeError) -> None:
        """Note a login that failed at the door."""
        self._refusals.login(claimed or UNKNOWN, role, address, error)

    def _note(self, link: Conversation, problem: EvchargeError) -> None:
        identity, address = link.identity, link.channel.peer_address
        if link.arrived:
            self._refusals.input(identity.id, identity.role, address, problem)
        else:
            self._refusals.login(identity.id, identity.role, address, problem)

    async def _make_room(self, newcomer: Conversation) -> None:
        """Let an old link of the same identity prove that it lives; else it makes way (C25)."""
        identity = newcomer.identity
        old = self._addressed.get((identity.role, identity.id))
        if old is None:
            return
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        deadline = asked_at + LIVENESS[identity.role].heartbeat_s + _GRACE_S
        while loop.time() < deadline and old.number in self.links:
            if old.channel.heard_at > asked_at:
                raise AuthenticationError(
                    f"{identity.id} ({identity.role}) is already connected from "
                    f"{old.channel.peer_address}; this is {newcomer.channel.peer_address}",
                    Code.DUPLICATE,
                )
            await asyncio.sleep(_LISTEN_EVERY_S)
        old.ended = "silent while another connection of it arrived"
        old.channel.abort()

    def cut_off(self, by: Actor, why: str) -> None:
        """End every link of a source that floods Central, hear nothing of it for a while, and tell an operator."""
        self._quotas.ban(by.role, by.id, asyncio.get_running_loop().time())
        problem = Overloaded(why, Code.SLOW, BAN_S)
        self._refusals.input(by.id, by.role, by.address, problem)
        for link in self.links.values():
            if (link.identity.role, link.identity.id) == (by.role, by.id):
                link.ended = why
                link.channel.cut(problem)

    # ---- going out

    def send(self, role: Role, peer_id: str, message: Message) -> None:
        """Send `message` if that peer is there; a peer that is not catches up when it returns."""
        link = self._addressed.get((role, peer_id))
        if link is not None:
            link.channel.send(message)

    def channel(self, role: Role, peer_id: str) -> Channel | None:
        """Return the connection of a peer that is there."""
        link = self._addressed.get((role, peer_id))
        return link.channel if link is not None else None

    def channels(self, cp_id: str) -> list[Channel]:
        """Return the living connections of a charging point: its engine's, its monitor's."""
        links = (self._addressed.get((role, cp_id)) for role in (Role.ENGINE, Role.MONITOR))
        return [link.channel for link in links if link is not None]

    def _on_event(self, event: events.Event) -> None:
        match event:
            case events.EngineConnected():
                self._address(Role.ENGINE, event.cp_id, event.link)
            case events.MonitorConnected():
                self._address(Role.MONITOR, event.cp_id, event.link)
            case events.DriverConnected():
                self._address(Role.DRIVER, event.driver_id, event.link)
            case _:
                pass
        for role, peer_id, message in letters(event, self._sign):
            self.send(role, peer_id, message)
        match event:
            case events.KeyRevoked():
                self._cut(Role.ENGINE, event.cp_id)
                self._cut(Role.MONITOR, event.cp_id)
            case events.DriverBlocked():
                self._cut(Role.DRIVER, event.driver_id)
            case _:
                pass

    def _on_live(self, session: Session, live: Live) -> None:
        self.send(Role.DRIVER, session.driver_id, supply(session, live))

    def _address(self, role: Role, peer_id: str, number: int) -> None:
        link = self.links.get(number)
        if link is not None:
            self._addressed[role, peer_id] = link

    def _cut(self, role: Role, peer_id: str) -> None:
        """Believe nothing more of this link; its last letters still go out."""
        link = self._addressed.pop((role, peer_id), None)
        if link is not None:
            link.ended = "its keys were revoked"
            link.channel.cut(
                AuthenticationError(
                    f"the keys of {peer_id} were revoked; it needs a new registration", Code.REVOKED
                )
            )

    def _sign(self, event: events.SessionAuthorised) -> str:
        return seal(self._sign_key, event)
