"""Links that log somebody in once."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from evcharge.central.rules.accounts import Account
from evcharge.central.services.login_links import LASTS_S, LoginLinks
from evcharge.domain.errors import AuthenticationError, Refused
from evcharge.domain.ids import Role

ANA = Account(
    name="ana",
    role=Role.ADMIN,
    secret_hash="x",
    version=1,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    created_by="init",
)


class House:
    """A directory of one account, and a clock."""

    def __init__(self, *, allowed: bool = True) -> None:
        self.now, self.ana = 0.0, ANA
        directory = SimpleNamespace(account=lambda name: self.ana if name == "ana" else None)
        self.links = LoginLinks(directory, lambda: self.now, allowed=allowed)


def test_a_link_opens_once():
    house = House()
    secret = house.links.make(ANA)
    assert house.links.use(secret) is ANA
    with pytest.raises(AuthenticationError, match="used before"):
        house.links.use(secret)


def test_a_link_opens_for_an_hour():
    house = House()
    early, late = house.links.make(ANA), house.links.make(ANA)
    house.now = LASTS_S
    assert house.links.use(early) is ANA
    house.now = LASTS_S + 1
    with pytest.raises(AuthenticationError, match="too old"):
        house.links.use(late)


def test_a_new_password_ends_the_links_of_an_account():
    house = House()
    secret = house.links.make(ANA)
    house.ana = replace(ANA, version=2)
    with pytest.raises(AuthenticationError):
        house.links.use(secret)


def test_of_many_links_the_oldest_goes():
    house = House()
    first, *others = [house.links.make(ANA) for _ in range(21)]
    with pytest.raises(AuthenticationError):
        house.links.use(first)
    assert all(house.links.use(secret) is ANA for secret in others)


def test_where_other_computers_reach_the_pages_there_are_no_links():
    with pytest.raises(Refused, match="127.0.0.1"):
        House(allowed=False).links.make(ANA)
