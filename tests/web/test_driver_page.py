"""A driver's own page, from the request to the receipt."""

import asyncio
import json
import re
import secrets
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route, expect

from evcharge.evc1.messages import Confirming, Health, ManualStart, Progress, Stop
from tests.component.town import FakeEngine, hear
from tests.web.browser import PHONE, languages
from tests.web.scene import Charge, begin_charge

# The big button changes under the hand: a click so soon after that still belongs to a double click.
UNHURRIED_MS = 700


async def asked(page: Page, engine: FakeEngine) -> Charge:
    """Charge at `engine` by the page's own button, until power flows."""
    await page.click(f'#free button[data-cp="{engine.cp_id}"]')
    await engine.is_asked()
    await expect(page.locator("#live")).to_have_attribute("data-state", "ready")
    await engine.journals(engine.starts())
    await expect(page.locator("#live")).to_have_attribute("data-state", "charging")
    return Charge(engine, 11_000, 0)


async def steps(page: Page, **states: str) -> None:
    for name, state in states.items():
        await expect(page.locator(f'#steps li[data-step="{name}"]')).to_have_attribute("data-state", state)


async def sessions_of(room, driver_id: str) -> list[dict]:
    return (await room.ask("GET", f"/api/sessions?driver_id={driver_id}"))["sessions"]


async def test_a_whole_charge_from_the_page_is_seen_by_the_operator_and_ends_with_a_receipt(
    room, window
) -> None:
    engine = await room.town.point("CP001")
    async with window(size=(390, 844)) as mine, window() as control:
        page = await room.enter(mine, "driver", name="D01")
        wall = await room.enter(control, "viewer")
        await expect(page.locator("#balance")).to_have_text(re.compile("20.00"))
        await page.click('#free button[data-cp="CP001"]')
        await engine.is_asked()
        await steps(page, sent="done", authorised="done", plug="now", charging="todo")
        await expect(wall.locator('.tile[data-cp="CP001"]')).to_have_attribute("data-s", "preparing")
        await engine.journals(engine.starts())
        session = engine.start.session_id
        charge = Charge(engine, 11_000, 1_000_000)
        charge.update()
        await steps(page, plug="done", charging="now", ticket="todo")
        await expect(page.locator("#power")).to_have_text("11.0\u00a0kW")
        await expect(page.locator("#battery")).to_have_text("63\u00a0%")
        await expect(page.locator("#battery-full")).to_have_text("full in 25\u00a0min")
        await expect(wall.locator('.tile[data-cp="CP001"] .main')).to_have_text("11.0\u00a0kW")
        await expect(wall.locator(f'.running-panel tr[data-session="{session}"]')).to_contain_text("D01")
        await page.click("#act", delay=UNHURRIED_MS)
        await hear(engine.channel, Stop)
        await engine.journals(engine.meters(4_000_000), engine.ends("driver"))
        await steps(page, charging="done", ticket="done")
        # 4 kWh at 0.25 €.
        receipt = page.locator(f'#receipts [data-session="{session}"]')
        await expect(receipt).to_contain_text("1.00\u00a0€")
        await expect(receipt).to_contain_text("4.00\u00a0kWh")
        await expect(receipt).to_contain_text("stopped by the driver")
        await expect(wall.locator('.tile[data-cp="CP001"]')).to_have_attribute("data-s", "available")
        await receipt.get_by_role("button", name="Got it").click()
        await expect(receipt).to_have_count(0)
        await expect(page.locator("#live")).to_have_attribute("data-state", "idle")
        await expect(page.locator("#past")).to_contain_text("1.00\u00a0€")
        await expect(page.locator("#balance")).to_have_text(re.compile("19.00"))


