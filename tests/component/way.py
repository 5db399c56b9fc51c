"""A way to a server of the tests that can be opened and cut."""

import asyncio
import contextlib
from urllib.parse import urlsplit

from tests.ports import free_port
from tests.serving import listening


class Way:
    """A way of one's own to the server at an address, which can be cut; nobody listens on it at first."""

    def __init__(self, url: str) -> None:
        self._far = urlsplit(url)
        self.port = free_port()
        self.address = url.replace(f":{self._far.port}", f":{self.port}")
        self._open = contextlib.AsyncExitStack()

    async def open(self) -> None:
        """Lead there from now on."""
        await self._open.enter_async_context(listening(self._carry, self.port))

    async def cut(self) -> None:
        """End every connection, and let nobody through."""
        await self._open.aclose()

    aclose = cut

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._far.hostname, self._far.port)

        def hang_up() -> None:
            for one in (writer, far_writer):
                one.transport.abort()

        async def passing(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while some := await source.read(1 << 16):
                    target.write(some)
                    await target.drain()
            hang_up()

        try:
            await asyncio.gather(passing(reader, far_writer), passing(far_reader, writer))
        finally:
            hang_up()
