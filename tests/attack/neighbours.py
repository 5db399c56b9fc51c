"""Well-behaved neighbours of an attack, in a process of their own: how long each of them waits for its answers.

Their process prints "ready"; then, for each line that it reads, what happened since the line before: one line of JSON.
A neighbour that is sent away comes back as the real programs do, and its wait counts from its first try.
"""

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal

import aiohttp
import msgspec

from evcharge.cp import health
from evcharge.domain.errors import EvchargeError, Overloaded
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import IssuedTicket
from evcharge.http.registry_client import RegistryAddress, fetch_ticket, register
from evcharge.security import secret_files, state_folder
from tests.attack.target import Target

# Between two questions of one neighbour.
PAUSE_S = 0.1
# Whoever waits longer was not served.
PATIENCE_S = 10.0
# After being sent away without a time; the real programs wait a little longer.
COME_BACK_S = 0.25
ENGINE, DRIVER = "NEIGHBOUR-CP", "NEIGHBOUR-D0"
# They take turns: one identity may log in every third second.
VISITORS = tuple(f"NEIGHBOUR-D{number}" for number in range(1, 10))
LOGIN_PAUSE_S = 0.4


class Waits(msgspec.Struct):
    """How long each neighbour waited, in seconds, and what became of those who were not served."""

    seconds: dict[str, list[float]] = {}
    failures: dict[str, int] = {}

    def p99_s(self, neighbour: str) -> float | None:
        """Return what 99 of 100 waits stay below; None without any."""
        found = sorted(self.seconds.get(neighbour, ()))
        return found[min(len(found) - 1, int(len(found) * 0.99))] if found else None


class Neighbourhood:
    """The process, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def waits(self) -> Waits:
        """Return the waits since the last call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        async with asyncio.timeout(60):
            return msgspec.json.decode(await self._process.stdout.readline(), type=Waits)


