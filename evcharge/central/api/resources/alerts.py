"""What needs an operator's eye, and what was solved of late."""

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers, views
from evcharge.central.api.kit.request_inputs import carried_out
from evcharge.central.api.kit.routes import OPERATORS, VIEWERS, Route
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules import alert_kinds
from evcharge.central.rules.commands import Actor, CloseAlert, TakeAlert
from evcharge.central.views import alerts as alerts_view
from evcharge.domain.errors import Code, Refused
from evcharge.http.server import answer, language_of


class AlertRoutes:
    """/api/alerts…"""

    def __init__(self, dispatcher: Dispatcher, alerts: alerts_view.Alerts) -> None:
        self._dispatcher = dispatcher
        self._alerts = alerts

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/alerts",
                handler=self.alerts,
                roles=VIEWERS,
                answers=answers.AlertsAnswer,
                summary="What is wrong now, then what was solved of late.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/alerts/{alert_id}/close",
                handler=self.close,
                roles=OPERATORS,
                answers=answers.ClosedAnswer,
                summary="Close an alert that nothing else would end.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/alerts/{alert_id}/take",
                handler=self.take,
                roles=OPERATORS,
                answers=answers.TakenAnswer,
                summary="Take an open alert: every screen names its taker until it ends.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/alerts/{alert_id}/leave",
                handler=self.leave,
                roles=OPERATORS,
                answers=answers.TakenAnswer,
                summary="Leave an open alert that was taken.",
            ),
        ]

    async def alerts(self, request: web.Request, _: Actor) -> web.Response:
        """List what is wrong now, then what was solved of late."""
        lang = language_of(request)
        return answer({"alerts": [views.alert(alert, lang) for alert in self._alerts.recent()]})

    async def close(self, request: web.Request, actor: Actor) -> web.Response:
        """Close an alert that nothing else would end."""
        alert = self._named(request)
        if alert.kind not in alert_kinds.CLOSED_BY_HAND:
            raise Refused("This alert ends when its cause does.", Code.CONFLICT)
        await carried_out(self._dispatcher, CloseAlert(by=actor, alert=alert))
        return answer({"closed": alert.id})

    async def take(self, request: web.Request, actor: Actor) -> web.Response:
        """Take an open alert for its caller."""
        return await self._taken(request, actor, taken=True)

    async def leave(self, request: web.Request, actor: Actor) -> web.Response:
        """Leave an open alert."""
        return await self._taken(request, actor, taken=False)

    async def _taken(self, request: web.Request, actor: Actor, *, taken: bool) -> web.Response:
        alert = self._named(request)
        decision = await carried_out(self._dispatcher, TakeAlert(by=actor, alert=alert, taken=taken))
        now = self._alerts.named(alert.id) or alert
        return answer({"alert": views.alert(now, language_of(request)), "changed": not decision.is_empty})

    def _named(self, request: web.Request) -> alert_kinds.Alert:
        alert = self._alerts.named(request.match_info["alert_id"])
        if alert is None:
            raise Refused("There is no open alert with that id.", Code.NOT_FOUND)
        return alert
