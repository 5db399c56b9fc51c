"""`evcharge audit verify`: every lie in the books shows, and true books show none."""

import json
import re
import shutil
from pathlib import Path

import pytest

from evcharge.central.books import verify
from evcharge.central.books.invariants import CHECKS, violations
from evcharge.central.rules import commands as c
from evcharge.domain.errors import StateError
from evcharge.domain.events import WalletToppedUp
from evcharge.labels.book_findings import in_words
from evcharge.storage import hash_chain
from evcharge.storage.anchor_file import ANCHORS
from evcharge.storage.database import Database, open_database
from tests.component.books import (
    FromNextYear,
    any_event,
    busy_day,
    entries,
    lie,
    opened,
    raw,
    written_by_an_older,
)
from tests.unit.central.builders import NOON, Network


@pytest.fixture
async def book(tmp_path: Path) -> Path:
    """Central's books after a busy day and a ticket that was put right, closed."""
    folder = tmp_path / "state with #? and %20" / "central"
    network = busy_day()
    network.point_is_there("CP004", location="Alicante", epoch=2)
    network.driver_is_there("D04", epoch=3)
    lost = network.charging("D04", "CP004", more_mwh=100_000)
    network.engine_leaves("CP004")
    network.does(c.CloseLost, session_id=lost.session_id)
    # Its driver has been withdrawn by then, and somebody else has its id.
    network.does(c.Withdraw, subject="D04", epoch=4, registration=0)
    network.driver_is_there("D04", epoch=4, registration=1)
    network.engine("CP004", epoch=2)
    network.sends(network.engines["CP004"].ended(lost.session_id, 100_000), cp_id="CP004")
    async with opened(folder) as books:
        await books.store.commit(entries(network))
    return folder / "central.db"


NO_ANCHOR = "no anchor could be checked: rows cut off at the end would go unnoticed"


def head(path: Path) -> hash_chain.Head:
    with raw(path) as connection:
        return hash_chain.Head(*connection.execute("SELECT n, hash FROM events ORDER BY n DESC").fetchone())


async def more(path: Path, first: int, last: int) -> hash_chain.Head:
    """Let Central work on in the book, for as many events."""
    network = Network()
    for number in range(first, last):
        network.does(c.Note, event=any_event(number))
    async with opened(path.parent) as books:
        await books.store.commit(entries(network))
        return books.store.head


# ---- the sums


def test_true_books_break_nothing(book: Path):
    assert verify.check(book) == []


# One violation for each check, by its name: as a bug or a hand might leave it.
PLANTED: dict[str, str] = {
    "ticket is not what was metered": "UPDATE ticket SET energy_mwh = energy_mwh + 1",
    "ticket beyond a session": "UPDATE ticket SET energy_mwh = 9000000001",
    "money does not add up": "UPDATE driver SET balance_cents = 1 WHERE driver_id = 'D02'",
    "wallet is not its ledger": "UPDATE driver SET balance_cents = balance_cents + 1, "
    "held_cents = held_cents - 1 WHERE driver_id = 'D01'",
    "closed session holds": "UPDATE session SET state = 'REFUSED' WHERE state = 'CHARGING'",
    "held for none": "UPDATE session SET hold_cents = hold_cents - 1 WHERE state = 'CHARGING'",
    "ticket is not its price": "UPDATE ticket SET cost_cents = cost_cents + 1",
    "ticket beyond its grant": "UPDATE session SET hold_cents = 1 WHERE state = 'TICKETED' "
    "AND driver_id = 'D01'",
    "correction is not its price": "UPDATE correction SET cost_cents = 0, paid_cents = 0",
    "correction is not its ledger": "UPDATE correction SET paid_cents = paid_cents - 1",
    "two open sessions": "UPDATE session SET state = 'CHARGING', cp_id = 'CP001'",
    "session without ticket": "UPDATE session SET state = 'TICKETED'",
    "ticket without session": "UPDATE session SET state = 'REFUSED' WHERE state = 'TICKETED'",
    "ticket without receipt": "DELETE FROM receipt WHERE number = 1",
    "receipts have gaps": "UPDATE receipt SET number = number + 7 WHERE number = 2",
    "ticket of another length": "UPDATE ticket SET elapsed_s = 61",
    "day is not its tickets": "UPDATE daily SET sessions = sessions + 1",
    "ticket is not paid once": "DELETE FROM ledger WHERE kind = 'CAPTURE'",
}


def test_every_check_has_its_violation():
    assert [check.name for check in CHECKS] == list(PLANTED)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_goes_red(book: Path, check):
    with raw(book, tamper=True) as connection:
        connection.execute(PLANTED[check.name])
    (found,) = [problem for problem in verify.examine(book).problems if problem.name == check.name]
    assert in_words(found).startswith(f"{check.number} broken: ")


