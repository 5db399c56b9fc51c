"""A connection to PostgreSQL as everything here has it."""

import asyncio
from typing import Any

import asyncpg

from evcharge.storage.postgres_place import Place

CONNECT_S = 5.0
# A commit takes no longer; after that its connection is given up.
COMMIT_S = 20.0
# A read takes no longer; after that its connection is given up.
_READ_S = 60.0
_READERS = 3
_KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}


def options(place: Place, **settings: str) -> dict[str, Any]:
    """Return what the library wants to know to get there; `settings` are the server's for this session."""
    named = {"application_name": "evcharge", "search_path": place.schema, **_KEEPALIVE, **settings}
    return {
        "user": place.user or None,
        # Asked for at each connection.
        "password": place.secret if place.password_file is not None else place.password,
        "database": place.database or None,
        "timeout": CONNECT_S,
        "server_settings": named,
    }


async def connect(place: Place, **settings: str) -> asyncpg.Connection:
    """Return a new connection. Raises what the library raises, and StateError."""
    # How long one of ours may take is ours to say: what is set for this user is meant for people.
    named = {"statement_timeout": "0"} | settings
    connection = await dial(place, **options(place, **named), command_timeout=COMMIT_S)
    await take_numbers(connection)
    return connection


async def dial(place: Place, **wanted: Any) -> asyncpg.Connection:
    """Connect to a host; of several, to the one that may be written. Raises what the library raises, and StateError."""
    if len(place.hosts) == 1:
        return await _dial(place, place.hosts[0], **wanted)
    # All at once: one that does not answer would use up the time of those after it.
    loop = asyncio.get_running_loop()
    dialling = [
        loop.create_task(_dial(place, one, target_session_attrs="primary", **wanted)) for one in place.hosts
    ]
    found: asyncpg.Connection | None = None
    try:
        waiting = set(dialling)
        while waiting and found is None:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            found = next((one.result() for one in done if one.exception() is None), None)
    finally:
        for one in dialling:
            one.cancel()
        ended = await asyncio.gather(*dialling, return_exceptions=True)
        for other in ended:
            if isinstance(other, asyncpg.Connection) and other is not found:
                other.terminate()
    if found is None:
        problems = [problem for problem in ended if isinstance(problem, Exception)]
        # One that answers says more than one that does not; and one that is the primary more than a standby.
        raise min(problems, key=_says_little)
    return found


def _says_little(problem: Exception) -> int:
    if isinstance(problem, asyncpg.TargetServerAttributeNotMatched):
        return 1
    return 0 if isinstance(problem, asyncpg.PostgresError) else 2


async def _dial(place: Place, at: tuple[str, int], **wanted: Any) -> asyncpg.Connection:
    host, port = at
    return await asyncpg.connect(host=host or None, port=port, ssl=place.tls(host) or False, **wanted)


async def reading(place: Place) -> asyncpg.Pool:
    """Return a few connections that only read. Raises as `connect` does."""

    async def connected(_dsn: None, **wanted: Any) -> asyncpg.Connection:
        return await dial(place, **wanted)

    return await asyncpg.create_pool(
        connect=connected,
        **options(place, default_transaction_read_only="on"),
        command_timeout=_READ_S,
        # It keeps none ready: that the database is away is found by who reads, and told in our words.
        min_size=0,
        max_size=_READERS,
        init=take_numbers,
    )


async def take_numbers(connection: asyncpg.Connection) -> None:
    """Read a numeric as a number: a sum of whole numbers is one there, and a whole number here."""
    await connection.set_type_codec(
        "numeric",
        schema="pg_catalog",
        format="text",
        encoder=str,
        decoder=lambda text: int(text) if text.lstrip("-").isdecimal() else float(text),
    )
