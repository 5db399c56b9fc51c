"""The two ends of a token: an administrator makes one here, and another PC joins with it.

What a PC gets that way: ca.pem (believed for its fingerprint in the token), its credential (which it makes itself,
so that none travels back), and joined.toml, which says where the others are.
"""

import base64
import contextlib
import hashlib
import ipaddress
import json
import re
import secrets
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from msgspec import Struct

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
from evcharge.http.registry_client import Impostor, RegistryAddress, call
from evcharge.joining.token import Invitation, encode
from evcharge.labels import Speech
from evcharge.runtime import config as settings
from evcharge.runtime import failures, files
from evcharge.runtime.config import Config
from evcharge.runtime.plain import place
from evcharge.security import machine, secret_files
from evcharge.security.certificates import names_of

_TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=5.0)
_OTHERS = "reach.other_centrals"
_OTHER_REGISTRIES = "reach.other_registries"
_MAX_CA_BYTES = 16 * 1024
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Made(Struct, frozen=True):
    """A token, when it ends (Unix seconds), and what to mind. The token is a secret."""

    token: str
    expires_at: int
    doubts: list[str]

    def __repr__(self) -> str:
        return f"Made(expires_at={self.expires_at})"


# ---- inviting


async def invite(
    config: Config,
    ask: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
    kind: Literal["cp", "driver"],
    id_: str,
    say: Speech,
    *,
    location: str = "",
    ttl_s: int = 86_400,
    host: str | None = None,
) -> Made:
    """Have the Registry make an invitation, through an administrator's `ask` (the call's body); return its token.

    `host` is where the other PC finds this one: needed when [reach] says 127.0.0.1 and the certificate names no
    other address. Raises what `ask` raises, StateError and ConfigError.
    """
    registry = RegistryAddress.of(config)
    fingerprint = _fingerprint(registry.ca_file)
    if fingerprint is None:
        raise StateError(secret_files.missing(registry.ca_file))
    names = _named(config.state / "registry.pem")
    parts = _parts(config.reach.registry_url)
    registry_host = host or _from_outside(parts[0], names)
    central_host = config.reach.central_host
    if _is_loopback(central_host):
        central_host = host or registry_host
    draft = Invitation(
        kind=kind,
        id=id_,
        registry_host=registry_host,
        registry_port=parts[1],
        central_host=central_host,
        central_port=config.reach.central_port,
        ca_sha256=fingerprint,
        secret=bytes(16),
        other_centrals=tuple(
            place(host or registry_host if _is_loopback(other) else other, port)
            for other, port in config.reach.centrals[1:]
        ),
        other_registries=tuple(
            place(host or registry_host if _is_loopback(other) else other, port)
            for other, port in map(_parts, config.reach.other_registries)
        ),
    )
    try:
        encode(draft)
    except ValueError:
        raise ConfigError(
            f"{draft.registry_url} and {draft.central_address} do not both fit in a token: see [reach]."
        ) from None
    body: dict[str, Any] = {"kind": kind, "id": id_, "location": location, "ttl_s": ttl_s}
    content = await ask(body)
    try:
        secret = base64.urlsafe_b64decode(str(content["secret"]) + "==")
        token = encode(msgspec.structs.replace(draft, secret=secret))
        expires_at = int(content["expires_at"])
    except (ValueError, KeyError, TypeError):
        raise ProtocolError(f"{registry.url} does not answer like a Registry.", Code.MALFORMED) from None
    doubts = []
    if _is_loopback(registry_host) or _is_loopback(central_host):
        doubts.append(say("this pc only", address=registry_host))
    elif names and registry_host not in names:
        doubts.append(say("not named", host=registry_host))
    return Made(token, expires_at, doubts)


