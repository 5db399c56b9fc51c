"""What Central answers over HTTP: operators look, and order. Bodies are checked by `https`, rules by `network`.

Plain HTTP on loopback, HTTPS anywhere else, and a bearer token always. Charging never depends on any of this.
"""

import asyncio
import hmac
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge import events
from evcharge.central import api_views as views
from evcharge.central.alerts import CLOSED_BY_HAND, Alerts
from evcharge.central.archive import STATES, Archive
from evcharge.central.commands import Actor, AnyCommand, LiftHold, Note, PlaceHold, RevokeKeys, TopUp
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.refusals import Refusals
from evcharge.central.ruling import Decision
from evcharge.charging_point import ChargingPoint, Hold
from evcharge.errors import AuthenticationError, BadInput, Code, Overloaded, ProtocolError, Refused
from evcharge.https import answer, application, read_body
from evcharge.ids import CpId, DriverId, Role, check_id
from evcharge.session import Session

log = logging.getLogger(__name__)

OPERATOR = "operator"
MAX_PAGE, PAGE = 1000, 100
# How long an order may take; it is carried out all the same afterwards.
_PATIENCE_S = 10.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Nothing(Struct, forbid_unknown_fields=True):
    """The body of a POST that says everything in its address."""


class _TopUp(Struct, forbid_unknown_fields=True):
    cents: Annotated[int, Meta(ge=1, le=10**12)]
    reference: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:-]{1,64}\Z")]


T = TypeVar("T", bound=Struct)
Handler = Callable[[web.Request, Actor], Awaitable[web.StreamResponse]]


