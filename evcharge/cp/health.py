"""What a monitor and its engine say on the health port, and what follows from it (PROTOCOL D8). Pure.

A line of JSON each: PING with a fresh nonce, PONG with the same nonce and the engine's state. Both carry an HMAC
over all their other fields, under a key that only this charging point's two programs have. Fields that are not known
here are ignored and stand under the HMAC; a monitor of the first release refuses them, and is sent none.
"""

import hmac
import re
from collections.abc import Callable
from typing import Annotated, ClassVar, TypeVar

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.journal_records import Count, DeciCelsius, Id
from evcharge.domain.strict_json import read_json

MAX_LINE_BYTES = 1024
# The nonces of a monitor that ignores fields that it does not know begin like this; 12 random bytes follow.
_NEWER = b"EVC1"
NONCE_BYTES = 16
_PROVED = re.compile(rb'"mac":"([0-9a-f]{64})"')
# So many pings in a row without an answer, and the engine is lost.
MOST_MISSED = 2
# What an engine says that it has; whatever else a health port tells is shown as it is.
JOURNAL_FULL = "journal full"
BROKEN = "broken (KO)"

Nonce = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Mac = Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")]


class Ping(Struct, frozen=True, kw_only=True, tag_field="t", tag="PING"):
    """Monitor -> engine: are you there?"""

    n: Nonce
    mac: Mac = ""

    @property
    def is_newer(self) -> bool:
        """Whether who asks ignores what it does not know."""
        return self.n.startswith(_NEWER.hex())


class Pong(Struct, frozen=True, kw_only=True, tag_field="t", tag="PONG"):
    """Engine -> monitor: who I am and how I am. `monitors` are those that asked lately, this one included.

    `later` are the fields that the first release lacks: UNSET by default.
    """

    later: ClassVar[frozenset[str]] = frozenset({"occupied"})

    cp_id: Id
    n: Nonce
    state: Annotated[str, Meta(max_length=20)]
    fault: Annotated[str, Meta(max_length=100)] | None
    seq: Count
    central_link: bool
    monitors: Count
    mac: Mac = ""
    # An older engine leaves it out, and its MAC covers what it sends.
    temperature_deci_celsius: DeciCelsius | UnsetType = UNSET
    occupied: bool | UnsetType = UNSET


_Frame = TypeVar("_Frame", Ping, Pong)


def health_key(secret: str) -> bytes:
    """Return the key of the health port that belongs to a charging point's credential."""
    return HKDF(SHA256(), 32, salt=None, info=b"evc health").derive(secret.encode())


def new_nonce(entropy: Callable[[int], bytes]) -> str:
    """Return the nonce of the next question."""
    return (_NEWER + entropy(NONCE_BYTES - len(_NEWER))).hex()


def seal(key: bytes, frame: Ping | Pong) -> bytes:
    """Return `frame` as a line, with its MAC."""
    mac = _mac(key, msgspec.json.encode(structs.replace(frame, mac="")))
    return msgspec.json.encode(structs.replace(frame, mac=mac)) + b"\n"


def answer(key: bytes, ping: Ping, pong: Pong) -> bytes:
    """Return the line that answers `ping`, without what an older monitor would not take."""
    return seal(key, pong if ping.is_newer else structs.replace(pong, **dict.fromkeys(Pong.later, UNSET)))


def is_ours(key: bytes, line: bytes) -> bool:
    """Return whether whoever made `line` has our key."""
    macs = _PROVED.findall(line)
    bare = _PROVED.sub(b'"mac":""', line).removesuffix(b"\n")
    return len(macs) == 1 and hmac.compare_digest(macs[0].decode(), _mac(key, bare))


def read_ping(line: bytes) -> Ping:
    """Parse a line that a monitor sent. Raises ProtocolError."""
    return _read(line, Ping)


def read_pong(line: bytes) -> Pong:
    """Parse a line that an engine sent; nothing in it is proved yet. Raises ProtocolError."""
    return _read(line, Pong)


def _read(line: bytes, kind: type[_Frame]) -> _Frame:
    if len(line) > MAX_LINE_BYTES or not line.endswith(b"\n"):
        raise ProtocolError("what arrived on the health port is no line of ours", Code.TOO_BIG)
    try:
        return read_json(line, kind)
    except ValueError:
        raise ProtocolError("what arrived on the health port is not understood") from None


def _mac(key: bytes, bare: bytes) -> str:
    return hmac.digest(key, bare, "sha256").hex()


class Verdict:
    """A monitor's opinion of its engine. Each method returns whether the opinion has changed."""

    def __init__(self) -> None:
        self._missed = 0
        self._known = False
        # What is wrong with the engine, in one sentence; None when all is well.
        self.fault: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is an opinion at all yet."""
        return self._known

    def heard(self, fault: str | None) -> bool:
        """The engine answered, and names its fault, if any."""
        self._missed = 0
        return self._conclude(fault)

    def missed(self) -> bool:
        """The engine did not answer in time."""
        self._missed += 1
        if self._missed < MOST_MISSED:
            return False
        return self._conclude("engine lost: it does not answer")

    def lost(self, why: str) -> bool:
        """No engine answers, or not ours, as `why` says: stop waiting."""
        self._missed = 0
        return self._conclude(why)

    def _conclude(self, fault: str | None) -> bool:
        changed = not self._known or fault != self.fault
        self._known = True
        self.fault = fault
        return changed
