"""The peer's end of a login over asyncio: dial Central, and drive the handshake until there is a Channel."""

import asyncio
import logging
import os
import ssl
from typing import cast

from evcharge.domain.errors import Code, EvchargeError, unforeseen
from evcharge.domain.ids import Role
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.frames import FrameCutter, frame
from evcharge.evc1.handshake import PeerHandshake
from evcharge.evc1.login_errors import parse_error
from evcharge.evc1.tickets import Entropy, IssuedTicket
from evcharge.runtime import failures
from evcharge.runtime.plain import place

log = logging.getLogger(__name__)


async def connect(
    host: str,
    port: int,
    issued: IssuedTicket,
    id: str,  # noqa: A002
    role: Role,
    *,
    timeout_s: float = 5.0,
    tls: ssl.SSLContext | None = None,
    entropy: Entropy = os.urandom,
    tell_name: bool = False,
) -> Channel:
    """Return an encrypted channel to Central; each of its two steps may take `timeout_s` seconds.

    Raises ChannelClosed (E_UNREACHABLE, E_TIMEOUT, E_CLOSED), AuthenticationError, ProtocolError or
    Overloaded. What Central says before the login is done may be forged: it is a hint. `tell_name` only when
    it has asked for our name (NameWanted).
    """
    where = f"CENTRAL at {place(host, port)}"
    handshake = PeerHandshake(issued.ticket, issued.key, id, role, entropy)
    caller = _Caller(handshake, where, tell_name=tell_name)
    try:
        async with asyncio.timeout(timeout_s):
            transport = await _connected(caller, host, port, tls)
    except TimeoutError:
        raise ChannelClosed(
            f"cannot connect to {where}: no answer in {timeout_s:g} s",
            Code.UNREACHABLE,
            failures.why(TimeoutError()),
        ) from None
    except OSError as problem:
        raise unreachable(place(host, port), failures.why(problem)) from None
    try:
        async with asyncio.timeout(timeout_s):
            return await caller.done
    except TimeoutError:
        transport.abort()
        raise ChannelClosed(
            f"{where} did not finish the login in {timeout_s:g} s",
            Code.TIMEOUT,
            failures.why(TimeoutError()),
        ) from None
    except BaseException:
        transport.abort()
        raise


async def _connected(
    caller: "_Caller", host: str, port: int, tls: ssl.SSLContext | None
) -> asyncio.Transport:
    """Return the connection of `caller`, who hears nothing more once this is given up."""
    try:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: caller, host, port, ssl=tls)
    except BaseException:
        caller.give_up()
        raise
    return transport


def unreachable(places: str, why: str) -> ChannelClosed:
    """Return what to raise when no connection to Central at `places` can be made."""
    text = f"cannot connect to CENTRAL at {places}: {why}. Is it running? evcharge doctor says more."
    return ChannelClosed(text, Code.UNREACHABLE, why)


class _Caller(asyncio.Protocol):
    """Drives a peer's handshake; `done` becomes the channel, or the error."""

    _transport: asyncio.Transport

    def __init__(self, handshake: PeerHandshake, where: str, *, tell_name: bool) -> None:
        self.done: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
        self._handshake = handshake
        self._where = where
        self._tell_name = tell_name
        self._cutter = FrameCutter()
        self._challenged = False

    def give_up(self) -> None:
        """Wait for `done` no more: the connection may have come about in that very moment, and end unheard."""
        self.done.add_done_callback(_ignore)
        self.done.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(frame(self._handshake.hello(tell_name=self._tell_name)))

    def data_received(self, data: bytes) -> None:
        if self.done.done():
            return
        try:
            self._cutter.feed(data)
            while not self.done.done() and (received := self._cutter.pop()) is not None:
                self._on_frame(received)
        except EvchargeError as error:
            self.done.set_exception(error)
        except Exception as problem:
            log.debug("the login at %s failed", self._where, exc_info=True)
            self.done.set_exception(unforeseen(problem))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            why = failures.why(exc or ConnectionResetError())
            because = f": {why}" if exc is not None else ""
            self.done.set_exception(
                ChannelClosed(f"{self._where} hung up during the login{because}", why=why)
            )

    def _on_frame(self, received: bytes) -> None:
        if (error := parse_error(received)) is not None:
            raise error
        if not self._challenged:
            self._challenged = True
            self._transport.write(frame(self._handshake.on_challenge(received)))
            return
        accepted = self._handshake.on_accept(received)
        channel = Channel(
            self._transport,
            self._cutter,
            accepted.keys,
            Role.CENTRAL,
            epoch=accepted.epoch,
            speaks=accepted.speaks,
        )
        channel.accepted = accepted
        self.done.set_result(channel)


def _ignore(done: "asyncio.Future[Channel]") -> None:
    if not done.cancelled():
        done.exception()
