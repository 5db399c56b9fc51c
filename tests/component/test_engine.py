"""The engine role on loopback: a real journal, a real link, Central played by the test."""

import asyncio
import os
from datetime import timedelta

import pytest

from evcharge.cp.engine import engine
from evcharge.cp.journal.disk import FolderDisk
from evcharge.cp.journal.journal import Journal
from evcharge.domain.errors import BadInput, ConfigError, StateError
from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyRefused, SupplyStart
from evcharge.evc1 import caller, client
from evcharge.evc1.messages import (
    Ack,
    Bye,
    Confirming,
    Heartbeat,
    ManualStart,
    Progress,
    Query,
    Records,
    Resync,
    Stop,
    SupplyUpdate,
)
from evcharge.runtime import waiting
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config, EngineSettings
from tests.component.point import SECRET, WITHIN_S, Central, Stage, stage
from tests.ports import free_port
from tests.stopwatch import patience

S1, S2 = "S-D01-CP001-00000001", "S-D02-CP001-00000002"


@pytest.fixture
async def town(tmp_path, monkeypatch):
    async with stage(tmp_path, monkeypatch) as town:
        yield town


async def test_a_charge_from_start_to_its_end(town: Stage):
    town.engine_settings |= {"auto_plug_s": 0.05}
    async with town.engine():
        central = await town.central()
        sync = await central.syncs()
        assert sync.last_seq == 0
        assert len(sync.journal_id) == 32
        await central.start(S1)
        start = await central.record(SupplyStart)
        assert (start.seq, start.session_id, start.meter_mwh) == (1, S1, 0)
        update = await central.hear(SupplyUpdate, live=True)
        assert update.session_id == S1
        assert update.power_w == 22_000
        await central.record(Meter)
        central.channel.send(Stop(session_id=S1, reason="driver"))
        end = await central.record(SupplyEnd)
        assert end.reason == "driver"
        assert end.meter_mwh > 0
        meters = [record.meter_mwh for record in central.records if isinstance(record, Meter)]
        assert meters == sorted(meters)
        assert end.meter_mwh == meters[-1]
        assert [record.seq for record in central.records] == list(range(1, len(central.records) + 1))
    await town.lines.says(f"START received: session {S1} of D01")
    await town.lines.says("plugged in: a car with 40 % in its battery")
    await town.lines.says(f"supplying session {S1}")
    await town.lines.says(r"ended with 0\.\d{3} kWh: driver")
    await town.lines.says("CP001 engine stopped")
    assert not any(SECRET in line or "signed" in line for line in town.lines.said)


async def test_a_charge_goes_on_without_central_and_everything_arrives_later(town: Stage):
    town.engine_settings |= {"auto_plug_s": 0.0, "speed": 100.0}
    async with town.engine():
        central = await town.central()
        await central.syncs()
        await central.start(S1, limit_mwh=300_000)
        await central.record(SupplyStart)
        since = len(town.lines.said)
        central.channel.abort()
        await town.lines.says(r"the link to CENTRAL at .* was lost: .* \(the running charge goes on\)", since)
        again = await town.central()
        await town.lines.says("limit")
        await again.syncs(last_seq=1)
        end = await again.record(SupplyEnd)
        assert (end.reason, end.meter_mwh) == ("limit", 300_000)
        assert again.records[0].seq == 2
    assert any("Connected to Central again" in line for line in town.lines.said)


async def test_a_clock_that_is_set_makes_no_delivered_record_older(town: Stage, monkeypatch):
    town.engine_settings |= {"auto_plug_s": 0.0, "speed": 100.0}
    today = utc_now()
    async with town.engine():
        central = await town.central()
        await central.syncs()
        monkeypatch.setattr(engine, "utc_now", lambda: today + timedelta(days=400))
        await central.start(S1, limit_mwh=300_000)
        await central.record(SupplyEnd)
        # The answer to what comes next tells that the acknowledgement was noted.
        await central.start(S2)
    journal = Journal(FolderDisk(town.state / "cp/CP001/journal"), bytes)
    noted = [mark.at - today.timestamp() for mark in journal._segment.marks]
    journal.close()
    assert noted
    assert all(-1 < seconds < 60 for seconds in noted), noted


