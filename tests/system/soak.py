"""Random kills under traffic: `python -m tests.system.soak --kills 500 --seed 7` (make soak).

Every part is killed again and again by SIGKILL, at random moments and at named failpoints around every commit
and fsync, while drivers charge. The wall clock of each is set forth and back meanwhile (by libfaketime, where it is
installed), and once in the middle the books are put back to a copy of some kills before. Then all is healed, and
journals, books and screens must agree to the last mWh and cent. The seed fixes who is killed when; what the kill
hits is up to the machine.
"""

import argparse
import asyncio
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from evcharge.cp import health
from evcharge.cp.journal.disk import FolderDisk
from evcharge.cp.journal.journal import Journal
from evcharge.domain.journal_records import SupplyEnd, SupplyStart
from evcharge.security import secret_files
from tests.stopwatch import Stopwatch
from tests.system.city import WITHIN_S, City, Program, city

POINTS = 6
DRIVERS = 10
ENGINE = ("--speed", "60", "--auto-plug", "0.2", "--auto-unplug", "1.5")
# Who is killed how often, and where a failpoint may do it instead.
WEIGHTS = {"engine": 8, "central": 4, "driver": 5, "monitor": 3}
FAILPOINTS = {
    "engine": "engine.before_sync:0.2,engine.after_sync:0.2",
    "central": "central.before_commit:0.03,central.after_commit:0.03",
    "driver": "driver.after_show:0.5,driver.after_seen:0.5",
}
# How many of the restarted parts carry them.
WITH_FAILPOINTS = 0.7
# Long enough that charges begin and end between the kills.
MEAN_GAP_S = 0.8
SETTLES_WITHIN_S = 90.0
ANSWERS_WITHIN_S = 5.0
# Where Debian and its kin keep the library that lies to one process about the time of day, and about nothing else.
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
# How far a clock is set, and how often somebody's clock is, beside each kill.
JUMPS_S = (-86_400, -3_600, -60, 60, 3_600, 86_400 * 400)
JUMP_ODDS = 0.3


def set_clock(clock: Path, seconds: int) -> None:
    """Put a clock that is lied about so far from the true one."""
    # Whole or not at all: the part may read it just now.
    beside = clock.with_name(f"{clock.name}.new")
    beside.write_text(f"{seconds:+}\n")
    beside.rename(clock)


def clock_lies(clock: Path | None) -> dict[str, str]:
    """Return the environment of a process whose wall clock is what `clock` says; None: the true one."""
    if clock is None:
        return {}
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }


def _starting(
    start: Callable[..., Awaitable[Program]], name: str, *given: str
) -> Callable[[dict[str, str]], Awaitable[Program]]:
    """Return what starts a part of that name, in the environment that it is given."""
    return lambda env: start(name, *given, **env)


@dataclass
class Seat:
    """A part of the network that is always filled again."""

    kind: str
    name: str
    start: Callable[[dict[str, str]], Awaitable[Program]]
    # What libfaketime reads for its clock; None: it has the true one.
    clock: Path | None = None
    program: Program | None = None
    past: list[Program] = field(default_factory=list)

    async def fill(self, env: dict[str, str] | None = None) -> None:
        """Start the part anew."""
        if self.program is not None:
            self.past.append(self.program)
        self.program = await self.start((env or {}) | clock_lies(self.clock))

    def sets_its_clock(self, seconds: int) -> None:
        """Put the wall clock of the part so far from the true one."""
        if self.clock is not None:
            set_clock(self.clock, seconds)

    @property
    def running(self) -> Program:
        """What fills it; it was filled before."""
        assert self.program is not None, self.name
        return self.program

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self.program is not None and self.program.process.returncode is None

    @property
    def printed(self) -> str:
        """All that its incarnations have printed."""
        living = [self.program] if self.program is not None else []
        return "\n".join(program.text for program in [*self.past, *living])


