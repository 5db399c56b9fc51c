"""`evcharge backup` and `evcharge restore` on real books: all of it or nothing, one clear sentence for a bad input."""

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evcharge import cli
from evcharge.central.books import verify
from evcharge.cli import run
from evcharge.domain.errors import StateError
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator import backup
from evcharge.runtime import files
from evcharge.security import secret_files
from evcharge.storage import database, exchange
from evcharge.storage.database import only_process, open_database
from tests.component.books import SCHEMA, busy_day, entries, opened, raw, release_of, written_by_an_older

WORD = "correct horse battery"
SAY = Speech(SENTENCES, "en")
AT = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of a network, with books of a day."""
    folder = tmp_path / "state"
    assert evcharge(folder, "init") == 0
    (folder / "central" / "central.db").unlink()

    async def write() -> None:
        async with opened(folder / "central") as books:
            await books.store.commit(entries(busy_day()))

    asyncio.run(write())
    return folder


@pytest.fixture
def word(tmp_path: Path) -> Path:
    path = tmp_path / "word"
    path.write_text(f"{WORD}\nnot this\n")
    return path


def evcharge(folder: Path, *args: object) -> int:
    return run([*map(str, args), "--state", str(folder)])


def kept(folder: Path) -> dict[str, bytes]:
    """Every file of a state folder but the locks."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def driver(folder: Path) -> int:
    with raw(folder / "central/central.db") as books:
        return books.execute("SELECT balance_cents FROM driver WHERE driver_id = 'D02'").fetchone()[0]


def spends(folder: Path) -> None:
    """What happens after the backup."""
    with raw(folder / "central/central.db", tamper=True) as books:
        books.execute("UPDATE driver SET balance_cents = 1 WHERE driver_id = 'D02'")


