"""A charge on a phone while something breaks: the bar at the bottom says what is so, what it costs, and what to do."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from evcharge.evc1.messages import Health, Stop
from tests.component.town import FakeEngine, hear
from tests.web.browser import PATIENCE_MS, PHONE, SOCKETS
from tests.web.room import ControlRoom, central_of, registry_of
from tests.web.scene import Charge

# The big button changes under the hand: a click so soon after that still belongs to a double click.
UNHURRIED_MS = 700
# --attention and --text of the dark theme.
AMBER, PLAIN = "rgb(255, 190, 107)", "rgb(232, 238, 246)"
SO_FAR = "2.00 kWh · 0.50\u00a0€"


async def charging(page: Page, engine: FakeEngine) -> Charge:
    """Charge at `engine` by the page's own button: 2 kWh so far."""
    await page.click(f'#free button[data-cp="{engine.cp_id}"]')
    await engine.is_asked()
    await expect(page.locator("#live")).to_have_attribute("data-state", "ready")
    await engine.journals(engine.starts(), engine.meters(2_000_000))
    charge = Charge(engine, 11_000, 2_000_000)
    charge.update()
    await bar(page, "Charging", SO_FAR, "", color=PLAIN)
    await expect(page.locator("#power")).to_have_text("11.0\u00a0kW")
    return charge


async def bar(
    page: Page, state: str, so_far: str, note: str | re.Pattern[str], *, color: str = AMBER
) -> None:
    """Wait until the bar says this, and all of it can be seen."""
    await expect(page.locator("#bar-note")).to_have_text(note)
    await expect(page.locator("#bar-state")).to_have_text(re.compile(f"^{state} · CP"))
    await expect(page.locator("#bar-what")).to_have_text(so_far)
    await expect(page.locator("#bar-state")).to_have_css("color", color)
    await expect(page.locator("#bar")).to_be_in_viewport(ratio=1)


async def bar_twice(page: Page, state: str, so_far: str, note: str | re.Pattern[str]) -> None:
    """Wait until the bar says this, and until it says so again after a reload."""
    await bar(page, state, so_far, note)
    await page.reload()
    await bar(page, state, so_far, note)


async def again(room: ControlRoom, engine: FakeEngine) -> FakeEngine:
    """Return the same engine, linked once more."""
    back = await room.town.engine(engine.cp_id)
    back.seq, back.start, back.meter_mwh = engine.seq, engine.start, engine.meter_mwh
    return back


async def test_the_engine_dies(room, window) -> None:
    engine = await room.town.point("CP301")
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D301")
        await charging(page, engine)
        engine.channel.abort()
        await bar_twice(page, "Charging", SO_FAR, re.compile("^CP301 has no link to CENTRAL"))
        # What is not known is not shown as nothing.
        await expect(page.locator("#power")).to_have_text("–")
        engine.monitor.send(Health(fault="no engine"))
        await bar_twice(page, "Interrupted", SO_FAR, re.compile("^CP301 failed .* is kept"))
        back = await again(room, engine)
        await back.journals(back.meters(500_000), back.ends("fault"))
        ended = "Ended: fault at the charging point"
        await bar_twice(page, "Ended", "2.50 kWh · 0.63\u00a0€", ended)


@pytest.mark.parametrize(
    ("lang", "driver_id", "broken", "ended", "words"),
    [
        ("en", "D302", "Interrupted", "Ended", ("Stopped because of the weather. ", "stopped because of")),
        ("de", "D303", "Unterbrochen", "Beendet", ("Wegen des Wetters beendet", "wegen des Wetters")),
    ],
)
async def test_the_weather_comes(room, window, lang, driver_id, broken, ended, words) -> None:
    cp_id = driver_id.replace("D", "CP")
    room.town.places[cp_id] = f"Town of {cp_id}"
    engine = await room.town.point(cp_id)
    async with window(size=PHONE, lang="en") as opened:
        page = await room.enter(opened, "driver", name=driver_id)
        await charging(page, engine)
        await page.select_option("#lang", lang)
        alert = {"location": room.town.places[cp_id], "alert": "COLD", "temperature_celsius": -1.5}
        await room.ask("POST", "/api/weather_alert", alert)
        await hear(engine.channel, Stop)
        comma = str.maketrans(".", "," if lang == "de" else ".")
        await bar_twice(page, broken, SO_FAR.translate(comma), re.compile(f"^{words[0]}"))
        await engine.journals(engine.ends("weather"))
        await bar_twice(page, ended, SO_FAR.translate(comma), re.compile(words[1]))


