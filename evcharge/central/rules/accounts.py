"""Who may use Central's pages and API: accounts of people, tokens of programs, and logins. Pure."""

import hashlib
import re
from dataclasses import dataclass, field, fields
from datetime import datetime

from msgspec import json

from evcharge.domain.errors import BadInput
from evcharge.domain.events import LoggedIn
from evcharge.domain.ids import ID_PATTERN, DriverId, Role
from evcharge.domain.names import is_ours
from evcharge.domain.timestamps import text_of

NAME_PATTERN = r"\A[a-z0-9_.-]{1,32}\Z"
_NAME, _ID = re.compile(NAME_PATTERN), re.compile(ID_PATTERN)
STAFF = (Role.ADMIN, Role.OPERATOR, Role.VIEWER)
# Tokens are for programs: no program is a driver here, and no person a service.
TOKEN_ROLES = (*STAFF, Role.SERVICE)
LOGIN_ID_CHARS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who logs in with a password of its own. `version` rises when password or role change.

    A driver's is one of that `registration` of its id: it ends with it.
    """

    name: str
    role: Role
    secret_hash: str = field(repr=False)
    version: int
    created_at: datetime
    created_by: str
    removed_at: datetime | None = None
    registration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A bearer token of a program."""

    name: str
    role: Role
    token_sha256: str = field(repr=False)
    created_at: datetime
    created_by: str
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A browser that has logged in. `version` is the account's, or a driver's epoch when it has no account.

    `registration` is that of the driver's id, `epoch` the oldest of its credentials that counted when it logged in.
    """

    token_sha256: str = field(repr=False)
    name: str
    has_account: bool
    version: int
    address: str
    created_at: datetime
    expires_at: datetime
    registration: int = 0
    epoch: int = 0

    @property
    def id(self) -> str:
        """The name of this login in the audit log: enough of the digest to tell it from all others."""
        return self.token_sha256[:LOGIN_ID_CHARS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What somebody has proved to hold: the epoch and registration of a driver's credential; 0 of an account."""

    epoch: int = 0
    registration: int = 0


class Told:
    """The logins that the audit log tells of. Older events do not name them: then the instant must do."""

    def __init__(self) -> None:
        self._named: set[tuple[str, str]] = set()
        self._unnamed_until: dict[str, str] = {}

    def take(self, event: LoggedIn, at: str) -> None:
        """Take in one login, whose event has the instant `at`."""
        if event.login:
            self._named.add((event.name, event.login))
        else:
            self._unnamed_until[event.name] = max(at, self._unnamed_until.get(event.name, ""))

    def knows(self, name: str, login_id: str, created_at: str) -> bool:
        """Return whether `name` logged in then."""
        return (name, login_id) in self._named or created_at <= self._unnamed_until.get(name, "")


def seal(row: Account | ApiToken) -> str:
    """Return a digest of everything kept of an account or token; the audit log holds it, to prove the row."""
    said = {one.name: _text(getattr(row, one.name)) for one in fields(row)}
    # Left out of the seals of before there were registrations, and of those of the first one still.
    if not said.get("registration"):
        said.pop("registration", None)
    return hashlib.sha256(json.encode(said, order="sorted")).hexdigest()[:32]


def _text(value: object) -> object:
    return text_of(value) if isinstance(value, datetime) else value


def is_driver(name: str) -> bool:
    """Return whether `name` is an id, and so a driver's."""
    return _ID.match(name) is not None


def check_account(name: str, role: Role) -> None:
    """Raise BadInput unless an account may be called `name` and have `role`."""
    if is_driver(name):
        if role is not Role.DRIVER:
            raise BadInput(f"{name} is the id of a driver: its role can only be driver.")
        return
    check_name(name, may_be_admin=role is Role.ADMIN)
    if role is Role.DRIVER:
        raise BadInput("A driver's account is named by the driver's id, such as D01.")
    if role not in STAFF:
        raise BadInput(f"An account's role is {_listed(STAFF)} or driver. Programs get a token instead.")


def check_token(name: str, role: Role) -> None:
    """Raise BadInput unless a token may be called `name` and have `role`."""
    check_name(name)
    if role not in TOKEN_ROLES:
        raise BadInput(f"A token's role is {_listed(TOKEN_ROLES)}.")


def check_name(name: str, *, may_be_admin: bool = False) -> None:
    """Raise BadInput unless `name` may be that of a person or program; ids belong to drivers, others to ourselves."""
    if not _NAME.match(name) or is_driver(name):
        raise BadInput(
            f"bad name {ascii(name)[1:-1][:40]}: use 1 to 32 of a-z, 0-9, _, . and -, with a letter or dot"
        )
    if is_ours(name) and not (name == Role.ADMIN and may_be_admin):
        raise BadInput(f"{name} is, or looks like, a name of the network itself: choose another.")


def driver_id(name: str) -> DriverId | None:
    """Return which driver `name` is, or None."""
    return DriverId(name) if is_driver(name) else None


def _listed(roles: tuple[Role, ...]) -> str:
    return ", ".join(roles[:-1]) + f" or {roles[-1]}"
