"""The operator's first tab with the keyboard alone."""

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.web.browser import PHONE

# Enough for rows and columns.
POINTS = tuple(f"CP{number:03}" for number in range(1, 10))


@pytest_asyncio.fixture(loop_scope="session", scope="module", autouse=True)
async def _points(room) -> None:
    for cp_id in POINTS:
        await room.town.point(cp_id)
    await room.ask("POST", "/api/cps/CP009/out")


@pytest_asyncio.fixture(loop_scope="session")
async def page(room, window):
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await expect(page.locator(".tile")).to_have_count(len(POINTS))
        yield page


def tile(page: Page, cp_id: str):
    return page.locator(f'.tile[data-cp="{cp_id}"]')


async def test_one_tab_stop_leads_to_the_tiles_and_arrows_walk_among_them(page) -> None:
    await expect(page.locator('.tile[tabindex="0"]')).to_have_count(1)
    await tile(page, "CP001").focus()
    await page.keyboard.press("ArrowRight")
    await expect(tile(page, "CP002")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator('.tile:focus[tabindex="0"]')).to_have_count(1)
    here, below = await tile(page, "CP002").bounding_box(), await page.locator(".tile:focus").bounding_box()
    assert below["x"] == here["x"]
    assert below["y"] > here["y"]
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowLeft")
    await expect(tile(page, "CP001")).to_be_focused()
    await page.keyboard.press("End")
    await expect(tile(page, "CP009")).to_be_focused()
    await page.keyboard.press("Home")
    await expect(tile(page, "CP001")).to_be_focused()


async def test_enter_opens_a_charging_point_and_escape_comes_back_to_its_tile(page) -> None:
    await tile(page, "CP003").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#drawer h2")).to_have_text("CP003")
    await page.keyboard.press("Escape")
    await expect(page.locator("#drawer")).to_be_hidden()
    await expect(tile(page, "CP003")).to_be_focused()


async def test_slash_searches_and_escape_shows_all_again(page) -> None:
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()
    # A letter that is a command elsewhere is a letter here.
    await page.keyboard.type("d")
    await expect(page.locator("#search")).to_have_value("d")
    await page.fill("#search", "cp002")
    await expect(page.locator(".tile:visible")).to_have_count(1)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.locator(".tile:visible")).to_have_count(len(POINTS))
    await expect(page.locator("#search")).to_have_value("")


@pytest.mark.parametrize(("key", "status", "count"), [("2", "unavailable", 1), ("5", "available", 8)])
async def test_a_number_shows_one_status_and_zero_shows_all(page, key, status, count) -> None:
    await page.keyboard.press(key)
    await expect(page.locator(f'[data-filter="{status}"]')).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".tile:visible")).to_have_count(count)
    await expect(page.locator(f'.tile:visible[data-s="{status}"]')).to_have_count(count)
    await page.keyboard.press("0")
    await expect(page.locator(".tile:visible")).to_have_count(len(POINTS))
    await expect(page.locator('[data-filter="all"]')).to_have_attribute("aria-pressed", "true")


async def test_a_filtered_wall_says_how_many_it_shows(page) -> None:
    await page.click('[data-filter="unavailable"]')
    await expect(page.locator(".stage")).to_contain_text("1 of 9 charging points")
    await page.click('[data-filter="faulted"]')
    await expect(page.locator(".stage")).to_contain_text("No charging point matches. Esc shows all.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".tile:visible")).to_have_count(len(POINTS))


async def test_d_walks_through_the_four_views(page) -> None:
    for density in ("compact", "mosaic", "map", "tiles"):
        await page.keyboard.press("d")
        await expect(page.locator(f'[data-d="{density}"]')).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".view > *").first).to_be_visible()
    await expect(page.locator(".tile:visible")).to_have_count(len(POINTS))


async def test_the_mosaic_says_what_is_under_its_cursor_and_enter_opens_it(page) -> None:
    await page.click('[data-d="mosaic"]')
    canvas = page.locator("canvas.mosaic")
    await canvas.focus()
    await page.keyboard.press("Home")
    await expect(page.locator("#mosaic-at")).to_contain_text("CP001, Available, Berlin")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#mosaic-at")).to_contain_text("CP002")
    await page.keyboard.press("Enter")
    await expect(page.locator("#drawer h2")).to_have_text("CP002")


async def test_t_changes_the_theme_and_l_the_language_and_both_last(page, room) -> None:
    html = page.locator("html")
    await expect(html).to_have_attribute("data-theme", "dark")
    await page.keyboard.press("t")
    await expect(html).to_have_attribute("data-theme", "light")
    await page.keyboard.press("l")
    await expect(html).to_have_attribute("lang", "es")
    await expect(page.locator("#out-all")).to_have_text("Todos fuera de servicio")
    await page.reload()
    await expect(html).to_have_attribute("data-theme", "light")
    await expect(page.locator("#out-all")).to_have_text("Todos fuera de servicio")


async def test_a_language_is_chosen_by_its_own_name(page) -> None:
    choice = page.get_by_label("Language", exact=True)
    names = ["English", "Español", "Deutsch", "Français", "Português", "Català"]
    assert await choice.locator("option").all_inner_texts() == names
    await choice.select_option("Español")
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    await expect(page.locator("label.language")).to_contain_text("ES")
    await expect(page.get_by_label("Idioma", exact=True)).to_have_value("es")