async def test_on_a_phone_the_charge_and_its_stop_stay_in_view_wherever_its_driver_reads(
    room, window
) -> None:
    engine = await room.town.point("CP131")
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D131")
        bar = page.locator("#bar")
        await expect(page.locator('#free button[data-cp="CP131"]')).to_be_visible()
        await expect(bar).to_be_hidden()
        await page.locator("#pin-title").scroll_into_view_if_needed()
        await page.click('#free button[data-cp="CP131"]')
        await engine.is_asked()
        await expect(bar).to_be_in_viewport(ratio=1)
        await expect(bar).to_contain_text("CP131")
        # What is left of the time to plug in.
        await expect(page.locator("#bar-what")).to_have_text(re.compile(r"^\d+ s left$"))
        await engine.journals(engine.starts())
        Charge(engine, 11_000, 4_000_000).update()
        await expect(page.locator("#bar-what")).to_have_text(re.compile(r"^4.00 kWh · 1.00\s€$"))
        await page.locator("#history-title").scroll_into_view_if_needed()
        await expect(bar).to_be_in_viewport(ratio=1)
        await page.click("#bar-act", delay=UNHURRIED_MS)
        await hear(engine.channel, Stop)
        await engine.journals(engine.meters(4_000_000), engine.ends("driver"))
        await page.click("#bar-act", delay=UNHURRIED_MS)
        await expect(bar).to_be_hidden()


async def test_a_phone_is_wide_enough_for_the_header_in_every_language(room, window) -> None:
    # Also when data is late, which takes more words.
    seen = """async () => {
      const { src } = document.querySelector("script[type=module]");
      const { t } = await import(new URL("../i18n.js", src));
      document.querySelector("#link span").textContent = t("link.stale", { seconds: 12 });
      return document.documentElement.scrollWidth;
    }"""
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D133")
        wide = {lang: await page.evaluate(seen) async for lang in languages(page)}
        assert len(wide) > 5
        assert set(wide.values()) == {PHONE[0]}, wide


async def test_a_driver_without_money_is_told_what_to_do(room, window) -> None:
    async with window(size=PHONE) as opened:
        page = await room.enter(opened, "driver", name="D132")
        await expect(page.locator("#under")).to_contain_text("Choose a free charging point")
        body = {"reason": "moves away", "reference": "P-132", "confirm": True}
        await room.ask("POST", "/api/drivers/D132/pay-out", body)
        await expect(page.locator("#under")).to_contain_text("Ask the operator")


async def test_a_charge_whose_point_fails_says_so_in_amber_with_what_there_is_so_far(room, window) -> None:
    engine = await room.town.point("CP068")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D68")
        (await asked(page, engine)).update()
        await engine.journals(engine.meters(2_000_000))
        await expect(page.locator("#dial-number")).to_have_text("2.00")
        engine.monitor.send(Health(fault="overheated"))
        live = page.locator("#live")
        await expect(live).to_have_attribute("data-state", "broken")
        await expect(page.locator("#state")).to_have_text("Interrupted")
        await expect(page.locator("#under")).to_have_text(
            "CP068 failed (overheated). What you have so far is kept; the final ticket follows."
        )
        await expect(page.locator("#dial-number")).to_have_text("2.00")
        await expect(page.locator("#act")).to_be_hidden()
        amber = "getComputedStyle(document.documentElement).getPropertyValue('--attention').trim()"
        ring = "getComputedStyle(document.querySelector('#ring')).stroke"
        assert await page.evaluate(
            f"{ring} === (() => {{ const p = document.createElement('p'); p.style.color ="
            f" {amber}; document.body.append(p); return getComputedStyle(p).color; }})()"
        )
        await engine.journals(engine.ends("fault"))
        await expect(live).to_have_attribute("data-state", "done")
        # Receipts and histories say the day, too.
        day = re.compile(r"\d{1,2} \w+,? .*\d\d:\d\d")
        await expect(page.locator("#receipts time")).to_have_text(day)
        await expect(page.locator("#past time").first).to_have_text(day)
        # Both ends of it alike.
        took = re.compile(r"(?:\d\d:\d\d|–) – (?:.*, )?\d\d:\d\d$")
        await expect(page.locator("#receipts dl > div", has_text="From – to").locator("dd")).to_have_text(
            took
        )


