"""Files: ours are for their owner only, never opened through a planted link; others are read up to a bound."""

import errno
import os
import stat
from pathlib import Path

from evcharge.runtime import failures

OWNER_ONLY = 0o600
# Of what everybody on this computer may read, such as a certificate.
PUBLIC = 0o644
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BAD_DISK = frozenset({errno.EROFS, errno.EIO, errno.ENAMETOOLONG, errno.ELOOP})
# Not blocking: a named pipe in the place of a file must not hang us. It changes nothing for a plain file.
_CAREFULLY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class NotPlain(OSError):
    """There is something else than a plain file: a device, a pipe, a link."""

    def __init__(self) -> None:
        super().__init__("not a plain file")
        self.sentence = "it must be a plain file"


class TooLarge(OSError):
    """The file is larger than any right one."""

    def __init__(self) -> None:
        super().__init__("too large")
        self.sentence = "it is too large"


def why(problem: OSError) -> str:
    """Return the end of a sentence about a file that cannot be used: why, and what to do about it."""
    reason = failures.why(problem)
    if problem.errno in NO_SPACE:
        return f"{reason}. Free some space, and try again."
    if isinstance(problem, NotPlain | IsADirectoryError):
        return f"{reason}. Remove what is there."
    if isinstance(problem, FileExistsError | NotADirectoryError):
        return "a file stands where a folder must be. Remove it, or choose another folder with --state."
    if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
        return f"{reason}. Check who owns the folder, or choose another one with --state."
    return f"{reason}."


def is_of_the_disk(problem: OSError) -> bool:
    """Return whether a disk, or what may be done on it, is what is wrong."""
    if problem.errno in NO_SPACE:
        return True
    kinds = PermissionError | NotADirectoryError | IsADirectoryError | NotPlain
    return problem.filename is not None and (isinstance(problem, kinds) or problem.errno in _BAD_DISK)


def open_ours(path: Path, flags: int) -> int:
    """Open a file that we keep, as 0600 whatever the umask. Raises OSError, also for a link and for no plain file.

    A file of an older release that others may read is closed to them.
    """
    try:
        handle = os.open(path, flags | _CAREFULLY, OWNER_ONLY)
    except OSError as problem:
        # What a system says about a link it must not follow ("Too many levels") tells nobody what to do.
        if path.is_symlink():
            raise NotPlain from problem
        raise
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotPlain
        if stat.S_IMODE(status.st_mode) != OWNER_ONLY and status.st_uid == os.geteuid():
            os.fchmod(handle, OWNER_ONLY)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read_ours(path: Path, most_bytes: int) -> bytes:
    """Return what stands in a file that we keep. Raises OSError."""
    return _read(open_ours(path, os.O_RDONLY), most_bytes)


def make_folder(folder: Path) -> None:
    """Make a folder of ours, and those above it that are missing, for their owner only. Raises OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def is_there(path: Path) -> bool:
    """Return whether there is something that this user may look at; what is in a shut folder is not."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def found(folder: Path, pattern: str) -> list[Path]:
    """Return what is in `folder` and matches, sorted; nothing where this user may not look."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def shut_by(folder: Path) -> int | None:
    """Return the uid of who owns `folder` when it is there and this user may not enter it."""
    try:
        status = folder.stat()
    except OSError:
        return None  # it is not there, or what leads to it is shut: whoever opens a file there says so
    return (
        None
        if os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids)
        else status.st_uid
    )


def read(path: Path, most_bytes: int) -> bytes:
    """Return what stands in a file that somebody named. Raises OSError: no plain file, too large, not readable.

    /dev/null is an empty one. Any other device, and a pipe, could give without end, or never.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        is_nothing = os.path.samestat(os.fstat(handle), Path(os.devnull).stat())
        os.close(handle)
        if is_nothing:
            return b""
        raise NotPlain
    return _read(handle, most_bytes)


def _read(handle: int, most_bytes: int) -> bytes:
    with os.fdopen(handle, "rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise TooLarge
    return data
