"""Thousands of charging points that come back at once, and what a neighbour feels of it: `python -m bench.storm`."""

import argparse
import asyncio
import contextlib
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import Fleet, beat, central, cpu_s
from bench.lag import Lag, waits_of
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from evcharge.runtime import descriptors

# Dialled at the same time: half of the seats that Central has for newcomers from one address.
AT_ONCE = 64
# With 3,000 charging points, or fewer.
MOST_TOOK_S, MOST_P99_MS = 4.0, 100.0
# Even on a busy machine: a peer that is not there by then will not come.
_WITHIN_S = 120.0


@dataclass(frozen=True)
class Storm:
    """How long until all were there, what each cost Central in CPU, and how long a neighbour waited meanwhile."""

    took_s: float
    cpu_us: float
    neighbour: Lag

    @property
    def is_good(self) -> bool:
        """Whether it was over soon, and nobody felt it."""
        return self.took_s <= MOST_TOOK_S and self.neighbour.p99_ms <= MOST_P99_MS


async def measure(points: int) -> Storm:
    """Let `points` charging points, each with its monitor, come from a process of their own."""
    async with central() as (server, fleet):
        probe = await fleet.dial("PROBE", Role.DRIVER)
        before = cpu_s(server.pid)
        crowd = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.storm", "--crowd", str(fleet.state), str(server.port),
            "--points", str(points), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert crowd.stdout is not None
        waiting = asyncio.create_task(waits_of(probe, _WITHIN_S, over := asyncio.Event()))
        took_s = float(await crowd.stdout.readline())
        over.set()
        neighbour = await waiting
        used = cpu_s(server.pid) - before
        crowd.kill()
        await crowd.wait()
    return Storm(took_s, used / points * 1e6, neighbour)


async def _come(state: Path, port: int, points: int) -> None:
    """Come, say how long it took, and stay."""
    fleet, loop, turns = Fleet(state, port), asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)
    links: list[Channel] = []

    async def dialled(number: int, role: Role) -> Channel:
        """Dial as peers do: if there is no room, again a little later."""
        while True:
            with contextlib.suppress(EvchargeError, OSError):
                links.append(link := await fleet.dial(f"CP{number:05}", role))
                return link
            await asyncio.sleep(random.uniform(0.1, 0.5))

    async def comes(number: int) -> None:
        async with turns:
            engine = await dialled(number, Role.ENGINE)
            engine.send(messages.Sync(journal_id=f"{number:032x}", last_seq=0))
            while not isinstance(await engine.receive(), messages.Synced):
                pass
            monitor = await dialled(number, Role.MONITOR)
            monitor.send(messages.Health(fault=None))

    async def beats() -> None:
        while True:
            for link in links:
                beat(link)
            await asyncio.sleep(0.9)

    beating = asyncio.create_task(beats())
    began = loop.time()
    async with asyncio.timeout(_WITHIN_S):
        await asyncio.gather(*(comes(number) for number in range(points)))
    print(loop.time() - began, flush=True)
    await beating


async def main(points: int) -> int:
    """Print the figures; return 1 when they are over budget."""
    storm = await measure(points)
    print(
        f"{points:,} charging points come back in {storm.took_s:.1f} s; {storm.cpu_us:.0f} us of Central's CPU each"
    )
    beside = storm.neighbour
    print(f"a neighbour's heartbeat meanwhile: p99 {beside.p99_ms:.0f} ms, worst {beside.worst_ms:.0f} ms")
    print("within budget" if storm.is_good else "OVER BUDGET")
    return 0 if storm.is_good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=3_000)
    parser.add_argument("--crowd", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    descriptors.raise_limit()
    if given.crowd:
        asyncio.run(_come(Path(given.crowd[0]), int(given.crowd[1]), given.points))
    else:
        raise SystemExit(asyncio.run(main(given.points)))
