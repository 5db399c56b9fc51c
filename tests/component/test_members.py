"""Two Centrals on one PostgreSQL: who leads, how one takes over, and what becomes of the one before."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import asyncpg
import pytest

from evcharge.central.books import setup
from evcharge.central.books.rows import STATEMENTS
from evcharge.domain.errors import Deposed, NotNow, StateError, Taken
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config
from evcharge.storage import postgres_books, postgres_lease, postgres_opening, postgres_statements
from evcharge.storage.members import Cause, Me, Membership
from evcharge.storage.postgres_books import PostgresBooks, open_postgres, ready
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_place import Place
from evcharge.storage.statements import Put, Sql, Writes
from evcharge.storage.store_errors import StoreDeposed
from tests.component import engines
from tests.component.way import Way

ENGINES = (engines.POSTGRES,)
PUT = Put("order_taken", ("command_id", "at"))
WITHIN_S = 30.0


async def wait(membership: Membership) -> None:
    """Stand by."""
    await membership.waits()


@contextlib.asynccontextmanager
async def opened(folder: Path, name: str, keys: str = "", **about_me: Any) -> AsyncIterator[PostgresBooks]:
    """The books of `folder`, once the Central `name` leads."""
    place = Place(url=engines.address(folder))
    async with asyncio.timeout(WITHIN_S):
        me = Me(name=name, keys=keys, **about_me)
        opening = open_postgres(place, setup.SCHEMA, STATEMENTS, me, wait)
        books = await opening.__aenter__()
    try:
        yield books
    finally:
        await opening.__aexit__(None, None, None)


async def put(books: PostgresBooks, name: str) -> None:
    await books.commit([(PUT, [(name, "t")])])


async def stored(books: PostgresBooks) -> list[str]:
    return [row[0] for row in await books.read("SELECT command_id FROM order_taken ORDER BY command_id")]


async def lead(folder: Path, name: str, partition: int) -> None:
    """Let `name` be the leader of another partition."""
    looking = await connect(Place(url=engines.address(folder)))
    await looking.execute(
        "INSERT INTO leader (name, since, cause, before, partition) VALUES ($1, clock_timestamp(), 'first', '', $2) "
        "ON CONFLICT (partition) DO UPDATE SET name = excluded.name",
        name,
        partition,
    )
    await looking.close()


class Heir:
    """A Central that stands by in a task, and leads when it can."""

    def __init__(self, folder: Path, name: str = "B", **about_me: Any) -> None:
        self.leads, self.end, self.books = asyncio.Event(), asyncio.Event(), None
        self.stands_by = asyncio.Event()
        self._task = asyncio.create_task(self._run(folder, Me(name=name, **about_me)))

    async def _run(self, folder: Path, me: Me) -> None:
        async def standing_by(membership: Membership) -> None:
            self.stands_by.set()
            await membership.waits()

        place = Place(url=engines.address(folder))
        async with open_postgres(place, setup.SCHEMA, STATEMENTS, me, standing_by) as self.books:
            self.leads.set()
            await self.end.wait()

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(WITHIN_S):
            await self.stands_by.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end.set()
        if not self.leads.is_set():
            self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def took_over(self) -> PostgresBooks:
        """Wait until it leads."""
        async with asyncio.timeout(WITHIN_S):
            await self.leads.wait()
        return self.books


def freeze(books: PostgresBooks) -> None:
    """Let the lease of a Central run out, as if its process had stopped."""
    books._lease._keeping.cancel()


async def test_the_second_stands_by_and_leads_at_once_when_the_first_hands_over(tmp_path: Path):
    async with opened(tmp_path, "A") as first:
        heir = Heir(tmp_path)
        async with heir:
            await put(first, "a")
            assert not heir.leads.is_set()
            lead, members = await first.membership.members()
            assert (lead.name, lead.cause) == ("A", Cause.FIRST)
            assert [(one.name, one.alive, one.leads) for one in members] == [
                ("A", True, True),
                ("B", True, False),
            ]
            await first._lease.leave()
            second = await heir.took_over()
            await put(second, "b")
            assert await stored(second) == ["a", "b"]
            lead, _ = await second.membership.members()
            assert (lead.name, lead.cause, lead.before) == ("B", Cause.HANDED_OVER, "A")


async def test_one_whose_lease_ran_out_stores_nothing_and_is_told(tmp_path: Path):
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir:
        await put(first, "a")
        freeze(first)
        second = await heir.took_over()
        assert (await second.membership.members())[0].cause is Cause.SILENT
        await put(second, "b")
        with pytest.raises(StoreDeposed):
            await put(first, "late")
        with pytest.raises(Deposed):
            await first.membership.watch()
        await put(second, "c")
        assert await stored(second) == ["a", "b", "c"]


async def test_a_renewal_tells_a_woken_leader_that_it_leads_no_more(tmp_path: Path):
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir:
        freeze(first)
        await heir.took_over()
        lease = first._lease
        lease._keeping = asyncio.create_task(lease._keep())
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(Deposed, match="another Central leads"):
                await lease.watch()


async def test_a_leader_knows_who_is_away_of_those_that_were_here(tmp_path: Path):
    async with opened(tmp_path, "A") as first, asyncio.timeout(WITHIN_S):
        async with Heir(tmp_path):
            while first.membership.others != ["B"]:
                await asyncio.sleep(0.01)
            assert first.membership.away == []
        while first.membership.away != ["B"]:
            await asyncio.sleep(0.01)
        assert first.membership.others == []


async def test_a_commit_renews_the_lease(tmp_path: Path):
    async with opened(tmp_path, "A") as first:
        freeze(first)
        (before,) = await first.read("SELECT until FROM central")
        await put(first, "a")
        (after,) = await first.read("SELECT until FROM central")
        assert after["until"] > before["until"]


async def test_whoever_takes_over_knows_every_commit_that_was_confirmed(tmp_path: Path):
    """A commit that is under way when it is deposed is either in the books that the heir reads, or refused."""
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir:
        confirmed: list[str] = []

        async def write() -> None:
            for number in range(100_000):
                name = f"{number:06}"
                await put(first, name)
                confirmed.append(name)

        writing = asyncio.create_task(write())
        while len(confirmed) < 50:
            await asyncio.sleep(0)
        # The end of its connection is taken for its own.
        freeze(first)
        first._lease._life.terminate()
        second = await heir.took_over()
        read = await stored(second)
        with pytest.raises(StoreDeposed):
            await writing
        assert read == confirmed


FORGET = Sql("DELETE FROM order_taken WHERE at < :before")
STORED_AT_ONCE = [(PUT, [("new", "u")])]
STORED_ONE_BY_ONE = [*STORED_AT_ONCE, (FORGET, [{"before": "u"}])]
_WAIT_FOR_LOCKS = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def overtaken(folder: Path, writes: Sequence[Writes]) -> tuple[list[str], list[str]]:
    """Let another one take over when a commit is past its fence and not stored yet: what it reads, what is stored."""
    looking = await connect(Place(url=engines.address(folder)))
    async with opened(folder, "A") as first, Heir(folder) as heir, asyncio.timeout(WITHIN_S):
        await put(first, "old")
        holding = looking.transaction()
        await holding.start()
        # It comes no further than here: of two that bring the same key, the second waits for what becomes of the first.
        await looking.execute("INSERT INTO order_taken VALUES ('new', 'x')")
        committing = asyncio.create_task(first.commit(writes))
        while await looking.fetchval(_WAIT_FOR_LOCKS) < 1:
            await asyncio.sleep(0.01)
        freeze(first)
        first._lease._life.terminate()
        # The heir waits as well; if nothing keeps it, it leads.
        while not heir.leads.is_set() and await looking.fetchval(_WAIT_FOR_LOCKS) < 2:
            await asyncio.sleep(0.01)
        too_early = await stored(heir.books) if heir.leads.is_set() else None
        await holding.rollback()
        await asyncio.gather(committing, return_exceptions=True)
        second = await heir.took_over()
        read = await stored(second) if too_early is None else too_early
        with pytest.raises(StoreDeposed):
            await put(first, "late")
        after = await stored(second)
    await looking.close()
    return read, after


@pytest.mark.parametrize("writes", [STORED_AT_ONCE, STORED_ONE_BY_ONE], ids=["at once", "one by one"])
async def test_an_heir_waits_for_a_commit_that_is_under_way_and_reads_what_came_of_it(
    tmp_path: Path, writes: Sequence[Writes]
):
    read, after = await overtaken(tmp_path, writes)
    assert read == after == (["new", "old"] if writes is STORED_AT_ONCE else ["new"])


async def test_a_fence_that_looks_and_holds_nothing_lets_an_heir_overlook_a_commit(
    tmp_path: Path, monkeypatch
):
    """That the test before this one finds it: so close together, the proof of the cluster breaks nothing."""
    whole = postgres_statements.commit_function

    def unlocked(*given: Any) -> tuple[str, str]:
        name, body = whole(*given)
        look = "PERFORM 1 FROM central WHERE name = me AND epoch = my_epoch AND commits = k - 1"
        count = "END LOOP; UPDATE central SET commits = k WHERE name = me;"
        body = body.replace(postgres_statements.fence("me", "my_epoch", "k", "partitions"), look).replace(
            "END LOOP;", count
        )
        return f"{name}_unlocked", body.replace(name, f"{name}_unlocked")

    monkeypatch.setattr(postgres_books, "commit_function", unlocked)
    read, after = await overtaken(tmp_path, STORED_AT_ONCE)
    assert (read, after) == (["old"], ["new", "old"])


@pytest.mark.parametrize("writes", [STORED_AT_ONCE, STORED_ONE_BY_ONE], ids=["at once", "one by one"])
async def test_what_is_about_points_of_a_partition_is_stored_by_its_leader_alone(
    tmp_path: Path, writes: Sequence[Writes]
):
    async with opened(tmp_path, "A") as first:
        await first.commit([(PUT, [("a", "t")])], [0])
        await lead(tmp_path, "B", 1)
        for partitions in ([1], [0, 1], [2]):
            with pytest.raises(StoreDeposed):
                await first.commit(writes, partitions)
        assert await stored(first) == ["a"]
        with pytest.raises(Deposed):
            await first.membership.watch()
        await lead(tmp_path, "A", 1)
        await first.commit(STORED_AT_ONCE, [0, 1])
        assert await stored(first) == ["a", "new"]


async def test_whoever_takes_over_leads_in_the_partition_of_the_one_before_alone(tmp_path: Path):
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir:
        await lead(tmp_path, "C", 1)
        await first._lease.leave()
        second = await heir.took_over()
        await second.commit([(PUT, [("b", "t")])], [0])
        with pytest.raises(StoreDeposed):
            await second.commit([(PUT, [("c", "t")])], [1])


async def test_books_that_knew_no_partitions_have_one(tmp_path: Path):
    async with opened(tmp_path, "A") as first:
        await put(first, "a")
    looking = await connect(Place(url=engines.address(tmp_path)))
    await looking.execute(
        "ALTER TABLE leader DROP COLUMN partition; DROP TABLE partitions; UPDATE schema_version SET n = 31"
    )
    async with opened(tmp_path, "B") as second:
        await second.commit([(PUT, [("b", "t")])], [0])
        assert [tuple(row) for row in await second.read("SELECT count FROM partitions")] == [(1,)]
        found = await second.read("SELECT name, before, partition FROM leader")
        assert [tuple(row) for row in found] == [("B", "A", 0)]
    await looking.close()


async def test_a_name_belongs_to_one_that_lives(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(postgres_lease, "_FREE_WITHIN_S", 0.0)
    async with opened(tmp_path, "A") as first:
        with pytest.raises(Taken, match="another Central called A"):
            async with opened(tmp_path, "A"):
                pass
        await put(first, "a")


async def test_one_that_is_started_again_leads_at_once(tmp_path: Path):
    async with opened(tmp_path, "A") as first:
        await put(first, "a")
        freeze(first)
        first._lease._life.terminate()
        async with opened(tmp_path, "A") as again:
            assert (await again.membership.members())[0].cause is Cause.AGAIN
            await put(again, "b")
            with pytest.raises(StoreDeposed):
                await put(first, "late")


async def test_one_with_other_keys_is_refused(tmp_path: Path):
    async with opened(tmp_path, "A", keys="1"):
        with pytest.raises(StateError, match="not those of Central A"):
            async with opened(tmp_path, "B", keys="2"):
                pass


async def test_one_of_another_network_is_refused_also_when_nobody_lives(tmp_path: Path):
    """The books remember the keys of who led them."""
    ours = "ca:1 service:1 resume:1 pin:1"
    async with opened(tmp_path, "A", network=ours) as first:
        await put(first, "a")
    with pytest.raises(
        StateError, match=r"other keys: ca\.pem, central/pin\.key of this state folder differ"
    ):
        async with opened(tmp_path, "B", network="ca:2 service:1 resume:1 pin:2"):
            pass
    # A key that is replaced step by step is known by the one that stays.
    async with opened(tmp_path, "A", network=ours.replace("service:1", "service:2,1")):
        pass
    async with opened(tmp_path, "A", network=ours.replace("service:1", "service:2")):
        pass
    async with opened(tmp_path, "B", network="ca:2", new_keys=True):
        pass
    async with opened(tmp_path, "B", network="ca:2") as again:
        assert await stored(again) == ["a"]


async def test_of_two_with_other_keys_that_begin_at_once_one_leads(tmp_path: Path):
    def of(name: str) -> Heir:
        return Heir(tmp_path, name, keys=name, network=f"ca:{name}")

    heirs = [of("A"), of("B")]
    try:
        async with asyncio.timeout(WITHIN_S):
            await asyncio.wait([heir._task for heir in heirs], return_when=asyncio.FIRST_COMPLETED)
            refused = next(heir for heir in heirs if heir._task.done())
            with pytest.raises(StateError, match="keys"):
                await refused._task
            (leader,) = set(heirs) - {refused}
            await put(await leader.took_over(), "a")
    finally:
        for heir in heirs:
            heir.end.set()
        await asyncio.wait([heir._task for heir in heirs])


async def test_one_that_was_here_before_waits_for_a_database_that_is_away(tmp_path: Path):
    way = Way(engines.address(tmp_path))
    place, waits = Place(url=way.address), asyncio.Event()

    async def standing_by(membership: Membership) -> None:
        assert membership.leader is None
        waits.set()
        await membership.waits()

    with pytest.raises(NotNow):
        async with open_postgres(place, setup.SCHEMA, STATEMENTS, Me(name="A"), standing_by):
            pass
    assert not waits.is_set()

    async def comes_back() -> None:
        async with open_postgres(
            place, setup.SCHEMA, STATEMENTS, Me(name="A"), standing_by, again=True
        ) as books:
            await put(books, "a")

    coming = asyncio.create_task(comes_back())
    async with asyncio.timeout(WITHIN_S):
        await waits.wait()
        await way.open()
        await coming
    await way.cut()


async def test_a_command_that_writes_is_no_central(tmp_path: Path):
    """It is not among the members afterwards, and the next one's take-over is not from it."""
    async with opened(tmp_path, "init", passing=True):
        pass
    async with opened(tmp_path, "A") as first:
        lead, members = await first.membership.members()
        assert ([one.name for one in members], lead.cause, lead.before) == (["A"], Cause.FIRST, "")
    async with opened(tmp_path, "init", passing=True):
        pass
    async with opened(tmp_path, "B") as second:
        lead, _ = await second.membership.members()
        assert (lead.cause, lead.before) == (Cause.HANDED_OVER, "A")


