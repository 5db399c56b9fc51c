"""Central's HTTP API as the operator's commands see it. Every failure becomes one of our exceptions."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import msgspec
from msgspec import Meta, Struct

from evcharge import trust
from evcharge.errors import (
    AuthenticationError,
    BadInput,
    Code,
    ConfigError,
    EvchargeError,
    Overloaded,
    ProtocolError,
    Refused,
)
from evcharge.labels import Speech

TOKEN_VARIABLE = "EVCHARGE_OPERATOR_TOKEN"  # noqa: S105  its name, not the token
_TIMEOUT = aiohttp.ClientTimeout(total=20.0, connect=5.0)
_MAX_ANSWER_BYTES = 32 * 1024 * 1024


class _Failure(Struct, frozen=True):
    text: Annotated[str, Meta(max_length=1000)]
    code: Annotated[str, Meta(max_length=40)]


class CentralApi:
    """Central at `url`, with the operator's token of the state folder or the environment."""

    def __init__(self, url: str, state: Path, say: Speech, environ: Mapping[str, str] = os.environ) -> None:
        self._url = url.rstrip("/")
        self._state = state
        self._say = say
        if trust.is_in_the_clear(self._url):
            raise ConfigError(say("plain http", url=self._url))
        secure = self._url.lower().startswith("https:")
        self._tls = trust.client_context(state / "ca.pem") if secure else True
        path = trust.operator_token_path(state)
        self._token = environ.get(TOKEN_VARIABLE) or trust.read_secret(path)

    async def get(self, path: str, **params: object) -> dict[str, Any]:
        """Ask; parameters that are None are left out. Raises what `_call` raises."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        return await self._call("GET", path, given, None)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Order. Raises what `_call` raises."""
        return await self.send("POST", path, body)

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make one call that is no question. Raises what `_call` raises."""
        return await self._call(method, path, {}, body)

    async def _call(
        self, method: str, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Make one call; raise Overloaded (E_UNREACHABLE), AuthenticationError, Refused, BadInput."""
        headers = {"Authorization": f"Bearer {self._token}"}
        connector = aiohttp.TCPConnector(ssl=self._tls)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, headers=headers) as session,
                session.request(
                    method, self._url + path, params=params, json=body, allow_redirects=False
                ) as response,
            ):
                raw = await response.content.read(_MAX_ANSWER_BYTES)
                while not response.content.at_eof() and len(raw) < _MAX_ANSWER_BYTES:
                    raw += await response.content.read(_MAX_ANSWER_BYTES)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise self._unreachable(problem) from None
        if 200 <= status < 300:
            return self._object(raw)
        raise self._refused(raw, status)

    def _object(self, raw: bytes) -> dict[str, Any]:
        try:
            content = msgspec.json.decode(raw)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or "error" not in content:
            raise ProtocolError(self._say("no central", url=self._url))
        return content

    def _refused(self, raw: bytes, status: int) -> EvchargeError:
        try:
            failure = msgspec.json.decode(raw, type=_Failure)
        except (ValueError, RecursionError):
            return ProtocolError(self._say("no central", url=self._url))
        text = " ".join(failure.text.split())
        code = Code(failure.code) if failure.code in set(Code) else None
        match status:
            case 401:
                path = trust.operator_token_path(self._state)
                return AuthenticationError(self._say("token refused", path=path), Code.CREDENTIAL)
            case 403:
                return AuthenticationError(text, Code.ROLE)
            case 404 | 409:
                return Refused(text, code)
            case 408 | 429 | 500 | 502 | 503 | 504:
                return Overloaded(text, code)
            case _:
                return BadInput(text, code)

    def _unreachable(self, problem: Exception) -> EvchargeError:
        if isinstance(problem, aiohttp.ClientConnectorCertificateError):
            why: object = "its certificate is not from our CA, or does not name this host"
        elif isinstance(problem, TimeoutError):
            why = "no answer in time"
        else:
            number = getattr(problem, "errno", None) or getattr(problem.__cause__, "errno", None)
            why = os.strerror(number).lower() if number and number > 0 else type(problem).__name__
        return Overloaded(self._say("central gone", url=self._url, why=why), Code.UNREACHABLE)
