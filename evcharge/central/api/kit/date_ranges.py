"""From when until when: dates and instants in a query. A date means the whole day of the network."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from evcharge.central.api.kit.request_inputs import whole
from evcharge.central.api.kit.routes import Parameter
from evcharge.domain.days import Days
from evcharge.domain.errors import BadInput

# What fromisoformat takes beyond these (weeks, blanks, odd digits) nobody means.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+ -][0-9]{2}:[0-9]{2})"
)

FROM = Parameter("from", "Ended on this day of the network, or at this instant (ISO 8601), or later.")
TO = Parameter("to", "Ended by the end of this day of the network, or by this instant (ISO 8601).")
FROM_DAY = Parameter("from", "The first day of the network.", {"type": "string", "format": "date"})
TO_DAY = Parameter("to", "The last day of the network.", {"type": "string", "format": "date"})
MAX_DAYS, DAYS = 366, 30
LAST_DAYS = Parameter(
    "days",
    "The last so many days of the network, today among them; without from.",
    {"type": "integer", "minimum": 1, "maximum": MAX_DAYS},
)


def instants(query: Mapping[str, str], days: Days) -> dict[str, datetime | None]:
    """Return `since` and `until`, as the archive takes them. Raises BadInput."""
    since = _instant(query, "from", days.begin) if "from" in query else None
    until = _instant(query, "to", days.last_instant) if "to" in query else None
    if since is not None and until is not None and since > until:
        raise BadInput("from is later than to.")
    return {"since": since, "until": until}


def days(query: Mapping[str, str], today: date) -> tuple[date, date]:
    """Return the first and the last day; without any, the last DAYS days. Raises BadInput."""
    last = _day(query, "to") if "to" in query else today
    number = whole(query, "days", MAX_DAYS) if "days" in query else DAYS
    if number == 0 or ("days" in query and "from" in query):
        raise BadInput(f"days must be a whole number from 1 to {MAX_DAYS}, without a from.")
    usual = last - min(timedelta(days=number - 1), last - date.min)
    first = _day(query, "from") if "from" in query else usual
    if first > last:
        raise BadInput("from is later than to.")
    if (last - first).days >= MAX_DAYS:
        raise BadInput(f"from and to are more than {MAX_DAYS} days apart.")
    return first, last


MONTH = Parameter(
    "month",
    "A month of the network's days, such as 2026-11; without: the present one.",
    {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
)


def month(query: Mapping[str, str], today: date) -> tuple[date, date]:
    """Return the first and the last day of a month. Raises BadInput."""
    text = query.get("month", month_text(today))
    if not _MONTH.fullmatch(text) or text.startswith("0000"):
        raise BadInput("month must be a month such as 2026-11.")
    first = date.fromisoformat(f"{text}-01")
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def month_text(first: date) -> str:
    """Return the month that begins on `first` as `month` takes it; strftime would leave out noughts of its year."""
    return first.isoformat()[:7]


def _day(query: Mapping[str, str], name: str) -> date:
    text = query[name]
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{name} must be a date such as 2026-11-21.") from None


def _instant(query: Mapping[str, str], name: str, of_day: Callable[[date], datetime]) -> datetime:
    text = query[name]
    if _DAY.fullmatch(text):
        return of_day(_day(query, name))
    found = read_instant(text)
    if found is None:
        raise BadInput(
            f"{name} must be a date such as 2026-11-21, or an instant such as 2026-11-21T08:30:00Z."
        )
    return found


def read_instant(text: str) -> datetime | None:
    """Return the instant that `text` (ISO 8601 with a zone) names, in UTC, or None."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        # In an address, + means a blank.
        head, tail = text[:11], text[11:]
        return datetime.fromisoformat(head + tail.replace(" ", "+").upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
