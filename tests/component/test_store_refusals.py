"""All or nothing: what the database itself refuses, and what never changes."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from evcharge.central.books.rows import DecidedEntry
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Transfer, TransferKind
from evcharge.domain.events import CentralStarted
from evcharge.domain.session import SessionState, Ticket
from evcharge.storage.statements import Sql
from evcharge.storage.store_errors import ConstraintViolated
from tests.component import engines
from tests.component.books import (
    Books,
    any_event,
    busy_day,
    entries,
    kept,
    lasting,
    opened,
    reloaded,
)
from tests.unit.central.builders import ADMIN, NOON, Network

ENGINES = engines.BOTH


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
        two = tuple(
            structs.replace(session, session_id=f"S-{number}", request_id=f"R-{number}") for number in (1, 2)
        )
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
    return Decision(changes=(structs.replace(session, session_id="S-other", request_id="R-other"),))


def same_request(network: Network) -> Decision:
    session = next(network.facts.sessions())
    return Decision(changes=(structs.replace(session, session_id="S-other", state=SessionState.REFUSED),))


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
    return Decision(changes=(structs.replace(next(network.facts.sessions()), **what),))


def elsewhere(network: Network, **what: object) -> Decision:
    """A session like the open one, that is not at its point."""
    return altered(network, session_id="S-x", request_id="R-x", state=SessionState.REFUSED, **what)


def ticket(network: Network, **what: object) -> Ticket:
    """A ticket of the open session."""
    session = next(network.facts.sessions())
    return replace(network.tickets[0], session_id=session.session_id, **what)


def only(*changes: object) -> Decision:
    return Decision(changes=changes)


@pytest.mark.only_sqlite
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
        # What no database takes at all is wrong with that command, too, and not with the disk.
        (lambda network: only(replace(network.point(), register_mwh=2**63)), "too large"),
        (lambda network: only(replace(network.point(), fault="\udcff")), "surrogates not allowed"),
        (lambda network: only(replace(network.point(), fault=["a list"])), "binding parameter"),
        (
            lambda _: Decision(events=(CentralStarted(version="\udcff", points=0, open_sessions=0),)),
            "surrogates",
        ),
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
@pytest.mark.parametrize("what", ["UPDATE {} SET driver_id = 'D09'", "DELETE FROM {}"])
async def test_tickets_the_ledger_and_the_audit_log_never_change(tmp_path: Path, table: str, what: str):
    network = busy_day()
    async with opened(tmp_path) as books:
        await kept(books, network)
        with pytest.raises(ConstraintViolated) as refused:
            await books.database.commit([(Sql(what.format(table)), [{}])])
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
