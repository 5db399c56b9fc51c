"""A fleet of simulated charging points at a real Central: it charges, it is struck, it comes back, it ends well."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from evcharge.domain.errors import StateError
from evcharge.domain.ids import Role
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.fleet import fleet_run
from evcharge.fleet.fleet_scenario import Blow, Scenario, Turn
from evcharge.fleet.simulated_point import SimulatedPoint
from evcharge.fleet.tally import Tally
from tests.component.town import Town, running

pytestmark = pytest.mark.timeout(120)
POINTS = 3


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with running(tmp_path) as town:
        yield town


def of(town: Town) -> tuple[list[SimulatedPoint], Tally]:
    tally, dialler = Tally(), fleet_run.Dialler(town.state, [("127.0.0.1", town.port)])
    return fleet_run.simulated_points(POINTS, dialler, tally, seed=1), tally


async def until(so: Callable[[], bool], fleet: list[SimulatedPoint], scenario: Scenario) -> None:
    """Play until it is so."""
    async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(fleet_run.play(fleet, scenario, 1, lambda _: None))
        while not so():
            await asyncio.sleep(0.05)
        playing.cancel()


async def test_its_drivers_charge_and_get_tickets(town: Town):
    fleet, tally = of(town)
    await until(lambda: tally.tickets >= POINTS, fleet, Scenario(seconds=3600, pause_s=1, charge_s=3))
    assert len(tally.starts) >= POINTS
    assert tally.energy_mwh > POINTS * 2 * 22_000_000 // 3600
    assert not any("ALERT" in line for line in town.lines)
    assert tally.lost == 0
    point = town.dispatcher.facts.point("SIM00001")
    assert point is not None
    assert point.location.name == "Simulated"


async def test_where_the_first_central_is_gone_it_dials_another_and_stays_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    dialled: list[int] = []

    async def noted(host: str, port: int, *args: Any, **more: Any) -> Channel:
        dialled.append(port)
        return await connect(host, port, *args, **more)

    monkeypatch.setattr(fleet_run, "connect", noted)
    dialler = fleet_run.Dialler(town.state, [("127.0.0.1", 1), ("127.0.0.1", town.port)])
    for _ in range(2):
        await (await dialler.dial("SIM00001", Role.MONITOR)).close()
    assert dialled == [1, town.port, town.port]


async def test_a_fleet_that_ends_leaves_no_charge_open_and_another_one_goes_on(town: Town):
    for _ in range(2):
        fleet, tally = of(town)
        # Each second everybody asks who is there and does not charge yet.
        surges = tuple(Turn(at_s=at_s, what=Blow.SURGE, share=1) for at_s in (1, 2, 3, 4, 5))
        scenario = Scenario(seconds=6, pause_s=3600, charge_s=3600, turns=surges)
        await fleet_run.play(fleet, scenario, 1, lambda _: None)
        assert tally.starts
        assert list(town.dispatcher.facts.sessions()) == []
        assert all(point.has_told_all for point in fleet)
        fleet_run.keep_registers(fleet, town.state)
    # Neither a new journal nor a meter that begins anew.
    assert not any("ALERT" in line or "is held" in line for line in town.lines)


@pytest.mark.parametrize("moments", [0, 1, 5, 20], ids="{} moments".format)
async def test_a_fleet_that_is_stopped_leaves_no_charge_open_whatever_is_under_way(town: Town, moments: int):
    fleet, tally = of(town)
    playing = asyncio.create_task(
        fleet_run.play(fleet, Scenario(seconds=3600, pause_s=3600, charge_s=3600), 1, lambda _: None)
    )
    async with asyncio.timeout(60):
        while not all(point.is_up for point in fleet):
            await asyncio.sleep(0.05)
    fleet[0].wants()
    async with asyncio.timeout(60):
        while not tally.starts:
            await asyncio.sleep(0.05)
    for point in fleet:
        point.wants()
    for _ in range(moments):
        await asyncio.sleep(0.005)
    playing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await playing
    assert list(town.dispatcher.facts.sessions()) == []


@pytest.mark.parametrize("what", [Blow.BLACKOUT, Blow.FLAPPING])
async def test_whoever_loses_its_links_comes_back(town: Town, what: Blow):
    fleet, tally = of(town)
    turn = Turn(at_s=1.0, what=what, share=1, for_s=1.0)
    await until(
        lambda: tally.lost >= POINTS and all(point.is_up for point in fleet),
        fleet,
        Scenario(seconds=3600, pause_s=3600, turns=(turn,)),
    )
    assert len(tally.logins) > 2 * POINTS


async def test_the_end_of_a_charge_that_central_could_not_store_is_told_again(town: Town, monkeypatch):
    monkeypatch.setattr(SimulatedPoint, "second_s", 0.05)
    fleet, tally = of(town)
    surge = Turn(at_s=0.5, what=Blow.SURGE, share=1)
    scenario = Scenario(seconds=3600, pause_s=3600, charge_s=20, turns=(surge,))
    async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(fleet_run.play(fleet, scenario, 1, lambda _: None))
        while not all(point.is_charging for point in fleet):
            await asyncio.sleep(0.01)
        with town.with_a_full_disk():
            while any(point.is_charging for point in fleet):
                await asyncio.sleep(0.01)
            await town.says("cannot store")
        while tally.tickets < POINTS:
            await asyncio.sleep(0.01)
        playing.cancel()
    assert tally.lost == 0


async def test_faults_and_cold_are_what_central_sees_and_pass(town: Town):
    fleet, _ = of(town)
    turns = (
        Turn(at_s=1.0, what=Blow.FAULTS, share=1, for_s=2.0),
        Turn(at_s=1.0, what=Blow.COLD, share=1, for_s=2.0),
    )
    playing = asyncio.create_task(
        fleet_run.play(fleet, Scenario(seconds=3600, pause_s=3600, turns=turns), 1, lambda _: None)
    )
    try:
        await town.says("SIM00001 .*Faulted: simulated fault")
        await town.says("SIM00001 .*Available")
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


def test_it_needs_the_keys_of_central(tmp_path: Path):
    with pytest.raises(StateError):
        fleet_run.Dialler(tmp_path, [("127.0.0.1", 1)])


async def test_the_command_says_how_central_fared(town: Town, tmp_path: Path):
    file = tmp_path / "scenario.toml"
    file.write_text('pause_s = 1\ncharge_s = 2\n[[turns]]\nat_s = 1\nwhat = "surge"\n')
    args = f"fleet --points 2 --seconds 4 --scenario {file} --state {town.state} --lang es"
    command = [sys.executable, "-m", "evcharge", *args.split(), "--central", f"127.0.0.1:{town.port}"]
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await child.communicate()
    assert child.returncode == 0, out.decode()
    assert "conectados al final" in out.decode()
    assert "tiques" in out.decode()
