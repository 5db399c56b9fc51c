"""Central's door on loopback, and peers that knock: the stage of the tests of channel, link and attacks."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from cryptography.fernet import Fernet

from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.frames import LENGTH
from evcharge.evc1.messages import Heartbeat, Message, Ready
from evcharge.evc1.server import ServerOptions, serve
from evcharge.evc1.tickets import Identity, IssuedTicket, TicketOpener, seal_ticket


class Gate:
    """A Central that lets peers in and hands their channels to the test."""

    def __init__(self, **door) -> None:
        self.service_key = Fernet.generate_key()
        self.resume_key = Fernet.generate_key()
        self.refused: list[tuple[str | None, Role | None, str, EvchargeError]] = []
        self.withdrawn: dict[str, EvchargeError] = {}
        self.arrived: asyncio.Queue[Channel] = asyncio.Queue()
        self.port = 0
        self._door = door

    @contextlib.asynccontextmanager
    async def open(self, on_channel=None, port: int = 0) -> AsyncIterator["Gate"]:
        door = ServerOptions(
            **{
                "opener": TicketOpener([self.service_key, self.resume_key]),
                "resume_key": self.resume_key,
                "now": time.time,
                "wall_now": time.time,
                "admit": self.admit,
                "on_refused": lambda *what: self.refused.append(what),
            }
            | self._door
        )
        async with serve("127.0.0.1", port, door, on_channel or self._hand_over) as self.port:
            yield self

    def ticket(
        self, name="CP001", role=Role.ENGINE, *, now=None, ttl_s=900, epoch=0, key=None
    ) -> IssuedTicket:
        now = time.time() if now is None else now
        identity = Identity(name, role, epoch, int(now))
        return seal_ticket(key or self.service_key, identity, issuer="registry", ttl_s=ttl_s, now=now)

    async def knock(self, name="CP001", role=Role.ENGINE, issued=None, **more) -> Channel:
        return await connect("127.0.0.1", self.port, issued or self.ticket(name, role), name, role, **more)

    @contextlib.asynccontextmanager
    async def pair(self, **more) -> AsyncIterator[tuple[Channel, Channel]]:
        """Yield the two ends of one connection: the peer's, Central's."""
        peer = await self.knock(**more)
        central = await self.arrived.get()
        try:
            yield peer, central
        finally:
            peer.abort()
            central.abort()
            # The aborted sockets are closed in the next turn of the loop.
            await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Yield a bare TCP connection to the gate."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def admit(self, identity: Identity) -> None:
        if identity.id in self.withdrawn:
            raise self.withdrawn[identity.id]

    async def _hand_over(self, channel: Channel) -> None:
        self.arrived.put_nowait(channel)
        await asyncio.Event().wait()


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)


async def answer_heartbeats(channel: Channel) -> None:
    """What Central does at least."""
    with contextlib.suppress(ChannelClosed):
        while True:
            if isinstance(await channel.receive(), Heartbeat):
                channel.send(Heartbeat())


@contextlib.asynccontextmanager
async def answering() -> AsyncIterator[Gate]:
    """Open a gate that hands each channel to the test and answers its heartbeats."""
    gate = Gate()

    async def central(channel: Channel) -> None:
        gate.arrived.put_nowait(channel)
        await answer_heartbeats(channel)

    async with gate.open(central):
        yield gate


async def ended(channel: Channel) -> tuple[list[Message], EvchargeError]:
    """Return what still came, and how the connection ended."""
    messages = []
    try:
        async with asyncio.timeout(5):
            while True:
                messages.append(await channel.receive())
    except EvchargeError as end:
        return messages, end


def ready(number: int) -> Ready:
    return Ready(session_id=f"session-{number:06}")


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)
