"""What `evcharge init` makes for Central's pages: the first administrator."""

import asyncio
from pathlib import Path

from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.rules.accounts import Account, seal
from evcharge.central.rules.commands import Actor
from evcharge.central.rules.decision import Decision
from evcharge.domain.events import AccountAdded
from evcharge.domain.ids import Role
from evcharge.runtime import clock
from evcharge.security.passwords import Credentials, new_password
from evcharge.security.state_folder import InitReport
from evcharge.storage.database import open_database

SCHEMA = "evcharge.central.books.schema"
FIRST_ADMIN = "admin"


def database_path(state: Path) -> Path:
    """Return where Central keeps its books."""
    return state / "central" / "central.db"


def initialise(state: Path, report: InitReport) -> None:
    """Make the first administrator of Central's pages, unless there is one.

    It gets the password of the Registry's new administrator, or, when that one was there before, one of its own;
    `report` then has it. Not for use inside a loop. Raises StateError.
    """
    asyncio.run(_add_admin(state, report))


async def _add_admin(state: Path, report: InitReport) -> None:
    async with open_database(database_path(state), SCHEMA) as database, Credentials() as credentials:
        if await database.read("SELECT 1 FROM account WHERE role = 'admin' AND removed_at IS NULL LIMIT 1"):
            report.kept.append(f"account {FIRST_ADMIN} of Central's pages")
            return
        password = report.admin_password or new_password()
        now = clock.utc_now()
        account = Account(
            name=FIRST_ADMIN,
            role=Role.ADMIN,
            secret_hash=await credentials.hashed(password),
            version=int(now.timestamp()),
            created_at=now,
            created_by="evcharge init",
        )
        event = AccountAdded(name=account.name, role=account.role, seal=seal(account))
        by = Actor("evcharge init", Role.OPERATOR, "this computer")
        store = await CentralStore.open(database)
        await store.commit([DecidedEntry(Decision((event,), (account,)), by, now)])
        report.made.append(f"account {FIRST_ADMIN} of Central's pages")
        report.pages_password = password
