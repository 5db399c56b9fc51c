"""Central on a real socket: a charge from request to ticket, and the peers that break the rules."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import UNSET

from evcharge.central.books import store, verify
from evcharge.central.books.store import INBOX_PAGE
from evcharge.central.peers import deadlines
from evcharge.central.peers import driver as driver_module
from evcharge.central.rules.commands import LiftHold, PlaceHold, RevokeKeys
from evcharge.domain import journal_records
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import AuthenticationError, Code, EvchargeError, ProtocolError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import ChannelClosed
from evcharge.runtime.clock import utc_now
from tests.component.books import fill_inbox
from tests.component.town import Town, hear, running


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with running(tmp_path) as town:
        yield town
    assert verify.check(tmp_path / "central" / "central.db") == []


async def charging(town: Town) -> tuple:
    """A point that supplies D01."""
    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    await engine.is_asked()
    await engine.journals(engine.starts())
    await driver.step("CHARGING")
    return engine, driver


# ---- a charge


async def test_a_charge_from_the_request_to_the_ticket(town: Town):
    engine, driver = await town.point(), await town.driver()
    request_id = driver.asks()
    assert (await driver.step("ASKING")).cp_id == "CP001"
    start = await engine.is_asked()
    assert start.limit_mwh == 80_000_000  # 20.00 € at 0.25 €/kWh
    assert "60 s" in (await driver.step("READY")).text
    await engine.journals(engine.starts())
    await driver.step("CHARGING")
    engine.channel.send(
        messages.SupplyUpdate(session_id=start.session_id, power_w=22_000, energy_mwh=1_000_000)
    )
    # An older engine does not say how warm it is.
    live = await hear(driver.channel, messages.Supply)
    assert (live.power_w, live.energy_mwh, live.cost_cents) == (22_000, 1_000_000, 25)
    answer = await engine.journals(engine.meters(1_100_000), engine.ends())
    assert answer == messages.Ack(seq=3)
    ticket = await driver.ticket()
    assert (ticket.request_id, ticket.session_id) == (request_id, start.session_id)
    assert (ticket.energy_mwh, ticket.cost_cents, ticket.reason) == (1_100_000, 28, "unplugged")
    assert not ticket.while_away
    driver.channel.send(messages.AskBalance())
    wallet = await hear(driver.channel, messages.Balance)
    assert (wallet.balance_cents, wallet.held_cents) == (1_972, 0)


async def test_one_correlation_id_runs_from_the_request_to_the_ticket(town: Town):
    engine, driver = await charging(town)
    await engine.journals(engine.ends())
    ticket = await driver.ticket()
    kinds = ("SessionAuthorised", "SessionReady", "SessionStarted", "TicketMade")
    assert {town.rows(kind)[0]["correlation_id"] for kind in kinds} == {ticket.request_id}


async def test_the_audit_log_names_the_address_of_who_acted(town: Town):
    await charging(town)
    row = (await town.recorded("SessionAuthorised"))[0]
    assert (row["actor"], row["role"]) == ("D01", "driver")
    assert row["address"].startswith("127.0.0.1:")


async def test_a_ticket_made_while_the_driver_was_away_is_kept_for_its_return(town: Town):
    engine, driver = await charging(town)
    driver.channel.abort()
    await town.says("D01 left")
    await engine.journals(engine.meters(500_000), engine.ends("battery full"))
    back = await town.driver_link("D01")
    ticket = await hear(back, messages.TicketIssued)
    assert ticket.while_away
    back.send(messages.TicketSeen(session_id=ticket.session_id))
    await town.recorded("TicketShown")
    back.abort()
    again = await town.driver_link("D01")
    again.send(messages.AskHistory())
    message = await hear(again, messages.TicketIssued, messages.History)
    assert isinstance(message, messages.History)
    assert [one.session_id for one in message.tickets] == [ticket.session_id]


async def test_a_returning_driver_is_told_where_its_charge_stands(town: Town):
    _, driver = await charging(town)
    driver.channel.abort()
    await town.says("D01 left")
    back = await town.driver_link("D01")
    assert (await hear(back, messages.Progress)).step == "CHARGING"


async def test_the_same_request_twice_is_one_session_with_one_answer(town: Town):
    engine, driver = await town.point(), await town.driver()
    request_id = driver.asks()
    first = await driver.step("ASKING")
    driver.asks(request_id=request_id)
    assert await driver.step("ASKING") == first
    await engine.is_asked()
    assert len(town.rows("SessionAuthorised")) == 1


async def test_two_drivers_on_one_point_in_the_same_millisecond(town: Town):
    await town.point()
    one, two = await town.driver("D01"), await town.driver("D02")
    one.asks("CP001")
    two.asks("CP001")
    steps = [await hear(each.channel, messages.Progress) for each in (one, two)]
    assert sorted(step.step for step in steps) == ["ASKING", "REFUSED"]
    assert next(step for step in steps if step.step == "REFUSED").code == Code.CP_BUSY


async def test_stop_then_start_within_a_second_never_runs_two_meters(town: Town):
    engine, driver = await charging(town)
    first = engine.start
    driver.channel.send(messages.RequestStop())
    await driver.step("STOPPING")
    driver.asks("CP001")
    assert (await driver.step("REFUSED")).code == Code.DRIVER_BUSY
    assert (await hear(engine.channel, messages.Stop)).session_id == first.session_id
    await engine.journals(engine.ends("driver"))
    await driver.ticket()
    driver.asks("CP001")
    second = await engine.is_asked()
    assert second.session_id != first.session_id


async def test_a_late_end_of_an_old_session_does_not_bill_the_next_driver(town: Town):
    engine, driver = await charging(town)
    old = engine.start
    await engine.journals(engine.ends())
    await driver.ticket()
    driver.asks("CP001")
    await engine.is_asked()
    await engine.journals(engine.starts())
    engine.seq += 1
    late = journal_records.SupplyEnd(
        seq=engine.seq, session_id=old.session_id, meter_mwh=9_000_000, reason="late"
    )
    assert await engine.journals(late) == messages.Ack(seq=engine.seq)
    assert len(await town.recorded("RecordQuarantined")) == 1
    assert len(town.rows("TicketMade")) == 1


# ---- links


async def test_after_a_start_every_point_is_disconnected_until_its_monitor_speaks(tmp_path: Path):
    async with running(tmp_path) as town:
        await town.point()
    async with running(tmp_path) as town:
        assert await town.says("CP001 .*Disconnected")
        await town.engine()
        assert not any("Available" in line for line in town.lines)
        await town.monitor()
        assert await town.says("CP001 .*Available")


async def test_a_dead_monitor_means_disconnected_and_the_charge_goes_on(town: Town):
    engine, driver = await charging(town)
    engine.monitor.abort()
    assert "goes on" in (await hear(driver.channel, messages.Notice)).text
    assert await town.says("CP001 .*Disconnected")
    await engine.journals(engine.meters(1_000), engine.ends())
    assert (await driver.ticket()).energy_mwh == 1_000


async def test_a_fault_stops_the_charge_and_tells_the_driver(town: Town):
    engine, driver = await charging(town)
    engine.monitor.send(messages.Health(fault="overheating"))
    assert (await hear(engine.channel, messages.Stop)).reason == "fault"
    assert "CP001 failed (overheating)" in (await hear(driver.channel, messages.Notice)).text
    await engine.journals(engine.ends("fault"))
    assert (await driver.ticket()).reason == "fault"
    assert await town.says("CP001 .*Faulted: overheating")
    seen = len(town.lines)
    engine.monitor.send(messages.Health(fault=None))
    await town.says("CP001 .*Available", since=seen)


async def test_an_engine_without_link_is_faulted_and_says_why(town: Town):
    engine = await town.point()
    engine.channel.abort()
    assert await town.says("CP001 .*Faulted: no link to Central")


async def test_a_returning_engine_is_asked_about_a_start_it_may_have_missed(town: Town):
    engine, driver = await town.point(), await town.driver()
    driver.asks()
    start = await hear(engine.channel, messages.Start)
    engine.channel.abort()
    await town.says("no link to Central")
    back = await town.engine()
    assert (await hear(back.channel, messages.Query)).session_id == start.session_id
    refusal = journal_records.SupplyRefused(seq=1, session_id=start.session_id, reason="never started")
    assert await back.journals(refusal) == messages.Ack(seq=1)
    assert (await driver.step("REFUSED")).code == Code.CP_NOT_AVAILABLE


async def test_records_already_committed_are_acknowledged_again_after_a_restart(tmp_path: Path):
    async with running(tmp_path) as town:
        engine, _ = await charging(town)
        await engine.journals(engine.meters(700))
        sent = engine.meters(800), engine.ends("unplugged")
        start, seq = engine.start, engine.seq
    async with running(tmp_path) as town:
        engine = await town.engine()
        assert engine.seq == 2
        engine.start, engine.seq = start, seq
        assert await engine.journals(*sent) == messages.Ack(seq=4)
        assert await engine.journals(*sent) == messages.Ack(seq=4)
        ticket = await hear(await town.driver_link("D01"), messages.TicketIssued)
        assert ticket.energy_mwh == 1_500
        assert len(town.rows("TicketMade")) == 1


async def test_a_gap_in_the_records_is_asked_for(town: Town):
    engine, _ = await charging(town)
    engine.seq += 1
    assert await engine.journals(engine.ends()) == messages.Resync(last_seq=1)


# ---- those who break the rules


async def test_the_same_credential_on_two_machines_keeps_the_one_that_lives(town: Town):
    engine = await town.point()
    beating = asyncio.create_task(beat(engine.channel))
    second = await town.dial("CP001", Role.ENGINE)
    with pytest.raises(EvchargeError) as caught:
        await hear(second, messages.Synced)
    assert caught.value.code == Code.DUPLICATE
    assert "127.0.0.1" in caught.value.text
    beating.cancel()
    assert (await town.recorded("LoginRefused"))[0]["cp_id"] is None
    engine.channel.send(messages.Heartbeat())
    await hear(engine.channel, messages.Heartbeat)


async def test_a_silent_old_link_makes_way_for_a_new_one(town: Town):
    await town.point()
    second = await town.engine()
    second.channel.send(messages.Heartbeat())
    await hear(second.channel, messages.Heartbeat)


async def test_a_point_that_speaks_of_another_points_session_is_cut_off(town: Town):
    engine, _ = await charging(town)
    other = await town.engine("CP002", journal_id="b" * 32)
    session_id = engine.start.session_id
    other.channel.send(messages.SupplyUpdate(session_id=session_id, power_w=1, energy_mwh=1))
    with pytest.raises(EvchargeError) as caught:
        await hear(other.channel, messages.Ack)
    assert caught.value.code == Code.ID
    assert (await town.recorded("InputRefused"))[0]["actor"] == "CP002"


async def test_a_driver_cannot_stop_another_drivers_session(town: Town):
    engine, _ = await charging(town)
    stranger = await town.driver("D02")
    stranger.channel.send(messages.RequestStop(session_id=engine.start.session_id))
    refusal = await hear(stranger.channel, messages.ErrorNotice)
    stranger.channel.send(messages.RequestStop(session_id="S-D02-CP001-0000000000000000"))
    assert await hear(stranger.channel, messages.ErrorNotice) == refusal
    assert town.rows("StopOrdered") == []


async def test_a_driver_may_not_send_records(town: Town):
    driver = await town.driver()
    driver.channel.send(
        messages.Records(records=[journal_records.Meter(seq=1, session_id="S-D01-CP001-00", meter_mwh=1)])
    )
    with pytest.raises(ProtocolError) as caught:
        await hear(driver.channel, messages.Ack)
    assert caught.value.code == Code.ROLE
    assert (await town.recorded("InputRefused"))[0]["actor"] == "D01"


async def test_a_stranger_leaves_one_audit_row_and_no_trace_on_any_screen(town: Town):
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    answer = await reader.read(500)
    writer.close()
    await writer.wait_closed()
    assert b"HTTP" in answer
    assert (await town.recorded("LoginRefused"))[0]["actor"] == "unknown"
    assert not any("Available" in line for line in town.lines)


async def test_a_flood_of_bad_logins_is_one_row_until_it_is_summed_up(town: Town):
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
        writer.write(b"\xff\xff\xff\xff")
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert len(await town.recorded("LoginRefused")) == 1


async def test_revoked_keys_end_the_charge_at_once_and_the_connection_after_its_last_word(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(deadlines, "LAST_WORD_S", 3_600.0)
    engine, driver = await charging(town)
    await town.operator(RevokeKeys, subject="CP001")
    assert (await hear(engine.channel, messages.Stop)).reason == "key revoked"
    for channel in (engine.monitor, engine.channel):
        with pytest.raises(AuthenticationError) as caught:
            await hear(channel, messages.Ack)
        assert caught.value.code == Code.REVOKED
        # The monitor has none; the engine says nothing until its time is over.
        monkeypatch.setattr(deadlines, "LAST_WORD_S", 0.0)
    assert await town.says("CP001 .*Out of Order: key revoked")
    with pytest.raises(AuthenticationError):
        await town.dial("CP001", Role.ENGINE)
    # It said nothing more: what it had told is billed. The rest is accepted after the keys were issued anew.
    ticket = await driver.ticket()
    assert (ticket.energy_mwh, ticket.reason, ticket.estimated) == (0, "key revoked", True)
    back = await town.engine(epoch=1)
    back.start, back.seq = engine.start, 1
    await back.journals(back.meters(1_000_000), back.ends("key revoked"))
    corrected = await hear(driver.channel, messages.Notice)
    assert (corrected.code, corrected.energy_mwh) == ("CORRECTED", 1_000_000)


async def test_out_while_charging_ends_the_charge_and_resume_brings_it_back(town: Town):
    engine, driver = await charging(town)
    await town.operator(PlaceHold, cp_id="CP001", hold=Hold.OPERATOR)
    assert (await hear(engine.channel, messages.Stop)).reason == "operator"
    assert "operator" in (await driver.step("STOPPING")).text
    await engine.journals(engine.ends("operator"))
    assert (await driver.ticket()).reason == "operator"
    assert await town.says("CP001 .*Out of Order: operator")
    driver.asks("CP001")
    assert (await driver.step("REFUSED")).code == Code.CP_NOT_AVAILABLE
    await town.operator(LiftHold, cp_id="CP001", hold=Hold.OPERATOR)
    driver.asks("CP001")
    await engine.is_asked()


async def test_older_tickets_are_void_after_a_revocation(town: Town):
    await town.point()
    await town.engine_with_epoch(3)
    with pytest.raises(AuthenticationError) as caught:
        await town.dial("CP001", Role.ENGINE, epoch=2)
    assert caught.value.code == Code.REVOKED


async def test_central_says_goodbye_when_it_stops(tmp_path: Path):
    async with running(tmp_path) as town:
        driver = await town.driver()
        waiting = asyncio.create_task(hear(driver.channel, messages.TicketIssued))
        await asyncio.sleep(0)
        town.stop.set()
        with pytest.raises(ChannelClosed) as caught:
            await waiting
        assert "CENTRAL is stopping" in caught.value.text


async def beat(channel) -> None:
    while True:
        channel.send(messages.Heartbeat())
        await asyncio.sleep(0.2)


async def test_a_long_inbox_is_told_page_by_page_as_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(driver_module, "_PAGE_EVERY_S", 0.05)
    # Central remembers fewer of them than there are: the others it looks up.
    monkeypatch.setattr(store, "MOST_LOADED", 10)
    async with running(tmp_path) as town:
        await town.point()
        await town.driver()
    fill_inbox(tmp_path / "central" / "central.db", "D01", tickets=2 * INBOX_PAGE + 5)
    told: list[str] = []
    async with running(tmp_path) as town:
        driver = await town.driver_link("D01")
        while len(told) < 2 * INBOX_PAGE + 5:
            page = [(await hear(driver, messages.TicketIssued)).session_id for _ in range(left(told))]
            # Nothing more comes before most of it is acknowledged, and other questions are answered meanwhile.
            driver.send(messages.AskBalance())
            assert isinstance(await hear(driver, messages.TicketIssued, messages.Balance), messages.Balance)
            for session_id in page:
                driver.send(messages.TicketSeen(session_id=session_id))
            told += page
        await town.recorded("TicketShown", times=len(told))
    assert told == [f"S-inbox-{number:05}" for number in range(len(told))]


def left(told: list[str]) -> int:
    return min(INBOX_PAGE, 2 * INBOX_PAGE + 5 - len(told))


async def test_a_request_whose_ticket_was_seen_elsewhere_is_answered_with_that_ticket(town: Town):
    engine, driver = await charging(town)
    request_id = engine.start.request_id
    await driver.channel.close(messages.Bye())
    await engine.journals(engine.meters(1_000_000), engine.ends())
    elsewhere = await town.driver_link("D01")
    bill = await hear(elsewhere, messages.TicketIssued)
    elsewhere.send(messages.TicketSeen(session_id=bill.session_id))
    await town.recorded("TicketShown")
    await elsewhere.close(messages.Bye())
    # The program that asked for the charge knows only that it ran when it was cut off.
    back = await town.driver()
    back.asks("CP001", request_id)
    again = await back.ticket()
    assert (again.session_id, again.cost_cents) == (bill.session_id, bill.cost_cents)


async def test_a_ticket_that_waits_in_the_inbox_is_told_once_though_its_request_is_repeated(town: Town):
    engine, driver = await charging(town)
    request_id = engine.start.request_id
    await driver.channel.close(messages.Bye())
    await engine.journals(engine.meters(1_000_000), engine.ends())
    back = await town.driver_link("D01")
    await hear(back, messages.TicketIssued)
    back.send(messages.RequestStart(request_id=request_id, cp_id="CP001"))
    back.send(messages.AskBalance())
    assert isinstance(await hear(back, messages.TicketIssued, messages.Balance), messages.Balance)


# ---- a driver's own limit


async def test_a_limit_is_kept_over_a_restart_of_central_and_said_on_the_ticket(tmp_path: Path):
    async with running(tmp_path) as town:
        engine, driver = await town.point(), await town.driver()
        driver.channel.send(
            messages.RequestStart(request_id="R-00000001", cp_id="CP001", until_mwh=5_000_000)
        )
        assert (await engine.is_asked()).limit_mwh == 5_000_000
        await engine.journals(engine.starts(), engine.meters(3_000_000))
    async with running(tmp_path) as town:
        driver = await town.driver()
        again = await town.engine("CP001")
        again.seq, again.start, again.meter_mwh = engine.seq, engine.start, engine.meter_mwh
        update = {"session_id": engine.start.session_id, "power_w": 7_000, "energy_mwh": 3_200_000}
        again.channel.send(messages.SupplyUpdate(**update))
        told = await hear(driver.channel, messages.Supply)
        assert (told.energy_mwh, told.until_mwh, told.until_cents) == (3_200_000, 5_000_000, UNSET)
        await again.journals(again.meters(2_000_000), again.ends("limit"))
        bill = await driver.ticket()
        assert (bill.reason, bill.energy_mwh) == ("own limit", 5_000_000)


async def test_an_engine_that_does_not_know_its_limit_is_stopped_there(tmp_path: Path):
    async with running(tmp_path) as town:
        engine, driver = await town.point(), await town.driver()
        driver.channel.send(messages.RequestStart(request_id="R-00000001", cp_id="CP001", until_cents=300))
        assert (await engine.is_asked()).hold_cents == 300
        engine.channel.send(messages.Records(records=[engine.starts(), engine.meters(12_000_000)]))
        assert (await hear(engine.channel, messages.Stop)).reason == "own limit"
        await engine.journals(engine.meters(1_000), engine.ends("own limit"))
        bill = await driver.ticket()
        assert (bill.reason, bill.cost_cents) == ("own limit", 300)


async def test_a_limit_over_the_balance_is_said(tmp_path: Path):
    async with running(tmp_path) as town:
        await town.point()
        driver = await town.driver()
        driver.channel.send(
            messages.RequestStart(request_id="R-00000001", cp_id="CP001", until_mwh=90_000_000)
        )
        notice = await hear(driver.channel, messages.Notice)
        assert (notice.code, notice.energy_mwh, notice.cost_cents) == ("LIMITED", 80_000_000, 2_000)


async def test_whoever_logs_in_after_the_clock_of_the_pc_was_set_is_let_in(tmp_path: Path):
    """Or after the PC slept, when its steady clock stood still. The Registry stamps its tickets by that same clock."""
    ahead_s = 0
    async with running(tmp_path, clock=lambda: utc_now() + timedelta(seconds=ahead_s)) as town:
        kept = {}
        for driver_id, set_to_s in (("D01", 0), ("D02", 3_600), ("D03", -3_600)):
            ahead_s = set_to_s
            channel = await town.dial(driver_id, Role.DRIVER)
            kept[driver_id] = channel.accepted.resume
            channel.abort()
        # What Central issues goes by its steady clock, whatever the other says.
        for driver_id, resume in kept.items():
            town.channels.append(await connect("127.0.0.1", town.port, resume, driver_id, Role.DRIVER))
