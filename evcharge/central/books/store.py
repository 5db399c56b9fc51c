"""Central's books on disk: facts and events go in together, in one transaction per batch.

Called by one task, the dispatcher; reads see committed rows only. What a row looks like: `rows`.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from evcharge.central.books.rows import (
    PUT_EVENT,
    DecidedEntry,
    broken_off,
    debt_of,
    driver_of,
    event_row,
    former_wallet_of,
    issuer_of,
    jumps_of,
    of_registration,
    partitions_of,
    point_of,
    points_of,
    quarantined_of,
    session_of,
    shown_of,
    statements,
    status_statements,
    ticket_of,
    wallets_of,
    weather_of,
)
from evcharge.central.books.status_history import START_GRACE, News, StatusDraft, Statuses
from evcharge.central.rules.facts import (
    REMEMBERED_REQUESTS,
    WELCOME,
    Closed,
    Debt,
    Driver,
    Facts,
    FormerWallet,
    JournalCursor,
    OrderTaken,
    TicketSeen,
    TicketUnseen,
    Welcomed,
)
from evcharge.central.rules.recall import UnknownIds
from evcharge.domain.billing import MAX_SESSION_MWH
from evcharge.domain.charging_point import ChargingPoint, CpStatus
from evcharge.domain.days import Days
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.session import Session, SessionState, Ticket
from evcharge.domain.timestamps import text_of
from evcharge.runtime import timezone
from evcharge.storage import hash_chain
from evcharge.storage.books import Books, Row
from evcharge.storage.statements import Put, Sql, Values, Writes
from evcharge.storage.store_errors import ConstraintViolated
from evcharge.storage.sums import MOST_KEPT, sum_of, summed

# How far back, and how many, repeated requests are answered from memory after a restart; else the books are asked.
_REMEMBER_REQUESTS_FOR = timedelta(hours=24)
MOST_LOADED = REMEMBERED_REQUESTS
_NEWEST = "SELECT n, hash, chain FROM events ORDER BY n DESC LIMIT 1"
# Found at once by their index; those of books in a file have none, and are the newest, but for what was moved there.
_END = """
SELECT chain, hash FROM events WHERE chain <> '' AND (chain, n) <= (:chain, 9223372036854775807)
ORDER BY chain DESC, n DESC LIMIT 1
"""
_END_IN_FILE = "SELECT chain, hash FROM events WHERE chain = :chain ORDER BY n DESC LIMIT 1"
_OPEN_SESSIONS = "SELECT * FROM session WHERE state IN ('AUTHORISED', 'CHARGING') ORDER BY authorised_at"
_OPEN_SESSIONS_OF = "SELECT * FROM session WHERE state IN ('AUTHORISED', 'CHARGING') AND driver_id"
_ENDED_SESSIONS = """
SELECT * FROM session WHERE authorised_at > :since AND state NOT IN ('AUTHORISED', 'CHARGING')
ORDER BY authorised_at DESC, session_id DESC LIMIT :most
"""
_RECENT_TICKETS = """
SELECT ticket.*, inbox.session_id IS NOT NULL AS unseen FROM ticket_now AS ticket LEFT JOIN inbox USING (session_id)
WHERE ended_at > :since ORDER BY ended_at DESC, ticket.session_id DESC LIMIT :most
"""
# What a charging point showed longer ago is in status_daily only.
KEEP_STATUSES_FOR = timedelta(days=30)
# Looks at the oldest rows only, so that it never holds up a commit; what a point shows now always stays.
_FORGET = Sql("""
DELETE FROM status_log WHERE n IN (
    SELECT n FROM (SELECT n, cp_id, at FROM status_log ORDER BY n LIMIT 20000) AS old WHERE at < :before
    AND EXISTS (SELECT 1 FROM status_log AS later WHERE later.cp_id = old.cp_id AND later.n > old.n))
