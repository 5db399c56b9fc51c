"""Each error of PostgreSQL, and of the way to it, is one of ours, with what can be done about it."""

import ssl

import asyncpg
import pytest

from evcharge.labels.causes import cause
from evcharge.runtime import failures
from evcharge.storage.postgres_errors import store_error
from evcharge.storage.postgres_statements import DEPOSED
from evcharge.storage.store_errors import (
    ConstraintViolated,
    StoreAway,
    StoreBusy,
    StoreDeposed,
    StoreError,
    StoreFull,
    StoreUnwritable,
)


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("28P01", StoreUnwritable, "check the user and the password"),
        ("28000", StoreUnwritable, "check the user and the password"),
        ("53300", StoreAway, "max_connections"),
        ("25006", StoreUnwritable, "name the primary"),
        ("42501", StoreUnwritable, "let it own the schema"),
        ("55P03", StoreBusy, "pg_stat_activity"),
        ("57014", StoreBusy, "statement_timeout"),
        ("42P01", StoreError, "put it back"),
        ("42883", StoreError, "put it back"),
        ("53100", StoreFull, "the disk is full"),
        ("57P01", StoreAway, "cannot be reached"),
        ("23505", ConstraintViolated, "a rule of the database"),
        ("P0001", StoreError, "did not do it (P0001)"),
    ],
)
def test_its_code_says_of_which_kind_it_is_and_what_can_be_done(code: str, kind: type[StoreError], said: str):
    told = store_error(asyncpg.PostgresError.new({"C": code, "M": "said so", "S": "ERROR"}))
    assert type(told) is kind
    assert said in str(told)
    # In the words of every screen.
    assert failures.why(told) == str(told)
    assert cause(str(told), "es") != str(told)


@pytest.mark.parametrize(
    "problem", [ConnectionRefusedError(), TimeoutError(), asyncpg.InterfaceError("closed")]
)
def test_what_the_way_there_raises_means_that_it_is_away(problem: Exception):
    assert type(store_error(problem)) is StoreAway


def test_a_certificate_out_of_its_time_means_that_it_is_away_and_to_be_renewed():
    told = store_error(ssl.SSLCertVerificationError(1, "certificate has expired"))
    assert type(told) is StoreAway
    assert "renew it" in str(told)
    assert cause(str(told), "es") != str(told)


def test_a_value_that_a_query_has_no_use_for_is_our_mistake():
    assert type(store_error(asyncpg.exceptions.ClientConfigurationError("no"))) is StoreError


def test_the_fence_is_known_by_its_code():
    assert (
        type(store_error(asyncpg.PostgresError.new({"C": DEPOSED, "M": "no", "S": "ERROR"}))) is StoreDeposed
    )
