"""Pages of what the books hold, for whoever asks: sessions, tickets, history, the audit log. Reads only.

Each query finds its page in an index, however much the books hold (tests/component/test_archive.py looks at the
plans); where two would do, a unary plus says which is the narrower.
"""

import re
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from evcharge.central.books.rows import issuer_of, of_registration, weather_of
from evcharge.central.rules.alert_kinds import NOT_UNDERSTOOD
from evcharge.central.rules.facts import TransferKind, Weather
from evcharge.domain import events
from evcharge.domain.errors import BadInput, Code
from evcharge.domain.events import (
    AlertLeft,
    AlertTaken,
    Event,
    InputRefused,
    LoginRefused,
    PointAdded,
    PointMoved,
    RegistryNoted,
    Unread,
    stored,
)
from evcharge.domain.ids import CpId, DriverId, natural
from evcharge.domain.issuer import Issuer
from evcharge.domain.location import NOWHERE, Location
from evcharge.domain.timestamps import text_of
from evcharge.storage.books import Readable, Row

OPEN = "open"
_STATES = {
    OPEN: "state IN ('AUTHORISED', 'CHARGING')",
    # Nearly all are: the index of the state would only be in the way.
    "ended": "+state IN ('TICKETED', 'REFUSED')",
    **{state.lower(): f"state = '{state}'" for state in ("AUTHORISED", "CHARGING", "TICKETED", "REFUSED")},
}
STATES = tuple(_STATES)
# The changes of status that one charging point may show at once.
MAX_HISTORY = 500
# A session has a few events; one that was broken off and resumed all day has more.
MAX_EVENTS_OF_ONE = 1000
# No session has a longer id.
_MAX_ID = 200
# Of one driver in one month.
MAX_MOVEMENTS_OF_MONTH = 1000
# What may explain the course of a charge and names no session: of its charging point, and of Central.
_MEANWHILE_THERE = (
    "FaultReported", "FaultCleared", "EngineConnected", "EngineLost", "MonitorConnected", "MonitorLost", "HoldPlaced",
    "HoldLifted", "VehiclePluggedIn", "VehicleUnplugged", "KeyRevoked", "PointMoved",
)  # fmt: skip
_MEANWHILE_HERE = ("CentralStarted", "CentralStopped", "ClockJumped")
# Tickets that are read at once for a report: a few milliseconds.
_REPORT_PAGE = 1000


@dataclass(frozen=True, slots=True)
class StatusSpan:
    """What a charging point showed from `at` until `until` (None: still)."""

    at: str
    status: str
    reason: str
    until: str | None


# Cents that came into the wallet, or (below 0) went out of it.
_MOVED = """
SELECT kind, driver_id, registration, session_id, CASE WHEN credit = 'wallet' THEN cents ELSE -cents END AS cents
FROM ledger WHERE reference = :reference
"""
_MOVED_ON_TICKET = """
SELECT 'CORRECTION' AS kind, ticket.driver_id, ticket.registration, correction.session_id,
    -correction.cost_cents AS cents
FROM correction JOIN ticket USING (session_id) WHERE correction.reference = :reference
"""


