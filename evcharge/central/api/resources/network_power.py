"""The power of the whole network in the last day."""

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.past_lines import PastLines
from evcharge.central.api.kit.routes import VIEWERS, Route
from evcharge.central.rules.commands import Actor
from evcharge.http.server import answer


class NetworkPower:
    """/api/power"""

    def __init__(self, lines: PastLines) -> None:
        self._lines = lines

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
        return answer({"power": await self._lines.network()})
