"""Telemetry, with what was before Central started: read from the books when somebody first asks for it."""

import asyncio
from datetime import timedelta

from evcharge.central.books.past_courses import courses_of, past_courses
from evcharge.central.books.store import CentralStore
from evcharge.central.views.past_power import past_power
from evcharge.central.views.telemetry import DAY_S, HOUR_S, SAMPLE_S, Series, Telemetry
from evcharge.domain.ids import CpId
from evcharge.storage.books import Books


class PastLines:
    """The network's last day, and a charging point's last hour.

    While Central was away nobody sampled, and what flowed may not have been told yet: that stays a gap.
    """

    def __init__(self, telemetry: Telemetry, database: Books, store: CentralStore) -> None:
        self._telemetry = telemetry
        self._database = database
        self._store = store
        # One after the other, and each once.
        self._turn = asyncio.Lock()
        self._has_network = False
        self._recalled: set[CpId] = set()

    async def network(self) -> list[tuple[int, int]]:
        """Return the power of the whole network in the last day."""
        async with self._turn:
            if not self._has_network:
                await self._remember()
                self._has_network = True
        return self._telemetry.network()

    async def point(self, cp_id: CpId) -> Series:
        """Return the last hour of one charging point; before the start of Central only its power is known."""
        if cp_id not in self._recalled:
            async with self._turn:
                await self._recall(cp_id)
                self._recalled.add(cp_id)
        return self._telemetry.series(cp_id)

    async def _remember(self) -> None:
        until = self._store.seen_until
        if until is None:
            return
        courses, since = await past_courses(self._database, until - timedelta(seconds=DAY_S), until)
        self._telemetry.remember(past_power(courses, since.timestamp(), until.timestamp()))

    async def _recall(self, cp_id: CpId) -> None:
        until = self._store.seen_until
        if until is None or cp_id in self._recalled:
            return
        courses, since = await courses_of(self._database, cp_id, until - timedelta(seconds=HOUR_S), until)
        past = past_power(courses, since.timestamp(), until.timestamp(), SAMPLE_S)
        self._telemetry.recall(cp_id, ((number, power_w) for number, power_w, _ in past))
