"""Two Registries on one PostgreSQL: whoever asks goes on to the next, and what was lost half way is done once."""

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from evcharge.domain.errors import BadInput, Code, Overloaded, Refused
from evcharge.domain.ids import Role
from evcharge.http import registry_client
from evcharge.http.registry_client import AnswerLost, RegistryAddress, call, fetch_ticket, register
from evcharge.registry import setup
from evcharge.registry.store import Store
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config, RegistrySettings
from evcharge.security import secret_files
from evcharge.storage import hash_chain
from evcharge.storage.store_errors import StoreAway
from tests.component import engines
from tests.component.registry.test_registry_store import ADMIN
from tests.component.registry_process import Running, copy_state, running_registry
from tests.ports import free_port

ENGINES = (engines.POSTGRES,)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return engines.registry_address(tmp_path)


@pytest.fixture
async def pair(made: tuple[Path, str], tmp_path: Path, database: str) -> AsyncIterator[list[Running]]:
    """Two of them, each with a copy of the same state folder."""
    states = [copy_state(made[0], tmp_path / name) for name in ("a", "b")]
    for state in states:
        shutil.rmtree(state / "registry")
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_registry(state, "", database=database))
            for state in states
        ]


def both(pair: list[Running]) -> RegistryAddress:
    first, second = pair
    return RegistryAddress(first.url, first.state / "ca.pem", (second.url,))


async def test_what_one_was_told_the_other_knows(pair: list[Running]):
    one, two = pair
    assert (await one.register("CP001")).status == 201
    assert (await two.register("CP001")).status == 200
    assert (await two.ticket("CP001")).status == 200
    refused = await two.register("CP001", credential="another_secret_1")
    assert (refused.status, refused.body["code"]) == (409, "E_CONFLICT")
    await two.ask("POST", "/v1/disable", {"id": "CP001", "epoch": 1}, token=two.central)
    assert (await one.ticket("CP001")).status == 403
    for registry in pair:
        told = await registry.ask("GET", "/v1/revocations?since=0", token=registry.central)
        assert [(row["n"], row["id"]) for row in told.body["revocations"]] == [(1, "CP001")]


async def test_the_next_one_is_asked_when_one_is_away_and_is_asked_first_from_then_on(pair: list[Running]):
    _, two = pair
    address = RegistryAddress(f"https://127.0.0.1:{free_port()}", two.state / "ca.pem", (two.url,))
    made = await register(address, "cp", "CP001", two.enrolment, location="Elche")
    assert address.urls[0] == two.url
    assert (await fetch_ticket(address, "CP001", Role.ENGINE, made["password"])).ticket


async def test_one_that_cannot_reach_the_tables_is_passed_over(pair: list[Running], monkeypatch):
    real, tries = Store.save, []

    async def fails_once(self: Store, *args: Any, **more: Any) -> None:
        tries.append(self)
        if len(tries) == 1:
            raise StoreAway("cut")
        await real(self, *args, **more)

    monkeypatch.setattr(Store, "save", fails_once)
    address = both(pair)
    await register(address, "cp", "CP001", pair[0].enrolment, credential="cp_secret_001")
    assert len(set(tries)) == 2
    assert address.url == pair[1].url


async def test_what_is_refused_is_refused_and_no_other_is_asked(pair: list[Running]):
    address = both(pair)
    with pytest.raises(BadInput):
        await register(address, "cp", "CP001", pair[0].enrolment, credential="short")
    with pytest.raises(Refused):
        await call(address, "DELETE", "/register/cp/CP009", token=await admin(pair[0]))
    assert address.url == pair[0].url