async def test_one_that_freezes_as_it_joins_holds_up_no_heir(tmp_path: Path):
    place = Place(url=engines.address(tmp_path))
    joining = postgres_lease.held(place, Me(name="C"), functools.partial(ready, place, setup.SCHEMA))
    async with opened(tmp_path, "A") as first, Heir(tmp_path) as heir, joining as frozen:
        life = await frozen._alive()
        await life.transaction().start()
        await life.fetchrow(postgres_lease._LEADER)
        await first._lease.leave()
        await put(await heir.took_over(), "b")


async def test_one_that_freezes_with_the_tables_in_its_hands_holds_up_nobody(tmp_path: Path):
    alone = postgres_opening.alone(Place(url=engines.address(tmp_path)))
    await alone.__aenter__()
    async with opened(tmp_path, "A") as first:
        await put(first, "a")
    # What it would still do there is refused.
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await alone.__aexit__(None, None, None)


async def test_one_that_is_alone_stays_when_the_database_was_away(tmp_path: Path, monkeypatch):
    async with opened(tmp_path, "A") as first:
        lease = first._lease
        freeze(first)
        monkeypatch.setattr(postgres_lease, "LEASE_S", 0.0)
        monkeypatch.setattr(postgres_lease, "RENEW_S", 0.01)
        real, tries = lease._alive, 0

        async def away() -> object:
            nonlocal tries
            tries += 1
            if tries < 5:
                raise ConnectionRefusedError
            return await real()

        monkeypatch.setattr(lease, "_alive", away)
        lease._keeping = asyncio.create_task(lease._keep())
        async with asyncio.timeout(WITHIN_S):
            while tries < 6:
                await asyncio.sleep(0.01)
        await put(first, "a")


