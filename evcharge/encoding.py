"""Base64 and JSON read strictly: one way to write a thing, and no other is accepted. Pure."""

import base64
import json
import math
from typing import Any

from evcharge.errors import Code, ProtocolError

KEY_BYTES = 32


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


def strict_json(data: bytes) -> dict[str, Any]:
    """Parse one JSON object, refusing all that Python's parser is lenient about. Raises E_MALFORMED."""
    try:
        values = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        raise ProtocolError("the frame holds no strict JSON", Code.MALFORMED) from None
    if not isinstance(values, dict):
        raise ProtocolError("the frame holds no JSON object", Code.MALFORMED)
    return values


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("duplicate key")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