@dataclass
class Report:
    """What was done to the network, and what came out."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    jumps: Counter[str] = field(default_factory=Counter)
    at_failpoints: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    tickets: int = 0
    corrections: int = 0
    rebuilt: int = 0
    owed_cents: int = 0
    restored: bool = False
    energy_mwh: int = 0
    lost_mwh: int = 0
    lost_cents: int = 0
    double_tickets: int = 0
    unshown_tickets: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    to_red_s: list[float] = field(default_factory=list)
    to_grey_s: list[float] = field(default_factory=list)
    to_recover_s: list[float] = field(default_factory=list)

    def table(self) -> Table:
        """Return the figures for people."""
        table = Table("what", "figure", title=f"{sum(self.kills.values())} kills, seed {self.seed}")
        for kind, count in sorted(self.kills.items()):
            table.add_row(f"killed: {kind}", f"{count} ({self.at_failpoints[kind]} at failpoints)")
        for kind, count in sorted(self.jumps.items()):
            table.add_row(f"clock set: {kind}", str(count))
        table.add_row("sessions, tickets", f"{self.sessions}, {self.tickets}, {self.corrections} corrections")
        if self.restored:
            table.add_row("rebuilt after a restore", f"{self.rebuilt} sessions, {self.owed_cents} cents owed")
        table.add_row("energy", f"{self.energy_mwh / 1e6:.3f} kWh")
        table.add_row("lost mWh, lost cents", f"{self.lost_mwh}, {self.lost_cents}")
        table.add_row("double tickets, tickets never shown", f"{self.double_tickets}, {self.unshown_tickets}")
        for what, times in (
            ("engine killed to red", self.to_red_s),
            ("monitor killed to grey", self.to_grey_s),
            ("restarted to its right status", self.to_recover_s),
        ):
            if times:
                ordered = sorted(times)
                p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
                table.add_row(what, f"median {ordered[len(ordered) // 2]:.2f} s, p99 {p99:.2f} s")
        for note in self.notes:
            table.add_row("note", note)
        for problem in self.problems:
            table.add_row("PROBLEM", problem)
        return table

    @property
    def wrong(self) -> list[str]:
        """What was lost, doubled or hidden, in sentences."""
        figures = {
            "mWh lost": self.lost_mwh,
            "cents lost": self.lost_cents,
            "tickets doubled": self.double_tickets,
            "tickets never shown": self.unshown_tickets,
        }
        return [*self.problems, *(f"{figure} {what}" for what, figure in figures.items() if figure)]

    @property
    def good(self) -> bool:
        """Whether nothing was."""
        return not self.wrong


class Soak:
    """One run on one network."""

    def __init__(self, town: City, services: Path, seed: int) -> None:
        self._city = town
        self._dice = random.Random(seed)
        self.report = Report(seed)
        self._measuring: set[asyncio.Task[None]] = set()
        self._wrong: list[Seat] = []
        points = [f"CP{number:03}" for number in range(1, POINTS + 1)]
        self._central = Seat("central", "central", self._start_central)
        self._engines = {cp: Seat("engine", cp, _starting(town.engine, cp, *ENGINE)) for cp in points}
        self._monitors = {
            cp: Seat("monitor", cp, _starting(lambda cp, **_: town.monitor(cp), cp)) for cp in points
        }
        # Every second driver is faulty as well: it drops, tears, doubles and forgets.
        self._drivers = [
            Seat(
                "driver",
                name,
                _starting(town.driver, name, *habit),
            )
            for name, habit in (
                (
                    f"D{number:02}",
                    ("--chaos", str(seed + number))
                    if number % 2
                    else ("--file", str(services), "--pause", "0.3"),
                )
                for number in range(1, DRIVERS + 1)
            )
        ]

    @property
    def seats(self) -> list[Seat]:
        """Everybody."""
        return [self._central, *self._engines.values(), *self._monitors.values(), *self._drivers]

    async def _start_central(self, env: dict[str, str]) -> Program:
        return await self._city.run("central", env={"EVCHARGE_CENTRAL__WELCOME_CREDIT": "1000.00", **env})

    async def run(self, kills: int, tick: Callable[[int], None]) -> Report:
        """Start all, kill `kills` times, heal, and judge."""
        if FAKETIME is None:
            self.report.notes.append(
                "no clock was set: libfaketime is not installed (.ci/packages does that)"
            )
        else:
            clocks = self._city.state.parent / "clocks"
            clocks.mkdir()
            for seat in self.seats:
                seat.clock = clocks / seat.name
                seat.sets_its_clock(0)
        for seat in (self._central, *self._engines.values(), *self._monitors.values()):
            await seat.fill()
        await self._until_nothing_is(self._absent, WITHIN_S)
        # Not before: ten more programs that start at once keep the others from a processor.
        for seat in self._drivers:
            await seat.fill()
        # Nor is anybody killed, or the books copied, before everybody is known there.
        if absent := await self._until_nothing_is(self._absent, WITHIN_S):
            raise AssertionError(f"not there: {', '.join(absent)}:\n{self._central.printed}")
        # What is made of the books at which kill.
        turns = {kills // 3: self._back_up, 2 * kills // 3: self._restore}
        while (done := sum(self.report.kills.values())) < kills:
            for due in sorted(turn for turn in turns if turn <= done):
                await turns.pop(due)()
            await self._strike()
            tick(sum(self.report.kills.values()))
        await self._heal()
        await self._judge()
        return self.report

    async def _strike(self) -> None:
        """Kill somebody, by hand or by failpoint, and bring back whoever is dead."""
        kind = self._dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        seat = self._dice.choice([seat for seat in self.seats if seat.kind == kind])
        await self._let_work(self._dice.uniform(0.0, 2 * MEAN_GAP_S))
        if self._dice.random() < JUMP_ODDS:
            self._set_a_clock()
        if seat.alive:
            await seat.running.dies()
            self.report.kills[kind] += 1
            self._measure(seat)
            await asyncio.sleep(self._dice.choice((0.0, 0.2, 1.0)))
            env = {}
            if kind in FAILPOINTS and self._dice.random() < WITH_FAILPOINTS:
                env["EVCHARGE_FAILPOINT"] = FAILPOINTS[kind]
            await seat.fill(env)
        for other in self.seats:
            if not other.alive:
                code = await other.running.ends()
                if code == -9:
                    self.report.kills[other.kind] += 1
                    self.report.at_failpoints[other.kind] += 1
                elif code != 0:
                    self.report.problems.append(f"{other.name} ended with {code}: {other.running.lines[-1:]}")
                await other.fill()

    @property
    def _copy(self) -> str:
        return str(self._city.state.parent / "copy.evb")

    async def _back_up(self) -> None:
        """Copy the books while everybody works."""
        copied = await self._city.run("backup", self._copy)
        if await copied.ends() != 0:
            self.report.problems.append(f"no backup: {copied.text[-300:]}")

    async def _restore(self) -> None:
        """Lose the books of Central and the Registry, and go on with the copy of some kills before."""
        if self._central.alive:
            await self._central.running.dies()
        await self._city.registry_program.dies()
        back = await self._city.run("restore", self._copy)
        if await back.ends() != 0:
            self.report.problems.append(f"no restore: {back.text[-300:]}")
        await self._city.registry()
        await self._central.fill()
        self.report.restored = True

    def _set_a_clock(self) -> None:
        """Somebody's clock goes wrong; whose was wrong before is put right."""
        for seat in self._wrong:
            seat.sets_its_clock(0)
        kind = self._dice.choice(list(WEIGHTS))
        self._wrong = [self._dice.choice([seat for seat in self.seats if seat.kind == kind])]
        for seat in self._wrong:
            if seat.clock is not None:
                seat.sets_its_clock(self._dice.choice(JUMPS_S))
                self.report.jumps[seat.kind] += 1

    def _measure(self, seat: Seat) -> None:
        """Note how long Central takes to show what has died, and what came back, if it lives itself."""
        central = self._central.running
        wanted = {
            "engine": ("Faulted", self.report.to_red_s),
            "monitor": ("Disconnected", self.report.to_grey_s),
        }
        if seat.kind not in wanted or not self._central.alive:
            return
        word, times = wanted[seat.kind]
        since, began = len(central.lines), asyncio.get_running_loop().time()

        async def watch() -> None:
            found = await _line(central, rf"{seat.name} .*{word}", since)
            if found is not None:
                times.append(max(0.0, central.at[found] - began))
                back = await _line(central, rf"{seat.name} .*(Available|Preparing|Charging)", found)
                if back is not None:
                    self.report.to_recover_s.append(central.at[back] - central.at[found])

        task = asyncio.create_task(watch())
        self._measuring.add(task)
        task.add_done_callback(self._measuring.discard)

    async def _heal(self) -> None:
        """Bring back everybody without failpoints, let the drivers end, and wait until all is told."""
        for task in list(self._measuring):
            task.cancel()
        for seat in self._wrong:
            seat.sets_its_clock(0)
        for seat in self.seats:
            if seat.alive:
                await seat.running.dies()
        for seat in (self._central, *self._engines.values(), *self._monitors.values()):
            await seat.fill()
        # At their own prompts, so that nobody asks for more; what they have not seen is shown to them.
        for seat in self._drivers:
            if seat.program is not None:
                seat.past.append(seat.program)
            seat.program = await self._city.driver(seat.name)
        # One that is asked to stop while it starts is not there to do so.
        await self._until_nothing_is(self._absent, SETTLES_WITHIN_S)
        if left := await self._until_nothing_is(self.on_its_way, SETTLES_WITHIN_S):
            self.report.problems.append(f"not settled: {'; '.join(left)}")
        for seat in self.seats:
            if await seat.running.stops(within_s=8) != 0:
                self.report.problems.append(f"{seat.name} did not stop cleanly")

    async def _until_nothing_is(self, left: Callable[[], Awaitable[list[str]]], within_s: float) -> list[str]:
        """Wait until nothing is left, or everybody had so many seconds for it; return what is left.

        Waiting for a processor does not count: nobody gets anything done meanwhile.
        """
        watch = Stopwatch(self._pids)
        while found := await left():
            if watch.read_s() > within_s:
                return found
            await asyncio.sleep(0.2)
        return []

    async def _let_work(self, seconds: float) -> None:
        """Leave everybody so many seconds to get something done: waiting for a processor counts a tenth at least."""
        watch, began_s = Stopwatch(self._pids), time.monotonic()
        while max(watch.read_s(), (time.monotonic() - began_s) / 10) < seconds:
            await asyncio.sleep(0.05)

    def _pids(self) -> list[int]:
        return [seat.program.process.pid for seat in self.seats if seat.program is not None]

    async def _absent(self) -> list[str]:
        """Return the charging points that are not Available yet, and the drivers who run and are not connected."""
        said = self._central.running.text
        points = [cp_id for cp_id in self._engines if not re.search(rf"\b{cp_id}\b.* Available", said)]
        drivers = [
            seat.name
            for seat in self._drivers
            if seat.program is not None and not re.search("(?i)connected to central", seat.running.text)
        ]
        return [*points, *drivers]

    async def on_its_way(self) -> list[str]:
        """Return what has not arrived yet, in words: after a restore the books do not know what they still lack."""
        books = self._city.books
        left = [
            f"{session_id} is {state}"
            for session_id, state in books(
                "SELECT session_id, state FROM session WHERE state IN ('AUTHORISED', 'CHARGING')"
            )
        ]
        if unseen := books("SELECT COUNT(*) FROM inbox")[0][0]:
            left.append(f"{unseen} tickets are unseen")
        rows = books("SELECT cp_id, last_seq FROM cp JOIN journal USING (cp_id, journal_id)")
        stored: dict[str, int] = {row[0]: row[1] for row in rows}
        for cp_id in self._engines:
            written = await self._written(cp_id)
            if written is None:
                left.append(f"{cp_id} does not answer")
            elif stored.get(cp_id, 0) < written:
                left.append(f"{cp_id} has written {written} records, of which {stored.get(cp_id, 0)} arrived")
        return left

    async def _written(self, cp_id: str) -> int | None:
        """Return how many records an engine says that it has written; None when it does not answer."""
        secret = secret_files.read_secret(self._city.state / "cp" / cp_id / "secret")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._city.health_ports[cp_id])
        except OSError:
            return None
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                ping = health.Ping(n=health.new_nonce(os.urandom))
                writer.write(health.seal(health.health_key(secret), ping))
                line = await reader.readline()
            return health.read_pong(line).seq if line else None
        except (OSError, TimeoutError):
            return None
        finally:
            writer.close()

    async def _judge(self) -> None:
        report, books = self.report, self._city.books
        report.sessions = books("SELECT COUNT(*) FROM session")[0][0]
        report.tickets, cents = books("SELECT COUNT(*), COALESCE(SUM(cost_cents), 0) FROM ticket")[0]
        report.corrections, corrected = books(
            "SELECT COUNT(*), COALESCE(SUM(cost_cents), 0) FROM correction"
        )[0]
        supplied: Counter[str] = Counter()
        for cp_id in self._engines:
            supplied += journaled(self._city.state / "cp" / cp_id / "journal")
        billed = {
            row[0]: row[1] for row in books("SELECT session_id, energy_mwh + corrected_mwh FROM ticket_now")
        }
        report.energy_mwh = sum(billed.values())
        report.lost_mwh = sum(abs(mwh - billed.get(session_id, 0)) for session_id, mwh in supplied.items())
        report.lost_mwh += sum(mwh for session_id, mwh in billed.items() if session_id not in supplied)
        wallets = books("SELECT COALESCE(SUM(balance_cents + held_cents), 0) FROM driver")[0][0]
        paid_in = books("SELECT COALESCE(SUM(cents), 0) FROM ledger WHERE kind = 'TOP_UP'")[0][0]
        report.owed_cents = books("SELECT COALESCE(SUM(left_cents), 0) FROM debt")[0][0]
        report.rebuilt = books("SELECT COUNT(*) FROM session WHERE rebuilt = 1")[0][0]
        report.lost_cents = abs(paid_in + report.owed_cents - wallets - cents - corrected)
        printed = "\n".join(seat.printed for seat in self._drivers)
        shown = Counter(re.findall(r"Session: (\S+)", printed))
        # A driver killed between showing a ticket and noting it shows it again: once more, rather than never.
        report.unshown_tickets = sum(session_id not in shown for session_id in billed)
        report.double_tickets = len(
            books("SELECT 1 FROM events WHERE type = 'TicketMade' GROUP BY session_id HAVING COUNT(*) > 1")
        )
        report.problems += [f"books: {line}" for line in _books_problems(self._city)]
        report.problems += [
            f"{seat.name} printed a traceback" for seat in self.seats if "Traceback" in seat.printed
        ]


