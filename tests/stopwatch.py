"""A clock on the wall that stands still while somebody who is measured waits for a processor."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable

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


@contextlib.asynccontextmanager
async def patience(within_s: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, for what happens in this process: while it waits for a processor, nothing of it is late."""
    loop, before_s = asyncio.get_running_loop(), starved_s(os.getpid())
    began_s = loop.time()
    looking: asyncio.TimerHandle
    async with asyncio.timeout(None) as limit:

        def look() -> None:
            nonlocal looking
            late_s = began_s + within_s + starved_s(os.getpid()) - before_s
            if loop.time() < late_s:
                looking = loop.call_at(late_s, look)
            else:
                limit.reschedule(loop.time())

        looking = loop.call_at(began_s + within_s, look)
        try:
            yield
        finally:
            looking.cancel()
