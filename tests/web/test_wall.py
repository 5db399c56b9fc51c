"""The operator's first tab: what it shows, in colours and words, and what can be ordered there."""

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from evcharge.evc1 import messages
from evcharge.evc1.messages import Health
from tests.component.town import hear
from tests.web.browser import PATIENCE_MS, PHONE, SOCKETS, languages
from tests.web.scene import begin_charge

# Background and ink of each status, on a dark wall and on a light one.
DARK = {
    "available": ("#1b4d37", "#ffffff"),
    "preparing": ("#1b4d37", "#ffffff"),
    "charging": ("#00773a", "#ffffff"),
    "unavailable": ("#f6a33c", "#241300"),
    "faulted": ("#fb595c", "#1c0002"),
    "disconnected": ("#626a76", "#ffffff"),
}
LIGHT = DARK | {
    "available": ("#177347", "#ffffff"),
    "preparing": ("#177347", "#ffffff"),
    "charging": ("#005131", "#ffffff"),
    "unavailable": ("#fba448", "#241300"),
    "faulted": ("#fa5956", "#1c0002"),
    "disconnected": ("#666d77", "#ffffff"),
}
# What a screen reader says of the status, and what stands large on the tile.
ENGLISH = {
    "available": ("Available", "Available"),
    "preparing": ("Preparing", "Preparing"),
    "charging": ("Charging", "11.0 kW"),
    "unavailable": ("Out of Order", "Out of Order"),
    "faulted": ("Faulted", "Faulted"),
    "disconnected": ("Disconnected", "Disconnected"),
}
SPANISH = {
    "available": ("Disponible", "Disponible"),
    "preparing": ("Preparando", "Preparando"),
    "charging": ("Suministrando", "11,0 kW"),
    # The panel's legend is English in every language.
    "unavailable": ("Fuera de servicio", "Out of Order"),
    "faulted": ("Averiado", "Averiado"),
    "disconnected": ("Desconectado", "Desconectado"),
}


def tile(page: Page, cp_id: str) -> Locator:
    return page.locator(f'#wall .tile[data-cp="{cp_id}"]')


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def points(room) -> dict[str, str]:
    """One charging point in each status: its id by the status."""
    town = room.town
    await town.point("CP001")
    preparing = await town.point("CP002")
    (await town.driver("D02")).asks("CP002")
    await preparing.is_asked()
    charge = await begin_charge(town, await town.point("CP003"), "D03")
    charge.update()
    await town.point("CP004")
    await room.ask("POST", "/api/cps/CP004/out")
    await town.engine("CP005")
    await town.monitor("CP005", fault="overheated")
    await town.says("CP005 .*Faulted")
    await town.engine("CP006")
    order = ("available", "preparing", "charging", "unavailable", "faulted", "disconnected")
    return {status: f"CP00{n}" for n, status in enumerate(order, 1)}


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_each_status_has_its_colour_its_ink_and_its_icon(room, window, points, theme) -> None:
    async with window(theme=theme) as opened:
        page = await room.enter(opened, "viewer")
        for status, (ground, ink) in (DARK if theme == "dark" else LIGHT).items():
            one = tile(page, points[status])
            await expect(one).to_have_attribute("data-s", status)
            await expect(one).to_have_css("background-color", rgb(ground))
            await expect(one).to_have_css("color", rgb(ink))
            await expect(one.locator("use")).to_have_attribute("href", f"#i-{status}")


async def test_each_status_has_its_words_in_both_languages(room, window, points) -> None:
    async with window(lang="en") as opened:
        page = await room.enter(opened, "viewer")
        for lang, words in (("en", ENGLISH), ("es", SPANISH)):
            await page.select_option("#lang", lang)
            await expect(page.locator("html")).to_have_attribute("lang", lang)
            for status, (said, large) in words.items():
                one = tile(page, points[status])
                await expect(one.locator(".main")).to_have_text(large.replace(" kW", "\u00a0kW"))
                await expect(one).to_have_accessible_name(re.compile(said))


async def test_chips_count_every_status(room, window, points) -> None:
    async with window() as opened:
        page = await room.enter(opened, "viewer")
        for status in points:
            chip = page.locator(f'[data-filter="{status}"] b')
            await expect(chip).not_to_have_text("0")


