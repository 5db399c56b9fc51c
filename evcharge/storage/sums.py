"""Sums that no row can break: SQLite's own SUM is an error beyond 64 bits, and Central would not start. Pure.

A column is added up in two parts, high and low: whatever a thousand million rows hold, both stay within 64 bits.
"""

from typing import Any, Protocol

_PART = 10**9
# The largest whole number that a column holds.
MOST_KEPT = 2**63 - 1


class _Row(Protocol):
    def __getitem__(self, name: str) -> Any: ...


def summed(**columns: str) -> str:
    """Return what to SELECT for the sums of `columns` (or of what is computed from them), each under its name."""
    parts = [
        f"SUM(({column}) / {_PART}) AS {name}_high, SUM(({column}) % {_PART}) AS {name}_low"
        for name, column in columns.items()
    ]
    return ", ".join(parts)


def sum_of(row: _Row, name: str) -> int:
    """Return the sum that was selected under `name`; 0 when there were no rows."""
    return int(row[f"{name}_high"] or 0) * _PART + int(row[f"{name}_low"] or 0)
