"""What an operator settles by hand: sessions whose engine is lost."""

from aiohttp import hdrs, web

from evcharge.central.api import answers
from evcharge.central.api.inputs import carried_out
from evcharge.central.api.routes import OPERATORS, Route
from evcharge.central.api.sessions import Sessions
from evcharge.central.commands import Actor, CloseLost
from evcharge.central.dispatcher import Dispatcher
from evcharge.https import answer
from evcharge.ids import SessionId


class Settling:
    """/api/sessions/{session_id}/close-lost."""

    def __init__(self, dispatcher: Dispatcher, sessions: Sessions) -> None:
        self._dispatcher = dispatcher
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_POST,
                path="/api/sessions/{session_id}/close-lost",
                handler=self.close_lost,
                roles=OPERATORS,
                answers=answers.SessionAnswer,
                summary="Close a session whose engine does not come back: billed by estimate, or its hold goes back.",
            ),
        ]

    async def close_lost(self, request: web.Request, actor: Actor) -> web.Response:
        """Close a session whose engine does not come back."""
        session_id = SessionId(request.match_info["session_id"])
        await self._sessions.told(session_id)
        await carried_out(self._dispatcher, CloseLost(by=actor, session_id=session_id))
        return answer(await self._sessions.told(session_id))
