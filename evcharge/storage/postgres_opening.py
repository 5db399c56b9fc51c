"""A database of PostgreSQL before it is used: whether it will do, and which schema it has and gets."""

import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg

from evcharge.domain.errors import NotNow, StateError
from evcharge.storage import postgres_schema
from evcharge.storage.database import schema_steps
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_errors import ALL, store_error
from evcharge.storage.postgres_place import PASSWORD_FILE, Place
from evcharge.storage.store_errors import StoreAway, StoreError

_LEAST_VERSION = (12, 0)
_SYNCHRONOUS = ("on", "remote_write", "remote_apply")


@contextlib.contextmanager
def explained(place: Place) -> Iterator[None]:
    """Let what a database does not do leave the block as a StateError with what to do; NotNow: at present."""
    try:
        yield
    except StoreError as problem:
        kind = NotNow if isinstance(problem, StoreAway) else StateError
        raise kind(f"{place}: {problem}.") from problem
    except ALL as problem:
        kind = NotNow if isinstance(store_error(problem), StoreAway) else StateError
        raise kind(why(place, problem)) from problem


def why(place: Place, problem: BaseException) -> str:
    """Return in a sentence why a database cannot be used."""
    match problem:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return (
                f"{place} refuses the login: check the user, and the password in EVCHARGE_DATABASE_PASSWORD "
                f"or in {place.section}/{PASSWORD_FILE} of the state folder."
            )
        case asyncpg.InvalidCatalogNameError():
            return f"{place}: there is no such database. Make it first, or correct `database`."
        case asyncpg.InsufficientPrivilegeError():
            return f"{place}: this user may not create tables there. Let it own the database or the schema."
        case asyncpg.CannotConnectNowError() | asyncpg.TooManyConnectionsError():
            return f"{place} accepts no connections at present. Try again in a moment."
        case asyncpg.TargetServerAttributeNotMatched() if len(place.hosts) > 1:
            return f"{place}: none of these servers is the primary at present. Promote one of them."
        case asyncpg.TargetServerAttributeNotMatched():
            return f"{place} is a standby, which cannot be written. Name the primary."
        case ssl.SSLCertVerificationError():
            return (
                f"{place}: its certificate is not one that we trust for this host. "
                "Name the file of its authority with `database_ca_file`."
            )
        case asyncpg.PostgresError():
            return f"{place}: {store_error(problem)}."
        case _:
            return f"{place} cannot be reached: is it running, and is `database` its address?"


@contextlib.asynccontextmanager
async def alone(place: Place) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection inside a transaction that one process at a time has, in the schema of the tables."""
    # Whoever freezes here holds up the others only so long: the heir of a Central that did needs the tables, too.
    connection = await connect(place, idle_in_transaction_session_timeout="5s")
    try:
        await check(connection, place)
        # One of those who start at once makes the tables; the others find them made.
        async with connection.transaction():
            lock = "SELECT pg_advisory_xact_lock(hashtextextended('evcharge schema ' || $1, 0))"
            await connection.execute(lock, place.schema)
            if await connection.fetchval("SELECT to_regnamespace($1)", place.schema) is None:
                await connection.execute(f'CREATE SCHEMA "{place.schema}"')
            yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def asking(place: Place) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Yield what answers a question with one value, before anybody has opened the tables. Raises StateError."""
    with explained(place):
        connection = await connect(place)
        try:
            yield connection.fetchval
        finally:
            await connection.close()


async def look(
    place: Place, package: str, check_here: Callable[[asyncpg.Connection, Place], Awaitable[None]]
) -> int | None:
    """Return the schema of the tables in a database, None where it has none yet. Nothing there changes.

    Raises StateError, with what to do, where its service would not start; `check_here`: as they were moved away.
    """
    with explained(place):
        connection = await connect(place)
        try:
            await check(connection, place)
            if (found := await version_of(connection, place, package)) is not None:
                await check_here(connection, place)
            return found
        finally:
            await connection.close()


async def check(connection: asyncpg.Connection, place: Place) -> None:
    """Raise StateError where what is confirmed may be lost, or nothing can be written (NotNow: at present)."""
    version = connection.get_server_version()
    if (version.major, version.minor) < _LEAST_VERSION:
        raise StateError(f"{place} is version {version.major}; evcharge needs {_LEAST_VERSION[0]} or newer.")
    for setting, good in (
        ("fsync", ("on",)),
        ("full_page_writes", ("on",)),
        ("synchronous_commit", _SYNCHRONOUS),
    ):
        found = await connection.fetchval(f"SHOW {setting}")
        if found not in good:
            raise StateError(
                f"{place} runs with {setting} = {found}: what it confirms may be lost. "
                f"Set {setting} = on, then start again."
            )
    if await connection.fetchval("SHOW server_encoding") != "UTF8":
        raise StateError(f"{place} does not store UTF-8. Create the database with ENCODING 'UTF8'.")
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        # It may become the primary.
        raise NotNow(f"{place} is a standby, which cannot be written. Name the primary.")
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        raise StateError(
            f"{place} may only be read by this user. Set default_transaction_read_only = off for it."
        )


async def migrate(connection: asyncpg.Connection, place: Place, package: str) -> None:
    """Bring the tables to the newest schema, inside a transaction that only one has at a time. Raises StateError."""
    have = await version_of(connection, place, package)
    steps = postgres_schema.whole(package) if have is None else postgres_schema.later(package, have)
    if script := ";\n".join(steps):
        await connection.execute(script)


async def version_of(connection: asyncpg.Connection, place: Place, package: str) -> int | None:
    """Return which schema a database has; None when it has none.

    Raises StateError for another one's tables, or a newer schema than ours.
    """
    if await connection.fetchval("SELECT to_regclass('schema_version')") is None:
        return None
    first = re.search(r"CREATE TABLE (\w+)", "".join(schema_steps(package)[0][1]))
    if first is None or await connection.fetchval("SELECT to_regclass($1)", first[1]) is None:
        raise StateError(
            f"{place} holds the books of another service: name another schema, as in ?schema={place.section}."
        )
    have, newest = await connection.fetchval("SELECT n FROM schema_version"), postgres_schema.newest(package)
    if have > newest:
        raise StateError(
            f"{place} has schema {have}, written by a newer evcharge; this one knows {newest}. "
            "Update evcharge, or use another database."
        )
    return int(have)