async def test_the_money_ends(room, window) -> None:
    engine = await room.town.point("CP304")
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D304")
        await charging(page, engine)
        # 20 € pay for 80 kWh.
        await engine.journals(engine.meters(76_000_000))
        near = "98\u00a0% of the 80.00\u00a0kWh you can pay for"
        await bar_twice(page, "Charging", "78.00 kWh · 19.50\u00a0€", near)
        await engine.journals(engine.meters(2_000_000), engine.ends("limit"))
        what_to_do = re.compile(r"^Ended: the prepaid limit was reached\. .*Ask the operator")
        await bar_twice(page, "Ended", "80.00 kWh · 20.00\u00a0€", what_to_do)
        await page.click("#bar-act", delay=UNHURRIED_MS)
        await expect(page.locator("#live")).to_have_attribute("data-state", "idle")
        await expect(page.locator("#under")).to_contain_text("Ask the operator")
        await expect(page.locator("#under")).to_have_css("color", AMBER)


async def test_the_monitor_dies(room, window) -> None:
    engine = await room.town.point("CP305")
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D305")
        await charging(page, engine)
        engine.monitor.abort()
        note = re.compile("^The monitor of CP305 is not heard; your charge goes on")
        await bar_twice(page, "Charging", SO_FAR, note)
        await engine.journals(engine.ends("unplugged"))
        # An end that its driver expects is nothing to look at.
        await bar(page, "Ended", SO_FAR, "", color=PLAIN)


async def test_central_restarts(tmp_path: Path, window) -> None:
    async with registry_of(tmp_path / "state") as registry, window(size=PHONE) as opened:
        async with central_of(registry) as room:
            engine = await room.town.point("CP001")
            page = await room.enter(opened, "driver", name="D01")
            await charging(page, engine)
        gone = "Unable to connect to Central. Your charge goes on; unplug the car to end it now."
        await bar(page, "Charging", SO_FAR, gone)
        await expect(page.locator("#power")).to_have_text("–")
        ports = {"port": room.town.port, "api_port": int(room.url.rpartition(":")[2])}
        async with central_of(registry, **ports) as room:
            await bar_twice(page, "Charging", SO_FAR, re.compile("^CP001 has no link to CENTRAL"))
            back = await again(room, engine)
            back.monitor = await room.town.monitor("CP001")
            Charge(back, 11_000, 2_000_000).update()
            await bar(page, "Charging", SO_FAR, "", color=PLAIN)


async def test_the_phone_has_no_network(room, window) -> None:
    engine = await room.town.point("CP306")
    async with window(size=PHONE, keeps=True) as opened:
        opened.allowed += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
        await opened.page.add_init_script(SOCKETS)
        page = await room.enter(opened, "driver", name="D306")
        # The page itself is kept when it is opened for the second time.
        await page.evaluate("navigator.serviceWorker.ready")
        await page.reload()
        charge = await charging(page, engine)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            kept = "caches.match('/driver', { ignoreSearch: true }).then((page) => !!page)"
            while not await page.evaluate(f"performance.getEntriesByName('whole').length && {kept}"):
                await asyncio.sleep(0.05)
        await page.context.set_offline(True)
        await page.evaluate("sockets.forEach((one) => one.close())")
        alone = "This device has no network. Your charge goes on; unplug the car to end it now."
        await bar_twice(page, "Charging", SO_FAR, alone)
        await page.context.set_offline(False)
        charge.update()
        await bar(page, "Charging", "2.01 kWh · 0.50\u00a0€", "", color=PLAIN)
