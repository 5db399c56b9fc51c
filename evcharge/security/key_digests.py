"""By which keys of a state folder its network is known to a database that several computers share."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from evcharge.security import secret_files, state_folder


def network_of(state: Path, files: Mapping[str, str]) -> str:
    """Return a digest of each key in those of `files` (name to path) that are there: "ca:1a2b service:3c4d,5e6f".

    Raises StateError.
    """
    return " ".join(
        f"{name}:{','.join(_digest(key) for key in _keys(state, name, state / path))}"
        for name, path in files.items()
        if (state / path).exists()
    )


def _digest(key: bytes) -> str:
    return hashlib.sha256(b"evcharge network\0" + key).hexdigest()[:16]


def _keys(state: Path, name: str, path: Path) -> list[bytes]:
    match name:
        case "ca":
            return [state_folder.authority_key(state)]
        case "pin" | "enrolment":
            return [secret_files.read_secret(path).encode()]
        case _:
            return secret_files.read_keys(path)
