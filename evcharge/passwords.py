"""Passwords and machine secrets: how they are kept, checked at a bounded cost, and not guessed.

What people choose is kept as Argon2id. A machine secret has 256 random bits and needs no slow hash, so that
500 charging points may come back at once.
"""

import asyncio
import hashlib
import hmac
import math
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Struct

from evcharge.errors import Code, Overloaded
from evcharge.trust import is_machine_secret

# OWASP's figures: 19 MiB, two passes, one lane. Some 40 ms of one core each, hence the bounds.
_MEMORY_KIB, _PASSES, _LANES, _HASH_BYTES = 19 * 1024, 2, 1, 32
_WORKERS = 2
MAX_WAITING = 32
_MAX_REMEMBERED = 20_000

# Without letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 5, 4

T = TypeVar("T")


def new_password() -> str:
    """Return a password that a person can copy from a screen: 98 random bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


class Credentials:
    """Hashes and checks secrets in two threads. Use it as an async context: leaving ends the threads."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(_WORKERS, "argon2")
        self._pending = 0
        # Checked passwords, so that a renewal costs no 40 ms. Void when this process ends.
        self._memory_key = os.urandom(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        # Of a password that nobody has: checking it costs an unknown id as much as a known one.
        self._nobody = _argon2(os.urandom(32).hex())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def hashed(self, secret: str) -> str:
        """Return what to keep of `secret`. Raises Overloaded when too many wait."""
        if is_machine_secret(secret):
            return _sha256(secret)
        return await self._work(lambda: _argon2(secret))

    async def matches(self, kept: str | None, secret: str) -> bool:
        """Return whether `secret` is the one kept; None (unknown id) costs as much as a wrong password.

        Raises Overloaded when too many wait.
        """
        if kept is not None:
            if kept.startswith("sha256$") and hmac.compare_digest(kept, _sha256(secret)):
                return True
            if self._memory(kept, secret) in self._remembered:
                return True
        real = kept is not None and kept.startswith("$argon2id$")
        phc = kept if kept is not None and real else self._nobody
        right = await self._work(lambda: _verified(phc, secret)) and real
        if right and kept is not None:
            self._remembered[self._memory(kept, secret)] = None
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return right

    def _memory(self, kept: str, secret: str) -> bytes:
        # The kept hash is part of it: a rotated password is forgotten by itself.
        return hmac.digest(self._memory_key, kept.encode() + b"\0" + secret.encode(), "sha256")

    async def _work(self, task: Callable[[], T]) -> T:
        if self._pending >= _WORKERS + MAX_WAITING:
            raise Overloaded("Too many logins at once. Try again shortly.", Code.BUSY, retry_after_s=2)
        self._pending += 1
        future = self._workers.submit(task)
        loop = asyncio.get_running_loop()

        # Counted until the work itself has ended: whoever stops waiting for it does not make room.
        def ended(_: Future[T]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._one_less)

        future.add_done_callback(ended)
        return await asyncio.wrap_future(future)

    def _one_less(self) -> None:
        self._pending -= 1


class _Attempts(Struct):
    count: int
    next_at: float
    forget_at: float


class Brake:
    """Slows down guessing: a few tries per source are free, then each one must wait twice as long.

    A source is an (id, address) pair, so that a guesser locks out nobody at another address. `clock` is
    monotonic seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free: int = 5,
        most_s: float = 300.0,
        forget_after_s: float = 900.0,
        max_sources: int = 20_000,
    ) -> None:
        self._clock = clock
        self._free = free
        self._most_s = most_s
        self._forget_after_s = forget_after_s
        self._max_sources = max_sources
        self._sources: OrderedDict[tuple[str, str], _Attempts] = OrderedDict()

    def attempt(self, source: tuple[str, str]) -> None:
        """Count a try of `source`; raise Overloaded (E_SLOW, and how long to wait) when it comes too soon.

        It counts as wrong until `succeeded` says otherwise: a hundred at once are not all free.
        """
        now = self._clock()
        attempts = self._sources.pop(source, None)
        if attempts is None or now >= attempts.forget_at:
            attempts = _Attempts(0, now, now)
        self._sources[source] = attempts
        if now < attempts.next_at:
            raise Overloaded(
                "Too many wrong logins. Wait, then try again with the right credential.",
                Code.SLOW,
                retry_after_s=math.ceil(attempts.next_at - now),
            )
        attempts.count += 1
        if attempts.count >= self._free:
            attempts.next_at = now + min(2.0 ** (attempts.count - self._free), self._most_s)
        attempts.forget_at = now + self._forget_after_s
        while len(self._sources) > self._max_sources:
            self._sources.popitem(last=False)

    def undone(self, source: tuple[str, str]) -> None:
        """Take one try of `source` back: it was not checked, for want of room here."""
        if (attempts := self._sources.get(source)) is not None:
            attempts.count -= 1
            attempts.next_at = self._clock()

    def succeeded(self, source: tuple[str, str]) -> None:
        """Forget the tries of `source`: it knows the credential."""
        self._sources.pop(source, None)


def _sha256(secret: str) -> str:
    return f"sha256${hashlib.sha256(secret.encode()).hexdigest()}"


def _argon2(secret: str) -> str:
    return _deriver(os.urandom(16)).derive_phc_encoded(secret.encode())


def _deriver(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=_HASH_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)


def _verified(phc: str, secret: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(secret.encode(), phc)
    except InvalidKey:
        return False
    return True
