"""The other tabs of the operator's page, on a month of charges."""

import asyncio
import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import Locator, Page, Route, expect

from evcharge.evc1 import messages
from tests.component.books import raw
from tests.component.town import hear
from tests.web.browser import PATIENCE_MS, PHONE
from tests.web.room import central_of, control_room, registry_of
from tests.web.scene import CITIES, write_the_past


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room")
    await write_the_past(folder / "state")
    async with control_room(folder) as running:
        yield running


def books(room, query: str, *values: object) -> list[tuple]:
    with raw(room.town.state / "central" / "central.db") as database:
        return [tuple(row) for row in database.execute(query, values)]


def row(page: Page, key: str) -> Locator:
    return page.locator(f'tr[data-key="{key}"]')


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


async def download(page: Page, name: str) -> list[list[str]]:
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=name).click()
    path = Path(await (await coming.value).path())
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


async def answer(page: Page, button: str) -> None:
    """Press a button of the question that is asked now."""
    await page.locator("dialog[open]").get_by_role("button", name=button, exact=True).click()


# ---- history


async def test_the_history_is_filtered_and_what_is_shown_can_be_downloaded(room, window) -> None:
    wanted = books(room, "SELECT session_id FROM session WHERE cp_id = 'CP003' AND driver_id = 'D02'")
    assert wanted
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/#history")
        await expect(page.locator("#history tbody tr")).to_have_count(50)
        await page.fill('#history [name="cp_id"]', "cp003")
        await page.fill('#history [name="driver_id"]', "d02")
        await expect(page.locator("#history tbody tr")).to_have_count(len(wanted))
        for (session_id,) in wanted:
            await expect(row(page, session_id)).to_contain_text("Billed")
        for name, first in (("Sessions", "session_id"), ("Tickets", "session_id")):
            head, *lines = await download(page, name)
            at = head.index(first)
            assert sorted(line[at] for line in lines) == sorted(one for (one,) in wanted)


async def test_a_session_that_was_rebuilt_after_a_restore_says_so_in_the_list_and_in_full(
    room, window
) -> None:
    """The books of this room were never restored: what the API says of one session is said otherwise."""

    async def rebuilt(route: Route) -> None:
        response = await route.fetch()
        content = await response.json()
        for one in [*content.get("sessions", [])[:1], content.get("session"), content.get("ticket")]:
            if one is not None:
                one["rebuilt"] = True
        await route.fulfill(response=response, json=content)

    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/#history")
        await expect(page.locator("#history tbody tr")).to_have_count(50)
        await expect(page.locator('[data-kind="rebuilt"]')).to_have_count(0)
        await page.route("**/api/sessions*", rebuilt)
        await page.route("**/api/sessions/*", rebuilt)
        await page.select_option('#history [name="state"]', "ticketed")
        first = page.locator("#history tbody tr").first
        await expect(first.locator('[data-kind="rebuilt"]')).to_have_text("Rebuilt")
        await expect(page.locator('#history [data-kind="rebuilt"]')).to_have_count(1)
        await first.click()
        await expect(page.locator(".sheet-body [data-kind='rebuilt']")).to_have_text("Rebuilt")
        await expect(page.locator(".ticket-note")).to_contain_text("its charging point brought it back")


async def test_a_filter_that_nothing_fits_says_so_and_an_id_that_is_none_is_not_asked_for(
    room, window
) -> None:
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/#history")
        await expect(page.locator("#history tbody tr").first).to_be_visible()
        await page.select_option('#history [name="state"]', "refused")
        await expect(page.locator("#history .tb-note")).to_contain_text("No session fits.")
        await page.get_by_role("button", name="Clear filters").click()
        await expect(page.locator("#history tbody tr")).to_have_count(50)
        await page.fill('#history [name="cp_id"]', "CP 1; DROP")
        await expect(page.locator('#history [name="cp_id"]:invalid')).to_have_count(1)
        await expect(page.locator("#history tbody tr")).to_have_count(50)


async def test_a_session_opens_with_its_ticket(room, window) -> None:
    name, cents = books(room, "SELECT session_id, cost_cents FROM ticket ORDER BY ended_at DESC")[0]
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/#history")
        await row(page, name).locator(".tb-open").click()
        sheet = page.locator("dialog[open]")
        await expect(sheet).to_contain_text(name)
        await expect(sheet).to_contain_text(f"{cents / 100:.2f}\u00a0€")
        await page.keyboard.press("Escape")
        await expect(row(page, name).locator(".tb-open")).to_be_focused()


