"""`evcharge audit verify`: is every book in a state folder what was written, and does every sum hold?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from evcharge.central.books.invariants import violations
from evcharge.central.books.reconcile import reconcile
from evcharge.central.books.unbilled import rebuilt, unbilled, unsigned
from evcharge.domain.errors import StateError
from evcharge.domain.events import Unread, stored
from evcharge.runtime import failures
from evcharge.runtime.plain import clean, clean_json
from evcharge.storage import hash_chain
from evcharge.storage.database import GUARDS, guards
from evcharge.storage.reading import Connection, reading
from evcharge.storage.sums import sum_of, summed
from evcharge.storage.witnesses import (
    REGISTRY,
    Witness,
    central_witness,
    contradictions,
    file_witness,
    gaps,
    log_witness,
    registry_witness,
)

CENTRAL_DB = "central.db"
SCHEMAS = {"central.db": "evcharge.central.books.schema", "registry.db": "evcharge.registry.schema"}
_EVENTS = "SELECT * FROM events ORDER BY n"
# More than this many are only counted.
_MOST_DAMAGE = 10


# The witnesses of each book, by its name.
Far = Mapping[str, Sequence[Witness]]


@dataclass(slots=True)
class Findings:
    """What is wrong with a book, which rows this release cannot read, what else is worth knowing: a line each."""

    problems: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)


def main(state: Path, *, as_json: bool = False, far: Far | None = None, logs: Sequence[Path] = ()) -> int:
    """Check the books of Central and Registry under `state`; print what was found. Returns the exit code.

    `far` remember a book's log elsewhere; `logs` are files that a program's log was kept in. Raises StateError.
    """
    books = [path for path in (state / "central/central.db", state / "registry/registry.db") if path.exists()]
    if not books:
        raise StateError(f"{state} holds neither central.db nor registry.db: is it the right --state folder?")
    found = {
        path: examine(path, [*(far or {}).get(path.name, ()), *(_kept(log, path.name) for log in logs)])
        for path in books
    }
    sound = not any(findings.problems for findings in found.values())
    if as_json:
        answer = [
            {
                "name": path.name,
                "problems": of.problems,
                "unread": of.unread,
                "anchors": [
                    {"name": one.name, "count": len(one.heads), "newest": one.newest, "why": one.why}
                    for one in of.witnesses
                ],
                "notes": of.notes,
            }
            | _sums(path)
            for path, of in found.items()
        ]
        told = msgspec.json.encode({"sound": sound, "books": answer})
        print(clean_json(msgspec.json.format(told, indent=2).decode()))
        return 0 if sound else 1
    for path, of in found.items():
        for problem in (*of.problems, *of.unread):
            print(clean(f"{path.name}: {problem}"))
        if not of.problems:
            print(f"{path.name}: {_summary(_sums(path))}")
        print(f"{path.name}: anchors: {'; '.join(map(str, of.witnesses))}")
        for note in of.notes:
            print(clean(f"{path.name}: note: {note}"))
    return 0 if sound else 1


def check(path: Path) -> list[str]:
    """Return what is wrong with one book, a line each."""
    return examine(path).problems


def examine(path: Path, far: Sequence[Witness] = ()) -> Findings:
    """Return all that can be said of one book, with what `far` and the files beside it remember."""
    found = Findings()
    # Before the book: it must hold all that they remember. The file last, which gets each anchor first.
    others = [*_neighbour(path), *far]
    file = file_witness(path)
    found.witnesses = [file, *others]
    with reading(path) as connection:
        found.problems += [*_damage(connection), *_unguarded(connection, SCHEMAS[path.name])]
        torn = hash_chain.first_broken(connection.execute(_EVENTS))
        # A chain that was cut and then went on, or was made anew, is whole in itself; but others remember.
        broken = [torn.why] if torn else list(contradictions(connection, found.witnesses))
        found.problems += [f"audit log broken: {why}" for why in broken]
        # What went to the Registry was first written to the file.
        found.problems += gaps(file, [one for one in others if one.name == REGISTRY])
        if not any(witness.heads for witness in found.witnesses):
            found.notes.append("no anchor could be checked: if rows were cut off at the end, nobody can tell")
        if path.name == CENTRAL_DB:
            found.problems += [*violations(connection), *unbilled(connection)]
            found.notes += [*rebuilt(connection), *unsigned(connection)]
            found.unread += _unread(connection)
            if torn is not None:
                found.notes.append("what a broken log tells is not compared with the tables")
            else:
                compared = reconcile(connection, connection.execute(_EVENTS))
                found.problems += compared.problems
                found.notes += compared.notes
    return found


def _neighbour(path: Path) -> Iterator[Witness]:
    """Yield what the other program's books remember of the log in `path`, when they are on this computer."""
    of_central = path.name == CENTRAL_DB
    other = path.parent.parent / ("registry/registry.db" if of_central else "central/central.db")
    if other.exists():
        with reading(other) as connection:
            yield registry_witness(connection) if of_central else central_witness(connection)


def _kept(path: Path, book: str) -> Witness:
    try:
        return log_witness(path, book)
    except OSError as problem:
        raise StateError(f"cannot read {path}: {failures.why(problem)}") from None


def _unread(connection: Connection) -> list[str]:
    """Return a line for each row that this release cannot read: no harm is done, but its screens lack it."""
    return [
        f"row {row['n']} of the audit log ({row['type']}) cannot be read by this release"
        for row in connection.execute("SELECT n, type, data FROM events ORDER BY n")
        if isinstance(stored(row["n"], row["type"], row["data"]), Unread)
    ]


def _damage(connection: Connection) -> list[str]:
    """Return what SQLite itself finds wrong with the file."""
    found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST_DAMAGE})")]
    lines = [f"the file is damaged: {line}" for line in found if line != "ok"]
    lines += [
        f"the file is damaged: row {row[1]} of {row[0]} names a row of {row[2]} that is not there"
        for row in connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_DAMAGE)
    ]
    return lines


def _unguarded(connection: Connection, schema_package: str) -> Iterator[str]:
    """Yield what was taken from the schema, so that rows can be changed which must not."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    there = dict(connection.execute(GUARDS).fetchall())
    for name, sql in guards(schema_package, version).items():
        if there.get(name) != sql:
            yield f"the schema was changed: {name} {'is another' if name in there else 'is missing'}"


def _sums(path: Path) -> dict[str, int]:
    with reading(path) as connection:
        sums = {"events": connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]}
        if path.name == CENTRAL_DB:
            for table in ("ticket", "correction") if _has(connection, "correction") else ("ticket",):
                columns = summed(mwh="energy_mwh", cents="cost_cents")
                row = connection.execute(f"SELECT COUNT(*) AS n, {columns} FROM {table}").fetchone()  # noqa: S608
                sums[f"{table}s"] = row["n"]
                for name, column in (("energy_mwh", "mwh"), ("cost_cents", "cents")):
                    sums[name] = sums.get(name, 0) + sum_of(row, column)
        return sums


def _has(connection: Connection, table: str) -> bool:
    there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return connection.execute(there, (table,)).fetchone() is not None


def _summary(sums: dict[str, int]) -> str:
    text = f"{sums['events']} events, chain unbroken"
    if "tickets" in sums:
        count = sums.get("corrections", 0)
        corrected = f" and {count} correction{'s' if count > 1 else ''}" if count else ""
        text += (
            f"; {sums['tickets']} tickets{corrected}, {sums['energy_mwh']} mWh, {sums['cost_cents']} cents;"
            " every sum holds"
        )
    return text
