"""SQLite through aiosqlite: one connection, one user at a time, numbered migrations.

One connection for everything, because SQLite before 3.51.3 can corrupt a WAL that two connections
checkpoint at once. One user at a time, because a reader on the writer's connection must never see half a
transaction. A read, or a whole commit, is one visit to the thread: each costs two switches between threads.
"""

import asyncio
import contextlib
import fcntl
import functools
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, TypeVarTuple, cast

import aiosqlite

from evcharge.domain.errors import StateError, Taken
from evcharge.runtime import files
from evcharge.storage import exchange
from evcharge.storage.members import Membership
from evcharge.storage.sqlite_errors import in_our_words, store_error
from evcharge.storage.sqlite_statements import sql_of
from evcharge.storage.statements import Params, Writes, is_versioned
from evcharge.storage.store_errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreStale,
    StoreUnwritable,
)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Row = sqlite3.Row
_BUSY_TIMEOUT_MS = 5000
# What SQLite keeps beside a database.
_LEAST_FREE_BYTES = 1 << 16
_BESIDE = ("-wal", "-shm", "-journal")
# What keeps rows unique, in order and unchanged. SQLite's own indexes have no SQL.
GUARDS = "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"


class _Thread:
    """The thread of aiosqlite, the only one that touches the connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def run(self, work: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
        """Return what `work` returns of the connection. Raises StoreError.

        Whoever is cancelled meanwhile does not stop it: what is asked next waits until it is done.
        """
        aio = self._connection
        with in_our_words():
            # aiosqlite's public calls are a statement each: a commit would be some fifteen visits to its thread.
            done = aio._execute(work, aio._conn, *args)  # type: ignore[no-untyped-call]  # noqa: SLF001
            return cast(T, await done)


class Database:
    """An open database file: `Books`, and transactions whose steps depend on each other."""

    # A file belongs to one process.
    membership: Membership | None = None

    def __init__(self, thread: _Thread, name: str) -> None:
        self._thread = thread
        self._lock = asyncio.Lock()
        self.name = name

    async def commit(self, writes: Sequence[Writes], _partitions: Collection[int] = (), /) -> None:
        """Store all of `writes`, in order, or nothing, in one visit to the thread. Raises StoreError.

        Whoever is cancelled meanwhile does not stop it. All partitions of a file are its one process's.
        """
        async with self._lock:
            await self._thread.run(_commit, writes)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator["Transaction"]:
        """Commit when the block ends well, roll back otherwise. Raises StoreError from the commit."""
        async with self._lock:
            try:
                await self._thread.run(_execute, "BEGIN IMMEDIATE", None)
                yield Transaction(self._thread)
                await self._thread.run(sqlite3.Connection.commit)
            except BaseException:
                # Also when this task was cancelled while BEGIN or COMMIT was under way: the connection's thread
                # takes its turn after them. Where nothing is open (a full disk has rolled back), it does nothing.
                await self._thread.run(sqlite3.Connection.rollback)
                raise

    async def read(self, sql: str, params: Params | None = None) -> list[Row]:
        """Return all rows of a query, seeing only what is committed. Raises StoreError."""
        async with self._lock:
            return await self._thread.run(_execute, sql, params)


class Transaction:
    """The inside of one transaction."""

    def __init__(self, thread: _Thread) -> None:
        self._thread = thread

    async def execute(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement; return the rows it yields, if any. Raises StoreError."""
        return await self._thread.run(_execute, sql, params)


def _execute(connection: sqlite3.Connection, sql: str, params: Params | None) -> list[Row]:
    cursor = connection.execute(sql, params or {})
    try:
        return cursor.fetchall()
    finally:
        cursor.close()


