"""What an operator settles by hand over HTTP: lost sessions."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from msgspec import UNSET

from evcharge.central import app
from evcharge.central.api.kit import answers, member_answers
from evcharge.central.books import verify
from evcharge.central.peers import deadlines
from evcharge.domain.errors import Code, EvchargeError
from evcharge.evc1 import messages
from tests.component.callers import cookie_of, shaped, statuses
from tests.component.office import Office, opened
from tests.component.town import FakeDriver, FakeEngine, Wanted, hear


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
    notice = await hear(driver.channel, messages.Notice)
    while notice.code != "CORRECTED":
        notice = await hear(driver.channel, messages.Notice)
    assert notice.cost_cents == 25
    assert len(office.rows("TicketMade")) == 1


async def test_a_charge_whose_engine_is_connected_is_not_closed_by_hand(office: Office):
    await office.charging()
    (session,) = (await office.get("/api/sessions?state=open"))["sessions"]
    answer = await office.ask("POST", f"/api/sessions/{session['session_id']}/close-lost")
    assert (answer.status, answer.body["code"]) == (409, "E_ENGINE_THERE")
    assert not (await office.get(f"/api/sessions/{session['session_id']}"))["lost"]


async def test_an_engine_that_never_answers_start_is_hung_up_on_and_the_money_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Over a restart, too: asked what became of it, it still says nothing."""
    for name in ("one", "restarted"):
        state = tmp_path / name
        async with opened(state, plug_within_s=1) as office:
            engine, driver = await office.town.point(), await office.town.driver()
            driver.asks("CP001")
            await hear(engine.channel, messages.Start)
            if name == "one":
                await hung_up_on(office, engine, monkeypatch)
                told = await driver.step("REFUSED")
                assert told.text.startswith("CP001 was lost before the charge began")
        if name == "restarted":
            async with opened(state, plug_within_s=1) as office:
                await office.town.monitor()
                await office.recorded("MonitorSpoke", times=2)
                engine = await office.town.engine("CP001")
                await hear(engine.channel, messages.Query)
                await hung_up_on(office, engine, monkeypatch)
        assert verify.check(state / "central" / "central.db") == []


