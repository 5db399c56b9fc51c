"""The Registry's tables on each engine: what is stored together, in which order, and what may never change."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from evcharge.domain.location import Location
from evcharge.registry.registrations import IdKind, Registration, RegistrationChange
from evcharge.registry.store import MAX_ANCHORS, Invited, Overtaken, Requester, Store, entry
from evcharge.runtime.clock import utc_now
from evcharge.storage import hash_chain
from evcharge.storage.books import Transactions
from evcharge.storage.store_errors import ConstraintViolated
from tests.component import engines

ENGINES = engines.BOTH
ADMIN = Requester("admin", "admin", "127.0.0.1")
KEPT = f"sha256${'a' * 64}"
CP1 = Registration(id="CP001", kind=IdKind.CP, location=Location("Elche"), secret_hash=KEPT)


@pytest.fixture
async def tables(tmp_path: Path) -> AsyncIterator[Transactions]:
    async with engines.opened_tables(tmp_path) as found:
        yield found


@pytest.fixture
def store(tables: Transactions) -> Store:
    return Store(tables, utc_now)


async def register(store: Store, id_: str = "CP001") -> Registration:
    registration = structs.replace(CP1, id=id_)
    await store.save(None, RegistrationChange(registration, "register"), ADMIN)
    return registration


async def test_a_registration_is_found_as_it_was_saved_with_its_audit_row(store: Store):
    await register(store)
    assert await store.find("CP001") == CP1
    assert await store.find("CP002") is None
    ((listed, created_at),) = await store.listed("", 10)
    assert (listed, abs(created_at - utc_now().timestamp()) < 60) == (CP1, True)
    (row,) = await store.events()
    assert (row["who"], row["what"], row["target"], row["detail"]) == (
        "admin", "register", "CP001", "cp epoch=0 at Elche",
    )  # fmt: skip


async def test_what_was_decided_on_another_registration_is_not_stored(store: Store):
    first = await register(store)
    second = structs.replace(first, epoch=1)
    change = RegistrationChange(second, "rotate", revokes=True)
    await store.save(first, change, ADMIN)
    with pytest.raises(Overtaken):
        await store.save(first, change, ADMIN)
    with pytest.raises(Overtaken):
        await store.save(None, RegistrationChange(first, "register"), ADMIN)
    assert await store.find("CP001") == second
    assert len(await store.events()) == 2
    found, last = await store.revocations(0)
    assert ([(one.n, one.id, one.epoch, one.what, one.registration) for one in found], last) == (
        [(1, "CP001", 1, "rotate", 0)],
        1,
    )
    assert await store.revocations(1) == ([], 1)


async def test_an_invitation_is_used_once_and_only_together_with_its_registration(store: Store):
    soon = int(utc_now().timestamp()) + 60
    invited = Invited(
        kind=IdKind.CP, id="CP001", location=Location("Elche"), epoch=None, made_by="admin", expires_at=soon
    )
    await store.invite("secret", invited, ADMIN)
    assert await store.invitation("secret") == invited
    assert await store.invitation("another") is None
    await store.save(None, RegistrationChange(CP1, "join"), ADMIN, invitation="secret")
    used = await store.invitation("secret")
    assert used is not None
    assert used.used_at is not None
    again = structs.replace(CP1, id="CP002")
    with pytest.raises(Overtaken):
        await store.save(None, RegistrationChange(again, "join"), ADMIN, invitation="secret")
    # Nothing of it: no registration, no audit row.
    assert await store.find("CP002") is None
    assert [row["what"] for row in await store.events()] == ["invite", "join"]


async def test_there_is_one_first_administrator_whose_token_ends(store: Store):
    kept = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"
    assert not await store.has_admin()
    added = await asyncio.gather(*(store.add_first_admin("admin", kept, ADMIN) for _ in range(3)))
    assert sorted(added) == [False, False, True]
    assert await store.has_admin()
    assert await store.admin_hash("admin") == kept
    assert await store.admin_hash("nobody") is None
    await store.add_token("admin", "token", 60, ADMIN)
    await store.add_token("admin", "over", 0, ADMIN)
    assert [await store.token_owner(one) for one in ("token", "over", "unknown")] == ["admin", None, None]


async def test_many_at_once_through_two_doors_are_one_chain(tables: Transactions, tmp_path: Path):
    """Two Registries where the engine has room for them: each change is in the log, none has another's number."""
    async with contextlib.AsyncExitStack() as doors:
        other = await doors.enter_async_context(engines.opened_tables(tmp_path)) if engines.server else tables
        stores = [Store(tables, utc_now), Store(other, utc_now)]

        async def one(number: int) -> None:
            store = stores[number % 2]
            first = await register(store, f"CP{number:03}")
            disabled = structs.replace(first, epoch=1)
            await store.save(first, RegistrationChange(disabled, "deactivate", revokes=True), ADMIN)
            await store.note([entry(ADMIN, "log in", "admin", "done")])

        async def same(number: int) -> bool:
            try:
                await register(stores[number % 2], "SAME")
            except Overtaken:
                return False
            return True

        async with asyncio.timeout(30):
            *_, won = await asyncio.gather(
                *(one(number) for number in range(12)),
                asyncio.gather(*(same(number) for number in range(6))),
            )
        assert sum(won) == 1
        rows = await stores[0].events()
        assert hash_chain.first_broken(rows) is None
        assert len(rows) == 3 * 12 + 1
        assert await stores[1].head() == hash_chain.Head(rows[-1]["n"], rows[-1]["hash"])
        found, last = await stores[1].revocations(0)
        assert [revocation.n for revocation in found] == list(range(1, 13))
        assert last == 12
        told = await stores[1].told(None, 1000)
        assert [row["n"] for row in told.rows] == list(range(1, len(rows) + 1))
        assert (told.upto, told.at, told.same) == (len(rows), rows[-1]["at"], True)


