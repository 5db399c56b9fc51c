"""Tables in PostgreSQL for writes that read first: whole transactions, one after the other, whoever is at work there.

Each takes an advisory lock before it reads: then what it read still holds when it is stored, as in SQLite, where one
process has the file. Whether a transaction was stored whose answer was lost is asked of the server by its number.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from evcharge.domain.errors import StateError, Taken
from evcharge.runtime.waiting import uninterrupted
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
# Its number is the server's, and known to it long after the connection is gone.
_BEGIN = (
    "SELECT txid_current() FROM (SELECT pg_advisory_xact_lock("
    "hashtextextended('evcharge transaction ' || $1, 0))) AS locked"
)
# Whoever works in the tables has a share of this; whoever moves them away has it alone.
_AT_WORK = "hashtextextended('evcharge at work ' || $1, 0)"
_SHARE = f"SELECT pg_try_advisory_lock_shared({_AT_WORK})"
_ALONE = f"SELECT pg_try_advisory_lock({_AT_WORK})"
_STATUS = "SELECT txid_status($1)"
_UNDER_WAY = "in progress"


class PostgresTransactions:
    """Open tables (`storage/books.Transactions`)."""

    def __init__(self, place: Place, readers: asyncpg.Pool) -> None:
        self.name = str(place)
        self._place = place
        self._readers = readers
        self._writer: asyncpg.Connection | None = None
        self._lock = asyncio.Lock()

    async def read(self, sql: str, params: Params | None = None) -> list[Any]:
        """Return all rows of a query, seeing only what is committed. Raises StoreError."""
        text, names = query(sql)
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
        """Be at work: nobody moves the tables meanwhile. Raises StoreError."""
        await self._writing()

    async def _writing(self) -> asyncpg.Connection:
        if self._writer is None or self._writer.is_closed():
            try:
                writer = await connect(
                    self._place,
                    lock_timeout=_LOCKED,
                    idle_in_transaction_session_timeout=_PAUSED,
                    synchronous_commit="on",
                )
                try:
                    is_ours = await writer.fetchval(_SHARE, self._place.schema)
                except BaseException:
                    writer.terminate()
                    raise
                if not is_ours:
                    await writer.close()
                    raise StoreBusy("the tables are being moved")
                self._writer = writer
            except StateError as problem:
                # A file on the way there can be read no more; it may be again.
                raise StoreUnwritable(problem.text, sentence=problem.text.rstrip(".")) from problem
            except ALL as problem:
                raise store_error(problem) from problem
        return self._writer

    async def _begun(self, writer: asyncpg.Connection) -> int:
        try:
            await writer.execute("BEGIN")
            # By itself: what comes next sees all that was stored while this waited.
            return int(await writer.fetchval(_BEGIN, self._place.schema))
        except ALL as problem:
            raise store_error(problem) from problem

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
            why: BaseException | None = None
            try:
                status = await (await self._writing()).fetchval(_STATUS, number)
                if status != _UNDER_WAY:
                    return bool(status == "committed")
            except asyncpg.InvalidParameterValueError:
                return False  # a server that has not come as far has not stored it
            except (StoreError, *ALL) as problem:
                why = problem
            if loop.time() > until:
                raise StoreInDoubt(str(why or _UNDER_WAY)) from why
            await asyncio.sleep(_AGAIN_S)


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
async def open_transactions(place: Place, package: str) -> AsyncIterator[PostgresTransactions]:
    """Open the tables in a database, and bring them to the newest schema of `package` first; others may have them open.

    Raises StateError, with what to do, when it cannot be used (NotNow: at present).
    """
    with explained(place):
        await prepare_tables(place, package)
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
async def nobody_at_work(place: Place) -> AsyncIterator[None]:
    """Let nobody work in the tables while the block runs. Raises Taken while somebody does."""
    with explained(place):
        connection = await connect(place)
        try:
            if not await connection.fetchval(_ALONE, place.schema):
                raise Taken(f"{place} is in use by a Registry. Stop it first, or choose another database.")
            yield
        finally:
            await connection.close()


async def prepare_tables(place: Place, package: str) -> None:
    """Bring a database to the newest schema of `package`. Raises StateError, and what the library raises."""
    async with alone(place) as connection:
        await migrate(connection, place, package)
