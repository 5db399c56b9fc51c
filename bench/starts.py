"""Durable session starts per second: asked, authorised, committed, START on the engine's wire."""

import asyncio
from dataclasses import dataclass

from bench.fleet import central, keep_alive


@dataclass(frozen=True)
class Rate:
    """Starts per second over all rounds, and how long the slowest of 99 in 100 waited."""

    per_s: float
    p99_ms: float


async def measure(points: int, rounds: int) -> Rate:
    """Let `points` drivers ask at the same moment, `rounds` times over."""
    async with central() as (_, fleet):
        town = await fleet.points(points)
        beating = asyncio.create_task(keep_alive(town))
        loop = asyncio.get_running_loop()
        waited: list[float] = []
        spent = 0.0
        for _ in range(rounds):
            began = loop.time()

            async def one(point, began=began) -> None:
                await point.asks()
                waited.append(loop.time() - began)

            await asyncio.gather(*(one(point) for point in town))
            spent += loop.time() - began
            await asyncio.gather(*(point.refuses() for point in town))
        beating.cancel()
    waited.sort()
    return Rate(points * rounds / spent, waited[int(len(waited) * 0.99)] * 1000)