class Api:
    """The handlers. `names` are the host names, beside loopback, under which Central may be addressed."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        archive: Archive,
        feed: Feed,
        alerts: Alerts,
        refusals: Refusals,
        token: str,
        names: Sequence[str] = (),
    ) -> None:
        self._dispatcher = dispatcher
        self._archive = archive
        self._feed = feed
        self._alerts = alerts
        self._refusals = refusals
        self._token = token.encode()
        self._names = {name.lower() for name in (*_LOOPBACK, socket.gethostname(), *names)}

    def application(self) -> web.Application:
        """Return the application with every route."""
        get, post = hdrs.METH_GET, hdrs.METH_POST
        table: list[tuple[str, str, Handler]] = [
            (get, "/api/cps", self.points),
            (post, "/api/cps/out", self.all_out),
            (post, "/api/cps/resume", self.all_resume),
            (get, "/api/cps/{cp_id}", self.point),
            (post, "/api/cps/{cp_id}/out", self.out),
            (post, "/api/cps/{cp_id}/resume", self.resume),
            (post, "/api/cps/{cp_id}/revoke", self.revoke),
            (get, "/api/sessions", self.sessions),
            (get, "/api/tickets", self.tickets),
            (get, "/api/drivers", self.drivers),
            (post, "/api/drivers/{driver_id}/top-up", self.top_up),
            (get, "/api/alerts", self.alerts),
            (post, "/api/alerts/{alert_id}/close", self.close_alert),
            (get, "/api/events", self.events),
        ]
        routes = [web.route(method, path, self._guarded(handler)) for method, path, handler in table]
        return application(routes, self._refused)

    # ---- who may

    def _guarded(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            self._check_host(request)
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            given = token.strip().encode("utf-8", "surrogateescape")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
                raise AuthenticationError(
                    "This needs the operator's token: send the header Authorization: Bearer <token>.",
                    Code.CREDENTIAL,
                )
            return await handler(request, Actor(OPERATOR, Role.OPERATOR, _address(request)))

        return guarded

    def _check_host(self, request: web.Request) -> None:
        # A page in somebody's browser may have made its own name lead here (DNS rebinding).
        name = (
            request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
        )
        name = name.removeprefix("[").removesuffix("]").lower()
        if name in self._names or name == _own_address(request):
            return
        raise AuthenticationError(
            f"This Central is not called {ascii(name)[1:-1][:80]}: add the name to [registry] names.",
            Code.ROLE,
        )

    async def _refused(self, request: web.Request, code: str) -> None:
        if code in (Code.CREDENTIAL, Code.ROLE):
            what = f"{request.method} {request.path}"[:100]
            problem = AuthenticationError(f"Central's API: {ascii(what)[1:-1]}", Code(code))
            self._refusals.login(OPERATOR, Role.OPERATOR, _address(request), problem)

    # ---- charging points

    async def points(self, request: web.Request, _: Actor) -> web.Response:
        """List every charging point as it is now."""
        _query(request)
        points = sorted(self._dispatcher.facts.points(), key=lambda point: point.cp_id)
        return answer({"cps": [self._described(point) for point in points]})

    async def point(self, request: web.Request, _: Actor) -> web.Response:
        """Show one charging point."""
        _query(request)
        return answer(self._described(self._point(request)))

    async def out(self, request: web.Request, actor: Actor) -> web.Response:
        """Withhold one charging point; its session ends."""
        return await self._hold(request, actor, self._point(request).cp_id)

    async def all_out(self, request: web.Request, actor: Actor) -> web.Response:
        """Withhold every charging point."""
        return await self._hold(request, actor, None)

    async def _hold(self, request: web.Request, actor: Actor, cp_id: CpId | None) -> web.Response:
        await _no_body(request)
        decision = await self._do(PlaceHold(by=actor, cp_id=cp_id, hold=Hold.OPERATOR))
        return self._done(decision, events.HoldPlaced, cp_id)

    async def resume(self, request: web.Request, actor: Actor) -> web.Response:
        """Lift the operator's hold of one charging point, and no other."""
        return await self._lift(request, actor, self._point(request).cp_id)

    async def all_resume(self, request: web.Request, actor: Actor) -> web.Response:
        """Lift the operator's hold of every charging point."""
        return await self._lift(request, actor, None)

    async def _lift(self, request: web.Request, actor: Actor, cp_id: CpId | None) -> web.Response:
        await _no_body(request)
        decision = await self._do(LiftHold(by=actor, cp_id=cp_id, hold=Hold.OPERATOR))
        return self._done(decision, events.HoldLifted, cp_id)

    async def revoke(self, request: web.Request, actor: Actor) -> web.Response:
        """Withdraw the keys of one charging point."""
        point = self._point(request)
        await _no_body(request)
        decision = await self._do(RevokeKeys(by=actor, subject=point.cp_id))
        return self._done(decision, events.KeyRevoked, point.cp_id)

    def _done(self, decision: Decision, kind: type[events.Event], cp_id: CpId | None) -> web.Response:
        """Say how many charging points changed, how many sessions end by it, and who is still out."""
        content: dict[str, object] = {
            "changed": sum(isinstance(event, kind) for event in decision.events),
            "ended": sum(isinstance(event, events.StopOrdered) for event in decision.events),
        }
        points = list(self._dispatcher.facts.points()) if cp_id is None else [self._existing(cp_id)]
        if kind is events.HoldLifted:
            still = {point.cp_id: views.still_out(point) for point in points if views.still_out(point)}
            content["still_out"] = still
            content["text"] = " ".join(
                f"{name} is still out: {why}." for name, why in sorted(still.items())[:20]
            )
        if cp_id is not None:
            content["cp"] = self._described(points[0])
        return answer(content)

    def _point(self, request: web.Request) -> ChargingPoint:
        return self._existing(CpId(check_id(request.match_info["cp_id"], "cp_id")))

    def _existing(self, cp_id: CpId) -> ChargingPoint:
        point = self._dispatcher.facts.point(cp_id)
        if point is None:
            raise Refused(f"{cp_id} does not exist: Central has never heard of it.", Code.NOT_FOUND)
        return point

    def _described(self, point: ChargingPoint) -> dict[str, object]:
        session = self._session_of(point)
        return views.point(point, session, self._feed.live.get(point.cp_id))

    def _session_of(self, point: ChargingPoint) -> Session | None:
        return self._dispatcher.facts.session(point.session_id) if point.session_id is not None else None

    # ---- sessions, tickets, drivers

    async def sessions(self, request: web.Request, _: Actor) -> web.Response:
        """List sessions, the newest first; `next` continues the list."""
        query = _query(request, "state", "driver_id", "cp_id", "limit", "before")
        state = query.get("state", "").lower()
        if state and state not in STATES:
            raise BadInput(f"state must be one of: {', '.join(STATES)}.")
        rows, more = await self._archive.sessions(state=state, **_page(query))
        return answer({"sessions": [views.session(row, self._feed.live) for row in rows], "next": more})

    async def tickets(self, request: web.Request, _: Actor) -> web.Response:
        """List tickets, the newest first; `next` continues the list."""
        rows, more = await self._archive.tickets(
            **_page(_query(request, "driver_id", "cp_id", "limit", "before"))
        )
        return answer({"tickets": [views.ticket(row) for row in rows], "next": more})

    async def drivers(self, request: web.Request, _: Actor) -> web.Response:
        """List drivers by id, with their wallets. Nothing personal is known of them."""
        _query(request)
        drivers = sorted(self._dispatcher.facts.drivers(), key=lambda driver: driver.driver_id)
        return answer({"drivers": [views.driver(driver) for driver in drivers]})

    async def top_up(self, request: web.Request, actor: Actor) -> web.Response:
        """Put money into a wallet. The same reference again changes nothing and gets the same answer."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        body = await _body(request, _TopUp)
        if self._dispatcher.facts.driver(driver_id) is None:
            raise Refused(f"Driver {driver_id} is unknown here.", Code.NOT_FOUND)
        repeated = await self._counted(driver_id, body)
        if not repeated:
            command = TopUp(by=actor, driver_id=driver_id, cents=body.cents, reference=body.reference)
            try:
                await self._do(command)
            except Refused:
                # Two calls at once: the books took one of them.
                repeated = await self._counted(driver_id, body)
                if not repeated:
                    raise
        driver = self._dispatcher.facts.driver(driver_id)
        balance_cents = driver.balance_cents if driver is not None else 0
        return answer(
            {
                "driver_id": driver_id,
                "cents": body.cents,
                "reference": body.reference,
                "balance_cents": balance_cents,
                "repeated": repeated,
            }
        )

    async def _counted(self, driver_id: DriverId, body: _TopUp) -> bool:
        found = await self._archive.top_up(body.reference)
        if found is not None and found != (driver_id, body.cents):
            raise Refused("That reference belongs to another top-up: choose a new one.", Code.CONFLICT)
        return found is not None

    # ---- alerts and audit

    async def alerts(self, request: web.Request, _: Actor) -> web.Response:
        """List what is wrong now, then what was solved of late."""
        _query(request)
        return answer({"alerts": [views.alert(alert) for alert in self._alerts.recent()]})

    async def close_alert(self, request: web.Request, actor: Actor) -> web.Response:
        """Close an alert that nothing else would end."""
        await _no_body(request)
        alert = self._alerts.named(request.match_info["alert_id"])
        if alert is None:
            raise Refused("There is no open alert of that id.", Code.NOT_FOUND)
        if alert.kind not in CLOSED_BY_HAND:
            raise Refused("This alert ends when its cause does.", Code.CONFLICT)
        await self._do(Note(by=actor, event=events.AlertClosed(alert_id=alert.id)))
        return answer({"closed": alert.id})

    async def events(self, request: web.Request, _: Actor) -> web.Response:
        """List rows of the audit log, oldest first: those after number `after`, else the last ones."""
        query = _query(request, "after", "limit")
        after = _whole(query, "after", 10**15) if "after" in query else None
        rows = await self._archive.events(limit=_limit(query), after=after)
        return answer({"events": [views.event(row) for row in rows]})

    async def _do(self, command: AnyCommand) -> Decision:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._dispatcher.post(command)
        except TimeoutError:
            raise Overloaded("Central is busy: ask later whether it was done.", Code.BUSY, 10) from None


# ---- what came in


async def _no_body(request: web.Request) -> None:
    _query(request)
    if request.body_exists:
        await _body(request, _Nothing)


async def _body(request: web.Request, kind: type[T]) -> T:
    try:
        return await read_body(request, kind)
    except ProtocolError as problem:
        raise BadInput(problem.text) from None


def _query(request: web.Request, *known: str) -> dict[str, str]:
    """Return the query's parameters. Raises BadInput for an unknown, repeated or unprintable one."""
    query = request.query
    for name in query:
        if name not in known:
            allowed = f"this address takes {', '.join(known)}" if known else "this address takes none"
            raise BadInput(f"Unknown parameter {ascii(name)[1:-1][:40]}: {allowed}.")
        if len(query.getall(name)) > 1:
            raise BadInput(f"{name} is given twice.")
    return dict(query)


def _page(query: dict[str, str]) -> dict[str, Any]:
    for name in ("driver_id", "cp_id"):
        if name in query:
            check_id(query[name], name)
    return {
        "limit": _limit(query),
        "driver_id": query.get("driver_id", ""),
        "cp_id": query.get("cp_id", ""),
        "before": query.get("before", ""),
    }


def _limit(query: dict[str, str]) -> int:
    limit = _whole(query, "limit", MAX_PAGE) if "limit" in query else PAGE
    if limit == 0:
        raise BadInput(f"limit must be a whole number from 1 to {MAX_PAGE}.")
    return limit


def _whole(query: dict[str, str], name: str, most: int) -> int:
    text = query[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= most):
        raise BadInput(f"{name} must be a whole number from 0 to {most}.")
    return int(text)


def _address(request: web.Request) -> str:
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "unknown:0"


def _own_address(request: web.Request) -> str:
    """Return the address that the connection came in at: nobody's name server can lie about that."""
    own = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return str(own[0]) if isinstance(own, tuple) else ""


def is_loopback(host: str) -> bool:
    """Return whether `host` can be reached from this computer only."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"
