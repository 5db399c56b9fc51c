"""What accounts and tokens may be called, and what they may be."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from evcharge.central.rules import accounts
from evcharge.domain.errors import BadInput
from evcharge.domain.events import LoggedIn
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


@pytest.mark.parametrize("name", ["kafka", "Iocal", "system", "central", "adm1n", "driver"])
def test_nobody_is_called_like_the_network_itself(name: str):
    with pytest.raises(BadInput, match="name of the network itself|bad name"):
        accounts.check_account(name, Role.OPERATOR)


def test_only_the_first_administrator_is_called_admin():
    accounts.check_account("admin", Role.ADMIN)
    with pytest.raises(BadInput, match="admin is, or looks like, a name of the network itself"):
        accounts.check_account("admin", Role.OPERATOR)
    with pytest.raises(BadInput, match="name of the network itself"):
        accounts.check_token("admin", Role.ADMIN)


# ---- what the audit log proves


def account(**changes: object) -> accounts.Account:
    kept = {
        "name": "D01",
        "role": Role.DRIVER,
        "secret_hash": "HASH",
        "version": 1,
        "created_at": NOON,
        "created_by": "ana",
    }
    return accounts.Account(**kept | changes)


def test_the_seal_changes_with_anything_that_is_kept():
    seals = {
        accounts.seal(account(**changes))
        for changes in (
            {}, {"name": "D02"}, {"role": Role.VIEWER}, {"secret_hash": "OTHER"}, {"version": 2}, {"created_by": "eva"},
            {"created_at": NOON + timedelta(seconds=1)}, {"removed_at": NOON}, {"registration": 1},
        )
    }  # fmt: skip
    assert len(seals) == 9


def test_the_seal_of_a_first_registration_is_the_one_from_before_there_were_registrations():
    before = {
        "created_at": "2026-01-01T12:00:00.000000+00:00", "created_by": "ana", "name": "D01", "removed_at": None,
        "role": "driver", "secret_hash": "HASH", "version": 1,
    }  # fmt: skip
    written = json.dumps(before, sort_keys=True, separators=(",", ":")).encode()
    assert accounts.seal(account()) == hashlib.sha256(written).hexdigest()[:32]


def test_a_login_is_told_where_the_audit_log_names_it():
    told = accounts.Told()
    told.take(LoggedIn(name="olga", login="a" * 16), "2026-01-01T12:00:00.000Z")
    assert told.knows("olga", "a" * 16, "2026-01-01T12:00:00.000Z")
    assert not told.knows("olga", "b" * 16, "2026-01-01T11:00:00.000Z")
    assert not told.knows("eva", "a" * 16, "2026-01-01T12:00:00.000Z")


def test_of_a_login_whose_event_names_none_the_instant_must_do():
    told = accounts.Told()
    told.take(LoggedIn(name="olga"), "2026-01-01T12:00:00.000Z")
    told.take(LoggedIn(name="olga"), "2026-01-01T11:00:00.000Z")
    assert told.knows("olga", "a" * 16, "2026-01-01T12:00:00.000Z")
    assert not told.knows("olga", "a" * 16, "2026-01-01T12:00:00.001Z")
    assert not told.knows("eva", "a" * 16, "2026-01-01T12:00:00.000Z")


def test_a_login_is_known_by_a_part_of_its_digest():
    login = accounts.Login(
        token_sha256="0123456789abcdef" * 4,
        name="olga",
        has_account=True,
        version=1,
        address="::1",
        created_at=NOON,
        expires_at=NOON,
    )
    assert login.id == "0123456789abcdef"
