"""Accounts, tokens and open logins: kept in memory for every request, and in central.db for the next start.

Accounts and tokens change through the dispatcher, together with their audit row. Logins are written apart: when
the disk is full one can still log in, and only a restart forgets it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from evcharge.central.books.rows import account_of, token_of
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.accounts import (
    LOGIN_ID_CHARS,
    Account,
    ApiToken,
    Credential,
    Login,
    Told,
    driver_id,
)
from evcharge.central.rules.commands import AccessEvent, Actor, ChangeAccess, DriverVisits, Note
from evcharge.central.rules.decision import Decision
from evcharge.domain.errors import Code, Refused
from evcharge.domain.events import LoggedIn, LoggedOut, LoginLinkMade
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import read_json
from evcharge.domain.timestamps import text_of
from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.runtime.clock import Clock
from evcharge.runtime.waiting import uninterrupted
from evcharge.security import secret_files
from evcharge.storage.books import Books, Row
from evcharge.storage.statements import Put, Take, Writes
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

# A browser that is used renews its login; one row written in that time is enough.
_RENEW_AFTER = 1 / 24
# At a start the audit log is asked about this many logins: far more than are open.
_LOGGED_IN = "SELECT at, data FROM events WHERE type = 'LoggedIn' ORDER BY n DESC LIMIT 20000"
# Somebody who logs in more often than this forgets the oldest of them.
MAX_LOGINS_EACH = 20
NOTHING_PROVED = Credential()
_PUT_LOGIN = Put(
    "web_session",
    (
        "token_sha256", "name", "has_account", "version", "registration", "epoch", "address", "created_at",
        "expires_at",
    ),
    ("token_sha256",),
)  # fmt: skip
_FORGET_LOGIN = Take("web_session", ("token_sha256",))


class Directory:
    """All accounts, tokens and logins. `least_epoch` gives the oldest credential of a driver that still counts."""

    def __init__(
        self,
        database: Books,
        dispatcher: Dispatcher,
        clock: Clock,
        least_epoch: Callable[[str], int],
        login_hours: float,
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._clock = clock
        self._least_epoch = least_epoch
        self._lasts = timedelta(hours=login_hours)
        self._accounts: dict[str, Account] = {}
        self._tokens: dict[str, ApiToken] = {}
        self._logins: dict[str, Login] = {}
        # Logins that have ended, and are still in the books.
        self._owed: set[str] = set()

    @property
    def login_s(self) -> int:
        """How long a login lasts that is not used, in seconds."""
        return int(self._lasts.total_seconds())

    async def load(self) -> None:
        """Read what central.db holds."""
        read = self._database.read
        for row in await read("SELECT * FROM account WHERE removed_at IS NULL"):
            self._accounts[row["name"]] = account_of(row)
        for row in await read("SELECT * FROM api_token WHERE removed_at IS NULL"):
            self._tokens[row["token_sha256"]] = token_of(row)
        told = Told()
        for row in await read(_LOGGED_IN):
            told.take(read_json(row["data"], LoggedIn), row["at"])
        for row in await read("SELECT * FROM web_session ORDER BY created_at"):
            login = _login(row)
            # A kill between the two, or a hand in the books: whoever it is logs in again.
            if told.knows(login.name, login.id, row["created_at"]):
                self._logins[login.token_sha256] = login
            else:
                self._owed.add(login.token_sha256)

    # ---- accounts and tokens

    def account(self, name: str) -> Account | None:
        """Return an account by its name; a driver's is gone once its id was withdrawn or has another owner."""
        account = self._accounts.get(name)
        return account if account is not None and self._still_counts(account) else None

    def accounts(self) -> list[Account]:
        """Return every account, by name."""
        found = (account for account in self._accounts.values() if self._still_counts(account))
        return sorted(found, key=lambda account: account.name)

    def tokens(self) -> list[ApiToken]:
        """Return every token, by name. Nobody can read the tokens themselves any more."""
        return sorted(self._tokens.values(), key=lambda token: token.name)

    def token(self, given: str) -> ApiToken | None:
        """Return whose bearer token `given` is."""
        return self._tokens.get(digest(given))

    async def change(self, by: Actor, event: AccessEvent, change: Account | ApiToken) -> None:
        """Store one account or token with its audit row. Raises Refused when the books cannot be written.

        A caller that stops waiting changes nothing about it.
        """
        stored = self._dispatcher.post(ChangeAccess(by=by, event=event, change=change))

        def done(future: "asyncio.Future[Decision]") -> None:
            if not future.cancelled() and future.exception() is None:
                self._take(change)

        stored.add_done_callback(done)
        await asyncio.shield(stored)
        await self._write_off()

    def _take(self, change: Account | ApiToken) -> None:
        gone = change.removed_at is not None
        if isinstance(change, Account):
            if gone:
                self._accounts.pop(change.name, None)
            else:
                self._accounts[change.name] = change
            # What they were opened with is void.
            self._forget([login for login in self._logins.values() if not self._holds(login)])
        elif gone:
            self._tokens.pop(change.token_sha256, None)
        else:
            self._tokens[change.token_sha256] = change

    def _still_counts(self, account: Account) -> bool:
        who = driver_id(account.name)
        known = self._dispatcher.facts.driver(who) if who is not None else None
        return known is None or (not known.withdrawn and known.registration == account.registration)

    # ---- logins

    async def receive(self, name: str, address: str, credential: Credential) -> None:
        """Let a driver in that was never here under this registration: what its pages show must be its own.

        Raises Refused when its credential was withdrawn, or the books cannot be written.
        """
        who = driver_id(name)
        known = self._dispatcher.facts.driver(who) if who is not None else None
        if known is not None and known.blocked and self.account(name) is not None:
            # Its password is not what was withdrawn; but whoever had that credential may know it.
            raise Refused(
                f"the credential of {name} was withdrawn: its program must log in with a new one first",
                Code.DISABLED,
            )
        if who is None or (known is not None and credential.registration <= known.registration):
            return
        by = Actor(name, Role.DRIVER, address)
        visit = DriverVisits(
            by=by, driver_id=who, epoch=credential.epoch, registration=credential.registration
        )
        await asyncio.shield(self._dispatcher.post(visit))

    async def log_in(self, name: str, address: str, credential: Credential = NOTHING_PROVED) -> str:
        """Open a login for `name`, which has proved who it is; return its token, which is kept nowhere.

        `credential` is the one at the Registry, of a driver without an account.
        """
        account = self.account(name)
        now = self._clock()
        token = secret_files.new_secret()
        login = Login(
            token_sha256=digest(token),
            name=name,
            has_account=account is not None,
            version=account.version if account is not None else credential.epoch,
            registration=credential.registration,
            epoch=self._present_epoch(name),
            address=address,
            created_at=now,
            expires_at=now + self._lasts,
        )
        own = [one for one in self._logins.values() if one.name == name]
        # The oldest make room; what has ended goes, too.
        self._forget([*own[: max(0, len(own) - MAX_LOGINS_EACH + 1)], *self._ended(now)])
        self._logins[login.token_sha256] = login
        # In line before its row: a row that is newer than every event belongs to none.
        self._note(login, address, LoggedIn(name=name, login=login.id))
        await self._write(login)
        await self._write_off()
        return token

    async def log_out(self, token: str, address: str) -> bool:
        """End a login; return whether there was one."""
        login = self.login(token)
        if login is None:
            return False
        self._note(login, address, LoggedOut(name=login.name, login=login.id))
        self._forget([login])
        await self._write_off()
        return True

    def login(self, token: str) -> Login | None:
        """Return the login whose token this is, unless it has ended."""
        login = self._logins.get(digest(token))
        return login if login is not None and self.is_open(login) else None

    def is_open(self, login: Login) -> bool:
        """Return whether a login still holds: not ended, and nothing has changed that it rests on."""
        known = self._logins.get(login.token_sha256)
        return known is not None and self._clock() < known.expires_at and self._holds(known)

    def role_of(self, login: Login) -> Role:
        """Return the role of whoever has logged in."""
        account = self.account(login.name) if login.has_account else None
        return account.role if account is not None else Role.DRIVER

    async def renew(self, login: Login) -> bool:
        """Let a login that is used last longer; return whether its end has moved."""
        known, ends = self._logins.get(login.token_sha256), self._clock() + self._lasts
        if known is None or ends - known.expires_at < self._lasts * _RENEW_AFTER:
            return False
        renewed = replace(known, expires_at=ends)
        self._logins[login.token_sha256] = renewed
        await self._write(renewed)
        await self._write_off()
        return True

    def logins_of(self, name: str) -> int:
        """Return in how many browsers somebody is logged in."""
        return sum(login.name == name and self.is_open(login) for login in self._logins.values())

    def _holds(self, login: Login) -> bool:
        account = self.account(login.name)
        if login.has_account:
            is_same = account is not None and account.version == login.version
            return is_same and login.epoch >= self._present_epoch(login.name)
        # A driver who got an account, or whose credential was replaced or withdrawn, logs in again.
        who = driver_id(login.name)
        if who is None or account is not None:
            return False
        known = self._dispatcher.facts.driver(who)
        if known is not None and (known.withdrawn or known.registration != login.registration):
            return False
        return login.version >= self._present_epoch(login.name)

    def _present_epoch(self, name: str) -> int:
        """Return the oldest credential of a driver that counts now; 0 for everybody else."""
        who = driver_id(name)
        known = self._dispatcher.facts.driver(who) if who is not None else None
        return max(self._least_epoch(who), known.epoch if known is not None else 0) if who is not None else 0

    def _ended(self, now: datetime) -> list[Login]:
        return [login for login in self._logins.values() if now >= login.expires_at or not self._holds(login)]

    def _forget(self, logins: Iterable[Login]) -> None:
        for login in logins:
            if self._logins.pop(login.token_sha256, None) is not None:
                self._owed.add(login.token_sha256)

    async def _write_off(self) -> None:
        for key in list(self._owed):
            if not await self._keep((_FORGET_LOGIN, [(key,)])):
                return
            self._owed.discard(key)

    async def _write(self, login: Login) -> None:
        row = (
            login.token_sha256,
            login.name,
            int(login.has_account),
            login.version,
            login.registration,
            login.epoch,
            login.address,
            text_of(login.created_at),
            text_of(login.expires_at),
        )
        await self._keep((_PUT_LOGIN, [row]))

    async def _keep(self, write: Writes) -> bool:
        try:
            # What is under way is not given up half way because somebody stops waiting.
            await uninterrupted(self._store(write))
        except StoreError as problem:
            log.warning("%s", said("logins not kept", why=because(str(problem))))
            return False
        return True

    async def _store(self, write: Writes) -> None:
        await self._database.commit([write])

    async def note_link(self, actor: Actor, name: str) -> None:
        """Keep in the books that somebody made a login link for an account. Raises Refused."""
        await self._dispatcher.post(Note(by=actor, event=LoginLinkMade(name=name)))

    async def note_wall(self, token: ApiToken, address: str) -> None:
        """Keep in the books that a screen looks with a token. Raises Refused."""
        event = LoggedIn(name=token.name, login=token.token_sha256[:LOGIN_ID_CHARS])
        await self._dispatcher.post(Note(by=Actor(token.name, token.role, address), event=event))

    def _note(self, login: Login, address: str, event: LoggedIn | LoggedOut) -> None:
        self._dispatcher.post(Note(by=Actor(login.name, self.role_of(login), address), event=event))


def digest(token: str) -> str:
    """Return what is kept of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _login(row: Row) -> Login:
    return Login(
        token_sha256=row["token_sha256"],
        name=row["name"],
        has_account=bool(row["has_account"]),
        version=row["version"],
        registration=row["registration"],
        epoch=row["epoch"],
        address=row["address"],
        created_at=datetime.fromisoformat(row["created_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]),
    )
