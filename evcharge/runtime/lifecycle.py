"""How every role lives and dies: signals, retries, clocks.

The only module that may create bare tasks or read the wall clock.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from evcharge.domain.errors import Taken
from evcharge.runtime import failures
from evcharge.runtime.clock import Clock
from evcharge.runtime.loops import LoopFactory
from evcharge.runtime.plain import place

# Every role must be gone this long after it was asked to stop.
STOP_WITHIN_S = 5.0
# Less is how clocks are kept right.
CLOCK_JUMP_S = 5.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Jumps:
    """Tells how far the wall clock has moved against a steady one since it was looked at last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[datetime, float] | None = None

    def look(self, steady_s: float) -> int:
        """Return the seconds of a jump since the last look, else 0; the first look sees none.

        `steady_s` is what the steady clock says now: one that goes on while the computer sleeps, as the wall's does.
        """
        wall = self._clock()
        before, self._seen = self._seen, (wall, steady_s)
        if before is None:
            return 0
        jump_s = (wall - before[0]).total_seconds() - (steady_s - before[1])
        return round(jump_s) if abs(jump_s) > CLOCK_JUMP_S else 0


def run(
    main: Callable[[asyncio.Event], Coroutine[Any, Any, int | None]], loop: LoopFactory | None = None
) -> int:
    """Run `main(stop)` until it returns; SIGINT, SIGTERM and SIGHUP set `stop`. `loop` is None for asyncio's own.

    A main that has not ended STOP_WITHIN_S later is cancelled. Returns its exit code (None is 0).
    """
    with asyncio.Runner(loop_factory=loop) as runner:
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
        f"cannot listen on {place(host, port)}: {failures.why(problem)}. "
        "Is another one running here? Choose another port."
    )
