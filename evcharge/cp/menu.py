"""The engine's menu: words that are typed, or piped in, one a line."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator

HELP = "type plug, unplug, break, mend or quit"
_MOST_LINE_BYTES = 200


def has_reader(descriptor: int) -> bool:
    """Return whether this process may read `descriptor`: not a terminal while it runs in the background."""
    try:
        return not os.isatty(descriptor) or os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


async def typed(descriptor: int = 0) -> AsyncGenerator[str, None]:
    """Yield the lines that come in, in lower case and without spaces around, until there are no more.

    A daemon thread reads them: neither a silent terminal nor a pipe without end holds up the engine.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    taken = threading.Event()

    def read() -> None:
        chunk = b"?"
        while chunk:
            taken.clear()
            try:
                chunk = os.read(descriptor, 4096)
            except OSError:
                chunk = b""
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:
                return  # the loop has ended
            taken.wait()

    if not has_reader(descriptor):
        return
    threading.Thread(target=read, name="menu", daemon=True).start()
    waiting = b""
    while chunk := await chunks.get():
        *lines, waiting = (waiting + chunk).split(b"\n")
        taken.set()
        waiting = waiting[:_MOST_LINE_BYTES]
        for line in lines:
            yield line[:_MOST_LINE_BYTES].decode("utf-8", "replace").strip().lower()
    if waiting:
        yield waiting.decode("utf-8", "replace").strip().lower()
