"""The Registry's database: every write of it, each one in a transaction together with its audit row."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import Struct, structs

from evcharge.domain.location import Location
from evcharge.registry.registrations import IdKind, Registration, RegistrationChange, RegistrationState
from evcharge.registry.repeats import AuditEntry
from evcharge.storage import hash_chain
from evcharge.storage.books import OpenTransaction, Row, Transactions

_COLUMNS = "id, kind, location, secret_hash, state, epoch, number"
_INVITED = "kind, id, location, epoch, made_by, expires_at, used_at"
# So long it can be told that a token has expired; after that it is unknown.
_REMEMBER_S = 30 * 86_400
MAX_REVOCATIONS = 10_000
# A day of one a minute (the schema guards as many).
MAX_ANCHORS = 1500
_ANCHORS_S = 3660 * 86_400


class Overtaken(Exception):
    """The registration is no longer what the change was decided on. Decide again."""


class Requester(Struct, frozen=True):
    """The author of an act, its role and its address."""

    who: str
    role: str
    address: str


class Revocation(Struct, frozen=True):
    """Tickets of `id` below `epoch` are void; the `n`-th such change.

    `registration` is the number of the registration they belong to; None: nobody knows any more.
    """

    n: int
    id: str
    epoch: int
    what: str
    registration: int | None
    at: float


class Invited(Struct, frozen=True, kw_only=True):
    """What an invitation is good for. `epoch`: of the registration it was made for, None when there was none."""

    kind: IdKind
    id: str
    location: Location
    epoch: int | None
    made_by: str
    expires_at: float
    used_at: float | None = None

    def __repr__(self) -> str:
        return f"Invited({self.id}, {self.kind})"


class AuditPage(Struct, frozen=True):
    """Rows of the audit log for Central, and the last up to which all of them are told: its number and its time.

    `same`: the row to go on from is still there; not after an older copy was put back.
    """

    rows: list[Row]
    upto: int
    at: float | None
    same: bool = True


class Store:
    """Reads and writes the Registry's tables. `now` is the wall clock, for what people will read."""

    def __init__(self, database: Transactions, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    # ---- registrations

    async def find(self, id_: str) -> Registration | None:
        """Return the registration of `id_`, also a withdrawn one."""
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM registrations WHERE id = :id",  # noqa: S608 (a constant of ours)
            {"id": id_},
        )
        return _registration(rows[0]) if rows else None

    async def listed(self, after: str, most: int) -> list[tuple[Registration, float]]:
        """Return registrations beyond that id, by id, none withdrawn, each with its time of creation (Unix)."""
        rows = await self._database.read(
            f"SELECT {_COLUMNS}, created_at FROM registrations "  # noqa: S608
            "WHERE state <> 'withdrawn' AND id > :after ORDER BY id LIMIT :most",
            {"after": after, "most": most},
        )
        return [(_registration(row), row["created_at"]) for row in rows]

    async def save(
        self,
        before: Registration | None,
        change: RegistrationChange,
        actor: Requester,
        *,
        invitation: str | None = None,
    ) -> None:
        """Store `change`, what Central must know of it, and its audit row. Raises Overtaken.

        With the secret of an `invitation` that is used up by this very change.
        """
        after = change.after
        values = structs.asdict(after) | {"location": after.location.name, "now": self._time()}
        async with self._database.transaction() as writing:
            found = await writing.execute(
                f"SELECT {_COLUMNS} FROM registrations WHERE id = :id",  # noqa: S608
                {"id": after.id},
            )
            if (_registration(found[0]) if found else None) != before:
                raise Overtaken
            if invitation is not None:
                await self._use(writing, invitation, values["now"])
            await writing.execute(
                f"INSERT INTO registrations ({_COLUMNS}, created_at, changed_at) "  # noqa: S608
                "VALUES (:id, :kind, :location, :secret_hash, :state, :epoch, :number, :now, :now) "
                "ON CONFLICT (id) DO UPDATE SET kind = :kind, location = :location, secret_hash = :secret_hash, "
                "state = :state, epoch = :epoch, number = :number, changed_at = :now",
                values,
            )
            if change.revokes:
                await writing.execute(
                    "INSERT INTO revocations (n, id, epoch, number, what, at) "
                    "SELECT coalesce(max(n), 0) + 1, :id, :epoch, :number, :what, :now FROM revocations",
                    values | {"what": change.what},
                )
            detail = f"{after.kind} epoch={after.epoch}" + (f" at {after.location}" if after.location else "")
            await self._audit(writing, entry(actor, change.what, after.id, "done", detail))

    async def revocations(self, since: int) -> tuple[list[Revocation], int]:
        """Return at most MAX_REVOCATIONS after number `since`, oldest first, and the newest number of all."""
        rows = await self._database.read(
            "SELECT n, id, epoch, what, number, at, (SELECT max(n) FROM revocations) AS last FROM revocations "
            "WHERE n > :since ORDER BY n LIMIT :most",
            {"since": since, "most": MAX_REVOCATIONS},
        )
        if rows:
            found = [
                Revocation(row["n"], row["id"], row["epoch"], row["what"], row["number"], row["at"])
                for row in rows
            ]
            return found, rows[0]["last"]
        newest = await self._database.read("SELECT coalesce(max(n), 0) AS last FROM revocations")
        return [], newest[0]["last"]

    # ---- invitations

    async def invite(self, secret: str, invited: Invited, actor: Requester) -> None:
        """Keep an invitation under the hash of its secret; forget those that ended long ago."""
        now = self._time()
        until = f"{datetime.fromtimestamp(invited.expires_at, UTC):%Y-%m-%d %H:%M} UTC"
        async with self._database.transaction() as writing:
            await writing.execute(
                "DELETE FROM invitations WHERE expires_at < :long_ago", {"long_ago": now - _REMEMBER_S}
            )
            await writing.execute(
                f"INSERT INTO invitations (secret_sha256, {_INVITED}) "  # noqa: S608
                "VALUES (:hash, :kind, :id, :location, :epoch, :made_by, :expires_at, NULL)",
                {"hash": _token_hash(secret), **structs.asdict(invited), "location": invited.location.name},
            )
            await self._audit(
                writing, entry(actor, "invite", invited.id, "done", f"{invited.kind} until {until}")
            )

    async def invitation(self, secret: str) -> Invited | None:
        """Return what the secret of an invitation is good for, also one that was used or has expired."""
        rows = await self._database.read(
            f"SELECT {_INVITED} FROM invitations WHERE secret_sha256 = :hash",  # noqa: S608
            {"hash": _token_hash(secret)},
        )
        if not rows:
            return None
        found = dict(rows[0])
        return Invited(**found | {"kind": IdKind(found["kind"]), "location": Location(found["location"])})

    @staticmethod
    async def _use(writing: OpenTransaction, secret: str, now: float) -> None:
        used = await writing.execute(
            "UPDATE invitations SET used_at = :now "
            "WHERE secret_sha256 = :hash AND used_at IS NULL RETURNING id",
            {"hash": _token_hash(secret), "now": now},
        )
        if not used:
            raise Overtaken

    # ---- administrators

    async def admin_hash(self, name: str) -> str | None:
        """Return what is kept of the password of administrator `name`."""
        rows = await self._database.read(
            "SELECT password_hash FROM admins WHERE name = :name", {"name": name}
        )
        return rows[0]["password_hash"] if rows else None

    async def add_first_admin(self, name: str, password_hash: str, actor: Requester) -> bool:
        """Add an administrator unless there is one; return whether it was added."""
        async with self._database.transaction() as writing:
            if await writing.execute("SELECT 1 FROM admins LIMIT 1"):
                return False
            await writing.execute(
                "INSERT INTO admins (name, password_hash, created_at) VALUES (:name, :hash, :now)",
                {"name": name, "hash": password_hash, "now": self._time()},
            )
            await self._audit(writing, entry(actor, "add admin", name, "done"))
        return True

    async def has_admin(self) -> bool:
        """Return whether anybody may administer this Registry."""
        return bool(await self._database.read("SELECT 1 FROM admins LIMIT 1"))

    async def add_token(self, name: str, token: str, lifetime_s: int, actor: Requester) -> int:
        """Keep the hash of a new administrator's token; return when it ends (Unix seconds)."""
        now = self._time()
        expires_at = int(now) + lifetime_s
        async with self._database.transaction() as writing:
            await writing.execute("DELETE FROM admin_tokens WHERE expires_at <= :now", {"now": now})
            await writing.execute(
                "INSERT INTO admin_tokens (token_hash, name, expires_at) VALUES (:hash, :name, :expires_at)",
                {"hash": _token_hash(token), "name": name, "expires_at": expires_at},
            )
            await self._audit(writing, entry(actor, "log in", name, "done"))
        return expires_at

    async def token_owner(self, token: str) -> str | None:
        """Return the administrator who logged in for `token`, unless it has ended."""
        rows = await self._database.read(
            "SELECT name FROM admin_tokens WHERE token_hash = :hash AND expires_at > :now",
            {"hash": _token_hash(token), "now": self._time()},
        )
        return rows[0]["name"] if rows else None

    # ---- anchors of Central's audit log

    async def anchor(self, head: hash_chain.Head) -> hash_chain.Head:
        """Keep the head of Central's log, unless it is the one that was kept last; return that of this Registry's.

        The newest are kept, and the first of each day, for ten years.
        """
        now = self._time()
        async with self._database.transaction() as writing:
            newest = await writing.execute("SELECT k, n, hash FROM anchors ORDER BY k DESC LIMIT 1")
            if not newest or (newest[0]["n"], newest[0]["hash"]) != (head.n, head.hash):
                k = newest[0]["k"] + 1 if newest else 1
                await writing.execute(
                    "INSERT INTO anchors (k, n, hash, at) VALUES (:k, :n, :hash, :at)",
                    {"k": k, "n": head.n, "hash": head.hash, "at": now},
                )
                await writing.execute(
                    "DELETE FROM anchors WHERE k <= :old AND (at < :long_ago OR k NOT IN "
                    "(SELECT min(k) FROM anchors GROUP BY CAST(at AS BIGINT) / 86400))",
                    {"old": k - MAX_ANCHORS, "long_ago": now - _ANCHORS_S},
                )
            own = await writing.execute("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1")
        return hash_chain.Head(own[0]["n"], own[0]["hash"]) if own else hash_chain.Head()

    async def anchors(self) -> list[Row]:
        """Return every anchor of Central's log, the oldest first."""
        return await self._database.read("SELECT n, hash, at FROM anchors ORDER BY k")

    async def head(self) -> hash_chain.Head:
        """Return the newest row of this Registry's own log."""
        own = await self._database.read("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1")
        return hash_chain.Head(own[0]["n"], own[0]["hash"]) if own else hash_chain.Head()

    # ---- audit

    async def note(self, entries: Iterable[AuditEntry]) -> None:
        """Write audit rows of their own: logins, and what was refused."""
        entries = list(entries)
        if entries:
            async with self._database.transaction() as writing:
                for one in entries:
                    await self._audit(writing, one)

    async def told(self, since: int | None, most: int, at: float | None = None) -> AuditPage:
        """Return at most `most` audit rows after number `since` that Central does not know of itself, oldest first.

        None: the newest. `at`: when row `since` was written, if it is the one that Central means.
        """
        if since is not None and at is not None:
            meant = await self._database.read("SELECT at FROM events WHERE n = :since", {"since": since})
            if not meant or meant[0]["at"] != at:
                return AuditPage([], since, at, same=False)
        # First: what is written meanwhile is told the next time.
        newest = await self._database.read("SELECT n, at FROM events ORDER BY n DESC LIMIT 1")
        order = "DESC" if since is None else "ASC"
        rows = await self._database.read(
            "SELECT n, at, who, role, address, what, target, result, times FROM events "  # noqa: S608
            "WHERE n > :since AND role <> 'central' AND NOT (what = 'get ticket' AND result = 'done') "
            f"ORDER BY n {order} LIMIT :most",
            {"since": since or 0, "most": most},
        )
        if since is None:
            rows.reverse()
        is_cut = since is not None and len(rows) == most
        last = rows[-1] if is_cut else max([*rows[-1:], *newest], key=lambda row: row["n"], default=None)
        return AuditPage(rows, last["n"], last["at"]) if last is not None else AuditPage(rows, 0, None)

    async def events(self) -> list[Row]:
        """Return the whole audit log, oldest first, as `audit.first_broken` takes it."""
        return await self._database.read("SELECT * FROM events ORDER BY n")

    async def _audit(self, writing: OpenTransaction, one: AuditEntry) -> None:
        newest = await writing.execute("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1")
        head = hash_chain.Head(newest[0]["n"], newest[0]["hash"]) if newest else hash_chain.Head()
        row = {"n": head.n + 1, "at": self._time(), **structs.asdict(one)}
        await writing.execute(
            "INSERT INTO events (n, at, who, role, address, what, target, result, detail, times, hash) "
            "VALUES (:n, :at, :who, :role, :address, :what, :target, :result, :detail, :times, :hash)",
            {**row, "hash": hash_chain.chained(head.hash, row)},
        )

    def _time(self) -> float:
        return self._now().timestamp()


def entry(actor: Requester, what: str, target: str, result: str, detail: str = "") -> AuditEntry:
    """Return an audit row of what `actor` did, or tried, to `target`."""
    return AuditEntry(actor.who, actor.role, actor.address, what, target, result, detail)


def _registration(row: Row) -> Registration:
    return Registration(
        id=row["id"],
        kind=IdKind(row["kind"]),
        location=Location(row["location"]),
        secret_hash=row["secret_hash"],
        state=RegistrationState(row["state"]),
        epoch=row["epoch"],
        number=row["number"],
    )


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
