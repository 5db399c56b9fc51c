"""The books of the servers that Central is compared with: SQLite, as durable as Central's own."""

import asyncio
from collections.abc import Sequence

import aiosqlite


class RivalBooks:
    """One connection; one change at a time, since a cursor of aiosqlite may not be dropped while another works."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def start(self, cp_id: str, driver_id: str, at: str, meter_wh: int) -> int:
        """Keep a start; return the number of its session."""
        return await self._keep(
            "INSERT INTO session (cp_id, driver_id, started_at, start_wh) VALUES (?, ?, ?, ?)",
            (cp_id, driver_id, at, meter_wh),
        )

    async def reading(self, session: int, at: str, power_w: float, energy_wh: float) -> None:
        """Keep a reading."""
        await self._keep("INSERT INTO reading VALUES (?, ?, ?, ?)", (session, at, power_w, energy_wh))

    async def _keep(self, sql: str, values: Sequence[object]) -> int:
        async with self._turn:
            async with self._connection.execute(sql, values) as cursor:
                number = cursor.lastrowid
            await self._connection.commit()
        return number or 0


async def opened(path: str) -> RivalBooks:
    """Open them, made anew."""
    books = await aiosqlite.connect(path)
    await books.executescript(
        """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE session (
            id INTEGER PRIMARY KEY, cp_id TEXT, driver_id TEXT, started_at TEXT, start_wh INTEGER
        );
        CREATE TABLE reading (session INTEGER, at TEXT, power_w REAL, energy_wh REAL);
        CREATE INDEX reading_by_session ON reading (session);
        """
    )
    return RivalBooks(books)
