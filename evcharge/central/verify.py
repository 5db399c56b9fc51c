"""`evcharge audit verify`: is every book in a state folder what was written, and does every sum hold?"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from evcharge import audit
from evcharge.central.invariants import violations
from evcharge.errors import StateError

ANCHORS = "anchors.txt"


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
        anchor = _last_anchor(path.parent / ANCHORS)
        broken = audit.first_broken(connection.execute("SELECT * FROM events ORDER BY n"), anchor)
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


def _last_anchor(path: Path) -> audit.Head | None:
    try:
        lines = path.read_text("ascii").split()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise StateError(f"{path} cannot be read: is it a text file of anchors?") from None
    if len(lines) < 2 or not lines[-2].isdigit():
        return None
    return audit.Head(int(lines[-2]), lines[-1])


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    # Read-only: Central may be at work in the same file.
    try:
        connection = sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            yield connection
    except sqlite3.DatabaseError as problem:
        raise StateError(f"{path} cannot be read: {problem}") from None
