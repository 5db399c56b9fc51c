"""The monitor's page: the health of every charging point, told by two lamps, words and charts."""

import asyncio

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from evcharge.evc1.messages import Health
from tests.web.browser import PHONE
from tests.web.scene import begin_charge, flowing

# Monitor and engine up or down, and what follows: status, the lamps' words, the sentence.
TRUTH = {
    "CP001": ("available", "heard", "OK", "Monitor and engine are up: the charging point works."),
    "CP002": ("faulted", "heard", "KO", "Monitor up, engine KO: Faulted until the engine is well again."),
    "CP003": ("faulted", "heard", "no link", "Monitor up, engine without a link: Faulted until it is back."),
    "CP004": ("disconnected", "not heard", "OK", "Monitor down: Disconnected, whatever the engine does."),
    "CP005": (
        "disconnected",
        "not heard",
        "no link",
        "Monitor down: Disconnected, whatever the engine does.",
    ),
    "CP006": (
        "unavailable",
        "heard",
        "OK",
        "Monitor and engine are up, but Central withholds it: by the operator.",
    ),
}


@pytest_asyncio.fixture(loop_scope="session", scope="module", autouse=True)
async def _points(room) -> None:
    town = room.town
    await town.point("CP001")
    await town.engine("CP002")
    await town.monitor("CP002", fault="overheated")
    await town.monitor("CP003")
    await town.engine("CP004")
    (await town.engine("CP005")).channel.abort()
    await town.point("CP006")
    await room.ask("POST", "/api/cps/CP006/out")
    for cp_id, words in (("CP002", "Faulted"), ("CP003", "Faulted"), ("CP006", "Out of Order")):
        await town.says(rf"{cp_id} .*{words}")


def row(page: Page, cp_id: str) -> Locator:
    return page.locator(f'#rows li[data-cp="{cp_id}"]')


@pytest.mark.parametrize("cp_id", TRUTH)
async def test_two_lamps_with_words_tell_what_is_wrong(room, window, cp_id) -> None:
    status, monitor, engine, follows = TRUTH[cp_id]
    async with window() as opened:
        page = await room.enter(opened, "viewer", at=f"/monitor#{cp_id}")
        await expect(row(page, cp_id)).to_have_attribute("data-s", status)
        lamps = row(page, cp_id).locator(".lamp")
        for lamp, name, word in ((lamps.nth(0), "Monitor", monitor), (lamps.nth(1), "Engine", engine)):
            await expect(lamp).to_have_text(f"{name} {word}")
            await expect(lamp).to_have_attribute("data-ok", str(word in ("heard", "OK")).lower())
        await expect(page.locator("#point h2")).to_have_text(cp_id)
        await expect(page.locator("#point .truth")).to_have_text(follows)


async def test_a_fault_shows_at_once_and_says_when_it_is_restored(room, window) -> None:
    engine = await room.town.point("CP011")
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/monitor#CP011")
        await expect(row(page, "CP011")).to_have_attribute("data-s", "available")
        engine.monitor.send(Health(fault="cable damaged"))
        await expect(row(page, "CP011")).to_have_attribute("data-s", "faulted")
        await expect(page.locator("#point .lamp-card").nth(1)).to_contain_text("cable damaged")
        alert = page.locator('#alerts [data-alert="CP011-fault"]')
        await expect(alert).to_contain_text("cable damaged")
        await expect(page.locator("#point .faults li")).to_contain_text("cable damaged")
        engine.monitor.send(Health(fault=None))
        await expect(row(page, "CP011")).to_have_attribute("data-s", "available")
        await expect(alert).to_have_class("solved")
        await expect(alert).to_contain_text("solved after")
        await expect(page.locator("#point .truth")).to_contain_text("the charging point works")


async def test_the_charts_of_power_and_temperature_grow_while_it_charges(room, window) -> None:
    charge = await begin_charge(room.town, await room.town.point("CP012"), "D12")
    flow = asyncio.create_task(flowing([charge]))
    try:
        async with window() as opened:
            page = await room.enter(opened, "viewer", at="/monitor#CP012")
            power, warmth = (page.locator("#point .graphs svg path.ch-line").nth(k) for k in (0, 1))
            await expect(power).to_be_attached()
            await expect(warmth).to_be_attached()
            # A second figure makes it a line.
            points = page.locator('#point .graphs svg path.ch-line[d*="L"]')
            await expect(points).to_have_count(2)
            await expect(page.locator("#point .graphs figcaption").first).to_contain_text("kW")
    finally:
        flow.cancel()


async def test_a_point_whose_last_day_cannot_be_had_says_why_until_it_can(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("503")
        day = "**/api/cps/CP001"
        await opened.page.route(
            day, lambda route: route.fulfill(status=503, json={"detail": "Too much at once."})
        )
        page = await room.enter(opened, "viewer", at="/monitor#CP001")
        faults, charts = page.locator("#point .faults + .none"), page.locator("#point .graphs .ch-empty")
        await expect(faults).to_have_text("Too much at once.")
        await expect(charts).to_have_text(["Could not be loaded"] * 2)
        await page.unroute(day)
        # It asks again some seconds later.
        await expect(faults).to_have_text("No fault in the last 24 hours.", timeout=20_000)
        await expect(charts.first).to_have_text("No power figures yet")


async def test_those_with_trouble_are_found_by_a_key_and_by_words(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/monitor")
        await expect(row(page, "CP001")).to_be_visible()
        await page.keyboard.press("p")
        await expect(row(page, "CP001")).to_have_count(0)
        await expect(row(page, "CP002")).to_be_visible()
        await page.keyboard.press("p")
        await page.keyboard.press("/")
        await page.keyboard.type("cp006")
        await expect(page.locator("#rows li")).to_have_count(1)
        await page.fill("#search", "CP999")
        await expect(page.locator("#rows-none")).to_have_text("No charging point matches.")


async def test_on_a_phone_a_charging_point_opens_and_the_way_back_leads_to_its_row(room, window) -> None:
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "viewer", at="/monitor")
        await row(page, "CP002").locator("button").click()
        await expect(page.locator("#point .truth")).to_be_visible()
        await expect(page.locator("#rows")).to_be_hidden()
        await page.get_by_role("button", name="All charging points").click()
        await expect(row(page, "CP002").locator("button")).to_be_focused()


async def test_the_page_gives_no_orders(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "admin", at="/monitor#CP001")
        await expect(page.locator("#point .truth")).to_be_visible()
        await expect(page.locator("#out-all, [data-act]")).to_have_count(0)