def rewritten(path: Path, change: Callable[[dict], None], **parts: bytes) -> None:
    """Make a backup say something else."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content["manifest.json"])
    change(manifest)
    content |= {"manifest.json": json.dumps(manifest).encode()} | parts
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def test_the_books_are_copied_and_put_back_and_what_they_replace_is_kept(state: Path, tmp_path: Path, capsys):
    file, before = tmp_path / "b.evb", driver(state)
    assert evcharge(state, "backup", file) == 0
    assert "Keep it as safe as the books" in capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    spends(state)
    assert evcharge(state, "restore", file) == 0
    said = capsys.readouterr().out
    assert driver(state) == before
    (aside,) = state.glob("replaced-*")
    assert str(aside) in said
    assert driver(aside) == 1
    assert stat.S_IMODE(aside.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "central/central.db").stat().st_mode) == 0o600
    assert verify.main(state) == 0
    # Nothing of the work lies about.
    assert [path.name for path in state.iterdir() if path.name.startswith(".")] == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_manifest_says_what_is_in_it(state: Path, tmp_path: Path):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file)
    manifest = backup.read_manifest(file, SAY)
    with raw(state / "central/central.db") as books:
        n, hash_ = books.execute("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1").fetchone()
        schema = books.execute("PRAGMA user_version").fetchone()[0]
    (central,) = [part for part in manifest.parts if part.name == "central/central.db"]
    assert (central.head.n, central.head.hash, central.schema) == (n, hash_, schema)
    assert manifest.keys is None
    content = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        content += b"".join(map(archive.read, archive.namelist()))
    for secret in ("service.key", "operator.token", "central/resume.key"):
        assert (state / secret).read_bytes().strip() not in content


async def test_the_books_are_copied_while_central_has_them_open(state: Path, tmp_path: Path):
    async with opened(state / "central") as books:
        await books.store.live(AT)
        backup.back_up(state, tmp_path / "b.evb", AT, SAY)
        # What is committed only beside the file is in the copy, and the books go on.
        await books.store.live(AT)
    with raw(state / "central/central.db") as books:
        assert books.execute("SELECT COUNT(*) FROM life").fetchone()[0] == 1
    assert evcharge(state, "restore", tmp_path / "b.evb") == 0


def test_with_keys_an_empty_folder_becomes_the_network_again(state: Path, tmp_path: Path, word: Path):
    file, other = tmp_path / "b.evb", tmp_path / "other"
    beside = {"notify.password", "notify.token", "central/notified.json", "weather/alerts.json"}
    for name in beside:
        (state / name).parent.mkdir(mode=0o700, exist_ok=True)
        secret_files.replace_secret(state / name, f"what is in {name}")
    assert evcharge(state, "backup", file, "--with-keys", "--passphrase-file", word) == 0
    assert evcharge(other, "restore", file, "--with-keys", "--passphrase-file", word) == 0
    names = {name for name in backup.KEYS if (state / name).exists()}
    assert {"ca.key", "service.key", "central/resume.key", "operator.token", *beside} <= names
    for name in names:
        assert (other / name).read_bytes() == (state / name).read_bytes()
        assert stat.S_IMODE((other / name).stat().st_mode) == (0o644 if name.endswith(".pem") else 0o600)
    assert driver(other) == driver(state)
    assert list(other.glob("replaced-*")) == []
    with zipfile.ZipFile(file) as archive:
        sealed = archive.read("keys.sealed")
    assert (state / "service.key").read_bytes().strip() not in sealed


def test_it_speaks_spanish(state: Path, tmp_path: Path, capsys):
    file = tmp_path / "b.evb"
    assert evcharge(state, "backup", file, "--lang", "es") == 0
    assert "los libros de" in capsys.readouterr().out
    assert evcharge(state, "restore", file, "--lang", "es") == 0
    assert "Los motores enviarán lo que falte" in capsys.readouterr().out
    assert evcharge(state, "backup", file, "--lang", "es") == 1
    assert "nada se sobrescribe" in capsys.readouterr().err


# ---- what it refuses, and nothing is changed


def a_file_that_is_cut(file: Path, _: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def something_else(file: Path, _: Path) -> None:
    file.write_bytes(b"not a backup")


def nothing(file: Path, _: Path) -> None:
    file.unlink()


def a_zip_of_another(file: Path, _: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "y")


def a_changed_book(file: Path, _: Path) -> None:
    rewritten(file, lambda _: None, **{"central/central.db": b"x"})


def a_name_that_leads_out(file: Path, _: Path) -> None:
    rewritten(file, lambda manifest: manifest["parts"][0].update(name="../../operator.token"))


def a_newer_schema(file: Path, _: Path) -> None:
    def change(manifest: dict) -> None:
        for part in manifest["parts"]:
            if part["name"] == "central/central.db":
                part["schema"] = 999

    rewritten(file, change)


def a_newer_form(file: Path, _: Path) -> None:
    rewritten(file, lambda manifest: manifest.update(format=2, parts="quite different"))


def another_head(file: Path, _: Path) -> None:
    def change(manifest: dict) -> None:
        for part in manifest["parts"]:
            if part["name"] == "central/central.db":
                part["head"]["n"] += 1

    rewritten(file, change)


def another_network(_: Path, folder: Path) -> None:
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nanother\n")


def no_keys_there(_: Path, folder: Path) -> None:
    (folder / "ca.pem").unlink()


BAD: dict[str, list[Callable[..., object]]] = {
    "is not an evcharge backup, or was cut short": [a_file_that_is_cut, something_else, a_zip_of_another,
                                                      a_name_that_leads_out],
    "cannot read": [nothing],
    "central/central.db is not what its manifest says": [a_changed_book, another_head],
    "schema 999; this one knows": [a_newer_schema],
    "made by a newer evcharge": [a_newer_form],
    "is from another network": [another_network],
    "has no keys of the network": [no_keys_there],
}  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "says"), [(spoil, says) for says, all_of in BAD.items() for spoil in all_of]
)
def test_a_bad_input_is_one_sentence_and_changes_nothing(
    state: Path, tmp_path: Path, capsys, spoil: Callable[[Path, Path], None], says: str
):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file)
    spoil(file, state)
    before = kept(state)
    capsys.readouterr()
    assert evcharge(state, "restore", file) == 1
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert kept(state) == before


def test_the_wrong_passphrase_opens_nothing(state: Path, tmp_path: Path, word: Path, capsys):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file, "--with-keys", "--passphrase-file", word)
    before = kept(state)
    word.write_text("another one, quite long\n")
    assert evcharge(state, "restore", file, "--with-keys", "--passphrase-file", word) != 0
    assert "does not open the keys" in capsys.readouterr().err
    assert kept(state) == before


@pytest.mark.parametrize(
    ("text", "says"), [("short\n", "at least 12"), ("", "at least 12"), (None, "cannot read")]
)
def test_a_passphrase_that_is_none_is_refused(
    state: Path, tmp_path: Path, capsys, text: str | None, says: str
):
    word, file = tmp_path / "word", tmp_path / "b.evb"
    if text is not None:
        word.write_text(text)
    assert evcharge(state, "backup", file, "--with-keys", "--passphrase-file", word) != 0
    assert says in capsys.readouterr().err
    assert not file.exists()


def test_keys_that_are_not_in_it_cannot_be_put_back(state: Path, tmp_path: Path, word: Path, capsys):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file)
    assert evcharge(state, "restore", file, "--with-keys", "--passphrase-file", word) != 0
    assert "contains no keys" in capsys.readouterr().err


def test_nobody_is_asked_without_a_terminal(state: Path, tmp_path: Path, capsys):
    assert evcharge(state, "backup", tmp_path / "b.evb", "--with-keys") != 0
    assert "--passphrase-file" in capsys.readouterr().err


@pytest.mark.parametrize("book", backup.BOOKS)
def test_books_in_use_are_not_replaced(state: Path, tmp_path: Path, capsys, book: str):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file)
    before = kept(state)
    with only_process(state / book):
        assert evcharge(state, "restore", file) == 2
    assert "is in use by another evcharge (pid" in capsys.readouterr().err
    assert kept(state) == before


def test_a_file_that_is_there_is_not_overwritten(state: Path, tmp_path: Path, capsys):
    file = tmp_path / "b.evb"
    file.write_text("mine")
    assert evcharge(state, "backup", file) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    assert file.read_text() == "mine"


def test_a_folder_without_books_has_nothing_to_copy(tmp_path: Path, capsys):
    assert evcharge(tmp_path / "empty", "backup", tmp_path / "b.evb") == 1
    assert "is it the right --state folder?" in capsys.readouterr().err


def test_a_disk_without_room_leaves_all_as_it_was(state: Path, tmp_path: Path, capsys, monkeypatch):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file)
    spends(state)
    before = kept(state)
    full = OSError(28, "No space left on device")

    def no_room(_path: Path, _flags: int) -> int:
        raise full

    monkeypatch.setattr(files, "open_ours", no_room)
    monkeypatch.setattr(backup, "only_process", lambda _: contextlib.nullcontext())
    assert evcharge(state, "restore", file) == 1
    assert "no space left on the disk. Free some space" in capsys.readouterr().err
    assert kept(state) == before


def test_a_restore_that_fails_half_way_puts_back_what_it_moved(state: Path, tmp_path: Path, monkeypatch):
    file = tmp_path / "b.evb"
    evcharge(state, "backup", file)
    spends(state)
    before, rename = kept(state), Path.rename

    def breaks(path: Path, target: Path) -> Path:
        if ".restore." in str(path) and path.name == "central.db":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", breaks)
    assert evcharge(state, "restore", file) == 1
    assert kept(state) == before


def test_an_older_schema_is_put_back_and_migrated_by_the_next_start(state: Path, tmp_path: Path):
    (state / "central/central.db").unlink()
    written_by_an_older(state / "central/central.db", 5, entries(busy_day()))
    file = tmp_path / "b.evb"
    assert evcharge(state, "backup", file) == 0
    assert evcharge(state, "restore", file) == 0
    with raw(state / "central/central.db") as books:
        assert books.execute("PRAGMA user_version").fetchone()[0] == 5

    asyncio.run(start(state))
    assert verify.check(state / "central/central.db") == []


# ---- an upgrade, and the way back (docs/RUNBOOK.md)

OLD = 5
# What both releases have, and no upgrade may change.
OF_BOTH = (
    "SELECT session_id, driver_id, cp_id, energy_mwh, cost_cents, reason, ended_at FROM ticket ORDER BY session_id",
    "SELECT session_id, state, hold_cents, meter_mwh FROM session ORDER BY session_id",
    "SELECT id, kind, debit, credit, cents, driver_id, session_id FROM ledger ORDER BY id",
    "SELECT driver_id, balance_cents, held_cents, blocked FROM driver ORDER BY driver_id",
    "SELECT cp_id, journal_id, last_seq FROM journal ORDER BY cp_id",
    "SELECT n, type, data, hash FROM events ORDER BY n",
)


def told(path: Path) -> list[list[tuple]]:
    with raw(path) as books:
        return [[tuple(row) for row in books.execute(sql)] for sql in OF_BOTH]


def schema_of(path: Path) -> int:
    with raw(path) as books:
        return books.execute("PRAGMA user_version").fetchone()[0]


async def open_only(path: Path) -> None:
    async with open_database(path, SCHEMA):
        pass


def test_an_upgrade_keeps_all_and_the_backup_of_before_leads_back(state: Path, tmp_path: Path):
    central, file = state / "central/central.db", tmp_path / "before.evb"
    central.unlink()
    written_by_an_older(central, OLD, entries(busy_day()))
    before = told(central)
    assert all(before)
    # First the backup, by the release that is there; then the new one is installed, and started.
    with release_of(OLD):
        assert evcharge(state, "backup", file) == 0
    asyncio.run(start(state))
    newest = database.newest_schema(SCHEMA)
    assert (schema_of(central), told(central)) == (newest, before)
    assert verify.check(central) == []
    # Back: the old release does not touch books that it does not know, and says so; the backup it opens.
    with release_of(OLD):
        with pytest.raises(
            StateError, match=f"has schema {newest}, written by a newer evcharge; this one knows {OLD}"
        ):
            asyncio.run(open_only(central))
        assert evcharge(state, "restore", file) == 0
        asyncio.run(open_only(central))
    assert (schema_of(central), told(central)) == (OLD, before)
    # What was written in between is kept beside it, and the next upgrade is none the worse.
    (aside,) = state.glob("replaced-*/**/central.db")
    assert (schema_of(aside), told(aside)) == (newest, before)
    asyncio.run(start(state))
    assert (schema_of(central), told(central)) == (newest, before)
    assert verify.check(central) == []


# ---- it is killed

# For each line FOLDER N ARGUMENTS…, a process that is killed before its N-th file operation; 0 lets it live.
FALLING = """
import os, signal, sys
from evcharge import cli
from evcharge.operator import backup