@pytest.mark.parametrize("schema", [1, 2, 3, 4, 5])
def test_books_of_an_older_evcharge_are_sound_and_say_what_they_cannot_prove(tmp_path: Path, schema: int):
    path = tmp_path / "central.db"
    network = busy_day()
    decided = entries(network)
    written_by_an_older(path, schema, decided)
    found = verify.examine(path)
    assert found.problems == []
    events = [event for entry in decided for event in entry.decision.events]
    top_ups = [n for n, event in enumerate(events, 1) if isinstance(event, WalletToppedUp)]
    assert [in_words(note) for note in found.notes] == [
        NO_ANCHOR,
        f"references of top-ups can only be proven by events after number {top_ups[-1]}: "
        "earlier ones do not say",
    ]


def test_many_violations_are_named_in_part(book: Path):
    with raw(book, tamper=True) as connection:
        for number in range(9):
            connection.execute(
                "INSERT INTO driver (driver_id, balance_cents, held_cents, blocked, epoch) VALUES (?, 5, 0, 0, 0)",
                (f"D9{number}",),
            )
        lines = [in_words(finding) for finding in violations(connection)]
    assert any(re.search(r"each wallet .*: D90, D91, D92 …$", line) for line in lines)


def test_books_whose_sums_exceed_64_bits_are_read_and_the_lies_named(
    book: Path, capsys: pytest.CaptureFixture
):
    lie(book, NOON)
    with raw(book, tamper=True) as connection:
        connection.execute("UPDATE ledger SET cents = 9000000000000000000")
        connection.execute("UPDATE driver SET balance_cents = 9000000000000000000")
    found = verify.check(book)
    named = "S-lie-1, S-lie-10, S-lie-100 …"
    assert f"I5 broken: no ticket holds more energy than a session can have: {named}" in found
    assert [line for line in found if "cents" in line] != []
    assert verify.main(book.parent.parent, as_json=True) == 1
    sums = json.loads(capsys.readouterr().out)["books"][0]
    assert (sums["tickets"], sums["energy_mwh"]) == (10_003, 10_000 * 10**15 + 1_220_005)


def test_energy_beyond_64_bits_of_money_is_still_right(book: Path):
    # What a rogue engine may claim, at the highest price: its product does not fit SQLite's integers.
    with raw(book, tamper=True) as connection:
        connection.execute(
            "UPDATE ticket SET energy_mwh = 1000000000000000, price_centi_cents_per_kwh = 1000000"
        )
        connection.execute("UPDATE session SET meter_mwh = start_meter_mwh + 1000000000000000, limit_mwh = 0, "
                           "price_centi_cents_per_kwh = 1000000 WHERE state = 'TICKETED'")  # fmt: skip
        connection.execute("UPDATE ticket SET cost_cents = 0")
        connection.execute("DELETE FROM correction")
    assert not [line for line in verify.check(book) if line.startswith(("I1 ", "I7"))]


# ---- the chain


COLUMNS = ("n", "at", "actor", "role", "address", "type", "cp_id", "driver_id", "session_id", "correlation_id", "data",
           "hash", "chain")  # fmt: skip


def chain(path: Path) -> str:
    """Return what is wrong with the chain alone."""
    return "".join(line for line in verify.check(path) if line.startswith("audit log broken"))


