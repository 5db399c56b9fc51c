"""The weather service with everybody else, in processes of their own: a cold front, and what dies meanwhile."""

import asyncio
import contextlib
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge import labels
from evcharge.labels import Phrase
from tests.component import skies
from tests.component.skies import KEY
from tests.system.city import WITHIN_S, City, Program
from tests.system.terminal import Terminal, terminal

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
LOST, BACK = labels.say(Phrase.WEATHER_LOST), labels.say(Phrase.WEATHER_BACK)
MILD = "0 *: 15 3\n"


class Sky:
    """The weather that a test makes: a file which the service reads again."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "front.txt"
        self.is_(MILD)

    def is_(self, text: str) -> None:
        """From now on the weather is that."""
        # Whole or not at all: the service may be reading.
        beside = self.file.with_suffix(".new")
        beside.write_text(text, "utf-8")
        beside.replace(self.file)


@pytest.fixture
def sky(tmp_path: Path) -> Sky:
    return Sky(tmp_path)


async def weather(city: City, sky: Sky, *flags: str, stdin: bool = False) -> Program:
    program = await city.run(
        "weather", "--simulate", str(sky.file), "--every", "0.3", *flags, name="weather", stdin=stdin
    )
    await program.says("The weather comes from")
    return program


async def point(city: City, central: Program, cp_id: str, location: str) -> Program:
    """A charging point that is Available, with a car that comes by itself."""
    engine = await city.engine(cp_id, "--location", location, "--speed", "5", "--auto-plug", "0.2")
    await engine.says("listening on")
    await city.monitor(cp_id)
    await central.says(rf"{cp_id} \({location}\) Available")
    return engine


async def charge(city: City, driver_id: str, cp_id: str) -> Program:
    driver = await city.driver(driver_id)
    await driver.says("(?i)connected")
    driver.types(f"start {cp_id}")
    await driver.says(rf"Charging at {cp_id}")
    return driver


async def ordered(city: City, *args: str) -> str:
    done = await city.run(*args)
    assert await done.ends() == 0, done.text
    return done.text


def shown(city: City, cp_id: str) -> tuple[str, str]:
    """What a charging point shows last, as the books say."""
    (row,) = city.books(
        "SELECT status, reason FROM status_log WHERE cp_id = ? ORDER BY n DESC LIMIT 1", cp_id
    )
    return row["status"], row["reason"]


async def shows(city: City, cp_id: str, status: str, reason: str = "") -> None:
    """Wait until a charging point shows that."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while shown(city, cp_id) != (status, reason):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{cp_id} shows {shown(city, cp_id)}, not {(status, reason)}") from None


def tickets(city: City) -> dict[str, sqlite3.Row]:
    return {row["driver_id"]: row for row in city.books("SELECT * FROM ticket")}


async def test_a_cold_front_over_two_cities(city: City, sky: Sky):
    central = await city.central()
    await point(city, central, "CP001", "Alicante")
    await point(city, central, "CP002", "Elche")
    await point(city, central, "CP003", "Benidorm")
    service = await weather(city, sky)
    await central.says("The weather service is connected")
    drivers = {
        driver_id: await charge(city, driver_id, cp_id)
        for driver_id, cp_id in (("D01", "CP001"), ("D02", "CP002"), ("D03", "CP003"))
    }

    # It reaches the first city, then the second; the third never feels it.
    sky.is_("0 Alicante: -3 12\n" + MILD)
    await drivers["D01"].says(r"Stopping the charge at CP001 \(stopped because of the weather\)")
    await drivers["D01"].says("Ended: +stopped because of the weather")
    await shows(city, "CP001", "Unavailable", "weather")
    sky.is_("0 Alicante: -3 12\n0 Elche: -1 9\n" + MILD)
    await drivers["D02"].says("Ended: +stopped because of the weather")
    await shows(city, "CP002", "Unavailable", "weather")
    await service.says("ALERT Elche: cold")
    assert {driver: row["reason"] for driver, row in tickets(city).items()} == {
        "D01": "weather",
        "D02": "weather",
    }
    assert all(row["energy_mwh"] > 0 for row in tickets(city).values())
    drivers["D01"].types("start CP001")
    await drivers["D01"].says("CP001 not available. CP out of service.")

    # An operator takes both out, in the middle of it, and gives one back too early.
    await ordered(city, "out", "CP001")
    await ordered(city, "out", "CP002")
    await shows(city, "CP001", "Unavailable", "operator, weather")
    said = await ordered(city, "resume", "CP001")
    assert "CP001 is still out: weather" in said
    await shows(city, "CP001", "Unavailable", "weather")

    # It passes: each gets back what the weather took, and nothing else.
    sky.is_(MILD)
    await shows(city, "CP001", "Available")
    await shows(city, "CP002", "Unavailable", "operator")
    await central.says("the weather in Alicante is good again")
    await central.says("the weather in Elche is good again")
    await ordered(city, "resume", "CP002")
    await shows(city, "CP002", "Available")

    # The third charge has gone on all the time.
    assert "D03" not in tickets(city)
    drivers["D03"].types("stop")
    await drivers["D03"].says("Ended: +stopped by the driver")
    drivers["D01"].types("start CP001")
    await drivers["D01"].says("Charging at CP001", times=2)
    drivers["D01"].types("stop")
    await city.settles()


