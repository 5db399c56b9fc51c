"""kill -9 of every part during a charge: nothing supplied is lost, one ticket, plain words on every screen."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from tests.system.city import City, Program

# A car plugs in at once and stays: the charge ends when the driver says so.
STAYS = ("--speed", "10", "--auto-plug", "0.1")


@dataclass
class Charge:
    """A running charge, and everybody who takes part in it."""

    city: City
    central: Program
    engine: Program
    monitor: Program
    driver: Program

    async def has_flowed(self) -> None:
        """Wait until Central has committed some energy of the running session."""
        async with asyncio.timeout(30):
            while not self.city.books("SELECT 1 FROM session WHERE meter_mwh > start_meter_mwh"):
                await asyncio.sleep(0.05)

    def ticket(self):
        """The one ticket there is."""
        rows = self.city.books("SELECT * FROM ticket")
        assert len(rows) == 1
        return rows[0]


@pytest.fixture
async def charge(city: City) -> Charge:
    central = await city.central()
    engine = await city.engine("CP001", *STAYS)
    await engine.says("health port listening")
    monitor = await city.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start")
    await driver.says("CP001: .* kW")
    return Charge(city, central, engine, monitor, driver)


async def test_an_engine_killed_during_a_charge_delivers_its_final_state(charge: Charge):
    await charge.driver.says("CP001: .* kW", times=3)
    await charge.engine.dies()
    await charge.monitor.says("KO|lost")
    assert "final ticket follows" in await charge.driver.says("CP001 failed")
    await charge.central.says("CP001 .*Faulted")
    back = await charge.city.engine("CP001", *STAYS)
    await back.says("connected to CENTRAL")
    await charge.driver.says("Ended:   .*restart")
    ticket = charge.ticket()
    assert ticket["energy_mwh"] > 0
    seen = len(charge.central.lines)
    await charge.central.says("CP001 .*Available", since=seen - 3)


@pytest.mark.parametrize("failpoint", ["central.before_commit", "central.after_commit"])
async def test_central_killed_around_a_commit_loses_and_doubles_nothing(city: City, failpoint: str):
    central = await city.central()
    engine = await city.engine("CP001", "--speed", "30", "--auto-plug", "0.1", "--auto-unplug", "1.5")
    await engine.says("health port listening")
    await city.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    await central.dies()
    deaths = 0
    for odds in (0.2, 0.5, 1.0):
        central = await city.run("central", env={"EVCHARGE_FAILPOINT": f"{failpoint}:{odds}"})
        driver.types("start")
        with contextlib.suppress(AssertionError):
            await central.ends(15 if odds == 1.0 else 5)
            deaths += 1
        await central.dies()
    central = await city.central()
    await central.says("CP001 .*Available")
    await city.settles()
    assert deaths > 0
    for session in city.books("SELECT * FROM session WHERE state = 'TICKETED'"):
        await driver.says(session["session_id"])
        assert driver.text.count(session["session_id"]) == 1


async def test_central_killed_during_a_charge_bills_all_of_it_once(charge: Charge):
    await charge.has_flowed()
    await charge.central.dies()
    assert "your charge goes on" in await charge.driver.says("Cannot connect to CENTRAL")
    await charge.engine.says("(?i)cannot connect to CENTRAL")
    before = charge.city.books("SELECT meter_mwh FROM session")[0][0]
    await asyncio.sleep(2)  # power flows meanwhile; nothing announces that
    central = await charge.city.central()
    assert await central.says("CP001 .*Disconnected")
    await central.says("CP001 .*Charging")
    seen = len(charge.driver.lines)
    await charge.driver.says("CP001: .* kW", since=seen)
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")
    assert charge.ticket()["energy_mwh"] > before


async def test_a_monitor_killed_during_a_charge_leaves_it_to_its_end(charge: Charge):
    await charge.monitor.dies()
    await charge.central.says("CP001 .*Disconnected")
    await charge.driver.says("monitor of CP001 is not heard")
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")
    charge.driver.types("start CP001")
    await charge.driver.says("CP001 not available. CP out of service")
    await charge.city.monitor("CP001")
    seen = len(charge.central.lines) - 1
    await charge.central.says("CP001 .*Available", since=seen)


async def test_a_driver_killed_during_a_charge_sees_the_result_on_its_return(charge: Charge):
    await charge.driver.dies()
    await charge.central.says("D01 left")
    await charge.has_flowed()
    await charge.engine.stops()
    async with asyncio.timeout(20):
        while not charge.city.books("SELECT 1 FROM ticket"):
            await asyncio.sleep(0.1)
    back = await charge.city.driver("D01")
    await back.says("(?i)while you were away")
    await back.says("Ended:   .*engine was stopped")
    await back.stops()
    again = await charge.city.driver("D01")
    await again.says("Connected")
    again.types("history")
    await again.says("CP001")
    assert "SESSION SUMMARY" not in again.text


async def test_with_the_registry_down_nobody_notices_and_reconnects_work(charge: Charge):
    registry = next(program for program in charge.city.programs if program.name == "registry")
    await registry.dies()
    await charge.driver.says("CP001: .* kW", since=len(charge.driver.lines))
    await charge.engine.dies()
    back = await charge.city.engine("CP001", *STAYS)
    await back.says("connected to CENTRAL")
    await charge.driver.says("Ended:   .*restart")
    await charge.central.dies()
    central = await charge.city.central()
    await central.says("CP001 .*Available")
    await charge.driver.says("Connected to CENTRAL again")
    await central.says("Registry not responding")


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGHUP"])
async def test_every_role_stops_cleanly_with_its_peers_connected(charge: Charge, signal: str):
    import signal as signals

    number = getattr(signals, signal)
    registry = next(program for program in charge.city.programs if program.name == "registry")
    for program in (registry, charge.central, charge.monitor, charge.engine, charge.driver):
        assert await program.stops(number, within_s=5.5) == 0, program.text


async def test_everything_killed_at_once_comes_back_with_one_ticket(charge: Charge):
    await charge.has_flowed()
    for program in charge.city.programs:
        await program.dies()
    city = charge.city
    await city.registry()
    driver = await city.driver("D01")
    engine = await city.engine("CP001", *STAYS)
    central = await city.central()
    await city.monitor("CP001")
    await central.says("CP001 .*Available")
    await driver.says("Ended:   .*restart")
    await engine.says("(?i)connected to CENTRAL")
    assert charge.ticket()["energy_mwh"] > 0
