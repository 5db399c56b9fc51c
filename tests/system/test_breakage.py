"""What stands still, comes back half, or dies again and again: the others carry on, and it all comes right."""

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import sys
import termios
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.component.small_disk import small_disk
from tests.system.city import WITHIN_S, City
from tests.system.test_kills import Charge, charge  # noqa: F401  the fixture


def freeze(program) -> None:
    os.kill(program.process.pid, signal.SIGSTOP)


def thaw(program) -> None:
    os.kill(program.process.pid, signal.SIGCONT)


async def test_an_engine_on_a_full_disk_takes_no_charge_until_there_is_room(city: City):
    folder = city.state / "cp" / "CP001" / "journal"
    folder.parent.mkdir(parents=True)
    with small_disk(folder, "2m") as disk:
        filler = disk / "filler"
        filler.write_bytes(b"x" * 1_700_000)
        central = await city.central()
        await city.engine("CP001", "--speed", "60", "--auto-plug", "0.1", "--auto-unplug", "1")
        monitor = await city.monitor("CP001")
        await monitor.says("KO.*journal full")
        await central.says("CP001 .*Faulted: .*journal full")
        driver = await city.driver("D01")
        await driver.says("Connected")
        driver.types("start CP001")
        await driver.says("CP001 not available. CP out of service")
        filler.unlink()
        await central.says("CP001 .*Available")
        driver.types("start CP001")
        await driver.says("Ended:")
        for program in city.programs:
            if program.name.startswith("engine"):
                assert await program.stops() == 0


async def test_a_frozen_engine_is_faulted_until_it_moves_again(charge: Charge):  # noqa: F811
    freeze(charge.engine)
    await charge.monitor.says("KO")
    await charge.central.says("CP001 .*Faulted")
    await charge.driver.says("final ticket follows")
    # It comes back over another link.
    await charge.city.recorded("EngineLost")
    thaw(charge.engine)
    seen = len(charge.central.lines)
    await charge.driver.says("Ended:")
    await charge.central.says("CP001 .*Available", since=seen)
    assert charge.ticket()["energy_mwh"] > 0


async def test_a_frozen_monitor_is_disconnected_until_it_moves_again(charge: Charge):  # noqa: F811
    seen = len(charge.central.lines)
    freeze(charge.monitor)
    await charge.central.says("CP001 .*Disconnected", since=seen)
    ((lost,),) = charge.city.books("SELECT data FROM events WHERE type = 'MonitorLost'")
    assert '"reason":"silent for 3 s"' in lost
    await charge.engine.says("nobody asks how this engine is: no new charge can begin")
    seen = len(charge.central.lines)
    thaw(charge.monitor)
    await charge.central.says("CP001 .*Charging", since=seen)
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")


async def test_a_frozen_central_is_left_and_found_again(charge: Charge):  # noqa: F811
    freeze(charge.central)
    await charge.engine.says("the link to CENTRAL at .* was lost: .*the running charge goes on")
    await charge.monitor.says("(?i)the link to CENTRAL at .* was lost")
    thaw(charge.central)
    await charge.central.says(r"Central stood still for \d+\.\d s; no link is judged by it")
    await charge.engine.says("(?i)connected to Central again")
    seen = len(charge.driver.lines)
    await charge.driver.says("CP001: .* kW", since=seen)
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")
    assert charge.ticket()["energy_mwh"] > 0


async def test_a_frozen_driver_finds_its_charge_where_it_is(charge: Charge):  # noqa: F811
    freeze(charge.driver)
    await charge.central.says("D01 left: silent for 15 s")
    thaw(charge.driver)
    seen = len(charge.driver.lines)
    await charge.driver.says("Connected to CENTRAL again", since=seen)
    await charge.driver.says("CP001: .* kW", since=seen)
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")


def unread(pipe: int) -> int:
    """Return how many bytes lie in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


async def begins_a_charge(city: City, wishes: Sequence[int]) -> None:
    """Have every driver ask, again whenever it was refused, until energy flows of a session of this Central's life."""
    before = {row["session_id"] for row in city.books("SELECT session_id FROM session")}
    async with asyncio.timeout(WITHIN_S):
        while before.issuperset(
            row["session_id"] for row in city.books("SELECT session_id FROM session WHERE state = 'CHARGING'")
        ):
            for pipe in wishes:
                if not unread(pipe):
                    os.write(pipe, b"any\n")
            await asyncio.sleep(0.05)


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_central_restarted_ten_times_in_a_row_under_load(city: City, tmp_path):
    central = await city.central()
    points = ["CP001", "CP002", "CP003"]
    for cp_id in points:
        await city.engine(cp_id, "--speed", "60", "--auto-plug", "0.1", "--auto-unplug", "1")
        await city.monitor(cp_id)
    for cp_id in points:
        await central.says(f"{cp_id} .*Available")
    drivers = []
    with contextlib.ExitStack() as pipes:
        wishes = []
        for number in range(1, 6):
            # A file would be at its end after a few refusals, and Central would be restarted at rest.
            os.mkfifo(services := tmp_path / f"services-{number}")
            wishes.append(os.open(services, os.O_RDWR))
            pipes.callback(os.close, wishes[-1])
            drivers.append(await city.driver(f"D{number:02}", "--file", str(services), "--pause", "0.2"))
        for _ in range(10):
            await begins_a_charge(city, wishes)
            await central.dies()
            central = await city.central()
    for driver in drivers:
        assert await driver.ends(100) == 0, driver.text
    # However few of them got through between two restarts: now all is as before.
    await central.says("Available")
    drivers.append(late := await city.driver("D06"))
    await late.says("(?i)connected")
    late.types("start")
    await late.says("SESSION SUMMARY")
    # That is only the headline: its screen is complete, as those of the others are, when it has ended.
    late.types("quit")
    assert await late.ends() == 0, late.text
    await city.settles()
    told = {
        (driver.name, session_id): times
        for driver in drivers
        for session_id, times in Counter(re.findall(r"Session: (S-\S+)", driver.text)).items()
    }
    tickets = city.books("SELECT session_id, driver_id FROM ticket")
    assert told == {(f"driver {row['driver_id']}", row["session_id"]): 1 for row in tickets}
