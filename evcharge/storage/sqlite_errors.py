"""SQLite's errors in our own words (`store_errors`)."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator

from evcharge.storage.store_errors import (
    ConstraintViolated,
    StoreBroken,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnwritable,
)

# By the beginning of their names; the first that fits counts.
_KINDS = (
    (("SQLITE_CORRUPT", "SQLITE_NOTADB"), StoreDamaged),
    # Pages that failed to reach the disk are believed to be there afterwards.
    (("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"), StoreBroken),
    (("SQLITE_FULL",), StoreFull),
    (("SQLITE_BUSY", "SQLITE_LOCKED"), StoreBusy),
    (("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"), StoreUnwritable),
)


def store_error(problem: sqlite3.Error) -> StoreError:
    """Return what `problem` is for those who use a database."""
    code = getattr(problem, "sqlite_errorname", "")
    if isinstance(problem, sqlite3.ProgrammingError) and "binding parameter" in str(problem):
        return ConstraintViolated(str(problem), code)
    if isinstance(problem, sqlite3.IntegrityError):
        # Which rule is what a report needs; the row is not told.
        rule = re.search(r"(?:constraint failed:|column) ([\w.]+)", str(problem))
        return ConstraintViolated(
            str(problem), code, f"{ConstraintViolated.sentence} ({rule[1]})" if rule else ""
        )
    kind = next((kind for names, kind in _KINDS if code.startswith(names)), StoreError)
    sentence = ""
    if kind is StoreError and code:
        is_disk = code.startswith("SQLITE_IOERR")
        sentence = "reading or writing failed" if is_disk else f"{StoreError.sentence} ({code})"
    return kind(str(problem), code, sentence)


@contextlib.contextmanager
def in_our_words() -> Iterator[None]:
    """Let every error of SQLite leave the block as a StoreError, and what it cannot hold as one of the data."""
    try:
        yield
    except sqlite3.Error as problem:
        raise store_error(problem) from problem
    except (OverflowError, UnicodeEncodeError) as problem:
        # A number of more than 64 bits, a text that is no Unicode: the driver finds out before SQLite does.
        raise ConstraintViolated(str(problem)) from problem
