"""What the Registry answers: registering, tickets, and the administrator's and Central's calls.

Each handler reads like its rule: who may, what came, what becomes of it. Bodies are checked by `https`,
decisions are made in `registrations`, everything is written by `store`.
"""

import base64
import logging
import os
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web
from msgspec import structs

from evcharge.domain.errors import AuthenticationError, BadInput, Code, Overloaded, Refused
from evcharge.domain.ids import Role, check_id
from evcharge.domain.location import Location
from evcharge.evc1 import tickets
from evcharge.http.server import answer, read_body
from evcharge.labels.causes import because
from evcharge.labels.registry import said
from evcharge.registry import registrations
from evcharge.registry.bodies import (
    Anchor,
    Disable,
    Locate,
    Login,
    Named,
    RegisterDriver,
    RegisterMonitor,
    RegisterPoint,
    Rotate,
    TicketRequest,
    Verify,
)
from evcharge.registry.callers import ADMIN, CENTRAL, DEPUTY, ENROLMENT, Callers, address_of, visit
from evcharge.registry.registrations import IdKind, Registration, RegistrationChange, RegistrationState
from evcharge.registry.store import Overtaken, Requester, Store, entry
from evcharge.security import secret_files
from evcharge.security.passwords import Credentials
from evcharge.storage import hash_chain

log = logging.getLogger(__name__)

_TOKEN_S = 8 * 3600
# So many of those who are registered are told at once.
LIST_PAGE = 1000
# So many rows of the audit log.
AUDIT_PAGE = 200
# A renewal from the same place within an hour adds no row to the audit log.
_NEWS_AFTER_S = 3600.0
_MAX_SEEN = 20_000
_MAX_TRIES = 5

_ID_FIELD = {IdKind.CP: "cp_id", IdKind.DRIVER: "driver_id"}
_KINDS = {"cp": IdKind.CP, "monitor": IdKind.CP, "driver": IdKind.DRIVER}


@dataclass(frozen=True, slots=True)
class TicketTerms:
    """Under which key the Registry seals its tickets, and for how many seconds."""

    service_key: bytes = field(repr=False)
    ttl_s: int


