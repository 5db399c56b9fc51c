"""What every engine of Central's books does alike: all or nothing, and errors of our own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from evcharge.central.books.rows import STATEMENTS
from evcharge.storage.books import Books
from evcharge.storage.statements import Add, Put, Set, SetNewest, Sql, Take, added_up
from evcharge.storage.store_errors import ConstraintViolated, StoreError, StoreStale
from evcharge.storage.sums import MOST_KEPT
from tests.component import engines

ENGINES = engines.BOTH

PUT_OFFSET = Put("order_offset", ("cluster", "partition", "next"), ("cluster", "partition"))
PUT_ORDER = Put("order_taken", ("command_id", "at"))
ADD_TO_DAILY = next(one for one in STATEMENTS if isinstance(one, Add) and one.table == "daily" and one.begins)
CORRECT_DAILY = next(
    one for one in STATEMENTS if isinstance(one, Add) and one.table == "daily" and not one.begins
)
PUT_STATUS = next(one for one in STATEMENTS if isinstance(one, Put) and one.table == "status_log")
BREAK_OFF = next(one for one in STATEMENTS if isinstance(one, SetNewest))
PUT_DRIVER = next(one for one in STATEMENTS if isinstance(one, Put) and one.table == "driver")
COUNT_CHANGE = next(one for one in STATEMENTS if isinstance(one, Set) and one.table == "driver")
PUT_EVENT = next(one for one in STATEMENTS if isinstance(one, Put) and one.table == "events")


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    async with engines.opened(tmp_path) as opened:
        yield opened


async def orders(books: Books) -> list[str]:
    return [
        row["command_id"]
        for row in await books.read("SELECT command_id FROM order_taken ORDER BY command_id")
    ]


async def test_a_row_is_read_by_name_by_position_and_whole(books: Books):
    await books.commit([(PUT_OFFSET, [("c", 1, 7)])])
    (row,) = await books.read("SELECT cluster, next FROM order_offset WHERE partition = :n", {"n": 1})
    assert (row["cluster"], row[1], tuple(row), dict(row)) == ("c", 7, ("c", 7), {"cluster": "c", "next": 7})


async def test_all_of_a_commit_is_stored_or_nothing(books: Books):
    with pytest.raises(ConstraintViolated):
        await books.commit([(PUT_ORDER, [("a", "t")]), (PUT_OFFSET, [("c", 0, -1)])])
    with pytest.raises(ConstraintViolated):
        await books.commit([(PUT_ORDER, [("a", "t"), ("b", "t"), ("a", "t")])])
    assert await orders(books) == []
    await books.commit([(PUT_ORDER, [("a", "t")]), (PUT_OFFSET, [("c", 0, 1)])])
    assert await orders(books) == ["a"]


async def test_a_broken_rule_is_named_without_the_value_that_broke_it(books: Books):
    await books.commit([(PUT_ORDER, [("a secret", "t")])])
    with pytest.raises(ConstraintViolated) as problem:
        await books.commit([(PUT_ORDER, [("a secret", "t")])])
    assert "order_taken" in str(problem.value)
    assert "secret" not in str(problem.value)


async def test_the_audit_log_takes_no_change(books: Books):
    event = (1, "t", "a", "r", "x", "T", None, None, None, None, "{}", "h", "")
    await books.commit([(PUT_EVENT, [event])])
    for sql in ("UPDATE events SET data = :data WHERE n = 1", "DELETE FROM events WHERE data <> :data"):
        with pytest.raises(ConstraintViolated):
            await books.commit([(Sql(sql), [{"data": "{ }"}])])
    assert [tuple(row) for row in await books.read("SELECT * FROM events")] == [event]


async def test_a_row_with_the_key_of_another_replaces_it_or_is_left_out(books: Books):
    stays = Put("order_taken", ("command_id", "at"), stays=True)
    await books.commit([(PUT_OFFSET, [("c", 0, 1), ("c", 1, 1)]), (PUT_ORDER, [("a", "first")])])
    await books.commit([(PUT_OFFSET, [("c", 0, 2)]), (stays, [("a", "second"), ("b", "first")])])
    found = await books.read("SELECT * FROM order_offset ORDER BY partition")
    assert [tuple(row) for row in found] == [("c", 0, 2), ("c", 1, 1)]
    found = await books.read("SELECT * FROM order_taken ORDER BY command_id")
    assert [tuple(row) for row in found] == [("a", "first"), ("b", "first")]


async def test_sums_grow_and_a_full_one_stays_full(books: Books):
    await books.commit(
        [(ADD_TO_DAILY, [("CP1", "d", 1, 10, 1), ("CP1", "d", 1, 20, 2), ("CP2", "d", 1, 5, 0)])]
    )
    await books.commit([(ADD_TO_DAILY, [("CP1", "d", 1, MOST_KEPT - 29, 3)])])
    await books.commit([(CORRECT_DAILY, [("CP2", "d", -5, 4), ("CP9", "d", 1, 1)])])
    found = await books.read(
        "SELECT cp_id, day, sessions, energy_mwh, revenue_cents FROM daily ORDER BY cp_id"
    )
    assert [tuple(row) for row in found] == [("CP1", "d", 3, MOST_KEPT, 6), ("CP2", "d", 1, 0, 4)]


def test_rows_of_one_key_are_added_up():
    rows = [("CP1", "d", 1, MOST_KEPT, 1), ("CP2", "d", 1, 5, 0), ("CP1", "d", 1, 20, 2)]
    assert added_up(ADD_TO_DAILY, rows) == [("CP1", "d", 2, MOST_KEPT, 3), ("CP2", "d", 1, 5, 0)]


async def test_of_a_row_that_is_there_some_columns_are_set(books: Books):
    await books.commit([(PUT_OFFSET, [("c", 0, 1), ("c", 1, 1), ("d", 0, 1)])])
    advance = Set("order_offset", ("cluster", "partition"), ("next",))
    await books.commit([(advance, [("c", 0, 5), ("d", 0, 6), ("c", 0, 7), ("e", 0, 8)])])
    found = await books.read("SELECT * FROM order_offset ORDER BY cluster, partition")
    assert [tuple(row) for row in found] == [("c", 0, 7), ("c", 1, 1), ("d", 0, 6)]


async def test_only_the_newest_row_is_marked(books: Books):
    shown = [("CP1", f"t{n}", "Available", "", None, None, None, 1) for n in range(3)]
    await books.commit([(PUT_STATUS, shown), (BREAK_OFF, [("CP1", "end"), ("CP2", "end")])])
    found = await books.read("SELECT at, until FROM status_log ORDER BY n")
    assert [tuple(row) for row in found] == [("t0", None), ("t1", None), ("t2", "end")]


async def test_what_is_taken_is_gone(books: Books):
    await books.commit([(PUT_ORDER, [("a", "t"), ("b", "t")])])
    await books.commit([(Take("order_taken", ("command_id",)), [("a",), ("c",)])])
    assert await orders(books) == ["b"]


async def test_plain_sql_goes_in_with_the_rest(books: Books):
    await books.commit([(PUT_ORDER, [("a", "1"), ("b", "2"), ("c", "3")])])
    gone = Sql("DELETE FROM order_taken WHERE at < :before")
    with pytest.raises(StoreError):
        await books.commit([(gone, [{"before": "3"}]), (Sql("DELETE FROM nowhere"), [{}])])
    assert await orders(books) == ["a", "b", "c"]
    await books.commit([(gone, [{"before": "3"}]), (PUT_ORDER, [("d", "4")])])
    assert await orders(books) == ["c", "d"]


async def test_every_kind_of_value_comes_back_as_it_went_in(books: Books):
    columns = (
        "place", "location", "temperature_celsius", "wind_m_per_s", "received_at", "source", "alerts", "override",
    )  # fmt: skip
    rows = [("a", 'Ñandú "x" \\ \n', -0.1, 1e-7, None, "", "é,ß", 1), ("b", "🌩", 5.0, None, "t", "x", "", 0)]
    await books.commit([(Put("weather", columns, ("place",)), rows)])
    found = await books.read(f"SELECT {', '.join(columns)} FROM weather ORDER BY place")
    assert [tuple(row) for row in found] == rows
    await books.commit([(PUT_OFFSET, [("c", 0, MOST_KEPT)])])
    assert [row["next"] for row in await books.read("SELECT next FROM order_offset")] == [MOST_KEPT]


async def test_text_is_in_order_of_its_characters(books: Books):
    names = ["a", "B", "CP10", "CP2", "_", "é", "Z", "z~", "0"]
    await books.commit([(PUT_ORDER, [(name, "t") for name in names])])
    assert await orders(books) == sorted(names)


@pytest.mark.parametrize("turns", range(0, 8, 2))
async def test_a_commit_whose_caller_is_cancelled_is_whole_or_nothing(books: Books, turns: int):
    task = asyncio.get_running_loop().create_task(
        books.commit([(PUT_ORDER, [("a", "t")]), (PUT_ORDER, [("b", "t")])])
    )
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await orders(books) in ([], ["a", "b"])
    await books.commit([(PUT_ORDER, [("c", "t")])])
    assert "c" in await orders(books)


def wallet(driver_id: str, cents: int, version: int) -> tuple[Any, ...]:
    values = dict.fromkeys(PUT_DRIVER.takes, 0)
    values |= {"driver_id": driver_id, "balance_cents": cents, "pin_hash": None, "version": version}
    return tuple(values.values())


async def wallets(books: Books) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in await books.read("SELECT driver_id, balance_cents, version FROM driver ORDER BY 1")
    ]


# Also beside a statement that no engine prepares for.
@pytest.mark.parametrize(
    "beside", [[], [(Sql("UPDATE driver SET blocked = 0 WHERE driver_id = :id"), [{"id": "D09"}])]]
)
async def test_a_wallet_that_another_one_has_changed_is_not_replaced(books: Books, beside: list[Any]):
    await books.commit([(PUT_DRIVER, [wallet("D02", 20, 1), wallet("D01", 10, 1)])])
    await books.commit([(PUT_DRIVER, [wallet("D01", 11, 2)])])
    stale = [
        (PUT_DRIVER, [wallet("D02", 22, 2), wallet("D01", 12, 2)]),
        (PUT_DRIVER, [wallet("D01", 12, 4)]),
        # Somebody else has made it meanwhile.
        (PUT_DRIVER, [wallet("D01", 12, 1)]),
        (COUNT_CHANGE, [("D01", 2)]),
        (COUNT_CHANGE, [("D03", 1)]),
    ]
    for write in stale:
        with pytest.raises(StoreStale):
            await books.commit([(PUT_ORDER, [("a", "t")]), *beside, write])
        assert await wallets(books) == [("D01", 11, 2), ("D02", 20, 1)]
        assert await orders(books) == []
    await books.commit([(PUT_ORDER, [("a", "t")]), *beside, (PUT_DRIVER, [wallet("D01", 12, 3)])])
    await books.commit([*beside, (COUNT_CHANGE, [("D01", 4), ("D02", 2)])])
    assert await wallets(books) == [("D01", 12, 4), ("D02", 20, 2)]
