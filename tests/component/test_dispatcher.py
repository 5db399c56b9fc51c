"""The one writer: nothing is told before it is stored."""

import asyncio
import gc
from datetime import timedelta
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from msgspec import structs

from evcharge.central import dispatcher as dispatcher_module
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules import commands as c
from evcharge.central.rules.replies import RequestStep
from evcharge.domain import events, journal_records
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import Code, Refused, StateError
from evcharge.runtime.clock import Sleepless
from evcharge.storage.store_errors import StoreBroken, StoreDamaged
from tests.component import engines
from tests.component.books import Books, any_event, opened, raw
from tests.component.dispatching import FULL, RULES, Writer
from tests.unit.central.builders import ADMIN, JOURNAL, KWH, NOON, FakeEngine

ENGINES = engines.BOTH


async def test_an_answer_comes_once_it_is_stored(writer: Writer):
    await writer.is_ready()
    reply = await writer.does(
        c.StartCharging, driver_id="D01", request_id="R-00000001", nonce="1" * 16, cp_id="CP001"
    )
    assert isinstance(reply, RequestStep)
    assert reply.step == "ASKING"
    with raw(writer.books.path) as connection:
        assert connection.execute("SELECT state FROM session").fetchone()[0] == "AUTHORISED"


async def test_nothing_is_told_before_it_is_stored(writer: Writer):
    await writer.is_ready()
    await writer.does(c.PlaceHold, cp_id="CP001", hold=Hold.OPERATOR)
    assert writer.told
    for number, stored in enumerate(writer.stored_when_told, 1):
        assert stored >= number


async def test_what_is_told_fits_the_facts_of_that_moment(writer: Writer):
    await writer.is_ready()
    seen = []
    writer.feed.listen(
        lambda event: seen.append((type(event), writer.dispatcher.facts.point("CP001").status))
    )
    both = [writer.posts(kind, cp_id="CP001", hold=Hold.OPERATOR) for kind in (c.PlaceHold, c.LiftHold)]
    await asyncio.gather(*both)
    assert seen == [(events.HoldPlaced, "Unavailable"), (events.HoldLifted, "Available")]


async def test_events_come_in_the_order_of_the_commands_and_of_the_books(writer: Writer):
    notes = [writer.posts(c.Note, event=any_event(number)) for number in range(600)]
    await asyncio.gather(*notes)
    assert [structs.asdict(event)["points"] for event in writer.told] == list(range(600))
    rows = await writer.books.database.read("SELECT n, data FROM events ORDER BY n")
    assert [f'"points":{number},' in row["data"] for number, row in enumerate(rows)] == [True] * 600


async def test_a_refusal_that_nobody_waits_for_is_not_reported(writer: Writer):
    reported = list[dict[str, object]]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
    refused = writer.posts(c.PlaceHold, cp_id="CP999", hold=Hold.OPERATOR)
    await writer.does(c.Note, event=any_event(1))
    assert refused.done()
    del refused
    gc.collect()
    assert reported == []


async def test_since_when_a_batch_is_in_hand_is_seen_until_it_is_stored_or_refused(writer: Writer):
    """What hangs there holds up every answer: `peers/deadlines` counts it for nobody."""
    await writer.is_ready()
    loop, commit = asyncio.get_running_loop(), writer.books.store.commit
    hangs, goes_on = asyncio.Event(), asyncio.Event()

    async def hanging(batch) -> None:
        hangs.set()
        await goes_on.wait()
        await commit(batch)

    assert writer.dispatcher.busy_since is None
    with mock.patch.object(writer.books.store, "commit", hanging):
        before = loop.time()
        noted = writer.posts(c.Note, event=any_event())
        await hangs.wait()
        assert before <= writer.dispatcher.busy_since <= loop.time()
        goes_on.set()
        await noted
    assert writer.dispatcher.busy_since is None
    with writer.fails(FULL), pytest.raises(Refused):
        await writer.does(c.PlaceHold, cp_id="CP001", hold=Hold.OPERATOR)
    assert writer.dispatcher.busy_since is None