async def test_a_charge_has_its_curve_its_lines_of_money_and_a_receipt_to_print(room, window) -> None:
    town = room.town
    engine, driver = await town.point("CP076"), await town.driver("D76")
    driver.asks("CP076")
    session_id = (await engine.is_asked()).session_id
    began_at = datetime.now(UTC).timestamp()
    await engine.journals(replace(engine.starts(), began_at=began_at))
    await engine.journals(
        replace(engine.meters(50_000), elapsed_s=5, battery_permille=400),
        replace(engine.meters(10_000), elapsed_s=9, battery_permille=412),
    )
    await engine.journals(replace(engine.ends(), elapsed_s=10))
    await driver.ticket()
    async with window() as opened:
        page = await room.enter(opened, "operator", at=f"/#history?session={session_id}")
        sheet = page.locator("dialog[open].sheet")
        curve = sheet.locator(".curve")
        await expect(curve).to_have_attribute("aria-label", re.compile("36.0\u00a0kW.*0.06\u00a0kWh"))
        # How full its battery was has an axis of its own, on the other side.
        await expect(curve).to_have_attribute(
            "aria-label", re.compile("battery from 40\u00a0% to 41\u00a0%$")
        )
        await expect(curve.locator(".ch-axis", has_text="%")).to_have_text(
            ["0\u00a0%", "50\u00a0%", "100\u00a0%"]
        )
        # What is numbered on the curve has its number in the list below it.
        numbers = await curve.locator(".ch-mark-text").all_text_contents()
        assert numbers == await sheet.locator(".story .mark-number").all_text_contents() != []
        # None of them covers another one.
        apart = """(all) => all.map((one) => one.getBoundingClientRect()).every((a, i, boxes) => boxes.slice(i + 1)
            .every((b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 3 || b.bottom <= a.top + 3))"""
        assert await curve.locator(".ch-mark-text").evaluate_all(apart)
        await expect(sheet.locator(".bill tbody")).to_contain_text("Energy at 0.25\u00a0€/kWh")
        await page.evaluate("window.print = () => {}")
        await sheet.get_by_role("button", name="Print the receipt").click()
        await page.emulate_media(media="print")
        paper = page.locator(".on-paper")
        await expect(paper).to_contain_text(session_id)
        await expect(paper.locator("tfoot")).to_contain_text("0.02\u00a0€")
        await expect(sheet).to_be_hidden()
        # A long month has its sums once, not at the foot of each page.
        await expect(paper.locator("tfoot")).to_have_css("display", "table-row-group")
        # What is summed up is as large as what is summed, and nothing lies at the edge of the sheet.
        sizes = "(all) => [...new Set(all.map((one) => getComputedStyle(one).fontSize))].length"
        assert await paper.locator("tfoot :is(th, td), tbody td").evaluate_all(sizes) == 1
        margins = """[...document.styleSheets].flatMap((one) => [...one.cssRules])
            .flatMap((rule) => [...rule.cssRules ?? []])
            .filter((rule) => rule instanceof CSSPageRule).map((rule) => rule.style.margin)"""
        assert await page.evaluate(margins) == ["14mm"]
        await page.evaluate("dispatchEvent(new Event('afterprint'))")
        await expect(paper).to_have_count(0)
        # Without a receipt being printed, paper shows what is open, and nothing around it.
        await expect(sheet).to_be_visible()
        await expect(page.locator(".top")).to_be_hidden()
        # Of a table also the headings and names that are buttons on the screen.
        await page.goto(f"{room.url}/#stats")
        await expect(page.locator("#stats .tb-sort").first).to_be_visible()
        # As tables, though a sheet of A4 is no wider than a phone is high.
        await page.set_viewport_size({"width": 688, "height": 1000})
        for tab, rows in (("stats", "tr[data-key=CP001]"), ("history", "tbody tr")):
            await page.goto(f"{room.url}/#{tab}")
            table = page.locator(f"#{tab} .tb-scroll").last
            await expect(page.locator(f"#{tab} {rows}").first).to_have_css("display", "table-row")
            assert await table.evaluate("(one) => one.scrollWidth <= one.clientWidth"), tab
        # What is written for the ground of its status keeps that ground.
        await expect(page.locator("#history .mark").first).to_have_css("print-color-adjust", "exact")
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D76", at="/driver")
        await page.locator("#past button").first.click()
        await expect(page.locator("dialog[open] .curve")).to_be_visible()
        await page.locator("dialog[open]").get_by_role("button", name="Close").click()
        await page.click("#statement")
        await expect(page.locator("dialog[open] .statement tfoot")).to_contain_text("0.02\u00a0€")
        amount = page.locator("dialog[open] .statement tbody tr").first.locator("td").last
        assert await amount.evaluate("(one) => parseFloat(getComputedStyle(one).paddingLeft)") >= 8
        await page.evaluate("window.print = () => {}")
        await page.locator("dialog[open]").get_by_role("button", name="Print").click()
        # It is headed by everyone who issued a receipt of that month.
        await expect(page.locator(".on-paper .issuer")).to_have_count(1)
        await expect(page.locator(".on-paper tfoot")).to_contain_text("0.02\u00a0€")