async def test_one_that_is_cut_off_leads_no_more_where_another_may(tmp_path: Path, monkeypatch):
    async with opened(tmp_path, "A") as first, Heir(tmp_path):
        lease = first._lease
        freeze(first)
        monkeypatch.setattr(postgres_lease, "RENEW_S", 0.01)
        real, tries = lease._alive, 0

        async def away() -> object:
            nonlocal tries
            tries += 1
            if tries > 1:
                raise ConnectionRefusedError
            return await real()

        monkeypatch.setattr(lease, "_alive", away)
        lease._keeping = asyncio.create_task(lease._keep())
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(Deposed, match="cannot be reached"):
                await lease.watch()


async def test_one_that_is_cut_off_leads_no_more_where_another_may_have_come_since(
    tmp_path: Path, monkeypatch
):
    """It had no time to hear of the other one; peers know it all the same."""
    way = Way(engines.address(tmp_path))
    await way.open()
    monkeypatch.setattr(postgres_lease, "LEASE_S", 0.0)
    place = Place(url=way.address)
    async with asyncio.timeout(WITHIN_S):
        async with open_postgres(place, setup.SCHEMA, STATEMENTS, Me(name="A", several=True), wait) as first:
            await way.cut()
            async with opened(tmp_path, "B") as second:
                with pytest.raises(Deposed):
                    await first.membership.watch()
                await put(second, "b")


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_is_wrong_is_told_and_changes_no_lease(
    tmp_path: Path, monkeypatch, caplog, hours: int
):
    async with opened(tmp_path, "A") as first:
        monkeypatch.setattr(postgres_lease, "utc_now", lambda: utc_now() + timedelta(hours=hours))
        async with Heir(tmp_path) as heir:
            told = [one.getMessage() for one in caplog.records if "clock" in one.getMessage()]
            assert len(told) == 1
            assert f"is {hours * 3600:+d} s from that of PostgreSQL" in told[0]
            await put(first, "a")
            assert not heir.leads.is_set()
            await first._lease.leave()
            await put(await heir.took_over(), "b")


