"""The JSON bodies that the Registry takes, one struct per call. An unknown field is refused by name."""

from typing import Annotated, Literal, dataclass_transform, get_args

from msgspec import Meta, Struct

from evcharge.domain.journal_records import Count, Text
from evcharge.security.passwords import NewPassword, Password

# As strict as any text of the wire, and shorter.
LocationName = Annotated[str, Meta(max_length=80, pattern=get_args(Text)[1].pattern)]
UserName = Annotated[str, Meta(pattern=r"\A[a-z0-9_.-]{1,32}\Z")]
Epoch = Annotated[int, Meta(ge=1, le=2**53)]


@dataclass_transform(frozen_default=True)
class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """A request's JSON body. It may hold secrets, so its repr shows none."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class RegisterPoint(Body):
    """POST /register/cp. An empty location leaves the known one."""

    cp_id: str
    location: LocationName
    credential: NewPassword | None = None


class RegisterMonitor(Body):
    """POST /register/monitor: the monitor shares the credential of its charging point."""

    cp_id: str
    location: LocationName = ""
    credential: NewPassword | None = None


class RegisterDriver(Body):
    """POST /register/driver."""

    driver_id: str
    credential: NewPassword | None = None


class TicketRequest(Body):
    """POST /v1/ticket (PROTOCOL.md D2)."""

    id: str
    role: Literal["engine", "monitor", "driver"]
    secret: Password
    aud: Literal["central"] = "central"


class Anchor(Body):
    """POST /v1/anchors: the newest row of Central's audit log."""

    n: Annotated[int, Meta(ge=1, le=2**53)]
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Verify(Body):
    """POST /verify: is this the credential of this charging point or driver?"""

    credential: Password
    cp_id: str | None = None
    driver_id: str | None = None


class Named(Body):
    """POST /activate and /deactivate: exactly one of the two ids."""

    cp_id: str | None = None
    driver_id: str | None = None


class Rotate(Body):
    """POST /rotate: a credential is made, and shown once, when none is given."""

    cp_id: str | None = None
    driver_id: str | None = None
    credential: NewPassword | None = None


class Login(Body):
    """POST /v1/login: an administrator."""

    user: UserName
    password: Password


class Invite(Body):
    """POST /v1/invitations: `ttl_s` from a minute to thirty days."""

    kind: Literal["cp", "driver"]
    id: str
    location: LocationName = ""
    ttl_s: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 86_400


class Join(Body):
    """POST /v1/join: the secret of an invitation, and the credential that the new PC made itself."""

    secret: Password
    credential: NewPassword


class Locate(Body):
    """POST /v1/locate: where the charging point of that registration stands, as Central knows."""

    cp_id: str
    registration: Count
    location: LocationName


class Disable(Body):
    """POST /v1/disable: Central revoked a key and raised the epoch of `id` to `epoch`."""

    id: str
    epoch: Epoch