backup._SCRYPT_N = 2
OPERATIONS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "open", "sqlite3.connect", "fcntl.flock"}
folder, left = "-", 0

def seen(event, arguments):
    global left
    if event not in OPERATIONS or (event == "open" and folder not in str(arguments[0])):
        return
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(seen)
for line in sys.stdin:
    where, number, *arguments = line.split()
    child = os.fork()
    if not child:
        folder, left = where, int(number)
        os._exit(cli.run([*arguments, "--state", where]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def fall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Run evcharge on a state folder until its n-th file operation; return how it ended."""
    # The keys are sealed with less work: this opens them a hundred times.
    monkeypatch.setattr(backup, "_SCRYPT_N", 2)
    with subprocess.Popen(
        [sys.executable, "-c", FALLING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ran(folder: Path, number: int, *args: object) -> int:
            print(folder, number, *args, file=process.stdin, flush=True)
            while not re.fullmatch(r"-?[0-9]+", line := process.stdout.readline().strip()):
                assert process.poll() is None
            return int(line)

        yield ran
        process.stdin.close()


def without_aside(folder: Path) -> dict[str, bytes]:
    # Whoever looks at a book leaves an empty log beside it.
    found = {name: data for name, data in kept(folder).items() if data and not name.endswith("-shm")}
    return {name: data for name, data in found.items() if not name.startswith("replaced-")}


def test_a_restore_that_is_killed_at_any_step_is_done_in_full_or_not_at_all(
    state: Path, tmp_path: Path, word: Path, fall: Callable[..., int]
):
    file, asked = tmp_path / "b.evb", ["--with-keys", "--passphrase-file", word]
    evcharge(state, "backup", file, *asked)
    spends(state)
    before = without_aside(state)
    shutil.copytree(state, tmp_path / "all")
    assert fall(tmp_path / "all", 0, "restore", file, *asked) == 0
    after = without_aside(tmp_path / "all")
    half_done = 0
    for number in itertools.count(1):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(state, folder)
        code = fall(folder, number, "restore", file, *asked)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        if interrupted := exchange.is_half_done(folder):
            half_done += 1
            # Nobody makes new books where the old ones are about to come back.
            with pytest.raises(StateError, match="is being restored"):
                asyncio.run(start(folder))
        assert ("was interrupted half way; it is finished now" in backup.finish(folder, SAY)) is interrupted
        assert without_aside(folder) == (after if half_done else before)
        assert [driver(aside) for aside in folder.glob("replaced-*")] == ([1] if half_done else [])
        assert [path.name for path in folder.iterdir() if path.name.startswith((".", "restoring.json"))] == []
        shutil.rmtree(folder)
    assert half_done > 6


@pytest.fixture
def half_done(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a restore that was ended before it had moved anything."""
    evcharge(state, "backup", tmp_path / "b.evb")
    spends(state)

    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "_move", ended)
        assert evcharge(state, "restore", tmp_path / "b.evb") == cli.INTERRUPTED
    assert exchange.is_half_done(state)
    return state


def test_whoever_finishes_a_restore_may_be_killed_too(
    half_done: Path, tmp_path: Path, fall: Callable[..., int]
):
    for number in itertools.count(1):
        folder = tmp_path / f"again-{number}"
        shutil.copytree(half_done, folder)
        if fall(folder, number, "backup", tmp_path / f"b{number}.evb") == 0:
            break
        backup.finish(folder, SAY)
        assert driver(folder) != 1
    assert number > 6


def test_another_restore_finishes_the_one_that_was_killed_and_says_so(
    half_done: Path, tmp_path: Path, capsys
):
    capsys.readouterr()
    assert evcharge(half_done, "restore", tmp_path / "b.evb", "--lang", "es") == 0
    assert "se interrumpió a medias; ya está terminada" in capsys.readouterr().err
    assert min(driver(aside) for aside in half_done.glob("replaced-*")) == 1
    assert len(list(half_done.glob("replaced-*"))) == 2


@pytest.mark.parametrize("command", ["init", "registry", "central", "up", "audit verify", "backup"])
def test_whatever_uses_books_or_keys_finishes_it_first(half_done: Path, capsys, monkeypatch, command: str):
    """Only the beginning of each: the roles themselves need more."""
    monkeypatch.setattr(cli, "_live", lambda *_role, **_how: 0)
    capsys.readouterr()
    more = [half_done.parent / "another.evb"] if command == "backup" else []
    assert evcharge(half_done, *command.split(), *more) == 0
    assert "was interrupted half way; it is finished now" in capsys.readouterr().err
    assert driver(half_done) != 1


async def start(folder: Path) -> None:
    async with opened(folder / "central"):
        pass
