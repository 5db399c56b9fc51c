"""What `evcharge audit verify` says of charges after a restore: which were rebuilt, and which nobody was billed for."""

from collections.abc import Iterator

from evcharge.domain.audit_findings import AuditFinding
from evcharge.storage.database import Row
from evcharge.storage.reading import Connection

# The schemas that keep records by session, and sessions that were rebuilt.
_RECORDS_SINCE, _REBUILT_SINCE = 6, 19
# More names than this are only counted: the books list them.
_MOST_NAMES = 12
# Each session in the quarantine: whether Central signed its start, what it supplied, and what became of it here.
_ASIDE = """
SELECT q.cp_id, q.session_id, s.state,
    MAX(q.kind = 'SUPPLY_START' AND q.ours) AS signed,
    MAX(CASE WHEN q.kind IN ('METER', 'SUPPLY_END') THEN json_extract(q.record, '$.meter_mwh') END)
        - MAX(CASE WHEN q.kind = 'SUPPLY_START' THEN json_extract(q.record, '$.meter_mwh') END) AS energy_mwh
FROM quarantine q LEFT JOIN session s USING (session_id)
WHERE q.session_id IS NOT NULL AND json_valid(q.record)
    AND COALESCE(s.state, '') NOT IN ('AUTHORISED', 'CHARGING')
    AND NOT EXISTS (SELECT 1 FROM ticket t WHERE t.session_id = q.session_id)
GROUP BY q.cp_id, q.session_id ORDER BY MIN(q.id)
"""
_REBUILT = """
SELECT s.session_id, s.cp_id, s.driver_id, s.state, t.energy_mwh, t.cost_cents
FROM session s LEFT JOIN ticket t USING (session_id) WHERE s.rebuilt ORDER BY s.authorised_at, s.session_id
"""


def unbilled(connection: Connection) -> Iterator[AuditFinding]:
    """Yield each session whose records were set aside, though they are money: Central authorised it."""
    for row in _aside(connection):
        energy_mwh = row["energy_mwh"] or 0
        if row["signed"] or (row["state"] is not None and energy_mwh > 0):
            yield AuditFinding(
                "unbilled", session_id=row["session_id"], cp_id=row["cp_id"], energy_mwh=energy_mwh
            )


def unsigned(connection: Connection) -> Iterator[AuditFinding]:
    """Yield a finding when energy lies in the quarantine that no signature of this Central stands for."""
    strange = [row for row in _aside(connection) if row["state"] is None and not row["signed"]]
    supplied = [row for row in strange if (row["energy_mwh"] or 0) > 0]
    if supplied:
        points = tuple(sorted({row["cp_id"] for row in supplied}))
        yield AuditFinding("unsigned", count=len(supplied), points=points)


def rebuilt(connection: Connection) -> Iterator[AuditFinding]:
    """Yield what was rebuilt from the journals of the engines, because a restored copy lacked it."""
    if _schema(connection) < _REBUILT_SINCE:
        return
    rows = connection.execute(_REBUILT).fetchall()
    if not rows:
        return
    sessions: object = tuple(row["session_id"] for row in rows[:_MOST_NAMES])
    if len(rows) > _MOST_NAMES:
        sessions = AuditFinding("some of", some=sessions, more=len(rows) - _MOST_NAMES)
    energy_mwh = sum(row["energy_mwh"] or 0 for row in rows)
    cents = sum(row["cost_cents"] or 0 for row in rows)
    running = sum(row["state"] in ("AUTHORISED", "CHARGING") for row in rows)
    yield AuditFinding(
        "rebuilt",
        sessions=sessions,
        energy_mwh=energy_mwh,
        cost_cents=cents,
        running=AuditFinding("running", count=running),
    )


def _aside(connection: Connection) -> list[Row]:
    return connection.execute(_ASIDE).fetchall() if _schema(connection) >= _RECORDS_SINCE else []


def _schema(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
