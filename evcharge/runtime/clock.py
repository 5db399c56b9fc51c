"""Clocks: the wall's, and steady ones that nobody sets."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def steady(clock: Clock) -> Callable[[], float]:
    """Return a clock in Unix seconds that starts at `clock` and then never jumps, whatever is done to the wall's."""
    loop = asyncio.get_running_loop()
    started = clock().timestamp() - loop.time()
    return lambda: started + loop.time()


def _always() -> float:
    """Return the seconds of this computer's clock that goes on while it sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Sleepless:
    """The seconds of the loop's clock, and those for which this computer has slept since it was made.

    The loop's stands still meanwhile. `awake` and `always` are the computer's clocks without its sleep and with it.
    """

    def __init__(
        self, awake: Callable[[], float] = time.monotonic, always: Callable[[], float] = _always
    ) -> None:
        self._awake = awake
        self._always = always
        self._before_s = self._all_sleep_s()
        self._slept_s = 0.0

    def __call__(self) -> float:
        """Return the seconds of now."""
        self._slept_s = max(self._slept_s, self._all_sleep_s() - self._before_s)
        return asyncio.get_running_loop().time() + self._slept_s

    def _all_sleep_s(self) -> float:
        # A pause between two looks takes from it: the longest of some is right.
        return max(self._always() - self._awake() for _ in range(3))
