"""The hash chains of an append-only table: each row's hash covers its columns and the hash before it. Pure.

The Registry and Central keep their `events` tables with them. Whoever changes, deletes, inserts or swaps a
row breaks a chain at that row; a tail that was cut off shows against an anchor kept elsewhere. Each Central has a
chain of its own, by its name (ADR 0030); rows that name none are one chain, too. Numbers count through all chains.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

Value = str | int | float | None

# What the first row of the chain without a name is chained to.
GENESIS = "0" * 64
# Columns that a hash does not cover: which chain a row is in shows by the row before it.
_BESIDE = frozenset({"hash", "chain"})
_EXACT = 2**53
_encoder = msgspec.json.Encoder(order="sorted")


class Broken(Struct, frozen=True):
    """The first row that does not fit, by number, and what is wrong with it."""

    n: int
    why: str


class Head(Struct, frozen=True):
    """The newest row of a chain, or of the whole log. Kept elsewhere, it is an anchor."""

    n: int = 0
    hash: str = GENESIS


def beginning(chain: str) -> str:
    """Return what the first row of `chain` is chained to."""
    return hashlib.sha256(chain.encode()).hexdigest() if chain else GENESIS


def canonical(row: Mapping[str, Value]) -> bytes:
    """Return the bytes that stand for `row`: its columns but `hash` and `chain`, sorted by name, as JSON.

    A database may turn 5 into 5.0 in a REAL column; both mean the same here. Raises TypeError for a value
    that would not come back from a database as it went in.
    """
    return _encoder.encode({name: _stable(value) for name, value in row.items() if name not in _BESIDE})


def chained(previous: str, row: Mapping[str, Value]) -> str:
    """Return the hash (hex) of `row`, which follows a row whose hash is `previous`."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical(row)).hexdigest()


def first_broken(rows: Iterable[Any]) -> Broken | None:
    """Return the first row that breaks its chain, or None. `rows` are all there are, as `Walk` takes them."""
    return Walk().first_broken(rows)


class Walk:
    """How far a log was walked: `n`, the last row, and by its name where each chain ends there."""

    def __init__(self) -> None:
        self.n = 0
        self.ends: dict[str, Head] = {}

    def first_broken(self, rows: Iterable[Any]) -> Broken | None:
        """Go on along the next `rows`, oldest first; return the first that breaks its chain, or None.

        Rows are mappings (or sqlite3.Row) of all columns, with `n`, `hash`, and perhaps `chain`. Numbers count from 1
        without gaps or twins. A tail that was cut off, or a whole chain that was made anew, shows only against an
        anchor.
        """
        for row in rows:
            columns = dict(row)
            chain, n = columns.get("chain", ""), self.n + 1
            if columns["n"] != n:
                return Broken(n, f"row {n} is missing or out of its place")
            if not isinstance(chain, str):
                return Broken(n, f"row {n} holds a value that was never written")
            end = self.ends.get(chain)
            try:
                right = chained(end.hash if end else beginning(chain), columns)
            except (TypeError, UnicodeEncodeError):
                return Broken(n, f"row {n} holds a value that was never written")
            if columns["hash"] != right:
                return Broken(n, f"row {n} was changed, or the row before it was replaced")
            self.n, self.ends[chain] = n, Head(n, right)
        return None


def _stable(value: Value) -> Value:
    # type(), not isinstance: a bool would come back as an integer.
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    raise TypeError(f"a chained row cannot hold {value!r:.40}")