@contextlib.asynccontextmanager
async def neighbourhood(target: Target) -> AsyncIterator[Neighbourhood]:
    """Run the neighbours until the block ends."""
    told = {
        "central": str(target.central),
        "api": str(target.api or ""),
        "registry": str(target.registry or ""),
        "health": str(target.health or ""),
        "cp_id": target.cp_id,
        "state": str(target.state),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.attack.neighbours",
        json.dumps(told),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            if await process.stdout.readline() != b"ready\n":
                raise RuntimeError("the neighbours could not log in")
        yield Neighbourhood(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


# ---- inside the process


class _Neighbours:
    def __init__(self, told: dict[str, str]) -> None:
        self._told = told
        self._state = Path(told["state"])
        self._registry = RegistryAddress(f"https://{told['registry']}", self._state / "ca.pem")
        self._secrets: dict[str, str] = {}
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._failures: Counter[str] = Counter()

    def take(self) -> bytes:
        """Return what was noted since the last time, as JSON."""
        taken = Waits(dict(self._seconds), dict(self._failures))
        self._seconds, self._failures = defaultdict(list), Counter()
        return msgspec.json.encode(taken)

    async def prepare(self) -> list[Awaitable[None]]:
        """Register; return what the neighbours do from now on."""
        token = secret_files.read_secret(self._state / "enrolment.token")
        for name in (ENGINE, DRIVER, *VISITORS):
            self._secrets[name] = secret_files.new_secret()
            kind: Literal["cp", "driver"] = "cp" if name == ENGINE else "driver"
            await register(
                self._registry, kind, name, token, location="Alicante", credential=self._secrets[name]
            )
        deeds: list[Awaitable[None]] = [
            self._keeps_asking("heartbeat", await self._ticket(ENGINE, Role.ENGINE), Role.ENGINE),
            self._keeps_asking("balance", await self._ticket(DRIVER, Role.DRIVER), Role.DRIVER),
            self._repeats("login", await self._logs_in(), LOGIN_PAUSE_S),
            self._repeats("ticket", self._gets_ticket),
        ]
        if self._told["api"]:
            deeds.append(self._repeats("api", self._reads_points))
        if self._told["health"]:
            deeds.append(self._pings())
        return deeds

    async def _ticket(self, name: str, role: Role) -> IssuedTicket:
        return await fetch_ticket(self._registry, name, role, self._secrets[name])

    async def _connect(self, issued: IssuedTicket, name: str, role: Role) -> Channel:
        host, _, port = self._told["central"].rpartition(":")
        return await connect(host, int(port), issued, name, role)

    # ---- deeds, each over a connection of its own

    async def _logs_in(self) -> Callable[[], Awaitable[None]]:
        tickets = [(name, await self._ticket(name, Role.DRIVER)) for name in VISITORS]
        turns = itertools.cycle(tickets)

        async def deed() -> None:
            name, issued = next(turns)
            channel = await self._connect(issued, name, Role.DRIVER)
            try:
                await _answer(channel, messages.AskBalance(), messages.Balance)
            finally:
                await channel.close(messages.Bye())

        return deed

    async def _gets_ticket(self) -> None:
        await self._ticket(VISITORS[0], Role.DRIVER)

    async def _reads_points(self) -> None:
        token = secret_files.read_secret(state_folder.operator_token_path(self._state))
        url = f"http://{self._told['api']}/api/cps"
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
            session.get(url) as response,
        ):
            response.raise_for_status()
            await response.read()

    async def _repeats(
        self, name: str, deed: Callable[[], Awaitable[None]], pause_s: float = PAUSE_S
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began_at = loop.time()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await _until_done(deed)
            except TimeoutError:
                self._failures[f"{name}: not served in {PATIENCE_S:g} s"] += 1
            self._seconds[name].append(loop.time() - began_at)
            await asyncio.sleep(pause_s)

    # ---- links that last

    async def _keeps_asking(self, name: str, issued: IssuedTicket, role: Role) -> None:
        """Ask over one link, which nothing that strangers do may end."""
        question, answer = (
            (messages.Heartbeat(), messages.Heartbeat)
            if role is Role.ENGINE
            else (messages.AskBalance(), messages.Balance)
        )
        loop = asyncio.get_running_loop()
        while True:
            try:
                channel = await self._connect(issued, ENGINE if role is Role.ENGINE else DRIVER, role)
                if role is Role.ENGINE:
                    await _answer(channel, messages.Sync(journal_id="0" * 32, last_seq=0), messages.Synced)
                while True:
                    began_at = loop.time()
                    async with asyncio.timeout(PATIENCE_S):
                        await _answer(channel, question, answer)
                    self._seconds[name].append(loop.time() - began_at)
                    await asyncio.sleep(PAUSE_S)
            except (EvchargeError, TimeoutError) as problem:
                self._failures[f"{name}: {problem}"[:150]] += 1
                await asyncio.sleep(COME_BACK_S)

    async def _pings(self) -> None:
        """Ask an engine how it is, as its monitor does."""
        host, _, port = self._told["health"].rpartition(":")
        secret = secret_files.read_secret(self._state / "cp" / self._told["cp_id"] / "secret")
        key = health.health_key(secret)
        loop = asyncio.get_running_loop()
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
                try:
                    while True:
                        began_at = loop.time()
                        async with asyncio.timeout(PATIENCE_S):
                            writer.write(health.seal(key, health.Ping(n=health.new_nonce(os.urandom))))
                            health.read_pong(await reader.readline())
                        self._seconds["ping"].append(loop.time() - began_at)
                        await asyncio.sleep(PAUSE_S)
                finally:
                    writer.close()
            except (OSError, EvchargeError, TimeoutError) as problem:
                self._failures[f"ping: {problem}"[:150]] += 1
                await asyncio.sleep(COME_BACK_S)


async def _answer(channel: Channel, question: messages.Message, kind: type[messages.Message]) -> None:
    channel.send(question)
    while not isinstance(await channel.receive(), kind):
        pass


async def _until_done(deed: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await deed()
        except (EvchargeError, aiohttp.ClientError, OSError) as problem:
            wait_s = problem.retry_after_s if isinstance(problem, Overloaded) else None
            await asyncio.sleep(wait_s or COME_BACK_S)
        else:
            return


async def _main(told: dict[str, str]) -> None:
    neighbours = _Neighbours(told)
    deeds = await neighbours.prepare()
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        for deed in deeds:
            tasks.create_task(_awaited(deed))
        print("ready", flush=True)
        while await lines.readline():
            print(neighbours.take().decode(), flush=True)
        raise SystemExit


async def _awaited(deed: Awaitable[None]) -> None:
    await deed


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
