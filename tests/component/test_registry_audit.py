"""Who logs in at the Registry, or fails to, is in Central's audit log: with id and address, once, and chained."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from aiohttp import web

from evcharge.central.books import verify
from evcharge.central.services import registry_sync
from evcharge.registry.api import RegistryApi
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.town import running


@pytest.fixture
def password(tmp_path: Path) -> str:
    return make_state(tmp_path)


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)


def noted(state: Path) -> list[tuple[str, str, str, str]]:
    """Return address, what, target and result of each row, in their order."""
    connection = sqlite3.connect(f"file:{state / 'central/central.db'}?mode=ro", uri=True)
    with contextlib.closing(connection):
        rows = connection.execute(
            "SELECT address, data FROM events WHERE type = 'RegistryNoted' ORDER BY n"
        ).fetchall()
    found = [(address, json.loads(data)) for address, data in rows]
    return [(address, one["what"], one["target"], one["result"]) for address, one in found]


async def until_noted(state: Path, row: tuple[str, str, str, str]) -> None:
    async with asyncio.timeout(10):
        while row not in noted(state):
            await asyncio.sleep(0.02)


async def test_logins_registrations_and_withdrawals_are_kept_once_over_a_restart(
    tmp_path: Path, password: str
):
    async with running_registry(tmp_path, password) as registry:
        async with running(tmp_path, registry.url):
            await registry.register("CP001")
            assert (await registry.ticket("CP001", secret="x" * 20, come_from="127.0.0.7")).status == 401
            assert (await registry.ticket("CP001")).status == 200
            wrong = {"user": "admin", "password": "not the password"}
            assert (await registry.ask("POST", "/v1/login", wrong, come_from="127.0.0.8")).status == 401
            admin = await registry.admin()
            await registry.ask("DELETE", "/register/cp/CP001", token=admin, come_from="127.0.0.9")
            await until_noted(tmp_path, ("127.0.0.9", "withdraw", "CP001", "done"))
        before = noted(tmp_path)
        assert {
            ("127.0.0.1", "register", "CP001", "done"),
            ("127.0.0.7", "POST /v1/ticket", "CP001", "E_CREDENTIAL"),
            ("127.0.0.8", "POST /v1/login", "admin", "E_CREDENTIAL"),
            ("127.0.0.1", "log in", "admin", "done"),
        } <= set(before)
        # A ticket that was given shows as the login at Central.
        assert "get ticket" not in {what for _, what, _, _ in before}
        async with running(tmp_path, registry.url):
            await registry.ticket("CP002", secret="x" * 20, come_from="127.0.0.10")
            await until_noted(tmp_path, ("127.0.0.10", "POST /v1/ticket", "CP002", "E_CREDENTIAL"))
        assert noted(tmp_path)[: len(before)] == before
        assert len(noted(tmp_path)) == len(before) + 1
    assert verify.check(tmp_path / "central" / "central.db") == []


@pytest.mark.parametrize("runs_on", [True, False], ids=["Central runs on", "Central stands still"])
async def test_of_a_registry_that_was_put_back_no_row_is_missed_and_none_is_kept_twice(
    tmp_path: Path, password: str, unused_tcp_port: int, runs_on: bool
):
    books, copy = tmp_path / "registry" / "registry.db", tmp_path / "copy.db"

    def registering() -> contextlib.AbstractAsyncContextManager[Running]:
        return running_registry(tmp_path, password, unused_tcp_port)

    async def registers(registry: Running, *ids: str) -> None:
        for id_ in ids:
            await registry.register(id_, credential=None)

    async with contextlib.AsyncExitStack() as central:
        async with registering() as registry:
            await central.enter_async_context(running(tmp_path, registry.url))
            await registers(registry, "CP001", "CP002")
        shutil.copyfile(books, copy)
        async with registering() as registry:
            await registers(registry, "CP003", "CP004")
            await until_noted(tmp_path, ("127.0.0.1", "register", "CP004", "done"))
        if not runs_on:
            await central.aclose()
        shutil.copyfile(copy, books)
        async with registering() as registry:
            if runs_on:
                # Less than Central has read, and then more.
                await registers(registry, "CP005")
                await until_noted(tmp_path, ("127.0.0.1", "register", "CP005", "done"))
            await registers(registry, "CP006", "CP007", "CP008", "CP009")
            if not runs_on:
                await central.enter_async_context(running(tmp_path, registry.url))
            await until_noted(tmp_path, ("127.0.0.1", "register", "CP009", "done"))
    found = [target for _, what, target, _ in noted(tmp_path) if what == "register"]
    assert found == [f"CP{n:03}" for n in range(1, 10) if runs_on or n != 5]
    assert verify.check(tmp_path / "central" / "central.db") == []


async def test_of_a_registry_that_told_nothing_of_its_log_before_it_was_updated_the_newest_are_kept(
    tmp_path: Path, password: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
):
    asked = asyncio.Semaphore(0)

    async def knows_of_no_log(_api: RegistryApi, _request: web.Request) -> web.Response:
        asked.release()
        return web.json_response({}, status=404)

    async with contextlib.AsyncExitStack() as central:
        with monkeypatch.context() as before:
            before.setattr(RegistryApi, "audit", knows_of_no_log)
            async with running_registry(tmp_path, password, unused_tcp_port) as registry:
                for number in range(3):
                    await registry.register(f"CP{number:03}", credential=None)
                await central.enter_async_context(running(tmp_path, registry.url))
                async with asyncio.timeout(10):
                    for _ in range(2):
                        await asked.acquire()
        monkeypatch.setattr("evcharge.registry.api.AUDIT_PAGE", 2)
        async with running_registry(tmp_path, password, unused_tcp_port) as registry:
            await until_noted(tmp_path, ("127.0.0.1", "register", "CP002", "done"))
    targets = [target for _, what, target, _ in noted(tmp_path) if what == "register"]
    assert targets == ["CP001", "CP002"]


async def test_a_flood_at_the_registry_costs_central_few_rows(tmp_path: Path, password: str):
    async with running_registry(tmp_path, password) as registry:
        for _ in range(60):
            await registry.ask("POST", "/register/cp", {"cp_id": "CP001"}, token="wrong")
        for number in range(60):
            # With secrets that the Registry makes: sixty chosen ones at once are more than it hashes for an address.
            await registry.register(f"CP{number:03}", credential=None)
        await registry.ask("POST", "/v1/ticket", {}, come_from="127.0.0.9")
        async with running(tmp_path, registry.url):
            await until_noted(tmp_path, ("127.0.0.9", "POST /v1/ticket", "", "E_FIELD"))
    rows = noted(tmp_path)
    assert len([row for row in rows if row[1] == "POST /register/cp"]) == 1
    assert [row[2] for row in rows if row[1] == "register"][-2:] == ["CP019", "various"]
    assert len([row for row in rows if row[1] == "register"]) == 21
