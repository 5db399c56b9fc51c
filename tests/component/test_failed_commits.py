"""What cannot be stored has not happened: a disk that is full, books that refuse or cannot be read."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

import pytest

from evcharge.central.peers import watchdog
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import OrderOffset
from evcharge.domain import events, journal_records
from evcharge.domain.errors import Code, Refused, Unstorable
from evcharge.domain.operator_order import Order
from evcharge.storage.store_errors import ConstraintViolated, StoreBusy, StoreError, StoreInDoubt
from tests.component import engines
from tests.component.books import any_event, lasting
from tests.component.dispatching import FULL, Writer
from tests.unit.central.builders import JOURNAL, NOON

ENGINES = engines.BOTH


async def test_a_failed_commit_refuses_what_was_asked_and_has_not_happened(writer: Writer):
    await writer.is_ready()
    told, before = len(writer.told), lasting(writer.dispatcher.facts)
    with writer.fails(FULL), pytest.raises(Refused, match=r"\(disk full\)\. Try again later\.$") as refusal:
        await writer.does(
            c.StartCharging, driver_id="D01", request_id="R-00000001", nonce="1" * 16, cp_id="CP001"
        )
    assert refusal.value.code is Code.STORAGE
    assert len(writer.told) == told
    assert lasting(writer.dispatcher.facts) == before
    assert writer.dispatcher.trouble == "Central cannot store new charges (disk full)"


async def test_while_the_disk_is_full_facts_wait_and_are_stored_in_order_afterwards(
    writer: Writer, caplog: pytest.LogCaptureFixture
):
    await writer.is_ready()
    caplog.set_level(logging.INFO, "evcharge.central.dispatcher")
    with writer.fails(FULL, times=5):
        facts = [
            writer.posts(c.MonitorReports, cp_id="CP001", link=2, epoch=0, fault=fault)
            for fault in ("overheating", "door open", None, "overheating")
        ]
        with pytest.raises(Refused):
            await writer.does(c.TopUp, driver_id="D01", cents=1)
        assert not any(fact.done() for fact in facts)
        async with asyncio.timeout(5):
            await asyncio.gather(*facts)
    faults = [
        event for event in writer.told if isinstance(event, (events.FaultReported, events.FaultCleared))
    ]
    assert [event.fault for event in faults] == ["overheating", "door open", "door open", "overheating"]
    assert writer.dispatcher.trouble is None
    assert [record.getMessage() for record in caplog.records] == [
        "Central cannot store new charges (disk full); what is running goes on.",
        "Central stores again.",
    ]


async def test_an_answer_that_needs_no_storing_is_given_and_does_not_end_the_trouble(
    writer: Writer, caplog: pytest.LogCaptureFixture
):
    await writer.is_ready()
    start = {"driver_id": "D01", "request_id": "R-00000001", "nonce": "1" * 16, "cp_id": "CP001"}
    first = await writer.does(c.StartCharging, **start)
    caplog.set_level(logging.INFO, "evcharge.central.dispatcher")
    with writer.fails(FULL):
        with pytest.raises(Refused):
            await writer.does(c.TopUp, driver_id="D01", cents=1)
        assert await writer.does(c.StartCharging, **start) == first
        assert writer.dispatcher.trouble is not None
        assert "Central stores again." not in caplog.text
        await writer.does(c.TopUp, driver_id="D01", cents=1)
    assert writer.dispatcher.trouble is None
    assert "Central stores again." in caplog.text


async def test_room_on_the_disk_is_found_though_nothing_happens(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watchdog, "MINUTE_S", 0.0)
    await writer.is_ready()
    with writer.fails(FULL), pytest.raises(Refused):
        await writer.does(c.TopUp, driver_id="D01", cents=1)
    stored = asyncio.Event()
    writer.feed.listen(lambda event: stored.set() if isinstance(event, events.StorageRestored) else None)

    async def anchor() -> None:
        if writer.dispatcher.trouble is None:
            await stored.wait()
            raise TimeoutError

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            refusals, heap = Refusals(writer.dispatcher.post), SimpleNamespace(look_again=lambda: None)
            await watchdog.each_minute(refusals, writer.dispatcher, writer.books.store, anchor, heap)
    assert stored.is_set()


@pytest.mark.only_sqlite
async def test_a_disk_that_is_really_full_refuses_and_recovers(writer: Writer):
    await writer.is_ready()
    database = writer.books.database
    pages = (await database.read("PRAGMA page_count"))[0][0]
    await database.read(f"PRAGMA max_page_count={pages}")
    big = [writer.posts(c.Note, event=events.InputRefused(code="E", text="x" * 3_000)) for _ in range(20)]
    with pytest.raises(Refused, match="disk full"):
        await writer.does(c.DriverArrives, driver_id="D02", link=9, epoch=0)
    assert not any(one.done() for one in big)
    await database.read("PRAGMA max_page_count=1000000")
    async with asyncio.timeout(5):
        await asyncio.gather(*big)
    await writer.does(c.DriverArrives, driver_id="D02", link=9, epoch=0)


WITHDRAWALS = {
    "a charging point": (c.RevokeKeys, {"subject": "CP001"}, events.KeyRevoked),
    "a driver": (c.RevokeKeys, {"subject": "D01"}, events.DriverBlocked),
    "by the Registry": (c.RevokeKeys, {"subject": "D01", "epoch": 7}, events.DriverBlocked),
    "barred": (c.BarDriver, {"driver_id": "D01", "barred": True}, events.DriverBarred),
    "over Kafka": (
        c.TakeOrder,
        {
            "order": Order("c" * 32, "revoke", "CP001", NOON.timestamp()),
            "place": OrderOffset("cluster", 0, 1),
        },
        events.KeyRevoked,
    ),
}
every_withdrawal = pytest.mark.parametrize("withdrawal", WITHDRAWALS)


@every_withdrawal
async def test_a_withdrawal_holds_at_once_on_a_full_disk_and_is_stored_when_there_is_room(
    writer: Writer, withdrawal: str, caplog: pytest.LogCaptureFixture
):
    kind, what, event = WITHDRAWALS[withdrawal]
    await writer.is_ready()
    await writer.does(
        c.StartCharging, driver_id="D01", request_id="R-00000001", nonce="1" * 16, cp_id="CP001"
    )
    told = len(writer.told)
    early: list[type[events.Event]] = []
    writer.feed.listen_early(lambda event: early.append(type(event)))
    with writer.fails(FULL, times=3):
        decision = await writer.posts(kind, **what)
        assert not decision.stored
        assert {events.StopOrdered, event} <= set(early)
        assert len(writer.told) == told
        acted = len(early)
        # Ordered again, it is said again, and neither done nor stored twice.
        if kind is not c.TakeOrder:
            assert not (await writer.posts(kind, **what)).stored
        await writer.settles()
    assert len(early) == acted
    assert [type(one) for one in writer.told[told:]].count(event) == 1
    assert "it will be stored when there is room on the disk" in caplog.text


@every_withdrawal
async def test_a_withdrawal_holds_at_once_beside_a_start_while_the_books_cannot_be_read(
    writer: Writer, withdrawal: str
):
    """What a start asks the books for has nothing to do with whom it shares a batch."""
    kind, what, event = WITHDRAWALS[withdrawal]
    await writer.is_ready()
    start = {"driver_id": "D01", "nonce": "1" * 16, "cp_id": "CP001"}
    await writer.does(c.StartCharging, **start, request_id="R-00000001")
    told = len(writer.told)
    early: list[type[events.Event]] = []
    writer.feed.listen_early(lambda event: early.append(type(event)))
    with mock.patch.object(writer.books.database, "read", side_effect=StoreError("gone")):
        another = writer.posts(c.StartCharging, **start, request_id="R-00000002")
        ordered = [writer.posts(kind, **what)]
        if kind is not c.TakeOrder:
            ordered.append(writer.posts(kind, **what))
        for one in ordered:
            assert not (await one).stored
        with pytest.raises(Refused, match="the database did not do it"):
            await another
        # One of each: ordered twice, it is done once.
        assert [early.count(one) for one in (events.StopOrdered, event)] == [1, 1]
        assert len(writer.told) == told
    await writer.settles()
    assert [type(one) for one in writer.told[told:]].count(event) == 1


async def test_what_gives_a_permission_back_waits_for_room(writer: Writer):
    await writer.is_ready()
    await writer.does(c.BarDriver, driver_id="D01", barred=True)
    with writer.fails(FULL), pytest.raises(Refused, match="disk full"):
        await writer.does(c.BarDriver, driver_id="D01", barred=False)


async def test_an_order_over_kafka_that_held_at_once_does_not_grow_old_on_a_full_disk(writer: Writer):
    await writer.is_ready()
    kind, what, _ = WITHDRAWALS["over Kafka"]
    with writer.fails(FULL):
        await writer.posts(kind, **what)
        writer.dispatcher._clock = lambda: NOON + timedelta(hours=1)
    await writer.settles()
    assert writer.dispatcher.facts.point("CP001").revoked
    assert [type(one) for one in writer.told].count(events.OrderCarriedOut) == 1


async def test_nothing_is_granted_to_whom_a_full_disk_could_not_withdraw(writer: Writer):
    await writer.is_ready()
    with writer.fails(FULL, times=2):
        await writer.posts(c.BarDriver, driver_id="D01", barred=True)
        start = {"driver_id": "D01", "request_id": "R-00000001", "nonce": "1" * 16, "cp_id": "CP001"}
        with pytest.raises(Refused, match="disk full"):
            await writer.does(c.StartCharging, **start)
    assert (await writer.does(c.StartCharging, **start)).code == Code.DRIVER_BLOCKED


async def test_any_other_trouble_is_named_once(writer: Writer, caplog: pytest.LogCaptureFixture):
    problem = StoreBusy("database is locked")
    with writer.fails(problem, times=3):
        for _ in range(3):
            with pytest.raises(
                Refused, match=r"cannot store anything now \(another program holds the database\)"
            ):
                await writer.does(c.DriverArrives, driver_id="D01", link=1, epoch=0)
    assert caplog.text.count("cannot store anything now") == 1


async def test_what_may_have_been_stored_is_not_called_undone(writer: Writer):
    """Whoever hears "try again" gives an order twice."""
    with (
        writer.fails(StoreInDoubt("cut"), times=1),
        pytest.raises(Refused, match="check later whether") as told,
    ):
        await writer.does(c.DriverArrives, driver_id="D01", link=1, epoch=0)
    assert told.value.code is Code.STORAGE


async def test_only_the_command_that_the_books_refuse_fails(writer: Writer):
    await writer.is_ready()
    # The rules would never decide this; the database is the last to say no.
    writer.dispatcher.facts.put(replace(writer.dispatcher.facts.driver("D01"), balance_cents=-2_000))
    bad = writer.posts(c.TopUp, driver_id="D01", cents=1)
    after = writer.posts(c.DriverArrives, driver_id="D02", link=9, epoch=0)
    with pytest.raises(
        Unstorable, match=r"the books refuse this: it breaks a rule of the database \((driver_)?balance_cents"
    ):
        await bad
    assert (await after).reply is None
    assert writer.dispatcher.facts.driver("D02").link == 9
    writer.dispatcher.facts.put(replace(writer.dispatcher.facts.driver("D01"), balance_cents=2_000))


async def test_books_that_cannot_be_read_refuse_a_start_and_no_fact(writer: Writer):
    await writer.is_ready()
    problem, read = StoreError("disk I/O error"), writer.books.database.read
    with mock.patch.object(writer.books.database, "read", side_effect=[problem]):
        start = writer.posts(
            c.StartCharging, driver_id="D01", request_id="R-00000001", nonce="1" * 16, cp_id="CP001"
        )
        fact = writer.posts(c.EngineLeaves, cp_id="CP001", link=1, reason="cut")
        with pytest.raises(Refused, match="the database did not do it"):
            await start
    await fact
    assert writer.dispatcher.facts.point("CP001").engine_link is None
    assert len(await read("SELECT 1 FROM session")) == 0


async def test_a_refusal_that_rested_on_a_failed_commit_is_not_given(writer: Writer):
    await writer.is_ready()
    start = {"driver_id": "D01", "request_id": "R-00000001", "nonce": "1" * 16, "cp_id": "CP001"}
    await writer.does(c.StartCharging, **start)
    session = next(writer.dispatcher.facts.sessions())
    # In the draft the session is refused, so that there is nothing to stop; but that is never stored.
    integrity = ConstraintViolated("planted")
    with writer.fails(integrity, times=2):
        record = journal_records.SupplyRefused(seq=1, session_id=session.session_id, reason="busy")
        taken = writer.posts(
            c.TakeRecords, cp_id="CP001", link=1, epoch=0, journal_id=JOURNAL, records=(record,)
        )
        stop = writer.posts(c.StopCharging, driver_id="D01")
        with pytest.raises(Refused, match="it breaks a rule of the database"):
            await taken
        answer = await stop
    assert answer.reply.step == "STOPPING"
    assert writer.dispatcher.facts.session(session.session_id).stop_reason == "driver"


async def test_trouble_in_the_middle_of_a_second_try_keeps_the_rest_in_order(writer: Writer):
    await writer.is_ready()
    integrity = ConstraintViolated("planted")
    # The batch fails; one by one, the first is stored, then the disk is full, twice.
    commit, plan = writer.books.store.commit, [integrity, None, FULL, FULL]

    async def planned(batch) -> None:
        problem = plan.pop(0) if plan else None
        await commit(batch) if problem is None else await writer.fail(problem)

    with mock.patch.object(writer.books.store, "commit", planned):
        notes = [writer.posts(c.Note, event=any_event(number)) for number in range(4)]
        ask = writer.posts(c.TopUp, driver_id="D01", cents=1)
        with pytest.raises(Refused, match="disk full"):
            await ask
        await asyncio.gather(*notes)
    told = [event.points for event in writer.told if isinstance(event, events.CentralStarted)]
    assert told == [0, 1, 2, 3]
