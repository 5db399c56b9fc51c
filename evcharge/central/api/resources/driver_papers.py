"""What a driver gets on paper: a charge of its own in full, and the statement of a month."""

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers, member_answers, views
from evcharge.central.api.kit.date_ranges import MONTH, month, month_text
from evcharge.central.api.kit.request_inputs import MAX_PAGE
from evcharge.central.api.kit.routes import DRIVERS, VIEWERS, Route
from evcharge.central.api.resources.driver_visits import registration_of, welcome
from evcharge.central.api.resources.sessions import Sessions
from evcharge.central.books.archive import Archive, ListPage
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules.commands import Actor
from evcharge.central.views import papers
from evcharge.domain.days import Days
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import DriverId, check_id
from evcharge.domain.issuer import Issuer, issuing, named
from evcharge.http.server import answer
from evcharge.runtime.clock import Clock


class Papers:
    """/api/me/sessions/{session_id}, /api/me/statement, /api/drivers/{driver_id}/statement"""

    def __init__(
        self,
        dispatcher: Dispatcher,
        archive: Archive,
        feed: Feed,
        sessions: Sessions,
        days: Days,
        clock: Clock,
        configured: Issuer,
    ) -> None:
        """`configured` is whom the settings name as issuer of receipts."""
        self._dispatcher = dispatcher
        self._archive = archive
        self._feed = feed
        self._sessions = sessions
        self._days = days
        self._clock = clock
        self._configured = configured

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        get = hdrs.METH_GET
        return [
            Route(
                method=get,
                path="/api/me/sessions/{session_id}",
                handler=self.own_session,
                roles=DRIVERS,
                answers=member_answers.OwnSessionAnswer,
                summary="One session of the driver's own, with its curve and its receipt.",
            ),
            Route(
                method=get,
                path="/api/me/statement",
                handler=self.own_statement,
                roles=DRIVERS,
                query=(MONTH,),
                answers=answers.StatementAnswer,
                summary="The driver's month: its charges, what else moved in its wallet, and the sums.",
            ),
            Route(
                method=get,
                path="/api/drivers/{driver_id}/statement",
                handler=self.statement,
                roles=VIEWERS,
                query=(MONTH,),
                answers=answers.StatementAnswer,
                summary="A driver's month: its charges, what else moved in its wallet, and the sums.",
            ),
        ]

    async def own_session(self, request: web.Request, actor: Actor) -> web.Response:
        """Show a driver one of its own sessions; anybody else's does not exist for it."""
        session_id = request.match_info["session_id"]
        found = await self._archive.session(session_id)
        whose = (actor.id, registration_of(self._dispatcher, DriverId(actor.id)))
        if found is None or (found[0]["driver_id"], found[0]["registration"]) != whose:
            raise Refused("You have no session with that id.", Code.NOT_FOUND)
        row, ticket, _events = found
        return answer(
            {
                "session": views.session(row, self._feed.live),
                "ticket": views.ticket(ticket) if ticket is not None else None,
                **await self._sessions.on_paper(row, ticket),
            }
        )

    async def own_statement(self, request: web.Request, actor: Actor) -> web.Response:
        """Show a driver its month."""
        return await self._month(request, await welcome(self._dispatcher, actor))

    async def statement(self, request: web.Request, _: Actor) -> web.Response:
        """Show a driver's month."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        if self._dispatcher.facts.driver(driver_id) is None:
            raise Refused(f"Driver {driver_id} is unknown here.", Code.NOT_FOUND)
        return await self._month(request, driver_id)

    async def _month(self, request: web.Request, driver_id: DriverId) -> web.Response:
        now = self._clock()
        first, last = month(request.query, self._days.of(now))
        since, until = self._days.begin(first), self._days.last_instant(last)
        registration = registration_of(self._dispatcher, driver_id)
        page = ListPage(
            limit=MAX_PAGE, driver_id=driver_id, registration=registration, since=since, until=until
        )
        rows, more = await self._archive.tickets(page)
        movements, more_moved = await self._archive.movements(driver_id, registration, since, until)
        moved = [dict(row) for row in movements]
        known = await self._archive.issuers(self._configured)
        numbers = dict.fromkeys(row["issuer"] for row in reversed(rows))
        issuers = [named(known, number) for number in numbers] or [issuing(known, until, now)]
        sums = papers.statement([views.ticket(row) for row in reversed(rows)], moved, issuers)
        about = {"driver_id": driver_id, "month": month_text(first), "timezone": self._days.name}
        return answer({**about, **sums, "complete": more is None and not more_moved})
