"""The Registry as its clients see it, over HTTPS: get a ticket, register, ask and order.

Only a certificate from our own CA will do; there is no switch to turn that off.
"""

import base64
import binascii
import logging
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import aiohttp
import msgspec
from msgspec import Meta, Struct

from evcharge.domain.errors import (
    AuthenticationError,
    BadInput,
    Code,
    ConfigError,
    EvchargeError,
    Overloaded,
    ProtocolError,
    Refused,
    StateError,
)
from evcharge.domain.ids import Role, check_id
from evcharge.domain.strict_json import read_json
from evcharge.evc1.tickets import IssuedTicket
from evcharge.runtime import clock, failures
from evcharge.runtime.config import Config
from evcharge.security import secret_files, tls
from evcharge.security.tls import CertificateFault

log = logging.getLogger(__name__)

Kind = Literal["cp", "monitor", "driver"]

_TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=5.0)
# No connection could be made: nothing was sent.
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_MAX_ANSWER_BYTES = 8 * 1024 * 1024


class RegistryAddress(Struct):
    """Where the Registry is (https://host:port), and the CA that its certificate must come from.

    Of several, that work on the same tables, `others` are further ones; the one that answered last is `url`.
    """

    url: str
    ca_file: Path
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Config) -> Self:
        """Return where the settings say that it is."""
        first, *others = config.reach.registries
        return cls(first, config.state / "ca.pem", tuple(others))

    @property
    def urls(self) -> tuple[str, ...]:
        """All of them, in the order in which they are asked."""
        return (self.url, *self.others)

    def ask_first(self, url: str) -> None:
        """Ask this one first from now on."""
        self.others = tuple(one for one in self.urls if one != url)
        self.url = url


class Impostor(AuthenticationError):
    """What answers has a certificate, but none from our CA."""


class AnswerLost(Overloaded):
    """Something was sent, and no answer came: it may have been carried out."""


class _Ticket(Struct, frozen=True):
    ticket: Annotated[str, Meta(min_length=1, max_length=2048)]
    key: str
    expires_at: int
    renew_after: int


class _Failure(Struct, frozen=True):
    text: Annotated[str, Meta(max_length=500)] = ""
    code: Annotated[str, Meta(max_length=40)] = ""


