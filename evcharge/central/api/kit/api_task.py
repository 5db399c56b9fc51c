"""Keeps Central's HTTP API going, apart from everything else: when it fails, charging does not notice."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from evcharge.domain.errors import Taken
from evcharge.http.server import SEATS, serving
from evcharge.labels.central import said
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.plain import place
from evcharge.runtime.waiting import Backoff

log = logging.getLogger(__name__)


async def idle() -> None:
    """Do nothing besides answering, for ever."""
    await asyncio.Event().wait()


class ApiServer:
    """Serves a fresh `make()` on `host:port` and does `work` meanwhile; both again after a failure.

    Over HTTPS when there is `tls`; with `plain`, over plain HTTP, too, on the same port.
    """

    def __init__(
        self,
        make: Callable[[], web.Application],
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        work: Callable[[], Coroutine[Any, Any, None]] = idle,
        *,
        plain: bool = False,
        seats: SeatLimits = SEATS,
    ) -> None:
        self._make = make
        self._host = host
        self._port = port
        self._tls = tls
        self._work = work
        self._plain = plain
        self._seats = seats
        self._backoff = Backoff(first_s=1.0, most_s=30.0)
        self._started = False

    async def run(self) -> None:
        """Serve for ever. Raises Taken when the port is not free at the very start, and nothing later."""
        while True:
            try:
                await self._serve()
            except Exception as problem:  # whatever it is, it must not end Central
                if not self._started and isinstance(problem, Taken):
                    raise
                log.exception("%s", said("API failed"))
            await asyncio.sleep(self._backoff.next_s(at_least_s=0.1))

    async def _serve(self) -> None:
        async with serving(
            self._make(),
            self._host,
            self._port,
            self._tls,
            plain=self._plain,
            name="The API for operators",
            seats=self._seats,
        ) as port:
            # The port that was announced stays the same.
            self._port = port
            scheme = "https" if self._tls is not None and not self._plain else "http"
            name = "API listening again" if self._started else "API listening"
            log.info("%s", said(name, url=f"{scheme}://{place(self._host, port)}"))
            self._started = True
            await self._work()
