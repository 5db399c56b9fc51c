"""Clients of the API that ask for long answers and read none of them."""

import asyncio
import contextlib

from tests.attack.result import Result
from tests.attack.sockets import SOURCES, dial
from tests.attack.target import Target

NAME = "clients that do not read"
CLIENTS = 150
# The largest file that anybody may have, again and again.
QUESTION = b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n" * 30


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Ask on many connections, and take nothing."""
    del seed
    result = Result()
    if target.api is None:
        return result
    lines = []
    try:
        for number in range(CLIENTS):
            with contextlib.suppress(OSError, TimeoutError):
                line = await dial(target.api, SOURCES[number % len(SOURCES)])
                lines.append(line)
                await asyncio.get_running_loop().sock_sendall(line, QUESTION)
                result.tried += 1
        await asyncio.sleep(seconds)
    finally:
        for line in lines:
            line.close()
    return result
