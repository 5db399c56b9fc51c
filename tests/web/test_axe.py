"""A full house on every page: axe finds nothing, dark and light, and nothing is cut on any screen."""

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.web.browser import LAPTOP, PHONE, TELEVISION, languages
from tests.web.room import control_room
from tests.web.scene import lively, write_the_past

LOOKS = [("dark", "en"), ("light", "es")]
VIEWS = ("tiles", "compact", "mosaic", "map")
TABS = ("history", "stats", "drivers", "weather", "audit", "registration")
# What opens a dialog or a sheet, by the element in which the button is.
OPENERS = {
    "history": ("open",),
    "drivers": ("statement", "top-up", "correct", "pay-out", "block"),
    "weather": ("raise", "end"),
    "audit": ("open",),
    "registration": (
        "own-password",
        "add-accounts",
        "password",
        "change_role",
        "remove",
        "add-tokens",
    ),
}
DRAWER = ("end", "out", "revoke", "price", "move", "withdraw", "qr")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def room(tmp_path_factory):
    """A full house: a month of charges, every status, alerts, weather."""
    folder = tmp_path_factory.mktemp("room")
    await write_the_past(folder / "state")
    async with control_room(folder) as running:
        for charge in await lively(running):
            charge.update()
        yield running


async def faultless(page: Page, name: str) -> None:
    """Have axe look at what is shown now."""
    found = await Axe().run(page)
    told = [
        f"{name}: {one['id']} ({one['impact']}): {one['help']}\n  {node['html'][:200]}\n  {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"][:3]
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_the_login_page_has_no_violations(room, window, theme, lang) -> None:
    async with window(theme=theme, lang=lang) as opened:
        opened.allowed.append("401")
        await opened.page.goto(f"{room.url}/login")
        await faultless(opened.page, "login")
        await opened.page.fill("#name", "nobody")
        await opened.page.fill("#password", "wrong")
        await opened.page.click("#enter")
        await expect(opened.page.locator("#problem")).not_to_be_empty()
        await faultless(opened.page, "login, refused")


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_the_wall_has_no_violations(room, window, theme, lang) -> None:
    async with window(theme=theme, lang=lang) as opened:
        page = await room.enter(opened)
        await expect(page.locator('.tile[data-s="charging"]')).to_have_count(5)
        for view in VIEWS:
            await page.click(f'[data-d="{view}"]')
            await expect(page.locator(".view > *").first).to_be_visible()
            await faultless(page, view)
        await page.click('[data-d="tiles"]')
        await page.click("#out-all")
        await expect(page.locator("dialog[open]")).to_be_visible()
        await faultless(page, "stop all?")
        await page.keyboard.press("Escape")
        await page.click('.tile[data-cp="CP002"]')
        await expect(page.locator("#drawer svg.strip, #drawer figure svg").first).to_be_visible()
        await faultless(page, "drawer")
        await page.keyboard.press("Escape")
        await page.click("#account summary")
        await faultless(page, "account")


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_no_tab_has_violations(room, window, theme, lang) -> None:
    async with window(theme=theme, lang=lang) as opened:
        page = await room.enter(opened)
        for tab in TABS:
            await page.click(f'.nav a[href="#{tab}"]')
            await expect(page.locator(f"#{tab} h2")).to_be_visible()
            await expect(page.locator(f"#{tab} [aria-busy=true], #{tab} [data-state=loading]")).to_have_count(
                0
            )
            await expect(page.locator(f"#{tab} tbody tr:visible, #{tab} .place").first).to_be_visible()
            await faultless(page, tab)


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_the_monitors_page_has_no_violations(room, window, theme, lang) -> None:
    async with window(theme=theme, lang=lang) as opened:
        page = await room.enter(opened, "viewer", at="/monitor#CP005")
        await expect(page.locator("#point h2")).to_have_text("CP005")
        await expect(page.locator("#rows li")).to_have_count(18)
        await faultless(page, "monitor")