async def fetch_ticket(registry: RegistryAddress, id_: str, role: Role, secret: str) -> IssuedTicket:
    """Log in with a secret; return a ticket for Central and its key.

    Raises AuthenticationError (E_CREDENTIAL, E_DISABLED, E_PROOF for a certificate that is not ours), or
    Overloaded (E_SLOW, E_BUSY with the seconds to wait; E_UNREACHABLE).
    """
    body = {"id": id_, "role": str(role), "secret": secret, "aud": "central"}
    content = await call(registry, "POST", "/v1/ticket", body)
    try:
        found = msgspec.convert(content, _Ticket)
        key = base64.b64decode(found.key, altchars=b"-_", validate=True)
    except (msgspec.ValidationError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise ProtocolError(f"{registry.url} gave no ticket. Is it the Registry?", Code.MALFORMED)
    return IssuedTicket(found.ticket, key, found.expires_at, found.renew_after)


async def register(
    registry: RegistryAddress,
    kind: Kind,
    id_: str,
    token: str,
    *,
    location: str = "",
    credential: str | None = None,
) -> dict[str, Any]:
    """Register `id_` with an enrolment or administrator's token; return the Registry's answer.

    The same credential again is fine. Without one it is made here, so that a lost answer costs nothing: `password` in
    the answer. Raises Refused E_CONFLICT when the id has another credential, and what `call` raises.
    """
    body: dict[str, Any] = {"driver_id" if kind == "driver" else "cp_id": id_}
    if kind != "driver":
        body["location"] = location
    body["credential"] = credential or secret_files.new_secret()
    content = await call(registry, "POST", f"/register/{kind}", body, token=token)
    return content if credential is not None else content | {"password": body["credential"]}


async def call(
    registry: RegistryAddress,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    token: str | None = None,
    login: tuple[str, str] | None = None,
    more_headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make one call, as the owner of a bearer `token` or as an id with its credential (`login`).

    Of several Registries the next one is asked when one is away, does not prove to be ours, or cannot store. It is
    asked for the same again: that is safe, also after an answer that was lost.
    Raises what the Registry answers as our exceptions, with its sentence; AuthenticationError when its certificate is
    not ours; Overloaded (E_UNREACHABLE) when there is no answer; AnswerLost; StateError without ca.pem.
    """
    for url in registry.urls:
        if not url.startswith("https://"):
            raise ConfigError(f"{url} is not the address of a Registry: it must begin with https://")
    context = tls.client_context(registry.ca_file)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if login is not None:
        headers["Authorization"] = aiohttp.encode_basic_auth(*login, encoding="utf-8")
    headers.update(more_headers or {})
    refusals: list[EvchargeError] = []
    for url in registry.urls:
        one = RegistryAddress(url, registry.ca_file)
        try:
            content = await _asked(one, context, method, path, body, headers)
        except EvchargeError as problem:
            if not _is_away(problem):
                registry.ask_first(url)
                if method == "DELETE" and any(map(_may_be_done, refusals)):
                    if problem.code is Code.NOT_FOUND:
                        return {}  # the one before had done it
                    if problem.code is Code.CREDENTIAL and login is not None:
                        raise _look_first() from None
                raise
            refusals.append(problem)
        else:
            registry.ask_first(url)
            return content
    if method == "DELETE" and login is not None and any(isinstance(one, AnswerLost) for one in refusals):
        raise _look_first()
    # One that answers says more than one that does not.
    raise min(refusals, key=lambda problem: problem.code is Code.UNREACHABLE)


async def _asked(
    registry: RegistryAddress,
    context: ssl.SSLContext,
    method: str,
    path: str,
    body: Mapping[str, Any] | None,
    headers: Mapping[str, str],
) -> dict[str, Any]:
    # Not force_close: only of a connection that it keeps does aiohttp await the end.
    connector = aiohttp.TCPConnector(ssl=context)
    url = registry.url.rstrip("/") + path
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, headers=headers) as session,
            session.request(method, url, json=body, allow_redirects=False) as response,
        ):
            raw = await _bounded(response, registry)
            status, retry_after = response.status, response.headers.get("Retry-After")
    except aiohttp.ClientConnectorCertificateError as problem:
        raise _untrusted(registry, problem.certificate_error) from None
    except _UNSENT as problem:
        raise Overloaded(_unreachable(registry, problem), Code.UNREACHABLE) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise AnswerLost(_unreachable(registry, problem), Code.UNREACHABLE) from None
    if 200 <= status < 300:
        return _object(raw, registry)
    raise _refused(raw, status, retry_after, registry)


def _is_away(problem: EvchargeError) -> bool:
    """Return whether another Registry may do what this one did not."""
    if isinstance(problem, Overloaded):
        return problem.code in (Code.UNREACHABLE, Code.STORAGE)
    return isinstance(problem, AuthenticationError) and problem.code in (Code.PROOF, Code.CLOCK)


def _may_be_done(problem: EvchargeError) -> bool:
    """Return whether it may have been carried out all the same."""
    return isinstance(problem, AnswerLost) or problem.code is Code.STORAGE


def _look_first() -> AnswerLost:
    """Return what is said to whoever cannot ask for the same again: with what was withdrawn went its credential."""
    return AnswerLost(
        "The Registry's answer was lost, and it may have done this: look before you repeat it.",
        Code.UNREACHABLE,
    )


async def listed(ask: Callable[[str], Awaitable[dict[str, Any]]]) -> dict[str, list[Any]]:
    """Return the `cps` and `drivers` that are registered; `ask` gets a page of the Registry's list.

    Raises what `ask` raises, and ProtocolError when what answers is no Registry.
    """
    rows: dict[str, list[Any]] = {"cps": [], "drivers": []}
    page, after = await ask("/list"), ""
    while True:
        for name, found in rows.items():
            if not isinstance(more := page.get(name), list):
                raise ProtocolError("What answers there is not a Registry.")
            found.extend(more)
        following = page.get("next")
        if following is None:
            return rows
        # One that leads in circles would never end.
        if not isinstance(following, str) or following <= after:
            raise ProtocolError("What answers there is not a Registry.")
        try:
            after = check_id(following)
        except BadInput:
            raise ProtocolError("What answers there is not a Registry.") from None
        page = await ask(f"/list?after={after}")


async def own_secret(
    state: Path,
    registry: RegistryAddress,
    kind: Kind,
    id_: str,
    *,
    location: str = "",
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return the secret of `id_`, from the environment or the state folder; make and register it if needed.

    An engine and its monitor may do so at once: both end with the same secret. Raises StateError, with what
    to do, when there is neither a secret nor an enrolment token, and what `call` raises.
    """
    check_id(id_, "id")
    if given := environ.get("EVCHARGE_CREDENTIAL"):
        return given
    path = secret_path(state, kind, id_)
    if path.exists():
        return secret_files.read_secret(path)
    token = environ.get("EVCHARGE_ENROLMENT_TOKEN") or _enrolment_token(state)
    if token is None:
        raise StateError(
            f"{id_} has no credential here and is not registered. Register it first (evcharge "
            f"{'driver' if kind == 'driver' else 'cp'} add {id_}), or put an enrolment token in "
            f"{state / 'enrolment.token'}."
        )
    # Registered before it gets its final name: after a crash in between, the same secret is registered again.
    waiting = path.with_name(path.name + ".new")
    secret = secret_files.kept_secret(waiting, secret_files.new_secret())
    if path.exists():
        # The other of the two was faster, and this one made a second secret: nobody knows it yet.
        waiting.unlink(missing_ok=True)
        return secret_files.read_secret(path)
    try:
        await register(registry, kind, id_, token, location=location, credential=secret)
    except Refused as refusal:
        if refusal.code is not Code.CONFLICT:
            raise
        raise StateError(
            f"{id_} is registered already, with a credential that is not in {path}. Copy that file from the "
            f"PC where {id_} was, or have an administrator rotate its credential."
        ) from None
    secret = secret_files.kept_secret(path, secret)
    waiting.unlink(missing_ok=True)
    log.info("%s was not registered; registered it at the Registry.", id_)
    return secret


def kept_credential(state: Path, kind: Kind, id_: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the secret of `id_` as it is here now, None when there is none that can be read; asks nobody."""
    try:
        return environ.get("EVCHARGE_CREDENTIAL") or secret_files.read_secret(secret_path(state, kind, id_))
    except (StateError, OSError, ValueError):
        return None


def secret_path(state: Path, kind: Kind, id_: str) -> Path:
    """Return where the secret of `id_` is kept."""
    return state / "driver" / id_ / "password" if kind == "driver" else state / "cp" / id_ / "secret"


def _enrolment_token(state: Path) -> str | None:
    path = state / "enrolment.token"
    return secret_files.read_secret(path) if path.exists() else None


async def _bounded(response: aiohttp.ClientResponse, registry: RegistryAddress) -> bytes:
    raw = bytearray()
    async for part in response.content.iter_any():
        raw += part
        if len(raw) > _MAX_ANSWER_BYTES:
            raise ProtocolError(f"{registry.url} answers without end. Is it the Registry?", Code.TOO_BIG)
    return bytes(raw)


def _object(raw: bytes, registry: RegistryAddress) -> dict[str, Any]:
    try:
        return read_json(raw, dict[str, Any])
    except ValueError:
        raise ProtocolError(f"{registry.url} does not answer like a Registry.", Code.MALFORMED) from None


def _refused(raw: bytes, status: int, retry_after: str | None, registry: RegistryAddress) -> EvchargeError:
    try:
        failure = read_json(raw, _Failure)
    except ValueError:
        failure = _Failure()
    # One line, whatever came.
    text = " ".join(failure.text.split()) or f"{registry.url} answered with HTTP status {status}."
    wait_s = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
    code = Code(failure.code) if failure.code in set(Code) else None
    match status:
        case 401:
            return AuthenticationError(text, Code.CREDENTIAL)
        case 403:
            return AuthenticationError(text, code or Code.DISABLED)
        case 404:
            return Refused(text, Code.NOT_FOUND)
        case 409:
            return Refused(text, Code.CONFLICT)
        case 408 | 429 | 500 | 502 | 503 | 504:
            return Overloaded(text, code or Code.BUSY, wait_s)
        case _:
            return BadInput(text, code or Code.FIELD)


def _unreachable(registry: RegistryAddress, problem: Exception) -> str:
    return f"Registry not responding at {registry.url} ({failures.why(problem)})."


def _untrusted(registry: RegistryAddress, problem: Exception) -> AuthenticationError:
    code = problem.verify_code if isinstance(problem, ssl.SSLCertVerificationError) else 0
    now = f"{clock.utc_now():%Y-%m-%d %H:%M} UTC"
    match code:
        case CertificateFault.EXPIRED:
            return AuthenticationError(
                f"The Registry's certificate has expired, or the clock here is wrong: it says {now}. Set the "
                "clock, or make a new certificate on its PC with evcharge init --renew.",
                Code.CLOCK,
            )
        case CertificateFault.NOT_YET_VALID:
            return AuthenticationError(
                f"The Registry's certificate is not valid yet, or the clock here is wrong: it says {now}. "
                "Set the clock.",
                Code.CLOCK,
            )
        case CertificateFault.OTHER_HOST | CertificateFault.OTHER_ADDRESS:
            return AuthenticationError(
                f"The Registry's certificate does not name the host of {registry.url}. Use a name that it "
                "has, or make one that does, on its PC: evcharge init --add-name HOST.",
                Code.PROOF,
            )
        case _:
            return Impostor(
                f"The Registry's certificate is not from the CA in {registry.ca_file}. Copy ca.pem from the "
                "PC of the Registry, and make sure that no one stands in between.",
                Code.PROOF,
            )
