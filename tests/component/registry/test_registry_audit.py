"""The Registry's audit log: whole, bounded, without secrets."""

import asyncio
import contextlib
import logging
import sqlite3

import pytest

from evcharge.registry import app, callers, repeats, store
from evcharge.runtime.clock import utc_now
from evcharge.storage import hash_chain
from evcharge.storage.store_errors import StoreFull
from tests.component.registry.looking import audit_rows
from tests.component.registry_process import running_registry


async def test_every_change_has_its_audit_row_in_an_unbroken_chain(registry):
    await registry.register()
    await registry.ticket()
    await registry.ticket()
    token = await registry.admin()
    await registry.ask("POST", "/rotate", {"cp_id": "CP001"}, token=token)
    found = audit_rows(registry.state)
    columns = ("who", "role", "address", "what", "target", "result")
    assert [tuple(row[name] for name in columns) for row in found[1:]] == [
        ("enrolment token", "enrolment", "127.0.0.1", "register", "CP001", "done"),
        ("CP001", "engine", "127.0.0.1", "get ticket", "CP001", "done"),
        ("admin", "admin", "127.0.0.1", "log in", "admin", "done"),
        ("admin", "admin", "127.0.0.1", "rotate", "CP001", "done"),
    ]
    assert all(abs(row["at"] - utc_now().timestamp()) < 60 for row in found[1:])
    assert hash_chain.first_broken(found) is None


async def test_failed_logins_are_one_row_at_once_and_one_for_the_rest(made, state):
    async with running_registry(state, made[1]) as registry:
        for number in range(4):
            await registry.ticket("CP009", f"guess-{number}")
        (row,) = audit_rows(state)[1:]
        assert (row["role"], row["address"], row["target"]) == ("stranger", "127.0.0.1", "CP009")
        assert (row["what"], row["result"], row["times"]) == ("POST /v1/ticket", "E_CREDENTIAL", 1)
    last = audit_rows(state)[-1]
    assert (last["target"], last["result"], last["times"]) == ("CP009", "E_CREDENTIAL", 3)
    assert hash_chain.first_broken(audit_rows(state)) is None


async def test_repeated_refusals_are_written_when_their_minute_is_over(made, state, monkeypatch, caplog):
    monkeypatch.setattr(app, "_WRITE_REPEATS_EVERY_S", 0.01)
    monkeypatch.setattr(repeats, "WITHIN_S", 0.05)
    real, real_turn, turns = store.Store.note, callers.Callers.write_repeats, []

    async def turn(self, **more):
        turns.append(more)
        await real_turn(self, **more)

    async def fails_once(self, entries):
        entries = list(entries)
        if entries[0].times == 2 and "cannot write" not in caplog.text:
            raise StoreFull("database or disk is full")
        await real(self, entries)

    monkeypatch.setattr(store.Store, "note", fails_once)
    monkeypatch.setattr(callers.Callers, "write_repeats", turn)
    async with running_registry(state, made[1]) as registry, asyncio.timeout(10):
        while not any(row["times"] == 2 for row in audit_rows(state)):
            await asyncio.gather(*(registry.ask("GET", "/") for _ in range(3)))
            seen = len(turns)
            while len(turns) < seen + 10:
                await asyncio.sleep(0.01)
    assert "cannot write the audit log: the disk is full" in caplog.text


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET who = 'nobody'",
        "DELETE FROM events",
        (
            "INSERT OR REPLACE INTO events SELECT n, at, 'x', role, address, what, target, result, detail, times, hash "
            "FROM events WHERE n = 1"
        ),
        (
            "INSERT INTO events SELECT n + 5, at, who, role, address, what, target, result, detail, times, hash "
            "FROM events WHERE n = 1"
        ),
    ],
)
def test_the_audit_log_is_append_only(state, sql):
    with (
        contextlib.closing(sqlite3.connect(state / "registry" / "registry.db")) as writing,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        writing.execute(sql)


async def test_no_secret_is_found_in_the_database_or_the_log(made, state, caplog):
    caplog.set_level(logging.DEBUG)
    canaries = ["cp-canary-secret", "cp-canary-wrong", "canary-field", made[1]]
    async with running_registry(state, made[1]) as registry:
        await registry.register(credential=canaries[0])
        generated = (await registry.register("CP002", credential=None)).body["password"]
        await registry.ticket(secret=canaries[0])
        await registry.ticket(secret=canaries[1])
        await registry.ask("POST", "/v1/login", {"user": "admin", "password": canaries[1]})
        await registry.ticket(secret=canaries[2] + "\n")
        ticket = (await registry.ticket("CP002", generated)).body
        canaries += [generated, ticket["key"], ticket["ticket"], await registry.admin(), registry.enrolment]
        canaries += [registry.central]
    written = b"".join(path.read_bytes() for path in (state / "registry").iterdir()) + caplog.text.encode()
    for canary in canaries:
        assert canary.encode() not in written, canary
