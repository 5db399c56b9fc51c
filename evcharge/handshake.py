"""EVC1: tickets, and both ends of the key exchange as state machines. Pure; PROTOCOL.md D1-D3 is the plan.

Peer and Central hold the ticket key K_P: the peer was handed it, Central finds it inside the ticket. Each
proves it over the exact bytes of HELLO and CHALLENGE, Central first; then Central issues a fresh key.
"""

import base64
import hashlib
import hmac
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta, Struct

from evcharge import wire
from evcharge.errors import AuthenticationError, Code, EvchargeError, Overloaded, ProtocolError
from evcharge.ids import Role
from evcharge.messages import Count, Id, Text

VERSION: Final = 1
MAC_BYTES = 32
# A ticket with the longest id and location has some 1,500 characters.
MAX_TICKET_CHARS = 2048
RESUME_TICKET_S = 12 * 3600
# So long after the last real login the Registry must be asked again, whatever tickets Central gave out.
ABSOLUTE_S = 24 * 3600
MAX_CLOCK_SKEW_S = 120

Entropy = Callable[[int], bytes]
UnixTime = Annotated[int, Meta(ge=0, le=253_402_300_799)]


class Liveness(NamedTuple):
    """A peer says HEARTBEAT every `heartbeat_s`; either side gives up after `dead_after_s` of silence."""

    heartbeat_s: float
    dead_after_s: float


# Who may be a peer of Central's stream, and how soon a dead one is noticed (PROTOCOL.md D4).
LIVENESS: Mapping[Role, Liveness] = MappingProxyType(
    {
        Role.MONITOR: Liveness(heartbeat_s=1.0, dead_after_s=3.0),
        Role.ENGINE: Liveness(heartbeat_s=2.0, dead_after_s=6.0),
        Role.DRIVER: Liveness(heartbeat_s=5.0, dead_after_s=15.0),
    }
)


# ---- tickets


class Identity(Struct, frozen=True):
    """Who a ticket speaks for. `auth` is the Unix time of the first real login at the Registry."""

    id: str
    role: Role
    epoch: int
    auth: int
    location: str = ""


class IssuedTicket(Struct, frozen=True):
    """A ticket and the 32 byte key that goes with it, as its owner keeps them. Times are Unix seconds."""

    ticket: Annotated[str, Meta(min_length=1, max_length=MAX_TICKET_CHARS)]
    key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    expires_at: int
    renew_after: int

    def __repr__(self) -> str:
        return f"IssuedTicket(expires_at={self.expires_at}, renew_after={self.renew_after})"


class TicketBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is inside a ticket (PROTOCOL.md D2)."""

    v: Literal[1]
    tid: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    iss: Literal["registry", "central"]
    aud: str
    id: Id
    role: Role
    epoch: Count
    key: str
    iat: UnixTime
    exp: UnixTime
    auth: UnixTime
    loc: Text = ""

    @property
    def identity(self) -> Identity:
        """Whom it speaks for."""
        return Identity(self.id, self.role, self.epoch, self.auth, self.loc)

    @property
    def key_bytes(self) -> bytes:
        """K_P, 32 bytes."""
        return base64_bytes(self.key, "key")

    def __repr__(self) -> str:
        return f"TicketBody(id={self.id!r}, role={self.role!s}, iss={self.iss!r}, exp={self.exp})"


def seal_ticket(
    fernet_key: bytes,
    identity: Identity,
    *,
    issuer: Literal["registry", "central"],
    ttl_s: int,
    now: float,
    entropy: Entropy = os.urandom,
    audience: str = "central",
) -> IssuedTicket:
    """Make a ticket for `identity` with a fresh key, sealed under `fernet_key` (base64, as Fernet takes it).

    Central's own tickets never outlive the login they rest on by more than ABSOLUTE_S.
    """
    made_at = int(now)
    expires_at = made_at + ttl_s
    if issuer == "central":
        expires_at = min(expires_at, identity.auth + ABSOLUTE_S)
    key = entropy(wire.KEY_BYTES)
    body = TicketBody(
        v=VERSION,
        tid=entropy(16).hex(),
        iss=issuer,
        aud=audience,
        id=identity.id,
        role=identity.role,
        epoch=identity.epoch,
        key=base64_text(key),
        iat=made_at,
        exp=expires_at,
        auth=identity.auth,
        loc=identity.location,
    )
    token = Fernet(fernet_key).encrypt_at_time(msgspec.json.encode(body), made_at)
    renew_after = expires_at if issuer == "central" else made_at + ttl_s // 2
    return IssuedTicket(token.decode("ascii"), key, expires_at, renew_after)


class TicketOpener:
    """Opens tickets made under any of `keys` (base64 Fernet keys: service keys, and Central's resume key)."""

    def __init__(self, keys: Sequence[bytes], audience: str = "central") -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._audience = audience

    def open(self, token: str, now: float) -> TicketBody:
        """Return the body of `token` if it is good at `now`.

        Raises AuthenticationError: E_TICKET (not ours), E_EXPIRED, E_CLOCK (from the future).
        """
        body = self._read(token)
        if body.aud != self._audience:
            raise AuthenticationError(f"the ticket is for {body.aud[:40]!a}, not for us", Code.TICKET)
        if body.role not in LIVENESS:
            raise AuthenticationError(f"a {body.role} has no place on this port", Code.ROLE)
        if body.iat > now + MAX_CLOCK_SKEW_S:
            raise AuthenticationError(
                f"the ticket is from the future ({_instant(body.iat)}; here it is {_instant(now)}). "
                "Set the clocks of the Registry's and Central's machines",
                Code.CLOCK,
            )
        if now > body.exp:
            raise AuthenticationError(
                f"the ticket ended at {_instant(body.exp)}; here it is {_instant(now)}", Code.EXPIRED
            )
        if body.iss == "central" and now > body.auth + ABSOLUTE_S:
            raise AuthenticationError(
                "the last login is too long ago; log in at the Registry again", Code.EXPIRED
            )
        return body

    def _read(self, token: str) -> TicketBody:
        not_ours = AuthenticationError("the ticket was not made under a key that is known here", Code.TICKET)
        if not 0 < len(token) <= MAX_TICKET_CHARS:
            raise not_ours
        try:
            body = msgspec.convert(_strict_json(self._fernet.decrypt(token.encode("ascii"))), TicketBody)
            base64_bytes(body.key, "key")
        except (InvalidToken, UnicodeError, ProtocolError, msgspec.ValidationError):
            raise not_ours from None
        return body


# ---- keys


class SessionKeys:
    """The direction keys of one connection: both ends derive them from the key that Central issued."""

    __slots__ = ("from_central", "from_peer", "th")

    def __init__(self, th: bytes, master: bytes) -> None:
        self.th = th
        self.from_peer = _hkdf(master, th, b"EVC1 from peer")
        self.from_central = _hkdf(master, th, b"EVC1 from central")

    def rekeyed(self, master: bytes) -> "SessionKeys":
        """Return the keys of the same connection under the next issued key."""
        return SessionKeys(self.th, master)


class Accepted(Struct, frozen=True):
    """What a peer has once Central accepted it. `now` is Central's clock, `epoch` counts the issued keys."""

    keys: SessionKeys
    resume: IssuedTicket
    now: float
    heartbeat_s: float
    epoch: int


# ---- the peer's end


class _Challenge(Struct, frozen=True, forbid_unknown_fields=True):
    t: Literal["challenge"]
    v: Literal[1]
    sid: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    id: Id
    role: Role
    n: str
    e: str


class _Accept(Struct, frozen=True, forbid_unknown_fields=True):
    t: Literal["accept"]
    key: str
    epoch: Count
    resume: Annotated[str, Meta(min_length=1, max_length=MAX_TICKET_CHARS)]
    resume_key: str
    resume_exp: UnixTime
    now: Annotated[float, Meta(ge=0, le=253_402_300_799)]
    hb: Annotated[float, Meta(ge=0.01, le=3600)]


class PeerHandshake:
    """A peer's end: `hello` → `on_challenge` → `on_accept`, each once, in this order."""

    def __init__(
        self,
        ticket: str,
        ticket_key: bytes,
        id: str,  # noqa: A002
        role: Role,
        entropy: Entropy = os.urandom,
    ) -> None:
        self._ticket = ticket
        self._ticket_key = ticket_key
        self._id = id
        self._role = role
        self._secret = X25519PrivateKey.from_private_bytes(entropy(32))
        self._nonce = entropy(32)
        self._hello = b""
        self._th = b""
        self._wrap_key = b""

    def hello(self) -> bytes:
        """Return the HELLO frame."""
        self._hello = msgspec.json.encode(
            {
                "t": "hello",
                "v": VERSION,
                "ticket": self._ticket,
                "n": base64_text(self._nonce),
                "e": base64_text(self._secret.public_key().public_bytes_raw()),
            }
        )
        return self._hello

    def on_challenge(self, frame: bytes) -> bytes:
        """Return the PROOF frame, once Central has proved itself.

        Raises AuthenticationError: E_CENTRAL_PROOF when it did not, E_ID or E_ROLE when the ticket we hold is
        for somebody else.
        """
        body, mac = frame[:-MAC_BYTES], frame[-MAC_BYTES:]
        self._th = _transcript(self._hello, body)
        auth_key = _auth_key(self._ticket_key)
        # Before anything in it is even parsed.
        if not hmac.compare_digest(mac, _mac(auth_key, b"central", self._th)):
            raise AuthenticationError("this is not our Central: it does not know our key", Code.CENTRAL_PROOF)
        values = _strict_json(body)
        _check_kind(values, "challenge")
        _check_version(values)
        challenge = _fields(values, _Challenge)
        if challenge.id != self._id:
            raise AuthenticationError(f"the ticket is for {challenge.id}, not for {self._id}", Code.ID)
        if challenge.role is not self._role:
            raise AuthenticationError(f"the ticket is for a {challenge.role}, not a {self._role}", Code.ROLE)
        base64_bytes(challenge.n, "n")
        try:
            shared = self._secret.exchange(X25519PublicKey.from_public_bytes(base64_bytes(challenge.e, "e")))
        except ValueError:
            raise AuthenticationError("Central's public key is not usable", Code.CENTRAL_PROOF) from None
        self._wrap_key = _hkdf(shared + self._ticket_key, self._th, b"EVC1 wrap")
        return _mac(auth_key, b"peer", self._th)

    def on_accept(self, frame: bytes) -> Accepted:
        """Return the keys of this connection. Raises ProtocolError E_CRYPTO, E_MALFORMED or E_FIELD."""
        accept = _fields(_strict_json(wire.open_token(_fernet(self._wrap_key), frame)), _Accept)
        resume_key = base64_bytes(accept.resume_key, "resume_key")
        return Accepted(
            keys=SessionKeys(self._th, base64_bytes(accept.key, "key")),
            resume=IssuedTicket(accept.resume, resume_key, accept.resume_exp, accept.resume_exp),
            now=accept.now,
            heartbeat_s=accept.hb,
            epoch=accept.epoch,
        )


# ---- Central's end


class _Hello(Struct, frozen=True, forbid_unknown_fields=True):
    t: Literal["hello"]
    v: Literal[1]
    ticket: str
    n: str
    e: str


class CentralHandshake:
    """Central's end: `on_hello` → `on_proof`, each once; then `identity` and `keys` are known.

    `resume_key` (a base64 Fernet key) must be among the keys of `opener`; `now` is in Unix seconds.
    """

    keys: SessionKeys
    _secret: X25519PrivateKey

    def __init__(
        self,
        opener: TicketOpener,
        resume_key: bytes,
        now: float,
        entropy: Entropy = os.urandom,
    ) -> None:
        self._opener = opener
        self._resume_key = resume_key
        self._now = now
        self._entropy = entropy
        self._admit: Callable[[Identity], None] = _everybody
        self._peer_public = b""
        self._ticket_key = b""
        self._th = b""
        self.identity: Identity | None = None

    def on_hello(self, frame: bytes, admit: Callable[[Identity], None] | None = None) -> bytes:
        """Return the CHALLENGE frame. `admit` raises AuthenticationError for an identity that was withdrawn.

        Raises ProtocolError (E_VERSION, E_MALFORMED, E_FIELD), or what TicketOpener.open raises.
        """
        values = _strict_json(frame)
        _check_kind(values, "hello")
        _check_version(values)
        hello = _fields(values, _Hello)
        base64_bytes(hello.n, "n")
        self._peer_public = base64_bytes(hello.e, "e")
        ticket = self._opener.open(hello.ticket, self._now)
        self.identity = identity = ticket.identity
        self._admit = admit or _everybody
        self._admit(identity)
        self._ticket_key = ticket.key_bytes
        # Not before: strangers must not make us compute.
        self._secret = X25519PrivateKey.from_private_bytes(self._entropy(32))
        body = msgspec.json.encode(
            {
                "t": "challenge",
                "v": VERSION,
                "sid": self._entropy(16).hex(),
                "id": identity.id,
                "role": identity.role,
                "n": base64_text(self._entropy(32)),
                "e": base64_text(self._secret.public_key().public_bytes_raw()),
            }
        )
        self._th = _transcript(frame, body)
        return body + _mac(_auth_key(self._ticket_key), b"central", self._th)

    def on_proof(self, frame: bytes) -> bytes:
        """Return the ACCEPT frame with a fresh key in it. Raises AuthenticationError E_PROOF."""
        expected = _mac(_auth_key(self._ticket_key), b"peer", self._th)
        if self.identity is None or not hmac.compare_digest(frame, expected):
            raise AuthenticationError("the peer does not know the key of its ticket", Code.PROOF)
        try:
            shared = self._secret.exchange(X25519PublicKey.from_public_bytes(self._peer_public))
        except ValueError:
            raise AuthenticationError("the peer's public key is not usable", Code.PROOF) from None
        # Again: it may have been revoked while we waited for the proof, when there was no link to cut yet.
        self._admit(self.identity)
        resume = seal_ticket(
            self._resume_key,
            self.identity,
            issuer="central",
            ttl_s=RESUME_TICKET_S,
            now=self._now,
            entropy=self._entropy,
        )
        master = self._entropy(wire.KEY_BYTES)
        self.keys = SessionKeys(self._th, master)
        accept = _Accept(
            t="accept",
            key=base64_text(master),
            epoch=0,
            resume=resume.ticket,
            resume_key=base64_text(resume.key),
            resume_exp=resume.expires_at,
            now=self._now,
            hb=LIVENESS[self.identity.role].heartbeat_s,
        )
        wrap_key = _hkdf(shared + self._ticket_key, self._th, b"EVC1 wrap")
        return _fernet(wrap_key).encrypt_at_time(msgspec.json.encode(accept), 0)


def _everybody(_identity: Identity) -> None:
    pass


# ---- errors before login: plain JSON, and therefore only hints


class _Hint(Struct, frozen=True):
    code: Annotated[str, Meta(pattern=r"\A[A-Z_]{1,32}\Z")]
    text: Text = ""
    retry_after: Annotated[float, Meta(ge=0, le=86_400)] | None = None


def error_frame(code: Code, text: str, retry_after_s: float | None = None, now: float | None = None) -> bytes:
    """Return the frame that says why the handshake ends."""
    return msgspec.json.encode(
        {"t": "error", "code": code, "text": text[:200], "retry_after": retry_after_s, "now": now}
    )


def parse_error(frame: bytes) -> EvchargeError | None:
    """Return the error that `frame` reports, None when it is no error frame. Anybody may have forged it."""
    try:
        values = _strict_json(frame)
    except ProtocolError:
        return None
    if values.get("t") != "error":
        return None
    try:
        hint = msgspec.convert(values, _Hint)
    except msgspec.ValidationError:
        return ProtocolError("Central answered with an error that cannot be read", Code.MALFORMED)
    return reported(hint.code, hint.text, hint.retry_after)


_AUTHENTICATION = frozenset(
    {
        Code.TICKET,
        Code.EXPIRED,
        Code.CLOCK,
        Code.PROOF,
        Code.CENTRAL_PROOF,
        Code.REVOKED,
        Code.DISABLED,
        Code.DUPLICATE,
        Code.CREDENTIAL,
    }
)
_LOAD = frozenset({Code.BUSY, Code.TIMEOUT, Code.SLOW, Code.UNREACHABLE, Code.STORAGE})


def reported(code: str, text: str, retry_after_s: float | None = None) -> EvchargeError:
    """Return the error that Central reported as `code` and `text`, as an exception of ours."""
    text = text or f"Central says {code}"
    try:
        known = Code(code)
    except ValueError:
        return ProtocolError(f"{text} ({code[:32]!a})", Code.MALFORMED)
    if known in _AUTHENTICATION:
        return AuthenticationError(text, known)
    if known in _LOAD:
        return Overloaded(text, known, retry_after_s)
    return ProtocolError(text, known)


# ---- the small parts


def base64_text(data: bytes) -> str:
    """Return `data` as padded base64url, as every key and nonce travels."""
    return base64.urlsafe_b64encode(data).decode("ascii")


def base64_bytes(text: str, field: str) -> bytes:
    """Return the 32 bytes in `text`; raises ProtocolError E_FIELD unless it is their one canonical form."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        data = b""
    if len(data) != wire.KEY_BYTES or base64_text(data) != text:
        raise ProtocolError(f"`{field}` is not 32 bytes in canonical base64url", Code.FIELD)
    return data


_Frame = TypeVar("_Frame", bound=Struct)


def _check_kind(values: dict[str, Any], kind: str) -> None:
    if values.get("t") != kind:
        raise ProtocolError(f"a {kind.upper()} frame was due", Code.MALFORMED)


def _check_version(values: dict[str, Any]) -> None:
    version = values.get("v")
    if type(version) is not int or version != VERSION:
        shown = ascii(version)[:20]
        raise ProtocolError(f"EVC1 version {shown} is not spoken here; we speak: {VERSION}", Code.VERSION)


def _fields(values: dict[str, Any], kind: type[_Frame]) -> _Frame:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as problem:
        shown = ascii(str(problem))[1:-1][:120]
        raise ProtocolError(f"bad handshake: {shown}", Code.FIELD) from None


def _strict_json(data: bytes) -> dict[str, Any]:
    """Parse one JSON object, refusing all that Python's parser is lenient about. Raises E_MALFORMED."""
    try:
        values = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        raise ProtocolError("the frame holds no strict JSON", Code.MALFORMED) from None
    if not isinstance(values, dict):
        raise ProtocolError("the frame holds no JSON object", Code.MALFORMED)
    return values


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("duplicate key")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def _hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), wire.KEY_BYTES, salt, info).derive(secret)


def _auth_key(ticket_key: bytes) -> bytes:
    return _hkdf(ticket_key, b"EVC1", b"auth")


def _mac(auth_key: bytes, who: bytes, th: bytes) -> bytes:
    return hmac.digest(auth_key, who + th, "sha256")


def _transcript(hello: bytes, challenge: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(b"EVC1" + hello).digest() + challenge).digest()


def _instant(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
