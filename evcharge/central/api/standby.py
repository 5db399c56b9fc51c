"""A Central that stands by: it waits until it leads, and hands what comes to its API on to the one that does.

What is shown there (tokens, logins, the header Host) is passed on, and only to whom proves by its certificate that it
belongs to this network: the leader decides about it. A browser keeps its login under the name that it has here, so
that it is still logged in when this one leads.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType, hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from evcharge.central.api.kit.access import is_loopback, login_cookie
from evcharge.central.api.kit.api_task import ApiServer
from evcharge.central.api.kit.origin_checks import own_port, security_headers
from evcharge.central.api.resources.metrics import text_of_one_that_stands_by
from evcharge.domain.errors import Code, Overloaded, StateError
from evcharge.http.server import answer, application
from evcharge.labels.central import said
from evcharge.runtime.config import Config
from evcharge.runtime.health_socket import OwnHealth
from evcharge.runtime.lifecycle import run_until
from evcharge.security.tls import client_context, server_context
from evcharge.storage.members import Membership
from evcharge.storage.start_retry import StartRetry

log = logging.getLogger(__name__)

_CONNECT_S = 2.0
# What says that a request has been handed on once already.
_HANDED_ON = "Evcharge-Handed-On"
# Of one connection, and not of what is asked over it (RFC 9110, 7.6.1); the last are made anew.
_HOP = (
    hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.PROXY_AUTHENTICATE, hdrs.PROXY_AUTHORIZATION, hdrs.TE, hdrs.TRAILER,
    hdrs.TRANSFER_ENCODING, hdrs.UPGRADE, hdrs.CONTENT_LENGTH, hdrs.SEC_WEBSOCKET_KEY, hdrs.SEC_WEBSOCKET_VERSION,
    hdrs.SEC_WEBSOCKET_EXTENSIONS, hdrs.SEC_WEBSOCKET_PROTOCOL,
)  # fmt: skip
_GONE = "The Central that leads does not answer at present. Try again in a moment."
_NOT_OURS = (
    "The Central that leads shows a certificate that is not of this network, or not valid now: compare the clocks, and "
    "put its central.pem and central.key back."
)
_IN_DOUBT = "The Central that leads ended before it answered. Look whether it was done before you try again."
_READS = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)


class Halted(Exception):
    """This process is to end, before it ever led."""


class Standby:
    """What this Central does while another one leads (`members.Waiting`), until `stop` is set.

    Where it has been one of them before (`retry`), it does so also while the database is away.
    """

    def __init__(
        self, config: Config, stop: asyncio.Event, health: OwnHealth | None = None, *, new_keys: bool = False
    ) -> None:
        self.retry, self.new_keys = StartRetry(stop, health), new_keys
        self._config = config
        self._stop = stop

    async def __call__(self, membership: Membership) -> None:
        """Return as soon as this one leads. Raises Halted, StateError."""
        self.retry.is_there()
        leader = membership.leader
        if leader is not None:
            log.info("%s", said("stands by", me=membership.me.name, leader=leader.name))
        over, leads = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            await membership.waits()
            leads.set()
            over.set()

        async def end() -> None:
            await self._stop.wait()
            over.set()

        settings = self._config.central
        works = [wait(), end()]
        if settings.api:
            state = self._config.state
            proxy = _Proxy(membership, self._config)
            tls = server_context(state / "central.pem", state / "central.key")
            plain = is_loopback(settings.api_host)
            works.append(
                ApiServer(
                    proxy.application, settings.api_host, settings.api_port, tls, work=proxy.run, plain=plain
                ).run()
            )
        try:
            await run_until(over, *works)
        except* StateError as problems:
            raise problems.exceptions[0] from None
        if not leads.is_set():
            raise Halted
        log.info("%s", said("takes over", me=membership.me.name))


class _Proxy:
    """Hands requests on to the leader; `run` is what keeps the connections to it."""

    def __init__(self, membership: Membership, config: Config) -> None:
        self._membership = membership
        self._settings = config.central
        self._tls = client_context(config.state / "ca.pem")
        self._http: aiohttp.ClientSession | None = None

    async def run(self) -> None:
        """Keep connections to the leader, for ever."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(connect=_CONNECT_S, sock_read=60),
            auto_decompress=False,
        ) as self._http:
            await asyncio.Event().wait()

    def application(self) -> web.Application:
        """Return what answers at the address of the API."""
        routes = [
            web.get("/healthz", self._health),
            web.get("/readyz", self._health),
            web.get("/metrics", self._figures),
            web.route("*", "/{path:.*}", self._hand_on),
        ]
        return application(routes, _refused, _sign, self._settings.requests_per_s)

    async def _health(self, _request: web.Request) -> web.Response:
        """Say that this one stands by, which is what it is there for."""
        leader = self._membership.leader
        led = f"{leader.name} leads" if leader is not None else "the database is away"
        return answer({"ready": True, "reasons": [f"stands by: {led}"], "kafka_events_waiting": None})

    async def _figures(self, _request: web.Request) -> web.Response:
        """Say that this one does not lead: those of the leader, told by both, would be counted twice."""
        return web.Response(
            body=text_of_one_that_stands_by(),
            headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST, hdrs.CACHE_CONTROL: "no-store"},
        )

    async def _hand_on(self, request: web.Request) -> web.StreamResponse:
        leader, http = self._membership.leader, self._http
        if leader is None or not leader.address or http is None or _HANDED_ON in request.headers:
            raise Overloaded(_GONE, Code.UNREACHABLE, 1.0)
        url = leader.address + request.raw_path
        login = _Login(
            login_cookie(own_port(request), secure=request.secure),
            login_cookie(urlsplit(url).port or 443, secure=True),
            secure=request.secure,
        )
        headers = login.shown(_passing(request.headers))
        headers[_HANDED_ON] = self._membership.me.name
        try:
            if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
                return await self._talk(request, http, url, headers)
            return await self._ask(request, http, url, headers, login)
        except aiohttp.ClientSSLError:
            # No moment will mend that.
            raise Overloaded(_NOT_OURS, Code.UNREACHABLE) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise Overloaded(_GONE, Code.UNREACHABLE, 1.0) from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            if request.method not in _READS:
                # It was sent: whoever repeats it may do it twice.
                raise Overloaded(_IN_DOUBT, Code.UNREACHABLE) from None
            raise Overloaded(_GONE, Code.UNREACHABLE, 1.0) from None

    async def _ask(
        self,
        request: web.Request,
        http: aiohttp.ClientSession,
        url: str,
        headers: CIMultiDict[str],
        login: "_Login",
    ) -> web.StreamResponse:
        body = await request.read() if request.body_exists else None
        async with http.request(
            request.method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
        ) as found:
            response = web.StreamResponse(status=found.status, headers=login.given(_passing(found.headers)))
            if (length := found.headers.get(hdrs.CONTENT_LENGTH)) is not None:
                response.headers[hdrs.CONTENT_LENGTH] = length
            await response.prepare(request)
            try:
                async for chunk in found.content.iter_chunked(1 << 16):
                    await response.write(chunk)
                await response.write_eof()
            except (aiohttp.ClientError, TimeoutError, OSError):
                # Nothing may follow that looks like the rest of it.
                if request.transport is not None:
                    request.transport.abort()
            return response

    async def _talk(
        self, request: web.Request, http: aiohttp.ClientSession, url: str, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        try:
            far = await http.ws_connect(url, headers=headers, max_msg_size=0, autoclose=True)
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)
        async with far:
            near = web.WebSocketResponse(max_msg_size=4096)
            await near.prepare(request)
            over = asyncio.Event()
            await run_until(over, _pass(far, near, over), _pass(near, far, over))
            await near.close(code=far.close_code or 1001)
            return near


