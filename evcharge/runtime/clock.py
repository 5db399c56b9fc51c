"""Clocks: the wall's, and a steady one that nobody sets."""

import asyncio
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
