"""What must hold in Central's books, at every commit (RELIABILITY A). Tests and `audit verify` share it.

Each check is one query that returns nothing while the invariant holds, and one line per violation otherwise.
"""

import sqlite3
from dataclasses import dataclass

# What exceeds the limit is given away; it could not be multiplied within 64 bits either.
_COST = "(MIN(t.energy_mwh, s.limit_mwh) * t.price_centi_cents_per_kwh + 50000000) / 100000000"


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant by its number, what it says, and the rows that break it (first column: what)."""

    number: str
    says: str
    sql: str
    # A table that books of an older evcharge do not have.
    table: str = "ticket"


CHECKS = (
    Check(
        "I1",
        "a ticket bills exactly what its session metered",
        "SELECT t.session_id FROM ticket t JOIN session s USING (session_id) "
        "WHERE t.energy_mwh <> s.meter_mwh - s.start_meter_mwh",
    ),
    Check(
        "I6",
        "wallets + holds + tickets = top-ups",
        """
        SELECT 'difference of ' || difference || ' cents' FROM (
            SELECT (SELECT COALESCE(SUM(balance_cents + held_cents), 0) FROM driver)
                 + (SELECT COALESCE(SUM(t.cost_cents), 0) FROM ticket t JOIN session s USING (session_id)
                    WHERE s.hold_cents > 0)
                 - (SELECT COALESCE(SUM(cents), 0) FROM ledger WHERE kind = 'TOP_UP') AS difference)
        WHERE difference <> 0
        """,
    ),
    Check(
        "I6",
        "each wallet is what its ledger says",
        """
        SELECT d.driver_id FROM driver d LEFT JOIN (
            SELECT driver_id,
                   SUM(CASE WHEN credit = 'wallet' THEN cents WHEN debit = 'wallet' THEN -cents ELSE 0 END) AS wallet,
                   SUM(CASE WHEN credit = 'held' THEN cents WHEN debit = 'held' THEN -cents ELSE 0 END) AS held
            FROM ledger GROUP BY driver_id) l USING (driver_id)
        WHERE d.balance_cents <> COALESCE(l.wallet, 0) OR d.held_cents <> COALESCE(l.held, 0)
        """,
    ),
    Check(
        "I6",
        "a closed session holds no money",
        """
        SELECT s.session_id FROM session s JOIN ledger l USING (session_id)
        WHERE s.state IN ('TICKETED', 'REFUSED')
        GROUP BY s.session_id
        HAVING SUM(CASE WHEN l.credit = 'held' THEN l.cents WHEN l.debit = 'held' THEN -l.cents ELSE 0 END) <> 0
        """,
    ),
    Check(
        "I6",
        "money is held for open sessions alone",
        """
        SELECT d.driver_id FROM driver d LEFT JOIN (
            SELECT driver_id, SUM(hold_cents) AS held FROM session WHERE state IN ('AUTHORISED', 'CHARGING')
            GROUP BY driver_id) s USING (driver_id)
        WHERE d.held_cents <> COALESCE(s.held, 0)
        """,
    ),
    Check(
        "I7",
        "every ticket's cents follow from its energy and its price",
        f"""
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id)
        WHERE t.cost_cents <> {_COST}
           OR t.price_centi_cents_per_kwh <> s.price_centi_cents_per_kwh
        """,  # noqa: S608
    ),
    Check(
        "I8",
        "no ticket costs more than was held for it",
        "SELECT t.session_id FROM ticket t JOIN session s USING (session_id) "
        "WHERE s.hold_cents > 0 AND t.cost_cents > s.hold_cents",
    ),
    Check(
        "I9",
        "no charging point has two open sessions",
        "SELECT cp_id FROM session WHERE state IN ('AUTHORISED', 'CHARGING') GROUP BY cp_id HAVING COUNT(*) > 1",
    ),
    Check(
        "I13",
        "every session that started and ended has a ticket",
        "SELECT s.session_id FROM session s LEFT JOIN ticket t USING (session_id) "
        "WHERE s.state = 'TICKETED' AND t.session_id IS NULL",
    ),
    Check(
        "I13",
        "no ticket without a session that started",
        "SELECT t.session_id FROM ticket t JOIN session s USING (session_id) WHERE s.state <> 'TICKETED'",
    ),
    Check(
        "I6",
        "every day of the statistics is what its tickets say",
        """
        SELECT cp_id || ' on ' || day FROM (
            SELECT cp_id, day, sessions, energy_mwh, revenue_cents FROM daily
            UNION ALL
            SELECT cp_id, substr(ended_at, 1, 10), COUNT(*), SUM(energy_mwh), SUM(cost_cents)
            FROM ticket GROUP BY cp_id, substr(ended_at, 1, 10))
        GROUP BY cp_id, day, sessions, energy_mwh, revenue_cents HAVING COUNT(*) <> 2
        """,
        table="daily",
    ),
    Check(
        "I13",
        "a ticket captured what it says, once",
        """
        SELECT t.session_id FROM ticket t JOIN session s USING (session_id)
        LEFT JOIN (SELECT session_id, SUM(cents) AS cents FROM ledger WHERE kind = 'CAPTURE' GROUP BY session_id) c
            USING (session_id)
        WHERE s.hold_cents > 0 AND COALESCE(c.cents, 0) <> t.cost_cents
        """,
    ),
)


def violations(connection: sqlite3.Connection) -> list[str]:
    """Return one line for each invariant that the books of `connection` break; [] when all hold."""
    found = []
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for check in CHECKS:
        if check.table not in tables:
            continue
        rows = connection.execute(check.sql).fetchmany(4)
        if rows:
            named = ", ".join(str(row[0]) for row in rows[:3]) + (" …" if len(rows) > 3 else "")
            found.append(f"{check.number} broken: {check.says}: {named}")
    return found
