"""The HTTP server that Registry and Central share: bounded JSON bodies, problem+json errors, idle limits.

The Registry and Central stand on it; nothing here knows what they do.
"""

import asyncio
import contextlib
import logging
import math
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar, cast

import msgspec
from aiohttp import web
from msgspec import Struct

from evcharge.domain.errors import BadInput, Code, CommandRefused, EvchargeError, Overloaded, ProtocolError
from evcharge.domain.strict_json import read_json
from evcharge.labels import DEFAULT_LANGUAGE, LANGUAGES, PAGE_LANGUAGES, command_refusals
from evcharge.labels.command_errors import in_other_words
from evcharge.runtime import failures
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.listener import Connection, PortOptions, listen
from evcharge.runtime.rate_limit import TokenBuckets
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
# Limits for a TLS handshake, for the next request to be complete, and for its body.
PATIENCE_S = 10.0
# A browser opens half a dozen connections, and one more for each page that follows what happens.
SEATS = SeatLimits(strangers=512, strangers_per_network=128, members=1024, members_per_login=64)
# A client that takes nothing of its answer for so long is cut off.
STALLED_S = 10.0
# From one source, and as many at once: a page is made of some 90 files.
REQUESTS_PER_S = 200
# A request that would have to wait for longer is refused.
LONGEST_WAIT_S = 2.0
# So many languages of a request are looked at.
_MOST_LANGUAGES = 20
_WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.ASCII)
# Headers of every answer. Browsers must not guess what it is.
_HEADERS = {
    "Server": "evcharge",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_STATUS = {
    Code.MALFORMED: 400,
    Code.CREDENTIAL: 401,
    Code.ROLE: 403,
    Code.DISABLED: 403,
    Code.NOT_FOUND: 404,
    Code.UNKNOWN_CP: 404,
    Code.TIMEOUT: 408,
    Code.CONFLICT: 409,
    Code.ENGINE_THERE: 409,
    Code.CONFIRM: 409,
    Code.BALANCE: 409,
    Code.NO_SESSION: 409,
    Code.WHICH_SESSION: 409,
    Code.NOT_CONFIRMED: 409,
    Code.EXPIRED: 410,
    Code.TOO_BIG: 413,
    Code.FIELD: 422,
    Code.SLOW: 429,
    Code.BUSY: 503,
    Code.STORAGE: 503,
    Code.UNREACHABLE: 503,
}
_encoder = msgspec.json.Encoder(order="sorted")
T = TypeVar("T", bound=Struct)

# Central asks the Registry for one of its own accounts: whose name, and where that person is.
ON_BEHALF_OF = "Evcharge-On-Behalf-Of"
# Each answer of Central says in which currency (ISO 4217) its network counts.
CURRENCY = "Evcharge-Currency"

# Told of every refusal: the request, the code that was answered.
OnRefused = Callable[[web.Request, str], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Sign = Callable[[web.BaseRequest, web.StreamResponse], Awaitable[None]]
# What is shown instead of a JSON sentence to somebody who asked for a page that is not there; None: the sentence.
Missing = Callable[[web.Request], web.Response | None]


class Turns:
    """Gives each source so many requests a second: whoever asks faster waits, and is refused if that takes long."""

    def __init__(self, requests_per_s: int = REQUESTS_PER_S) -> None:
        self._buckets = TokenBuckets(1 / requests_per_s, requests_per_s)

    async def wait(self, source: Hashable) -> None:
        """Wait for the turn of one request of `source`. Raises Overloaded (E_SLOW)."""
        now = asyncio.get_running_loop().time()
        bucket = self._buckets.of(source)
        wait_s = bucket.wait_s(now)
        if wait_s > LONGEST_WAIT_S:
            raise Overloaded("Too many requests at once. Wait, then try again.", Code.SLOW, wait_s)
        bucket.spend(now)
        if wait_s > 0:
            await asyncio.sleep(wait_s)


async def arrived(request: web.Request) -> bytes:
    """Return the bytes of the body once all have come. Raises TimeoutError, or HTTP 413 or 415."""
    if request.content_type != "application/json" or request.headers.get("Content-Encoding"):
        raise web.HTTPUnsupportedMediaType
    async with asyncio.timeout(PATIENCE_S):
        return await request.read()


async def read_body(request: web.Request, kind: type[T]) -> T:
    """Parse the body of `request`. Raises BadInput naming the field, ProtocolError, or HTTP 413 or 415."""
    raw = await arrived(request)
    try:
        return read_json(raw, kind)
    except msgspec.ValidationError as problem:
        raise BadInput(f"Bad body: {failures.why(problem)}.", Code.FIELD) from None
    except ValueError:
        raise ProtocolError("The body is not JSON.", Code.MALFORMED) from None


def answer(content: dict[str, Any], status: int = 200) -> web.Response:
    """Return `content` as a JSON response, with "error": false."""
    return _json({"error": False, **content}, status)


def application(
    routes: list[web.RouteDef],
    on_refused: OnRefused,
    sign: Sign | None = None,
    requests_per_s: int = REQUESTS_PER_S,
    missing: Missing | None = None,
) -> web.Application:
    """Return an application that answers every failure of `routes` with a JSON sentence.

    `sign` may put more headers on every answer, also on what aiohttp answers by itself. Each address may send
    `requests_per_s`. `missing` has the page for people where there is nothing.
    """
    turns = Turns(requests_per_s)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if isinstance(request.protocol, _Client):
            # A whole request has come: whoever sends none makes room first.
            request.protocol.connection.seat.is_busy = True
        try:
            await turns.wait(request.remote)
            return await handler(request)
        except (EvchargeError, web.HTTPException, StoreError, TimeoutError) as problem:
            response, code = _refusal(problem, language_of(request))
            with contextlib.suppress(StoreError):
                await on_refused(request, code)
            if response.status == HTTPStatus.NOT_FOUND and missing is not None:
                response = missing(request) or response
        except Exception:  # the one broad catch, at the one boundary
            log.exception("%s failed", request.method)
            text = "Internal error. The server's log says more."
            response = failure(500, "E_INTERNAL", text, lang=language_of(request))
        return response

    async def prepare(request: web.BaseRequest, response: web.StreamResponse) -> None:
        # No name and version of aiohttp.
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if sign is not None:
            await sign(request, response)

    app = web.Application(middlewares=[guard], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(prepare)
    app.add_routes(routes)
    return app


def language_of(request: web.Request) -> str:
    """Return the language of pages in which whoever asks likes to read best; English for one that is not there."""
    best, most = DEFAULT_LANGUAGE, 0.0
    for part in request.headers.get("Accept-Language", "").split(",")[:_MOST_LANGUAGES]:
        tag, _, weight = part.partition(";")
        found = _WEIGHT.fullmatch(weight.strip())
        lang, q = tag.strip().lower().split("-")[0], float(found[1]) if found else 0.0 if weight else 1.0
        if q > most and lang in PAGE_LANGUAGES:
            best, most = lang, q
    return best


def failure(
    status: int, code: str, text: str, headers: dict[str, str] | None = None, lang: str = DEFAULT_LANGUAGE
) -> web.Response:
    """Return the response for something that was not done: problem details (RFC 9457), and our fields.

    `lang` is what whoever asks reads besides English and Spanish.
    """
    return _failed(status, code, text, {one: in_other_words(text, one) for one in _others(lang)}, headers)


def _others(lang: str) -> tuple[str, ...]:
    """Return the languages in which a sentence is answered besides English."""
    return tuple(dict.fromkeys((*LANGUAGES, lang)))[1:]


def _failed(
    status: int, code: str, text: str, others: Mapping[str, str], headers: dict[str, str] | None
) -> web.Response:
    content = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": text,
        "error": True,
        "code": code,
        "text": text,
    }
    content |= {f"text_{lang}": other for lang, other in others.items() if other}
    return _json(content, status, headers, "application/problem+json")


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Failure"


def _json(
    content: dict[str, Any],
    status: int,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> web.Response:
    return web.Response(
        body=_encoder.encode(content) + b"\n",
        status=status,
        content_type=content_type,
        headers={**_HEADERS, "Cache-Control": "no-store", **(headers or {})},
    )


def _refusal(problem: Exception, lang: str) -> tuple[web.Response, str]:
    match problem:
        case EvchargeError():
            headers = {}
            if isinstance(problem, Overloaded) and problem.retry_after_s is not None:
                headers["Retry-After"] = str(math.ceil(problem.retry_after_s))
            status = _STATUS.get(problem.code, 400)
            if status == 401:
                headers["WWW-Authenticate"] = "Bearer"
            text = command_refusals.in_words(problem)
            if not isinstance(problem, CommandRefused):
                return failure(status, problem.code, text, headers, lang), problem.code
            others = {one: command_refusals.in_words(problem, one) for one in _others(lang)}
            return _failed(status, problem.code, text, others, headers), problem.code
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(problem.allowed_methods))
            text = f"This address takes {allowed} only."
            return failure(405, Code.MALFORMED, text, {"Allow": allowed}, lang), Code.MALFORMED
        case web.HTTPNotFound():
            text = "There is nothing at this address."
            return failure(404, Code.NOT_FOUND, text, lang=lang), Code.NOT_FOUND
        case web.HTTPRequestEntityTooLarge():
            text = f"The body is too big: at most {MAX_BODY_BYTES // 1024} KiB."
            response = failure(413, Code.TOO_BIG, text, lang=lang)
            response.force_close()
            return response, Code.TOO_BIG
        case web.HTTPUnsupportedMediaType():
            text = "Send JSON, with the header Content-Type: application/json and no Content-Encoding."
            return failure(415, Code.MALFORMED, text, lang=lang), Code.MALFORMED
        case web.HTTPException():
            text = "This request could not be understood."
            return failure(problem.status, Code.MALFORMED, text, lang=lang), Code.MALFORMED
        case TimeoutError():
            response = failure(408, Code.TIMEOUT, "The body did not arrive in time.", lang=lang)
            response.force_close()
            return response, Code.TIMEOUT
        case _:
            log.error("cannot store: %s", failures.why(problem))
            text = "The database is unavailable. Try again later."
            return failure(503, Code.STORAGE, text, {"Retry-After": "10"}, lang), Code.STORAGE


class _Client(web.RequestHandler):
    """One connection: it has a seat, and what is no HTTP is answered with a JSON sentence too."""

    __slots__ = ("connection",)

    def __init__(self, manager: web.Server, connection: Connection, **options: Any) -> None:
        super().__init__(manager, **options)
        self.connection = connection

    def connection_lost(self, exc: BaseException | None) -> None:
        self.connection.left()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self.connection.seat.is_busy = False

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be parsed as HTTP."""
        del request, exc, message
        response = failure(status, Code.MALFORMED, "Not a valid HTTP request.")
        response.force_close()
        return response


def prove(request: web.Request, login: str) -> None:
    """Record who sends `request`: its connection is known from now on. Raises Overloaded when all seats are taken."""
    client = request.protocol
    if isinstance(client, _Client):
        client.connection.prove(login)


@contextlib.asynccontextmanager
async def serving(
    app: web.Application,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    *,
    plain: bool = False,
    name: str = "HTTP",
    seats: SeatLimits = SEATS,
) -> AsyncIterator[int]:
    """Serve `app` while the block runs, over HTTPS when there is `tls`; yields the port. Raises Taken.

    With `tls` and `plain` the port speaks both: whoever begins with a handshake gets HTTPS, all others plain HTTP.
    `name` stands in the log.
    """
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        manager = cast(web.Server, runner.server)  # there is one after setup

        def serve(connection: Connection) -> _Client:
            return _Client(
                manager,
                connection,
                loop=asyncio.get_running_loop(),
                access_log=None,
                keepalive_timeout=PATIENCE_S,
                lingering_time=1.0,
                auto_decompress=False,
            )

        options = PortOptions(
            name=name,
            limits=seats,
            tls=tls,
            plain=plain,
            handshake_within_s=PATIENCE_S,
            stalled_s=STALLED_S,
        )
        async with listen(host, port, serve, options) as number:
            yield number
    finally:
        await runner.cleanup()