@pytest.mark.parametrize("column", COLUMNS[1:])
def test_each_byte_of_an_event_is_sealed(book: Path, column: str):
    with raw(book, tamper=True) as connection:
        # Of the fullest row, every character of the column in turn.
        (n, value) = connection.execute(
            f"SELECT n, {column} FROM events WHERE type = 'SessionAuthorised' ORDER BY n LIMIT 1"
        ).fetchone()
        rows = [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY n")]
    assert hash_chain.first_broken(rows) is None
    row = rows[n - 1]
    for place in range(len(value)):
        for changed in (
            value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :],
            value[:place] + value[place + 1 :],
        ):
            row[column] = changed
            broken = hash_chain.first_broken(rows)
            assert broken is not None
            assert broken.n == n
    row[column] = value + " "
    assert hash_chain.first_broken(rows) == hash_chain.Broken(
        n, f"row {n} was changed, or the row before it was replaced"
    )


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE events SET actor = 'somebody' WHERE n = 7", "row 7 was changed"),
        ("UPDATE events SET cp_id = NULL WHERE n = 1", "row 1 was changed"),
        ("UPDATE events SET address = CAST(x'ff' AS TEXT) WHERE n = 7", "row 7 holds a value that was never written"),
        ("DELETE FROM events WHERE n = 7", "row 7 is missing"),
        ("DELETE FROM events WHERE n = 1", "row 1 is missing"),
        ("DELETE FROM events WHERE n = 7; UPDATE events SET n = n + 1000 WHERE n > 7; "
         "UPDATE events SET n = n - 1001 WHERE n > 1000",
         "row 7 was changed"),
        ("UPDATE events SET n = -1 WHERE n = 7; UPDATE events SET n = 7 WHERE n = 8; "
         "UPDATE events SET n = 8 WHERE n = -1", "row 7 was changed"),
        ("UPDATE events SET n = n + 1000 WHERE n >= 7; UPDATE events SET n = n - 999 WHERE n > 1000; "
         "INSERT INTO events SELECT 7, at, actor, role, address, type, cp_id, driver_id, session_id, correlation_id, "
         "data, hash, chain FROM events WHERE n = 8", "row 8 was changed"),
        ("UPDATE events SET hash = (SELECT hash FROM events WHERE n = 8) WHERE n = 7", "row 7 was changed"),
    ],
)  # fmt: skip
def test_a_row_that_was_changed_deleted_inserted_or_swapped_is_named(book: Path, tampering: str, said: str):
    with raw(book, tamper=True) as connection:
        for statement in tampering.split(";"):
            connection.execute(statement)
    assert said in chain(book)


def anchor(book: Path, head: hash_chain.Head) -> None:
    """Leave an anchor in the file beside the book, as Central does every minute."""
    with book.with_name(ANCHORS).open("a") as file:
        file.write(f"{head.n} {head.hash}\n")


def cut(path: Path, last: int) -> None:
    with raw(path, tamper=True) as connection:
        connection.execute(f"DELETE FROM events WHERE n > {last}")


def test_a_tail_that_was_cut_off_shows_against_the_anchor_only(book: Path):
    end = head(book)
    cut(book, end.n - 2)
    assert chain(book) == ""
    anchor(book, end)
    assert chain(book) == f"audit log broken: rows {end.n - 1} to {end.n} were cut off, says anchors.txt"


async def test_an_older_copy_of_the_database_shows_against_the_anchor(book: Path):
    copy = book.with_name("copy")
    shutil.copy(book, copy)
    anchor(book, await more(book, 0, 5))
    assert chain(book) == ""
    shutil.copy(copy, book)
    assert "were cut off" in chain(book)


@pytest.mark.parametrize("longer", [False, True])
async def test_an_older_copy_on_which_central_worked_on_shows_too(book: Path, longer: bool):
    copy = book.with_name("copy")
    shutil.copy(book, copy)
    old = await more(book, 0, 5)
    anchor(book, old)
    shutil.copy(copy, book)
    # The new chain is anchored as well, and is whole in itself.
    anchor(book, await more(book, 10, 19 if longer else 12))
    said = f"row {old.n} is not the one that was anchored" if longer else "were cut off"
    assert said in chain(book)


def test_a_chain_made_anew_from_the_start_shows_against_the_anchor(book: Path):
    anchor(book, head(book))
    with raw(book, tamper=True) as connection:
        previous = hash_chain.GENESIS
        for row in connection.execute("SELECT * FROM events ORDER BY n").fetchall():
            columns = dict(row) | {"actor": "nobody"}
            previous = hash_chain.chained(previous, columns)
            connection.execute(
                "UPDATE events SET actor = 'nobody', hash = ? WHERE n = ?", (previous, columns["n"])
            )
    assert f"row {head(book).n} is not the one that was anchored" in chain(book)


@pytest.mark.parametrize("text", ["", "\n", "12 abc", "12", "x y", "-1 " + "0" * 64, "7 " + "0" * 63 + "\n"])
def test_a_line_of_anchors_that_was_cut_short_accuses_nobody(book: Path, text: str):
    end = head(book)
    book.with_name(ANCHORS).write_text(f"{end.n} {end.hash}\n{text}")
    assert verify.check(book) == []
    cut(book, end.n - 1)
    assert "were cut off" in chain(book)


def test_anchors_that_are_no_text_are_named(book: Path):
    book.with_name(ANCHORS).write_bytes(b"\xff\xfe")
    with pytest.raises(StateError, match="is it a text file of anchors"):
        verify.check(book)


# ---- the command


async def test_sound_books_are_summed_up(book: Path, capsys: pytest.CaptureFixture):
    state = book.parent.parent
    async with open_database(state / "registry" / "registry.db", "evcharge.registry.schema"):
        pass
    assert verify.main(state) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"central\.db: \d+ events, chain unbroken; 3 tickets and 1 correction, 1.220005 kWh, 0.31 €; every sum holds",
        lines[0],
    )
    assert lines[1:] == [
        "central.db: anchors: anchors.txt (not asked: there is none); the Registry (no anchor)",
        f"central.db: note: {NO_ANCHOR}",
        "registry.db: 0 events, chain unbroken",
        "registry.db: anchors: anchors.txt (not asked: there is none); Central's audit log (no anchor)",
        f"registry.db: note: {NO_ANCHOR}",
    ]


