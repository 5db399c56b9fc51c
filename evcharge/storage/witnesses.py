"""Witnesses that remember heads of an audit log beside the books, and where they contradict the books.

A forger who makes the whole chain anew, or cuts off its end, must reach every one of them: the file of anchors, the
other program's books, Kafka, and the logs that somebody kept.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.events import RegistryAnchored
from evcharge.domain.strict_json import read_json
from evcharge.runtime import files
from evcharge.storage.anchor_file import ANCHORS, anchors_in, read_anchors
from evcharge.storage.hash_chain import GENESIS, Head

# A log is kept in parts.
_MOST_LOG_BYTES = 1 << 28
FILE, REGISTRY, CENTRAL, KAFKA = ANCHORS, "the Registry", "Central's audit log", "Kafka"


@dataclass(frozen=True, slots=True)
class Witness:
    """Heads that somebody remembers, or `why` it could not be asked. A hash may be only the beginning of one."""

    name: str
    heads: tuple[Head, ...] = ()
    why: str = ""

    @property
    def newest(self) -> int:
        """The last row that it remembers; 0 without any."""
        return max((head.n for head in self.heads), default=0)


def file_witness(book: Path) -> Witness:
    """Return what the file of anchors beside a book remembers. Raises StateError when it cannot be read."""
    try:
        return Witness(FILE, tuple(read_anchors(book.with_name(ANCHORS))))
    except FileNotFoundError:
        return Witness(FILE, why="there is none")


def log_witness(path: Path, book: str) -> Witness:
    """Return what a kept log of a program remembers of `book`. Raises OSError."""
    return Witness(
        path.name, tuple(anchors_in(files.read(path, _MOST_LOG_BYTES).decode("utf-8", "replace"), book))
    )


def registry_witness(registry_books: sqlite3.Connection) -> Witness:
    """Return what the Registry's books remember of Central's log."""
    try:
        rows = registry_books.execute("SELECT n, hash FROM anchors ORDER BY k").fetchall()
    except sqlite3.OperationalError:
        rows = []  # of before there were anchors
    return Witness(REGISTRY, tuple(Head(row[0], row[1]) for row in rows))


def central_witness(central_books: sqlite3.Connection) -> Witness:
    """Return what Central's log remembers of the Registry's."""
    told = central_books.execute("SELECT data FROM events WHERE type = 'RegistryAnchored' ORDER BY n")
    return Witness(CENTRAL, tuple(_registry_heads(row[0] for row in told)))


def _registry_heads(told: Iterator[str]) -> Iterator[Head]:
    for data in told:
        try:
            event = read_json(data, RegistryAnchored)
        except ValueError:
            continue  # what the chain of that log says of it is told there
        yield Head(event.n, event.hash)


def contradictions(books: sqlite3.Connection, witnesses: Sequence[Witness]) -> Iterator[AuditFinding]:
    """Yield each way in which the audit log in `books` is not what witnesses remember."""
    last = books.execute("SELECT COALESCE(MAX(n), 0) FROM events").fetchone()[0]
    found: dict[AuditFinding, list[str]] = {}
    for witness in witnesses:
        for finding in _contradictions(books, witness.heads, last):
            found.setdefault(finding, []).append(witness.name)
    for finding, names in found.items():
        if len(names) == 1:
            yield AuditFinding("said by", finding=finding, witness=names[0])
        else:
            yield AuditFinding("said by several", finding=finding, witnesses=tuple(names))


def _contradictions(books: sqlite3.Connection, heads: Sequence[Head], last: int) -> Iterator[AuditFinding]:
    oldest_first = sorted(heads, key=lambda head: head.n)
    if oldest_first and (cut := oldest_first[-1].n) > last:
        yield AuditFinding("cut off", first=last + 1, last=cut)
    fits = 0
    for head in oldest_first:
        if head.n > last or head.hash == GENESIS:
            continue
        row = books.execute("SELECT hash FROM events WHERE n = ?", (head.n,)).fetchone()
        if row is not None and str(row[0]).startswith(head.hash):
            fits = head.n
            continue
        if fits:
            yield AuditFinding("another row, since", n=head.n, fits=fits)
        else:
            yield AuditFinding("another row", n=head.n)
        return


def gaps(file: Witness, others: Sequence[Witness]) -> Iterator[AuditFinding]:
    """Yield a finding when the file lacks an anchor that went there first, and then to somebody else."""
    known = {(head.n, head.hash) for head in file.heads}
    for witness in others:
        lost = [head for head in witness.heads if (head.n, head.hash) not in known]
        if lost:
            yield AuditFinding(
                "anchor lost", file=file.name, count=len(lost), witness=witness.name, n=lost[0].n
            )
