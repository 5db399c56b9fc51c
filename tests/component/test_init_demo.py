"""`evcharge init --demo`: the charging points and drivers of a course, in a network of its own."""

import stat
from pathlib import Path

import pytest

from evcharge import cli
from evcharge.central.books.setup import database_path as books_path
from evcharge.registry.setup import database_path as registry_path
from tests.component.books import raw

DRIVERS = {"DRIVER1": 15_000, "DRIVER2": 10_000}
POINTS = {"CP_001": "Berlin", "CP_002": "Madrid", "CP_003": "Paris", "CP_004": "Rome", "CP_005": "Lisbon"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "s"


def registered(state: Path) -> dict[str, tuple[str, str]]:
    with raw(registry_path(state)) as database:
        rows = database.execute("SELECT id, kind, location FROM registrations")
        return {row[0]: (row[1], row[2]) for row in rows}


def balances(state: Path) -> dict[str, int]:
    with raw(books_path(state)) as database:
        return dict(database.execute("SELECT driver_id, balance_cents FROM driver").fetchall())


def test_a_real_init_registers_nobody_and_makes_no_money(state: Path):
    assert cli.run(["init", "--state", "s"]) == 0
    assert registered(state) == {}
    assert balances(state) == {}


def test_the_demo_registers_its_cast_with_secrets_of_their_own_and_money(state: Path, capsys):
    assert cli.run(["init", "--state", "s", "--demo"]) == 0
    assert registered(state) == {
        **{cp_id: ("cp", location) for cp_id, location in POINTS.items()},
        **dict.fromkeys(DRIVERS, ("driver", "")),
    }
    assert balances(state) == DRIVERS
    said = capsys.readouterr().out
    secrets = set()
    for driver_id, cents in DRIVERS.items():
        path = state / "driver" / driver_id / "password"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        secrets.add(path.read_text("utf-8"))
        assert f"made: demo driver {driver_id}: {cents // 100}.00 €, password in" in said
    secrets |= {(state / "cp" / cp_id / "secret").read_text("utf-8") for cp_id in POINTS}
    # Nobody knows one from another network, or from this text.
    assert len(secrets) == len(DRIVERS) + len(POINTS)
    assert all(len(secret.strip()) >= 40 for secret in secrets)
    assert not any(secret.strip() in said for secret in secrets)
    # Again: everybody keeps the secret, and nobody gets money twice.
    assert cli.run(["init", "--state", "s", "--demo"]) == 0
    assert "kept: demo driver DRIVER1" in capsys.readouterr().out
    assert balances(state) == DRIVERS
    assert cli.run(["audit", "verify", "--state", "s"]) == 0


def test_a_network_that_people_use_gets_no_demo(state: Path, capsys):
    assert cli.run(["init", "--state", "s"]) == 0
    with raw(registry_path(state)) as database:
        database.execute(
            "INSERT INTO registrations (id, kind, location, secret_hash, state, epoch, number, created_at, changed_at)"
            " VALUES ('CP007', 'cp', '', 'sha256$' || hex(zeroblob(32)), 'active', 0, 0, 0, 0)"
        )
        database.commit()
    assert cli.run(["init", "--state", "s", "--demo"]) == 1
    assert "CP007 is registered here: give another folder with --state." in capsys.readouterr().err
    assert set(registered(state)) == {"CP007"}
    assert balances(state) == {}
    assert not (state / "driver").exists()