class RegistryApi:
    """The handlers. `now` is the wall clock, `clock` monotonic seconds."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials,
        callers: Callers,
        terms: TicketTerms,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._callers = callers
        self._terms = terms
        self._now = now
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the Registry."""
        return [
            web.post("/register/cp", self.register_point),
            web.post("/register/monitor", self.register_monitor),
            web.post("/register/driver", self.register_driver),
            web.delete("/register/{kind:cp|monitor|driver}/{id}", self.withdraw),
            web.post("/v1/ticket", self.ticket),
            web.post("/verify", self.verify),
            web.get("/list", self.listing),
            web.post("/activate", self.activate),
            web.post("/deactivate", self.deactivate),
            web.post("/rotate", self.rotate),
            web.post("/v1/login", self.login),
            web.get("/v1/revocations", self.revocations),
            web.post("/v1/disable", self.disable),
            web.post("/v1/locate", self.locate),
            web.get("/v1/audit", self.audit),
            web.post("/v1/anchors", self.anchor),
            web.get("/v1/anchors", self.anchors),
        ]

    # ---- registering

    async def register_point(self, request: web.Request) -> web.Response:
        """Register a charging point."""
        actor = await self._callers.with_token(request, ENROLMENT, ADMIN, DEPUTY)
        body = await read_body(request, RegisterPoint)
        return await self._register(request, actor, IdKind.CP, body.cp_id, body.location, body.credential)

    async def register_monitor(self, request: web.Request) -> web.Response:
        """Register the charging point of a monitor; whoever of the two comes first does it for both."""
        actor = await self._callers.with_token(request, ENROLMENT, ADMIN, DEPUTY)
        body = await read_body(request, RegisterMonitor)
        return await self._register(request, actor, IdKind.CP, body.cp_id, body.location, body.credential)

    async def register_driver(self, request: web.Request) -> web.Response:
        """Register a driver."""
        actor = await self._callers.with_token(request, ENROLMENT, ADMIN, DEPUTY)
        body = await read_body(request, RegisterDriver)
        return await self._register(request, actor, IdKind.DRIVER, body.driver_id, "", body.credential)

    async def _register(
        self,
        request: web.Request,
        actor: Requester,
        kind: IdKind,
        id_text: str,
        place: str,
        chosen: str | None,
    ) -> web.Response:
        id_ = _target(request, id_text, _ID_FIELD[kind])
        secret = chosen or secret_files.new_secret()
        created = False
        # An administrator need not wait for guessers.
        payer = actor.address if actor.role == ENROLMENT else None

        async def decide(before: Registration | None) -> RegistrationChange | None:
            nonlocal created
            created = before is None or before.state is RegistrationState.WITHDRAWN
            same = False
            if before is not None and before.secret_hash is not None and chosen is not None:
                same = await self._callers.guess(before.secret_hash, secret, id_, actor.address)
            wanted = Registration(
                id=id_,
                kind=kind,
                location=Location(place),
                secret_hash=None if same else await self._credentials.hashed(secret, payer),
            )
            return registrations.register(
                before,
                wanted,
                same_secret=same,
                by_admin=actor.role in (ADMIN, CENTRAL),
                may_replace=actor.role == ADMIN,
            )

        after = await self._change(id_, decide, actor)
        content = _described(after) | {"username": id_}
        if chosen is None:
            content["password"] = secret
        return answer(content, 201 if created else 200)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Take an id out of the network: an administrator, or the id itself with a credential that still counts."""
        kind = _KINDS[request.match_info["kind"]]
        id_ = _target(request, request.match_info["id"], _ID_FIELD[kind])
        header = request.headers.get("Authorization", "")
        itself: Registration | None = None
        if header[:6].lower() == "basic ":
            actor, itself = await self._callers.itself(request, header, id_, kind)
        else:
            actor = await self._callers.with_token(request, ADMIN, DEPUTY)

        async def decide(before: Registration | None) -> RegistrationChange:
            if itself is not None and before != itself:
                # Its credential was replaced, or it was disabled, since it proved who it is.
                raise Overloaded(f"{id_} has just changed. Try again.", Code.BUSY, retry_after_s=1)
            return registrations.withdraw(_present(before, id_, kind), by_itself=itself is not None)

        await self._change(id_, decide, actor)
        return answer({_ID_FIELD[kind]: id_})

    # ---- proving

    async def ticket(self, request: web.Request) -> web.Response:
        """Give a ticket for Central to whoever knows the secret."""
        body = await read_body(request, TicketRequest)
        id_ = _target(request, body.id, "id")
        role = Role(body.role)
        kind = IdKind.DRIVER if role is Role.DRIVER else IdKind.CP
        registration = await self._callers.proved(request, id_, kind, body.secret)
        actor = Requester(id_, role, address_of(request))
        visit(request).actor = actor
        if registration.state is not RegistrationState.ACTIVE:
            raise registrations.disabled(registration)
        now = self._now().timestamp()
        identity = tickets.Identity(
            id=id_,
            role=role,
            epoch=registration.epoch,
            auth=int(now),
            location=registration.location.name,
            registration=registration.number,
        )
        issued = tickets.seal_ticket(
            self._terms.service_key,
            identity,
            issuer="registry",
            ttl_s=self._terms.ttl_s,
            now=now,
            entropy=os.urandom,
            audience=body.aud,
        )
        if self._is_news(actor):
            await self._store.note([entry(actor, "get ticket", id_, "done", f"epoch={registration.epoch}")])
        return answer(
            {
                "ticket": issued.ticket,
                "key": base64.urlsafe_b64encode(issued.key).decode(),
                "expires_at": issued.expires_at,
                "renew_after": issued.renew_after,
            }
        )

    async def verify(self, request: web.Request) -> web.Response:
        """Say whether a credential is right; as hard to guess with as a ticket.

        Central asks for whoever logs in on its pages: then it is that address which is slowed down.
        """
        if "Authorization" in request.headers:
            await self._callers.with_token(request, DEPUTY)
        body = await read_body(request, Verify)
        kind, id_ = _named(request, body)
        registration = await self._callers.proved(request, id_, kind, body.credential)
        if registration.state is not RegistrationState.ACTIVE:
            raise registrations.disabled(registration)
        content = {
            "valid": True,
            "state": registration.state,
            "epoch": registration.epoch,
            "registration": registration.number,
        }
        return answer(_described(registration) | content)

    # ---- administrators

    async def login(self, request: web.Request) -> web.Response:
        """Give an administrator a token for eight hours."""
        body = await read_body(request, Login)
        visit(request).target = body.user
        kept = await self._store.admin_hash(body.user)
        # Administrators have lower-case names, ids never: the two cannot be confused here.
        if not await self._callers.guess(kept, body.password, f"admin {body.user}", address_of(request)):
            raise AuthenticationError("The user or the password is wrong.", Code.CREDENTIAL)
        actor = Requester(body.user, ADMIN, address_of(request))
        token = secrets.token_urlsafe(32)
        expires_at = await self._store.add_token(body.user, token, _TOKEN_S, actor)
        return answer({"user": body.user, "token": token, "expires_at": expires_at})

    async def listing(self, request: web.Request) -> web.Response:
        """List who is registered, a page at a time. Never a credential, nor its hash."""
        await self._callers.with_token(request, ADMIN, ENROLMENT, CENTRAL, DEPUTY)
        after = request.query.get("after", "")
        if after:
            check_id(after, "after")
        found = await self._store.listed(after, LIST_PAGE + 1)
        page, more = found[:LIST_PAGE], len(found) > LIST_PAGE
        cps: list[dict[str, Any]] = []
        drivers: list[dict[str, Any]] = []
        for registration, created_at in page:
            line = _described(registration) | {
                "state": registration.state,
                "epoch": registration.epoch,
                "registration": registration.number,
                "registered_at": int(created_at),
            }
            (cps if registration.kind is IdKind.CP else drivers).append(line)
        return answer({"cps": cps, "drivers": drivers, "next": page[-1][0].id if more else None})

    async def activate(self, request: web.Request) -> web.Response:
        """Let a deactivated id get tickets again."""
        return await self._switch(request, registrations.activate)

    async def deactivate(self, request: web.Request) -> web.Response:
        """Give an id no more tickets, and make its tickets void."""
        return await self._switch(request, registrations.deactivate)

    async def _switch(
        self, request: web.Request, rule: Callable[[Registration], RegistrationChange | None]
    ) -> web.Response:
        actor = await self._callers.with_token(request, ADMIN, DEPUTY)
        kind, id_ = _named(request, await read_body(request, Named))

        async def decide(before: Registration | None) -> RegistrationChange | None:
            return rule(_present(before, id_, kind))

        after = await self._change(id_, decide, actor)
        return answer(_described(after) | {"state": after.state, "epoch": after.epoch})

    async def rotate(self, request: web.Request) -> web.Response:
        """Replace a credential; tickets under the old one are void."""
        actor = await self._callers.with_token(request, ADMIN, DEPUTY)
        body = await read_body(request, Rotate)
        kind, id_ = _named(request, body)
        secret = body.credential or secret_files.new_secret()
        kept = await self._credentials.hashed(secret)

        async def decide(before: Registration | None) -> RegistrationChange:
            return registrations.rotate(_present(before, id_, kind), kept)

        after = await self._change(id_, decide, actor)
        content = _described(after) | {"state": after.state, "epoch": after.epoch, "username": id_}
        if body.credential is None:
            content["password"] = secret
        return answer(content)

    # ---- Central

    async def revocations(self, request: web.Request) -> web.Response:
        """Tell Central, in order, whose older tickets are void."""
        await self._callers.with_token(request, CENTRAL, ADMIN)
        found, last = await self._store.revocations(_since(request) or 0)
        return answer({"revocations": [structs.asdict(one) for one in found], "last": last})

    async def disable(self, request: web.Request) -> web.Response:
        """Carry out Central's order: no tickets for this id until it gets a new credential."""
        actor = await self._callers.with_token(request, CENTRAL)
        body = await read_body(request, Disable)
        id_ = _target(request, body.id, "id")

        async def decide(before: Registration | None) -> RegistrationChange | None:
            return registrations.revoke(_present(before, id_), body.epoch)

        after = await self._change(id_, decide, actor)
        return answer({"id": id_, "epoch": after.epoch, "state": after.state})

    async def locate(self, request: web.Request) -> web.Response:
        """Take in where a charging point stands; of a registration that is over, nothing."""
        actor = await self._callers.with_token(request, CENTRAL)
        body = await read_body(request, Locate)
        id_ = _target(request, body.cp_id, "cp_id")

        async def decide(before: Registration | None) -> RegistrationChange | None:
            known = _present(before, id_, IdKind.CP)
            if known.number != body.registration:
                raise Refused(f"That registration of {id_} has ended.", Code.NOT_FOUND)
            return registrations.locate(known, Location(body.location))

        return answer(_described(await self._change(id_, decide, actor)))

    async def audit(self, request: web.Request) -> web.Response:
        """Tell Central, in order, who did what here, and who was refused."""
        await self._callers.with_token(request, CENTRAL)
        told = await self._store.told(_since(request), AUDIT_PAGE, _at(request))
        rows = [dict(row) for row in told.rows]
        return answer({"rows": rows, "upto": told.upto, "at": told.at, "same": told.same})

    async def anchor(self, request: web.Request) -> web.Response:
        """Keep the head of Central's audit log, and tell that of ours in return."""
        await self._callers.with_token(request, CENTRAL)
        body = await read_body(request, Anchor)
        own = await self._store.anchor(hash_chain.Head(body.n, body.hash))
        return answer({"n": own.n, "hash": own.hash})

    async def anchors(self, request: web.Request) -> web.Response:
        """Tell the heads of Central's audit log that are kept here, the oldest first."""
        await self._callers.with_token(request, CENTRAL, ADMIN)
        return answer({"anchors": [dict(row) for row in await self._store.anchors()]})

    # ---- who, what, and what was refused

    async def _change(
        self,
        id_: str,
        decide: Callable[[Registration | None], Awaitable[RegistrationChange | None]],
        actor: Requester,
    ) -> Registration:
        for _ in range(_MAX_TRIES):
            before = await self._store.find(id_)
            change = await decide(before)
            if change is None:
                # Every rule that may do nothing has seen a registration.
                return _present(before, id_)
            try:
                await self._store.save(before, change, actor)
            except Overtaken:
                continue
            log.info("%s", said(change.what, id=id_, who=because(actor.who), address=actor.address))
            return change.after
        raise Overloaded(f"Somebody else is changing {id_}. Try again.", Code.BUSY, retry_after_s=1)

    def _is_news(self, actor: Requester) -> bool:
        key = (actor.who, actor.role, actor.address)
        now = self._clock()
        until = self._seen.pop(key, now)
        if until > now:
            self._seen[key] = until
            return False
        self._seen[key] = now + _NEWS_AFTER_S
        if len(self._seen) > _MAX_SEEN:
            self._seen.popitem(last=False)
        return True


