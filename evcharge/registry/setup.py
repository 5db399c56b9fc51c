"""Where the Registry's tables are; and what `evcharge init` makes on its PC: keys, certificates, an administrator."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

from msgspec import structs

from evcharge.domain.errors import Code, Refused, StateError
from evcharge.registry.registrations import Registration, RegistrationChange
from evcharge.registry.store import Requester, Store
from evcharge.runtime import clock
from evcharge.runtime.config import Config
from evcharge.security import secret_files, state_folder
from evcharge.security.key_digests import network_of
from evcharge.security.passwords import Credentials, new_password
from evcharge.security.state_folder import InitReport
from evcharge.storage.books import Transactions
from evcharge.storage.database import only_process, open_database
from evcharge.storage.members import REGISTRY_KEY_FILES
from evcharge.storage.postgres_place import ELSEWHERE, MOVING, REGISTRY, broken_off, place_of

SCHEMA = "evcharge.registry.schema"
FIRST_ADMIN = "admin"


def database_path(state: Path) -> Path:
    """Return where the Registry keeps its database."""
    return state / "registry" / "registry.db"


@contextlib.asynccontextmanager
async def open_tables(config: Config, *, new_keys: bool = False) -> AsyncIterator[Transactions]:
    """Open the Registry's tables where the settings say, at the newest schema. Raises StateError.

    One process of a state folder at a time; in PostgreSQL, others of other folders beside it, with the same keys.
    `new_keys`: those of this state folder replace others that the tables know.
    """
    path = database_path(config.state)
    noted = path.with_name(ELSEWHERE)
    if not config.registry.database:
        if noted.exists() and not path.exists():
            raise StateError(
                f"the Registry's tables are in {secret_files.read_secret(noted)}: set `[registry] database`, "
                "or bring them back with `evcharge migrate --books registry --to file`."
            )
        if (moving := path.with_name(f"{path.name}{MOVING}")).exists():
            raise broken_off(path, secret_files.read_secret(moving), REGISTRY)
        async with open_database(path, SCHEMA) as database:
            yield database
        return
    place = place_of(config, section=REGISTRY)
    from evcharge.storage.postgres_transactions import open_transactions  # its library is an extra

    with only_process(path):
        if path.exists():
            raise StateError(
                f"`[registry] database` names {place}, and {path} holds tables, too: move them there with "
                "`evcharge migrate --books registry --to`, or put that file aside."
            )
        network = network_of(config.state, REGISTRY_KEY_FILES)
        async with open_transactions(place, SCHEMA, network, new_keys=new_keys) as tables:
            # Whoever forgets the setting must not begin with empty tables.
            secret_files.replace_secret(noted, str(place))
            yield tables


def initialise(config: Config, *, renew: bool = False, added: Sequence[str] = ()) -> InitReport:
    """Make what the state folder lacks; say what was made. The report has the password of a new first administrator.

    May be run again: nothing is overwritten but certificates that are to be renewed, and no second administrator is
    made. Not for use inside a loop. Raises StateError.
    """
    report = state_folder.init_state(
        config.state, config.registry.names, clock.utc_now(), renew=renew, added=added
    )
    asyncio.run(_add_admin(config, report))
    return report


async def check_nobody_else(config: Config, ids: Collection[str], what: str) -> None:
    """Raise Refused when somebody else than `ids` is registered, whom `what` would give made-up company and money."""
    async with open_tables(config) as database:
        for known, _ in await Store(database, clock.utc_now).listed("", len(ids) + 1):
            if known.id not in ids:
                raise Refused(
                    f"{what} is for a network of its own, and {known.id} is registered here: "
                    "give another folder with --state.",
                    Code.CONFLICT,
                )


def register(config: Config, wanted: Sequence[tuple[Registration, str]]) -> list[str]:
    """Register each with its secret; return the ids that were not registered yet. Not for use inside a loop."""
    return asyncio.run(_register(config, wanted))


async def _register(config: Config, wanted: Sequence[tuple[Registration, str]]) -> list[str]:
    new, actor = [], Requester("evcharge init --demo", "operator", "this computer")
    async with open_tables(config) as database, Credentials() as credentials:
        store = Store(database, clock.utc_now)
        for registration, secret in wanted:
            if await store.find(registration.id) is not None:
                continue
            kept = structs.replace(registration, secret_hash=await credentials.hashed(secret))
            await store.save(None, RegistrationChange(kept, "register"), actor)
            new.append(registration.id)
    return new


async def _add_admin(config: Config, report: InitReport) -> None:
    async with open_tables(config) as database, Credentials() as credentials:
        store = Store(database, clock.utc_now)
        if await store.has_admin():
            report.kept.append(f"administrator {FIRST_ADMIN}")
            return
        password = new_password()
        actor = Requester("evcharge init", "operator", "this computer")
        if await store.add_first_admin(FIRST_ADMIN, await credentials.hashed(password), actor):
            report.made.append(f"administrator {FIRST_ADMIN}")
            report.admin_password = password
