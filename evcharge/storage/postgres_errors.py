"""PostgreSQL's errors, and those of the way to it, in our own words (`store_errors`)."""

import ssl

import asyncpg

from evcharge.domain.errors import NotNow
from evcharge.storage.postgres_statements import DEPOSED, STALE
from evcharge.storage.store_errors import (
    ConstraintViolated,
    StoreAway,
    StoreBroken,
    StoreBusy,
    StoreDamaged,
    StoreDeposed,
    StoreError,
    StoreFull,
    StoreStale,
    StoreUnwritable,
)

# By the beginning of SQLSTATE; the first that fits counts.
_KINDS = (
    ((DEPOSED,), StoreDeposed),
    ((STALE,), StoreStale),
    # A value that no column takes breaks a rule of the schema as well.
    (("21", "22", "23"), ConstraintViolated),
    (("53100",), StoreFull),
    (("08", "57P", "53300"), StoreAway),
    (("40", "53", "55", "57"), StoreBusy),
    (("42501", "25006", "28"), StoreUnwritable),
    (("XX001", "XX002"), StoreDamaged),
    (("58030", "XX"), StoreBroken),
)
# What can be done about it, by the beginning of SQLSTATE: the end of a sentence.
_SENTENCES = (
    (("28",), "the database refuses our login: check the user and the password"),
    (("53300",), "the database takes no more connections: end some, or raise its max_connections"),
    (("25006",), "the database may only be read now: end that, or name the primary"),
    (("42501",), "the database does not let this user write: let it own the schema"),
    (("55P03",), "another session locks the books: end it (pg_stat_activity)"),
    (("57014",), "the database broke it off: raise the statement_timeout of this user"),
    (("42P01", "42703", "42883"), "a part of the books is missing: put it back, then start Central again"),
)
_NOT_TRUSTED = "the database shows a certificate that is not valid now, or that we do not trust: renew it"
# What the way there raises when it is broken.
AWAY = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
ALL = (asyncpg.PostgresError, *AWAY)


def store_error(problem: BaseException) -> StoreError:
    """Return what `problem` is for those who use a database."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return StoreAway(str(problem), sentence=_NOT_TRUSTED)
    if isinstance(problem, NotNow):
        return StoreAway(str(problem))
    if not isinstance(problem, asyncpg.PostgresError):
        # A value of a kind that the query has no use for is our mistake.
        is_away = isinstance(problem, AWAY) and not isinstance(problem, ValueError)
        return (StoreAway if is_away else StoreError)(str(problem))
    code = problem.sqlstate or ""
    kind = next((kind for names, kind in _KINDS if code.startswith(names)), StoreError)
    if kind is ConstraintViolated:
        # Which rule is what a report needs; PostgreSQL's own text tells the row.
        rule = problem.constraint_name or problem.column_name or code
        return ConstraintViolated(str(problem), code, f"{ConstraintViolated.sentence} ({rule})")
    sentence = next((text for names, text in _SENTENCES if code.startswith(names)), "")
    if kind is StoreError and not sentence:
        sentence = f"{StoreError.sentence} ({code})"
    return kind(str(problem), code, sentence)
