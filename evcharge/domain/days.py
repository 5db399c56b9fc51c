"""Which day of the network an instant belongs to: one time zone for every screen, sum, filter and file. Pure.

A charge belongs to the day on which it ended. A day lasts from its first midnight to that of the next: 23 or 25 hours
where the clocks change, and nothing where a zone left a day out.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from evcharge.domain.local_time import here

_DAY = timedelta(days=1)
_MS = timedelta(milliseconds=1)
_TICK = timedelta(microseconds=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# A clock that is set wrong by more than this makes no row for every day between.
MAX_DAYS = 3660


class Days:
    """The days of one time zone; `name` is what the tz database calls it."""

    def __init__(self, zone: tzinfo = UTC, name: str = "UTC") -> None:
        self.zone = zone
        self.name = name
        # The day that was asked for last, with its ends: nearly always the next one, too.
        self._last = (date.min, _FIRST, _FIRST)

    def of(self, instant: datetime) -> date:
        """Return the day to which `instant` belongs."""
        day, begin, end = self._last
        if not begin <= instant < end:
            day = here(instant, self.zone).date()
            # A clock that is set back over midnight shows the day before once more: that is not another day.
            if instant >= self.end(day) and day < date.max:
                day += _DAY
            self._last = (day, self.begin(day), self.end(day))
        return day

    def begin(self, day: date) -> datetime:
        """Return the first instant of `day`, in UTC."""
        try:
            return datetime.combine(day, time(), self.zone).astimezone(UTC)
        except OverflowError:
            return _FIRST if day.year < 5000 else _LAST

    def end(self, day: date) -> datetime:
        """Return the first instant after `day`, in UTC."""
        return self.begin(day + _DAY) if day < date.max else _LAST

    def last_instant(self, day: date) -> datetime:
        """Return the last instant of `day` that the books can tell, in UTC."""
        return max(self.begin(day), self.end(day) - _TICK)

    def parts(self, since: datetime, until: datetime) -> Iterator[tuple[date, int]]:
        """Yield each day between two instants with its milliseconds; nothing when a clock went back."""
        for _ in range(MAX_DAYS):
            if since >= until:
                return
            day = self.of(since)
            part = min(until, self.end(day))
            yield day, (part - since) // _MS
            since = part


UTC_DAYS = Days()
