"""`evcharge audit verify`: is every book in a state folder what was written, and does every sum hold?"""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from evcharge import audit
from evcharge.central.invariants import violations
from evcharge.errors import StateError

ANCHORS = "anchors.txt"
# A line that was cut short by a crash is no anchor.
_ANCHOR = re.compile(r"^([0-9]{1,15}) ([0-9a-f]{64})$", re.MULTILINE)


def main(state: Path) -> int:
    """Check the books of Central and Registry under `state`; print what was found. Returns the exit code."""
    books = [path for path in (state / "central/central.db", state / "registry/registry.db") if path.exists()]
    if not books:
        raise StateError(f"{state} holds neither central.db nor registry.db: is it the right --state folder?")
    sound = True
    for path in books:
        found = check(path)
        sound = sound and not found
        for problem in found:
            print(f"{path.name}: {problem}")
        if not found:
            print(f"{path.name}: {_summary(path)}")
    return 0 if sound else 1


def check(path: Path) -> list[str]:
    """Return what is wrong with one book, a line each."""
    found = []
    with _reading(path) as connection:
        anchors = _anchors(path.parent / ANCHORS)
        newest = max(anchors, key=lambda anchor: anchor.n, default=None)
        broken = audit.first_broken(connection.execute("SELECT * FROM events ORDER BY n"), newest)
        # A chain that was cut and then went on is whole in itself, but older anchors remember.
        broken = broken or _unlike(anchors, connection)
        if broken is not None:
            found.append(f"audit log broken: {broken.why}")
        if path.name == "central.db":
            found += violations(connection)
    return found


def _summary(path: Path) -> str:
    with _reading(path) as connection:
        events = connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]
        text = f"{events} events, chain unbroken"
        if path.name == "central.db":
            tickets, energy, cents = connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(energy_mwh), 0), COALESCE(SUM(cost_cents), 0) FROM ticket"
            ).fetchone()
            text += f"; {tickets} tickets, {energy} mWh, {cents} cents; every sum holds"
        return text


def _anchors(path: Path) -> list[audit.Head]:
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise StateError(f"{path} cannot be read: is it a text file of anchors?") from None
    return [audit.Head(int(n), hash_) for n, hash_ in _ANCHOR.findall(text)]


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
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        # Bytes that are no text were never written by us: let the chain name their row.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        with contextlib.closing(connection):
            yield connection
    except sqlite3.DatabaseError as problem:
        raise StateError(f"{path} cannot be read: {problem}") from None