async def test_a_session_whose_engine_is_lost_is_closed_on_its_sheet(room, window) -> None:
    town = room.town
    engine, driver = await town.point("CP077"), await town.driver("D77")
    driver.asks("CP077")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    async with window() as opened:
        page = await room.enter(opened, "operator", at="/#history")
        await row(page, session_id).locator(".tb-open").click()
        await expect(page.locator("dialog[open]")).to_contain_text("Charging")
        await expect(page.locator('[data-act="close-lost"]')).to_have_count(0)
        await page.locator('[data-act="end"]').click()
        # The sheet has a button of that name, too: it is the question that must be answered.
        await page.locator("dialog[open]:not(.sheet)").get_by_role("button", name="End charge").click()
        assert (await hear(engine.channel, messages.Stop)).reason == "operator"
        await expect(page.locator("dialog[open]")).to_contain_text("stopped by the operator")
        await page.keyboard.press("Escape")
        engine.channel.abort()
        await town.says("CP077 .*Faulted: no link")
        await row(page, session_id).locator(".tb-open").click()
        await page.locator('[data-act="close-lost"]').click()
        await page.locator("dialog[open]").last.get_by_role("button", name="Close as lost").click()
        await expect(page.locator("dialog[open]")).to_contain_text("0.25\u00a0€")
        await expect(page.locator("dialog[open]")).to_contain_text("Estimated")
        await expect(page.locator('[data-act="close-lost"]')).to_have_count(0)
    assert (await driver.ticket()).estimated


async def test_money_is_put_right_on_the_pages(room, window) -> None:
    town = room.town
    engine, driver = await town.point("CP078"), await town.driver("D78")
    driver.asks("CP078")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(10_000_000), engine.ends())
    await driver.ticket()
    async with window() as opened:
        opened.allowed.append("409")
        page = await room.enter(opened, "operator", at="/#history")
        await row(page, session_id).locator(".tb-open").click()
        await page.locator('[data-act="refund"]').click()
        await fill_in(page, "Give back", amount="0,50", reason="cable broken")
        await expect(page.locator("dialog[open].sheet")).to_contain_text("2.00\u00a0€")
        await page.keyboard.press("Escape")
        # The address leads back first.
        await expect(page).to_have_url(f"{room.url}/#history")
        await page.goto(f"{room.url}/#drivers")
        await row(page, "D78").locator('[data-act="correct"]').click()
        await fill_in(page, "Correct", amount="-1", reason="typed twice")
        await expect(row(page, "D78")).to_contain_text("17.00\u00a0€")
        await row(page, "D78").locator('[data-act="top-up"]').click()
        await fill_in(page, "Top up", amount="600")
        await expect(page.locator("dialog[open]").last).to_contain_text("600.00 € is more than 500.00 €")
        await page.locator("dialog[open]").last.get_by_role("button", name="Yes").click()
        await expect(row(page, "D78")).to_contain_text("617.00\u00a0€")
        await row(page, "D78").locator('[data-act="pay-out"]').click()
        await fill_in(page, "Pay out", amount="17", reason="moved away")
        await expect(row(page, "D78")).to_contain_text("600.00\u00a0€")


