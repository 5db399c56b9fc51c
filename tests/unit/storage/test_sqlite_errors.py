"""Each error of SQLite is one of ours."""

import sqlite3

import pytest

from evcharge.storage.sqlite_errors import in_our_words, store_error
from evcharge.storage.store_errors import (
    ConstraintViolated,
    StoreBroken,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnwritable,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_CORRUPT", StoreDamaged),
        ("SQLITE_CORRUPT_VTAB", StoreDamaged),
        ("SQLITE_NOTADB", StoreDamaged),
        ("SQLITE_IOERR_FSYNC", StoreBroken),
        ("SQLITE_IOERR_DIR_FSYNC", StoreBroken),
        ("SQLITE_IOERR_READ", StoreError),
        ("SQLITE_FULL", StoreFull),
        ("SQLITE_BUSY", StoreBusy),
        ("SQLITE_BUSY_SNAPSHOT", StoreBusy),
        ("SQLITE_LOCKED", StoreBusy),
        ("SQLITE_READONLY_DBMOVED", StoreUnwritable),
        ("SQLITE_CANTOPEN", StoreUnwritable),
        ("SQLITE_PERM", StoreUnwritable),
        ("SQLITE_ERROR", StoreError),
        ("", StoreError),
    ],
)
def test_its_name_says_of_which_kind_it_is(name, kind):
    problem = sqlite3.OperationalError("said so")
    problem.sqlite_errorname = name
    told = store_error(problem)
    assert (type(told), told.args, told.code) == (kind, ("said so",), name)


def test_an_error_without_a_name_is_one_too():
    assert type(store_error(sqlite3.ProgrammingError("closed"))) is StoreError


def test_a_violated_constraint_is_known_by_its_class():
    assert type(store_error(sqlite3.IntegrityError("no"))) is ConstraintViolated


def test_what_is_damaged_is_broken_and_all_of_them_are_store_errors():
    assert issubclass(StoreDamaged, StoreBroken)
    for kind in (ConstraintViolated, StoreBroken, StoreBusy, StoreFull, StoreUnwritable):
        assert issubclass(kind, StoreError)


def test_other_errors_pass_as_they_are():
    with pytest.raises(ZeroDivisionError), in_our_words():
        raise ZeroDivisionError
    with pytest.raises(StoreError) as problem, in_our_words():
        raise sqlite3.OperationalError("no")
    assert isinstance(problem.value.__cause__, sqlite3.OperationalError)
