"""Tickets: who somebody is, sealed by the Registry or by Central (PROTOCOL.md D2). Pure."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from msgspec import Meta, Struct, structs

from evcharge.domain.errors import AuthenticationError, Code, ProtocolError
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import Count, Id, Text
from evcharge.domain.strict_json import KEY_BYTES, base64_bytes, base64_text, strict_json

VERSION: Final = 1
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


# The peers of Central's stream, and how soon a dead one is noticed (PROTOCOL.md D4).
LIVENESS: Mapping[Role, Liveness] = MappingProxyType(
    {
        Role.MONITOR: Liveness(heartbeat_s=1.0, dead_after_s=3.0),
        Role.ENGINE: Liveness(heartbeat_s=2.0, dead_after_s=6.0),
        Role.DRIVER: Liveness(heartbeat_s=5.0, dead_after_s=15.0),
    }
)


class Identity(Struct, frozen=True):
    """The peer that a ticket speaks for. `auth` is the Unix time of its first real login at the Registry.

    `registration` tells who has the id now from who had it before it was withdrawn.
    """

    id: str
    role: Role
    epoch: int
    auth: int
    location: str = ""
    registration: int = 0


class IssuedTicket(Struct, frozen=True):
    """A ticket and the 32 byte key that goes with it, as its owner keeps them. Times are Unix seconds."""

    ticket: Annotated[str, Meta(min_length=1, max_length=MAX_TICKET_CHARS)]
    key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    expires_at: int
    renew_after: int

    def __repr__(self) -> str:
        return f"IssuedTicket(expires_at={self.expires_at}, renew_after={self.renew_after})"


class TicketBody(Struct, frozen=True, omit_defaults=True):
    """What is inside a ticket (PROTOCOL.md D2). What a newer Registry adds is ignored."""

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
    # Left out while it is 0, the only one that release 0.1 knows.
    reg: Count = 0

    @property
    def identity(self) -> Identity:
        """Whom it speaks for."""
        return Identity(self.id, self.role, self.epoch, self.auth, self.loc, self.reg)

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
    key = entropy(KEY_BYTES)
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
        reg=identity.registration,
    )
    token = Fernet(fernet_key).encrypt_at_time(msgspec.json.encode(body), made_at)
    renew_after = expires_at if issuer == "central" else made_at + ttl_s // 2
    return IssuedTicket(token.decode("ascii"), key, expires_at, renew_after)


class TicketOpener:
    """Opens tickets made under any of `keys` (base64 Fernet keys: service keys, and Central's resume key)."""

    def __init__(self, keys: Sequence[bytes], audience: str = "central") -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._audience = audience

    def open(self, token: str, now: float, wall_now: float | None = None) -> TicketBody:
        """Return the body of `token` if it is good at `now`; one of the Registry's also if it is good at `wall_now`.

        `now` is of Central's steady clock, which its own tickets go by; then `auth` is by that clock, too.
        Raises AuthenticationError: E_TICKET (not ours), E_EXPIRED, E_CLOCK (from the future).
        """
        body = self._read(token)
        if body.aud != self._audience:
            raise AuthenticationError(f"the ticket is for {ascii(body.aud)[:40]}, not for us", Code.TICKET)
        if body.role not in LIVENESS:
            raise AuthenticationError(f"a {body.role} has no place on this port", Code.ROLE)
        try:
            self._check_times(body, now)
        except AuthenticationError:
            if body.iss != "registry" or wall_now is None:
                raise
            # The Registry stamps by a wall clock, and ours was set right, or this machine slept, since we began.
            self._check_times(body, wall_now)
            return structs.replace(body, auth=max(0, round(body.auth + now - wall_now)))
        return body

    @staticmethod
    def _check_times(body: TicketBody, now: float) -> None:
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

    def _read(self, token: str) -> TicketBody:
        not_ours = AuthenticationError("the ticket was not made under a key that is known here", Code.TICKET)
        if not 0 < len(token) <= MAX_TICKET_CHARS:
            raise not_ours
        try:
            body = msgspec.convert(strict_json(self._fernet.decrypt(token.encode("ascii"))), TicketBody)
            base64_bytes(body.key, "key")
        except (InvalidToken, UnicodeError, ProtocolError, msgspec.ValidationError):
            raise not_ours from None
        return body


def _instant(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
