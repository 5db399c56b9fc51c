"""Texts that come from outside are text, on every page: no markup runs, no line is turned around."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from evcharge.evc1.messages import Health

MARKUP = '<img src=x onerror="document.title=1"><script>alert(1)</script>'
# Arabic and Hebrew are read from the right. What turns other text around is refused; invisible marks are not kept.
RIGHT_TO_LEFT = "محطة <b>שלום</b> {driver} %s ${7*7}"
LONG = "W" * 80
PLACES = {"CP001": MARKUP, "CP002": RIGHT_TO_LEFT, "CP003": LONG}
FAULT = '"><svg onload=alert(1)> ' + "שלום"
SOURCE = "javascript:alert(1)<img src=x onerror=alert(1)>"


@pytest_asyncio.fixture(loop_scope="session", scope="module", autouse=True)
async def _scene(room) -> None:
    room.town.places = PLACES | {"CP002": RIGHT_TO_LEFT.replace("<b>", "\u200f<b>")}
    for cp_id in PLACES:
        engine = await room.town.point(cp_id)
    engine.monitor.send(Health(fault=FAULT))
    await room.town.says("CP003 .*Faulted")
    for place in PLACES.values():
        report = {"location": place, "temperature_celsius": 17.5, "source": SOURCE[:40]}
        await room.ask("POST", "/api/weather_update", report)
    await room.ask("POST", "/api/weather_alert", {"location": MARKUP, "alert": "STORM", "text": MARKUP})


@pytest_asyncio.fixture(loop_scope="session")
async def opened(window):
    """A window in which nothing may ask, run or be loaded from the hostile texts."""
    asked, loaded = [], []
    async with window() as one:
        one.page.on("dialog", lambda dialog: asked.append(dialog.message))
        one.page.on("request", lambda request: loaded.append(request.url))
        yield one
        assert not asked
        assert not [url for url in loaded if url.endswith("/x")]


async def harmless(page: Page) -> None:
    """Nothing of the texts has become an element, and none of them moves the page."""
    await expect(page.locator("img, b b, svg[onload], main script")).to_have_count(0)
    assert await page.title() != "1"
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_on_the_wall(room, opened) -> None:
    page = await room.enter(opened, "operator")
    for cp_id, place in PLACES.items():
        await expect(page.locator(f'.tile[data-cp="{cp_id}"] .loc')).to_have_text(place)
    await expect(page.locator('.tile[data-cp="CP003"] .sub')).to_have_text(FAULT)
    await expect(page.locator('[data-alert="CP003-fault"] .what')).to_contain_text(FAULT)
    await expect(page.locator(".messages-panel")).to_contain_text(MARKUP)
    await harmless(page)
    await page.click('.tile[data-cp="CP001"]')
    await expect(page.locator("#drawer")).to_contain_text(MARKUP)
    await harmless(page)
    await page.keyboard.press("Escape")
    for view in ("mosaic", "map"):
        await page.click(f'[data-d="{view}"]')
        await expect(page.locator(".view > *").first).to_be_visible()
        await harmless(page)
    # What is searched is text too.
    await page.click('[data-d="tiles"]')
    await page.fill("#search", MARKUP)
    await expect(page.locator(".tile:visible")).to_have_count(1)


@pytest.mark.parametrize(
    ("tab", "text"), [("weather", MARKUP), ("weather", SOURCE[:40]), ("audit", MARKUP), ("audit", FAULT)]
)
async def test_in_a_tab(room, opened, tab, text) -> None:
    page = await room.enter(opened, "operator", at=f"/#{tab}")
    await expect(page.locator(f"#{tab}")).to_contain_text(text)
    await harmless(page)


async def test_in_the_question_whether_to_override_the_weather(room, opened) -> None:
    page = await room.enter(opened, "operator", at="/#weather")
    await page.get_by_role("button", name="Open in spite of the weather").click()
    await expect(page.locator("dialog[open]")).to_contain_text(f"Open {MARKUP} in spite of the weather?")
    await harmless(page)


async def test_on_the_monitors_page(room, opened) -> None:
    page = await room.enter(opened, "viewer", at="/monitor#CP003")
    await expect(page.locator("#point")).to_contain_text(FAULT)
    await expect(page.locator("#rows")).to_contain_text(MARKUP)
    await expect(page.locator("#alerts")).to_contain_text(FAULT)
    await harmless(page)


async def test_on_the_drivers_page(room, opened) -> None:
    page = await room.enter(opened, "driver")
    await expect(page.locator("#free")).to_contain_text(RIGHT_TO_LEFT)
    await harmless(page)
    await page.fill("#filter", MARKUP)
    await expect(page.locator("#free-none")).to_contain_text(MARKUP)
    await harmless(page)


async def test_in_the_address_of_the_login_page(room, opened) -> None:
    page = opened.page
    await page.goto(f"{room.url}/login?next=%22%3E{MARKUP}&lang={MARKUP}&theme={MARKUP}#{MARKUP}")
    await expect(page.locator("#enter")).to_be_visible()
    await harmless(page)


async def test_what_turns_text_around_is_refused(room) -> None:
    for mark in ("\u202e", "\u2066", "\n", "\x1b[31m"):
        with pytest.raises(AssertionError, match="E_FIELD"):
            await room.ask("PATCH", "/api/cps/CP001", {"location": f"Elche{mark}!"})
