"""A whole network in real processes over real sockets, for tests to watch, kill and bring back."""

import asyncio
import atexit
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TypeVar

from evcharge.central.books import verify
from evcharge.demo.processes import AskedToStop
from tests.ports import free_port

# Generous: the tests share two cores with each other.
WITHIN_S = 40.0


class Program:
    """One `evcharge …` process and every line that it has printed."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self.lines: list[str] = []
        # When each line was printed, in loop time.
        self.at: list[float] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            self.at.append(asyncio.get_running_loop().time())
            self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
            self._news.set()
        await self.process.wait()
        self._news.set()

    @property
    def text(self) -> str:
        """Everything it has printed."""
        return "\n".join(self.lines)

    async def says(self, pattern: str, *, times: int = 1, since: int = 0, within_s: float = WITHIN_S) -> str:
        """Wait for the `times`th line after line `since` that matches; return it."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    found = [line for line in self.lines[since:] if re.search(pattern, line)]
                    if len(found) >= times:
                        return found[times - 1]
                    if self._reader.done():
                        raise AssertionError(f"{self.name} ended without {pattern!r}:\n{self.text}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} did not say {pattern!r}:\n{self.text}") from None

    def types(self, line: str) -> None:
        """Type one line at its prompt."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    async def ends(self, within_s: float = WITHIN_S) -> int:
        """Wait for its end; return its exit code."""
        try:
            async with asyncio.timeout(within_s):
                await asyncio.shield(self._reader)
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} did not end:\n{self.text}") from None

    async def dies(self) -> None:
        """kill -9, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.ends()

    async def stops(self, number: int = signal.SIGTERM, within_s: float = 6.0) -> int:
        """Ask it to stop; return its exit code. It has `within_s` seconds; waiting for a processor does not count."""
        asked = AskedToStop(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        while not self._reader.done() and asked.had_s() < within_s:
            await asyncio.wait([self._reader], timeout=0.1)
        return await self.ends(0.0)


class City:
    """The programs of one network on one state folder, with ports of their own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.registry_port, self.central_port, self.api_port = free_port(), free_port(), free_port()
        self.health_ports: dict[str, int] = {}
        self.programs: list[Program] = []
        self.init_said = ""

    async def run(
        self,
        *args: str,
        name: str = "",
        stdin: bool = False,
        env: dict[str, str] | None = None,
        through: Sequence[str] = (),
    ) -> Program:
        """Start `evcharge args…` on this network's state folder, `through` a command that becomes it."""
        process = await asyncio.create_subprocess_exec(
            *through,
            sys.executable,
            "-m",
            "evcharge",
            *args,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment() | (env or {}),
            cwd=self.state.parent,
        )
        program = Program(name or " ".join(args[:2]), process)
        self.programs.append(program)
        return program

    def environment(self) -> dict[str, str]:
        """What every program of this network is told."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVCHARGE_")}
        return kept | {
            "EVCHARGE_STATE": str(self.state),
            "EVCHARGE_REGISTRY__PORT": str(self.registry_port),
            "EVCHARGE_CENTRAL__PORT": str(self.central_port),
            "EVCHARGE_CENTRAL__API_PORT": str(self.api_port),
            "EVCHARGE_REACH__CENTRAL_API": f"http://127.0.0.1:{self.api_port}",
            "EVCHARGE_REACH__REGISTRY_URL": f"https://127.0.0.1:{self.registry_port}",
            "EVCHARGE_REACH__CENTRAL_PORT": str(self.central_port),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDEVMODE": "",
            # No program asks public authorities here. Their list, which aiohttp reads twice at its import, costs 55 ms.
            "SSL_CERT_FILE": os.devnull,
        }

    async def registry(self) -> Program:
        """Start the Registry."""
        self.registry_program = program = await self.run("registry")
        await program.says("listening on|escucha en")
        return program

    async def central(self, *flags: str, **env: str) -> Program:
        """Start Central."""
        program = await self.run("central", *flags, name="central", env=env)
        await program.says("Central (listening on|escucha en)")
        return program

    async def engine(self, cp_id: str, *flags: str, stdin: bool = False, **env: str) -> Program:
        """Start an engine; with `stdin` a hand can type at it."""
        port = self.health_ports.setdefault(cp_id, free_port())
        return await self.run(
            "cp-engine",
            cp_id,
            "--health-port",
            str(port),
            *flags,
            name=f"engine {cp_id}",
            stdin=stdin,
            env=env,
        )

    async def monitor(self, cp_id: str, *flags: str, stdin: bool = False) -> Program:
        """Start a monitor; with `stdin` a hand can type at it."""
        port = self.health_ports[cp_id]
        return await self.run(
            "cp-monitor",
            cp_id,
            "--engine",
            f"127.0.0.1:{port}",
            *flags,
            name=f"monitor {cp_id}",
            stdin=stdin,
        )

    async def driver(self, driver_id: str, *flags: str, **env: str) -> Program:
        """Start a driver's app, with a hand on its keyboard."""
        return await self.run("driver", driver_id, *flags, name=f"driver {driver_id}", stdin=True, env=env)

    def latest(self, name: str) -> Program:
        """Return the program of that name that was started last."""
        return [program for program in self.programs if program.name == name][-1]

    @property
    def admin_password(self) -> str:
        """What `evcharge init` said that it is."""
        return self.init_said.rpartition("the password ")[2].split()[0]

    # ---- what the books say

    def books(self, sql: str, *params: object) -> list[sqlite3.Row]:
        """Ask central.db, as another process may."""
        connection = sqlite3.connect(f"file:{self.state / 'central/central.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql, params).fetchall()
        finally:
            connection.close()

    async def recorded(self, kind: str, within_s: float = WITHIN_S) -> None:
        """Wait until an event of that type stands in the audit log."""
        async with asyncio.timeout(within_s):
            while not self.books("SELECT 1 FROM events WHERE type = ?", kind):
                await asyncio.sleep(0.05)

    def check_books(self) -> None:
        """Every invariant of the books holds, and the audit chain is whole."""
        assert verify.check(self.state / "central" / "central.db") == []

    async def settles(self, within_s: float = WITHIN_S) -> None:
        """Wait until no session is open."""
        async with asyncio.timeout(within_s):
            while self.books("SELECT 1 FROM session WHERE state IN ('AUTHORISED', 'CHARGING')"):
                await asyncio.sleep(0.1)

    async def end(self, within_s: float = 8.0) -> None:
        """Stop everything that still runs, peers first; what does not stop in time is killed, and a failure."""
        living = [program for program in reversed(self.programs) if program.process.returncode is None]
        for program in living:
            with contextlib.suppress(ProcessLookupError):
                program.process.send_signal(signal.SIGCONT)
                program.process.terminate()
        late: list[AssertionError] = []
        for program in living:
            try:
                await program.ends(within_s)
            except AssertionError as problem:
                late.append(problem)
                await program.dies()
        if late:
            raise late[0]


Kind = TypeVar("Kind", bound=City)


_template = tempfile.TemporaryDirectory(prefix="evcharge-init-")
atexit.register(_template.cleanup)


async def _initialised(state: Path) -> str:
    """Have `state` as `evcharge init` makes it, and return what it said; its keys and hashes are made only once."""
    template = Path(_template.name) / "state"
    said = template.with_name("said")
    if not said.exists():
        made = await City(template).run("init")
        assert await made.ends() == 0, made.text
        said.write_text(made.text)
    shutil.copytree(template, state)
    return said.read_text()


@contextlib.asynccontextmanager
async def city(state: Path, kind: type[Kind] = City) -> AsyncIterator[Kind]:  # type: ignore[assignment]
    """A network with Registry and Central running; everything is stopped at the end."""
    town = kind(state)
    try:
        town.init_said = await _initialised(state)
        await town.registry()
        yield town
    finally:
        await town.end()


def searched(pattern: str, text: str) -> str:
    """Return what the group of `pattern` holds where it stands first in `text`."""
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]