async def test_central_is_searched_for_in_plain_words_once(town: Stage, monkeypatch):
    town.central_port = free_port()
    searched, connect = asyncio.Semaphore(0), caller.connect

    async def counted(*where, **how):
        searched.release()
        return await connect(*where, **how)

    monkeypatch.setattr(client, "connect", counted)
    monkeypatch.setattr(client, "Backoff", lambda *_: waiting.Backoff(0.0))
    async with town.engine():
        await town.lines.says(rf"Cannot connect to CENTRAL at 127.0.0.1:{town.central_port}: .*Is it running")
        # When it searches for the fourth time, the third has come to nothing.
        for _ in range(4):
            await searched.acquire()
    assert sum("Cannot connect to CENTRAL" in line for line in town.lines.said) == 1


async def test_an_engine_that_is_stopped_ends_its_charge_and_says_so_before_it_goes(town: Stage):
    town.engine_settings |= {"auto_plug_s": 0.0}
    async with town.engine() as stop:
        central = await town.central()
        await central.syncs()
        await central.start(S1)
        await central.record(SupplyStart)
        stop.set()
        end = await central.record(SupplyEnd)
        assert end.reason == "engine stopped"
        await central.hear(Bye)
    async with town.engine():
        assert (await (await town.central()).syncs()).last_seq == end.seq


async def test_an_engine_that_nobody_acknowledges_stops_all_the_same(town: Stage, monkeypatch):
    # Its own, so that it is known among what else it waits for.
    patience_s, lost_patience, given = engine.LAST_WORDS_S + 0.001, asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(engine, "LAST_WORDS_S", patience_s)

    async def bounded(work, timeout_s: float) -> None:
        """As the real one, but the test says when it has lost its patience with Central."""
        if timeout_s != patience_s:
            await waiting.bounded(work, timeout_s)
            return
        given.set()
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(work)
            await lost_patience.wait()
            working.cancel()

    monkeypatch.setattr(engine, "bounded", bounded)
    town.engine_settings |= {"auto_plug_s": 0.0}
    async with town.engine() as stop:
        central = await town.central()
        await central.syncs()
        await central.start(S1)
        await central.record(SupplyStart)
        stop.set()
        while not isinstance((await central.hear(Records)).records[-1], SupplyEnd):
            pass
        await given.wait()
        lost_patience.set()
        while not isinstance(await central.hear(Records, Bye), Bye):
            pass
    async with town.engine():
        central = await town.central()
        await central.syncs(last_seq=1)
        assert (await central.record(SupplyEnd)).reason == "engine stopped"


async def test_a_query_for_what_never_came_is_answered_with_a_record(town: Stage):
    async with town.engine():
        central = await town.central()
        await central.syncs()
        central.channel.send(Query(session_id=S1))
        refused = await central.record(SupplyRefused)
        assert (refused.session_id, refused.reason) == (S1, "never started")


async def test_records_go_again_when_central_asks_for_them(town: Stage):
    async with town.engine():
        central = await town.central()
        await central.syncs()
        for session in (S1, S2):
            central.channel.send(Query(session_id=session))
        await central.record(SupplyRefused)
        central.channel.send(Resync(last_seq=0))
        while (await central.hear(Records)).records[0].seq != 1:
            pass


async def test_an_old_disk_gets_a_new_journal_and_another_connection(town: Stage):
    async with town.engine():
        central = await town.central()
        first = await central.syncs(last_seq=188)
        again = await town.central()
        second = await again.syncs()
        assert second.journal_id != first.journal_id
        assert second.last_seq == 0
    await town.lines.says(r"the journal is older than Central knows \(record 0 < 188\)")


async def test_a_journal_that_turns_out_damaged_is_named_to_central_over_another_connection(town: Stage):
    town.engine_settings |= {"auto_plug_s": 0.0, "speed": 100.0}
    async with town.engine():
        central = await town.central()
        first = await central.syncs()
        await central.start(S1)
        await central.record(SupplyStart)
        central.channel.abort()
        # While Central is away, a bit of what it does not have yet turns on the disk.
        path = town.state / "cp/CP001/journal/journal"
        charge = town.engines[-1].charge
        async with patience(WITHIN_S):
            while charge.last_seq < 5:
                await asyncio.sleep(0.01)
        content = path.read_bytes()
        path.write_bytes(content.replace(b'"METER","seq":3,', b'"METER","seq":?,'))
        back = await town.central()
        assert (await back.syncs(last_seq=1)).journal_id == first.journal_id
        again = await town.central()
        assert (await again.syncs(last_seq=0)).journal_id != first.journal_id
        end = await again.record(SupplyEnd)
        assert (end.session_id, end.reason) == (S1, "journal damaged")
        assert end.meter_mwh > 0
        assert not town.engines[-1].charge.running