async def test_an_operator_takes_one_out_of_order_and_back(room, window) -> None:
    await room.town.point("CP011")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await tile(page, "CP011").click()
        drawer = page.locator("#drawer")
        await expect(drawer).to_be_visible()
        await expect(drawer.locator('[data-act="resume"]')).to_be_disabled()
        await drawer.locator('[data-act="out"]').click()
        await expect(tile(page, "CP011")).to_have_attribute("data-s", "unavailable")
        await expect(drawer).to_contain_text("by the operator")
        await expect(page.locator("#toasts")).to_contain_text("CP011 out of service.")
        await drawer.locator('[data-act="resume"]').click()
        await expect(tile(page, "CP011")).to_have_attribute("data-s", "available")
        await page.mouse.click(5, 300)
        await expect(drawer).to_be_hidden()
        # Its echo in the list of messages.
        await expect(page.locator(".messages-panel")).to_contain_text("CP011 is held: operator")


async def test_an_operator_starts_a_charge_for_a_driver_who_stands_there(fresh_room, window) -> None:
    engine, driver = await fresh_room.town.point("CP014"), await fresh_room.town.driver("D14")
    async with window() as opened:
        page = await fresh_room.enter(opened, "operator")
        await tile(page, "CP014").click()
        start = page.locator('#drawer [data-act="start"]')
        await start.click()
        form = page.locator("dialog.fd[open]")
        await form.locator('[name="driver"]').fill("d99")
        await form.get_by_role("button", name="Start for a driver").click()
        await expect(form).to_contain_text("D99 is unknown here: it never logged in.")
        await form.locator('[name="driver"]').fill("d14")
        await form.locator('[name="unit"]').select_option("until_cents")
        await form.locator('[name="most"]').fill("1,25")
        await form.get_by_role("button", name="Start for a driver").click()
        await expect(page.locator("#toasts")).to_contain_text("CP014 is waiting for D14 to plug in.")
        assert (await engine.is_asked()).limit_mwh == 5_000_000
        assert (await hear(driver.channel, messages.Notice)).code == "STARTED"
        await expect(start).to_be_disabled()


async def test_an_operator_ends_one_charge_and_its_point_stays_in_service(fresh_room, window) -> None:
    engine = await fresh_room.town.point("CP012")
    async with window() as opened:
        page = await fresh_room.enter(opened, "operator")
        await tile(page, "CP012").click()
        drawer = page.locator("#drawer")
        await expect(drawer.locator('[data-act="end"]')).to_be_disabled()
        await begin_charge(fresh_room.town, engine, "D12")
        await drawer.locator('[data-act="end"]').click()
        asked = page.locator("dialog.dialog[open]")
        await expect(asked).to_contain_text(
            "End the charge of D12? Its ticket follows, and CP012 stays in service."
        )
        await asked.get_by_role("button", name="End charge").click()
        await expect(page.locator("#toasts")).to_contain_text("The charge at CP012 ends; its ticket follows.")
        assert (await hear(engine.channel, messages.Stop)).reason == "operator"
        await engine.journals(engine.ends("operator"))
        await expect(tile(page, "CP012")).to_have_attribute("data-s", "available")


# What a Central that has been started again sends: its charging points are numbered by their ids, and `gone` is not
# among them any more.
ANEW = """(gone) => {
  const { store } = evcharge;
  // The real one is not heard any more.
  for (const socket of sockets) socket.onmessage = null;
  const cps = store.cps.filter(({ id }) => id !== gone).sort((a, b) => (a.id < b.id ? -1 : 1));
  store.apply({
    t: "snap", epoch: "another0", rev: 1, now: store.now(), alerts: [], messages: [], banners: [], kpi: store.kpi,
    c: cps.map(({ id, location, price }, i) => [i, id, location, price]),
    u: cps.map((cp, i) => [i, cp.s, cp.since, 0, 0, 0, "", "", 0, cp.holds, cp.fault, cp.flags, cp.temp]),
  });
}"""


async def test_an_administrator_sets_the_price_on_the_drawer_and_is_asked_about_a_slip(
    fresh_room, window
) -> None:
    await fresh_room.town.point("CP005")
    async with window() as opened:
        opened.allowed.append("409")
        page = await fresh_room.enter(opened, "admin")
        await page.locator('[data-cp="CP005"]').first.click()
        await page.locator('#drawer [data-act="price"]').click()
        form = page.locator("dialog.fd[open]")
        await form.locator('[name="price"]').fill("3,5")
        await form.get_by_role("button", name="Price", exact=True).click()
        await expect(page.locator("dialog[open]").last).to_contain_text("3.50 €/kWh is more than 2.00 €/kWh")
        await page.locator("dialog[open]").last.get_by_role("button", name="Yes").click()
        await expect(page.locator("#drawer")).to_contain_text("3.50")


