"""Books in PostgreSQL: one connection that writes, a few that only read.

A commit is one call of a function of the server; its first statement is the fence (`central`, one row): it counts the
commits, and belongs to one process, so that a Central that was taken for dead stores nothing any more, and a commit
whose answer was lost is found by its number.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import asyncpg
import msgspec

from evcharge.domain.errors import NotNow, StateError, Taken
from evcharge.storage import postgres_schema
from evcharge.storage.members import Me, Membership, Waiting
from evcharge.storage.postgres_connection import CONNECT_S, connect, reading
from evcharge.storage.postgres_errors import ALL, store_error
from evcharge.storage.postgres_lease import Lease, held, make_tables
from evcharge.storage.postgres_opening import alone, explained, migrate, version_of
from evcharge.storage.postgres_place import Place
from evcharge.storage.postgres_statements import LEASE_S, bound, commit_function, fence, query, single, sql_of
from evcharge.storage.statements import Params, Sql, Statement, Writes, is_versioned
from evcharge.storage.store_errors import (
    StoreBroken,
    StoreDeposed,
    StoreInDoubt,
    StoreStale,
    StoreUnwritable,
)

log = logging.getLogger(__name__)

# How long a commit whose answer was lost is looked for, before its caller is told that the database is away.
_DOUBT_S = 10.0
_AGAIN_S = 0.2
# How long one waits for the end of a Central that was killed just now.
_FREE_WITHIN_S = LEASE_S + 2.0
# A new connection gets a new epoch: what was sent over the one before, and lies there yet, is stored no more.
_TAKE_AGAIN = "UPDATE central SET epoch = epoch + 1 WHERE name = $1 AND owner = $2 RETURNING epoch, commits"
_FENCE = fence("$1", "$2", "$3", "$4")
_encode = msgspec.json.Encoder().encode


class PostgresBooks:
    """Open books (`storage/books.Books`)."""

    def __init__(
        self, place: Place, lease: Lease, readers: asyncpg.Pool, statements: Sequence[Statement], package: str
    ) -> None:
        self.name = str(place)
        self._place = place
        self._lease = lease
        self._readers = readers
        self._types = postgres_schema.columns(package)
        self._numbers = {statement: number for number, statement in enumerate(statements)}
        self._function, _ = commit_function(statements, self._types)
        self._epoch, self._commits = lease.epoch, lease.commits
        # The number of a commit of which nobody knows whether it was stored.
        self._doubt: int | None = None
        self._writer: asyncpg.Connection | None = None
        self._lock = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()

    # ---- opening and closing

    @property
    def membership(self) -> Membership | None:
        """Return the place of this Central among those on the same database."""
        return self._lease

    async def move(self) -> None:
        """Note that these books are elsewhere from now on (`Me.moving_to`). Raises StoreError."""
        try:
            await self._lease.move()
        except ALL as problem:
            raise store_error(problem) from problem

    async def stays(self, connection: asyncpg.Connection) -> None:
        """Let nobody else begin with these books until the transaction of `connection` is over.

        Raises StoreDeposed when somebody has, and what the library raises.
        """
        await self._lease.stays(connection)

    async def end(self) -> None:
        """Store what is under way, and leave."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        if self._writer is not None:
            with contextlib.suppress(*ALL):
                await self._writer.close(timeout=CONNECT_S)

    async def _connected(self) -> asyncpg.Connection:
        try:
            return await connect(
                self._place,
                lock_timeout="3s",
                idle_in_transaction_session_timeout="5s",
                synchronous_commit="on",
            )
        except StateError as problem:
            # A file on the way there can be read no more; it may be again.
            raise StoreUnwritable(problem.text, sentence=problem.text.rstrip(".")) from problem

    # ---- reading

    async def read(self, sql: str, params: Params | None = None) -> list[Any]:
        """Return all rows of a query, seeing only what is committed. Raises StoreError."""
        text, names = query(sql)
        values = bound(names, params)
        try:
            async with self._readers.acquire(timeout=CONNECT_S) as connection:
                return list(await connection.fetch(text, *values))
        except ALL as problem:
            raise store_error(problem) from problem

    # ---- writing

    async def commit(self, writes: Sequence[Writes], partitions: Collection[int] = (), /) -> None:
        """Store all of `writes`, in order, or nothing; return once it is known to be stored. Raises StoreError.

        `partitions` are those whose points it is about. Whoever is cancelled meanwhile does not stop it.
        """
        task = asyncio.get_running_loop().create_task(self._one_by_one(writes, partitions))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()

    async def _one_by_one(self, writes: Sequence[Writes], partitions: Collection[int]) -> None:
        async with self._lock:
            try:
                await self._stored_next(writes, partitions)
            except StoreDeposed as problem:
                self._lease.lose(str(problem))
                raise

    async def _stored_next(self, writes: Sequence[Writes], partitions: Collection[int]) -> None:
        if self._doubt is not None:
            await self._settle(self._doubt)
        k = self._commits + 1
        try:
            writer = await self._writing()
        except ALL as problem:
            raise store_error(problem) from problem
        try:
            await self._send(writer, k, writes, partitions)
        except ALL as problem:
            if isinstance(problem, asyncpg.PostgresError) and not writer.is_closed():
                told = store_error(problem)
                if isinstance(told, StoreUnwritable):
                    # A session keeps what it began with: the next one has what an administrator has set since.
                    writer.terminate()
                raise told from problem
            if not await self._found(k):
                raise store_error(problem) from problem
        self._commits = k

    async def _send(
        self, writer: asyncpg.Connection, k: int, writes: Sequence[Writes], partitions: Collection[int]
    ) -> None:
        fenced = (self._lease.me.name, self._epoch, k, list(partitions))
        numbers = self._numbers
        steps = [
            (numbers[statement], single(statement, rows))
            for statement, rows in writes
            if not isinstance(statement, Sql) and statement in numbers
        ]
        if len(steps) == len(writes):
            sql = f"SELECT {self._function}($1, $2, $3, $4, $5)"
            await writer.execute(sql, *fenced, _encode(steps).decode())
            return
        async with writer.transaction():
            if await writer.execute(_FENCE, *fenced) != "UPDATE 1":
                raise StoreDeposed("the row of the fence is another one's")
            for statement, rows in writes:
                if isinstance(statement, Sql):
                    text, names = query(statement.text)
                    for row in rows:
                        await writer.execute(text, *bound(names, row))
                else:
                    text = sql_of(statement, self._types[statement.table], "$1::jsonb")
                    given = single(statement, rows)
                    done = await writer.execute(text, _encode(given).decode())
                    if is_versioned(statement) and int(done.split()[-1]) < len(given):
                        raise StoreStale(f"{done}, of {len(given)}")

    async def _writing(self) -> asyncpg.Connection:
        """Return the connection that writes; a new one takes the books again. Raises StoreDeposed."""
        if self._writer is not None and not self._writer.is_closed():
            return self._writer
        writer = await self._connected()
        try:
            row = await writer.fetchrow(_TAKE_AGAIN, self._lease.me.name, self._lease.owner)
        except BaseException:
            # Kept by nobody: one more each time, until the database takes none.
            writer.terminate()
            raise
        if row is None:
            await writer.close()
            raise StoreDeposed("the row of the fence is another one's")
        self._epoch, self._writer = row["epoch"], writer
        if self._doubt is None and row["commits"] != self._commits:
            raise StoreBroken(f"{row['commits']} commits are stored, of {self._commits}")
        return writer

    async def _found(self, k: int) -> bool:
        """Return whether commit `k` was stored, whose answer was lost. Raises StoreInDoubt: nobody knows yet."""
        if self._writer is not None:
            self._writer.terminate()
        self._doubt = k
        loop = asyncio.get_running_loop()
        until = loop.time() + _DOUBT_S
        while True:
            try:
                stored = await self._stored()
            except ALL as problem:
                if loop.time() > until:
                    raise StoreInDoubt(str(store_error(problem))) from problem
                await asyncio.sleep(_AGAIN_S)
            else:
                self._doubt = None
                if stored not in (k - 1, k):
                    raise StoreBroken(f"{stored} commits are stored, of {k}")
                return stored == k

    async def _settle(self, k: int) -> None:
        """Find out about a commit of which nobody knew whether it was stored. Raises StoreError."""
        try:
            stored = await self._stored()
        except ALL as problem:
            raise store_error(problem) from problem
        if stored != k - 1:
            # What is in memory lacks it: whoever leads next reads it, and may be this one.
            raise StoreDeposed(
                f"commit {k} was stored after all", sentence="what was in doubt had been stored after all"
            )
        self._doubt = None

    async def _stored(self) -> int:
        writer = await self._writing()
        return int(await writer.fetchval("SELECT commits FROM central WHERE name = $1", self._lease.me.name))


