"""What tests see of a Registry: its tables, its tickets, its answers to bare connections."""

import asyncio
import contextlib
import sqlite3
import ssl

from evcharge.evc1.tickets import TicketOpener
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files
from evcharge.security.tls import client_context


def rows(state, sql, *values):
    with contextlib.closing(sqlite3.connect(state / "registry" / "registry.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def audit_rows(state):
    return rows(state, "SELECT * FROM events ORDER BY n")


def opened(registry, answer):
    keys = secret_files.read_keys(registry.state / "service.key")
    return TicketOpener(keys).open(answer.body["ticket"], utc_now().timestamp())


async def connection(registry):
    tls = client_context(registry.state / "ca.pem")
    return await asyncio.open_connection("127.0.0.1", registry.port, ssl=tls)


async def closed_with(reader, writer):
    """Return what still comes until the Registry closes."""
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except (ConnectionError, ssl.SSLError):
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