async def hung_up_on(office: Office, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until Central hangs up on an engine that does not answer: nothing is held any more."""
    with monkeypatch.context() as impatient:
        impatient.setattr(deadlines, "ANSWER_S", 0.5)
        with pytest.raises(EvchargeError) as refused:
            await hear(engine.channel, messages.Stop)
    assert refused.value.code == Code.TIMEOUT
    await office.recorded("SessionRefused")
    assert "on what became of S-" in office.rows("EngineLost")[-1]["data"]
    alerts = (await office.get("/api/alerts"))["alerts"]
    (alert,) = [one for one in alerts if one["kind"] == "engine" and not one["solved_at"]]
    assert "on what became of S-" in str(alert)
    (wallet,) = (await office.get("/api/drivers"))["drivers"]
    assert (wallet["balance_cents"], wallet["held_cents"]) == (2_000, 0)


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


# ---- a charge is started for a driver who stands there


async def test_an_operator_starts_a_charge_for_a_driver_who_is_told_so(office: Office):
    engine, driver = await office.town.point(), await office.town.driver()
    order = {"request_id": "order-0001", "cp_id": "CP001", "until_mwh": 5_000_000}
    path = "/api/drivers/D01/start"
    told = shaped(await office.ask("POST", path, order), member_answers.ProgressAnswer)
    assert (told["step"], told["cp_id"]) == ("ASKING", "CP001")
    notice = await hear(driver.channel, messages.Notice)
    assert (notice.code, notice.cp_id) == ("STARTED", "CP001")
    assert (await engine.is_asked()).limit_mwh == 5_000_000
    # Said again, it is the same charge.
    again = await office.post(path, order)
    assert (again["session_id"], again["step"]) == (told["session_id"], "READY")
    (row,) = office.rows("SessionAuthorised")
    assert (row["actor"], row["role"], row["driver_id"]) == ("operator", "operator", "D01")
    driver.channel.abort()
    await office.recorded("DriverLost")
    await engine.journals(engine.starts(), engine.meters(5_000_000), engine.ends("limit"))
    back = await office.town.driver_link("D01")
    bill = await hear(back, messages.TicketIssued)
    assert (bill.by_operator, bill.reason) == (True, "own limit")
    (ticket,) = (await office.get("/api/tickets"))["tickets"]
    assert ticket["by_operator"]


async def test_what_cannot_be_started_for_a_driver_is_said_to_the_operator_only(office: Office):
    await office.town.point()
    order = {"request_id": "order-0001", "cp_id": "CP404"}
    assert (await office.post("/api/drivers/D01/start", order))[
        "en"
    ] == "D01 is unknown here: it never logged in."
    driver = await office.town.driver()
    refused = await office.post("/api/drivers/D01/start", order)
    assert (refused["step"], refused["code"]) == ("REFUSED", "E_UNKNOWN_CP")
    driver.channel.send(messages.AskBalance())
    # Nothing else was said to it before.
    assert isinstance(await driver.channel.receive(), messages.Balance)


async def test_only_operators_start_charges_of_others(office: Office):
    await office.town.point()
    await office.town.driver()
    order = {"request_id": "order-0001", "cp_id": "CP001"}
    assert await statuses(office, "POST", "/api/drivers/D01/start", order) == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip


# ---- one charge is ended, and its charging point stays in service


async def test_an_operator_ends_one_charge_and_everybody_is_told_why(office: Office):
    engine, driver = await office.charging()
    (session,) = (await office.get("/api/sessions?state=open"))["sessions"]
    path = f"/api/sessions/{session['session_id']}/stop"
    done = shaped(await office.ask("POST", path), answers.SessionAnswer)
    assert (done["session"]["state"], done["session"]["stop_reason"]) == ("CHARGING", "operator")
    assert (await hear(engine.channel, messages.Stop)).reason == "operator"
    stopping = await driver.step("STOPPING")
    assert (stopping.reason, stopping.text) == ("operator", "Stopped: operator.")
    # Said again, it changes nothing.
    assert (await office.ask("POST", path)).status == 200
    (row,) = office.rows("StopOrdered")
    assert (row["actor"], row["role"]) == ("operator", "operator")
    await engine.journals(engine.meters(1_000_000), engine.ends("operator"))
    assert (await driver.ticket()).reason == "operator"
    point = await office.get("/api/cps/CP001")
    assert (point["holds"], point["status"]) == ([], "Available")
    again = await office.ask("POST", path)
    assert (again.status, again.body["code"]) == (409, "E_NO_SESSION")
    assert (await office.ask("POST", "/api/sessions/S-none/stop")).status == 404


async def test_a_charge_whose_engine_is_away_ends_when_it_is_back(office: Office):
    session_id, engine, _ = await lost(office)
    assert (await office.post(f"/api/sessions/{session_id}/stop"))["lost"]
    again = await office.town.engine("CP001", journal_id=engine.journal_id)
    assert (await hear(again.channel, messages.Stop)).session_id == session_id


async def test_only_operators_end_charges_of_others(office: Office):
    await office.charging()
    (session,) = (await office.get("/api/sessions?state=open"))["sessions"]
    assert await statuses(office, "POST", f"/api/sessions/{session['session_id']}/stop") == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip


# ---- money that must be put right


async def billed(office: Office) -> tuple[str, FakeDriver]:
    """D01 has a ticket of 2.50 €."""
    engine, driver = await office.charging()
    await engine.journals(engine.meters(10_000_000), engine.ends())
    return (await driver.ticket()).session_id, driver


async def moved(office: Office, path: str, **body: object) -> dict:
    order = {"reason": "typed twice", "reference": "R-1"} | body
    return shaped(await office.ask("POST", path, order), answers.MoneyAnswer)


async def test_an_operator_corrects_refunds_and_pays_out_and_the_books_say_why_and_who(office: Office):
    session_id, driver = await billed(office)
    done = await moved(office, "/api/drivers/D01/correct", cents=-80)
    assert (done["cents"], done["balance_cents"], done["repeated"]) == (-80, 1_670, False)
    assert (
        await hear(driver.channel, messages.Notice)
    ).text == "Your wallet was corrected by -0.80 €: typed twice."
    done = await moved(office, f"/api/sessions/{session_id}/refund", reference="R-2", cents=50)
    assert (done["driver_id"], done["cents"], done["balance_cents"]) == ("D01", 50, 1_720)
    assert "corrected by 0.000 kWh, -0.50 €" in (await hear(driver.channel, messages.Notice)).text
    done = await moved(office, "/api/drivers/D01/pay-out", reference="R-3")
    assert (done["cents"], done["balance_cents"]) == (-1_720, 0)
    assert "17.20 € from your wallet were paid out" in (await hear(driver.channel, messages.Notice)).text
    rows = office.query("SELECT kind, reason, actor, cents FROM ledger WHERE reason IS NOT NULL ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("CORRECTION", "typed twice", "operator", 80),
        ("CORRECTION", "typed twice", "operator", 50),
        ("PAY_OUT", "typed twice", "operator", 1_720),
    ]
    assert {row["actor"] for row in office.rows("PaidOut")} == {"operator"}
    ticket = (await office.get(f"/api/sessions/{session_id}"))["ticket"]
    assert (ticket["cost_cents"], ticket["corrected_cents"]) == (250, -50)


async def test_a_driver_reads_what_was_moved_in_its_wallet_and_why(office: Office):
    await office.town.driver()
    await moved(office, "/api/drivers/D01/correct", cents=-80)
    await moved(office, "/api/drivers/D01/pay-out", reference="R-2", cents=20, reason="moved away")
    cookie = {"Cookie": await cookie_of(office)}
    told = await office.ask("GET", "/api/me/wallet", token=None, headers=cookie)
    rows = [(one["kind"], one["cents"], one["reason"]) for one in told.body["moved"]]
    assert rows == [
        ("PAY_OUT", -20, "moved away"),
        ("CORRECTION", -80, "typed twice"),
        ("TOP_UP", 2_000, None),
    ]


async def indebted(office: Office) -> tuple[str, FakeDriver]:
    """D01 owes 0.50 €: its wallet was paid out before the engine told how much more had flowed."""
    session_id, engine, driver = await lost(office)
    await office.post(f"/api/sessions/{session_id}/close-lost")
    await driver.ticket()
    await moved(office, "/api/drivers/D01/pay-out")
    again = await office.town.engine("CP001")
    again.seq, again.start, again.meter_mwh = engine.seq, engine.start, engine.meter_mwh
    await again.journals(again.meters(2_000_000), again.ends())
    return session_id, driver


async def test_the_alert_of_a_debt_that_an_operator_closed_stays_closed_over_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def are_open(office: Office) -> list[str]:
        alerts = (await office.get("/api/alerts"))["alerts"]
        return [one["id"] for one in alerts if one["kind"] == "debt" and not one["solved_at"]]

    async with opened(tmp_path) as office:
        await indebted(office)
        assert await are_open(office) == ["D01-debt"]
    for read_again in (2000, 0):
        monkeypatch.setattr(app, "REBUILD_FROM", read_again)
        async with opened(tmp_path) as office:
            assert await are_open(office) == ["D01-debt"]
    async with opened(tmp_path) as office:
        await office.post("/api/alerts/D01-debt/close")
        assert await are_open(office) == []
    for read_again in (2000, 0):
        monkeypatch.setattr(app, "REBUILD_FROM", read_again)
        async with opened(tmp_path) as office:
            assert await are_open(office) == []


async def asked(driver: FakeDriver, question: messages.Message, kind: type[Wanted]) -> Wanted:
    driver.channel.send(question)
    return await hear(driver.channel, kind)


async def test_what_a_wallet_could_not_pay_stands_in_every_answer_until_the_next_money_pays_it(
    office: Office,
):
    session_id, driver = await indebted(office)
    cookie = {"headers": {"Cookie": await cookie_of(office)}, "token": None}

    async def owed() -> set[int]:
        (wallet,) = shaped(await office.ask("GET", "/api/drivers"), answers.DriversAnswer)["drivers"]
        one = shaped(await office.ask("GET", f"/api/sessions/{session_id}"), answers.SessionAnswer)
        (listed,) = shaped(await office.ask("GET", "/api/sessions"), answers.SessionsAnswer)["sessions"]
        (ticket,) = shaped(await office.ask("GET", "/api/tickets"), answers.TicketsAnswer)["tickets"]
        me = shaped(await office.ask("GET", "/api/me", **cookie), member_answers.MeAnswer)
        found = {row["owed_cents"] for row in (wallet, one["session"], one["ticket"], listed, ticket, me)}
        assert not any(row["rebuilt"] for row in (one["session"], one["ticket"], listed, ticket))
        for name in ("sessions", "tickets"):
            head, line = await csv_of(office, f"/api/{name}.csv")
            found.add(int(line[head.index("owed_cents")]))
            assert line[head.index("rebuilt")] == "no"
        return found

    assert await owed() == {50}
    balance = await asked(driver, messages.AskBalance(), messages.Balance)
    assert (balance.balance_cents, balance.owed_cents) == (0, 50)
    body = {"cents": 30, "reference": "T-1"}
    topped = shaped(await office.ask("POST", "/api/drivers/D01/top-up", body), answers.TopUpAnswer)
    assert (topped["balance_cents"], topped["owed_cents"]) == (0, 20)
    assert await owed() == {20}
    notice = await hear(driver.channel, messages.Notice)
    while notice.code != "DEBT_PAID":
        notice = await hear(driver.channel, messages.Notice)
    assert notice.cost_cents == -30
    done = await moved(office, "/api/drivers/D01/correct", cents=100, reference="R-2", reason="sorry")
    assert (done["balance_cents"], done["owed_cents"]) == (80, 0)
    assert await owed() == {0}
    assert (await asked(driver, messages.AskBalance(), messages.Balance)).owed_cents is UNSET
    history = await asked(driver, messages.AskHistory(), messages.History)
    told = [(one.kind, one.cents, one.reason, one.session_id) for one in history.moved]
    assert told == [
        ("DEBT_PAID", -20, "", session_id),
        ("CORRECTION", 100, "sorry", None),
        ("DEBT_PAID", -30, "", session_id),
        ("TOP_UP", 30, "", None),
        ("PAY_OUT", -1_975, "typed twice", None),
        ("TOP_UP", 2_000, "", None),
    ]
    assert [one.at for one in history.moved] == sorted((one.at for one in history.moved), reverse=True)
    # As its page shows it.
    moves = (await office.ask("GET", "/api/me/wallet", **cookie)).body["moved"]
    assert [(one["kind"], one["cents"]) for one in moves] == [(kind, cents) for kind, cents, _, _ in told]


async def test_a_long_history_with_long_reasons_is_one_frame(office: Office):
    """Beside a hundred tickets there is room for ten movements, whatever letters their reasons have."""
    _, driver = await billed(office)
    for number in range(12):
        await moved(
            office, "/api/drivers/D01/correct", cents=1, reference=f"R-{number}", reason="\U0001f50c" * 200
        )
    history = await asked(driver, messages.AskHistory(limit=100), messages.History)
    assert len(history.moved) == 10
    assert {one.reason for one in history.moved} == {"\U0001f50c" * 100}


async def csv_of(office: Office, path: str) -> list[list[str]]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {office.token}"}) as session,
        session.get(office.url + path) as response,
    ):
        return list(csv.reader((await response.text()).splitlines()))


async def test_an_order_with_the_same_reference_counts_once(office: Office):
    session_id, _ = await billed(office)
    refund = f"/api/sessions/{session_id}/refund"
    for path, body in (
        ("/api/drivers/D01/correct", {"cents": -80, "reference": "A"}),
        (refund, {"cents": 50, "reference": "B"}),
        ("/api/drivers/D01/pay-out", {"cents": 20, "reference": "C"}),
    ):
        first = await moved(office, path, **body)
        again = await moved(office, path, **body)
        assert again == first | {"repeated": True}
    # All that is free, under the reference of an order of another kind: nothing was paid out.
    everything = {"reason": "x", "reference": "A"}
    assert (await office.ask("POST", "/api/drivers/D01/pay-out", everything)).status == 409
    order = {"reason": "x", "reference": "A", "cents": 1}
    assert (await office.ask("POST", refund, order)).status == 409
    top_up = {"cents": 80, "reference": "A"}
    assert (await office.ask("POST", "/api/drivers/D01/top-up", top_up)).status == 409


async def test_what_looks_like_a_slip_is_done_only_when_confirmed(office: Office):
    await office.town.driver()
    order = {"reason": "x", "reference": "R", "cents": 60_000}
    for path in ("correct", "top-up"):
        what = {key: order[key] for key in ("reference", "cents")} if path == "top-up" else order
        answer = await office.ask("POST", f"/api/drivers/D01/{path}", what | {"reference": path})
        assert (answer.status, answer.body["code"]) == (409, "E_CONFIRM")
        assert answer.body["text"] == "600.00 € is more than 500.00 €: is that right?"
        await office.post(f"/api/drivers/D01/{path}", what | {"reference": path, "confirm": True})
    answer = await office.ask("POST", "/api/drivers/D01/pay-out", {"reason": "x", "reference": "R"})
    assert (answer.status, answer.body["code"]) == (409, "E_CONFIRM")


async def test_bad_orders_about_money_are_refused_in_one_sentence(office: Office):
    await office.town.driver()
    for body in (
        {"cents": -80, "reference": "R"},
        {"cents": -80, "reference": "R", "reason": " "},
        {"cents": -80, "reference": "R", "reason": "a\nb"},
        # Its driver could not be told that: EVC1 takes no letters that turn a line around.
        {"cents": -80, "reference": "R", "reason": "a\u202eb"},
        {"cents": -80, "reference": "R", "reason": "\u2029"},
        {"cents": 0.5, "reference": "R", "reason": "x"},
        {"cents": 0, "reference": "R", "reason": "x"},
        {"cents": 10**12, "reference": "R", "reason": "x"},
    ):
        assert (await office.ask("POST", "/api/drivers/D01/correct", body)).status == 422, body
    much = {"cents": -30_000, "reference": "R", "reason": "x"}
    answer = await office.ask("POST", "/api/drivers/D01/correct", much)
    assert (answer.status, answer.body["code"]) == (409, "E_BALANCE")
    assert not office.rows("WalletCorrected")


@pytest.mark.parametrize("order", ["drivers/D01/correct", "drivers/D01/pay-out", "sessions/{}/refund"])
async def test_only_operators_move_money(office: Office, order: str):
    session_id, _ = await billed(office)
    body = {"reason": "x", "reference": "R", "cents": 1}
    assert await statuses(office, "POST", f"/api/{order.format(session_id)}", body) == {
        "nobody": 401, "driver": 403, "viewer": 403, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip
