"""Whether the tables of central.db are what the audit log tells of: no row more, none less, none changed.

What must be there (`expected`) lies in temporary tables, so that books of years fit; SQL compares.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from evcharge.central.books.expected.expected_rows import ExpectedRows
from evcharge.central.books.expected.proven_tables import (
    LEDGER,
    MOST_LINES,
    QUARANTINE,
    TABLES,
    Columns,
    Row,
    Table,
    least,
)
from evcharge.central.books.rows import account_of, token_of
from evcharge.central.rules import charging, counted
from evcharge.central.rules.accounts import LOGIN_ID_CHARS, seal
from evcharge.central.rules.manual_start import pin_seal
from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.location import Location
from evcharge.domain.timestamps import text_of
from evcharge.storage.reading import Connection, Cursor

_ROWS_AT_ONCE = 2_000
# A minute of Central's, and how late it may be.
_COUNTED_WITHIN = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What differs, and what could not be proven."""

    problems: tuple[AuditFinding, ...]
    notes: tuple[AuditFinding, ...]


def reconcile(connection: Connection, rows: Iterable[Columns]) -> Reconciled:
    """Compare the tables of `connection` with `rows`, all of the audit log from its beginning.

    The connection may be one that only reads. Its temporary tables are gone with it.
    """
    spill = _Spill(connection)
    log = ExpectedRows(spill.put)
    for row in rows:
        log.take(row)
    log.finish()
    spill.flush()
    return Reconciled((*log.problems, *_differences(connection, log)), tuple(log.notes()))


class _Spill:
    """Keeps the rows that must be there in temporary tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[str, list[tuple[object, ...]]] = {}
        self._columns = {name: table.told for name, table in TABLES.items()}
        self._columns |= {"ledger": LEDGER, "quarantine": QUARANTINE}
        for name, columns in self._columns.items():
            connection.execute(f"DROP TABLE IF EXISTS temp.told_{name}")
            # No types: what is compared must not be converted.
            connection.execute(f"CREATE TEMP TABLE told_{name} ({', '.join(columns)})")

    def put(self, name: str, row: Row) -> None:
        """Keep one row."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(tuple(_storable(row[column]) for column in self._columns[name]))
        if len(waiting) >= _ROWS_AT_ONCE:
            self._write(name)

    def flush(self) -> None:
        """Write what waits, and let rows be found by their keys."""
        for name in list(self._waiting):
            self._write(name)
        for name, table in TABLES.items():
            self._connection.execute(f"CREATE INDEX temp.by_{name} ON told_{name} ({', '.join(table.key)})")
        self._connection.execute("CREATE INDEX temp.by_record ON told_quarantine (cp_id, journal_id, seq)")
        self._connection.execute("CREATE INDEX temp.by_instant ON told_quarantine (at)")

    def _write(self, name: str) -> None:
        rows = self._waiting.pop(name)
        marks = ", ".join("?" * len(self._columns[name]))
        self._connection.executemany(f"INSERT INTO temp.told_{name} VALUES ({marks})", rows)  # noqa: S608


# ---- the comparison

# One of which something is committed. Of those that a point does not use any more, the oldest are forgotten.
_JOURNAL_THAT_MUST_STAY = """
    AND (t.least_last_seq > 0 OR (typeof(t.last_seq) = 'integer' AND t.last_seq > 0))
    AND (EXISTS (SELECT 1 FROM temp.told_cp p WHERE p.cp_id = t.cp_id AND p.journal_id = t.journal_id)
         OR (SELECT COUNT(*) FROM main.journal j WHERE j.cp_id = t.cp_id) < :most)
"""


def _differences(connection: Connection, log: ExpectedRows) -> Iterator[AuditFinding]:
    connection.create_function("seal_of_account", 8, _seal_of_account, deterministic=True)
    connection.create_function("seal_of_token", 6, _seal_of_token, deterministic=True)
    connection.create_function("seal_of_pin", 2, pin_seal, deterministic=True)
    connection.create_function("location_name", 1, _location_name, deterministic=True)
    kept = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    for table in TABLES.values():
        if table.name in kept:
            yield from _bounded(table.name, _table_differences(connection, table))
    yield from _bounded("ledger", _ledger_differences(connection, log.unnamed_top_ups))
    yield from _bounded("quarantine", _quarantine_differences(connection))
    if "web_session" in kept:
        yield from _bounded("web_session", _strange_logins(connection, log))
    if "order_taken" in kept:
        yield from _bounded("order_taken", _strange_orders(connection, log))


def _location_name(text: str | None) -> str | None:
    return Location(text).name if text is not None else None


def _columns(connection: Connection, source: str) -> set[str]:
    found = connection.execute(f"SELECT * FROM {source} LIMIT 0")  # noqa: S608
    return {column[0] for column in found.description}


