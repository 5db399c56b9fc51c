"""The books of the servers that Central is compared with: SQLite, as durable as Central's own."""

import aiosqlite


async def opened(path: str) -> aiosqlite.Connection:
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
    return books
