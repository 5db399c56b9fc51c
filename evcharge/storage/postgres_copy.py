"""Books from a file into PostgreSQL, and from there into a file: all rows, as they are at one instant."""

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import asyncpg

from evcharge.domain.errors import StateError
from evcharge.storage import postgres_schema
from evcharge.storage.database import newest_schema, open_database
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_opening import explained, version_of
from evcharge.storage.postgres_place import Place
from evcharge.storage.reading import reading

_AT_ONCE = 5000
# In the order that their references want; the others in any.
_FIRST = ("cp", "driver", "session", "ticket", "registrations", "admins")
_ANY = "SELECT EXISTS (SELECT 1 FROM events)"
_HASH = "SELECT hash FROM events WHERE n = $1"
# Of the tables that PostgreSQL numbers itself, the place of a row is copied as well.
_NUMBERED = postgres_schema.NUMBERED


def _tables(package: str) -> list[tuple[str, list[str]]]:
    columns = postgres_schema.columns(package)
    order = [*_FIRST, *sorted(set(columns) - set(_FIRST))]
    return [
        (name, [*columns[name], *(["rowid"] if name in _NUMBERED else [])])
        for name in order
        if name in columns
    ]


async def check_books(place: Place, package: str) -> None:
    """Raise StateError unless a database holds books of `package`; nothing is made there."""
    with explained(place):
        connection = await connect(place)
        try:
            if await version_of(connection, place, package) is None or not await connection.fetchval(_ANY):
                raise _none(place)
        finally:
            await connection.close()


def _none(place: Place) -> StateError:
    return StateError(f"{place} holds no books. Is it the right database, and the right schema?")


async def copy_out(place: Place, package: str, target: Path) -> None:
    """Copy the books in PostgreSQL, whoever is at work there, into a new file of SQLite. Raises StateError."""
    with explained(place):
        connection = await connect(place)
        try:
            have = await version_of(connection, place, package)
            if have is None:
                raise _none(place)
            if have != newest_schema(package):
                raise StateError(
                    f"{place} has schema {have}, and this evcharge knows {newest_schema(package)}: "
                    f"start `evcharge {place.section}` once, or take the evcharge that wrote it."
                )
            async with open_database(target, package):
                pass
            # All of it as it was at one instant, whatever Central commits meanwhile.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await _pour(connection, package, target)
        finally:
            await connection.close()


async def _pour(connection: asyncpg.Connection, package: str, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(target, isolation_level=None, check_same_thread=False)) as file:
        file.execute("PRAGMA synchronous=FULL")
        file.execute("BEGIN")
        # What they would add is copied as well.
        triggers = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            file.execute(f"DROP TRIGGER {name}")
        for table, names in _tables(package):
            file.execute(f"DELETE FROM {table}")  # noqa: S608  what the schema itself puts there
            listed, places = ", ".join(names), ", ".join("?" for _ in names)
            insert = f"INSERT INTO {table} ({listed}) VALUES ({places})"  # noqa: S608
            cursor = await connection.cursor(f"SELECT {listed} FROM {table} ORDER BY 1")  # noqa: S608
            while rows := await cursor.fetch(_AT_ONCE):
                await asyncio.to_thread(file.executemany, insert, [tuple(row) for row in rows])
        for _, sql in triggers:
            file.execute(sql)
        # Large books take longer than a lease lasts, which is renewed meanwhile.
        for statement in ("COMMIT", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode=DELETE"):
            await asyncio.to_thread(lambda: file.execute(statement).fetchall())  # noqa: B023  awaited in its turn


async def copy_in(
    source: Path,
    place: Place,
    package: str,
    still_ours: Callable[[asyncpg.Connection], Awaitable[None]],
    mark: Callable[[], object],
) -> None:
    """Copy the books in a file into tables in PostgreSQL that hold none, or these already. Raises StateError.

    They are read back and compared before they are stored, and only if `still_ours` finds that nobody has begun there.
    From `mark` on they may be stored there: it is called just before.
    """
    with explained(place), reading(source) as file:
        connection = await connect(place, synchronous_commit="on")
        try:
            async with connection.transaction():
                if await connection.fetchval(_ANY):
                    newest = file.execute("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1").fetchone()
                    if newest and newest["hash"] == await connection.fetchval(_HASH, newest["n"]):
                        # A move that was broken off after it had stored them; somebody may have gone on there.
                        return
                    raise StateError(
                        f"{place} holds books already. Name an empty database, or another schema."
                    )
                for table, names in _tables(package):
                    await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                    await connection.execute(f"DELETE FROM {table}")  # noqa: S608
                    rows = file.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1")  # noqa: S608
                    for some in _parts(rows):
                        await connection.copy_records_to_table(table, records=some, columns=names)
                    await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
                    await _number_on(connection, table)
                await _check_copied(connection, source, place, package)
                await still_ours(connection)
                mark()
        finally:
            await connection.close()


async def _check_copied(connection: asyncpg.Connection, source: Path, place: Place, package: str) -> None:
    with tempfile.TemporaryDirectory(prefix="evcharge-") as name:
        back = Path(name) / source.name
        async with open_database(back, package):
            pass
        await _pour(connection, package, back)
        if wrong := await asyncio.to_thread(lambda: list(compared(source, back))):
            raise StateError(f"{place} does not hold what was copied ({wrong[0]}): nothing was moved.")


def _parts(rows: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while some := rows.fetchmany(_AT_ONCE):
        yield [tuple(row) for row in some]


async def _number_on(connection: asyncpg.Connection, table: str) -> None:
    """Let the numbers that a table gives by itself go on after those that were copied."""
    found = await connection.fetch(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'",
        table,
    )
    for row in found:
        name = row["column_name"]
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), MAX({name})) FROM {table}"  # noqa: S608
        )


def compared(first: Path, second: Path) -> Iterator[str]:
    """Yield a line for each table of two files that do not hold the same rows."""
    with reading(first) as one, reading(second) as other:
        tables = one.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (name,) in tables:
            rows = [books.execute(f"SELECT * FROM {name} ORDER BY 1, 2") for books in (one, other)]  # noqa: S608
            for number, (left, right) in enumerate(zip_longest(*rows), 1):
                if left is None or right is None or tuple(left) != tuple(right):
                    yield f"{name}: row {number} is not the same in both"
                    break