async def test_a_driver_is_asked_about_a_point_elsewhere_when_none_is_free_where_it_wants_one(
    room, window
) -> None:
    engine = await room.town.point("CP069")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D69")

        async def elsewhere(route: Route) -> None:
            body = json.loads(route.request.post_data or "{}")
            await route.continue_(post_data=json.dumps(body | {"location": "Zaragoza"}))

        await page.route("**/api/me/requests", elsewhere)
        # Its own button is all that is left to choose.
        await page.fill("#filter", "CP069")
        await page.select_option("#until-unit", "until_cents")
        await page.fill("#until-most", "2")
        await page.click("#act", delay=UNHURRIED_MS)
        await expect(page.locator("#live")).to_have_attribute("data-state", "refused")
        await page.unroute("**/api/me/requests")
        await expect(page.locator("#act-label")).to_have_text(re.compile("Charge at CP"))
        offered = (await page.locator("#act-label").inner_text()).split()[-1]
        await page.click("#act", delay=UNHURRIED_MS)
        if offered == "CP069":
            await engine.is_asked()
        await expect(page.locator("#live-title")).to_contain_text(offered)
        # With the limit that it wanted for the first one.
        (session,) = await sessions_of(room, "D69")
        assert session["until_cents"] == 200


async def test_a_charge_that_the_operator_ends_tells_the_driver_why(room, window) -> None:
    engine = await room.town.point("CP002")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D02")
        await asked(page, engine)
        await room.ask("POST", "/api/cps/CP002/out")
        await hear(engine.channel, Stop)
        await engine.journals(engine.meters(1_000_000), engine.ends("operator"))
        await expect(page.locator("#under")).to_have_text("Ended: stopped by the operator")
        await expect(page.locator("#receipts")).to_contain_text("stopped by the operator")
        # A charging point that is out of order is nobody's to choose.
        await expect(page.locator('#free button[data-cp="CP002"]')).to_have_count(0)


async def test_a_charge_stops_after_what_the_driver_chose_on_its_page(fresh_room, window) -> None:
    engine = await fresh_room.town.point("CP003")
    async with window() as opened:
        page = await fresh_room.enter(opened, "driver", name="D03")
        await page.select_option("#until-unit", "until_mwh")
        await page.fill("#until-most", "")
        await page.click('#free button[data-cp="CP003"]')
        # Without a number nothing is asked for.
        await expect(page.locator("#live")).to_have_attribute("data-state", "idle")
        await page.fill("#until-most", "5")
        await expect(page.locator("#until-range")).to_have_value("5")
        charge = await asked(page, engine)
        assert engine.start is not None
        assert (engine.start.limit_mwh, engine.start.hold_cents) == (5_000_000, 125)
        await expect(page.locator("#until")).to_be_hidden()
        charge.energy_mwh = 3_200_000 - 11_000 * 1000 // 3600
        charge.update()
        await expect(page.locator("#under")).to_have_text("3.20 of 5.00\u00a0kWh, then it stops")
        await engine.journals(engine.meters(5_000_000), engine.ends("limit"))
        await expect(page.locator("#under")).to_have_text("Ended: stopped at your limit")
        await expect(page.locator("#receipts")).to_contain_text("stopped at your limit")