async def test_an_administrator_withdraws_a_charging_point_on_the_drawer_and_is_told_what_ends(
    fresh_room, window
) -> None:
    engine, driver = await fresh_room.town.point("CP005"), await fresh_room.town.driver("D05")
    driver.asks("CP005")
    await engine.is_asked()
    await engine.journals(engine.starts())
    asked: list[str] = []

    async def registry(route) -> None:
        asked.append(f"{route.request.method} {route.request.url.partition('/api/')[2]}")
        await route.fulfill(json={"error": False, "id": "CP005", "kind": "cp"})

    async with window() as opened:
        page = await fresh_room.enter(opened, "operator")
        await page.locator('[data-cp="CP005"]').first.click()
        await expect(page.locator('#drawer [data-act="withdraw"]')).to_have_count(0)
    async with window() as opened:
        page = await fresh_room.enter(opened, "admin")
        await page.route("**/api/registrations/*", registry)
        await page.locator('[data-cp="CP005"]').first.click()
        button = page.locator('#drawer [data-act="withdraw"]')
        await button.click()
        question = page.locator("dialog.dialog[open]")
        await expect(question).to_contain_text("Withdraw CP005?")
        await expect(question).to_contain_text("Its running session of D05 ends.")
        await expect(question).to_contain_text("It may be registered again later")
        # Enter does not do it.
        await page.keyboard.press("Enter")
        await expect(question).to_have_count(0)
        assert asked == []
        await button.click()
        await question.get_by_role("button", name="Withdraw", exact=True).click()
        await expect(page.locator("#toasts")).to_contain_text("CP005 is withdrawn.")
        assert asked == ["DELETE registrations/CP005"]


async def test_the_drawer_stays_with_its_point_when_central_numbers_them_anew(fresh_room, window) -> None:
    for cp_id in ("CP001", "CP010", "CP005"):
        await fresh_room.town.point(cp_id)
    async with window() as opened:
        await opened.page.add_init_script(SOCKETS)
        page = await fresh_room.enter(opened, "operator")
        await tile(page, "CP005").click()
        drawer = page.locator("#drawer")
        await expect(drawer.locator("h2")).to_have_text("CP005")
        await page.evaluate(ANEW, "nobody")
        await drawer.locator('[data-act="out"]').click()
        await expect(page.locator("#toasts")).to_contain_text("CP005 out of service.")
        await expect(drawer.locator("h2")).to_have_text("CP005")
        await page.evaluate(ANEW, "CP005")
        await expect(drawer).to_be_hidden()


async def test_stopping_one_that_charges_asks_first(room, window) -> None:
    await begin_charge(room.town, await room.town.point("CP012"), "D12")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await tile(page, "CP012").click()
        out = page.locator('#drawer [data-act="out"]')
        await out.click()
        asked = page.locator("dialog.dialog[open]")
        await expect(asked).to_contain_text(
            "Take CP012 out of order? The charge of D12 ends, with its ticket."
        )
        await page.keyboard.press("Escape")
        await expect(asked).to_have_count(0)
        await expect(tile(page, "CP012")).to_have_attribute("data-s", "charging")


async def test_revoking_asks_first_and_shows_key_revoked(room, window) -> None:
    await room.registry.register("CP013")
    await room.town.point("CP013")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await tile(page, "CP013").click()
        await page.click('#drawer [data-act="revoke"]')
        asked = page.locator("dialog.dialog[open]")
        await expect(asked).to_contain_text("Revoke the key of CP013?")
        # Enter must not do what cannot be undone: the harmless button has the focus.
        await expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
        await asked.get_by_role("button", name="Revoke key").click()
        await expect(tile(page, "CP013")).to_have_attribute("data-s", "unavailable")
        await expect(tile(page, "CP013")).to_contain_text("key revoked")
        await expect(page.locator('#drawer [data-act="revoke"]')).to_be_disabled()


