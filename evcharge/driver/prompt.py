"""What is typed (or piped in), and the threads that read it."""

import asyncio
import os
import select
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Literal

from evcharge.driver import words
from evcharge.driver.script import Wish, parse_wish
from evcharge.errors import BadInput

STDIN = 0
_CHUNK_BYTES = 65_536
# Chunks read ahead: whoever pipes in without end waits for us, not we for memory.
_CHUNKS_AHEAD = 4

Word = Literal["list", "stop", "balance", "history", "help", "quit"]
_WORDS: tuple[Word, ...] = ("list", "stop", "balance", "history", "help", "quit")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is one word."""

    word: Word


def parse(text: str) -> Command | Wish | None:
    """Return what a typed line wants (a Wish: start a charge), None for an empty one; raise BadInput."""
    first, _, rest = text.partition(" ")
    if not first:
        return None
    if first.lower() == "start":
        return parse_wish(rest.strip()) if rest.strip() else Wish()
    for word in _WORDS:
        if first.lower() == word:
            if rest.strip():
                raise BadInput(words.takes_nothing(word))
            return Command(word)
    raise BadInput(words.unknown_command(ascii(first if len(first) <= 40 else first[:40] + "...")))


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


def _read(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, _CHUNK_BYTES)
        except BlockingIOError:
            select.select([fd], [], [])
