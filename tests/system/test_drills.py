"""Drills against a network that runs: it is broken for real, put back, and nobody else notices."""

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.drills import own_postgres
from evcharge.drills.catalogue import DRILLS
from evcharge.storage.database import holder
from tests.absent import absent
from tests.system.city import City

# Some forty seconds for all on a quiet machine, and ten for one.
ALL_WITHIN_S, DRILLED_WITHIN_S = 560.0, 280.0
# Of these this machine may lack what they need.
MAY_BE_LEFT = {"kafka-down", "full-disk", "central-failover", "registry-failover"}


@pytest.fixture
async def drilled(city: City) -> AsyncIterator[City]:
    """A network with one charging point, whose Central a drill may start again: it is stopped at the end."""
    await city.central()
    await city.engine("CP001")
    await (await city.monitor("CP001")).says("connected")
    yield city
    with contextlib.suppress(ProcessLookupError):
        if pid := books_are_held_by(city):
            os.kill(pid, signal.SIGTERM)
    async with asyncio.timeout(30):
        while books_are_held_by(city):
            await asyncio.sleep(0.05)
    log = city.state / "drill-central.log"
    assert not log.exists() or "Traceback" not in log.read_text("utf-8")


def books_are_held_by(city: City) -> int | None:
    return holder(city.state / "central" / "central.db")


async def only_cp001_is_there_and_available(city: City) -> None:
    listed = await city.run("cps", "--json")
    assert await listed.ends() == 0, listed.text
    assert re.findall(r'"cp_id": "([^"]+)"', listed.text) == ["CP001"]
    assert '"status": "Available"' in listed.text
    drivers = await city.run("driver", "list", "--json", env={"EVCHARGE_ADMIN_PASSWORD": city.admin_password})
    assert await drivers.ends() == 0
    assert "DRILL-D" not in drivers.text
    # Its driver had money of its own, and what it did not spend is gone again: no welcome credit, nothing in a wallet.
    with contextlib.closing(sqlite3.connect(city.state / "central" / "central.db")) as books:
        rows = books.execute("SELECT kind, reference FROM ledger WHERE driver_id = 'DRILL-D'").fetchall()
        assert {"TOP_UP", "PAY_OUT"} <= {kind for kind, _ in rows}
        assert not [reference for _, reference in rows if (reference or "").startswith("welcome")]


@pytest.mark.timeout(700)
async def test_all_drills_on_a_network_that_runs_pass_and_leave_it_as_it_was(drilled: City, tmp_path: Path):
    page = tmp_path / "report.html"
    told = ("--within", "80", "--lang", "es", "--report", str(page))
    drill = await drilled.run("drill", "--all", *told)
    assert await drill.ends(ALL_WITHIN_S) == 0, drill.text
    ended = {name: re.findall(rf"(?m)^{name}: (.+)$", drill.text) for name in DRILLS}
    assert {name for name, said in ended.items() if said != ["superado"]} <= MAY_BE_LEFT, drill.text
    assert "kafka-down: sin hacer: no hay ningún broker en este PC" in drill.text
    assert "central-failover: sin hacer: no hay dos Centrales de las que una dirija en este PC" in drill.text
    left = sum(said != ["superado"] for said in ended.values())
    assert f"Superados: {len(DRILLS) - left}. Fallidos: 0. Sin hacer: {left}." in drill.text
    assert "mire las páginas (/) o el panel" in drill.text
    html = page.read_text("utf-8")
    assert re.findall(r'<h2 id="([a-z-]+)"', html) == list(DRILLS)
    # Its charging point and its driver are in the network no more; the other point is as it was.
    await only_cp001_is_there_and_available(drilled)


@pytest.mark.timeout(500)
async def test_central_that_a_killed_drill_had_killed_runs_again(drilled: City):
    drill = await drilled.run("drill", "central-crash", "--within", "80")
    await drill.says("Central is killed", within_s=DRILLED_WITHIN_S)
    async with asyncio.timeout(30):
        while books_are_held_by(drilled):
            await asyncio.sleep(0.02)
    await drill.dies()
    assert (drilled.state / "drill.damages").exists()
    mended = await drilled.run("drill", "--mend")
    assert await mended.ends(100) == 0, mended.text
    assert "Central, which it had killed, runs again" in mended.text
    assert "DRILL-CP and DRILL-D are withdrawn" in mended.text
    assert not (drilled.state / "drill.damages").exists()
    assert books_are_held_by(drilled)
    await drilled.latest("monitor CP001").says("Connected to Central again")

    again = await drilled.run("drill", "--mend")
    assert await again.ends() == 0
    assert again.text == "Nothing is left to put right."


@pytest.mark.long
@pytest.mark.timeout(500)
async def test_a_drill_with_two_centrals_of_its_own_kills_and_freezes_the_one_that_leads(
    city: City, tmp_path: Path
):
    if not own_postgres.is_here():
        absent("PostgreSQL's programs are not here (Debian: apt-get install postgresql)")
    page = tmp_path / "report.html"
    drill = await city.run("drill", "central-failover", "--up", "--within", "80", "--report", str(page))
    assert await drill.ends(ALL_WITHIN_S) == 0, drill.text
    assert "central-failover: passed" in drill.text
    for why in ("killed", "silent"):
        assert f"passed  by the API another Central leads, because the one before was {why}" in drill.text
    assert "passed  evcharge audit verify finds nothing wrong" in drill.text
    assert '<h2 id="central-failover"' in page.read_text("utf-8")


@pytest.mark.long
@pytest.mark.timeout(500)
async def test_a_drill_with_two_registries_of_its_own_registers_and_lets_in_while_one_is_away(city: City):
    if not own_postgres.is_here():
        absent("PostgreSQL's programs are not here (Debian: apt-get install postgresql)")
    drill = await city.run("drill", "registry-failover", "--up", "--within", "80")
    assert await drill.ends(ALL_WITHIN_S) == 0, drill.text
    assert "registry-failover: passed" in drill.text
    assert "passed  the driver's app says" in drill.text
    for how in ("away", "there"):
        assert f"passed  by the API the Registry that was broken is {how}" in drill.text
