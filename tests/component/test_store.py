"""Central's books on a real SQLite file: all of a batch or nothing, and after a restart the same facts."""

import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from evcharge.central.books import store, verify
from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.status_history import Incident
from evcharge.central.books.store import _INBOX, INBOX_PAGE, KEEP_STATUSES_FOR
from evcharge.central.rules import commands as c
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Facts, OrderTaken, TicketSeen, TicketUnseen, Transfer, TransferKind
from evcharge.central.rules.recall import unknown
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.events import ClockJumped
from evcharge.domain.ids import Role
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.session import EndReason, SessionState, Ticket
from evcharge.domain.timestamps import text_of
from evcharge.storage import hash_chain
from evcharge.storage.store_errors import ConstraintViolated
from tests.component.books import (
    Books,
    any_event,
    busy_day,
    entries,
    fill_inbox,
    lasting,
    lie,
    opened,
    raw,
    written_by_an_older,
)
from tests.unit.central.builders import ADMIN, KWH, NOON, OTHER_JOURNAL, Network, owed_cents


async def reloaded(folder: Path, at=NOON) -> Facts:
    async with opened(folder) as books:
        return await books.store.load(at)


async def kept(books: Books, network: Network) -> None:
    await books.store.commit(entries(network))


# ---- commit and load


async def test_new_books_know_nothing(tmp_path: Path):
    async with opened(tmp_path) as books:
        assert books.store.head == hash_chain.Head()
        assert lasting(await books.store.load(NOON)) == lasting(Facts())


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
        assert point.status == "Disconnected"  # I23
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
        with pytest.raises(ConstraintViolated, match=r"session\.request_id"):
            await kept(books, again)


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


# ---- all or nothing


async def test_a_batch_that_fails_leaves_nothing_and_the_chain_where_it_was(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
        head, before = books.store.head, lasting(await books.store.load(NOON))
        dump = await everything(books)
        network.does(c.Note, event=any_event())
        network.does(c.TopUp, driver_id="D01", cents=100)
        session = next(network.facts.sessions())
        network.sends(network.engines["CP001"].ended(session.session_id))
        two = tuple(replace(session, session_id=f"S-{number}", request_id=f"R-{number}") for number in (1, 2))
        with pytest.raises(ConstraintViolated):
            await books.store.commit([*entries(network), DecidedEntry(Decision(changes=two), ADMIN, NOON)])
        assert books.store.head == head
        assert await everything(books) == dump
        assert lasting(await books.store.load(NOON)) == before
        # And the books are still good for the next batch.
        network.does(c.Note, event=any_event())
        await kept(books, network)
        assert books.store.head.n == head.n + 1


async def everything(books: Books) -> dict[str, list[tuple]]:
    tables = ("cp", "driver", "session", "ticket", "inbox", "ledger", "journal", "quarantine", "events")
    return {
        name: [tuple(row) for row in await books.database.read(f"SELECT * FROM {name}")] for name in tables
    }


def two_open(network: Network) -> Decision:
    session = next(network.facts.sessions())
    return Decision(changes=(replace(session, session_id="S-other", request_id="R-other"),))


def same_request(network: Network) -> Decision:
    session = next(network.facts.sessions())
    return Decision(changes=(replace(session, session_id="S-other", state=SessionState.REFUSED),))


def money(**what: object) -> Transfer:
    usual = {
        "kind": TransferKind.TOP_UP,
        "debit": "outside",
        "credit": "wallet",
        "cents": 1,
        "driver_id": "D01",
    }
    return Transfer(**usual | what)


def altered(network: Network, **what: object) -> Decision:
    """The open session, otherwise than the rules left it."""
    return Decision(changes=(replace(next(network.facts.sessions()), **what),))


def elsewhere(network: Network, **what: object) -> Decision:
    """A session like the open one, that is not at its point."""
    return altered(network, session_id="S-x", request_id="R-x", state=SessionState.REFUSED, **what)


def ticket(network: Network, **what: object) -> Ticket:
    """A ticket of the open session."""
    session = next(network.facts.sessions())
    return replace(network.tickets[0], session_id=session.session_id, **what)


def only(*changes: object) -> Decision:
    return Decision(changes=changes)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (two_open, r"UNIQUE constraint failed: session\.cp_id"),
        (same_request, r"UNIQUE constraint failed: session\.request_id"),
        (lambda network: only(network.tickets[0]), r"UNIQUE constraint failed: ticket"),
        (lambda network: only(replace(network.driver(), balance_cents=-1)), "balance_cents >= 0"),
        (lambda network: only(replace(network.driver(), held_cents=-1)), "held_cents >= 0"),
        (lambda network: altered(network, meter_mwh=-1, start_meter_mwh=0), "meter_mwh >= start_meter_mwh"),
        (lambda network: only(money(cents=0)), "cents > 0"),
        (lambda network: only(money(driver_id="D99")), "FOREIGN KEY"),
        (lambda network: elsewhere(network, driver_id="D99"), "FOREIGN KEY"),
        (lambda network: elsewhere(network, cp_id="CP404"), "FOREIGN KEY"),
        (lambda network: only(replace(network.point(), epoch=-1)), "epoch >= 0"),
        (lambda network: altered(network, excess_mwh=778), "excess_mwh BETWEEN 0"),
        (lambda network: altered(network, excess_mwh=-1), "excess_mwh BETWEEN 0"),
        (lambda network: elsewhere(network, limit_mwh=9 * 10**9 + 1), "a session is allowed less"),
        (lambda network: elsewhere(network, hold_cents=10**9 + 1), "a session is allowed less"),
        (lambda network: only(ticket(network, energy_mwh=9 * 10**9 + 1)), "a ticket bills less"),
        (lambda network: only(ticket(network, cost_cents=10**9 + 1)), "a ticket bills less"),
        (lambda network: only(ticket(network, ended_at=NOON - timedelta(days=1))), "ends no earlier"),
        (lambda network: altered(network, elapsed_s=-1), "elapsed_s >= 0"),
        (lambda network: only(money(cents=10**9 + 1)), "less money than that"),
        (lambda network: only(money(cents=10**9 + 1, kind=TransferKind.HOLD)), "less money than that"),
        (
            lambda network: only(replace(network.point(), epoch="abc")),
            "cannot store TEXT value in INTEGER column",
        ),
        (lambda network: only(replace(network.point(), last_used=float("nan"))), "NOT NULL"),
    ],
)
async def test_the_database_itself_refuses_what_the_rules_must_never_decide(tmp_path, wrong, complaint: str):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
        with pytest.raises(ConstraintViolated) as refused:
            await books.store.commit([DecidedEntry(wrong(network), ADMIN, NOON)])
        assert re.search(complaint, refused.value.args[0])


