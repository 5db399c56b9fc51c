"""A monitor's watcher, and what it finds out about an engine."""

import asyncio
import contextlib

from evcharge.cp import health
from evcharge.cp.monitor.watcher import EngineAddress, Watcher
from tests.component.point import SECRET

KEY = health.health_key(SECRET)


class Watching:
    """A watcher with another key or engine than it should have, and the faults it finds."""

    def __init__(self, port: int, ping_s: float = 0.2) -> None:
        self.watcher = Watcher("CP001", KEY, EngineAddress("127.0.0.1", port), ping_s)
        self.faults: asyncio.Queue[str | None] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def run(self):
        task = asyncio.create_task(
            self.watcher.run(lambda: self.faults.put_nowait(self.watcher.verdict.fault))
        )
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def fault(self) -> str | None:
        async with asyncio.timeout(5):
            return await self.faults.get()