@dataclass(frozen=True, slots=True)
class _Login:
    """What the cookie of a login is called here, `secure` or not, and at the leader, which is asked over TLS."""

    here: str
    there: str
    secure: bool

    def shown(self, headers: CIMultiDict[str]) -> CIMultiDict[str]:
        """Name the cookie of a request as the leader knows it; one of its own name was not given here."""
        pairs = [
            (self.there if name == self.here else name, value)
            for cookies in headers.popall(hdrs.COOKIE, [])
            for name, _, value in (one.strip().partition("=") for one in cookies.split(";"))
            if name == self.here or name != self.there
        ]
        if pairs:
            headers[hdrs.COOKIE] = "; ".join(f"{name}={value}" for name, value in pairs)
        return headers

    def given(self, headers: CIMultiDict[str]) -> CIMultiDict[str]:
        """Name the cookie of an answer as it is called here."""
        for cookie in headers.popall(hdrs.SET_COOKIE, []):
            name, _, rest = cookie.partition("=")
            headers.add(hdrs.SET_COOKIE, cookie if name != self.there else f"{self.here}={self._kept(rest)}")
        return headers

    def _kept(self, cookie: str) -> str:
        # No browser keeps a secure cookie that came in the clear.
        parts = cookie.split("; ")
        return "; ".join(part for part in parts if self.secure or part != "Secure")


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pass(source: _Socket, target: _Socket, over: asyncio.Event) -> None:
    """Pass on what comes until either end has gone."""
    try:
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
    except ConnectionError:
        log.debug("a page or the leader hung up")
    finally:
        over.set()


def _passing(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return those of `headers` that are of the request or the answer, each as often as it is there."""
    named = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    dropped = {name.lower() for name in _HOP} | named
    kept: Iterable[tuple[str, str]] = (
        (name, value) for name, value in headers.items() if name.lower() not in dropped
    )
    return CIMultiDict(kept)


async def _refused(_request: web.Request, _code: str) -> None:
    """Only the leader keeps an audit log."""


async def _sign(request: web.BaseRequest, response: web.StreamResponse) -> None:
    response.headers.update(security_headers(request.host))
