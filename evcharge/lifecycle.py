"""How every role lives and dies: signals, retries, clocks.

The only module that may create bare tasks or read the wall clock.
"""

import asyncio
import contextlib
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from evcharge.domain.errors import Taken

# Every role must be gone this long after it was asked to stop (DESIGN §4).
STOP_WITHIN_S = 5.0
# Less is how clocks are kept right.
CLOCK_JUMP_S = 5.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

T = TypeVar("T")
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def steady(clock: Clock) -> Callable[[], float]:
    """Return a clock in Unix seconds that starts at `clock` and then never jumps, whatever is done to the wall's."""
    loop = asyncio.get_running_loop()
    started = clock().timestamp() - loop.time()
    return lambda: started + loop.time()


class Jumps:
    """Tells how far the wall clock has moved against the steady one since it was looked at last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[datetime, float] | None = None

    def look(self) -> int:
        """Return the seconds of a jump since the last look, else 0; the first look sees none."""
        wall, steady_s = self._clock(), asyncio.get_running_loop().time()
        before, self._seen = self._seen, (wall, steady_s)
        if before is None:
            return 0
        jump_s = (wall - before[0]).total_seconds() - (steady_s - before[1])
        return round(jump_s) if abs(jump_s) > CLOCK_JUMP_S else 0


def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, int | None]]) -> int:
    """Run `main(stop)` until it returns; SIGINT, SIGTERM and SIGHUP set `stop`.

    A main that has not ended STOP_WITHIN_S later is cancelled. Returns its exit code (None is 0).
    """
    with asyncio.Runner() as runner:
        return runner.run(_until_stopped(main))


async def _until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, int | None]]) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    task = asyncio.create_task(main(stop), name="main")

    def ask() -> None:
        stop.set()
        # A little earlier than the promise, so that the cancelled task can still clean up.
        loop.call_later(STOP_WITHIN_S - 1.5, task.cancel)

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, ask)
    try:
        return await task or 0
    except asyncio.CancelledError:
        if stop.is_set():
            return 0
        raise
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def run_until(stop: asyncio.Event, *parts: Coroutine[Any, Any, Any]) -> None:
    """Run `parts` together until `stop` is set (then cancel them) or one of them fails (then raise it)."""
    with contextlib.suppress(_Stopped):
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in parts:
                    tasks.create_task(part)
                await stop.wait()
                raise _Stopped
        except* _Stopped:
            pass


class _Stopped(Exception):
    """Ends a TaskGroup from the inside."""


def port_taken(host: str, port: int, problem: OSError) -> Taken:
    """Return the error of a server that cannot listen on `host:port`."""
    return Taken(
        f"cannot listen on {host}:{port}: {problem.strerror or problem}. "
        "Is another one running here? Choose another port."
    )


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
