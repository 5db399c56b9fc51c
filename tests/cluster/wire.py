"""A wire that can be cut: a proxy for TCP that holds back what one side says to the other, or both do."""

import asyncio
import contextlib
from collections.abc import Callable
from enum import Enum

_MOST_BYTES = 65536
# What a Central says over the connection that stores, and over no other one.
_STORES = b"SELECT commit_"


class Way(Enum):
    """What does not arrive while a wire is cut."""

    OUT = "out"
    BACK = "back"


class Wire:
    """Listens on `port` of `host`; whoever connects there talks to `far()`.

    What is sent over a cut wire waits, as TCP repeats it until it arrives; also the end of a connection does.
    """

    def __init__(self, far: Callable[[], tuple[str, int]], host: str = "127.0.0.1") -> None:
        self._far = far
        self.host = host
        self._open = {way: asyncio.Event() for way in Way}
        self._talks: set[asyncio.Task[None]] = set()
        self._storing: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.mend()

    async def begin(self) -> None:
        """Listen on a port of its own."""
        self._server = await asyncio.start_server(self._take, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self, *ways: Way) -> None:
        """Let nothing through in these directions until `mend`."""
        for way in ways:
            self._open[way].clear()

    def mend(self) -> None:
        """Let everything through, what waits first."""
        for gate in self._open.values():
            gate.set()

    def reset(self) -> None:
        """Break off every connection; what waits is lost."""
        for talk in self._talks:
            talk.cancel()

    def reset_storing(self) -> None:
        """Break off the connection that stores: whoever has it lives, as its other ones tell, and goes on to lead."""
        for talk in self._storing:
            talk.cancel()

    async def end(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        self.reset()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)
        talk.add_done_callback(self._storing.discard)
        # Whoever is cancelled before its first step closes nothing.
        talk.add_done_callback(lambda _: writer.transport.abort())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        talk = asyncio.current_task()
        assert talk is not None
        try:
            with contextlib.suppress(OSError):
                await self._open[Way.OUT].wait()
                far_reader, far_writer = await asyncio.open_connection(*self._far())
                writers.append(far_writer)
                pumps = [
                    asyncio.create_task(self._pump(reader, far_writer, self._open[Way.OUT], talk)),
                    asyncio.create_task(self._pump(far_reader, writer, self._open[Way.BACK], None)),
                ]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for one in writers:
                one.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: asyncio.Event,
        talk: asyncio.Task[None] | None,
    ) -> None:
        data = b"-"
        while data:
            try:
                data = await reader.read(_MOST_BYTES)
            except OSError:
                data = b""
            if talk is not None and _STORES in data:
                self._storing.add(talk)
            await gate.wait()
            writer.write(data)
            await writer.drain()
        # What was written last must get there before the other way is broken off.
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()
