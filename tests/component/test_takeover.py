"""Two Centrals on one PostgreSQL, each a process: one is killed, frozen, cut off or stopped, the other takes over."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from evcharge.central.books import setup
from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import STATEMENTS
from evcharge.domain.errors import EvchargeError
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel, HandedOver
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files, state_folder
from evcharge.security.tls import client_context
from evcharge.storage.members import Me
from evcharge.storage.postgres_books import open_postgres
from evcharge.storage.postgres_place import Place
from tests.component import engines
from tests.component.town import Town, hear
from tests.component.way import Way
from tests.ports import free_port

ENGINES = (engines.POSTGRES,)
WITHIN_S = 30.0


async def ended_by(channel: Channel) -> None:
    """Listen until the link ends; raise why."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            await channel.receive()


class Process:
    """A Central of the network of `state`, and what it has printed."""

    def __init__(self, state: Path, name: str) -> None:
        self.state, self.name, self.lines, self.news = state, name, [], asyncio.Event()
        self.port, self.api_port = free_port(), free_port()
        # Further settings, as variables.
        self.more: dict[str, str] = {}

    async def start(self, database: str) -> "Process":
        """Start it; its books are in `database`."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "evcharge", "central", "--state", str(self.state), "--name", self.name,
            "--port", str(self.port), "--api-port", str(self.api_port),
            env=os.environ | {"EVCHARGE_CENTRAL__DATABASE": database} | self.more,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        async for line in self.process.stdout:
            self.lines.append(line.decode())
            self.news.set()

    async def says(self, text: str, since: int = 0) -> str:
        """Wait for a line with `text`, after the first `since`."""
        async with asyncio.timeout(60):
            while True:
                for line in self.lines[since:]:
                    if text in line:
                        return line
                self.news.clear()
                await self.news.wait()

    async def leads(self) -> Town:
        """Wait until peers may come, and its API is its own."""
        line = await self.says("Central listening on")
        await self.says("API for operators is listening", self.lines.index(line))
        return Town(self.state, self.port, [], asyncio.Event(), asyncio.Event(), None)

    def _asking(self, token: str = "") -> dict[str, Any]:
        token = token or secret_files.read_secret(state_folder.operator_token_path(self.state))
        tls = client_context(self.state / "ca.pem")
        return {"ssl": tls, "headers": {"Authorization": f"Bearer {token}"}}

    async def get(self, path: str, token: str = "") -> tuple[int, dict[str, Any]]:
        """Ask its API as the operator."""
        url = f"https://127.0.0.1:{self.api_port}{path}"
        async with aiohttp.ClientSession() as http, http.get(url, **self._asking(token)) as found:
            return found.status, await found.json(content_type=None)

    async def closes(self, alert: str) -> int:
        """Close an alert as the operator; return the answer's status."""
        url = f"https://127.0.0.1:{self.api_port}/api/alerts/{alert}/close"
        async with aiohttp.ClientSession() as http, http.post(url, **self._asking()) as found:
            return found.status

    async def reports(self, alert: str) -> int:
        """Tell its API of the weather in Berlin; return the answer's status."""
        token = secret_files.read_secret(state_folder.weather_token_path(self.state))
        url, body = (
            f"https://127.0.0.1:{self.api_port}/api/weather_alert",
            {"location": "Berlin", "alert": alert},
        )
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, json=body, **self._asking(token)) as found,
        ):
            return found.status

    async def page(self) -> dict[str, object]:
        """Open a page's WebSocket; return its first frame."""
        url = f"https://127.0.0.1:{self.api_port}/ws"
        async with aiohttp.ClientSession() as http, http.ws_connect(url, **self._asking()) as page:
            return await page.receive_json(timeout=WITHIN_S)

    async def members(self, lang: str) -> str:
        """What `evcharge members` prints."""
        shell = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "evcharge", "members", "--state", str(self.state), "--lang", lang,
            "--central-api", f"https://127.0.0.1:{self.api_port}", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return (await shell.communicate())[0].decode()

    async def ends(self) -> None:
        """Kill it, whatever it does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading


@contextlib.asynccontextmanager
async def two(folder: Path, database: str = "") -> AsyncIterator[tuple[Process, Process]]:
    """A, which leads (its books are at `database`), and B, which stands by."""
    state_folder.init_state(folder / "a", [], utc_now())
    one, other = Process(folder / "a", "A"), Process(folder / "b", "B")
    one.more["EVCHARGE_REACH__OTHER_CENTRALS"] = f"127.0.0.1:{other.port}"
    try:
        await one.start(database or engines.address(folder))
        await one.leads()
        shutil.copytree(one.state, other.state, ignore=shutil.ignore_patterns("*.socket", "*.lock"))
        await other.start(engines.address(folder))
        await other.says("A leads this network; B stands by")
        await other.says("API for operators is listening")
        yield one, other
    finally:
        await one.ends()
        if hasattr(other, "process"):
            await other.ends()


async def test_a_charge_goes_on_at_the_other_central_when_its_own_is_killed(tmp_path: Path):
    async with two(tmp_path) as (one, other):
        town = await one.leads()
        engine, driver = await town.engine("CP001"), await town.driver()
        engine.monitor = await town.monitor("CP001")
        driver.asks("CP001")
        while (await hear(driver.channel, messages.Progress)).step != "ASKING":
            driver.asks("CP001")  # until its monitor is heard
        await engine.is_asked()
        told = [engine.starts(), *(engine.meters(1_000) for _ in range(3))]
        await engine.journals(*told)
        # The one that stands by shows what the other one knows, and to nobody more.
        assert (await other.get("/readyz"))[1]["reasons"] == ["stands by: A leads"]
        assert await other.get("/api/cps") == await one.get("/api/cps")
        assert (await other.get("/api/cps", token="wrong"))[0] == 401
        page = await other.page()
        assert page["epoch"] == (await one.page())["epoch"]
        one.process.kill()
        town = await other.leads()
        back = await town.engine("CP001")
        assert back.seq == engine.seq
        engine.channel = back.channel
        await engine.journals(engine.meters(1_000), engine.ends())
        ticket = await hear(await town.driver_link("D01"), messages.TicketIssued)
        assert ticket.energy_mwh == 4_000
        status, found = await other.get("/api/members")
        assert (status, found["leader"], found["cause"], found["before"]) == (200, "B", "killed", "A")
        assert found["en"] == "B leads: A had ended without a word."
        assert found["de"] == "B führt: A hatte ohne ein Wort geendet."
        assert "A had ended without a word." in await other.members("en")
        assert "A había terminado sin avisar." in await other.members("es")
    with engines.looked_at(tmp_path) as copy:
        assert violations(copy) == []
        assert copy.execute("SELECT COUNT(*), SUM(energy_mwh) FROM ticket").fetchone()[:] == (1, 4_000)


async def test_a_frozen_leader_that_wakes_stands_by(tmp_path: Path):
    async with two(tmp_path) as (one, other):
        await (await one.leads()).monitor("CP001")
        assert await one.reports("COLD") == 200
        os.kill(one.process.pid, signal.SIGSTOP)
        town = await other.leads()
        # It is as cold as it was.
        (berlin,) = (await other.get("/api/locations"))[1]["locations"]
        assert berlin["alerts"] == ["COLD"]
        seen = len(one.lines)
        os.kill(one.process.pid, signal.SIGCONT)
        await one.says("This Central does not lead any more", seen)
        await one.says("B leads this network; A stands by", seen)
        await one.says("The API for operators is listening", seen)
        await town.engine("CP001")
        assert await one.get("/api/cps") == await other.get("/api/cps")
        assert (await one.get("/api/members"))[1]["cause"] == "silent"
        # Whoever is asked, it is the one at work that hears of it.
        assert await one.reports("OK") == 200
        (berlin,) = (await other.get("/api/locations"))[1]["locations"]
        assert berlin["alerts"] == []


async def test_a_leader_that_is_cut_off_stands_by_until_the_database_is_back(tmp_path: Path):
    way = Way(engines.address(tmp_path))
    await way.open()
    async with two(tmp_path, way.address) as (one, other):
        seen = len(one.lines)
        await way.cut()
        await one.says("This Central does not lead any more", seen)
        await one.says("cannot be reached; standing by until it is back", seen)
        # Meanwhile it says so itself.
        await one.says("The API for operators is listening", seen)
        assert (await one.get("/api/cps"))[0] == 503
        await other.leads()
        await way.open()
        await one.says("can be reached again", seen)
        assert (await one.get("/api/members"))[1]["leader"] == "B"
    await way.cut()


async def test_a_second_one_of_a_name_takes_the_place_of_one_that_is_frozen(tmp_path: Path):
    state_folder.init_state(tmp_path / "a", [], utc_now())
    one, again = Process(tmp_path / "a", "A"), Process(tmp_path / "b", "A")
    try:
        await one.start(engines.address(tmp_path))
        monitor = await (await one.leads()).monitor("CP001")
        shutil.copytree(one.state, again.state, ignore=shutil.ignore_patterns("*.socket", "*.lock"))
        os.kill(one.process.pid, signal.SIGSTOP)
        await again.start(engines.address(tmp_path))
        await (await again.leads()).monitor("CP001")
        seen = len(one.lines)
        os.kill(one.process.pid, signal.SIGCONT)
        await one.says("is in use by another Central called A", seen)
        assert await one.process.wait() != 0
        with pytest.raises(EvchargeError):
            await ended_by(monitor)
        await monitor.close()
        assert (await again.get("/api/members"))[1]["leader"] == "A"
    finally:
        await one.ends()
        if hasattr(again, "process"):
            await again.ends()


async def test_one_whose_alert_was_closed_stays_given_up_at_whoever_takes_over(tmp_path: Path):
    # C was here once.
    async with open_postgres(Place(url=engines.address(tmp_path)), setup.SCHEMA, STATEMENTS, Me(name="C")):
        pass
    async with two(tmp_path) as (one, other):
        await one.says("CENTRAL:C is away")
        assert await one.closes("CENTRAL:C-away") == 200
        one.process.kill()
        await other.leads()
        # Whoever was missed as often as A is told of by now.
        await other.says("CENTRAL:A is away")
        found = (await other.get("/api/alerts"))[1]["alerts"]
        still_open = {alert["id"] for alert in found if not alert["solved_at"]}
        assert {id_ for id_ in still_open if id_.startswith("CENTRAL:")} == {"CENTRAL:A-away"}
    with engines.looked_at(tmp_path) as copy:
        told = copy.execute(
            "SELECT json_extract(data, '$.name') FROM events WHERE type = 'MemberAway' ORDER BY n"
        )
        assert [name for (name,) in told] == ["C", "A"]


async def test_one_that_is_stopped_hands_over(tmp_path: Path):
    async with two(tmp_path) as (one, other):
        monitor = await (await one.leads()).monitor("CP001")
        seen = len(other.lines)
        one.process.terminate()
        with pytest.raises(HandedOver) as over:
            await ended_by(monitor)
        await monitor.close()
        assert f"127.0.0.1:{other.port}" in over.value.addresses
        await other.leads()
        assert await one.process.wait() == 0
        # Its own API takes the place of the one that handed on.
        await other.says("API for operators is listening", seen)
        assert (await other.get("/api/members"))[1]["cause"] == "handed over"
        # One that stands by ends when it is told to, too.
        await one.start(engines.address(tmp_path))
        await one.says("B leads this network; A stands by")
        one.process.terminate()
        assert await one.process.wait() == 0
