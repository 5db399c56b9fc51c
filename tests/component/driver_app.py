"""The driver's app, and a Central that says what the test tells it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import EvchargeError
from evcharge.domain.features import SPOKEN
from evcharge.domain.ids import DriverId, Role
from evcharge.driver import session_run as attending
from evcharge.driver.actions import ActionRunner, LineOutput
from evcharge.driver.file_mode import check_file
from evcharge.driver.session_run import run_session
from evcharge.evc1.client import TicketWallet
from evcharge.evc1.connection import Channel
from evcharge.evc1.messages import Message, Progress, RequestStart
from evcharge.evc1.server import ServerOptions, serve
from evcharge.evc1.tickets import Identity, TicketOpener, seal_ticket
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config, DriverSettings, ReachSettings

D01 = DriverId("D01")


class Closed(EvchargeError):
    """The connection is cut."""


class FakeChannel:
    """The driver's end of a connection; the test holds the other one."""

    speaks = SPOKEN

    def __init__(self) -> None:
        self.to_driver: asyncio.Queue[Message | Closed] = asyncio.Queue()
        self.to_central: asyncio.Queue[Message] = asyncio.Queue()

    async def receive(self) -> Message:
        message = await self.to_driver.get()
        if isinstance(message, Closed):
            raise message
        return message

    def send(self, message: Message) -> None:
        self.to_central.put_nowait(message)


class Central:
    """Accepts a driver when the test says so. `hears` and `says` speak over the newest connection."""

    def __init__(self, *, reachable: bool = True) -> None:
        self.reachable = asyncio.Event()
        if reachable:
            self.reachable.set()
        self.channel = FakeChannel()
        self.desk: ActionRunner | None = None

    async def serve(self, desk: ActionRunner) -> None:
        self.desk = desk
        while True:
            if not self.reachable.is_set():
                desk.lost(None)
            await self.reachable.wait()
            try:
                await desk.talk(self.channel)
            except Closed:
                desk.lost(None)

    def hang_up(self, *, for_good: bool = False) -> None:
        old, self.channel = self.channel, FakeChannel()
        if for_good:
            self.reachable.clear()
        old.to_driver.put_nowait(Closed("the connection ended"))

    async def hears(self) -> Message:
        async with asyncio.timeout(5):
            return await self.channel.to_central.get()

    def says(self, *messages: Message) -> None:
        for message in messages:
            self.channel.to_driver.put_nowait(message)

    async def takes(self, cp_id: str | None) -> RequestStart:
        request = await self.hears()
        assert isinstance(request, RequestStart)
        assert request.cp_id == cp_id
        return request


class Output:
    """What the driver has shown so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = asyncio.Event()

    def show(self, line: str) -> None:
        self.lines.append(line)
        self._changed.set()

    async def has(self, part: str, times: int = 1) -> None:
        async with asyncio.timeout(5):
            while sum(part in line for line in self.lines) < times:
                self._changed.clear()
                await self._changed.wait()

    def count(self, part: str) -> int:
        return sum(part in line for line in self.lines)


class App:
    """A driver's app that runs; `types` is its standard input."""

    def __init__(self, task: "asyncio.Task[int]", output: Output, stop: asyncio.Event, stdin: int) -> None:
        self.task = task
        self.output = output
        self.stop = stop
        self._stdin: int | None = stdin

    def types(self, text: str) -> None:
        assert self._stdin is not None
        os.write(self._stdin, text.encode())

    def ends_input(self) -> None:
        if self._stdin is not None:
            os.close(self._stdin)
            self._stdin = None

    async def exit_code(self) -> int:
        async with asyncio.timeout(5):
            return await asyncio.shield(self.task)


@asynccontextmanager
async def running(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    central: Central,
    *,
    file: Path | None = None,
    terminal: bool = False,
    pause_s: float = 0.01,
) -> AsyncIterator[App]:
    """Run the app until the block ends; what it keeps lies in `folder`."""
    output, stop = Output(), asyncio.Event()
    theirs, ours = os.pipe()
    monkeypatch.setattr(LineOutput, "show", lambda _, line: output.show(line))
    monkeypatch.setattr(attending, "STDIN", theirs)
    monkeypatch.setattr(sys, "stdin", sys.__stdin__)
    monkeypatch.setattr(os, "isatty", lambda _: terminal)
    config = Config(state=folder, driver=DriverSettings(pause_s=pause_s))
    path = check_file(str(file)) if file else None
    task = asyncio.create_task(run_session(config, D01, stop, central.serve, path))
    app = App(task, output, stop, ours)
    try:
        yield app
    finally:
        app.ends_input()
        stop.set()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()


def step(request: RequestStart, name: str, **more: Any) -> Progress:
    return Progress(
        request_id=request.request_id, step=name, session_id="S-D01-CP001-1", cp_id="CP001", **more
    )


def services(folder: Path, text: str) -> Path:
    file = folder / "services.txt"
    file.write_text(text)
    return file


@asynccontextmanager
async def real_central(
    folder: Path, on_channel: Callable[[Channel], Any], file: Path, currency: str = "EUR"
) -> AsyncIterator[Config]:
    """Central's end of EVC1, and the settings of a driver that already has a ticket for it."""
    key, resume_key = Fernet.generate_key(), Fernet.generate_key()
    now = utc_now().timestamp()
    identity = Identity(id="D01", role=Role.DRIVER, epoch=1, auth=int(now))
    ticket = seal_ticket(key, identity, issuer="registry", ttl_s=900, now=now)
    TicketWallet(folder / "driver" / "D01" / "driver.ticket").keep_registry(ticket)
    door = ServerOptions(
        opener=TicketOpener([key, resume_key]),
        resume_key=resume_key,
        now=lambda: utc_now().timestamp(),
        wall_now=lambda: utc_now().timestamp(),
        admit=lambda _: None,
        on_refused=lambda *_: None,
        currency=currency,
    )
    async with serve("127.0.0.1", 0, door, on_channel) as port:
        reach = ReachSettings(central_port=port, registry_url="https://127.0.0.1:9")
        yield Config(state=folder, reach=reach, driver=DriverSettings(pause_s=0.01, file=str(file)))