async def test_a_charge_that_a_kill_cut_short_is_ended_by_the_next_engine(town: Stage):
    # What a kill leaves behind: a start and a meter, no end.
    journal = Journal(FolderDisk(town.state / "cp/CP001/journal"), bytes)
    journal.append(
        SupplyStart(
            seq=1,
            session_id=S1,
            driver_id="D01",
            request_id="R-00000001",
            price=2500,
            hold_cents=500,
            limit_mwh=10**6,
            auth="signed",
            meter_mwh=0,
        )
    )
    journal.append(Meter(seq=2, session_id=S1, meter_mwh=6111))
    journal.close()
    async with town.engine():
        central = await town.central()
        await central.syncs(last_seq=0)
        end = await central.record(SupplyEnd)
        assert (end.reason, end.meter_mwh) == ("restart", 6111)


async def test_a_plan_plays_a_fault_and_stops_the_engine(town: Stage):
    plan = town.state / "night.plan"
    plan.write_text("after authorised 0 plug\nafter started 0.2 break\nafter ended 0.1 mend\n")
    town.engine_settings |= {"plan": str(plan)}
    async with town.engine():
        central = await town.central()
        await central.syncs()
        await central.start(S1)
        end = await central.record(SupplyEnd)
        assert end.reason == "fault"
        await town.lines.says("KO: the charging point is broken")
        await town.lines.says("OK: the charging point is mended")
    plan.write_text("0.3 stop\n")
    async with town.engine() as stop:
        async with asyncio.timeout(5):
            await stop.wait()


async def test_automatic_plugging_unplugs_in_time_for_the_next_driver(town: Stage):
    town.engine_settings |= {"auto_plug_s": 0.05, "auto_unplug_s": 0.2}
    async with town.engine():
        central = await town.central()
        await central.syncs()
        for session in (S1, S2):
            central.records.clear()
            await central.start(session)
            end = await central.record(SupplyEnd)
            assert (end.session_id, end.reason) == (session, "unplugged")


async def test_a_central_that_does_not_read_gets_records_but_no_figures(town: Stage, monkeypatch):
    monkeypatch.setattr(engine, "_MOST_UNSENT_BYTES", -1)
    town.engine_settings |= {"auto_plug_s": 0.0}
    async with town.engine():
        central = await town.central()
        await central.syncs()
        await central.start(S1)
        await central.record(SupplyStart)
        metered, ended = False, False
        async with patience(WITHIN_S):
            while not ended:
                message = await central.channel.receive()
                assert isinstance(message, Heartbeat | Records)
                if not isinstance(message, Records):
                    continue
                central.channel.send(Ack(seq=message.records[-1].seq))
                # With each of these it would have told its figures.
                if not metered and any(isinstance(record, Meter) for record in message.records):
                    metered = True
                    central.channel.send(Stop(session_id=S1, reason="operator"))
                ended = isinstance(message.records[-1], SupplyEnd)
        assert metered


# ---- started by hand


def plays(town: Stage, plan: str) -> None:
    """The next engine does what `plan` says."""
    town.engine_settings |= {"plan": str(town.state / "hand.plan")}
    (town.state / "hand.plan").write_text(plan)


async def in_step(town: Stage) -> Central:
    """Let the engine connect, and wait until it may ask for something."""
    central = await town.central()
    await central.syncs()
    async with patience(WITHIN_S):
        while not town.engines[-1].charge.linked:
            await asyncio.sleep(0.002)
    return central


async def test_a_manual_start_is_asked_of_central_and_then_runs_like_any_other(town: Stage):
    plays(town, "after authorised 0 plug\n")
    async with town.engine():
        central = await in_step(town)
        town.hand("manual", "d01")
        request = await central.hear(ManualStart)
        assert request.driver_id == "D01"
        town.hand("manual", "D02")
        await town.lines.says("CENTRAL has already been asked about D01")
        central.channel.send(Progress(request_id="R-of-another", step="REFUSED", text="no"))
        central.channel.send(Progress(request_id=request.request_id, step="ASKING", session_id=S1))
        await town.lines.says("CENTRAL lets D01 charge")
        await central.start(S1)
        await central.record(SupplyStart)


async def test_a_manual_start_waits_for_its_driver_and_says_so(town: Stage):
    async with town.engine():
        central = await in_step(town)
        town.hand("manual", "D01", "4711")
        request = await central.hear(ManualStart)
        assert request.pin == "4711"
        central.channel.send(Confirming(request_id=request.request_id, driver_id="D01", within_s=30))
        await town.lines.says("waiting for D01 to confirm, in its app or on its page: at most 30 s")
        town.hand("manual", "D02")
        await town.lines.says("D01 has already been asked: wait until it confirms, or time runs out")
        central.channel.send(
            Progress(
                request_id=request.request_id,
                step="REFUSED",
                code="E_NOT_CONFIRMED",
                text="D01 said no.",
                reason="no",
            )
        )
        await town.lines.says("D01 refused: D01 said no.")
    assert not [line for line in town.lines.said if "4711" in line]


