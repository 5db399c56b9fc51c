"""Books of older releases come through."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evcharge.central.books import store, verify
from evcharge.central.books.invariants import violations
from evcharge.central.books.status_history import Incident
from evcharge.central.rules import commands as c
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.session import Ticket
from tests.component.books import (
    at,
    busy_day,
    entries,
    kept,
    lasting,
    opened,
    raw,
    reloaded,
    rows,
    written_by_an_older,
)
from tests.unit.central.builders import KWH, NOON, Network, owed_cents


@pytest.mark.parametrize("schema", [1, 2, 3, 4, 5])
async def test_old_books_come_through(tmp_path: Path, schema: int):
    network = busy_day()
    path = tmp_path / "central.db"
    written_by_an_older(path, schema, entries(network))
    async with opened(tmp_path) as books:
        facts = await books.store.load(NOON)
    # What lay in the quarantine then has no session: it stays there, and takes no room. Registers were not kept, nor
    # whose vehicle is plugged in, the VAT of tickets, and who issued them.
    expected: dict[str, Any] = lasting(network.facts) | {"quarantine": {}, "foreign": {}, "issuers": []}
    expected["points"] = [replace(point, register_mwh=None, occupied_by=None) for point in expected["points"]]
    expected["requests"] = {
        name: replace(one, vat_permille=None, issuer=None) if isinstance(one, Ticket) else one
        for name, one in expected["requests"].items()
    }
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
        assert rows(connection, "SELECT count FROM partitions") == [(1,)]


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
        for table in ("debt", "reading", "receipt", "currency", "issuer", "partitions"):
            old.execute(f"DROP TABLE {table}")
        old.execute("DROP INDEX events_of_place")
        old.execute("DROP TRIGGER ticket_has_a_receipt")
        for index in ("ledger_by_driver", "events_by_chain"):
            old.execute(f"DROP INDEX {index}")
        old.execute("ALTER TABLE events DROP COLUMN chain")
        old.execute("ALTER TABLE driver DROP COLUMN version")
        old.execute("DROP VIEW ticket_now")
        for column in ("short_cents", "rebuilt", "until_mwh", "until_cents", "by_operator"):
            old.execute(f"ALTER TABLE session DROP COLUMN {column}")
        for column in ("country", "latitude", "longitude"):
            old.execute(f"ALTER TABLE weather DROP COLUMN {column}")
        for column in ("vat_permille", "issuer"):
            old.execute(f"ALTER TABLE ticket DROP COLUMN {column}")
        money = (Path(store.__file__).parent / "schema" / "017_money.sql").read_text("utf-8")
        old.execute(money[money.index("CREATE VIEW ticket_now") :].partition(";")[0])
        old.execute("PRAGMA user_version = 18")
    facts = await reloaded(tmp_path)
    assert dict(facts.debtors()) == {"D01": 125}
    assert owed_cents(facts, "D01") == 125


async def test_tickets_of_old_books_have_no_vat_and_no_issuer_for_nobody_kept_them(tmp_path: Path):
    path = tmp_path / "central.db"
    written_by_an_older(path, 5, entries(busy_day()))
    async with opened(tmp_path) as books:
        await books.store.load(NOON)
    with raw(path) as connection:
        assert rows(connection, "SELECT DISTINCT vat_permille, issuer FROM ticket_now") == [(None, None)]
    # Nor does the log say them.
    assert verify.check(path) == []


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


async def test_tickets_of_before_get_their_numbers_in_the_order_in_which_they_were_made(tmp_path: Path):
    network = busy_day()
    written_by_an_older(tmp_path / "central.db", 5, entries(network))
    await reloaded(tmp_path)
    with raw(tmp_path / "central.db") as books:
        told = "SELECT number, received_at FROM receipt JOIN ticket USING (session_id) ORDER BY number"
        numbers, instants = zip(*rows(books, told), strict=True)
        assert numbers == tuple(range(1, len(network.tickets) + 1))
        assert list(instants) == sorted(instants)
        # They are for ever.
        for order in ("UPDATE receipt SET number = 99", "DELETE FROM receipt"):
            with pytest.raises(sqlite3.IntegrityError, match="receipts keep their numbers"):
                books.execute(order)
