"""A network that counts in pounds, from its settings to every screen; and books that never change their currency."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from evcharge.central.api.kit import answers, member_answers
from evcharge.central.books import setup
from evcharge.domain.errors import StateError
from evcharge.driver.app import run as drive
from evcharge.driver.words import Words
from evcharge.evc1 import messages
from evcharge.runtime import network_currency
from evcharge.runtime.config import CentralSettings, Config
from tests.component.callers import cookie_of, shaped
from tests.component.driver_app import D01, real_central, services
from tests.component.office import Office, opened
from tests.component.test_notifier import Hook, hook, settings, wishes  # noqa: F401 - a fixture
from tests.component.test_report import file_of
from tests.component.town import hear
from tests.unit.driver.conversations import bill


def in_pounds(state: Path) -> Config:
    return Config(state=state, central=CentralSettings(currency="GBP"))


async def test_a_network_in_pounds_says_so_on_every_screen(tmp_path: Path, hook: Hook):  # noqa: F811
    told = settings(hook, ntfy=f"{hook.url}/operators", point_after_s=86_400.0, alert_after_s=0.0)
    async with opened(tmp_path, notify=told, currency="GBP") as office:
        engine, driver = await office.town.point(), await office.town.driver()
        # Peers hear it with the login.
        assert {engine.channel.accepted.currency, driver.channel.accepted.currency} == {"GBP"}
        cookie = await cookie_of(office)
        await wishes(office, cookie, "topic-of-d01")
        driver.asks(engine.cp_id)
        session = (await engine.is_asked()).session_id
        await engine.journals(engine.starts(), engine.meters(2_000_000), engine.ends("battery full"))
        ticket = await driver.ticket()
        assert "£0.50  (£0.25/kWh)" in "\n".join(Words().ticket("D01", ticket))
        assert "0,50 £  (0,25 £/kWh)" in "\n".join(Words("es").ticket("D01", ticket))
        order = {"cents": -20, "reason": "3 € too much", "reference": "C-1"}
        await office.post("/api/drivers/D01/correct", order)
        notice = await hear(driver.channel, messages.Notice)
        assert notice.text == "Your wallet was corrected by -£0.20: 3 € too much."
        # The API, its files, its pages.
        who = await office.ask("GET", "/api/whoami")
        assert who.headers["Evcharge-Currency"] == "GBP"
        assert shaped(who, member_answers.WhoAmIAnswer)["currency"] == "GBP"
        found = shaped(await office.ask("GET", f"/api/sessions/{session}"), answers.SessionAnswer)
        assert found["receipt"]["currency"] == "GBP"
        for path in ("/api/drivers/D01/statement", "/api/report", "/api/stats?days=1"):
            assert (await office.get(path))["currency"] == "GBP"
        assert "Cost (£)" in (await file_of(office, "/api/report.csv?by=cp&lang=en", ","))[0]
        too_much = await office.ask("POST", "/api/drivers/D01/top-up", {"cents": 60_000, "reference": "T-1"})
        assert too_much.body["text"] == "£600.00 is more than £500.00: is that right?"
        assert too_much.body["text_es"] == "600,00 £ es más de 500,00 £: ¿es correcto?"
        for path in ("/login", "/driver"):
            page = await page_of(office, path, cookie)
            assert 'data-currency="GBP"' in page
            assert "€" not in page
        # What is told beyond the screens.
        (full,) = await hook_says(hook, "battery full")
        assert (
            full["message"]
            == "CP001: battery full after 2.000 kWh, £0.50. Please make room for the next one."
        )
    with contextlib.closing(sqlite3.connect(setup.database_path(tmp_path))) as books:
        assert books.execute("SELECT code FROM currency").fetchone() == ("GBP",)


async def hook_says(hook: Hook, text: str) -> list[dict]:  # noqa: F811
    async with asyncio.timeout(20):
        while not (found := [one for one, _ in hook.told if text in one.get("message", "")]):
            hook.news.clear()
            await hook.news.wait()
    return found


async def page_of(office: Office, path: str, cookie: str) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(office.url + path, headers={"Cookie": cookie}) as response,
    ):
        assert response.status == 200
        return await response.text()


async def test_a_driver_terminal_learns_the_currency_from_central_before_it_reads_its_file(tmp_path, capfd):
    heard: list[messages.RequestStart] = []

    async def converse(channel) -> None:
        while True:
            message = await channel.receive()
            if isinstance(message, messages.RequestStart):
                heard.append(message)
                channel.send(bill(message.request_id))

    async with real_central(tmp_path, converse, services(tmp_path, "CP001 3 £\n"), currency="GBP") as config:
        async with asyncio.timeout(20):
            assert await drive(config, D01, asyncio.Event()) == 0
    assert [message.until_cents for message in heard] == [300]
    shown = capfd.readouterr().out
    assert "up to £3.00" in shown
    assert "€" not in shown


async def test_books_with_money_keep_their_currency_and_those_without_take_that_of_the_settings(
    tmp_path: Path,
):
    async with setup.open_books(in_pounds(tmp_path)) as books:
        assert [tuple(row) for row in await books.read("SELECT code FROM currency")] == [("GBP",)]
        assert network_currency.currency().code == "GBP"
    async with opened(tmp_path, currency="EUR") as office:
        await office.town.driver()
        assert office.query("SELECT COUNT(*) AS n FROM ledger")[0]["n"] > 0
    with pytest.raises(StateError) as refused:
        async with setup.open_books(in_pounds(tmp_path)):
            pass
    assert refused.value.text == (
        "the books of this network count in EUR, and `[central] currency` is GBP: nobody converts what is in them. "
        'Set it to "EUR", or begin a new network with another --state folder.'
    )
    async with setup.open_books(Config(state=tmp_path)):
        assert network_currency.currency().code == "EUR"
