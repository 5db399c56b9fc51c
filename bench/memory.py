"""What stays in Central's memory of charges and links that are over: `python -m bench.memory [--hours 1]`.

A fleet charges all the time: its drivers come and go, and now and then a part of its links ends and comes back. What
came of a request is kept on purpose, for whoever asks again (`facts.REMEMBERED_REQUESTS`); whatever else stays is a
leak.
"""

import argparse
import asyncio
from dataclasses import dataclass

from bench.fleet import central, rss_kib
from evcharge.domain.errors import StateError
from evcharge.fleet.fleet_run import Dialler, play, simulated_points
from evcharge.fleet.fleet_scenario import Blow, Scenario, Turn
from evcharge.fleet.tally import Tally
from evcharge.runtime import descriptors

MOST_KIB = 3.0
POINTS = 100
_SEED = 0
# A driver logs in once for each charge, and may do so every three seconds.
_PAUSE_S, _CHARGE_S = 5.0, 5.0
_BLACKOUT_EVERY_S, _DARK_S, _SHARE = 60, 5.0, 0.2


@dataclass(frozen=True)
class Kept:
    """How many charges were measured, and by how many KiB Central grew with each."""

    charges: int
    kib: float


async def measure(points: int, seconds: float) -> Kept:
    """Let `points` charge for so many seconds. StateError: on a machine so busy that they hardly do.

    The first quarter, and the first charge of each, pay for what there is once.
    """
    turns = tuple(
        Turn(at_s=at_s, what=Blow.BLACKOUT, share=_SHARE, for_s=_DARK_S)
        for at_s in range(_BLACKOUT_EVERY_S, int(seconds), _BLACKOUT_EVERY_S)
    )
    tally, seen = Tally(), list[tuple[int, int]]()
    async with central() as (server, fleet):

        def note(passed_s: float) -> None:
            if passed_s >= seconds / 4 and tally.tickets >= points:
                seen.append((tally.tickets, rss_kib(server.pid)))

        dialler = Dialler(fleet.state, [("127.0.0.1", server.port)])
        scenario = Scenario(seconds=seconds, pause_s=_PAUSE_S, charge_s=_CHARGE_S, turns=turns)
        await play(simulated_points(points, dialler, tally, _SEED), scenario, _SEED, note)
    if not seen or (charges := seen[-1][0] - seen[0][0]) < points:
        raise StateError(f"only {tally.tickets} charges of {points} points ended in {seconds:.0f} s.")
    return Kept(charges, (seen[-1][1] - seen[0][1]) / charges)


async def main(points: int, hours: float) -> int:
    """Print what is kept; return 1 when it is too much."""
    kept = await measure(points, hours * 3600)
    print(f"{kept.charges:,} charges, and each made Central {kept.kib:.2f} KiB larger")
    is_good = kept.kib <= MOST_KIB
    print("within budget" if is_good else f"OVER BUDGET: {MOST_KIB:.0f} KiB")
    return 0 if is_good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--hours", type=float, default=1.0)
    given = parser.parse_args()
    descriptors.raise_limit()
    raise SystemExit(asyncio.run(main(given.points, given.hours)))
