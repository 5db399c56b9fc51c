"""Each program on a PC of its own, and each cable between them broken: while cars charge, and while nothing happens.

One lab serves the whole file. The cables of one test break at the same time, so that their deadlines pass side by side.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from tests.absent import absent
from tests.stopwatch import Stopwatch
from tests.system.city import City, Program
from tests.system.lab import Network, NoLab, Pc
from tests.system.soak import journaled
from tests.system.terminal import Terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
REGISTRY_PORT, CENTRAL_PORT, HEALTH_PORT = 5001, 9002, 9101
ENGINE = f"--speed 10 --auto-plug 0.1 --health-host 0.0.0.0 --health-port {HEALTH_PORT}".split()
AVAILABLE, CHARGING, FAULTED, DISCONNECTED = "●", "▶", "▲", "○"
TILE_LINES, TILE_COLUMNS = 4, 31
OLD_FIGURES = r"\nas of \d\d:\d\d:\d\d \d"
# What is promised is promised on a PC that is not this busy. The longest wait for a processor does not count, but one
# program may wait after another. Beside ten busy programs nothing was late so, and by the clock on the wall 1.8 s.
SLACK_S = 2.0
# They are many, and all stop at once.
STOPS_WITHIN_S = 30.0
GREY_S, KO_S, ENGINE_SILENT_S, DRIVER_SILENT_S, REGISTRY_ASKED_S = 3.0, 3.0, 6.0, 15.0, 9.0

Cable = AbstractContextManager[None]


@dataclass
class Stall:
    """A charging point and a driver: three programs, each on a PC of its own."""

    cp_id: str
    driver_id: str
    engine: Program
    monitor: Program
    driver: Program
    engine_pc: Pc
    monitor_pc: Pc
    driver_pc: Pc
    is_charging: bool = False
    _since: dict[str, int] = field(default_factory=dict)

    def listen(self) -> None:
        """From here on `hears` and `heard` count."""
        self._since = {name: len(self._program(name).lines) for name in ("engine", "monitor", "driver")}

    async def hears(self, name: str, pattern: str) -> str:
        """Wait until the engine, the monitor or the driver says something."""
        return await self._program(name).says(pattern, since=self._since[name])

    def heard(self, name: str) -> str:
        """Return what it has said so far."""
        return "\n".join(self._program(name).lines[self._since[name] :])

    async def starts(self) -> None:
        """Begin to charge."""
        self.listen()
        self.driver.types(f"start {self.cp_id}")
        await self.goes_on()
        self.is_charging = True

    async def goes_on(self) -> None:
        """Wait for fresh figures on the driver's screen."""
        await self.driver.says(rf"{self.cp_id}: .* kW", since=len(self.driver.lines), times=2)

    async def ends(self) -> None:
        """End the charge, as its driver wishes."""
        self.driver.types("stop")
        await self.hears("driver", "Ended:   stopped by the driver")
        self.is_charging = False

    def _program(self, name: str) -> Program:
        program: Program = getattr(self, name)
        return program


