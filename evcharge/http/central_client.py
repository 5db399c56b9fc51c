"""Central's HTTP API from outside: one call, and which of our exceptions each way to fail becomes."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import aiohttp
from msgspec import Meta, Struct

from evcharge import labels
from evcharge.domain.errors import (
    AuthenticationError,
    BadInput,
    Code,
    ConfigError,
    EvchargeError,
    Overloaded,
    Refused,
    StateError,
)
from evcharge.domain.strict_json import read_json
from evcharge.http.server import CURRENCY
from evcharge.labels import Speech
from evcharge.labels.causes import cause
from evcharge.runtime import failures, network_currency
from evcharge.security import secret_files, state_folder, tls

OPERATOR_VARIABLE = "EVCHARGE_OPERATOR_TOKEN"
_CONNECT_S = 4.0
_MAX_ANSWER_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_MAX_FAILURE_BYTES = 64 * 1024
_CODE = re.compile(r"[A-Z]{3}")
# No connection could be made: nothing was sent.
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

T = TypeVar("T")


class _Failure(Struct, frozen=True):
    text: Annotated[str, Meta(max_length=1000)]
    code: Annotated[str, Meta(max_length=40)]
    text_es: Annotated[str, Meta(max_length=1000)] = ""


# Without a repr: `environ` may hold the secret.
@dataclass(frozen=True, slots=True, repr=False)
class BearerToken:
    """Where a token comes from: `variable` of `environ`, else the secret file `path`.

    `refused` names the sentence for a Central that does not know it.
    """

    variable: str
    path: Path
    environ: Mapping[str, str]
    refused: str = "token refused"

    def read(self) -> str:
        """Return the token as it is now. Raises StateError without one, or for one that no header can hold."""
        given = self.environ.get(self.variable) or secret_files.read_secret(self.path)
        if not (given.isascii() and given.isprintable()):
            raise StateError(
                f"{self.variable} does not contain a token: set it again, on one line, or unset it."
            )
        return given


class ApiClient:
    """Central at `url`, which has `within_s` for an answer.

    Where there are several, of which one may be gone, `others` are tried in turn when no connection can be made to it;
    who answered is asked first from then on.
    Always over TLS, also on this computer and where `url` begins with http: until what listens there has shown a
    certificate of our CA, it is sent nothing.
    Calls raise Overloaded (Central is not there now, or has no room), AuthenticationError, Refused or BadInput.
    """

    def __init__(
        self,
        url: str,
        ca_file: Path,
        say: Speech,
        token: BearerToken,
        within_s: float,
        others: Sequence[str] = (),
    ) -> None:
        """`say` is a room with "plain http", "central gone", "central in doubt" and "no central".

        Raises ConfigError for plain HTTP to another computer, which serves none; StateError without CA or token.
        """
        self._say = say
        self._urls = [one.rstrip("/") for one in (url, *others)]
        for one in self._urls:
            if tls.is_in_the_clear(one):
                raise ConfigError(say("plain http", url=one))
        self._tls = tls.client_context(ca_file)
        self._token = token
        self._secret = token.read()
        self._timeout = aiohttp.ClientTimeout(total=within_s, connect=_CONNECT_S)
        self._http: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where the Central is that answered last."""
        return self._urls[0]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Keep connections while the block runs; without it, each call has its own."""
        async with self._connect() as http:
            self._http = http
            try:
                yield self
            finally:
                self._http = None

    async def call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        token: BearerToken | None = None,
    ) -> T:
        """Make one call, with another `token` if one is given; return the answer as a `kind`."""
        secret = token.read() if token is not None else self._secret
        status, raw = await self._ask(method, path, params, body, secret)
        if status == 401 and token is None and (fresh := self._read_anew()) != secret:
            # Central has made a new one meanwhile.
            self._secret = fresh
            status, raw = await self._ask(method, path, params, body, fresh)
        if not 200 <= status < 300:
            raise self._refused(status, raw, token or self._token)
        try:
            return read_json(raw, kind)
        except ValueError:
            raise self.no_central() from None

    async def stream(self, path: str, params: Mapping[str, str], take: Callable[[bytes], object]) -> None:
        """Give an answer that is no JSON to `take` as it comes, however long that takes. Raises as `call` does."""
        endless = aiohttp.ClientTimeout(connect=_CONNECT_S, sock_read=self._timeout.total)
        try:
            async with (
                self._connect() as http,
                self._answering(http, "GET", path, self._secret, params=params, timeout=endless) as response,
            ):
                if response.status != 200:
                    raw = await response.content.read(_MAX_FAILURE_BYTES)
                    raise self._refused(response.status, raw, self._token)
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    take(chunk)
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            why = cause(no_answer(problem), self._say.lang)
            raise Overloaded(self._say("central gone", url=self.url, why=why), Code.UNREACHABLE) from None

    def no_central(self) -> Overloaded:
        """Return what to raise for an answer that Central does not give: a proxy in between may, for a while."""
        return Overloaded(self._say("no central", url=self.url), Code.UNREACHABLE)

    def _connect(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._tls)
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    def _read_anew(self) -> str:
        try:
            return self._token.read()
        except StateError:
            # Gone meanwhile: what Central says of the old one is what there is to say.
            return self._secret

    async def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        secret: str,
    ) -> tuple[int, bytes]:
        kept = self._http
        raw = b""
        try:
            async with (
                contextlib.nullcontext(kept) if kept is not None else self._connect() as http,
                self._answering(http, method, path, secret, params=params, json=body) as response,
            ):
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    raw += chunk
                    if len(raw) > _MAX_ANSWER_BYTES:
                        raise self.no_central()
                return response.status, raw
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            why = cause(no_answer(problem), self._say.lang)
            # What was sent may have been carried out.
            name = "central gone" if method == "GET" or isinstance(problem, _UNSENT) else "central in doubt"
            raise Overloaded(self._say(name, url=self.url, why=why), Code.UNREACHABLE) from None

    @asynccontextmanager
    async def _answering(
        self, http: aiohttp.ClientSession, method: str, path: str, secret: str, **more: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the answer of the first Central to which a connection can be made. Raises what the library raises."""
        headers = {"Authorization": f"Bearer {secret}"}
        failure: Exception | None = None
        for url in tuple(self._urls):
            try:
                # Nothing was sent to one that cannot be connected to: no order is given twice.
                response = await http.request(
                    method,
                    state_folder.over_tls(url) + path,
                    headers=headers,
                    allow_redirects=False,
                    **more,
                )
            except _UNSENT as problem:
                failure = failure or problem
                continue
            except (aiohttp.ClientError, TimeoutError):
                self._ask_first(url)
                raise
            self._ask_first(url)
            # One of before says nothing: then that of our settings holds.
            if _CODE.fullmatch(code := response.headers.get(CURRENCY, "")):
                network_currency.adopt(code)
            async with response:
                yield response
            return
        if failure is not None:
            raise failure

    def _ask_first(self, url: str) -> None:
        self._urls.remove(url)
        self._urls.insert(0, url)

    def _refused(self, status: int, raw: bytes, token: BearerToken) -> EvchargeError:
        try:
            failure = read_json(raw, _Failure)
        except ValueError:
            return self.no_central()
        in_spanish = self._say.lang == "es" and failure.text_es
        text = " ".join((failure.text_es if in_spanish else failure.text).split())
        code = Code(failure.code) if failure.code in set(Code) else None
        if code is not None and self._say.lang != labels.DEFAULT_LANGUAGE and not in_spanish:
            # This sentence of Central's is English: what its code means goes before it, as on the pages.
            text = f"{labels.code(code, self._say.lang)} ({cause(text, self._say.lang)})"
        match status:
            case 401:
                return AuthenticationError(self._say(token.refused, path=token.path), Code.CREDENTIAL)
            case 403:
                return AuthenticationError(text, Code.ROLE)
            case 404 | 409:
                return Refused(text, code)
            case _ if status in (408, 429) or status >= 500:
                return Overloaded(text, code)
            case _:
                return BadInput(text, code)


def no_answer(problem: Exception) -> str:
    """Return why there was no answer, in words that `causes` knows."""
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        fault = getattr(problem.certificate_error, "verify_code", 0)
        if fault in state_folder.NOT_VALID_NOW:
            return "its certificate is not valid now: compare the clocks, or make a new one with evcharge init --renew"
        return "its certificate is not from our CA, or does not name this host"
    if isinstance(problem, aiohttp.ClientSSLError):
        return "what answers does not prove who it is: another program, or an older Central"
    return failures.why(problem)
