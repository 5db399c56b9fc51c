"""Central's books on disk: facts and events go in together, in one transaction per batch.

Called by one task, the dispatcher; reads see committed rows only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from evcharge import audit
from evcharge.central.commands import Actor
from evcharge.central.ruling import Decision
from evcharge.central.state import (
    Change,
    Driver,
    Facts,
    JournalCursor,
    Quarantined,
    TicketSeen,
    Transfer,
)
from evcharge.charging_point import ChargingPoint, Hold
from evcharge.database import Database, Row
from evcharge.events import Event
from evcharge.ids import CpId, DriverId, RequestId, SessionId
from evcharge.session import EndReason, Session, SessionState, Ticket

# How far back a repeated request is still answered from memory after a restart.
_REMEMBER_REQUESTS_FOR = timedelta(hours=24)

_EVENT_COLUMNS = (
    "n", "at", "actor", "role", "address", "type", "cp_id", "driver_id", "session_id", "correlation_id", "data", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """Where one kind of change is kept: its columns, and those that make it the same row again."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()

    @property
    def put(self) -> str:
        """Return the statement that inserts a row, or replaces the one with the same key."""
        names, values = ", ".join(self.columns), ", ".join(f":{name}" for name in self.columns)
        insert = f"INSERT INTO {self.name} ({names}) VALUES ({values})"  # noqa: S608
        if not self.key:
            return insert
        rest = ", ".join(f"{name} = excluded.{name}" for name in self.columns if name not in self.key)
        return f"{insert} ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {rest}"


