"""Sessions, tickets and CDRs, page by page: what a file is made of, whoever wants it and however long it gets."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from evcharge.central.api.kit import csv_export, json_export, views
from evcharge.central.api.kit.csv_export import for_programs
from evcharge.central.books.archive import Archive, ListPage
from evcharge.central.feed import Live
from evcharge.central.views.cdr import cdrs
from evcharge.domain.days import Days
from evcharge.domain.ids import CpId
from evcharge.domain.issuer import Issuer, named
from evcharge.runtime.config import Config
from evcharge.storage.books import Row

_PAGE = 1000
_SESSION_COLUMNS = (
    "session_id", "request_id", "cp_id", "driver_id", "state", "authorised_at", "started_at", "ended_at", "elapsed_s",
    "received_at", "stop_reason", "end_reason", "price", "energy_mwh", "cost_cents", "hold_cents", "limit_mwh",
    "day", "owed_cents", "rebuilt", "until_mwh", "until_cents", "by_operator",
)  # fmt: skip
_TICKET_COLUMNS = (
    "session_id", "request_id", "cp_id", "driver_id", "started_at", "ended_at", "elapsed_s", "received_at",
    "late", "reason", "estimated", "price", "energy_mwh", "cost_cents", "corrected_mwh", "corrected_cents",
    "day", "owed_cents", "rebuilt", "by_operator", "vat_percent", "operator", "tax_id",
)  # fmt: skip
_COLUMNS = {"sessions": _SESSION_COLUMNS, "tickets": _TICKET_COLUMNS}

What = Literal["sessions", "tickets"]
Format = Literal["csv", "json", "cdr"]
Pages = AsyncIterator[list[views.Json]]
Filters = Mapping[str, Any]


def configured_issuer(config: Config) -> Issuer:
    """Return who issues receipts, as the settings say."""
    by = config.network
    return Issuer(
        operator=by.operator,
        tax_id=by.tax_id,
        address=by.address,
        country_code=config.central.country_code,
        party_id=config.central.party_id,
        vat_permille=round(by.vat_percent * 10),
    )


class Exports:
    """Asks the archive for everything that fits, a page at a time; `filters` are those of a `ListPage`, and `state`.

    `configured` is whom the settings name as issuer of receipts.
    """

    def __init__(self, archive: Archive, days: Days, live: Mapping[CpId, Live], configured: Issuer) -> None:
        self._archive = archive
        self._days = days
        self._live = live
        self._configured = configured

    def file(self, what: What, format_: Format, filters: Filters) -> AsyncIterator[bytes]:
        """Yield the parts of a file. Raises StoreError, BadInput."""
        if format_ == "cdr":
            return json_export.chunks(self.cdrs(filters))
        pages = self.pages(what, filters)
        return (
            json_export.chunks(pages)
            if format_ == "json"
            else csv_export.chunks(for_programs(_COLUMNS[what]), pages)
        )

    async def pages(self, what: What, filters: Filters) -> Pages:
        """Yield pages of rows as the API answers them, the network's day on which each counts, and who issued it."""
        issuers = await self._archive.issuers(self._configured)

        def ticket(row: Row) -> views.Json:
            issuer = named(issuers, row["issuer"])
            return {**views.ticket(row), "operator": issuer.operator, "tax_id": issuer.tax_id}

        view: Callable[[Row], views.Json] = ticket if what == "tickets" else self._session
        async for rows in self._rows(what, filters):
            yield [{**view(row), "day": self._day(row)} for row in rows]

    async def cdrs(self, filters: Filters) -> Pages:
        """Yield pages of CDRs; what corrects a ticket stands right behind it."""
        where, weathers = await self._archive.whereabouts(), await self._archive.weathers()
        issuers = await self._archive.issuers(self._configured)
        async for rows in self._rows("tickets", filters):
            corrections = await self._archive.corrections([row["session_id"] for row in rows])
            page: list[views.Json] = []
            for row in rows:
                # As it was at the start, though the charging point may stand elsewhere by now.
                location = where.of(row["cp_id"], row["started_at"])
                weather = weathers.get(location.key)
                since = [dict(one) for one in corrections.get(row["session_id"], ())]
                page += cdrs(dict(row), since, named(issuers, row["issuer"]), location, weather)
            yield page

    async def _rows(self, what: What, filters: Filters) -> AsyncIterator[list[Row]]:
        state = filters.get("state", "")
        first = ListPage(**{name: one for name, one in filters.items() if name != "state"} | {"limit": _PAGE})
        more: str | None = ""
        while more is not None:
            page = replace(first, before=more)
            rows, more = await (
                self._archive.tickets(page) if what == "tickets" else self._archive.sessions(page, state)
            )
            yield rows

    def _session(self, row: Row) -> views.Json:
        return views.session(row, self._live)

    def _day(self, row: Row) -> str | None:
        """Return the day on which a charge counts; none while it runs."""
        ended_at = row["ended_at"]
        return self._days.of(datetime.fromisoformat(ended_at)).isoformat() if ended_at is not None else None
