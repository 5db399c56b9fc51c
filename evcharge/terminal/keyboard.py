"""What is typed, or piped in: read by a daemon thread, so that nobody waits for a silent keyboard."""

import asyncio
import os
import select
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

STDIN = 0
STDOUT = 1
MOST_LINE_BYTES = 200
_CHUNK_BYTES = 65_536
# Chunks read ahead: whoever pipes in without end waits for us, not we for memory.
_CHUNKS_AHEAD = 4


def has_reader(descriptor: int) -> bool:
    """Return whether this process may read `descriptor`: not a terminal while it runs in the background."""
    try:
        return not os.isatty(descriptor) or os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def is_terminal() -> bool:
    """Return whether a person sits here: standard input and output are a terminal, and ours to use."""
    try:
        both = os.isatty(STDIN) and os.isatty(STDOUT)
        return both and has_reader(STDIN) and os.environ.get("TERM", "dumb") != "dumb"
    except OSError:
        return False


async def read_chunks(open_fd: Callable[[], int]) -> AsyncGenerator[bytes, None]:
    """Yield what can be read from the descriptor that `open_fd` gives, until its end.

    A daemon thread opens and reads it, so that neither a pipe without writer nor a silent terminal holds up
    the role or its exit; it closes what it opened, except standard input. Raises the OSError of `open_fd`.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(_CHUNKS_AHEAD)

    def read() -> None:
        fd: int | None = None
        chunk: bytes | OSError | None = None
        while chunk is None or (isinstance(chunk, bytes) and chunk):
            room.acquire()
            try:
                fd = open_fd() if fd is None else fd
                chunk = _read(fd)
            except OSError as problem:
                # A terminal that went away has simply ended; what cannot be opened is worth a sentence.
                chunk = problem if fd is None else b""
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:
                break  # the loop is closed: nobody waits any more
        if fd is not None and fd != STDIN:
            os.close(fd)

    threading.Thread(target=read, name="reader", daemon=True).start()
    while True:
        chunk = await chunks.get()
        if isinstance(chunk, OSError):
            raise chunk
        if not chunk:
            return
        room.release()
        yield chunk


async def lines(descriptor: int = STDIN) -> AsyncGenerator[str, None]:
    """Yield the lines that come in, without spaces around, until there are no more; long ones are cut."""
    if not has_reader(descriptor):
        return
    waiting = b""
    # A copy, so that the reader may close what it opened.
    async with aclosing(read_chunks(lambda: STDIN if descriptor == STDIN else os.dup(descriptor))) as chunks:
        try:
            async for chunk in chunks:
                *whole, waiting = (waiting + chunk).split(b"\n")
                waiting = waiting[:MOST_LINE_BYTES]
                for line in whole:
                    yield line[:MOST_LINE_BYTES].decode("utf-8", "replace").strip()
        except OSError:
            return
    if waiting:
        yield waiting.decode("utf-8", "replace").strip()


def _read(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, _CHUNK_BYTES)
        except BlockingIOError:
            select.select([fd], [], [])
