"""Lists as CSV, page by page, so that a million rows need no more memory than a thousand."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

CSV = "text/csv; charset=utf-8; header=present"

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
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if isinstance(value, Figure | int):
        return text
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(dialect: Dialect, rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return rows as lines of CSV (RFC 4180, UTF-8)."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect.delimiter)
    writer.writerows([cell(row[name]) for name in dialect.columns] for row in rows)
    return text.getvalue().encode()


async def chunks(
    dialect: Dialect, pages: AsyncIterator[Sequence[Mapping[str, object]]]
) -> AsyncIterator[bytes]:
    """Yield a file of `pages`, a part for each; the first one, with the headings, also when there are none."""
    head = dialect.first_line
    async for page in pages:
        yield head + lines(dialect, page)
        head = b""
    if head:
        yield head