async def test_a_monitor_that_goes_and_comes_back_is_said(town: Stage):
    async with town.engine():
        async with town.monitor():
            await town.lines.says("CP001 STATUS OK")
        await town.lines.says("nobody asks how this engine is: no new charge can begin")
        async with town.monitor():
            await town.lines.says("its monitor asks again")


async def test_a_manual_start_that_is_refused_says_why(town: Stage):
    async with town.engine():
        central = await in_step(town)
        town.hand("manual", "D01")
        request = await central.hear(ManualStart)
        central.channel.send(
            Progress(request_id=request.request_id, step="REFUSED", code="E_BALANCE", text="Balance too low.")
        )
        await town.lines.says("D01 refused: Balance too low.")


async def test_a_manual_start_without_central_is_refused_here(town: Stage):
    town.central_port = free_port()
    plays(town, "0.1 manual D01\n")
    async with town.engine():
        await town.lines.says("Unable to connect to Central: no charge can begin now")


async def test_a_manual_start_that_central_did_not_answer_is_not_waited_for(town: Stage):
    async with town.engine():
        central = await in_step(town)
        town.hand("manual", "D01")
        await central.hear(ManualStart)
        central.channel.abort()
        await town.lines.says("CENTRAL has not answered about D01")


async def test_no_manual_start_while_the_charging_point_is_in_use(town: Stage):
    plays(town, "after authorised 0 manual D02\n")
    async with town.engine():
        central = await town.central()
        await central.syncs()
        await central.start(S1)
        await town.lines.says("this charging point is in use")


# ---- what cannot be used


async def test_a_health_port_in_use_is_a_sentence(town: Stage):
    async with town.engine():
        with pytest.raises(StateError, match="another engine"):
            await engine.run(town.config("CP001"), "CP001", asyncio.Event())
        with pytest.raises(StateError, match=f"cannot listen on 127.0.0.1:{town.health_port}"):
            await engine.run(town.config("CP002"), "CP002", asyncio.Event())


async def test_a_bad_id_is_refused(tmp_path):
    with pytest.raises(BadInput, match="bad charging point id"):
        await engine.run(Config(state=tmp_path), "../CP001", asyncio.Event())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot read the plan"),
        (b"\xff\xfe", "is not text"),
        (b"2 dance", "line 1: an action is one of"),
    ],
)
async def test_a_bad_plan_is_a_sentence(tmp_path, content, problem):
    path = tmp_path / "a.plan"
    if content is not None:
        path.write_bytes(content)
    config = Config(state=tmp_path, engine=EngineSettings(plan=str(path)))
    with pytest.raises(ConfigError, match=problem):
        await engine.run(config, "CP001", asyncio.Event())


@pytest.mark.parametrize("plan", ["/dev/urandom", "/dev/zero", "a pipe", "a huge file"])
async def test_a_plan_that_gives_without_end_or_never_is_a_sentence(tmp_path, plan):
    path = tmp_path / "a.plan" if plan.startswith("a ") else plan
    if plan == "a pipe":
        os.mkfifo(path)
    elif plan == "a huge file":
        path.touch()
        os.truncate(path, 20 << 30)
    config = Config(state=tmp_path, engine=EngineSettings(plan=str(path)))
    async with asyncio.timeout(5):
        with pytest.raises(ConfigError, match="must be a plain file|larger than 1 MiB"):
            await engine.run(config, "CP001", asyncio.Event())


async def test_an_engine_without_credential_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("EVCHARGE_CREDENTIAL", raising=False)
    config = Config(state=tmp_path, engine=EngineSettings(health_port=0))
    with pytest.raises(ExceptionGroup) as failure:
        await engine.run(config, "CP001", asyncio.Event())
    assert "has no credential here" in str(failure.value.exceptions[0])
    # It let go of its journal.
    with pytest.raises(ExceptionGroup):
        await engine.run(config, "CP001", asyncio.Event())


async def test_an_engine_that_is_broken_says_so_at_its_health_socket_until_it_is_mended(town: Stage):
    async with town.engine():
        assert town.health.wrong() is None
        town.hand("break")
        await town.lines.says("KO: the charging point is broken")
        assert "KO" in (town.health.wrong() or "")
        town.hand("mend")
        await town.lines.says("OK: the charging point is mended")
        assert town.health.wrong() is None
