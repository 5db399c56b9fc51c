"""Sums over days: sessions, energy, money, and how long which status was shown. Reads only.

Read in small pieces: while one is read nothing can be committed, so none may take more than a few milliseconds,
whatever the books hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from evcharge.central.books.status_history import NO_DATA, Statuses, is_late
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.days import UTC_DAYS, Days
from evcharge.domain.ids import CpId
from evcharge.storage.books import Books, Row
from evcharge.storage.sums import sum_of, summed

# Rows that one query may look at, and charging points that one may name.
_ROWS_AT_ONCE = 20_000
_POINTS_AT_ONCE = 50
_MS = timedelta(milliseconds=1)
_TICKETS = summed(sessions="sessions", mwh="energy_mwh", cents="revenue_cents")
_TIMES = summed(ms="ms", times="times")
_IN_SERVICE = (CpStatus.AVAILABLE, CpStatus.PREPARING, CpStatus.CHARGING, CpStatus.FINISHING)


@dataclass(slots=True)
class Sums:
    """What tickets come to. Energy in mWh, money in cents."""

    sessions: int = 0
    energy_mwh: int = 0
    revenue_cents: int = 0


@dataclass(slots=True)
class Use:
    """What one charging point has done: its tickets, how long it showed what, how often it failed.

    `no_data_ms` is the time in which Central was not there to see it.
    """

    cp_id: CpId
    sums: Sums = field(default_factory=Sums)
    ms: dict[CpStatus, int] = field(default_factory=dict)
    no_data_ms: int = 0
    faults: int = 0

    def seconds(self, *statuses: CpStatus) -> int:
        """Return how long it showed any of `statuses`."""
        return sum(self.ms.get(status, 0) for status in statuses) // 1000

    @property
    def mean_fault_s(self) -> int | None:
        """Return how long a fault lasts on average, or None without one."""
        return self.seconds(CpStatus.FAULTED) // self.faults if self.faults else None


def availability(uses: Sequence[Use]) -> float | None:
    """Return the part of all known time in which points could charge, or were charging; None without any."""
    total = sum(sum(use.ms.values()) for use in uses)
    served = sum(use.ms.get(status, 0) for use in uses for status in _IN_SERVICE)
    return served / total if total else None


class Statistics:
    """Asks central.db, and adds what is shown at this moment and not yet in it."""

    def __init__(self, database: Books, days: Days = UTC_DAYS) -> None:
        """`days` are those by which the books count."""
        self._database = database
        self._days = days

    async def days(self, first: date, last: date, cp_id: CpId | None, points: int) -> dict[date, Sums]:
        """Return the sums of each day with tickets; of one charging point, or of all `points` of them."""
        found: dict[date, Sums] = {}
        step = (last - first).days + 1 if cp_id is not None else max(1, _ROWS_AT_ONCE // max(1, points))
        whose = "cp_id = :cp_id AND " if cp_id is not None else ""
        sql = (
            f"SELECT day, {_TICKETS} "  # noqa: S608
            f"FROM daily WHERE {whose}day BETWEEN :first AND :last GROUP BY day ORDER BY day"
        )
        for start, end in _spans(first, last, step):
            limits = {"first": start.isoformat(), "last": end.isoformat(), "cp_id": cp_id}
            for row in await self._database.read(sql, limits):
                found[date.fromisoformat(row["day"])] = _tickets(row)
        return found

    async def uses(
        self, first: date, last: date, points: Sequence[CpId], statuses: Statuses, now: datetime
    ) -> list[Use]:
        """Return what each of `points` has done from the first to the last day."""
        found = {cp_id: Use(cp_id) for cp_id in points}
        for start in range(0, len(points), _POINTS_AT_ONCE):
            some = points[start : start + _POINTS_AT_ONCE]
            await self._add_books(found, first, last, some)
        begin, end = self._days.begin(first), self._days.end(last)
        for use in found.values():
            _add_present(use, statuses, begin, end, now)
        return list(found.values())

    async def _add_books(
        self, found: dict[CpId, Use], first: date, last: date, points: Sequence[CpId]
    ) -> None:
        names = {f"p{number}": cp_id for number, cp_id in enumerate(points)}
        where = f"cp_id IN ({', '.join(f':{name}' for name in names)}) AND day BETWEEN :first AND :last"
        params = {**names, "first": first.isoformat(), "last": last.isoformat()}
        for row in await self._database.read(
            f"SELECT cp_id, {_TICKETS} FROM daily WHERE {where} GROUP BY cp_id",  # noqa: S608
            params,
        ):
            found[CpId(row["cp_id"])].sums = _tickets(row)
        for row in await self._database.read(
            f"SELECT cp_id, status, {_TIMES} "  # noqa: S608
            f"FROM status_daily WHERE {where} GROUP BY cp_id, status",
            params,
        ):
            use = found[CpId(row["cp_id"])]
            if row["status"] == NO_DATA:
                use.no_data_ms = sum_of(row, "ms")
                continue
            status = CpStatus(row["status"])
            use.ms[status] = sum_of(row, "ms")
            if status is CpStatus.FAULTED:
                use.faults = sum_of(row, "times")


def _tickets(row: Row) -> Sums:
    return Sums(sum_of(row, "sessions"), sum_of(row, "mwh"), sum_of(row, "cents"))


def _add_present(use: Use, statuses: Statuses, begin: datetime, end: datetime, now: datetime) -> None:
    """Add the time since the last change, and a fault that has lasted, which no row tells yet."""
    shown = statuses.get(use.cp_id)
    if shown is None:
        return
    ms = max(0, (min(now, end) - max(shown.since, begin)) // _MS)
    if shown.status is None:
        use.no_data_ms += ms
    elif ms:
        use.ms[shown.status] = use.ms.get(shown.status, 0) + ms
    incident = shown.incident
    if incident is not None and is_late(incident, now) and begin <= incident.began < end:
        use.faults += 1


def _spans(first: date, last: date, step: int) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(last, first + timedelta(days=min(step, (date.max - first).days + 1) - 1))
        yield first, end
        if end == date.max:
            return
        first = end + timedelta(days=1)
