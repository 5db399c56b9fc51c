"""What each charging point has shown, and for how long: rows for the books, from facts and instants. Pure.

A status is never assigned; what is kept here is what it was read as, at every commit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from evcharge.central.instants import text_of
from evcharge.charging_point import WITHDRAWN, ChargingPoint, CpStatus
from evcharge.ids import CpId

_MS = timedelta(milliseconds=1)
# Whoever sets a clock wrong by more than this gets no row for every day between.
MAX_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Shown:
    """What a charging point shows since an instant."""

    status: CpStatus
    reason: str
    since: datetime

    @property
    def is_gone(self) -> bool:
        """Whether it was withdrawn: whoever is not in the network shows nothing."""
        return self.status is CpStatus.UNAVAILABLE and self.reason == WITHDRAWN


News = Mapping[CpId, Shown]


class Statuses:
    """What every charging point shows as far as the books say."""

    def __init__(self, shown: Mapping[CpId, Shown] | None = None) -> None:
        self._shown: dict[CpId, Shown] = dict(shown or {})

    def __getitem__(self, cp_id: CpId) -> Shown:
        """Return what `cp_id` shows. Raises KeyError when it is unknown."""
        return self._shown[cp_id]

    def get(self, cp_id: CpId) -> Shown | None:
        """Return what `cp_id` shows, or None when it is unknown or was withdrawn."""
        shown = self._shown.get(cp_id)
        return shown if shown is not None and not shown.is_gone else None

    def news(self, points: Iterable[tuple[ChargingPoint, datetime]]) -> dict[CpId, Shown]:
        """Return what is shown anew; of points that change more than once, the last counts."""
        found: dict[CpId, Shown] = {}
        for point, at in points:
            known, status, reason = self._shown.get(point.cp_id), point.status, point.reason
            if known is not None and known.status is status and known.reason == reason:
                found.pop(point.cp_id, None)
            else:
                found[point.cp_id] = Shown(status, reason, at)
        return found

    def begun_anew(self, at: datetime) -> dict[CpId, Shown]:
        """Return what is shown, all of it since `at`: the clock was set, and nobody knows what lies between."""
        return {cp_id: replace(shown, since=at) for cp_id, shown in self._shown.items()}

    def broken_off(self, until: datetime) -> Iterator[tuple[CpId, datetime]]:
        """Yield each charging point with the instant until which it is known to have shown what it did."""
        return ((cp_id, max(shown.since, until)) for cp_id, shown in self._shown.items())

    def daily_rows_until(self, until: datetime) -> Iterator[dict[str, object]]:
        """Yield what to add to `status_daily` when all that is shown is broken off."""
        for cp_id, shown in self._shown.items():
            yield from _spent(cp_id, shown, until)

    def log_rows(self, news: News) -> Iterator[dict[str, object]]:
        """Yield the rows of `status_log`."""
        for cp_id, shown in news.items():
            yield {
                "cp_id": cp_id,
                "at": text_of(shown.since),
                "status": shown.status.value,
                "reason": shown.reason,
            }

    def daily_rows(self, news: News) -> Iterator[dict[str, object]]:
        """Yield what to add to `status_daily`: the time until now in the old status, and one more of the new."""
        for cp_id, shown in news.items():
            known = self._shown.get(cp_id)
            if known is not None and not known.is_gone:
                yield from _spent(cp_id, known, shown.since)
            if known is None or known.status is not shown.status:
                day = shown.since.astimezone(UTC).date().isoformat()
                yield {"cp_id": cp_id, "day": day, "status": shown.status.value, "ms": 0, "times": 1}

    def take(self, news: News) -> None:
        """Take in what is committed."""
        self._shown.update(news)


def _spent(cp_id: CpId, shown: Shown, until: datetime) -> Iterator[dict[str, object]]:
    for day, ms in days(shown.since, until):
        yield {"cp_id": cp_id, "day": day, "status": shown.status.value, "ms": ms, "times": 0}


def days(since: datetime, until: datetime) -> Iterator[tuple[str, int]]:
    """Yield each UTC day between two instants with its milliseconds; nothing when a clock went back."""
    at, end = since.astimezone(UTC), until.astimezone(UTC)
    for _ in range(MAX_DAYS):
        if at >= end:
            return
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        part = min(end, midnight)
        yield at.date().isoformat(), (part - at) // _MS
        at = part
