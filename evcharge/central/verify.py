"""`evcharge audit verify`: is every book in a state folder what was written, and does every sum hold?"""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from evcharge import audit
from evcharge.central.invariants import violations
from evcharge.central.reconcile import reconcile
from evcharge.central.sums import sum_of, summed
from evcharge.database import GUARDS, guards
from evcharge.errors import StateError
from evcharge.events import Unread, stored

ANCHORS = "anchors.txt"
SCHEMAS = {"central.db": "evcharge.central.schema", "registry.db": "evcharge.registry.schema"}
_EVENTS = "SELECT * FROM events ORDER BY n"
# Whoever sees so many has seen enough.
_MOST_DAMAGE = 10
# A line that was cut short by a crash is no anchor.
_ANCHOR = re.compile(r"^([0-9]{1,15}) ([0-9a-f]{64})$", re.MULTILINE)


@dataclass(slots=True)
class Findings:
    """What is wrong with a book, which rows this release cannot read, what else is worth knowing: a line each."""

    problems: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def main(state: Path, *, as_json: bool = False) -> int:
    """Check the books of Central and Registry under `state`; print what was found. Returns the exit code."""
    books = [path for path in (state / "central/central.db", state / "registry/registry.db") if path.exists()]
    if not books:
        raise StateError(f"{state} holds neither central.db nor registry.db: is it the right --state folder?")
    found = {path: examine(path) for path in books}
    sound = not any(findings.problems for findings in found.values())
    if as_json:
        answer = [
            {"name": path.name, "problems": of.problems, "unread": of.unread, "notes": of.notes} | _sums(path)
            for path, of in found.items()
        ]
        print(msgspec.json.format(msgspec.json.encode({"sound": sound, "books": answer}), indent=2).decode())
        return 0 if sound else 1
    for path, of in found.items():
        for problem in (*of.problems, *of.unread):
            print(f"{path.name}: {problem}")
        if not of.problems:
            print(f"{path.name}: {_summary(_sums(path))}")
        for note in of.notes:
            print(f"{path.name}: note: {note}")
    return 0 if sound else 1


def check(path: Path) -> list[str]:
    """Return what is wrong with one book, a line each."""
    return examine(path).problems


def examine(path: Path) -> Findings:
    """Return all that can be said of one book."""
    found = Findings()
    with _reading(path) as connection:
        found.problems += [*_damage(connection), *_unguarded(connection, SCHEMAS[path.name])]
        anchors = _anchors(path.parent / ANCHORS)
        newest = max(anchors, key=lambda anchor: anchor.n, default=None)
        torn = audit.first_broken(connection.execute(_EVENTS))
        # A chain that was cut and then went on is whole in itself, but older anchors remember.
        broken = torn or _cut(newest, connection) or _unlike(anchors, connection)
        if broken is not None:
            found.problems.append(f"audit log broken: {broken.why}")
        if path.name == "central.db":
            found.problems += violations(connection)
            found.unread += _unread(connection)
            if torn is not None:
                found.notes.append("what a broken log tells is not compared with the tables")
            else:
                compared = reconcile(connection, connection.execute(_EVENTS))
                found.problems += compared.problems
                found.notes += compared.notes
    return found


def _unread(connection: sqlite3.Connection) -> list[str]:
    """Return a line for each row that this release cannot read: no harm is done, but its screens lack it."""
    return [
        f"row {row['n']} of the audit log ({row['type']}) cannot be read by this release"
        for row in connection.execute("SELECT n, type, data FROM events ORDER BY n")
        if isinstance(stored(row["n"], row["type"], row["data"]), Unread)
    ]


def _damage(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite itself finds wrong with the file."""
    found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST_DAMAGE})")]
    lines = [f"the file is damaged: {line}" for line in found if line != "ok"]
    lines += [
        f"the file is damaged: row {row[1]} of {row[0]} names a row of {row[2]} that is not there"
        for row in connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_DAMAGE)
    ]
    return lines


def _unguarded(connection: sqlite3.Connection, schema_package: str) -> Iterator[str]:
    """Yield what was taken from the schema, so that rows can be changed which must not."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    there = dict(connection.execute(GUARDS).fetchall())
    for name, sql in guards(schema_package, version).items():
        if there.get(name) != sql:
            yield f"the schema was changed: {name} {'is another' if name in there else 'is missing'}"


def _sums(path: Path) -> dict[str, int]:
    with _reading(path) as connection:
        sums = {"events": connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]}
        if path.name == "central.db":
            columns = ("energy_mwh", "cost_cents")
            row = connection.execute(
                f"SELECT COUNT(*) AS tickets, {summed(**{name: name for name in columns})} FROM ticket"  # noqa: S608
            ).fetchone()
            sums |= {"tickets": row["tickets"], **{name: sum_of(row, name) for name in columns}}
        return sums


def _summary(sums: dict[str, int]) -> str:
    text = f"{sums['events']} events, chain unbroken"
    if "tickets" in sums:
        text += (
            f"; {sums['tickets']} tickets, {sums['energy_mwh']} mWh, {sums['cost_cents']} cents;"
            " every sum holds"
        )
    return text


def _anchors(path: Path) -> list[audit.Head]:
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise StateError(f"{path} cannot be read: is it a text file of anchors?") from None
    return [audit.Head(int(n), hash_) for n, hash_ in _ANCHOR.findall(text)]


def _cut(newest: audit.Head | None, connection: sqlite3.Connection) -> audit.Broken | None:
    last = connection.execute("SELECT COALESCE(MAX(n), 0) FROM events").fetchone()[0]
    if newest is None or newest.n <= last:
        return None
    return audit.Broken(last + 1, f"rows {last + 1} to {newest.n} were cut off")


def _unlike(anchors: list[audit.Head], connection: sqlite3.Connection) -> audit.Broken | None:
    for anchor in anchors:
        row = connection.execute("SELECT hash FROM events WHERE n = ?", (anchor.n,)).fetchone()
        if row is not None and row["hash"] != anchor.hash:
            return audit.Broken(anchor.n, f"row {anchor.n} is not the one that was anchored")
    return None


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    # Read-only: Central may be at work in the same file.
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # All is read as it was at one instant, whatever Central does meanwhile.
        connection.execute("BEGIN")
        # Bytes that are no text were never written by us: let the chain name their row.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        with contextlib.closing(connection):
            yield connection
    except sqlite3.DatabaseError as problem:
        raise StateError(f"{path} cannot be read: {problem}") from None
