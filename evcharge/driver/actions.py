"""Carries out what the conversation decides: the screen, the state folder, the connection."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Protocol

from evcharge.domain.errors import EvchargeError, StateError
from evcharge.driver.conversation import Conversation
from evcharge.driver.requests import Outcome, Reaction
from evcharge.driver.state_files import Memory
from evcharge.driver.words import ENGLISH, Words
from evcharge.evc1.messages import Message
from evcharge.runtime import failpoints, logs
from evcharge.runtime.clock import utc_now
from evcharge.runtime.plain import clean
from evcharge.terminal.fault_log import FaultLog


class Talker(Protocol):
    """The part of channel.Channel that a driver uses. `speaks` are the features that Central understands."""

    @property
    def speaks(self) -> frozenset[str]:
        """Return them."""

    async def receive(self) -> Message:
        """Return the next message."""

    def send(self, message: Message) -> None:
        """Send one message, without waiting."""


class LineOutput:
    """Standard output, one line at a time. Raises StateError when nobody can read it any more."""

    def __init__(self, words: Words = ENGLISH) -> None:
        self._words = words

    def show(self, line: str) -> None:
        """Write one line and make sure that it left the process."""
        self._write(clean(line))

    def _write(self, line: str) -> None:
        if sys.stdout is None:
            raise self._gone()
        try:
            try:
                print(line, flush=True)
            except UnicodeEncodeError:
                # A terminal without € or ó still gets its line.
                print(line.encode("ascii", "replace").decode(), flush=True)
        except (OSError, ValueError):
            self._give_up()
            raise self._gone() from None

    def _gone(self) -> StateError:
        return StateError(self._words("screen gone"))

    @staticmethod
    def _give_up() -> None:
        # Otherwise the interpreter tries to flush what is left at exit, and complains.
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
        except (OSError, ValueError):
            sys.stdout = None


class JsonOutput(LineOutput):
    """Standard output for programs: each line is an object that says which request it is about."""

    def show(self, line: str) -> None:
        """Write one line and make sure that it left the process."""
        self._write(logs.json_line(__name__, line, self._words.lang))


class ActionRunner:
    """The one place where reactions become deeds: a ticket is shown, stored as seen, acknowledged, in this order."""

    def __init__(
        self,
        conversation: Conversation,
        memory: Memory,
        screen: LineOutput,
        stop: asyncio.Event,
        words: Words = ENGLISH,
    ) -> None:
        self.conversation = conversation
        self.troubles = FaultLog()
        self.memory = memory
        self.words = words
        self._screen = screen
        self._stop = stop
        self._channel: Talker | None = None
        self._changed = asyncio.Event()
        self._repeat: asyncio.TimerHandle | None = None
        # Stores an outcome; called before Central may forget it.
        self.note_outcome: Callable[[Outcome], None] = lambda _: None
        # Why the role cannot go on (a full disk, a closed screen).
        self.failure: StateError | None = None

    def show(self, *lines: str) -> None:
        """Show lines of our own."""
        self.carry_out(Reaction(lines=lines))

    def carry_out(self, reaction: Reaction) -> None:
        """Show, store, then send. When the screen or the disk fails nothing is sent, and the role ends."""
        if self.failure is not None:
            return
        with logs.about(**_ids(*reaction.messages)):
            self._carry_out(reaction)

    def _carry_out(self, reaction: Reaction) -> None:
        for source, what in reaction.notes:
            self.troubles.note(source, what, utc_now())
        try:
            for line in reaction.lines:
                self._screen.show(line)
            if reaction.seen is not None:
                failpoints.reach("driver.after_show")
                self.memory.remember_seen(reaction.seen)
                failpoints.reach("driver.after_seen")
            if reaction.outcome is not None:
                self.note_outcome(reaction.outcome)
        except StateError as problem:
            self.failure = problem
            self._stop.set()
            return
        if self._channel is not None:
            for message in reaction.messages:
                self._channel.send(message)
        if reaction.repeat_after_s is not None:
            self._repeat_after(reaction.repeat_after_s)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; it is looked at after each thing that happens."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def talk(self, channel: Talker) -> None:
        """Be in conversation over `channel` until `receive` raises why it ended; then comes `lost`."""
        self._channel = channel
        try:
            self.carry_out(self.conversation.connected(channel.speaks))
            while True:
                heard = await channel.receive()
                with logs.about(**_ids(heard)):
                    self.carry_out(self.conversation.hear(heard))
        finally:
            self._channel = None

    def lost(self, refusal: EvchargeError | None, why: str = "") -> None:
        """Take in that there is no connection: `refusal` names who refused us, None means that nobody answered."""
        self.carry_out(self.conversation.lost(refusal, why))

    def close(self) -> None:
        """Forget what was planned for later."""
        if self._repeat is not None:
            self._repeat.cancel()

    def _repeat_after(self, wait_s: float) -> None:
        # A task of its own would need an owner; a timer that only sends needs none. There is one request to repeat.
        self.close()
        loop = asyncio.get_running_loop()
        self._repeat = loop.call_later(wait_s, lambda: self.carry_out(self.conversation.repeat()))


def _ids(*messages: Message) -> dict[str, str]:
    """Return which request, session and charging point messages are about."""
    found: dict[str, str] = {}
    for name in ("request_id", "session_id", "cp_id"):
        for message in messages:
            if value := getattr(message, name, None):
                found.setdefault(name, value)
    return found
