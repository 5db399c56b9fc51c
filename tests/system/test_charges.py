"""Charges from request to ticket in real processes, and the sums that must come out."""

import asyncio
import os
from pathlib import Path

from evcharge.cp.journal.disk import FolderDisk
from evcharge.cp.journal.journal import Journal
from evcharge.domain.journal_records import SupplyEnd, SupplyStart
from tests.system.city import City

QUICK = ("--speed", "60", "--auto-plug", "0.1", "--auto-unplug", "1")


def journaled_mwh(city: City, cp_id: str) -> int:
    """What the journal on an engine's disk says was supplied."""
    journal = Journal(FolderDisk(city.state / "cp" / cp_id / "journal"), os.urandom)
    try:
        total = 0
        for record in journal.records_after(journal.first_seq - 1, most=100_000):
            if isinstance(record, SupplyStart):
                total -= record.meter_mwh
            elif isinstance(record, SupplyEnd):
                total += record.meter_mwh
        return total
    finally:
        journal.close()


async def test_ten_drivers_with_ten_services_each_over_six_points(city: City, tmp_path: Path):
    central = await city.central()
    points = [f"CP{number:03}" for number in range(1, 7)]
    engines = [await city.engine(cp_id, *QUICK) for cp_id in points]
    for cp_id in points:
        await city.monitor(cp_id)
    for cp_id in points:
        await central.says(f"{cp_id} .*Available")
    services = tmp_path / "services.txt"
    services.write_text("any\n" * 10)
    drivers = [
        await city.driver(f"D{number:02}", "--file", str(services), "--pause", "0.2")
        for number in range(1, 11)
    ]
    for driver in drivers:
        assert await driver.ends(100) == 0, driver.text
    for engine in engines:
        assert await engine.stops() == 0
    await city.settles()
    tickets = city.books("SELECT COUNT(*), SUM(energy_mwh), SUM(cost_cents) FROM ticket")[0]
    sessions = city.books("SELECT SUM(meter_mwh - start_meter_mwh) FROM session")[0]
    asked = city.books("SELECT COUNT(*) FROM events WHERE type IN ('SessionAuthorised', 'StartRefused')")[0]
    assert asked[0] == 100
    assert tickets[0] >= 30
    assert sum(journaled_mwh(city, cp_id) for cp_id in points) == sessions[0] == tickets[1] > 0
    money = city.books("SELECT SUM(balance_cents), SUM(held_cents) FROM driver")[0]
    assert (money[0] + tickets[2], money[1]) == (10 * 2_000, 0)
    shown = sum(driver.text.count("SESSION SUMMARY") for driver in drivers)
    assert shown == tickets[0]


async def test_a_start_by_hand_is_told_step_by_step(city: City):
    central = await city.central()
    engine = await city.engine("CP001", *QUICK)
    await engine.says("health port listening")
    await city.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start CP001")
    for step in (
        "Request sent",
        "CP001 is free; asking it",
        "plug in at CP001",
        "Charging at CP001",
        "kWh",
        "=====",
    ):
        await driver.says(step)
    driver.types("start CP009")
    await driver.says("CP009 does not exist")
    await driver.says("Ended: ")
    driver.types("quit")
    assert await driver.ends() == 0


async def test_no_point_available_is_said_in_the_courses_words(city: City):
    await city.central()
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start")
    await driver.says(r"^No charging point available at the moment\.$")


async def test_two_engines_with_one_credential_do_not_both_serve(city: City):
    await city.central()
    first = await city.engine("CP001")
    await first.says("connected to CENTRAL")
    elsewhere = city.state.parent / "other-pc"
    for name in ("ca.pem", "enrolment.token", "cp/CP001/secret"):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_bytes((city.state / name).read_bytes())
        (elsewhere / name).chmod(0o600)
    second = await city.run(
        "cp-engine", "CP001", "--health-port", "0", "--state", str(elsewhere), name="second CP001"
    )
    assert "already connected from" in await second.says("already connected")
    async with asyncio.timeout(20):
        while not city.books("SELECT 1 FROM events WHERE type = 'LoginRefused'"):
            await asyncio.sleep(0.1)
    await second.dies()
