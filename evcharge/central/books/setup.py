"""Where Central's books are; and what `evcharge init` makes for its pages: the first administrator."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from evcharge.central.books.rows import STATEMENTS, DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.rules.accounts import Account, seal
from evcharge.central.rules.commands import Actor
from evcharge.central.rules.decision import Decision
from evcharge.domain.currency import EUR
from evcharge.domain.errors import StateError
from evcharge.domain.events import AccountAdded
from evcharge.domain.ids import Role
from evcharge.runtime import clock, network_currency
from evcharge.runtime.config import Config
from evcharge.security import secret_files
from evcharge.security.key_digests import network_of
from evcharge.security.passwords import Credentials, new_password
from evcharge.security.state_folder import InitReport
from evcharge.storage.books import Books
from evcharge.storage.database import only_process, open_database
from evcharge.storage.members import KEY_FILES, Me, Waiting
from evcharge.storage.postgres_place import CENTRAL, ELSEWHERE, MOVING, Place, broken_off, place_of
from evcharge.storage.statements import Sql

SCHEMA = "evcharge.central.books.schema"
FIRST_ADMIN = "admin"
_ANOTHER_AT_WORK = (
    "SELECT EXISTS (SELECT 1 FROM central WHERE name <> $1 AND owner <> '' AND until > clock_timestamp())"
)
# A charge has a price, and what it holds, before any money has moved.
_HAS_MONEY = "SELECT EXISTS (SELECT 1 FROM ledger) OR EXISTS (SELECT 1 FROM session) AS has_money"


def database_path(state: Path) -> Path:
    """Return where Central keeps its books."""
    return state / "central" / "central.db"


@contextlib.asynccontextmanager
async def open_books(
    config: Config, me: Me | None = None, waiting: Waiting | None = None, *, again: bool = False
) -> AsyncIterator[Books]:
    """Open Central's books where the settings say, at the newest schema; one process at a time. Raises StateError.

    They count in the currency that the settings name, and so does this process from now on.

    Where several Centrals may share them, `waiting` has the word while another one than `me` is at work, and where `me`
    is here `again` also while the database is away. Without `me` it is a command that writes once.
    """
    path = database_path(config.state)
    if not config.central.database:
        if (noted := _elsewhere(path)) and not path.exists():
            raise StateError(
                f"the books of this network are in {noted}: set `[central] database`, "
                "or bring them back with `evcharge migrate --to file`."
            )
        if (moving := path.with_name(f"{path.name}{MOVING}")).exists():
            raise broken_off(path, secret_files.read_secret(moving), CENTRAL)
        async with open_database(path, SCHEMA) as database:
            await _count_in(database, config.central.currency)
            yield database
        return
    place = place_of(config)
    from evcharge.storage.postgres_books import open_postgres  # its library is an extra

    with only_process(path):
        if path.exists():
            raise StateError(
                f"`[central] database` names {place}, and {path} holds books, too: move them there with "
                "`evcharge migrate --to`, or put that file aside."
            )
        me = me or visitor(config)
        if not again:
            await _check_currency(place, me, config.central.currency)
        async with open_postgres(place, SCHEMA, STATEMENTS, me, waiting, again=again) as books:
            # Whoever forgets the setting must not begin with empty books.
            secret_files.replace_secret(path.with_name(ELSEWHERE), str(place))
            await _count_in(books, config.central.currency)
            yield books


async def _check_currency(place: Place, me: Me, code: str) -> None:
    """Raise StateError when books that have money, or another Central at work, count in another currency.

    Whoever stood by with it would find out when it has to take over.
    """
    from evcharge.storage.postgres_opening import asking

    async with asking(place) as ask:
        if await ask("SELECT to_regclass('session')") is None:
            return
        told = await ask("SELECT to_regclass('currency')") is not None
        before = await ask("SELECT code FROM currency") if told else EUR.code
        if before != code and (await ask(_HAS_MONEY) or await ask(_ANOTHER_AT_WORK, me.name)):
            raise _other_currency(before, code)


def _other_currency(before: str, code: str) -> StateError:
    return StateError(
        f"the books of this network count in {before}, and `[central] currency` is {code}: nobody converts "
        f'what is in them. Set it to "{before}", or begin a new network with another --state folder.'
    )


async def _count_in(books: Books, code: str) -> None:
    """Let these books, and this process, count in that currency. Raises StateError when there is money in another."""
    ((before,),) = await books.read("SELECT code FROM currency")
    if before != code:
        ((has_money,),) = await books.read(_HAS_MONEY)
        if has_money:
            raise _other_currency(before, code)
        await books.commit([(Sql("UPDATE currency SET code = :code"), [{"code": code}])])
    network_currency.adopt(code)


def own_name(config: Config) -> str:
    """Return what this Central is called among several."""
    return config.central.name or socket.gethostname()


def visitor(config: Config) -> Me:
    """Return as whom a command of this state folder opens books that Centrals may share."""
    return Me(name=own_name(config), network=network_of(config.state, KEY_FILES), passing=True)


def _elsewhere(path: Path) -> str:
    noted = path.with_name(ELSEWHERE)
    return secret_files.read_secret(noted) if noted.exists() else ""


def initialise(config: Config, report: InitReport) -> None:
    """Make the first administrator of Central's pages, unless there is one.

    It gets the password of the Registry's new administrator, or, when that one was there before, one of its own;
    `report` then has it. Not for use inside a loop. Raises StateError.
    """
    asyncio.run(_add_admin(config, report))


async def _add_admin(config: Config, report: InitReport) -> None:
    async with open_books(config) as database, Credentials() as credentials:
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