async def test_a_driver_reads_what_an_operator_moved_in_its_wallet(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D66")
        await expect(page.locator("#balance")).to_contain_text("20.00")
        order = {"cents": -80, "reason": "typed twice", "reference": "R-66"}
        await room.ask("POST", "/api/drivers/D66/correct", order)
        await expect(page.locator("#balance")).to_contain_text("19.20")
        await expect(page.locator(".moved-money")).to_contain_text("Correction -0.80\u00a0€ typed twice")


async def indebted(room, driver_id: str, cp_id: str) -> str:
    """Have a driver owe 0.50 €: its wallet is paid out before its engine tells how much more had flowed."""
    engine, driver = await room.town.point(cp_id), await room.town.driver(driver_id)
    driver.asks(cp_id)
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    engine.channel.abort()
    async with asyncio.timeout(10):
        while not (await room.ask("GET", f"/api/sessions/{session_id}"))["lost"]:
            await asyncio.sleep(0.05)
    await room.ask("POST", f"/api/sessions/{session_id}/close-lost")
    order = {"reason": "moves away", "reference": f"P-{driver_id}"}
    await room.ask("POST", f"/api/drivers/{driver_id}/pay-out", order)
    again = await room.town.engine(cp_id)
    again.seq, again.start, again.meter_mwh = engine.seq, engine.start, engine.meter_mwh
    await again.journals(again.meters(2_000_000), again.ends())
    return session_id


async def test_what_a_driver_owes_is_on_its_page_and_the_operators_until_the_next_money_pays_it(
    room, window
) -> None:
    session_id = await indebted(room, "D67", "CP067")
    async with window(size=(390, 844)) as mine, window() as control:
        page = await room.enter(mine, "driver", name="D67")
        await expect(page.locator("#owed")).to_contain_text("You owe 0.50\u00a0€")
        await expect(page.locator("#owed")).to_contain_text("the next money that comes in pays that first")
        tab = await room.enter(control, "operator", at="/#drivers")
        row = tab.locator('tr[data-key="D67"]')
        await expect(row.locator('[data-kind="owed"]')).to_have_text("0.50\u00a0€")
        await tab.goto(f"{room.url}/#history")
        past = tab.locator(f'tr[data-key="{session_id}"]')
        await expect(past.locator('[data-kind="owed"]')).to_have_text("Owed of it: 0.50\u00a0€")
        await past.click()
        await expect(tab.locator(".sheet-body")).to_contain_text("Owed of it0.50")
        await tab.keyboard.press("Escape")
        # The browser goes back to the list on its own time, and would go back from whatever is opened before.
        await expect(tab).to_have_url(f"{room.url}/#history")
        await tab.goto(f"{room.url}/#drivers")
        await row.locator('[data-act="top-up"]').click()
        await tab.fill('dialog[open] [name="amount"]', "0.30")
        await tab.keyboard.press("Enter")
        await expect(tab.locator("#toasts")).to_contain_text("D67 still owes 0.20")
        await expect(page.locator("#owed")).to_contain_text("0.20")
        await room.ask("POST", "/api/drivers/D67/top-up", {"cents": 100, "reference": "T-67"})
        await expect(page.locator("#owed")).to_be_hidden()
        await expect(page.locator("#balance")).to_contain_text("0.80")
        await expect(page.locator(".moved-money")).to_contain_text(f"Debt paid -0.20\u00a0€ {session_id}")
        await expect(row.locator('[data-kind="owed"]')).to_have_count(0)


async def test_a_ticket_that_comes_before_the_words_of_its_reason_waits_for_them(room, window) -> None:
    await indebted(room, "D168", "CP168")
    async with window(lang="es") as mine:

        async def late(route: Route) -> None:
            await mine.page.wait_for_timeout(1_500)
            await route.continue_()

        await mine.page.route("**/es_codes.js", late)
        page = await room.enter(mine, "driver", name="D168")
        await expect(page.locator("#receipts")).to_contain_text("se perdió el punto de recarga")


async def test_a_price_that_rose_while_the_page_showed_the_old_one_starts_nothing_unasked(
    room, window
) -> None:
    engine = await room.town.point("CP070")
    shown: list[str] = []

    async def stale(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        shown.append(body["shown_price"])
        await route.continue_(post_data=json.dumps(body | {"shown_price": "0.01"}))

    async with window() as opened:
        page = await room.enter(opened, "driver", name="D70")
        await page.route("**/api/me/requests", stale)
        await page.fill("#filter", "CP070")
        await page.click('#free button[data-cp="CP070"]')
        await expect(page.locator("#live")).to_have_attribute("data-state", "refused")
        await expect(page.locator("#live")).to_contain_text("CP070 costs 0.25")
        assert shown == ["0.25"]
        assert await sessions_of(room, "D70") == []
        # Who agrees to what it costs now need not look for it again.
        await page.unroute("**/api/me/requests")
        await expect(page.locator("#act-label")).to_have_text("Charge at CP070")
        await page.click("#act", delay=UNHURRIED_MS)
        await engine.is_asked()


async def test_two_clicks_are_one_session(room, window) -> None:
    engine = await room.town.point("CP003")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D03")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        await page.dblclick('#free button[data-cp="CP003"]')
        await engine.is_asked()
        await expect(page.locator("#live")).to_have_attribute("data-state", "ready")
        assert len(await sessions_of(room, "D03")) == 1
        assert len([url for url in sent if url.endswith("/api/me/requests")]) == 1
        # The second click has not become "cancel" either.
        await engine.journals(engine.starts())
        await expect(page.locator("#live")).to_have_attribute("data-state", "charging")


async def test_any_charging_point_will_do(room, window) -> None:
    room.town.places["CP004"] = "Elche"
    engine = await room.town.point("CP004")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D04")
        await page.fill("#filter", "elche")
        await expect(page.locator("#act-label")).to_have_text("Any free one at Elche")
        await page.click("#act", delay=UNHURRIED_MS)
        await page.click("#act")
        await engine.is_asked()
        await expect(page.locator("#live-title")).to_have_text("CP004 · Elche")
        await engine.journals(engine.starts())
        await expect(page.locator("#live")).to_have_attribute("data-state", "charging")
        assert len(await sessions_of(room, "D04")) == 1


async def test_a_page_that_is_loaded_again_goes_on_with_its_charge(room, window) -> None:
    engine = await room.town.point("CP005")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D05")
        charge = await asked(page, engine)
        await page.reload()
        await expect(page.locator("#live")).to_have_attribute("data-state", "charging")
        await steps(page, sent="done", authorised="done", plug="done", charging="now")
        charge.update()
        await expect(page.locator("#power")).to_have_text("11.0\u00a0kW")
        # And what ended while nobody looked waits as a receipt.
        await page.goto("about:blank")
        await engine.journals(engine.meters(2_000_000), engine.ends("battery full"))
        await room.town.says("D05-CP005-.*: ticket")
        await page.goto(f"{room.url}/driver")
        await expect(page.locator("#receipts")).to_contain_text("battery full")
        assert len(await sessions_of(room, "D05")) == 1


async def test_a_driver_sees_nothing_of_the_others(room, window) -> None:
    own, other = await room.town.point("CP006"), await room.town.point("CP007")
    told: list[str] = []
    async with window() as opened:
        page = opened.page
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: told.append(str(frame))))
        page.on("requestfinished", lambda request: told.append(request.url))
        await room.enter(opened, "driver", name="D06")
        charge = await asked(page, own)
        foreign = await begin_charge(room.town, other, "D96")
        for one in (charge, foreign):
            one.update()
        await expect(page.locator("#power")).to_have_text("11.0\u00a0kW")
        await other.journals(other.meters(1_000_000), other.ends("unplugged"))
        await room.town.says("D96-CP007-.*: ticket")
        # It is free again, and its own figures went on: all frames about it have come.
        await expect(page.locator('#free button[data-cp="CP007"]')).to_have_count(1)
        charge.power_w = 12_000
        charge.update()
        await expect(page.locator("#power")).to_have_text("12.0\u00a0kW")
        answers = await page.evaluate(
            """() => Promise.all(["/api/me", "/api/me/sessions", "/api/me/tickets", "/api/cps"]
                .map((path) => fetch(path).then((answer) => answer.text())))"""
        )
        everything = "\n".join([*told, *answers, await page.content()])
        assert "D06" in everything
        assert not re.search(r"\bD(?!06\b)\d\d\b", everything)


