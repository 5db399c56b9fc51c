"""Which of several Centrals on one PostgreSQL is at work: each has a row with its lease, and one row names the leader.

That row is a partition's, whose lease is its leader's (ADR 0030). There is one so far: its leader leads the network.
Only PostgreSQL's clock counts. A leader renews its lease with each commit and each second. Each process holds an
advisory lock of its own while it lives: whoever gets the leader's knows at once that it was killed. Both may be wrong
about it; what makes that harmless is the fence: a take-over changes the leader's row, on which its commits depend.
"""

import asyncio
import contextlib
import logging
import math
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import asyncpg

from evcharge.domain.errors import Deposed, NotNow, StateError, Taken
from evcharge.runtime import failures
from evcharge.runtime.clock import utc_now
from evcharge.storage.members import CLOCK_OFF_S, Cause, CentralMember, Lead, Me, other_files
from evcharge.storage.postgres_connection import CONNECT_S, connect
from evcharge.storage.postgres_errors import ALL, store_error
from evcharge.storage.postgres_place import Place
from evcharge.storage.postgres_statements import LEASE_S
from evcharge.storage.store_errors import StoreDeposed

log = logging.getLogger(__name__)

RENEW_S = 1.0
LOOK_S = 0.2
# One that was killed just now has its name until PostgreSQL has noticed, or its lease is over.
_FREE_WITHIN_S = LEASE_S + 2.0
# After PostgreSQL was away all locks are free for a moment: the leader comes back first.
_GRACE_S = 1.0
_MINUTE_S = 60.0
_RENEW_WITHIN_S = 2.0
_TABLES = (
    """CREATE TABLE central (
        name text COLLATE "C" PRIMARY KEY, owner text NOT NULL, epoch bigint NOT NULL, commits bigint NOT NULL,
        until timestamptz NOT NULL, address text NOT NULL, version text NOT NULL, keys text NOT NULL,
        since timestamptz NOT NULL
    )""",
    """CREATE TABLE leader (
        name text COLLATE "C" NOT NULL, since timestamptz NOT NULL, cause text NOT NULL, before text NOT NULL,
        network text NOT NULL DEFAULT '', moved text NOT NULL DEFAULT '',
        partition bigint NOT NULL DEFAULT 0 PRIMARY KEY
    )""",
    "INSERT INTO leader VALUES ('', clock_timestamp(), 'first', '')",
)
# What was not told by those who led first: whose books they are, whether they had been moved away, and of which
# partition they were the leader.
_LATER = {
    "network": "text NOT NULL DEFAULT ''",
    "moved": "text NOT NULL DEFAULT ''",
    "partition": "bigint NOT NULL DEFAULT 0 PRIMARY KEY",
}
_HAS = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('leader') AND NOT attisdropped"
_UNTIL = f"clock_timestamp() + interval '{LEASE_S} s'"
_MY_ROW = "SELECT owner, until < clock_timestamp() AS is_over FROM central WHERE name = $1"
_BEGIN = f"""
INSERT INTO central (name, owner, epoch, commits, until, address, version, keys, since)
VALUES ($1, $2, 1, 0, {_UNTIL}, $3, $4, $5, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = central.epoch + 1, until = excluded.until,
    address = excluded.address, version = excluded.version, keys = excluded.keys, since = excluded.since
WHERE central.owner = $6
RETURNING epoch
"""  # noqa: S608
_RENEW = f"""
UPDATE central SET until = {_UNTIL} WHERE name = $1 AND owner = $2
RETURNING ARRAY(SELECT name FROM central WHERE name <> $1 AND until > clock_timestamp() ORDER BY name),
    ARRAY(SELECT name FROM central WHERE name <> $1 AND until <= clock_timestamp() ORDER BY name)
"""  # noqa: S608
_LOOK = """
SELECT leader.name, network, moved, owner, address, version, epoch, until < clock_timestamp() AS is_over
FROM leader LEFT JOIN central ON central.name = leader.name WHERE partition = 0
"""
# The row's lock lets it wait for a commit that is under way, and look again.
_DEPOSE = """
UPDATE central SET epoch = epoch + 1, owner = '', until = clock_timestamp()
WHERE name = $1 AND owner = $2 AND epoch = $3 AND ($4 OR until < clock_timestamp())
"""
_TAKE = f"""
UPDATE central SET epoch = epoch + 1, until = {_UNTIL} WHERE name = $1 AND owner = $2 RETURNING epoch, commits
"""  # noqa: S608
_LEAD = """
UPDATE leader SET before = name, name = $1, since = clock_timestamp(), cause = $2,
    network = CASE WHEN $3 = '' THEN network ELSE $3 END
WHERE partition = 0
"""
_LEADER = "SELECT name, network, moved FROM leader WHERE partition = 0 FOR UPDATE"
_MOVE = "UPDATE leader SET moved = $1"
_LEAVE = "UPDATE central SET owner = '', until = clock_timestamp() WHERE name = $1 AND owner = $2"
# A command leaves no trace: whoever led before it has handed over.
_LEAVE_NO_TRACE = """
WITH gone AS (DELETE FROM central WHERE name = $1 AND owner = $2 RETURNING name)
UPDATE leader SET name = before, before = '' FROM gone WHERE leader.name = gone.name
"""
# Who has neither led last nor been seen for a day is forgotten, also when it was killed.
_FORGET = """
DELETE FROM central WHERE until < clock_timestamp() - interval '1 day' AND name NOT IN (SELECT name FROM leader)
"""
_LED = "SELECT name, since, cause, before FROM leader WHERE partition = 0"
_MEMBERS = (
    "SELECT name, address, version, since, until > clock_timestamp() AS alive FROM central ORDER BY name"
)
_OTHER_KEYS = (
    "SELECT name FROM central WHERE name <> $1 AND keys NOT IN ($2, '') AND until > clock_timestamp()"
)
_LOCK = "hashtextextended('evcharge central ' || current_schema() || ' ' || $1, 0)"
_HOLD = f"SELECT pg_try_advisory_lock({_LOCK})"
_LET_GO = f"SELECT pg_advisory_unlock({_LOCK})"


