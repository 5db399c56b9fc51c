"""Durable session starts per second: asked, authorised, committed, START on the engine's wire."""

import asyncio
from dataclasses import dataclass

from bench.fleet import Point, central, cpu_s
from evcharge.domain.errors import StateError

# A driver who gave three back without plugging in has to pause.
ROUNDS = 3
# However busy the machine: a START that has not come by then does not come.
_ROUND_S = 120.0


@dataclass(frozen=True)
class Rate:
    """Starts per second over all rounds, how long the slowest of 99 in 100 waited, and what each cost Central in CPU.

    The CPU is that of a start and of giving it back.
    """

    per_s: float
    p99_ms: float
    cpu_us: float


async def measure(points: int, rounds: int = ROUNDS) -> Rate:
    """Let `points` drivers ask at the same moment, at most ROUNDS times; StateError: a START did not come."""
    async with central() as (server, fleet), fleet.points(points) as town:
        loop = asyncio.get_running_loop()
        waited: list[float] = []
        spent = 0.0
        before = cpu_s(server.pid)
        try:
            for _ in range(rounds):
                began = loop.time()

                async def one(point: Point, began: float = began) -> None:
                    await point.asks()
                    waited.append(loop.time() - began)

                async with asyncio.timeout(_ROUND_S):
                    await asyncio.gather(*(one(point) for point in town))
                    spent += loop.time() - began
                    await asyncio.gather(*(point.refuses() for point in town))
        except TimeoutError:
            came = len(waited) % points
            raise StateError(
                f"in {_ROUND_S:.0f} s {came} of {points} starts came: Central or its links are gone."
            ) from None
        used = cpu_s(server.pid) - before
    waited.sort()
    return Rate(
        points * rounds / spent, waited[int(len(waited) * 0.99)] * 1000, used / (points * rounds) * 1e6
    )
