"""What a commit may say, as data: an engine makes its own SQL of each kind. Pure.

Rows are tuples, in the order of `takes`. They hold whole numbers, floats, text and None: every engine binds those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = tuple[Any, ...]
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """Insert rows. One that has the `key` of another replaces it, or is left out when the first `stays`."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    stays: bool = False

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


Statement = Put | Add | SetNewest | Take


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement that no kind of `Statement` says, in SQL that every engine takes; its rows are mappings."""

    text: str


# Statements in order, each with its rows.
Writes = tuple[Statement, Sequence[Values]] | tuple[Sql, Sequence[Params]]
