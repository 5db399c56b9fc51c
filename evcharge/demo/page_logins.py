"""Logins for the pages of the demo: the passwords in its state folder."""

from pathlib import Path

from evcharge.domain.errors import StateError
from evcharge.security import secret_files

ADMIN = "admin"


def admin_path(state: Path) -> Path:
    """Return where the demo keeps the administrator's password, which `init` shows once."""
    return state / "demo" / f"{ADMIN}.password"


def admin_password(state: Path) -> str | None:
    """Return the administrator's password, None when somebody else made the state folder."""
    return _read(admin_path(state))


def driver_password(state: Path, driver_id: str) -> tuple[str, Path] | None:
    """Return the password of a driver that has registered, and where it lies."""
    # That of an account, which an earlier release made for the demo, goes first, as it does at the login.
    for path in (state / "demo" / f"{driver_id}.password", state / "driver" / driver_id / "password"):
        if (password := _read(path)) is not None:
            return password, path
    return None


def _read(path: Path) -> str | None:
    try:
        return secret_files.read_secret(path)
    except StateError:
        return None
