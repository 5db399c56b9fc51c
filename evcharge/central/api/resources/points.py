"""Charging points: how each one is, and an operator's orders to it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge import labels
from evcharge.central.api.kit import answers, views
from evcharge.central.api.kit.location_names import LocationName
from evcharge.central.api.kit.past_lines import PastLines
from evcharge.central.api.kit.request_inputs import MAX_PAGE, body_of, carried_out, limit_of
from evcharge.central.api.kit.routes import ADMINS, DRIVERS, OPERATORS, VIEWERS, Handler, Parameter, Route
from evcharge.central.books.archive import Archive, StatusSpan
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.rules.commands import (
    Actor,
    AnyCommand,
    LiftHold,
    MovePoint,
    PlaceHold,
    RevokeKeys,
    SetPrice,
)
from evcharge.central.rules.decision import Decision
from evcharge.domain import events
from evcharge.domain.billing import SURE_PRICE_CENTI_CENTS, parse_price, price_text
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.errors import BadInput, Code, Refused
from evcharge.domain.ids import CpId, Role, check_id
from evcharge.domain.location import Location
from evcharge.domain.session import Session
from evcharge.http.server import answer, language_of
from evcharge.labels.causes import beside
from evcharge.runtime.clock import Clock

_SHOWN = timedelta(hours=24)
_LIMIT = Parameter(
    "limit",
    f"How many at most; {MAX_PAGE} when not given.",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
)
_AFTER = Parameter("after", "The `next` of the page before.")


class PointChange(Struct, forbid_unknown_fields=True):
    """What is to change: a price per kWh, such as "0.30"; a location."""

    price: Annotated[str, Meta(max_length=20)] | None = None
    location: LocationName | None = None
    confirm: bool = False


class PointRoutes:
    """/api/cps…"""

    def __init__(
        self,
        dispatcher: Dispatcher,
        feed: Feed,
        archive: Archive,
        lines: PastLines,
        clock: Clock,
        registration: Callable[[CpId], dict[str, object] | None] = lambda _: None,
    ) -> None:
        self._dispatcher = dispatcher
        self._feed = feed
        self._archive = archive
        self._lines = lines
        self._clock = clock
        # What the Registry said of a charging point when it was last asked.
        self._registration = registration
        self._known: dict[CpId, tuple[ChargingPoint, Session | None, Live | None, msgspec.Raw]] = {}

    def routes(self) -> list[Route]:
        """Return the routes of this room."""

        def order(path: str, handler: Handler, summary: str) -> Route:
            return Route(
                method=hdrs.METH_POST,
                path=path,
                handler=handler,
                roles=OPERATORS,
                answers=answers.OrderAnswer,
                summary=summary,
            )

        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/cps",
                handler=self.points,
                roles=VIEWERS | DRIVERS,
                query=(_LIMIT, _AFTER),
                answers=(answers.PointsAnswer, answers.FreePointsAnswer),
                summary="Charging points as they are now, by id.",
            ),
            order("/api/cps/out", self.all_out, "Withhold every charging point."),
            order("/api/cps/resume", self.all_resume, "Lift the operator's hold of every charging point."),
            Route(
                method=hdrs.METH_GET,
                path="/api/cps/{cp_id}",
                handler=self.point,
                roles=VIEWERS,
                answers=answers.PointAnswer,
                summary="One charging point, with its last 24 hours.",
            ),
            Route(
                method=hdrs.METH_PATCH,
                path="/api/cps/{cp_id}",
                handler=self.change,
                roles=ADMINS,
                body=PointChange,
                answers=answers.OrderAnswer,
                summary="Change the price or the location. A running session keeps the price it began with.",
            ),
            order("/api/cps/{cp_id}/out", self.out, "Withhold one charging point; its session ends."),
            order("/api/cps/{cp_id}/resume", self.resume, "Lift the operator's hold, and no other."),
            order("/api/cps/{cp_id}/revoke", self.revoke, "Withdraw the keys of one charging point."),
        ]

    async def points(self, request: web.Request, actor: Actor) -> web.Response:
        """List a page of charging points as they are now; to a driver, only what it may know."""
        limit, after = limit_of(request.query, MAX_PAGE), request.query.get("after", "")
        if after:
            check_id(after, "after")
        found = self._dispatcher.facts.points_after(after, limit + 1)
        points, more = found[:limit], found[limit - 1].cp_id if len(found) > limit else None
        if actor.role is Role.DRIVER:
            return answer({"cps": [views.free_point(point) for point in points], "next": more})
        return answer({"cps": [self._encoded(point) for point in points], "next": more})

    async def point(self, request: web.Request, _: Actor) -> web.Response:
        """Show one charging point, with its last 24 hours."""
        point = self._point(request, withdrawn=True)
        history = await self._archive.history(point.cp_id, self._clock() - _SHOWN)
        series = await self._lines.point(point.cp_id)
        return answer(
            {
                **self._described(point),
                "withdrawn": point.withdrawn,
                "country": views.country(point.location, self._dispatcher.facts.weather(point.location)),
                "registration": self._registration(point.cp_id),
                "key": "revoked" if point.revoked else "ok" if point.journal_id is not None else "unknown",
                "history": [asdict(change) for change in history],
                "faults": beside(_faults(history), language_of(request)),
                "power": series.power,
                "temperature": series.temperature,
            }
        )

    async def change(self, request: web.Request, actor: Actor) -> web.Response:
        """Change the price or the location of one charging point."""
        cp_id = self._point(request).cp_id
        body = await body_of(request, PointChange)
        orders: list[AnyCommand] = []
        if body.price is not None:
            price = parse_price(body.price)
            if price > SURE_PRICE_CENTI_CENTS and not body.confirm:
                most = price_text(SURE_PRICE_CENTI_CENTS)
                text = f"{price_text(price)} €/kWh is more than {most} €/kWh: is that right?"
                raise Refused(labels.told(text), Code.CONFIRM)
            orders.append(SetPrice(by=actor, cp_id=cp_id, price_centi_cents_per_kwh=price))
        if body.location is not None:
            orders.append(MovePoint(by=actor, cp_id=cp_id, location=Location.checked(body.location)))
        if not orders:
            raise BadInput("Give price, location or both.")
        happened: list[events.Event] = []
        for order in orders:
            happened += (await carried_out(self._dispatcher, order)).events
        changed = any(isinstance(event, events.PriceChanged | events.PointMoved) for event in happened)
        ended = sum(isinstance(event, events.StopOrdered) for event in happened)
        return answer({"changed": int(changed), "ended": ended, "cp": self._described(self._existing(cp_id))})

    async def out(self, request: web.Request, actor: Actor) -> web.Response:
        """Withhold one charging point; its session ends."""
        return await self._hold(request, actor, self._point(request).cp_id)

    async def all_out(self, request: web.Request, actor: Actor) -> web.Response:
        """Withhold every charging point."""
        return await self._hold(request, actor, None)

    async def _hold(self, request: web.Request, actor: Actor, cp_id: CpId | None) -> web.Response:
        command = PlaceHold(by=actor, cp_id=cp_id, hold=Hold.OPERATOR)
        return self._done(request, await carried_out(self._dispatcher, command), events.HoldPlaced, cp_id)

    async def resume(self, request: web.Request, actor: Actor) -> web.Response:
        """Lift the operator's hold of one charging point, and no other."""
        return await self._lift(request, actor, self._point(request).cp_id)

    async def all_resume(self, request: web.Request, actor: Actor) -> web.Response:
        """Lift the operator's hold of every charging point."""
        return await self._lift(request, actor, None)

    async def _lift(self, request: web.Request, actor: Actor, cp_id: CpId | None) -> web.Response:
        command = LiftHold(by=actor, cp_id=cp_id, hold=Hold.OPERATOR)
        return self._done(request, await carried_out(self._dispatcher, command), events.HoldLifted, cp_id)

    async def revoke(self, request: web.Request, actor: Actor) -> web.Response:
        """Withdraw the keys of one charging point."""
        point = self._point(request)
        decision = await carried_out(self._dispatcher, RevokeKeys(by=actor, subject=point.cp_id))
        return self._done(request, decision, events.KeyRevoked, point.cp_id)

    def _done(
        self, request: web.Request, decision: Decision, kind: type[events.Event], cp_id: CpId | None
    ) -> web.Response:
        """Say how many charging points changed, how many sessions end by it, and who is still out."""
        content: dict[str, object] = {
            "changed": sum(isinstance(event, kind) for event in decision.events),
            "ended": sum(isinstance(event, events.StopOrdered) for event in decision.events),
            "stored": decision.stored,
        }
        points = list(self._dispatcher.facts.points()) if cp_id is None else [self._existing(cp_id)]
        if kind is events.HoldLifted:
            still = {point.cp_id: views.still_out(point) for point in points if views.still_out(point)}
            content["still_out"] = still
            content["causes"] = views.still_out_beside(points, language_of(request))
            content["text"] = " ".join(
                f"{name} is still out: {why}." for name, why in sorted(still.items())[:20]
            )
        if cp_id is not None:
            content["cp"] = self._described(points[0])
        return answer(content)

    def _point(self, request: web.Request, *, withdrawn: bool = False) -> ChargingPoint:
        return self._existing(CpId(check_id(request.match_info["cp_id"], "cp_id")), withdrawn=withdrawn)

    def _existing(self, cp_id: CpId, *, withdrawn: bool = False) -> ChargingPoint:
        point = self._dispatcher.facts.point(cp_id)
        if point is None:
            raise Refused(f"{cp_id} does not exist: Central has never heard of it.", Code.NOT_FOUND)
        if point.withdrawn and not withdrawn:
            raise Refused(f"{cp_id} was withdrawn: register it again first.", Code.NOT_FOUND)
        return point

    def _described(self, point: ChargingPoint) -> dict[str, object]:
        session = self._session_of(point)
        return views.point(point, session, self._feed.live.get(point.cp_id))

    def _encoded(self, point: ChargingPoint) -> msgspec.Raw:
        """Return what `_described` says, encoded; what has not changed since the last time is not encoded again."""
        session, live = self._session_of(point), self._feed.live.get(point.cp_id)
        known = self._known.get(point.cp_id)
        if known is not None and known[0] is point and known[1] is session and known[2] is live:
            return known[3]
        encoded = msgspec.Raw(msgspec.json.encode(views.point(point, session, live)))
        self._known[point.cp_id] = (point, session, live, encoded)
        return encoded

    def _session_of(self, point: ChargingPoint) -> Session | None:
        return self._dispatcher.facts.session(point.session_id) if point.session_id is not None else None


def _faults(history: Iterable[StatusSpan]) -> Iterator[str]:
    return (change.reason for change in history if change.status == CpStatus.FAULTED)
