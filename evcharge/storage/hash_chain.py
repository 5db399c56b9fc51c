"""The hash chain of an append-only table: each row's hash covers its columns and the hash before it. Pure.

The Registry and Central keep their `events` tables with it. Whoever changes, deletes, inserts or swaps a
row breaks the chain at that row; a tail that was cut off shows against an anchor kept elsewhere.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

Value = str | int | float | None

# What the first row is chained to.
GENESIS = "0" * 64
_EXACT = 2**53
_encoder = msgspec.json.Encoder(order="sorted")


class Broken(Struct, frozen=True):
    """The first row that does not fit, by number, and what is wrong with it."""

    n: int
    why: str


class Head(Struct, frozen=True):
    """The newest row of a chain. Kept elsewhere, it is an anchor."""

    n: int = 0
    hash: str = GENESIS


def canonical(row: Mapping[str, Value]) -> bytes:
    """Return the bytes that stand for `row`: its columns but `hash`, sorted by name, as JSON.

    A database may turn 5 into 5.0 in a REAL column; both mean the same here. Raises TypeError for a value
    that would not come back from a database as it went in.
    """
    return _encoder.encode({name: _stable(value) for name, value in row.items() if name != "hash"})


def chained(previous: str, row: Mapping[str, Value]) -> str:
    """Return the hash (hex) of `row`, which follows a row whose hash is `previous`."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical(row)).hexdigest()


def first_broken(rows: Iterable[Any], start: Head | None = None) -> Broken | None:
    """Return the first row that breaks the chain, or None. `rows` has all columns of all rows, oldest first.

    With a `start`, they are the rows that follow it.

    Rows are mappings (or sqlite3.Row) with their number in `n`, from 1 without gaps, and `hash`. A tail that was
    cut off, or a whole chain that was made anew, shows only against an anchor (`anchors`).
    """
    head = start if start is not None else Head()
    for row in rows:
        columns = dict(row)
        expected = head.n + 1
        if columns["n"] != expected:
            return Broken(expected, f"row {expected} is missing or out of its place")
        try:
            right = chained(head.hash, columns)
        except (TypeError, UnicodeEncodeError):
            return Broken(expected, f"row {expected} holds a value that was never written")
        if columns["hash"] != right:
            return Broken(expected, f"row {expected} was changed, or the row before it was replaced")
        head = Head(expected, right)
    return None


def _stable(value: Value) -> Value:
    # type(), not isinstance: a bool would come back as an integer.
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    raise TypeError(f"a chained row cannot hold {value!r:.40}")
