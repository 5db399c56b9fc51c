"""The power before Central started, of the network or of one point, from what its charges had drawn when. Pure."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from evcharge.central.views.telemetry import NETWORK_S, SAMPLE_S

# What a session had drawn: (Unix seconds, mWh, thousandths of speed), the oldest first.
Course = list[tuple[float, int, int]]


def past_power(
    courses: Iterable[Course], since_s: float, until_s: float, stretch_s: int = NETWORK_S
) -> Iterator[tuple[int, int, int]]:
    """Yield (number of the stretch, mean W, how many samples that is worth) of all courses between two instants.

    A stretch is so many seconds, numbered from 1970. Between two readings the power is even, by the vehicle's clock.
    """
    first, last = int(since_s // stretch_s), int(until_s // stretch_s)
    joules = dict.fromkeys(range(first, last + 1), 0.0)
    for course in courses:
        for (from_s, from_mwh, _), (to_s, to_mwh, speed_permille) in pairwise(course):
            at_s, end_s = max(from_s, since_s), min(to_s, until_s)
            if end_s <= at_s:
                continue
            # 3600 mW s are a mWh, and simulated time runs so many thousandths as fast.
            power_w = (to_mwh - from_mwh) * 3600 / ((to_s - from_s) * speed_permille)
            for stretch in range(int(at_s // stretch_s), int(end_s // stretch_s) + 1):
                lasted_s = min(end_s, (stretch + 1) * stretch_s) - max(at_s, stretch * stretch_s)
                joules[stretch] += power_w * lasted_s
    for stretch, spent in joules.items():
        known_s = min(until_s, (stretch + 1) * stretch_s) - max(since_s, stretch * stretch_s)
        if known_s > 0:
            yield stretch, round(spent / known_s), max(1, round(known_s / SAMPLE_S))
