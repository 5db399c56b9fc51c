"""`evcharge central --panel` in a real terminal, with charging points and drivers in real processes."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system.city import City, Program
from tests.system.terminal import Terminal, terminal

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
STAYS = ("--speed", "10", "--auto-plug", "0.1", "--location", "Alicante")


@contextlib.asynccontextmanager
async def panel(city: City, *flags: str, **env: str) -> AsyncIterator[Terminal]:
    """Central with its wall, on a terminal of the usual size."""
    told = city.environment() | env
    async with terminal("central", "--panel", *flags, env=told, cwd=city.state.parent) as screen:
        yield screen


@pytest.fixture
async def wall(city: City) -> AsyncIterator[Terminal]:
    async with panel(city) as screen:
        await screen.shows("central>")
        yield screen


async def point(city: City, cp_id: str, *flags: str) -> tuple[Program, Program]:
    """An engine and its monitor."""
    engine = await city.engine(cp_id, *(flags or STAYS))
    await engine.says("health port listening")
    return engine, await city.monitor(cp_id)


async def charge(city: City, wall: Terminal, driver_id: str = "D01", cp_id: str = "CP001") -> Program:
    """A driver that charges at `cp_id`."""
    driver = await city.driver(driver_id)
    await driver.says("(?i)connected")
    driver.types(f"start {cp_id}")
    await wall.shows(rf"\d\d:\d\d:\d\d {cp_id} +{driver_id} +charging +\d+\.\d kW")
    return driver


def ground_of(screen: Terminal, words: str) -> str:
    """The colour behind `words`, where they stand first below the counters."""
    return screen.ground_of(words, below=2)


async def test_six_points_live_with_their_colours_words_and_faults(city: City, wall: Terminal):
    await wall.shows("No charging point is known yet")
    places = ("Alicante", "Berlin", "Elche", "Madrid", "Paris", "Valencia")
    points = await asyncio.gather(
        *(
            point(city, f"CP{number:03}", *STAYS, "--location", place)
            for number, place in enumerate(places, 1)
        )
    )
    await wall.shows("● 6 Available")
    # The last tile: what stands above it is of the same picture.
    await wall.shows("● CP006")
    assert ground_of(wall, "● CP001") == "005f00"
    await charge(city, wall, cp_id="CP002")
    first = float((await wall.shows(r"kW (\d\.\d\d\d) kWh \d\.\d\d €"))[1])
    assert ground_of(wall, "▶ CP002") == "008700"
    await wall.types("out CP004")
    await wall.shows(r"■ CP004[^\n]*\n[^\n]*\n[^\n]*Out of Order")
    assert ground_of(wall, "■ CP004") == "ffaf5f"
    engine, _ = points[4]
    await engine.dies()
    await wall.shows(r"▲ CP005[^\n]*\n[^\n]*\n[^\n]*Faulted")
    assert ground_of(wall, "▲ CP005") == "ff5f5f"
    await wall.shows(r"Faults \([12] open\)")
    await wall.shows("! .*CP005")
    if os.environ.get("CAPTURE_SCREENS"):
        await wall.shows(r"1\.\d\d\d kWh")
        (SCREENS / "panel.txt").write_text(wall.capture(), "utf-8")
    # It goes on while others fail.
    async with asyncio.timeout(20):
        while float((await wall.shows(r"kW (\d\.\d\d\d) kWh \d\.\d\d €"))[1]) <= first:
            await asyncio.sleep(0.1)
    # It comes back: the fault stays on the list with the sentence of its end.
    await city.engine("CP005", *STAYS)
    await wall.shows("● CP005")
    await wall.shows(r"Faults \(0 open\)|Faults: none")
    await wall.shows("✓ .*CP005")
    _, monitor = points[5]
    await monitor.dies()
    await wall.shows(r"○ CP006[^\n]*\n[^\n]*\n[^\n]*Disconnected")
    assert ground_of(wall, "○ CP006") == "626262"


async def test_out_resume_and_revoke_take_hold_of_a_running_charge(city: City, wall: Terminal):
    engine, monitor = await point(city, "CP001")
    await wall.shows("● CP001")
    driver = await charge(city, wall)
    await city.recorded("VehiclePluggedIn")
    await wall.types("out cp001")
    await wall.shows("out: CP001 .*Out of Order: operator")
    await driver.says("SESSION SUMMARY")
    await wall.shows("Requests and charges: none")
    await wall.types("out CP001")
    # The monitor sees within a second that the vehicle has gone; until then the point would be Occupied.
    await city.recorded("VehicleUnplugged")
    await wall.types("resume all")
    await wall.shows("1 of 1 are available")
    await charge(city, wall, "D02")
    await wall.types("rotate CP001")
    await wall.shows("rotate: the connection of CP001 has a new key, no interruption")
    await wall.types("sessions")
    await wall.shows("S-D02-CP001-[0-9a-f]+  charging")
    await wall.keys("esc")
    await wall.hides("REQUESTS AND CHARGES")
    await wall.types("revoke CP001")
    await wall.shows(r"■ CP001[^\n]*\n(?:[^\n]*\n)? Out of Order:?\s+key\s+revoked")
    await wall.shows("revoke: the keys of CP001 are void")
    await engine.says("(?i)revoked")
    await monitor.says("(?i)revoked")
    await wall.types("resume CP001")
    await wall.shows(r"but still CP001 \(Alicante\) Out of\s+Order: key revoked")
    await wall.types("alerts")
    await wall.shows("FAULTS, THE NEWEST LAST")
    await wall.shows("keys of CP001 are revoked")


async def test_a_resume_while_a_fault_still_holds_says_so(city: City, wall: Terminal):
    engine, _ = await point(city, "CP001")
    await wall.shows("● CP001")
    await wall.types("out CP001")
    await wall.shows("■ CP001")
    await engine.dies()
    await wall.shows("▲ CP001")
    await wall.types("resume CP001")
    await wall.shows("no longer withheld by the operator, but still CP001 .*Faulted")


async def test_money_for_a_driver(city: City, wall: Terminal):
    await city.driver("D01")
    await wall.shows("D01 connected")
    await wall.types("top-up D01 5.50")
    await wall.shows("top-up: D01 has 25.50 € now")
    await wall.types("top-up D09 5")
    await wall.shows("Not done: driver D09 is unknown here")


async def test_money_moves_by_one_key_and_any_other_answer_moves_nothing(city: City, wall: Terminal):
    driver = await city.driver("D01")
    await wall.shows("D01 connected")
    for key in ("n", "esc", "ctrl-c"):
        await wall.types("correct D01 -5 cable broken")
        await wall.shows(r"take 5\.00 € out of the wallet of D01 \(it has 20\.00 €\)\? y/n")
        # Whoever types on meanwhile moves nothing.
        await wall.keys("x", "enter", key)
        await wall.shows("Nothing was moved.")
        await wall.shows("central>")
    await wall.types("correct D01 -5 cable broken")
    await wall.shows(r"\? y/n")
    await wall.keys("y")
    await wall.shows("correct: -5.00 € for D01; it has 15.00 € now")
    await driver.says("Your wallet was corrected by -5.00 €: cable broken")
    await wall.types("top-up D01 501")
    await wall.shows(r"501\.00 € for D01 is more than 500\.00 €\. Is that right\? y/n")
    await wall.keys("y")
    await wall.shows("top-up: D01 has 516.00 € now")
    await wall.types("drivers")
    await wall.shows(r"D01 +516\.00 € free")
    await wall.keys("esc")
    await wall.is_redrawn(40, 20)
    await wall.types("pay-out D01 all moves away")
    # Also in a narrow window all of it can be read.
    await wall.shows(r"(?s)pay out 516\.00 €.*y/n")
    await wall.keys("y")
    await wall.shows(r"(?s)516\.00 € paid out to.*0\.00")


async def test_a_ticket_is_given_back_by_the_id_that_the_panel_completes(city: City, wall: Terminal):
    await point(city, "CP001")
    await wall.shows("● CP001")
    driver = await charge(city, wall)
    await wall.shows(r"[1-9]\.\d\d\d kWh")
    driver.types("stop")
    await driver.says("SESSION SUMMARY")
    await wall.keys(*"refund ", "tab", *" all too hot", "enter")
    await wall.shows(r"give back all that S-D01-CP001-[0-9a-f]+ cost\? y/n")
    await wall.keys("y")
    await wall.shows(r"refund: \d\.\d\d € of S-D01-CP001-[0-9a-f]+ refunded to D01")
    await driver.says("Your ticket for CP001 was corrected by .*: too hot")


async def test_what_is_mistyped_gets_a_sentence_and_nothing_else(city: City, wall: Terminal):
    for typed, said in (
        ("ouf CP001", "did you mean out"),
        ("out", "Type it like this: out CP001"),
        ("out CP404", "CP404 is unknown here"),
        ("revoke NOBODY", "NOBODY is unknown here"),
        ("rotate CP404", "CP404 is unknown here"),
        ("x" * 3_000, "too long"),
    ):
        await wall.types(typed)
        await wall.shows(said)
    wall.paste("out CP001\nquit\nrevoke CP001\n" * 20)
    await wall.keys("enter")
    await wall.shows("One command at a time")
    wall.paste("hallo\x1b[2J\x07 x")
    await wall.keys("enter")
    await wall.shows("control characters")
    await wall.types("help")
    await wall.shows("COMMANDS")
    await wall.keys("enter")
    await wall.hides("COMMANDS")
    await wall.keys("o", "u", "tab", " ")
    await wall.shows("all")
    await wall.keys("ctrl-c", "up", "enter")
    await wall.shows("COMMANDS")


async def test_it_fits_a_small_window_and_grows_again(city: City, wall: Terminal):
    await point(city, "CP001")
    await wall.shows("● CP001")
    await wall.is_redrawn(20, 10)
    await wall.shows(r"\n● CP001  Available *\n")
    await wall.is_redrawn(3, 2)
    await wall.is_redrawn(160, 50)
    await wall.shows(r"Requests and charges: none ─+ ── Faults")


async def test_quit_asks_while_charges_run_and_stops_cleanly(city: City, wall: Terminal):
    await point(city, "CP001")
    await wall.shows("● CP001")
    driver = await charge(city, wall)
    await wall.types("quit")
    await wall.shows(r"Charges running: 1; they go on without Central. Stop it\? y/n")
    await wall.types("n")
    await wall.shows("Central goes on.")
    await wall.keys("ctrl-c")
    await wall.shows(r"Stop it\?")
    await wall.types("y")
    assert await wall.ends() == 0
    assert "Central stopped." in wall.text
    await driver.says("your charge goes on")


@pytest.mark.parametrize("key", ["ctrl-d", "ctrl-c"])
async def test_a_key_ends_it_when_nothing_runs(city: City, wall: Terminal, key: str):
    await wall.keys("o", "u", key, "ctrl-u", key)
    assert await wall.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it(city: City, wall: Terminal, number: signal.Signals):
    os.kill(wall.pid, number)
    assert await wall.ends() == 0
    assert "\x1b[?1049l" in wall.raw.decode()  # the terminal is as it was before


async def test_a_closed_window_stops_central_cleanly(city: City):
    async with panel(city) as screen:
        await screen.shows("central>")
        screen.hang_up()
        assert await screen.ends() == 0
    assert city.books("SELECT 1 FROM events WHERE type = 'CentralStopped'")


async def test_it_speaks_spanish_and_needs_no_colours(city: City):
    # The helper takes NO_COLOR out of the environment.
    with_no_color = ("/usr/bin/env", "NO_COLOR=1", sys.executable, "-m", "evcharge", "central", "--panel")
    screen = Terminal((*with_no_color, "--lang", "es"), city.environment(), city.state.parent)
    try:
        await screen.shows("Aún no se conoce ningún punto de recarga")
        await point(city, "CP001")
        await screen.shows("● 1 Disponible")
        await screen.types("out CP001")
        await screen.shows("Fuera de servicio")
        await screen.types("ayuda")
        await screen.shows("No existe la orden 'ayuda'")
        assert not re.search(rb"\x1b\[[0-9;]*[34][0-9][;m]", screen.raw)
        await screen.types("quit")
        assert await screen.ends() == 0
        assert "Central parada." in screen.text
    finally:
        await screen.close()


async def test_a_registry_that_does_not_answer_is_a_banner_until_it_is_back(city: City, wall: Terminal):
    registry = city.latest("registry")
    await registry.dies()
    await wall.shows(r"^[^\n]*\n[^\n]*\n! Registry not responding")
    await city.registry()
    await wall.hides(r"\n! Registry not responding")
    await wall.shows("✓ Registry responding again|✓ .*Registry")


async def test_without_a_terminal_central_runs_with_plain_lines(city: City):
    central = await city.run("central", "--panel")
    assert "--panel needs a terminal" in await central.says("terminal")
    await central.says("Central listening on")
    assert await central.stops() == 0
