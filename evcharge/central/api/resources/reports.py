"""Reports: a month by driver or by charging point, as JSON or as a file."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers, csv_export
from evcharge.central.api.kit.csv_export import for_programs
from evcharge.central.api.kit.date_ranges import MONTH, month, month_text
from evcharge.central.api.kit.file_answers import send_file
from evcharge.central.api.kit.people_csv import FOR_PEOPLE, PeopleCsv
from evcharge.central.api.kit.request_inputs import lang_of
from evcharge.central.api.kit.routes import VIEWERS, Parameter, Route
from evcharge.central.books.archive import Archive, ReportRow
from evcharge.central.rules.commands import Actor
from evcharge.domain.days import Days
from evcharge.domain.errors import BadInput
from evcharge.domain.strict_json import tellable
from evcharge.domain.timestamps import text_of
from evcharge.http.server import answer
from evcharge.runtime.clock import Clock
from evcharge.runtime.network_currency import currency

_BY = ("driver", "cp")
BY = Parameter(
    "by", "A row for each driver, or for each charging point.", {"type": "string", "enum": list(_BY)}
)
_COLUMNS = ("id", "registration", "sessions", "energy_mwh", "cost_cents", "elapsed_s")
# Between two pages the books are others'.
_REST_S = 0.01

_Sums = dict[str, Any]


class Reports:
    """/api/report, /api/report.csv"""

    def __init__(self, archive: Archive, days: Days, clock: Clock) -> None:
        self._archive = archive
        self._days = days
        self._clock = clock
        # One at a time: a month of a large network is many pages.
        self._turn = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/report",
                handler=self.report,
                roles=VIEWERS,
                query=(MONTH, BY),
                answers=answers.ReportAnswer,
                summary="What the tickets of a month come to, by driver or by charging point.",
            ),
            Route(
                method=hdrs.METH_GET,
                path="/api/report.csv",
                handler=self.report_csv,
                roles=VIEWERS,
                query=(MONTH, BY, FOR_PEOPLE),
                answers="text/csv",
                summary="The same as a file: for programs, or (`lang`) for people, with a last line for all.",
            ),
        ]

    async def report(self, request: web.Request, _: Actor) -> web.Response:
        """Show a month."""
        name, _until, by, rows = await self._made(request)
        told = [_told(row) for row in rows]
        return answer(
            {
                "month": name,
                "by": by,
                "timezone": self._days.name,
                "currency": currency().code,
                "rows": told,
                "total": _told(_total(rows)),
            }
        )

    async def report_csv(self, request: web.Request, _: Actor) -> web.StreamResponse:
        """Send a month as a file."""
        lang = lang_of(request.query)
        name, until, by, rows = await self._made(request)
        sums = [_told(row) for row in rows]
        if lang is None:
            return await self._file(request, name, by, for_programs(_COLUMNS), sums)
        people = PeopleCsv(lang, self._days.zone, (await self._archive.whereabouts()).of)
        cells = [people.summed(row, text_of(until)) for row in sums] + [
            people.summed(_told(_total(rows)), total=True)
        ]
        return await self._file(request, name, by, people.report_heads(by), cells)

    async def _file(
        self, request: web.Request, name: str, by: str, dialect: csv_export.Dialect, rows: list[_Sums]
    ) -> web.StreamResponse:
        async def pages() -> AsyncIterator[list[_Sums]]:
            yield rows

        chunks = csv_export.chunks(dialect, pages())
        return await send_file(request, f"report-{name}-by-{by}.csv", csv_export.CSV, chunks)

    async def _made(self, request: web.Request) -> tuple[str, datetime, str, list[ReportRow]]:
        by = request.query.get("by", _BY[0])
        if by not in _BY:
            raise BadInput(f"by must be one of: {', '.join(_BY)}.")
        first, last = month(request.query, self._days.of(self._clock()))
        since, until = self._days.begin(first), self._days.last_instant(last)
        async with self._turn:
            rows = await self._archive.report(by, since, until, lambda: asyncio.sleep(_REST_S))
        return month_text(first), until, by, rows


def _total(rows: list[ReportRow]) -> ReportRow:
    total = ReportRow("")
    for row in rows:
        total.sessions += row.sessions
        total.energy_mwh += row.energy_mwh
        total.cost_cents += row.cost_cents
        total.elapsed_s += row.elapsed_s
    return total


def _told(row: ReportRow) -> _Sums:
    return {name: value if isinstance(value, str) else tellable(value) for name, value in asdict(row).items()}
