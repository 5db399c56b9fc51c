"""The heads of an audit log in a file beside the books, and wherever else text holds them (a program's log)."""

import asyncio
import logging
import os
import re
from collections import deque
from pathlib import Path

from evcharge.domain.errors import StateError
from evcharge.runtime import failures, files
from evcharge.storage.hash_chain import Head

log = logging.getLogger(__name__)

ANCHORS = "anchors.txt"
# A line that a crash cut short does not count.
# In a log, the name of the book stands before it.
_ANCHOR = re.compile(r"(?:\b(central\.db|registry\.db) |^)([0-9]{1,15}) ([0-9a-f]{64})\b", re.MULTILINE)
# A day of them: what could not be written waits.
_MOST_WAITING = 1440
# Most bytes that are read of a file: anchors of centuries.
_MOST_BYTES = 1 << 28


class AnchorFile:
    """Appends heads; a head that the disk did not take goes in with the next one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.newest = Head()
        self._waiting: deque[Head] = deque(maxlen=_MOST_WAITING)

    async def append(self, head: Head) -> None:
        """Keep `head`. A disk that takes nothing is told of in the log, and tried again.

        Whoever is cancelled in it has not kept it: a clean stop drops the same head once more.
        """
        if head not in self._waiting:
            self._waiting.append(head)
        try:
            await asyncio.to_thread(self._write, "".join(f"{one.n} {one.hash}\n" for one in self._waiting))
        except OSError as problem:
            log.warning("cannot anchor the audit log in %s: %s", self._path, failures.why(problem))
        else:
            self._waiting.clear()
        self.newest = head

    def _write(self, lines: str) -> None:
        handle = files.open_ours(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(lines)
            file.flush()
            os.fsync(handle)


def anchors_in(text: str, book: str = "") -> list[Head]:
    """Return the anchors in `text`, each a number and a hash with a blank between; of `book` only, if it is named."""
    return [Head(int(n), hash_) for name, n, hash_ in _ANCHOR.findall(text) if name == book]


def read_anchors(path: Path) -> list[Head]:
    """Return the anchors in a file. Raises StateError for one that cannot be read, FileNotFoundError for none."""
    try:
        text = files.read(path, _MOST_BYTES).decode()
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError):
        raise StateError(f"{path} cannot be read: is it a text file of anchors?") from None
    return anchors_in(text)
