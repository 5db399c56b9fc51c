"""Passwords and machine secrets: how long they are, how they are kept, checked at a bounded cost, and not guessed.

What people choose is kept as Argon2id, of its NFC form: whatever keyboard an "é" comes from, it is one password. A
machine secret has 256 random bits and needs no slow hash, so that 500 charging points may come back at once.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import math
import os
import secrets
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Annotated, Any, Self, TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Meta, Struct

from evcharge.domain.errors import BadInput, Code, Overloaded
from evcharge.runtime.rate_limit import MOST_SOURCES, TokenBucket, TokenBuckets
from evcharge.security.secret_files import is_machine_secret

MIN_CHARS, MAX_CHARS, MAX_BYTES = 8, 200, 800
_PLAIN = r"\A[^\x00-\x1f\x7f]*\Z"
# In the bodies of requests: one to be checked, and one to be kept from now on.
Password = Annotated[str, Meta(min_length=1, max_length=MAX_CHARS, pattern=_PLAIN)]
NewPassword = Annotated[str, Meta(min_length=MIN_CHARS, max_length=MAX_CHARS, pattern=_PLAIN)]

# OWASP's figures: 19 MiB, two passes, one lane. Some 40 ms of one core each, hence the bounds.
_MEMORY_KIB, _PASSES, _LANES, _HASH_BYTES = 19 * 1024, 2, 1, 32
_WORKERS = 2
MAX_WAITING = 32
_MAX_REMEMBERED = 20_000
# What guessers may cost, in checks: of one address, and of all together a fifth of a core.
_BURST_EACH, _EVERY_S_EACH = 40, 1.0
_BURST, _EVERY_S = 120, 0.2

# Without letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 5, 4

T = TypeVar("T")


def new_password() -> str:
    """Return a password that a person can copy from a screen: 98 random bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def normalised(password: str) -> str:
    """Return `password` in its NFC form: looks that are the same are the same text."""
    return unicodedata.normalize("NFC", password)


