"""What "any charging point", the list of free ones and a change of status cost Central's rules: CPU of this thread.

`python -m bench.free_points`: at 1,000 and at 10,000 charging points; none of them may grow with the network.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from evcharge.central.peers.driver import MOST_POINTS
from evcharge.central.rules.charging import _any_point as any_point
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.ids import CpId
from evcharge.domain.location import Location

_TOWNS = 50
# The best of so many rounds: whatever else the machine does makes it longer, nothing makes it shorter.
_ROUNDS, _TIMES = 30, 50


@dataclass(frozen=True)
class Cost:
    """Microseconds for each."""

    any_us: float
    any_there_us: float
    list_us: float
    change_us: float


def measure(points: int) -> Cost:
    """Ask so many charging points, which all are free."""
    facts = Facts()
    town = [
        ChargingPoint(
            cp_id=CpId(f"CP{number:05}"),
            location=Location(f"Town {number % _TOWNS}"),
            monitor_link=1,
            engine_link=2,
            monitor_heard=True,
            last_used=number * 7 % points,
        )
        for number in range(points)
    ]
    for point in town:
        facts.put(point)
    draft = Draft(PendingFacts(facts))
    middle = town[points // 2]
    taken = replace(middle, fault="engine lost")

    def change() -> None:
        facts.put(taken)
        facts.put(middle)

    return Cost(
        _best(lambda: any_point(draft, None)),
        _best(lambda: any_point(draft, Location("Town 7"))),
        _best(lambda: facts.available(MOST_POINTS)),
        _best(change) / 2,
    )


def _best(work: Callable[[], object]) -> float:
    took = []
    for _ in range(_ROUNDS):
        began = time.thread_time()
        for _ in range(_TIMES):
            work()
        took.append(time.thread_time() - began)
    return min(took) / _TIMES * 1e6


def main() -> None:
    """Print both."""
    for points in (1_000, 10_000):
        cost = measure(points)
        print(
            f"{points:6,} points: any {cost.any_us:.1f} us, any of a town {cost.any_there_us:.1f}, "
            f"list {cost.list_us:.1f}, change of status {cost.change_us:.1f}"
        )


if __name__ == "__main__":
    main()