# In the order that foreign keys want. A column is the attribute of the same name.
_TABLES: dict[type[Change], _Table] = {
    ChargingPoint: _Table(
        "cp",
        (
            "cp_id", "location", "price_centi_cents_per_kwh", "fault", "operator_hold", "weather_hold", "revoked",
            "epoch", "journal_id", "last_used",
        ),
        ("cp_id",),
    ),
    Driver: _Table(
        "driver", ("driver_id", "balance_cents", "held_cents", "blocked", "epoch"), ("driver_id",)
    ),
    Session: _Table(
        "session",
        (
            "session_id", "request_id", "cp_id", "driver_id", "state", "price_centi_cents_per_kwh", "hold_cents",
            "limit_mwh", "plug_within_s", "start_meter_mwh", "meter_mwh", "authorised_at", "started_at", "ended_at",
            "stop_reason", "end_reason",
        ),
        ("session_id",),
    ),
    JournalCursor: _Table("journal", ("cp_id", "journal_id", "last_seq"), ("cp_id", "journal_id")),
    Ticket: _Table(
        "ticket",
        (
            "session_id", "request_id", "cp_id", "driver_id", "energy_mwh", "cost_cents",
            "price_centi_cents_per_kwh", "reason", "started_at", "ended_at", "estimated",
        ),
    ),
    Transfer: _Table(
        "ledger", ("at", "kind", "debit", "credit", "cents", "driver_id", "session_id", "reference")
    ),
    Quarantined: _Table("quarantine", ("at", "cp_id", "journal_id", "seq", "why", "record")),
}  # fmt: skip
_PUT = {kind: table.put for kind, table in _TABLES.items()}
_PUT_EVENT = _Table("events", _EVENT_COLUMNS).put
_PUT_INBOX = "INSERT INTO inbox (session_id, driver_id) VALUES (:session_id, :driver_id)"
_TAKE_FROM_INBOX = "DELETE FROM inbox WHERE session_id = :session_id AND driver_id = :driver_id"


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision of a batch, with who asked for it and when."""

    decision: Decision
    by: Actor
    at: datetime


class CentralStore:
    """The only reader and writer of central.db."""

    def __init__(self, database: Database, head: audit.Head) -> None:
        self._database = database
        self.head = head

    @classmethod
    async def open(cls, database: Database) -> "CentralStore":
        """Return the store, with the end of its event chain."""
        rows = await database.read("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1")
        return cls(database, audit.Head(rows[0]["n"], rows[0]["hash"]) if rows else audit.Head())

    async def load(self, now: datetime) -> Facts:
        """Return every fact that Central decides on. No monitor has spoken yet, no link is up."""
        facts = Facts()
        read = self._database.read
        sessions = [
            _session(row)
            for row in await read(
                "SELECT * FROM session WHERE state IN ('AUTHORISED', 'CHARGING') OR authorised_at > :since "
                "ORDER BY authorised_at",
                {"since": _text(now - _REMEMBER_REQUESTS_FOR)},
            )
        ]
        for session in sessions:
            facts.put(session)
        unseen = {row["session_id"] for row in await read("SELECT session_id FROM inbox")}
        for ticket in await self._tickets(
            "WHERE ended_at > :since OR session_id IN (SELECT session_id FROM inbox)",
            _text(now - _REMEMBER_REQUESTS_FOR),
        ):
            facts.put(ticket)
            if ticket.session_id not in unseen:
                facts.put(TicketSeen(ticket.session_id, ticket.driver_id))
        at_point = {session.cp_id: session for session in sessions if session.is_open}
        of_driver: dict[DriverId, set[SessionId]] = {}
        for session in at_point.values():
            of_driver.setdefault(session.driver_id, set()).add(session.session_id)
        for row in await read("SELECT * FROM cp ORDER BY cp_id"):
            facts.put(_point(row, at_point.get(row["cp_id"])))
        for row in await read("SELECT * FROM driver ORDER BY driver_id"):
            facts.put(_driver(row, frozenset(of_driver.get(row["driver_id"], ()))))
        for row in await read("SELECT * FROM journal"):
            facts.put(JournalCursor(row["cp_id"], row["journal_id"], row["last_seq"]))
        return facts

    async def commit(self, batch: Sequence[Entry]) -> None:
        """Store every fact and event of `batch`, or nothing at all (raises sqlite3.Error)."""
        events, head = self._sealed(batch)
        async with self._database.transaction() as transaction:
            for sql, rows in _statements(batch):
                await transaction.execute_many(sql, rows)
            if events:
                await transaction.execute_many(_PUT_EVENT, events)
        self.head = head

    async def unseen_tickets(self, driver_id: DriverId) -> list[Ticket]:
        """Return the tickets in a driver's inbox, oldest first."""
        return await self._tickets(
            "WHERE session_id IN (SELECT session_id FROM inbox WHERE driver_id = :key) ORDER BY ended_at",
            driver_id,
        )

    async def latest_tickets(self, driver_id: DriverId, limit: int) -> list[Ticket]:
        """Return a driver's tickets, newest first."""
        return await self._tickets(
            f"WHERE driver_id = :key ORDER BY ended_at DESC, session_id LIMIT {int(limit)}", driver_id
        )

    async def takings_since(self, instant: datetime) -> tuple[int, int]:
        """Return the energy (mWh) and the money (cents) of all tickets that ended after `instant`."""
        sums = "SELECT COALESCE(SUM(energy_mwh), 0), COALESCE(SUM(cost_cents), 0) FROM ticket WHERE ended_at >= :at"
        mwh, cents = (await self._database.read(sums, {"at": _text(instant.astimezone(UTC))}))[0]
        return int(mwh), int(cents)

    async def _tickets(self, where: str, key: str) -> list[Ticket]:
        rows = await self._database.read(f"SELECT * FROM ticket {where}", {"key": key, "since": key})  # noqa: S608
        return [_ticket(row) for row in rows]

    def _sealed(self, batch: Sequence[Entry]) -> tuple[list[dict[str, Any]], audit.Head]:
        head = self.head
        rows = []
        for entry in batch:
            for event in entry.decision.events:
                row = _event_row(head.n + 1, entry, event)
                head = audit.Head(head.n + 1, audit.chained(head.hash, row))
                rows.append({**row, "hash": head.hash})
        return rows, head


