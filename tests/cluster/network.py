"""The Centrals of the proof as processes: each has its own wires to the database and to its peers, and a clock."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files, state_folder
from tests.cluster.cables import Cable
from tests.cluster.postgres_pair import Pair
from tests.cluster.starter import Started, Starter
from tests.cluster.wire import Wire
from tests.ports import free_port
from tests.system.soak import clock_lies, set_clock

_LEADS, _STANDS_BY = "Central listening on", " stands by"
_BAD = ("Traceback", "the database refused")
# Money that is moved again while the first call for it is still under way.
_GOOD = ("(ledger_reference_key)", "(correction_by_reference)")
_SETTINGS = {
    "EVCHARGE_CENTRAL__WELCOME_CREDIT": "1000.00",
    "EVCHARGE_CENTRAL__DEFAULT_PRICE": "0.50",
    # Also on a network of its own nobody else listens.
    "EVCHARGE_CENTRAL__DATABASE_SECURITY": "plaintext",
    "EVCHARGE_LANG": "en",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDEVMODE": "",
}
# A part of them dies by itself around a commit.
_FAILPOINTS = "central.before_commit:0.002,central.after_commit:0.002"


@dataclass
class Member:
    """A Central that is started again whenever it has ended."""

    name: str
    state: Path
    starter: Starter
    database: Wire
    peers: Wire
    port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    # Where it is; a computer of its own has a cable.
    host: str = "127.0.0.1"
    cable: Cable | None = None
    clock: Path | None = None
    ahead_s: int = 0
    # The entry that is started instead of `evcharge`: a mutant.
    entry: Sequence[str] = ("evcharge",)
    environment: dict[str, str] = field(default_factory=dict)
    has_failpoints: bool = False
    process: Started | None = None
    lines: list[str] = field(default_factory=list)
    # Loop times: when it began to lead, and when it last said that it leads or stands by.
    led: list[float] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    ends: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stays_down: bool = False
    # Whether this process was told to end.
    _is_told: bool = False

    async def live(self) -> None:
        """Run it for ever; after each end it is started again, unless it is to stay down."""
        while not self.stays_down:
            self.ready.clear()
            named = ("--name", self.name, "--port", str(self.port), "--api-port", str(self.api_port))
            words = (*self.entry, *self.command("central"), *named)
            self.process = await self.starter.start(words, self.env, self.state.parent)
            self._is_told = False
            if self.stays_down:
                # Told so while it was started.
                self.signal(signal.SIGKILL)
            await self._read(self.process)
            self._note_end(await self.process.wait())
            await asyncio.sleep(0.2)

    def _note_end(self, code: int) -> None:
        self.ends.append(code)
        # One that starts while the database is away may give up; one that has been there waits for it.
        if code not in (0, -signal.SIGKILL) and self.ready.is_set() and not self._is_told:
            self.problems.append(f"{self.name} ended by itself with {code}: {self.lines[-1:]}")

    @property
    def env(self) -> dict[str, str]:
        """What its process is told."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVCHARGE_")}
        told = (
            kept
            | _SETTINGS
            | {
                "EVCHARGE_CENTRAL__DATABASE": f"postgresql://evcharge@{self.database.host}:{self.database.port}/postgres",
                "EVCHARGE_CENTRAL__HOST": self.host,
                "EVCHARGE_CENTRAL__API_HOST": self.host,
            }
        )
        if self.has_failpoints:
            told["EVCHARGE_FAILPOINT"] = _FAILPOINTS
        return told | clock_lies(self.clock) | self.environment

    def command(self, *words: str) -> list[str]:
        """Return a command for its state folder."""
        return [*words, "--state", str(self.state)]

    async def _read(self, process: Started) -> None:
        async for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.lines.append(line)
            if _LEADS in line:
                self.led.append(asyncio.get_running_loop().time())
            if _LEADS in line or _STANDS_BY in line:
                self.ready.set()
            if any(bad in line for bad in _BAD) and not any(good in line for good in _GOOD):
                self.problems.append(f"{self.name}: {line}")

    def sets_its_clock(self, ahead_s: int) -> None:
        """Put its clock so far from the true one."""
        if self.clock is not None:
            set_clock(self.clock, ahead_s)
            self.ahead_s = ahead_s

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def goes_down(self, number: int) -> int:
        """End it by a signal; return the exit code of what has ended."""
        process = self.process
        assert process is not None
        self._is_told = True
        self.signal(number)
        return await process.wait()


