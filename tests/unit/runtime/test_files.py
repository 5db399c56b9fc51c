"""Files: ours for their owner only, never through a planted link; those of others up to a bound."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from evcharge.runtime import files

CREATE = os.O_RDWR | os.O_CREAT


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
@pytest.mark.usefixtures("umask")
def test_a_file_of_ours_is_for_its_owner_only_whatever_the_umask(tmp_path: Path, mask: int):
    os.umask(mask)
    os.close(files.open_ours(tmp_path / "x", CREATE))
    assert mode(tmp_path / "x") == 0o600


def test_a_file_of_an_older_release_is_closed_to_others(tmp_path: Path):
    (tmp_path / "x").write_text("all may read")
    (tmp_path / "x").chmod(0o644)
    assert files.read_ours(tmp_path / "x", 100) == b"all may read"
    assert mode(tmp_path / "x") == 0o600


@pytest.mark.usefixtures("umask")
def test_a_folder_of_ours_and_those_above_it_are_for_their_owner_only(tmp_path: Path):
    files.make_folder(tmp_path / "a" / "b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_planted_link_is_not_followed(tmp_path: Path, is_there: bool):
    target = tmp_path / "of somebody else"
    if is_there:
        target.write_text("precious")
    (tmp_path / "x").symlink_to(target)
    for flags in (CREATE, CREATE | os.O_TRUNC, os.O_WRONLY | os.O_APPEND | os.O_CREAT, os.O_RDONLY):
        with pytest.raises(files.NotPlain):
            files.open_ours(tmp_path / "x", flags)
    assert target.read_text() == "precious" if is_there else not target.exists()


@pytest.mark.parametrize("flags", [CREATE, os.O_RDONLY, os.O_WRONLY | os.O_APPEND | os.O_CREAT])
def test_a_pipe_in_its_place_is_refused_at_once(tmp_path: Path, flags: int):
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError, match="plain file|No such device"):
        files.open_ours(tmp_path / "x", flags)


def strange(name: str, tmp_path: Path) -> Path:
    match name:
        case "a pipe":
            os.mkfifo(tmp_path / "x")
        case "a folder":
            (tmp_path / "x").mkdir()
        case "a huge file":
            (tmp_path / "x").touch()
            os.truncate(tmp_path / "x", 20 << 30)
        case device:
            return Path(device)
    return tmp_path / "x"


@pytest.mark.parametrize(
    "name", ["/dev/urandom", "/dev/zero", "/dev/full", "a pipe", "a folder", "a huge file"]
)
def test_what_gives_without_end_or_never_is_refused(name: str, tmp_path: Path):
    with pytest.raises((files.NotPlain, files.TooLarge)) as refused:
        files.read(strange(name, tmp_path), 1 << 20)
    assert isinstance(refused.value, files.NotPlain | files.TooLarge)
    assert refused.value.sentence in ("it must be a plain file", "it is too large")


def test_a_file_may_be_as_large_as_is_said(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"x" * 100)
    assert files.read(tmp_path / "x", 100) == b"x" * 100
    with pytest.raises(files.TooLarge):
        files.read(tmp_path / "x", 99)


def test_the_null_device_is_an_empty_file():
    assert files.read(Path(os.devnull), 100) == b""


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "no space left on the disk. Free some space, and try again.",
        ),
        (
            OSError(errno.EDQUOT, "Disk quota exceeded"),
            "no space left on the disk. Free some space, and try again.",
        ),
        (files.NotPlain(), "it must be a plain file. Remove what is there."),
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "permission denied. Check who owns the folder, or choose another one with --state.",
        ),
        (
            OSError(errno.EROFS, "Read-only file system"),
            "that disk can only be read. Check who owns the folder, or choose another one with --state.",
        ),
        (
            FileExistsError(errno.EEXIST, "File exists"),
            "a file stands where a folder must be. Remove it, or choose another folder with --state.",
        ),
        (OSError(errno.EIO, "Input/output error"), "reading or writing failed."),
        (OSError(), "the system does not do it."),
    ],
)
def test_a_sentence_says_why_and_what_to_do(problem: OSError, sentence: str):
    assert files.why(problem) == sentence


@pytest.mark.parametrize(
    ("problem", "is_of_the_disk"),
    [
        (OSError(errno.ENOSPC, "full"), True),
        (PermissionError(errno.EACCES, "no", "/x"), True),
        (OSError(errno.EROFS, "no", "/x"), True),
        (PermissionError(errno.EACCES, "a port below 1024"), False),
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), False),
        (FileNotFoundError(errno.ENOENT, "a file of our own package", "/x"), False),
    ],
)
def test_what_is_wrong_with_a_disk_is_told_from_what_is_wrong_with_us(problem: OSError, is_of_the_disk: bool):
    assert files.is_of_the_disk(problem) is is_of_the_disk


def test_a_folder_that_is_open_or_not_there_is_shut_by_nobody(tmp_path: Path):
    assert files.shut_by(tmp_path) is None
    assert files.shut_by(tmp_path / "nowhere") is None
