"""How facts and events become rows of central.db, and rows facts again. No I/O of its own."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any

import msgspec

from evcharge.central.books.status_history import NO_DATA, Incident, News, Shown, Statuses
from evcharge.central.rules.accounts import Account, ApiToken
from evcharge.central.rules.commands import Actor
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import (
    Change,
    Correction,
    Debt,
    Driver,
    FormerWallet,
    JournalCursor,
    JournalForgotten,
    Metered,
    MeterReading,
    OrderOffset,
    OrderTaken,
    Quarantined,
    TicketSeen,
    TicketUnseen,
    Transfer,
    Weather,
    Welcomed,
)
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.days import UTC_DAYS, Days
from evcharge.domain.events import ClockJumped, Event
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, Role, SessionId
from evcharge.domain.issuer import Issuer
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.partitions import partition_of
from evcharge.domain.session import EndReason, Session, SessionState, Ticket
from evcharge.domain.timestamps import text_of
from evcharge.storage.books import Row
from evcharge.storage.statements import Add, Put, Set, SetNewest, Sql, Statement, Take, Values, Writes

_EVENT_COLUMNS = (
    "n", "at", "actor", "role", "address", "type", "cp_id", "driver_id", "session_id", "correlation_id", "data", "hash",
    "chain",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """Where one kind of change is kept: its columns, and those that make it the same row again."""

    put: Put
    # Which columns identify a row; none where the table has no key.
    key: Callable[[Any], object]
    # The attributes of those columns, and what stands in a column that is no attribute, by its place.
    _attributes: Callable[[Any], tuple[Any, ...]]
    _others: tuple[tuple[int, Callable[[Any, datetime], Any]], ...]

    def row(self, change: Change, at: datetime) -> Values:
        """Return what is kept of `change`, which was decided at `at`."""
        # Made for every fact of every commit: the exact type of each value tells whether it goes in as it is.
        values = [value if type(value) in _PLAIN else _stored(value) for value in self._attributes(change)]
        for place, of in self._others:
            values[place] = of(change, at)
        return tuple(values)


def _table(name: str, columns: tuple[str, ...], key: tuple[str, ...] = (), version: str = "") -> _Table:
    """Describe a table. A column is the attribute of the same name, but for `_NO_ATTRIBUTES` and the `version`."""
    attribute = next(column for column in columns if column not in _NO_ATTRIBUTES)
    return _Table(
        Put(name, (*columns, version) if version else columns, key, version=version),
        attrgetter(*key) if key else _nothing,
        # attrgetter makes a tuple of two names or more.
        attrgetter(*(attribute if column in _NO_ATTRIBUTES else column for column in columns)),
        tuple(
            (place, _NO_ATTRIBUTES[column])
            for place, column in enumerate(columns)
            if column in _NO_ATTRIBUTES
        ),
    )


def _nothing(_change: Change) -> None:
    return None


_PLAIN = frozenset({str, int, float, type(None)})
_NO_ATTRIBUTES: dict[str, Callable[[Any, datetime], Any]] = {
    "at": lambda _, at: text_of(at),
    "alerts": lambda weather, _: ",".join(sorted(weather.alerts)),
    "operator_hold": lambda point, _: int(Hold.OPERATOR in point.holds),
    "weather_hold": lambda point, _: int(Hold.WEATHER in point.holds),
    "journal_hold": lambda point, _: int(Hold.JOURNAL in point.holds),
}
# In the order that foreign keys want.
_TABLES: dict[type[Change], _Table] = {
    ChargingPoint: _table(
        "cp",
        (
            "cp_id", "location", "registered_location", "said_location", "located_by_operator",
            "price_centi_cents_per_kwh", "fault", "operator_hold", "weather_hold", "journal_hold", "revoked",
            "withdrawn", "registration", "epoch", "journal_id", "last_used", "occupied_by", "register_mwh",
        ),
        ("cp_id",),
    ),
    Driver: _table(
        "driver",
        (
            "driver_id", "registration", "balance_cents", "held_cents", "blocked", "withdrawn", "barred", "epoch",
            "pin_hash", "pin_limit_cents", "pin_misses",
        ),
        ("driver_id",),
        version="version",
    ),
    FormerWallet: _table(
        "former_wallet", ("driver_id", "registration", "balance_cents"), ("driver_id", "registration")
    ),
    Session: _table(
        "session",
        (
            "session_id", "request_id", "cp_id", "driver_id", "registration", "state", "price_centi_cents_per_kwh",
            "hold_cents", "limit_mwh", "plug_within_s", "start_meter_mwh", "meter_mwh", "excess_mwh", "authorised_at",
            "started_at", "ended_at", "elapsed_s", "received_at", "stop_reason", "end_reason", "awaits_end", "rebuilt",
            "short_cents", "until_mwh", "until_cents", "by_operator",
        ),
        ("session_id",),
    ),
    JournalCursor: _table("journal", ("cp_id", "journal_id", "last_seq"), ("cp_id", "journal_id")),
    Issuer: _table(
        "issuer",
        ("number", "since", "operator", "tax_id", "address", "country_code", "party_id", "vat_permille"),
    ),
    Ticket: _table(
        "ticket",
        (
            "session_id", "request_id", "cp_id", "driver_id", "registration", "energy_mwh", "cost_cents",
            "price_centi_cents_per_kwh", "reason", "started_at", "ended_at", "estimated",
            "elapsed_s", "received_at", "vat_permille", "issuer",
        ),
    ),
    Correction: _table(
        "correction",
        (
            "session_id", "number", "at", "cp_id", "driver_id", "kind", "energy_mwh", "cost_cents", "paid_cents",
            "ended_at", "elapsed_s", "reason", "reference",
        ),
    ),
    Debt: _table("debt", ("session_id", "driver_id", "registration", "left_cents"), ("session_id",)),
    Transfer: _table(
        "ledger",
        (
            "at", "kind", "debit", "credit", "cents", "driver_id", "registration", "session_id", "reference", "reason",
            "actor",
        ),
    ),
    Quarantined: _table(
        "quarantine",
        ("at", "cp_id", "session_id", "kind", "journal_id", "seq", "why", "record", "ours", "times"),
        ("cp_id", "session_id", "kind"),
    ),
    Weather: _table(
        "weather",
        (
            "place", "location", "temperature_celsius", "wind_m_per_s", "measured_at", "received_at", "source",
            "alerts", "override", "country", "latitude", "longitude",
        ),
        ("place",),
    ),
    Account: _table(
        "account",
        ("name", "role", "secret_hash", "version", "created_at", "created_by", "removed_at", "registration"),
        ("name",),
    ),
    ApiToken: _table(
        "api_token", ("name", "role", "token_sha256", "created_at", "created_by", "removed_at"), ("name",)
    ),
    OrderTaken: _table("order_taken", ("command_id", "at")),
    OrderOffset: _table("order_offset", ("cluster", "partition", "next"), ("cluster", "partition")),
    MeterReading: _table(
        "reading",
        ("session_id", "elapsed_s", "energy_mwh", "speed_permille", "battery_permille"),
        ("session_id", "elapsed_s"),
    ),
}  # fmt: skip
PUT_EVENT = Put("events", _EVENT_COLUMNS)
_PUT_INBOX = Put("inbox", ("session_id", "driver_id"))
_PUT_BACK_INBOX = Put("inbox", ("session_id", "driver_id"), stays=True)
_PUT_STATUS = Put(
    "status_log", ("cp_id", "at", "status", "reason", "held", "held_since", "fault_since", "fault_counted")
)
# A day to which an older Central added lies is full: what comes then is still a ticket.
_ADD_TO_DAILY = Add(
    "daily", ("cp_id", "day"), ("sessions", "energy_mwh", "revenue_cents"), capped=("energy_mwh",)
)
# The day that its ticket counts for.
_CORRECT_DAILY = Add(
    "daily", ("cp_id", "day"), ("energy_mwh", "revenue_cents"), capped=("energy_mwh",), begins=False
)
# Most commits are these, and a session is in a dozen indexes.
_SET_METERED = Set("session", ("session_id",), ("meter_mwh", "excess_mwh", "elapsed_s"))
# Of a driver whose row stays as it is, while a debt of it or the wallet of an earlier registration changes.
_COUNT_CHANGE = Set("driver", ("driver_id",), ("version",), version="version")
_BREAK_OFF = SetNewest("status_log", ("cp_id",), newest="n", column="until")
_ADD_TO_STATUS_DAILY = Add("status_daily", ("cp_id", "day", "status"), ("ms", "times"))
_FORGET_JOURNAL = Take("journal", ("cp_id", "journal_id"))
_TAKE_FROM_INBOX = Take("inbox", ("session_id", "driver_id"))
# Who has not said how fast its time runs is as fast as before; nobody ever said: real time.
_PUT_READING = Sql("""
    INSERT INTO reading (session_id, elapsed_s, energy_mwh, speed_permille, battery_permille)
    VALUES (:session_id, :elapsed_s, :energy_mwh, COALESCE(
        (SELECT speed_permille FROM reading WHERE session_id = :session_id AND elapsed_s <= :elapsed_s
         ORDER BY elapsed_s DESC LIMIT 1), 1000), :battery_permille)
    ON CONFLICT (session_id, elapsed_s) DO UPDATE SET energy_mwh = excluded.energy_mwh,
        battery_permille = COALESCE(excluded.battery_permille, reading.battery_permille)
