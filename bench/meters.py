"""What a batch of five METERs costs Central, from its bytes to those of its ACK, without the sockets.

`python -m bench.meters [--points 60] [--late]`: CPU of the loop's thread and of the database's. So many charging points
deliver at once, as often as they like: within their first two minutes, when the books keep each reading for the curve
of the charge, or `--late`, when they keep one in sixteen seconds.
"""

import argparse
import asyncio
import statistics
import time
from dataclasses import dataclass

from bench.in_process import Point, charging
from evcharge.evc1 import messages
from evcharge.evc1.frames import Cipher, GcmCipher

_LATE_S = 2_000
_MWH = 3_000


@dataclass(frozen=True)
class Cost:
    """Microseconds for each batch: of the loop's thread, and of all other threads of this process."""

    loop_us: float
    other_us: float


async def measure(points: int, rounds: int, *, late: bool = False, cipher: type[Cipher] = GcmCipher) -> Cost:
    """Let `points` deliver at once, `rounds` times; return the median of what a batch costs."""
    own, other = list[float](), list[float]()
    async with charging(points, cipher, drivers=False) as town:
        after_s = _LATE_S if late else 0
        town.move(after_s)
        for _ in range(rounds):
            town.move(5)
            frames = [_batch(point, after_s) for point in town.points]
            after_s += 5
            town.answers.expect(points)
            mine, whole = time.thread_time(), time.process_time()
            for point, token in zip(town.points, frames, strict=True):
                point.engine.channel.data_received(token)
            await town.answers.all_there.wait()
            mine, whole = time.thread_time() - mine, time.process_time() - whole
            own.append(mine)
            other.append(whole - mine)
    return Cost(statistics.median(own) / points * 1e6, statistics.median(other) / points * 1e6)


def _batch(point: Point, after_s: int) -> bytes:
    """Return five METERs, those of the seconds that follow."""
    seconds = range(after_s + 1, after_s + 6)
    records = [point.journal.meter(point.session_id, _MWH, elapsed_s=second) for second in seconds]
    return point.engine.frame(messages.Records(records=list(records)))


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--late", action="store_true", help="half an hour after their start")
    given = parser.parse_args()
    cost = asyncio.run(measure(given.points, given.rounds, late=given.late))
    print(
        f"batch of five METERs of {given.points} points: loop {cost.loop_us:.1f} us of CPU, "
        f"database's thread {cost.other_us:.1f} us"
    )


if __name__ == "__main__":
    main()
