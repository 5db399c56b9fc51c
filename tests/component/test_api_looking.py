"""What Central's HTTP API shows to those who may look, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from evcharge.central import app
from evcharge.central.books import verify
from evcharge.central.books.archive import Archive, ListPage
from evcharge.central.rules.commands import CENTRAL, Note, RevokeKeys
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.evc1 import messages
from evcharge.storage.store_errors import StoreFull
from tests.component import books
from tests.component.callers import statuses
from tests.component.office import Office, opened


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office
    assert verify.check(tmp_path / "central" / "central.db") == []


async def test_a_charging_point_shows_its_live_figures(office: Office):
    engine, _ = await office.charging()
    assert engine.start is not None
    engine.channel.send(
        messages.SupplyUpdate(session_id=engine.start.session_id, power_w=22_000, energy_mwh=2_000_000)
    )
    async with asyncio.timeout(5):
        while (point := await office.get("/api/cps/CP001"))["session"]["energy_mwh"] == 0:
            await asyncio.sleep(0.01)
    assert (point["cp_id"], point["location"], point["price"]) == ("CP001", "Berlin", "0.25")
    assert (point["status"], point["engine"], point["monitor"]) == ("Charging", True, True)
    session = point["session"]
    assert (session["driver_id"], session["power_w"], session["cost_cents"]) == ("D01", 22_000, 50)
    (listed,) = (await office.get("/api/sessions?state=open"))["sessions"]
    assert (listed["energy_mwh"], listed["cost_cents"], listed["state"]) == (2_000_000, 50, "CHARGING")


async def test_sessions_and_tickets_come_in_pages_newest_first(office: Office):
    engine, driver = await office.town.point(), await office.town.driver()
    made = []
    for number in range(5):
        driver.asks("CP001")
        start = await engine.is_asked()
        made.append(start.session_id)
        await engine.journals(engine.starts())
        await engine.journals(engine.meters(1_000_000 * (number + 1)), engine.ends())
        await driver.ticket()
    for what in ("sessions", "tickets"):
        found, cursor = [], ""
        while cursor is not None:
            params = {"limit": "2", "driver_id": "D01", "cp_id": "CP001"} | (
                {"before": cursor} if cursor else {}
            )
            answer = await office.ask("GET", f"/api/{what}", params=params)
            found += answer.body[what]
            cursor = answer.body["next"]
        assert [one["session_id"] for one in found] == made[::-1]
        assert [one["cost_cents"] for one in found] == [125, 100, 75, 50, 25]
        assert (await office.get(f"/api/{what}?driver_id=D02"))[what] == []
    assert (await office.get("/api/sessions?state=open"))["sessions"] == []
    assert len((await office.get("/api/sessions?state=ENDED"))["sessions"]) == 5


async def test_tickets_of_the_same_instant_are_all_listed_once(tmp_path: Path):
    async with books.opened(tmp_path) as opened_books:
        network = books.busy_day()
        for number in range(5):
            session = network.charging("D02", "CP003")
            network.sends(network.engines["CP003"].ended(session.session_id, number), cp_id="CP003")
        await opened_books.store.commit(books.entries(network))
        archive = Archive(opened_books.database)
        found, cursor = [], ""
        while cursor is not None:
            rows, cursor = await archive.tickets(ListPage(limit=1, driver_id="D02", before=cursor))
            found += [row["session_id"] for row in rows]
        mine = [one.session_id for one in network.tickets if one.driver_id == "D02"]
        assert found == sorted(mine, reverse=True)
        assert len(found) == 5


async def test_the_audit_log_is_read_on_from_a_number(office: Office):
    await office.town.point()
    await office.post("/api/cps/CP001/out")
    every = (await office.get("/api/events"))["events"]
    assert [row["n"] for row in every] == list(range(1, len(every) + 1))
    last = every[-1]
    assert (last["type"], last["cp_id"], last["data"]["hold"]) == ("HoldPlaced", "CP001", "operator")
    assert (await office.get(f"/api/events?after={last['n'] - 1}"))["events"] == [last]
    assert (await office.get(f"/api/events?after={last['n']}"))["events"] == []
    assert [row["n"] for row in (await office.get("/api/events?after=1&limit=2"))["events"]] == [2, 3]
    assert (await office.get("/api/events?limit=1"))["events"] == [last]


async def test_an_alert_stays_until_its_restored_line_and_over_a_restart(tmp_path: Path):
    async with opened(tmp_path) as office:
        engine = await office.town.point()
        engine.monitor.send(messages.Health(fault="overheating"))
        await office.recorded("FaultReported")
        (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "fault"]
        assert "overheating" in alert["what"]
        assert "averiado" in alert["what_es"]
    async with opened(tmp_path) as office:
        (again,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "fault"]
        assert (again["id"], again["solved_at"]) == ("CP001-fault", None)
        assert abs(_instant(again["since"]) - _instant(alert["since"])) < 0.5
        await office.town.engine()
        await office.town.monitor()
        await office.recorded("FaultCleared")
        (over,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "fault"]
        assert over["solved_at"]
        assert over["restored"] == "CP001 works again."


# A session that Central never authorised.
STRAY = {
    "session_id": "S-nobodys-0001", "request_id": "R-00000001", "driver_id": "D01", "price": 0, "hold_cents": 0,
    "limit_mwh": 0, "plug_within_s": 60, "auth": "",
}  # fmt: skip


async def test_a_fault_whose_event_is_too_old_to_be_read_again_is_an_alert_all_the_same(
    tmp_path: Path, monkeypatch
):
    async with opened(tmp_path) as office:
        engine = await office.town.point()
        engine.monitor.send(messages.Health(fault="overheating"))
        await office.recorded("FaultReported")
        await office.town.driver()
        await office.town.operator(RevokeKeys, subject="D01")
    monkeypatch.setattr(app, "REBUILD_FROM", 0)
    async with opened(tmp_path) as office:
        alerts = (await office.get("/api/alerts"))["alerts"]
        assert {one["id"] for one in alerts if one["about"] in ("CP001", "D01")} == {
            "CP001-fault",
            "D01-revoked",
        }


async def test_what_only_an_operator_closes_is_an_alert_however_long_ago_it_was(tmp_path: Path, monkeypatch):
    async with opened(tmp_path) as office:
        for cp_id in ("CP001", "CP002"):
            engine = await office.town.point(cp_id)
            engine.start = messages.Start(**STRAY)
            await engine.journals(engine.ends())
        await office.post("/api/alerts/CP002-quarantine/close")
        await office.post("/api/alerts/CP001-quarantine/take")
        await office.town.driver()
        for event in (
            events.LoginRefused(claimed="CP001", code=Code.DUPLICATE, text="twice"),
            events.LoginRefused(claimed="CP002", code=Code.PROOF, text="a wrong key"),
            events.LoginRefused(claimed="D01", code=Code.PROOF, text="a wrong key"),
            events.LoginRefused(claimed="CP002", code=Code.SLOW, text="too fast"),
            events.ClockJumped(seconds=60),
            events.WelcomeWithheld(driver_id="D09", most=5, within_an_hour=False),
            events.ChainBroken(n=7, why="changed"),
        ):
            await office.town.dispatcher.submit(Note(by=CENTRAL, event=event))
        # With the right key again.
        await office.town.driver()
        await office.post("/api/alerts/CENTRAL-welcome/close")
    monkeypatch.setattr(app, "REBUILD_FROM", 0)
    async with opened(tmp_path) as office:
        alerts = (await office.get("/api/alerts"))["alerts"]
        assert {one["id"] for one in alerts if not one["solved_at"] and one["about"] != "REGISTRY"} == {
            "CP001-quarantine", "CP001-duplicate", "CP002-not-understood", "CP002-flood",
            "CENTRAL-clock", "CENTRAL-chain",
        }  # fmt: skip
        assert [one["id"] for one in alerts if one["taken_by"]] == ["CP001-quarantine"]


async def test_a_new_journal_is_held_over_a_restart_and_can_still_be_confirmed(tmp_path: Path, monkeypatch):
    async with opened(tmp_path) as office:
        await office.town.with_another_disk(await office.town.point())
    monkeypatch.setattr(app, "REBUILD_FROM", 0)
    async with opened(tmp_path) as office:
        await office.town.engine(journal_id="b" * 32)
        await office.town.monitor()
        await office.town.says("CP001 .*Out of Order: new journal")
        await office.post("/api/alerts/CP001-journal/close")
        await office.town.says("CP001 .*Available")
        driver = await office.town.driver()
        driver.asks("CP001")
        await driver.step("ASKING")


async def test_who_does_not_come_back_after_a_restart_is_an_alert_until_it_does(tmp_path: Path, monkeypatch):
    async def still_open(office: Office) -> set[str]:
        alerts = (await office.get("/api/alerts"))["alerts"]
        return {one["id"] for one in alerts if not one["solved_at"] and one["about"] != "REGISTRY"}

    async with opened(tmp_path) as office:
        await office.town.point()
    monkeypatch.setattr(app, "REBUILD_FROM", 0)
    monkeypatch.setattr(app, "_MISSED_AFTER_S", 0.0)
    async with opened(tmp_path) as office, asyncio.timeout(10):
        while await still_open(office) != {"CP001-monitor"}:
            await asyncio.sleep(0.01)
        await office.town.point()
        assert await still_open(office) == set()


async def test_an_alert_that_nothing_ends_is_closed_by_the_operator(office: Office):
    await office.town.with_another_disk(await office.town.point())
    assert (await office.get("/api/cps/CP001"))["holds"] == ["journal"]
    alerts = (await office.get("/api/alerts"))["alerts"]
    assert "CP001-journal" in [one["id"] for one in alerts if not one["solved_at"]]
    await office.post("/api/alerts/CP001-journal/close")
    (closed,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "journal"]
    assert closed["restored"] == "CP001: seen by an operator."
    assert (await office.get("/api/cps/CP001"))["status"] == "Available"
    # In one commit: nobody ever saw it closed and the charging point still held.
    (seen,), (lifted,) = office.rows("AlertClosed"), office.rows("HoldLifted")
    assert (lifted["n"], lifted["at"], lifted["actor"]) == (seen["n"] + 1, seen["at"], seen["actor"])
    assert (await office.ask("POST", "/api/alerts/CP001-journal/close")).status == 404


async def test_an_alert_that_ends_by_itself_is_not_closed_by_hand(office: Office):
    engine = await office.town.point()
    engine.monitor.send(messages.Health(fault="hot"))
    await office.recorded("FaultReported")
    assert (await office.ask("POST", "/api/alerts/CP001-fault/close")).status == 409


async def fault_alert(office: Office) -> dict:
    """The alert of CP001's fault, once the books have it."""
    (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["id"] == "CP001-fault"]
    return alert


