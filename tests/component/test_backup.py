"""`evcharge backup` and `evcharge restore` on real books: all of it or nothing, one clear sentence for a bad input."""

import asyncio
import contextlib
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evcharge.central.books import verify
from evcharge.cli import run
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator import backup
from evcharge.runtime import files
from evcharge.storage.database import only_process
from tests.component.books import busy_day, entries, opened, raw, written_by_an_older

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
    assert evcharge(state, "backup", file, "--with-keys", "--passphrase-file", word) == 0
    assert evcharge(other, "restore", file, "--with-keys", "--passphrase-file", word) == 0
    names = {name for name in backup.KEYS if (state / name).exists()}
    assert {"ca.key", "service.key", "central/resume.key", "operator.token"} <= names
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
    assert "Los motores cuentan lo que falta" in capsys.readouterr().out
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


BAD = {
    "is no backup of evcharge, or it was cut short": [a_file_that_is_cut, something_else, a_zip_of_another,
                                                      a_name_that_leads_out],
    "cannot read": [nothing],
    "central/central.db is not what its manifest says": [a_changed_book, another_head],
    "schema 999; this one knows": [a_newer_schema],
    "made by a newer evcharge": [a_newer_form],
    "is of another network": [another_network],
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
    assert "holds no keys" in capsys.readouterr().err


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
    assert "No space left on device. Free some space" in capsys.readouterr().err
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

    async def start() -> None:
        async with opened(state / "central"):
            pass

    asyncio.run(start())
    assert verify.check(state / "central/central.db") == []
