"""EVC1: tickets, and both ends of the key exchange as state machines. Pure; PROTOCOL.md D1-D3 is the plan.

Peer and Central hold the ticket key K_P: the peer was handed it, Central finds it inside the ticket. Each
proves it over the exact bytes of HELLO and CHALLENGE, Central first; then Central issues a fresh key.

The first release refuses every field that it does not know, on both ends. So HELLO has stayed as it was, and Central
says first that it knows more, in a place that has always been free: `sid`. Only to such a Central a peer says, with
its proof, which versions and features it speaks; only to such a peer Central answers the same.
"""

import functools
import hmac
import os
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from msgspec import UNSET, Meta, Struct, UnsetType

from evcharge.domain.currency import EUR
from evcharge.domain.errors import AuthenticationError, Code, ProtocolError
from evcharge.domain.features import MOST_FEATURES, SPOKEN, Feature, Name
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import Count, Id
from evcharge.domain.strict_json import KEY_BYTES, base64_bytes, base64_text, strict_json
from evcharge.evc1 import frames, key_schedule
from evcharge.evc1.tickets import (
    LIVENESS,
    MAX_TICKET_CHARS,
    RESUME_TICKET_S,
    VERSION,
    Entropy,
    Identity,
    IssuedTicket,
    TicketOpener,
    UnixTime,
    seal_ticket,
)
from evcharge.runtime import failures

MAC_BYTES = 32
_SID_BYTES = 16
# A `sid` that begins like this goes on with the least and the greatest version that Central speaks.
_NAMED = b"EVC1"


class Versions(NamedTuple):
    """The major versions that one end speaks. Within one of them, whatever is added may be ignored."""

    least: int
    greatest: int


VERSIONS = Versions(VERSION, VERSION)

# ---- keys


class SessionKeys:
    """The direction keys of one connection: both ends derive them from the key that Central issued.

    What a key is for is part of how it is derived: none serves two ciphers.
    """

    __slots__ = ("cipher", "from_central", "from_peer", "telemetry", "th")

    def __init__(self, th: bytes, master: bytes, cipher: type[frames.Cipher] = frames.FernetCipher) -> None:
        self.th = th
        self.cipher = cipher
        self.from_peer = key_schedule.derived(master, th, b"EVC1 from peer" + cipher.LABEL)
        self.from_central = key_schedule.derived(master, th, b"EVC1 from central" + cipher.LABEL)
        # Seals what an engine says beside this connection: its live figures, when they travel over Kafka.
        self.telemetry = key_schedule.derived(master, th, b"EVC1 telemetry")

    def rekeyed(self, master: bytes) -> "SessionKeys":
        """Return the keys of the same connection under the next issued key."""
        return SessionKeys(self.th, master, self.cipher)


class Accepted(Struct, frozen=True):
    """What a peer has once Central accepted it.

    `now` is Central's clock, `epoch` counts the issued keys, `speaks` are the features that Central understands;
    `currency` (ISO 4217) is that in which the network counts.
    """

    keys: SessionKeys
    resume: IssuedTicket
    now: float
    heartbeat_s: float
    epoch: int
    speaks: frozenset[str] = frozenset()
    currency: str = EUR.code


# ---- what both ends say of themselves


_Version = Annotated[int, Meta(ge=0, le=255)]
_Features = Annotated[list[Name], Meta(max_length=MOST_FEATURES)]


class _About(Struct, frozen=True):
    """Follows the MAC of a PROOF, which covers it."""

    versions: tuple[_Version, _Version]
    speaks: _Features = []


# Peers of one release name the same ones: thousands of connections share them.
@functools.lru_cache(maxsize=64)
def _named(*features: str) -> frozenset[str]:
    return frozenset(features)


def _sid(versions: Versions | None, entropy: Entropy) -> bytes:
    head = b"" if versions is None else _NAMED + bytes(versions)
    return head + entropy(_SID_BYTES - len(head))


def _versions_in(sid: str) -> Versions | None:
    raw = bytes.fromhex(sid)
    return Versions(raw[4], raw[5]) if raw.startswith(_NAMED) else None


def _cipher(one: frozenset[str], other: frozenset[str]) -> type[frames.Cipher]:
    """Return what seals the frames of two ends that named these features: both know it, once both have spoken."""
    return frames.GcmCipher if Feature.AES_GCM in one & other else frames.FernetCipher