async def test_who_looks_after_an_alert_is_named_also_after_a_restart_until_it_is_over(
    tmp_path: Path, monkeypatch
):
    async with opened(tmp_path) as office:
        engine = await office.town.point()
        engine.monitor.send(messages.Health(fault="hot"))
        await office.recorded("FaultReported")
        assert (await fault_alert(office))["taken_by"] == ""
        for changed in (True, False):
            answer = await office.ask("POST", "/api/alerts/CP001-fault/take")
            assert (answer.body["alert"]["taken_by"], answer.body["changed"]) == ("operator", changed)
        left = await office.ask("POST", "/api/alerts/CP001-fault/leave")
        assert (left.body["alert"]["taken_by"], left.body["changed"]) == ("", True)
        (row,) = office.rows("AlertLeft")
        assert row["actor"] == "operator"
        assert (await office.ask("POST", "/api/alerts/CP404-fault/take")).status == 404
        assert (await statuses(office, "POST", "/api/alerts/CP001-fault/take")) == {
            "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 200, "admin": 200,
        }  # fmt: skip
    # Its beginning lies further back than what is read at a start.
    monkeypatch.setattr(app, "REBUILD_FROM", 0)
    async with opened(tmp_path) as office:
        assert (await fault_alert(office))["taken_by"] == "a-operator"
        engine = await office.town.point()
        engine.monitor.send(messages.Health(fault="hot"))
        await office.recorded("FaultReported", 2)
    async with opened(tmp_path) as office:
        assert (await fault_alert(office))["taken_by"] == ""


async def test_the_registry_that_does_not_answer_is_an_alert(office: Office):
    await office.recorded("RegistryLost")
    (alert,) = (await office.get("/api/alerts"))["alerts"]
    assert "Registry not responding" in alert["what"]


async def test_a_full_disk_is_an_alert_at_once_and_its_end_is_stored(office: Office, monkeypatch):
    await office.town.driver()
    store = office.town.dispatcher._store
    commit = store.commit

    async def full(batch) -> None:
        raise StoreFull("database or disk is full")

    monkeypatch.setattr(store, "commit", full)
    answer = await office.ask("POST", "/api/drivers/D01/top-up", {"cents": 5, "reference": "r"})
    assert (answer.status, answer.body["code"]) == (503, "E_STORAGE")
    (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "storage"]
    assert (alert["what"], alert["solved_at"]) == ("Central cannot store new charges (disk full).", None)
    monkeypatch.setattr(store, "commit", commit)
    await office.post("/api/drivers/D01/top-up", {"cents": 5, "reference": "r"})
    await office.recorded("StorageRestored")
    (over,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "storage"]
    assert (over["since"], over["restored"]) == (alert["since"], "Central stores again.")


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