async def test_what_a_block_did_not_end_is_not_there(tables: Transactions, store: Store):
    with pytest.raises(ZeroDivisionError):
        async with tables.transaction() as writing:
            await writing.execute("INSERT INTO admins VALUES ('ana', '$argon2id$x', 1)")
            raise ZeroDivisionError
    entered, never = asyncio.Event(), asyncio.Event()

    async def stays() -> None:
        async with tables.transaction() as writing:
            await writing.execute("INSERT INTO admins VALUES ('ana', '$argon2id$x', 1)")
            entered.set()
            await never.wait()

    async with asyncio.timeout(10):
        task = asyncio.create_task(stays())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await store.has_admin()
        # And the next one finds its way.
        await register(store)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET who = 'nobody'",
        "DELETE FROM events",
        (
            "INSERT INTO events (n, at, who, role, address, what, target, result, detail, times, hash) "
            "SELECT n + 5, at, who, role, address, what, target, result, detail, times, hash FROM events"
        ),
        "UPDATE anchors SET n = 1",
        "DELETE FROM anchors",
        f"INSERT INTO anchors VALUES (1, 1, '{'a' * 64}', 1)",
        f"INSERT INTO anchors VALUES (7, 1, '{'a' * 64}', 1)",
        "UPDATE registrations SET id = 'lower'",
        "UPDATE registrations SET state = 'gone'",
        "UPDATE registrations SET secret_hash = 'in the clear'",
        "UPDATE registrations SET state = 'withdrawn'",
        "DELETE FROM registrations",
        "UPDATE invitations SET kind = 'car'",
    ],
)
async def test_what_the_schema_forbids_is_refused(tables: Transactions, store: Store, change: str):
    first = await register(store)
    await store.save(
        first, RegistrationChange(structs.replace(first, epoch=1), "rotate", revokes=True), ADMIN
    )
    invited = Invited(
        kind=IdKind.CP, id="CP009", location=Location(""), epoch=None, made_by="x", expires_at=2e9
    )
    await store.invite("secret", invited, ADMIN)
    await store.anchor(hash_chain.Head(1, "e" * 64))
    before = (await store.events(), await store.anchors(), await store.listed("", 9))
    with pytest.raises(ConstraintViolated):
        async with tables.transaction() as writing:
            await writing.execute(change)
    assert (await store.events(), await store.anchors(), await store.listed("", 9)) == before


async def test_of_old_anchors_the_first_of_each_day_is_kept(tables: Transactions, store: Store, monkeypatch):
    hash_, day = "e" * 64, 86_400
    # Three days of which only the first two are old, half past each hour.
    old = [(k, 1_800_000_000 // day * day + 1800 + 3600 * k) for k in range(1, 49)]
    async with tables.transaction() as writing:
        await writing.execute(
            "WITH RECURSIVE count (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM count WHERE k < 1548) "
            "INSERT INTO anchors (k, n, hash, at) "
            f"SELECT k, k, '{hash_}', CAST({old[0][1] - 3600} + 3600 * k AS REAL) FROM count ORDER BY k"
        )
    now = old[-1][1] + 3600.0 * MAX_ANCHORS
    monkeypatch.setattr(store, "_time", lambda: now)
    await store.anchor(hash_chain.Head(2000, hash_))
    kept = [row["n"] for row in await store.anchors()]
    firsts = {at // day: k for k, at in reversed(old)}
    assert kept == [*sorted(firsts.values()), *range(50, 1549), 2000]
    # The same head again is not kept twice.
    await store.anchor(hash_chain.Head(2000, hash_))
    assert len(await store.anchors()) == len(kept)