def _statements(batch: Iterable[Entry]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each statement with its rows; of a fact that changed more than once, only its last state."""
    changes: dict[type[Change], dict[object, tuple[Change, datetime]]] = {kind: {} for kind in _TABLES}
    inbox: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    for number, (change, at) in enumerate(_changes(batch)):
        if isinstance(change, TicketSeen):
            seen.append({"session_id": change.session_id, "driver_id": change.driver_id})
            continue
        if isinstance(change, Ticket):
            inbox.append({"session_id": change.session_id, "driver_id": change.driver_id})
        key = tuple(getattr(change, name) for name in _TABLES[type(change)].key) or number
        changes[type(change)][key] = (change, at)
    for kind, latest in changes.items():
        if latest:
            yield _PUT[kind], [_row(change, at) for change, at in latest.values()]
    if inbox:
        yield _PUT_INBOX, inbox
    if seen:
        yield _TAKE_FROM_INBOX, seen


def _changes(batch: Iterable[Entry]) -> Iterator[tuple[Change, datetime]]:
    for entry in batch:
        for change in entry.decision.changes:
            yield change, entry.at


def _row(change: Change, at: datetime) -> dict[str, Any]:
    special: dict[str, Any] = {"at": at}
    if isinstance(change, ChargingPoint):
        special["operator_hold"] = Hold.OPERATOR in change.holds
        special["weather_hold"] = Hold.WEATHER in change.holds
    return {
        name: _stored(special[name] if name in special else getattr(change, name))
        for name in _TABLES[type(change)].columns
    }


def _stored(value: Any) -> Any:
    return _text(value) if isinstance(value, datetime) else value


def _event_row(number: int, entry: Entry, event: Event) -> dict[str, Any]:
    return {
        "n": number,
        "at": _text(entry.at),
        "actor": entry.by.id,
        "role": entry.by.role.value,
        "address": entry.by.address,
        "type": type(event).__name__,
        "cp_id": getattr(event, "cp_id", None),
        "driver_id": getattr(event, "driver_id", None),
        "session_id": getattr(event, "session_id", None),
        "correlation_id": getattr(event, "request_id", None),
        "data": msgspec.json.encode(event).decode(),
    }


def _point(row: Row, session: Session | None) -> ChargingPoint:
    holds = [
        hold
        for hold, column in ((Hold.OPERATOR, "operator_hold"), (Hold.WEATHER, "weather_hold"))
        if row[column]
    ]
    return ChargingPoint(
        cp_id=CpId(row["cp_id"]),
        location=row["location"],
        price_centi_cents_per_kwh=row["price_centi_cents_per_kwh"],
        fault=row["fault"],
        holds=frozenset(holds),
        revoked=bool(row["revoked"]),
        epoch=row["epoch"],
        session_id=session.session_id if session else None,
        charging=session is not None and session.state is SessionState.CHARGING,
        journal_id=row["journal_id"],
        last_used=row["last_used"],
    )


def _driver(row: Row, sessions: frozenset[SessionId]) -> Driver:
    return Driver(
        driver_id=DriverId(row["driver_id"]),
        balance_cents=row["balance_cents"],
        held_cents=row["held_cents"],
        blocked=bool(row["blocked"]),
        epoch=row["epoch"],
        sessions=sessions,
    )


def _session(row: Row) -> Session:
    return Session(
        session_id=SessionId(row["session_id"]),
        request_id=RequestId(row["request_id"]),
        cp_id=CpId(row["cp_id"]),
        driver_id=DriverId(row["driver_id"]),
        state=SessionState(row["state"]),
        price_centi_cents_per_kwh=row["price_centi_cents_per_kwh"],
        hold_cents=row["hold_cents"],
        limit_mwh=row["limit_mwh"],
        plug_within_s=row["plug_within_s"],
        start_meter_mwh=row["start_meter_mwh"],
        meter_mwh=row["meter_mwh"],
        authorised_at=datetime.fromisoformat(row["authorised_at"]),
        started_at=_instant_or_none(row["started_at"]),
        ended_at=_instant_or_none(row["ended_at"]),
        stop_reason=EndReason(row["stop_reason"]) if row["stop_reason"] else None,
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
    )


def _ticket(row: Row) -> Ticket:
    return Ticket(
        session_id=SessionId(row["session_id"]),
        request_id=RequestId(row["request_id"]),
        cp_id=CpId(row["cp_id"]),
        driver_id=DriverId(row["driver_id"]),
        energy_mwh=row["energy_mwh"],
        cost_cents=row["cost_cents"],
        price_centi_cents_per_kwh=row["price_centi_cents_per_kwh"],
        reason=EndReason(row["reason"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        ended_at=datetime.fromisoformat(row["ended_at"]),
        estimated=bool(row["estimated"]),
    )


def _text(instant: datetime) -> str:
    # Always with microseconds and +00:00, so that text order is time order.
    return instant.isoformat(timespec="microseconds")


def _instant_or_none(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