@pytest.mark.parametrize("table", ["ticket", "ledger", "events"])
@pytest.mark.parametrize("what", ["UPDATE {} SET rowid = rowid + 100", "DELETE FROM {}"])
async def test_tickets_the_ledger_and_the_audit_log_never_change(tmp_path: Path, table: str, what: str):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
        with pytest.raises(ConstraintViolated) as refused:
            async with books.database.transaction() as transaction:
                await transaction.execute(what.format(table))
        assert re.search("immutable|append-only", refused.value.args[0])


async def test_the_quarantine_grows_by_sessions_and_kinds_and_not_by_records(tmp_path: Path):
    network = busy_day()
    engine = network.engines["CP001"]
    async with opened(tmp_path) as books:
        for _ in range(3):
            network.sends(*(engine.meter("S-nonsense", 1) for _ in range(50)))
            network.sends(engine.ended("S-nonsense"))
            await kept(books, network)
        found = "SELECT kind, seq, times, ours FROM quarantine WHERE session_id = 'S-nonsense' ORDER BY kind"
        stored = [tuple(row) for row in await books.database.read(found)]
    last = engine.last_seq
    assert stored == [("METER", last - 1, 150, 0), ("SUPPLY_END", last - 2 * 51, 3, 0)]
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
    assert {name: row[name] for name in row.keys() if name not in ("n", "hash", "data")} == {
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


def rows(connection: sqlite3.Connection, sql: str, *params: object) -> list[tuple]:
    return [tuple(row) for row in connection.execute(sql, params)]


async def test_a_day_of_the_statistics_is_the_sum_of_its_tickets(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        for entry in entries(network):
            await books.store.commit([entry])
    with raw(tmp_path / "central.db") as connection:
        assert rows(connection, "SELECT * FROM daily ORDER BY cp_id") == [
            ("CP001", "2026-01-01", 1, 1_000_005, 25),
            ("CP003", "2026-01-01", 1, 20_000, 1),
        ]
        assert violations(connection) == []


async def test_a_statistic_that_is_not_its_tickets_is_found(tmp_path: Path):
    async with opened(tmp_path) as books:
        await kept(books, busy_day())
    for wrong in (
        "UPDATE daily SET energy_mwh = energy_mwh + 1 WHERE cp_id = 'CP001'",
        "DELETE FROM daily WHERE cp_id = 'CP003'",
    ):
        with raw(tmp_path / "central.db") as connection:
            connection.execute("BEGIN")
            connection.execute(wrong)
            (found,) = violations(connection)
            assert "every day of the statistics" in found
            assert "CP00" in found
            connection.execute("ROLLBACK")


async def test_a_day_ends_at_midnight_of_utc(tmp_path: Path):
    network = busy_day()
    ticket = replace(
        network.tickets[0],
        ended_at=(NOON + timedelta(hours=14)).astimezone(timezone(timedelta(hours=-11))),
    )
    async with opened(tmp_path) as books:
        for decision in network.decisions:
            changes = tuple(ticket if one is network.tickets[0] else one for one in decision.changes)
            await books.store.commit([DecidedEntry(replace(decision, changes=changes), ADMIN, NOON)])
    with raw(tmp_path / "central.db") as connection:
        found = rows(connection, "SELECT day FROM daily WHERE cp_id = 'CP001'")
    assert found == [("2026-01-02",)]


async def history(folder: Path, cp_id: str = "CP001") -> list[tuple]:
    with raw(folder / "central.db") as connection:
        return rows(connection, "SELECT at, status, reason FROM status_log WHERE cp_id = ? ORDER BY n", cp_id)


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


async def lived(folder: Path, *steps: tuple[float, Callable[[Network], object]]) -> Network:
    """Commit what each step does at its second after noon."""
    network = Network()
    async with opened(folder) as books:
        await books.store.load(NOON)
        for second, step in steps:
            step(network)
            decided, network.decisions = network.decisions, []
            when = NOON + timedelta(seconds=second)
            await books.store.commit([DecidedEntry(decision, ADMIN, when) for decision in decided])
    return network


async def test_every_change_of_what_is_shown_is_a_row_with_its_reason(tmp_path: Path):
    await lived(
        tmp_path,
        (0, lambda network: network.point_is_there()),
        (10, lambda network: network.reports("overheating")),
        (25, lambda network: network.reports(None)),
        (30, lambda network: network.holds()),
        (90, lambda network: network.driver_is_there()),
    )
    assert await history(tmp_path) == [
        (at(0), "Available", ""),
        (at(10), "Faulted", "overheating"),
        (at(25), "Available", ""),
        (at(30), "Unavailable", "operator"),
    ]
    with raw(tmp_path / "central.db") as connection:
        found = rows(connection, "SELECT status, ms, times FROM status_daily ORDER BY status")
    assert found == [("Available", 15_000, 2), ("Faulted", 15_000, 1), ("Unavailable", 0, 1)]


async def test_what_a_killed_central_showed_ended_with_its_last_sign_of_life(tmp_path: Path):
    await lived(tmp_path, (0, lambda network: network.point_is_there()))
    async with opened(tmp_path) as books:
        await books.store.live(NOON + timedelta(seconds=300))
    async with opened(tmp_path) as books:
        back = NOON + timedelta(days=1)
        await books.store.load(back)
        assert len(await history(tmp_path)) == 1
        await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, back)])
        assert books.store.statuses["CP001"].since == NOON + timedelta(seconds=300)
        assert (await history(tmp_path))[1:] == [(at(300), "NoData", "")]
        # Its monitor had time enough to come back.
        later = back + timedelta(minutes=1)
        await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, later)])
    assert (await history(tmp_path))[2:] == [(at(86_430), "Disconnected", "its monitor is not heard")]


