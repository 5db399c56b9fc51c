"""Central's books in a real file, and everything that writes to them."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from evcharge.central.instants import text_of
from evcharge.central.rows import Entry
from evcharge.central.state import Facts
from evcharge.central.store import CentralStore
from evcharge.database import Database, open_database
from evcharge.events import CentralStarted, Event
from tests.unit.central.builders import ADMIN, NOON, Network

SCHEMA = "evcharge.central.schema"


@dataclass
class Books:
    """An open central.db."""

    path: Path
    database: Database
    store: CentralStore


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Books]:
    """Open central.db in `folder`."""
    path = folder / "central.db"
    async with open_database(path, SCHEMA) as database:
        yield Books(path, database, await CentralStore.open(database))


@contextlib.contextmanager
def raw(path: Path, *, tamper: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a database past evcharge; to tamper with it, without its triggers and checks."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    with contextlib.closing(connection):
        if tamper:
            connection.execute("PRAGMA ignore_check_constraints=ON")
            connection.execute("PRAGMA foreign_keys=OFF")
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("DROP INDEX IF EXISTS one_open_session_per_cp")
        yield connection


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
            "price_centi_cents_per_kwh, reason, started_at, ended_at, estimated) "
            "SELECT session_id, request_id, cp_id, driver_id, meter_mwh, 0, 0, end_reason, started_at, ended_at, 0 "
            "FROM session WHERE session_id LIKE 'S-lie-%'"
        )
        day = {"cp_id": "CP001", "day": text_of(at)[:10], "mwh": 2**63 - 1, "sessions": tickets}
        connection.execute(
            "INSERT INTO daily VALUES (:cp_id, :day, :sessions, :mwh, 0) "
            "ON CONFLICT (cp_id, day) DO UPDATE SET energy_mwh = :mwh, sessions = sessions + :sessions",
            day,
        )
        connection.execute("COMMIT")


def entries(network: Network) -> list[Entry]:
    """Return, once, everything that was decided in `network`."""
    decided, network.decisions = network.decisions, []
    return [Entry(decision, ADMIN, NOON) for decision in decided]


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
        replace(point, monitor_link=None, engine_link=None, monitor_heard=False) for point in facts.points()
    ]
    return {
        "points": sorted(points, key=lambda point: point.cp_id),
        "sessions": sorted(facts.sessions(), key=lambda session: session.session_id),
        "drivers": {key: replace(driver, link=None) for key, driver in facts._drivers.items()},
        "cursors": facts._cursors,
        "requests": facts._requests,
        "unseen": facts._unseen,
        "uses": facts.uses,
        "quarantine": facts._quarantine,
        "foreign": {cp_id: number for cp_id, number in facts._foreign.items() if number},
    }


def any_event(number: int = 0) -> Event:
    """Return an event that concerns nobody."""
    return CentralStarted(version="1", points=number, open_sessions=0)
