"""Central's clock is off PostgreSQL's: an alert, which ends when it is right again."""

from datetime import timedelta
from pathlib import Path

from evcharge.runtime.clock import utc_now
from evcharge.storage import postgres_lease
from tests.component import engines
from tests.component.point import Lines
from tests.component.test_start_retry import lines, started, state

__all__ = ["lines", "state"]
ENGINES = (engines.POSTGRES,)


async def test_it_is_said_while_it_is_so_also_after_a_restart(state: Path, lines: Lines, monkeypatch):
    monkeypatch.setattr(postgres_lease, "_MINUTE_S", 0.0)
    monkeypatch.setattr(postgres_lease, "utc_now", lambda: utc_now() + timedelta(hours=1))
    url = engines.address(state)
    async with started("central", state, url):
        await lines.says(r"ALERT the clock of this machine is \+3[56]\d\d s from that of the database")
    with engines.looked_at(state) as books:
        assert [row[0] for row in books.execute("SELECT type FROM events WHERE type LIKE 'Clock%'")] == [
            "ClockOff"
        ]
    monkeypatch.setattr(postgres_lease, "utc_now", utc_now)
    async with started("central", state, url):
        await lines.says("the clock of this machine is right again")
