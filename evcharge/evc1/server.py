"""Central's door: the server for EVC1, and the visitors who have not logged in yet.

Before the login a connection has no task, only a small protocol object that drives the handshake, so that
strangers are cheap. After it, the connection is handed over to a Channel and to the one task that reads from it.
"""

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

from evcharge.domain.currency import EUR
from evcharge.domain.errors import Code, EvchargeError, Overloaded, unforeseen
from evcharge.domain.ids import Role
from evcharge.evc1.connection import CLOSE_WITHIN_S, Channel, ChannelClosed, Traffic, address_of
from evcharge.evc1.frames import FrameCutter, frame
from evcharge.evc1.gathered_writes import GatheredWrites
from evcharge.evc1.handshake import CentralHandshake
from evcharge.evc1.login_errors import error_frame
from evcharge.evc1.messages import Bye, ErrorNotice, Message
from evcharge.evc1.tickets import Entropy, Identity, TicketOpener
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.listener import Connection, PortOptions, listen

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """How Central lets peers in. `now` and `wall_now` are in Unix seconds: of a clock that nobody sets, and the wall's.

    `admit(identity)` raises AuthenticationError for one that was withdrawn. `on_refused(id, role, address,
    error)` hears of every failed login; id and role are None unless a ticket of ours named them, or whoever knocked.
    """

    opener: TicketOpener
    resume_key: bytes = field(repr=False)
    now: Callable[[], float]
    wall_now: Callable[[], float]
    admit: Callable[[Identity], None]
    on_refused: Callable[[str | None, Role | None, str, EvchargeError], None]
    handshake_within_s: float = 5.0
    seats: SeatLimits = field(default_factory=SeatLimits)
    traffic: Traffic = field(default_factory=Traffic)
    tls: ssl.SSLContext | None = None
    entropy: Entropy = os.urandom
    # Whether frames are sealed with AES-GCM, of peers that know it.
    aes_gcm: bool = False
    # In which the network counts (ISO 4217).
    currency: str = EUR.code


@contextlib.asynccontextmanager
async def serve(
    host: str, port: int, door: ServerOptions, on_channel: Callable[[Channel], Coroutine[Any, Any, None]]
) -> AsyncIterator[int]:
    """Serve EVC1 on `host:port` while the block runs; yields the port. Raises Taken when it is taken.

    Each peer that logged in gets a task that runs `on_channel`. Whatever that does or raises, the connection
    is closed after it; the end of the block ends them all.
    """
    acceptor = _LoginQueue(door, on_channel)
    options = PortOptions(
        name="Central's port for peers",
        limits=door.seats,
        tls=door.tls,
        handshake_within_s=door.handshake_within_s,
        shutdown_within_s=CLOSE_WITHIN_S,
        farewell=acceptor.sentence,
    )
    try:
        async with listen(
            host, port, lambda connection: _PendingLogin(acceptor, connection), options
        ) as number:
            yield number
    finally:
        await acceptor.close()


