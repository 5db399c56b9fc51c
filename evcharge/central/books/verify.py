"""`evcharge audit verify`: is every book in a state folder what was written, and does every sum hold?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from evcharge.central.books.invariants import currency_of, violations
from evcharge.central.books.reconcile import reconcile
from evcharge.central.books.unbilled import rebuilt, unbilled, unsigned
from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.errors import StateError
from evcharge.domain.events import Unread, stored
from evcharge.labels import DEFAULT_LANGUAGE
from evcharge.labels.book_findings import in_words
from evcharge.operator import audit_report
from evcharge.operator.audit_report import BookFindings
from evcharge.runtime import failures, network_currency
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


def main(
    state: Path,
    *,
    as_json: bool = False,
    lang: str = DEFAULT_LANGUAGE,
    far: Far | None = None,
    logs: Sequence[Path] = (),
    shared: bool = False,
) -> int:
    """Check the books of Central and Registry under `state`; print what was found. Returns the exit code.

    `far` remember a book's log elsewhere; `logs` are files that a program's log was kept in. `shared`: several Centrals
    may write Central's book, each with anchors in a file of its own. Raises StateError.
    """
    books = [path for path in (state / "central/central.db", state / "registry/registry.db") if path.exists()]
    if not books:
        raise StateError(f"{state} holds neither central.db nor registry.db: is it the right --state folder?")
    found = {
        path: examine(
            path,
            [*(far or {}).get(path.name, ()), *(_kept(log, path.name) for log in logs)],
            shared=shared and path.name == CENTRAL_DB,
        )
        for path in books
    }
    for path, findings in found.items():
        if as_json or not findings.problems:
            findings.sums = _sums(path)
    audit_report.show({path.name: findings for path, findings in found.items()}, as_json=as_json, lang=lang)
    return 0 if not any(findings.problems for findings in found.values()) else 1


def check(path: Path) -> list[str]:
    """Return what is wrong with one book, an English line each."""
    return [in_words(problem) for problem in examine(path).problems]


def examine(path: Path, far: Sequence[Witness] = (), *, shared: bool = False) -> BookFindings:
    """Return everything found in one book, compared with what `far` and the files beside it remember.

    Of a `shared` one the file here has the anchors of one Central only.
    """
    found = BookFindings()
    # Before the book: it must hold all that they remember. The file last, which gets each anchor first.
    others = [*_neighbour(path), *far]
    file = file_witness(path)
    found.witnesses = [file, *others]
    with reading(path) as connection:
        found.problems += [*_damage(connection), *_unguarded(connection, SCHEMAS[path.name])]
        walk = hash_chain.Walk()
        torn = walk.first_broken(connection.execute(_EVENTS))
        found.chains = walk.ends if torn is None else {}
        # A chain that was cut and then went on, or was made anew, is whole in itself; but others remember.
        broken = [torn.why] if torn else contradictions(connection, found.witnesses)
        found.problems += [AuditFinding("chain broken", why=why) for why in broken]
        if not shared:
            # What went to the Registry was first written to the file.
            found.problems += gaps(file, [one for one in others if one.name == REGISTRY])
        if not any(witness.heads for witness in found.witnesses):
            found.notes.append(AuditFinding("none checked"))
        if path.name == CENTRAL_DB:
            # What was found is told in the currency of the books, whatever the settings say.
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            network_currency.adopt(currency_of(connection, schema))
            found.problems += [*violations(connection), *unbilled(connection)]
            found.notes += [*rebuilt(connection), *unsigned(connection)]
            found.unread += _unread(connection)
            if torn is not None:
                found.notes.append(AuditFinding("not compared"))
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


def _unread(connection: Connection) -> list[AuditFinding]:
    """Return each row that this release cannot read: no harm is done, but its screens lack it."""
    return [
        AuditFinding("unread row", n=row["n"], kind=row["type"])
        for row in connection.execute("SELECT n, type, data FROM events ORDER BY n")
        if isinstance(stored(row["n"], row["type"], row["data"]), Unread)
    ]


def _damage(connection: Connection) -> list[AuditFinding]:
    """Return what SQLite itself finds wrong with the file."""
    found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST_DAMAGE})")]
    damage = [AuditFinding("damaged", sqlite=line) for line in found if line != "ok"]
    damage += [
        AuditFinding("points nowhere", row=row[1], table=row[0], other=row[2])
        for row in connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_DAMAGE)
    ]
    return damage


def _unguarded(connection: Connection, schema_package: str) -> Iterator[AuditFinding]:
    """Yield what was taken from the schema, so that rows can be changed which must not."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    there = dict(connection.execute(GUARDS).fetchall())
    for name, sql in guards(schema_package, version).items():
        if there.get(name) != sql:
            yield AuditFinding("schema differs" if name in there else "schema lacks", guard=name)


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