""")
# However many tickets wait for a driver, so many are read and told at once.
INBOX_PAGE = 50
MAX_MOVEMENTS = 50
_MOVED = """
SELECT at, CASE kind WHEN 'CAPTURE' THEN 'DEBT_PAID' ELSE kind END AS kind,
    CASE WHEN credit = 'wallet' THEN cents ELSE -cents END AS cents, session_id, reason
FROM ledger WHERE driver_id = :driver_id AND registration = :registration
    AND (kind IN ('TOP_UP', 'CORRECTION', 'PAY_OUT') OR (kind = 'CAPTURE' AND debit = 'wallet'))
ORDER BY id DESC LIMIT :limit
"""
_INBOX = """
SELECT ticket.*, inbox.rowid AS place FROM inbox JOIN ticket_now AS ticket USING (session_id)
WHERE inbox.driver_id = :driver_id AND inbox.rowid > :after AND ticket.registration = :registration
ORDER BY inbox.rowid LIMIT :limit
"""
# Longer than an order is good for, whatever the clocks say.
_REMEMBER_ORDERS_FOR = timedelta(hours=1)
# More than these nobody has looked at for long; a record that comes again counts from one then.
_QUARANTINE = """
SELECT * FROM (SELECT * FROM quarantine WHERE session_id IS NOT NULL ORDER BY id DESC LIMIT 50000) AS newest ORDER BY id
"""
_FORGET_ORDERS = Sql("DELETE FROM order_taken WHERE at < :before")
_COUNTED_AT_ONCE = 20_000
_TICKETS_AFTER = """
SELECT session_id, cp_id, ended_at, energy_mwh, cost_cents, corrected_mwh, corrected_cents FROM ticket_now
WHERE (ended_at, session_id) > (:at, :session_id) ORDER BY ended_at, session_id LIMIT :limit
"""
_PUT_DAILY = Put("daily", ("cp_id", "day", "sessions", "energy_mwh", "revenue_cents"))
_LIVE = Put("life", ("id", "seen_at"), ("id",))


class CentralStore:
    """The only writer of Central's books."""

    def __init__(self, database: Books, head: hash_chain.Head, days: Days, partitions: int) -> None:
        """`head` is the newest row, `days` those by which the books count, `partitions` how many they have."""
        self._database = database
        self._partitions = partitions
        self.head = head
        # Which chain is ours, and the hash with which it ends.
        self.chain = _chain_of(database)
        self._end = hash_chain.beginning(self.chain)
        # The newest row, when it is another chain's: no later row of ours vouches for it.
        self.others_end: hash_chain.Head | None = None
        self.days = days
        # The zone by whose days they counted until now, if that is another.
        self.days_before = ""
        # Of each driver whose money changed, the version that was read or written last; else 0.
        self._versions: dict[DriverId, int] = {}
        # What each charging point shows, as far as is committed.
        self.statuses = Statuses(days=days)
        # Told with the first commit: since when Central was not there, and what is known at a start all the same.
        self._gap_at: datetime | None = None
        # When the Central before this one gave its last sign of life; None: there was none.
        self.seen_until: datetime | None = None
        self._at_start: list[tuple[ChargingPoint, datetime]] = []
        # Points whose monitor may still come back.
        self._unheard: list[ChargingPoint] = []
        self._is_ending = False
        # Told of each commit: how many decisions it held, and how many seconds it took.
        self.on_commit: Callable[[int, float], None] = lambda _number, _seconds: None

    @classmethod
    async def open(cls, database: Books, days: Days | None = None) -> "CentralStore":
        """Return the store, with the end of its event chain; it counts by `days`, or as before (raises BadInput)."""
        rows = await database.read(_NEWEST)
        head = hash_chain.Head(rows[0]["n"], rows[0]["hash"]) if rows else hash_chain.Head()
        ((before, count),) = await database.read("SELECT name, count FROM day_zone, partitions")
        store = cls(database, head, days if days is not None else Days(timezone.zone(before), before), count)
        if rows:
            await store._find_end(rows[0]["chain"])
        if store.days.name != before and await _count_anew(database, store.days):
            store.days_before = before
        return store

    async def _find_end(self, newest: str) -> None:
        """Find where our chain ends; the newest row is in that of name `newest`."""
        if newest == self.chain:
            self._end = self.head.hash
            return
        self.others_end = self.head
        ends = await self._database.read(_END if self.chain else _END_IN_FILE, {"chain": self.chain})
        if ends and ends[0]["chain"] == self.chain:
            self._end = ends[0]["hash"]

    async def load(self, now: datetime) -> Facts:
        """Return every fact that Central decides on. No monitor has spoken yet, no link is up."""
        facts = Facts()
        read = self._database.read
        recent = {"since": text_of(now - _REMEMBER_REQUESTS_FOR), "most": MOST_LOADED}
        sessions = [session_of(row) for row in await read(_OPEN_SESSIONS)]
        ended = [session_of(row) for row in await read(_ENDED_SESSIONS, recent)]
        # What was forgotten first stays so: the oldest first.
        for session in (*reversed(ended), *sessions):
            facts.put(session)
        for row in reversed(await read(_RECENT_TICKETS, recent)):
            ticket = ticket_of(row)
            facts.put(ticket)
            if not row["unseen"]:
                facts.put(TicketSeen(ticket.session_id, ticket.driver_id))
        at_point = {session.cp_id: session for session in sessions}
        of_driver: dict[DriverId, set[SessionId]] = {}
        for session in at_point.values():
            of_driver.setdefault(session.driver_id, set()).add(session.session_id)
        for row in await read("SELECT * FROM cp ORDER BY cp_id"):
            facts.put(point_of(row, at_point.get(row["cp_id"])))
        for row in await read("SELECT * FROM driver ORDER BY driver_id"):
            facts.put(driver_of(row, frozenset(of_driver.get(row["driver_id"], ()))))
            self._versions[row["driver_id"]] = row["version"]
        facts.put(await self._welcomed(now))
        for row in await read("SELECT * FROM former_wallet ORDER BY driver_id, registration"):
            facts.put(former_wallet_of(row))
        for row in await read("SELECT * FROM debt WHERE left_cents > 0 ORDER BY rowid"):
            facts.put(debt_of(row))
        for row in await read("SELECT * FROM issuer ORDER BY number"):
            facts.put(issuer_of(row))
        for row in await read("SELECT * FROM journal ORDER BY rowid"):
            facts.put(JournalCursor(row["cp_id"], row["journal_id"], row["last_seq"]))
        for row in await read("SELECT * FROM weather ORDER BY place"):
            facts.put(weather_of(row))
        # All that are kept: what is in the books, they would refuse.
        for row in await read("SELECT command_id FROM order_taken ORDER BY at"):
            facts.put(OrderTaken(row["command_id"]))
        for row in await read(_QUARANTINE):
            facts.put(quarantined_of(row))
        await self._load_statuses(facts, now)
        return facts

    async def _welcomed(self, now: datetime) -> Welcomed:
        """Return who had a welcome credit, by the references in the ledger."""
        limits = {"since": text_of(now - timedelta(hours=1)), "first": WELCOME, "beyond": WELCOME[:-1] + "!"}
        named = "FROM ledger WHERE reference >= :first AND reference < :beyond"
        (count,) = await self._database.read(f"SELECT COUNT(*) AS n {named}", limits)
        recent = await self._database.read(f"SELECT at {named} AND at > :since ORDER BY id", limits)
        return Welcomed(count["n"], tuple(datetime.fromisoformat(row["at"]) for row in recent))

    async def _load_statuses(self, facts: Facts, now: datetime) -> None:
        last = (
            "SELECT status_log.* FROM cp JOIN status_log "
            "ON status_log.n = (SELECT MAX(n) FROM status_log AS one WHERE one.cp_id = cp.cp_id)"
        )
        shown = {CpId(row["cp_id"]): shown_of(row) for row in await self._database.read(last)}
        self.statuses = Statuses(shown, awaited_until=now + START_GRACE, days=self.days)
        # A killed Central does not say when it ended: its last sign of life ends all that was shown.
        last = "SELECT at FROM (SELECT at FROM events ORDER BY n DESC LIMIT 1) AS newest"
        signs = await self._database.read(f"SELECT seen_at AS at FROM life UNION ALL {last}")  # noqa: S608
        seen = [datetime.fromisoformat(row["at"]) for row in signs]
        self._gap_at = min(max(seen, default=now), now)
        self.seen_until = self._gap_at if seen else None
        for point in facts.points():
            # That a monitor is not heard yet says nothing; that keys are revoked is known without it.
            if point.status is CpStatus.DISCONNECTED and self.statuses.get(point.cp_id) is not None:
                self._unheard.append(point)
            else:
                self._at_start.append((point, now))

    async def recall(self, unknown: UnknownIds) -> list[Session | OrderTaken | TicketUnseen | Closed]:
        """Return what the books know of ids that memory does not (raises StoreError)."""
        sessions = await self._among("SELECT * FROM session WHERE request_id", unknown.requests)
        orders = await self._among("SELECT command_id FROM order_taken WHERE command_id", unknown.orders)
        unseen = await self._among("SELECT * FROM inbox WHERE session_id", unknown.tickets)
        return [
            *map(session_of, sessions),
            *(OrderTaken(row["command_id"]) for row in orders),
            *(TicketUnseen(row["session_id"], row["driver_id"]) for row in unseen),
            *await self._closed(unknown.sessions),
        ]

    async def _closed(self, session_ids: Collection[SessionId]) -> list[Closed]:
        sessions = [
            session_of(row)
            for row in await self._among("SELECT * FROM session WHERE session_id", session_ids)
        ]
        ticketed = [session.session_id for session in sessions if session.state is SessionState.TICKETED]
        tickets = {
            row["session_id"]: row
            for row in await self._among("SELECT * FROM ticket_now WHERE session_id", ticketed)
        }
        return [
            Closed(session, ticket_of(row), row["corrections"]) if row is not None else Closed(session)
            for session in sessions
            if not session.is_open
            for row in [tickets.get(session.session_id)]
        ]

    async def _among(self, select: str, keys: Collection[str]) -> list[Row]:
        if not keys:
            return []
        params = {f"key{number}": key for number, key in enumerate(sorted(keys))}
        return await self._database.read(f"{select} IN (:{', :'.join(params)})", params)

    async def live(self, now: datetime, at_most: datetime | None = None) -> None:
        """Keep a sign of life, and no old statuses or orders; call it about once a minute (raises StoreError).

        `at_most` is the instant by a clock that nobody set: what is older only by one that was set is kept.
        """
        past = min(now, at_most or now)
        await self._database.commit(
            [
                (_LIVE, [(1, text_of(now))]),
                (_FORGET, [{"before": text_of(past - KEEP_STATUSES_FOR)}]),
                (_FORGET_ORDERS, [{"before": text_of(past - _REMEMBER_ORDERS_FOR)}]),
            ]
        )

    async def read_anew(
        self, batch: Sequence[DecidedEntry], facts: Facts
    ) -> list[Session | Driver | FormerWallet | Debt]:
        """Return what is new of the drivers whose money `batch` would change (raises StoreError).

        For a batch that was refused as stale: `facts` are those that it was decided on.
        """
        ids = wallets_of(batch)
        # The version first: what is changed while the rest is read counts it, and this batch is refused again.
        drivers = await self._among("SELECT * FROM driver WHERE driver_id", ids)
        formers, debts, charging = await asyncio.gather(
            self._among("SELECT * FROM former_wallet WHERE driver_id", ids),
            self._among("SELECT * FROM debt WHERE driver_id", ids),
            self._among(_OPEN_SESSIONS_OF, ids),
        )
        sessions = [session_of(row) for row in charging]
        found: list[Session | Driver | FormerWallet | Debt] = [
            *(session for session in sessions if facts.session(session.session_id) is None),
            *map(former_wallet_of, formers),
            *map(debt_of, debts),
        ]
        for row in drivers:
            self._versions[row["driver_id"]] = row["version"]
            own = frozenset(one.session_id for one in sessions if one.driver_id == row["driver_id"])
            found.append(_with_link(driver_of(row, own), facts.driver(row["driver_id"])))
        return found

    async def commit(self, batch: Sequence[DecidedEntry]) -> None:
        """Store every fact and event of `batch`, or nothing at all (raises StoreError; StoreStale: `read_anew`)."""
        began = time.perf_counter()
        try:
            events, head = self._sealed(batch)
            shown, kept = self._shown_anew(batch)
            writes: list[Writes] = [*statements(batch, self.days, self._versions), *kept]
            # What the audit log says of another one's point is its Central's all the same.
            partitions = partitions_of(writes, self._partitions)
            if events:
                writes.append((PUT_EVENT, events))
            await self._database.commit(writes, partitions)
        except UnicodeEncodeError as problem:
            # A text that nobody can write down is wrong with its own command.
            raise ConstraintViolated(problem.reason) from problem
        self.head = head
        if events:
            self._end = head.hash
        for driver_id in wallets_of(batch):
            self._versions[driver_id] = self._versions.get(driver_id, 0) + 1
        self.statuses.adopt(shown)
        self._gap_at, self._at_start = None, []
        if _has_waited(shown, batch):
            self._unheard = []
        self.on_commit(len(batch), time.perf_counter() - began)

    def end(self) -> None:
        """Central stops: that its peers are sent away is nothing that they did, and not kept as what they show."""
        self._is_ending = True

    def _shown_anew(self, batch: Sequence[DecidedEntry]) -> tuple[StatusDraft, list[Writes]]:
        """Return what is shown once `batch` is committed, and the statements that keep it."""
        shown, kept = self.statuses.draft(), list[Writes]()

        def show(news: News) -> None:
            kept.extend(status_statements(shown, news))
            shown.take(news)

        if self._gap_at is not None:
            show(shown.gap(self._gap_at))
            show(shown.news(self._at_start))
        for at, seconds in jumps_of(batch):
            kept.extend(broken_off(shown, at, seconds))
            shown.set_clock(at, seconds)
        if not self._is_ending:
            if _has_waited(shown, batch):
                show(shown.news(shown.unheard(self._unheard)))
            show(shown.news(points_of(batch)))
        return shown, kept

    async def unseen_tickets(
        self, driver_id: DriverId, registration: int = 0, after: int = 0
    ) -> tuple[list[Ticket], int | None]:
        """Return a page of a driver's inbox, the first made first: what lies beyond place `after`.

        Nothing of an earlier registration of its id. With it comes the place at which the next page begins; None when
        this was the last.
        """
        params = {"driver_id": driver_id, "registration": registration, "after": after, "limit": INBOX_PAGE}
        rows = await self._database.read(_INBOX, params)
        more = rows[-1]["place"] if len(rows) == INBOX_PAGE else None
        return [ticket_of(row) for row in rows], more

    async def latest_tickets(self, driver_id: DriverId, limit: int, registration: int = 0) -> list[Ticket]:
        """Return a driver's tickets, newest first; none of an earlier registration of its id."""
        return await self._tickets(
            f"WHERE driver_id = :key {of_registration(registration)} "
            f"ORDER BY ended_at DESC, session_id LIMIT {int(limit)}",
            driver_id,
            registration,
        )

    async def seen_ticket(
        self, driver_id: DriverId, request_id: RequestId, registration: int = 0
    ) -> Ticket | None:
        """Return the ticket to which a request of a driver led; None also while it waits in its inbox."""
        found = await self._tickets(
            "WHERE session_id = (SELECT session_id FROM session WHERE request_id = :request_id) "  # noqa: S608
            "AND session_id NOT IN (SELECT session_id FROM inbox WHERE driver_id = :key) "
            f"AND driver_id = :key {of_registration(registration)}",
            driver_id,
            registration,
            request_id=request_id,
        )
        return found[0] if found else None

    async def moved(self, driver_id: DriverId, registration: int, limit: int = MAX_MOVEMENTS) -> list[Row]:
        """Return the last movements of a wallet apart from charges, the newest first.

        DEBT_PAID: money that had come in paid what was still owed of a charge.
        """
        of_it = {"driver_id": driver_id, "registration": registration, "limit": limit}
        return await self._database.read(_MOVED, of_it)

    async def day_totals(self, day: date) -> tuple[int, int, int]:
        """Return the energy (mWh), the money (cents) and the number of the tickets of a day, as corrected."""
        columns = summed(mwh="energy_mwh + corrected_mwh", cents="cost_cents + corrected_cents")
        (row,) = await self._database.read(
            f"SELECT {columns}, COUNT(*) AS tickets FROM ticket_now "  # noqa: S608
            "WHERE ended_at >= :begin AND ended_at < :end",
            {"begin": text_of(self.days.begin(day)), "end": text_of(self.days.end(day))},
        )
        return sum_of(row, "mwh"), sum_of(row, "cents"), row["tickets"]

    async def beyond_bounds(self) -> int:
        """Return how many tickets hold more energy than any session can have: lies that an older Central took."""
        count = f"SELECT COUNT(*) AS n FROM ticket WHERE energy_mwh > {MAX_SESSION_MWH}"  # noqa: S608
        return int((await self._database.read(count))[0]["n"])

    async def _tickets(self, where: str, key: str, registration: int = 0, **more: str) -> list[Ticket]:
        params = {"key": key, "since": key, "registration": registration, **more}
        rows = await self._database.read(f"SELECT * FROM ticket_now {where}", params)  # noqa: S608
        return [ticket_of(row) for row in rows]

    def _sealed(self, batch: Sequence[DecidedEntry]) -> tuple[list[Values], hash_chain.Head]:
        n, end = self.head.n, self._end
        rows = []
        for entry in batch:
            for event in entry.decision.events:
                n += 1
                row = event_row(n, entry, event)
                end = hash_chain.chained(end, row)
                rows.append((*row.values(), end, self.chain))
        return rows, hash_chain.Head(n, end) if rows else self.head


