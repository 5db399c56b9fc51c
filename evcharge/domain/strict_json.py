"""Base64 and JSON read strictly: one way to write a thing, and no other is accepted. Pure.

Whatever comes from outside (a frame, a body, an answer, a file) is read here and nowhere else: the linter bans
every other decoder of JSON.
"""

import base64
import functools
import json
import math
from typing import Any, Generic, TypeVar, overload

import msgspec

from evcharge.domain.errors import Code, ProtocolError

KEY_BYTES = 32
# Programs of any language read such a whole number, and SQLite stores it.
_MOST, _LEAST = 2**63 - 1, -(2**63)
# Beyond that a number has 19 digits at least.
_DIGITS, _LONG_NUMBER = bytes.maketrans(b"123456789", b"000000000"), b"0" * 19

# The largest whole number that JavaScript, and JSON between strangers (RFC 7493), tells exactly.
_MOST_TOLD = 2**53 - 1

T = TypeVar("T")


def base64_text(data: bytes) -> str:
    """Return `data` as padded base64url, as every key and nonce travels."""
    return base64.urlsafe_b64encode(data).decode("ascii")


def base64_bytes(text: str, field: str) -> bytes:
    """Return the 32 bytes in `text`; raises ProtocolError E_FIELD unless it is their one canonical form."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        data = b""
    if len(data) != KEY_BYTES or base64_text(data) != text:
        raise ProtocolError(f"`{field}` is not 32 bytes in canonical base64url", Code.FIELD)
    return data


class NotJson(ValueError):
    """What should be JSON is none, or means different things to different readers."""


class JsonReader(Generic[T]):
    """Reads JSON of one kind as I-JSON (RFC 7493) has it.

    No key stands twice in an object, no surrogate alone in a text, no number is beyond 64 bits or infinite: in
    what `kind` asks for as in what it skips. (A msgspec.Raw would not be looked into: it has no place in `kind`.)
    """

    __slots__ = ("_decoder",)

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def read(self, data: bytes | str) -> T:
        """Return what `data` holds.

        Raises ValueError: NotJson, or msgspec.ValidationError, which names the field that is wrong.
        """
        try:
            raw = data.encode() if isinstance(data, str) else data
            value = self._decoder.decode(raw)
            # What we would write ourselves means one thing only. All else is looked at closely, which takes longer.
            if _encoder.encode(value) != raw or _LONG_NUMBER in raw.translate(_DIGITS):
                _check(raw)
        except msgspec.ValidationError:
            raise
        except (ValueError, OverflowError, RecursionError) as problem:
            raise NotJson(type(problem).__name__) from None
        return value


@overload
def read_json(data: bytes | str, kind: type[T]) -> T: ...
@overload
def read_json(data: bytes | str, kind: Any) -> Any: ...
def read_json(data: bytes | str, kind: Any) -> Any:
    """Return what `data` holds, read as a JsonReader of `kind` reads it."""
    return _reader(kind).read(data)


def strict_json(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a frame. Raises ProtocolError E_MALFORMED."""
    try:
        return read_json(data, dict[str, Any])
    except ValueError:
        raise ProtocolError("the frame holds no strict JSON object", Code.MALFORMED) from None


_encoder = msgspec.json.Encoder()


@functools.cache
def _reader(kind: Any) -> JsonReader[Any]:
    return JsonReader(kind)


def _check(raw: bytes) -> None:
    """Raise ValueError or RecursionError for what msgspec is lenient about, or skips: NaN it refuses wherever it is."""
    values = json.loads(
        raw.decode(),
        object_pairs_hook=_without_duplicates,
        parse_float=_finite,
        parse_int=_bounded,
    )
    if b"\\u" in raw:
        # Python's parser takes a surrogate that stands alone; nothing can write one.
        _encoder.encode(values)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("duplicate key")
    return values


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _bounded(text: str) -> int:
    value = int(text)
    if not _LEAST <= value <= _MOST:
        raise ValueError("a number beyond 64 bits")
    return value


def tellable(number: int) -> int:
    """Return `number` as JSON can tell it: what is larger was made by a lie, and is told as the largest."""
    return min(number, _MOST_TOLD)