async def admin(registry: Running) -> str:
    """Log in somebody who is administrator in these tables."""
    state, token = registry.state, "a token of these tests"
    settings = RegistrySettings(database=engines.registry_address(state.parent))
    config = Config(state=state.parent / "c", registry=settings)
    async with setup.open_tables(config) as tables:
        store = Store(tables, utc_now)
        await store.add_first_admin("admin", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", ADMIN)
        await store.add_token("admin", token, 60, ADMIN)
    return token


async def lost_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first answer be lost, after it was given."""
    real, lost = registry_client._asked, False

    async def asked(*args: Any) -> dict[str, Any]:
        nonlocal lost
        content = await real(*args)
        if not lost:
            lost = True
            raise AnswerLost("cut", Code.UNREACHABLE)
        return content

    monkeypatch.setattr(registry_client, "_asked", asked)


async def test_what_was_done_when_its_answer_was_lost_is_done_once(pair: list[Running], monkeypatch):
    await lost_once(monkeypatch)
    made = await register(both(pair), "cp", "CP001", pair[0].enrolment)
    assert (await pair[1].ticket("CP001", made["password"])).status == 200
    monkeypatch.undo()
    token = await admin(pair[0])
    await lost_once(monkeypatch)
    assert await call(both(pair), "DELETE", "/register/cp/CP001", token=token) == {}
    listed = await pair[1].ask("GET", "/list", token=token)
    assert listed.body["cps"] == []


async def test_whoever_withdrew_itself_and_lost_the_answer_is_told_to_look(pair: list[Running], monkeypatch):
    await pair[0].register("CP001")
    await lost_once(monkeypatch)
    with pytest.raises(AnswerLost, match="look before you repeat it"):
        await call(both(pair), "DELETE", "/register/cp/CP001", login=("CP001", "cp_secret_001"))


async def test_whoever_withdrew_itself_is_told_to_look_also_when_no_other_answers(
    pair: list[Running], monkeypatch
):
    await pair[0].register("CP001")
    await lost_once(monkeypatch)
    away = f"https://127.0.0.1:{free_port()}"
    address = RegistryAddress(pair[0].url, pair[0].state / "ca.pem", (away,))
    with pytest.raises(AnswerLost, match="look before you repeat it"):
        await call(address, "DELETE", "/register/cp/CP001", login=("CP001", "cp_secret_001"))


async def test_when_all_are_away_that_is_said(made: tuple[Path, str]):
    nobody = [f"https://127.0.0.1:{free_port()}" for _ in range(2)]
    address = RegistryAddress(nobody[0], made[0] / "ca.pem", (nobody[1],))
    with pytest.raises(Overloaded, match=f"Registry not responding at {nobody[0]}"):
        await call(address, "GET", "/list", token="x")
    assert address.urls == tuple(nobody)


async def test_one_is_killed_and_registering_goes_on_and_nothing_that_was_confirmed_is_lost(
    made: tuple[Path, str], tmp_path: Path, database: str
):
    states = [copy_state(made[0], tmp_path / name) for name in ("a", "b")]
    ports = [free_port(), free_port()]
    processes = []
    for state, port in zip(states, ports, strict=True):
        shutil.rmtree(state / "registry")
        processes.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "evcharge", "registry", "--state", str(state), "--port", str(port),
                env={"EVCHARGE_REGISTRY__DATABASE": database, "HOME": str(tmp_path)},
                cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )
        )  # fmt: skip
    token = secret_files.read_secret(states[0] / "enrolment.token")
    urls = [f"https://127.0.0.1:{port}" for port in ports]
    confirmed: list[tuple[str, str]] = []

    async def registers(worker: int) -> None:
        first, second = urls if worker % 2 else urls[::-1]
        address = RegistryAddress(first, states[0] / "ca.pem", (second,))
        for number in range(8):
            id_ = f"CP{worker}{number:02}"
            content = await register(address, "cp", id_, token, location="Elche")
            confirmed.append((id_, content["password"]))
            if len(confirmed) == 10:
                processes[0].send_signal(signal.SIGKILL)

    try:
        async with asyncio.timeout(60):
            for process in processes:
                assert process.stdout is not None
                while b"listening on" not in (line := await process.stdout.readline()):
                    assert line, "it ended"
            await asyncio.gather(*(registers(worker) for worker in range(4)))
            alive = RegistryAddress(urls[1], states[0] / "ca.pem")
            for id_, secret in confirmed:
                assert (await fetch_ticket(alive, id_, Role.ENGINE, secret)).ticket
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [-signal.SIGKILL, 0]
    assert len(confirmed) == 4 * 8
    async with engines.opened_tables(tmp_path) as tables:
        store = Store(tables, utc_now)
        rows = await store.events()
        assert hash_chain.first_broken(rows) is None
        registered = [row["target"] for row in rows if row["what"] == "register"]
        # Each once, also those of which the answer was lost.
        assert sorted(registered) == sorted(id_ for id_, _ in confirmed)
