"""An older copy of the books is put back while engines and drivers go on: nothing is lost, and nothing billed twice."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.system.city import WITHIN_S, City, Program
from tests.system.test_panel import panel

# A car plugs in at once and stays: the charge ends when the driver says so.
STAYS = ("--speed", "10", "--auto-plug", "0.1")


async def point(city: City, cp_id: str) -> None:
    engine = await city.engine(cp_id, *STAYS)
    await engine.says("health port listening")
    await city.monitor(cp_id)
    await city.latest("central").says(f"{cp_id} .*Available")


async def charges(city: City, driver: Program, cp_id: str) -> None:
    """A whole charge, from start to ticket."""
    since = len(driver.lines)
    driver.types(f"start {cp_id}")
    await driver.says(f"{cp_id}: .* kW", times=2, since=since)
    driver.types("stop")
    await driver.says("Ended:", since=since)
    # The monitor sees within a second that the vehicle has gone; until then it stands in the way of others.
    await becomes_true(lambda: times(city, "VehiclePluggedIn") == times(city, "VehicleUnplugged"))


def times(city: City, kind: str) -> int:
    return city.books("SELECT COUNT(*) FROM events WHERE type = ?", kind)[0][0]


async def evcharge(city: City, *args: str, code: int = 0) -> str:
    program = await city.run(*args)
    assert await program.ends() == code, program.text
    return program.text


def tickets(city: City) -> dict[str, tuple[int, int]]:
    rows = city.books("SELECT session_id, energy_mwh, cost_cents FROM ticket")
    return {row["session_id"]: (row["energy_mwh"], row["cost_cents"]) for row in rows}


def wallets(city: City) -> dict[str, int]:
    rows = city.books("SELECT driver_id, balance_cents + held_cents AS cents FROM driver")
    return {row["driver_id"]: row["cents"] for row in rows}


async def becomes_true(what, within_s: float = WITHIN_S) -> None:
    async with asyncio.timeout(within_s):
        while not what():
            await asyncio.sleep(0.1)


async def test_an_older_copy_is_put_back_and_the_engines_bring_what_it_lacks(city: City, tmp_path: Path):
    await city.central()
    await point(city, "CP001")
    first = await city.driver("D01")
    await first.says("Connected")
    await charges(city, first, "CP001")
    await evcharge(city, "backup", str(tmp_path / "old.evb"))

    # Two more charges of a driver that the copy knows, one of a driver and one at a point that it does not.
    await charges(city, first, "CP001")
    await charges(city, first, "CP001")
    second = await city.driver("D02")
    await second.says("Connected")
    await charges(city, second, "CP001")
    await point(city, "CP002")
    second.types("start CP002")
    await second.says("CP002: .* kW", times=2)
    (running,) = city.books("SELECT session_id FROM session WHERE state = 'CHARGING'")
    billed, spent = tickets(city), wallets(city)
    assert len(billed) == 4

    assert "is in use by another evcharge" in await evcharge(
        city, "restore", str(tmp_path / "old.evb"), code=2
    )
    await city.latest("central").dies()
    await city.latest("registry").dies()
    said = await evcharge(city, "restore", str(tmp_path / "old.evb"))
    assert "are back in" in said
    assert len(tickets(city)) == 1
    await city.registry()
    await city.central()

    # What had been billed is billed as it was; what runs goes on.
    await becomes_true(lambda: tickets(city) == billed)
    await becomes_true(lambda: city.books("SELECT 1 FROM session WHERE state = 'CHARGING' AND rebuilt"))
    assert wallets(city) == spent
    said = await evcharge(city, "audit", "verify")
    assert "rebuilt after a restore" in said
    assert "1 of them running" in said
    since = len(second.lines)
    second.types("stop")
    await second.says("Ended:", since=since)
    await city.settles()

    # Σ journals = Σ tickets + Σ corrections: a register that began at nothing ends where its tickets do.
    for cp_id in ("CP001", "CP002"):
        (sums,) = city.books(
            "SELECT (SELECT SUM(energy_mwh) FROM ticket WHERE cp_id = :cp)"
            " + COALESCE((SELECT SUM(energy_mwh) FROM correction WHERE cp_id = :cp), 0) AS billed,"
            " (SELECT MAX(meter_mwh) FROM session WHERE cp_id = :cp) AS register".replace(":cp", f"'{cp_id}'")
        )
        assert sums["billed"] == sums["register"] > 0
    assert set(tickets(city)) == {*billed, running["session_id"]}
    made = tickets(city)[running["session_id"]]
    assert wallets(city) == {"D01": spent["D01"], "D02": spent["D02"] - made[1]}
    assert city.books("SELECT 1 FROM quarantine") == []
    said = await evcharge(city, "audit", "verify")
    (line,) = [line for line in said.splitlines() if "rebuilt after a restore" in line]
    assert line.count("S-D0") == 4
    assert "0 of them running" in line


async def test_what_the_copy_has_no_money_for_is_owed_and_shown_until_the_next_money_pays_it(
    city: City, tmp_path: Path
):
    await city.central()
    engine = await city.engine("CP001", "--speed", "120", "--auto-plug", "0.1")
    await engine.says("health port listening")
    await city.monitor("CP001")
    await city.latest("central").says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    await evcharge(city, "pay-out", "D01", "19.95", "--reason", "asked for it")
    await evcharge(city, "backup", str(tmp_path / "old.evb"))
    await evcharge(city, "top-up", "D01", "10")
    driver.types("start CP001")
    # 0.05 € are 0.2 kWh.
    await driver.says(r"CP001: .* kW, 0\.[5-9]|CP001: .* kW, [1-9]")
    driver.types("stop")
    await driver.says("Ended:")
    await city.settles()
    ((cost,),) = city.books("SELECT cost_cents FROM ticket")
    await city.latest("central").dies()
    await city.latest("registry").dies()
    await evcharge(city, "restore", str(tmp_path / "old.evb"))
    await city.registry()

    # The top-up is lost with the copy; the charge is not.
    owed = f"{(cost - 5) / 100:.2f}"
    async with panel(city) as screen:
        await screen.shows("central>")
        await screen.shows(f"D01 owes what its wallet lacked: {owed} €")
        await screen.types("drivers")
        await screen.shows(rf"D01 +0\.00 € free  owes {owed} €: the next money pays that first")
        await screen.keys("esc")
        driver.types("balance")
        await driver.says(f"You owe {owed} € of charges that your wallet could not pay")
        assert "(rebuilt after a restore)" in await evcharge(city, "tickets")
        assert f"({owed} € owed)" in await evcharge(city, "sessions")
        await screen.types("top-up D01 10")
        await screen.shows(rf"top-up: D01 has {10 - (cost - 5) / 100:.2f} € now")
        await driver.says(f"{owed} € from your wallet paid what you owed for S-D01")
        since = len(driver.lines)
        driver.types("history")
        await driver.says(rf"^20\d\d-\d\d-\d\d \d\d:\d\d  debt paid +-{owed} € +S-D01-CP001", since=since)
        await driver.says(r"^20\d\d-\d\d-\d\d \d\d:\d\d  paid out +-19\.95 € +asked for it", since=since)
        assert "owed" not in await evcharge(city, "sessions")
    assert "rebuilt after a restore" in await evcharge(city, "audit", "verify")


@pytest.mark.parametrize("program", ["central", "registry"])
async def test_a_restore_that_was_killed_is_finished_by_the_program_that_starts_next(
    city: City, tmp_path: Path, program: str
):
    await city.central()
    await city.driver("D01")
    await city.recorded("DriverAdded")
    await evcharge(city, "backup", str(tmp_path / "old.evb"))
    await evcharge(city, "top-up", "D01", "10")
    await city.latest("central").dies()
    await city.latest("registry").dies()
    # Killed when its first book lies aside and the new one is not there yet.
    killed = f"""
import os, signal, sys
from evcharge import cli
def seen(event, arguments):
    if event == "os.rename" and str(arguments[0]).endswith("central.db") and ".restore." in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(seen)
cli.run(["restore", {str(tmp_path / "old.evb")!r}, "--state", {str(city.state)!r}])
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", killed, env=city.environment())
    assert await process.wait() == -signal.SIGKILL
    assert not (city.state / "central/central.db").exists()
    first = await (city.central() if program == "central" else city.registry())
    assert "was interrupted half way; it is finished now" in first.text
    await (city.registry() if program == "central" else city.central())
    assert wallets(city) == {"D01": 2_000}
    (aside,) = city.state.glob("replaced-*")
    assert str(aside) in first.text
