"""How a source of weather is asked: one bounded GET, and every failure as a SourceTrouble. Never shows an address.

A key travels in the query, so no exception of the HTTP library, which may quote it, gets any further than here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import hdrs

from evcharge.runtime import failures
from evcharge.weather.readings import SourceTrouble

# Central is to hear within ten seconds that a source is away.
_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
MAX_ANSWER_BYTES = 256 * 1024
MOST_RETRY_AFTER_S = 3600.0

# (address, query) -> the body of a good answer, or of one that explains itself. Raises SourceTrouble.
Fetch = Callable[[str, Mapping[str, str]], Awaitable[bytes]]


@asynccontextmanager
async def fetching(timeout: aiohttp.ClientTimeout = _TIMEOUT) -> AsyncIterator[Fetch]:
    """Yield what asks, while the block runs."""
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def fetch(url: str, query: Mapping[str, str]) -> bytes:
            try:
                # Elsewhere nobody needs to know our key.
                async with session.get(url, params=query, allow_redirects=False) as response:
                    _check(response)
                    return await _read(response)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
                why = _why(problem)
            raise SourceTrouble("silent", of_all=True, why=why)

        yield fetch


def _check(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status == 429:
        wait_s = _retry_after_s(response.headers.get(hdrs.RETRY_AFTER, ""))
        raise SourceTrouble("too many questions", of_all=True, retry_after_s=wait_s)
    if status == 401:
        raise SourceTrouble("key refused", of_all=True)
    if 300 <= status < 400:
        raise SourceTrouble("redirected", of_all=True)
    # 400 and 404 explain themselves in JSON: the reader of the body knows more.
    if not (200 <= status < 300 or status in (400, 404)):
        raise SourceTrouble("status", of_all=True, status=status)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise SourceTrouble("too big", of_all=True)
    if response.status >= 300 and response.content_type != "application/json":
        raise SourceTrouble("status", of_all=True, status=response.status)
    return body


def _retry_after_s(text: str) -> float:
    return min(float(text), MOST_RETRY_AFTER_S) if text.isascii() and text.isdecimal() else 0.0


def _why(problem: Exception) -> str:
    if isinstance(problem, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not valid"
    return failures.why(problem)
