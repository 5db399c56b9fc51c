"""Which computer a state folder was made on: a mark in it, so that a copied folder does not pass for its original."""

import hashlib
from pathlib import Path

from evcharge.runtime import files
from evcharge.security import secret_files

MARK_FILE = "machine"
# A number that systemd (or D-Bus) gives each installation; containers and other systems have none.
_ID_FILE = Path("/etc/machine-id")
_MOST_BYTES = 256


def own_mark(id_file: Path | None = None) -> str | None:
    """Return what stands for this computer, None where it has no number of its own.

    A hash: the number itself is not for others to read.
    """
    try:
        number = files.read(id_file or _ID_FILE, _MOST_BYTES).strip()
    except OSError:
        return None
    return hashlib.sha256(b"evcharge state folder " + number).hexdigest()[:32] if number else None


def mark(state: Path) -> None:
    """Leave the mark of this computer in `state`, unless there is one. Raises StateError."""
    path = state / MARK_FILE
    own = own_mark()
    if own is not None and not path.exists():
        secret_files.replace_secret(path, own)


def made_here(state: Path) -> bool | None:
    """Return whether `state` was made on this computer; None when nobody can say."""
    own = own_mark()
    try:
        kept = files.read(state / MARK_FILE, _MOST_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return None
    return kept == own if own is not None else None