async def test_an_administrator_says_where_a_point_stands(room, window) -> None:
    await room.town.point("CP014")
    async with window() as opened:
        page = await room.enter(opened, "admin")
        await tile(page, "CP014").click()
        await page.click('#drawer [data-act="move"]')
        asked = page.locator("dialog.fd[open]")
        await asked.get_by_label("Location").fill(" San   Juan ")
        await asked.get_by_role("button", name="Move", exact=True).click()
        await expect(page.locator("#toasts")).to_contain_text("CP014 is now in San Juan.")
        await expect(page.locator("#drawer")).to_contain_text("San Juan")


async def test_revoking_on_a_full_disk_says_that_it_holds_and_is_not_stored(fresh_room, window) -> None:
    room = fresh_room
    await room.town.point("CP001")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await tile(page, "CP001").click()
        with room.town.with_a_full_disk():
            await page.click('#drawer [data-act="revoke"]')
            await page.locator("dialog.dialog[open]").get_by_role("button", name="Revoke key").click()
            await expect(page.locator("#toasts")).to_contain_text("CP001: withdrawn from now on.")
        await expect(tile(page, "CP001")).to_contain_text("key revoked")


async def test_stop_all_names_how_many_it_stops_and_resume_all_brings_them_back(fresh_room, window) -> None:
    room = fresh_room
    for cp_id in ("CP001", "CP002", "CP003"):
        await room.town.point(cp_id)
    engine = await room.town.point("CP004")
    await begin_charge(room.town, engine, "D01")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await expect(tile(page, "CP004")).to_have_attribute("data-s", "charging")
        await page.click("#out-all")
        asked = page.locator("dialog.dialog[open]")
        await expect(asked).to_contain_text("4 charging points go out of service.")
        await expect(asked).to_contain_text("1 running session ends now, with its ticket.")
        await expect(page.locator('[data-s="unavailable"].tile')).to_have_count(0)
        await asked.get_by_role("button", name="All out of order").click()
        await expect(page.locator(".toast").last).to_contain_text("Taken out of order: 4. Sessions ended: 1.")
        await engine.journals(engine.ends("operator"))
        await expect(page.locator('.tile[data-s="unavailable"]')).to_have_count(4)
        await page.click("#resume-all")
        await expect(asked).to_contain_text("The 4 charging points that the operator took out of order")
        await asked.get_by_role("button", name="Resume all").click()
        await expect(page.locator('.tile[data-s="available"]')).to_have_count(4)
        # One is one.
        await room.ask("POST", "/api/cps/CP002/out")
        await expect(page.locator('.tile[data-s="unavailable"]')).to_have_count(1)
        await page.click("#resume-all")
        await expect(asked).to_contain_text("1 charging point that the operator took out of order goes back")
        await asked.get_by_role("button", name="Resume all").click()
        await expect(page.locator(".toast").last).to_contain_text("Resumed: 1.")


async def test_an_alert_stays_until_it_is_solved_and_then_says_what_is_restored(room, window) -> None:
    engine = await room.town.point("CP114")
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await expect(tile(page, "CP114")).to_have_attribute("data-s", "available")
        engine.monitor.send(Health(fault="overheated"))
        alert = page.locator('.alerts-panel [data-alert="CP114-fault"]')
        await expect(alert).to_contain_text("overheated")
        await expect(alert).to_have_attribute("data-s", "faulted")
        # Only what is over by itself goes: nobody can close it.
        await expect(alert.locator("button.x")).to_have_count(0)
        await alert.locator(".alert-go").click()
        await expect(tile(page, "CP114")).to_be_focused()
        engine.monitor.send(Health(fault=None))
        await expect(alert).to_have_class("solved")
        await expect(alert).to_contain_text(re.compile("CP114.*(works|restored|again)", re.IGNORECASE))


async def test_who_looks_after_an_alert_is_named_on_every_screen(room, window) -> None:
    await room.town.engine("CP015")
    await room.town.monitor("CP015", fault="overheated")
    async with window() as opened, window() as other:
        page, looks = await room.enter(opened, "operator"), await room.enter(other, "viewer")
        alert, seen = (one.locator('.alerts-panel [data-alert="CP015-fault"]') for one in (page, looks))
        await alert.get_by_role("button", name="I am on it").click()
        await expect(seen).to_contain_text("operator.one is on it")
        await expect(seen.locator(".take")).to_have_count(0)
        await expect(alert.locator(".take")).to_have_attribute("aria-pressed", "true")
        await alert.locator(".take").click()
        await expect(seen).not_to_contain_text("is on it")


