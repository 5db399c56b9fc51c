"""A conversation with a peer, and what those of all roles have in common."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.peers.letters import message_of
from evcharge.central.rules.commands import (
    Actor,
    AnyCommand,
    DriverLeaves,
    EngineLeaves,
    MonitorLeaves,
)
from evcharge.domain.errors import EvchargeError, Refused
from evcharge.domain.ids import CpId, DriverId, Role
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.messages import Message, Sync
from evcharge.evc1.tickets import LIVENESS, Identity

# A reader this far behind is not answered before it reads; the watchdog soon ends it.
MAX_UNSENT_BYTES = 256 * 1024
_LOOK_AGAIN_S = 0.1


@dataclass(slots=True)
class PeerLink:
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
        """The actor of the audit log for this peer."""
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
            self.channel.stop_reading(error)
            self._interrupt(why, error)

    def drop(self, why: str) -> None:
        """Hang up at once on a peer that does not listen."""
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


class Talk:
    """What all roles have in common."""

    def __init__(self, link: PeerLink, dispatcher: Dispatcher) -> None:
        self._link = link
        self._dispatcher = dispatcher
        self._channel = link.channel
        link.channel.answer_heartbeats(LIVENESS[link.identity.role].heartbeat_s, link.hears)

    async def receive(self) -> Message:
        """Return the next message that is not a heartbeat."""
        while self._channel.unsent_bytes > MAX_UNSENT_BYTES:  # noqa: ASYNC110 - transports do not tell
            await asyncio.sleep(_LOOK_AGAIN_S)
        message = await self._channel.receive()
        self._link.hears(message)
        return message

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
