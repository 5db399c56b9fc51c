"""Tables in PostgreSQL for writes that read first: whole transactions, one after the other, whoever is at work there.

Each takes an advisory lock before it reads: then what it read still holds when it is stored, as in SQLite, where one
process has the file. Each is numbered by whoever writes it, in a table beside: whether one was stored whose answer was
lost is read there.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from evcharge.domain.errors import StateError, Taken
from evcharge.runtime.waiting import uninterrupted
from evcharge.storage.members import REGISTRY_KEY_FILES, other_files
from evcharge.storage.postgres_connection import CONNECT_S, connect, reading
from evcharge.storage.postgres_errors import ALL, store_error
from evcharge.storage.postgres_opening import alone, explained, migrate
from evcharge.storage.postgres_place import Place
from evcharge.storage.postgres_statements import bound, query
from evcharge.storage.statements import Params
from evcharge.storage.store_errors import StoreBusy, StoreError, StoreInDoubt, StoreUnwritable

# How long a transaction whose answer was lost is looked for.
_DOUBT_S = 5.0
_AGAIN_S = 0.2
# Whoever is paused inside of one lets it go before the others stop waiting for it.
_PAUSED = "2s"
_LOCKED = "5s"
# Whatever this user's transactions are without being told.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('evcharge transaction ' || $1, 0))"
_TABLES = (
    # The number of the last transaction of each process. The server's own will not do: after a crash it gives the
    # numbers again that were never written down.
    "CREATE TABLE IF NOT EXISTS written (writer text PRIMARY KEY, k bigint NOT NULL, at timestamptz NOT NULL)",
    # Where the tables are from now on, should they have been moved.
    "CREATE TABLE IF NOT EXISTS moved (there text NOT NULL)",
    # By which keys whoever began with them last is known (`members.other_files`).
    "CREATE TABLE IF NOT EXISTS network (keys text NOT NULL)",
)
_NUMBER = """
INSERT INTO written (writer, k, at) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (writer) DO UPDATE SET k = excluded.k, at = excluded.at
"""
_NUMBERED = "SELECT EXISTS (SELECT 1 FROM written WHERE writer = $1 AND k = $2)"
# A transaction is in doubt for seconds; those who wrote it come and go.
_FORGET = "DELETE FROM written WHERE at < clock_timestamp() - interval '1 day'"
_MOVED = "SELECT there FROM moved"
_KNOWN = "SELECT keys FROM network"
_KNOW = "WITH gone AS (DELETE FROM network) INSERT INTO network (keys) VALUES ($1)"
# Whoever works in the tables has a share of this; whoever moves them away has it alone.
_AT_WORK = "hashtextextended('evcharge at work ' || $1, 0)"
_SHARE = f"SELECT pg_try_advisory_lock_shared({_AT_WORK})"
_ALONE = f"SELECT pg_try_advisory_lock({_AT_WORK})"


class PostgresTransactions:
    """Open tables (`storage/books.Transactions`)."""

    def __init__(self, place: Place, readers: asyncpg.Pool) -> None:
        self.name = str(place)
        self._place = place
        self._readers = readers
        self._writer: asyncpg.Connection | None = None
        self._lock = asyncio.Lock()
        self._me = secrets.token_hex(8)
        self._count = 0

    async def read(self, sql: str, params: Params | None = None) -> list[Any]:
        """Return all rows of a query, seeing only what is committed. Raises StoreError."""
        text, names = query(sql)
        if self._writer is None or self._writer.is_closed():
            # Whoever is not at work may read what was moved away meanwhile.
            async with self._lock:
                await self._writing()
        try:
            async with self._readers.acquire(timeout=CONNECT_S) as connection:
                return list(await connection.fetch(text, *bound(names, params)))
        except ALL as problem:
            raise store_error(problem) from problem

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator["PostgresTransaction"]:
        """Commit when the block ends well, roll back otherwise. Raises StoreError from the commit."""
        async with self._lock:
            writer = await self._writing()
            try:
                number = await self._begun(writer)
                yield PostgresTransaction(writer)
            except asyncio.CancelledError:
                # What was under way is broken off there with the connection.
                writer.terminate()
                raise
            except BaseException:
                await _rolled_back(writer)
                raise
            await uninterrupted(self._committed(writer, number))

    async def end(self) -> None:
        """Leave: what is under way is broken off."""
        if self._writer is not None:
            with contextlib.suppress(*ALL):
                await self._writer.close(timeout=CONNECT_S)

    async def begin(self) -> None:
        """Be at work: nobody moves the tables meanwhile. Raises StateError, and what the library raises."""
        self._writer = await self._at_work()

    async def _writing(self) -> asyncpg.Connection:
        if self._writer is None or self._writer.is_closed():
            try:
                self._writer = await self._at_work()
            except StateError as problem:
                # A file on the way there can be read no more; it may be again. Or the tables were moved away.
                raise StoreUnwritable(problem.text, sentence=problem.text.rstrip(".")) from problem
            except ALL as problem:
                raise store_error(problem) from problem
        return self._writer

    async def _at_work(self) -> asyncpg.Connection:
        writer = await connect(
            self._place,
            lock_timeout=_LOCKED,
            idle_in_transaction_session_timeout=_PAUSED,
            synchronous_commit="on",
        )
        try:
            is_ours = await writer.fetchval(_SHARE, self._place.schema)
            if is_ours:
                _check_here(self._place, await writer.fetchval(_MOVED))
        except BaseException:
            writer.terminate()
            raise
        if not is_ours:
            await writer.close()
            raise StoreBusy("the tables are being moved")
        return writer

    async def _begun(self, writer: asyncpg.Connection) -> int:
        self._count += 1
        try:
            await writer.execute(_BEGIN)
            # By itself: what comes next sees all that was stored while this waited.
            await writer.fetchval(_LOCK, self._place.schema)
            await writer.fetchval(_NUMBER, self._me, self._count)
        except ALL as problem:
            raise store_error(problem) from problem
        return self._count

    async def _committed(self, writer: asyncpg.Connection, number: int) -> None:
        try:
            if (done := await writer.execute("COMMIT")) != "COMMIT":
                raise StoreError(f"it ended with {done}")
        except ALL as problem:
            if isinstance(problem, asyncpg.PostgresError) and not writer.is_closed():
                await _rolled_back(writer)
                raise store_error(problem) from problem
            writer.terminate()
            if not await self._is_stored(number):
                raise store_error(problem) from problem

    async def _is_stored(self, number: int) -> bool:
        """Return whether a transaction was stored, whose answer was lost. Raises StoreInDoubt: nobody knows yet."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _DOUBT_S
        while True:
            try:
                return await self._looked_up(await self._writing(), number)
            except (StoreError, *ALL) as problem:
                if loop.time() > until:
                    raise StoreInDoubt(str(store_error(problem))) from problem
            await asyncio.sleep(_AGAIN_S)

    async def _looked_up(self, writer: asyncpg.Connection, number: int) -> bool:
        try:
            await writer.execute(_BEGIN)
            # Waits for a COMMIT that is still under way; by itself, for what comes next to see it.
            await writer.fetchval(_LOCK, self._place.schema)
            return bool(await writer.fetchval(_NUMBERED, self._me, number))
        finally:
            await _rolled_back(writer)


