"""A process of the demo ends with its parent, however that ends: both hold one end of a pipe."""

import os
import signal
import threading
import time

from evcharge.runtime.lifecycle import STOP_WITHIN_S


def exit_with_parent(pipe: int) -> None:
    """Stop this process as SIGTERM does once the other end of `pipe` closes; end it hard when that fails."""
    threading.Thread(target=_wait, args=(pipe,), name="parent_pipe", daemon=True).start()


def _wait(pipe: int) -> None:
    try:
        while os.read(pipe, 1):
            pass
    except OSError:
        pass  # not a pipe of ours: as good as closed
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_WITHIN_S)
    os._exit(1)
