"""What each charging point has shown, and for how long: rows for the books, from facts and instants. Pure.

A status is never assigned; what is kept here is what it was read as, at every commit. While Central was not there
nobody knows: that time is NO_DATA, which ends no age and is not a fault.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evcharge.domain.charging_point import WITHDRAWN, ChargingPoint, CpStatus
from evcharge.domain.days import UTC_DAYS, Days
from evcharge.domain.ids import CpId
from evcharge.domain.timestamps import text_of

# What the books say of the time in which Central was not there.
NO_DATA = "NoData"
# Engine, monitor and Central start in any order: until then one without the other is no fault, and a monitor that
# was heard before Central stopped is not lost.
START_GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Incident:
    """One fault: from the first Faulted until the charging point is known to be well, whatever its text became.

    `counted` is false while it may be nothing but a start in another order.
    """

    began: datetime
    counted: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a charging point shows since an instant; `status` is None while nobody knows, because Central was away.

    `held` is the last status that was known, and `held_since` since when it was shown, all absences of Central aside.
    """

    status: CpStatus | None
    reason: str
    since: datetime
    held: CpStatus | None
    held_since: datetime
    incident: Incident | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it was withdrawn: whoever is not in the network shows nothing."""
        return self.status is CpStatus.UNAVAILABLE and self.reason == WITHDRAWN

    def begun_anew(self, at: datetime, moved: timedelta) -> "Shown":
        """Return the same, known since `at` only and as old as it is: the clock was set by `moved`."""
        incident = self.incident and replace(self.incident, began=self.incident.began + moved)
        return replace(self, since=at, held_since=self.held_since + moved, incident=incident)


News = Mapping[CpId, Shown]


def follow(known: Shown | None, status: CpStatus | None, reason: str, at: datetime) -> Shown:
    """Return what is shown from `at` on, after what is known."""
    if known is not None and known.is_gone:
        known = None
    if status is None:
        held, since = (known.held, known.held_since) if known is not None else (None, at)
        return Shown(None, reason, at, held, since, known.incident if known is not None else None)
    goes_on = known is not None and known.held is status
    since = known.held_since if known is not None and goes_on else at
    return Shown(status, reason, at, status, since, _incident(known, status, at))


def _incident(known: Shown | None, status: CpStatus, at: datetime) -> Incident | None:
    going_on = known.incident if known is not None else None
    match status:
        case CpStatus.FAULTED:
            is_start = known is None or known.status in (None, CpStatus.DISCONNECTED)
            return going_on or Incident(at, counted=not is_start)
        case CpStatus.DISCONNECTED:
            return going_on  # nobody says that it is well
        case _:
            return None


class Statuses:
    """What every charging point shows as far as the books say."""

    def __init__(
        self,
        shown: MutableMapping[CpId, Shown] | None = None,
        awaited_until: datetime | None = None,
        days: Days = UTC_DAYS,
    ) -> None:
        """`awaited_until`: Central has just started, and until then a monitor that is not heard is no news.

        `days` are those by which the rows count.
        """
        self._days = days
        self._shown: MutableMapping[CpId, Shown] = shown if shown is not None else {}
        self.awaited_until = awaited_until

    def __getitem__(self, cp_id: CpId) -> Shown:
        """Return what `cp_id` shows. Raises KeyError when it is unknown."""
        return self._shown[cp_id]

    def get(self, cp_id: CpId) -> Shown | None:
        """Return what `cp_id` shows, or None when it is unknown or was withdrawn."""
        shown = self._shown.get(cp_id)
        return shown if shown is not None and not shown.is_gone else None

    def since(self, cp_id: CpId, status: CpStatus) -> datetime | None:
        """Return since when `cp_id` shows `status`, all absences of Central aside; None when the books do not tell."""
        shown = self._shown.get(cp_id)
        return shown.held_since if shown is not None and shown.held is status else None

    # ---- Central comes and goes

    def gap(self, at: datetime) -> dict[CpId, Shown]:
        """Return that nobody knows what any point shows from `at` on."""
        return {
            cp_id: follow(shown, None, "", max(at, shown.since))
            for cp_id, shown in self._shown.items()
            if shown.status is not None and not shown.is_gone
        }

    def unheard(self, points: Iterable[ChargingPoint]) -> Iterator[tuple[ChargingPoint, datetime]]:
        """Yield those of `points` of which nothing was heard since Central started, with the end of that time."""
        for point in points:
            shown = self._shown.get(point.cp_id)
            if shown is not None and shown.status is None and self.awaited_until is not None:
                yield point, self.awaited_until

    def has_waited(self, now: datetime) -> bool:
        """Return whether every monitor had time enough to come back."""
        return self.awaited_until is None or now >= self.awaited_until

    # ---- what is shown

    def news(self, points: Iterable[tuple[ChargingPoint, datetime]]) -> dict[CpId, Shown]:
        """Return what is shown anew; of points that change more than once, the last counts."""
        found: dict[CpId, Shown] = {}
        for point, at in points:
            known, status, reason = self._shown.get(point.cp_id), point.status, point.reason
            if (known is not None and known.status is status and known.reason == reason) or (
                known is not None and known.status is None and self._awaits(status, at)
            ):
                found.pop(point.cp_id, None)
            else:
                found[point.cp_id] = follow(known, status, reason, at)
        return found

    def _awaits(self, status: CpStatus, at: datetime) -> bool:
        return status is CpStatus.DISCONNECTED and not self.has_waited(at)

    # ---- the clock is set

    def begun_anew(self, at: datetime, seconds: int) -> dict[CpId, Shown]:
        """Return what is shown, known since `at` only: the clock was set by `seconds`, and nobody knows the rest."""
        moved = timedelta(seconds=seconds)
        return {
            cp_id: shown.begun_anew(at, moved) for cp_id, shown in self._shown.items() if not shown.is_gone
        }

    def set_clock(self, at: datetime, seconds: int) -> None:
        """Take in that the clock was set by `seconds`, to `at`."""
        self.take(self.begun_anew(at, seconds))
        if self.awaited_until is not None:
            self.awaited_until += timedelta(seconds=seconds)

    def broken_off(self, until: datetime) -> Iterator[tuple[CpId, datetime]]:
        """Yield each charging point with the instant until which it is known to have shown what it did."""
        for cp_id, shown in self._shown.items():
            if not shown.is_gone:
                yield cp_id, max(shown.since, until)

    def daily_rows_until(self, until: datetime) -> Iterator[dict[str, object]]:
        """Yield what to add to `status_daily` when every status shown is cut short."""
        for cp_id, shown in self._shown.items():
            yield from self._spent(cp_id, shown, until)

    # ---- rows

    def log_rows(self, news: News) -> Iterator[dict[str, object]]:
        """Yield the rows of `status_log`."""
        for cp_id, shown in news.items():
            incident = shown.incident
            yield {
                "cp_id": cp_id,
                "at": text_of(shown.since),
                "status": name_of(shown.status),
                "reason": shown.reason,
                "held": shown.held.value if shown.held is not None else None,
                "held_since": text_of(shown.held_since),
                "fault_since": text_of(incident.began) if incident is not None else None,
                "fault_counted": int(incident is None or incident.counted),
            }

    def daily_rows(self, news: News) -> Iterator[dict[str, object]]:
        """Yield what to add to `status_daily`: the time until now in the old status, and one more of what begins."""
        for cp_id, shown in news.items():
            known = self.get(cp_id)
            if known is not None:
                yield from self._spent(cp_id, known, shown.since)
            for status, at in begun(known, shown):
                day = self._days.of(at).isoformat()
                yield {"cp_id": cp_id, "day": day, "status": name_of(status), "ms": 0, "times": 1}

    def _spent(self, cp_id: CpId, shown: Shown, until: datetime) -> Iterator[dict[str, object]]:
        if not shown.is_gone:
            for day, ms in self._days.parts(shown.since, until):
                status = name_of(shown.status)
                yield {"cp_id": cp_id, "day": day.isoformat(), "status": status, "ms": ms, "times": 0}

    def take(self, news: News) -> None:
        """Take in what is shown anew."""
        self._shown.update(news)

    def draft(self) -> "StatusDraft":
        """Return the same, to take in what is not committed yet."""
        return StatusDraft(self._shown, self.awaited_until, self._days)

    def adopt(self, draft: "StatusDraft") -> None:
        """Take in what a draft has taken in: it is committed."""
        self._shown.update(draft.taken)
        self.awaited_until = draft.awaited_until


class StatusDraft(Statuses):
    """What every charging point will show once a batch is committed; `taken` is what is new in it."""

    def __init__(
        self, committed: MutableMapping[CpId, Shown], awaited_until: datetime | None, days: Days
    ) -> None:
        self.taken: dict[CpId, Shown] = {}
        super().__init__(ChainMap(self.taken, committed), awaited_until, days)


def begun(known: Shown | None, shown: Shown) -> Iterator[tuple[CpStatus | None, datetime]]:
    """Yield what begins with `shown`, and when: another status, or a fault, which begins once however long it takes."""
    if shown.status is not CpStatus.FAULTED and (known is None or known.status is not shown.status):
        yield shown.status, shown.since
    before = known.incident if known is not None else None
    if before is None and shown.incident is not None and shown.incident.counted:
        yield CpStatus.FAULTED, shown.incident.began
    elif before is not None and shown.incident is None and is_late(before, shown.since):
        yield CpStatus.FAULTED, before.began


def is_late(incident: Incident, now: datetime) -> bool:
    """Return whether an incident that was not counted has taken longer than any start."""
    return not incident.counted and now - incident.began > START_GRACE


def name_of(status: CpStatus | None) -> str:
    """Return how the books call a status."""
    return status.value if status is not None else NO_DATA