async def test_an_administrator_looks_after_people_and_programs(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "admin", at="/#registration")
        await page.locator('[data-act="add-accounts"]').click()
        await fill_in(page, "Add", name="olga")
        await expect(page.locator("dialog.reveal code.secret")).to_be_visible()
        await page.locator("dialog.reveal .btn.go").click()
        await expect(row(page, "olga")).to_contain_text("operator")
        await row(page, "olga").locator('[data-act="change_role"]').click()
        await page.locator('dialog.fd[open] [name="role"]').select_option("viewer")
        await fill_in(page, "Role")
        await expect(row(page, "olga")).to_contain_text("viewer")
        await row(page, "olga").locator('[data-act="password"]').click()
        await answer(page, "Yes")
        await page.locator("dialog.reveal .btn.go").click()
        await row(page, "olga").locator('[data-act="remove"]').click()
        await answer(page, "Remove")
        await expect(row(page, "olga")).to_have_count(0)
        await page.locator('[data-act="add-tokens"]').click()
        await fill_in(page, "Add", name="grafana")
        await page.locator("dialog.reveal .btn.go").click()
        await expect(row(page, "grafana")).to_contain_text("service")


async def test_everybody_changes_its_own_password_on_the_page(room, window) -> None:
    password = await room.person("pia.own", "operator")
    async with window() as opened:
        page = await room.enter(opened, "operator", name="pia.own", at="/#registration")
        await page.locator('[data-act="own-password"]').click()
        await fill_in(page, "Change", old_password=password, new_password="correct horse battery")
        await expect(page.locator("#toasts")).to_contain_text("Your password is changed")


async def fill_in(page: Page, button: str, **typed: str) -> None:
    """Fill in the form that is asked for now, and send it."""
    form = page.locator("dialog.fd[open]")
    for name, text in typed.items():
        await form.locator(f'[name="{name}"]').fill(text)
    await form.get_by_role("button", name=button, exact=True).click()


# ---- statistics


async def test_the_statistics_are_what_the_books_say(room, window) -> None:
    since = (datetime.now(UTC).date() - timedelta(days=29)).isoformat()
    sums = "SELECT sum(sessions), sum(energy_mwh), sum(revenue_cents) FROM daily WHERE day >= ?"
    ((sessions, mwh, cents),) = books(room, sums, since)
    ((mine, _, revenue),) = books(room, f"{sums} AND cp_id = 'CP007'", since)
    async with window() as opened:
        page = await room.enter(opened, "viewer", at="/#stats")
        figures = page.locator("#stats .figures")
        await expect(figures).to_contain_text(f"{cents / 100:,.2f}\u00a0€")
        await expect(figures).to_contain_text(f"{round(mwh / 1e6):,}\u00a0kWh")
        await expect(figures).to_contain_text(f"Sessions{sessions:,}")
        point = row(page, "CP007")
        await expect(point.locator('[data-id="n"]')).to_have_text(str(mine))
        await expect(point.locator('[data-id="eur"]')).to_have_text(f"{revenue / 100:,.2f}\u00a0€")
        # The same of one charging point alone.
        await point.locator(".tb-open").click()
        await expect(figures).to_contain_text(f"{revenue / 100:,.2f}\u00a0€")
        await expect(page.locator("#stats svg.chart").first).to_be_visible()


# ---- drivers


async def test_a_double_click_tops_up_once(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "operator", at="/#drivers")
        await expect(row(page, "D03").locator('[data-id="balance"]')).to_have_text("25.00\u00a0€")
        await page.get_by_role("button", name="Top up: D03").click()
        await page.fill('dialog[open] [name="amount"]', "twelve")
        await answer(page, "Top up")
        await expect(page.locator("dialog[open] .fd-problem")).to_contain_text("Type an amount between")
        await page.fill('dialog[open] [name="amount"]', "12,50")
        await page.locator("dialog[open]").get_by_role("button", name="Top up", exact=True).dblclick()
        await expect(page.locator(".toast").last).to_contain_text(
            "12.50\u00a0€ for D03. Balance: 37.50\u00a0€."
        )
        await expect(row(page, "D03").locator('[data-id="balance"]')).to_have_text("37.50\u00a0€")
        assert books(room, "SELECT balance_cents FROM driver WHERE driver_id = 'D03'") == [(3750,)]