async def test_a_weather_service_that_is_killed_is_missed_and_takes_over_again(city: City, sky: Sky):
    central = await city.central(EVCHARGE_CENTRAL__WEATHER_STALE_S="2")
    await point(city, central, "CP001", "Alicante")
    sky.is_("0 *: -5 3\n")
    service = await weather(city, sky)
    await shows(city, "CP001", "Unavailable", "weather")
    await service.dies()
    await central.says(rf"{LOST} \(the weather service was not heard for 2 s\)")
    alerts = await ordered(city, "alerts", "--lang", "es")
    # As wide as a table lets it be.
    assert "Conexión con el clima no" in re.sub(r"\s+", " ", alerts)
    await shows(city, "CP001", "Unavailable", "weather")
    # Between its two values: the alert that an earlier service began stays, and ends as if it had never been away.
    sky.is_("0 *: 0.5 3\n")
    service = await weather(city, sky)
    await central.says(f"{BACK}")
    await shows(city, "CP001", "Unavailable", "weather")
    sky.is_("0 *: 7 3\n")
    await shows(city, "CP001", "Available")
    since = len(central.lines)
    assert await service.stops() == 0
    await central.says(rf"{LOST} \(the weather service was stopped\)", since=since)


async def test_a_central_that_is_killed_hears_of_the_weather_on_its_return(city: City, sky: Sky):
    central = await city.central()
    await point(city, central, "CP001", "Alicante")
    await point(city, central, "CP002", "Elche")
    sky.is_("0 Elche: -4 3\n" + MILD)
    service = await weather(city, sky)
    await shows(city, "CP002", "Unavailable", "weather")
    driver = await charge(city, "D01", "CP001")
    await central.dies()
    await service.says(re.escape(labels.say(Phrase.CENTRAL_LOST)))
    # Meanwhile the front moves on.
    sky.is_("0 Alicante: -6 3\n" + MILD)
    await service.says("ALERT Alicante: cold")
    central = await city.central()
    await service.says(re.escape(labels.say(Phrase.CENTRAL_BACK)))
    await central.says("ALERT weather in Alicante: cold")
    await central.says("the weather in Elche is good again")
    await driver.says("Ended: +stopped because of the weather")
    assert tickets(city)["D01"]["reason"] == "weather"
    await shows(city, "CP001", "Unavailable", "weather")
    await shows(city, "CP002", "Available")
    # Once, however often it was said.
    assert len(city.books("SELECT 1 FROM events WHERE type = 'WeatherAlertRaised'")) == 2


# ---- the key


async def test_the_key_is_seen_by_nobody(city: City, tmp_path: Path):
    central = await city.central()
    await point(city, central, "CP001", "Alicante")
    async with skies.served() as service:
        service.wrong = None
        env = {
            "OPENWEATHER_API_KEY": KEY,
            "EVCHARGE_WEATHER__API_URL": service.url,
            "EVCHARGE_WEATHER__MIN_REQUEST_S": "0.3",
        }
        program = await city.run("weather", "--every", "0.3", "--log-level", "debug", name="weather", env=env)
        await central.says("The weather service is connected")
        command = Path(f"/proc/{program.process.pid}/cmdline").read_bytes()
        assert KEY.encode() not in command
        for wrong in (skies.text("", status=500), skies.cut, skies.text("<html>", kind="text/html")):
            before = len(program.lines)
            service.wrong = wrong
            await program.says(LOST, since=before)
            service.wrong = None
            await program.says(BACK, since=before)
        assert await program.stops() == 0
        assert any(query.get("appid") == KEY for query in service.queries)
    for other in city.programs:
        assert KEY not in other.text
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


