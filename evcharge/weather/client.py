"""Central's API as the weather service uses it. Every failure becomes one of our exceptions."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import quote

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
    Refused,
    StateError,
)
from evcharge.ids import CpId
from evcharge.labels import Speech
from evcharge.labels.causes import cause
from evcharge.location import WeatherKind
from evcharge.weather.readings import Reading

TOKEN_VARIABLE = "EVCHARGE_WEATHER_TOKEN"  # noqa: S105  its name, not the token
OPERATOR_VARIABLE = "EVCHARGE_OPERATOR_TOKEN"
_TIMEOUT = aiohttp.ClientTimeout(total=8.0, connect=4.0)
_MAX_ANSWER_BYTES = 8 * 1024 * 1024

T = TypeVar("T", bound=Struct)


class Location(Struct, frozen=True):
    """A location as Central knows it."""

    location: str
    cps: list[str]
    alerts: list[str]
    override: bool = False


class _Locations(Struct):
    locations: Annotated[list[Location], Meta(max_length=100_000)]


class _Failure(Struct):
    text: Annotated[str, Meta(max_length=1000)]
    code: Annotated[str, Meta(max_length=40)]


class _Done(Struct):
    error: bool


class CentralApi:
    """Central at `url`. Calls raise Overloaded (not there now), AuthenticationError, Refused or BadInput."""

    def __init__(self, url: str, state: Path, say: Speech, environ: Mapping[str, str]) -> None:
        """Raises ConfigError for plain HTTP to another computer, StateError without CA or token."""
        self.url = url.rstrip("/")
        self._state = state
        self._say = say
        self._environ = environ
        if trust.is_in_the_clear(self.url):
            raise ConfigError(say("plain http", url=self.url))
        secure = self.url.lower().startswith("https:")
        self._tls = trust.client_context(state / "ca.pem") if secure else True
        self._token = self._read_token()
        self._http: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Keep connections while the block runs."""
        connector = aiohttp.TCPConnector(ssl=self._tls)
        async with aiohttp.ClientSession(
            connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        ) as self._http:
            yield self

    async def locations(self) -> list[Location]:
        """Return every location that has charging points or weather."""
        return (await self._call("GET", "/api/locations", _Locations)).locations

    async def update(self, location: str, reading: Reading, source: str) -> None:
        """Tell what was measured."""
        body = {
            "location": location,
            "temperature_celsius": reading.celsius,
            "wind_m_per_s": reading.wind_m_per_s,
            "measured_at": reading.measured_at.timestamp(),
            "source": source[:40],
        }
        await self._call("POST", "/api/weather_update", _Done, body)

    async def begin(self, location: str, alert: WeatherKind, reading: Reading) -> None:
        """Tell that bad weather begins."""
        body = {
            "location": location,
            "alert": alert.value,
            "temperature_celsius": reading.celsius,
            "measured_at": reading.measured_at.timestamp(),
        }
        await self._call("POST", "/api/weather_alert", _Done, body)

    async def end(self, location: str, alert: WeatherKind) -> None:
        """Tell that it is over."""
        query = f"location={quote(location, safe='')}&alert={alert.value}"
        await self._call("DELETE", f"/api/weather_alert?{query}", _Done)

    async def goodbye(self) -> None:
        """Tell that we stop."""
        await self._call("POST", "/api/weather_goodbye", _Done)

    async def move(self, cp_id: CpId, location: str) -> None:
        """Move a charging point: an operator's order, with the operator's token. Raises StateError without one."""
        token = self._environ.get(OPERATOR_VARIABLE)
        if not token:
            path = trust.operator_token_path(self._state)
            try:
                token = trust.read_secret(path)
            except StateError:
                raise StateError(self._say("needs operator", path=path)) from None
        await self._call("PATCH", f"/api/cps/{cp_id}", _Done, {"location": location}, token)

    async def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: Mapping[str, Any] | None = None,
        token: str = "",
    ) -> T:
        status, raw = await self._ask(method, path, body, token or self._token)
        if status == 401 and not token and (fresh := self._read_token()) != self._token:
            # Central has made a new one meanwhile.
            self._token = fresh
            status, raw = await self._ask(method, path, body, fresh)
        if not 200 <= status < 300:
            raise self._refused(raw, status)
        try:
            return msgspec.json.decode(raw, type=kind)
        except (ValueError, RecursionError):
            raise Overloaded(self._say("no central", url=self.url), Code.UNREACHABLE) from None

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, token: str
    ) -> tuple[int, bytes]:
        if self._http is None:
            raise RuntimeError("not open")
        headers = {"Authorization": f"Bearer {token}"}
        raw = b""
        try:
            async with self._http.request(
                method, self.url + path, json=body, headers=headers, allow_redirects=False
            ) as response:
                async for chunk in response.content.iter_chunked(256 * 1024):
                    raw += chunk
                    if len(raw) > _MAX_ANSWER_BYTES:
                        raise Overloaded(self._say("no central", url=self.url), Code.UNREACHABLE)
                return response.status, raw
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise self._unreachable(problem) from None

    def _read_token(self) -> str:
        return self._environ.get(TOKEN_VARIABLE) or trust.read_secret(trust.weather_token_path(self._state))

    def _refused(self, raw: bytes, status: int) -> EvchargeError:
        if status == 401:
            path = trust.weather_token_path(self._state)
            return AuthenticationError(self._say("token refused", path=path), Code.CREDENTIAL)
        try:
            failure = msgspec.json.decode(raw, type=_Failure)
        except (ValueError, RecursionError):
            return Overloaded(self._say("no central", url=self.url), Code.UNREACHABLE)
        text = " ".join(failure.text.split())
        code = Code(failure.code) if failure.code in set(Code) else None
        if status in (408, 429) or status >= 500:
            return Overloaded(text, code)
        if status == 403:
            return AuthenticationError(text, Code.ROLE)
        return Refused(text, code) if status in (404, 409) else BadInput(text, code)

    def _unreachable(self, problem: Exception) -> EvchargeError:
        if isinstance(problem, aiohttp.ClientConnectorCertificateError):
            why = "its certificate is not valid"
        elif isinstance(problem, TimeoutError):
            why = "no answer in time"
        else:
            number = getattr(problem, "errno", None) or getattr(problem.__cause__, "errno", None)
            why = os.strerror(number).lower() if number and number > 0 else "the connection broke"
        said = self._say("central gone", url=self.url, why=cause(why, self._say.lang))
        return Overloaded(said, Code.UNREACHABLE)
