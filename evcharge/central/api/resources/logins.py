"""Logging in and out: by whom, how often it may fail, and who it was."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Annotated

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge.central.api.kit import member_answers, origin_checks
from evcharge.central.api.kit.access import Access
from evcharge.central.api.kit.request_inputs import body_of, within_patience
from evcharge.central.api.kit.routes import ANYBODY, EVERYBODY, Route
from evcharge.central.rules import accounts
from evcharge.central.rules.accounts import Credential
from evcharge.central.rules.commands import Actor
from evcharge.central.services.accounts import Directory
from evcharge.central.services.login_links import LoginLinks
from evcharge.domain.errors import AuthenticationError, Code, Overloaded
from evcharge.domain.ids import Role
from evcharge.http.server import answer
from evcharge.runtime.network_currency import currency
from evcharge.security.passwords import Credentials, LoginThrottle, Password

# Given a driver's id, a secret and an address: returns what the credential is, or raises as Registrar does.
ProveDriver = Callable[[str, str, str], Awaitable[Credential]]


class Secret(Struct, forbid_unknown_fields=True):
    """A body that may hold secrets: its repr shows none."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class LogIn(Secret):
    """A login. A driver's name is its id, and its password the credential of its program."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Password


class FollowLink(Secret):
    """The secret of a link that an administrator made."""

    link: Annotated[str, Meta(min_length=1, max_length=64)]


class WallLink(Secret):
    """The token in the link of a wall: one of a program that may look, and nothing else."""

    token: Annotated[str, Meta(min_length=1, max_length=100)]


# As long as browsers keep anything; the link is opened again at each start of the screen.
_WALL_S = 400 * 86_400


class Logins:
    """/api/login, /api/login/link, /api/login/token, /api/logout, /api/whoami"""

    def __init__(
        self,
        access: Access,
        directory: Directory,
        credentials: Credentials,
        prove_driver: ProveDriver,
        clock: Callable[[], float],
        links: LoginLinks,
    ) -> None:
        """`clock` is monotonic seconds."""
        self._access = access
        self._directory = directory
        self._credentials = credentials
        self._prove_driver = prove_driver
        self._throttle = LoginThrottle(clock)
        self._links = links

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        get, post = hdrs.METH_GET, hdrs.METH_POST
        return [
            Route(
                method=post,
                path="/api/login",
                handler=self.log_in,
                roles=ANYBODY,
                body=LogIn,
                answers=member_answers.WhoAnswer,
                also={
                    401: "The name or the password is wrong.",
                    403: "The account or its driver is withdrawn, or the request came from another site's page.",
                },
                summary="Log a browser in: the answer sets a cookie.",
            ),
            Route(
                method=post,
                path="/api/login/link",
                handler=self.follow_link,
                roles=ANYBODY,
                body=FollowLink,
                answers=member_answers.WhoAnswer,
                also={
                    401: "The link was used before, or is too old.",
                    403: "The request came from another site's page.",
                },
                summary="Log a browser in by a link, which opens once: the answer sets a cookie.",
            ),
            Route(
                method=post,
                path="/api/login/token",
                handler=self.follow_wall_link,
                roles=ANYBODY,
                body=WallLink,
                answers=member_answers.WhoAnswer,
                also={
                    401: "The token is void, or never existed.",
                    403: "The token may do more than look, or the request came from another site's page.",
                },
                summary="Let a screen look for as long as a viewer's token is good: the answer sets a cookie.",
            ),
            Route(
                method=post,
                path="/api/logout",
                handler=self.log_out,
                roles=ANYBODY,
                answers=member_answers.LogOutAnswer,
                summary="Log this browser out.",
            ),
            Route(
                method=get,
                path="/api/whoami",
                handler=self.who_am_i,
                roles=EVERYBODY,
                answers=member_answers.WhoAmIAnswer,
                summary="Who has logged in.",
            ),
        ]

    async def log_in(self, request: web.Request, _: Actor) -> web.Response:
        """Log a browser in. Whatever was wrong, the answer is the same, and takes as long."""
        body = await body_of(request, LogIn)
        self._access.claims(request, body.name)
        address = origin_checks.address_of(request)
        credential = await self.slowed_down(
            body.name, address, lambda: self._proved(body.name, body.password, address)
        )
        return await self._let_in(request, body.name, address, credential)

    async def follow_link(self, request: web.Request, _: Actor) -> web.Response:
        """Log a browser in by a link."""
        body = await body_of(request, FollowLink)
        self._access.claims(request, "a login link")
        account = self._links.use(body.link)
        credential = Credential(registration=account.registration)
        return await self._let_in(request, account.name, origin_checks.address_of(request), credential)

    async def follow_wall_link(self, request: web.Request, _: Actor) -> web.Response:
        """Let a screen look for as long as its token is good. No login is kept: the token is what can be revoked."""
        body = await body_of(request, WallLink)
        self._access.claims(request, "a wall")
        token = self._directory.token(body.token)
        if token is None:
            raise AuthenticationError("This token is void, or never existed.", Code.CREDENTIAL)
        if token.role is not Role.VIEWER:
            raise AuthenticationError("Only a viewer's token can open a wall.", Code.ROLE)
        address = origin_checks.address_of(request)
        await self._directory.note_wall(token, address)
        await self._directory.log_out(self._access.given_login(request), address)
        response = answer(described(token.name, token.role))
        self._access.show_login(request, response, body.token, _WALL_S)
        return response

    async def _let_in(
        self, request: web.Request, name: str, address: str, credential: Credential
    ) -> web.Response:
        await within_patience(self._directory.receive(name, address, credential))
        token = await self._directory.log_in(name, address, credential)
        account = self._directory.account(name)
        role = account.role if account is not None else Role.DRIVER
        response = answer(described(name, role))
        self._access.show_login(request, response, token)
        # The browser has the new one before its other pages hear that the old one, whose token nobody knows any
        # more, has ended: they ask who is logged in.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write_eof()
        await self._directory.log_out(self._access.given_login(request), address)
        return response

    async def slowed_down(
        self, name: str, address: str, check: Callable[[], Awaitable[Credential]]
    ) -> Credential:
        """Return what `check` does, unless this name or address has failed too often. Raises Overloaded."""
        host = address.rpartition(":")[0]
        self._throttle.attempt(name, host)
        try:
            credential = await check()
        except Overloaded:
            # It was not checked.
            self._throttle.undone(name, host)
            raise
        self._throttle.succeeded(name, host)
        return credential

    async def _proved(self, name: str, password: str, address: str) -> Credential:
        """Return the credential of `name` if `password` is the right one."""
        account = self._directory.account(name)
        if account is None and accounts.is_driver(name):
            try:
                return await self._prove_driver(name, password, address)
            except AuthenticationError as refused:
                if refused.code is not Code.CREDENTIAL:
                    raise
                raise _wrong() from None
        kept = account.secret_hash if account is not None else None
        right = await self._credentials.matches(kept, password, address.rpartition(":")[0])
        # Also when it was replaced or removed in the meantime.
        if not right or self._directory.account(name) is not account:
            raise _wrong()
        return Credential(registration=account.registration if account is not None else 0)

    async def log_out(self, request: web.Request, _: Actor) -> web.Response:
        """Log this browser out; it does no harm to do so twice."""
        token = self._access.given_login(request)
        ended = await self._directory.log_out(token, origin_checks.address_of(request))
        response = answer({"logged_out": ended})
        self._access.drop_login(request, response)
        return response

    async def who_am_i(self, request: web.Request, actor: Actor) -> web.Response:
        """Say who has logged in, and what it may."""
        caller = self._access.caller(request)
        role = caller.role if caller is not None else actor.role
        has_account = caller is not None and caller.login is not None and caller.login.has_account
        return answer(described(actor.id, role) | {"has_account": has_account, "currency": currency().code})


def _wrong() -> AuthenticationError:
    return AuthenticationError("The name or the password is wrong.", Code.CREDENTIAL)


def described(name: str, role: Role) -> dict[str, object]:
    """Return an account as an answer names it."""
    driver = accounts.driver_id(name) if role is Role.DRIVER else None
    return {"name": name, "role": role, "driver_id": driver}
