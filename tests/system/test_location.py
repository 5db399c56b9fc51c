"""Where a charging point stands, in processes of their own: whoever is started first, and whatever is restarted."""

import asyncio
import itertools
import json

import pytest

from tests.ports import free_port
from tests.system.city import WITHIN_S, City, Program


async def ordered(city: City, *args: str) -> str:
    done = await city.run(*args)
    assert await done.ends() == 0, done.text
    return done.text


async def registered_in(city: City, location: str) -> None:
    """Wait until the Registry's list shows CP001 there."""
    shown = ""
    try:
        async with asyncio.timeout(WITHIN_S):
            while shown != location:
                done = await city.run(
                    "cp", "list", "--json", env={"EVCHARGE_ADMIN_PASSWORD": city.admin_password}
                )
                assert await done.ends() == 0, done.text
                shown = json.loads(done.text)["cps"][0]["location"]
    except TimeoutError:
        raise AssertionError(f"the Registry has CP001 in {shown!r}, not {location!r}") from None


async def stands(city: City, location: str) -> None:
    assert json.loads(await ordered(city, "cps", "--json"))["cps"][0]["location"] == location


async def engine(city: City, *flags: str, stdin: bool = False) -> Program:
    program = await city.engine("CP001", *flags, stdin=stdin)
    await program.says("connected to CENTRAL")
    return program


async def monitor(city: City) -> Program:
    program = await city.monitor("CP001")
    await program.says("connected to CENTRAL")
    return program


async def test_a_monitor_first_an_engine_later_and_a_move_that_all_of_them_keep(city: City):
    central = await city.central()
    city.health_ports["CP001"] = free_port()
    watching = await monitor(city)
    await central.says("CP001 is new here: no location")
    supplying = await engine(city, "--location", "Elche")
    await central.says(r"CP001 \(Elche\) Available")
    await registered_in(city, "Elche")

    # An operator moves it: both programs say so at once, and warn that the engine was started for another place.
    assert "CP001 is now in Madrid." in await ordered(city, "cp", "set", "CP001", "--location", "Madrid")
    for program in (supplying, watching):
        await program.says("the engine of CP001 was started for Elche; the network has it in Madrid")
    await central.says("WARNING CP001 says Elche; the network has it in Madrid")
    await registered_in(city, "Madrid")

    # Everything is restarted, and the engine with what it was told before.
    for program in (supplying, watching, central):
        await program.stops()
    await city.latest("registry").dies()
    await city.registry()
    central = await city.central()
    watching = await monitor(city)
    supplying = await engine(city, "--location", "Elche")
    for program in (supplying, watching):
        await program.says("the engine of CP001 was started for Elche; the network has it in Madrid")
    await central.says(r"CP001 \(Madrid\) Available")
    assert "WARNING" not in central.text
    await registered_in(city, "Madrid")

    # Moved while the engine is off: it hears of it when it comes, without a word of its own.
    await supplying.stops()
    await ordered(city, "cp", "set", "CP001", "--location", "San Juan")
    supplying = await engine(city)
    await central.says(r"CP001 \(San Juan\) Available")

    # What it never said before is the newest word.
    await supplying.stops()
    supplying = await engine(city, "--location", "Altea")
    await central.says(r"CP001 \(Altea\) Available")
    await registered_in(city, "Altea")
    await watching.says("CP001 is now in Altea")
    assert "was started for" not in supplying.text


@pytest.mark.parametrize("order", list(itertools.permutations(("central", "engine", "monitor")))[::2])
async def test_whoever_is_started_first_the_engines_word_holds(city: City, order: tuple[str, ...]):
    city.health_ports["CP001"] = free_port()
    programs = {
        "central": city.central,
        "engine": lambda: city.engine("CP001", "--location", "Elche"),
        "monitor": lambda: city.monitor("CP001"),
    }
    started = {name: await programs[name]() for name in order}
    await started["central"].says(r"CP001 \(Elche\) Available")
    await registered_in(city, "Elche")
    await stands(city, "Elche")
