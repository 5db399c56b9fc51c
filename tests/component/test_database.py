"""The database file: one process, one transaction at a time, and one sentence when it cannot be used."""

import asyncio
import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evcharge.domain.errors import StateError
from evcharge.storage import database
from evcharge.storage.database import open_database
from evcharge.storage.sqlite_errors import store_error
from evcharge.storage.store_errors import ConstraintViolated, StoreBusy, StoreDamaged, StoreError, StoreFull
from tests.component.books import SCHEMA, raw
from tests.component.small_disk import small_disk

NOTES = [(1, ["CREATE TABLE note (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"])]
NOBODY = 65534


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list:
    """A schema of one small table, that a test may extend."""
    steps = list(NOTES)
    monkeypatch.setattr(database, "schema_steps", lambda package: steps)
    return steps


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Permissions do not hold root back: be somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


async def refused(path: Path) -> str:
    """Return why `path` cannot be opened: one sentence, without a traceback of ours in it."""
    with pytest.raises(StateError) as problem:
        async with open_database(path, SCHEMA):
            pass
    assert "\n" not in problem.value.text
    return problem.value.text


# ---- opening


async def test_a_new_database_is_made_with_its_folder_and_for_its_owner_alone(tmp_path: Path, notes: list):
    path = tmp_path / "state" / "central" / "x.db"
    async with open_database(path, "x") as books:
        assert await books.read("SELECT * FROM note") == []
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.with_name("x.db-wal").exists()


