"""Sessions that their engine will not end any more, and engines that have their last word: Central's own deadlines.

Before power flows, an engine gives its driver `plug_within_s` from the START that it got. Once it has been gone for as
long, it has given up, or begun; of what has begun it still tells when it returns (`corrections`). An engine that is
there and does not say in time what became of a START, or of a STOP, counts as gone: Central hangs up, and the session
ends like any other whose engine is lost. While it still delivers what it had journaled when it came, it is not silent:
the end comes last. But only it says how much that is, so it has `TELL_S` for all of it. An engine whose keys were
withdrawn during a session has `LAST_WORD_S` to tell how that ended; then it is cut, and the session is settled by what
is known. All of it counts from when this Central saw it, by the steady clock: after a restart, anew; and not while
Central itself stood still, nor while a commit hangs, behind which an answer may wait.
"""

from dataclasses import dataclass
from enum import Enum, auto

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.peers.links import Peers
from evcharge.central.rules.commands import CENTRAL, CloseLost, EngineLeaves
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.ids import CpId, SessionId
from evcharge.domain.session import Session, SessionState

# Long enough for a record over any living link; a stolen key must not have longer.
LAST_WORD_S = 2.0
# For what an engine journaled to arrive and be stored, over a slow link, from a slow disk.
ANSWER_S = 30.0
# A batch is stored within milliseconds. One that takes longer hangs: its disk does, or PostgreSQL fails over.
HANGS_S = 1.0
# For all that an engine had journaled, however much it says that is. It keeps a week of METERs: within this time they
# come at a twelfth of the rate at which Central reads.
TELL_S = 3_600.0
# Two steady clocks may differ by a hundredth: of a long time to plug in that is more.
_DRIFTS = 50
# A link that comes and goes puts off the end of a request, but for no longer than so many times the time to plug in.
_MOST_TIMES = 3
# A promise in whole seconds needs no more; an open session of ten thousand is looked at each time.
LOOK_EVERY_S = 0.5


class _Awaited(Enum):
    """What Central waits for: that it begins or not, that it ends, or the last word of withdrawn keys."""

    ANSWER = auto()
    END = auto()
    LAST_WORD = auto()


@dataclass(slots=True)
class _Wait:
    """Since when something is awaited, and since when over this link (None: there is none) after what it told last."""

    awaited: _Awaited
    since_s: float
    link: int | None
    link_since_s: float
    # How much is committed of what the engine had journaled when it came; whether any of it came meanwhile.
    told: int
    tells: bool = False

    def put_off(self, seconds: float) -> None:
        """Count those seconds for nobody."""
        self.since_s += seconds
        self.link_since_s += seconds

    def due_s(self, session: Session) -> float:
        """Return when there was time enough for it."""
        if self.awaited is _Awaited.LAST_WORD:
            return self.since_s + LAST_WORD_S
        plug_s = session.plug_within_s
        if self.link is None:
            due_s = self.link_since_s + plug_s
        elif self.awaited is _Awaited.END:
            due_s = self.link_since_s + ANSWER_S
        else:
            due_s = max(self.since_s + plug_s, self.link_since_s) + max(ANSWER_S, plug_s / _DRIFTS)
        most_s = _MOST_TIMES * plug_s + ANSWER_S
        return min(due_s, self.since_s + (max(most_s, TELL_S) if self.tells else most_s))