@contextlib.asynccontextmanager
async def open_postgres(
    place: Place,
    package: str,
    statements: Sequence[Statement],
    me: Me | None = None,
    waiting: Waiting | None = None,
    *,
    again: bool = False,
) -> AsyncIterator[PostgresBooks]:
    """Open the books in a database as the one that writes, and bring it to the newest schema of `package` first.

    `statements` are those that are stored in one call. While another one writes, `waiting` has the word; `again`, as it
    has been here before, also while the database is away. Raises StateError, with what to do, when it cannot be used
    (NotNow: at present); without `waiting`, Taken as well.
    """
    # Found out now, and kept: a take-over must not wait for it.
    postgres_schema.columns(package)
    with explained(place):
        async with held(place, me or Me(passing=True), functools.partial(ready, place, package)) as lease:
            if not await _at_once(lease, _FREE_WITHIN_S if waiting is None else 0.0, again=again):
                if waiting is None:
                    other = lease.leader.name if lease.leader is not None else ""
                    raise Taken(
                        f"{place} is in use by Central {other}. Stop it first, or choose another database."
                    )
                await waiting(lease)
            await prepare(place, package, statements)
            readers = await reading(place)
            books = PostgresBooks(place, lease, readers, statements, package)
            try:
                yield books
            finally:
                await books.end()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CONNECT_S):
                        await readers.close()


async def _at_once(lease: Lease, within_s: float, *, again: bool) -> bool:
    """Return whether we lead without waiting for another one, or `again` for the database."""
    try:
        await lease.join()
        return await lease.takes(within_s)
    except (NotNow, *ALL):
        if not again:
            raise
        return False


async def ready(place: Place, package: str) -> None:
    """Let a database hold the leases of Centrals, unless its books are of a newer release.

    Raises StateError, and what the library raises.
    """
    async with alone(place) as connection:
        await version_of(connection, place, package)
        await make_tables(connection)


async def prepare(place: Place, package: str, statements: Sequence[Statement]) -> None:
    """Bring a database to the newest schema: only the Central that leads does, or nobody is at work.

    Raises StateError, and what the library raises.
    """
    async with alone(place) as connection:
        await make_tables(connection)
        await migrate(connection, place, package)
        _, function = commit_function(statements, postgres_schema.columns(package))
        await connection.execute(function)
