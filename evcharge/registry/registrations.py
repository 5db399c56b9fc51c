"""What may become of a registration: the Registry's rules. Pure.

Each rule takes the registration as it is and returns the change, or None when nothing is to do, or raises
Refused. Whatever makes older tickets void raises the epoch; the epoch never goes back, not even when an id
is withdrawn and registered again. Only an ACTIVE registration acts for itself; the others come back through an
administrator (docs/adr/0009). An id keeps its kind for ever.
"""

from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from evcharge.domain.errors import Code, Refused
from evcharge.domain.location import NOWHERE, Location
from evcharge.domain.names import is_ours


class IdKind(StrEnum):
    """A charging point (its engine and monitor share one credential) or a driver."""

    CP = "cp"
    DRIVER = "driver"


class RegistrationState(StrEnum):
    """ACTIVE gets tickets. INACTIVE: switched off here. REVOKED: by Central; needs a new credential."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class Registration(Struct, frozen=True, kw_only=True):
    """One id that may take part. `secret_hash` is None once withdrawn.

    `number` counts its registrations: after a withdrawal the next one may be somebody else's.
    """

    id: str
    kind: IdKind
    location: Location = NOWHERE
    secret_hash: str | None
    state: RegistrationState = RegistrationState.ACTIVE
    epoch: int = 0
    number: int = 0

    def __repr__(self) -> str:
        return f"Registration({self.id}, {self.kind}, {self.state}, epoch={self.epoch})"


What = Literal["register", "re-register", "move", "activate", "deactivate", "rotate", "withdraw", "revoke"]


class RegistrationChange(Struct, frozen=True):
    """What a registration becomes, and the word for it. `revokes`: older tickets are void."""

    after: Registration
    what: What
    revokes: bool = False


def register(
    before: Registration | None,
    wanted: Registration,
    *,
    same_secret: bool,
    by_admin: bool,
    may_replace: bool = True,
) -> RegistrationChange | None:
    """Register `wanted`, or return None when it is registered so already.

    Only an administrator brings a withdrawn id back. An id in use keeps its credential and its location, except for an
    administrator who `may_replace` them, and thereby also puts a disabled one back. Another location is told by a new
    epoch, as a new credential is.
    """
    _check_id(before, wanted.id, wanted.kind)
    if before is None:
        return RegistrationChange(wanted, "register")
    if before.state is RegistrationState.WITHDRAWN:
        if not by_admin:
            raise disabled(before)
        return _anew(before, wanted)
    moves = bool(wanted.location) and wanted.location != before.location
    if by_admin and may_replace and (moves or not (same_secret and before.state is RegistrationState.ACTIVE)):
        after = _with(
            before,
            location=wanted.location or before.location,
            secret_hash=before.secret_hash if same_secret else wanted.secret_hash,
            state=RegistrationState.ACTIVE,
            epoch=before.epoch + 1,
        )
        return RegistrationChange(after, "re-register", revokes=True)
    if not same_secret:
        raise Refused(
            f"{before.id} is already registered with another credential. "
            "Use that one, or let an administrator rotate it.",
            Code.CONFLICT,
        )
    if before.state is not RegistrationState.ACTIVE:
        raise disabled(before)
    if moves and not before.location:
        return RegistrationChange(_with(before, location=wanted.location), "move")
    return None


def locate(before: Registration, location: Location) -> RegistrationChange | None:
    """Carry out Central's word of where a charging point stands."""
    if location.is_spelt_as(before.location):
        return None
    return RegistrationChange(_with(before, location=location), "move")


def activate(before: Registration) -> RegistrationChange | None:
    """Lift `deactivate`. A revoked credential stays revoked: it must be replaced."""
    if before.state is RegistrationState.REVOKED:
        raise Refused(
            f"The key of {before.id} was revoked at Central: rotate its credential instead.", Code.CONFLICT
        )
    if before.state is RegistrationState.ACTIVE:
        return None
    return RegistrationChange(_with(before, state=RegistrationState.ACTIVE), "activate")