def _commit(connection: sqlite3.Connection, writes: Sequence[Writes]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement, rows in writes:
            changed = connection.executemany(sql_of(statement), rows).rowcount
            if is_versioned(statement) and changed < len(rows):
                raise StoreStale(f"{len(rows) - changed} rows of {statement}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextlib.asynccontextmanager
async def open_database(path: Path, schema_package: str) -> AsyncIterator[Database]:
    """Open (or create) `path` and bring it to the newest schema of `schema_package` (NNN_name.sql files).

    Raises StateError, with what to do, when it is in use, damaged, read-only or from a newer evcharge.
    """
    with only_process(path):
        async with open_own(path, schema_package) as database:
            yield database


@contextlib.asynccontextmanager
async def open_own(path: Path, schema_package: str) -> AsyncIterator[Database]:
    """Open a file that this process has to itself already (`only_process`), as `open_database` does."""
    steps = schema_steps(schema_package)
    if exchange.is_half_done(path.parent.parent):
        raise StateError(f"{path} is being restored, and that was interrupted: start again to finish it.")
    try:
        _make_ours(path)
        # A file that cannot be opened is found out here: aiosqlite would leave its thread behind.
        sqlite3.connect(path).close()
        # isolation_level None: transactions are ours to begin and end.
        async with aiosqlite.connect(path, isolation_level=None) as connection:
            connection.row_factory = sqlite3.Row
            thread = _Thread(connection)
            await thread.run(_prepare, path)
            await thread.run(_migrate, steps, path)
            yield Database(thread, path.name)
    except sqlite3.Error as problem:
        raise _explained(store_error(problem), path) from problem
    except StoreError as problem:
        # What a program could not do with it, and did not answer for itself.
        raise _explained(problem, path) from problem


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    row = connection.execute("PRAGMA quick_check(1)").fetchone()
    if row is None or row[0] != "ok":
        raise _damaged(path)


def _migrate(connection: sqlite3.Connection, steps: list[tuple[int, list[str]]], path: Path) -> None:
    row = connection.execute("PRAGMA user_version").fetchone()
    have = row[0] if row else 0
    newest = steps[-1][0]
    if have > newest:
        raise StateError(
            f"{path} has schema {have}, written by a newer evcharge; this one knows {newest}. "
            "Update evcharge, or put back the backup of before the upgrade (evcharge restore)."
        )
    # A file that may only be read opens like any other; the attempt to write tells.
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version={have}")
    finally:
        connection.rollback()
    for number, statements in steps:
        if number <= have:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant into a new file, whoever has it open; raises StateError."""
    os.close(files.open_ours(target, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    try:
        # Read-only: Central may be at work in the same file.
        reading = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(reading), contextlib.closing(sqlite3.connect(target)) as copy:
            reading.backup(copy)
            # The copy is one file, and whoever reads it needs no other.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as problem:
        # Only the source can be damaged, only the copy can lack room.
        told = store_error(problem)
        raise _explained(told, source if isinstance(told, StoreDamaged) else target) from problem


def newest_schema(package: str) -> int:
    """Return the newest schema that this release knows."""
    return schema_steps(package)[-1][0]


@functools.cache
def guards(schema_package: str, version: int) -> Mapping[str, str]:
    """Return, by name, the SQL of every index and trigger that a file of that version has."""
    with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
        for number, statements in schema_steps(schema_package):
            if number <= version:
                for statement in statements:
                    fresh.execute(statement)
        return MappingProxyType(dict(fresh.execute(GUARDS)))


def schema_steps(package: str) -> list[tuple[int, list[str]]]:
    """Return the numbers and statements of a schema, the first step first."""
    found = [entry for entry in resources.files(package).iterdir() if entry.name.endswith(".sql")]
    return sorted(
        (int(entry.name.split("_", 1)[0]), _statements(entry.read_text("utf-8"))) for entry in found
    )


def _statements(script: str) -> list[str]:
    # Not executescript: it would commit the transaction that holds the step together.
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    # The last one may lack its semicolon.
    return [*statements, current] if current.strip() else statements


@contextlib.contextmanager
def only_process(path: Path) -> Iterator[None]:
    """Hold `path`.lock while the block runs; raise Taken naming the process that has it."""
    lock = path.with_name(path.name + ".lock")
    try:
        files.make_folder(path.parent)
        handle = files.open_ours(lock, os.O_RDWR | os.O_CREAT)
    except OSError as problem:
        raise _unusable(lock, problem) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise Taken(
                f"{path} is in use by another evcharge (pid {holder}). "
                "Stop it first, or choose another --state folder."
            ) from None
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        except OSError as problem:
            raise _unusable(lock, problem) from None
        yield
    finally:
        os.close(handle)


def holder(path: Path) -> int | None:
    """Return the process that has `path` to itself, by its lock; None when none has, 0 when it left no number."""
    try:
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        return int(said) if said.isdecimal() else 0
    finally:
        os.close(handle)
    return None


def _make_ours(path: Path) -> None:
    """Make the file when it is missing, for its owner only: SQLite gives what stands beside it the same mode."""
    for name, flags in (
        (path.name, os.O_RDWR | os.O_CREAT),
        *((path.name + end, os.O_RDWR) for end in _BESIDE),
    ):
        file = path.with_name(name)
        try:
            os.close(files.open_ours(file, flags))
        except FileNotFoundError:
            pass  # nothing of the last run lies beside it
        except OSError as problem:
            raise _unusable(file, problem) from None


def _unusable(path: Path, problem: OSError) -> StateError:
    if problem.errno in files.NO_SPACE:
        return _full(path)
    return StateError(f"cannot write {path}: {files.why(problem)}")


def _full(path: Path) -> StateError:
    return StateError(f"{path}: the disk is full. Free some space; nothing stored is lost.")


def _explained(problem: StoreError, path: Path) -> StateError:
    match problem:
        case StoreDamaged():
            return _damaged(path)
        case StoreFull():
            return _full(path)
        case StoreUnwritable():
            return StateError(f"cannot write {path}: check the folder's owner and permissions.")
        case StoreBusy():
            return StateError(f"{path} is held by another program. Close it and start again.")
    if problem.code.startswith("SQLITE_IOERR"):
        # When the shared memory beside it finds no room, that is all that SQLite says.
        return _full(path) if _is_full(path.parent) else StateError(f"{path}: {problem}. Check the disk.")
    return StateError(f"{path}: {problem}")


def _is_full(folder: Path) -> bool:
    try:
        free = os.statvfs(folder)
    except OSError:
        return False
    return free.f_bavail * free.f_frsize < _LEAST_FREE_BYTES


def _damaged(path: Path) -> StateError:
    return StateError(
        f"{path} is damaged. Move it aside and put the latest backup in its place; "
        "the engines send again what it lacks."
    )
