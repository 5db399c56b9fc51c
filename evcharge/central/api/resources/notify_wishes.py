"""Where a driver wants to be told that its car is full."""

from typing import Annotated

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge.central.api.kit import member_answers
from evcharge.central.api.kit.request_inputs import body_of
from evcharge.central.api.kit.routes import DRIVERS, Route
from evcharge.central.api.resources.driver_visits import registration_of, welcome
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor
from evcharge.central.services.notifier import Notifier
from evcharge.domain.errors import BadInput
from evcharge.http.server import answer, language_of

# A mail address, or a topic on the network's own ntfy: nobody makes Central call an address of its choice.
_TO = r"\A([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}|[A-Za-z0-9_-]{8,64})?\Z"


class NotifyWish(Struct, forbid_unknown_fields=True):
    """Where: a mail address, or a topic of ntfy; "": nowhere. It is told in the language of Accept-Language."""

    to: Annotated[str, Meta(pattern=_TO)]


class NotifyRoutes:
    """/api/me/notify"""

    def __init__(self, dispatcher: Dispatcher, notifier: Notifier) -> None:
        self._dispatcher = dispatcher
        self._notifier = notifier

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/me/notify",
                handler=self.wish,
                roles=DRIVERS,
                answers=member_answers.NotifyAnswer,
                summary="Where the driver is told that its car is full, and which ways there are.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/me/notify",
                handler=self.set_wish,
                roles=DRIVERS,
                body=NotifyWish,
                answers=member_answers.NotifyAnswer,
                summary="Tell the driver there that its car is full: by mail, or a topic of ntfy; empty: no more.",
            ),
        ]

    async def wish(self, _request: web.Request, actor: Actor) -> web.Response:
        """Show it."""
        return await self._shown(actor)

    async def set_wish(self, request: web.Request, actor: Actor) -> web.Response:
        """Keep it."""
        to = (await body_of(request, NotifyWish)).to
        if to and self._notifier.way_to(to) is None:
            raise BadInput("This network does not send that: ask its operator, or leave it empty.")
        driver_id = await welcome(self._dispatcher, actor)
        registration = registration_of(self._dispatcher, driver_id)
        self._notifier.set_wish(driver_id, registration, to, language_of(request))
        # What is answered is kept.
        await self._notifier.finish()
        return await self._shown(actor)

    async def _shown(self, actor: Actor) -> web.Response:
        driver_id = await welcome(self._dispatcher, actor)
        to = self._notifier.wish(driver_id, registration_of(self._dispatcher, driver_id))
        ways = sorted(name for name in self._notifier.ways if name != "webhook")
        return answer({"to": to, "ways": ways})
