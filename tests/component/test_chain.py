"""The chain of the audit log, walked while Central works."""

from pathlib import Path

import pytest

from evcharge.central.books.rows import DecidedEntry
from evcharge.central.rules.commands import Note
from evcharge.central.rules.decision import Decision
from evcharge.central.services import chain_walker
from evcharge.central.services.chain_walker import ChainWalker
from evcharge.domain.events import ChainBroken
from evcharge.storage import hash_chain
from evcharge.storage.statements import Sql
from tests.component import engines
from tests.component.books import any_event, opened, raw
from tests.unit.central.builders import ADMIN, NOON

ENGINES = engines.BOTH


class Posted:
    """A dispatcher that only remembers."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def post(self, command: Note) -> None:
        self.notes.append(command)


@pytest.fixture
async def walk(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(chain_walker, "ROWS_AT_ONCE", 4)
    async with opened(tmp_path) as books:
        decision = Decision(events=tuple(any_event(number) for number in range(10)))
        await books.store.commit([DecidedEntry(decision, ADMIN, NOON)])
        yield ChainWalker(books.database, books.store, Posted(), lambda: NOON), books


async def to_the_end(walker: ChainWalker) -> int:
    steps = 1
    while not await walker.step():
        steps += 1
    return steps


async def tampered(books, sql: str) -> None:
    on = " ON events" if engines.server else ""
    gone = [f"DROP TRIGGER IF EXISTS {name}{on}" for name in ("events_are_final", "events_stay")]
    await books.database.commit([(Sql(text), [{}]) for text in (*gone, sql)])


async def test_a_whole_chain_is_walked_in_small_steps(walk):
    walker, books = walk
    assert walker.state.verified_at is None
    assert await walker.step() is False
    assert (walker.state.checked, walker.state.verified_at) == (4, None)
    assert await to_the_end(walker) == 2
    assert (walker.state.checked, walker.state.verified_at, walker.state.broken) == (10, NOON, None)
    await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, NOON)])
    await to_the_end(walker)
    assert walker.state.checked == 11
    assert walker._dispatcher.notes == []


@pytest.mark.parametrize(
    ("sql", "first_bad", "why"),
    [
        ("UPDATE events SET actor = 'D02' WHERE n = 6", 6, "was changed"),
        ("DELETE FROM events WHERE n = 5", 5, "missing"),
        ("DELETE FROM events WHERE n > 7", 8, "cut off"),
        ("UPDATE events SET hash = '0' WHERE n = 10", 10, "was changed"),
        ("UPDATE events SET n = 99 WHERE n = 1", 1, "missing"),
    ],
)
async def test_the_first_row_that_does_not_fit_is_named_once(walk, sql: str, first_bad: int, why: str):
    walker, books = walk
    await tampered(books, sql)
    await to_the_end(walker)
    assert walker.state.broken.n == first_bad
    assert why in walker.state.broken.why
    await to_the_end(walker)
    (note,) = walker._dispatcher.notes
    assert isinstance(note.event, ChainBroken)
    assert (note.event.n, note.event.why) == (first_bad, walker.state.broken.why)


async def test_another_chain_that_is_whole_in_itself_is_found_at_its_end(walk, tmp_path: Path):
    walker, books = walk
    await to_the_end(walker)
    books.store.head = type(books.store.head)(10, "f" * 64)
    walker._walk = hash_chain.Walk()
    await to_the_end(walker)
    assert walker.state.broken.n == 10


async def test_books_that_are_put_right_again_are_seen_to_be(walk, tmp_path: Path):
    walker, books = walk
    await tampered(books, "UPDATE events SET actor = 'D02' WHERE n = 6")
    await to_the_end(walker)
    await tampered(books, f"UPDATE events SET actor = '{ADMIN.id}' WHERE n = 6")
    await to_the_end(walker)
    assert walker.state.broken is None
    with raw(tmp_path / "central.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM events").fetchone()[0] == 10


async def test_an_empty_chain_is_whole(tmp_path: Path):
    async with opened(tmp_path) as books:
        walker = ChainWalker(books.database, books.store, Posted(), lambda: NOON)
        assert await walker.step()
        assert walker.state.verified_at == NOON
