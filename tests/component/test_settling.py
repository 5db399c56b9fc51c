"""What an operator settles by hand over HTTP: lost sessions."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge import messages as m
from evcharge.central import verify
from evcharge.central.api import answers
from tests.component.callers import shaped, statuses
from tests.component.office import Office, opened
from tests.component.town import FakeDriver, FakeEngine, hear


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office
    assert verify.check(tmp_path / "central" / "central.db") == []


# ---- sessions whose engine is lost


async def gone(office: Office, engine: FakeEngine) -> None:
    """The engine of CP001 dies; its monitor stays."""
    engine.channel.abort()
    await office.recorded("EngineLost")


async def lost(office: Office) -> tuple[str, FakeEngine, FakeDriver]:
    """D01 has charged 1 kWh at CP001, whose engine died."""
    engine, driver = await office.charging()
    await engine.journals(engine.meters(1_000_000))
    await gone(office, engine)
    (session,) = (await office.get("/api/sessions?state=open"))["sessions"]
    return session["session_id"], engine, driver


async def test_an_operator_closes_a_lost_charge_and_its_driver_is_billed_by_estimate(office: Office):
    session_id, _, driver = await lost(office)
    before = shaped(await office.ask("GET", f"/api/sessions/{session_id}"), answers.SessionAnswer)
    assert before["lost"]
    done = shaped(await office.ask("POST", f"/api/sessions/{session_id}/close-lost"), answers.SessionAnswer)
    assert (done["lost"], done["session"]["state"], done["session"]["end_reason"]) == (
        False, "TICKETED", "charging point lost",
    )  # fmt: skip
    assert (done["ticket"]["estimated"], done["ticket"]["cost_cents"]) == (True, 25)
    told = await driver.ticket()
    assert (told.estimated, told.energy_mwh, told.reason) == (True, 1_000_000, "charging point lost")
    (row,) = office.rows("TicketMade")
    assert (row["actor"], row["role"]) == ("operator", "operator")
    (wallet,) = (await office.get("/api/drivers"))["drivers"]
    assert (wallet["balance_cents"], wallet["held_cents"]) == (1_975, 0)


async def test_what_had_not_begun_costs_nothing(office: Office):
    engine, driver = await office.town.point(), await office.town.driver()
    driver.asks("CP001")
    start = await engine.is_asked()
    await gone(office, engine)
    done = await office.post(f"/api/sessions/{start.session_id}/close-lost")
    assert (done["session"]["state"], done["ticket"]) == ("REFUSED", None)
    refused = await driver.step("REFUSED")
    assert refused.text.startswith("CP001 was lost before the charge began")


async def test_an_engine_that_comes_back_corrects_the_estimate_and_makes_no_second_ticket(office: Office):
    session_id, engine, driver = await lost(office)
    await office.post(f"/api/sessions/{session_id}/close-lost")
    await driver.ticket()
    again = await office.town.engine("CP001")
    again.seq, again.start, again.meter_mwh = engine.seq, engine.start, engine.meter_mwh
    await again.journals(again.meters(1_000_000), again.ends())
    notice = await hear(driver.channel, m.Notice)
    while notice.code != "CORRECTED":
        notice = await hear(driver.channel, m.Notice)
    assert notice.cost_cents == 25
    assert len(office.rows("TicketMade")) == 1


async def test_a_charge_whose_engine_is_connected_is_not_closed_by_hand(office: Office):
    await office.charging()
    (session,) = (await office.get("/api/sessions?state=open"))["sessions"]
    answer = await office.ask("POST", f"/api/sessions/{session['session_id']}/close-lost")
    assert (answer.status, answer.body["code"]) == (409, "E_ENGINE_THERE")
    assert not (await office.get(f"/api/sessions/{session['session_id']}"))["lost"]


async def test_what_is_over_or_was_never_there_is_not_closed_again(office: Office):
    session_id, *_ = await lost(office)
    await office.post(f"/api/sessions/{session_id}/close-lost")
    again = await office.ask("POST", f"/api/sessions/{session_id}/close-lost")
    assert (again.status, again.body["code"]) == (409, "E_NO_SESSION")
    assert (await office.ask("POST", "/api/sessions/S-none/close-lost")).status == 404


async def test_only_operators_close_lost_charges(office: Office):
    session_id, *_ = await lost(office)
    assert await statuses(office, "POST", f"/api/sessions/{session_id}/close-lost") == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 409, "admin": 200,
    }  # fmt: skip
