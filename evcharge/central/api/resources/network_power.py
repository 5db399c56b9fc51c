"""The power of the whole network in the last day: from the books what was before Central started."""

import asyncio
from datetime import timedelta

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.routes import VIEWERS, Route
from evcharge.central.books.past_courses import past_courses
from evcharge.central.books.store import CentralStore
from evcharge.central.rules.commands import Actor
from evcharge.central.views.past_power import past_power
from evcharge.central.views.telemetry import DAY_S, Telemetry
from evcharge.http.server import answer
from evcharge.storage.books import Books


class NetworkPower:
    """/api/power"""

    def __init__(self, telemetry: Telemetry, database: Books, store: CentralStore) -> None:
        self._telemetry = telemetry
        self._database = database
        self._store = store
        # The books are read once, for the first who asks.
        self._turn = asyncio.Lock()
        self._is_remembered = False

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/power",
                handler=self.power,
                roles=VIEWERS,
                answers=answers.PowerAnswer,
                summary="The power of the whole network in the last 24 hours.",
            )
        ]

    async def power(self, _request: web.Request, _: Actor) -> web.Response:
        """Show the power of the whole network in the last day."""
        async with self._turn:
            if not self._is_remembered:
                await self._remember()
                self._is_remembered = True
        return answer({"power": self._telemetry.network()})

    async def _remember(self) -> None:
        # While Central was away nobody sampled, and what flowed may not have been told yet: that stays a gap.
        until = self._store.seen_until
        if until is None:
            return
        courses, since = await past_courses(self._database, until - timedelta(seconds=DAY_S), until)
        self._telemetry.remember(past_power(courses, since.timestamp(), until.timestamp()))