async def test_the_first_tab_stop_skips_to_the_content(page) -> None:
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()


async def test_keys_of_one_character_can_be_switched_off_and_stay_so(page) -> None:
    tiles = page.locator('[data-d="tiles"]')
    await page.keyboard.press("?")
    await page.locator("#single-keys").uncheck()
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(page.locator(".tile")).to_have_count(len(POINTS))
    for key in ("d", "/", "t", "1", "?"):
        await page.keyboard.press(key)
    await expect(tiles).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#search")).not_to_be_focused()
    await expect(page.locator("dialog[open]")).to_have_count(0)
    # Without the key the list is in the account's menu.
    await page.click("#account summary")
    await page.locator(".menu-box").get_by_role("button", name="Keys").click()
    await page.locator("#single-keys").check()
    await page.keyboard.press("Escape")
    await page.keyboard.press("d")
    await expect(tiles).to_have_attribute("aria-pressed", "false")


async def test_a_phone_reaches_every_entry_of_the_navigation(room, window) -> None:
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "operator")
        links, more = page.locator(".nav a:not(.brand)"), page.locator(".nav .more")
        await expect(page.get_by_role("link", name="Registration")).to_be_hidden()
        await more.click()
        assert await links.count() >= 8
        for link in await links.all():
            box = await link.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]
            assert box["y"] + box["height"] <= PHONE[1]
        await page.get_by_role("link", name="Audit").click()
        await expect(more).to_have_attribute("aria-expanded", "false")
        # Where one is stays in view.
        await expect(page.locator(".nav [aria-current]")).to_be_in_viewport()
        assert page.url.endswith("#audit")


async def test_one_box_finds_points_drivers_and_what_happened_and_back_leads_back(page, room) -> None:
    await page.get_by_role("link", name="Weather").click()
    # The tab has the focus once it is there.
    await expect(page.locator("#main")).to_be_focused()
    await page.keyboard.press("/")
    await page.keyboard.type("cp009")
    found = page.locator("#found")
    # Lists: several are found for as long as less is typed, and a single text does not wait for that to end.
    await expect(found.locator('[data-group="points"] a')).to_have_text(["CP009Berlin"])
    await expect(found.locator('[data-group="audit"] a')).to_contain_text(["What happened to CP009"])
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "found-0")
    await page.keyboard.press("Enter")
    await expect(page.locator("#drawer h2")).to_have_text("CP009")
    assert page.url.endswith("#wall?cp=CP009")
    await page.go_back()
    await expect(page.locator("#drawer")).to_be_hidden()
    assert page.url.endswith("#weather")
    # Of many it shows the first, and says how many more there are.
    await page.fill("#search", "cp0")
    await expect(found.locator('[data-group="points"] a')).to_have_count(6)
    await expect(found.locator('[data-group="points"] p')).to_have_text(f"{len(POINTS) - 6} more – type on")
    # What happened is found by its name, too.
    await page.fill("#search", "out of order")
    await expect(found.locator('[data-group="audit"] a').first).to_have_attribute(
        "href", re.compile(r"^#audit\?type=")
    )
    await page.keyboard.press("Escape")
    await expect(found).to_be_hidden()


async def test_who_types_while_a_tab_is_loading_goes_on_typing(page) -> None:
    held = asyncio.Event()

    async def slow(route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/js/pages/weather.js", slow)
    await page.get_by_role("link", name="Weather").click()
    await page.keyboard.press("/")
    await page.keyboard.type("cp0")
    held.set()
    await expect(page.locator("#weather")).not_to_be_empty()
    await page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    await page.keyboard.type("09")
    await expect(page.locator("#search")).to_have_value("cp009")
    await expect(page.locator("#search")).to_be_focused()


async def test_who_types_before_a_browser_has_told_of_the_new_address_goes_on_typing(page) -> None:
    # A browser tells of it a task later; on a busy machine a person is quicker.
    link = "document.querySelector('.nav a[href=\"#weather\"]')"
    await page.evaluate(f"{link}.click(); document.querySelector('#search').focus()")
    await expect(page.locator("#weather")).not_to_be_empty()
    await page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    await page.keyboard.type("cp009")
    await expect(page.locator("#search")).to_have_value("cp009")


async def test_the_map_shows_what_the_weather_service_found_and_the_rest_beside_it(page, room) -> None:
    where = {"location": "Berlin", "temperature_celsius": 9.0, "latitude": 52.52, "longitude": 13.4}
    await room.ask("POST", "/api/weather_update", where)
    # The last test of this file: it adds a charging point.
    room.town.places = {**room.town.places, "CP010": "Atlantis"}
    await room.town.point("CP010")
    await page.click('[data-d="map"]')
    node = page.locator('.node[data-site="berlin"]')
    await expect(node).to_be_visible()
    await expect(page.locator(".map-aside")).to_contain_text("Atlantis")
    before = await node.bounding_box()
    await page.locator("svg.map").focus()
    await page.keyboard.press("ArrowRight")
    after = await node.bounding_box()
    assert after["x"] < before["x"]
    await page.click('[data-zoom="fit"]')
    assert (await node.bounding_box())["x"] == pytest.approx(before["x"], abs=1)
    await node.click()
    await expect(page.locator('[data-d="tiles"]')).to_have_attribute("aria-pressed", "true")
