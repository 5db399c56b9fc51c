"""What it costs Central to feed open pages: CPU and memory of its web side, with pages in another process."""

import asyncio
from dataclasses import dataclass

from bench.fleet import cpu_s, process, rss_kib

POINTS = 10_000
_HELLO = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@dataclass(frozen=True)
class Cost:
    """CPU in percent of a core: with all pages, and with none; memory likewise; what one page receives."""

    with_pages: float
    alone: float
    rss_mib: float
    rss_alone_mib: float
    kib_per_page_s: float


class _Page(asyncio.Protocol):
    """A page that takes everything and looks at nothing: what it costs is not measured."""

    def __init__(self) -> None:
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(_HELLO)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)


async def measure(pages: int, updates_per_s: int, seconds: float, points: int = POINTS) -> Cost:
    """Feed `pages` pages for `seconds`, while `updates_per_s` live figures change."""
    loop = asyncio.get_running_loop()
    async with process("-m", "bench.feed_server", str(points), str(updates_per_s)) as server:
        await asyncio.sleep(1)
        alone = await _percent(server.pid, seconds / 2)
        rss_alone = rss_kib(server.pid)
        made = []
        for _ in range(pages):
            made.append(await loop.create_connection(_Page, "127.0.0.1", server.port))
            await asyncio.sleep(0.01)
        await asyncio.sleep(2)
        before = sum(page.bytes for _, page in made)
        began = loop.time()
        with_pages = await _percent(server.pid, seconds)
        passed = loop.time() - began
        received = sum(page.bytes for _, page in made) - before
        assert received, "the pages were not fed"
        rss = rss_kib(server.pid)
        for transport, _ in made:
            transport.abort()
    return Cost(
        with_pages=with_pages,
        alone=alone,
        rss_mib=rss / 1024,
        rss_alone_mib=rss_alone / 1024,
        kib_per_page_s=received / 1024 / pages / passed,
    )


async def _percent(pid: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    began, before = loop.time(), cpu_s(pid)
    await asyncio.sleep(seconds)
    return 100 * (cpu_s(pid) - before) / (loop.time() - began)
