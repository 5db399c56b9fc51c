"""A driver's dealings with Central: what to show, what to send, what to remember. Pure.

Every call returns a `Reaction`, to be carried out by the desk.
"""

from collections import deque
from collections.abc import Callable, Iterable

from evcharge.driver import words
from evcharge.driver.dealings import SENT, UNSENT, Outcome, Reaction, Request
from evcharge.errors import Code, EvchargeError
from evcharge.messages import (
    AskBalance,
    AskHistory,
    Balance,
    Bye,
    ErrorNotice,
    History,
    ListPoints,
    Message,
    Notice,
    Points,
    Progress,
    RequestStop,
    Supply,
    TicketIssued,
    TicketSeen,
)

Question = ListPoints | AskBalance | AskHistory

_UNDER_WAY = ("READY", "CHARGING", "STOPPING")
# An ERROR with one of these answers the request itself: asking again would change nothing.
_FINAL = frozenset(
    {
        Code.UNKNOWN_CP,
        Code.CP_NOT_AVAILABLE,
        Code.CP_BUSY,
        Code.NONE_AVAILABLE,
        Code.BALANCE,
        Code.DRIVER_BLOCKED,
        Code.DRIVER_BUSY,
        Code.FIELD,
    }
)
# "Not now": the same request is repeated.
_NOT_NOW = frozenset({Code.STORAGE, Code.BUSY})
_REPEAT_AFTER_S = 5.0
# Enough to recognise a late word about what is over.
_REMEMBERED_REQUESTS = 100