def deactivate(before: Registration) -> RegistrationChange | None:
    """Give out no more tickets, and make those given out void."""
    if before.state is not RegistrationState.ACTIVE:
        return None
    return RegistrationChange(
        _with(before, state=RegistrationState.INACTIVE, epoch=before.epoch + 1), "deactivate", revokes=True
    )


def rotate(before: Registration, secret_hash: str) -> RegistrationChange:
    """Replace the credential; this also ends a revocation."""
    state = RegistrationState.ACTIVE if before.state is RegistrationState.REVOKED else before.state
    after = _with(before, secret_hash=secret_hash, state=state, epoch=before.epoch + 1)
    return RegistrationChange(after, "rotate", revokes=True)


def invited(before: Registration | None, kind: IdKind, id_: str) -> int | None:
    """Return the epoch that an invitation of `id_` is made for; None when nobody has had that id."""
    _check_id(before, id_, kind)
    if before is None:
        return None
    if before.state is RegistrationState.INACTIVE:
        raise disabled(before)
    return before.epoch


def join(before: Registration | None, wanted: Registration, epoch: int | None) -> RegistrationChange:
    """Register `wanted`, or give the id a new credential, by an invitation made for `epoch`.

    Whatever happened to the id since then, such as a revocation, is stronger than the invitation.
    """
    if (None if before is None else before.epoch) != epoch:
        raise Refused(f"{wanted.id} was changed after this token was made: ask for a new one.", Code.CONFLICT)
    invited(before, wanted.kind, wanted.id)
    if before is None:
        return RegistrationChange(wanted, "register")
    if before.state is RegistrationState.WITHDRAWN:
        return _anew(before, wanted)
    after = _with(
        before,
        location=wanted.location or before.location,
        secret_hash=wanted.secret_hash,
        state=RegistrationState.ACTIVE,
        epoch=before.epoch + 1,
    )
    return RegistrationChange(after, "rotate", revokes=True)


def revoke(before: Registration, epoch: int) -> RegistrationChange | None:
    """Carry out Central's order to disable, which raised the epoch to `epoch` there.

    An epoch that is no news here changes nothing: the order was carried out before and its answer got lost,
    or it echoes a change of ours. Meanwhile the credential may have been replaced.
    """
    if epoch <= before.epoch:
        return None
    return RegistrationChange(
        _with(before, state=RegistrationState.REVOKED, epoch=epoch), "revoke", revokes=True
    )


def withdraw(before: Registration, *, by_itself: bool = False) -> RegistrationChange:
    """Take `before` out of the network. An administrator may register its id again."""
    if by_itself and before.state is not RegistrationState.ACTIVE:
        raise disabled(before)
    after = _with(
        before, secret_hash=None, state=RegistrationState.WITHDRAWN, location=NOWHERE, epoch=before.epoch + 1
    )
    return RegistrationChange(after, "withdraw", revokes=True)


def disabled(registration: Registration) -> Refused:
    """Return the refusal for an id that may not act for itself."""
    return Refused(f"{registration.id} {_WHY_NOT[registration.state]}", Code.DISABLED)


def _anew(before: Registration, wanted: Registration) -> RegistrationChange:
    return RegistrationChange(_with(wanted, epoch=before.epoch, number=before.number + 1), "register")


def _check_id(before: Registration | None, id_: str, kind: IdKind) -> None:
    if before is None:
        if is_ours(id_):
            raise Refused(f"{id_} is reserved for the network itself: choose another id.", Code.CONFLICT)
    elif before.kind is not kind:
        is_or_was = "was" if before.state is RegistrationState.WITHDRAWN else "is already registered as"
        raise Refused(
            f"{id_} {is_or_was} a {_NOUNS[before.kind]}, and an id keeps its kind: choose another id.",
            Code.CONFLICT,
        )


def _with(registration: Registration, **changes: object) -> Registration:
    return msgspec.structs.replace(registration, **changes)


_NOUNS = {IdKind.CP: "charging point", IdKind.DRIVER: "driver"}
_WHY_NOT = {
    RegistrationState.INACTIVE: "is disabled. An administrator must activate it.",
    RegistrationState.REVOKED: "is disabled. Its key was revoked: an administrator must issue a new credential.",
    RegistrationState.WITHDRAWN: "was withdrawn. An administrator must register it again.",
}
