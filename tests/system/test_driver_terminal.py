"""`evcharge driver` in a real terminal and as a faulty one, with Central, engine and monitor in real processes."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system.city import City, Program
from tests.system.terminal import Terminal, terminal

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
# A charge that goes on until somebody ends it; and one that soon ends by itself.
STAYS = ("--speed", "60", "--auto-plug", "0.2", "--location", "Alicante")
SHORT = ("--speed", "60", "--auto-plug", "0.1", "--auto-unplug", "2")


@contextlib.asynccontextmanager
async def seat(city: City, *flags: str, columns: int = 80, **env: str) -> AsyncIterator[Terminal]:
    """Driver D01 at a terminal."""
    told = city.environment() | env
    folder = city.state.parent
    async with terminal("driver", "D01", *flags, env=told, cwd=folder, columns=columns) as screen:
        yield screen


async def point(city: City, central: Program, cp_id: str, *flags: str) -> Program:
    engine = await city.engine(cp_id, *flags)
    await engine.says("health port listening")
    await city.monitor(cp_id)
    await central.says(f"{cp_id} .*Available")
    return engine


def keep(screen: Terminal, name: str) -> None:
    """Keep what is on the screen for the documents."""
    if os.environ.get("CAPTURE_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        (SCREENS / name).write_text(screen.capture(), "utf-8")


async def test_a_charge_from_the_list_to_its_receipt(city: City):
    central = await city.central()
    await point(city, central, "CP001", *STAYS)
    async with seat(city) as screen:
        await screen.shows("Connected to CENTRAL at")
        await screen.shows("D01  Balance: 20.00 € ● connected to CENTRAL")
        # Completion: commands, then the points that were heard of.
        screen.send("st")
        await screen.shows(r"start *\n +stop")
        await screen.keys("ctrl-u")
        screen.send("start cp")
        await screen.shows(r"> start cp *\n +CP001")
        await screen.keys("tab", "ctrl-u")
        await screen.types("list")
        await screen.shows(r"CP001 +0\.25 €/kWh +Available +Alicante")
        await screen.types("start CP001")
        for step in (
            "Request sent: CP001",
            "CP001 is free; asking it",
            "plug in at CP001",
            "Charging at CP001",
        ):
            await screen.shows(step)
        figures = r"CP001 +22\.00 kW +(\d+\.\d+) kWh +\d+\.\d\d € +\d:\d\d +█*░+ +\d+%"
        first = float((await screen.shows(figures))[1])
        async with asyncio.timeout(30):
            while float((await screen.shows(figures))[1]) <= first:
                await asyncio.sleep(0.1)
        # Live figures are at the bottom, and not one line a second.
        assert screen.capture().count("kWh") == 1 + screen.capture().count("€/kWh")
        keep(screen, "driver.txt")
        # Typing goes on while lines arrive above.
        screen.send("sto")
        await screen.keys("p", "enter")
        await screen.shows("SESSION SUMMARY")
        energy = (await screen.shows(r"Energy +(\d+\.\d{3}) kWh"))[1]
        await screen.shows(r"TOTAL +\d+\.\d\d €")
        keep(screen, "driver-receipt.txt")
        await screen.types("balance")
        await screen.shows(r"Balance +Held *\n[^\n]*\n +19\.\d\d € +0\.00 €")
        await screen.types("history")
        when = r"20\d\d-\d\d-\d\d \d\d:\d\d"
        await screen.shows(rf"{when} +CP001 +{energy} kWh +\d\.\d\d € +stopped by the driver")
        # Up brings back what was typed.
        await screen.keys("up", "up", "enter")
        await screen.keys("ctrl-d")
        assert await screen.ends() == 0


async def test_a_spanish_driver_with_bad_input_and_a_lost_central(city: City):
    central = await city.central()
    await point(city, central, "CP001", *STAYS)
    async with seat(city, "--lang", "es") as screen:
        await screen.shows(r"Conectado con la CENTRAL en 127\.0\.0\.1:\d+")
        await screen.shows("Saldo: 20,00 €")
        await screen.types("cargar")
        await screen.shows("No se entiende: orden desconocida 'cargar'")
        await screen.types("start CP009")
        await screen.shows(r"Denegado: CP009 no existe\. Con `list` verá los que hay\.")
        screen.paste("x" * 10_000)
        await screen.keys("enter")
        await screen.shows(r"demasiado largo \(más de 512 bytes\)")
        screen.paste("\n".join(["En un lugar de la Mancha"] * 30))
        await screen.keys("enter")
        await screen.shows("30 líneas a la vez; no se ha hecho nada")
        screen.paste("li\x1b[31mst\x07")
        await screen.keys("enter")
        await screen.shows("caracteres de control")
        await screen.types("start CP001")
        await screen.shows("Suministrando en CP001")
        # A window of 20 columns, and back.
        screen.resize(20, 8)
        await screen.types("history")
        await screen.shows("CP001")
        screen.resize(80, 24)
        await screen.types("help")
        await screen.shows("puntos de recarga disponibles")
        await screen.keys("ctrl-c")
        await screen.shows(r"¿Salir\? Pulse Ctrl\+C otra vez o escriba quit")
        await central.dies()
        await screen.shows(
            r"Imposible conectar con la CENTRAL en [\d.:]+; se reintenta \(su recarga\s+continúa\)"
        )
        await screen.shows("✗ sin conexión con la CENTRAL, se reintenta")
        await screen.types("troubles")
        await screen.shows(r"desde [\d:]+: Imposible conectar con la CENTRAL")
        await screen.keys("ctrl-c")
        await screen.shows(r"¿Salir\? Pulse Ctrl\+C otra vez o escriba quit")
        # The second one, as nothing was typed since.
        await screen.keys("ctrl-c")
        assert await screen.ends() == 0
        assert "Su recarga en CP001 continúa; verá su tique cuando vuelva." in screen.text
    await city.central()


async def test_a_terminal_that_is_closed_leaves_the_charge_alone(city: City):
    central = await city.central()
    await point(city, central, "CP001", *SHORT[:-1], "6")
    async with seat(city, columns=20) as screen:
        await screen.shows("Connected")
        await screen.types("start CP001")
        await screen.shows("Charging at CP001")
        await screen.shows(r"CP001 +22\.00 kW")
        screen.hang_up()
        assert await screen.ends() in (0, 1, -1)
    async with asyncio.timeout(40):
        while not city.books("SELECT 1 FROM ticket"):
            await asyncio.sleep(0.1)
    async with seat(city, NO_COLOR="1") as screen:
        await screen.shows("this charge ended while you were away")
        assert "\x1b[32m" not in screen.raw.decode("utf-8", "replace")
        # Nothing is under way any more: the first Ctrl+C leaves.
        await screen.keys("ctrl-c")
        assert await screen.ends() == 0


def tickets_shown(*programs: Program) -> list[str]:
    return [found for program in programs for found in re.findall(r"Session: (S-\S+)", program.text)]


@pytest.mark.long
@pytest.mark.parametrize("seconds", [30])
async def test_two_faulty_drivers_leave_the_books_whole_and_every_ticket_shown_once(city: City, seconds: int):
    central = await city.central()
    for cp_id in ("CP001", "CP002"):
        await point(city, central, cp_id, *SHORT)
    faulty = [
        await city.driver(f"D{number:02}", "--chaos", str(number), "--pause", "0.3") for number in (1, 2)
    ]
    for number, driver in enumerate(faulty, 1):
        await driver.says(f"chaos {number}: this driver misbehaves on purpose")
    await asyncio.sleep(seconds)
    for driver in faulty:
        assert await driver.stops() == 0, driver.text
    await city.settles()
    # Back with their manners, they are shown what they have missed.
    polite = [await city.driver(f"D{number:02}") for number in (1, 2)]
    issued = [row[0] for row in city.books("SELECT session_id FROM ticket")]
    async with asyncio.timeout(30):
        while sorted(tickets_shown(*faulty, *polite)) != sorted(issued):
            await asyncio.sleep(0.1)
    for driver in polite:
        driver.types("quit")
        assert await driver.ends() == 0
    assert len(issued) >= 4
    told = "\n".join(driver.text for driver in faulty)
    assert len(set(re.findall(r"chaos \d+: (.*)", told))) >= 5, told
    held = city.books("SELECT SUM(held_cents) FROM driver")[0][0]
    assert held == 0
