"""Runs the benchmarks and prints their figures: `python -m bench.run [--quick]`."""

import argparse
import asyncio
import os
import platform
from pathlib import Path

import msgspec

from bench import api, fairness, feed, history, kafka, lag, memory, points, starts, storm, updates
from evcharge import __version__
from evcharge.runtime import descriptors, loops

# What we want in the end is 2.5 x and 2,000.
MOST_TIMES_FLOOR = 4.0
LEAST_STARTS_PER_S = 1000.0
# Of one core, for 100 open pages and 3,000 updates a second over 10,000 charging points.
MOST_FEED_PERCENT = 12.0
# No standstill of the loop longer than this (p99: one wait may be the machine's).
MOST_WAIT_MS = 100.0
# From the command until the API answers, with 10,000 charging points and 1,000,000 sessions in the books.
MOST_START_S = 2.0
# A page of a list, whatever the books hold, against a bare aiohttp route that answers two bytes.
MOST_TIMES_BARE = 60.0


async def main(*, quick: bool, into: Path | None = None, keep: bool = False) -> int:
    """Run them all; return 1 when a budget is missed, or a ratio has grown since the last release.

    `into` is a file for the figures as JSON; with `keep` they are a line of the history, too.
    """
    print(f"Python {platform.python_version()}, {platform.machine()}")
    cost = await updates.measure(points=50, seconds=5 if quick else 30)
    print(
        f"SUPPLY_UPDATE   floor {cost.floor_us:.1f} us, Central {cost.central_us:.1f} us = {cost.ratio:.2f} x"
    )
    print(f"                with its driver's screen fed as well: {cost.with_driver_us:.1f} us")
    rate = await starts.measure(points=200 if quick else 1000)
    print(
        f"session starts  {rate.per_s:.0f} /s durable, all at once; p99 {rate.p99_ms:.0f} ms; "
        f"{rate.cpu_us:.0f} us of CPU each"
    )
    whole = await points.measure(points=200 if quick else 2000, seconds=10 if quick else 30)
    print(
        f"charging point  {whole.cpu_us:.0f} us of CPU a second while it charges, all lanes; "
        f"{whole.rss_kib:.0f} KiB with its session"
    )
    wait = await lag.measure(points=200 if quick else 1000, seconds=5 if quick else 30)
    print(
        f"standstill      heartbeat of one link among many: median {wait.median_ms:.1f} ms, p99 {wait.p99_ms:.0f} ms, "
        f"worst {wait.worst_ms:.0f} ms"
    )
    back = await storm.measure(points=300 if quick else 3000)
    print(
        f"storm           all back in {back.took_s:.1f} s, {back.cpu_us:.0f} us of CPU each; "
        f"a neighbour waits {back.neighbour.p99_ms:.0f} ms (p99)"
    )
    pages = await feed.measure(pages=100, updates_per_s=3000, seconds=6 if quick else 30)
    print(
        f"open pages      100 at 3,000 updates/s over {feed.POINTS:,} points: {pages.with_pages:.1f} % of a core "
        f"({pages.alone:.1f} % without pages)"
    )
    print(
        f"                {pages.kib_per_page_s:.0f} KiB/s each, {pages.rss_mib:.0f} MiB "
        f"({pages.rss_alone_mib:.0f} without pages)"
    )
    count, sessions = (1_000, 50_000) if quick else (10_000, 1_000_000)
    gets = await api.measure(count, sessions, seconds=0.5 if quick else 5)
    print(
        f"start           {gets.start_s:.1f} s with the books of {count:,} points and {sessions:,} sessions"
    )
    print(f"GET             {count:,} points, {sessions:,} sessions; bare aiohttp {gets.floor.cpu_us:.0f} us")
    for get in gets.costs:
        print(
            f"  {get.name:24}{get.per_s:7.0f} /s {get.cpu_us:8.0f} us {gets.times(get):7.1f} x"
            f" {get.size / 1024:8.0f} KiB"
        )
    fair = await fairness.measure(50_000 if quick else 1_000_000, seconds=3 if quick else 10)
    for name, beside in fair.items():
        print(f"neighbour       {beside.p99_ms:4.0f} ms (p99) when {name}")
    kept = await memory.measure(memory.POINTS, seconds=60 if quick else 600)
    print(f"memory          {kept.kib:.2f} KiB for each of {kept.charges:,} charges that are over")
    await kafka.main(quick=quick)
    run = history.Run(
        version=__version__,
        python=platform.python_version(),
        machine=platform.machine(),
        cores=os.cpu_count() or 1,
        loop="asyncio" if loops.fastest() is None else "uvloop",
        quick=quick,
        ratios={
            "SUPPLY_UPDATE, times the floor": cost.ratio,
            "charging point and second, times the floor of one SUPPLY_UPDATE": whole.cpu_us / cost.floor_us,
            "session start, times the floor of one SUPPLY_UPDATE": rate.cpu_us / cost.floor_us,
            "one that comes back in a storm, times the floor of one SUPPLY_UPDATE": back.cpu_us
            / cost.floor_us,
            **{f"GET {get.name}, times bare aiohttp": gets.times(get) for get in gets.costs},
        },
        figures={
            "floor_us": cost.floor_us,
            "update_us": cost.central_us,
            "starts_per_s": rate.per_s,
            "starts_p99_ms": rate.p99_ms,
            "start_cpu_us": rate.cpu_us,
            "point_cpu_us_per_s": whole.cpu_us,
            "point_kib": whole.rss_kib,
            "lag_p99_ms": wait.p99_ms,
            "storm_s": back.took_s,
            "storm_cpu_us": back.cpu_us,
            "cold_start_s": gets.start_s,
            "kib_per_charge": kept.kib,
            "pages_percent": pages.with_pages,
        },
    )
    grown = history.worse(run.ratios, last.ratios) if (last := history.before(run)) is not None else []
    for line in grown:
        print(f"MORE THAN BEFORE {line}")
    if into is not None:
        into.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    if keep:
        history.keep(run)
    good = (
        not grown
        and cost.ratio <= MOST_TIMES_FLOOR
        and rate.per_s >= LEAST_STARTS_PER_S
        and wait.p99_ms <= MOST_WAIT_MS
        and back.is_good
        and gets.start_s <= MOST_START_S
        # In a minute it is mostly chance.
        and (quick or kept.kib <= memory.MOST_KIB)
        and pages.with_pages <= MOST_FEED_PERCENT
        and not fairness.too_late(fair)
        and all(gets.times(get) <= MOST_TIMES_BARE for get in gets.costs if get.name not in api.WHOLE)
    )
    print("within budget" if good else "OVER BUDGET")
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in a minute or two")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--keep", action="store_true", help="a line of this release in bench/history")
    given = parser.parse_args()
    descriptors.raise_limit()
    raise SystemExit(asyncio.run(main(quick=given.quick, into=given.json, keep=given.keep)))