async def test_a_driver_has_favourites_and_is_told_when_another_point_is_free(room, window) -> None:
    for cp_id in ("CP061", "CP062", "CP063"):
        await room.town.point(cp_id)
    await room.ask("POST", "/api/cps/CP063/out")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D61")
        await page.click('[data-like="CP062"]')
        await page.reload()
        await expect(page.locator("#free li").first).to_contain_text("CP062")
        await expect(page.locator('[data-like="CP062"]')).to_have_attribute("aria-pressed", "true")
        await page.fill("#filter", "cp063")
        await expect(page.locator("#taken")).to_contain_text("CP063 is not free at the moment.")
        await page.locator("#taken").get_by_role("button", name="Tell me when it is free").click()
        # It is waited for, whatever is looked for meanwhile.
        await page.fill("#filter", "")
        await expect(page.locator('#taken [aria-pressed="true"]')).to_have_count(1)
        await room.ask("POST", "/api/cps/CP063/resume")
        await expect(page.locator(".toast")).to_contain_text("CP063 is free now.")
        await expect(page.locator("#taken li")).to_have_count(0)


async def test_a_refused_request_says_why_and_leaves_the_others_to_choose(room, window) -> None:
    await room.town.point("CP008")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D08")
        await room.ask("POST", "/api/drivers/D08/block", {"blocked": True})
        await page.click('#free button[data-cp="CP008"]')
        await expect(page.locator("#live")).to_have_attribute("data-state", "refused")
        await expect(page.locator("#under")).to_have_text("D08 may not charge here: blocked.")
        said = [await page.locator("#under").inner_text() async for _ in languages(page)]
        assert len(set(said)) == len(said) > 2
        await page.select_option("#lang", "en")
        await steps(page, sent="done", authorised="bad")
        await page.click("#act", delay=UNHURRIED_MS)
        await expect(page.locator("#live")).to_have_attribute("data-state", "idle")
        await expect(page.locator('#free button[data-cp="CP008"]')).to_be_enabled()


