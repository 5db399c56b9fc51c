"""The one writer: decides each command against the state so far, commits the whole batch, then tells.

Nothing is announced or answered before its commit. If the commit fails, nothing of the batch has happened.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from evcharge import failpoints
from evcharge.central.commands import CENTRAL, Actor, AnyCommand, Note
from evcharge.central.counted import CountedFacts
from evcharge.central.feed import Feed
from evcharge.central.lines import speech
from evcharge.central.network import decide
from evcharge.central.recall import unknown
from evcharge.central.rows import Entry
from evcharge.central.ruling import Decision, Rules
from evcharge.central.state import Facts
from evcharge.central.store import CentralStore
from evcharge.errors import Code, Refused, StateError, Unstorable
from evcharge.events import StorageRestored
from evcharge.labels import DEFAULT_LANGUAGE
from evcharge.lifecycle import Clock, uninterrupted
from evcharge.messages import Message

log = logging.getLogger(__name__)

# While one batch is being committed the next one gathers; a larger one would only delay its first answer.
MAX_BATCH = 256
# How long facts wait before they are tried again while the disk is full.
_RETRY_S = 1.0
# After these the file cannot be trusted: pages that failed to reach the disk are believed to be there.
_FATAL = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC")

_Waiting = tuple[AnyCommand, "asyncio.Future[Decision]"]


class Dispatcher:
    """Owns the committed facts. `submit` from any task; `run` in exactly one."""

    def __init__(
        self,
        facts: Facts,
        store: CentralStore,
        feed: Feed,
        rules: Rules,
        clock: Clock,
        lang: str = DEFAULT_LANGUAGE,
    ) -> None:
        self._say = speech(lang)
        self.facts = facts
        self._store = store
        self._feed = feed
        self._rules = rules
        self._clock = clock
        self._inbox: deque[_Waiting] = deque()
        self._counted = CountedFacts()
        self._wake = asyncio.Event()
        # One plain sentence while storing does not work, else None.
        self.trouble: str | None = None
        self._trouble_since: datetime | None = None
        # Told of trouble when it begins, because no event can be stored then. Its end is an event.
        self.on_trouble: Callable[[str], None] = lambda _: None
        # Told of whoever says too much that comes to nothing.
        self.on_flood: Callable[[Actor], None] = lambda _: None

    async def submit(self, command: AnyCommand) -> Message | None:
        """Carry out `command`; return its answer once it is stored. Raises Refused.

        A caller that is cancelled stops waiting; the command is carried out all the same.
        """
        return (await self.post(command)).reply

    def post(self, command: AnyCommand) -> "asyncio.Future[Decision]":
        """Put `command` in line without waiting."""
        done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        # Facts are posted and forgotten: a refusal nobody waits for must not be reported as unheard.
        done.add_done_callback(_heard)
        self._inbox.append((command, done))
        self._wake.set()
        return done

    def flush(self) -> None:
        """Write how often each fact was repeated that was only counted since; call it once a minute."""
        for by, event in self._counted.due():
            self.post(Note(by=by, event=event))

    async def run(self) -> None:
        """Work through the inbox for ever."""
        while True:
            await self._wake.wait()
            # A transaction that is cut off half way would leave the connection inside it.
            if not await uninterrupted(self._work()):
                await asyncio.sleep(_RETRY_S)
            if not self._inbox:
                self._wake.clear()

    async def drain(self) -> None:
        """Work off what is waiting now: the last thing before the database closes."""
        while self._inbox:
            if not await self._work():
                log.error("%d facts are not stored; their engines will tell them again.", len(self._inbox))
                return

    async def _work(self) -> bool:
        """Carry out one batch; return False when storing does not work at present."""
        batch = [self._inbox.popleft() for _ in range(min(MAX_BATCH, len(self._inbox)))]
        try:
            await self._carry_out(batch)
        except sqlite3.IntegrityError:
            # One command breaks a rule of the database: let only that one fail.
            return await self._one_by_one(batch)
        except sqlite3.Error as problem:
            self._put_off(batch, problem)
            return False
        return True

    async def _one_by_one(self, batch: list[_Waiting]) -> bool:
        for number, (command, done) in enumerate(batch):
            try:
                await self._carry_out([(command, done)])
            except sqlite3.IntegrityError as problem:
                log.warning("the database refused %s: %s", type(command).__name__, problem)
                _answer(done, Unstorable(f"the books refuse this: {problem}"))
            except sqlite3.Error as problem:
                self._put_off(batch[number:], problem)
                return False
        return True

    async def _carry_out(self, batch: list[_Waiting]) -> None:
        now = self._clock()
        rules = replace(self._rules, now=now)
        draft, counts = Facts(self.facts), self._counted.draft()
        for known in await self._store.recall(unknown(self.facts, (command for command, _ in batch))):
            draft.recall(known)
        decided: list[tuple[Decision | Refused, asyncio.Future[Decision]]] = []
        entries: list[Entry] = []
        for command, done in batch:
            try:
                decision = decide(draft, command, rules)
            except Refused as refusal:
                # Not answered yet: it may rest on what this very batch is about to store.
                decided.append((refusal, done))
                continue
            if not isinstance(command, Note):
                decision = replace(decision, events=counts.kept(command.by, decision.events))
            for change in decision.changes:
                draft.put(change)
            decided.append((decision, done))
            if not decision.is_empty:
                entries.append(Entry(decision, command.by, now))
        if entries:
            failpoints.reach("central.before_commit")
            await self._store.commit(entries)
            failpoints.reach("central.after_commit")
            self._recovered()
        for flooding in self._counted.take(counts):
            self.on_flood(flooding)
        for outcome, done in decided:
            if isinstance(outcome, Decision):
                for change in outcome.changes:
                    self.facts.put(change)
                for event in outcome.events:
                    self._feed.publish(event)
            _answer(done, outcome)
        self.facts.forget_old_requests()

    def _put_off(self, batch: list[_Waiting], problem: sqlite3.Error) -> None:
        """Refuse what was asked; keep what has happened, to be tried again shortly. Raises StateError."""
        name = getattr(problem, "sqlite_errorname", "")
        if name.startswith(_FATAL):
            raise StateError(
                f"Central's books cannot be written ({problem}): check the disk, then start Central again. "
                "Nothing that was confirmed is lost; the engines send the rest again."
            ) from problem
        sentence = self._say("disk full") if name == "SQLITE_FULL" else self._say("cannot store", why=problem)
        if self.trouble is None:
            log.error("%s", self._say("what runs goes on", trouble=sentence))
            self._trouble_since = self._clock()
            self.on_trouble(sentence)
        self.trouble = sentence
        facts = [waiting for waiting in batch if waiting[0].is_fact]
        for command, done in batch:
            if not command.is_fact:
                _answer(done, Refused(f"{sentence}. Try again later.", Code.STORAGE))
        self._inbox.extendleft(reversed(facts))

    def _recovered(self) -> None:
        if self.trouble is not None and self._trouble_since is not None:
            failed_at = self._trouble_since.timestamp()
            self.post(Note(by=CENTRAL, event=StorageRestored(why=self.trouble, failed_at=failed_at)))
            self.trouble = self._trouble_since = None
            log.info("%s", self._say("stores again"))


def _answer(done: "asyncio.Future[Decision]", outcome: Decision | Refused) -> None:
    if done.done():
        return  # whoever asked was cancelled
    if isinstance(outcome, Refused):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _heard(done: "asyncio.Future[Decision]") -> None:
    if not done.cancelled():
        done.exception()
