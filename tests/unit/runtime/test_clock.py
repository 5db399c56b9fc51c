"""A clock that nobody sets, and that goes on while its computer sleeps."""

import asyncio

from evcharge.runtime.clock import Sleepless


async def test_a_clock_counts_what_its_computer_slept_and_never_goes_back():
    slept_s, pause_s = 500.0, 0.0
    clock = Sleepless(lambda: 7.0 + pause_s, lambda: 7.0 + slept_s)
    going_s = asyncio.get_running_loop().time
    assert abs(clock() - going_s()) < 60
    slept_s += 3_600
    assert abs(clock() - going_s() - 3_600) < 60
    # This process stood still between its looks at the two.
    pause_s = 1_000.0
    assert abs(clock() - going_s() - 3_600) < 60