def check_new(password: str) -> None:
    """Raise BadInput unless `password`, normalised, may be kept: neither guessed at once nor without end."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise BadInput("A password may contain only whole characters.") from None
    if not MIN_CHARS <= len(password) <= MAX_CHARS or size > MAX_BYTES:
        raise BadInput(
            f"A password has {MIN_CHARS} to {MAX_CHARS} characters, and at most {MAX_BYTES} bytes in UTF-8."
        )


class Credentials:
    """Hashes and checks secrets in two threads. Use it as an async context: leaving ends the threads.

    `clock` is monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._budget = TokenBucket(_EVERY_S, _BURST)
        self._budgets = TokenBuckets(_EVERY_S_EACH, _BURST_EACH)
        self._workers = ThreadPoolExecutor(_WORKERS, "argon2")
        self._pending = 0
        # Checked passwords, so that a renewal costs no 40 ms. Void when this process ends.
        self._memory_key = os.urandom(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        # Checking an unknown id costs as much as a known one.
        self._nobody = _nobodys()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def hashed(self, secret: str, source: str | None = None) -> str:
        """Return what to keep of `secret`. Raises BadInput when it may not be kept.

        Raises Overloaded when too many wait, or when the address `source` asked for too much; None asks for free.
        """
        if is_machine_secret(secret):
            return _sha256(secret)
        password = normalised(secret)
        check_new(password)
        self._spend(1, source)
        return await self._work(lambda: _argon2(password))

    def is_machines(self, kept: str | None, secret: str) -> bool:
        """Return whether `secret` is the machine secret that is kept. Nobody guesses one; the answer costs nothing."""
        return kept is not None and kept.startswith("sha256$") and hmac.compare_digest(kept, _sha256(secret))

    async def matches(self, kept: str | None, secret: str, source: str | None = None) -> bool:
        """Return whether `secret` is the one kept; None (unknown id) costs as much as a wrong password.

        Raises Overloaded as `hashed` does.
        """
        if kept is not None:
            if self.is_machines(kept, secret):
                return True
            if self._memory(kept, secret) in self._remembered:
                return True
        # As it was typed, too: so are kept those of before they were normalised.
        forms = list(dict.fromkeys((normalised(secret), secret)))
        self._spend(len(forms), source)
        real = kept is not None and kept.startswith("$argon2id$")
        phc = kept if kept is not None and real else self._nobody
        right = await self._work(lambda: _verified(phc, forms)) and real
        if right and kept is not None:
            self._remembered[self._memory(kept, secret)] = None
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return right

    def _spend(self, checks: int, source: str | None) -> None:
        """Let `source` pay for what it costs: a flood of made-up names must not take the machine from the others."""
        if source is None:
            return
        now, own = self._clock(), self._budgets.of(network_of(source))
        wait_s = max(own.wait_s(now, checks), self._budget.wait_s(now, checks))
        if wait_s > 0:
            raise slow(wait_s)
        own.spend(now, checks)
        self._budget.spend(now, checks)

    def _memory(self, kept: str, secret: str) -> bytes:
        # The kept hash is part of it: a rotated password is forgotten by itself.
        return hmac.digest(self._memory_key, kept.encode() + b"\0" + _bytes(secret), "sha256")

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


class GuessThrottle:
    """Slows down what one source tries: a few tries are free, then each one must wait twice as long.

    `clock` is monotonic seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free: int = 5,
        most_s: float = 300.0,
        forget_after_s: float = 900.0,
        max_sources: int = MOST_SOURCES,
    ) -> None:
        self._clock = clock
        self._free = free
        self._most_s = most_s
        self._forget_after_s = forget_after_s
        self._max_sources = max_sources
        self._sources: OrderedDict[Hashable, _Attempts] = OrderedDict()

    def check(self, source: Hashable) -> None:
        """Raise Overloaded (E_SLOW, and how long to wait) when a try of `source` would come too soon."""
        now, attempts = self._clock(), self._sources.get(source)
        if attempts is not None and now < min(attempts.next_at, attempts.forget_at):
            raise slow(attempts.next_at - now)

    def attempt(self, source: Hashable) -> None:
        """Count a try of `source`. Raises as `check` does.

        It counts as wrong until `succeeded` says otherwise: a hundred at once are not all free.
        """
        self.check(source)
        now = self._clock()
        attempts = self._sources.pop(source, None)
        if attempts is None or now >= attempts.forget_at:
            attempts = _Attempts(0, now, now)
        self._sources[source] = attempts
        attempts.count += 1
        if attempts.count >= self._free:
            attempts.next_at = now + min(2.0 ** (attempts.count - self._free), self._most_s)
        attempts.forget_at = now + self._forget_after_s
        while len(self._sources) > self._max_sources:
            self._sources.popitem(last=False)

    def undone(self, source: Hashable) -> None:
        """Take one try of `source` back: it was not checked, for want of room here."""
        if (attempts := self._sources.get(source)) is not None:
            attempts.count -= 1
            attempts.next_at = self._clock()

    def succeeded(self, source: Hashable) -> None:
        """Forget the tries of `source`: it knows the credential."""
        self._sources.pop(source, None)


class _Name(Struct):
    """Wrong tries for one name, from anywhere."""

    wrong: int
    forget_at: float


class LoginThrottle:
    """Slows down the guessing of passwords, by three counts at once (docs/OPERATIONS.md, "Guessing").

    One name from one address: five tries are free, then each waits twice as long, up to five minutes. One address for
    any names: thirty are free, then each waits, up to half a minute. One name from all addresses: twenty wrong ones are
    free; after that an address must have asked before, and waited, up to a minute, until its try is looked at. Then it
    is looked at for certain: no guesser elsewhere takes its turn. An address from which the name got in lately waits
    for its own mistakes only. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free_of_name: int = 20,
        most_of_name_s: float = 60.0,
        forget_after_s: float = 900.0,
        max_sources: int = MOST_SOURCES,
    ) -> None:
        self._clock = clock
        self._pairs = GuessThrottle(clock, max_sources=max_sources)
        self._addresses = GuessThrottle(clock, free=30, most_s=30.0, max_sources=max_sources)
        self._free_of_name = free_of_name
        self._most_of_name_s = most_of_name_s
        self._forget_after_s = forget_after_s
        self._max_sources = max_sources
        self._names: OrderedDict[str, _Name] = OrderedDict()
        # From when on the try of a name at an address is looked at; and those at which names got in.
        self._turns: OrderedDict[_Pair, float] = OrderedDict()
        self._known: OrderedDict[_Pair, None] = OrderedDict()

    def attempt(self, name: str, address: str) -> None:
        """Count a try as wrong until `succeeded` says otherwise. Raises Overloaded (E_SLOW, and how long to wait)."""
        network = network_of(address)
        pair = name, network
        self._pairs.check(pair)
        if pair not in self._known:
            self._addresses.check(network)
            self._wait_for_turn(pair)
            self._addresses.attempt(network)
        self._pairs.attempt(pair)
        self._count(name, +1)

    def undone(self, name: str, address: str) -> None:
        """Take one try back: it was not checked, for want of room here."""
        pair = name, network_of(address)
        self._pairs.undone(pair)
        self._not_of_address(pair)
        self._count(name, -1)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the tries of `name` at `address`: whoever is there knows the password."""
        pair = name, network_of(address)
        self._pairs.succeeded(pair)
        self._not_of_address(pair)
        self._count(name, -1)
        self._keep(self._known, pair, None)

    def _not_of_address(self, pair: "_Pair") -> None:
        # A try of a known one was never counted for its address.
        if pair not in self._known:
            self._addresses.undone(pair[1])

    def _wait_for_turn(self, pair: "_Pair") -> None:
        name, now = self._names.get(pair[0]), self._clock()
        if name is None or now >= name.forget_at or name.wrong < self._free_of_name:
            return
        turn = self._turns.get(pair)
        if turn is None:
            turn = now + min(2.0 ** min(name.wrong - self._free_of_name, 60), self._most_of_name_s)
            self._keep(self._turns, pair, turn)
        if now < turn:
            raise slow(turn - now)
        del self._turns[pair]

    def _count(self, name: str, wrong: int) -> None:
        now, known = self._clock(), self._names.get(name)
        before = known.wrong if known is not None and now < known.forget_at else 0
        self._keep(self._names, name, _Name(max(0, before + wrong), now + self._forget_after_s))

    def _keep(self, kept: "OrderedDict[Any, Any]", key: Hashable, value: object) -> None:
        kept[key] = value
        kept.move_to_end(key)
        if len(kept) > self._max_sources:
            kept.popitem(last=False)


_Pair = tuple[str, str]


def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6 the network, of which one customer has every address."""
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))
    return str(ip)


def slow(wait_s: float) -> Overloaded:
    """Return the refusal of a try that comes too soon."""
    return Overloaded(
        "Too many wrong logins. Wait, then try again with the right credential.",
        Code.SLOW,
        retry_after_s=math.ceil(wait_s),
    )


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")


def _sha256(secret: str) -> str:
    return f"sha256${hashlib.sha256(_bytes(secret)).hexdigest()}"


def _argon2(secret: str) -> str:
    return _deriver(os.urandom(16)).derive_phc_encoded(secret.encode())


def _nobodys() -> str:
    """Return what could be kept of a password that nobody has. Its hash is pure chance: no start has to make one."""
    salt, drawn = (base64.b64encode(os.urandom(length)).decode().rstrip("=") for length in (16, _HASH_BYTES))
    return f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${salt}${drawn}"


def _deriver(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=_HASH_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)


def _verified(phc: str, forms: list[str]) -> bool:
    return any(_is(phc, form) for form in forms)


def _is(phc: str, secret: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(_bytes(secret), phc)
    except InvalidKey:
        return False
    return True
