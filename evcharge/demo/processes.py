"""The processes of the demo: started, listened to, started again once it lives, and never left behind."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence
from pathlib import Path

from evcharge.demo.demo_screen import DemoScreen
from evcharge.domain.errors import StateError
from evcharge.labels import Speech
from evcharge.runtime.waiting import bounded

EVCHARGE = (sys.executable, "-m", "evcharge")
_MOST_LINE_BYTES = 1 << 16
_LOOK_AGAIN_S = 0.1
# For who never gets a processor, or spins.
_AT_MOST_S = 60.0


class Child:
    """One running process: its lines are shown, and can be waited for."""

    def __init__(self, name: str, process: Process, screen: DemoScreen, say: Speech) -> None:
        self.name = name
        self._say = say
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
        code = self.process.returncode or 0
        if code < 0:
            return self._say("killed", who=self.name, number=-code)
        if not self.last_line:
            return self._say("ended silent", who=self.name, code=code)
        return self._say("ended", who=self.name, code=code, said=self.last_line)

    def types(self, line: str) -> None:
        """Type a line into it; one that has ended does not hear it."""
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(f"{line}\n".encode())

    def ends_input(self) -> None:
        """Type no more into it: it does what it was asked for, and leaves."""
        if self.process.stdin is not None:
            self.process.stdin.close()

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
    """All processes of the demo. They hold a pipe to us, so that they end when we do, even when killed.

    They hear nothing of our environment's variables that begin with `unheard`: those speak of another network.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        screen: DemoScreen,
        say: Speech,
        command: Sequence[str] = EVCHARGE,
        unheard: str = "EVCHARGE_CREDENTIAL",
    ) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks = tasks
        self._screen = screen
        self._say = say
        self._command = command
        self._unheard = ("EVCHARGE_CREDENTIAL", unheard)
        self._children: list[Child] = []
        self._leaving = asyncio.Event()
        self._back_after_s: float | None = None
        self._parent_pipe, self._our_end = os.pipe()

    def revive(self, after_s: float) -> None:
        """From now on start whatever ends again, so long after its end."""
        self._back_after_s = after_s

    async def start(self, name: str, *args: str, may_end: bool = False, typed: bool = False) -> Child:
        """Start `evcharge ARGS`; `typed`: it reads what `types` says. Without `may_end` its end makes `lost` fail."""
        child = Child(name, await self._spawn(args, typed), self._screen, self._say)
        self._children.append(child)
        self._tasks.create_task(self._attend(child, args, may_end, typed))
        return child

    async def _spawn(self, args: Sequence[str], typed: bool) -> Process:
        # A credential from outside would be that of one of them only.
        environ = {key: value for key, value in os.environ.items() if not key.startswith(self._unheard)}
        # A session of its own: Ctrl+C reaches us alone, and we stop them in order.
        return await asyncio.create_subprocess_exec(
            *self._command,
            "--parent-pipe",
            str(self._parent_pipe),
            *args,
            stdin=PIPE if typed else DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=environ | {"PYTHONUNBUFFERED": "1"},
            pass_fds=(self._parent_pipe,),
            start_new_session=True,
        )

    async def _attend(self, child: Child, args: Sequence[str], may_end: bool, typed: bool) -> None:
        while True:
            await child.listen()
            if self._leaving.is_set() or (may_end and child.process.returncode == 0):
                return
            if self._back_after_s is None:
                break
            seconds = f"{self._back_after_s:.0f}"
            self._screen.say(self._say("back soon", obituary=child.obituary, seconds=seconds))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._back_after_s):
                    await self._leaving.wait()
                    return
            child.process = await self._spawn(args, typed)
            child.ended.clear()
            if self._leaving.is_set():
                # It has done nothing yet, and nobody waits for it.
                _signal(child, signal.SIGKILL)
        self._screen.say(child.obituary)
        if not may_end and not self.lost.done():
            self.lost.set_exception(StateError(child.obituary))
            self.lost.exception()

    async def leave(self, *stages: Sequence[Child], within_s: float) -> None:
        """Stop the children of each stage, then the next; kill who has not gone within `within_s` seconds of its own.

        Waiting for a processor does not count: on a busy machine a clean stop takes longer, and is still one.
        """
        self._leaving.set()
        asked: dict[Child, AskedToStop] = {}
        try:
            # Whoever is in no stage was to end by itself, and did not get that far.
            staged = {child for stage in stages for child in stage}
            first = [child for child in self._children if child not in staged]
            for stage in ([*first, *(stages[0] if stages else ())], *stages[1:]):
                for child in stage:
                    asked[child] = AskedToStop(child.process.pid)
                    _signal(child, signal.SIGTERM)
                await _gone(asked, stage, within_s / max(1, len(stages)))
            if left := await _gone(asked, list(asked), within_s):
                # On a quiet machine nobody gets here.
                names = ", ".join(child.name for child in left)
                self._screen.say(self._say("did not stop", who=names, seconds=f"{within_s:.0f}"))
        finally:
            for child in self._children:
                _signal(child, signal.SIGKILL)
            os.close(self._our_end)
            os.close(self._parent_pipe)
            await asyncio.gather(*(child.ended.wait() for child in self._children))


class AskedToStop:
    """A process that was asked to stop: how long it has had for that."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._at_s = asyncio.get_running_loop().time()
        self._starved_s = self._before_s = starved_s(pid)

    def had_s(self) -> float:
        """Return the seconds since it was asked, without those in which it waited for a processor; at most a minute."""
        gone_s = asyncio.get_running_loop().time() - self._at_s
        # Of a thread that has ended nothing is told any more.
        self._starved_s = max(self._starved_s, starved_s(self._pid))
        return gone_s if gone_s > _AT_MOST_S else gone_s - (self._starved_s - self._before_s)


async def _gone(asked: dict[Child, AskedToStop], children: Sequence[Child], within_s: float) -> list[Child]:
    """Wait until all have ended, or had `within_s` seconds for it; return who is left."""
    while True:
        left = [child for child in children if not child.ended.is_set()]
        if all(asked[child].had_s() >= within_s for child in left):
            return left
        await bounded(asyncio.gather(*(child.ended.wait() for child in left)), _LOOK_AGAIN_S)


def starved_s(pid: int) -> float:
    """Return how long the threads of a process were ready to run and did not, in seconds; 0 where none says it."""
    total_ns = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for told in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total_ns += int(told.read_text("ascii").split()[1])
    return total_ns / 1e9


def _signal(child: Child, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.process.send_signal(number)
