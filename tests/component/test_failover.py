"""Two Centrals whose PostgreSQL has a synchronous standby: its primary is switched off, and the standby promoted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from evcharge.central.books import setup
from evcharge.central.books.rows import STATEMENTS
from evcharge.domain.errors import NotNow
from evcharge.storage import postgres_books
from evcharge.storage.members import Me, Membership
from evcharge.storage.postgres_books import PostgresBooks, open_postgres
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_place import Place
from evcharge.storage.statements import Put
from evcharge.storage.store_errors import StoreError
from tests import postgres

pytestmark = pytest.mark.timeout(120)

PUT = Put("order_taken", ("command_id", "at"))
WITHIN_S = 60.0


class Pair:
    """A primary and the standby that follows it; Centrals know both by one address."""

    def __init__(self, first: str, second: str, data: Path) -> None:
        self.first, self.second, self._heir = first, second, data
        far = urlsplit(second).netloc.rpartition("@")[2]
        self.place = Place(url=first.replace("/postgres", f",{far}/postgres"))

    async def fails_over(self) -> None:
        """Switch the primary off, and promote the other one."""
        await asyncio.to_thread(postgres.stop, self._primary)
        with pytest.raises(NotNow):  # what nobody can write is waited for
            async with open_postgres(self.place, setup.SCHEMA, STATEMENTS, Me(name="C")):
                pass
        await asyncio.to_thread(postgres.promote, self._heir)

    async def follows(self) -> None:
        """From now on nothing is confirmed that the standby does not have."""
        connection = await connect(Place(url=self.first))
        try:
            self._primary = Path(await connection.fetchval("SHOW data_directory"))
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            await connection.execute("SELECT pg_reload_conf()")
            async with asyncio.timeout(WITHIN_S):
                state = "SELECT sync_state FROM pg_stat_replication"
                while await connection.fetchval(state) != "sync":
                    await asyncio.sleep(0.02)
        finally:
            await connection.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres.server() as first, postgres.hot_standby(first) as (second, data):
        yield Pair(first, second, data)


async def test_nothing_confirmed_is_lost_when_the_database_fails_over(
    pair: Pair, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Both Centrals go on at the new primary, by the address that they have."""
    # Also where that takes long, it is found out what became of the commit under way.
    monkeypatch.setattr(postgres_books, "_DOUBT_S", 80.0)
    await pair.follows()
    confirmed: list[str] = []

    async def put(books: PostgresBooks, name: str) -> None:
        """Store it, however often that takes."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    await books.commit([(PUT, [(name, "t")])])
                except StoreError:
                    await asyncio.sleep(0.02)
                else:
                    confirmed.append(name)
                    return

    async def flows(books: PostgresBooks) -> None:
        for n in range(10_000):
            await put(books, f"{n:05}")

    async def stands_by(membership: Membership) -> None:
        standing_by.set()
        await membership.waits()

    async def follow() -> None:
        async with open_postgres(pair.place, setup.SCHEMA, STATEMENTS, Me(name="B"), stands_by) as books:
            leads.set_result([row[0] for row in await books.read("SELECT command_id FROM order_taken")])

    standing_by, leads = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with open_postgres(pair.place, setup.SCHEMA, STATEMENTS, Me(name="A"), stands_by) as books:
        heir = asyncio.create_task(follow())
        async with asyncio.timeout(WITHIN_S):
            await standing_by.wait()
        flow = asyncio.create_task(flows(books))
        while len(confirmed) < 50:
            await asyncio.sleep(0)
        await pair.fails_over()
        there = len(confirmed)
        async with asyncio.timeout(WITHIN_S):
            while len(confirmed) < there + 50:
                await asyncio.sleep(0)
        flow.cancel()
        await asyncio.wait([flow])
        read = [row[0] for row in await books.read("SELECT command_id FROM order_taken")]
        assert set(confirmed) <= set(read)
    # In our own words, and not the library's.
    assert [one.getMessage() for one in caplog.records if one.name.startswith("asyncpg")] == []
    # B has found its way, too.
    async with asyncio.timeout(WITHIN_S):
        await heir
    assert set(confirmed) <= set(leads.result())
