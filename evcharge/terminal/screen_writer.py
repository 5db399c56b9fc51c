"""The output side of a whole-screen program: nobody waits for a terminal that is slow, frozen or being resized."""

import asyncio
import os
import queue
import signal
import threading
from collections.abc import Callable

from prompt_toolkit.application import Application

_BUSY_S = 0.05


class NonBlockingOutput:
    """What prompt-toolkit takes for standard output: a daemon thread writes, so that the loop never waits."""

    encoding = "utf-8"

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._parts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="screen", daemon=True)
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has not taken what it was given."""
        return not self._parts.empty()

    def write(self, text: str) -> int:
        """Hand over `text`."""
        self._parts.put(text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing: the thread is on its way."""

    def fileno(self) -> int:
        """Return the descriptor: the size of the terminal is asked there."""
        return self._fd

    def isatty(self) -> bool:
        """It is one."""
        return True

    def close(self) -> None:
        """Give the terminal one second to take the rest."""
        self._parts.put(None)
        self._thread.join(1.0)

    def _work(self) -> None:
        gone = False
        while (part := self._parts.get()) is not None:
            while part and not gone:
                try:
                    part = part[os.write(self._fd, part) :]
                except BlockingIOError:
                    threading.Event().wait(_BUSY_S)
                except OSError:
                    gone = True  # the program hears that from its input


def calm_resizes(app: Application[None], redraw: Callable[[], None]) -> None:
    """Have `redraw` called for each change of the terminal's size, in place of what prompt-toolkit does.

    That draws a whole screen for each of them, taken or not: while somebody drags the corner of a window, everything
    else in the program would wait for hundreds of screens.
    """

    def take_over(_app: Application[None]) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, redraw)

    # The application puts its own handler there when it starts, just before it first draws.
    app.after_render += take_over