async def test_a_leader_looks_at_its_clock_each_minute(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(postgres_lease, "_MINUTE_S", 0.0)
    monkeypatch.setattr(postgres_lease, "RENEW_S", 0.01)
    async with opened(tmp_path, "A") as first:
        for hours in (0, 1, -1, 0):
            monkeypatch.setattr(
                postgres_lease, "utc_now", lambda hours=hours: utc_now() + timedelta(hours=hours)
            )
            await clock_is_off(first, hours * 3600)


async def clock_is_off(books: PostgresBooks, seconds: int) -> None:
    """Wait until that is what it has seen of its clock since it leads."""
    async with asyncio.timeout(WITHIN_S):
        while (seen := books.membership.clock_off_s) is None or abs(seen - seconds) > 5:
            await asyncio.sleep(0.01)


async def test_who_takes_over_looks_at_its_clock_anew(tmp_path: Path, monkeypatch, caplog):
    """It may have joined days ago, and its clock have been set right, or wrong, since."""
    async with opened(tmp_path, "A") as first:
        monkeypatch.setattr(postgres_lease, "utc_now", lambda: utc_now() + timedelta(hours=1))
        async with Heir(tmp_path) as heir:
            assert any("+3600 s from that" in one.getMessage() for one in caplog.records)
            monkeypatch.setattr(postgres_lease, "utc_now", utc_now)
            monkeypatch.setattr(postgres_lease, "_MINUTE_S", 86_400.0)
            await first._lease.leave()
            await clock_is_off(await heir.took_over(), 0)


async def test_an_answer_that_took_long_says_nothing_against_the_clock(tmp_path: Path, monkeypatch):
    async with opened(tmp_path, "A") as first:
        await clock_is_off(first, 0)
        later = iter([utc_now() - timedelta(seconds=60), utc_now()])
        monkeypatch.setattr(postgres_lease, "utc_now", lambda: next(later))
        await first._lease._compare_clocks(await first._lease._alive())
        assert first.membership.clock_off_s == 0


async def test_who_was_not_seen_for_a_day_is_forgotten_and_may_come_back(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(postgres_lease, "RENEW_S", 0.01)
    monkeypatch.setattr(postgres_lease, "_MINUTE_S", 0.0)

    async def names(books: PostgresBooks, wanted: list[str]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while [one.name for one in (await books.membership.members())[1]] != wanted:
                await asyncio.sleep(0.01)

    async with opened(tmp_path, "A") as first, Heir(tmp_path, "B") as heir:
        looking = await connect(Place(url=engines.address(tmp_path)))
        killed = (
            "INSERT INTO central SELECT 'C', 'its process', 1, 0, clock_timestamp() - interval '23 hours', "
            "address, version, keys, since FROM central WHERE name = 'A'"
        )
        await looking.execute(killed)
        await names(first, ["A", "B", "C"])
        # B's computer was asleep for a day.
        await looking.execute("DELETE FROM central WHERE name = 'B'")
        await names(first, ["A", "B", "C"])
        await looking.execute("UPDATE central SET until = until - interval '2 hours' WHERE name = 'C'")
        await names(first, ["A", "B"])
        await looking.close()
        await first._lease.leave()
        await put(await heir.took_over(), "b")


async def test_books_that_another_one_has_begun_with_are_not_moved_any_more(tmp_path: Path):
    async with opened(tmp_path, "A", moving_to="elsewhere") as first, Heir(tmp_path, "B") as heir:
        # It stands still until its lease is over.
        first._lease._keeping.cancel()
        looking = await connect(Place(url=engines.address(tmp_path)))
        await looking.execute(
            "UPDATE central SET until = clock_timestamp() - interval '1 s' WHERE name = 'A'"
        )
        await looking.close()
        books = await heir.took_over()
        with pytest.raises(StoreDeposed):
            await first.move()
        assert [row[0] for row in await books.read("SELECT moved FROM leader")] == [""]


async def test_a_central_that_counts_in_another_currency_does_not_stand_by(tmp_path: Path):
    def config(name: str, currency: str) -> Config:
        settings = CentralSettings(name=name, database=engines.address(tmp_path), currency=currency)
        return Config(state=tmp_path / name, central=settings)

    # There is no money in them yet.
    async with setup.open_books(config("A", "GBP"), Me(name="A")):
        with pytest.raises(StateError, match="the books of this network count in GBP"):
            async with asyncio.timeout(WITHIN_S), setup.open_books(config("B", "EUR"), Me(name="B"), wait):
                pass
