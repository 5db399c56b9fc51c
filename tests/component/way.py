"""A way to a server of the tests that can be opened and cut."""

import asyncio
import contextlib
from urllib.parse import urlsplit

from tests.ports import free_port


class Way:
    """A way of one's own to the server at an address, which can be cut; nobody listens on it at first."""

    def __init__(self, url: str) -> None:
        self._far = urlsplit(url)
        self.port = free_port()
        self.address = url.replace(f":{self._far.port}", f":{self.port}")
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Lead there from now on."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """End every connection, and let nobody through."""
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    aclose = cut

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._far.hostname, self._far.port)
        both = {writer, far_writer}
        self._writers |= both

        async def passing(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while some := await source.read(1 << 16):
                    target.write(some)
                    await target.drain()
            for one in both:
                one.transport.abort()

        await asyncio.gather(passing(reader, far_writer), passing(far_reader, writer))
        self._writers -= both