class PostgresTransaction:
    """The inside of one transaction (`storage/books.OpenTransaction`)."""

    def __init__(self, writer: asyncpg.Connection) -> None:
        self._writer = writer

    async def execute(self, sql: str, params: Params | None = None) -> list[Any]:
        """Run one statement; return the rows it yields, if any. Raises StoreError."""
        text, names = query(sql)
        try:
            return list(await self._writer.fetch(text, *bound(names, params)))
        except ALL as problem:
            raise store_error(problem) from problem


async def _rolled_back(writer: asyncpg.Connection) -> None:
    if writer.is_closed():
        return
    try:
        await writer.execute("ROLLBACK")
    except ALL:
        writer.terminate()


@contextlib.asynccontextmanager
async def open_transactions(
    place: Place, package: str, network: str = "", *, new_keys: bool = False
) -> AsyncIterator[PostgresTransactions]:
    """Open the tables in a database, and bring them to the newest schema of `package` first; others may have them open.

    Raises StateError, with what to do, when it cannot be used (NotNow: at present), or knows other keys than those of
    `network`, unless they are `new_keys` in their place.
    """
    with explained(place):
        await prepare_tables(place, package, network, new_keys=new_keys)
        readers = await reading(place)
        tables = PostgresTransactions(place, readers)
        try:
            await tables.begin()
            yield tables
        finally:
            await tables.end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_S):
                    await readers.close()


