"""By which keys of a state folder its network is known to books that several Centrals share."""

import hashlib
from pathlib import Path

from evcharge.security import secret_files, state_folder
from evcharge.storage.members import KEY_FILES


def network_of(state: Path) -> str:
    """Return a digest of each of KEY_FILES that is there, as `members.Me` has them. Raises StateError."""
    return " ".join(
        f"{name}:{','.join(_digest(key) for key in _keys(state, name))}"
        for name, path in KEY_FILES.items()
        if (state / path).exists()
    )


def _digest(key: bytes) -> str:
    return hashlib.sha256(b"evcharge network\0" + key).hexdigest()[:16]


def _keys(state: Path, name: str) -> list[bytes]:
    path = state / KEY_FILES[name]
    match name:
        case "ca":
            return [state_folder.authority_key(state)]
        case "pin":
            return [secret_files.read_secret(path).encode()]
        case _:
            return secret_files.read_keys(path)
