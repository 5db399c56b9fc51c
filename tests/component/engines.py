"""The books of Central, or of the Registry, in a folder of a test, whichever engine keeps them."""

import asyncio
import contextlib
import hashlib
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from evcharge.central.books import setup
from evcharge.central.books.rows import STATEMENTS
from evcharge.registry import setup as registry_setup
from evcharge.storage import database, postgres_opening, postgres_schema
from evcharge.storage.books import Books, Transactions
from evcharge.storage.database import open_database
from evcharge.storage.postgres_books import open_postgres
from evcharge.storage.postgres_copy import copy_out
from evcharge.storage.postgres_place import REGISTRY, Place
from evcharge.storage.postgres_transactions import open_transactions

SQLITE, POSTGRES = "sqlite", "postgres"
BOTH = (SQLITE, POSTGRES)
# The address of PostgreSQL while a test runs that is on it.
server = ""


def address(folder: Path) -> str:
    """Return what `[central] database` is for a Central whose books belong to `folder`: a schema of its own."""
    return f"{server}?schema=t_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}" if server else ""


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Books]:
    """Open the books of `folder`."""
    if server:
        async with open_postgres(Place(url=address(folder)), setup.SCHEMA, STATEMENTS) as books:
            yield books
    else:
        async with open_database(folder / "central.db", setup.SCHEMA) as database:
            yield database


@contextlib.contextmanager
def looked_at(folder: Path) -> Iterator[sqlite3.Connection]:
    """Read the books of `folder` by SQL of SQLite, as they are now; those of PostgreSQL in a copy."""
    if not server:
        connection = sqlite3.connect(f"file:{folder / 'central.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            yield connection
        return
    with tempfile.TemporaryDirectory() as copied:
        copy = Path(copied) / "central.db"
        # There may be a loop in this thread.
        thread = threading.Thread(
            target=lambda: asyncio.run(copy_out(Place(url=address(folder)), setup.SCHEMA, copy))
        )
        thread.start()
        thread.join()
        connection = sqlite3.connect(copy)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            yield connection


def registry_address(folder: Path) -> str:
    """Return what `[registry] database` is for a Registry whose tables belong to `folder`: a schema of its own."""
    return f"{server}?schema=r_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}" if server else ""


@contextlib.asynccontextmanager
async def opened_tables(folder: Path) -> AsyncIterator[Transactions]:
    """Open the Registry's tables of `folder`; in PostgreSQL, as often as one likes."""
    if server:
        place = Place(url=registry_address(folder), section=REGISTRY)
        async with open_transactions(place, registry_setup.SCHEMA) as tables:
            yield tables
    else:
        async with open_database(folder / "registry.db", registry_setup.SCHEMA) as database:
            yield database


class Killed(BaseException):
    """As if the process had been killed at that place."""


def update(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be an evcharge whose books have one column more, in both engines."""
    steps = database.schema_steps

    def known(package: str) -> list[tuple[int, list[str]]]:
        newest = steps(package)[-1][0]
        table = "driver" if package == setup.SCHEMA else "registrations"
        return [
            *steps(package),
            (newest + 1, [f"ALTER TABLE {table} ADD COLUMN later INTEGER NOT NULL DEFAULT 7"]),
        ]

    for module in (database, postgres_schema, postgres_opening):
        monkeypatch.setattr(module, "schema_steps", known)
    monkeypatch.setattr(postgres_schema, "columns", postgres_schema.columns.__wrapped__)
