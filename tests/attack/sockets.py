"""Bare connections by the hundred, from several addresses of this PC."""

import asyncio
import contextlib
import random
import socket
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.attack.result import Result
from tests.attack.target import Address

# 127.0.0.1 is the neighbours' own address: as behind one NAT with them. On other systems only that one exists.
SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
_CONNECT_WITHIN_S = 2.0


async def dial(address: Address, source: str = "127.0.0.1") -> socket.socket:
    """Return a connection from `source`. Raises OSError, TimeoutError."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.settimeout(0)
        if family == socket.AF_INET:
            line.bind((source, 0))
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            await loop.sock_connect(line, (address.host, address.port))
    except BaseException:
        line.close()
        raise
    return line


@dataclass
class Crowd:
    """Connections that stand at one port, at most `most` of them; a new one beyond that lets the oldest go."""

    address: Address
    most: int
    sources: tuple[str, ...] = SOURCES
    tried: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    _open: deque[socket.socket] = field(default_factory=deque)

    async def press(self, seconds: float, per_s: float, opening: Callable[[int], bytes], seed: int) -> None:
        """Open connections for so long, each saying what `opening(number)` returns."""
        chance = random.Random(seed)
        loop = asyncio.get_running_loop()
        until_s, next_s = loop.time() + seconds, loop.time()
        async with asyncio.TaskGroup() as tasks:
            while loop.time() < until_s:
                tasks.create_task(self._one(chance.choice(self.sources), opening(self.tried)))
                self.tried += 1
                next_s = max(next_s + 1 / per_s, loop.time() - 0.1)
                await asyncio.sleep(next_s - loop.time())

    async def _one(self, source: str, opening: bytes) -> None:
        try:
            line = await dial(self.address, source)
        except (OSError, TimeoutError) as problem:
            self.answers[f"no connection ({type(problem).__name__})"] += 1
            return
        self.answers["connected"] += 1
        self._open.append(line)
        if len(self._open) > self.most:
            self._open.popleft().close()
        with contextlib.suppress(OSError):
            if opening:
                await asyncio.get_running_loop().sock_sendall(line, opening)

    def standing(self) -> int:
        """Return how many of the open ones the server has not hung up."""
        return sum(_stands(line) for line in self._open)

    def leave(self) -> None:
        """Close them all."""
        while self._open:
            self._open.pop().close()


def _stands(line: socket.socket) -> bool:
    try:
        while line.recv(4096):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


async def flood(address: Address | None, seconds: float, seed: int) -> Result:
    """Open silent connections, more of them than there is room for."""
    result = Result()
    if address is None:
        return result
    crowd = Crowd(address, most=2000)
    try:
        await crowd.press(seconds, 500, lambda _: b"", seed)
        crowd.answers["still standing at the end"] = crowd.standing()
    finally:
        crowd.leave()
    result.tried, result.answers = crowd.tried, crowd.answers
    return result


async def trickle(address: Address | None, said: bytes, seconds: float, seed: int, result: Result) -> None:
    """Say `said` byte by byte on 200 connections for so long; whoever is hung up on comes back."""
    if address is None:
        return
    loop = asyncio.get_running_loop()
    chance = random.Random(seed)
    until_s = loop.time() + seconds

    async def one() -> None:
        while loop.time() < until_s:
            line = None
            try:
                line = await dial(address, chance.choice(SOURCES))
                result.tried += 1
                for byte in said:
                    await loop.sock_sendall(line, bytes([byte]))
                    await asyncio.sleep(chance.uniform(0.05, 0.3))
                    if loop.time() >= until_s or not _stands(line):
                        break
            except (OSError, TimeoutError):
                await asyncio.sleep(0.1)
            finally:
                if line is not None:
                    line.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(200):
            tasks.create_task(one())
