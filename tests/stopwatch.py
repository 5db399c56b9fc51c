"""A clock on the wall that stands still while somebody who is measured waits for a processor."""

import os
import time
from collections.abc import Callable, Iterable

from evcharge.demo.processes import starved_s


def _ourselves() -> tuple[int]:
    return (os.getpid(),)


class Stopwatch:
    """Counts seconds from now on; `pids` says which processes are measured, by default this one.

    What they wait for at the same time counts once: as much as the one that waited longest.
    """

    def __init__(self, pids: Callable[[], Iterable[int]] = _ourselves) -> None:
        self._pids = pids
        self._began_s = time.monotonic()
        self._before_s = {pid: starved_s(pid) for pid in pids()}

    def read_s(self) -> float:
        """Return how long they have had."""
        waited_s = (starved_s(pid) - self._before_s.get(pid, 0.0) for pid in self._pids())
        # Of one that has ended nothing is told any more.
        return time.monotonic() - self._began_s - max([0.0, *waited_s])