async def test_no_page_aside_has_violations(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("404")
        page = await room.enter(opened, "viewer", at="/?kiosk=1")
        for path in ("/?kiosk=1", "/phones", "/nowhere"):
            await page.goto(f"{room.url}{path}")
            await expect(page.locator("h1").first).not_to_be_empty()
            for theme in ("dark", "light"):
                await page.emulate_media(color_scheme=theme)
                await expect(page.locator("html")).to_have_attribute("data-theme", theme)
                await faultless(page, f"{path}, {theme}")


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_the_drivers_page_has_no_violations(room, window, theme, lang) -> None:
    async with window(theme=theme, lang=lang, size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D01")
        await expect(page.locator("#live")).to_have_attribute("data-state", "charging")
        await expect(page.locator("#past li").first).to_be_visible()
        await faultless(page, "driver, charging")
    async with window(theme=theme, lang=lang) as opened:
        page = await room.enter(opened, "driver", name="D08")
        await expect(page.locator("#live")).to_have_attribute("data-state", "idle")
        await page.locator("#past button").first.click()
        await expect(page.locator("dialog .receipt")).to_be_visible()
        await faultless(page, "driver, receipt")


async def opens(page: Page, host: str, act: str) -> None:
    """Press a button, have axe look at the dialog that it opens, and close that."""
    dialog = page.locator("dialog[open]:not(#drawer)")
    await page.locator(f'{host} [data-act="{act}"]:visible').first.click()
    await expect(dialog).to_be_visible()
    await expect(dialog.locator("[aria-busy=true]")).to_have_count(0)
    await faultless(page, f"{host}, {act}")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_no_sheet_of_a_point_has_violations_on_a_phone(room, window, theme, lang) -> None:
    async with window(theme=theme, lang=lang, size=PHONE) as opened:
        page = await room.enter(opened)
        await page.click('.tile[data-cp="CP002"]')
        await expect(page.locator("#drawer svg.strip, #drawer figure svg").first).to_be_visible()
        await faultless(page, "drawer")
        for act in DRAWER:
            await opens(page, "#drawer", act)
        await page.keyboard.press("Escape")
        await page.click('.tile[data-cp="CP013"]')
        await opens(page, "#drawer", "start")
        await page.keyboard.press("Escape")
        await page.fill("#search", "CP00")
        await expect(page.locator("[role=listbox] [role=option]").first).to_be_visible()
        await faultless(page, "search")


@pytest.mark.parametrize("tab", OPENERS)
@pytest.mark.parametrize(("theme", "lang"), LOOKS)
async def test_no_tab_and_no_dialog_has_violations_on_a_phone(room, window, theme, lang, tab) -> None:
    async with window(theme=theme, lang=lang, size=PHONE) as opened:
        page = await room.enter(opened, at=f"/#{tab}")
        await expect(page.locator(f"#{tab} tbody tr:visible, #{tab} .place").first).to_be_visible()
        await faultless(page, tab)
        for act in OPENERS[tab]:
            await opens(page, f"#{tab}", act)


# The next picture of the screen has been measured and drawn.
PICTURE = "() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))"
# What of the wall does not fit where it stands: tiles with the widest figures of a fast charge, headings, and the lines
# below today's figures.
CUT = """async () => {
  const { src } = document.querySelector("script[type=module]");
  const { counted } = await import(new URL("../i18n.js", src));
  document.querySelector('[data-kpi="energy"] small').textContent = counted("kpi.done", 188, { count: 188 });
  for (const [part, words] of [[".main", "99.8 kW"], [".r1", "12.57 €"], [".r2", "110.29 kWh"]]) {
    for (const one of document.querySelectorAll(`.tile[data-s="charging"] ${part}`)) one.textContent = words;
  }
  const over = (one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 2;
  const wider = (one) => one.getClientRects().length && over(one);
  const box = (one) => one.getBoundingClientRect();
  const below = (one) => box(one).top > box(one.parentElement).bottom;
  const parts = [...document.querySelectorAll(".tile > :not(.sr-only, .spark, .lamps)")].filter(wider);
  const figures = [...document.querySelectorAll(".site h2 small")];
  const small = figures.filter((one) => below(one) || wider(one.parentElement));
  const strip = [...document.querySelectorAll(".kpi small")].filter(wider);
  return [...new Set([...parts, ...small, ...strip].map((one) => one.textContent))];
}"""


async def test_the_wall_says_everything_in_full_on_every_screen(room, window) -> None:
    async with window(size=LAPTOP) as opened:
        page = await room.enter(opened, "viewer", at="/?d=tiles")
        await expect(page.locator('.tile[data-s="charging"]')).to_have_count(5)
        cut = {lang: await page.evaluate(CUT) async for lang in languages(page)}
        for width, height in (TELEVISION, (3840, 2160)):
            await page.set_viewport_size({"width": width, "height": height})
            await page.evaluate(PICTURE)
            cut[f"{width}"] = await page.evaluate(CUT)
        assert not any(cut.values()), cut


# Pairs of words of the navigation, or of buttons under a place, between which there is no gap.
TOUCHING = """() => {
  const box = (one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return (one.matches("button") ? one : range).getBoundingClientRect();
  };
  const along = (from, to, a, b) => a[from] < b[to] + 2 && b[from] < a[to] + 2;
  const close = (a, b) => along("left", "right", box(a), box(b)) && along("top", "bottom", box(a), box(b));
  const seen = (one) => one.getClientRects().length;
  const of = (them) => them.filter(seen).flatMap((one, k, shown) =>
    shown.slice(k + 1).filter((other) => close(one, other)).map((other) => `${one.textContent} ${other.textContent}`));
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const feet = all(".place footer").flatMap((foot) => of(all("button", foot)));
  return [...of(all(".nav :is(a, .more) > span:not(.tell)")), ...feet];
}"""


async def test_no_words_touch_and_no_name_of_the_map_is_cut_on_a_phone(room, window) -> None:
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, at="/#weather")
        await expect(page.locator(".place footer").first).to_be_visible()
        touching = {lang: await page.evaluate(TOUCHING) async for lang in languages(page)}
        assert not any(touching.values()), touching
        await page.goto(f"{room.url}/?d=map")
        await expect(page.locator(".node")).to_have_count(6)
        names = await page.locator(".node .name").evaluate_all(
            """(all) => all.filter((one) => {
              const [at, picture] = [one, one.closest("svg")].map((each) => each.getBoundingClientRect());
              return at.width && (at.left < picture.left || at.right > picture.right);
            }).map((one) => one.textContent)"""
        )
        assert not names


async def test_no_table_is_wider_than_its_place_in_any_language(room, window) -> None:
    wider = "[...document.querySelectorAll('.tb-scroll')].some((one) => one.scrollWidth > one.clientWidth)"
    async with window(size=LAPTOP) as opened:
        page = await room.enter(opened, at="/#drivers")
        found = {}
        async for lang in languages(page):
            # Built again, and asked for again.
            await expect(page.locator('#drivers tbody [data-act="block"]')).to_have_count(8)
            found[lang] = await page.evaluate(wider)
        assert not any(found.values()), found
        await page.goto(f"{room.url}/#audit")
        await page.locator("#audit .tb-open").first.click()
        seals = page.locator("dialog[open] :is(pre, .hash)")
        await expect(seals).to_have_count(2)
        assert await seals.evaluate_all("(all) => all.every((one) => one.scrollWidth <= one.clientWidth)")


# Where the parts of the wall's frame are, in px: the line of power and the words above it; the lists at the side.
FRAME = """() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const [table, shown] = [box(".running-panel table"), box(".running-panel")];
  return { line: box(".kspark").top - box(".kpi small").bottom, empty: shown.bottom - table.bottom,
    rest: box(".side").bottom - box(".side > :last-child").bottom };
}"""


async def test_the_wall_leaves_no_room_empty_at_its_side_and_draws_no_line_through_words(
    room, window
) -> None:
    async with window(size=TELEVISION) as opened:
        page = await room.enter(opened, "viewer", at="/?d=tiles")
        await expect(page.locator(".running-panel tbody tr")).to_have_count(6)
        frame = await page.evaluate(FRAME)
        assert frame["line"] >= 0, frame
        assert 0 <= frame["empty"] < 30, frame
        assert 0 <= frame["rest"] < 30, frame


async def test_on_a_phone_what_is_found_stands_below_the_box_and_no_sum_is_cut(room, window) -> None:
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "viewer")
        await page.fill("#search", "CP00")
        await expect(page.locator("[role=listbox] [role=option]").first).to_be_visible()
        box, found = page.locator(".search"), page.locator("[role=listbox]")
        upper, lower = [
            await one.evaluate("(one) => one.getBoundingClientRect().toJSON()") for one in (box, found)
        ]
        assert lower["top"] >= upper["bottom"]
        # A box that is too small for what it asks for shows that there is more of it.
        await expect(page.locator("#search")).to_have_css("text-overflow", "clip")
        await page.fill("#search", "")
        await expect(page.locator("#search")).to_have_css("text-overflow", "ellipsis")
        await page.goto(f"{room.url}/monitor")
        await expect(page.locator('[data-sum="mean"] small')).to_contain_text("7 days")
        cut = """(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""
        async for lang in languages(page):
            assert await page.locator(".sum :is(h2, p, small), .rows .status").evaluate_all(cut) == [], lang
