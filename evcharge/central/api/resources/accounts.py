"""Who may log in, and with what: accounts of people, tokens of programs."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from aiohttp import hdrs, web
from msgspec import Struct

from evcharge.central.api.kit import member_answers
from evcharge.central.api.kit.access import Access
from evcharge.central.api.kit.request_inputs import body_of, within_patience
from evcharge.central.api.kit.routes import ADMINS, DRIVERS, VIEWERS, Route
from evcharge.central.api.resources.logins import Logins, Secret, described
from evcharge.central.rules import accounts
from evcharge.central.rules.accounts import Account, ApiToken, Credential
from evcharge.central.rules.commands import Actor
from evcharge.central.services.accounts import Directory, digest
from evcharge.central.services.login_links import LoginLinks
from evcharge.domain.errors import AuthenticationError, Code, Refused
from evcharge.domain.events import AccountAdded, AccountChanged, AccountRemoved, TokenMade, TokenRemoved
from evcharge.domain.ids import DriverId, Role
from evcharge.domain.names import looks_like
from evcharge.http.server import answer
from evcharge.security import secret_files
from evcharge.security.passwords import Credentials, NewPassword, Password, new_password


class NewAccount(Secret):
    """An account; its password is made, and shown once, when none is given."""

    name: str
    role: Role
    password: NewPassword | None = None


class OtherRole(Struct, forbid_unknown_fields=True):
    """Another role for an account."""

    role: Role


class OtherPassword(Secret):
    """Another password for an account; one is made, and shown once, when none is given."""

    password: NewPassword | None = None


class OwnPassword(Secret):
    """Another password of one's own."""

    old_password: Password
    new_password: NewPassword


class NewToken(Struct, forbid_unknown_fields=True):
    """A token for a program."""

    name: str
    role: Role


