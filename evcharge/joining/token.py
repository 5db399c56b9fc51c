"""The token that brings another PC into the network: one line to paste. Pure.

    evc1_ + base64url( length u16 | msgpack | CRC-32 )

The length tells a token that was cut off, the CRC (which no change of a few neighbouring characters escapes) one
that was mistyped: nobody is asked before it is whole.
"""

import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from evcharge.domain.errors import BadInput
from evcharge.domain.ids import ID_PATTERN
from evcharge.labels import Speech
from evcharge.labels.join import SENTENCES

VERSION = 1
PREFIX = f"evc{VERSION}_"
SECRET_BYTES = 16
MAX_BYTES = 1024

_ANY_PREFIX = re.compile(r"evc([0-9]{1,3})_")
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")
# What mail clients and editors put into a long line: white space, soft hyphens, marks of no width.
_BETWEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_AROUND = "\"'`<>“”„«»"
_HEAD_BYTES, _SUM_BYTES = 2, 4

Host = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:-]{1,253}\Z")]
Port = Annotated[int, Meta(ge=1, le=65535)]
Place = Annotated[str, Meta(pattern=r"\A([A-Za-z0-9._-]{1,253}|\[[A-Za-z0-9.:]{2,45}\]):[0-9]{1,5}\Z")]


class Invitation(Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """What a token says: for whom, where Registry and Central are, whom to believe, and the secret."""

    kind: Literal["cp", "driver"]
    id: Annotated[str, Meta(pattern=ID_PATTERN)]
    registry_host: Host
    registry_port: Port
    central_host: Host
    central_port: Port
    ca_sha256: Annotated[bytes, Meta(min_length=32, max_length=32)]
    secret: Annotated[bytes, Meta(min_length=SECRET_BYTES, max_length=SECRET_BYTES)]
    # "host:port" of further Centrals and Registries. A token without any is as it always was: older releases take it.
    other_centrals: Annotated[tuple[Place, ...], Meta(max_length=8)] = ()
    other_registries: Annotated[tuple[Place, ...], Meta(max_length=8)] = ()

    def __repr__(self) -> str:
        return f"Invitation({self.kind} {self.id} at {self.registry_url})"

    @property
    def registry_url(self) -> str:
        """Return https://host:port of the Registry."""
        return f"https://{bracketed(self.registry_host)}:{self.registry_port}"

    @property
    def registry_urls(self) -> tuple[str, ...]:
        """Return https://host:port of each Registry."""
        return (self.registry_url, *(f"https://{at}" for at in self.other_registries))

    @property
    def central_address(self) -> str:
        """Return host:port of Central."""
        return f"{bracketed(self.central_host)}:{self.central_port}"


class BadToken(BadInput):
    """A token that cannot be used. `name` and `values` say why in any language (labels.join)."""

    def __init__(self, name: str, **values: object) -> None:
        super().__init__(Speech(SENTENCES)(name, **values))
        self.name = name
        self.values = values


def bracketed(host: str) -> str:
    """Return `host` as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def encode(invitation: Invitation) -> str:
    """Return the token. Raises ValueError when a value is not one that a token may carry."""
    values = list(msgspec.structs.astuple(invitation))
    while not values[-1]:
        values.pop()
    body = msgspec.msgpack.encode(values)
    msgspec.msgpack.decode(body, type=Invitation)
    length = _HEAD_BYTES + len(body) + _SUM_BYTES
    if length > MAX_BYTES:
        raise ValueError("too long for a token")
    raw = length.to_bytes(_HEAD_BYTES, "big") + body
    return PREFIX + _text(raw + _sum(raw))


def decode(pasted: str) -> Invitation:
    """Return what a pasted token says, whatever white space a mail client put into it. Raises BadToken."""
    text = _BETWEEN.sub("", pasted).strip(_AROUND)
    if not text:
        raise BadToken("empty")
    prefix = _ANY_PREFIX.match(text)
    if prefix is None:
        raise BadToken("not a token", prefix=PREFIX)
    if prefix[0] != PREFIX:
        raise BadToken("other version", version=prefix[1], known=VERSION)
    text = text[len(PREFIX) :]
    if strange := _STRANGE.search(text):
        raise BadToken("wrong alphabet", character=ascii(strange[0]))
    if len(text) < 4:
        raise BadToken("mistyped")
    length = int.from_bytes(urlsafe_b64decode(text[:4])[:_HEAD_BYTES], "big")
    if not _HEAD_BYTES + _SUM_BYTES < length <= MAX_BYTES:
        raise BadToken("mistyped")
    wanted = -(-length * 4 // 3)
    if len(text) < wanted:
        whole = len(PREFIX) + wanted
        raise BadToken("cut off", missing=wanted - len(text), length=whole)
    if len(text) > wanted:
        raise BadToken("too long", surplus=len(text) - wanted)
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The last character may have bits of no byte: only one spelling is right.
    if _text(raw) != text or _sum(raw[:-_SUM_BYTES]) != raw[-_SUM_BYTES:]:
        raise BadToken("mistyped")
    try:
        return msgspec.msgpack.decode(raw[_HEAD_BYTES:-_SUM_BYTES], type=Invitation)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadToken("mistyped") from None


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _sum(raw: bytes) -> bytes:
    return zlib.crc32(raw).to_bytes(_SUM_BYTES, "big")
