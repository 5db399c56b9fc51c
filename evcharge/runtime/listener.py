"""The TCP listener of every server here: accepts, seats strangers and members, and survives floods.

It accepts a few connections in each turn of the loop, so that those who are inside are served meanwhile; it sends the
oldest stranger away when a newcomer needs the seat (`admission`); it never makes a TLS session for a silent
connection; and when descriptors run out it says so once a minute.
"""

import asyncio
import contextlib
import errno
import itertools
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from evcharge.domain.errors import Overloaded
from evcharge.runtime import failures
from evcharge.runtime.admission import Admission, Seat, SeatLimits
from evcharge.runtime.lifecycle import port_taken
from evcharge.runtime.rate_limit import TokenBucket

log = logging.getLogger(__name__)

# How many connections the kernel holds ready while the loop is busy.
_BACKLOG = 256
_ACCEPTS_A_TURN = 16
_TRIES_FOR_A_FREE_PORT = 16
_SWEEP_S = 1.0
# After running out of descriptors.
_PAUSE_S = 0.25
_SAID_EVERY_S = 60.0
# What every connection over TLS begins with: a record of the type "handshake" (RFC 8446, 5.1).
_TLS_HANDSHAKE = b"\x16"
_OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_ROOM_NEEDED = Overloaded("too many connections that do not log in", retry_after_s=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOptions:
    """How a port is served. `name` stands in the log."""

    name: str
    limits: SeatLimits
    tls: ssl.SSLContext | None = None
    # Beside TLS: whoever does not begin with a handshake is served without it.
    plain: bool = False
    handshake_within_s: float = 10.0
    shutdown_within_s: float = 1.0
    # A peer that reads nothing for this long is cut off.
    stalled_s: float | None = None
    # What somebody is sent who finds no seat at all.
    farewell: Callable[[Overloaded], bytes] = lambda _: b""


class Connection:
    """One accepted connection, for the protocol that serves it.

    The protocol may set `on_evicted`, to say a last word before it hangs up, and calls `left` when it has ended.
    """

    def __init__(self, listener: "_Listener", host: str, seat: Seat, line: socket.socket) -> None:
        self._listener = listener
        self.seat = seat
        self.host = host
        self.on_evicted: Callable[[Overloaded], None] | None = None
        # What it is before it has a transport, and who makes that.
        self.line: socket.socket | None = line
        self.opening: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None
        # Hung up on before it has a transport, and whether that is ready in the next turn, whatever comes.
        self.is_unwanted = False
        self.is_nearly_open = False
        # How much waits for a far end that does not read, and since when that has not become less.
        self.unsent_bytes = 0
        self.behind_since_s = 0.0

    def prove(self, login: str) -> None:
        """Record who this is: no longer a stranger. Raises Overloaded when all members' seats are taken."""
        self._listener.prove(self, login)

    def left(self) -> None:
        """Say that it has ended."""
        self._listener.forget(self)

    def abort(self) -> None:
        """Hang up at once."""
        self.is_unwanted = True
        if self.transport is not None:
            self.transport.abort()
        elif self.opening is not None and not self.is_nearly_open:
            self.opening.cancel()


@contextlib.asynccontextmanager
async def listen(
    host: str, port: int, serve: Callable[[Connection], asyncio.Protocol], options: PortOptions
) -> AsyncIterator[int]:
    """Give each connection to `host:port` the protocol that `serve` makes, while the block runs; yields the port.

    At the end the strangers are hung up on; members are their servers' to end. Raises Taken when the port is not free.
    """
    listener = _Listener(serve, options)
    sockets = await _bound(host, port)
    listener.start(sockets)
    try:
        yield sockets[0].getsockname()[1]
    finally:
        await listener.close()


async def _bound(host: str, port: int) -> list[socket.socket]:
    tries = itertools.count(1)
    while True:
        try:
            return await _bound_once(host, port)
        except OSError as problem:
            # A free port is chosen at one address, and somebody may hold the same number at the next one.
            unlucky = port == 0 and problem.errno == errno.EADDRINUSE
            if not unlucky or next(tries) == _TRIES_FOR_A_FREE_PORT:
                raise port_taken(host, port, problem) from None


async def _bound_once(host: str, port: int) -> list[socket.socket]:
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        if host == "::":
            # Everybody means everybody: a socket of IPv6 does not hear those of IPv4.
            found += await loop.getaddrinfo("0.0.0.0", port, type=socket.SOCK_STREAM)  # noqa: S104  it was asked for
        for family, kind, protocol, _, address in dict.fromkeys(found):
            try:
                sockets.append(listening := socket.socket(family, kind, protocol))
            except OSError:
                continue  # a machine without IPv6 may still know the name of an IPv6 address
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # A free port is chosen once, for all of them.
            chosen = sockets[0].getsockname()[1] if port == 0 and len(sockets) > 1 else address[1]
            listening.bind((address[0], chosen, *address[2:]))
            listening.listen(_BACKLOG)
            listening.settimeout(0)
    except OSError:
        for listening in sockets:
            listening.close()
        raise
    return sockets


class _Listener:
    def __init__(self, serve: Callable[[Connection], asyncio.Protocol], options: PortOptions) -> None:
        self._loop = asyncio.get_running_loop()
        self._serve = serve
        self._options = options
        self._admission = Admission(options.limits)
        self._connections: dict[Seat, Connection] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []
        self._sweeping: asyncio.TimerHandle | None = None
        self._sent_away = 0
        self._said = TokenBucket(_SAID_EVERY_S)
        self._said_full = TokenBucket(_SAID_EVERY_S)

    def start(self, sockets: list[socket.socket]) -> None:
        """Accept from now on."""
        self._sockets = sockets
        for listening in sockets:
            self._loop.add_reader(listening, self._accept, listening)
        if self._options.stalled_s is not None:
            self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep, self._options.stalled_s)

    async def close(self) -> None:
        """Accept nobody any more, and hang up on strangers."""
        for listening in self._sockets:
            self._loop.remove_reader(listening)
            listening.close()
        self._sockets = []
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in self._connections.values():
            if connection.seat.login is None:
                connection.abort()
        await asyncio.gather(*self._opening, return_exceptions=True)
        # Aborted sockets are closed in the next turn of the loop.
        await asyncio.sleep(0)

    # ---- for connections

    def prove(self, connection: Connection, login: str) -> None:
        leaving = self._admission.prove(connection.seat, login)
        if leaving is not None:
            self._evict(leaving)

    def forget(self, connection: Connection) -> None:
        self._admission.leave(connection.seat)
        self._connections.pop(connection.seat, None)

    # ---- accepting

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                line, address = listening.accept()
            except OSError as problem:
                if problem.errno in _OUT_OF_DESCRIPTORS:
                    self._run_out(listening, problem)
                # Else there is nobody, or whoever it was has gone again.
                return
            line.settimeout(0)
            self._seat(line, str(address[0]))

    def _seat(self, line: socket.socket, host: str) -> None:
        try:
            seat, leaving = self._admission.arrive(host, self._loop.time())
        except Overloaded as full:
            self._note_sent_away()
            with contextlib.suppress(OSError):
                line.send(b"" if self._options.tls else self._options.farewell(full))
            line.close()
            return
        if leaving is not None:
            self._note_sent_away()
            self._evict(leaving)
        connection = self._connections[seat] = Connection(self, host, seat, line)
        task = connection.opening = self._loop.create_task(self._open(connection, line))
        self._opening.add(task)
        # Not at the end of the task: one that is cancelled at once never begins.
        task.add_done_callback(lambda _: self._opened(connection, task))

    def _opened(self, connection: Connection, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        connection.opening = None
        if connection.transport is None:
            connection.left()
        if connection.line is not None:
            connection.line.close()

    async def _open(self, connection: Connection, line: socket.socket) -> None:
        """Make a transport of an accepted socket, with TLS around it once the far end has said something."""

        def protocol() -> asyncio.Protocol:
            made = self._serve(connection)
            # The transport, which is made next, closes it.
            connection.line = None
            return made

        try:
            if self._options.tls is None or not await self._begins_tls(line):
                # Cancelled from here on, uvloop closes the transport, and its protocol never hears of that.
                connection.is_nearly_open = True
                transport, _ = await self._loop.connect_accepted_socket(protocol, line)
            else:
                transport, _ = await self._loop.connect_accepted_socket(
                    protocol,
                    line,
                    ssl=self._options.tls,
                    ssl_handshake_timeout=self._options.handshake_within_s,
                    ssl_shutdown_timeout=self._options.shutdown_within_s,
                )
            connection.transport = transport
            if connection.is_unwanted:
                transport.abort()
        except OSError as problem:
            why = failures.why(problem)
            log.debug("%s: %s went before it was connected: %s", self._options.name, connection.host, why)
        except Exception:
            log.exception("%s: the connection of %s failed", self._options.name, connection.host)

    async def _begins_tls(self, line: socket.socket) -> bool:
        """Return whether the far end wants TLS, once it has said anything. Raises TimeoutError."""
        heard = asyncio.Event()
        self._loop.add_reader(line, heard.set)
        try:
            async with asyncio.timeout(self._options.handshake_within_s):
                await heard.wait()
        finally:
            self._loop.remove_reader(line)
        return not self._options.plain or line.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE

    def _evict(self, seat: Seat) -> None:
        connection = self._connections.pop(seat, None)
        if connection is None:
            return
        if connection.on_evicted is not None:
            connection.on_evicted(_ROOM_NEEDED)
        else:
            connection.abort()

    def _sweep(self, stalled_s: float) -> None:
        """Cut off those that take nothing of what they are sent."""
        now_s = self._loop.time()
        for connection in self._connections.values():
            if connection.transport is None:
                continue
            unsent_bytes = connection.transport.get_write_buffer_size()
            if not connection.unsent_bytes or unsent_bytes < connection.unsent_bytes:
                connection.behind_since_s = now_s
            elif now_s - connection.behind_since_s > stalled_s:
                connection.transport.abort()
            connection.unsent_bytes = unsent_bytes
        self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep, stalled_s)

    # ---- what is said

    def _note_sent_away(self) -> None:
        self._sent_away += 1
        if self._said.take(self._loop.time()):
            log.warning(
                "%s: more connections than seats for those who do not log in; sent away so far: %d",
                self._options.name,
                self._sent_away,
            )

    def _run_out(self, listening: socket.socket, problem: OSError) -> None:
        """Free the oldest stranger's descriptor, and let the kernel hold newcomers for a moment."""
        leaving = self._admission.make_room()
        if leaving is not None:
            self._evict(leaving)
        if self._said_full.take(self._loop.time()):
            log.error(
                "%s: cannot accept connections: %s. This process needs a higher limit of open files (ulimit -n).",
                self._options.name,
                failures.why(problem),
            )
        self._loop.remove_reader(listening)
        self._loop.call_later(_PAUSE_S, self._go_on, listening)

    def _go_on(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)