async def test_what_one_driver_could_not_send_is_not_sent_for_the_next_one(room, window) -> None:
    await room.town.point("CP010")
    asked_for: list[str] = []

    async def busy(route: Route) -> None:
        asked_for.append(route.request.post_data or "")
        await route.fulfill(status=503, json={"code": "E_BUSY", "detail": "Too much at once."})

    async with window() as opened:
        opened.allowed.append("503")
        await opened.page.route("**/api/me/requests", busy)
        page = await room.enter(opened, "driver", name="D10")
        await page.click('#free button[data-cp="CP010"]')
        await expect(page.locator("#goes-on")).to_contain_text("sent again")
        # It is kept over a reload of its own driver.
        await page.reload()
        await expect(page.locator("#goes-on")).to_contain_text("sent again")
        await page.goto("about:blank")
        asked_for.clear()
        await room.enter(opened, "driver", name="D11")
        await expect(page.locator("#driver-id")).to_have_text("D11")
        await expect(page.locator("#live")).to_have_attribute("data-state", "idle")
        assert asked_for == []


async def test_a_page_of_the_past_that_could_not_be_had_is_asked_for_again_and_counted_once(
    room, window
) -> None:
    # The cursor of each page: the charging point on it, and the cursor of the next one.
    books = {"": ("CP901", "b"), "b": ("CP902", "c"), "c": ("CP903", None)}
    answers: asyncio.Queue[Route] = asyncio.Queue()

    async def found(route: Route, status: int = 200) -> None:
        (before,) = parse_qs(urlsplit(route.request.url).query).get("before", [""])
        cp_id, following = books[before]
        past = {
            "state": "REFUSED",
            "cp_id": cp_id,
            "authorised_at": "2024-05-01T10:00:00Z",
            "end_reason": None,
        }
        body = {"sessions": [past], "next": following} if status == 200 else {"detail": "Too much at once."}
        await route.fulfill(status=status, json=body)

    async with window() as opened, asyncio.timeout(30):
        opened.allowed.append("503")
        await opened.page.route("**/api/me/sessions*", answers.put)
        page = await room.enter(opened, "driver", name="D12")
        await found(await answers.get())
        await expect(page.locator("#past")).to_contain_text("CP901")
        await page.click("#older")
        await found(await answers.get(), 503)
        await expect(page.locator("#past-note")).to_have_text("Too much at once.")
        await expect(page.locator("#page-number")).to_have_text("Page 1")
        # Somebody without patience: what was asked first fails last.
        await page.click("#older")
        await page.click("#older")
        first, second = await answers.get(), await answers.get()
        await found(second)
        await expect(page.locator("#past")).to_contain_text("CP902")
        async with page.expect_event("requestfinished"):
            await found(first, 503)
        await page.evaluate("new Promise(requestAnimationFrame)")
        await expect(page.locator("#page-number")).to_have_text("Page 2")
        await expect(page.locator("#past-note")).to_have_text("")
        await page.click("#older")
        await found(await answers.get())
        await expect(page.locator("#past")).to_contain_text("CP903")
        await expect(page.locator("#page-number")).to_have_text("Page 3")