def _with_link(driver: Driver, known: Driver | None) -> Driver:
    """Return `driver` with what is not in the books: how it is connected here, and what it is asked."""
    if known is None:
        return driver
    return replace(
        driver,
        epoch_told=known.epoch_told,
        link=known.link,
        lapses=known.lapses,
        lapsed_s=known.lapsed_s,
        asked_by=known.asked_by,
    )


def _chain_of(database: Books) -> str:
    membership = database.membership
    return membership.me.name if membership is not None else ""


async def _count_anew(database: Books, days: Days) -> bool:
    """Count every ticket, as corrected, by `days`; return whether there was one.

    The times of statuses stay under the days of before.
    """
    daily: dict[tuple[str, str], list[int]] = {}
    place = {"at": "", "session_id": ""}
    while rows := await database.read(_TICKETS_AFTER, {**place, "limit": _COUNTED_AT_ONCE}):
        for row in rows:
            day = days.of(datetime.fromisoformat(row["ended_at"])).isoformat()
            sums = daily.setdefault((row["cp_id"], day), [0, 0, 0])
            sums[0] += 1
            sums[1] += row["energy_mwh"] + row["corrected_mwh"]
            sums[2] += row["cost_cents"] + row["corrected_cents"]
        place = {"at": rows[-1]["ended_at"], "session_id": rows[-1]["session_id"]}
    counted = [(*key, sessions, min(mwh, MOST_KEPT), cents) for key, (sessions, mwh, cents) in daily.items()]
    await database.commit(
        [
            (Sql("DELETE FROM daily"), [{}]),
            (_PUT_DAILY, counted),
            (Sql("UPDATE day_zone SET name = :name"), [{"name": days.name}]),
        ]
    )
    return bool(counted)


def _has_waited(shown: Statuses, batch: Sequence[DecidedEntry]) -> bool:
    return any(shown.has_waited(entry.at) for entry in batch)
