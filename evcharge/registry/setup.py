"""What `evcharge init` makes on the PC of the Registry: keys, certificates and the first administrator."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

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