@pytest.fixture
def umask() -> Iterator[None]:
    """Whoever runs this lets everybody read and write what he makes."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.lstat().st_mode) for file in folder.iterdir()}


@pytest.mark.usefixtures("umask")
async def test_all_that_lies_beside_it_is_for_its_owner_only_whatever_the_umask(tmp_path: Path, notes: list):
    path = tmp_path / "state" / "central" / "x.db"
    async with open_database(path, "x") as books, books.transaction() as transaction:
        await transaction.execute("INSERT INTO note VALUES (1, 'a secret')")
        during = modes(path.parent)
    assert during == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600, "x.db.lock": 0o600}
    assert modes(tmp_path / "state") == {"central": 0o700}
    assert modes(path.parent) == {"x.db": 0o600, "x.db.lock": 0o600}


@pytest.mark.usefixtures("umask")
async def test_what_an_older_release_left_open_to_all_is_closed(tmp_path: Path, notes: list):
    path = tmp_path / "x.db"
    async with open_database(path, "x"):
        pass
    for name in ("x.db", "x.db-wal", "x.db-shm", "x.db.lock"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    async with open_database(path, "x") as books:
        await books.read("SELECT * FROM note")
        assert set(modes(tmp_path).values()) == {0o600}


@pytest.mark.parametrize("name", ["x.db", "x.db.lock", "x.db-wal", "x.db-journal"])
async def test_a_planted_link_is_refused_and_what_it_points_to_is_left_alone(tmp_path: Path, name: str):
    target = tmp_path / "of somebody else"
    target.write_text("precious")
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / name).symlink_to(target)
    assert await refused(folder / "x.db") == (
        f"cannot write {folder / name}: it must be a plain file. Remove what is there."
    )
    assert target.read_text() == "precious"


@pytest.mark.parametrize("size", ["4k", "8k", "32k", "44k", "64k"])
async def test_a_disk_that_is_full_from_the_start_is_a_sentence(tmp_path: Path, size: str):
    with small_disk(tmp_path / "small", size) as disk:
        text = await refused(disk / "state" / "x.db")
        assert text.endswith(": the disk is full. Free some space; nothing stored is lost.")


async def test_the_connection_is_set_up_for_safety(tmp_path: Path):
    async with open_database(tmp_path / "x.db", SCHEMA) as books:
        found = {}
        for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "busy_timeout"):
            found[name] = (await books.read(f"PRAGMA {name}"))[0][0]
    assert found == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "busy_timeout": 5000,
    }  # fmt: skip


@pytest.mark.parametrize("package", [SCHEMA, "evcharge.registry.schema"])
async def test_the_schemas_of_the_house_are_made_and_opened_again(tmp_path: Path, package: str):
    for _ in range(2):
        async with open_database(tmp_path / "x.db", package) as books:
            tables = await books.read("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            assert tables
            assert all("STRICT" in row["sql"] for row in tables)


async def test_a_second_process_is_told_who_has_it(tmp_path: Path):
    path = tmp_path / "x.db"
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from evcharge.storage.database import open_database\n"
        "async def main():\n"
        f"    async with open_database(Path({str(path)!r}), {SCHEMA!r}):\n"
        "        print('open', flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        text = await refused(path)
        other.communicate("")
    assert f"in use by another evcharge (pid {other.pid})" in text
    assert "--state" in text
    async with open_database(path, SCHEMA):
        pass


async def test_the_lock_outlives_no_process(tmp_path: Path):
    path = tmp_path / "x.db"
    path.with_name("x.db.lock").write_text("99999999")
    async with open_database(path, SCHEMA):
        assert path.with_name("x.db.lock").read_text() == str(os.getpid())
        assert f"(pid {os.getpid()})" in await refused(path)


async def test_a_lock_that_names_nobody_is_still_a_lock(tmp_path: Path):
    path = tmp_path / "x.db"
    async with open_database(path, SCHEMA):
        path.with_name("x.db.lock").write_text("")
        assert "(pid unknown)" in await refused(path)


async def test_books_of_a_newer_evcharge_are_left_alone(tmp_path: Path):
    path = tmp_path / "x.db"
    async with open_database(path, SCHEMA):
        pass
    with raw(path) as connection:
        connection.execute("PRAGMA user_version=99")
    said = await refused(path)
    assert "has schema 99, written by a newer evcharge; this one knows " in said
    # The way back from an upgrade, as docs/RUNBOOK.md has it.
    assert said.endswith("put back the backup of before the upgrade (evcharge restore).")


@pytest.mark.parametrize("damage", ["not a database", "header", "middle", "one bit"])
async def test_a_damaged_file_is_called_damaged_and_never_deleted(tmp_path: Path, damage: str):
    path = tmp_path / "x.db"
    async with open_database(path, SCHEMA):
        pass
    whole = bytearray(path.read_bytes())
    match damage:
        case "not a database":
            whole[:] = b"this is a text file " * 500
        case "header":
            whole[:100] = bytes(100)
        case "middle":
            whole[4096:8192] = os.urandom(4096)
        case _:
            whole[4096] ^= 0x20  # the kind of the first page of a table
    path.write_bytes(whole)
    text = await refused(path)
    assert "is damaged. Move it aside and put the latest backup in its place" in text
    assert path.read_bytes() == bytes(whole)


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    # Not below tmp_path: its parents may be closed to others.
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"evcharge-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        folder.chmod(0o555)
        with as_ordinary_user():
            text = await refused(folder / "x.db")
    finally:
        folder.chmod(0o755)
        folder.rmdir()
    assert text == (
        f"cannot write {folder / 'x.db.lock'}: permission denied. "
        "Check who owns the folder, or choose another one with --state."
    )


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert await refused(tmp_path / "file" / "x.db") == (
        f"cannot write {tmp_path / 'file' / 'x.db.lock'}: a file stands where a folder must be. "
        "Remove it, or choose another folder with --state."
    )


async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path):
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"evcharge-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    path = folder / "x.db"
    try:
        async with open_database(path, SCHEMA):
            pass
        path.chmod(0o444)
        path.with_name("x.db.lock").chmod(0o666)
        with as_ordinary_user():
            text = await refused(path)
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    assert text == (
        f"cannot write {path}: permission denied. Check who owns the folder, or choose another one with --state."
    )


async def test_a_file_that_another_program_holds_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "x.db"
    async with open_database(path, SCHEMA):
        pass
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_MS", 50)
    with raw(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        text = await refused(path)
    assert text == f"{path} is held by another program. Close it and start again."


async def test_a_directory_in_its_place_is_named(tmp_path: Path):
    (tmp_path / "x.db").mkdir()
    text = await refused(tmp_path / "x.db")
    assert text.startswith(f"cannot write {tmp_path / 'x.db'}")


def test_any_other_trouble_is_named_by_its_code():
    trouble = sqlite3.OperationalError("no such thing")
    trouble.sqlite_errorname = "SQLITE_ERROR"
    text = database._explained(store_error(trouble), Path("x.db")).text
    assert text == "x.db: the database did not do it (SQLITE_ERROR)"


# ---- migrations


async def test_a_newer_schema_keeps_what_is_there(tmp_path: Path, notes: list):
    path = tmp_path / "x.db"
    async with open_database(path, "x") as books, books.transaction() as transaction:
        await transaction.execute("INSERT INTO note VALUES (1, 'kept')")
    notes.append((2, ["ALTER TABLE note ADD COLUMN colour TEXT;", "UPDATE note SET colour = 'red';"]))
    async with open_database(path, "x") as books:
        assert [tuple(row) for row in await books.read("SELECT * FROM note")] == [(1, "kept", "red")]
        assert (await books.read("PRAGMA user_version"))[0][0] == 2


async def test_a_migration_that_fails_half_way_is_undone(tmp_path: Path, notes: list):
    path = tmp_path / "x.db"
    async with open_database(path, "x") as books, books.transaction() as transaction:
        await transaction.execute("INSERT INTO note VALUES (1, 'kept')")
    notes.append((2, ["CREATE TABLE other (n INTEGER) STRICT;", "DELETE FROM note;", "NONSENSE;"]))
    assert "the database did not do it (SQLITE_ERROR)" in await refused(path)
    with raw(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        assert [tuple(row) for row in connection.execute("SELECT * FROM note")] == [(1, "kept")]
        assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'other'").fetchall() == []
    notes[1] = (2, ["CREATE TABLE other (n INTEGER) STRICT;"])
    async with open_database(path, "x") as books:
        assert await books.read("SELECT * FROM other") == []


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("", []),
        ("\n \n", []),
        ("SELECT 1;", ["SELECT 1;"]),
        ("SELECT 1;\nSELECT 2", ["SELECT 1;\n", "SELECT 2"]),
        ("-- why; because\nSELECT\n1;\n", ["-- why; because\nSELECT\n1;\n"]),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON x BEGIN\n SELECT 1;\n SELECT 2;\nEND;\nSELECT 3;",
            ["CREATE TRIGGER t BEFORE UPDATE ON x BEGIN\n SELECT 1;\n SELECT 2;\nEND;\n", "SELECT 3;"],
        ),
    ],
)
def test_a_script_is_cut_into_its_statements_and_none_is_lost(script: str, statements: list[str]):
    assert database._statements(script) == statements


def test_the_steps_of_a_schema_go_by_number():
    numbers = [number for number, _ in database.schema_steps(SCHEMA)]
    assert numbers == sorted(numbers) == list(range(1, len(numbers) + 1))


# ---- transactions


async def insert(books: database.Database, *numbers: int, pause: asyncio.Event | None = None) -> None:
    async with books.transaction() as transaction:
        for number in numbers:
            await transaction.execute("INSERT INTO note VALUES (:n, 'x')", {"n": number})
        if pause is not None:
            await pause.wait()


async def stored(books: database.Database) -> list[int]:
    return [row["n"] for row in await books.read("SELECT n FROM note ORDER BY n")]


async def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path, notes: list):
    async with open_database(tmp_path / "x.db", "x") as books:
        with pytest.raises(ConstraintViolated):
            await insert(books, 1, 2, 1)
        with pytest.raises(RuntimeError, match="a bug"):
            async with books.transaction() as transaction:
                await transaction.execute("INSERT INTO note VALUES (:n, 'x')", {"n": 3})
                raise RuntimeError("a bug")
        assert await stored(books) == []
        await insert(books, 4)
        assert await stored(books) == [4]


async def test_a_reader_never_sees_half_a_transaction(tmp_path: Path, notes: list):
    async with open_database(tmp_path / "x.db", "x") as books:
        go_on = asyncio.Event()
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(insert(books, 1, 2, pause=go_on))
            await asyncio.sleep(0)
            reading = tasks.create_task(stored(books))
            done, _ = await asyncio.wait([reading], timeout=0.05)
            assert not done
            go_on.set()
        assert reading.result() == [1, 2]


@pytest.mark.parametrize("steps", range(12))
async def test_whoever_is_cancelled_in_a_transaction_leaves_the_database_usable(
    tmp_path: Path, notes: list, steps: int
):
    # After each number of turns of the loop: also while BEGIN or COMMIT is under way in the other thread.
    async with open_database(tmp_path / "x.db", "x") as books:
        task = asyncio.get_running_loop().create_task(insert(books, 1, 2))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert await stored(books) in ([], [1, 2])
        await insert(books, 3)
        assert 3 in await stored(books)


async def test_a_transaction_cancelled_while_it_begins_is_not_left_open(tmp_path: Path, notes: list):
    async with open_database(tmp_path / "x.db", "x") as books:
        slow = asyncio.get_running_loop().create_task(insert(books, 1))
        await asyncio.sleep(0)  # BEGIN is on its way to the connection's thread
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        await insert(books, 2)
        assert await stored(books) == [2]


# ---- what it does not do


async def test_data_that_breaks_a_rule_of_the_schema_is_a_violated_constraint_that_names_no_value(
    tmp_path: Path, notes: list
):
    notes.append((2, ["CREATE UNIQUE INDEX one_text ON note (text);"]))
    async with open_database(tmp_path / "x.db", "x") as books:
        for text in ("secret", None, b"secret"):
            with pytest.raises(ConstraintViolated, match=r"note\.text") as problem:
                async with books.transaction() as transaction:
                    for one in ("secret", text):
                        await transaction.execute("INSERT INTO note (text) VALUES (:text)", {"text": one})
            assert isinstance(problem.value.__cause__, sqlite3.Error)
            assert "secret" not in str(problem.value)
        assert await stored(books) == []


async def test_a_file_that_another_program_writes_is_busy_and_free_afterwards(
    tmp_path: Path, notes: list, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_MS", 20)
    async with open_database(tmp_path / "x.db", "x") as books:
        with raw(tmp_path / "x.db") as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy):
                await insert(books, 1)
            assert await stored(books) == []
            other.execute("ROLLBACK")
        await insert(books, 2)
        assert await stored(books) == [2]


async def test_pages_that_change_under_an_open_database_are_damage(tmp_path: Path, notes: list):
    path = tmp_path / "x.db"
    async with open_database(path, "x") as books:
        async with books.transaction() as transaction:
            for number in range(50):
                row = {"n": number, "text": "x" * 2_000}
                await transaction.execute("INSERT INTO note VALUES (:n, :text)", row)
        await books.read("PRAGMA wal_checkpoint(TRUNCATE)")
        await books.read("PRAGMA shrink_memory")
        whole = path.read_bytes()
        path.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
        with pytest.raises(StoreDamaged):
            await stored(books)
        path.write_bytes(whole)


async def test_a_question_that_makes_no_sense_is_a_store_error(tmp_path: Path, notes: list):
    async with open_database(tmp_path / "x.db", "x") as books:
        with pytest.raises(StoreError, match=r"did not do it \(SQLITE_ERROR\)"):
            await books.read("SELECT * FROM nowhere")
        with pytest.raises(StoreError, match=r"did not do it \(SQLITE_ERROR\)"):
            async with books.transaction() as transaction:
                await transaction.execute("DELETE FROM nowhere")


async def test_a_program_that_answers_no_store_error_ends_with_a_sentence(tmp_path: Path, notes: list):
    path = tmp_path / "x.db"
    with pytest.raises(StateError) as problem:
        async with open_database(path, "x"):
            raise StoreFull("database or disk is full")
    assert problem.value.text == f"{path}: the disk is full. Free some space; nothing stored is lost."


# ---- a full disk


async def test_a_full_disk_loses_nothing_and_is_used_again_when_there_is_room(tmp_path: Path, notes: list):
    async with open_database(tmp_path / "x.db", "x") as books:
        await insert(books, 1)
        pages = (await books.read("PRAGMA page_count"))[0][0]
        await books.read(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreFull) as problem:
            async with books.transaction() as transaction:
                await transaction.execute("INSERT INTO note VALUES (2, :text)", {"text": "x" * 100_000})
        assert problem.value.code == "SQLITE_FULL"
        assert await stored(books) == [1]
        await books.read("PRAGMA max_page_count=1000000")
        await insert(books, 3)
        assert await stored(books) == [1, 3]
        assert (await books.read("PRAGMA integrity_check"))[0][0] == "ok"


async def test_a_disk_without_room_for_the_schema_says_so(tmp_path: Path, notes: list):
    path = tmp_path / "x.db"
    async with open_database(path, "x"):
        pass
    notes.append((2, ["PRAGMA max_page_count=1;", "CREATE TABLE big (n INTEGER) STRICT;"]))
    assert await refused(path) == f"{path}: the disk is full. Free some space; nothing stored is lost."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "256k") as folder:
        yield folder


async def test_a_disk_that_is_really_full_is_survived(disk: Path, notes: list):
    async with open_database(disk / "x.db", "x") as books:
        number = 0
        with pytest.raises(StoreFull) as problem:
            for number in range(1, 10_000):
                async with books.transaction() as transaction:
                    await transaction.execute(
                        "INSERT INTO note VALUES (:n, :t)", {"n": number, "t": "x" * 4_000}
                    )
        assert problem.value.code == "SQLITE_FULL"
        assert await stored(books) == list(range(1, number))
    async with open_database(disk / "x.db", "x") as books:
        assert await stored(books) == list(range(1, number))
