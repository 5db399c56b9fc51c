"""The login page."""

from playwright.async_api import expect


async def test_an_operator_logs_in_and_sees_the_wall(room, window) -> None:
    await room.town.point("CP001")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        tile = page.locator('[data-cp="CP001"]').first
        await expect(tile).to_have_attribute("data-s", "available")
