"""What `evcharge init` makes on the PC of the Registry: keys, certificates and the first administrator."""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

from msgspec import structs

from evcharge.domain.errors import Code, Refused
from evcharge.registry.registrations import Registration, RegistrationChange
from evcharge.registry.store import Requester, Store
from evcharge.runtime import clock
from evcharge.security import state_folder
from evcharge.security.passwords import Credentials, new_password
from evcharge.security.state_folder import InitReport
from evcharge.storage.database import open_database

SCHEMA = "evcharge.registry.schema"
FIRST_ADMIN = "admin"


def database_path(state: Path) -> Path:
    """Return where the Registry keeps its database."""
    return state / "registry" / "registry.db"


def initialise(
    state: Path, names: Sequence[str], *, renew: bool = False, added: Sequence[str] = ()
) -> InitReport:
    """Make what `state` lacks; say what was made. The report has the password of a new first administrator.

    May be run again: nothing is overwritten but certificates that are to be renewed, and no second administrator is
    made. Not for use inside a loop. Raises StateError.
    """
    report = state_folder.init_state(state, names, clock.utc_now(), renew=renew, added=added)
    asyncio.run(_add_admin(state, report))
    return report


def check_nobody_else(state: Path, ids: Collection[str]) -> None:
    """Raise Refused when somebody else than `ids` is registered. Not for use inside a loop."""
    asyncio.run(_check_nobody_else(state, ids))


async def _check_nobody_else(state: Path, ids: Collection[str]) -> None:
    async with open_database(database_path(state), SCHEMA) as database:
        for known, _ in await Store(database, clock.utc_now).listed("", len(ids) + 1):
            if known.id not in ids:
                raise Refused(
                    f"--demo is for a network of its own, and {known.id} is registered here: "
                    "give another folder with --state.",
                    Code.CONFLICT,
                )


def register(state: Path, wanted: Sequence[tuple[Registration, str]]) -> list[str]:
    """Register each with its secret; return the ids that were not registered yet. Not for use inside a loop."""
    return asyncio.run(_register(state, wanted))


async def _register(state: Path, wanted: Sequence[tuple[Registration, str]]) -> list[str]:
    new, actor = [], Requester("evcharge init --demo", "operator", "this computer")
    async with open_database(database_path(state), SCHEMA) as database, Credentials() as credentials:
        store = Store(database, clock.utc_now)
        for registration, secret in wanted:
            if await store.find(registration.id) is not None:
                continue
            kept = structs.replace(registration, secret_hash=await credentials.hashed(secret))
            await store.save(None, RegistrationChange(kept, "register"), actor)
            new.append(registration.id)
    return new


async def _add_admin(state: Path, report: InitReport) -> None:
    async with open_database(database_path(state), SCHEMA) as database, Credentials() as credentials:
        store = Store(database, clock.utc_now)
        if await store.has_admin():
            report.kept.append(f"administrator {FIRST_ADMIN}")
            return
        password = new_password()
        actor = Requester("evcharge init", "operator", "this computer")
        if await store.add_first_admin(FIRST_ADMIN, await credentials.hashed(password), actor):
            report.made.append(f"administrator {FIRST_ADMIN}")
            report.admin_password = password