async def test_what_central_finds_as_it_was_is_as_old_as_it_was(tmp_path: Path):
    steps = ((0, lambda network: network.point_is_there()), (60, lambda network: network.reports("hot")))
    await lived(tmp_path, *steps)
    async with opened(tmp_path) as books:
        back = NOON + timedelta(minutes=13)
        network = Network(facts=await books.store.load(back))
        network.point_is_there()
        network.reports("hot")
        await books.store.commit([DecidedEntry(decision, ADMIN, back) for decision in network.decisions])
        assert books.store.statuses.since("CP001", CpStatus.FAULTED) == NOON + timedelta(seconds=60)
    found = await history(tmp_path)
    assert found[-2:] == [(at(60), "NoData", ""), (at(780), "Faulted", "hot")]
    with raw(tmp_path / "central.db") as connection:
        counted = "SELECT SUM(times) FROM status_daily WHERE status = 'Faulted'"
        assert rows(connection, counted) == [(1,)]


async def test_what_peers_do_when_central_sends_them_away_is_not_kept_as_theirs(tmp_path: Path):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
        books.store.end()
        network.engine_leaves()
        network.monitor_leaves()
        await books.store.commit(entries(network))
    assert await history(tmp_path) == [(at(0), "Available", "")]


def jump(seconds: int) -> DecidedEntry:
    """Central's clock is set by so much, ten minutes after noon."""
    decision = Decision(events=(ClockJumped(seconds=seconds),))
    return DecidedEntry(decision, ADMIN, NOON + timedelta(minutes=10, seconds=seconds))