async def test_the_wall_is_grouped_as_was_chosen_also_after_a_reload(room, window, points) -> None:
    async with window() as opened:
        page = await room.enter(opened, "viewer")
        await page.select_option("#grouping", "state")
        first = page.locator("#wall .site").first
        await expect(first).to_have_attribute("aria-label", "Faulted")
        await expect(first.locator(f'[data-cp="{points["faulted"]}"]')).to_be_visible()
        await page.reload()
        await expect(page.locator("#wall .site").first).to_have_attribute("aria-label", "Faulted")
        # Another status is another place.
        await room.ask("POST", f"/api/cps/{points['available']}/out")
        out = page.locator('#wall .site[aria-label="Out of Order"]')
        await expect(out.locator(f'[data-cp="{points["available"]}"]')).to_be_visible()
        await room.ask("POST", f"/api/cps/{points['available']}/resume")
        await page.select_option("#grouping", "none")
        await expect(page.locator("#wall .site h2")).to_have_count(0)


async def test_a_screen_on_a_wall_looks_by_a_link_until_that_is_void(room, window) -> None:
    token = (await room.ask("POST", "/api/tokens", {"name": "hall", "role": "viewer"}))["token"]
    await room.town.point("CP147")
    async with window() as opened:
        opened.allowed.append("401")
        page = opened.page
        await page.goto(f"{room.url}/login?next=%2F%3Fkiosk%3D1#token={token}")
        await expect(page.locator("html")).to_have_attribute("data-kiosk", "")
        await expect(page.locator("html")).to_have_attribute("data-link", "live")
        assert page.url == f"{room.url}/?kiosk=1"
        # Read from afar: that Central is away; why a point does not work; the power, and its curve.
        assert (
            await page.locator("#lost").evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)") >= 20
        )
        sub = page.locator('.fit .tile:not([data-s="charging"]) .sub').first
        assert await sub.evaluate("(one) => getComputedStyle(one).webkitLineClamp") == "2"
        under = """(card) => card.querySelector(".kspark").getBoundingClientRect().top
            - card.querySelector("small").getBoundingClientRect().bottom"""
        assert await page.locator(".kpi", has=page.locator(".kspark")).evaluate(under) >= -1
        await room.ask("DELETE", "/api/tokens/hall")
        await page.wait_for_url(re.compile("/login"))
        # Nobody stands at a screen on a wall who could log in: it says why it shows nothing, and who can help.
        await expect(page.locator("#problem")).to_have_text(
            "The link of this wall is void, or was not opened at this address. "
            "Open it again here, or an administrator makes another in the tab Registration."
        )
        await page.goto(f"{room.url}/login?next=%2F%3Fkiosk%3D1#token={token}")
        await expect(page.locator("#problem")).to_have_text(
            "The link of this wall is void. An administrator makes another in the tab Registration."
        )


async def test_a_screen_on_a_wall_begins_anew_when_central_was_updated(room, window) -> None:
    restarted = """(epoch) => {
        evcharge.store.epoch = epoch;
        evcharge.store.dispatchEvent(new CustomEvent("snapshot"));
    }"""
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/?kiosk=1")
        await expect(page.locator("html")).to_have_attribute("data-link", "live")
        stands = "async () => { while (!globalThis.evcharge) await new Promise(requestAnimationFrame); }"
        await page.evaluate(stands)
        await page.evaluate("evcharge.isOld = true")
        async with page.expect_response("**/sw.js"):
            await page.evaluate(restarted, "the same parts")
        assert await page.evaluate("evcharge.isOld")
        await page.route("**/sw.js", lambda route: route.fulfill(body='const VERSION = "0123456789";'))
        async with page.expect_navigation():
            await page.evaluate(restarted, "an update")
        assert page.url == f"{room.url}/?kiosk=1"


async def test_alerts_reach_those_who_look_elsewhere(room, window) -> None:
    for cp_id in ("CP141", "CP142"):
        await room.town.engine(cp_id)
    async with window() as opened:
        page = await room.enter(opened, "viewer")
        await expect(page.locator("#alarm")).to_be_attached()
        await room.town.monitor("CP141", fault="overheated")
        # Read out, counted at the entry and in the browser's tab, and a dot on its picture.
        await expect(page.locator("#alarm")).to_contain_text("CP141")
        await expect(page.locator(".nav .tell")).to_have_text(re.compile(r"^[1-9]"))
        await expect(page).to_have_title(re.compile(r"^\([1-9]\d*\) Central · evcharge$"))
        await expect(page.locator('link[rel="icon"]')).to_have_attribute("href", re.compile("icon_alert"))
        await page.goto(f"{room.url}/#history")
        await expect(page).to_have_title(re.compile(r"^\([1-9]\d*\) History · evcharge$"))
        await room.town.monitor("CP142", fault="overheated")
        await expect(page.locator(".toast")).to_contain_text("CP142")
        # A sound is a choice, which is kept.
        await page.click("#account summary")
        await page.click('[data-alarm="sound"]')
        await page.reload()
        await page.click("#account summary")
        await expect(page.locator('[data-alarm="sound"]')).to_have_attribute("aria-pressed", "true")


