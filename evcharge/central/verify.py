"""`evcharge audit verify`: is every book in a state folder what was written, and does every sum hold?"""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from evcharge import audit
from evcharge.central.invariants import violations
from evcharge.central.sums import sum_of, summed
from evcharge.errors import StateError
from evcharge.events import Unread, stored

ANCHORS = "anchors.txt"
# A line that was cut short by a crash is no anchor.
_ANCHOR = re.compile(r"^([0-9]{1,15}) ([0-9a-f]{64})$", re.MULTILINE)


def main(state: Path, *, as_json: bool = False) -> int:
    """Check the books of Central and Registry under `state`; print what was found. Returns the exit code."""
    books = [path for path in (state / "central/central.db", state / "registry/registry.db") if path.exists()]
    if not books:
        raise StateError(f"{state} holds neither central.db nor registry.db: is it the right --state folder?")
    found = {path: check(path) for path in books}
    sound = not any(found.values())
    if as_json:
        answer = [
            {"name": path.name, "problems": found[path], "unread": _unread(path)} | _sums(path)
            for path in books
        ]
        print(msgspec.json.format(msgspec.json.encode({"sound": sound, "books": answer}), indent=2).decode())
        return 0 if sound else 1
    for path, problems in found.items():
        for problem in (*problems, *_unread(path)):
            print(f"{path.name}: {problem}")
        if not problems:
            print(f"{path.name}: {_summary(_sums(path))}")
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


def _unread(path: Path) -> list[str]:
    """Return a line for each row that this release cannot read: no harm is done, but its screens lack it."""
    if path.name != "central.db":
        return []
    with _reading(path) as connection:
        return [
            f"row {row['n']} of the audit log ({row['type']}) cannot be read by this release"
            for row in connection.execute("SELECT n, type, data FROM events ORDER BY n")
            if isinstance(stored(row["n"], row["type"], row["data"]), Unread)
        ]


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
