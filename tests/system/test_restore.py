"""An older copy of the books is put back while engines and drivers go on: nothing is lost, and nothing billed twice."""

import asyncio
from pathlib import Path

from tests.system.city import WITHIN_S, City, Program

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