# What begins an alert that no fact tells and that waits for an operator.
_BEGIN_ALERTS, _MOST_BEGINNINGS = (
    "RecordQuarantined", "LoginRefused", "InputRefused", "RegistryNoted", "RegistryLost", "ClockJumped",
    "WelcomeWithheld", "ChainBroken", "NotifyLost", "MemberAway",
), 1000  # fmt: skip
# What ends an alert, or says who has it, by what begins one: rows before the first beginning need not be read.
_END_ALERTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("AlertClosed", "AlertTaken", "AlertLeft"), (*_BEGIN_ALERTS, "TicketMade", "TicketCorrected")
    ),
    **dict.fromkeys(
        ("PointWithdrawn", "DriverWithdrawn"),
        ("RecordQuarantined", "LoginRefused", "InputRefused", "RegistryNoted"),
    ),
    **dict.fromkeys(("KeyRevoked", "DriverBlocked"), ("LoginRefused",)),
    "RegistryReached": ("RegistryLost",),
    "NotifyReached": ("NotifyLost",),
    "MemberBack": ("MemberAway",),
}
_MOST_ENDS = 5000
_OF_TYPE = """
SELECT n, at, type, data FROM events WHERE type = :type AND n > :after AND n < :before ORDER BY n DESC LIMIT :limit
"""
# Who was understood last. It may have been before a wrong credential was heard of, and after it was shown.
_UNDERSTOOD = """
SELECT * FROM events WHERE actor = :who AND n < :before
    AND +type IN ('EngineConnected', 'MonitorSpoke', 'DriverConnected', 'FiguresUnderstood') ORDER BY n DESC LIMIT 1
"""
_TICKETED = """
SELECT * FROM events WHERE session_id IN (SELECT value FROM json_each(:ids)) AND n < :before
    AND +type IN ('TicketMade', 'TicketCorrected')
"""
_TAKEN = "SELECT * FROM events WHERE type IN ('AlertTaken', 'AlertLeft') ORDER BY n DESC LIMIT 1000"
_BEGUN_SINCE = """
SELECT 1 FROM events WHERE cp_id = :cp_id AND n > :n
    AND +type IN ('FaultReported', 'FaultCleared', 'KeyRevoked', 'KeyRestored', 'JournalReplaced') LIMIT 1
"""
_MOVED_BETWEEN = """
SELECT at, kind, CASE WHEN credit = 'wallet' THEN cents ELSE -cents END AS cents, session_id, reason
FROM ledger WHERE driver_id = :driver_id AND registration = :registration AND at >= :since AND at <= :until
    AND kind IN ('TOP_UP', 'CORRECTION', 'PAY_OUT') AND session_id IS NULL
ORDER BY id LIMIT :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Cents that an order put into a wallet, or (below 0) took out; with a session, by a correction of its ticket."""

    kind: str
    driver_id: DriverId
    registration: int
    session_id: str | None
    cents: int

    def is_what(
        self, kind: TransferKind, driver_id: DriverId | None, session_id: str | None, cents: int | None
    ) -> bool:
        """Return whether this is that order; None of a driver or an amount: whatever it is."""
        return (
            self.kind == kind
            and driver_id in (None, self.driver_id)
            and session_id == self.session_id
            and cents in (None, self.cents)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Which page of a list of sessions or tickets, newest first: whose, between which instants, beyond which cursor.

    With a `registration` above 0 none of whoever had the driver's id before.
    """

    limit: int
    driver_id: str = ""
    registration: int = 0
    cp_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: str = ""
    after: str = ""


@dataclass(slots=True)
class ReportRow:
    """What the tickets of one driver, or one charging point, come to; `elapsed_s` as far as engines told it."""

    id: str
    registration: int = 0
    sessions: int = 0
    energy_mwh: int = 0
    cost_cents: int = 0
    elapsed_s: int = 0


@dataclass(slots=True)
class Whereabouts:
    """Where charging points have stood, and since when."""

    since: dict[str, list[str]] = field(default_factory=dict)
    at: dict[str, list[Location]] = field(default_factory=dict)

    def of(self, cp_id: str, instant: str) -> Location:
        """Return where `cp_id` stood at an instant of the books; before its first word, where it stood first."""
        known = self.at.get(cp_id)
        return known[max(0, bisect_right(self.since[cp_id], instant) - 1)] if known else NOWHERE


class Archive:
    """Asks central.db; every page is bounded, newest first, and names the cursor of the next one."""

    def __init__(self, database: Readable) -> None:
        self._database = database
        # Rows of the audit log that were wanted and could not be read.
        self.unread: set[int] = set()

    async def sessions(self, page: ListPage, state: str = "") -> tuple[list[Row], str | None]:
        """Return a page of sessions, and the cursor of those beyond: the older, with `after` the newer ones.

        `since` and `until` are about their end, by which they are in order then: what is still open ends last.
        """
        where = [_STATES[state]] if state else []
        if page.driver_id or page.cp_id:
            # A driver or a charging point has fewer of them than a state has.
            where = [f"+{condition.removeprefix('+')}" for condition in where]
        return await self._page("session", where, page)

    async def tickets(self, page: ListPage) -> tuple[list[Row], str | None]:
        """Return a page of tickets, and the cursor of those beyond: as `sessions`."""
        return await self._page("ticket", [], page)

    async def corrections(self, session_ids: Sequence[str]) -> dict[str, list[Row]]:
        """Return what has been put right since, of each of those tickets that has any, in its order."""
        rows = await self._database.read(
            "SELECT * FROM correction WHERE session_id IN (SELECT value FROM json_each(:ids)) "
            "ORDER BY session_id, number",
            {"ids": msgspec.json.encode(session_ids).decode()},
        )
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row["session_id"], []).append(row)
        return found

    async def whereabouts(self, cp_id: str = "") -> Whereabouts:
        """Return where all charging points, or that one, have stood: as many rows as there were moves."""
        of_it = "cp_id = :cp_id AND " if cp_id else ""
        rows = await self._database.read(
            "SELECT n, at, type, data FROM events "  # noqa: S608
            f"WHERE {of_it}type IN ('PointAdded', 'PointMoved') ORDER BY n",
            {"cp_id": cp_id} if cp_id else {},
        )
        found = Whereabouts()
        for row in rows:
            event = stored(row["n"], row["type"], row["data"])
            if isinstance(event, PointAdded | PointMoved):
                found.since.setdefault(event.cp_id, []).append(row["at"])
                found.at.setdefault(event.cp_id, []).append(Location(event.location))
        return found

    async def issuers(self, configured: Issuer) -> list[Issuer]:
        """Return all who issued receipts, the oldest first; whom the settings name, while the books know none."""
        rows = await self._database.read("SELECT * FROM issuer ORDER BY number")
        return [issuer_of(row) for row in rows] or [configured]

    async def weathers(self) -> dict[str, Weather]:
        """Return what the weather's source says of each location, by its key."""
        rows = await self._database.read("SELECT * FROM weather")
        return {row["place"]: weather_of(row) for row in rows}

    async def report(
        self, by: str, since: datetime, until: datetime, pause: Callable[[], Awaitable[None]]
    ) -> list[ReportRow]:
        """Return what the tickets that ended between two instants come to, corrections included: a row for each.

        `by` is "driver" (each registration of an id is somebody else) or "cp". A page at a time: `pause` comes between.
        """
        found: dict[tuple[str, int], ReportRow] = {}
        more: str | None = ""
        while more is not None:
            rows, more = await self.tickets(
                ListPage(limit=_REPORT_PAGE, since=since, until=until, before=more)
            )
            for row in rows:
                key = (row["driver_id"], row["registration"]) if by == "driver" else (row["cp_id"], 0)
                of_it = found.setdefault(key, ReportRow(*key))
                of_it.sessions += 1
                of_it.energy_mwh += row["energy_mwh"] + row["corrected_mwh"]
                of_it.cost_cents += row["cost_cents"] + row["corrected_cents"]
                of_it.elapsed_s += row["elapsed_s"] or 0
            await pause()
        return [found[key] for key in sorted(found, key=lambda key: (natural(key[0]), key[1]))]

    async def session(self, session_id: str) -> tuple[Row, Row | None, list[Row]] | None:
        """Return one session, its ticket and its events, oldest first; None when there is no such session."""
        if len(session_id) > _MAX_ID:
            return None
        of_it = {"session_id": session_id, "limit": MAX_EVENTS_OF_ONE}
        found = await self._database.read(
            f"SELECT {_COLUMNS_OF['session']} FROM session WHERE session_id = :session_id",  # noqa: S608
            of_it,
        )
        if not found:
            return None
        tickets = await self._database.read(
            f"SELECT {_COLUMNS_OF['ticket']} FROM ticket_now WHERE session_id = :session_id",  # noqa: S608
            of_it,
        )
        events = await self._database.read(
            "SELECT * FROM events WHERE session_id = :session_id ORDER BY n LIMIT :limit", of_it
        )
        return found[0], tickets[0] if tickets else None, events

    async def course(self, session_id: str) -> list[Row]:
        """Return the readings that are kept of a session, oldest first."""
        return await self._database.read(
            "SELECT elapsed_s, energy_mwh, speed_permille, battery_permille FROM reading "
            "WHERE session_id = :session_id ORDER BY elapsed_s",
            {"session_id": session_id},
        )

    async def on_paper(self, session_id: str) -> tuple[int, list[Row]] | None:
        """Return the number of a session's receipt, and what has put its ticket right; None without a ticket."""
        of_it = {"session_id": session_id}
        numbers = await self._database.read(
            "SELECT number FROM receipt WHERE session_id = :session_id", of_it
        )
        if not numbers:
            return None
        sql = "SELECT * FROM correction WHERE session_id = :session_id ORDER BY number"
        return numbers[0]["number"], await self._database.read(sql, of_it)

    async def meanwhile(self, cp_id: str, first: int, last: int) -> list[Row]:
        """Return what happened to a charging point, and to Central, between two rows of the audit log, oldest first."""
        of_it = {"cp_id": cp_id, "first": first, "last": last, "limit": MAX_EVENTS_OF_ONE}
        rows: list[Row] = []
        for types, of in ((_MEANWHILE_THERE, "cp_id = :cp_id AND +type"), (_MEANWHILE_HERE, "type")):
            names = ", ".join(f"'{name}'" for name in types)
            where = f"{of} IN ({names}) AND n > :first AND n < :last"
            rows += await self._database.read(
                f"SELECT * FROM events WHERE {where} ORDER BY n LIMIT :limit",  # noqa: S608
                of_it,
            )
        return sorted((row for row in rows if row["session_id"] is None), key=lambda row: int(row["n"]))

    async def movements(
        self, driver_id: DriverId, registration: int, since: datetime, until: datetime
    ) -> tuple[list[Row], bool]:
        """Return what moved in a wallet apart from its charges between two instants, oldest first.

        And whether there was more than MAX_MOVEMENTS_OF_MONTH.
        """
        of_it = {"driver_id": driver_id, "registration": registration, "limit": MAX_MOVEMENTS_OF_MONTH + 1}
        between = {"since": text_of(since), "until": text_of(until)}
        rows = await self._database.read(_MOVED_BETWEEN, of_it | between)
        return rows[:MAX_MOVEMENTS_OF_MONTH], len(rows) > MAX_MOVEMENTS_OF_MONTH

    async def history(self, cp_id: CpId, since: datetime) -> list[StatusSpan]:
        """Return what a charging point has shown since an instant, oldest first."""
        sql = "SELECT at, status, reason, until FROM status_log WHERE cp_id = :cp_id ORDER BY n DESC LIMIT :limit"
        rows = await self._database.read(sql, {"cp_id": cp_id, "limit": MAX_HISTORY})
        found: list[StatusSpan] = []
        until, first = None, text_of(since)
        for row in rows:
            # Where the clock was set, a gap follows; where it was set back unseen, nothing ends before it began.
            ended = row["until"] or until
            found.append(StatusSpan(row["at"], row["status"], row["reason"], ended and max(ended, row["at"])))
            until = row["at"]
            if until <= first:
                break
        return found[::-1]

    async def events(
        self,
        *,
        limit: int,
        after: int | None = None,
        before: int | None = None,
        type_: str = "",
        who: str = "",
        cp_id: str = "",
    ) -> list[Row]:
        """Return rows of the audit log, oldest first: the first after number `after`, else the last (`before`)."""
        where, params = [], dict[str, Any](limit=limit)
        narrow = ""
        for name, value in (("cp_id", cp_id), ("actor", who), ("type", type_)):
            if value:
                # The first of them finds the rows in its index; the others only look at what is found.
                where.append(f"{narrow}{name} = :{name}")
                params[name] = value
                narrow = "+"
        for name, number, sign in (("after", after, ">"), ("before", before, "<")):
            if number is not None:
                where.append(f"n {sign} :{name}")
                params[name] = number
        order = "DESC" if after is None else "ASC"
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        rows = await self._database.read(
            f"SELECT * FROM events {condition} ORDER BY n {order} LIMIT :limit",  # noqa: S608
            params,
        )
        return rows if after is not None else rows[::-1]

    async def happened(self, limit: int) -> list[tuple[datetime, Event]]:
        """Return the last events, oldest first, with their instants; Unread stands for what cannot be read."""
        found: list[tuple[datetime, Event]] = []
        for row in await self.events(limit=limit):
            event = stored(row["n"], row["type"], row["data"])
            if isinstance(event, Unread):
                self.unread.add(row["n"])
            found.append((datetime.fromisoformat(row["at"]), event))
        return found

    async def alerting_before(self, recent: int, owed: Sequence[str]) -> list[tuple[datetime, Event]]:
        """Return what lies further back than the last `recent` rows of alerts that an operator ends, oldest first.

        So many of each type, however long the log is. `owed`: the sessions of which something is still to be paid.
        """
        last = await self.events(limit=1)
        before = last[-1]["n"] - recent + 1 if last else 0
        begun = [
            row for name in _BEGIN_ALERTS for row in await self._of_type(name, 0, before, _MOST_BEGINNINGS)
        ]
        ids = msgspec.json.encode(owed).decode()
        debts = await self._database.read(_TICKETED, {"ids": ids, "before": before}) if owed else []
        first: dict[str, int] = {}
        for row in (*begun, *debts):
            first[row["type"]] = min(row["n"], first.get(row["type"], before))
        ended, horizon = list[Row](), 0
        for name, of in _END_ALERTS.items():
            since = min((first[one] for one in of if one in first), default=before)
            of_it = await self._of_type(name, since, before, _MOST_ENDS)
            if len(of_it) == _MOST_ENDS:
                # What began earlier may have ended further back than is read.
                horizon = max(horizon, of_it[-1]["n"])
            ended += of_it
        begun = [row for row in begun if row["n"] >= horizon]
        rows = [*begun, *ended, *debts, *await self._understood(begun, before)]
        rows.sort(key=lambda row: int(row["n"]))
        return [
            (datetime.fromisoformat(row["at"]), stored(row["n"], row["type"], row["data"])) for row in rows
        ]

    async def _of_type(self, type_: str, after: int, before: int, limit: int) -> list[Row]:
        """Return the last rows of a type between two numbers, newest first."""
        return await self._database.read(
            _OF_TYPE, {"type": type_, "after": after, "before": before, "limit": limit}
        )

    async def _understood(self, rows: Sequence[Row], before: int) -> list[Row]:
        """Return of each whose word was not understood what shows that it was, last."""
        misheard = {_misheard(stored(row["n"], row["type"], row["data"])) for row in rows} - {""}
        return [
            row
            for who in sorted(misheard)
            for row in await self._database.read(_UNDERSTOOD, {"who": who, "before": before})
        ]

    async def taken_alerts(self, alert_ids: Mapping[str, str]) -> list[tuple[datetime, Event]]:
        """Return who took each of these alerts of charging points (id → charging point), if nothing has begun since.

        For those whose beginning lies further back than what is read at a start.
        """
        rows = await self._database.read(_TAKEN) if alert_ids else []
        last: dict[str, tuple[Row, Event]] = {}
        for row in rows:
            event = stored(row["n"], row["type"], row["data"])
            if isinstance(event, (AlertTaken, AlertLeft)) and event.alert_id in alert_ids:
                last.setdefault(event.alert_id, (row, event))
        found: list[tuple[datetime, Event]] = []
        for alert_id, (row, event) in last.items():
            newer = await self._database.read(_BEGUN_SINCE, {"cp_id": alert_ids[alert_id], "n": row["n"]})
            if isinstance(event, AlertTaken) and not newer:
                found.append((datetime.fromisoformat(row["at"]), event))
        return found

    async def moved(self, reference: str) -> Moved | None:
        """Return the movement of money that has that reference."""
        of_it = {"reference": reference}
        rows = await self._database.read(_MOVED_ON_TICKET, of_it) or await self._database.read(_MOVED, of_it)
        if not rows:
            return None
        return Moved(
            kind=rows[0]["kind"],
            driver_id=DriverId(rows[0]["driver_id"]),
            registration=rows[0]["registration"],
            session_id=rows[0]["session_id"],
            cents=rows[0]["cents"],
        )

    async def _page(self, table: str, where: list[str], page: ListPage) -> tuple[list[Row], str | None]:
        time = order_of(table, page.since, page.until)
        params: dict[str, Any] = {"limit": page.limit + 1}
        if page.driver_id:
            where = [*where, f"driver_id = :driver_id {of_registration(page.registration)}"]
            params |= {"driver_id": page.driver_id, "registration": page.registration}
        if page.cp_id:
            where = [*where, f"{'+' if page.driver_id else ''}cp_id = :cp_id"]
            params["cp_id"] = page.cp_id
        for name, instant, sign in (("since", page.since, ">="), ("until", page.until, "<=")):
            if instant is not None:
                where = [*where, f"{time} {sign} :{name}"]
                params[name] = text_of(instant)
        for name, text, sign in (("before", page.before, "<"), ("after", page.after, ">")):
            if text:
                params[f"{name}_at"], params[f"{name}_id"] = _place(table, name, text)
                where = [*where, f"({time}, session_id) {sign} (:{name}_at, :{name}_id)"]
        order = "ASC" if page.after else "DESC"
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        found = await self._database.read(
            f"SELECT {_COLUMNS_OF[table]} FROM {_SOURCE_OF[table]} {condition} "  # noqa: S608
            f"ORDER BY {time} {order}, session_id {order} LIMIT :limit",
            params,
        )
        rows = found[: page.limit]
        beyond = cursor(table, rows[-1], time) if len(found) > page.limit else None
        return (rows[::-1] if page.after else rows), beyond


def _misheard(event: Event) -> str:
    """Return whose word was not understood, as `event` says, or ""."""
    match event:
        case LoginRefused(claimed=who, code=code) | InputRefused(who=who, code=code) if (
            code in NOT_UNDERSTOOD
        ):
            return who
        case RegistryNoted(what=events.TICKET_ASKED, result=Code.CREDENTIAL, target=who):
            return who
        case _:
            return ""


_SOURCE_OF: Mapping[str, str] = {"session": "session", "ticket": "ticket_now"}
_OWED = "COALESCE((SELECT left_cents FROM debt WHERE debt.session_id = {of}.session_id), 0) AS owed_cents"
_REBUILT = "(SELECT rebuilt FROM session WHERE session.session_id = ticket_now.session_id) AS rebuilt"
_COLUMNS_OF: Mapping[str, str] = {
    "session": f"*, {_OWED.format(of='session')}",
    "ticket": f"*, {_OWED.format(of='ticket_now')}, {_REBUILT}",
}
# A session that is still open ends in the year 90000 or later.
_OPEN_END = re.compile(r"9(?=[0-9]{4}-)")


def order_of(table: str, since: datetime | None, until: datetime | None) -> str:
    """Return by which time a list is in order: the end, but sessions without such bounds by their beginning."""
    if table == "ticket":
        return "ended_at"
    return "authorised_at" if since is None and until is None else "ends_at"


def cursor(table: str, row: Row, time: str) -> str:
    """Return the place of one row in its list, which is in order of `time`."""
    return f"{table}~{row[time]}~{row['session_id']}"


def _place(table: str, name: str, text: str) -> tuple[str, str]:
    of, _, rest = text.partition("~")
    at, tilde, session_id = rest.partition("~")
    try:
        if of != table or not tilde or len(text) > 200:
            raise ValueError
        is_open = _OPEN_END.match(at)
        # In an address, + means a blank.
        instant = datetime.fromisoformat(at.removeprefix(is_open[0] if is_open else "").replace(" ", "+"))
        return (is_open[0] if is_open else "") + text_of(instant), session_id
    except ValueError:
        raise BadInput(f"{name} must be the `next` or `previous` of a page of this list.") from None