@contextlib.asynccontextmanager
async def nobody_at_work(
    place: Place, network: str, moving_to: str = ""
) -> AsyncIterator[asyncpg.Connection]:
    """Let nobody work in the tables while the block runs; yield the connection that sees to that.

    Raises Taken while somebody does, StateError when they were moved elsewhere than `moving_to`, or are of a network
    with other keys than `network`.
    """
    with explained(place):
        connection = await connect(place, synchronous_commit="on")
        try:
            if not await connection.fetchval(_ALONE, place.schema):
                raise Taken(f"{place} is in use by a Registry. Stop it first, or choose another database.")
            await check_here(connection, place, moving_to)
            await _check_keys(connection, place, network)
            yield connection
        finally:
            await connection.close()


async def still_alone(alone_there: asyncpg.Connection) -> None:
    """Return if nobody can have begun since `nobody_at_work`. Raises what the library raises."""
    await alone_there.fetchval("SELECT 1")


async def mark_moved(alone_there: asyncpg.Connection, there: str) -> None:
    """Note where the tables are from now on: no Registry begins here again. Raises what the library raises.

    On the connection of `nobody_at_work`: once that is lost, somebody may be at work again.
    """
    async with alone_there.transaction():
        for sql in (*_TABLES, "DELETE FROM moved"):
            await alone_there.execute(sql)
        await alone_there.execute("INSERT INTO moved (there) VALUES ($1)", there)


async def check_here(connection: asyncpg.Connection, place: Place, moving_to: str = "") -> None:
    """Raise StateError when the tables were moved elsewhere than `moving_to`."""
    if await connection.fetchval("SELECT to_regclass('moved')") is not None:
        _check_here(place, await connection.fetchval(_MOVED), moving_to)


def _check_here(place: Place, moved: str | None, moving_to: str = "") -> None:
    # A move that was broken off is begun again by the same command.
    if moved not in (None, moving_to):
        raise StateError(
            f"the Registry's tables of {place} were moved to {moved} (evcharge migrate --books registry --to file): "
            "what is here is older. Start the Registry there, or name an empty database or another schema."
        )


async def prepare_tables(
    place: Place, package: str, network: str = "", *, new_keys: bool = False, moving_to: str = ""
) -> None:
    """Bring a database to the newest schema of `package`, unless its tables were moved elsewhere than `moving_to`.

    Raises StateError, and what the library raises.
    """
    async with alone(place) as connection:
        await migrate(connection, place, package)
        for sql in _TABLES:
            await connection.execute(sql)
        _check_here(place, await connection.fetchval(_MOVED), moving_to)
        if not new_keys:
            await _check_keys(connection, place, network)
        if network:
            await connection.execute(_KNOW, network)
        await connection.execute(_FORGET)


async def _check_keys(connection: asyncpg.Connection, place: Place, network: str) -> None:
    """Raise StateError when the tables are of a network that has other keys."""
    if await connection.fetchval("SELECT to_regclass('network')") is None:
        return
    known = await connection.fetchval(_KNOWN) or ""
    if files := other_files(network, known, REGISTRY_KEY_FILES):
        raise StateError(
            f"{place} belongs to a network with other keys: {', '.join(files)} of this state folder differ. "
            "Copy the state folder of a Registry there, but not registry/registry.db; if yours replace its keys, "
            "start the Registry once with --new-keys."
        )
