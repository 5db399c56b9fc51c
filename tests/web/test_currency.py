"""The pages of a network that counts in pounds: every amount, every word, in every language."""

from pathlib import Path

from playwright.async_api import Page, expect

from tests.web.browser import languages
from tests.web.room import control_room
from tests.web.scene import Charge

# What stands on a page, and what its words would say if they were shown.
_TEXT = "() => document.documentElement.innerHTML"


async def clean(page: Page) -> None:
    async for _ in languages(page):
        assert "€" not in await page.evaluate(_TEXT)


async def test_the_wall_the_drivers_page_and_its_receipt_say_pounds(tmp_path: Path, window) -> None:
    async with control_room(tmp_path, currency="GBP") as room, window() as mine, window() as control:
        engine = await room.town.point("CP001")
        page = await room.enter(mine, "driver", name="D01")
        wall = await room.enter(control, "admin")
        await expect(page.locator("#balance")).to_have_text("£20.00")
        await expect(page.locator("#free")).to_contain_text("£0.25/kWh")
        await expect(page.locator("#until-unit")).to_contain_text("£")
        await page.click('#free button[data-cp="CP001"]')
        await engine.is_asked()
        await engine.journals(engine.starts())
        Charge(engine, 11_000, 4_000_000).update()
        await expect(wall.locator('.tile[data-cp="CP001"]')).to_contain_text("£1.00")
        await expect(wall.locator(".running-panel thead")).to_contain_text("£")
        await engine.journals(engine.meters(4_000_000), engine.ends())
        await expect(page.locator("#receipts")).to_contain_text("£1.00")
        await expect(wall.locator('[data-kpi="revenue"]')).to_contain_text("£1.00")
        await clean(page)
        await clean(wall)
        await page.select_option("#lang", "de")
        await expect(page.locator("#balance")).to_have_text("19,00\u00a0£")
