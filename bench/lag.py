"""How long Central's loop stands still at most, while many links beat: measured from outside, by one more link."""

import asyncio
import time
from dataclasses import dataclass

from bench.fleet import Point, central
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel

# Slower than the 200 messages a second that Central reads of one link.
EVERY_S = 0.01


@dataclass(frozen=True)
class Lag:
    """How long a link waited for the echo of its heartbeat."""

    median_ms: float
    p99_ms: float
    worst_ms: float


async def measure(points: int, seconds: float) -> Lag:
    """Bring `points` charging points to life, each with its driver, then beat on one more link."""
    async with central() as (_, fleet), fleet.points(points) as alive:
        # More than they need: each of them says something each second.
        keeping = asyncio.create_task(_beat(alive))
        lag = await waits_of(await fleet.dial("PROBE", Role.DRIVER), seconds)
        keeping.cancel()
    return lag


async def waits_of(probe: Channel, seconds: float, over: asyncio.Event | None = None) -> Lag:
    """Return how long a link waits for the answers to its heartbeats, for so many seconds or until it is `over`."""
    waits = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until and not (over and over.is_set()):
        probe.send(messages.Heartbeat())
        while not isinstance(await probe.receive(), messages.Heartbeat):
            pass
        waits.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(EVERY_S)
    waits.sort()
    return Lag(waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1])


async def _beat(points: list[Point]) -> None:
    """Send every link's heartbeat once a second, one after the other: this process must not stand still either."""
    while True:
        for point in points:
            for channel in (point.engine, point.monitor, point.driver):
                channel.send(messages.Heartbeat())
            await asyncio.sleep(0.9 / len(points))
