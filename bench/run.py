"""Runs the benchmarks and prints their figures: `python -m bench.run [--quick]`."""

import argparse
import asyncio
import platform

from bench import starts, updates
from bench.fleet import raise_file_limit

# DESIGN §11 wants 2.5 x and 2,000 in the end.
MOST_TIMES_FLOOR = 4.0
LEAST_STARTS_PER_S = 1000.0


async def main(*, quick: bool) -> int:
    """Run them all; return 1 when a budget is missed."""
    print(f"Python {platform.python_version()}, {platform.machine()}")
    cost = await updates.measure(points=50, seconds=5 if quick else 30)
    print(
        f"SUPPLY_UPDATE   floor {cost.floor_us:.1f} us, Central {cost.central_us:.1f} us = {cost.ratio:.2f} x"
    )
    print(f"                with its driver's screen fed as well: {cost.with_driver_us:.1f} us")
    rate = await starts.measure(points=200 if quick else 1000, rounds=5)
    print(f"session starts  {rate.per_s:.0f} /s durable, all at once; p99 {rate.p99_ms:.0f} ms")
    good = cost.ratio <= MOST_TIMES_FLOOR and rate.per_s >= LEAST_STARTS_PER_S
    print("within budget" if good else "OVER BUDGET")
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in about a minute")
    raise_file_limit()
    raise SystemExit(asyncio.run(main(quick=parser.parse_args().quick)))
