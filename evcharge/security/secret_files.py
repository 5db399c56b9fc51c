"""Files that hold secrets: private, replaced whole, never half written."""

import base64
import binascii
import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from evcharge.domain.errors import StateError
from evcharge.runtime import files

# No secret of ours is longer; a larger file is the wrong file.
_MAX_SECRET_BYTES = 16 * 1024


# ---- secret files


def read_secret(path: Path) -> str:
    """Return the text of a secret file without its line end. Raises StateError unless it is 0600 and ours."""
    try:
        # Not blocking: a named pipe in its place must not hang us.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        if path.is_symlink():
            raise StateError(
                f"{path} is a link to a file that is not there: mount it, or fix the link."
            ) from None
        raise StateError(missing(path)) from None
    except OSError as problem:
        raise StateError(f"cannot read {path}: {files.why(problem)}") from None
    try:
        _check_private(path, os.fstat(handle))
        raw = os.read(handle, _MAX_SECRET_BYTES + 1)
    finally:
        os.close(handle)
    try:
        text = raw.decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(raw) > _MAX_SECRET_BYTES:
        raise StateError(f"{path} does not contain a secret that evcharge wrote. Put the right file there.")
    return text


def missing(path: Path) -> str:
    """Say that a file of the state folder is not there, and what to do.

    Only where a network's own CA lies does `evcharge init` complete it. Anywhere else it would begin a second network,
    which nobody wants who is merely in another folder than usual.
    """
    path = path.absolute()
    if any((folder / "ca.key").exists() for folder in path.parents[:4]):
        return f"{path} is missing: put it back from a backup. Only if there is none: evcharge init makes a new one."
    return (
        f"{path} is missing: name the state folder of the network with --state DIR, "
        "or copy the file from the PC where evcharge init ran."
    )


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StateError(f"{path} must be a plain file.")
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~0o600:
        raise StateError(
            f"{path.name} must be mode 0600 (for its owner only) and is {mode:04o}: run chmod 600 {path}"
        )
    if status.st_uid != os.geteuid():
        raise StateError(
            f"{path.name} must belong to the user who runs evcharge: run chown {os.geteuid()} {path}"
        )


def write_secret(path: Path, text: str) -> None:
    """Write a new 0600 file, whole or not at all. Raises FileExistsError when there is one already."""
    with _beside(path, text) as temporary:
        # A link, not a rename: it fails when the name is taken, and never shows half a file.
        path.hardlink_to(temporary)
    _sync_folder(path.parent)


def replace_secret(path: Path, text: str, mode: int = files.OWNER_ONLY) -> None:
    """Write a 0600 file in place of the old one; a crash leaves the old or the new, never a part.

    With another `mode` it may be read by others, but is written with the same care.
    """
    with _beside(path, text, mode) as temporary:
        temporary.replace(path)
    _sync_folder(path.parent)


def kept_secret(path: Path, text: str) -> str:
    """Write `text` unless the file exists; return what stands there now, ours or another's."""
    while True:
        with contextlib.suppress(FileExistsError):
            write_secret(path, text)
        try:
            return read_secret(path)
        except StateError:
            # Not `exists`, which would say that a link into a mount that is not there is gone.
            if os.path.lexists(path):
                raise
            # It was there when we wrote, and is gone now: so it is our turn again.


@contextlib.contextmanager
def _beside(path: Path, text: str, mode: int = files.OWNER_ONLY) -> Iterator[Path]:
    """Yield a whole file with `text` next to `path`; it is gone again after the block."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        files.make_folder(path.parent)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise _unwritable(path, problem) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("ascii") + b"\n")
            file.flush()
            # Whatever the umask.
            os.fchmod(handle, mode)
            os.fsync(handle)
        yield temporary
    except FileExistsError:
        raise
    except OSError as problem:
        raise _unwritable(path, problem) from None
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(path: Path, problem: OSError) -> StateError:
    return StateError(f"cannot write {path}: {files.why(problem)}")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- keys


def new_secret() -> str:
    """Return a machine secret: 32 random bytes, base64url, 43 characters."""
    return secrets.token_urlsafe(32)


def is_machine_secret(text: str) -> bool:
    """Return whether `text` has the form of 32 bytes in canonical base64url: nobody chooses that by hand."""
    if len(text) != 43:
        return False
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == 32 and base64.urlsafe_b64encode(raw).decode() == text + "="


def read_keys(path: Path) -> list[bytes]:
    """Return the one or two Fernet keys of a key file, the newest first. Raises StateError."""
    lines = [line.strip().encode() for line in read_secret(path).splitlines() if line.strip()]
    if not 1 <= len(lines) <= 2 or not all(_is_fernet_key(line) for line in lines):
        raise StateError(
            f"{path} must contain one key of 44 characters, or two on separate lines (the new one first). "
            "Copy it again from the PC where evcharge init ran."
        )
    return lines


def _is_fernet_key(line: bytes) -> bool:
    return line.endswith(b"=") and is_machine_secret(line[:-1].decode())
