"""README's three PCs for real: a network namespace for each, the commands of README.md, their default ports."""

import asyncio
import contextlib
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.absent import absent
from tests.system.city import Program
from tests.system.lab import Network, NoLab, Pc
from tests.system.test_readme import README

# From nothing to the first ticket.
MOST_COMMANDS = 9
SAID_BY_README = "192.168.1.10"


class Lab:
    """Three PCs with a folder each, as a teacher finds them: nothing but evcharge is installed."""

    def __init__(self, folder: Path, network: Network) -> None:
        self._folder = folder
        self.control, self.point, self.driver = (network.pc(name) for name in ("control", "point", "driver"))
        self.programs: list[Program] = []
        self.typed = 0

    async def types(self, pc: Pc, line: str, *more: str, **env: str) -> Program:
        """Type one line of README.md, and what it asks for, at a terminal of `pc`."""
        assert re.search(rf"^{re.escape(line)}|`{re.escape(line)}`", README, re.MULTILINE), line
        self.typed += 1
        home = self._folder / pc.name
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVCHARGE_")}
        words = shlex.split(line.replace(SAID_BY_README, self.control.address))[1:]
        process = await asyncio.create_subprocess_exec(
            *pc.through,
            sys.executable,
            "-m",
            "evcharge",
            *words,
            *more,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=kept | {"PYTHONUNBUFFERED": "1", "PYTHONDEVMODE": ""} | env,
            cwd=home,
        )
        program = Program(f"{words[0]} on {pc.name}", process)
        self.programs.append(program)
        return program

    async def invites(self, line: str, password: str) -> str:
        """Type an invitation; return the token that it prints."""
        made = await self.types(self.control, line, EVCHARGE_ADMIN_PASSWORD=password)
        assert await made.ends() == 0, made.text
        return made.lines[-1]

    async def end(self) -> None:
        for program in reversed(self.programs):
            await program.stops(within_s=20)
        for program in self.programs:
            assert "Traceback" not in program.text, f"{program.name}:\n{program.text}"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    try:
        network = Network()
    except NoLab as problem:
        absent(str(problem))
    with contextlib.closing(network):
        lab = Lab(tmp_path, network)
        try:
            yield lab
        finally:
            await lab.end()


async def test_three_pcs_from_nothing_to_the_first_ticket_in_nine_commands(lab: Lab):
    made = await lab.types(lab.control, "evcharge init --name 192.168.1.10")
    assert await made.ends() == 0, made.text
    found = re.search(r"password (\S+)", made.text)
    assert found is not None
    registry = await lab.types(lab.control, "evcharge registry --host 0.0.0.0")
    await registry.says("listening on")
    central = await lab.types(lab.control, "evcharge central --host 0.0.0.0")
    await central.says("Central listening on")
    for_point = await lab.invites("evcharge invite cp CP009 --location Berlin", found[1])
    for_driver = await lab.invites("evcharge invite driver D09", found[1])

    # A car comes by itself.
    comes = {"EVCHARGE_ENGINE__AUTO_PLUG_S": "0.1"}
    engine = await lab.types(lab.point, "evcharge join --start", for_point, **comes)
    await engine.says("evcharge cp-monitor CP009")
    await engine.says("connected to CENTRAL")
    monitor = await lab.types(lab.point, "evcharge cp-monitor CP009")
    await monitor.says("STATUS OK")
    await central.says(r"CP009 \(Berlin\) Available")
    driver = await lab.types(lab.driver, "evcharge join --start", for_driver)
    await driver.says("Connected to CENTRAL")
    assert lab.typed <= MOST_COMMANDS

    driver.types("start")
    await driver.says("CP009: .* kW")
    driver.types("stop")
    await driver.says("SESSION SUMMARY")
    await driver.says("stopped by the driver")
    await central.says("ticket .* kWh")