class _LoginQueue:
    """The tasks of those who logged in."""

    def __init__(
        self, door: ServerOptions, on_channel: Callable[[Channel], Coroutine[Any, Any, None]]
    ) -> None:
        self.door = door
        self._on_channel = on_channel
        # What one engine says goes to a driver: all connections gather together.
        self.writes = GatheredWrites(asyncio.get_running_loop())
        self._tasks: set[asyncio.Task[None]] = set()

    def welcome(self, channel: Channel, connection: Connection) -> None:
        """Start the task of a peer that logged in."""
        task = asyncio.get_running_loop().create_task(self._converse(channel, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End every conversation."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # The aborted sockets are closed in the next turn of the loop.
        await asyncio.sleep(0)

    def sentence(self, error: EvchargeError) -> bytes:
        """Return what somebody is sent who is not let in."""
        retry_after_s = error.retry_after_s if isinstance(error, Overloaded) else None
        return frame(error_frame(error.code, error.text, retry_after_s, self.door.wall_now()))

    async def _converse(self, channel: Channel, connection: Connection) -> None:
        who = f"{channel.identity.role} {channel.identity.id} at {channel.peer_address}"
        farewell: Message | None = None
        try:
            await self._on_channel(channel)
        except ChannelClosed as end:
            log.debug("%s: %s", who, end.text)
        except EvchargeError as error:
            # A flood has one line a minute already, from whoever refused it.
            level = logging.DEBUG if isinstance(error, Overloaded) else logging.WARNING
            log.log(level, "%s was cut off: %s (%s)", who, error.text, error.code)
            farewell = _notice(error)
        except asyncio.CancelledError:
            farewell = Bye(reason="CENTRAL is stopping")
            raise
        except Exception:
            log.exception("the conversation with %s failed", who)
            farewell = ErrorNotice(code=Code.CLOSED, text="something failed at CENTRAL; connect again")
        finally:
            try:
                await channel.close(farewell)
            finally:
                connection.left()


class _PendingLogin(asyncio.Protocol):
    """A connection that has not logged in yet: drives Central's handshake, within one deadline."""

    _transport: asyncio.Transport

    def __init__(self, acceptor: _LoginQueue, connection: Connection) -> None:
        self._acceptor = acceptor
        self._connection = connection
        self._door = acceptor.door
        self._cutter = FrameCutter()
        self._handshake: CentralHandshake | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connection.on_evicted = self._refuse
        within_s = self._door.handshake_within_s
        self._deadline = asyncio.get_running_loop().call_later(within_s, self._too_late)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        try:
            self._cutter.feed(data)
            while not self._ended and (received := self._cutter.pop()) is not None:
                self._on_frame(received)
        except EvchargeError as error:
            self._fail(error)
        except Exception as problem:
            log.debug("the login of %s failed", address_of(self._transport), exc_info=True)
            self._fail(unforeseen(problem))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._give_up()

    def _on_frame(self, received: bytes) -> None:
        if self._handshake is None:
            door = self._door
            self._handshake = CentralHandshake(
                door.opener, door.resume_key, door.now(), door.entropy, aes_gcm=door.aes_gcm
            )
            self._transport.write(frame(self._handshake.on_hello(received, door.admit, door.wall_now())))
            # The ticket is one of ours: whoever shows none makes room first.
            self._connection.seat.is_busy = True
            return
        handshake = self._handshake
        accepted = handshake.on_proof(received, self._door.currency)
        identity = cast(Identity, handshake.identity)
        self._connection.prove(f"{identity.role} {identity.id}")
        self._finish()
        self._transport.write(frame(accepted))
        channel = Channel(
            self._transport,
            self._cutter,
            handshake.keys,
            identity.role,
            speaks=handshake.speaks,
            traffic=self._door.traffic,
            entropy=self._door.entropy,
            writes=self._acceptor.writes,
        )
        channel.identity = identity
        self._acceptor.welcome(channel, self._connection)

    def _too_late(self) -> None:
        within = f"{self._door.handshake_within_s:g} s"
        self._fail(Overloaded(f"no login within {within}", Code.TIMEOUT))

    def _fail(self, error: EvchargeError) -> None:
        identity = self._handshake.identity if self._handshake is not None else None
        address = address_of(self._transport)
        self._refuse(error)
        try:
            if identity is None:
                claim = self._handshake.claim if self._handshake is not None else None
                name, role = (None, None) if claim is None else (claim.id, claim.role)
                self._door.on_refused(name, role, address, error)
            else:
                self._door.on_refused(identity.id, identity.role, address, error)
        except Exception:
            log.exception("could not note that %s was refused", address)

    def _refuse(self, error: EvchargeError) -> None:
        """Say why, and hang up."""
        self._give_up()
        # uvloop raises when one writes to a connection that has ended and did not say so yet.
        if not self._transport.is_closing():
            self._transport.write(self._acceptor.sentence(error))
            self._transport.close()

    def _give_up(self) -> None:
        self._finish()
        self._connection.left()

    def _finish(self) -> None:
        self._ended = True
        self._connection.on_evicted = None
        if self._deadline is not None:
            self._deadline.cancel()


def _notice(error: EvchargeError) -> ErrorNotice:
    # The far end refuses text with control characters or beyond 200 of them: it must be able to read this.
    text = "".join(letter if letter.isprintable() else "?" for letter in error.text[:200])
    retry_after_s = error.retry_after_s if isinstance(error, Overloaded) else None
    return ErrorNotice(code=error.code, text=text, retry_after_s=retry_after_s)
