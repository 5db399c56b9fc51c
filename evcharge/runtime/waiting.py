"""Waiting: with a deadline, for an event, and with growing pauses between attempts."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Backoff:
    """Waits of a peer that reconnects: doubling from `first_s` up to `most_s`, with full jitter."""

    def __init__(
        self,
        first_s: float = 0.5,
        most_s: float = 10.0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._uniform = uniform
        self._tries = 0

    def reset(self) -> None:
        """Start again from the shortest wait: something worked."""
        self._tries = 0

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Return how long to wait now, in seconds."""
        ceiling = min(self._most_s, self._first_s * 2.0**self._tries)
        self._tries = min(self._tries + 1, 16)
        return max(at_least_s, self._uniform(0, ceiling))


async def wait_until(condition: asyncio.Event, timeout_s: float) -> bool:
    """Return whether `condition` was set within `timeout_s` seconds."""
    try:
        async with asyncio.timeout(timeout_s):
            await condition.wait()
    except TimeoutError:
        return False
    return True


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end, even when the caller is cancelled meanwhile: the cancellation comes after it."""
    task = asyncio.create_task(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    result = task.result()  # its own failure goes first
    if cancelled:
        raise asyncio.CancelledError
    return result


# What did not heed its cancellation and was left to itself: tasks that nobody refers to may vanish half-way.
_left: set["asyncio.Task[Any]"] = set()


async def within(work: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """Return the result of `work`, which is somebody else's code; raise TimeoutError after `timeout_s` seconds.

    asyncio.timeout waits for what swallows its cancellation. This does not: such work is left to end by itself, and
    so it is when the caller is cancelled.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task], timeout=timeout_s)
    finally:
        if not task.done():
            _left.add(task)
            task.add_done_callback(_gone)
            task.cancel()
    if not task.done() or task.cancelled():
        raise TimeoutError
    return task.result()


def _gone(task: "asyncio.Task[Any]") -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it


async def bounded(work: Awaitable[Any], timeout_s: float) -> None:
    """Await `work` for at most `timeout_s` seconds; being late is not an error."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await work
