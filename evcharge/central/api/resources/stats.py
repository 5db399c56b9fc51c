"""Statistics: sessions, energy and money per day and per charging point; faults and availability."""

import asyncio
import time
from datetime import date, datetime

import msgspec
from aiohttp import hdrs, web

from evcharge.central.api.kit import answers, views
from evcharge.central.api.kit.date_ranges import FROM_DAY, LAST_DAYS, TO_DAY, days
from evcharge.central.api.kit.request_inputs import OF_POINT
from evcharge.central.api.kit.routes import VIEWERS, Route
from evcharge.central.books.statistics import Statistics, Sums, Use, availability
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import CpId, check_id, natural
from evcharge.domain.strict_json import tellable
from evcharge.http.server import answer
from evcharge.runtime.clock import Clock
from evcharge.runtime.network_currency import currency

# Seconds of rest for each second of summing: a few hundredths of one core, however often it is asked for.
_REST = 20.0
_MOST_KEPT = 32

_Key = tuple[date, date, CpId | None]


class Stats:
    """/api/stats"""

    def __init__(
        self, dispatcher: Dispatcher, store: CentralStore, statistics: Statistics, clock: Clock
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._statistics = statistics
        self._clock = clock
        # One sum at a time: what everybody asks for at once is computed once.
        self._turn = asyncio.Lock()
        self._kept: dict[_Key, tuple[float, views.Json]] = {}

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/stats",
                handler=self.stats,
                roles=VIEWERS,
                query=(FROM_DAY, TO_DAY, LAST_DAYS, OF_POINT),
                answers=answers.StatsAnswer,
                summary="Sums per day of the network and per charging point; without dates, of the last 30 days.",
            )
        ]

    async def stats(self, request: web.Request, _: Actor) -> web.Response:
        """Show the sums of some days."""
        query = request.query
        now = self._clock()
        first, last = days(query, self._store.days.of(now))
        one = CpId(check_id(query["cp_id"], "cp_id")) if "cp_id" in query else None
        if one is not None and self._dispatcher.facts.point(one) is None:
            raise Refused(f"{one} does not exist: Central has never heard of it.", Code.NOT_FOUND)
        async with self._turn:
            return answer(await self._sums((first, last, one), now))

    async def _sums(self, key: _Key, now: datetime) -> views.Json:
        """Return the sums; the same again for as long as it takes to make up for what they cost."""
        began = time.monotonic()
        until, content = self._kept.get(key, (0.0, {}))
        if began < until:
            return content
        content = await self._computed(key, now)
        ended = time.monotonic()
        self._kept = {kept: value for kept, value in self._kept.items() if value[0] > ended}
        if len(self._kept) < _MOST_KEPT:
            self._kept[key] = (ended + (ended - began) * _REST, content)
        return content

    async def _computed(self, key: _Key, now: datetime) -> views.Json:
        first, last, one = key
        known = [point.cp_id for point in self._dispatcher.facts.points()]
        points = [one] if one is not None else sorted(known, key=natural)
        uses = await self._statistics.uses(first, last, points, self._store.statuses, now)
        per_day = await self._statistics.days(first, last, one, len(known))
        day = self._store.days.of(now)
        today = per_day.get(day)
        if today is None and not first <= day <= last:
            today = (await self._statistics.days(day, day, one, len(known))).get(day)
        return {
            "days": [_day(day, sums) for day, sums in per_day.items()],
            # Encoded while it is kept: of ten thousand points it is what takes the time.
            "cps": msgspec.Raw(msgspec.json.encode([_use(use) for use in uses])),
            "today": _day(day, today or Sums()),
            "timezone": self._store.days.name,
            "currency": currency().code,
            "availability": availability(uses),
        }


def _day(day: date, sums: Sums) -> views.Json:
    return {"day": day.isoformat(), **_sums(sums)}


def _sums(sums: Sums) -> views.Json:
    return {
        "sessions": tellable(sums.sessions),
        "energy_mwh": tellable(sums.energy_mwh),
        "revenue_cents": tellable(sums.revenue_cents),
    }


def _use(use: Use) -> views.Json:
    return {
        "cp_id": use.cp_id,
        **_sums(use.sums),
        "available_s": use.seconds(CpStatus.AVAILABLE),
        "preparing_s": use.seconds(CpStatus.PREPARING),
        "charging_s": use.seconds(CpStatus.CHARGING),
        "finishing_s": use.seconds(CpStatus.FINISHING),
        "faulted_s": use.seconds(CpStatus.FAULTED),
        "out_s": use.seconds(CpStatus.UNAVAILABLE),
        "disconnected_s": use.seconds(CpStatus.DISCONNECTED),
        "no_data_s": use.no_data_ms // 1000,
        "faults": use.faults,
        "mean_fault_s": use.mean_fault_s,
    }
