"""Invitations: an administrator makes one, and whoever pastes it on another PC joins with it, once."""

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from evcharge.domain.errors import BadInput, Code, Overloaded, Refused
from evcharge.domain.ids import check_id
from evcharge.domain.location import Location
from evcharge.http.server import answer, read_body
from evcharge.joining.token import SECRET_BYTES
from evcharge.registry import registrations
from evcharge.registry.bodies import Invite, Join
from evcharge.registry.callers import ADMIN, DEPUTY, Callers, address_of, visit
from evcharge.registry.registrations import IdKind, Registration, RegistrationState
from evcharge.registry.store import Invited, Overtaken, Requester, Store
from evcharge.security import secret_files
from evcharge.security.passwords import Credentials

# A peer that never got the answer may ask again for this long, with the same credential.
RETRY_S = 600.0
_MAX_TRIES = 5


class Invitations:
    """The handlers. `now` is the wall clock."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials,
        callers: Callers,
        ca_file: Path,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._callers = callers
        self._ca_file = ca_file
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the Registry that are about invitations."""
        return [
            web.get("/ca.pem", self.authority),
            web.post("/v1/invitations", self.invite),
            web.post("/v1/join", self.join),
        ]

    async def authority(self, _: web.Request) -> web.Response:
        """Hand out the CA's certificate: no secret, and worth something only against a fingerprint."""
        try:
            pem = self._ca_file.read_bytes()
        except OSError:
            raise Refused("The Registry has no ca.pem in its state folder.", Code.NOT_FOUND) from None
        return web.Response(body=pem, content_type="application/x-pem-file")

    async def invite(self, request: web.Request) -> web.Response:
        """Make an invitation for an id, new or known; its secret is shown this one time."""
        actor = await self._callers.with_token(request, ADMIN, DEPUTY)
        body = await read_body(request, Invite)
        id_ = visit(request).target = check_id(body.id, "id")
        kind = IdKind(body.kind)
        if kind is IdKind.DRIVER and body.location:
            raise BadInput("A driver has no location.", Code.FIELD)
        secret = base64.urlsafe_b64encode(os.urandom(SECRET_BYTES)).decode().rstrip("=")
        expires_at = int(self._now().timestamp()) + body.ttl_s
        invited = Invited(
            kind=kind,
            id=id_,
            location=Location(body.location),
            epoch=registrations.invited(await self._store.find(id_), kind, id_),
            made_by=actor.who,
            expires_at=expires_at,
        )
        await self._store.invite(secret, invited, actor)
        return answer({"id": id_, "kind": kind, "secret": secret, "expires_at": expires_at}, 201)

    async def join(self, request: web.Request) -> web.Response:
        """Use an invitation: its id gets the credential that came with it.

        The same credential again within RETRY_S is answered alike: the first answer got lost.
        """
        body = await read_body(request, Join)
        if not secret_files.is_machine_secret(body.credential):
            raise BadInput("credential must be 32 random bytes in base64url.", Code.FIELD)
        kept = await self._credentials.hashed(body.credential)
        for _ in range(_MAX_TRIES):
            invited = await self._callers.invited(request, body.secret)
            visit(request).target = invited.id
            before = await self._store.find(invited.id)
            if invited.used_at is not None:
                return answer(self._repeated(invited, before, kept))
            if invited.expires_at <= self._now().timestamp():
                raise BadInput(
                    f"This token expired on {_shown(invited.expires_at)}: ask for a new one.", Code.EXPIRED
                )
            wanted = Registration(
                id=invited.id, kind=invited.kind, location=invited.location, secret_hash=kept
            )
            change = registrations.join(before, wanted, invited.epoch)
            actor = Requester(invited.id, f"invited by {invited.made_by}", address_of(request))
            try:
                await self._store.save(before, change, actor, invitation=body.secret)
            except Overtaken:
                continue
            return answer(_described(change.after))
        raise Overloaded("Somebody else is changing this id. Try again.", Code.BUSY, retry_after_s=1)

    def _repeated(self, invited: Invited, before: Registration | None, kept: str) -> dict[str, Any]:
        used_at = invited.used_at or 0.0
        if (
            before is not None
            and before.state is RegistrationState.ACTIVE
            and before.secret_hash == kept
            and self._now().timestamp() < used_at + RETRY_S
        ):
            return _described(before)
        raise Refused(f"This token was already used on {_shown(used_at)}: ask for a new one.", Code.CONFLICT)


def _described(registration: Registration) -> dict[str, Any]:
    return {
        "id": registration.id,
        "kind": registration.kind,
        "location": registration.location.name,
        "epoch": registration.epoch,
    }


def _shown(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