def _check_common(versions: Versions, whose: str) -> None:
    if not versions.least <= VERSION <= versions.greatest:
        spoken = f"{versions.least} to {versions.greatest}"
        raise ProtocolError(f"{whose} speaks EVC1 versions {spoken}; we speak: {VERSION}", Code.VERSION)


# ---- the peer's end


class _Challenge(Struct, frozen=True, forbid_unknown_fields=True):
    t: Literal["challenge"]
    v: Literal[1]
    sid: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    id: Id
    role: Role
    n: str
    e: str


class _Accept(Struct, frozen=True):
    t: Literal["accept"]
    key: str
    epoch: Count
    resume: Annotated[str, Meta(min_length=1, max_length=MAX_TICKET_CHARS)]
    resume_key: str
    resume_exp: UnixTime
    now: Annotated[float, Meta(ge=0, le=253_402_300_799)]
    hb: Annotated[float, Meta(ge=0.01, le=3600)]
    speaks: _Features | UnsetType = UNSET
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")] | UnsetType = UNSET


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
        self._speaks = SPOKEN
        self._ticket = ticket
        self._ticket_key = ticket_key
        self._id = id
        self._role = role
        self._secret = X25519PrivateKey.from_private_bytes(entropy(32))
        self._nonce = entropy(32)
        self._hello = b""
        self._th = b""
        self._wrap_key = b""

    def hello(self, *, tell_name: bool = False) -> bytes:
        """Return the HELLO frame; with our name beside the ticket for a Central that has asked for it."""
        content: dict[str, Any] = {
            "t": "hello",
            "v": VERSION,
            "ticket": self._ticket,
            "n": base64_text(self._nonce),
            "e": base64_text(self._secret.public_key().public_bytes_raw()),
        }
        if tell_name:
            content["who"] = {"id": self._id, "role": self._role}
        self._hello = msgspec.json.encode(content)
        return self._hello

    def on_challenge(self, frame: bytes) -> bytes:
        """Return the PROOF frame, once Central has proved itself.

        Raises AuthenticationError: E_CENTRAL_PROOF when it did not, E_ID or E_ROLE when the ticket we hold is
        for somebody else.
        """
        body, mac = frame[:-MAC_BYTES], frame[-MAC_BYTES:]
        self._th = key_schedule.transcript(self._hello, body)
        auth_key = key_schedule.auth_key(self._ticket_key)
        # Before anything in it is even parsed.
        if not hmac.compare_digest(mac, key_schedule.mac(auth_key, b"central", self._th)):
            raise AuthenticationError("this is not our Central: it does not know our key", Code.CENTRAL_PROOF)
        values = strict_json(body)
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
        self._wrap_key = key_schedule.derived(shared + self._ticket_key, self._th, b"EVC1 wrap")
        about = b""
        versions = _versions_in(challenge.sid)
        if versions is not None:
            _check_common(versions, "Central")
            about = msgspec.json.encode(_About(VERSIONS, sorted(self._speaks)))
        return key_schedule.mac(auth_key, b"peer", self._th + about) + about

    def on_accept(self, frame: bytes) -> Accepted:
        """Return the keys of this connection. Raises ProtocolError E_CRYPTO, E_MALFORMED or E_FIELD."""
        accept = _fields(strict_json(frames.FernetTokens(self._wrap_key).open(frame)), _Accept)
        resume_key = base64_bytes(accept.resume_key, "resume_key")
        speaks = frozenset[str]() if accept.speaks is UNSET else _named(*accept.speaks)
        return Accepted(
            keys=SessionKeys(self._th, base64_bytes(accept.key, "key"), _cipher(self._speaks, speaks)),
            resume=IssuedTicket(accept.resume, resume_key, accept.resume_exp, accept.resume_exp),
            now=accept.now,
            heartbeat_s=accept.hb,
            epoch=accept.epoch,
            speaks=speaks,
            currency=EUR.code if accept.currency is UNSET else accept.currency,
        )


# ---- Central's end


class Claim(Struct, frozen=True, forbid_unknown_fields=True):
    """Who somebody says it is, without any proof."""

    id: Id
    role: Role


class _Hello(Struct, frozen=True, forbid_unknown_fields=True):
    t: Literal["hello"]
    v: Literal[1]
    ticket: str
    n: str
    e: str
    who: Claim | UnsetType = UNSET


