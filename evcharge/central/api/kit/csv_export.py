"""Lists as CSV: streamed page by page, so that a million rows need no more memory than a thousand."""

import csv
import io
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

# A spreadsheet would take a cell that begins like this for a formula, and run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Figure(str):
    """A number, an instant or a length that we have written ourselves: it may begin with a minus."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written: columns, their headings, what parts the cells, and a mark for spreadsheets."""

    columns: Sequence[str]
    heads: Sequence[str]
    delimiter: str = ","
    bom: bool = False

    @property
    def first_line(self) -> bytes:
        """The headings."""
        head = lines(self, [dict(zip(self.columns, self.heads, strict=True))])
        return b"\xef\xbb\xbf" + head if self.bom else head


def for_programs(columns: Sequence[str]) -> Dialect:
    """Return a file for programs: the names of the columns are their headings."""
    return Dialect(columns, columns)


def cell(value: object) -> str:
    """Return one value as text that a spreadsheet only shows."""
    if value is None:
        return ""
    if isinstance(value, Figure):
        return value
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(dialect: Dialect, rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return rows as lines of CSV (RFC 4180, UTF-8)."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect.delimiter)
    writer.writerows([cell(row[name]) for name in dialect.columns] for row in rows)
    return text.getvalue().encode()


async def stream(
    request: web.Request,
    name: str,
    dialect: Dialect,
    pages: AsyncIterator[Sequence[Mapping[str, object]]],
) -> web.StreamResponse:
    """Answer `pages` as a file called `name`. When a page cannot be read, the connection ends in its middle."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    # The first page first: what fails here is still answered as a sentence.
    first = await anext(pages, ())
    await response.prepare(request)
    await response.write(dialect.first_line + lines(dialect, first))
    try:
        async for page in pages:
            await response.write(lines(dialect, page))
    except StoreError as problem:
        log.warning("%s", said("export cut short", file=name, why=because(str(problem))))
        # A file that merely ended here would look complete.
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response
