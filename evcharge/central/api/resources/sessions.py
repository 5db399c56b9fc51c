"""Sessions and tickets, the newest first, a page at a time or as one file."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers, cdr_answers, csv_export, json_export, views
from evcharge.central.api.kit.date_ranges import FROM, TO, instants
from evcharge.central.api.kit.exports import Exports, Format, What
from evcharge.central.api.kit.file_answers import send_file
from evcharge.central.api.kit.people_csv import FOR_PEOPLE, PeopleCsv
from evcharge.central.api.kit.request_inputs import BEFORE, LIMIT, OF_DRIVER, OF_POINT, lang_of, page_of
from evcharge.central.api.kit.routes import VIEWERS, Parameter, Route, RowsOf
from evcharge.central.books.archive import STATES, Archive, ListPage, cursor, order_of
from evcharge.central.books.rows import ticket_of
from evcharge.central.feed import Feed
from evcharge.central.rules.commands import Actor
from evcharge.central.rules.facts import CorrectionKind, Facts
from evcharge.central.views import papers
from evcharge.domain.days import Days
from evcharge.domain.errors import BadInput, Code, Refused
from evcharge.domain.ids import CpId, SessionId
from evcharge.domain.issuer import Issuer, named
from evcharge.http.server import answer, language_of
from evcharge.labels import DEFAULT_LANGUAGE
from evcharge.storage.books import Row

_STATE = Parameter("state", "Only sessions in this state.", {"type": "string", "enum": list(STATES)})
AFTER = Parameter("after", "The `previous` of a page: the rows that are newer.")
_FILTERS = (OF_DRIVER, OF_POINT, FROM, TO)

_Asked = Callable[[ListPage], Awaitable[tuple[list[Row], str | None]]]


class Sessions:
    """/api/sessions…, /api/tickets…, /api/cdrs.json"""

    def __init__(self, facts: Facts, archive: Archive, feed: Feed, days: Days, configured: Issuer) -> None:
        """`configured` is whom the settings name as issuer of receipts."""
        self._facts = facts
        self._archive = archive
        self._feed = feed
        self._days = days
        self._configured = configured
        self._exports = Exports(archive, days, feed.live, configured)

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        get = hdrs.METH_GET
        paged = (LIMIT, BEFORE, AFTER)
        return [
            Route(
                method=get,
                path="/api/sessions",
                handler=self.sessions,
                roles=VIEWERS,
                query=(_STATE, *_FILTERS, *paged),
                answers=answers.SessionsAnswer,
                summary="Sessions, the newest first; `next` continues the list.",
            ),
            Route(
                method=get,
                path="/api/sessions.csv",
                handler=self.sessions_csv,
                roles=VIEWERS,
                query=(_STATE, *_FILTERS, FOR_PEOPLE),
                answers="text/csv",
                summary="All sessions that fit, as one file: for programs, or (`lang`) for people.",
            ),
            Route(
                method=get,
                path="/api/sessions.json",
                handler=self.sessions_json,
                roles=VIEWERS,
                query=(_STATE, *_FILTERS),
                answers=RowsOf(answers.SessionOfDay),
                summary="All sessions that fit, as one array.",
            ),
            Route(
                method=get,
                path="/api/sessions/{session_id}",
                handler=self.session,
                roles=VIEWERS,
                answers=answers.SessionAnswer,
                summary="One session: its curve, its ticket and receipt, and all that happened in it and meanwhile.",
            ),
            Route(
                method=get,
                path="/api/tickets",
                handler=self.tickets,
                roles=VIEWERS,
                query=(*_FILTERS, *paged),
                answers=answers.TicketsAnswer,
                summary="Tickets, the newest first; `next` continues the list.",
            ),
            Route(
                method=get,
                path="/api/tickets.csv",
                handler=self.tickets_csv,
                roles=VIEWERS,
                query=(*_FILTERS, FOR_PEOPLE),
                answers="text/csv",
                summary="All tickets that fit, as one file: for programs, or (`lang`) for people.",
            ),
            Route(
                method=get,
                path="/api/tickets.json",
                handler=self.tickets_json,
                roles=VIEWERS,
                query=_FILTERS,
                answers=RowsOf(answers.TicketOfDay),
                summary="All tickets that fit, as one array.",
            ),
            Route(
                method=get,
                path="/api/cdrs.json",
                handler=self.cdrs_json,
                roles=VIEWERS,
                query=_FILTERS,
                answers=RowsOf(cdr_answers.Cdr),
                summary="The same tickets as Charge Detail Records of OCPI 2.2.1; corrections as credits.",
            ),
        ]

    async def sessions(self, request: web.Request, _: Actor) -> web.Response:
        """List sessions, the newest first; `next` continues the list."""
        return await self._listed(request, "session", self._sessions_in(_state(request)), self._session)

    async def tickets(self, request: web.Request, _: Actor) -> web.Response:
        """List tickets, the newest first; `next` continues the list."""
        return await self._listed(request, "ticket", self._archive.tickets, views.ticket)

    async def session(self, request: web.Request, _: Actor) -> web.Response:
        """Show one session with its ticket and its events."""
        return answer(await self.told(request.match_info["session_id"], language_of(request)))

    async def told(self, session_id: str, lang: str = DEFAULT_LANGUAGE) -> views.Json:
        """Return all that is known of a session, causes also in `lang`. Raises Refused (E_NOT_FOUND)."""
        found = await self._archive.session(session_id)
        if found is None:
            raise Refused("There is no session with that id.", Code.NOT_FOUND)
        row, ticket, events = found
        point = self._facts.point(CpId(row["cp_id"]))
        is_open = self._facts.session(SessionId(session_id)) is not None
        told = [views.event(event) for event in events]
        meanwhile = [views.event(event) for event in await self._meanwhile(row, events)]
        return {
            "session": self._session(row),
            "ticket": views.ticket(ticket) if ticket is not None else None,
            "events": told,
            "meanwhile": meanwhile,
            "causes": views.causes(told + meanwhile, lang),
            **await self.on_paper(row, ticket),
            "lost": is_open and point is not None and point.engine_link is None,
        }

    async def on_paper(self, row: Row, ticket: Row | None) -> views.Json:
        """Return the curve of a session, and its receipt once there is a ticket."""
        session_id = row["session_id"]
        paper = await self._archive.on_paper(session_id) if ticket is not None else None
        receipt = None
        if ticket is not None and paper is not None:
            number, rows = paper
            amendments = [
                papers.Amendment(
                    one["at"],
                    one["energy_mwh"],
                    one["cost_cents"],
                    one["reason"],
                    one["kind"] == CorrectionKind.ORDER,
                )
                for one in rows
            ]
            stood = await self._archive.whereabouts(row["cp_id"])
            where = stood.of(row["cp_id"], ticket["started_at"]).name
            issuer = named(await self._archive.issuers(self._configured), ticket["issuer"])
            receipt = papers.receipt(number, ticket_of(ticket), amendments, issuer, where)
        readings = await self._archive.course(session_id)
        return {
            "course": papers.course(
                (one["elapsed_s"], one["energy_mwh"], one["speed_permille"], one["battery_permille"])
                for one in readings
            ),
            "receipt": receipt,
        }

    async def _meanwhile(self, row: Row, events: list[Row]) -> list[Row]:
        if not events:
            return []
        last = events[-1]["n"] if row["ended_at"] is not None else sys.maxsize
        return await self._archive.meanwhile(row["cp_id"], events[0]["n"], last)

    async def sessions_csv(self, request: web.Request, _: Actor) -> web.StreamResponse:
        """Send all sessions that fit as a file."""
        filters = self._filters(request) | {"state": _state(request)}
        people = await self._people(request)
        if people is None:
            return await self._file(request, "sessions", "csv", filters)
        return await self._file_for_people(request, "sessions", people.session_heads, people.session, filters)

    async def tickets_csv(self, request: web.Request, _: Actor) -> web.StreamResponse:
        """Send all tickets that fit as a file."""
        filters = self._filters(request)
        people = await self._people(request)
        if people is None:
            return await self._file(request, "tickets", "csv", filters)
        return await self._file_for_people(request, "tickets", people.ticket_heads, people.ticket, filters)

    async def sessions_json(self, request: web.Request, _: Actor) -> web.StreamResponse:
        """Send all sessions that fit as an array."""
        filters = self._filters(request) | {"state": _state(request)}
        return await self._file(request, "sessions", "json", filters)

    async def tickets_json(self, request: web.Request, _: Actor) -> web.StreamResponse:
        """Send all tickets that fit as an array."""
        return await self._file(request, "tickets", "json", self._filters(request))

    async def cdrs_json(self, request: web.Request, _: Actor) -> web.StreamResponse:
        """Send the CDRs of all tickets that fit as an array."""
        return await self._file(request, "tickets", "cdr", self._filters(request))

    def _filters(self, request: web.Request) -> dict[str, Any]:
        return {**page_of(request.query), **instants(request.query, self._days)}

    async def _file(
        self, request: web.Request, what: What, format_: Format, filters: dict[str, Any]
    ) -> web.StreamResponse:
        name = "cdrs.json" if format_ == "cdr" else f"{what}.{format_}"
        kind = csv_export.CSV if format_ == "csv" else json_export.JSON
        return await send_file(request, name, kind, self._exports.file(what, format_, filters))

    async def _file_for_people(
        self,
        request: web.Request,
        what: What,
        dialect: csv_export.Dialect,
        view: Callable[[views.Json], Mapping[str, object]],
        filters: dict[str, Any],
    ) -> web.StreamResponse:
        async def pages() -> AsyncIterator[list[Mapping[str, object]]]:
            async for page in self._exports.pages(what, filters):
                yield [view(row) for row in page]

        return await send_file(request, f"{what}.csv", csv_export.CSV, csv_export.chunks(dialect, pages()))

    async def _people(self, request: web.Request) -> PeopleCsv | None:
        lang = lang_of(request.query)
        if lang is None:
            return None
        return PeopleCsv(lang, self._days.zone, (await self._archive.whereabouts()).of)

    def _sessions_in(self, state: str) -> _Asked:
        return lambda page: self._archive.sessions(page, state)

    def _session(self, row: Row) -> views.Json:
        return views.session(row, self._feed.live)

    async def _listed(
        self,
        request: web.Request,
        table: str,
        ask: _Asked,
        view: Callable[[Row], views.Json],
    ) -> web.Response:
        query = request.query
        after = query.get("after", "")
        if after and "before" in query:
            raise BadInput("Give before or after, not both.")
        bounds = instants(query, self._days)
        page = ListPage(**page_of(query), since=bounds["since"], until=bounds["until"], after=after)
        rows, beyond = await ask(page)
        # Lets a reader that came from another page go back to it.
        back = None
        if rows and (after or "before" in query):
            back = cursor(table, rows[-1] if after else rows[0], order_of(table, page.since, page.until))
        older, newer = (back, beyond) if after else (beyond, back)
        return answer({f"{table}s": [view(row) for row in rows], "next": older, "previous": newer})


def _state(request: web.Request) -> str:
    state = request.query.get("state", "").lower()
    if state and state not in STATES:
        raise BadInput(f"state must be one of: {', '.join(STATES)}.")
    return state