async def test_a_charging_point_has_a_qr_code_that_brings_a_phone_there_and_all_can_be_printed(
    room, window
) -> None:
    await room.town.point("CP146")
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/#wall?cp=CP146")
        await page.click('#drawer [data-act="qr"]')
        await expect(page.locator(".qr-one .qr")).to_be_visible()
        link = await page.locator(".qr-one code").inner_text()
        assert link == f"{room.url}/driver?cp=CP146"
        # Nobody's phone reaches the loopback address.
        await expect(page.locator(".qr-local")).to_be_visible()
        await page.evaluate("window.print = () => {}")
        await page.locator(".dialog").get_by_role("button", name="Print all").click()
        await page.emulate_media(media="print")
        points = await page.evaluate("evcharge.store.cps.filter(Boolean).length")
        await expect(page.locator(".qr-paper figure")).to_have_count(points)
        await expect(page.locator(".qr-paper figure", has_text="CP146")).to_be_visible()
        await expect(page.locator("#wall")).to_be_hidden()
        await page.evaluate("dispatchEvent(new Event('afterprint'))")
        await expect(page.locator(".qr-paper")).to_have_count(0)
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D146", at="/driver?cp=CP146")
        await expect(page.locator("#act-label")).to_have_text("Charge at CP146")
        await expect(page.locator("#free li")).to_have_count(1)
        await room.ask("POST", "/api/cps/CP146/out")
        await expect(page.locator("#under")).to_contain_text("CP146 is not free at the moment")


async def test_an_alert_leads_to_what_it_is_about(room, window) -> None:
    await room.town.engine("CP143")
    await room.town.monitor("CP143", fault="overheated")
    room.town.places = {**room.town.places, "CP145": "Alcoy"}
    await room.town.point("CP145")
    await room.ask("POST", "/api/weather_alert", {"location": "Alcoy", "alert": "COLD"})
    async with window() as opened:
        page = await room.enter(opened, "viewer")
        await page.locator('[data-alert^="CP143"] .alert-go').click()
        await expect(tile(page, "CP143")).to_be_focused()
        await page.locator('[data-alert^="Alcoy"] .alert-go').click()
        await expect(page.locator("#weather h2").first).to_be_visible()


