"""A small network in one process (real Central, engine, monitor and driver) and some minutes of its life."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from unittest import mock

from evcharge.central.rules.commands import TopUp
from evcharge.cp.engine import engine
from evcharge.cp.engine.plan import order
from evcharge.cp.monitor import monitor
from evcharge.domain.ids import CpId, DriverId, Role
from evcharge.driver import app as driver
from evcharge.driver import session_run
from evcharge.driver.actions import LineOutput
from evcharge.evc1.client import TicketWallet
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import IssuedTicket
from evcharge.runtime.config import Config, EngineSettings, MonitorSettings, ReachSettings
from tests.component.town import Town, running
from tests.serving import listening

CP, D = CpId("CP001"), DriverId("D01")
SECRET = "c2VjcmV0IG9mIENQMDAxIGluIHRoZSB0ZXN0cy4uLi4"
TICK_S = 0.05
WITHIN_S = 30.0


class Driver:
    """What a driver's app shows, and what is typed into it."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._news = asyncio.Event()
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()
        self._looked_at = 0

    def types(self, line: str) -> None:
        self._typed.put_nowait(f"{line}\n".encode())

    async def chunks(self, _open: object) -> AsyncIterator[bytes]:
        while chunk := await self._typed.get():
            yield chunk

    def show(self, line: str) -> None:
        self.shown.append(line)
        self._news.set()

    async def reads(self, pattern: str) -> None:
        """Wait for a line that matches, after the last one that was waited for."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    for at in range(self._looked_at, len(self.shown)):
                        if re.search(pattern, self.shown[at]):
                            self._looked_at = at + 1
                            return
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {pattern!r}; it shows:\n" + "\n".join(self.shown)) from None

    async def has_seen(self, pattern: str, times: int) -> None:
        """Wait until so many lines match."""
        async with asyncio.timeout(WITHIN_S):
            while sum(re.search(pattern, line) is not None for line in self.shown) < times:
                self._news.clear()
                await self._news.wait()


class People:
    """An engine, a monitor and a driver, and who moves them by hand."""

    def __init__(self, config: Config) -> None:
        self.driver = Driver()
        self.engine: engine.Engine
        self.health_port = config.engine.health_port
        self.programs: dict[Role, asyncio.Task[int]] = {}
        self._config = config
        self._stops: dict[Role, asyncio.Event] = {}

    def begin(self, role: Role) -> None:
        """Start one of the three programs, which must not have begun."""
        stop = self._stops[role] = asyncio.Event()
        match role:
            case Role.ENGINE:
                program = engine.run(self._config, CP, stop, tick_s=TICK_S)
            case Role.MONITOR:
                program = monitor.run(self._config, CP, stop)
            case _:
                program = driver.run(self._config, D, stop)
        self.programs[role] = asyncio.create_task(program)

    async def end(self, role: Role) -> None:
        """Have one of them leave in peace, if it has begun."""
        if role in self.programs:
            self._stops[role].set()
            async with asyncio.timeout(WITHIN_S):
                assert await self.programs[role] == 0

    def hand(self, *words: str) -> None:
        """Do something at the charging point."""
        self.engine.do(order(list(words)))

    async def engine_is(self, *, linked: bool) -> None:
        """Wait until the engine has a link that is in step, or has lost it."""
        async with asyncio.timeout(WITHIN_S):
            while self.engine.charge.linked is not linked:
                await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def people(
    state: Path,
    port: int,
    ticket: Callable[[str, Role], IssuedTicket],
    ready: Callable[[], Awaitable[None]],
    *,
    speed: float = 1000.0,
    first: Iterable[Role] = (Role.ENGINE, Role.MONITOR),
) -> AsyncIterator[People]:
    """Run those that come `first` at a Central on `port`, and the driver once `ready` returns.

    Who else is to begin, the test says. At the end of the block they leave in peace.
    """
    # The engine's port is chosen before it is there: the monitor must know it.
    async with listening(_nobody) as health_port:
        pass
    config = Config(
        state=state,
        reach=ReachSettings(central_port=port),
        engine=EngineSettings(health_port=health_port, arrival_percent=[40, 40], speed=speed),
        monitor=MonitorSettings(engine_port=health_port, ping_s=0.2),
    )
    here = People(config)
    for role, folder in ((Role.ENGINE, "cp/CP001"), (Role.MONITOR, "cp/CP001"), (Role.DRIVER, "driver/D01")):
        wallet = TicketWallet(state / folder / f"{role}.ticket")
        wallet.keep_registry(ticket(D if role is Role.DRIVER else CP, role))
    made: Callable[..., engine.Engine] = engine.Engine

    def make(*given: object) -> engine.Engine:
        here.engine = made(*given)
        return here.engine

    with (
        mock.patch.dict(os.environ, {"EVCHARGE_CREDENTIAL": SECRET}),
        mock.patch.object(engine, "Engine", make),
        mock.patch.object(LineOutput, "show", lambda _, line: here.driver.show(line)),
        mock.patch.object(session_run, "read_chunks", here.driver.chunks),
        mock.patch.object(session_run, "is_at_hand", return_value=False),
    ):
        try:
            for role in first:
                here.begin(role)
            await ready()
            here.begin(Role.DRIVER)
            yield here
        finally:
            # The driver first: it would hear of what the engine's end means.
            for role in (Role.DRIVER, Role.MONITOR, Role.ENGINE):
                await here.end(role)


async def _nobody(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


class Scene:
    """Who takes part."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.people: People
        self.at_central: list[Channel] = []
        self._heard = 0

    async def says(self, pattern: str) -> None:
        """Wait for a line of Central's that was not waited for yet."""
        line = await self.town.says(pattern, self._heard)
        self._heard = self.town.lines.index(line, self._heard) + 1

    def channel(self, role: Role) -> Channel:
        """Central's end of the newest connection of that role."""
        return [channel for channel in self.at_central if channel.identity.role is role][-1]