def _bounded(table: str, findings: Iterator[AuditFinding]) -> Iterator[AuditFinding]:
    for number, finding in enumerate(findings):
        if number == MOST_LINES:
            yield AuditFinding("more differ", rows=AuditFinding(f"noun {table}"))
            return
        yield finding


def _row(table: Table, key: str) -> AuditFinding:
    return AuditFinding("row", noun=AuditFinding(f"noun {table.name}"), key=key)


def _table_differences(connection: Connection, table: Table) -> Iterator[AuditFinding]:
    # Books of an older evcharge lack some columns; the log then tells only what stands there.
    source = _source(connection, table)
    there = _columns(connection, source)
    columns = [name for name in table.columns if name in there]
    key = " || ' ' || ".join(f"k.{name}" for name in table.key)
    told_key = " || ' ' || ".join(f"t.{name}" for name in table.key)
    same = " AND ".join(f"t.{name} = k.{name}" for name in table.key)
    told, first = f"temp.told_{table.name} t", table.key[0]

    sql = f"SELECT {told_key} FROM {told} LEFT JOIN {source} k ON {same} WHERE k.{first} IS NULL"  # noqa: S608
    if table.name == "journal":
        sql += _JOURNAL_THAT_MUST_STAY
    for (name,) in connection.execute(sql, {"most": charging.MOST_JOURNALS}):
        yield AuditFinding("missing", row=_row(table, name))
    sql = f"SELECT {key} FROM {source} k LEFT JOIN {told} ON {same} WHERE t.{first} IS NULL"  # noqa: S608
    if table.name == "weather":
        # What was measured is told by no event: a place is there before its first alert.
        sql += " AND (k.alerts <> '' OR k.override)"
    for (name,) in connection.execute(sql):
        yield AuditFinding("no event", row=_row(table, name))
    for column in (*columns, *table.rising):
        # Older books and logs hold locations as they were typed, and rows follow the present form one by one.
        form = "location_name({})" if column in _LOCATIONS else "{}"
        differs = f"{form.format(f't.{column}')} IS NOT {form.format(f'k.{column}')}"
        sql = (
            f"SELECT {key}, k.{column}, t.{column} FROM {told} JOIN {source} k ON {same} "  # noqa: S608
            f"WHERE typeof(t.{column}) <> 'blob' AND {differs}"
        )
        for name, found, said in connection.execute(sql):
            yield AuditFinding(
                "differs", row=_row(table, name), column=column, found=_shown(found), said=_shown(said)
            )
    for column in table.rising:
        sql = (
            f"SELECT {key}, k.{column}, t.{least(column)} FROM {told} JOIN {source} k ON {same} "  # noqa: S608
            f"WHERE k.{column} < t.{least(column)} AND typeof(t.{column}) = 'blob'"
        )
        for name, found, said in connection.execute(sql):
            yield AuditFinding("too low", row=_row(table, name), column=column, found=found, said=said)


def _source(connection: Connection, table: Table) -> str:
    itself = f"main.{table.name}"
    there = _columns(connection, itself)
    if not table.kept or (table.kept_since and table.kept_since not in there):
        return itself
    return table.kept.format(registration="registration" if "registration" in there else "0")


_LOCATIONS = ("location", "said_location")
# What stands for the columns of the ledger that older books lack.
_BEFORE = {"registration": "0", "reason": "NULL", "actor": "NULL"}


def _ledger_differences(connection: Connection, unnamed: int) -> Iterator[AuditFinding]:
    # The reference of an old top-up is not in the log. Ids rise, and so the first of them are the old ones.
    old = "SELECT id FROM ledger WHERE kind = 'TOP_UP' ORDER BY id LIMIT 1 OFFSET :last"
    reference = f"CASE WHEN kind = 'TOP_UP' AND id <= ({old}) THEN x'3f' ELSE reference END"
    there = _columns(connection, "ledger")
    rest = ", ".join(name if name in there else f"{_BEFORE[name]} AS {name}" for name in LEDGER[:-1])
    kept = f"SELECT {rest}, {reference if unnamed else 'reference'} AS reference FROM ledger"  # noqa: S608
    params = {"last": unnamed - 1} if unnamed else {}
    names = ", ".join(LEDGER)
    sql = (
        f"SELECT {names}, SUM(found) AS found, SUM(said) AS said "  # noqa: S608
        f"FROM (SELECT {names}, 1 AS found, 0 AS said FROM ({kept}) "
        f"UNION ALL SELECT {names}, 0, 1 FROM temp.told_ledger) GROUP BY {names} HAVING SUM(found) <> SUM(said)"
    )
    for row in _named(connection.execute(sql, params)):
        yield AuditFinding(
            "ledger",
            entry=_entry(row),
            at=row["at"],
            move=_move(row),
            found=AuditFinding("times", count=row["found"]),
            said=AuditFinding("times", count=row["said"]),
        )


