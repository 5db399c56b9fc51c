"""File mode: the services of a file, one after the other, across crashes and outages."""

import asyncio
import errno
import os
import stat
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from evcharge.domain.errors import BadInput, StateError
from evcharge.domain.own_limit import names_money
from evcharge.driver.actions import ActionRunner
from evcharge.driver.prompt import read_chunks
from evcharge.driver.requests import Outcome
from evcharge.driver.script import (
    PROBE_BYTES,
    Asked,
    BadLine,
    Mark,
    Service,
    ServiceReader,
    is_binary,
    summary,
)
from evcharge.driver.words import ENGLISH, Words
from evcharge.runtime import failures

# A file of nothing but nonsense fills no screen.
_MOST_NAMED = 20


def check_file(name: str, words: Words = ENGLISH) -> Path:
    """Return the file of services as an absolute path; raise StateError when it clearly is none."""
    try:
        path = Path(name).expanduser().resolve(strict=True)
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise StateError(words("cannot read", file=name, why=words("a folder")))
        # Reading from a pipe would take its beginning away; `Player` looks at that later.
        if stat.S_ISREG(kind):
            with path.open("rb") as file:
                if is_binary(file.read(PROBE_BYTES)):
                    raise StateError(words("not a text file", file=name))
    except (OSError, RuntimeError) as problem:
        # A link to itself is a RuntimeError before Python 3.13.
        why = failures.why(problem if isinstance(problem, OSError) else OSError(errno.ELOOP, name))
        raise StateError(words("cannot read", file=name, why=words.cause(why))) from None
    return path


class Player:
    """Plays one file. How far it came is on disk before each request, and before a ticket is acknowledged."""

    def __init__(self, desk: ActionRunner, file: Path, pause_s: float) -> None:
        self._desk = desk
        self._words = desk.words
        self._file = file
        self._pause_s = pause_s
        self._mark: Mark = desk.memory.mark(file)
        self._named = 0

    async def play(self) -> None:
        """Ask for every service in turn, then show the table. Raises StateError when it holds none, or is binary."""
        mark, desk = self._mark, self._desk
        desk.note_outcome = self._note_outcome
        if mark.line:
            desk.show(self._words.resuming(self._file.name, mark.line, unknown=mark.asked is not None))
        if mark.asked is not None:
            # Its REQUEST_START may or may not have arrived: the same one again tells.
            await self._ask(mark.line, mark.asked)
        async with aclosing(self._services()) as services:
            async for service in services:
                if mark.services:
                    desk.show(self._words("next in", pause_s=self._pause_s))
                    await asyncio.sleep(self._pause_s)
                wish = service.wish
                limits = (wish.until_mwh, wish.until_cents)
                await self._ask(service.line, Asked(uuid.uuid4().hex, wish.cp_id, wish.location, *limits))
        if mark.services:
            desk.show(*summary(self._file.name, mark, self._words))
        desk.memory.drop_mark(self._file)
        if not mark.services:
            raise StateError(self._words("no services", file=self._file.name))

    async def _ask(self, line: int, asked: Asked) -> None:
        desk, mark = self._desk, self._mark
        # A charge that was begun elsewhere goes first: one at a time.
        await desk.until(lambda: desk.conversation.request is None)
        mark.begin(line, asked)
        desk.memory.keep_mark(self._file, mark)
        limits = (asked.until_mwh, asked.until_cents)
        wanted = self._words.wanted(asked.cp_id, asked.location, *limits)
        desk.show(self._words("service", number=mark.services + 1, line=line, wanted=wanted))
        desk.carry_out(desk.conversation.start(asked.cp_id, asked.location, asked.request_id, *limits))
        await desk.until(lambda: mark.asked is None)

    def _note_outcome(self, outcome: Outcome) -> None:
        if self._mark.settle(outcome, self._words):
            self._desk.memory.keep_mark(self._file, self._mark)

    async def _services(self) -> AsyncGenerator[Service, None]:
        reader = ServiceReader(self._file.name, self._mark.line, self._words)
        try:
            async with aclosing(
                read_chunks(lambda: os.open(self._file, os.O_RDONLY | os.O_CLOEXEC))
            ) as chunks:
                async for chunk in chunks:
                    if names_money(chunk.decode(errors="replace")):
                        # Central says in which currency a limit is to be.
                        await self._desk.until(lambda: self._desk.conversation.facts.connected)
                    for found in reader.feed(chunk):
                        if service := self._good(found):
                            yield service
            for found in reader.end():
                if service := self._good(found):
                    yield service
        except BadInput as problem:
            raise StateError(problem.text) from None
        except OSError as problem:
            why = self._words.cause(failures.why(problem))
            raise StateError(self._words("cannot read", file=self._file.name, why=why)) from None

    def _good(self, found: Service | BadLine) -> Service | None:
        if isinstance(found, Service):
            return found
        self._mark.bad += 1
        self._named += 1
        if self._named <= _MOST_NAMED:
            self._desk.show(
                self._words("bad line", file=self._file.name, line=found.line, problem=found.problem)
            )
        elif self._named == _MOST_NAMED + 1:
            self._desk.show(self._words("more bad lines", file=self._file.name))
        return None
