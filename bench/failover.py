"""How long until another Central is at work: two on one PostgreSQL, and the leader is killed, frozen or stopped.

`python -m bench.failover --times 50`; it starts its own PostgreSQL, or takes `--postgres ADDRESS` of an empty one.
Measured from the signal until the port for peers of the other one accepts a connection, its facts loaded. It ends after
`--seconds` with what it has measured till then; a take-over that did not come is counted, and a new pair goes on.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from evcharge.runtime.clock import utc_now
from evcharge.security import state_folder
from tests.ports import free_port
from tests.postgres import server

FAULTS = {"killed": signal.SIGKILL, "stopped": signal.SIGTERM, "frozen": signal.SIGSTOP}
# Pairs that are measured at once: a frozen one takes 3 s in which nobody computes.
PAIRS = {"killed": 1, "stopped": 1, "frozen": 4}
# A standby trusts no lock until it has been connected for a second.
_SETTLED_S = 1.1
_CYCLE_WITHIN_S = 60.0
_LISTENS, _STANDS_BY = b"Central listening on", b" stands by"


class Missed(Exception):
    """A Central ended, or did not do what it should in time."""


@dataclass
class Figures:
    """The seconds of each take-over of one fault, and how many did not come."""

    fault: str
    took: list[float] = field(default_factory=list)
    missed: int = 0

    def __str__(self) -> str:
        ordered = sorted(self.took)
        if not ordered:
            return f"{self.fault:8} n   0   missed {self.missed}"
        p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
        return (
            f"{self.fault:8} n {len(ordered):3}   p50 {ordered[len(ordered) // 2]:.2f} s   p99 {p99:.2f} s   "
            f"most {ordered[-1]:.2f} s   missed {self.missed}"
        )


@dataclass
class One:
    """A Central, and the ports that it has whenever it runs; all that it says is read."""

    state: Path
    database: str
    port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    lines: list[bytes] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    reader: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """Unless it runs, start it and wait until it leads or stands by. Raises Missed."""
        if self.process is None or self.process.returncode is not None:
            since = len(self.lines)
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "evcharge", "central", "--state", str(self.state), "--name", self.state.name,
                "--port", str(self.port), "--api-port", str(self.api_port),
                env=os.environ | {"EVCHARGE_CENTRAL__DATABASE": self.database},
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            self.reader = asyncio.create_task(self._read(self.process))
            await self.says(since, _STANDS_BY, _LISTENS)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.lines.append(line)
            self.news.set()
        await process.wait()
        self.news.set()

    async def says(self, since: int, *texts: bytes) -> None:
        """Wait for a line with any of `texts`, from its line `since` on. Raises Missed when it ends."""
        while not any(text in line for line in self.lines[since:] for text in texts):
            if self.reader is not None and self.reader.done():
                raise Missed(
                    f"{self.state.name} ended: {b''.join(self.lines[-3:]).decode('utf-8', 'replace')}"
                )
            self.news.clear()
            await self.news.wait()

    async def takes_peers(self) -> None:
        """Return as soon as its port for peers accepts a connection."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.005)

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def end(self) -> None:
        """Kill it, also a frozen one."""
        self.signal(signal.SIGKILL)
        if self.reader is not None:
            await self.reader


async def cycle(leader: One, other: One, fault: str) -> float:
    """Break the leader; return how long until the other worked. Then the broken one stands by. Raises Missed."""
    leads, since = len(other.lines), len(leader.lines)
    leader.signal(FAULTS[fault])
    began = time.monotonic()
    await other.takes_peers()
    took = time.monotonic() - began
    await other.says(leads, _LISTENS)
    if fault == "frozen":
        leader.signal(signal.SIGCONT)
        await leader.says(since, _STANDS_BY)
    else:
        assert leader.reader is not None
        await leader.reader
        await leader.start()
    return took


async def measure(folder: Path, database: str, figures: Figures, wanted: int) -> None:
    """Put the seconds of take-overs into `figures` until there are `wanted`, with one pair of Centrals."""
    folder.mkdir()
    state_folder.init_state(folder / "A", [], utc_now())
    (folder / "A" / "central").mkdir(exist_ok=True)
    shutil.copytree(folder / "A", folder / "B")
    leader, other = One(folder / "A", database), One(folder / "B", database)
    try:
        while len(figures.took) < wanted:
            try:
                async with asyncio.timeout(_CYCLE_WITHIN_S):
                    await leader.start()
                    await other.start()
                    await asyncio.sleep(_SETTLED_S)
                    figures.took.append(await cycle(leader, other, figures.fault))
                leader, other = other, leader
            except (Missed, TimeoutError) as problem:
                figures.missed += 1
                last = b"".join(one.lines[-1] for one in (leader, other) if one.lines)
                why = str(problem) or f"not in time; last said:\n{last.decode('utf-8', 'replace')}"
                print(f"{figures.fault}: {why}", file=sys.stderr, flush=True)
                await leader.end()
                await other.end()
    finally:
        await leader.end()
        await other.end()


async def measure_all(folder: Path, url: str, figures: Figures, times: int, within_s: float) -> None:
    """Measure one fault with as many pairs as it has, for at most `within_s`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s), asyncio.TaskGroup() as tasks:
            for pair in range(PAIRS[figures.fault]):
                name = f"{figures.fault}_{pair}"
                tasks.create_task(measure(folder / name, f"{url}?schema=failover_{name}", figures, times))


def main() -> int:
    """Print the figures of each fault; return 1 when one of them has none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="take-overs of each kind")
    parser.add_argument("--seconds", type=float, default=345.0, help="for all of it")
    parser.add_argument("--postgres", default="", help="address of an empty PostgreSQL")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only this one; may be repeated")
    given = parser.parse_args()
    faults = given.fault or list(FAULTS)
    ends_at = time.monotonic() + given.seconds
    found = [Figures(fault) for fault in faults]
    with (
        contextlib.nullcontext(given.postgres) if given.postgres else server() as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number, figures in enumerate(found):
            # What one does not need is there for the next.
            within_s = (ends_at - time.monotonic()) / (len(found) - number)
            asyncio.run(measure_all(Path(folder), url, figures, given.times, max(1.0, within_s)))
            print(figures, flush=True)
    return 0 if all(figures.took for figures in found) else 1


if __name__ == "__main__":
    sys.exit(main())
