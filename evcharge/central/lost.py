"""Sessions whose engine is gone before power flowed: they end here, by Central's own deadline (the steady clock).

The engine gives its driver `plug_within_s` from the START that it got. Once it has been gone for as long, it has
given up, or begun; of what has begun it still tells when it returns (`corrections`).
"""

from evcharge.central.commands import CENTRAL, CloseLost
from evcharge.central.dispatcher import Dispatcher
from evcharge.ids import SessionId
from evcharge.session import Session, SessionState

# A promise in whole seconds needs no more; an open session of ten thousand is looked at each time.
LOOK_EVERY_S = 0.5


class Lost:
    """Counts from when this Central saw that an engine is gone: after a restart, everybody has the time anew."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._gone_since: dict[SessionId, float] = {}
        self._looked_at = float("-inf")

    def sweep(self, now_s: float) -> None:
        """End every authorised session whose engine has been gone for long enough; call it often."""
        if now_s - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now_s
        gone_since: dict[SessionId, float] = {}
        for session in self._dispatcher.facts.sessions():
            if not self._is_gone(session):
                continue
            since = self._gone_since.get(session.session_id, now_s)
            if now_s - since >= session.plug_within_s:
                command = CloseLost(by=CENTRAL, session_id=session.session_id, unless_begun=True)
                self._dispatcher.post(command)
                # When it cannot be stored now, it is tried again after as long.
                since = now_s
            gone_since[session.session_id] = since
        self._gone_since = gone_since

    def _is_gone(self, session: Session) -> bool:
        point = self._dispatcher.facts.point(session.cp_id)
        return session.state is SessionState.AUTHORISED and point is not None and point.engine_link is None
