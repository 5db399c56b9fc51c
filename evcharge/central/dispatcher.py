"""The one writer: decides each command against the state so far, commits the whole batch, then tells.

Nothing is announced or answered before its commit. If the commit fails, nothing of the batch has happened; except that
a withdrawal (`Command.acts_at_once`) holds from then on: it is carried out at the edges, and stored first of all when
there is room.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest

from msgspec import structs

from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.feed import Feed
from evcharge.central.rules.commands import (
    CENTRAL,
    Actor,
    AnyCommand,
    BarDriver,
    Note,
    RevokeKeys,
    TakeOrder,
    Withdraw,
)
from evcharge.central.rules.counted import CountDraft as Counts
from evcharge.central.rules.counted import CountedFacts
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.recall import unknown
from evcharge.central.rules.replies import Reply
from evcharge.central.rules.settings import Rules
from evcharge.domain.errors import Code, Deposed, Refused, StateError, Unstorable
from evcharge.domain.events import ClockJumped, StorageRestored
from evcharge.labels import Saying
from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.runtime import failpoints, failures
from evcharge.runtime.clock import Clock, Sleepless
from evcharge.runtime.lifecycle import Jumps
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import uninterrupted
from evcharge.storage.store_errors import (
    ConstraintViolated,
    StoreBroken,
    StoreBusy,
    StoreDeposed,
    StoreError,
    StoreFull,
    StoreInDoubt,
    StoreStale,
)

log = logging.getLogger(__name__)

# While one batch is being committed the next one gathers; a larger one would only delay its first answer.
MAX_BATCH = 256
# A commit costs as much as deciding a dozen batches of METERs: METERs alone gather for so long.
PATIENCE_S = 0.1
# How often a batch is decided anew because another Central was faster; each time that one has got on.
_MOST_ANEW = 20
# How long facts wait before they are tried again while the disk is full.
_RETRY_S = 1.0
# In the words of the API, which waits less long.
_IN_DOUBT = "Central is busy: check later whether it was done."


@dataclass(slots=True)
class _Waiting:
    """A command in line. `since`: when it took effect, of a withdrawal that could not be stored then."""

    command: AnyCommand
    done: "asyncio.Future[Decision]"
    since: datetime | None = None


class Dispatcher:
    """Owns the committed facts. `submit` from any task; `run` in exactly one."""

    def __init__(
        self,
        facts: Facts,
        store: CentralStore,
        feed: Feed,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self.facts = facts
        self._store = store
        self._feed = feed
        self._rules = rules
        self._clock = clock
        # What lengths are computed from: engines charge on while the computer of Central sleeps.
        self.steady_s: Callable[[], float] = Sleepless()
        self._jumps = Jumps(clock)
        self._inbox: deque[_Waiting] = deque()
        self._counted = CountedFacts()
        self._wake = asyncio.Event()
        self._gathering: asyncio.TimerHandle | None = None
        # Since when (loop time) the batch in hand is decided and stored; None: there is none.
        self.busy_since: float | None = None
        # One plain sentence while storing does not work, else None.
        self.trouble: str | None = None
        self._outage = Outage(self._say_trouble, self._say_restored)
        self._failed_at = 0.0
        # Told of trouble when it begins, because no event can be stored then. Its end is an event.
        self.on_trouble: Callable[[str], None] = lambda _: None
        # Told of whoever says too much that comes to nothing.
        self.on_flood: Callable[[Actor], None] = lambda _: None

    async def submit(self, command: AnyCommand) -> Reply | None:
        """Carry out `command`; return its answer once it is stored. Raises Refused.

        A caller that is cancelled stops waiting; the command is carried out all the same.
        """
        return (await self.post(command)).reply

    def post(self, command: AnyCommand) -> "asyncio.Future[Decision]":
        """Put `command` in line without waiting."""
        done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._inbox.append(_Waiting(command, done))
        if not command.can_wait or len(self._inbox) >= MAX_BATCH:
            self._wake.set()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(PATIENCE_S, self._wake.set)
        return done

    def look_at_the_clock(self) -> None:
        """Note, before anything else, that the wall clock was set; call it often."""
        if seconds := self._jumps.look(self.steady_s()):
            note = Note(by=CENTRAL, event=ClockJumped(seconds=seconds))
            self._inbox.appendleft(_Waiting(note, asyncio.get_running_loop().create_future()))
            self._wake.set()

    def flush(self) -> None:
        """Write how often each fact was repeated that was only counted since; call it once a minute."""
        for by, event in self._counted.due():
            self.post(Note(by=by, event=event))

    def stores_again(self) -> None:
        """The books have taken something: trouble is over, unless what waits here knows better."""
        if not self._inbox:
            self._outage.back()

    async def run(self) -> None:
        """Work through the inbox for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            # A transaction that is cut off half way would leave the connection inside it.
            if not await uninterrupted(self._work()):
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def drain(self) -> None:
        """Work off what is waiting now: the last thing before the database closes."""
        while self._inbox:
            if not await self._work():
                facts = sum(waiting.since is None for waiting in self._inbox)
                if facts:
                    log.error("%s", said("facts not stored", count=facts))
                for waiting in self._inbox:
                    if waiting.since is not None:
                        log.error("%s", said("withdrawal lost", subject=_subject(waiting.command)))
                return

    async def _work(self) -> bool:
        """Carry out one batch; return False when storing does not work at present."""
        self.look_at_the_clock()
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        batch = [self._inbox.popleft() for _ in range(min(MAX_BATCH, len(self._inbox)))]
        if self._inbox:
            self._wake.set()
        self.busy_since = asyncio.get_running_loop().time()
        try:
            return await self._carry_out(batch)
        except ConstraintViolated:
            # One command breaks a rule of the database: let only that one fail.
            return await self._one_by_one(batch)
        finally:
            self.busy_since = None

    async def _one_by_one(self, batch: list[_Waiting]) -> bool:
        self._inbox.extendleft(reversed(batch))
        for _ in batch:
            waiting = self._inbox.popleft()
            try:
                if not await self._carry_out([waiting]):
                    return False
            except ConstraintViolated as problem:
                command = type(waiting.command).__name__
                log.warning("%s", said("books refused", command=command, why=because(str(problem))))
                _answer(waiting.done, Unstorable(f"the books refuse this: {problem}"))
        return True

    async def _carry_out(self, batch: list[_Waiting]) -> bool:
        """Decide, store and tell; return False when storing does not work. Raises ConstraintViolated."""
        outcomes: list[Decision | Refused] = []
        try:
            counts = await self._store_newest(batch, outcomes)
        except ConstraintViolated:
            raise
        except StoreError as problem:
            self._put_off(batch, outcomes, problem)
            return False
        for flooding in self._counted.take(counts):
            self.on_flood(flooding)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Decision):
                for change in outcome.changes:
                    self.facts.put(change)
                for event in outcome.events:
                    self._feed.publish(event)
            _answer(waiting.done, outcome)
        self.facts.forget_old_requests()
        return True

    async def _store_newest(self, batch: list[_Waiting], outcomes: list[Decision | Refused]) -> Counts:
        """As `_store_all`; while another Central changes the same wallets first, read those and decide anew."""
        for _ in range(_MOST_ANEW):
            with contextlib.suppress(StoreStale):
                return await self._store_all(batch, outcomes)
            outcomes.clear()
        raise StoreBusy("each time another one was faster", sentence=StoreStale.sentence)

    async def _store_all(self, batch: list[_Waiting], outcomes: list[Decision | Refused]) -> Counts:
        """Decide each command on top of those before it, into `outcomes`; store all of it (raises StoreError).

        A refusal is not answered yet: it may rest on what this very batch is about to store.
        """
        now = self._clock()
        rules = replace(self._rules, now=now, steady_s=self.steady_s())
        draft, counts = PendingFacts(self.facts), self._counted.draft()
        for known in await self._store.recall(unknown(self.facts, (one.command for one in batch))):
            draft.recall(known)
        entries: list[DecidedEntry] = []
        for waiting in batch:
            command = waiting.command
            try:
                then = rules if waiting.since is None else replace(rules, now=waiting.since)
                decision = decide(draft, command, then)
            except Refused as refusal:
                outcomes.append(refusal)
                continue
            if decision.events and not isinstance(command, Note):
                decision = structs.replace(decision, events=counts.kept(command.by, decision.events))
            for change in decision.changes:
                draft.put(change)
            outcomes.append(decision)
            if not decision.is_empty:
                entries.append(DecidedEntry(decision, command.by, now))
        if entries:
            failpoints.reach("central.before_commit")
            try:
                await self._store.commit(entries)
            except StoreStale:
                for change in await self._store.read_anew(entries, self.facts):
                    self.facts.put(change)
                raise
            failpoints.reach("central.after_commit")
            self._outage.back()
        return counts

    def _put_off(
        self, batch: list[_Waiting], outcomes: list[Decision | Refused], problem: StoreError
    ) -> None:
        """Refuse what was asked; keep what has happened, and what holds at once, to be tried again shortly.

        Raises StateError.
        """
        if isinstance(problem, StoreDeposed):
            raise Deposed(str(problem)) from problem
        if isinstance(problem, StoreBroken):
            raise StateError(
                f"Central's books cannot be written ({problem}): check the disk, then start Central again. "
                "Nothing that was confirmed is lost; the engines send the rest again."
            ) from problem
        trouble = (
            said("disk full")
            if isinstance(problem, StoreFull)
            else said("cannot store", why=because(failures.why(problem)))
        )
        sentence = self.trouble = str(trouble)
        self._outage.lost(trouble)
        kept = []
        # Where the books could not even be asked, nothing is decided yet.
        for waiting, outcome in zip_longest(batch, outcomes or self._withdrawals(batch)):
            if waiting.command.is_fact or waiting.since is not None:
                kept.append(waiting)
            elif isinstance(outcome, Decision) and self._holds_already(waiting, outcome):
                kept += [waiting] if outcome.withdraws else []
                _answer(waiting.done, structs.replace(outcome, stored=False))
            elif isinstance(problem, StoreInDoubt) and isinstance(outcome, Decision):
                _answer(waiting.done, Refused(_IN_DOUBT, Code.STORAGE))
            else:
                _answer(waiting.done, Refused(f"{sentence}. Try again later.", Code.STORAGE))
        self._inbox.extendleft(reversed(kept))

    def _withdrawals(self, batch: list[_Waiting]) -> list[Decision | None]:
        """Decide what in `batch` acts at once, on the committed facts alone; nothing in the books speaks against it."""
        draft, now = PendingFacts(self.facts), self._clock()
        outcomes: list[Decision | None] = []
        for waiting in batch:
            outcome = None
            if waiting.command.acts_at_once:
                rules = replace(self._rules, now=waiting.since or now, steady_s=self.steady_s())
                with contextlib.suppress(Refused):
                    outcome = decide(draft, waiting.command, rules)
                    for change in outcome.changes:
                        draft.put(change)
            outcomes.append(outcome)
        return outcomes

    def _holds_already(self, waiting: _Waiting, outcome: Decision) -> bool:
        """Return whether a command is a withdrawal; carry it out at the edges, once."""
        if not waiting.command.acts_at_once:
            return False
        if outcome.withdraws:
            waiting.since = self._clock()
            log.warning("%s", said("withdrawn unstored", subject=_subject(waiting.command)))
            for event in outcome.events:
                self._feed.act(event)
        # Ordered twice, it is kept once.
        return outcome.withdraws or outcome.is_empty

    def _say_trouble(self, trouble: Saying) -> None:
        log.error("%s", said("what runs goes on", trouble=trouble))
        self._failed_at = self._clock().timestamp()
        self.on_trouble(str(trouble))

    def _say_restored(self) -> None:
        restored = StorageRestored(why=self.trouble or "", failed_at=self._failed_at)
        self.post(Note(by=CENTRAL, event=restored))
        self.trouble = None
        log.info("%s", said("stores again"))


def _answer(done: "asyncio.Future[Decision]", outcome: Decision | Refused) -> None:
    if done.done():
        return  # whoever asked was cancelled
    if isinstance(outcome, Refused):
        done.set_exception(outcome)
        # Facts are posted and forgotten: a refusal nobody waits for is not reported as unheard.
        done.exception()
    else:
        done.set_result(outcome)


def _subject(command: AnyCommand) -> str:
    """Return whom a withdrawal is about."""
    match command:
        case RevokeKeys() | Withdraw():
            return command.subject
        case BarDriver():
            return command.driver_id
        case TakeOrder(order=order) if order is not None:
            return order.cp_id
        case _:
            return command.by.id
