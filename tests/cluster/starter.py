"""Starts Centrals at little cost: what they import is imported once, and each of them is a fork of that process.

`Starter` is the proof's end of it, `python -m tests.cluster.starter MODULE …` the other one, which imports those
modules. When the proof ends, or is killed, all that was started is killed.
"""

import asyncio
import contextlib
import importlib
import itertools
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
# What a Central imports before it has read its settings, and after.
CENTRAL = ("evcharge.cli", "evcharge.central.app", "evcharge.storage.postgres_books")
_MOST_BYTES = 1 << 20
_STARTS_WITHIN_S = 240.0


class Started:
    """A process that was started; as of asyncio's own."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        self.ended = asyncio.Event()

    def send_signal(self, number: int) -> None:
        """Send it a signal. Raises ProcessLookupError."""
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Return its exit code once it has ended; of a signal, that number below zero."""
        await self.ended.wait()
        assert self.returncode is not None
        return self.returncode


class Starter:
    """Starts processes of Python modules; `through` is a command that starts the starter itself elsewhere."""

    def __init__(
        self,
        modules: Sequence[str] = CENTRAL,
        environment: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
    ) -> None:
        self._argv = (*through, sys.executable, "-u", "-m", __name__, *modules)
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None
        self._link: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._begun: dict[int, asyncio.Future[int]] = {}
        self._started: dict[int, Started] = {}
        self._over: dict[int, int] = {}

    async def begin(self) -> None:
        """Be ready to start something; what is imported need not be there yet."""
        self._link, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=far.fileno(),
                cwd=_ROOT,
                env=os.environ | self._environment,
                start_new_session=True,
            )
        self._link.settimeout(0)
        asyncio.get_running_loop().add_reader(self._link, self._hear)

    async def start(self, words: Sequence[str], env: Mapping[str, str], folder: Path) -> Started:
        """Run the module words[0] with the arguments after it in `folder`. Raises TimeoutError, ConnectionError."""
        assert self._link is not None
        loop, number = asyncio.get_running_loop(), next(self._numbers)
        self._begun[number] = loop.create_future()
        read, write = os.pipe()
        out = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(out), os.fdopen(read, "rb")
        )
        order = {"number": number, "words": [*words], "env": {**env}, "folder": str(folder)}
        try:
            try:
                socket.send_fds(self._link, [json.dumps(order).encode()], [write])
            finally:
                os.close(write)
            async with asyncio.timeout(_STARTS_WITHIN_S):
                pid = await self._begun[number]
        except BaseException:
            transport.close()
            raise
        made = self._started[number] = Started(pid, out)
        if number in self._over:
            self._ends(number, self._over.pop(number))
        return made

    async def end(self) -> None:
        """Kill what was started."""
        if self._link is not None:
            asyncio.get_running_loop().remove_reader(self._link)
            self._link.close()
            self._link = None
        if self._process is not None:
            await self._process.wait()
        for number in [*self._started]:
            self._ends(number, -signal.SIGKILL)

    def _hear(self) -> None:
        assert self._link is not None
        try:
            data = self._link.recv(_MOST_BYTES)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._link)
            for begun in self._begun.values():
                if not begun.done():
                    begun.set_exception(ConnectionResetError("what starts the Centrals has ended"))
            return
        number, pid, code = json.loads(data)
        if code is None:
            self._begun[number].set_result(pid)
        else:
            self._ends(number, code)

    def _ends(self, number: int, code: int) -> None:
        if number not in self._started:
            self._over[number] = code
            return
        del self._begun[number]
        ended = self._started.pop(number)
        ended.returncode = code
        ended.ended.set()


# ---- the other end


def _serve(link: socket.socket) -> dict[str, Any] | None:
    """Fork a process for each order; return its order there, and None here when nobody is left to give one."""
    woken, wakes = socket.socketpair()
    for one in (link, woken, wakes):
        one.settimeout(0)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    living: dict[int, int] = {}
    while True:
        select.select([link, woken], [], [])
        with contextlib.suppress(BlockingIOError):
            woken.recv(_MOST_BYTES)
        for pid, code in _ended(living):
            link.send(json.dumps([living.pop(pid), pid, code]).encode())
        try:
            data, given, *_ = socket.recv_fds(link, _MOST_BYTES, 1)
        except BlockingIOError:
            continue
        except OSError:
            data = b""
        if not data:
            for pid in living:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            return None
        order = json.loads(data)
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for one in (link, woken, wakes):
                one.close()
            return order | {"out": given[0]}
        for out in given:
            os.close(out)
        living[pid] = order["number"]
        link.send(json.dumps([order["number"], pid, None]).encode())


def _ended(living: Mapping[int, int]) -> list[tuple[int, int]]:
    ends = [(pid, os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)) for pid in living]
    return [
        (pid, end.si_status if end.si_code == os.CLD_EXITED else -end.si_status)
        for pid, end in ends
        if end is not None
    ]


def _become(order: dict[str, Any]) -> None:
    """Be as a process that was started by this order."""
    os.dup2(order["out"], 1)
    os.dup2(order["out"], 2)
    os.close(order["out"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if nothing:
        os.close(nothing)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["folder"])
    sys.argv = order["words"]
    sys.path.insert(0, order["folder"])
    # It has read the environment of this process.
    if (failpoints := sys.modules.get("evcharge.runtime.failpoints")) is not None:
        importlib.reload(failpoints)
    runpy.run_module(order["words"][0], run_name="__main__", alter_sys=True)


def main() -> None:
    """Import what is named, and serve."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    if (order := _serve(socket.socket(fileno=0))) is not None:
        _become(order)


if __name__ == "__main__":
    main()
