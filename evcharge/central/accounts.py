"""Who may use Central's pages and API: accounts of people, tokens of programs, and logins. Pure."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from evcharge.errors import BadInput
from evcharge.ids import ID_PATTERN, DriverId, Role

NAME_PATTERN = r"\A[a-z0-9_.-]{1,32}\Z"
_NAME, _ID = re.compile(NAME_PATTERN), re.compile(ID_PATTERN)
STAFF = (Role.ADMIN, Role.OPERATOR, Role.VIEWER)
# Tokens are for programs: no program is a driver here, and no person a service.
TOKEN_ROLES = (*STAFF, Role.SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who logs in with a password of its own. `version` rises when password or role change."""

    name: str
    role: Role
    secret_hash: str = field(repr=False)
    version: int
    created_at: datetime
    created_by: str
    removed_at: datetime | None = None


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
    """A browser that has logged in. `version` is the account's, or a driver's epoch when it has no account."""

    token_sha256: str = field(repr=False)
    name: str
    has_account: bool
    version: int
    address: str
    created_at: datetime
    expires_at: datetime


def is_driver(name: str) -> bool:
    """Return whether `name` is an id, and so a driver's."""
    return _ID.match(name) is not None


def check_account(name: str, role: Role) -> None:
    """Raise BadInput unless an account may be called `name` and have `role`."""
    if is_driver(name):
        if role is not Role.DRIVER:
            raise BadInput(f"{name} is the id of a driver: its role can only be driver.")
        return
    check_name(name)
    if role is Role.DRIVER:
        raise BadInput("A driver's account has the driver's id for its name, such as D01.")
    if role not in STAFF:
        raise BadInput(f"An account is {_listed(STAFF)}, or driver. Programs get a token instead.")


def check_token(name: str, role: Role) -> None:
    """Raise BadInput unless a token may be called `name` and have `role`."""
    check_name(name)
    if role not in TOKEN_ROLES:
        raise BadInput(f"A token is of role {_listed(TOKEN_ROLES)}.")


def check_name(name: str) -> None:
    """Raise BadInput unless `name` may be that of a person or program; ids belong to drivers."""
    if not _NAME.match(name) or is_driver(name):
        raise BadInput(
            f"bad name {ascii(name)[1:-1][:40]}: allowed are 1 to 32 of a-z, 0-9, _, . and -, with a letter or dot"
        )


def driver_id(name: str) -> DriverId | None:
    """Return which driver `name` is, or None."""
    return DriverId(name) if is_driver(name) else None


def _listed(roles: tuple[Role, ...]) -> str:
    return ", ".join(roles[:-1]) + f" or {roles[-1]}"
