"""How long until another Central is at work: two on one PostgreSQL, and the leader is killed, frozen or stopped.

`python -m bench.failover --times 50`; it starts its own PostgreSQL, or takes `--postgres ADDRESS` of an empty one.
Measured from the signal until the port for peers of the other one accepts a connection, its facts loaded.
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
from dataclasses import dataclass
from pathlib import Path

from evcharge.runtime.clock import utc_now
from evcharge.security import state_folder
from tests.ports import free_port
from tests.postgres import server

FAULTS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP, "stopped": signal.SIGTERM}
_WITHIN_S = 60.0
_STANDS_BY = b" stands by"


@dataclass
class One:
    """A Central, and the ports that it has whenever it runs."""

    state: Path
    database: str
    port: int
    api_port: int
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Run it until it leads or stands by."""
        if self.process is None or self.process.returncode is not None:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "evcharge", "central", "--state", str(self.state), "--name", self.state.name,
                "--port", str(self.port), "--api-port", str(self.api_port),
                env=os.environ | {"EVCHARGE_CENTRAL__DATABASE": self.database},
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
        await self.says(_STANDS_BY, b"Central listening on")

    async def says(self, *texts: bytes) -> None:
        """Read its lines until one has any of `texts`."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(_WITHIN_S):
            async for line in self.process.stdout:
                if any(text in line for text in texts):
                    return
        raise SystemExit(f"{self.state.name} ended")

    async def takes_peers(self) -> None:
        """Return as soon as its port for peers accepts a connection."""
        async with asyncio.timeout(_WITHIN_S):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.005)


async def measure(folder: Path, database: str, fault: str, times: int) -> list[float]:
    """Return the seconds of each take-over."""
    state_folder.init_state(folder / "A", [], utc_now())
    (folder / "A" / "central").mkdir(exist_ok=True)
    leader = One(folder / "A", database, free_port(), free_port())
    other = One(folder / "B", database, free_port(), free_port())
    await leader.start()
    shutil.copytree(leader.state, other.state, ignore=shutil.ignore_patterns("*.socket", "*.lock"))
    took: list[float] = []
    try:
        await other.start()
        # One that has only just come trusts no lock for a second.
        for _ in range(times):
            await asyncio.sleep(1.5)
            assert leader.process is not None
            os.kill(leader.process.pid, FAULTS[fault])
            began = time.monotonic()
            await other.takes_peers()
            took.append(time.monotonic() - began)
            await other.says(b"Central listening on")
            if fault == "frozen":
                os.kill(leader.process.pid, signal.SIGCONT)
            else:
                await leader.process.wait()
            await leader.start()
            leader, other = other, leader
    finally:
        for one in (leader, other):
            if one.process is not None and one.process.returncode is None:
                one.process.kill()
                await one.process.communicate()
    return took


def told(fault: str, took: list[float]) -> str:
    """Return a line of the table."""
    ordered = sorted(took)
    p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    p50 = ordered[len(ordered) // 2]
    return f"{fault:8} n {len(ordered):3}   p50 {p50:.2f} s   p99 {p99:.2f} s   most {ordered[-1]:.2f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="take-overs of each kind")
    parser.add_argument("--postgres", default="", help="address of an empty PostgreSQL")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only this one; may be repeated")
    given = parser.parse_args()
    with contextlib.nullcontext(given.postgres) if given.postgres else server() as url:
        for fault in given.fault or FAULTS:
            with tempfile.TemporaryDirectory() as folder:
                took = asyncio.run(
                    measure(Path(folder), f"{url}?schema=failover_{fault}", fault, given.times)
                )
            print(told(fault, took), flush=True)


if __name__ == "__main__":
    main()
