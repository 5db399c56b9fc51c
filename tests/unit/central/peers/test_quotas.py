"""Quotas: what a program that is well never comes near, over however many connections it says it."""

import pytest

from evcharge.central.peers.quotas import (
    BAN_S,
    CHANGES,
    JOURNAL_EVERY_S,
    JOURNALS,
    LOGIN_EVERY_S,
    LOGINS,
    Quotas,
)
from evcharge.domain.errors import Code, Overloaded
from evcharge.domain.ids import Role


@pytest.fixture
def quotas() -> Quotas:
    return Quotas()


def test_logins_beyond_the_quota_are_told_when_to_come_back(quotas: Quotas):
    for _ in range(LOGINS):
        quotas.login(Role.DRIVER, "D01", 0.0)
    with pytest.raises(Overloaded) as refused:
        quotas.login(Role.DRIVER, "D01", 1.0)
    assert (refused.value.code, refused.value.retry_after_s) == (Code.SLOW, LOGIN_EVERY_S - 1.0)
    quotas.login(Role.DRIVER, "D01", LOGIN_EVERY_S)


@pytest.mark.parametrize(("role", "id_"), [(Role.DRIVER, "D02"), (Role.MONITOR, "D01")])
def test_each_role_of_each_id_has_its_own(quotas: Quotas, role: Role, id_: str):
    for _ in range(LOGINS):
        quotas.login(Role.DRIVER, "D01", 0.0)
    quotas.login(role, id_, 0.0)


def test_new_journals_beyond_the_quota_are_told_when_to_come_back(quotas: Quotas):
    for _ in range(JOURNALS):
        quotas.new_journal("CP001", 0.0)
    with pytest.raises(Overloaded) as refused:
        quotas.new_journal("CP001", 0.0)
    assert (refused.value.code, refused.value.retry_after_s) == (Code.SLOW, JOURNAL_EVERY_S)
    quotas.new_journal("CP002", 0.0)


def test_changes_of_health_beyond_the_quota_wait(quotas: Quotas):
    assert [quotas.change_of_health("CP001", 0.0) for _ in range(CHANGES + 1)] == [True] * CHANGES + [False]


def test_whoever_is_banned_is_not_let_in_until_its_time_is_over(quotas: Quotas):
    quotas.ban(Role.ENGINE, "CP001", 0.0)
    with pytest.raises(Overloaded) as refused:
        quotas.login(Role.ENGINE, "CP001", 1.0)
    assert (refused.value.code, refused.value.retry_after_s) == (Code.SLOW, BAN_S - 1.0)
    quotas.login(Role.MONITOR, "CP001", 1.0)
    quotas.login(Role.ENGINE, "CP001", BAN_S)


def test_to_be_banned_twice_lasts_no_longer(quotas: Quotas):
    quotas.ban(Role.ENGINE, "CP001", 0.0)
    quotas.ban(Role.ENGINE, "CP001", 30.0)
    quotas.check(Role.ENGINE, "CP001", BAN_S)