""")
# Of each stretch its first reading stays, and the last of all: with it a charge ends, maybe in this very commit.
_THIN_READINGS = Sql("""
    DELETE FROM reading WHERE session_id = :session_id AND EXISTS (
        SELECT 1 FROM reading AS first WHERE first.session_id = reading.session_id
        AND first.elapsed_s >= reading.elapsed_s / :stretch_s * :stretch_s AND first.elapsed_s < reading.elapsed_s)
    AND elapsed_s < (SELECT MAX(elapsed_s) FROM reading AS last WHERE last.session_id = :session_id)
""")
# All that a decision can write.
STATEMENTS: tuple[Statement, ...] = (
    *(table.put for table in _TABLES.values()),
    PUT_EVENT, _PUT_INBOX, _PUT_BACK_INBOX, _PUT_STATUS, _ADD_TO_DAILY, _CORRECT_DAILY, _BREAK_OFF, _SET_METERED,
    _COUNT_CHANGE, _ADD_TO_STATUS_DAILY, _FORGET_JOURNAL, _TAKE_FROM_INBOX,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DecidedEntry:
    """One decision of a batch, with who asked for it and when."""

    decision: Decision
    by: Actor
    at: datetime


def wallets_of(batch: Iterable[DecidedEntry]) -> frozenset[DriverId]:
    """Return the drivers of whose money `batch` changes something: each has a version."""
    return frozenset(
        change.driver_id for change, _ in _changes(batch) if isinstance(change, Driver | FormerWallet | Debt)
    )


def partitions_of(writes: Iterable[Writes], count: int) -> list[int]:
    """Return in which of `count` partitions the charging points are that have a row in `writes`, in order."""
    points = {
        row[place]
        for statement, rows in writes
        if not isinstance(statement, Sql) and "cp_id" in statement.takes
        for place in [statement.takes.index("cp_id")]
        for row in rows
    }
    return sorted({partition_of(cp_id, count) for cp_id in points})


def statements(
    batch: Iterable[DecidedEntry],
    days: Days = UTC_DAYS,
    versions: Mapping[DriverId, int] = MappingProxyType({}),
) -> Iterator[Writes]:
    """Yield each statement with its rows; of a fact that changed more than once, only its last state.

    `days` are those by which tickets count, `versions` those of the drivers that it was decided on (else 0).
    """
    changes: dict[type[Change], dict[object, tuple[Change, datetime]]] = {kind: {} for kind in _TABLES}
    inbox: list[Values] = []
    daily: list[Values] = []
    corrected: list[Values] = []
    seen: list[Values] = []
    back: dict[SessionId, Values] = {}
    forgotten: list[Values] = []
    unpaced: list[MeterReading] = []
    thinned: dict[SessionId, int] = {}
    metered: dict[SessionId, Session] = {}
    for number, (change, at) in enumerate(_changes(batch)):
        if isinstance(change, Metered):
            session = change.session
            if session.session_id in changes[Session]:
                changes[Session][session.session_id] = (session, at)
            else:
                metered[session.session_id] = session
            continue
        if isinstance(change, TicketSeen):
            seen.append((change.session_id, change.driver_id))
            # Both in one commit: the later one counts.
            back.pop(change.session_id, None)
            continue
        if isinstance(change, TicketUnseen):
            back[change.session_id] = (change.session_id, change.driver_id)
            continue
        if isinstance(change, Welcomed):
            continue  # its transfer says so
        if isinstance(change, JournalForgotten):
            changes[JournalCursor].pop((change.cp_id, change.journal_id), None)
            forgotten.append((change.cp_id, change.journal_id))
            continue
        if isinstance(change, Session):
            metered.pop(change.session_id, None)
        if isinstance(change, Ticket):
            inbox.append((change.session_id, change.driver_id))
            day = days.of(change.ended_at).isoformat()
            daily.append((change.cp_id, day, 1, change.energy_mwh, change.cost_cents))
        if isinstance(change, MeterReading):
            if change.thinned_to_s:
                thinned[change.session_id] = change.thinned_to_s
            if not change.speed_permille:
                unpaced.append(change)
                continue
        if isinstance(change, Correction):
            day = days.of(change.ticket_ended_at).isoformat()
            corrected.append((change.cp_id, day, change.energy_mwh, change.cost_cents))
        key = _TABLES[type(change)].key(change)
        changes[type(change)][number if key is None else key] = (change, at)
    if forgotten:
        yield _FORGET_JOURNAL, forgotten
    for kind, latest in changes.items():
        if latest:
            table = _TABLES[kind]
            rows = [table.row(change, at) for change, at in latest.values()]
            if kind is Driver:
                rows = [(*row, versions.get(row[0], 0) + 1) for row in rows]
            yield table.put, rows
    moved = (change for kind in (FormerWallet, Debt) for change, _ in changes[kind].values())
    others = {one.driver_id for one in moved if isinstance(one, FormerWallet | Debt)}
    if others := others.difference(changes[Driver]):
        yield _COUNT_CHANGE, [(driver_id, versions.get(driver_id, 0) + 1) for driver_id in others]
    if metered:
        values = attrgetter(*_SET_METERED.takes)
        yield _SET_METERED, [values(session) for session in metered.values()]
    if unpaced:
        yield (
            _PUT_READING,
            [
                {
                    "session_id": one.session_id,
                    "elapsed_s": one.elapsed_s,
                    "energy_mwh": one.energy_mwh,
                    "battery_permille": one.battery_permille,
                }
                for one in unpaced
            ],
        )
    if thinned:
        yield (
            _THIN_READINGS,
            [{"session_id": one, "stretch_s": stretch_s} for one, stretch_s in thinned.items()],
        )
    if inbox:
        yield _PUT_INBOX, inbox
        yield _ADD_TO_DAILY, daily
    if corrected:
        yield _CORRECT_DAILY, corrected
    if seen:
        yield _TAKE_FROM_INBOX, seen
    if back:
        yield _PUT_BACK_INBOX, list(back.values())


def status_statements(statuses: Statuses, news: News) -> Iterator[Writes]:
    """Yield the statements that keep what is shown anew, each with its rows."""
    if news:
        yield _PUT_STATUS, _rows(_PUT_STATUS, statuses.log_rows(news))
        yield _ADD_TO_STATUS_DAILY, _rows(_ADD_TO_STATUS_DAILY, statuses.daily_rows(news))


def broken_off(statuses: Statuses, at: datetime, seconds: int) -> Iterator[Writes]:
    """Yield the statements that end every status when the clock is set by `seconds`, and begin it anew at `at`."""
    until = at - timedelta(seconds=seconds)
    ended = [(cp_id, text_of(at)) for cp_id, at in statuses.broken_off(until)]
    if ended:
        yield _BREAK_OFF, ended
        yield _PUT_STATUS, _rows(_PUT_STATUS, statuses.log_rows(statuses.begun_anew(at, seconds)))
        yield _ADD_TO_STATUS_DAILY, _rows(_ADD_TO_STATUS_DAILY, statuses.daily_rows_until(until))


def _rows(statement: Statement, rows: Iterable[Mapping[str, Any]]) -> list[Values]:
    values = itemgetter(*statement.takes)
    return [values(row) for row in rows]


def points_of(batch: Iterable[DecidedEntry]) -> Iterator[tuple[ChargingPoint, datetime]]:
    return ((change, at) for change, at in _changes(batch) if isinstance(change, ChargingPoint))


def jumps_of(batch: Iterable[DecidedEntry]) -> Iterator[tuple[datetime, int]]:
    """Yield each instant to which the clock was set, and by how many seconds."""
    for entry in batch:
        for event in entry.decision.events:
            if isinstance(event, ClockJumped):
                yield entry.at, event.seconds


def _changes(batch: Iterable[DecidedEntry]) -> Iterator[tuple[Change, datetime]]:
    for entry in batch:
        for change in entry.decision.changes:
            yield change, entry.at


def _stored(value: Any) -> Any:
    match value:
        case datetime():
            return text_of(value)
        case bool():
            return int(value)
        case Location():
            return value.name
        case StrEnum():
            return value.value
    return value


def event_row(number: int, entry: DecidedEntry, event: Event) -> dict[str, Any]:
    return {
        "n": number,
        "at": text_of(entry.at),
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


def point_of(row: Row, session: Session | None) -> ChargingPoint:
    return ChargingPoint(
        cp_id=CpId(row["cp_id"]),
        location=Location(row["location"]),
        registered_location=Location(row["registered_location"]),
        said_location=Location(row["said_location"]),
        located_by_operator=bool(row["located_by_operator"]),
        price_centi_cents_per_kwh=row["price_centi_cents_per_kwh"],
        fault=row["fault"],
        holds=frozenset(hold for hold in Hold if row[f"{hold}_hold"]),
        revoked=bool(row["revoked"]),
        withdrawn=bool(row["withdrawn"]),
        registration=row["registration"],
        epoch=row["epoch"],
        session_id=session.session_id if session else None,
        charging=session is not None and session.state is SessionState.CHARGING,
        journal_id=row["journal_id"],
        last_used=row["last_used"],
        register_mwh=row["register_mwh"],
        occupied_by=DriverId(row["occupied_by"]) if row["occupied_by"] is not None else None,
    )


def driver_of(row: Row, sessions: frozenset[SessionId]) -> Driver:
    return Driver(
        driver_id=DriverId(row["driver_id"]),
        registration=row["registration"],
        balance_cents=row["balance_cents"],
        held_cents=row["held_cents"],
        blocked=bool(row["blocked"]),
        withdrawn=bool(row["withdrawn"]),
        barred=bool(row["barred"]),
        epoch=row["epoch"],
        sessions=sessions,
        pin_hash=row["pin_hash"],
        pin_limit_cents=row["pin_limit_cents"],
        pin_misses=row["pin_misses"],
    )


def of_registration(registration: int) -> str:
    """Return what to add to a query of what a driver may see, so that it shows nothing of who had its id before."""
    # The first owner had no predecessor. The bound is what lets the indexes of later owners be used.
    return "AND registration = :registration AND registration > 0" if registration else ""


def former_wallet_of(row: Row) -> FormerWallet:
    return FormerWallet(
        driver_id=DriverId(row["driver_id"]),
        registration=row["registration"],
        balance_cents=row["balance_cents"],
    )


def session_of(row: Row) -> Session:
    return Session(
        session_id=SessionId(row["session_id"]),
        request_id=RequestId(row["request_id"]),
        cp_id=CpId(row["cp_id"]),
        driver_id=DriverId(row["driver_id"]),
        registration=row["registration"],
        state=SessionState(row["state"]),
        price_centi_cents_per_kwh=row["price_centi_cents_per_kwh"],
        hold_cents=row["hold_cents"],
        limit_mwh=row["limit_mwh"],
        plug_within_s=row["plug_within_s"],
        start_meter_mwh=row["start_meter_mwh"],
        meter_mwh=row["meter_mwh"],
        excess_mwh=row["excess_mwh"],
        rebuilt=bool(row["rebuilt"]),
        short_cents=row["short_cents"],
        until_mwh=row["until_mwh"],
        until_cents=row["until_cents"],
        by_operator=bool(row["by_operator"]),
        authorised_at=datetime.fromisoformat(row["authorised_at"]),
        started_at=_instant_or_none(row["started_at"]),
        ended_at=_instant_or_none(row["ended_at"]),
        elapsed_s=row["elapsed_s"],
        received_at=_instant_or_none(row["received_at"]),
        stop_reason=EndReason(row["stop_reason"]) if row["stop_reason"] else None,
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
        awaits_end=bool(row["awaits_end"]),
    )


def quarantined_of(row: Row) -> Quarantined:
    return Quarantined(
        cp_id=CpId(row["cp_id"]),
        session_id=SessionId(row["session_id"]),
        kind=row["kind"],
        journal_id=JournalId(row["journal_id"]),
        seq=row["seq"],
        why=row["why"],
        record=row["record"],
        ours=bool(row["ours"]),
        times=row["times"],
    )


def shown_of(row: Row) -> Shown:
    incident, held = None, row["held"] or row["status"]
    if row["fault_since"] is not None:
        incident = Incident(datetime.fromisoformat(row["fault_since"]), bool(row["fault_counted"]))
    return Shown(
        status=CpStatus(row["status"]) if row["status"] != NO_DATA else None,
        reason=row["reason"],
        since=datetime.fromisoformat(row["at"]),
        held=CpStatus(held) if held != NO_DATA else None,
        held_since=datetime.fromisoformat(row["held_since"] or row["at"]),
        incident=incident,
    )


def weather_of(row: Row) -> Weather:
    return Weather(
        location=Location(row["location"]),
        temperature_celsius=row["temperature_celsius"],
        wind_m_per_s=row["wind_m_per_s"],
        measured_at=_instant_or_none(row["measured_at"]),
        received_at=_instant_or_none(row["received_at"]),
        source=row["source"],
        country=row["country"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        alerts=frozenset(WeatherKind(name) for name in row["alerts"].split(",") if name),
        override=bool(row["override"]),
    )


def ticket_of(row: Row) -> Ticket:
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
        elapsed_s=row["elapsed_s"],
        received_at=datetime.fromisoformat(row["received_at"]),
        corrected_mwh=row["corrected_mwh"],
        corrected_cents=row["corrected_cents"],
        corrected_paid_cents=row["corrected_paid_cents"],
        registration=row["registration"],
        by_operator=bool(row["by_operator"]),
        vat_permille=row["vat_permille"],
        issuer=row["issuer"],
    )


def issuer_of(row: Row) -> Issuer:
    return Issuer(
        operator=row["operator"],
        tax_id=row["tax_id"],
        address=row["address"],
        country_code=row["country_code"],
        party_id=row["party_id"],
        vat_permille=row["vat_permille"],
        number=row["number"],
        since=datetime.fromisoformat(row["since"]),
    )


def debt_of(row: Row) -> Debt:
    return Debt(
        session_id=SessionId(row["session_id"]),
        driver_id=DriverId(row["driver_id"]),
        registration=row["registration"],
        left_cents=row["left_cents"],
    )


def account_of(row: Row | dict[str, Any]) -> Account:
    return Account(
        name=row["name"],
        role=Role(row["role"]),
        secret_hash=row["secret_hash"],
        version=row["version"],
        created_at=datetime.fromisoformat(row["created_at"]),
        created_by=row["created_by"],
        removed_at=_instant_or_none(row["removed_at"]),
        registration=row["registration"],
    )


def token_of(row: Row | dict[str, Any]) -> ApiToken:
    return ApiToken(
        name=row["name"],
        role=Role(row["role"]),
        token_sha256=row["token_sha256"],
        created_at=datetime.fromisoformat(row["created_at"]),
        created_by=row["created_by"],
        removed_at=_instant_or_none(row["removed_at"]),
    )


def _instant_or_none(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
