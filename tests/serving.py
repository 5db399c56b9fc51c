"""A plain server of streams, for whatever a test pretends to be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@contextlib.asynccontextmanager
async def listening(accept: Accept, port: int = 0) -> AsyncIterator[int]:
    """Serve TCP on `port` of this computer (0: a free one) while the block runs; yields the port."""
    peers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
    over = False

    def spawn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if over:
            # It was accepted just before the end, and is told so a turn or two after it.
            writer.transport.abort()
            return
        task = asyncio.create_task(accept(reader, writer))
        peers[task] = writer
        task.add_done_callback(peers.pop)

    server = await asyncio.start_server(spawn, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over = True
        # Python 3.11 leaves a connection open that it has accepted, and has not told of when its server closes.
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        await asyncio.sleep(0)
        server.close()
        # Since Python 3.12 `Server.wait_closed` waits for every one of them.
        left = dict(peers)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for writer in left.values():
            # Whoever was cancelled before its first step has closed nothing.
            writer.transport.abort()
