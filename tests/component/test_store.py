"""Central's books: what is committed is there after a restart, and every event is in the chain."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.central.books import store
from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import _INBOX, INBOX_PAGE
from evcharge.central.rules import commands as c
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Facts, OrderTaken, TicketSeen, TicketUnseen
from evcharge.central.rules.recall import unknown
from evcharge.domain.charging_point import ChargingPoint, Hold
from evcharge.domain.ids import Role
from evcharge.domain.location import WeatherKind
from evcharge.domain.session import EndReason
from evcharge.storage import hash_chain
from evcharge.storage.statements import Sql
from evcharge.storage.store_errors import ConstraintViolated
from tests.component import engines
from tests.component.books import (
    any_event,
    busy_day,
    entries,
    fill_inbox,
    kept,
    lasting,
    lie,
    opened,
    raw,
    reloaded,
)
from tests.unit.central.builders import ADMIN, NOON, OTHER_JOURNAL, Network

ENGINES = engines.BOTH

# ---- commit and load


async def test_new_books_know_nothing(tmp_path: Path):
    async with opened(tmp_path) as books:
        assert books.store.head == hash_chain.Head()
        assert lasting(await books.store.load(NOON)) == lasting(Facts())


async def test_new_books_have_one_partition_and_take_no_more(tmp_path: Path):
    async with opened(tmp_path) as books:
        with pytest.raises(ConstraintViolated):
            await books.database.commit([(Sql("UPDATE partitions SET count = 2"), [{}])])
        found = await books.database.read("SELECT count FROM partitions")
        assert [tuple(row) for row in found] == [(1,)]


@pytest.mark.parametrize("at_once", [True, False], ids=["one-batch", "one-by-one"])
async def test_after_a_restart_the_facts_are_the_same_but_for_the_links(tmp_path: Path, at_once: bool):
    network = busy_day()
    async with opened(tmp_path) as books:
        if at_once:
            await kept(books, network)
        else:
            for entry in entries(network):
                await books.store.commit([entry])
    facts = await reloaded(tmp_path)
    assert lasting(facts) == lasting(network.facts)
    for point in facts.points():
        assert (point.monitor_link, point.engine_link, point.monitor_heard) == (None, None, False)
        assert point.status == "Disconnected"  # until its monitor speaks
    with raw(tmp_path / "central.db") as connection:
        assert violations(connection) == []
        assert hash_chain.first_broken(connection.execute("SELECT * FROM events ORDER BY n")) is None


async def test_rules_decide_alike_before_and_after_a_restart(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
    facts = await reloaded(tmp_path)
    running = next(session for session in facts.sessions())
    for command in (
        c.StartCharging(by=ADMIN, driver_id="D01", request_id=running.request_id, nonce="x", cp_id="CP001"),
        c.StartCharging(by=ADMIN, driver_id="D01", request_id="R-00000001", nonce="x", cp_id="CP001"),
        c.StartCharging(by=ADMIN, driver_id="D02", request_id="R-00000002", nonce="x", cp_id="CP002"),
        c.StopCharging(by=ADMIN, driver_id="D01"),
    ):
        assert (
            decide(facts, command, network.rules).reply == decide(network.facts, command, network.rules).reply
        )


async def test_a_hold_a_fault_and_a_revocation_survive_a_restart(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.holds(Hold.OPERATOR)
    network.holds(Hold.WEATHER)
    network.engine(journal_id=OTHER_JOURNAL)
    network.reports("overheating")
    network.does(c.RevokeKeys, subject="CP001")
    async with opened(tmp_path) as books:
        await kept(books, network)
    point = (await reloaded(tmp_path)).point("CP001")
    assert point is not None
    assert (point.holds, point.fault, point.revoked, point.epoch) == (
        frozenset(Hold), "overheating", True, 1,
    )  # fmt: skip


async def test_a_pin_survives_a_restart_and_a_question_does_not(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    network.does(c.SetPin, driver_id="D01", pin_hash="kept", limit_cents=500)
    network.asks(by_hand=c.ByHand(has_pin=True))
    network.asks(by_hand=c.ByHand(reach=c.Reach.DRIVER))
    assert network.facts.asking("D01") is not None
    async with opened(tmp_path) as books:
        await kept(books, network)
    facts = await reloaded(tmp_path)
    driver = facts.driver("D01")
    assert driver is not None
    assert (driver.pin_hash, driver.pin_limit_cents, driver.pin_misses) == ("kept", 500, 1)
    assert facts.asking("D01") is None
    assert facts.point("CP001").question is None


async def test_requests_of_a_day_ago_are_remembered_and_older_ones_only_by_the_books(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
    facts = await reloaded(tmp_path, NOON + timedelta(hours=23))
    assert facts.outcome("R-00000002") is not None
    facts = await reloaded(tmp_path, NOON + timedelta(days=3))
    assert facts.outcome("R-00000002") is None
    # That of a session that is still open is never too old.
    assert facts.outcome("R-00000003") == network.facts.outcome("R-00000003")
    again = Network(facts=facts)
    again.point_is_there("CP003", epoch=2)
    again.asks("D02", "CP003", request_id="R-00000002")
    async with opened(tmp_path) as books:
        await books.store.load(NOON)
        with pytest.raises(ConstraintViolated, match=r"session[._]request_id"):
            await kept(books, again)


@pytest.mark.only_sqlite
async def test_of_a_busy_day_the_open_sessions_and_the_newest_others_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
    (running,) = network.facts.sessions()
    fill_inbox(tmp_path / "central.db", "D01", tickets=40, at=NOON + timedelta(hours=1))
    monkeypatch.setattr(store, "MOST_LOADED", 10)
    facts = await reloaded(tmp_path, NOON)
    assert facts.session(running.session_id) == running
    known = [number for number in range(40) if facts.outcome(f"R-{number:06}") is not None]
    assert known == list(range(30, 40))
    assert [number for number in range(40) if facts.unseen_by(f"S-inbox-{number:05}") == "D01"] == known


async def test_an_unseen_ticket_that_memory_let_go_is_found_in_the_books(tmp_path: Path):
    network = busy_day()
    one, other = network.tickets
    async with opened(tmp_path) as books:
        await kept(books, network)
        facts = await books.store.load(NOON + timedelta(days=3))
        assert facts.unseen_by(one.session_id) is None
        shown = [
            c.MarkTicketShown(by=ADMIN, driver_id="D01", session_id=one.session_id) for one in network.tickets
        ]
        assert await books.store.recall(unknown(facts, shown)) == [
            TicketUnseen(one.session_id, "D01"),
            TicketUnseen(other.session_id, "D03"),
        ]


async def test_a_ticket_lies_in_its_inbox_until_its_own_driver_has_seen_it(tmp_path: Path):
    network = busy_day()
    one, other = network.tickets
    async with opened(tmp_path) as books:
        await kept(books, network)
        assert await books.store.unseen_tickets("D01") == ([one], None)
        wrong = Decision(changes=(TicketSeen(one.session_id, "D03"),))
        await books.store.commit([DecidedEntry(wrong, ADMIN, NOON)])
        assert await books.store.unseen_tickets("D01") == ([one], None)
        network.does(c.MarkTicketShown, driver_id="D01", session_id=one.session_id)
        await kept(books, network)
        assert await books.store.unseen_tickets("D01") == ([], None)
        assert await books.store.unseen_tickets("D03") == ([other], None)
    facts = await reloaded(tmp_path)
    assert (facts.unseen_by(one.session_id), facts.unseen_by(other.session_id)) == (None, "D03")


async def test_unseen_tickets_come_oldest_first_and_the_history_newest_first(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    for number in range(4):
        session = network.charging(more_mwh=number)
        network.later(1)
        network.sends(network.engines["CP001"].ended(session.session_id))
    async with opened(tmp_path) as books:
        await kept(books, network)
        assert await books.store.unseen_tickets("D01") == (network.tickets, None)
        assert await books.store.latest_tickets("D01", 3) == network.tickets[:0:-1]
        assert await books.store.latest_tickets("D02", 3) == []


@pytest.mark.only_sqlite
async def test_a_long_inbox_is_read_in_pages_and_each_page_is_found_in_an_index(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
    fill_inbox(tmp_path / "central.db", "D01", tickets=2 * INBOX_PAGE)
    async with opened(tmp_path) as books:
        pages, place = [], 0
        while place is not None:
            # What is seen meanwhile moves nothing that is still to come.
            page, place = await books.store.unseen_tickets("D01", after=place)
            seen = Decision(changes=(TicketSeen(page[0].session_id, "D01"),))
            await books.store.commit([DecidedEntry(seen, ADMIN, NOON)])
            pages.append([ticket.session_id for ticket in page])
        assert [len(page) for page in pages] == [INBOX_PAGE, INBOX_PAGE, 1]
        told = [session_id for page in pages for session_id in page]
        assert told == [network.tickets[0].session_id, *(f"S-inbox-{n:05}" for n in range(2 * INBOX_PAGE))]
        plan = await books.database.read(
            f"EXPLAIN QUERY PLAN {_INBOX}", {"driver_id": "D01", "registration": 0, "after": 7, "limit": 50}
        )
    assert "inbox_by_driver (driver_id=? AND rowid>?)" in plan[0]["detail"]
    assert not [row for row in plan if "TEMP B-TREE" in row["detail"]]


async def test_the_totals_of_a_day_are_those_of_the_tickets_that_ended_on_it(tmp_path: Path):
    network = busy_day()
    tickets = network.tickets
    today = NOON.date()
    async with opened(tmp_path) as books:
        assert await books.store.day_totals(today) == (0, 0, 0)
        await kept(books, network)
        energy, cost = sum(one.energy_mwh for one in tickets), sum(one.cost_cents for one in tickets)
        assert await books.store.day_totals(today) == (energy, cost, len(tickets))
        for other in (-1, 1):
            assert await books.store.day_totals(today + timedelta(days=other)) == (0, 0, 0)


@pytest.mark.only_sqlite
async def test_totals_beyond_64_bits_are_summed_and_a_full_day_takes_more_tickets(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
    lie(tmp_path / "central.db", NOON)
    async with opened(tmp_path) as books:
        assert await books.store.day_totals(NOON.date()) == (10_000 * 10**15 + 1_020_005, 26, 10_002)
        await books.store.load(NOON)
        running = next(network.facts.sessions())
        network.sends(network.engines["CP001"].ended(running.session_id))
        await kept(books, network)
        assert await books.store.day_totals(NOON.date()) == (10_000 * 10**15 + 1_020_005 + 777, 26, 10_003)
        (day,) = await books.database.read("SELECT * FROM daily WHERE cp_id = 'CP001'")
        assert (day["energy_mwh"], day["sessions"], day["revenue_cents"]) == (2**63 - 1, 10_002, 25)


@pytest.mark.only_sqlite
async def test_the_tickets_that_no_session_can_have_made_are_counted(tmp_path: Path):
    async with opened(tmp_path) as books:
        await kept(books, busy_day())
        assert await books.store.beyond_bounds() == 0
    lie(tmp_path / "central.db", NOON, tickets=3)
    async with opened(tmp_path) as books:
        assert await books.store.beyond_bounds() == 3


async def test_a_ticket_made_and_seen_in_one_batch_is_in_no_inbox(tmp_path: Path):
    network = busy_day()
    network.does(c.MarkTicketShown, driver_id="D01", session_id=network.tickets[0].session_id)
    async with opened(tmp_path) as books:
        await kept(books, network)
        assert await books.store.unseen_tickets("D01") == ([], None)
        assert len(await books.store.latest_tickets("D01", 9)) == 1


async def test_a_fact_that_changed_often_in_one_batch_is_stored_once_as_it_is_last(tmp_path: Path):
    network = Network()
    network.point_is_there()
    for _ in range(3):
        network.holds()
        network.lifts()
    async with opened(tmp_path) as books:
        await kept(books, network)
        rows = await books.database.read("SELECT operator_hold FROM cp")
        assert [row[0] for row in rows] == [0]
        (count,) = (await books.database.read("SELECT COUNT(*) FROM events WHERE type LIKE 'Hold%'"))[0]
        assert count == 6


async def test_one_batch_may_end_a_session_and_begin_the_next_at_the_same_point(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    for _ in range(3):
        session = network.charging(more_mwh=5)
        network.sends(network.engines["CP001"].ended(session.session_id))
    network.authorised()
    async with opened(tmp_path) as books:
        await kept(books, network)
    assert lasting(await reloaded(tmp_path)) == lasting(network.facts)


# ---- the audit log


async def test_each_event_says_who_did_what_to_whom_and_from_where(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    session = network.authorised(request_id="R-00000042")
    by = c.Actor("D01", Role.DRIVER, "10.0.0.7:50512")
    async with opened(tmp_path) as books:
        await kept(books, network)
        decision = decide(network.facts, c.StopCharging(by=by, driver_id="D01"), network.rules)
        await books.store.commit([DecidedEntry(decision, by, NOON)])
        (row,) = await books.database.read("SELECT * FROM events ORDER BY n DESC LIMIT 1")
    assert {name: row[name] for name in row.keys() if name not in ("n", "hash", "chain", "data")} == {
        "at": "2026-01-01T12:00:00.000000+00:00",
        "actor": "D01",
        "role": "driver",
        "address": "10.0.0.7:50512",
        "type": "StopOrdered",
        "cp_id": "CP001",
        "driver_id": "D01",
        "session_id": session.session_id,
        "correlation_id": "R-00000042",
    }
    assert '"reason":"driver"' in row["data"]


async def test_the_chain_goes_on_over_a_restart(tmp_path: Path):
    async with opened(tmp_path) as books:
        await books.store.commit([DecidedEntry(Decision(events=(any_event(), any_event(1))), ADMIN, NOON)])
        head = books.store.head
    async with opened(tmp_path) as books:
        assert books.store.head == head
        await books.store.commit([DecidedEntry(Decision(events=(any_event(2),)), ADMIN, NOON)])
        rows = await books.database.read("SELECT * FROM events ORDER BY n")
        assert hash_chain.first_broken(rows) is None
        assert [row["n"] for row in rows] == [1, 2, 3]


async def test_a_batch_without_events_moves_no_chain(tmp_path: Path):
    async with opened(tmp_path) as books:
        point = ChargingPoint(cp_id="CP001")
        await books.store.commit([DecidedEntry(Decision(changes=(point,)), ADMIN, NOON)])
        assert books.store.head == hash_chain.Head()
        assert (await books.store.load(NOON)).point("CP001") == point


async def test_a_session_keeps_all_its_instants_and_reasons(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    session = network.charging(more_mwh=5)
    network.holds()
    network.does(c.Note, event=any_event())
    network.engine(journal_id=OTHER_JOURNAL)
    ended = replace(
        network.tickets[0],
        reason=EndReason.LOST,
    )
    async with opened(tmp_path) as books:
        await kept(books, network)
        (row,) = await books.database.read("SELECT * FROM session")
        assert (row["state"], row["stop_reason"], row["end_reason"]) == (
            "TICKETED",
            "operator",
            "charging point lost",
        )
        assert row["started_at"] == row["ended_at"] == row["authorised_at"]
        assert await books.store.latest_tickets("D01", 1) == [ended]
    facts = await reloaded(tmp_path)
    assert facts.outcome(session.request_id) == ended


# ---- statistics, history, weather


async def test_orders_are_remembered_as_long_as_the_books_would_refuse_them_and_no_longer(tmp_path: Path):
    early, late = "1" * 32, "2" * 32
    async with opened(tmp_path) as books:
        for command_id, at in ((early, NOON), (late, NOON + timedelta(minutes=50))):
            await books.store.commit([DecidedEntry(Decision(changes=(OrderTaken(command_id),)), ADMIN, at)])
    async with opened(tmp_path) as books:
        # Central was away for two hours.
        back = await books.store.load(NOON + timedelta(hours=2))
        assert back.order_taken(early)
        assert back.order_taken(late)
        await books.store.live(NOON + timedelta(minutes=61))
        kept = await books.database.read("SELECT command_id FROM order_taken")
        assert [row["command_id"] for row in kept] == [late]


async def test_who_had_a_welcome_credit_is_known_after_a_restart(tmp_path: Path):
    network = Network()
    for number in range(3):
        network.driver_is_there(f"D0{number}")
        network.later(1200)
    network.does(c.TopUp, driver_id="D01", cents=5, reference="welcome.back")
    async with opened(tmp_path) as books:
        await kept(books, network)
    facts = await reloaded(tmp_path)
    assert facts.welcomed == network.facts.welcomed
    assert facts.welcomed.drivers == 3
    # An hour after noon the first of them is forgotten, not uncounted.
    facts = await reloaded(tmp_path, network.rules.now)
    assert (facts.welcomed.drivers, len(facts.welcomed.recent)) == (3, 2)


async def test_weather_bars_and_moves_survive_a_restart(tmp_path: Path):
    network = busy_day()
    network.does(c.WeatherReport, location="alicante", temperature_celsius=-3.5, measured_at=NOON, source="x")
    for kind in WeatherKind:
        network.does(c.WeatherAlert, location="Alicante", alert=kind)
    network.does(c.WeatherOverride, location="Alicante", override=True)
    network.does(c.WeatherReport, location="Atlantis", temperature_celsius=9.0, measured_at=NOON, source="x")
    network.does(c.WeatherAlert, location="Atlantis", alert=WeatherKind.STORM)
    network.does(c.MovePoint, cp_id="CP003", location="Elche")
    network.engine("CP003", epoch=2, said_location="Altea")
    network.engine("CP001", epoch=2, said_location="Madrid")
    network.does(c.BarDriver, driver_id="D02", barred=True)
    async with opened(tmp_path) as books:
        await kept(books, network)
    facts = await reloaded(tmp_path)
    assert sorted(facts.weathers(), key=lambda one: one.place) == sorted(
        network.facts.weathers(), key=lambda one: one.place
    )
    assert lasting(facts) == lasting(network.facts)
    assert facts.driver("D02").barred


async def test_each_commit_is_told_with_its_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told = []
    looks_s = iter([100.0, 100.25])
    async with opened(tmp_path) as books:
        monkeypatch.setattr(store, "time", SimpleNamespace(perf_counter=lambda: next(looks_s)))
        books.store.on_commit = lambda number, seconds: told.append((number, seconds))
        await kept(books, busy_day())
    ((number, seconds),) = told
    assert number > 20
    assert seconds == 0.25