class Conversation:
    """The state of one driver's dealings, from its first connection to its last."""

    def __init__(
        self,
        driver_id: str,
        address: str,
        plug_within_s: int,
        new_request_id: Callable[[], str],
        seen: Iterable[str] = (),
    ) -> None:
        self._driver_id = driver_id
        self._address = address
        self._plug_within_s = plug_within_s
        self._new_request_id = new_request_id
        self._seen = set(seen)
        self._connected = False
        self._was_connected = False
        # What this outage has already been explained with.
        self._told: set[str] = set()
        self._request: Request | None = None
        self._stop_wanted = False
        self._questions: list[Question] = []
        self._refused: deque[str] = deque(maxlen=_REMEMBERED_REQUESTS)
        self._ticketed: deque[str] = deque(maxlen=_REMEMBERED_REQUESTS)

    @property
    def request(self) -> Request | None:
        """The request under way, if any."""
        return self._request

    @property
    def busy(self) -> bool:
        """Whether something that we asked for has not been answered yet."""
        own = self._request is not None and self._request.mine
        return own or self._stop_wanted or bool(self._questions)

    # ---- what the driver wants

    def start(self, cp_id: str | None, location: str | None, request_id: str | None = None) -> Reaction:
        """Ask for a charge at `cp_id`, or at any. `request_id` is given when an earlier run asked already."""
        if self._request is not None:
            return Reaction(lines=(words.still_running(self._request.place or self._request.cp_id),))
        self._request = Request(
            request_id=request_id or self._new_request_id(), cp_id=cp_id, location=location
        )
        if not self._connected:
            return self._later()
        return self._send_request(self._request)

    def stop(self) -> Reaction:
        """Ask for the end of the charge; a request that was never sent is cancelled."""
        request = self._request
        if request is not None and request.step == UNSENT:
            return self._end(request, words.CANCELLED, words.CANCELLED)
        if self._stop_wanted:
            return Reaction(lines=(words.ALREADY_STOPPING,))
        self._stop_wanted = True
        if not self._connected:
            return self._later()
        return Reaction(lines=(words.STOP_SENT,), messages=(self._stop_message(),))

    def ask(self, question: Question) -> Reaction:
        """Put a question to Central, now or as soon as it can be reached."""
        if question in self._questions:
            return Reaction(lines=(words.ALREADY_ASKED,))
        self._questions.append(question)
        if not self._connected:
            return self._later()
        return Reaction(messages=(question,))

    def leave(self) -> Reaction:
        """Say what becomes of a request that is left behind."""
        request = self._request
        if request is None:
            return Reaction()
        if request.step == UNSENT:
            return Reaction(lines=(words.not_sent(request.cp_id, request.location),))
        return Reaction(lines=(words.goes_on(request.place or request.cp_id),))

    # ---- the connection

    def connected(self) -> Reaction:
        """Central is reached: say so, and repeat whatever has no answer yet."""
        lines = [words.CONNECTED_AGAIN if self._was_connected else words.connected(self._address)]
        self._connected = self._was_connected = True
        self._told.clear()
        messages: list[Message] = []
        request = self._request
        if request is not None and request.mine:
            sent = self._send_request(request)
            lines += sent.lines
            messages += sent.messages
        if self._stop_wanted:
            messages.append(self._stop_message())
        return Reaction(lines=tuple(lines), messages=(*messages, *self._questions))

    def lost(self, refusal: EvchargeError | None = None) -> Reaction:
        """Central is not reached: `refusal` says who would not have us, and why, if anybody answered.

        Each reason is told once per outage.
        """
        self._connected = False
        reason = "" if refusal is None else refusal.code
        if reason in self._told:
            return Reaction()
        self._told.add(reason)
        if refusal is not None:
            return Reaction(lines=(words.cannot_enter(refusal.text),))
        under_way = self._request is not None and self._request.step in _UNDER_WAY
        return Reaction(lines=(words.cannot_connect(self._address, under_way),))

    def repeat(self) -> Reaction:
        """Send the request again that Central could not take a while ago, if it still has no answer."""
        request = self._request
        if self._connected and request is not None and request.mine and request.step == SENT:
            return Reaction(messages=(request.message(),))
        return Reaction()

    # ---- what Central says

    def hear(self, message: Message) -> Reaction:
        """React to one message. What a newer Central may add is ignored."""
        match message:
            case Progress():
                return self._progress(message)
            case Supply():
                return self._supply(message)
            case TicketIssued():
                return self._ticket(message)
            case Notice():
                return Reaction(lines=(message.text,))
            case Points():
                return self._answer(ListPoints, words.points(message))
            case Balance():
                return self._answer(AskBalance, [words.balance(message)])
            case History():
                return self._answer(AskHistory, words.history(message))
            case ErrorNotice():
                return self._error(message)
            case Bye():
                return Reaction(lines=(words.farewell(message.reason),))
            case _:
                return Reaction()

    def _progress(self, word: Progress) -> Reaction:
        request = self._request
        if request is None or not self._is_about(request, word.request_id, word.session_id):
            return self._progress_of_another(word)
        request.session_id = word.session_id or request.session_id
        request.place = word.cp_id or request.place
        if word.step == "REFUSED":
            return self._refuse(request, word.code, word.text)
        if word.step == request.step:
            return Reaction()
        request.step = word.step
        if word.step == "STOPPING":
            self._stop_wanted = False
        return Reaction(lines=self._step_lines(word.step, request.place or request.cp_id, word.text))

    def _progress_of_another(self, word: Progress) -> Reaction:
        if word.request_id in self._ticketed:
            return Reaction()
        if word.request_id in self._refused:
            # Two copies of one request crossed an outage: the first was refused, the second was not. We have
            # already told the driver "refused", so nobody is going to plug in.
            if word.step == "REFUSED" or word.session_id is None:
                return Reaction()
            stop = RequestStop(session_id=word.session_id)
            return Reaction(lines=(words.taken_after_all(word.cp_id),), messages=(stop,))
        if word.step == "REFUSED":
            return Reaction(lines=(self._refusal_line(word.code, word.text),))
        if self._request is None:
            self._request = Request(
                request_id=word.request_id,
                mine=False,
                step=word.step,
                session_id=word.session_id,
                place=word.cp_id,
            )
        return Reaction(lines=self._step_lines(word.step, word.cp_id, word.text))

    def _supply(self, supply: Supply) -> Reaction:
        if supply.session_id in self._seen:
            return Reaction()
        lines: list[str] = []
        if self._request is None:
            # Its REQUEST_START was somebody else's; the ticket will tell which.
            self._request = Request(request_id="", mine=False, session_id=supply.session_id)
        request = self._request
        if request.session_id in (None, supply.session_id):
            request.session_id, request.place = supply.session_id, supply.cp_id
            if request.step not in ("CHARGING", "STOPPING"):
                request.step = "CHARGING"
                lines.append(words.charging(supply.cp_id))
        return Reaction(lines=(*lines, words.live(supply)))

    def _ticket(self, bill: TicketIssued) -> Reaction:
        outcome = None
        request = self._request
        if request is not None and self._is_about(request, bill.request_id, bill.session_id):
            if request.mine:
                outcome = Outcome(
                    request_id=request.request_id,
                    cp_id=bill.cp_id,
                    charged=True,
                    result=words.ended(bill.reason),
                    energy_mwh=bill.energy_mwh,
                    cost_cents=bill.cost_cents,
                )
            self._over()
        self._ticketed.append(bill.request_id)
        # Shown before, when only the acknowledgement was lost.
        lines = [] if bill.session_id in self._seen else words.ticket(self._driver_id, bill)
        self._seen.add(bill.session_id)
        return Reaction(
            lines=tuple(lines),
            seen=bill.session_id,
            outcome=outcome,
            messages=(TicketSeen(session_id=bill.session_id),),
        )

    def _answer(self, asked: type[Question], lines: list[str]) -> Reaction:
        self._questions = [question for question in self._questions if not isinstance(question, asked)]
        return Reaction(lines=tuple(lines))

    def _error(self, notice: ErrorNotice) -> Reaction:
        request = self._request
        waiting = request is not None and request.mine and request.step == SENT
        if notice.code == Code.NO_SESSION:
            self._stop_wanted = False
            return Reaction(lines=(words.refused(notice.text),))
        if waiting and request is not None and notice.code in _FINAL:
            return self._refuse(request, notice.code, notice.text)
        if waiting and notice.code in _NOT_NOW:
            after_s = max(notice.retry_after_s or 0.0, _REPEAT_AFTER_S)
            return Reaction(lines=(words.central_says(notice.text),), repeat_after_s=after_s)
        # It does not say which question it answers; whoever waits for one asks again.
        self._questions.clear()
        return Reaction(lines=(words.central_says(notice.text),))

    # ---- helpers

    @staticmethod
    def _is_about(request: Request, request_id: str, session_id: str | None) -> bool:
        return request.request_id == request_id or (
            session_id is not None and request.session_id == session_id
        )

    def _send_request(self, request: Request) -> Reaction:
        lines: tuple[str, ...] = ()
        if request.step == UNSENT:
            request.step = SENT
            lines = (words.sent(request.cp_id, request.location),)
        return Reaction(lines=lines, messages=(request.message(),))

    def _later(self) -> Reaction:
        # While the first try to connect is under way there is nothing to complain about yet.
        return Reaction(lines=(words.NOT_CONNECTED,) if self._told else ())

    def _stop_message(self) -> RequestStop:
        return RequestStop(session_id=self._request.session_id if self._request else None)

    def _refuse(self, request: Request, code: str, text: str) -> Reaction:
        self._refused.append(request.request_id)
        return self._end(request, self._refusal_line(code, text), words.refusal(code, text))

    def _end(self, request: Request, line: str, result: str) -> Reaction:
        self._over()
        outcome = Outcome(
            request_id=request.request_id,
            cp_id=request.place or request.cp_id,
            charged=False,
            result=result,
        )
        return Reaction(lines=(line,), outcome=outcome if request.mine else None)

    @staticmethod
    def _refusal_line(code: str, text: str) -> str:
        # This one sentence is the course's own, so it stands alone.
        if code == Code.NONE_AVAILABLE:
            return words.NONE_AVAILABLE
        return words.refused(words.refusal(code, text))

    def _over(self) -> None:
        self._request = None
        self._stop_wanted = False

    def _step_lines(self, step: str, cp_id: str | None, text: str) -> tuple[str, ...]:
        match step:
            case "ASKING":
                return (words.asking(cp_id),)
            case "READY":
                return (words.ready(cp_id, self._plug_within_s),)
            case "CHARGING":
                return (words.charging(cp_id),)
            case "STOPPING":
                return (words.stopping(cp_id),)
            case _:
                return (words.central_says(text or step),)