class Accounts:
    """/api/accounts…, /api/tokens…, and one's own /api/password."""

    def __init__(
        self,
        access: Access,
        directory: Directory,
        credentials: Credentials,
        logins: Logins,
        links: LoginLinks,
        now: Callable[[], datetime],
        registration_of: Callable[[DriverId], int],
        ids: Callable[[], Iterable[str]],
    ) -> None:
        """`now` is the wall clock; `registration_of` says who has a driver's id now, `ids` which ids there are."""
        self._access = access
        self._directory = directory
        self._credentials = credentials
        self._logins = logins
        self._links = links
        self._now = now
        self._registration_of = registration_of
        self._ids = ids
        # What is checked of an account before a change must still be so when it is made.
        self._changing = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        get, post, patch, delete = hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_PATCH, hdrs.METH_DELETE
        return [
            Route(
                method=post,
                path="/api/password",
                handler=self.own_password,
                roles=VIEWERS | DRIVERS,
                body=OwnPassword,
                answers=member_answers.WhoAnswer,
                summary="Change one's own password; every other browser is logged out.",
            ),
            Route(
                method=get,
                path="/api/accounts",
                handler=self.accounts,
                roles=ADMINS,
                answers=member_answers.AccountsAnswer,
                summary="Every account.",
            ),
            Route(
                method=post,
                path="/api/accounts",
                handler=self.add,
                roles=ADMINS,
                body=NewAccount,
                answers=member_answers.AccountAnswer,
                status=201,
                summary="Add an account; a password that was made is shown this one time.",
            ),
            Route(
                method=patch,
                path="/api/accounts/{name}",
                handler=self.give_role,
                roles=ADMINS,
                body=OtherRole,
                answers=member_answers.WhoAnswer,
                summary="Give an account another role; its browsers are logged out.",
            ),
            Route(
                method=post,
                path="/api/accounts/{name}/password",
                handler=self.give_password,
                roles=ADMINS,
                body=OtherPassword,
                answers=member_answers.AccountAnswer,
                summary="Give an account another password; its browsers are logged out.",
            ),
            Route(
                method=post,
                path="/api/accounts/{name}/link",
                handler=self.make_link,
                roles=ADMINS,
                answers=member_answers.LinkAnswer,
                status=201,
                summary="Make a link that logs an account in once, within an hour; only if the API is on loopback.",
            ),
            Route(
                method=delete,
                path="/api/accounts/{name}",
                handler=self.remove,
                roles=ADMINS,
                answers=member_answers.RemovedAnswer,
                summary="Remove an account; its browsers are logged out.",
            ),
            Route(
                method=get,
                path="/api/tokens",
                handler=self.tokens,
                roles=ADMINS,
                answers=member_answers.TokensAnswer,
                summary="Every token of a program; not the tokens themselves.",
            ),
            Route(
                method=post,
                path="/api/tokens",
                handler=self.make_token,
                roles=ADMINS,
                body=NewToken,
                answers=member_answers.TokenAnswer,
                status=201,
                summary="Make a bearer token for a program; it is shown this one time.",
            ),
            Route(
                method=delete,
                path="/api/tokens/{name}",
                handler=self.remove_token,
                roles=ADMINS,
                answers=member_answers.RemovedAnswer,
                summary="Make a token void.",
            ),
        ]

    async def own_password(self, request: web.Request, actor: Actor) -> web.Response:
        """Change one's own password; this browser stays logged in."""
        body = await body_of(request, OwnPassword)
        async with self._changing:
            caller = self._access.caller(request)
            account = self._directory.account(actor.id)
            if caller is None or caller.login is None or account is None:
                raise Refused(
                    f"{actor.id} has no password here: it is kept where it was registered.", Code.CONFLICT
                )

            async def check() -> Credential:
                if not await self._credentials.matches(account.secret_hash, body.old_password):
                    raise AuthenticationError("The old password is wrong.", Code.ROLE)
                return Credential(registration=account.registration)

            credential = await self._logins.slowed_down(account.name, actor.address, check)
            await self._give_password(actor, account, body.new_password)
        token = await self._directory.log_in(account.name, actor.address, credential)
        response = answer(described(account.name, account.role))
        self._access.show_login(request, response, token)
        return response

    # ---- accounts

    async def accounts(self, _request: web.Request, _: Actor) -> web.Response:
        """List every account, and in how many browsers it is logged in."""
        rows = [
            {
                "name": account.name,
                "role": account.role,
                "created_at": _text(account.created_at),
                "created_by": account.created_by,
                "logins": self._directory.logins_of(account.name),
            }
            for account in self._directory.accounts()
        ]
        return answer({"accounts": rows})

    async def add(self, request: web.Request, actor: Actor) -> web.Response:
        """Add an account."""
        body = await body_of(request, NewAccount)
        accounts.check_account(body.name, body.role)
        password = body.password or new_password()
        driver = accounts.driver_id(body.name)
        async with self._changing:
            self._check_free(body.name)
            account = Account(
                name=body.name,
                role=body.role,
                secret_hash=await self._credentials.hashed(password),
                # Above that of a removed account of this name, whose logins it must not inherit.
                version=int(self._now().timestamp()),
                created_at=self._now(),
                created_by=actor.id,
                registration=self._registration_of(driver) if driver is not None else 0,
            )
            await self._change(actor, AccountAdded(name=account.name, role=account.role), account)
        return answer(_shown_once(account, password if body.password is None else None), 201)

    async def give_role(self, request: web.Request, actor: Actor) -> web.Response:
        """Give an account another role."""
        body = await body_of(request, OtherRole)
        async with self._changing:
            account = self._existing(request)
            accounts.check_account(account.name, body.role)
            if body.role is not account.role:
                self._check_not_last_admin(account)
                changed = replace(account, role=body.role, version=account.version + 1)
                event = AccountChanged(name=account.name, role=body.role, what="role")
                await self._change(actor, event, changed)
        return answer(described(account.name, body.role))

    async def give_password(self, request: web.Request, actor: Actor) -> web.Response:
        """Give an account another password."""
        body = await body_of(request, OtherPassword) if request.body_exists else OtherPassword()
        password = body.password or new_password()
        async with self._changing:
            account = self._existing(request)
            await self._give_password(actor, account, password)
        return answer(_shown_once(account, password if body.password is None else None))

    async def _give_password(self, actor: Actor, account: Account, password: str) -> None:
        kept = await self._credentials.hashed(password)
        changed = replace(account, secret_hash=kept, version=account.version + 1)
        event = AccountChanged(name=account.name, role=account.role, what="password")
        await self._change(actor, event, changed)

    async def make_link(self, request: web.Request, actor: Actor) -> web.Response:
        """Make a link that logs an account in once."""
        account = self._existing(request)
        secret = self._links.make(account)
        await within_patience(self._directory.note_link(actor, account.name))
        # Behind `#`: what stands there is sent to no server and kept in no log of one.
        return answer({"name": account.name, "path": f"/login#link={secret}"}, 201)

    async def remove(self, request: web.Request, actor: Actor) -> web.Response:
        """Remove an account."""
        async with self._changing:
            account = self._existing(request)
            self._check_not_last_admin(account)
            removed = replace(account, removed_at=self._now())
            await self._change(actor, AccountRemoved(name=account.name), removed)
        return answer({"name": account.name})

    # ---- tokens

    async def tokens(self, _request: web.Request, _: Actor) -> web.Response:
        """List the tokens of programs: their names and roles, nothing that opens a door."""
        rows = [
            {
                "name": token.name,
                "role": token.role,
                "created_at": _text(token.created_at),
                "created_by": token.created_by,
            }
            for token in self._directory.tokens()
        ]
        return answer({"tokens": rows})

    async def make_token(self, request: web.Request, actor: Actor) -> web.Response:
        """Make a token."""
        body = await body_of(request, NewToken)
        accounts.check_token(body.name, body.role)
        secret = secret_files.new_secret()
        async with self._changing:
            self._check_free(body.name)
            token = ApiToken(
                name=body.name,
                role=body.role,
                token_sha256=digest(secret),
                created_at=self._now(),
                created_by=actor.id,
            )
            await self._change(actor, TokenMade(name=token.name, role=token.role), token)
        return answer({"name": token.name, "role": token.role, "token": secret}, 201)

    async def remove_token(self, request: web.Request, actor: Actor) -> web.Response:
        """Make a token void."""
        name = request.match_info["name"]
        async with self._changing:
            token = next((one for one in self._directory.tokens() if one.name == name), None)
            if token is None:
                raise Refused("There is no token with that name.", Code.NOT_FOUND)
            await self._change(actor, TokenRemoved(name=name), replace(token, removed_at=self._now()))
        return answer({"name": name})

    # ---- what is so

    async def _change(
        self,
        actor: Actor,
        event: AccountAdded | AccountChanged | AccountRemoved | TokenMade | TokenRemoved,
        change: Account | ApiToken,
    ) -> None:
        await within_patience(self._directory.change(actor, event, change))

    def _existing(self, request: web.Request) -> Account:
        account = self._directory.account(request.match_info["name"])
        if account is None:
            raise Refused("There is no account with that name.", Code.NOT_FOUND)
        return account

    def _check_free(self, name: str) -> None:
        """Raise Refused when somebody has that name, or one that could be mistaken for it."""
        # The audit log knows people and programs by their names alone.
        names = [one.name for one in self._directory.accounts()] + [
            one.name for one in self._directory.tokens()
        ]
        if name in names:
            raise Refused(f"{name} already exists.", Code.CONFLICT)
        # A driver's account has the driver's id, whatever others look like.
        is_driver = accounts.is_driver(name)
        staff = (other for other in names if not accounts.is_driver(other))
        for other in staff if is_driver else (*names, *self._ids()):
            if looks_like(other) == looks_like(name):
                raise Refused(f"{name} could be mistaken for {other}: choose another name.", Code.CONFLICT)

    def _check_not_last_admin(self, account: Account) -> None:
        admins = [one for one in self._directory.accounts() if one.role is Role.ADMIN]
        if account.role is Role.ADMIN and len(admins) == 1:
            raise Refused(f"{account.name} is the last admin: make another one first.", Code.CONFLICT)


def _shown_once(account: Account, password: str | None) -> dict[str, object]:
    content: dict[str, object] = {"name": account.name, "role": account.role}
    return content | {"password": password} if password is not None else content


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")
