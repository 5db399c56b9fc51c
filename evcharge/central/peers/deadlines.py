"""Sessions that their engine will not end any more, and engines that have their last word: Central's own deadlines.

Before power flows, an engine gives its driver `plug_within_s` from the START that it got. Once it has been gone for as
long, it has given up, or begun; of what has begun it still tells when it returns (`corrections`). An engine whose keys
were withdrawn during a session has `LAST_WORD_S` to tell how that ended; then it is cut, and the session is settled
by what is known. All of it counts from when this Central saw it, by the steady clock: after a restart, anew.
"""

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.peers.links import Peers
from evcharge.central.rules.commands import CENTRAL, CloseLost
from evcharge.domain.ids import CpId, SessionId
from evcharge.domain.session import Session, SessionState

# Long enough for a record over any living link; a stolen key must not have longer.
LAST_WORD_S = 2.0
# A promise in whole seconds needs no more; an open session of ten thousand is looked at each time.
LOOK_EVERY_S = 0.5


class Lost:
    """Ends what nobody else will end."""

    def __init__(self, dispatcher: Dispatcher, peers: Peers) -> None:
        self._dispatcher = dispatcher
        self._peers = peers
        self._since: dict[SessionId, float] = {}
        self._parting_since: dict[CpId, float] = {}
        self._looked_at = float("-inf")

    def sweep(self, now_s: float) -> None:
        """Cut every engine that had its last word, end every session that is due; call it often."""
        if now_s - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now_s
        self._part(now_s)
        since: dict[SessionId, float] = {}
        for session in self._dispatcher.facts.sessions():
            order = self._order(session)
            if order is None:
                continue
            began_s = self._since.get(session.session_id, now_s)
            if now_s - began_s >= (LAST_WORD_S if order.cut_off else session.plug_within_s):
                self._dispatcher.post(order)
                # When it cannot be stored now, it is tried again after as long.
                began_s = now_s
            since[session.session_id] = began_s
        self._since = since

    def _part(self, now_s: float) -> None:
        since: dict[CpId, float] = {}
        for cp_id, link in list(self._peers.parting.items()):
            since[cp_id] = self._parting_since.get(cp_id, now_s)
            point = self._dispatcher.facts.point(cp_id)
            is_over = point is None or point.session_id is None
            if is_over or now_s - since[cp_id] >= LAST_WORD_S:
                self._peers.part(link)
        self._parting_since = since

    def _order(self, session: Session) -> CloseLost | None:
        """Return what ends a session that its engine cannot, or None while it can."""
        point = self._dispatcher.facts.point(session.cp_id)
        if point is None:
            return None
        if point.revoked:
            return CloseLost(by=CENTRAL, session_id=session.session_id, cut_off=True)
        if point.engine_link is None and session.state is SessionState.AUTHORISED:
            return CloseLost(by=CENTRAL, session_id=session.session_id, unless_begun=True)
        return None
