"""What accounts and tokens may be called, and what they may be."""

from datetime import UTC, datetime

import pytest

from evcharge.central.rules import accounts
from evcharge.domain.errors import BadInput
from evcharge.domain.ids import Role

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ["olga", "o", "olga.perez", "lab-7_x", "a" * 32, "2b", "."])
@pytest.mark.parametrize("role", accounts.STAFF)
def test_a_person_is_called_in_lower_case(name: str, role: Role):
    accounts.check_account(name, role)
    accounts.check_token(name, role)
    assert accounts.driver_id(name) is None


@pytest.mark.parametrize("name", ["D01", "007", "-", "_", "D_1"])
def test_the_name_of_a_driver_is_its_id_and_nobody_elses(name: str):
    accounts.check_account(name, Role.DRIVER)
    assert accounts.driver_id(name) == name
    for role in (*accounts.STAFF, Role.SERVICE):
        with pytest.raises(BadInput):
            accounts.check_account(name, role)
        with pytest.raises(BadInput):
            accounts.check_token(name, role)


@pytest.mark.parametrize(
    "name", ["", "Olga", "olga p", "ol\nga", "olga\n", "a" * 33, "ñu", "<b>", "a/b", "d01 "]
)
def test_any_other_name_is_refused_and_shown_harmlessly(name: str):
    with pytest.raises(BadInput) as caught:
        accounts.check_account(name, Role.VIEWER)
    assert caught.value.text.isprintable()
    assert caught.value.text.isascii()


@pytest.mark.parametrize("role", [Role.SERVICE, Role.ENGINE, Role.CENTRAL, Role.DRIVER])
def test_a_person_is_no_program_and_no_peer(role: Role):
    with pytest.raises(BadInput):
        accounts.check_account("olga", role)


@pytest.mark.parametrize("role", [Role.DRIVER, Role.ENGINE, Role.WEATHER])
def test_a_program_is_no_driver_and_no_peer(role: Role):
    with pytest.raises(BadInput):
        accounts.check_token("app", role)


def test_no_repr_shows_what_is_kept_of_a_secret():
    account = accounts.Account(
        name="olga", role=Role.VIEWER, secret_hash="HASH", version=1, created_at=NOON, created_by="ana"
    )
    token = accounts.ApiToken(
        name="app", role=Role.SERVICE, token_sha256="HASH", created_at=NOON, created_by="ana"
    )
    login = accounts.Login(
        token_sha256="HASH",
        name="olga",
        has_account=True,
        version=1,
        address="::1",
        created_at=NOON,
        expires_at=NOON,
    )
    for one in (account, token, login):
        assert "HASH" not in repr(one)