class Lost:
    """Ends what nobody else will end."""

    def __init__(self, dispatcher: Dispatcher, peers: Peers) -> None:
        self._dispatcher = dispatcher
        self._peers = peers
        self._waits: dict[SessionId, _Wait] = {}
        self._parting_since: dict[CpId, float] = {}
        self._looked_at = float("-inf")
        # Whether a commit hung when last looked at.
        self._hung = False

    def stood_still(self, seconds: float) -> None:
        """Count those seconds for nobody: what was said meanwhile is not read yet."""
        for wait in self._waits.values():
            wait.put_off(seconds)
        self._parting_since = {cp_id: since_s + seconds for cp_id, since_s in self._parting_since.items()}

    def sweep(self, now_s: float) -> None:
        """Cut every engine that had its last word, end every session that is due; call it often."""
        if now_s - self._looked_at < LOOK_EVERY_S:
            return
        hung_s = self._hung_s(now_s)
        self._looked_at = now_s
        self._part(now_s)
        waits: dict[SessionId, _Wait] = {}
        for session in self._dispatcher.facts.sessions():
            point = self._dispatcher.facts.point(session.cp_id)
            awaited = self._awaited(session, point) if point is not None else None
            if point is None or awaited is None:
                continue
            link, told, wait = point.engine_link, self._told(point), self._waits.get(session.session_id)
            # A last word came in time or never: what Central has of it is decided before that end.
            if wait is not None and wait.awaited is not _Awaited.LAST_WORD:
                wait.put_off(hung_s)
            if wait is None or wait.awaited is not awaited:
                wait = _Wait(awaited, now_s, link, now_s, told)
            elif wait.link != link:
                wait.link, wait.link_since_s, wait.told = link, now_s, told
            elif wait.told != told:
                wait.link_since_s, wait.told, wait.tells = now_s, told, True
            if now_s >= wait.due_s(session):
                self._end(session, point, wait, now_s)
                # When it cannot be stored now, it is tried again after as long.
                wait = _Wait(awaited, now_s, link, now_s, told)
            waits[session.session_id] = wait
        self._waits = waits

    def _hung_s(self, now_s: float) -> float:
        """Return how long a commit has hung since the last look, or until a moment ago: what waited is stored now."""
        before, since_s = self._hung, self._dispatcher.busy_since
        self._hung = since_s is not None and now_s - since_s > HANGS_S
        return now_s - self._looked_at if before or self._hung else 0.0

    def _part(self, now_s: float) -> None:
        since: dict[CpId, float] = {}
        for cp_id, link in list(self._peers.parting.items()):
            since[cp_id] = self._parting_since.get(cp_id, now_s)
            point = self._dispatcher.facts.point(cp_id)
            is_over = point is None or point.session_id is None
            if is_over or now_s - since[cp_id] >= LAST_WORD_S:
                self._peers.part(link)
        self._parting_since = since

    def _told(self, point: ChargingPoint) -> int:
        if point.journal_id is None:
            return 0
        return min(self._dispatcher.facts.last_seq(point.cp_id, point.journal_id), point.journal_end)

    def _awaited(self, session: Session, point: ChargingPoint) -> _Awaited | None:
        """Return what the engine of `session` owes; None while there is nothing, or it could not be stored."""
        if point.revoked:
            return _Awaited.LAST_WORD
        is_there, has_begun = point.engine_link is not None, session.state is not SessionState.AUTHORISED
        if is_there and self._dispatcher.trouble is not None:
            return None
        if session.stop_reason is not None and (is_there or not has_begun):
            return _Awaited.END
        return None if has_begun else _Awaited.ANSWER

    def _end(self, session: Session, point: ChargingPoint, wait: _Wait, now_s: float) -> None:
        """End a session without its engine, whose link, if it has one, ends first."""
        is_cut_off = wait.awaited is _Awaited.LAST_WORD
        if point.engine_link is not None and not is_cut_off:
            why = f"not a word for {now_s - wait.since_s:.0f} s on what became of {session.session_id}"
            self._dispatcher.post(
                EngineLeaves(by=CENTRAL, cp_id=point.cp_id, link=point.engine_link, reason=why)
            )
            self._peers.hang_up(point.engine_link, why)
        self._dispatcher.post(
            CloseLost(
                by=CENTRAL,
                session_id=session.session_id,
                unless_begun=not is_cut_off and session.state is SessionState.AUTHORISED,
                cut_off=is_cut_off,
            )
        )