class Lab(City):
    """A town whose programs all run on different PCs, and are told by flags where the others are."""

    network: Network
    wall: Terminal

    def __init__(self, folder: Path, network: Network) -> None:
        super().__init__(folder / "control" / "state")
        self.network = network
        self.folder = folder
        self.registry_pc, self.central_pc = network.pc("registry"), network.pc("central")
        self._registry = ("--registry", f"https://{self.registry_pc.address}:{REGISTRY_PORT}")
        self._central = ("--central", f"{self.central_pc.address}:{CENTRAL_PORT}", *self._registry)
        self.stalls: list[Stall] = []
        self._rest = contextlib.AsyncExitStack()
        # What was on the screens of drivers at terminals.
        self.receipts: list[str] = []

    def environment(self) -> dict[str, str]:
        """What a PC is told where nobody has set anything but the state folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVCHARGE_")}
        return kept | {"EVCHARGE_STATE": str(self.state), "PYTHONUNBUFFERED": "1", "PYTHONDEVMODE": ""}

    async def opens(self) -> None:
        """Start Registry and Central, which share one state folder and no PC."""
        names = [flag for pc in (self.registry_pc, self.central_pc) for flag in ("--name", pc.address)]
        self.state.parent.mkdir(parents=True)
        made = await self.run("init", *names)
        assert await made.ends() == 0, made.text
        self.init_said = made.text
        registry = await self.run("registry", "--host", "0.0.0.0", through=self.registry_pc.through)
        await registry.says("listening on")
        central = ("-m", "evcharge", "central", "--panel", "--host", "0.0.0.0", *self._registry)
        argv = (*self.central_pc.through, sys.executable, *central)
        self.wall = Terminal(argv, self.environment(), self.state.parent, columns=160, lines=50)
        self._rest.push_async_callback(self.wall.close)
        await self.wall.shows("central>")

    async def builds(self, number: int) -> Stall:
        """Add a charging point and a driver."""
        cp_id, driver_id = f"CP{number:03}", f"D{number:02}"
        engine_pc, monitor_pc, driver_pc = (
            self.network.pc(f"{part}{number}") for part in ("engine", "monitor", "driver")
        )
        # By hand, as README says. The token lets a PC register its charging point or driver by itself.
        for pc in (engine_pc, driver_pc):
            self._copy(self.state, pc, "ca.pem", "enrolment.token")
        engine = await self._on(engine_pc, "cp-engine", cp_id, *self._central, *ENGINE)
        driver = await self._on(driver_pc, "driver", driver_id, *self._central)
        await engine.says("connected to")
        # The monitor's PC gets its credential instead: one for both halves of a charging point.
        self._copy(self._state_of(engine_pc), monitor_pc, "ca.pem", f"cp/{cp_id}/secret")
        monitor = await self._on(
            monitor_pc, "cp-monitor", cp_id, "--engine", f"{engine_pc.address}:{HEALTH_PORT}", *self._central
        )
        await driver.says("Connected to CENTRAL")
        await self.shows(cp_id, AVAILABLE)
        return Stall(cp_id, driver_id, engine, monitor, driver, engine_pc, monitor_pc, driver_pc)

    async def end(self, within_s: float = STOPS_WITHIN_S) -> None:
        """Stop everything, Central last."""
        async with self._rest:
            await super().end(within_s)

    @contextlib.asynccontextmanager
    async def terminal(self, pc: Pc, state: Path | None, *args: str) -> AsyncIterator[Terminal]:
        """Run `evcharge args…` at a terminal of `pc`; without `state` in the folder that it takes by itself."""
        folder = self.folder / pc.name
        folder.mkdir(exist_ok=True)
        told = self.environment() | {"EVCHARGE_STATE": str(state or "")}
        screen = Terminal((*pc.through, sys.executable, "-m", "evcharge", *args), told, folder)
        try:
            yield screen
        finally:
            await screen.close()
        assert "Traceback" not in screen.text

    async def joins(self, pc: Pc, kind: str, name: str) -> None:
        """Have the administrator invite somebody, who joins on `pc`."""
        invite = ("invite", kind, name)
        async with self.terminal(self.registry_pc, self.state, *invite, *self._central) as screen:
            await screen.shows("(?i)password")
            await screen.types(self.admin_password)
            assert await screen.ends() == 0, screen.text
            keep(screen, " ".join(invite), "invite.txt")
            token = screen.text.split()[-1]
        async with self.terminal(pc, None, "join") as screen:
            await screen.shows("Paste the token:")
            screen.paste(token)
            await screen.keys("enter")
            assert await screen.ends() == 0, screen.text
            keep(screen, "join", "join.txt")

    async def shows(self, cp_id: str, mark: str, words: str = "") -> None:
        """Wait until the tile of a charging point on the wall has that mark, and those words."""
        try:
            async with asyncio.timeout(40):
                while not (tile := self._tile(cp_id)).startswith(mark) or not re.search(words, tile):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"no {mark} {cp_id} {words!r}:\n{self.wall.capture()}") from None

    def check(self) -> None:
        """Books, tickets and the engines' own journals agree; to be called when everything has ended."""
        self.check_books()
        billed = {row["session_id"]: row["energy_mwh"] for row in self.books("SELECT * FROM ticket")}
        measured: dict[str, int] = {}
        for stall in self.stalls:
            measured |= journaled(self._state_of(stall.engine_pc) / "cp" / stall.cp_id / "journal")
        assert billed == measured
        assert sum(billed.values()) > 0
        paid_in = self.books("SELECT SUM(cents) FROM ledger WHERE kind = 'TOP_UP'")[0][0]
        left = self.books("SELECT SUM(balance_cents + held_cents) FROM driver")[0][0]
        assert paid_in == left + self.books("SELECT SUM(cost_cents) FROM ticket")[0][0]
        shown = "\n".join([*self.receipts, *(stall.driver.text for stall in self.stalls)])
        assert all(shown.count(session_id) == 1 for session_id in billed)

    def links_of(self, cp_id: str) -> int:
        """How often the engine of a charging point has come into step with Central."""
        sql = "SELECT COUNT(*) FROM events WHERE type = 'EngineConnected' AND cp_id = ?"
        return int(self.books(sql, cp_id)[0][0])

    def _tile(self, cp_id: str) -> str:
        lines = self.wall.capture().split("\n")
        for row, line in enumerate(lines[2:], 2):
            if found := re.search(rf"\S {cp_id} ", line):
                column = found.start()
                tile = lines[row : row + TILE_LINES]
                return "\n".join(part[column : column + TILE_COLUMNS].rstrip() for part in tile)
        return ""

    def _state_of(self, pc: Pc) -> Path:
        return self.folder / pc.name / "state"

    def _copy(self, state: Path, pc: Pc, *names: str) -> None:
        for name in names:
            there = self._state_of(pc) / name
            there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy(state / name, there)

    async def _on(self, pc: Pc, *args: str) -> Program:
        env = {"EVCHARGE_STATE": str(self._state_of(pc))}
        return await self.run(*args, stdin=True, name=pc.name, through=pc.through, env=env)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A PC for each program, on one switch; when all is over, the sums must be right."""
    try:
        network = Network()
    except NoLab as problem:
        absent(str(problem))
    with contextlib.closing(network):
        lab = Lab(tmp_path_factory.mktemp("lab"), network)
        try:
            await lab.opens()
            lab.stalls = await asyncio.gather(*(lab.builds(number) for number in range(1, 6)))
            yield lab
            await lab.settles()
        finally:
            await lab.end()
    lab.check()
    for program in lab.programs:
        assert "Traceback" not in program.text, f"{program.name}:\n{program.text}"
    assert "Traceback" not in lab.wall.text


def keep(screen: Terminal, command: str, name: str) -> None:
    """Keep what a command and its screen look like for the documents."""
    if os.environ.get("CAPTURE_SCREENS"):
        (SCREENS / name).write_text(f"$ evcharge {command}\n{screen.capture()}", "utf-8")


async def within(lab: Lab, promised_s: float, *seen: Awaitable[object]) -> None:
    """Wait for all of `seen`, and not for long; waiting for a processor does not count."""
    watch = Stopwatch(lambda: [os.getpid(), lab.wall.child.pid, *(each.process.pid for each in lab.programs)])
    await all_of(*seen)
    assert watch.read_s() < promised_s + SLACK_S


async def all_of(*parts: Awaitable[object]) -> None:
    """Do several things at the same time; the first that fails ends them all."""

    async def done(part: Awaitable[object]) -> None:
        await part

    try:
        async with asyncio.TaskGroup() as tasks:
            for part in parts:
                tasks.create_task(done(part))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def in_turn(*parts: Awaitable[object]) -> None:
    """Do one thing after the other."""
    for part in parts:
        await part


# ---- what is seen when a cable breaks, and when it is mended


async def engine_loses_central(lab: Lab, stall: Stall, cable: Cable) -> None:
    """Red, for want of a link; what flows goes on to flow, and all of it arrives."""
    stall.listen()
    links = lab.links_of(stall.cp_id)
    with cable:
        await within(
            lab,
            ENGINE_SILENT_S,
            lab.shows(
                stall.cp_id, FAULTED, "no link to Central" + (OLD_FIGURES if stall.is_charging else "")
            ),
            # Where only one way is lost, Central may hang up before the engine has missed it.
            stall.hears("engine", "(?i)the link to CENTRAL at .* was lost: (no word|the connection)"),
        )
        if stall.is_charging:
            assert "the running charge goes on" in stall.heard("engine")
            assert "a running charge goes on" in await stall.hears("driver", f"{stall.cp_id} has no link")
        else:
            stall.driver.types(f"start {stall.cp_id}")
            await stall.hears("driver", f"{stall.cp_id} not available. CP out of service")
        assert "KO" not in stall.heard("monitor")
    await lab.shows(stall.cp_id, CHARGING if stall.is_charging else AVAILABLE)
    await stall.hears("engine", "(?i)connected to Central again")
    assert lab.links_of(stall.cp_id) == links + 1


async def monitor_loses_central(lab: Lab, stall: Stall, cable: Cable) -> None:
    """Grey, as if there were no monitor; the charge goes on, live."""
    stall.listen()
    with cable:
        await within(
            lab,
            GREY_S,
            lab.shows(stall.cp_id, DISCONNECTED),
            stall.hears("monitor", "(?i)the link to CENTRAL at .* was lost"),
        )
        if stall.is_charging:
            await stall.hears("driver", f"monitor of {stall.cp_id} is not heard; your charge goes on")
            await stall.goes_on()
    await lab.shows(stall.cp_id, CHARGING if stall.is_charging else AVAILABLE)
    await stall.hears("monitor", "(?i)connected to Central again")


async def monitor_loses_engine(lab: Lab, stall: Stall, cable: Cable) -> None:
    """KO and red; Central has the engine end its charge, and tells the driver."""
    stall.listen()
    with cable:
        await within(
            lab,
            KO_S,
            stall.hears("monitor", f"{stall.cp_id} KO: engine lost: it does not answer"),
            lab.shows(stall.cp_id, FAULTED, "engine lost"),
        )
        if stall.is_charging:
            await stall.hears("driver", f"{stall.cp_id} failed .* final ticket follows")
            await stall.hears("engine", "STOP received: fault")
            await stall.hears("driver", "Ended:   fault at the charging point")
            stall.is_charging = False
    await stall.hears("monitor", f"{stall.cp_id} STATUS OK: engine is back")
    await lab.shows(stall.cp_id, AVAILABLE)


async def driver_loses_central(lab: Lab, stall: Stall, cable: Cable) -> None:
    """The driver is told that the charge goes on, which it does."""
    stall.listen()
    with cable:
        said = await stall.hears("driver", "Cannot connect to CENTRAL")
        assert ("your charge goes on" in said) == stall.is_charging
        await lab.shows(stall.cp_id, CHARGING if stall.is_charging else AVAILABLE)
    await stall.hears("driver", "Connected to CENTRAL again")
    if stall.is_charging:
        await stall.goes_on()


async def central_loses_registry(lab: Lab, cable: Cable) -> None:
    """A banner, and nothing else."""
    with cable:
        await within(lab, REGISTRY_ASKED_S, lab.wall.shows(r"\n! Registry not responding"))
    await lab.wall.hides(r"\n! Registry not responding")


async def connections_are_reset(lab: Lab, stall: Stall) -> None:
    """Made again at once: nobody but their two ends hears of it."""
    await stall.starts()
    stall.listen()
    for name, pc in (("engine", stall.engine_pc), ("monitor", stall.monitor_pc), ("driver", stall.driver_pc)):
        if not lab.network.reset(pc, CENTRAL_PORT):
            absent("this kernel cannot break off a connection (CONFIG_INET_DIAG_DESTROY)")
        await stall.hears(name, "(?i)connected to CENTRAL again")
        await lab.shows(stall.cp_id, CHARGING)
    assert lab.network.reset(stall.monitor_pc, HEALTH_PORT)
    await stall.goes_on()
    assert "KO" not in stall.heard("monitor")
    assert "monitors ask" not in stall.heard("monitor")
    await stall.ends()


async def figures_stand_still(lab: Lab, stall: Stall, cable: Cable) -> None:
    """A driver at a terminal sees how old they are; then they go on, over the same connection."""
    links = lab.links_of(stall.cp_id)
    pc = lab.network.pc("driver6")
    await lab.joins(pc, "driver", "D06")
    async with lab.terminal(pc, None, "driver", "D06") as screen:
        await screen.types(f"start {stall.cp_id}")
        await screen.shows(rf"{stall.cp_id} +22\.00 kW")
        with cable:
            await within(lab, 3.0, screen.shows(rf"{stall.cp_id} +as of \d\d:\d\d:\d\d \d+\.\d\d\d kWh"))
        await screen.shows(rf"{stall.cp_id} +22\.00 kW")
        await screen.types("stop")
        await screen.shows("stopped by the driver")
        lab.receipts.append(screen.text)
    assert lab.links_of(stall.cp_id) == links


# ---- tests


async def test_a_pulled_cable_is_seen_on_each_screen_and_costs_nothing(lab: Lab):
    network, central, (one, two, three, four, idle) = lab.network, lab.central_pc, lab.stalls
    await all_of(one.starts(), two.starts(), three.starts(), four.starts())
    await all_of(
        engine_loses_central(lab, one, network.cut(one.engine_pc, central)),
        monitor_loses_central(lab, two, network.cut(two.monitor_pc, central)),
        monitor_loses_engine(lab, three, network.cut(three.monitor_pc, three.engine_pc)),
        driver_loses_central(lab, four, network.unplugged(four.driver_pc)),
        central_loses_registry(lab, network.unplugged(lab.registry_pc)),
        in_turn(
            monitor_loses_engine(lab, idle, network.cut(idle.monitor_pc, idle.engine_pc)),
            monitor_loses_central(lab, idle, network.cut(idle.monitor_pc, central)),
            engine_loses_central(lab, idle, network.cut(idle.engine_pc, central)),
        ),
    )
    await all_of(one.ends(), two.ends(), four.ends())


async def test_a_cable_that_works_one_way_only_is_noticed_at_both_ends(lab: Lab):
    network, central, (one, two, three, four, idle) = lab.network, lab.central_pc, lab.stalls
    await all_of(one.starts(), two.starts(), three.starts())
    await all_of(
        engine_loses_central(lab, one, network.lost(one.engine_pc, central)),
        monitor_loses_central(lab, two, network.lost(central, two.monitor_pc)),
        monitor_loses_engine(lab, three, network.lost(three.engine_pc, three.monitor_pc)),
        # Nobody has anything to say on this line.
        driver_loses_central(lab, four, network.lost(central, four.driver_pc)),
        in_turn(
            monitor_loses_engine(lab, idle, network.lost(idle.monitor_pc, idle.engine_pc)),
            monitor_loses_central(lab, idle, network.lost(idle.monitor_pc, central)),
            engine_loses_central(lab, idle, network.lost(central, idle.engine_pc)),
        ),
    )
    await all_of(one.ends(), two.ends())


async def test_a_reset_connection_is_made_again_and_a_short_silence_ends_none(lab: Lab):
    one, two = lab.stalls[:2]
    await all_of(
        connections_are_reset(lab, one),
        figures_stand_still(lab, two, lab.network.cut(two.engine_pc, lab.central_pc)),
    )