def _entry(row: Row) -> AuditFinding:
    cents = row["cents"]
    amount = (
        AuditFinding("amount", sum_cents=cents)
        if isinstance(cents, int)
        else AuditFinding("strange amount", value=_shown(cents))
    )
    entry = AuditFinding("ledger entry", kind=row["kind"], amount=amount, driver_id=row["driver_id"])
    if row["session_id"]:
        return AuditFinding("ledger entry of a session", entry=entry, session_id=row["session_id"])
    return entry


def _move(row: Row) -> AuditFinding:
    debit, credit, reference = row["debit"], row["credit"], row["reference"]
    if isinstance(reference, str):
        return AuditFinding("move with reference", debit=debit, credit=credit, reference=reference)
    return AuditFinding("move", debit=debit, credit=credit)


def _quarantine_differences(connection: Connection) -> Iterator[AuditFinding]:
    """Yield records that were kept and are not there, and those that nobody ever sent.

    One row stands for all of a kind that one session sent; rows of an older evcharge, one for each record, stay.
    """
    columns = _columns(connection, "quarantine")
    same_record = "k.cp_id = t.cp_id AND k.journal_id = t.journal_id AND k.seq = t.seq"
    same_kind = "k.cp_id = t.cp_id AND k.session_id = t.session_id AND k.kind = t.kind"
    absent = f"NOT EXISTS (SELECT 1 FROM quarantine k WHERE {same_record})"  # noqa: S608
    if "kind" in columns:
        absent += f" AND NOT EXISTS (SELECT 1 FROM quarantine k WHERE {same_kind})"  # noqa: S608
    for row in _named(connection.execute(f"SELECT * FROM temp.told_quarantine t WHERE kept AND {absent}")):  # noqa: S608
        yield AuditFinding("missing", row=_record(row))
    untold = (
        f"NOT EXISTS (SELECT 1 FROM temp.told_quarantine t WHERE {same_record} AND k.why = t.why"  # noqa: S608
        " AND k.record = t.record)"
    )
    for row in _named(connection.execute(f"SELECT * FROM quarantine k WHERE {untold}")):  # noqa: S608
        if not _was_counted(connection, row["at"]):
            yield AuditFinding("no event", row=_record(row))


def _record(row: Row) -> AuditFinding:
    return AuditFinding("record", seq=row["seq"], cp_id=row["cp_id"], why=row["why"])


def _was_counted(connection: Connection, at: str) -> bool:
    """Return whether so many records were set aside just before that this one got no event of its own."""
    try:
        since = text_of(datetime.fromisoformat(at) - _COUNTED_WITHIN)
    except ValueError:
        return False
    told = "SELECT COUNT(*) FROM temp.told_quarantine WHERE at BETWEEN ? AND ?"
    return bool(connection.execute(told, (since, at)).fetchone()[0] >= counted.IN_FULL)


def _named(cursor: Cursor) -> Iterator[Row]:
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _strange_logins(connection: Connection, log: ExpectedRows) -> Iterator[AuditFinding]:
    # Its event is on the way when a row is younger than every event: Central is at work.
    rows = connection.execute(
        "SELECT name, token_sha256, address, created_at FROM web_session WHERE created_at < ?",
        (log.newest_at,),
    )
    for name, token_sha256, address, created_at in rows:
        if not log.logins.knows(name, str(token_sha256)[:LOGIN_ID_CHARS], created_at):
            login = AuditFinding("login", who=name, address=address, at=created_at)
            yield AuditFinding("no event", row=login)


def _strange_orders(connection: Connection, log: ExpectedRows) -> Iterator[AuditFinding]:
    for (command_id,) in connection.execute("SELECT command_id FROM order_taken"):
        if command_id not in log.orders:
            yield AuditFinding("no event", row=AuditFinding("order", command_id=command_id))


def _seal_of_account(
    name: str,
    role: str,
    secret_hash: str,
    version: int,
    created_at: str,
    created_by: str,
    removed_at: str | None,
    registration: int,
) -> str | None:
    row = {
        "name": name, "role": role, "secret_hash": secret_hash, "version": version, "created_at": created_at,
        "created_by": created_by, "removed_at": removed_at, "registration": registration,
    }  # fmt: skip
    try:
        return seal(account_of(row))
    except ValueError:
        return None  # a role or an instant that was never written


def _seal_of_token(
    name: str, role: str, token_sha256: str, created_at: str, created_by: str, removed_at: str | None
) -> str | None:
    row = {
        "name": name, "role": role, "token_sha256": token_sha256, "created_at": created_at,
        "created_by": created_by, "removed_at": removed_at,
    }  # fmt: skip
    try:
        return seal(token_of(row))
    except ValueError:
        return None


def _storable(value: object) -> object:
    # Sums of lies may exceed 64 bits; they differ from all that is kept, also as text.
    return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)


def _shown(value: object) -> str | None:
    return None if value is None else ascii(value)[:80] if isinstance(value, str) else str(value)
