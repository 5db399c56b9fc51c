"""The operator's commands about accounts of the Registry, in this process, against a real Registry."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge import cli
from evcharge.domain.errors import AuthenticationError
from evcharge.domain.ids import Role
from evcharge.http.registry_client import RegistryAddress, fetch_ticket
from evcharge.security import secret_files
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.shell import Shell

pytestmark = pytest.mark.usefixtures("clean_surroundings")


@pytest.fixture
def password(tmp_path: Path) -> str:
    return make_state(tmp_path / "state")


@pytest.fixture
async def registry(tmp_path: Path, password: str) -> AsyncIterator[Running]:
    async with running_registry(tmp_path / "state", password) as running:
        yield running


@pytest.fixture
def desk(registry: Running, capsys, monkeypatch) -> Shell:
    monkeypatch.setenv("EVCHARGE_ADMIN_PASSWORD", registry.admin_password)
    return Shell(registry.state, capsys, registry=registry.url)


async def logs_in(registry: Running, id_: str, role: Role, secret: str) -> bool:
    """Return whether that credential gets a ticket."""
    try:
        await fetch_ticket(RegistryAddress(registry.url, registry.state / "ca.pem"), id_, role, secret)
    except AuthenticationError:
        return False
    return True


async def test_a_point_is_added_listed_disabled_enabled_and_rotated(registry: Running, desk: Shell):
    added = await desk.does("cp", "add", "CP009", "--location", "Berlin")
    secret = added.split("shown only now: ")[1].split()[0]
    assert await logs_in(registry, "CP009", Role.ENGINE, secret)
    line = (await desk.does("cp", "list")).splitlines()[1]
    assert line.split()[:4] == ["CP009", "Berlin", "active", "0"]
    assert "disabled" in await desk.does("cp", "disable", "CP009")
    assert not await logs_in(registry, "CP009", Role.ENGINE, secret)
    assert "disabled" in await desk.does("cp", "list")
    await desk.does("cp", "enable", "CP009")
    assert await logs_in(registry, "CP009", Role.ENGINE, secret)
    rotated = json.loads(await desk.does("cp", "rotate", "CP009", "--json"))
    assert not await logs_in(registry, "CP009", Role.ENGINE, secret)
    assert await logs_in(registry, "CP009", Role.MONITOR, rotated["password"])
    assert "--yes" in await desk.fails("cp", "withdraw", "CP009", code=2)
    assert await desk.does("cp", "withdraw", "CP009", "--yes") == "CP009 is withdrawn.\n"
    assert not await logs_in(registry, "CP009", Role.MONITOR, rotated["password"])


async def test_a_driver_is_added_and_kept_here(registry: Running, desk: Shell):
    said = await desk.does("driver", "add", "D09", "--here")
    path = registry.state / "driver" / "D09" / "password"
    assert str(path) in said
    assert secret_files.read_secret(path) not in said
    assert await logs_in(registry, "D09", Role.DRIVER, secret_files.read_secret(path))
    assert "D09" in await desk.does("driver", "list")
    assert json.loads(await desk.does("driver", "list", "--json"))["drivers"][0]["driver_id"] == "D09"


async def test_adding_what_is_there_never_replaces_its_credential(registry: Running, desk: Shell):
    secret = json.loads(await desk.does("cp", "add", "CP009", "--json"))["password"]
    assert "evcharge cp rotate CP009" in await desk.fails("cp", "add", "CP009")
    assert await logs_in(registry, "CP009", Role.ENGINE, secret)


async def test_the_login_is_asked_for_once_and_kept_for_its_owner_only(
    registry: Running, desk: Shell, monkeypatch
):
    await desk.does("cp", "list")
    monkeypatch.delenv("EVCHARGE_ADMIN_PASSWORD")
    await desk.does("cp", "list")
    path = registry.state / "admin.token"
    assert path.stat().st_mode & 0o777 == 0o600
    _, user, url, _ = secret_files.read_secret(path).split(" ")
    secret_files.replace_secret(path, f"9999999999 {user} {url} ended")
    assert "EVCHARGE_ADMIN_PASSWORD" in await desk.fails("cp", "list")
    secret_files.replace_secret(path, "rubbish")
    assert "EVCHARGE_ADMIN_PASSWORD" in await desk.fails("cp", "list")


async def test_a_login_that_has_ended_is_renewed(registry: Running, desk: Shell):
    secret_files.write_secret(registry.state / "admin.token", f"9999999999 admin {registry.url} ended")
    await desk.does("cp", "list")
    secret_files.replace_secret(registry.state / "admin.token", f"5 admin {registry.url} ended")
    await desk.does("cp", "list")


async def test_on_a_terminal_the_password_is_asked_for_hidden(registry: Running, desk: Shell, monkeypatch):
    monkeypatch.delenv("EVCHARGE_ADMIN_PASSWORD")
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda text: asked.append(text) or registry.admin_password)
    await desk.does("cp", "list")
    assert asked == [f"Password of the administrator admin at {registry.url}: "]


async def test_a_wrong_password_is_a_sentence(registry: Running, desk: Shell, monkeypatch):
    monkeypatch.setenv("EVCHARGE_ADMIN_PASSWORD", "wrong-password")
    assert "wrong" in await desk.fails("cp", "list")
    assert not (registry.state / "admin.token").exists()


async def test_what_the_registry_refuses_is_a_sentence(desk: Shell):
    assert "CP404 is not registered" in await desk.fails("cp", "disable", "CP404")
    await desk.does("cp", "add", "X1")
    assert "X1" in await desk.fails("driver", "rotate", "X1")


async def test_a_registry_that_is_not_running(tmp_path: Path, password: str, capsys, monkeypatch):
    monkeypatch.setenv("EVCHARGE_ADMIN_PASSWORD", password)
    desk = Shell(tmp_path / "state", capsys, registry="https://127.0.0.1:9")
    assert "Registry not responding" in await desk.fails("cp", "list")


@pytest.mark.parametrize(
    "args",
    [
        ("cp",),
        ("cp", "add"),
        ("cp", "add", "cp.9"),
        ("cp", "CP001"),
        ("driver", "add", "d.9"),
        ("driver", "lst"),
    ],
)
async def test_misuse_of_registering(tmp_path: Path, capsys, args: tuple[str, ...]):
    capsys.readouterr()
    assert await asyncio.to_thread(cli.run, [*args]) == 2
