"""Open pages of a real Central: who may open one, what reaches it, and how logging out ends it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from evcharge.central.rules.commands import CENTRAL, RevokeKeys
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from tests.component.office import Office, opened
from tests.component.page_server import WITHIN_S, Open
from tests.component.town import FakeDriver, hear
from tests.ports import free_port

PASSWORD = "correct horse battery"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


class Browser:
    """A browser: it keeps cookies, and says where what it sends comes from."""

    def __init__(self, office: Office, session: aiohttp.ClientSession) -> None:
        self.office = office
        self.session = session

    async def post(self, path: str, body: object) -> dict:
        headers = {"Origin": self.office.url}
        async with self.session.post(f"{self.office.url}{path}", json=body, headers=headers) as response:
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    @contextlib.asynccontextmanager
    async def page(self, origin: str = "", **query: object) -> AsyncIterator[Open]:
        headers = {"Origin": origin or self.office.url}
        params = {name: str(value) for name, value in query.items()}
        async with self.session.ws_connect(f"{self.office.url}/ws", headers=headers, params=params) as ws:
            yield Open(ws)


@contextlib.asynccontextmanager
async def logged_in(office: Office, name: str, role: str) -> AsyncIterator[Browser]:
    await office.ask("POST", "/api/accounts", {"name": name, "role": role, "password": PASSWORD})
    # Cookies of an address that is no name are kept, too.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        browser = Browser(office, session)
        await browser.post("/api/login", {"name": name, "password": PASSWORD})
        yield browser


async def refused(opening) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as problem:
        async with opening:
            pass
    return problem.value.status


async def test_a_charge_is_seen_on_an_operators_page(office: Office):
    async with logged_in(office, "ana", "viewer") as browser, browser.page() as page:
        assert (await page.frame())["t"] == "snap"
        engine, driver = await office.charging()
        await page.until(lambda frame: any(row[1] == 2 for row in frame["u"]))
        # From now on nothing but the figures is new.
        engine.channel.send(
            messages.SupplyUpdate(
                session_id=engine.start.session_id,
                power_w=22_000,
                energy_mwh=2_000_000,
                temperature_deci_celsius=431,
            )
        )
        await page.until(lambda frame: any(row[3] for row in frame["u"]))
        row = page.page.row("CP001")
        assert (row.s, row.power_w, row.cost_cents, row.temperature, row.driver_id) == (
            2,
            22_000,
            50,
            431,
            "D01",
        )
        engine.monitor.send(messages.Health(fault=None, temperature_deci_celsius=950))
        await page.until(lambda frame: any(row[12] == 950 for row in frame["u"]))
        engine.monitor.send(messages.Health(fault="overheating"))
        await page.until(lambda frame: frame.get("alerts"))
        assert page.page.row("CP001").s == 4
        await engine.journals(engine.meters(2_000_000), engine.ends("fault"))
        await page.until(lambda frame: frame["kpi"]["sessions_today"] == 1)
        assert page.page.kpi["revenue_today_cents"] == 50
        assert (await driver.ticket()).cost_cents == 50


async def test_a_driver_charges_through_its_page_and_sees_only_its_own(office: Office):
    engine = await office.town.point()
    async with logged_in(office, "D07", "driver") as browser, browser.page() as page:
        first = await page.frame()
        assert (first["me"]["driver_id"], first["me"]["balance_cents"], first["free"]) == ("D07", 2_000, [0])
        answer = await browser.post("/api/me/requests", {"request_id": "R-web-000001", "cp_id": "CP001"})
        assert answer["step"] == "ASKING"
        await engine.is_asked()
        await page.until(lambda frame: (frame["me"]["session"] or {}).get("step") == "READY")
        await engine.journals(engine.starts())
        await page.until(lambda frame: frame["me"]["session"]["step"] == "CHARGING")
        await browser.post("/api/me/stop", {})
        await engine.journals(engine.meters(1_000_000), engine.ends("driver"))
        ended = await page.until(lambda frame: frame["me"]["tickets"])
        session_id = ended["me"]["tickets"][0]["session_id"]
        await browser.post(f"/api/me/tickets/{session_id}/seen", {})
        await page.until(lambda frame: not frame["me"]["tickets"])
        assert "kpi" not in json.dumps(page.frames)


async def test_who_may_open_no_page(office: Office):
    async with aiohttp.ClientSession() as session:
        assert await refused(session.ws_connect(f"{office.url}/ws")) == 401
        bearer = {"Authorization": "Bearer wrong"}
        assert await refused(session.ws_connect(f"{office.url}/ws", headers=bearer)) == 401
    async with logged_in(office, "ana", "operator") as browser:
        assert await refused(browser.page(origin="http://evil.example")) == 403
        assert await refused(browser.page(origin="null")) == 403


async def test_a_program_with_the_operators_token_may_watch(office: Office):
    bearer = {"Authorization": f"Bearer {office.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{office.url}/ws", headers=bearer) as ws,
    ):
        assert (await Open(ws).frame())["t"] == "snap"
    assert (await office.ask("GET", "/api/me")).status == 403


async def test_a_page_that_is_sent_away_has_the_time_to_say_goodbye(office: Office):
    async with logged_in(office, "ana", "operator") as browser:
        headers = {"Origin": office.url}
        async with browser.session.ws_connect(f"{office.url}/ws", headers=headers, autoclose=False) as ws:
            assert (await office.ask("DELETE", "/api/accounts/ana")).status == 200
            async with asyncio.timeout(WITHIN_S):
                while (await ws.receive()).type is not aiohttp.WSMsgType.CLOSE:
                    pass
            # Whatever Central does at once after its goodbye would have arrived before this answer.
            assert (await office.ask("GET", "/api/accounts")).status == 200
            await ws.close()
            assert ws.close_code == 4401


@pytest.mark.parametrize("how", ["log out", "account removed"])
async def test_a_page_is_closed_as_soon_as_its_login_ends(office: Office, how: str):
    async with logged_in(office, "ana", "operator") as browser, browser.page() as page:
        await page.frame()
        if how == "log out":
            await browser.post("/api/logout", {})
        else:
            assert (await office.ask("DELETE", "/api/accounts/ana")).status == 200
        assert await page.is_closed() == 4401


async def test_a_drivers_page_of_an_account_is_closed_with_its_drivers_credential(office: Office):
    async with logged_in(office, "D07", "driver") as browser, browser.page() as page:
        await page.frame()
        await office.town.dispatcher.submit(RevokeKeys(by=CENTRAL, subject="D07"))
        assert await page.is_closed() == 4401
        assert await refused(browser.page()) == 401
        # The password counts for nothing either, until a new credential was shown.
        again = {"name": "D07", "password": PASSWORD}
        answer = await office.ask("POST", "/api/login", again, token=None, headers={"Origin": office.url})
        assert (answer.status, answer.body["code"]) == (403, "E_DISABLED")
        program = FakeDriver("D07", await office.town.dial("D07", Role.DRIVER, epoch=1))
        program.channel.send(messages.AskBalance())
        await hear(program.channel, messages.Balance)
        assert await refused(browser.page()) == 401
        await browser.post("/api/login", again)
        async with browser.page() as another:
            await another.frame()


async def test_no_frame_holds_a_secret(office: Office):
    async with logged_in(office, "ana", "admin") as browser, browser.page() as page:
        await page.frame()
        await office.charging()
        await page.until(lambda frame: frame["kpi"]["open"])
        said = json.dumps(page.frames)
    secrets = [path.read_text("utf-8").strip() for path in office.town.state.rglob("*.key")]
    secrets += [office.token, PASSWORD]
    assert len(secrets) > 3
    assert not [secret for secret in secrets if secret in said]


async def test_a_page_goes_on_after_central_was_started_again(tmp_path: Path):
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        async with opened(tmp_path, api_port=port) as office:
            browser = await stack.enter_async_context(logged_in(office, "ana", "operator"))
            await office.town.point()
            async with browser.page() as page:
                await page.until(lambda frame: frame["kpi"]["by"][0] == 1)
                rev, epoch = page.page.rev, page.frames[0]["epoch"]
        async with opened(tmp_path, api_port=port) as again, browser.page(since=rev, epoch=epoch) as page:
            first = await page.frame()
            assert first["t"] == "snap"
            assert first["epoch"] != epoch
            # Nobody has spoken yet.
            assert page.page.row("CP001").s == 5
            assert any("CP001" in told["en"] for told in page.page.messages.values())
            assert again.url == office.url
