"""What must hold in Central's books, at every commit. Tests and `audit verify` share it.

Each check is one query that returns nothing while the invariant holds, and a row for each violation otherwise. Sums and
costs are Python's: those of SQLite end with an error beyond 64 bits, just where lies are looked for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.billing import MAX_SESSION_MWH
from evcharge.domain.currency import EUR
from evcharge.domain.days import UTC_DAYS, Days
from evcharge.domain.tariff import Consumption, Tariff
from evcharge.runtime import timezone
from evcharge.storage.reading import Connection

# What the records of charging points have corrected.
_CORRECTED = """
LEFT JOIN (SELECT session_id, SUM(energy_mwh) AS energy_mwh, SUM(cost_cents) AS cost_cents FROM correction
           WHERE kind = 'RECORD' GROUP BY session_id) c USING (session_id)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant: its number in `audit verify`, the name of what breaks it, the rows that do (first column: what)."""

    number: str
    name: str
    sql: str
    # The schema that it needs, and what is asked instead of older books.
    schema: int = 1
    older: str = ""


# What sessions cost that somebody pays for; of those that were granted more than could be held, a part may be owed.
_CHARGED = "JOIN session s USING (session_id) WHERE s.hold_cents + s.short_cents > 0"
_DEBTS_SINCE = 19
_RECEIPTS_SINCE = 24


CHECKS = (
    Check(
        "I1",
        "ticket is not what was metered",
        f"""
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id) {_CORRECTED}
        WHERE t.energy_mwh + COALESCE(c.energy_mwh, 0) <> s.meter_mwh - s.start_meter_mwh - s.excess_mwh
          AND NOT (s.awaits_end AND t.energy_mwh <= s.meter_mwh - s.start_meter_mwh - s.excess_mwh)
        """,  # noqa: S608
        schema=11,
        older="SELECT t.session_id FROM ticket t JOIN session s USING (session_id) "
        "WHERE t.energy_mwh <> s.meter_mwh - s.start_meter_mwh",
    ),
    Check(
        "I5",
        "ticket beyond a session",
        f"""
        SELECT t.session_id FROM ticket t WHERE t.energy_mwh > {MAX_SESSION_MWH} AND t.energy_mwh + COALESCE(
            (SELECT SUM(c.energy_mwh) FROM correction c WHERE c.session_id = t.session_id), 0) > {MAX_SESSION_MWH}
        """,  # noqa: S608
    ),
    Check(
        "I6",
        "money does not add up",
        f"""
        SELECT difference FROM (SELECT exact_sum(cents) AS difference FROM (
            SELECT balance_cents AS cents FROM driver UNION ALL SELECT held_cents FROM driver
            UNION ALL SELECT balance_cents FROM former_wallet
            UNION ALL SELECT t.cost_cents FROM ticket t {_CHARGED}
            UNION ALL SELECT c.cost_cents FROM correction c {_CHARGED}
            UNION ALL SELECT -left_cents FROM debt
            UNION ALL SELECT CASE WHEN debit = 'outside' THEN -cents ELSE cents END FROM ledger
            WHERE 'outside' IN (debit, credit)))
        WHERE difference <> '0'
        """,  # noqa: S608
        schema=_DEBTS_SINCE,
        older="""
        SELECT difference FROM (SELECT exact_sum(cents) AS difference FROM (
            SELECT balance_cents AS cents FROM driver UNION ALL SELECT held_cents FROM driver
            UNION ALL SELECT balance_cents FROM former_wallet
            UNION ALL SELECT t.cost_cents FROM ticket t JOIN session s USING (session_id) WHERE s.hold_cents > 0
            UNION ALL SELECT paid_cents FROM correction
            UNION ALL SELECT CASE WHEN debit = 'outside' THEN -cents ELSE cents END FROM ledger
            WHERE 'outside' IN (debit, credit)))
        WHERE difference <> '0'
        """,
    ),
    Check(
        "I6",
        "wallet is not its ledger",
        """
        SELECT d.driver_id FROM (
            SELECT driver_id, registration, balance_cents, held_cents FROM driver
            UNION ALL SELECT driver_id, registration, balance_cents, 0 FROM former_wallet) d
        LEFT JOIN (
            SELECT driver_id, registration,
                   exact_sum(CASE WHEN credit = 'wallet' THEN cents WHEN debit = 'wallet' THEN -cents END) AS wallet,
                   exact_sum(CASE WHEN credit = 'held' THEN cents WHEN debit = 'held' THEN -cents END) AS held
            FROM ledger GROUP BY driver_id, registration) l USING (driver_id, registration)
        WHERE CAST(d.balance_cents AS TEXT) <> COALESCE(l.wallet, '0')
           OR CAST(d.held_cents AS TEXT) <> COALESCE(l.held, '0')
        """,
        schema=12,
        older="""
        SELECT d.driver_id FROM driver d LEFT JOIN (
            SELECT driver_id,
                   exact_sum(CASE WHEN credit = 'wallet' THEN cents WHEN debit = 'wallet' THEN -cents END) AS wallet,
                   exact_sum(CASE WHEN credit = 'held' THEN cents WHEN debit = 'held' THEN -cents END) AS held
            FROM ledger GROUP BY driver_id) l USING (driver_id)
        WHERE d.balance_cents <> COALESCE(l.wallet, 0) OR d.held_cents <> COALESCE(l.held, 0)
        """,
    ),
    Check(
        "I6",
        "closed session holds",
        """
        SELECT s.session_id FROM session s JOIN ledger l USING (session_id)
        WHERE s.state IN ('TICKETED', 'REFUSED')
        GROUP BY s.session_id
        HAVING exact_sum(CASE WHEN l.credit = 'held' THEN l.cents WHEN l.debit = 'held' THEN -l.cents END) <> '0'
        """,
    ),
    Check(
        "I6",
        "held for none",
        """
        SELECT d.driver_id FROM driver d LEFT JOIN (
            SELECT driver_id, exact_sum(hold_cents) AS held FROM session WHERE state IN ('AUTHORISED', 'CHARGING')
            GROUP BY driver_id) s USING (driver_id)
        WHERE d.held_cents <> COALESCE(s.held, 0)
        """,
    ),
    Check(
        "I7",
        "ticket is not its price",
        """
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id)
        WHERE t.cost_cents <> cost_cents(MIN(t.energy_mwh, s.limit_mwh), t.price_centi_cents_per_kwh)
           OR t.price_centi_cents_per_kwh <> s.price_centi_cents_per_kwh
        """,
    ),
    Check(
        "I8",
        "ticket beyond its grant",
        f"""
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id) {_CORRECTED}
        WHERE s.hold_cents + s.short_cents > 0
          AND t.cost_cents + COALESCE(c.cost_cents, 0) > s.hold_cents + s.short_cents
        """,  # noqa: S608
        schema=_DEBTS_SINCE,
        older=f"""
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id) {_CORRECTED}
        WHERE s.hold_cents > 0 AND t.cost_cents + COALESCE(c.cost_cents, 0) > s.hold_cents
        """,  # noqa: S608
    ),
    Check(
        "I14",
        "correction is not its price",
        f"""
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id) {_CORRECTED}
        WHERE c.session_id IS NOT NULL AND CAST(t.cost_cents + c.cost_cents AS TEXT) <> cost_cents(
            MIN(t.energy_mwh + c.energy_mwh, s.limit_mwh), t.price_centi_cents_per_kwh)
        """,  # noqa: S608
    ),
    Check(
        "I14",
        "correction is not its ledger",
        """
        SELECT c.session_id FROM (
            SELECT session_id, exact_sum(paid_cents) AS cents FROM correction GROUP BY session_id) c
        LEFT JOIN (
            SELECT session_id, exact_sum(CASE WHEN credit = 'revenue' THEN cents ELSE -cents END) AS cents FROM ledger
            WHERE kind = 'CORRECTION' GROUP BY session_id) l USING (session_id)
        WHERE c.cents <> COALESCE(l.cents, '0')
        """,
    ),
    Check(
        "I9",
        "two open sessions",
        "SELECT cp_id FROM session WHERE state IN ('AUTHORISED', 'CHARGING') GROUP BY cp_id HAVING COUNT(*) > 1",
    ),
    Check(
        "I13",
        "session without ticket",
        "SELECT s.session_id FROM session s LEFT JOIN ticket t USING (session_id) "
        "WHERE s.state = 'TICKETED' AND t.session_id IS NULL",
    ),
    Check(
        "I13",
        "ticket without session",
        "SELECT t.session_id FROM ticket t JOIN session s USING (session_id) WHERE s.state <> 'TICKETED'",
    ),
    Check(
        "I13",
        "ticket without receipt",
        "SELECT t.session_id FROM ticket t LEFT JOIN receipt r USING (session_id) WHERE r.number IS NULL",
        schema=_RECEIPTS_SINCE,
    ),
    Check(
        "I13",
        "receipts have gaps",
        # Each is one above another, but for the first.
        "SELECT number FROM receipt "
        "WHERE number <> 1 AND number - 1 NOT IN (SELECT number FROM receipt) ORDER BY number",
        schema=_RECEIPTS_SINCE,
    ),
    Check(
        "I38",
        "ticket of another length",
        "SELECT session_id FROM ticket "
        "WHERE elapsed_s IS NOT NULL AND seconds_between(started_at, ended_at) IS NOT elapsed_s",
        schema=12,
    ),
    Check(
        "I6",
        "day is not its tickets",
        """
        SELECT cp_id || ' ' || day FROM (
            SELECT cp_id, day, sessions, energy_mwh || '' AS mwh, revenue_cents || '' AS cents FROM daily
            UNION ALL
            SELECT cp_id, day_of(ended_at), COUNT(made), exact_sum(energy_mwh), exact_sum(cost_cents) FROM (
                SELECT cp_id, ended_at, 1 AS made, energy_mwh, cost_cents FROM ticket
                UNION ALL SELECT t.cp_id, t.ended_at, NULL, c.energy_mwh, c.cost_cents
                FROM correction c JOIN ticket t USING (session_id))
            GROUP BY cp_id, day_of(ended_at))
        GROUP BY cp_id, day, sessions, mwh, cents HAVING COUNT(*) <> 2
        """,
        schema=3,
    ),
    Check(
        "I13",
        "ticket is not paid once",
        """
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id) LEFT JOIN debt d USING (session_id)
        LEFT JOIN (
            SELECT session_id, exact_sum(cost_cents) AS cents FROM correction GROUP BY session_id) c USING (session_id)
        LEFT JOIN (
            SELECT session_id, exact_sum(CASE WHEN credit = 'revenue' THEN cents ELSE -cents END) AS cents FROM ledger
            WHERE kind IN ('CAPTURE', 'CORRECTION') GROUP BY session_id) l USING (session_id)
        WHERE s.hold_cents + s.short_cents > 0
          AND COALESCE(l.cents, '0') <> (t.cost_cents + COALESCE(c.cents, 0) - COALESCE(d.left_cents, 0)) || ''
        """,
        schema=_DEBTS_SINCE,
        older="""
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id)
        LEFT JOIN (
            SELECT session_id, exact_sum(cents) AS cents FROM ledger WHERE kind = 'CAPTURE' GROUP BY session_id) c
            USING (session_id)
        WHERE s.hold_cents > 0 AND COALESCE(c.cents, 0) <> t.cost_cents
        """,
    ),
)


# What older books lack they have none of; the schema that brought each table.
_LATER_TABLES = (
    (11, "correction (session_id, kind, cp_id, energy_mwh, cost_cents, paid_cents)"),
    (12, "former_wallet (driver_id, registration, balance_cents)"),
)
_DAYS_OF_A_ZONE_SINCE = 18
_CURRENCY_SINCE = 27


class _ExactSum:
    """SUM for SQL, without an end: its result is text."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, value: int | None) -> None:
        self._sum += value or 0

    def finalize(self) -> Any:
        return str(self._sum)


