"""Who may log in on the pages of the demo: names and passwords, made here and kept for this state folder alone."""

from pathlib import Path
from typing import Any

from evcharge.domain.errors import Code, EvchargeError, Refused
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator.client import CentralApi
from evcharge.security import secret_files

ADMIN, DRIVER = "admin", "D01"


def password_path(state: Path, name: str) -> Path:
    """Return where the demo keeps a password."""
    return state / "demo" / f"{name}.password"


async def sentences(url: str, state: Path, lang: str) -> list[str]:
    """Return what to tell the user: where the pages are and how to log in. Never raises for want of a login."""
    said = [f"The pages: {url}"]
    try:
        admin = password_path(state, ADMIN)
        if admin.exists():
            said.append(f"Log in as {ADMIN} with {secret_files.read_secret(admin)}")
        else:
            said.append(f"Log in as {ADMIN}, with the password that evcharge init showed.")
        api = CentralApi(url, state, Speech(SENTENCES, lang))
        said.append(f"Log in as driver {DRIVER} with {await _driver_password(api, state)}")
    except EvchargeError as problem:
        said.append(f"No login for a driver: {problem.text}")
    return said


async def _driver_password(api: CentralApi, state: Path) -> str:
    path = password_path(state, DRIVER)
    if path.exists():
        return secret_files.read_secret(path)
    content: dict[str, Any]
    try:
        content = await api.post("/api/accounts", {"name": DRIVER, "role": "driver"})
    except Refused as refusal:
        if refusal.code is not Code.CONFLICT:
            raise
        # Made by a demo whose file is gone.
        content = await api.post(f"/api/accounts/{DRIVER}/password")
    password = str(content["password"])
    secret_files.replace_secret(path, password)
    return password
