"""A plain server of streams, for whatever a test pretends to be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@contextlib.asynccontextmanager
async def listening(accept: Accept, port: int = 0) -> AsyncIterator[int]:
    """Serve TCP on `port` of this computer (0: a free one) while the block runs; yields the port."""
    peers: set[asyncio.Task[None]] = set()

    def spawn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(accept(reader, writer))
        peers.add(task)
        task.add_done_callback(peers.discard)

    server = await asyncio.start_server(spawn, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        # Since Python 3.12 `Server.wait_closed` waits for every one of them.
        for task in list(peers):
            task.cancel()
        await asyncio.gather(*peers, return_exceptions=True)