def _parts(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise ConfigError(f"{url} is not the address of a Registry, such as https://127.0.0.1:5001") from None
    return parts.hostname or "", port


def _named(certificate: Path) -> list[str]:
    # Which hosts the Registry's certificate is good for; nothing when the Registry is on another PC.
    try:
        return names_of(x509.load_pem_x509_certificate(certificate.read_bytes()))
    except (OSError, ValueError):
        return []


def _from_outside(host: str, names: list[str]) -> str:
    # An address that `init --name` was given says how others call this PC.
    if not _is_loopback(host):
        return host
    addresses = [name for name in names if not _is_loopback(name) and _is_address(name)]
    return addresses[0] if addresses else host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


# ---- joining


async def join(state: Path, invitation: Invitation, say: Speech, *, force: bool = False) -> Path:
    """Join the network of `invitation` from the state folder `state`; return where the credential is.

    Run again after a lost answer, it sends the same credential. Raises StateError when the folder belongs to
    another network (unless `force`), AuthenticationError when the Registry is not the one of the token, and its
    refusals. Nothing in the folder changes unless it was accepted.
    """
    _check_folder(state, invitation, say, force=force)
    pem = await _authority(invitation, say)
    path = credential_path(state, invitation.kind, invitation.id)
    tag = hashlib.sha256(invitation.secret).hexdigest()[:12]
    # Kept until all is written: after a lost answer or a crash the same credential is sent again.
    waiting = path.with_name(f"{path.name}.join-{tag}")
    credential = secret_files.kept_secret(waiting, secret_files.new_secret())
    try:
        with _beside(state, pem) as ca_file:
            first, *others = invitation.registry_urls
            await _redeem(RegistryAddress(first, ca_file, tuple(others)), invitation, credential)
    except (Refused, BadInput, AuthenticationError) as refusal:
        # It cannot have been taken: the next token gets a credential of its own.
        waiting.unlink(missing_ok=True)
        raise _told(refusal, invitation, path, say) from None
    except (Overloaded, ProtocolError) as problem:
        if problem.code is Code.SLOW:
            raise _with_text(problem, say("refused", text=problem.text)) from None
        raise _with_text(problem, say("lost", text=problem.text)) from None
    _write_public(state / "ca.pem", pem)
    _write_public(state / settings.JOINED_FILE, _joined_text(invitation))
    machine.mark(state)
    secret_files.replace_secret(path, credential)
    for old in (*path.parent.glob("*.ticket"), *path.parent.glob(f"{path.name}.join-*")):
        # Tickets under the old credential are void.
        old.unlink(missing_ok=True)
    return path


def credential_path(state: Path, kind: str, id_: str) -> Path:
    """Return where the credential of `id_` is kept."""
    return state / "driver" / id_ / "password" if kind == "driver" else state / "cp" / id_ / "secret"


def addresses(invitation: Invitation) -> dict[str, Any]:
    """Return what `invitation` says, as keys of config.toml."""
    found: dict[str, Any] = {
        "reach.registry_url": invitation.registry_url,
        "reach.central_host": invitation.central_host,
        "reach.central_port": invitation.central_port,
    }
    if invitation.other_centrals:
        found[_OTHERS] = list(invitation.other_centrals)
    if invitation.other_registries:
        found[_OTHER_REGISTRIES] = list(invitation.registry_urls[1:])
    return found


def _check_folder(state: Path, invitation: Invitation, say: Speech, *, force: bool) -> None:
    ca_file = state / "ca.pem"
    if ca_file.exists() and _fingerprint(ca_file) != invitation.ca_sha256:
        if (state / "ca.key").exists():
            raise StateError(say("own network", state=state))
        if not force:
            raise StateError(say("other network", path=ca_file))
    if force:
        return
    there, here = settings.from_joined(state), addresses(invitation)
    # One Central or Registry more is the same network.
    more = (_OTHERS, _OTHER_REGISTRIES)
    if there and any(there.get(key) != value for key, value in here.items() if key not in more):
        raise StateError(
            say(
                "other addresses",
                path=state / settings.JOINED_FILE,
                there=f"{there.get('reach.registry_url')}, {there.get('reach.central_host')}:"
                f"{there.get('reach.central_port')}",
                here=f"{invitation.registry_url}, {invitation.central_address}",
            )
        )


def _fingerprint(ca_file: Path) -> bytes | None:
    try:
        return x509.load_pem_x509_certificate(ca_file.read_bytes()).fingerprint(hashes.SHA256())
    except (OSError, ValueError):
        return None


async def _authority(invitation: Invitation, say: Speech) -> str:
    """Fetch the CA's certificate from the first Registry that answers; return it as PEM when it is the token's."""
    away: Overloaded | None = None
    for url in invitation.registry_urls:
        try:
            return await _authority_of(url, invitation, say)
        except Overloaded as problem:
            away = away or problem
    assert away is not None
    raise away


async def _authority_of(url: str, invitation: Invitation, say: Speech) -> str:
    # Nobody can be believed yet, and nothing secret is sent: what comes is believed for its fingerprint alone. Then
    # it is made the CA of the connection over which the token goes.
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=anybody, force_close=True), timeout=_TIMEOUT
            ) as session,
            session.get(f"{url}/ca.pem", allow_redirects=False) as response,
        ):
            raw = await response.content.read(_MAX_CA_BYTES)
            while len(raw) < _MAX_CA_BYTES and (more := await response.content.read(_MAX_CA_BYTES)):
                raw += more
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise Overloaded(
            f"Registry not responding at {url} ({failures.why(problem)}).", Code.UNREACHABLE
        ) from None
    found = _PEM.findall(raw[:_MAX_CA_BYTES])
    if response.status != 200 or len(found) != 1:
        raise AuthenticationError(say("no ca", url=url), Code.PROOF)
    pem: bytes = found[0]
    try:
        fingerprint = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())
    except ValueError:
        raise AuthenticationError(say("no ca", url=url), Code.PROOF) from None
    if fingerprint != invitation.ca_sha256:
        raise AuthenticationError(say("impostor", url=url), Code.PROOF)
    return pem.decode("ascii")


