"""Central's books in a real file, and everything that writes to them."""

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from evcharge.central.books.rows import PUT_EVENT, DecidedEntry, event_row, statements
from evcharge.central.books.store import CentralStore
from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import Facts
from evcharge.domain.events import CentralStarted, Event
from evcharge.domain.timestamps import text_of
from evcharge.storage import books as port
from evcharge.storage import database, hash_chain
from evcharge.storage.sqlite_statements import sql_of
from evcharge.storage.statements import Put, Set, Sql
from tests.component import engines
from tests.unit.central.builders import ADMIN, NOON, Network

SCHEMA = "evcharge.central.books.schema"


@dataclass
class Books:
    """Open books; `path` is their file, of SQLite."""

    path: Path
    database: port.Books
    store: CentralStore


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Books]:
    """Open the books of `folder`, in the engine of this test."""
    path = folder / "central.db"
    async with engines.opened(folder) as opened_books:
        yield Books(path, opened_books, await CentralStore.open(opened_books))


@contextlib.contextmanager
def raw(path: Path, *, tamper: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a database past evcharge; to tamper with it, without its triggers and checks while the block lasts.

    What PostgreSQL keeps is only looked at, in a copy.
    """
    if engines.server and path.name == "central.db" and not tamper:
        with engines.looked_at(path.parent) as copied:
            yield copied
        return
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    with contextlib.closing(connection):
        if tamper:
            connection.execute("PRAGMA ignore_check_constraints=ON")
            connection.execute("PRAGMA foreign_keys=OFF")
        guards = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' OR name = 'one_open_session_per_cp'"
        ).fetchall()
        for kind, name, _ in guards if tamper else ():
            connection.execute(f"DROP {kind} {name}")
        yield connection
        for _, _, sql in guards if tamper else ():
            # Not where the tampering was just that: two open sessions of one charging point.
            with contextlib.suppress(sqlite3.IntegrityError):
                connection.execute(sql)


def rechained(connection: sqlite3.Connection, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Make the chain of the audit log anew over rows that `change` has changed, as a forger who knows how would."""
    previous = hash_chain.GENESIS
    for row in connection.execute("SELECT * FROM events ORDER BY n").fetchall():
        columns = change(dict(row))
        previous = columns["hash"] = hash_chain.chained(previous, columns)
        names = ", ".join(f"{name} = :{name}" for name in columns)
        connection.execute(f"UPDATE events SET {names} WHERE n = :n", columns)


def lie(path: Path, at: datetime, tickets: int = 10_000) -> None:
    """Plant what a lying point left with an older Central: free tickets whose energy exceeds 64 bits as a sum."""
    columns = (
        "session_id, request_id, cp_id, driver_id, state, price_centi_cents_per_kwh, hold_cents, limit_mwh, "
        "plug_within_s, start_meter_mwh, meter_mwh, excess_mwh, authorised_at, started_at, ended_at, end_reason"
    )
    with raw(path, tamper=True) as connection:
        connection.execute("BEGIN")
        connection.execute(
            f"WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < :tickets) "
            f"INSERT INTO session ({columns}) SELECT 'S-lie-' || n, 'R-lie-' || n, 'CP001', 'D01', 'TICKETED', 0, 0, "
            "100000000, 60, 0, 1000000000000000, 0, :at, :at, :at, 'unplugged' FROM many",
            {"tickets": tickets, "at": text_of(at)},
        )
        connection.execute(
            "INSERT INTO ticket (session_id, request_id, cp_id, driver_id, energy_mwh, cost_cents, "
            "price_centi_cents_per_kwh, reason, started_at, ended_at, received_at, estimated) "
            "SELECT session_id, request_id, cp_id, driver_id, meter_mwh, 0, 0, end_reason, started_at, ended_at, "
            "ended_at, 0 "
            "FROM session WHERE session_id LIKE 'S-lie-%'"
        )
        day = {"cp_id": "CP001", "day": text_of(at)[:10], "mwh": 2**63 - 1, "sessions": tickets}
        connection.execute(
            "INSERT INTO daily VALUES (:cp_id, :day, :sessions, :mwh, 0) "
            "ON CONFLICT (cp_id, day) DO UPDATE SET energy_mwh = :mwh, sessions = sessions + :sessions",
            day,
        )
        connection.execute("COMMIT")


def entries(network: Network) -> list[DecidedEntry]:
    """Return, once, everything that was decided in `network`."""
    decided, network.decisions, network.instants = (
        zip(network.decisions, network.instants, strict=True),
        [],
        [],
    )
    return [DecidedEntry(decision, ADMIN, at) for decision, at in decided]


# What events say more than those that were written with schema 5 or older.
_SAID_SINCE = {
    "PointAdded": ("epoch", "registration"), "EngineConnected": ("epoch", "location", "said", "holds"),
    "PointMoved": ("by", "said"), "EngineLost": ("last_seq",),
    "MonitorConnected": ("epoch", "location", "said", "holds"),
    "HoldPlaced": ("holds",), "HoldLifted": ("holds",), "DriverAdded": ("epoch", "registration"),
    "DriverConnected": ("epoch",),
    "WalletToppedUp": ("reference", "registration"), "TicketMade": ("registration", "vat_permille", "issuer"),
    "CentralStarted": (
        "issuer", "operator", "tax_id", "address", "country_code", "party_id", "vat_permille",
    ),
    "AccountAdded": ("seal",), "AccountChanged": ("seal",),
    "AccountRemoved": ("seal",), "TokenMade": ("seal",), "TokenRemoved": ("seal",), "LoggedIn": ("login",),
    "LoggedOut": ("login",),
}  # fmt: skip


_OLD_QUARANTINE = (
    "INSERT INTO quarantine (at, cp_id, journal_id, seq, why, record) "
    "VALUES (:at, :cp_id, :journal_id, :seq, :why, :record)"
)


def written_by_an_older(path: Path, schema: int, decided: list[DecidedEntry]) -> None:
    """Write central.db at `path` as an evcharge did whose newest schema was `schema` (1 to 5)."""
    steps = dict(database.schema_steps(SCHEMA))
    head = hash_chain.Head()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old:
        for number in range(1, schema + 1):
            for statement in steps[number]:
                old.execute(statement)
        old.execute(f"PRAGMA user_version={schema}")
        tables = {
            name: {row[1] for row in old.execute(f"PRAGMA table_info({name})")}
            for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        }
        for entry in decided:
            for write, of_kind in statements([entry]):
                if isinstance(write, Sql):
                    continue  # of what it did not have
                columns = tables.get(write.table)
                for row in of_kind if columns is not None else ():
                    known = {
                        name: value for name, value in zip(write.takes, row, strict=True) if name in columns
                    }
                    if write.table == "quarantine":
                        old.execute(_OLD_QUARANTINE, known)
                    elif write.table == "driver" and isinstance(write, Set):
                        continue  # it counted no changes
                    elif isinstance(write, Set):
                        told = tuple(name for name in known if name not in write.key)
                        old.execute(sql_of(replace(write, columns=told)), tuple(known.values()))
                    elif isinstance(write, Put):
                        put = replace(write, columns=tuple(known), version="")
                        old.execute(sql_of(put), tuple(known.values()))
                    else:
                        old.execute(sql_of(write), row)
            for event in entry.decision.events:
                row = event_row(head.n + 1, entry, event)
                said = json.loads(row["data"])
                for name in _SAID_SINCE.get(row["type"], ()):
                    del said[name]
                row["data"] = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
                head = hash_chain.Head(row["n"], hash_chain.chained(head.hash, row))
                put = replace(PUT_EVENT, columns=(*row, "hash"))
                old.execute(sql_of(put), (*row.values(), head.hash))


@contextlib.contextmanager
def release_of(schema: int) -> Iterator[None]:
    """Let evcharge be, while the block lasts, one that knows no newer schema of Central's."""
    steps = database.schema_steps

    def known(package: str) -> list[tuple[int, list[str]]]:
        return [step for step in steps(package) if package != SCHEMA or step[0] <= schema]

    with mock.patch.object(database, "schema_steps", known):
        yield


class FromNextYear(Event):
    """What another release stores, and this one cannot read."""

    what: str


def busy_day() -> Network:
    """A network that has seen every kind of change, with one charge under way."""
    network = Network()
    for cp_id in ("CP001", "CP002", "CP003"):
        network.point_is_there(cp_id, location="Alicante", epoch=2)
    for driver_id in ("D01", "D02", "D03"):
        network.driver_is_there(driver_id, epoch=3)
    network.does(c.StartCentral, event=CentralStarted(version="1", points=0, open_sessions=0))
    first = network.charging("D01", "CP001", more_mwh=1_000_000)
    network.later(60)
    network.sends(network.engines["CP001"].ended(first.session_id, 5), cp_id="CP001")
    network.sends(network.engines["CP001"].ended(first.session_id, 9), cp_id="CP001")
    taken = network.authorised("D02", "CP002")
    network.sends(network.engines["CP002"].refused(taken.session_id), cp_id="CP002")
    network.holds(cp_id="CP002")
    network.reports("overheating", "CP002")
    running = network.charging("D01", "CP001", more_mwh=777)
    network.later(60)
    second = network.charging("D03", "CP003", more_mwh=20_000)
    network.sends(network.engines["CP003"].ended(second.session_id), cp_id="CP003")
    assert running.is_open
    return network


def lasting(facts: Facts) -> dict[str, object]:
    """Return what must survive a restart: everything but the links and what was heard over them."""
    points = [
        replace(
            point, monitor_link=None, engine_link=None, monitor_heard=False, journal_end=0, epoch_told=False
        )
        for point in facts.points()
    ]
    return {
        "points": sorted(points, key=lambda point: point.cp_id),
        "sessions": sorted(facts.sessions(), key=lambda session: session.session_id),
        "drivers": {
            key: replace(driver, link=None, epoch_told=False, lapses=0, lapsed_s=None)
            for key, driver in facts._drivers.items()
        },
        "cursors": facts._cursors,
        "journals": facts._journals,
        "requests": facts._requests,
        "unseen": facts._unseen,
        "uses": facts.uses,
        "issuers": [(one, one.number, one.since) for one in facts.issuers],
        "quarantine": facts._quarantine,
        "foreign": {cp_id: number for cp_id, number in facts._foreign.items() if number},
    }


def any_event(number: int = 0) -> Event:
    """Return an event that concerns nobody."""
    return CentralStarted(version="1", points=number, open_sessions=0)


def fill_inbox(
    path: Path, driver_id: str, tickets: int, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
) -> None:
    """Let that many tickets wait for a driver, from `at` on one each microsecond: S-inbox-00000, …"""
    with raw(path) as connection:
        connection.execute("BEGIN")
        for number in range(tickets):
            row = {
                "id": f"S-inbox-{number:05}",
                "request_id": f"R-{number:06}",
                "driver_id": driver_id,
                "at": text_of(at + timedelta(microseconds=number)),
            }
            connection.execute(
                "INSERT INTO session (session_id, request_id, cp_id, driver_id, state, price_centi_cents_per_kwh, "
                "hold_cents, limit_mwh, plug_within_s, start_meter_mwh, meter_mwh, authorised_at) "
                "SELECT :id, :request_id, cp_id, :driver_id, 'TICKETED', 0, 0, 0, 60, 0, 0, :at FROM cp LIMIT 1",
                row,
            )
            connection.execute(
                "INSERT INTO ticket (session_id, request_id, cp_id, driver_id, energy_mwh, cost_cents, "
                "price_centi_cents_per_kwh, reason, started_at, ended_at, received_at, estimated) "
                "SELECT :id, :request_id, cp_id, :driver_id, 0, 0, 0, 'unplugged', :at, :at, :at, 0 FROM cp LIMIT 1",
                row,
            )
            connection.execute("INSERT INTO inbox (session_id, driver_id) VALUES (:id, :driver_id)", row)
        connection.execute("COMMIT")


async def reloaded(folder: Path, at=NOON) -> Facts:
    async with opened(folder) as books:
        return await books.store.load(at)


async def kept(books: Books, network: Network) -> None:
    await books.store.commit(entries(network))


def rows(connection: sqlite3.Connection, sql: str, *params: object) -> list[tuple]:
    return [tuple(row) for row in connection.execute(sql, params)]


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
