"""Pages of what the books hold, for whoever asks: sessions, tickets, the audit log. Reads only."""

from datetime import datetime
from typing import Any

import msgspec

from evcharge.database import Database, Row
from evcharge.errors import BadInput
from evcharge.events import AnyEvent, Event
from evcharge.ids import DriverId

OPEN = "open"
_STATES = {
    OPEN: "state IN ('AUTHORISED', 'CHARGING')",
    "ended": "state IN ('TICKETED', 'REFUSED')",
    **{state.lower(): f"state = '{state}'" for state in ("AUTHORISED", "CHARGING", "TICKETED", "REFUSED")},
}
STATES = tuple(_STATES)


class Archive:
    """Asks central.db; every page is bounded, newest first, and names the cursor of the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(
        self, *, limit: int, state: str = "", driver_id: str = "", cp_id: str = "", before: str = ""
    ) -> tuple[list[Row], str | None]:
        """Return sessions with what they have cost so far as stored, and the cursor of the older ones."""
        where = [_STATES[state]] if state else []
        return await self._page("session", "authorised_at", where, limit, driver_id, cp_id, before)

    async def tickets(
        self, *, limit: int, driver_id: str = "", cp_id: str = "", before: str = ""
    ) -> tuple[list[Row], str | None]:
        """Return tickets, and the cursor of the older ones."""
        return await self._page("ticket", "ended_at", [], limit, driver_id, cp_id, before)

    async def events(self, *, limit: int, after: int | None = None) -> list[Row]:
        """Return rows of the audit log, oldest first: those after number `after`, else the last ones."""
        if after is not None:
            sql = "SELECT * FROM events WHERE n > :after ORDER BY n LIMIT :limit"
            return await self._database.read(sql, {"after": after, "limit": limit})
        sql = "SELECT * FROM events ORDER BY n DESC LIMIT :limit"
        return list(reversed(await self._database.read(sql, {"limit": limit})))

    async def happened(self, limit: int) -> list[tuple[datetime, Event]]:
        """Return the last events, oldest first, with their instants."""
        found: list[tuple[datetime, Event]] = []
        for row in await self.events(limit=limit):
            try:
                event = msgspec.json.decode(row["data"], type=AnyEvent)
            except msgspec.ValidationError:
                continue  # of a newer or older evcharge
            found.append((datetime.fromisoformat(row["at"]), event))
        return found

    async def top_up(self, reference: str) -> tuple[DriverId, int] | None:
        """Return whose top-up has that reference, and its cents."""
        sql = "SELECT driver_id, cents FROM ledger WHERE reference = :reference"
        rows = await self._database.read(sql, {"reference": reference})
        return (DriverId(rows[0]["driver_id"]), rows[0]["cents"]) if rows else None

    async def _page(
        self, table: str, time: str, where: list[str], limit: int, driver_id: str, cp_id: str, before: str
    ) -> tuple[list[Row], str | None]:
        params: dict[str, Any] = {"limit": limit + 1}
        for name, value in (("driver_id", driver_id), ("cp_id", cp_id)):
            if value:
                where = [*where, f"{name} = :{name}"]
                params[name] = value
        if before:
            at, session_id = _cursor(before)
            where = [*where, f"({time}, session_id) < (:at, :session_id)"]
            params |= {"at": at, "session_id": session_id}
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        rows = await self._database.read(
            f"SELECT * FROM {table} {condition} ORDER BY {time} DESC, session_id DESC LIMIT :limit",  # noqa: S608
            params,
        )
        page = rows[:limit]
        return page, f"{page[-1][time]}~{page[-1]['session_id']}" if len(rows) > limit else None


def _cursor(text: str) -> tuple[str, str]:
    at, tilde, session_id = text.partition("~")
    try:
        if not tilde or len(text) > 200:
            raise ValueError
        instant = datetime.fromisoformat(at.replace(" ", "+"))
        return instant.isoformat(timespec="microseconds"), session_id
    except ValueError:
        raise BadInput("before must be the `next` of an earlier page.") from None