class Metering:
    """One charging point that charges; `commits` holds how many decisions each commit had."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.engine = FakeEngine("CP001")
        self.session_id = ""
        self.commits: list[int] = []

    async def begins(self) -> None:
        writer = self.writer
        await writer.is_ready()
        asked = {"driver_id": "D01", "request_id": "R-00000001", "nonce": "1" * 16, "cp_id": "CP001"}
        self.session_id = (await writer.does(c.StartCharging, **asked)).session_id
        await self.delivers(self.engine.started(self.session_id))
        writer.books.store.on_commit = lambda number, _: self.commits.append(number)

    def delivers(self, *records: journal_records.AnyRecord) -> asyncio.Future:
        link = {"cp_id": "CP001", "link": 1, "epoch": 0, "journal_id": JOURNAL}
        return self.writer.posts(c.TakeRecords, **link, records=records)

    def meters(self, number: int = 1) -> asyncio.Future:
        return self.delivers(*(self.engine.meter(self.session_id, 10) for _ in range(number)))


async def turns() -> None:
    """Let whoever could begin now begin."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_meters_alone_wait_for_others_and_go_with_whatever_cannot_wait(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    charge = Metering(writer)
    await charge.begins()
    monkeypatch.setattr(dispatcher_module, "PATIENCE_S", 3_600.0)
    waiting = [charge.meters(5)]
    await turns()
    waiting.append(charge.meters(5))
    await turns()
    assert not charge.commits
    await writer.does(c.Note, event=any_event())
    assert [one.done() for one in waiting] == [True, True]
    assert charge.commits == [3]


async def test_meters_do_not_wait_for_ever(writer: Writer, monkeypatch: pytest.MonkeyPatch):
    charge = Metering(writer)
    await charge.begins()
    monkeypatch.setattr(dispatcher_module, "PATIENCE_S", 0.01)
    for _ in range(2):
        async with asyncio.timeout(10):
            await asyncio.gather(charge.meters(), charge.meters())
    assert sum(charge.commits) == 4


