"""A driver's conversation with Central: what to show, what to send, what to remember. Pure.

Every call returns a `Reaction`, to be carried out by the desk.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from msgspec import UNSET

from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.features import SPOKEN, Feature
from evcharge.driver.fault_notes import FaultNotes, Note
from evcharge.driver.known_facts import KnownFacts
from evcharge.driver.requests import SENT, UNSENT, Outcome, Reaction, Request
from evcharge.driver.words import ENGLISH, Words
from evcharge.evc1.messages import (
    AnswerStart,
    AskBalance,
    AskHistory,
    AskPin,
    Balance,
    Bye,
    ConfirmOver,
    ConfirmStart,
    ErrorNotice,
    History,
    ListPoints,
    Message,
    Notice,
    PinState,
    Points,
    Progress,
    RequestStop,
    SetPin,
    Supply,
    TicketIssued,
    TicketSeen,
)

Question = ListPoints | AskBalance | AskHistory | AskPin | SetPin

_FLOWING = ("CHARGING", "STOPPING")
_UNDER_WAY = ("READY", *_FLOWING)
# An ERROR with one of these answers the request itself: asking again would change nothing.
_FINAL = frozenset(
    {
        Code.UNKNOWN_CP,
        Code.CP_NOT_AVAILABLE,
        Code.CP_BUSY,
        Code.CP_OCCUPIED,
        Code.NONE_AVAILABLE,
        Code.NONE_NEAR,
        Code.PRICE,
        Code.BALANCE,
        Code.DRIVER_BLOCKED,
        Code.DRIVER_BUSY,
        Code.PAUSE,
        Code.FIELD,
    }
)
# "Not now": the same request is repeated.
_NOT_NOW = frozenset({Code.STORAGE, Code.BUSY})
_REPEAT_AFTER_S = 5.0
# What a notice says has changed the wallet.
_OF_MONEY = frozenset({"TOPPED_UP", "WALLET_CORRECTED", "PAID_OUT", "DEBT_PAID", "CORRECTED"})
# Enough to recognise a late word about what is over.
_REMEMBERED_REQUESTS = 100


@dataclass(frozen=True, slots=True)
class OtherPoint:
    """A charging point elsewhere that Central named, and the limits (mWh, cents) of the request that it is for."""

    cp_id: str
    limits: tuple[int | None, int | None]


class Conversation:
    """The state of one driver's conversation, from its first connection to its last."""

    def __init__(
        self,
        driver_id: str,
        address: str,
        plug_within_s: int,
        new_request_id: Callable[[], str],
        seen: Iterable[str] = (),
        words: Words = ENGLISH,
        *,
        auto_refresh: bool = False,
    ) -> None:
        """`words` says and lays out what is shown. With `auto_refresh` it asks by itself what a screen shows."""
        self._driver_id = driver_id
        # Which Central is dialled, or all of them; and which served us last.
        self.address = address
        self._served_by = address
        self._plug_within_s = plug_within_s
        self._new_request_id = new_request_id
        self._seen = set(seen)
        self._words = words
        self._auto_refresh = auto_refresh
        self.facts = KnownFacts()
        self._connected = False
        self._speaks: frozenset[str] = SPOKEN
        self._was_connected = False
        self._fault_notes = FaultNotes(words)
        # What this outage has already been explained with.
        self._told: set[str] = set()
        self._request: Request | None = None
        # A charging point elsewhere that Central named, when none was free where the driver wanted one.
        self._offer: OtherPoint | None = None
        self._stop_wanted = False
        # Which session that is about; None: Central knows of one only.
        self._stop_session: str | None = None
        # Sessions of ours that another program asked for, by their charging point.
        self._others: dict[str, str] = {}
        # Those of them that Central has not named since the last login: they may have come to nothing meanwhile.
        self._unheard: set[str] = set()
        # The prices of the list that was shown last: where one is higher by now, nothing begins.
        self._shown_prices: dict[str, int] = {}
        self._questions: list[Question] = []
        # Asked by ourselves: their answers are known, not shown.
        self._quiet: list[Question] = []
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

    def start(
        self,
        cp_id: str | None,
        location: str | None,
        request_id: str | None = None,
        until_mwh: int | None = None,
        until_cents: int | None = None,
    ) -> Reaction:
        """Ask for a charge at `cp_id`, or at any. `request_id` is given when an earlier run asked already."""
        if self._request is not None:
            point = self._request.place or self._request.cp_id or self._words("any point")
            return Reaction(lines=(self._words("still running", point=point),))
        self._offer = None
        self._request = Request(
            request_id=request_id or self._new_request_id(),
            cp_id=cp_id,
            location=location,
            until_mwh=until_mwh,
            until_cents=until_cents,
            shown_price=self._shown_prices.get(cp_id) if cp_id is not None else None,
        )
        if not self._connected:
            return self._later()
        return self._send_request(self._request)

    def stop(self, cp_id: str | None = None) -> Reaction:
        """Ask for the end of the charge, or of that at `cp_id`; a request that was never sent is cancelled."""
        request = self._request
        if request is not None and request.step == UNSENT and cp_id in (None, request.cp_id):
            cancelled = self._words("cancelled")
            return self._end(request, cancelled, cancelled)
        running = self._running()
        if cp_id is None and len(running) > 1:
            return Reaction(lines=(self._words("stop which?", points=", ".join(sorted(running))),))
        if cp_id is not None and cp_id not in running:
            return Reaction(lines=(self._words("nothing to stop", cp_id=cp_id),))
        session_id = running[cp_id] if cp_id is not None else next(iter(running.values()), None)
        if self._stop_wanted and self._stop_session == session_id:
            return Reaction(lines=(self._words("already stopping"),))
        if Code.DUPLICATE in self._told and not self._connected:
            return self._not_taken()
        self._stop_wanted, self._stop_session = True, session_id
        if not self._connected:
            return self._later()
        return Reaction(lines=(self._words("stop sent"),), messages=(self._stop_message(),))

    def ask(self, question: Question) -> Reaction:
        """Put a question to Central, now or as soon as it can be reached."""
        if question in self._questions:
            return Reaction(lines=(self._words("already asked"),))
        if self._connected and not self._understands(question):
            return Reaction(lines=(self._words("central too old"),))
        self._questions.append(question)
        if question in self._quiet:
            self._quiet.remove(question)
            return Reaction()
        if not self._connected:
            return self._later()
        return Reaction(messages=(question,))

    def answer(self, *, yes: bool) -> Reaction:
        """Say whether a charge is wanted: one that a charging point asks about, or where Central named one."""
        question, offer = self.facts.question, self._offer
        self._offer = None
        if question is None:
            if offer is None:
                return Reaction(lines=(self._words("nothing asked"),))
            return self.start(offer.cp_id, None, None, *offer.limits) if yes else Reaction()
        if yes and offer is not None:
            # It may have been meant for the offer, and this one costs money.
            return Reaction(lines=(self._words("which?", cp_id=question.cp_id),))
        self.facts.question = None
        said = self._words("said yes" if yes else "said no", cp_id=question.cp_id)
        return Reaction(lines=(said,), messages=(AnswerStart(request_id=question.request_id, yes=yes),))

    def leave(self) -> Reaction:
        """Say what becomes of a request that is left behind."""
        request = self._request
        if request is None:
            return Reaction()
        if request.step == UNSENT:
            return Reaction(lines=(self._words("never sent", wanted=self._wanted(request)),))
        return Reaction(lines=(self._words("goes on", point=self._place(request)),))

    def confirm_quit(self) -> Reaction:
        """Ask a driver who is about to leave whether that is meant: a charge is under way."""
        place = self._place(self._request) if self._request else self._words("the point")
        return Reaction(lines=(self._words("quit?", point=place),))

    # ---- the connection

    def connected(self, speaks: frozenset[str] = SPOKEN) -> Reaction:
        """A Central that `speaks` those features is reached: say so, and repeat whatever has no answer yet."""
        self._speaks = speaks
        self._connected = True
        over: tuple[Note, ...] = ()
        lines: list[str] = []
        if Code.DUPLICATE in self._told:
            # Whether we are let in this time, the first word tells.
            self._told = {Code.DUPLICATE}
        else:
            lines, over = self._let_in()
        messages: list[Message] = []
        request, outcome = self._request, None
        if request is not None and request.mine:
            sent = self._send_request(request)
            lines += sent.lines
            messages += sent.messages
            outcome = sent.outcome
        if self._stop_wanted:
            messages.append(self._stop_message())
        self._quiet.clear()
        if strange := [question for question in self._questions if not self._understands(question)]:
            lines.append(self._words("central too old"))
            self._questions = [question for question in self._questions if question not in strange]
        messages += self._questions
        messages += self._look_up(ListPoints(), AskBalance())
        self._unheard = set(self._others.values())
        if request is not None and not request.mine and request.session_id is not None:
            self._unheard.add(request.session_id)
        if self._unheard and AskBalance() not in (*self._quiet, *self._questions):
            # Central names what is open before it answers anything.
            self._quiet.append(AskBalance())
            messages.append(AskBalance())
        return Reaction(lines=tuple(lines), messages=tuple(messages), notes=over, outcome=outcome)

    def _let_in(self) -> tuple[list[str], tuple[Note, ...]]:
        again, self._was_connected, self.facts.connected = self._was_connected, True, True
        self._told.clear()
        over = self._fault_notes.end("central", "registry")
        lines = [self._words("registry back")] if ("registry", None) in over else []
        name = "connected"
        if again:
            name = "connected again" if self.address == self._served_by else "connected to another"
        self._served_by = self.address
        lines.append(self._words(name, address=self.address))
        return lines, over

    def lost(self, refusal: EvchargeError | None = None, why: str = "") -> Reaction:
        """Central is not reached: `refusal` says who would not have us, and why, if anybody answered.

        Where nobody did, `why` says as much as is known of the network. Each reason is told once per outage.
        """
        self._connected = self.facts.connected = False
        # It comes again, if there still is one.
        self.facts.question = None
        reason = why if refusal is None else refusal.code
        if reason == Code.DUPLICATE and self._stop_wanted:
            not_taken = self._not_taken()
            told = self.lost(refusal)
            return replace(told, lines=(*told.lines, *not_taken.lines))
        if reason in self._told or (not reason and self._told):
            return Reaction()
        self._told.add(reason)
        if refusal is not None:
            said = self._words.cannot_enter(refusal)
            source = "registry" if refusal.code is Code.UNREACHABLE else "central"
            return Reaction(lines=(said,), notes=self._fault_notes.begin(source, said))
        under_way = self._request is not None and self._request.step in _UNDER_WAY
        said = self._words.cannot_connect(self.address, why, charging=under_way)
        return Reaction(lines=(said,), notes=self._fault_notes.begin("central", said))

    def handed_over(self) -> Reaction:
        """Central says that another one takes over, which is dialled now. Whatever has no answer is repeated there."""
        self._connected = self.facts.connected = False
        self.facts.question = None
        return Reaction(lines=(self._words("handed over", address=self.address),))

    def renewal(self, problem: EvchargeError | None) -> Reaction:
        """The Registry renews our ticket no more, or again (None); Central is not concerned."""
        if problem is not None:
            said = self._words.cannot_enter(problem)
            return Reaction(lines=(said,), notes=self._fault_notes.begin("registry", said))
        over = self._fault_notes.end("registry")
        return Reaction(lines=(self._words("registry back"),) if over else (), notes=over)

    def repeat(self) -> Reaction:
        """Send the request again that Central could not take a while ago, if it still has no answer."""
        request = self._request
        if self._connected and request is not None and request.mine and request.step == SENT:
            return Reaction(messages=(request.message(),))
        return Reaction()

    # ---- what Central says

    def hear(self, message: Message) -> Reaction:
        """React to one message. What a newer Central may add is ignored."""
        self.facts.hear(message)
        first: list[str] = []
        over: tuple[Note, ...] = ()
        if Code.DUPLICATE in self._told and not isinstance(message, ErrorNotice | Bye):
            first, over = self._let_in()
        reaction = self._react(message)
        if first:
            reaction = replace(reaction, lines=(*first, *reaction.lines), notes=(*over, *reaction.notes))
        lines, notes = self._fault_notes.hear(message)
        if not notes:
            return reaction
        return replace(reaction, lines=(*lines, *reaction.lines), notes=(*reaction.notes, *notes))

    def _react(self, message: Message) -> Reaction:
        match message:
            case Progress():
                return self._progress(message)
            case Supply():
                return self._supply(message)
            case TicketIssued():
                return self._ticket(message)
            case Notice():
                is_news = self._fault_notes.is_news(message)
                asks = self._look_up(AskBalance()) if message.code in _OF_MONEY else ()
                return Reaction(lines=(self._words.notice(message),) if is_news else (), messages=asks)
            case Points():
                reaction = self._answer(ListPoints, self._words.points(message))
                if reaction.lines:
                    self._shown_prices = {point.cp_id: point.price for point in message.points}
                return reaction
            case Balance():
                gone = self._forget_unheard()
                answer = self._answer(AskBalance, self._words.balance(message))
                return replace(answer, lines=(*gone, *answer.lines))
            case History():
                return self._answer(AskHistory, self._words.history(message))
            case PinState():
                return self._answer((AskPin, SetPin), self._words.pin(message))
            case ConfirmStart():
                return Reaction(lines=(self._words.question(message),))
            case ConfirmOver():
                return Reaction(lines=(self._words.unconfirmed(message),))
            case ErrorNotice():
                return self._error(message)
            case Bye():
                return Reaction(lines=(self._words.farewell(message.reason),))
            case _:
                return Reaction()

    def _progress(self, word: Progress) -> Reaction:
        self._unheard.discard(word.session_id or "")
        request = self._request
        if request is None or not self._is_about(request, word.request_id, word.session_id):
            return self._progress_of_another(word)
        request.session_id = word.session_id or request.session_id
        request.place = word.cp_id or request.place
        if word.step == "REFUSED":
            if request.step in _FLOWING:
                # Asked again after an outage, of a Central whose books were put back: its engine tells it.
                return Reaction(lines=(self._words("not known", point=self._place(request)),))
            return self._refuse(request, word)
        if word.step == request.step:
            return Reaction()
        request.step = word.step
        if word.step == "STOPPING":
            self._stop_wanted = False
        line = self._words.step(word, request.place or request.cp_id, self._plug_within_s)
        # The money that is held has changed.
        return Reaction(lines=(line,), messages=self._look_up(AskBalance()))

    def _progress_of_another(self, word: Progress) -> Reaction:
        if word.request_id in self._ticketed:
            return Reaction()
        if word.request_id in self._refused:
            # Two copies of one request crossed an outage: the first was refused, the second was not. We have
            # already told the driver "refused", so nobody is going to plug in.
            if word.step == "REFUSED" or word.session_id is None:
                return Reaction()
            stop = RequestStop(session_id=word.session_id)
            point = word.cp_id or self._words("a point")
            return Reaction(lines=(self._words("taken after all", point=point),), messages=(stop,))
        if word.step == "REFUSED":
            self._others = {at: one for at, one in self._others.items() if one != word.session_id}
            return Reaction(lines=(self._words.refused(word),))
        if self._request is None:
            self._request = Request(
                request_id=word.request_id,
                mine=False,
                step=word.step,
                session_id=word.session_id,
                place=word.cp_id,
            )
        elif word.session_id is not None and word.cp_id is not None:
            self._others[word.cp_id] = word.session_id
        if word.step == "STOPPING" and word.session_id == self._stop_session:
            self._stop_wanted = False
        return Reaction(lines=(self._words.step(word, word.cp_id, self._plug_within_s),))

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
            if request.step not in _FLOWING:
                request.step = "CHARGING"
                lines.append(self._words("charging", point=supply.cp_id))
        return Reaction(lines=(*lines, *self._words.live(supply)))

    def _ticket(self, bill: TicketIssued) -> Reaction:
        outcome = None
        request = self._request
        if request is not None and self._is_about(request, bill.request_id, bill.session_id):
            if request.mine:
                outcome = Outcome(
                    request_id=request.request_id,
                    cp_id=bill.cp_id,
                    charged=True,
                    result=self._words.ended(bill.reason),
                    energy_mwh=bill.energy_mwh,
                    cost_cents=bill.cost_cents,
                )
            self._over()
        self._ticketed.append(bill.request_id)
        self._others = {at: one for at, one in self._others.items() if one != bill.session_id}
        # Shown before, when only the acknowledgement was lost.
        lines = [] if bill.session_id in self._seen else self._words.ticket(self._driver_id, bill)
        self._seen.add(bill.session_id)
        return Reaction(
            lines=tuple(lines),
            seen=bill.session_id,
            outcome=outcome,
            messages=(*self._look_up(AskBalance()), TicketSeen(session_id=bill.session_id)),
        )

    def _forget_unheard(self) -> list[str]:
        """Forget what came to nothing while we were away: nobody else is told, and no ticket follows."""
        gone, self._unheard = self._unheard, set()
        for session_id in gone:
            self.facts.over(session_id)
        points = [at for at, session_id in self._others.items() if session_id in gone]
        for at in points:
            del self._others[at]
        request = self._request
        if request is not None and not request.mine and request.session_id in gone:
            points.append(self._place(request))
            self._over()
        return [self._words("over meanwhile", point=point) for point in points]

    def _understands(self, question: Question) -> bool:
        return question.feature is None or question.feature in self._speaks

    def _answer(self, asked: type[Question] | tuple[type[Question], ...], lines: list[str]) -> Reaction:
        if any(isinstance(question, asked) for question in self._quiet):
            self._quiet = [question for question in self._quiet if not isinstance(question, asked)]
            return Reaction()
        self._questions = [question for question in self._questions if not isinstance(question, asked)]
        return Reaction(lines=tuple(lines))

    def _error(self, notice: ErrorNotice) -> Reaction:
        request = self._request
        waiting = request is not None and request.mine and request.step == SENT
        if notice.code == Code.DUPLICATE:
            # The end of the connection, which follows, says it.
            return Reaction()
        if notice.code in (Code.NO_SESSION, Code.WHICH_SESSION):
            self._stop_wanted = False
            return Reaction(lines=(self._words.refused(notice),))
        if waiting and request is not None and notice.code in _FINAL:
            return self._refuse(request, notice)
        says = self._words("central says", text=self._words.error(notice.code, notice.text))
        if waiting and notice.code in _NOT_NOW:
            after_s = max(notice.retry_after_s or 0.0, _REPEAT_AFTER_S)
            return Reaction(lines=(says,), repeat_after_s=after_s)
        # It does not say which question it answers; whoever waits for one asks again.
        self._questions.clear()
        self._quiet.clear()
        return Reaction(lines=(says,))

    # ---- helpers

    @staticmethod
    def _is_about(request: Request, request_id: str, session_id: str | None) -> bool:
        return request.request_id == request_id or (
            session_id is not None and request.session_id == session_id
        )

    def _send_request(self, request: Request) -> Reaction:
        if request.is_limited and Feature.LIMITS not in self._speaks:
            # It would charge on beyond that.
            too_old = self._words("central too old")
            return self._end(request, too_old, too_old)
        lines: tuple[str, ...] = ()
        if request.step == UNSENT:
            request.step = SENT
            lines = (self._words("sent", wanted=self._wanted(request)),)
        return Reaction(lines=lines, messages=(request.message(),))

    def _later(self) -> Reaction:
        # While the first try to connect is under way there is nothing to complain about yet.
        return Reaction(lines=(self._words("not connected"),) if self._told else ())

    def _not_taken(self) -> Reaction:
        # Kept until we are let in, it would end some charge of later.
        self._stop_wanted = False
        return Reaction(lines=(self._words("stop elsewhere", driver_id=self._driver_id),))

    def _running(self) -> dict[str, str | None]:
        """Return the sessions that can be stopped, by their charging point; None: not known yet."""
        request = self._request
        running: dict[str, str | None] = dict(self._others)
        if request is not None:
            running[self._place(request)] = request.session_id
        return running

    def _stop_message(self) -> RequestStop:
        request = self._request
        asked = request.session_id if request is not None and not self._others else None
        return RequestStop(session_id=self._stop_session or asked)

    def _look_up(self, *questions: Question) -> tuple[Question, ...]:
        """Return what is to be asked for the toolbar and completion, unless it is under way already."""
        if not self._auto_refresh:
            return ()
        new = tuple(one for one in questions if one not in self._quiet and one not in self._questions)
        self._quiet += new
        return new

    def _wanted(self, request: Request) -> str:
        return self._words.wanted(request.cp_id, request.location, request.until_mwh, request.until_cents)

    def _place(self, request: Request) -> str:
        return self._words.point(request.place or request.cp_id)

    def _refuse(self, request: Request, word: Progress | ErrorNotice) -> Reaction:
        self._refused.append(request.request_id)
        # What was held for it is free again.
        was_held = request.session_id is not None
        if isinstance(word, Progress) and word.code == Code.NONE_NEAR:
            limits = (request.until_mwh, request.until_cents)
            self._offer = OtherPoint(word.cp_id, limits) if word.cp_id is not None else None
            # It was not asked for, and nothing happened there.
            request.place = None
        if isinstance(word, Progress) and word.price is not UNSET and word.cp_id is not None:
            # The refusal shows it: whoever asks again wants it at that.
            self._shown_prices[word.cp_id] = word.price
        reaction = self._end(request, self._words.refused(word), self._words.refusal(word))
        if was_held:
            reaction = replace(reaction, messages=self._look_up(AskBalance()))
        if self._offer is None or not request.mine:
            return reaction
        return replace(reaction, lines=(*reaction.lines, self._words("yes?", cp_id=self._offer.cp_id)))

    def _end(self, request: Request, line: str, result: str) -> Reaction:
        self._over()
        outcome = Outcome(
            request_id=request.request_id,
            cp_id=request.place or request.cp_id,
            charged=False,
            result=result,
        )
        return Reaction(lines=(line,), outcome=outcome if request.mine else None)

    def _over(self) -> None:
        self._request = None
        self._stop_wanted = False
