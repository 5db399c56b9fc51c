"""/metrics, /healthz and /readyz."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from evcharge.central.api.kit import answers
from evcharge.central.rules.commands import Note
from evcharge.domain.events import WeatherReached
from evcharge.evc1 import messages
from evcharge.runtime.config import KafkaSettings, NotifySettings
from evcharge.storage.store_errors import StoreFull
from tests.component.books import FromNextYear, entries, raw
from tests.component.books import opened as books_opened
from tests.component.callers import cookie_of, shaped, token_of
from tests.component.office import Office, opened
from tests.unit.central.builders import Network
from tests.unit.deploy.composed import expressions


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


async def figures(office: Office) -> dict[tuple[str, tuple], float]:
    """Return every sample, read as Prometheus does."""
    async with aiohttp.ClientSession() as session, session.get(f"{office.url}/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain")
        text = await response.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_figures_follow_what_happens(office: Office):
    before = await figures(office)
    assert before["evcharge_charging_points", (("status", "Available"),)] == 0
    engine, driver = await office.charging()
    await office.town.point("CP002")
    now = await figures(office)
    assert now["evcharge_charging_points", (("status", "Charging"),)] == 1
    assert now["evcharge_charging_points", (("status", "Available"),)] == 1
    assert now["evcharge_sessions_open", (("state", "CHARGING"),)] == 1
    assert now["evcharge_peers", (("role", "engine"),)] == 2
    assert now["evcharge_peers", (("role", "driver"),)] == 1
    assert now["evcharge_held_euros", ()] == 20
    await engine.journals(engine.meters(2_000_000), engine.ends())
    await driver.ticket()
    driver.asks("CP404")
    await driver.step("REFUSED")
    await office.ask("GET", "/api/cps", token="wrong")
    await office.recorded("LoginRefused")
    done = await figures(office)
    assert done["evcharge_sessions_total", (("reason", "unplugged"),)] == 1
    assert done["evcharge_energy_kwh_total", ()] == 2
    assert done["evcharge_revenue_euros_total", ()] == 0.5
    assert done["evcharge_starts_refused_total", (("code", "E_UNKNOWN_CP"),)] == 1
    assert done["evcharge_inputs_refused_total", (("code", "E_CREDENTIAL"),)] == 1
    assert done["evcharge_sessions_open", (("state", "CHARGING"),)] == 0
    assert done["evcharge_commit_decisions_count", ()] > before["evcharge_commit_decisions_count", ()]
    assert done["evcharge_commit_seconds_sum", ()] > 0
    assert done["evcharge_audit_rows", ()] == len(office.query("SELECT 1 FROM events"))
    assert done["evcharge_storage_ok", ()] == 1


async def test_what_alert_rules_and_the_board_ask_for_is_told_under_those_names_and_labels(tmp_path: Path):
    # A broker that is away is one, too: its figures are told. So are those of a way to tell people.
    away = KafkaSettings(bootstrap="127.0.0.1:9"), NotifySettings(webhook="https://127.0.0.1:9/")
    async with opened(tmp_path, away[0], notify=away[1]) as office:
        engine, driver = await office.charging()
        await engine.journals(engine.meters(2_000_000), engine.ends())
        await driver.ticket()
        driver.asks("CP404")
        await driver.step("REFUSED")
        await office.ask("GET", "/api/cps", token="wrong")
        counted = {
            ("evcharge_sessions_total", (("reason", "unplugged"),)),
            ("evcharge_starts_refused_total", (("code", "E_UNKNOWN_CP"),)),
            ("evcharge_inputs_refused_total", (("code", "E_CREDENTIAL"),)),
        }
        async with asyncio.timeout(20):
            # They are counted a moment after they are stored.
            while not counted <= (told := set(await figures(office))):
                await asyncio.sleep(0.01)
    labels: dict[str, set[str]] = {}
    for name, pairs in told:
        labels.setdefault(name, set()).update(label for label, _ in pairs)
    asked = [(text, name) for text in expressions() for name in re.findall(r"evcharge_\w+", text)]
    assert len(asked) > 20
    for text, name in asked:
        assert name in labels, text
        for grouped in re.findall(r"by \(([^)]*)\)", text):
            assert set(grouped.split(", ")) <= labels[name], text
        for label, value in re.findall(name + r'\{(\w+)="([^"]*)"', text):
            assert (name, ((label, value),)) in told, text


async def test_rows_of_another_release_are_counted_and_shown_as_what_they_are(tmp_path: Path):
    network = Network()
    network.does(Note, event=FromNextYear(what="x"))
    # The last word of the weather service is one of them.
    network.does(Note, event=WeatherReached(first=True))
    (tmp_path / "central").mkdir(mode=0o700)
    async with books_opened(tmp_path / "central") as books:
        await books.store.commit(entries(network))
    with raw(books.path, tamper=True) as connection:
        connection.execute("UPDATE events SET data = '{' WHERE type = 'WeatherReached'")
    async with opened(tmp_path) as office:
        assert (await figures(office))["evcharge_events_unread", ()] == 2
        await office.town.says(r"^2 of the last \d+ rows of the audit log are of another release")
        rows = (await office.get("/api/events?limit=100"))["events"]
        shown = {row["type"]: row["data"] for row in rows}
        assert shown["FromNextYear"] == {"type": "FromNextYear", "what": "x"}
        assert shown["WeatherReached"] == {"unread": "{"}


async def test_the_power_that_flows_is_a_figure(office: Office):
    engine, _ = await office.charging()
    assert engine.start is not None
    engine.channel.send(
        messages.SupplyUpdate(session_id=engine.start.session_id, power_w=22_000, energy_mwh=5)
    )
    async with asyncio.timeout(5):
        while (await figures(office))["evcharge_power_watts", ()] != 22_000:
            await asyncio.sleep(0.01)


async def test_from_elsewhere_figures_need_a_login(office: Office, monkeypatch):
    monkeypatch.setattr("evcharge.central.api.resources.metrics.is_loopback", lambda _: False)
    cookie = await cookie_of(office)
    assert (await office.ask("GET", "/metrics", token=None)).status == 401
    assert (await office.ask("GET", "/metrics", token=None, headers={"Cookie": cookie})).status == 403
    assert (await office.ask("GET", "/metrics", token=await token_of(office, "service"))).status == 403
    headers = {"Authorization": f"Bearer {await token_of(office, 'viewer')}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{office.url}/metrics", headers=headers) as found,
    ):
        assert found.status == 200


async def test_ready_means_that_the_books_can_be_written(office: Office, monkeypatch):
    await office.town.driver()
    health = shaped(await office.ask("GET", "/readyz", token=None), answers.HealthAnswer)
    assert (health["ready"], health["reasons"]) == (True, [])
    store = office.town.dispatcher._store
    commit = store.commit

    async def full(batch) -> None:
        raise StoreFull("database or disk is full")

    monkeypatch.setattr(store, "commit", full)
    await office.ask("POST", "/api/drivers/D01/top-up", {"cents": 5, "reference": "r"})
    answer = await office.ask("GET", "/readyz", token=None)
    assert (answer.status, answer.body["ready"]) == (503, False)
    assert "disk full" in answer.body["reasons"][0]
    assert (await office.ask("GET", "/healthz", token=None)).status == 200
    assert (await figures(office))["evcharge_storage_ok", ()] == 0
    monkeypatch.setattr(store, "commit", commit)
    await office.post("/api/drivers/D01/top-up", {"cents": 5, "reference": "r"})
    assert (await office.ask("GET", "/readyz", token=None)).status == 200


async def test_a_name_that_is_not_ours_gets_no_figures(office: Office):
    for path in ("/metrics", "/healthz", "/readyz"):
        assert (await office.ask("GET", path, headers={"Host": "evil.example"})).status == 403
        assert (await office.ask("GET", f"{path}?x=1")).status == 422
