"""Registering through Central: the Registry does it, for an account of Central, and keeps its name."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from evcharge.central.api.resources import registration
from evcharge.central.books import verify
from evcharge.central.services import registry_sync
from evcharge.domain.errors import StateError
from evcharge.domain.ids import Role
from evcharge.http.registry_client import fetch_ticket
from evcharge.http.server import ON_BEHALF_OF
from evcharge.joining import token as token_module
from evcharge.registry import setup
from evcharge.registry.store import Store
from evcharge.runtime.clock import utc_now
from evcharge.storage.database import open_database
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.visitors import SAME_SITE, House, Visitor, opened


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_registry(tmp_path, await asyncio.to_thread(make_state, tmp_path)) as running:
        yield running


@pytest.fixture
async def house(registry: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)
    async with opened(registry.state, registry.url) as house:
        yield house
    assert verify.check(registry.state / "central" / "central.db") == []


@pytest.fixture
async def ana(house: House) -> Visitor:
    return await house.person("ana", "admin")


async def order(visitor: Visitor, method: str, path: str, body=None):
    return await visitor.ask(method, path, body, headers=SAME_SITE)


CP = {"kind": "cp", "id": "CP001", "location": "Elche"}


def registry_query(registry: Running, sql: str, *params: object) -> list[tuple]:
    path = registry.state / "registry/registry.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(sql, params).fetchall()


async def registry_rows(registry: Running, what: str) -> list[tuple]:
    return registry_query(
        registry, "SELECT who, role, address, target FROM events WHERE what = ? ORDER BY n", what
    )


async def test_a_new_charging_point_gets_a_credential_and_a_join_token_once(
    registry: Running, house: House, ana: Visitor
):
    made = await order(ana, "POST", "/api/registrations", CP)
    assert made.status == 201
    assert (made.body["id"], made.body["kind"]) == ("CP001", "cp")
    ticket = await fetch_ticket(registry.address, "CP001", Role.ENGINE, made.body["credential"])
    assert ticket.ticket
    token = token_module.decode(made.body["join_token"])
    assert (token.kind, token.id, token.registry_port) == ("cp", "CP001", registry.port)
    assert token.central_port == house.town.port
    made_by = registry_query(registry, "SELECT id, made_by FROM invitations")
    assert made_by == [("CP001", "ana")]
    everything = str([tuple(row) for row in house.query("SELECT * FROM events")])
    for secret in (made.body["credential"], made.body["join_token"]):
        assert secret not in everything
        assert not any(secret in line for line in house.town.lines)


async def test_both_audit_logs_name_the_account(registry: Running, house: House, ana: Visitor):
    await order(ana, "POST", "/api/registrations", CP)
    await order(ana, "POST", "/api/registrations/CP001/deactivate")
    for what in ("register", "deactivate"):
        (row,) = await registry_rows(registry, what)
        assert row == ("ana", "central", "127.0.0.1", "CP001")
    found = await house.recorded("RegistrationChanged")
    assert [row[:2] for row in found] == [("ana", "admin"), ("ana", "admin")]
    assert ["registered" in found[0][2], "deactivated" in found[1][2]] == [True, True]


async def test_the_list_joins_what_the_registry_and_central_know(house: House, ana: Visitor):
    await order(ana, "POST", "/api/registrations", CP)
    await order(ana, "POST", "/api/registrations", {"kind": "cp", "id": "CP002", "location": "Alcoy"})
    await order(ana, "POST", "/api/registrations", {"kind": "driver", "id": "D01"})
    await house.town.point("CP001")
    body = (await ana.get("/api/registrations")).body
    first, second = body["cps"]
    assert (first["cp_id"], first["location"], first["state"]) == ("CP001", "Elche", "active")
    assert (first["status"], first["key"]) == ("Available", "ok")
    assert (second["cp_id"], second["status"], second["key"]) == ("CP002", None, "unknown")
    (driver,) = body["drivers"]
    assert (driver["driver_id"], driver["state"], driver["status"]) == ("D01", "active", None)
    await house.town.driver("D01")
    (driver,) = (await ana.get("/api/registrations")).body["drivers"]
    assert (driver["status"], driver["key"]) == ("Connected", "ok")
    # A viewer may look, too; nobody below may.
    vera = await house.person("vera", "viewer")
    assert (await vera.get("/api/registrations")).status == 200
    assert "secret" not in str(body)


async def test_one_charging_point_shows_its_registration(house: House, ana: Visitor):
    await order(ana, "POST", "/api/registrations", CP)
    await house.town.point("CP001")
    await ana.get("/api/registrations")
    shown = (await ana.get("/api/cps/CP001")).body["registration"]
    assert (shown["state"], shown["epoch"]) == ("active", 0)


async def test_what_was_deactivated_is_out_of_service_and_returns(house: House, ana: Visitor):
    await order(ana, "POST", "/api/registrations", CP)
    await house.town.point("CP001")
    done = await order(ana, "POST", "/api/registrations/CP001/deactivate")
    assert (done.status, done.body["state"]) == (200, "inactive")
    await house.town.says(r"CP001 .*(revoked|Out of order|Unavailable)")
    done = await order(ana, "POST", "/api/registrations/CP001/activate")
    assert (done.status, done.body["state"]) == (200, "active")


async def test_a_rotated_credential_is_shown_once_and_the_old_one_is_void(
    registry: Running, house: House, ana: Visitor
):
    made = (await order(ana, "POST", "/api/registrations", CP)).body
    old = made["credential"]
    new = (await order(ana, "POST", "/api/registrations/CP001/rotate")).body
    assert new["credential"] != old
    assert new["epoch"] == 1
    assert (await registry.ticket("CP001", old)).status == 401
    assert (await registry.ticket("CP001", new["credential"])).status == 200
    token = token_module.decode(new["join_token"])
    assert (token.kind, token.id, new["mind"]) == ("cp", "CP001", made["mind"])
    # The other PC may be at the same place: the invitation knows it.
    assert registry_query(registry, "SELECT location FROM invitations ORDER BY rowid") == [("Elche",)] * 2


async def test_what_is_withdrawn_is_gone(registry: Running, house: House, ana: Visitor):
    credential = (await order(ana, "POST", "/api/registrations", {"kind": "driver", "id": "D01"})).body[
        "credential"
    ]
    assert (await order(ana, "DELETE", "/api/registrations/D01")).status == 200
    assert (await ana.get("/api/registrations")).body["drivers"] == []
    assert (await registry.ticket("D01", credential, "driver")).status == 401
    assert (await order(ana, "DELETE", "/api/registrations/D01")).problem == (404, "E_NOT_FOUND")


async def test_a_known_id_keeps_its_credential(registry: Running, house: House, ana: Visitor):
    credential = (await order(ana, "POST", "/api/registrations", CP)).body["credential"]
    again = await order(ana, "POST", "/api/registrations", CP)
    assert again.problem == (409, "E_CONFLICT")
    assert (await registry.ticket("CP001", credential)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "cp"},
        {"kind": "cp", "id": "cp.001"},
        {"kind": "cp", "id": "../x"},
        {"kind": "monitor", "id": "CP001"},
        {"kind": "driver", "id": "D01", "location": "Elche"},
        {"kind": "cp", "id": "CP001", "location": "a\nb"},
        {"kind": "cp", "id": "CP001", "location": "x" * 500},
        {"kind": "cp", "id": "CP001", "credential": "of mine"},
    ],
)
async def test_a_bad_registration_is_422(house: House, ana: Visitor, body: dict):
    assert (await order(ana, "POST", "/api/registrations", body)).status == 422
    assert (await ana.get("/api/registrations")).body["cps"] == []


ORDERS = [
    ("POST", "/api/registrations"),
    ("POST", "/api/registrations/CP001/activate"),
    ("POST", "/api/registrations/CP001/deactivate"),
    ("POST", "/api/registrations/CP001/rotate"),
    ("DELETE", "/api/registrations/CP001"),
]


@pytest.mark.parametrize(("method", "path"), ORDERS)
async def test_only_an_admin_may_and_never_from_another_site(
    house: House, ana: Visitor, method: str, path: str
):
    body = CP if path.endswith("registrations") else None
    for name, role in (("olga", "operator"), ("vera", "viewer"), ("D01", "driver")):
        person = await house.person(name, role)
        assert (await order(person, method, path, body)).problem == (403, "E_ROLE")
    answer = await ana.ask(method, path, body, headers={"Sec-Fetch-Site": "same-site"})
    assert answer.problem == (403, "E_ROLE")
    assert (await ana.get("/api/registrations")).body["cps"] == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/registrations"), *ORDERS])
async def test_without_the_registry_it_says_so(tmp_path: Path, method: str, path: str):
    async with opened(tmp_path) as house:
        body = CP if (method, path) == ORDERS[0] else None
        answer = await house.program.ask(method, path, body)
        assert answer.problem == (503, "E_UNREACHABLE")
        assert "Registry not responding" in answer.body["text"]
        # The rest of Central does not mind.
        assert (await house.program.get("/api/cps")).status == 200


async def test_a_registry_of_another_network_is_no_reason_to_log_anybody_out(tmp_path: Path):
    password = await asyncio.to_thread(make_state, tmp_path / "theirs")
    async with running_registry(tmp_path / "theirs", password) as strange:
        (tmp_path / "ours").mkdir()
        # Its certificate is believed, and our service key is not known there.
        for name in ("ca.pem", "ca.key"):
            (tmp_path / "ours" / name).write_bytes((tmp_path / "theirs" / name).read_bytes())
            (tmp_path / "ours" / name).chmod(0o600)
        async with opened(tmp_path / "ours", strange.url) as house:
            answer = await house.program.get("/api/registrations")
            assert answer.problem == (503, "E_UNREACHABLE")
            assert "does not take orders from this Central" in answer.body["text"]


async def test_a_join_token_that_cannot_be_made_does_not_lose_the_credential(
    registry: Running, house: House, ana: Visitor
):
    async def fails(*_, **__) -> None:
        raise StateError("no room")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evcharge.joining.joining.invite", fails)
        made = await order(ana, "POST", "/api/registrations", CP)
    assert (made.status, made.body["join_token"], made.body["mind"]) == (201, None, ["no room"])
    assert (await registry.ticket("CP001", made.body["credential"])).status == 200


# ---- the Registry's side


@pytest.mark.parametrize(
    "named",
    [
        "",
        "ana",
        "ana 127.0.0.1 x",
        "ana\t127.0.0.1",
        "a b c",
        "x" * 33 + " ::1",
        "ana " + "1" * 65,
        "<b> ::1",
        "ana /::1",
    ],
)
async def test_a_header_that_names_nobody_is_refused(registry: Running, named: str):
    answer = await registry.ask("GET", "/list", token=registry.central, headers={ON_BEHALF_OF: named})
    assert answer.status == 422


async def test_only_central_speaks_for_others(registry: Running):
    named = {ON_BEHALF_OF: "ana 10.0.0.1"}
    body = {"cp_id": "CP001"}
    answer = await registry.ask("POST", "/rotate", body, token=registry.enrolment, headers=named)
    assert answer.status == 403
    answer = await registry.ask("POST", "/rotate", body, token="nobody", headers=named)
    assert answer.status == 401
    # And for nobody, Central may no more than before.
    assert (await registry.ask("POST", "/rotate", body, token=registry.central)).status == 403
    assert not await registry_rows(registry, "rotate")


async def test_central_replaces_no_credential_by_registering(registry: Running):
    await registry.register("CP001")
    named = {ON_BEHALF_OF: "ana 10.0.0.1"}
    body = {"cp_id": "CP001", "location": "Elche", "credential": "cp_secret_002"}
    answer = await registry.ask("POST", "/register/cp", body, token=registry.central, headers=named)
    assert answer.status == 409


async def test_what_is_known_is_asked_for_again_and_again(registry: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registration, "FRESH_S", 0.05)
    async with opened(registry.state, registry.url) as house:
        await registry.register("CP001")
        await house.town.point("CP001")
        async with asyncio.timeout(5):
            while (await house.program.get("/api/cps/CP001")).body["registration"] is None:
                await asyncio.sleep(0.02)


async def test_invitations_of_an_older_registry_come_through(tmp_path: Path):
    path = tmp_path / "registry.db"
    first = (resources.files(setup.SCHEMA) / "001_registrations.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.executescript(first)
        raw.execute("INSERT INTO admins (name, password_hash, created_at) VALUES ('admin', '$argon2id$', 1)")
        raw.execute(
            "INSERT INTO invitations VALUES (?, 'cp', 'CP001', 'Elche', NULL, 'admin', 5.0, NULL)",
            ("a" * 64,),
        )
        raw.execute("PRAGMA user_version=1")
    async with open_database(path, setup.SCHEMA) as database:
        (row,) = await database.read("SELECT id, made_by FROM invitations")
    assert tuple(row) == ("CP001", "admin")


async def test_registrations_of_an_older_registry_are_the_first_of_their_ids(tmp_path: Path):
    path = tmp_path / "registry.db"
    with closing(sqlite3.connect(path)) as database, database:
        for name in ("001_registrations.sql", "002_made_by.sql"):
            database.executescript((resources.files(setup.SCHEMA) / name).read_text("utf-8"))
        database.execute(
            "INSERT INTO registrations VALUES ('D01', 'driver', '', 'sha256$0', 'active', 4, 1.0, 1.0)"
        )
        database.execute("INSERT INTO revocations VALUES (1, 'D01', 4, 'withdraw', 1.0)")
        database.execute("PRAGMA user_version=2")
    async with open_database(path, setup.SCHEMA) as database:
        store = Store(database, utc_now)
        found = await store.find("D01")
        assert found is not None
        assert (found.epoch, found.number) == (4, 0)
        # Which registration that withdrawal ended was not written down.
        (revocation,), _ = await store.revocations(0)
        assert revocation.registration is None