def _exactly(energy_mwh: int, price: int) -> str:
    return str(Tariff(price).cost_cents(Consumption(energy_mwh)))


def _seconds_between(begin: str, end: str) -> float | None:
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    except ValueError:
        return None


def days_of(connection: Connection, schema: int) -> Days:
    """Return the days by which the books count. Raises BadInput when this computer does not have their time zone."""
    if schema < _DAYS_OF_A_ZONE_SINCE:
        return UTC_DAYS
    (name,) = connection.execute("SELECT name FROM day_zone").fetchone()
    return Days(timezone.zone(name), name)


def currency_of(connection: Connection, schema: int) -> str:
    """Return the currency in which the books count (ISO 4217)."""
    if schema < _CURRENCY_SINCE:
        return EUR.code
    (code,) = connection.execute("SELECT code FROM currency").fetchone()
    return str(code)


class Checker:
    """Checks the books of one connection, as often as is wanted.

    What SQL must know of Python is taught once: each time, SQLite compiles every statement of the connection anew.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        connection.create_aggregate("exact_sum", 1, _ExactSum)
        connection.create_function("cost_cents", 2, _exactly, deterministic=True)
        connection.create_function("seconds_between", 2, _seconds_between, deterministic=True)
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        days = days_of(connection, schema)
        connection.create_function(
            "day_of", 1, lambda at: days.of(datetime.fromisoformat(at)).isoformat(), deterministic=True
        )
        for since, table in _LATER_TABLES:
            if schema < since:
                connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table}")
        self._asked = [(check, check.sql if schema >= check.schema else check.older) for check in CHECKS]

    def violations(self) -> list[AuditFinding]:
        """Return a finding for each invariant that the books break; [] when all hold."""
        found = []
        for check, sql in self._asked:
            rows = self._connection.execute(sql).fetchmany(4) if sql else []
            if rows:
                named = ", ".join(str(row[0]) for row in rows[:3]) + (" …" if len(rows) > 3 else "")
                found.append(AuditFinding(check.name, number=check.number, rows=named))
        return found


def violations(connection: Connection) -> list[AuditFinding]:
    """Return a finding for each invariant that the books of `connection` break; [] when all hold."""
    return Checker(connection).violations()