async def make_tables(connection: asyncpg.Connection) -> None:
    """Make the tables of this module, inside a transaction that only one does at a time."""
    if await connection.fetchval("SELECT to_regclass('leader')") is None:
        # One without leases is of a release that was never given out: it says nothing of the books.
        await connection.execute(";\n".join(("DROP TABLE IF EXISTS central", *_TABLES)))
        return
    there = {row["attname"] for row in await connection.fetch(_HAS)}
    for name, kind in _LATER.items():
        if name not in there:
            await connection.execute(f"ALTER TABLE leader ADD COLUMN {name} {kind}")


async def check_here(connection: asyncpg.Connection, place: Place) -> None:
    """Raise StateError when the books were moved elsewhere."""
    if "moved" in {row["attname"] for row in await connection.fetch(_HAS)}:
        _check_here(place, await connection.fetchval("SELECT moved FROM leader"))


def _check_here(place: Place, moved: str, moving_to: str = "") -> None:
    # A move that was broken off is begun again by the same command.
    if moved not in ("", moving_to):
        raise StateError(
            f"the books of {place} were moved to {moved} (evcharge migrate --to file): what is "
            "here is older. Start Central there, or name an empty database or another schema."
        )


class Lease:
    """The place of this process among the Centrals on a database (`members.Membership`)."""

    def __init__(self, place: Place, me: Me, ready: Callable[[], Awaitable[None]]) -> None:
        """`ready` makes the tables of this module where there are none."""
        self.me = me
        self._ready = ready
        self._has_joined = False
        self.owner = secrets.token_hex(8)
        # Of the row that the commits count in, as it was when we began to lead.
        self.epoch = self.commits = 0
        self.leader: Me | None = None
        self._place = place
        # Held as long as this process lives: PostgreSQL notices its end.
        self._life: asyncpg.Connection | None = None
        self._alive_since = 0.0
        # Who stands by, as of the last renewal.
        self.others: Sequence[str] = ()
        self.away: Sequence[str] | None = None
        self.clock_off_s: int | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    # ---- coming and going

    async def join(self) -> None:
        """Take a row. Raises Taken when a living one has our name, StateError, and what the library raises."""
        await self._ready()
        until = asyncio.get_running_loop().time() + _FREE_WITHIN_S
        while not await self._begun():
            if asyncio.get_running_loop().time() > until:
                raise Taken(
                    f"{self._place} is in use by another Central called {self.me.name}. "
                    "Stop it first, or give this one another --name."
                )
            await asyncio.sleep(LOOK_S)
        self._has_joined = True
        await self._compare_clocks(await self._alive())
        if self.clock_off_s:
            log.warning(
                "the clock of this computer is %+d s from that of %s: set it right, as the books get their times "
                "from it",
                self.clock_off_s,
                self._place,
            )

    async def _compare_clocks(self, life: asyncpg.Connection) -> None:
        before = utc_now()
        there = await life.fetchval("SELECT clock_timestamp()")
        after = utc_now()
        # However long the answer took: a clock that may be right is not called wrong.
        may_be = timedelta(seconds=CLOCK_OFF_S)
        is_right = before - may_be <= there <= after + may_be
        self.clock_off_s = 0 if is_right else round((before + (after - before) / 2 - there).total_seconds())

    async def _begun(self) -> bool:
        life = await self._alive()
        # One after the other: of two whose keys differ, the second sees the first.
        async with life.transaction():
            self._check_books(await life.fetchrow(_LEADER))
            return await self._took_row(life)

    async def _begun_anew(self) -> bool:
        life = await self._alive()
        return await life.fetchrow(_MY_ROW, self.me.name) is None and await self._begun()

    def _check_books(self, leader: asyncpg.Record) -> None:
        """Raise StateError when the books are of a network that has other keys, or are no longer here."""
        _check_here(self._place, leader["moved"], self.me.moving_to)
        if not self.me.new_keys and (files := other_files(self.me.network, leader["network"])):
            raise StateError(
                f"{self._place} belongs to a network with other keys: {', '.join(files)} of this state folder differ. "
                "Copy the state folder of a Central there, but not central/central.db; if yours replace its keys, "
                "start Central once with --new-keys."
            )

    async def _took_row(self, life: asyncpg.Connection) -> bool:
        me = self.me
        if me.keys and (other := await life.fetchval(_OTHER_KEYS, me.name, me.keys)):
            raise StateError(
                f"the keys of this state folder are not those of Central {other} on {self._place}: "
                "copy its state folder, but not central/central.db."
            )
        row = await life.fetchrow(_MY_ROW, me.name)
        before = row["owner"] if row is not None else ""
        free = row is None or not before or row["is_over"] or await self._holds(before)
        if free:
            found = await life.fetchval(_BEGIN, me.name, self.owner, me.address, me.version, me.keys, before)
            await life.execute(_FORGET)
            free = found is not None
        return free

    async def leave(self) -> None:
        """Give the row back: whoever stands by leads at once."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if not self._lost.done():
            self._lost.cancel()
        life = self._life
        if life is None:
            return
        with contextlib.suppress(*ALL):
            async with asyncio.timeout(CONNECT_S):
                if not life.is_closed():
                    await life.execute(
                        _LEAVE_NO_TRACE if self.me.passing else _LEAVE, self.me.name, self.owner
                    )
                await life.close()
        life.terminate()

    async def _alive(self) -> asyncpg.Connection:
        """Return the connection of our life, whose lock says that we live."""
        if self._life is None or self._life.is_closed():
            # A renewal that is forgotten when PostgreSQL stops costs a take-over, and no data.
            life = await connect(
                self._place,
                lock_timeout="3s",
                # Whoever freezes in the middle of joining or of a take-over lets go of the leader's row.
                idle_in_transaction_session_timeout="3s",
                synchronous_commit="off",
            )
            self._life, self._alive_since = life, asyncio.get_running_loop().time()
            # Whoever stands by may be trying it at this moment; it gives it back, or takes over.
            await life.fetchval(_HOLD, self.owner)
        return self._life

    async def _holds(self, owner: str) -> bool:
        """Return whether the process `owner` has ended, by its lock."""
        life = await self._alive()
        if not await life.fetchval(_HOLD, owner):
            return False
        await life.execute(_LET_GO, owner)
        return True

    # ---- standing by

    async def takes(self, within_s: float = 0.0) -> bool:
        """Return whether we lead, at once or `within_s` seconds. Raises Taken, and what the library raises."""
        until = asyncio.get_running_loop().time() + within_s
        while not await self._look():
            if asyncio.get_running_loop().time() >= until:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def waits(self) -> None:
        """Return as soon as we lead. Raises Taken when another one has our name, StateError for other keys."""
        away = False
        while True:
            try:
                if not self._has_joined:
                    await self.join()
                if await self._look():
                    return
                if away:
                    log.info("%s can be reached again.", self._place)
                away = False
            except (NotNow, *ALL) as problem:
                if not away:
                    log.warning("%s: %s; standing by until it is back.", self._place, store_error(problem))
                away = True
                self._cut()
            await asyncio.sleep(RENEW_S if away else LOOK_S)

    def _cut(self) -> None:
        if self._life is not None:
            self._life.terminate()

    async def _look(self) -> bool:
        """Renew our own row; take over from a leader that is gone, and return whether we did."""
        async with asyncio.timeout(CONNECT_S):
            life = await self._alive()
            # Whose row is gone was away for so long that it was forgotten.
            if await life.fetchval(_RENEW, self.me.name, self.owner) is None and not await self._begun_anew():
                raise Taken(f"another Central called {self.me.name} has begun on {self._place}.")
            found = await life.fetchrow(_LOOK)
            self._check_books(found)
            cause = await self._cause(found)
            if cause is not None:
                return await self._take_over(life, found, cause)
        self.leader = Me(name=found["name"], address=found["address"], version=found["version"])
        return False

    async def _cause(self, found: asyncpg.Record) -> Cause | None:
        """Return why we may lead; None while another one does."""
        if found["name"] == self.me.name:
            return Cause.AGAIN
        if found["owner"] is None:
            return Cause.FIRST
        if not found["owner"]:
            return Cause.HANDED_OVER
        waited_s = asyncio.get_running_loop().time() - self._alive_since
        if (waited_s > _GRACE_S or found["is_over"]) and await self._holds(found["owner"]):
            return Cause.KILLED
        return Cause.SILENT if found["is_over"] else None

    async def _take_over(self, life: asyncpg.Connection, seen: asyncpg.Record, cause: Cause) -> bool:
        async with life.transaction():
            await life.execute("SET LOCAL synchronous_commit = on")
            leader = await life.fetchrow(_LEADER)
            if leader["name"] != seen["name"]:
                return False
            self._check_books(leader)
            if cause not in (Cause.AGAIN, Cause.FIRST):
                gone = cause is not Cause.SILENT
                who = (seen["name"], seen["owner"], seen["epoch"], gone)
                if await life.execute(_DEPOSE, *who) != "UPDATE 1":
                    return False
            row = await life.fetchrow(_TAKE, self.me.name, self.owner)
            if row is None:
                return False
            await life.execute(_LEAD, self.me.name, cause, self.me.network)
        self.epoch, self.commits = row["epoch"], row["commits"]
        self.leader = self.me
        # As it was when it joined, perhaps days ago.
        self.clock_off_s = self.away = None
        self._keeping = asyncio.get_running_loop().create_task(self._keep())
        self._keeping.add_done_callback(self._kept)
        return True

    # ---- leading

    async def _keep(self) -> None:
        """Renew the lease until it is lost."""
        loop = asyncio.get_running_loop()
        sure, minute = loop.time(), -math.inf
        while not self._lost.done():
            began = loop.time()
            try:
                async with asyncio.timeout(_RENEW_WITHIN_S):
                    life = await self._alive()
                    found = await life.fetchrow(_RENEW, self.me.name, self.owner)
            except ALL as problem:
                if loop.time() - sure > LEASE_S:
                    # One that is alone has nobody who leads instead; another may have come since it was cut off.
                    if self.others or self.me.several:
                        self.lose(str(store_error(problem)))
                    self._cut()
            else:
                if found is None:
                    self.lose("another Central leads")
                else:
                    sure, (self.others, self.away) = began, found
                    if began - minute > _MINUTE_S:
                        minute = began
                        await self._each_minute(life)
            await asyncio.sleep(RENEW_S)

    async def _each_minute(self, life: asyncpg.Connection) -> None:
        # Whoever holds such a row holds up nothing but this.
        with contextlib.suppress(*ALL):
            async with asyncio.timeout(RENEW_S):
                await self._compare_clocks(life)
                await life.execute(_FORGET)

    def _kept(self, keeping: "asyncio.Task[None]") -> None:
        if not keeping.cancelled() and (problem := keeping.exception()) is not None:
            log.error("the lease is not kept: %s", failures.why(problem))
            self.lose(failures.why(problem))

    def lose(self, why: str) -> None:
        """Lead no longer: `watch` says so."""
        if not self._lost.done():
            self._lost.set_result(why)

    async def move(self) -> None:
        """Note that the books are where `me` moves them: nobody begins with these.

        Raises StoreDeposed when another one has begun with them meanwhile, and what the library raises.
        """
        # Our life's connection goes on renewing.
        moving = await connect(self._place, lock_timeout="3s", idle_in_transaction_session_timeout="3s")
        try:
            async with moving.transaction():
                await moving.execute("SET LOCAL synchronous_commit = on")
                await self.stays(moving)
                await moving.execute(_MOVE, self.me.moving_to)
        finally:
            await moving.close(timeout=CONNECT_S)

    async def stays(self, connection: asyncpg.Connection) -> None:
        """Let nobody else lead until the transaction of `connection` is over.

        Raises StoreDeposed when another one does, and what the library raises.
        """
        # Whoever takes over waits for this row.
        leader = await connection.fetchrow(_LEADER)
        mine = await connection.fetchrow(_MY_ROW, self.me.name)
        if leader["name"] != self.me.name or mine is None or mine["owner"] != self.owner:
            raise StoreDeposed("nothing was moved")

    async def watch(self) -> None:
        """Return never; raise Deposed when another one leads, or may."""
        raise Deposed(await asyncio.shield(self._lost))

    # ---- looking

    async def members(self) -> tuple[Lead, Sequence[CentralMember]]:
        """Return the last take-over, and every Central that was seen of late. Raises StoreError."""
        # The connection of our life takes one question at a time.
        try:
            looking = await connect(self._place)
            try:
                lead = await looking.fetchrow(_LED)
                rows = await looking.fetch(_MEMBERS)
            finally:
                await looking.close(timeout=CONNECT_S)
        except ALL as problem:
            raise store_error(problem) from problem
        told = Lead(name=lead["name"], since=lead["since"], cause=Cause(lead["cause"]), before=lead["before"])
        return told, [CentralMember(leads=row["name"] == lead["name"], **row) for row in rows]


@contextlib.asynccontextmanager
async def held(place: Place, me: Me, ready: Callable[[], Awaitable[None]]) -> AsyncIterator[Lease]:
    """Have a place among the Centrals on a database while the block runs; it is taken by `join` or `waits`."""
    lease = Lease(place, me, ready)
    try:
        yield lease
    finally:
        await lease.leave()
