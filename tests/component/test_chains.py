"""The chains of the audit log: each Central that had the books has one, and all of them are checked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.central.books import setup, verify
from evcharge.central.books.rows import STATEMENTS, DecidedEntry
from evcharge.central.books.store import _END, CentralStore
from evcharge.central.rules.decision import Decision
from evcharge.central.services.anchor_keeper import Anchors
from evcharge.operator import audit_report
from evcharge.storage.anchor_file import ANCHORS, AnchorFile, read_anchors
from evcharge.storage.hash_chain import GENESIS, Head, beginning, chained, first_broken
from evcharge.storage.members import Me
from evcharge.storage.postgres_books import open_postgres
from evcharge.storage.postgres_copy import copy_in, copy_out
from evcharge.storage.postgres_place import Place
from evcharge.storage.statements import Sql
from tests.component import engines
from tests.component.books import SCHEMA, any_event, opened, raw, release_of
from tests.unit.central.builders import ADMIN, NOON

on_both = pytest.mark.parametrize("engine", engines.BOTH, indirect=True)
only_postgres = pytest.mark.parametrize("engine", [engines.POSTGRES], indirect=True)
OLD_COLUMNS = (
    "n", "at", "actor", "role", "address", "type", "cp_id", "driver_id", "session_id", "correlation_id", "data",
)  # fmt: skip


@contextlib.asynccontextmanager
async def at_work(folder: Path, name: str) -> AsyncIterator[CentralStore]:
    """Let the Central of that name lead in PostgreSQL."""
    place = Place(url=engines.address(folder))
    async with open_postgres(place, setup.SCHEMA, STATEMENTS, Me(name=name)) as books:
        yield await CentralStore.open(books)


async def writes(store: CentralStore, events: int, commits: int = 1) -> None:
    for _ in range(commits):
        decision = Decision(events=tuple(any_event(number) for number in range(events)))
        await store.commit([DecidedEntry(decision, ADMIN, NOON)])


async def turn(folder: Path, name: str, events: int) -> None:
    async with at_work(folder, name) as store:
        await writes(store, events)


def chains(folder: Path) -> str:
    """Return the chain of each row, in order, by the last letter of its name ("-": none)."""
    with raw(folder / "central.db") as connection:
        return "".join(
            row["chain"][-1:] or "-" for row in connection.execute("SELECT chain FROM events ORDER BY n")
        )


async def copied(folder: Path) -> Path:
    """Return the books in PostgreSQL as a file."""
    copy = folder / "copied" / "central" / "central.db"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    await copy_out(Place(url=engines.address(folder)), setup.SCHEMA, copy)
    return copy


@on_both
async def test_a_central_goes_on_with_its_chain(tmp_path: Path):
    for _ in range(2):
        async with opened(tmp_path) as books:
            await writes(books.store, 2, commits=2)
            assert books.store.others_end is None
            name = books.store.chain
    assert name == ("central" if engines.server else "")
    with raw(tmp_path / "central.db") as connection:
        rows = connection.execute("SELECT * FROM events ORDER BY n").fetchall()
    assert first_broken(rows) is None
    assert {row["chain"] for row in rows} == {name}


@only_postgres
async def test_centrals_that_take_turns_have_a_chain_each(tmp_path: Path):
    for name, events in (("A", 2), ("B", 3), ("A", 1), ("A", 1), ("C", 1), ("B", 2)):
        await turn(tmp_path, name, events)
    assert chains(tmp_path) == "AABBBAACBB"
    found = verify.examine(await copied(tmp_path))
    assert found.problems == []
    assert {chain: head.n for chain, head in found.chains.items()} == {"A": 7, "B": 10, "C": 8}


@only_postgres
@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        # The end of the one that led before.
        ("DELETE FROM events WHERE n = 2", "row 2 is missing"),
        ("UPDATE events SET chain = 'B' WHERE n = 2", "row 2 was changed"),
        ("UPDATE events SET chain = '' WHERE chain = 'A'", "row 1 was changed"),
        ("UPDATE events SET actor = 'x' WHERE n = 3", "row 3 was changed"),
    ],
)
async def test_what_is_wrong_with_any_chain_is_named(tmp_path: Path, tampering: str, said: str):
    for name in ("A", "B", "A"):
        await turn(tmp_path, name, 2)
    copy = await copied(tmp_path)
    with raw(copy, tamper=True) as connection:
        connection.execute(tampering)
    assert any(said in problem for problem in verify.check(copy))


@only_postgres
async def test_an_anchor_fits_whichever_chain_its_row_is_in(tmp_path: Path):
    for name in ("A", "B"):
        await turn(tmp_path, name, 2)
    copy = await copied(tmp_path)
    with raw(copy, tamper=True) as connection:
        rows = connection.execute("SELECT n, hash FROM events ORDER BY n").fetchall()
    copy.with_name(ANCHORS).write_text("".join(f"{row['n']} {row['hash']}\n" for row in rows))
    assert verify.check(copy) == []
    with raw(copy, tamper=True) as connection:
        connection.execute("DELETE FROM events WHERE n > 2")
    assert verify.check(copy)[0] == "audit log broken: rows 3 to 4 were cut off, says anchors.txt"


class Registry:
    """Remembers what it was told to keep."""

    def __init__(self) -> None:
        self.kept: list[Head] = []

    def anchor(self, head: Head) -> None:
        self.kept.append(head)


@only_postgres
async def test_an_heir_first_anchors_the_end_of_the_chain_that_it_found(tmp_path: Path):
    await turn(tmp_path, "A", 2)
    async with at_work(tmp_path, "B") as store:
        end, registry = store.head, Registry()
        anchors = Anchors(store, AnchorFile(tmp_path / ANCHORS), registry)
        await writes(store, 1)
        await anchors.begin()
        await anchors.drop()
        assert read_anchors(tmp_path / ANCHORS) == registry.kept == [end, store.head]
    # Whoever finds its own chain there vouches for it with each row that it adds.
    async with at_work(tmp_path, "B") as store:
        registry = Registry()
        await Anchors(store, AnchorFile(tmp_path / "none"), registry).begin()
        assert registry.kept == []


@only_postgres
async def test_chains_go_with_the_books_into_a_file_and_back(tmp_path: Path):
    await turn(tmp_path, "A", 2)
    copy = await copied(tmp_path)
    where, engines.server = engines.server, ""
    for _ in range(2):
        async with opened(copy.parent) as books:
            await writes(books.store, 2)
    engines.server = where
    assert verify.check(copy) == []
    again = tmp_path / "again"
    async with at_work(again, "A"):
        pass
    place = Place(url=engines.address(again))

    async def nobody(_: object) -> None:
        pass

    await copy_in(copy, place, SCHEMA, nobody, lambda: None)
    await turn(again, "A", 1)
    assert chains(again) == "AA----A"
    assert verify.check(await copied(again)) == []
    # Brought back once more, the file's own chain goes on although its last row is not the newest.
    copy = await copied(again)
    engines.server = ""
    async with opened(copy.parent) as books:
        await writes(books.store, 1)
    assert verify.check(copy) == []


@on_both
async def test_rows_of_before_are_a_chain_without_a_name(tmp_path: Path):
    rows, previous = [], GENESIS
    for n in (1, 2):
        row = dict(zip(OLD_COLUMNS, (n, "t", "a", "r", "x", "T", None, None, None, None, "{}"), strict=True))
        previous = chained(previous, row)
        rows.append(row | {"hash": previous})
    names = (*OLD_COLUMNS, "hash")
    insert = f"INSERT INTO events ({', '.join(names)}) VALUES (:{', :'.join(names)})"
    with release_of(28):
        async with engines.opened(tmp_path) as old:
            await old.commit([(Sql(insert), rows)])
    async with opened(tmp_path) as books:
        assert books.store.head == Head(2, previous)
        await writes(books.store, 1)
        first = previous if not engines.server else beginning("central")
    with raw(tmp_path / "central.db") as connection:
        found = connection.execute("SELECT * FROM events ORDER BY n").fetchall()
    assert first_broken(found) is None
    assert [row["chain"] for row in found[:2]] == ["", ""]
    columns = {name: value for name, value in dict(found[2]).items() if name not in ("hash", "chain")}
    assert found[2]["hash"] == chained(first, columns)


@only_postgres
async def test_an_old_chain_is_found_at_once_however_long_the_log_is(tmp_path: Path):
    await turn(tmp_path, "A", 1)
    async with at_work(tmp_path, "B") as store:
        plan = await store._database.read(f"EXPLAIN {_END}", {"chain": "A"})  # noqa: SLF001
        assert "events_by_chain" in str(plan)


async def test_a_report_names_every_chain(tmp_path: Path, capsys):
    ends = {"": Head(2, GENESIS), "HOST-A": Head(5, GENESIS)}
    findings = audit_report.BookFindings(chains=ends, sums={"events": 5})
    await asyncio.to_thread(audit_report.show, {"central.db": findings}, as_json=False, lang="en")
    said = capsys.readouterr().out
    assert "5 events, 2 chains unbroken (without a name up to row 2; HOST-A up to row 5)" in said