async def test_a_driver_may_use_nothing_of_the_operators(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("403")
        page = await room.enter(opened, "driver", name="D09")
        paths = [
            "/api/sessions",
            "/api/drivers",
            "/api/events",
            "/api/cps/CP001",
            "/api/alerts",
            "/api/stats",
        ]
        told = await page.evaluate(
            "(paths) => Promise.all(paths.map((path) => fetch(path).then((answer) => answer.status)))", paths
        )
        assert told == [403] * len(paths), json.dumps(dict(zip(paths, told, strict=True)))


# ---- a start at a charging point's menu


def typed(engine: FakeEngine, driver_id: str, pin: str | None = None) -> None:
    """Somebody types the driver's id at the menu."""
    more = {} if pin is None else {"pin": pin}
    engine.channel.send(ManualStart(request_id=secrets.token_hex(8), driver_id=driver_id, **more))


async def test_a_start_at_a_charging_point_asks_the_page_which_says_yes_or_no(room, window) -> None:
    engine = await room.town.point("CP041")
    async with window(size=(390, 844)) as opened:
        page = await room.enter(opened, "driver", name="D41")
        asked = page.locator("#ask")
        await expect(page.locator("#driver-id")).to_have_text("D41")
        await expect(asked).to_be_hidden()
        typed(engine, "D41")
        await hear(engine.channel, Confirming)
        await expect(page.locator("#ask-title")).to_have_text("CP041 · Berlin asks: is it you?")
        await expect(page.locator("#ask-text")).to_contain_text("20.00\u00a0€ would be set aside")
        await expect(page.locator("#ask-left")).to_have_text(re.compile(r"^(30|2\d) s left$"))
        await page.click("#ask-no")
        await expect(asked).to_be_hidden()
        refused = await hear(engine.channel, Progress)
        assert (refused.step, refused.text) == ("REFUSED", "D41 said no.")
        assert await sessions_of(room, "D41") == []
        typed(engine, "D41")
        await page.click("#ask-yes")
        await engine.is_asked()
        await expect(page.locator("#live")).to_have_attribute("data-state", "ready")
        await expect(asked).to_be_hidden()
        await engine.journals(engine.starts(), engine.ends())
        assert len(await sessions_of(room, "D41")) == 1


async def test_a_pin_of_the_page_allows_starts_up_to_its_limit(room, window) -> None:
    engine = await room.town.point("CP042")
    async with window() as opened:
        page = await room.enter(opened, "driver", name="D42")
        state = page.locator("#pin-state")
        await expect(state).to_contain_text("You have no PIN")
        await page.fill('#pin-form [name="pin"]', "4711")
        await page.fill('#pin-form [name="limit"]', "2,50")
        await page.click('#pin-form button[type="submit"]')
        await expect(state).to_contain_text("for up to 2.50\u00a0€ each time")
        await expect(page.locator('#pin-form [name="pin"]')).to_have_value("")
        typed(engine, "D42", "4711")
        start = await engine.is_asked()
        assert start.hold_cents == 250
        await engine.journals(engine.starts(), engine.ends())
        await page.click("#pin-off")
        await expect(state).to_contain_text("You have no PIN")
        typed(engine, "D42", "4711")
        assert (await hear(engine.channel, Progress)).code == "E_PIN"