async def test_whoever_catches_up_and_whoever_ends_is_answered_at_once(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    charge = Metering(writer)
    await charge.begins()
    monkeypatch.setattr(dispatcher_module, "PATIENCE_S", 3_600.0)
    async with asyncio.timeout(10):
        await charge.meters(100)
        await charge.delivers(charge.engine.ended(charge.session_id))


async def test_two_drivers_at_one_point_in_one_batch_get_it_once(writer: Writer):
    await writer.is_ready()
    await writer.does(c.DriverArrives, driver_id="D02", link=4, epoch=0)
    asked = [
        writer.posts(
            c.StartCharging, driver_id=driver, request_id=f"R-{driver}-0001", nonce=driver * 8, cp_id="CP001"
        )
        for driver in ("D01", "D02")
    ]
    first, second = [decision.reply for decision in await asyncio.gather(*asked)]
    assert (first.step, second.step, second.code) == ("ASKING", "REFUSED", Code.CP_BUSY)


async def test_one_request_repeated_in_one_batch_is_one_session(writer: Writer):
    await writer.is_ready()
    asked = [
        writer.posts(
            c.StartCharging, driver_id="D01", request_id="R-00000001", nonce=f"{number:016}", cp_id=None
        )
        for number in range(5)
    ]
    decided = await asyncio.gather(*asked)
    assert len({decision.reply.session_id for decision in decided}) == 1


async def test_a_refusal_changes_nothing_and_is_told_to_nobody(writer: Writer):
    told = len(writer.told)
    with pytest.raises(Refused, match="unknown point"):
        await writer.does(c.PlaceHold, cp_id="CP009", hold=Hold.OPERATOR)
    assert len(writer.told) == told
    assert writer.books.store.head.n == 0


async def test_a_refusal_that_nobody_waits_for_is_no_complaint(writer: Writer):
    writer.posts(c.PlaceHold, cp_id="CP009", hold=Hold.OPERATOR)
    await writer.settles()


async def test_whoever_is_cancelled_stops_waiting_and_its_command_is_carried_out(writer: Writer):
    await writer.is_ready()
    task = asyncio.get_running_loop().create_task(writer.does(c.PlaceHold, cp_id="CP001", hold=Hold.OPERATOR))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await writer.settles()
    assert writer.dispatcher.facts.point("CP001").holds == {Hold.OPERATOR}


# ---- ids that only the books know


async def test_a_request_that_only_the_books_remember_gets_the_answer_that_memory_would_give(writer: Writer):
    await writer.is_ready()
    start = {"driver_id": "D01", "request_id": "R-00000001", "nonce": "1" * 16, "cp_id": "CP001"}
    await writer.does(c.StartCharging, **start)
    session = next(writer.dispatcher.facts.sessions())
    refused = journal_records.SupplyRefused(seq=1, session_id=session.session_id, reason="busy")
    await writer.does(c.TakeRecords, cp_id="CP001", link=1, epoch=0, journal_id=JOURNAL, records=(refused,))
    answer = await writer.does(c.StartCharging, **start)
    assert answer.step == "REFUSED"
    with writer.forgotten():
        # Also in the middle of a batch, whose other commands are decided as ever.
        one, again, other = (
            writer.posts(c.TopUp, driver_id="D01", cents=1),
            writer.posts(c.StartCharging, **start | {"nonce": "2" * 16}),
            writer.posts(c.StartCharging, **start | {"nonce": "3" * 16, "request_id": "R-00000002"}),
        )
        assert (await one).reply is None
        assert (await again).reply == answer
        assert (await again).is_empty
        assert (await other).reply.step == "ASKING"


async def test_a_request_of_another_driver_that_only_the_books_remember_tells_nothing(writer: Writer):
    await writer.is_ready()
    await writer.does(c.DriverArrives, driver_id="D02", link=4, epoch=0)
    start = {"request_id": "R-00000001", "cp_id": "CP001"}
    await writer.does(c.StartCharging, driver_id="D01", nonce="1" * 16, **start)
    session = next(writer.dispatcher.facts.sessions())
    refused = journal_records.SupplyRefused(seq=1, session_id=session.session_id, reason="busy")
    await writer.does(c.TakeRecords, cp_id="CP001", link=1, epoch=0, journal_id=JOURNAL, records=(refused,))
    with writer.forgotten():
        answer = await writer.does(c.StartCharging, driver_id="D02", nonce="2" * 16, **start)
    assert (answer.step, answer.code, answer.session_id) == ("REFUSED", Code.ID, None)


async def test_a_request_with_its_ticket_in_the_books_is_answered_by_the_ticket_alone(writer: Writer):
    await writer.is_ready()
    start = {"driver_id": "D01", "request_id": "R-00000001", "nonce": "1" * 16, "cp_id": "CP001"}
    await writer.does(c.StartCharging, **start)
    session = next(writer.dispatcher.facts.sessions())
    engine = FakeEngine("CP001")
    records = (engine.started(session.session_id), engine.ended(session.session_id, 1_000))
    await writer.does(c.TakeRecords, cp_id="CP001", link=1, epoch=0, journal_id=JOURNAL, records=records)
    await writer.does(c.MarkTicketShown, driver_id="D01", session_id=session.session_id)
    with writer.forgotten():
        assert await writer.does(c.StartCharging, **start | {"nonce": "2" * 16}) is None
        assert writer.dispatcher.facts.unseen_by(session.session_id) is None
    assert len(await writer.books.database.read("SELECT 1 FROM session")) == 1


# ---- the end


async def quiet(books: Books, feed: Feed | None = None) -> Dispatcher:
    return Dispatcher(await books.store.load(NOON), books.store, feed or Feed(), RULES, lambda: NOON)


async def test_a_commit_under_way_is_finished_when_central_stops(tmp_path: Path):
    async with opened(tmp_path) as books:
        dispatcher = await quiet(books)
        for turns in range(30):
            task = asyncio.get_running_loop().create_task(dispatcher.run())
            dispatcher.post(c.Note(by=ADMIN, event=any_event(turns)))
            for _ in range(turns % 10):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await dispatcher.drain()
        rows = await books.database.read("SELECT n, data FROM events ORDER BY n")
        assert [f'"points":{number},' in row["data"] for number, row in enumerate(rows)] == [True] * 30
        assert books.store.head.n == 30


async def test_the_last_thing_is_to_store_what_waits(tmp_path: Path):
    async with opened(tmp_path) as books:
        dispatcher = await quiet(books)
        waiting = [dispatcher.post(c.Note(by=ADMIN, event=any_event(number))) for number in range(300)]
        await dispatcher.drain()
        assert all(one.done() for one in waiting)
        assert books.store.head.n == 300


async def test_a_withdrawal_that_is_lost_with_central_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with opened(tmp_path) as books:
        feed = Feed()
        dispatcher = await quiet(books, feed)
        writer = Writer(books, dispatcher, feed)
        dispatcher.post(c.DriverArrives(by=ADMIN, driver_id="D01", link=1, epoch=0))
        await dispatcher.drain()
        with writer.fails(FULL, times=99):
            dispatcher.post(c.BarDriver(by=ADMIN, driver_id="D01", barred=True))
            async with asyncio.timeout(5):
                await dispatcher.drain()
    assert "D01: its withdrawal is not stored; order it again" in caplog.text
    assert "facts are not stored" not in caplog.text


async def test_with_a_full_disk_central_stops_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with opened(tmp_path) as books:
        feed = Feed()
        dispatcher = await quiet(books, feed)
        writer = Writer(books, dispatcher, feed)
        dispatcher.post(c.Note(by=ADMIN, event=any_event()))
        with writer.fails(FULL, times=99):
            async with asyncio.timeout(5):
                await dispatcher.drain()
    assert "1 fact is not stored" in caplog.text


@pytest.mark.parametrize("kind", [StoreBroken, StoreDamaged])
async def test_books_that_cannot_be_trusted_any_more_end_central_with_a_sentence(
    tmp_path: Path, kind: type[StoreBroken]
):
    async with opened(tmp_path) as books:
        feed = Feed()
        dispatcher = await quiet(books, feed)
        writer = Writer(books, dispatcher, feed)
        done = dispatcher.post(c.Note(by=ADMIN, event=any_event()))
        with writer.fails(kind("disk I/O error")), pytest.raises(StateError) as problem:
            await dispatcher.run()
        assert "check the disk, then start Central again" in problem.value.text
        assert not done.done()
        assert writer.told == []


async def test_a_bug_in_the_rules_ends_central_loudly(tmp_path: Path):
    async with opened(tmp_path) as books:
        dispatcher = await quiet(books)
        dispatcher.post(c.Command(by=ADMIN))
        with pytest.raises(AssertionError):
            await dispatcher.run()


async def test_a_fact_that_a_source_repeats_without_end_becomes_a_few_rows_a_minute(writer: Writer):
    await writer.is_ready()
    for number in range(200):
        await writer.does(
            c.StartCharging, driver_id="D02", request_id=f"R-{number:08}", nonce="1" * 16, cp_id="CP001"
        )
    writer.dispatcher.flush()
    await writer.settles()
    with raw(writer.books.path) as connection:
        rows = connection.execute("SELECT data FROM events WHERE type = 'StartRefused' ORDER BY n").fetchall()
    refused = [msgspec.json.decode(row[0], type=events.StartRefused) for row in rows]
    assert len(refused) == 11
    assert refused == [event for event in writer.told if isinstance(event, events.StartRefused)]
    assert [event.times for event in refused] == [1] * 10 + [190]
    assert refused[-1].request_id == "R-00000199"


async def test_every_answer_is_given_even_when_its_fact_is_only_counted(writer: Writer):
    answers = [
        await writer.does(
            c.StartCharging, driver_id="D02", request_id=f"R-{number:08}", nonce="1" * 16, cp_id="CP001"
        )
        for number in range(50)
    ]
    assert {(answer.step, answer.code) for answer in answers} == {("REFUSED", "E_DRIVER_BLOCKED")}


# ---- the clock


async def test_a_clock_that_was_set_is_noted_before_anything_that_happens_after_it(writer: Writer):
    await writer.is_ready()
    writer.clock.now += timedelta(days=400)
    await writer.does(c.MonitorReports, cp_id="CP001", link=2, epoch=0, fault="hot")
    *_, noted, reported = writer.told
    assert (noted, type(reported)) == (events.ClockJumped(seconds=400 * 86_400), events.FaultReported)
    rows = await writer.books.database.read("SELECT day, SUM(ms) AS ms FROM status_daily GROUP BY day")
    # A few hundredths of a second in which it was Available, and no 400 days.
    assert sum(row["ms"] for row in rows) < 60_000
    assert {row["day"] for row in rows} == {"2026-01-01", "2027-02-05"}


async def test_a_clock_that_was_set_while_nothing_happened_is_noted_when_it_is_looked_at(writer: Writer):
    await writer.is_ready()
    writer.clock.now -= timedelta(hours=1)
    writer.dispatcher.look_at_the_clock()
    await writer.settles()
    assert events.ClockJumped(seconds=-3_600) in writer.told
    writer.dispatcher.look_at_the_clock()
    await writer.settles()
    assert sum(isinstance(event, events.ClockJumped) for event in writer.told) == 1


async def test_a_clock_that_was_set_while_the_disk_was_full_is_noted_afterwards(writer: Writer):
    await writer.is_ready()
    writer.clock.now += timedelta(days=1)
    with writer.fails(FULL):
        writer.dispatcher.look_at_the_clock()
        async with asyncio.timeout(10):
            while not any(isinstance(event, events.ClockJumped) for event in writer.told):
                await asyncio.sleep(0.01)


async def test_a_charge_is_measured_by_the_steady_clock(writer: Writer):
    await writer.is_ready()
    before_s = asyncio.get_running_loop().time()
    await writer.does(
        c.StartCharging, driver_id="D01", request_id="R-00000001", nonce="1" * 16, cp_id="CP001"
    )
    (session,) = writer.dispatcher.facts.sessions()
    assert before_s <= session.authorised_s <= asyncio.get_running_loop().time()


async def test_a_computer_that_slept_has_a_clock_that_nobody_set(writer: Writer):
    slept_s, going_s = 0.0, asyncio.get_running_loop().time
    writer.dispatcher.steady_s = Sleepless(going_s, lambda: going_s() + slept_s)
    await writer.is_ready()
    slept_s = 3_600.0
    writer.clock.now += timedelta(hours=1)
    await writer.does(c.PlaceHold, cp_id="CP001", hold=Hold.OPERATOR)
    assert not any(isinstance(event, events.ClockJumped) for event in writer.told)
    # It slept, and was set besides.
    slept_s += 3_600.0
    writer.clock.now += timedelta(hours=3)
    await writer.does(c.LiftHold, cp_id="CP001", hold=Hold.OPERATOR)
    (jump,) = [event for event in writer.told if isinstance(event, events.ClockJumped)]
    assert abs(jump.seconds - 7_200) <= 1


async def test_what_flows_while_the_computer_of_central_sleeps_is_billed(writer: Writer):
    slept_s, going_s = 0.0, asyncio.get_running_loop().time
    writer.dispatcher.steady_s = Sleepless(going_s, lambda: going_s() + slept_s)
    writer.rules_are(max_power_w=11_000, max_speed_permille=1_000)
    charge = Metering(writer)
    await charge.begins()
    # Its engine has gone on.
    slept_s = 3_600.0
    async with asyncio.timeout(10):
        await charge.delivers(charge.engine.ended(charge.session_id, 11 * KWH, elapsed_s=3_600))
    (ticket,) = await writer.books.store.latest_tickets("D01", 1)
    assert (ticket.energy_mwh, ticket.elapsed_s) == (11 * KWH, 3_600)