def journaled(folder: Path) -> Counter[str]:
    """Return what each session took, by the engine's own journal, in mWh."""
    journal = Journal(FolderDisk(folder), os.urandom)
    try:
        taken: Counter[str] = Counter()
        for record in journal.records_after(journal.first_seq - 1, most=1_000_000):
            match record:
                case SupplyStart():
                    taken[record.session_id] -= record.meter_mwh
                case SupplyEnd():
                    taken[record.session_id] += record.meter_mwh
                case _:
                    pass
        return taken
    finally:
        journal.close()


def _books_problems(town: City) -> list[str]:
    try:
        town.check_books()
    except AssertionError as problem:
        return [str(problem)[:300]]
    return []


async def _line(program: Program, pattern: str, since: int) -> int | None:
    """Return the number of the next line that matches, or None when there is none within 15 s."""
    try:
        async with asyncio.timeout(15):
            while True:
                for number in range(since, len(program.lines)):
                    if re.search(pattern, program.lines[number]):
                        return number
                since = len(program.lines)
                await asyncio.sleep(0.02)
    except TimeoutError:
        return None


async def soak(folder: Path, kills: int, seed: int, tick: Callable[[int], None] = lambda _: None) -> Report:
    """Run one soak in `folder`; return what came out."""
    services = folder / "services.txt"
    services.write_text("any\n" * 100_000)
    async with city(folder / "state", City) as town:
        return await Soak(town, services, seed).run(kills, tick)


def main() -> int:
    """Run from the command line, with a progress bar and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    console = Console()
    with Progress(console=console) as progress, tempfile.TemporaryDirectory() as folder:
        bar = progress.add_task(f"killing (seed {chosen.seed})", total=chosen.kills)
        report = asyncio.run(
            soak(Path(folder), chosen.kills, chosen.seed, lambda done: progress.update(bar, completed=done))
        )
    console.print(report.table())
    console.print(f"replay: python -m tests.system.soak --kills {chosen.kills} --seed {chosen.seed}")
    return 0 if report.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
