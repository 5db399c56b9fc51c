"""A database file that is only read, whoever is at work in it: for checks, copies and reports."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evcharge.domain.errors import StateError
from evcharge.storage.sqlite_errors import in_our_words, store_error
from evcharge.storage.statements import Params

Connection = sqlite3.Connection
Cursor = sqlite3.Cursor


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """Open `path` for reading, as it is at one instant. Raises StateError when it cannot be read, also half way."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        with contextlib.closing(connection):
            connection.row_factory = sqlite3.Row
            # All is read as it was at one instant, whatever its owner does meanwhile.
            connection.execute("BEGIN")
            # We never write bytes that are not text: let the chain name their row.
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            yield connection
    except sqlite3.DatabaseError as problem:
        raise StateError(f"{path} cannot be read: {store_error(problem)}") from None


class AtOneInstant:
    """The books of a `reading` block, for who asks a Database: nothing that happens meanwhile is seen."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, sql: str, params: Params | None = None) -> list[Any]:
        """Return all rows of a query. Raises StoreError."""
        with in_our_words():
            return self._connection.execute(sql, params or {}).fetchall()