async def test_a_driver_is_blocked_and_let_in_again(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "operator", at="/#drivers")
        await page.get_by_role("button", name="Block: D04", exact=True).click()
        await expect(page.locator("dialog[open]")).to_contain_text("Block D04? It can start no more charges.")
        await answer(page, "Block")
        await expect(row(page, "D04").locator('[data-id="state"]')).to_contain_text("Blocked")
        await page.get_by_role("button", name="Unblock: D04").click()
        await answer(page, "Unblock")
        await expect(row(page, "D04").locator('[data-id="state"]')).not_to_contain_text("Blocked")


# ---- weather


async def test_the_weather_shows_which_place_a_name_was_taken_for(room, window) -> None:
    where = {"country": "MX", "latitude": 20.6767, "longitude": -103.3475}
    report = {"location": "Guadalajara", "temperature_celsius": 20.5}
    await room.ask("POST", "/api/weather_update", report | where)
    async with window(lang="es") as opened:
        page = await room.enter(opened, "operator", at="/#weather")
        card = page.locator(".place", has_text="Guadalajara, MX")
        await expect(card).to_contain_text("México · 20,68°, -103,35°")


async def test_a_simulation_is_called_so_in_the_language_of_the_page(room, window) -> None:
    place = {"location": "Toledo", "temperature_celsius": 9.0, "source": "a simulation (front.txt)"}
    await room.ask("POST", "/api/weather_update", place)
    async with window(lang="de") as opened:
        page = await room.enter(opened, "viewer", at="/#weather")
        await expect(page.locator(".place", has_text="Toledo")).to_contain_text("eine Simulation (front.txt)")


async def test_an_operator_overrides_the_weather_of_a_place(room, window) -> None:
    place = CITIES[1]
    report = {"location": place, "temperature_celsius": -3.5, "source": "OpenWeather"}
    await room.ask("POST", "/api/weather_update", report)
    async with window() as opened:
        page = await room.enter(opened, "operator", at="/#weather")
        card = page.locator(".place", has=page.get_by_role("heading", name=place, exact=True))
        await card.locator('[data-act="raise"]').click()
        await answer(page, "Raise an alert")
        await expect(card).to_contain_text("-3.5\u00a0°C")
        await expect(card).to_contain_text("Charging points withheld by the weather: 3 of 3")
        await card.get_by_role("button", name="Open in spite of the weather").click()
        await answer(page, "Open in spite of the weather")
        await expect(card).to_contain_text("Overridden")
        await expect(card).to_contain_text("They stay open in spite of the alert.")
        await card.get_by_role("button", name="Obey the weather again").click()
        await answer(page, "Obey the weather again")
        await expect(card).to_contain_text("Charging points withheld by the weather: 3 of 3")
        await card.locator('[data-act="end"]').click()
        await answer(page, "End the alerts")
        await expect(card.locator("header")).not_to_contain_text("Cold")


# ---- audit