@contextlib.asynccontextmanager
async def scene(state: Path) -> AsyncIterator[Scene]:
    """Let everybody in."""
    is_made = Channel.__init__

    def note(channel: Channel, *given: object, **more: object) -> None:
        is_made(channel, *given, **more)  # type: ignore[arg-type]
        if channel._other is not Role.CENTRAL:
            here.at_central.append(channel)

    with mock.patch.object(Channel, "__init__", note):
        async with running(state, plug_within_s=5, manual_start="open") as town:
            here = Scene(town)
            async with people(
                state, town.port, town.ticket, lambda: here.says(r"CP001 .*Available")
            ) as here.people:
                await here.people.driver.reads("Connected")
                yield here


async def play(here: Scene) -> None:
    """Live through nearly all that peers and Central have to say to each other."""
    point, driver = here.people, here.people.driver
    await here.town.operator(TopUp, driver_id=D, cents=5_000, reference="golden")
    for question, answer in (("list", "CP001"), ("balance", "70.00"), ("history", "No ")):
        driver.types(question)
        await driver.reads(answer)
    # A charge that the driver ends.
    driver.types("start CP001")
    await driver.reads("plug in at CP001")
    point.hand("plug")
    await driver.reads("kWh")
    driver.types("stop")
    await driver.reads("=====")
    await driver.reads("=====")
    point.hand("unplug")
    # One to nowhere, and one that nobody plugs in for.
    driver.types("start CP009")
    await driver.reads("Refused: CP009")
    driver.types("start")
    await driver.reads("plug in at CP001")
    await driver.reads("Ended|not plugged")
    # One by hand, with a new key in the middle, that the car ends.
    point.hand("manual", "D01")
    await driver.reads("plug in at CP001")
    here.channel(Role.ENGINE).rekey(b"\x07" * 32)
    here.channel(Role.MONITOR).rekey(b"\x08" * 32)
    here.channel(Role.DRIVER).rekey(b"\x09" * 32)
    point.hand("plug")
    await driver.reads("kWh")
    point.hand("unplug")
    await driver.reads("=====")
    await driver.reads("=====")
    # One that a fault ends; the link to the engine is cut before the contactor closes.
    driver.types("start CP001")
    await driver.reads("plug in at CP001")
    here.channel(Role.ENGINE).abort()
    await point.engine_is(linked=False)
    await point.engine_is(linked=True)
    point.hand("plug")
    await driver.reads("kWh")
    point.hand("break")
    await driver.reads("=====")
    await driver.reads("=====")
    point.hand("mend")
    await here.says("CP001 .*Available")
    driver.types("history")
    await driver.reads("CP001")
