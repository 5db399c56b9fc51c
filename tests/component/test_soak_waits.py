"""What the soak waits for before it judges: not only the books, which may not know what they lack."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.cp.engine.health_port import HealthPort
from evcharge.security import secret_files
from tests.component.point import SECRET
from tests.component.test_health_port import Idle
from tests.system.soak import POINTS, Soak

TABLES = """
CREATE TABLE session (session_id, state);
CREATE TABLE inbox (ticket);
CREATE TABLE cp (cp_id, journal_id);
CREATE TABLE journal (cp_id, journal_id, last_seq);
"""
POINT_IDS = [f"CP{number:03}" for number in range(1, POINTS + 1)]


@pytest.fixture
def books() -> sqlite3.Connection:
    """Books that have all that the engines have written."""
    books = sqlite3.connect(":memory:")
    books.executescript(TABLES)
    for cp_id in POINT_IDS:
        books.execute("INSERT INTO cp VALUES (?, 'now')", (cp_id,))
        books.execute("INSERT INTO journal VALUES (?, 'before', 9), (?, 'now', 7)", (cp_id, cp_id))
    return books


@pytest.fixture
async def soak(tmp_path: Path, books: sqlite3.Connection) -> AsyncIterator[Soak]:
    """A soak whose engines all have written 7 records."""
    port = HealthPort("CP001", Idle())
    port.use(SECRET)
    for cp_id in POINT_IDS:
        folder = tmp_path / "cp" / cp_id
        folder.mkdir(parents=True)
        secret_files.replace_secret(folder / "secret", SECRET)
    async with port.listening("127.0.0.1", 0) as number:
        city = SimpleNamespace(
            engine=None,
            driver=None,
            state=tmp_path,
            health_ports=dict.fromkeys(POINT_IDS, number),
            books=lambda sql: books.execute(sql).fetchall(),
        )
        yield Soak(city, tmp_path / "services.txt", 7)


async def test_when_all_has_arrived_nothing_is_on_its_way(soak: Soak):
    assert await soak.on_its_way() == []


async def test_open_sessions_and_tickets_that_nobody_has_seen_are_on_their_way(
    soak: Soak, books: sqlite3.Connection
):
    books.execute("INSERT INTO session VALUES ('S-1', 'CHARGING'), ('S-2', 'DONE')")
    books.execute("INSERT INTO inbox VALUES ('a ticket')")
    assert await soak.on_its_way() == ["S-1 is CHARGING", "1 tickets are unseen"]


async def test_what_only_an_engine_knows_is_on_its_way(soak: Soak, books: sqlite3.Connection):
    books.execute("UPDATE journal SET last_seq = 5 WHERE cp_id = 'CP002' AND journal_id = 'now'")
    # Restored to before this one was ever met.
    books.execute("DELETE FROM cp WHERE cp_id = 'CP003'")
    assert await soak.on_its_way() == [
        "CP002 has written 7 records, of which 5 arrived",
        "CP003 has written 7 records, of which 0 arrived",
    ]