@pytest.mark.parametrize("seconds", [400 * 86_400, -3_600], ids=["400 days forwards", "an hour back"])
async def test_a_jump_of_the_clock_ends_what_was_shown_and_fills_nothing(tmp_path: Path, seconds: int):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await kept(books, network)
        await books.store.commit([jump(seconds)])
        assert books.store.statuses["CP001"].since == jump(seconds).at
    with raw(tmp_path / "central.db") as connection:
        log = rows(connection, "SELECT at, status, until FROM status_log ORDER BY n")
        daily = rows(connection, "SELECT day, status, ms, times FROM status_daily")
    assert log == [(at(0), "Available", at(600)), (text_of(jump(seconds).at), "Available", None)]
    assert daily == [("2026-01-01", "Available", 600_000, 1)]


async def test_what_changes_right_after_a_jump_counts_from_there(tmp_path: Path):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await kept(books, network)
        network.reports("hot")
        forwards = jump(400 * 86_400)
        changed = [replace(entry, at=forwards.at) for entry in entries(network)]
        await books.store.commit([forwards, *changed])
        daily = await books.database.read("SELECT day, status, ms FROM status_daily ORDER BY day, status")
    assert [tuple(row) for row in daily] == [
        ("2026-01-01", "Available", 600_000),
        ("2027-02-05", "Faulted", 0),
    ]


async def test_a_clock_that_was_set_makes_nothing_old(tmp_path: Path):
    await lived(
        tmp_path,
        (0, lambda network: network.point_is_there()),
        (10, lambda network: network.reports("overheating")),
    )
    async with opened(tmp_path) as books:
        await books.store.live(NOON + timedelta(days=400), NOON + timedelta(minutes=1))
    assert len(await history(tmp_path)) == 2


async def test_statuses_of_long_ago_are_forgotten_but_never_what_is_shown_now(tmp_path: Path):
    await lived(
        tmp_path,
        (0, lambda network: network.point_is_there()),
        (10, lambda network: network.reports("overheating")),
        (25, lambda network: network.reports(None)),
    )
    async with opened(tmp_path) as books:
        await books.store.live(NOON + KEEP_STATUSES_FOR + timedelta(seconds=5))
        assert [row[0] for row in await history(tmp_path)] == [at(10), at(25)]
        await books.store.live(NOON + KEEP_STATUSES_FOR + timedelta(days=1))
    assert await history(tmp_path) == [(at(25), "Available", "")]


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


async def test_a_point_whose_keys_are_revoked_shows_the_same_after_a_restart(tmp_path: Path):
    def revoke(network: Network) -> None:
        network.point_is_there()
        network.does(c.RevokeKeys, subject="CP001")

    await lived(tmp_path, (0, revoke))
    async with opened(tmp_path) as books:
        await books.store.load(NOON + timedelta(hours=1))
        await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, NOON)])
    assert await history(tmp_path) == [
        (at(0), "Unavailable", "key revoked"),
        (at(0), "NoData", ""),
        (at(3600), "Unavailable", "key revoked"),
    ]


async def test_a_commit_that_fails_tells_nothing_and_the_next_one_all(tmp_path: Path):
    network = Network()
    network.point_is_there()
    before = entries(network)
    wrong = Decision(changes=(ChargingPoint(cp_id="CP001", epoch=-1),))
    async with opened(tmp_path) as books:
        with pytest.raises(ConstraintViolated):
            await books.store.commit([*before, DecidedEntry(wrong, ADMIN, NOON)])
        assert books.store.statuses.get("CP001") is None
        await books.store.commit(before)
    assert await history(tmp_path) == [(at(0), "Available", "")]


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


@pytest.mark.parametrize("schema", [1, 2, 3, 4, 5])
async def test_old_books_come_through(tmp_path: Path, schema: int):
    network = busy_day()
    path = tmp_path / "central.db"
    written_by_an_older(path, schema, entries(network))
    async with opened(tmp_path) as books:
        facts = await books.store.load(NOON)
    # What lay in the quarantine then has no session: it stays there, and takes no room. Registers were not kept.
    expected: dict[str, Any] = lasting(network.facts) | {"quarantine": {}, "foreign": {}}
    expected["points"] = [replace(point, register_mwh=None) for point in expected["points"]]
    assert lasting(facts) == expected
    with raw(path) as connection:
        assert violations(connection) == []
        assert rows(connection, "SELECT seq, session_id, kind, ours, times FROM quarantine") == [
            (4, None, None, 1, 1),
            (5, None, None, 1, 1),
        ]
        assert rows(connection, "SELECT sessions, energy_mwh, revenue_cents FROM daily ORDER BY cp_id") == [
            (1, 1_000_005, 25),
            (1, 20_000, 1),
        ]