# ---- on a terminal


@contextlib.asynccontextmanager
async def window(city: City, sky: Sky, *flags: str, **size: int) -> AsyncIterator[Terminal]:
    args = ("weather", "--simulate", str(sky.file), "--every", "0.3", *flags)
    async with terminal(*args, env=city.environment(), cwd=city.state.parent, **size) as shown:
        yield shown


async def test_the_menu_adds_a_city_moves_a_point_and_quits(city: City, sky: Sky):
    central = await city.central()
    await point(city, central, "CP001", "Alicante")
    await point(city, central, "CP002", "Elche")
    sky.is_("0 Elche: -3.2 11\n0 Madrid: 8 2\n" + MILD)
    async with window(city, sky) as screen:
        await screen.shows(r"Weather +● OK")
        await screen.shows(r"Central +● connected, http://127\.0\.0\.1:")
        await screen.shows(r"Elche +-3\.2 +11\.0 .* 1 +cold")
        assert screen.color_of("● OK") == "green"
        await screen.keys("a")
        await screen.types("Madrid")
        await screen.shows(r"Madrid +8\.0 +2\.0 .* 0 +good")
        await screen.keys("m")
        await screen.shows("Charging point to move:")
        await screen.types("cp002")
        await screen.shows("New location of CP002:")
        await screen.types("Madrid")
        await screen.shows("CP002 is now in Madrid")
        await central.says(r"CP002 \(Madrid\) Available")
        await screen.shows(r"Madrid +8\.0 +2\.0 .* 1 +good")
        keep("weather.txt", screen.capture(), city)
        sky.is_("0 *: fails\n")
        await screen.shows(rf"Weather +● {LOST}")
        assert screen.color_of(f"● {LOST}") == "red"
        sky.is_(MILD)
        await screen.shows(r"Weather +● OK")
        await screen.keys("l")
        await screen.shows(r"restored .*: Madrid: a simulation")
        await screen.keys("l")
        await screen.keys("m")
        await screen.shows("Charging point to move:")
        await screen.keys("esc")
        await screen.hides("Charging point to move:")
        await screen.is_redrawn(20, 16)
        await screen.shows("Alicante")
        await screen.is_redrawn(80, 24)
        await screen.shows("CPs")
        await screen.keys("q")
        assert await screen.ends() == 0
    await central.says(rf"{LOST} \(the weather service was stopped\)")


@pytest.mark.parametrize("how", ["ctrl-c", "ctrl-d", "hang up"])
async def test_the_terminal_may_go_in_any_way(city: City, sky: Sky, how: str):
    central = await city.central()
    await point(city, central, "CP001", "Alicante")
    async with window(city, sky, "--lang", "es") as screen:
        await screen.shows("CLIMA una simulación")
        await screen.shows(r"Alicante +15\.0 .* bueno")
        screen.paste("q\nquit\nmm\n", bracketed=False)
        await screen.shows(r"Central +● conectado")
        await central.says("The weather service is connected")
        if how == "hang up":
            screen.hang_up()
        else:
            await screen.keys(how)
        assert await screen.ends() == 0
    said = await central.says(LOST)
    assert "the weather service was stopped" in said


def keep(name: str, screen: str, city: City) -> None:
    """Keep a capture for the docs when CAPTURE_SCREENS is set, with the port that everybody has."""
    if os.environ.get("CAPTURE_SCREENS"):
        SCREENS.mkdir(parents=True, exist_ok=True)
        port, usual = str(city.api_port), "8000".ljust(len(str(city.api_port)))
        (SCREENS / name).write_text(
            "\n".join(line.rstrip() for line in screen.replace(port, usual).splitlines()) + "\n", "utf-8"
        )