def test_unsound_books_are_an_exit_code_and_a_line_each(book: Path, capsys: pytest.CaptureFixture):
    with raw(book, tamper=True) as connection:
        connection.execute("UPDATE ticket SET cost_cents = cost_cents + 1")
        connection.execute("DELETE FROM events WHERE n = 3")
    assert verify.main(book.parent.parent) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "central.db: audit log broken: row 3 is missing or out of its place"
    assert len(lines) > 3
    assert all(line.startswith("central.db: ") for line in lines)


@pytest.mark.parametrize("sound", [True, False])
def test_programs_read_the_same_as_json(book: Path, capsys: pytest.CaptureFixture, sound: bool):
    if not sound:
        with raw(book, tamper=True) as connection:
            connection.execute("DELETE FROM events WHERE n = 3")
    assert verify.main(book.parent.parent, as_json=True) == (0 if sound else 1)
    answer = json.loads(capsys.readouterr().out)
    (central,) = answer["books"]
    notes = [note["text"] for note in central.pop("notes")]
    assert notes == [NO_ANCHOR] + ([] if sound else ["a broken log is not compared with the tables"])
    assert answer["sound"] is sound
    assert central.pop("events") == head(book).n - (0 if sound else 1)
    end = {"name": "", "n": head(book).n, "hash": head(book).hash}
    assert central.pop("chains") == ([end] if sound else [])
    assert central == {
        "name": "central.db",
        "problems": []
        if sound
        else [
            {
                "name": "chain broken",
                "facts": {"why": "row 3 is missing or out of its place"},
                "text": "audit log broken: row 3 is missing or out of its place",
            }
        ],
        "unread": [],
        "anchors": [{"name": "anchors.txt", "count": 0, "newest": 0, "why": "there is none"}],
        "tickets": 3,
        "corrections": 1,
        "energy_mwh": 1_220_005,
        "cost_cents": 31,
    }


async def test_a_row_of_another_release_is_named_and_breaks_nothing(
    book: Path, capsys: pytest.CaptureFixture
):
    network = Network()
    network.does(c.Note, event=FromNextYear(what="x"))
    async with opened(book.parent) as books:
        await books.store.commit(entries(network))
    line = f"row {head(book).n} of the audit log (FromNextYear) cannot be read by this release"
    assert verify.main(book.parent.parent) == 0
    assert f"central.db: {line}" in capsys.readouterr().out.splitlines()
    assert verify.main(book.parent.parent, as_json=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["sound"], [row["text"] for row in answer["books"][0]["unread"]]) == (True, [line])


def test_a_folder_without_books_is_a_mistake(tmp_path: Path):
    with pytest.raises(StateError, match="is it the right --state folder"):
        verify.main(tmp_path)


def test_a_file_that_is_no_database_is_named(book: Path):
    book.write_bytes(b"this is a text file " * 500)
    with pytest.raises(StateError, match="central.db cannot be read: the database is damaged"):
        verify.check(book)


async def test_central_may_be_at_work_meanwhile(book: Path):
    async with opened(book.parent) as books:
        assert verify.check(book) == []
        assert isinstance(books.database, Database)
        async with books.database.transaction():
            assert verify.check(book) == []


def test_the_checks_change_nothing(book: Path):
    before = book.read_bytes()
    verify.check(book)
    assert book.read_bytes() == before


def test_the_report_is_in_the_language_of_whoever_asked(book: Path, capsys: pytest.CaptureFixture):
    with raw(book, tamper=True) as connection:
        connection.execute("UPDATE driver SET balance_cents = balance_cents + 1 WHERE driver_id = 'D01'")
    assert verify.main(book.parent.parent, lang="es") == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"central\.db: I6 no se cumple: monederos \+ .* = lo ingresado \+ deudas: difieren en -?1 céntimos",
        lines[0],
    )
    assert lines[1] == "central.db: I6 no se cumple: cada monedero es lo que dice su libro mayor: D01"
    assert re.fullmatch(
        r"central\.db: conductor D01: balance_cents es (\d+); según el registro de auditoría, \d+", lines[2]
    )
    assert lines[-2:] == [
        "central.db: anclas: anchors.txt (sin consultar: no lo hay)",
        "central.db: nota: no se pudo comprobar ningún ancla: si faltaran filas al final, no se notaría",
    ]