class Network:
    """Some Centrals on a pair of databases."""

    def __init__(
        self,
        folder: Path,
        pair: Pair,
        names: str,
        *,
        mutant: str = "",
        clocks: bool = True,
        host: str = "127.0.0.1",
        cables: Sequence[Cable] = (),
    ) -> None:
        """`host` is where the database is; with `cables`, each Central is at the end of one."""
        self.pair = pair
        self._folder = folder
        self.members: list[Member] = []
        # What starts each of them again.
        self.lives: list[asyncio.Task[None]] = []
        hosts = [cable.pc.address for cable in cables]
        state_folder.init_state(folder / names[0], hosts, utc_now())
        (folder / names[0] / "central").mkdir(exist_ok=True)
        # Which the first Central would make: each knows the same operator.
        token = state_folder.operator_token_path(folder / names[0])
        secret_files.kept_secret(token, secret_files.new_secret())
        # Which clock it is is read anew by whatever is started.
        lies = clock_lies(folder / f"{names[0]}.clock") if clocks else {}
        self._starters = [Starter(environment=lies, through=cable.pc.through) for cable in cables]
        self._starters = self._starters or [Starter(environment=lies)]
        for place, name in enumerate(names):
            state = folder / name
            if name != names[0]:
                shutil.copytree(folder / names[0], state)
            port = free_port()
            at = hosts[place] if cables else host
            member = Member(
                name, state, self._starters[place % len(self._starters)],
                Wire(lambda: ("127.0.0.1", pair.port), host), Wire(_at(at, port)), port,
                host=at, cable=cables[place] if cables else None,
                clock=folder / f"{name}.clock" if clocks else None,
                entry=("tests.cluster.mutants", mutant) if mutant else ("evcharge",),
            )  # fmt: skip
            member.sets_its_clock(0)
            self.members.append(member)

    @property
    def key(self) -> bytes:
        """What tickets are sealed with."""
        return secret_files.read_keys(self.members[0].state / "service.key")[0]

    @property
    def leader(self) -> Member:
        """Whoever began to lead last."""
        return max(self.members, key=lambda one: one.led[-1] if one.led else 0.0)

    @property
    def takeovers(self) -> int:
        """How often one began to lead."""
        return sum(len(one.led) for one in self.members)

    async def begin(self, within_s: float = 300.0) -> None:
        """Start all, the first one first, so that it leads."""
        async with asyncio.timeout(within_s):
            for starter in self._starters:
                await starter.begin()
            for member in self.members:
                await member.database.begin()
                await member.peers.begin()
                self.lives.append(asyncio.create_task(member.live()))
                await member.ready.wait()

    def led_since(self, since: float, but: Member) -> float | None:
        """Return how long after the loop time `since` another one than `but` led; None: not yet."""
        led = [one.led[-1] - since for one in self.members if one is not but and one.led]
        return min((after for after in led if after > 0), default=None)

    async def stop(self, within_s: float = 30.0) -> list[str]:
        """Let all end in order; return what was wrong with that."""
        problems = []
        for member in self.members:
            member.stays_down = True
            try:
                async with asyncio.timeout(within_s):
                    code = await member.goes_down(signal.SIGTERM)
            except TimeoutError:
                code = await member.goes_down(signal.SIGKILL)
            if code:
                problems.append(f"{member.name} ended with {code} at the end: {member.lines[-1:]}")
        await asyncio.wait(self.lives, timeout=within_s)
        return problems

    async def end(self) -> None:
        """Kill what still runs, also what is being started."""
        for life in self.lives:
            life.cancel()
        await asyncio.gather(*self.lives, return_exceptions=True)
        for starter in self._starters:
            await starter.end()
        for member in self.members:
            await member.database.end()
            await member.peers.end()

    async def run(self, member: Member, *words: str) -> tuple[int, str]:
        """Run a command on a member's state folder; return its exit code and what it said."""
        started = await member.starter.start(("evcharge", *member.command(*words)), member.env, self._folder)
        said = await started.stdout.read()
        return await started.wait(), said.decode("utf-8", "replace")


def _at(host: str, port: int) -> Callable[[], tuple[str, int]]:
    return lambda: (host, port)
