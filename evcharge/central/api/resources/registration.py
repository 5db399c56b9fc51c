"""Who may take part: the Registry's list beside Central's facts, and the Registry's orders, through Central."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct, structs

from evcharge.central.api.kit import member_answers
from evcharge.central.api.kit.request_inputs import body_of
from evcharge.central.api.kit.routes import ADMINS, VIEWERS, Handler, Route
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import CENTRAL, Actor, Note
from evcharge.central.services.registry_accounts import Registrar
from evcharge.domain.errors import BadInput, Code, EvchargeError, Overloaded, ProtocolError, Refused
from evcharge.domain.events import RegistrationChanged
from evcharge.domain.ids import CpId, DriverId, check_id, typed_id
from evcharge.domain.journal_records import Text
from evcharge.http import registry_client
from evcharge.http.server import answer, language_of
from evcharge.joining.joining import Made
from evcharge.labels.command_errors import translated
from evcharge.security import secret_files

Kind = Literal["cp", "driver"]
Ask = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
# Makes the token of an invitation for (kind, id, location, language); the Registry is asked by the given function.
Invite = Callable[[Ask, Kind, str, str, str], Awaitable[Made]]
FRESH_S = 30.0
_FIELD: dict[Kind, str] = {"cp": "cp_id", "driver": "driver_id"}


class NewRegistration(Struct, forbid_unknown_fields=True):
    """A charging point or driver that may take part from now on."""

    kind: Kind
    id: str
    location: Text = ""


class _Listed(Struct, kw_only=True):
    state: str
    epoch: int
    registration: int = 0
    registered_at: int


class _Cp(_Listed, kw_only=True):
    cp_id: str
    location: str


class _Driver(_Listed, kw_only=True):
    driver_id: str


class _List(Struct):
    cps: list[_Cp]
    drivers: list[_Driver]


class RegistrationRoutes:
    """/api/registrations…"""

    def __init__(self, dispatcher: Dispatcher, registrar: Registrar, invite: Invite) -> None:
        self._dispatcher = dispatcher
        self._registrar = registrar
        self._invite = invite
        # By kind and id, as the Registry said last.
        self._known: dict[Kind, dict[str, dict[str, object]]] = {"cp": {}, "driver": {}}

    def routes(self) -> list[Route]:
        """Return the routes of this room."""

        def order(what: str, handler: Handler, summary: str) -> Route:
            path = f"/api/registrations/{{id}}/{what}"
            return Route(
                method=hdrs.METH_POST,
                path=path,
                handler=handler,
                roles=ADMINS,
                answers=member_answers.RegistrationAnswer,
                summary=summary,
            )

        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/registrations",
                handler=self.registrations,
                roles=VIEWERS,
                answers=member_answers.RegistrationsAnswer,
                summary="Every charging point and driver that is registered, and how it is here.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/registrations",
                handler=self.register,
                roles=ADMINS,
                body=NewRegistration,
                answers=member_answers.NewRegistrationAnswer,
                status=201,
                summary="Register one: its credential and the token of evcharge join are shown this one time.",
            ),
            order("activate", self.activate, "Let it take part again."),
            order("deactivate", self.deactivate, "Give it no more tickets; those it has are void."),
            order(
                "rotate",
                self.rotate,
                "Replace its credential: the new one and the token of evcharge join are shown this one time.",
            ),
            Route(
                method=hdrs.METH_DELETE,
                path="/api/registrations/{id}",
                handler=self.withdraw,
                roles=ADMINS,
                answers=member_answers.WithdrawnAnswer,
                summary="Take it out of the network.",
            ),
        ]

    async def registrations(self, _request: web.Request, actor: Actor) -> web.Response:
        """List the Registry's charging points and drivers, joined with what Central knows of them."""
        await self.refresh(actor)
        return answer(
            {
                "cps": [row | self._point(CpId(name)) for name, row in self._known["cp"].items()],
                "drivers": [
                    row | self._driver(DriverId(name)) for name, row in self._known["driver"].items()
                ],
            }
        )

    async def register(self, request: web.Request, actor: Actor) -> web.Response:
        """Register a new id. Its credential and its join token are two ways to the same: one is enough."""
        body = await body_of(request, NewRegistration)
        id_ = typed_id(body.id)
        body = structs.replace(body, id=id_)
        if body.kind == "driver" and body.location:
            raise BadInput("A driver has no location.")
        # Made here: asked for again after a lost answer, it is the same one.
        credential = secret_files.new_secret()
        given = {_FIELD[body.kind]: id_, "credential": credential}
        if body.kind == "cp":
            given["location"] = body.location
        await self._order(actor, ("POST", f"/register/{body.kind}", given), body.kind, id_, "registered")
        token, mind = await self._join_token(request, actor, body.kind, id_, body.location)
        return answer(
            {
                "id": id_,
                "kind": body.kind,
                "credential": credential,
                "join_token": token,
                "mind": mind,
            },
            201,
        )

    async def _join_token(
        self, request: web.Request, actor: Actor, kind: Kind, id_: str, location: str
    ) -> tuple[str | None, list[str]]:
        lang = language_of(request)

        async def ask(wanted: dict[str, Any]) -> dict[str, Any]:
            return await self._registrar.ask(actor, "POST", "/v1/invitations", wanted)

        try:
            made = await self._invite(ask, kind, id_, location, lang)
        except EvchargeError as problem:
            # It is done, and its credential is shown this one time: that must not be lost over a token.
            return None, [translated(problem.text, lang)]
        return made.token, made.doubts

    async def activate(self, request: web.Request, actor: Actor) -> web.Response:
        """Let a deactivated id take part again."""
        return answer(await self._switch(request, actor, "activate", "activated"))

    async def deactivate(self, request: web.Request, actor: Actor) -> web.Response:
        """Give an id no more tickets."""
        return answer(await self._switch(request, actor, "deactivate", "deactivated"))

    async def rotate(self, request: web.Request, actor: Actor) -> web.Response:
        """Replace a credential. As with a new registration, a join token is another way to the same."""
        content = await self._switch(request, actor, "rotate", "rotated")
        kind: Kind = content["kind"]
        known = self._known[kind].get(content["id"], {})
        location = str(known.get("location", ""))
        token, mind = await self._join_token(request, actor, kind, content["id"], location)
        return answer(content | {"join_token": token, "mind": mind})

    async def withdraw(self, request: web.Request, actor: Actor) -> web.Response:
        """Take an id out of the network."""
        kind, id_ = await self._named(request, actor)
        await self._order(actor, ("DELETE", f"/register/{kind}/{id_}", None), kind, id_, "withdrawn")
        return answer({"id": id_, "kind": kind})

    async def _switch(self, request: web.Request, actor: Actor, verb: str, what: str) -> dict[str, Any]:
        kind, id_ = await self._named(request, actor)
        done = await self._order(actor, ("POST", f"/{verb}", {_FIELD[kind]: id_}), kind, id_, what)
        content = {"id": id_, "kind": kind, "state": done.get("state"), "epoch": done.get("epoch")}
        return content | ({"credential": done["password"]} if "password" in done else {})

    async def _order(
        self, actor: Actor, call: tuple[str, str, dict[str, Any] | None], kind: Kind, id_: str, what: str
    ) -> dict[str, Any]:
        method, path, body = call
        content = await self._registrar.ask(actor, method, path, body)
        self._dispatcher.post(
            Note(
                by=actor,
                event=RegistrationChanged(
                    what=what,
                    cp_id=CpId(id_) if kind == "cp" else None,
                    driver_id=DriverId(id_) if kind == "driver" else None,
                ),
            )
        )
        return content

    async def _named(self, request: web.Request, actor: Actor) -> tuple[Kind, str]:
        id_ = check_id(request.match_info["id"], "id")
        await self.refresh(actor)
        for kind, rows in self._known.items():
            if id_ in rows:
                return kind, id_
        raise Refused(f"{id_} is not registered.", Code.NOT_FOUND)

    # ---- what is known

    def of_point(self, cp_id: CpId) -> dict[str, object] | None:
        """Return what the Registry said last of a charging point, or None."""
        return self._known["cp"].get(cp_id)

    def of_driver(self, driver_id: DriverId) -> int:
        """Return which registration of its id a driver is now, as far as Central or the Registry have said.

        Raises Refused for the id of a charging point, and of a driver that was withdrawn.
        """
        facts, name = self._dispatcher.facts, driver_id
        if facts.point(CpId(name)) is not None or name in self._known["cp"]:
            raise Refused(f"{name} is a charging point, not a driver.", Code.CONFLICT)
        driver, listed = facts.driver(driver_id), self._known["driver"].get(driver_id)
        here = driver.registration if driver is not None else 0
        there = listed["registration"] if listed is not None else None
        number = max(here, there) if isinstance(there, int) else here
        if driver is not None and driver.withdrawn and number == here:
            raise Refused(f"{name} was withdrawn: register it again first.", Code.CONFLICT)
        return number

    def ids(self) -> Iterator[str]:
        """Yield every id of a charging point or driver that is known here or at the Registry."""
        facts = self._dispatcher.facts
        yield from (point.cp_id for point in facts.points())
        yield from (driver.driver_id for driver in facts.drivers())
        for rows in self._known.values():
            yield from rows

    async def keep_fresh(self) -> None:
        """Ask the Registry now and then, for ever: `of_point` is for those who cannot wait."""
        while True:
            # Whether it answers at all is the link's to tell.
            with contextlib.suppress(EvchargeError):
                await self.refresh(CENTRAL)
            await asyncio.sleep(FRESH_S)

    async def refresh(self, actor: Actor) -> None:
        """Ask the Registry for its list. Raises what Registrar.ask raises."""
        try:
            content = await registry_client.listed(lambda path: self._registrar.ask(actor, "GET", path))
            listed = msgspec.convert(content, _List)
        except (msgspec.ValidationError, ProtocolError):
            raise Overloaded("What answers there is not a Registry.", Code.UNREACHABLE) from None
        self._known = {
            "cp": {row.cp_id: _row(row) for row in listed.cps},
            "driver": {row.driver_id: _row(row) for row in listed.drivers},
        }

    def _point(self, cp_id: CpId) -> dict[str, object]:
        point = self._dispatcher.facts.point(cp_id)
        if point is None:
            return {"status": None, "key": "unknown"}
        key = "revoked" if point.revoked else "ok" if point.journal_id is not None else "unknown"
        return {"status": point.status, "key": key}

    def _driver(self, driver_id: DriverId) -> dict[str, object]:
        driver = self._dispatcher.facts.driver(driver_id)
        if driver is None:
            return {"status": None, "key": "unknown"}
        barred = driver.blocked or driver.barred
        status = "Blocked" if barred else "Connected" if driver.link is not None else "Away"
        return {"status": status, "key": "revoked" if driver.blocked else "ok"}


def _row(row: "_Cp | _Driver") -> dict[str, object]:
    content: dict[str, object] = structs.asdict(row)
    at = datetime.fromtimestamp(row.registered_at, UTC)
    return content | {"registered_at": at.isoformat(timespec="seconds")}
