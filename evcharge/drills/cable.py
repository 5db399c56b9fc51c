"""A cable between an engine and Central that can be pulled: while it is, nothing comes through, and nobody is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from evcharge.evc1.central_addresses import Address

_CHUNK_BYTES = 65536


class Cable:
    """Carries what comes to `port` of this PC on to the Central that serves, of those at `centrals`."""

    def __init__(self, centrals: Iterable[Address]) -> None:
        self._centrals = tuple(centrals)
        self._whole = asyncio.Event()
        self._whole.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._carriers: set[asyncio.Task[Any]] = set()
        self.port = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Cable"]:
        """Carry until the block ends."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self._whole.set()
            for end in self._ends:
                end.transport.abort()
            await asyncio.gather(*self._carriers, return_exceptions=True)
            # The aborted sockets are closed in the next turn of the loop.
            await asyncio.sleep(0)

    def cut(self) -> None:
        """Let nothing through any more."""
        self._whole.clear()

    def mend(self) -> None:
        """Let through what comes from now on: what was under way is lost, as with a real cable after a while."""
        for end in self._ends:
            end.transport.abort()
        self._whole.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrier = asyncio.current_task()
        assert carrier is not None
        self._carriers.add(carrier)
        carrier.add_done_callback(self._carriers.discard)
        self._ends.add(writer)
        try:
            await self._whole.wait()
            with contextlib.suppress(OSError):
                there, onward = await self._onward()
                self._ends.add(onward)
                try:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._copy(reader, onward))
                        tasks.create_task(self._copy(there, writer))
                finally:
                    self._ends.discard(onward)
                    onward.transport.abort()
        finally:
            self._ends.discard(writer)
            writer.transport.abort()

    async def _onward(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first that takes it. Raises OSError."""
        for host, port in self._centrals[:-1]:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(host, port)
        return await asyncio.open_connection(*self._centrals[-1])

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await source.read(_CHUNK_BYTES):
                await self._whole.wait()
                sink.write(part)
                await sink.drain()
        sink.transport.abort()
