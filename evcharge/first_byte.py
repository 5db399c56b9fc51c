"""One port for HTTPS and plain HTTP: the first byte of a connection tells which of them is spoken.

Browsers open plain pages on this computer; programs send secrets only to a server that has proved itself over TLS.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

from evcharge.lifecycle import spawning

log = logging.getLogger(__name__)

# What every connection over TLS begins with: a record of the type "handshake" (RFC 8446, 5.1).
_HANDSHAKE = b"\x16"


@contextlib.asynccontextmanager
async def listening(
    make: Callable[[], asyncio.Protocol],
    host: str,
    port: int,
    tls: ssl.SSLContext,
    *,
    patience_s: float,
    most: int,
) -> AsyncIterator[asyncio.Server]:
    """Serve each connection by a protocol that `make` returns. Raises OSError when `host:port` cannot be had.

    A connection has `patience_s` for its first byte, and as long for its handshake; when more than `most` have not
    come that far, the oldest is cut off.
    """
    loop = asyncio.get_running_loop()
    strangers: dict[socket.socket, asyncio.Task[None]] = {}
    of_tls: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": patience_s, "ssl_shutdown_timeout": 1.0}

    async def greet(stranger: socket.socket) -> None:
        try:
            with contextlib.ExitStack() as unless_served:
                unless_served.callback(stranger.close)
                async with asyncio.timeout(patience_s):
                    first = await _first_byte(stranger)
                unless_served.pop_all()
            await loop.connect_accepted_socket(make, stranger, **(of_tls if first == _HANDSHAKE else {}))
        except (OSError, TimeoutError) as problem:
            log.debug("a connection came to nothing: %s", problem)
        finally:
            strangers.pop(stranger, None)

    async with spawning() as spawn:

        def arrived(stranger: socket.socket) -> None:
            if len(strangers) >= most:
                strangers.pop(next(iter(strangers))).cancel()
            strangers[stranger] = spawn(greet(stranger))

        server = await loop.create_server(lambda: _Arrival(arrived), host, port)
        try:
            yield server
        finally:
            server.close()


class _Arrival(asyncio.Protocol):
    """Takes the socket out of a new connection before anything is read of it."""

    def __init__(self, arrived: Callable[[socket.socket], None]) -> None:
        self._arrived = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A transport keeps what it has read to itself, so a second one is made of the same connection.
        stranger: socket.socket = transport.get_extra_info("socket").dup()
        assert isinstance(transport, asyncio.Transport)
        transport.abort()
        self._arrived(stranger)


async def _first_byte(stranger: socket.socket) -> bytes:
    """Return the first byte that arrives, and leave it there; nothing when the connection ends before it."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(stranger, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(stranger)
    return stranger.recv(1, socket.MSG_PEEK)