async def test_an_operators_move_of_old_books_is_still_one(tmp_path: Path):
    network = Network()
    for cp_id in ("CP001", "CP002"):
        network.point_is_there(cp_id, location="Alicante")
    network.does(c.MovePoint, cp_id="CP002", location="Elche")
    written_by_an_older(tmp_path / "central.db", 5, entries(network))
    async with opened(tmp_path) as books:
        facts = await books.store.load(NOON)
    points = [facts.point("CP001"), facts.point("CP002")]
    assert [(point.location.name, point.located_by_operator) for point in points] == [
        ("Alicante", False),
        ("Elche", True),
    ]
    assert {point.said_location.name for point in points} == {""}
    assert verify.check(tmp_path / "central.db") == []


async def test_what_wallets_lacked_before_debts_were_kept_is_a_debt_afterwards(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    network.does(c.TopUp, driver_id="D01", cents=1_000)
    session, engine = network.charging(more_mwh=KWH), network.engines["CP001"]
    network.engine_leaves()
    network.does(c.CloseLost, session_id=session.session_id)
    network.engine()
    network.facts.put(replace(network.driver(), balance_cents=100))
    network.sends(engine.ended(session.session_id, 9 * KWH))
    path = tmp_path / "central.db"
    async with opened(tmp_path) as books:
        await kept(books, network)
    # As it lay there before: without the table that says so.
    with raw(path) as old:
        old.execute("DROP TABLE debt")
        old.execute("DROP VIEW ticket_now")
        for column in ("short_cents", "rebuilt", "until_mwh", "until_cents", "by_operator"):
            old.execute(f"ALTER TABLE session DROP COLUMN {column}")
        for column in ("country", "latitude", "longitude"):
            old.execute(f"ALTER TABLE weather DROP COLUMN {column}")
        money = (Path(store.__file__).parent / "schema" / "017_money.sql").read_text("utf-8")
        old.execute(money[money.index("CREATE VIEW ticket_now") :].partition(";")[0])
        old.execute("PRAGMA user_version = 18")
    facts = await reloaded(tmp_path)
    assert dict(facts.debtors()) == {"D01": 125}
    assert owed_cents(facts, "D01") == 125


async def test_a_place_that_names_its_country_has_one_spelling_in_old_books(tmp_path: Path):
    network = Network()
    network.point_is_there("CP001", location="Elche,es")
    network.does(c.WeatherAlert, location="Elche,es", alert=WeatherKind.COLD)
    written_by_an_older(tmp_path / "central.db", 5, entries(network))
    with raw(tmp_path / "central.db") as old:
        old.execute("UPDATE weather SET place = 'elche ,es'")
    async with opened(tmp_path) as books:
        facts = await books.store.load(NOON)
    assert [weather.place for weather in facts.weathers()] == ["elche, es"]
    assert facts.weather(Location("Elche, ES")).alerts == {WeatherKind.COLD}
    with raw(tmp_path / "central.db") as connection:
        assert rows(connection, "SELECT place, country FROM weather") == [("elche, es", "")]
    assert verify.check(tmp_path / "central.db") == []


async def test_each_commit_is_told_with_its_size_and_time(tmp_path: Path):
    told = []
    async with opened(tmp_path) as books:
        books.store.on_commit = lambda number, seconds: told.append((number, seconds))
        await kept(books, busy_day())
    ((number, seconds),) = told
    assert number > 20
    assert 0 < seconds < 5


async def test_a_fault_of_old_books_is_counted_already_and_as_old_as_its_last_row(tmp_path: Path):
    network = Network()
    network.point_is_there()
    written_by_an_older(tmp_path / "central.db", 5, entries(network))
    with raw(tmp_path / "central.db") as old:
        put = "INSERT INTO status_log (cp_id, at, status, reason) VALUES ('CP001', ?, ?, '')"
        old.executemany(put, [(at(0), "Available"), (at(60), "Faulted")])
    async with opened(tmp_path) as books:
        await books.store.load(NOON)
        shown = books.store.statuses["CP001"]
    assert (shown.held, shown.held_since) == (CpStatus.FAULTED, NOON + timedelta(seconds=60))
    assert shown.incident == Incident(NOON + timedelta(seconds=60), counted=True)