async def test_what_is_open_and_what_is_filtered_has_an_address_and_back_closes_it(room, window) -> None:
    await room.town.point("CP144")
    async with window() as opened:
        page = await room.enter(opened, "viewer")
        await page.click('[data-filter="available"]')
        await expect(page).to_have_url(re.compile(r"/#wall\?show=available$"))
        await tile(page, "CP144").click()
        await expect(page.locator("#drawer")).to_be_visible()
        await expect(page).to_have_url(re.compile(r"cp=CP144"))
        await expect(page).to_have_title(re.compile("CP144 · Central · evcharge$"))
        link = page.url
        await page.go_back()
        await expect(page.locator("#drawer")).to_be_hidden()
        await expect(page).to_have_url(re.compile(r"/#wall\?show=available$"))
        await tile(page, "CP144").click()
        await expect(page.locator("#drawer")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(re.compile(r"/#wall\?show=available$"))
    async with window() as opened:
        page = await room.enter(opened, "viewer", at=link.removeprefix(room.url))
        await expect(page.locator("#drawer")).to_be_visible()
        await expect(page.locator('[data-filter="available"]')).to_have_attribute("aria-pressed", "true")
        await page.goto(f"{room.url}/#history?driver_id=D144")
        await expect(page.locator("#drawer")).to_be_hidden()
        await expect(page.locator('#history [name="driver_id"]')).to_have_value("D144")
        await page.fill('#history [name="driver_id"]', "D145")
        await expect(page).to_have_url(re.compile(r"#history\?driver_id=D145$"))


async def test_an_operator_closes_an_alert_that_nothing_else_ends(room, window) -> None:
    await room.town.with_another_disk(await room.town.point("CP115"))
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await expect(tile(page, "CP115")).to_contain_text("new journal: close its alert to confirm")
        alert = page.locator('.alerts-panel [data-alert="CP115-journal"]')
        await alert.get_by_role("button", name="Close the alert: CP115").click()
        await expect(alert).to_have_class("solved")
        await expect(page.locator(".toast").last).to_contain_text("Alert closed.")
        # A tile off the screen is painted when it comes into view.
        await tile(page, "CP115").scroll_into_view_if_needed()
        await expect(tile(page, "CP115")).not_to_contain_text("new journal")


async def test_resume_under_a_new_journal_says_what_to_do_in_the_words_of_the_page(room, window) -> None:
    await room.town.with_another_disk(await room.town.point("CP016"))
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await page.select_option("#lang", "es")
        await tile(page, "CP016").click()
        await page.locator('#drawer [data-act="out"]').click()
        await page.locator('#drawer [data-act="resume"]').click()
        why = "CP016 sigue fuera de servicio: diario nuevo: cierre su aviso para confirmarlo."
        await expect(page.locator("#toasts")).to_contain_text(why)


async def test_what_is_opened_while_the_language_changes_speaks_the_new_one(room, window) -> None:
    await room.town.point("CP017")
    async with window() as opened:
        held: asyncio.Queue[Route] = asyncio.Queue()
        await opened.page.route("**/words/es_wall.js", held.put)
        page = await room.enter(opened, "operator")
        # By the control: its key has tests of its own, and one that is lost would be waited for in vain.
        await page.select_option("#lang", "es")
        async with asyncio.timeout(PATIENCE_MS / 1000):
            waiting = await held.get()
        await tile(page, "CP017").click()
        out = page.locator('#drawer [data-act="out"]')
        await expect(out).to_have_text("Take out of order")
        await waiting.continue_()
        await expect(out).to_have_text("Poner fuera de servicio")


async def test_a_viewer_sees_no_commands_and_may_not_send_any(room, window, points) -> None:
    async with window() as opened:
        opened.allowed.append("403")
        page = await room.enter(opened, "viewer")
        await expect(tile(page, points["available"])).to_be_visible()
        await expect(page.locator("#out-all, #resume-all")).to_have_count(0)
        await tile(page, points["available"]).click()
        await expect(page.locator("#drawer h2")).to_have_text(points["available"])
        await expect(page.locator("#drawer [data-act]:not([data-act=qr])")).to_have_count(0)
        told = await page.evaluate(
            """async (id) => {
                const answers = [`/api/cps/${id}/out`, "/api/cps/out", `/api/cps/${id}/revoke`]
                  .map((path) => fetch(path, {method: "POST"}).then((answer) => answer.status));
                return Promise.all(answers);
            }""",
            points["available"],
        )
        assert told == [403, 403, 403]
        await expect(tile(page, points["available"])).to_have_attribute("data-s", "available")


@pytest.mark.parametrize("size", [(1366, 768), (1024, 768)], ids="{0[0]}".format)
async def test_no_control_of_the_wall_lies_beyond_the_edge(room, window, size: tuple[int, int]) -> None:
    seen = """() => [
        ...[...document.querySelectorAll(".top :is(button, input, label, summary), #grouping")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth),
        ...[...document.querySelectorAll(".nav a")].filter((one) => one.scrollWidth > one.clientWidth),
    ].map((one) => one.id || one.textContent)"""
    async with window(size=size) as opened:
        page = await room.enter(opened, "operator")
        await expect(page.locator("#grouping")).to_be_visible()
        beyond = {lang: await page.evaluate(seen) async for lang in languages(page)}
        assert len(beyond) > 5
        assert not any(beyond.values()), beyond


async def test_in_forced_colours_marks_of_status_keep_their_own(fresh_room, window) -> None:
    await fresh_room.town.point("CP005")
    async with window() as opened:
        page = await fresh_room.enter(opened, "operator")
        await expect(page.locator('[data-cp="CP005"]').first).to_be_visible()
        chip = page.locator('.chip[data-filter="available"] svg.i')
        await expect(chip).to_have_css("forced-color-adjust", "auto")
        await page.emulate_media(forced_colors="active")
        await expect(chip).to_have_css("forced-color-adjust", "none")