async def _redeem(registry: RegistryAddress, invitation: Invitation, credential: str) -> None:
    secret = base64.urlsafe_b64encode(invitation.secret).decode().rstrip("=")
    content = await call(registry, "POST", "/v1/join", {"secret": secret, "credential": credential})
    if (content.get("id"), content.get("kind")) != (invitation.id, invitation.kind):
        raise ProtocolError(f"{registry.url} does not answer like a Registry.", Code.MALFORMED)


def _told(refusal: EvchargeError, invitation: Invitation, path: Path, say: Speech) -> EvchargeError:
    if isinstance(refusal, Impostor):
        return _with_text(refusal, say("between", url=invitation.registry_url))
    if isinstance(refusal, AuthenticationError) and refusal.code in (Code.PROOF, Code.CLOCK):
        return refusal
    text = say("refused", text=refusal.text)
    if refusal.code is Code.CONFLICT and path.exists():
        text += " " + say("here already", id=invitation.id)
    return _with_text(refusal, text)


def _with_text(problem: EvchargeError, text: str) -> EvchargeError:
    return type(problem)(text, problem.code)


@contextlib.contextmanager
def _beside(state: Path, pem: str) -> Iterator[Path]:
    path = state / f".ca.{secrets.token_hex(8)}.pem"
    secret_files.replace_secret(path, pem)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write_public(path: Path, text: str) -> None:
    secret_files.replace_secret(path, text.strip(), files.PUBLIC)


def _joined_text(invitation: Invitation) -> str:
    # The values are of an alphabet that JSON and TOML quote alike.
    lines = [f"{key.partition('.')[2]} = {json.dumps(value)}" for key, value in addresses(invitation).items()]
    return "\n".join(
        (
            "# Written by evcharge join: where the others are. It goes before config.toml, and flags and the",
            "# environment go before it.",
            "[reach]",
            *lines,
        )
    )
