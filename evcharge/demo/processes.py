"""The processes of the demo: started, listened to, and never left behind."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence

from evcharge.demo.screen import Screen
from evcharge.domain.errors import StateError

EVCHARGE = (sys.executable, "-m", "evcharge")
_MOST_LINE_BYTES = 1 << 16


class Child:
    """One running process: its lines are shown, and can be waited for."""

    def __init__(self, name: str, process: Process, screen: Screen) -> None:
        self.name = name
        self.process = process
        self.last_line = ""
        self.seen: set[str] = set()
        self.ended = asyncio.Event()
        self._screen = screen
        self._awaited: list[tuple[re.Pattern[str], asyncio.Future[re.Match[str]]]] = []
        self._collected: re.Pattern[str] | None = None

    @property
    def obituary(self) -> str:
        """How it ended, in one sentence."""
        said = f": {self.last_line}" if self.last_line else " without a word"
        return f"{self.name} ended with exit code {self.process.returncode}{said}"

    def collect(self, pattern: str) -> None:
        """Keep what the first group of `pattern` finds in each line to come in `seen`."""
        self._collected = re.compile(pattern)

    def expect(self, pattern: str) -> "asyncio.Future[re.Match[str]]":
        """Return a future of the first line to come that holds `pattern`; StateError if it ends before."""
        future: asyncio.Future[re.Match[str]] = asyncio.get_running_loop().create_future()
        self._awaited.append((re.compile(pattern), future))
        return future

    async def listen(self) -> None:
        """Show its lines until it has ended."""
        assert self.process.stdout is not None
        waiting = b""
        while chunk := await self.process.stdout.read(_MOST_LINE_BYTES):
            *lines, waiting = (waiting + chunk).split(b"\n")
            if len(waiting) > _MOST_LINE_BYTES:
                lines, waiting = [*lines, waiting], b""
            for line in lines:
                self._heard(line.decode("utf-8", "replace"))
        if waiting:
            self._heard(waiting.decode("utf-8", "replace"))
        await self.process.wait()
        for _, future in self._awaited:
            if not future.done():
                future.set_exception(StateError(self.obituary))
                future.exception()  # whoever still waits gets it; nobody need
        self.ended.set()

    def _heard(self, line: str) -> None:
        self._screen.show(self.name, line)
        self.last_line = line.strip() or self.last_line
        if self._collected and (found := self._collected.search(line)):
            self.seen.add(found[1])
        for pattern, future in self._awaited:
            if not future.done() and (match := pattern.search(line)):
                future.set_result(match)


class Cast:
    """All processes of the demo. They hold a pipe to us, so that they end when we do, even when killed."""

    def __init__(self, tasks: asyncio.TaskGroup, screen: Screen, command: Sequence[str] = EVCHARGE) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks = tasks
        self._screen = screen
        self._command = command
        self._children: list[Child] = []
        self._leaving = False
        self._tether, self._our_end = os.pipe()

    async def start(self, name: str, *args: str, may_end: bool = False) -> Child:
        """Start `evcharge ARGS`. Without `may_end` its end before ours is told, and makes `lost` fail."""
        # A credential from outside would be that of one of them only.
        environ = {key: value for key, value in os.environ.items() if key != "EVCHARGE_CREDENTIAL"}
        # A session of its own: Ctrl+C reaches us alone, and we stop them in order.
        process = await asyncio.create_subprocess_exec(
            *self._command,
            "--tether",
            str(self._tether),
            *args,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=environ | {"PYTHONUNBUFFERED": "1"},
            pass_fds=(self._tether,),
            start_new_session=True,
        )
        child = Child(name, process, self._screen)
        self._children.append(child)
        self._tasks.create_task(self._attend(child, may_end))
        return child

    async def _attend(self, child: Child, may_end: bool) -> None:
        await child.listen()
        if self._leaving or (may_end and child.process.returncode == 0):
            return
        self._screen.say(child.obituary)
        if not may_end and not self.lost.done():
            self.lost.set_exception(StateError(child.obituary))
            self.lost.exception()

    async def leave(self, *stages: Sequence[Child], within_s: float) -> None:
        """Stop the children of each stage, then the next; kill who is left after `within_s` seconds in all."""
        self._leaving = True
        loop = asyncio.get_running_loop()
        begin = loop.time()
        try:
            for number, stage in enumerate(stages, 1):
                for child in stage:
                    _signal(child, signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(begin + within_s * number / len(stages)):
                        await asyncio.gather(*(child.ended.wait() for child in stage))
        finally:
            for child in self._children:
                if not child.ended.is_set():
                    self._screen.say(f"{child.name} did not stop in time and was killed")
                    _signal(child, signal.SIGKILL)
            os.close(self._our_end)
            os.close(self._tether)
            await asyncio.gather(*(child.ended.wait() for child in self._children))


def _signal(child: Child, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.process.send_signal(number)