class CentralHandshake:
    """Central's end: `on_hello` → `on_proof`, each once; then `identity`, `keys` and what the peer `speaks` are known.

    `resume_key` (a base64 Fernet key) must be among the keys of `opener`; `now` is in Unix seconds. Without
    `versions` it is a Central of the first release, which names none. With `aes_gcm` frames are sealed so, where the
    peer knows how.
    """

    keys: SessionKeys
    _secret: X25519PrivateKey

    def __init__(
        self,
        opener: TicketOpener,
        resume_key: bytes,
        now: float,
        entropy: Entropy = os.urandom,
        versions: Versions | None = VERSIONS,
        *,
        aes_gcm: bool = False,
    ) -> None:
        self._opener = opener
        self._resume_key = resume_key
        self._now = now
        self._entropy = entropy
        self._versions = versions
        self._offers = SPOKEN if aes_gcm else SPOKEN - {Feature.AES_GCM}
        self._admit: Callable[[Identity], None] = _everybody
        self._peer_public = b""
        self._ticket_key = b""
        self._auth_key = b""
        self._th = b""
        self.identity: Identity | None = None
        # Good for a sentence only: nothing is let in, or sent, because of it.
        self.claim: Claim | None = None
        self.speaks: frozenset[str] = frozenset()

    def on_hello(
        self,
        frame: bytes,
        admit: Callable[[Identity], None] | None = None,
        wall_now: float | None = None,
    ) -> bytes:
        """Return the CHALLENGE frame. `admit` raises AuthenticationError for an identity that was withdrawn.

        `wall_now` as in TicketOpener.open. Raises ProtocolError (E_VERSION, E_MALFORMED, E_FIELD), or what that raises.
        """
        values = strict_json(frame)
        _check_kind(values, "hello")
        _check_version(values)
        hello = _fields(values, _Hello)
        base64_bytes(hello.n, "n")
        self._peer_public = base64_bytes(hello.e, "e")
        self.claim = None if hello.who is UNSET else hello.who
        ticket = self._opener.open(hello.ticket, self._now, wall_now)
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
                "sid": _sid(self._versions, self._entropy).hex(),
                "id": identity.id,
                "role": identity.role,
                "n": base64_text(self._entropy(32)),
                "e": base64_text(self._secret.public_key().public_bytes_raw()),
            }
        )
        self._th = key_schedule.transcript(frame, body)
        self._auth_key = key_schedule.auth_key(self._ticket_key)
        return body + key_schedule.mac(self._auth_key, b"central", self._th)

    def on_proof(self, frame: bytes, currency: str = EUR.code) -> bytes:
        """Return the ACCEPT frame with a fresh key in it, and the `currency` (ISO 4217) for a peer that knows of it.

        Raises AuthenticationError E_PROOF, or, when what follows the proof is wrong, ProtocolError.
        """
        mac, about = frame[:MAC_BYTES], frame[MAC_BYTES:]
        expected = key_schedule.mac(self._auth_key, b"peer", self._th + about)
        if self.identity is None or not hmac.compare_digest(mac, expected):
            raise AuthenticationError("the peer does not know the key of its ticket", Code.PROOF)
        if about:
            peer = _fields(strict_json(about), _About)
            _check_common(Versions(*peer.versions), "the peer")
            self.speaks = _named(*peer.speaks)
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
        master = self._entropy(KEY_BYTES)
        self.keys = SessionKeys(self._th, master, _cipher(self._offers, self.speaks))
        accept = _Accept(
            t="accept",
            key=base64_text(master),
            epoch=0,
            resume=resume.ticket,
            resume_key=base64_text(resume.key),
            resume_exp=resume.expires_at,
            now=self._now,
            hb=LIVENESS[self.identity.role].heartbeat_s,
            speaks=sorted(self._offers) if about else UNSET,
            currency=currency if Feature.CURRENCY in self.speaks else UNSET,
        )
        wrap_key = key_schedule.derived(shared + self._ticket_key, self._th, b"EVC1 wrap")
        return frames.FernetTokens(wrap_key).seal(msgspec.json.encode(accept))


def _everybody(_identity: Identity) -> None:
    pass


# ---- the small parts


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
        raise ProtocolError(f"bad handshake: {failures.why(problem)}", Code.FIELD) from None
