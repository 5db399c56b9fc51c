"""What a commit may say, as data: an engine makes its own SQL of each kind. Pure.

Rows are tuples, in the order of `takes`. They hold whole numbers, floats, text and None: every engine binds those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evcharge.storage.sums import MOST_KEPT

Values = tuple[Any, ...]
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """Insert rows. One that has the `key` of another replaces it, or is left out when the first `stays`.

    Of those that have a `version`, a row that is there must be of the one before: else nothing of the commit is stored
    (StoreStale).
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    stays: bool = False
    version: str = ""

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns of a row."""
        return self.columns


@dataclass(frozen=True, slots=True)
class Add:
    """Add to the `sums` of the row that has the `key`, or one `begins`; `capped` sums stop at 64 bits."""

    table: str
    key: tuple[str, ...]
    sums: tuple[str, ...]
    capped: tuple[str, ...] = ()
    begins: bool = True

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns of a row."""
        return self.key + self.sums


@dataclass(frozen=True, slots=True)
class Set:
    """Set `columns` of the row that has the `key` and is there: no other column, and no index of one, is touched.

    Its `version`, as that of `Put`.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    version: str = ""

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns of a row."""
        return self.key + self.columns


@dataclass(frozen=True, slots=True)
class SetNewest:
    """Set `column` of the newest row (by `newest`) that has the `key`."""

    table: str
    key: tuple[str, ...]
    newest: str
    column: str

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns of a row."""
        return (*self.key, self.column)


@dataclass(frozen=True, slots=True)
class Take:
    """Delete the row that has the `key`."""

    table: str
    key: tuple[str, ...]

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns of a row."""
        return self.key


Statement = Put | Add | Set | SetNewest | Take


def is_versioned(statement: object) -> bool:
    """Return whether a statement finds out if another writer was faster."""
    return isinstance(statement, Put | Set) and bool(statement.version)


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement that no kind of `Statement` says, in SQL that every engine takes; its rows are mappings."""

    text: str


# A statement with its rows: `Values`, or those of `Sql`, `Params`.
Writes = tuple[Statement | Sql, Sequence[Any]]


def added_up(statement: Add, rows: Sequence[Values]) -> list[Values]:
    """Return the same with one row for each key: an engine that changes a set at once takes no key twice."""
    width = len(statement.key)
    found: dict[Values, list[int]] = {}
    for row in rows:
        sums = found.setdefault(row[:width], [0] * len(statement.sums))
        for place, value in enumerate(row[width:]):
            sums[place] += value
    most = [MOST_KEPT if name in statement.capped else None for name in statement.sums]
    return [
        (*key, *(value if cap is None else min(value, cap) for value, cap in zip(sums, most, strict=True)))
        for key, sums in found.items()
    ]