def _since(request: web.Request) -> int | None:
    since = request.query.get("since")
    if since is None:
        return None
    if not (since.isascii() and since.isdecimal() and len(since) <= 15):
        raise BadInput("since must be a whole number.", Code.FIELD)
    return int(since)


def _at(request: web.Request) -> float | None:
    at = request.query.get("at")
    if at is None:
        return None
    try:
        return float(at)
    except ValueError:
        raise BadInput("at must be a number.", Code.FIELD) from None


def _target(request: web.Request, text: str, field: str) -> str:
    id_ = check_id(text, field)
    visit(request).target = id_
    return id_


def _named(request: web.Request, body: Verify | Named | Rotate) -> tuple[IdKind, str]:
    if (body.cp_id is None) == (body.driver_id is None):
        raise BadInput("Give either cp_id or driver_id.", Code.FIELD)
    if body.cp_id is not None:
        return IdKind.CP, _target(request, body.cp_id, "cp_id")
    return IdKind.DRIVER, _target(request, body.driver_id or "", "driver_id")


def _present(found: Registration | None, id_: str, kind: IdKind | None = None) -> Registration:
    if (
        found is None
        or found.state is RegistrationState.WITHDRAWN
        or (kind is not None and found.kind is not kind)
    ):
        raise Refused(f"{id_} is not registered.", Code.NOT_FOUND)
    return found


def _described(registration: Registration) -> dict[str, Any]:
    content: dict[str, Any] = {_ID_FIELD[registration.kind]: registration.id}
    if registration.kind is IdKind.CP:
        content["location"] = registration.location.name
    return content
