"""Authorisation: the guard before every route.

A program shows a bearer token; a browser has a cookie, named after the port because ports share cookies. What a
browser sends must come from our own pages (`origin_checks`).
"""

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from evcharge.central.api.kit import origin_checks
from evcharge.central.api.kit.request_inputs import Nothing, body_of, check_query
from evcharge.central.api.kit.routes import Route
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.accounts import Login
from evcharge.central.rules.commands import Actor
from evcharge.central.services.accounts import Directory
from evcharge.domain.errors import AuthenticationError, Code
from evcharge.domain.ids import Role
from evcharge.http.server import CURRENCY, Turns, arrived, prove
from evcharge.runtime.network_currency import currency

OPERATOR, WEATHER_SERVICE = "operator", "weather"
_TOLD = (Code.CREDENTIAL, Code.ROLE, Code.SLOW)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: `role` says what it may do, `actor` is for the audit log; only browsers have a `login`."""

    actor: Actor
    role: Role
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """How much one caller may ask, from however many addresses; `quotas` say who is not heard at present."""

    quotas: Quotas
    turns: Turns

    async def keep(self, caller: Caller) -> None:
        """Let one request of `caller` wait for its turn. Raises Overloaded (E_SLOW)."""
        actor = caller.actor
        self.quotas.check(actor.role, actor.id, asyncio.get_running_loop().time())
        await self.turns.wait((actor.role, actor.id))


_CALLER = web.RequestKey("caller", Caller)
_CLAIMED = web.RequestKey("claimed", str)
# The token of a login whose end has moved: the browser is told.
_RENEWED = web.RequestKey("renewed", str)


class Access:
    """Checks each request before its handler sees it.

    `token` is the operator's of the state folder, `weather_token` that of the weather service.
    """

    def __init__(
        self,
        refusals: Refusals,
        token: str,
        names: origin_checks.Names,
        directory: Directory,
        weather_token: str,
        limits: CallerLimits,
    ) -> None:
        self._refusals = refusals
        self._token = token.encode()
        self._weather_token = weather_token.encode()
        self._names = names
        self._directory = directory
        self._limits = limits

    def guarded(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the handler of `route` behind the guard."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            self._names.check(request.host, origin_checks.own_address(request))
            if _bearer(request) is None:
                origin_checks.check_origin(request.method, request.headers, request.host)
            actor = await self._let_in(request, route)
            if not route.any_query:
                check_query(request, route.query)
            if route.body is None and request.body_exists:
                await body_of(request, Nothing)
            elif route.body is not None and route.roles is not None and request.body_exists:
                await arrived(request)
                if not self.standing(request)():
                    # Who was shut out while the body was on its way, or whose id is another's now, may do nothing more.
                    raise _shut_out()
            return await route.handler(request, actor)

        return guarded

    async def _let_in(self, request: web.Request, route: Route) -> Actor:
        if route.roles is None:
            return Actor("anybody", Role.VIEWER, origin_checks.address_of(request))
        caller = self.caller(request)
        if caller is None:
            raise _shut_out()
        request[_CALLER] = caller
        prove(request, caller.actor.id)
        await self._limits.keep(caller)
        if caller.role not in route.roles:
            may = ", ".join(sorted(route.roles))
            raise AuthenticationError(
                f"{caller.actor.id} has the role {caller.role} and may not do this: it is for {may}.",
                Code.ROLE,
            )
        if caller.login is not None and await self._directory.renew(caller.login):
            request[_RENEWED] = request.cookies[_cookie_name(request)]
        return caller.actor

    # ---- who

    def caller(self, request: web.Request) -> Caller | None:
        """Return who sends `request`; None when it shows nothing that is good (any more)."""
        known: Caller | None = request.get(_CALLER)
        if known is not None:
            return known
        given = _bearer(request)
        if given is not None:
            return self._program(given, origin_checks.address_of(request))
        login = self._directory.login(self.given_login(request))
        if login is None:
            return self._wall(self.given_login(request), origin_checks.address_of(request))
        role = self._directory.role_of(login)
        return Caller(Actor(login.name, role, origin_checks.address_of(request)), role, login)

    def _program(self, given: str, address: str) -> Caller | None:
        if hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token):
            # A user who can read the state folder may do everything.
            return Caller(Actor(OPERATOR, Role.OPERATOR, address), Role.ADMIN)
        if hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._weather_token):
            return Caller(Actor(WEATHER_SERVICE, Role.SERVICE, address), Role.SERVICE)
        token = self._directory.token(given)
        if token is None:
            return None
        return Caller(Actor(token.name, token.role, address), token.role)

    def _wall(self, given: str, address: str) -> Caller | None:
        """Return whose link a browser followed: one of a token that may look, for as long as that is good."""
        token = self._directory.token(given)
        if token is None or token.role is not Role.VIEWER:
            return None
        return Caller(Actor(token.name, token.role, address), token.role)

    def standing(self, request: web.Request) -> Callable[[], bool]:
        """Return what says, as long as `request` is being answered, whether its sender may still see the answer."""
        caller = self.caller(request)
        if caller is None:
            return lambda: False
        login, given = caller.login, _bearer(request)
        if login is not None:
            return lambda: self._directory.is_open(login)
        if given is None:
            shown = self.given_login(request)
            return lambda: self._wall(shown, "") is not None
        return lambda: self._program(given, "") is not None

    # ---- the cookie

    def show_login(
        self, request: web.Request, response: web.StreamResponse, token: str, lasts_s: int | None = None
    ) -> None:
        """Give the browser its login to keep; `lasts_s` seconds of one that does not end by itself."""
        response.set_cookie(
            _cookie_name(request),
            token,
            max_age=self._directory.login_s if lasts_s is None else lasts_s,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )

    def drop_login(self, request: web.Request, response: web.StreamResponse) -> None:
        """Have the browser forget its login."""
        response.del_cookie(
            _cookie_name(request), path="/", httponly=True, samesite="Strict", secure=request.secure
        )

    def given_login(self, request: web.Request) -> str:
        """Return the token in the cookie, or ""."""
        return request.cookies.get(_cookie_name(request), "")

    async def sign(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Put on every answer what it must say to browsers, and in what its money is to programs."""
        response.headers[CURRENCY] = currency().code
        response.headers.update(origin_checks.security_headers(request.host))
        if isinstance(request, web.Request) and (token := request.get(_RENEWED)) is not None:
            self.show_login(request, response, token)
            # Too late for aiohttp to do it: the headers are made already.
            cookie = response.cookies[_cookie_name(request)]
            response.headers.add(hdrs.SET_COOKIE, cookie.OutputString())

    # ---- who may not

    def claims(self, request: web.Request, name: str) -> None:
        """Remember as whom `request` wants to log in, for the audit log."""
        request[_CLAIMED] = name

    async def refused(self, request: web.Request, code: str) -> None:
        """Keep in the audit log that somebody might not."""
        if code not in _TOLD:
            return
        what = f"{request.method} {request.path}"[:100]
        problem = AuthenticationError(f"Central's API: {ascii(what)[1:-1]}", Code(code))
        # A caller over its address's limit has not been identified yet.
        caller, claimed = request.get(_CALLER) or self.caller(request), request.get(_CLAIMED)
        address = origin_checks.address_of(request)
        if claimed is not None:
            self._refusals.login(ascii(claimed)[1:-1], None, address, problem)
        elif caller is not None:
            self._refusals.login(caller.actor.id, caller.actor.role, address, problem, proven=True)
        else:
            self._refusals.login("", None, address, problem)


def _shut_out() -> AuthenticationError:
    return AuthenticationError(
        "Log in first; a program sends the header Authorization: Bearer <token>.", Code.CREDENTIAL
    )


def _bearer(request: web.Request) -> str | None:
    """Return what the header Authorization holds; anything there keeps the cookie out."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie_name(request: web.Request) -> str:
    return login_cookie(origin_checks.own_port(request), secure=request.secure)


def login_cookie(port: int, *, secure: bool) -> str:
    """Return what the cookie of a login is called at the API on `port`."""
    # Browsers believe the prefix only of a host's own secure cookies: no neighbour can plant one.
    return f"{'__Host-' if secure else ''}evc_{port}"


def is_loopback(host: str) -> bool:
    """Return whether `host` can be reached from this computer only."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"
