"""The books, looked at ten times a second as they are at one instant: no cent, ticket or charge too many or too few."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import asyncpg

from tests.cluster.postgres_pair import Pair

_EVERY_S = 0.1
_WITHIN_S = 5.0
# What sessions cost that somebody pays for.
_PAID = "JOIN session s USING (session_id) WHERE s.hold_cents + s.short_cents > 0"
_OPEN = "FROM session WHERE state IN ('AUTHORISED', 'CHARGING') GROUP BY"
_LOOK = f"""
SELECT
    (SELECT COALESCE(SUM(balance_cents + held_cents), 0) FROM driver)
    + (SELECT COALESCE(SUM(balance_cents), 0) FROM former_wallet)
    + (SELECT COALESCE(SUM(t.cost_cents), 0) FROM ticket t {_PAID})
    + (SELECT COALESCE(SUM(c.cost_cents), 0) FROM correction c {_PAID})
    - (SELECT COALESCE(SUM(left_cents), 0) FROM debt)
    - (SELECT COALESCE(SUM(CASE WHEN debit = 'outside' THEN cents ELSE -cents END), 0) FROM ledger
       WHERE 'outside' IN (debit, credit)) AS difference,
    (SELECT COUNT(*) FROM ticket) AS tickets,
    (SELECT COUNT(*) FROM ledger WHERE kind = 'TOP_UP') AS top_ups,
    (SELECT COALESCE(MAX(n), 0) FROM events) AS events,
    (SELECT COUNT(*) FROM (SELECT 1 {_OPEN} cp_id HAVING COUNT(*) > 1) two) AS busy_twice,
    (SELECT COUNT(*) FROM (SELECT 1 {_OPEN} driver_id HAVING COUNT(*) > 1) two) AS charging_twice
"""
# Whoever is taken for silent has had its whole lease; the database notes when not.
_WITNESS = """
CREATE SCHEMA IF NOT EXISTS proof;
CREATE TABLE IF NOT EXISTS proof.deposed (tx bigint, name text, early interval);
CREATE TABLE IF NOT EXISTS proof.broken (name text, cause text, early interval);
CREATE OR REPLACE FUNCTION proof.on_central() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.owner <> '' AND NEW.owner = '' THEN
        INSERT INTO proof.deposed VALUES (txid_current(), OLD.name, OLD.until - clock_timestamp());
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION proof.on_leader() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO proof.broken SELECT name, NEW.cause, early FROM proof.deposed
    WHERE tx = txid_current() AND NEW.cause = 'silent' AND early > interval '0';
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER proof_central BEFORE UPDATE ON central FOR EACH ROW EXECUTE FUNCTION proof.on_central();
CREATE OR REPLACE TRIGGER proof_leader BEFORE UPDATE ON leader FOR EACH ROW EXECUTE FUNCTION proof.on_leader();
"""
# A database that is away, or going, or coming.
_AWAY = (
    OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError, asyncpg.InterfaceError,
)  # fmt: skip
_BROKEN = "SELECT name, early::text FROM proof.broken"


@dataclass
class Bank:
    """Looks until it is cancelled."""

    pair: Pair
    snapshots: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    _most: dict[str, int] = field(default_factory=dict)

    async def witness(self) -> None:
        """Let the database note a take-over that came too early."""
        connection = await asyncpg.connect(self.pair.url)
        await connection.execute(_WITNESS)
        await connection.close()

    async def look(self) -> None:
        """Look ten times a second for ever; a database that is away is asked again. Raises what else it says."""
        while True:
            with contextlib.suppress(*_AWAY):
                connection = await asyncpg.connect(
                    self.pair.url, timeout=_WITHIN_S, command_timeout=_WITHIN_S
                )
                try:
                    while True:
                        await self._once(connection)
                        await asyncio.sleep(_EVERY_S)
                finally:
                    connection.terminate()
            await asyncio.sleep(_EVERY_S)

    async def _once(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            row = await connection.fetchrow(_LOOK)
        self.snapshots += 1
        found = []
        if row["difference"]:
            found.append(f"{row['difference']} cents too many")
        for name in ("busy_twice", "charging_twice"):
            if row[name]:
                found.append(f"{row[name]} {name.replace('_', ' ')}")
        for name in ("tickets", "top_ups", "events"):
            if row[name] < (most := self._most.get(name, 0)):
                found.append(f"{most} {name} were stored, now {row[name]} are")
            self._most[name] = max(most, row[name])
        if found:
            self.bad += 1
            if len(self.problems) < 5:
                self.problems.append(f"snapshot {self.snapshots}: {', '.join(found)}")

    async def taken_early(self) -> list[str]:
        """Return who was taken for silent before its lease was over."""
        connection = await asyncpg.connect(self.pair.url)
        try:
            rows = await connection.fetch(_BROKEN)
        finally:
            await connection.close()
        return [f"{row['name']} was deposed {row['early']} before its lease was over" for row in rows]