async def test_the_audit_log_follows_what_happens_and_says_that_its_chain_is_whole(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "operator", at="/#audit")
        await expect(page.locator("#audit .chain")).to_have_attribute("data-kind", "ok")
        await expect(page.locator("#audit tbody tr").first).to_be_visible()
        await page.evaluate("fetch('/api/drivers/D05/block', { method: 'POST', body: '{\"blocked\":true}', "
                            "headers: { 'Content-Type': 'application/json' } })")  # fmt: skip
        newest = page.locator("#audit tbody tr", has_text="D05").first
        await expect(newest).to_contain_text("operator.one")
        await expect(newest.locator('[data-id="where"]')).to_contain_text("127.0.0.1:")
        await newest.locator(".tb-open").click()
        await expect(page.locator("dialog[open] .hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))


# ---- registration


async def test_a_new_charging_point_shows_its_credential_and_join_token_once(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "admin", at="/#registration")
        await page.fill('#registration [name="id"]', "cp042")
        await page.fill('#registration [name="location"]', "Elche")
        await page.locator("#registration form.register button").dblclick()
        shown = page.locator("dialog.reveal[open]")
        await expect(shown).to_contain_text("Shown once.")
        secrets = await shown.locator("code.secret").all_text_contents()
        assert len(secrets) == 2
        assert min(map(len, secrets)) >= 32
        # A slip of the hand loses nothing.
        await page.keyboard.press("Escape")
        await expect(shown).to_be_visible()
        await answer(page, "I have kept it")
        await expect(row(page, "CP042").locator('[data-id="state"]')).to_have_text("Active")
        await page.reload()
        await expect(row(page, "CP042")).to_be_visible()
        content = await page.content()
        assert not [one for one in secrets if one in content]
        assert (await room.registry.ticket("CP042", secrets[0])).status == 200
        # Nobody finds them in the audit log.
        assert not [one for one in secrets if one in str(await room.ask("GET", "/api/events?limit=1000"))]


async def test_an_administrator_deactivates_and_activates(room, window) -> None:
    await room.registry.register("CP043", credential="cp_secret_043")
    async with window() as opened:
        page = await room.enter(opened, "admin", at="/#registration")
        state = row(page, "CP043").locator('[data-id="state"]')
        await page.get_by_role("button", name="Deactivate: CP043").click()
        await answer(page, "Deactivate")
        await expect(state).to_have_text("Inactive")
        assert (await room.registry.ticket("CP043", "cp_secret_043")).status == 403
        await page.get_by_role("button", name="Activate: CP043").click()
        await answer(page, "Activate")
        await expect(state).to_have_text("Active")
        assert (await room.registry.ticket("CP043", "cp_secret_043")).status == 200


async def test_only_administrators_register(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "operator", at="/#registration")
        await expect(page.locator("#registration")).to_contain_text("Only an administrator registers")
        await expect(
            page.locator("#registration form, #registration [data-act]:not([data-act=own-password])")
        ).to_have_count(0)


async def test_a_registry_that_is_away_is_said_in_a_sentence(tmp_path, window) -> None:
    async with registry_of(tmp_path / "state") as registry:
        gone = registry
    async with central_of(gone) as room, window() as opened:
        opened.allowed.append("503")
        page = await room.enter(opened, "admin", at="/#registration")
        await expect(page.locator("#registration .tab-note").first).to_contain_text("Registry not responding")
        await page.fill('#registration [name="id"]', "CP044")
        await page.fill('#registration [name="location"]', "Elche")
        await page.click("#registration form.register button")
        await expect(page.locator("#registration .fd-problem")).to_contain_text("Registry not responding")
        # What was typed is still there, and the rest of the page works.
        await expect(page.locator('#registration [name="id"]')).to_have_value("CP044")
        await expect(page.locator('[data-banner="registry"]')).to_be_visible()


async def test_the_last_line_says_who_leads_of_several_centrals(room, window) -> None:
    led = {
        "leader": "B",
        "since": "2026-11-30T10:00:00+00:00",
        "cause": "killed",
        "before": "A",
        "members": [],
    }
    led |= {"en": "B leads: A had ended without a word.", "es": "B dirige: A había terminado sin avisar."}
    async with window() as opened:
        await opened.page.route("**/api/members", lambda route: route.fulfill(json=led))
        page = await room.enter(opened, "viewer")
        await expect(page.locator("#led")).to_contain_text("B leads: A had ended without a word. · since ")
    async with window() as opened:
        async with opened.page.expect_response("**/api/members"):
            page = await room.enter(opened, "viewer")
        await expect(page.locator("#led")).to_be_hidden()


async def test_the_text_of_a_chart_grows_with_the_screen(room, window) -> None:
    tall = "document.querySelector('#stats .cards .chart .ch-axis').getBoundingClientRect().height"
    async with window(size=(3840, 2160)) as opened:
        page = await room.enter(opened, at="/#stats")
        text, chart = (
            page.locator("#stats .cards .chart .ch-axis").first,
            page.locator("#stats .cards .chart").first,
        )
        await expect(text).to_be_visible()
        large = await page.evaluate(tall)
        # The cursor is where the pointer is.
        box = await chart.bounding_box()
        at = box["x"] + 0.75 * box["width"]
        await page.mouse.move(at, box["y"] + box["height"] / 2)
        band = await page.locator("#stats .cards .chart .ch-band").first.bounding_box()
        assert band["x"] - 1 <= at <= band["x"] + band["width"] + 1
        await page.set_viewport_size({"width": 1920, "height": 1080})
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while await page.evaluate(tall) > 0.6 * large:
                await asyncio.sleep(0.05)
