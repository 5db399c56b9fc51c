"""Registering: who may, what is kept, who may come back."""

import asyncio
import base64
import json
import shutil

import pytest

from evcharge.domain.errors import ProtocolError
from evcharge.http import registry_client
from evcharge.registry import api
from tests.component.registry.looking import audit_rows, opened, rows
from tests.component.registry_process import running_registry


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_curl_call_of_the_course_works_once_the_token_is_added(registry):
    process = await asyncio.create_subprocess_exec(
        *("curl", "-k", "-X", "POST", f"{registry.url}/register/cp"),
        *("-H", f"Authorization: Bearer {registry.enrolment}", "-H", "Content-Type: application/json"),
        *("-d", '{"cp_id":"CP001","location":"Berlin","credential":"cp_secret_001"}'),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(10):
        output, _ = await process.communicate()
    assert json.loads(output) == {
        "cp_id": "CP001",
        "error": False,
        "location": "Berlin",
        "username": "CP001",
    }


async def test_nothing_is_registered_or_withdrawn_without_the_right_token(registry):
    body = {"cp_id": "CP001", "location": "Elche"}
    for token in (None, "guess", "ñ"):
        answer = await registry.ask("POST", "/register/cp", body, token=token)
        assert (answer.status, answer.body["code"]) == (401, "E_CREDENTIAL")
    assert (await registry.register()).status == 201
    assert (await registry.ask("DELETE", "/register/cp/CP001")).status == 401
    answer = await registry.ask("DELETE", "/register/cp/CP001", token=registry.enrolment)
    assert (answer.status, answer.body["code"]) == (403, "E_ROLE")
    assert (await registry.ask("GET", "/list")).status == 401


async def test_a_generated_credential_is_shown_once_and_kept_as_a_hash(registry):
    answer = await registry.register(credential=None)
    password = answer.body["password"]
    assert len(password) == 43
    assert (await registry.ticket(secret=password)).status == 200
    again = await registry.register(credential=password)
    assert (again.status, "password" in again.body) == (200, False)
    (row,) = rows(registry.state, "SELECT secret_hash FROM registrations")
    assert row["secret_hash"].startswith("sha256$")


async def test_the_same_credential_again_is_fine_and_another_is_not(registry):
    assert [(await registry.register()).status for _ in range(2)] == [201, 200]
    answer = await registry.register(credential="cp_secret_002")
    assert (answer.status, answer.body["code"]) == (409, "E_CONFLICT")
    assert (await registry.register(credential=None)).status == 409
    assert (await registry.ticket()).status == 200


async def test_an_administrator_may_replace_a_credential(registry):
    await registry.register()
    body = {"cp_id": "CP001", "location": "", "credential": "cp_secret_002"}
    answer = await registry.ask("POST", "/register/cp", body, token=await registry.admin())
    assert (answer.status, answer.body["location"]) == (200, "Elche")
    assert (await registry.ticket()).status == 401
    assert (await registry.ticket(secret="cp_secret_002")).status == 200


async def test_the_owner_of_a_credential_says_where_its_charging_point_stands_once(registry):
    await registry.register(location="")
    assert (await registry.register(location=" Alcoy ")).body["location"] == "Alcoy"
    assert (await registry.register(location="Elche")).body["location"] == "Alcoy"


async def test_engine_and_monitor_share_a_credential_whoever_registers_first(registry):
    body = {"cp_id": "CP001", "credential": "cp_secret_001"}
    assert (await registry.ask("POST", "/register/monitor", body, token=registry.enrolment)).status == 201
    assert (await registry.register()).body["location"] == "Elche"
    for role in ("engine", "monitor"):
        assert (await registry.ticket(role=role)).status == 200
    assert (await registry.ticket(role="driver")).status == 401


async def test_two_that_register_one_id_at_once_agree_or_one_is_refused(registry):
    same = await asyncio.gather(*(registry.register("CP001") for _ in range(4)))
    assert sorted(answer.status for answer in same) == [200, 200, 200, 201]
    other = await asyncio.gather(
        *(registry.register("CP002", credential=f"cp_secret_00{n}") for n in range(4))
    )
    assert sorted(answer.status for answer in other) == [201, 409, 409, 409]
    assert len(rows(registry.state, "SELECT 1 FROM events WHERE what = 'register'")) == 2


async def test_a_driver_is_registered_and_gets_tickets_as_a_driver_only(registry):
    body = {"driver_id": "D01", "credential": "d01-password"}
    answer = await registry.ask("POST", "/register/driver", body, token=registry.enrolment)
    assert answer.body == {"driver_id": "D01", "error": False, "username": "D01"}
    assert (await registry.ticket("D01", "d01-password", "driver")).status == 200
    assert (await registry.ticket("D01", "d01-password", "engine")).status == 401
    answer = await registry.register("D01", credential="d01-password")
    assert (answer.status, answer.body["text"]) == (
        409,
        "D01 is already registered as a driver, and an id keeps its kind: choose another id.",
    )


async def test_registrations_outlive_the_process(made, state):
    async with running_registry(state, made[1]) as first:
        await first.register()
    async with running_registry(state, made[1]) as second:
        assert (await second.ticket()).status == 200


async def test_a_withdrawn_id_may_come_back_but_its_old_tickets_do_not(registry):
    await registry.register()
    token = await registry.admin()
    assert (await registry.ask("DELETE", "/register/cp/CP001", token=token)).body == {
        "cp_id": "CP001",
        "error": False,
    }
    assert (await registry.ticket()).status == 401
    assert (await registry.ask("DELETE", "/register/cp/CP001", token=token)).status == 404
    refused = await registry.register(credential="cp_secret_002")
    assert (refused.status, refused.body["code"]) == (403, "E_DISABLED")
    assert "An administrator must register it again" in refused.body["text"]
    body = {"cp_id": "CP001", "location": "Elche", "credential": "cp_secret_002"}
    assert (await registry.ask("POST", "/register/cp", body, token=token)).status == 201
    ticket = opened(registry, await registry.ticket(secret="cp_secret_002"))
    assert (ticket.epoch, ticket.reg) == (1, 1)
    (gone,) = (await registry.ask("GET", "/v1/revocations", token=registry.central)).body["revocations"]
    assert gone.pop("at") > 0
    assert gone == {"n": 1, "id": "CP001", "epoch": 1, "what": "withdraw", "registration": 0}


@pytest.mark.parametrize("out", ["deactivate", "revoke"])
async def test_a_disabled_credential_authorises_nothing(registry, out):
    await registry.register()
    admin = await registry.admin()
    if out == "revoke":
        body = {"id": "CP001", "epoch": 1}
        assert (await registry.ask("POST", "/v1/disable", body, token=registry.central)).status == 200
    else:
        assert (await registry.ask("POST", "/deactivate", {"cp_id": "CP001"}, token=admin)).status == 200
    basic = base64.b64encode(b"CP001:cp_secret_001").decode()
    refusals = (
        await registry.ask("DELETE", "/register/cp/CP001", headers={"Authorization": f"Basic {basic}"}),
        await registry.ask("POST", "/verify", {"cp_id": "CP001", "credential": "cp_secret_001"}),
        await registry.ticket(),
        await registry.register(),
    )
    assert [(refused.status, refused.body["code"]) for refused in refusals] == [(403, "E_DISABLED")] * 4
    (listed,) = (await registry.ask("GET", "/list", token=admin)).body["cps"]
    assert listed["state"] != "active"
    refused = [row for row in audit_rows(registry.state) if row["result"] == "E_DISABLED"]
    assert {(row["who"], row["target"]) for row in refused} >= {("CP001", "CP001")}


async def test_an_id_never_changes_its_kind(registry):
    await registry.register()
    token = await registry.admin()
    await registry.ask("DELETE", "/register/cp/CP001", token=token)
    body = {"driver_id": "CP001", "credential": "dr_secret_001"}
    for by in (token, registry.enrolment):
        refused = await registry.ask("POST", "/register/driver", body, token=by)
        assert (refused.status, refused.body["text"]) == (
            409,
            "CP001 was a charging point, and an id keeps its kind: choose another id.",
        )


async def test_a_name_of_our_own_is_nobodys_id(registry):
    refused = await registry.register("CENTRAL")
    assert (refused.status, refused.body["code"]) == (409, "E_CONFLICT")


async def test_a_charging_point_may_withdraw_itself_with_its_credential(registry):
    await registry.register()
    await registry.register("CP002")
    for id_, secret, status in (
        ("CP001", "wrong-secret", 401),
        ("CP002", "cp_secret_001", 403),
        ("CP001", "cp_secret_001", 200),
    ):
        basic = base64.b64encode(f"{id_}:{secret}".encode()).decode()
        answer = await registry.ask(
            "DELETE", "/register/cp/CP001", headers={"Authorization": f"Basic {basic}"}
        )
        assert answer.status == status
    answer = await registry.ask("DELETE", "/register/cp/CP002", headers={"Authorization": "Basic ???"})
    assert answer.status == 401


async def test_verify_says_whether_a_credential_is_right(registry):
    await registry.register()
    answer = await registry.ask("POST", "/verify", {"cp_id": "CP001", "credential": "cp_secret_001"})
    assert answer.body == {
        "cp_id": "CP001",
        "epoch": 0,
        "error": False,
        "location": "Elche",
        "registration": 0,
        "state": "active",
        "valid": True,
    }
    for body in (
        {"cp_id": "CP001", "credential": "x"},
        {"driver_id": "CP001", "credential": "cp_secret_001"},
    ):
        assert (await registry.ask("POST", "/verify", body)).status == 401
    assert (await registry.ask("POST", "/verify", {"credential": "x"})).status == 422


async def test_a_long_list_is_told_a_page_at_a_time_and_read_as_one(registry, monkeypatch):
    monkeypatch.setattr(api, "LIST_PAGE", 2)
    token = registry.enrolment
    for number in range(1, 5):
        await registry.ask("POST", "/register/driver", {"driver_id": f"D{number:02}"}, token=token)
    await registry.register()
    first = (await registry.ask("GET", "/list", token=token)).body
    assert [row["cp_id"] for row in first["cps"]] == ["CP001"]
    assert ([row["driver_id"] for row in first["drivers"]], first["next"]) == (["D01"], "D01")
    last = (await registry.ask("GET", "/list?after=D03", token=token)).body
    assert ([row["driver_id"] for row in last["drivers"]], last["next"]) == (["D04"], None)
    assert (await registry.ask("GET", "/list?after=%00", token=token)).status == 422
    pages = []

    async def ask(path: str) -> dict:
        pages.append(path)
        return (await registry.ask("GET", path, token=token)).body

    everybody = await registry_client.listed(ask)
    assert [row["cp_id"] for row in everybody["cps"]] == ["CP001"]
    assert [row["driver_id"] for row in everybody["drivers"]] == ["D01", "D02", "D03", "D04"]
    assert pages == ["/list", "/list?after=D01", "/list?after=D03"]


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"cps": [], "drivers": {}},
        {"cps": [], "drivers": [], "next": 7},
        {"cps": [], "drivers": [], "next": "D01/../"},
        {"cps": [], "drivers": [], "next": "D01"},
    ],
)
async def test_a_list_that_is_none_or_never_ends_is_refused(page):
    async def ask(_: str) -> dict:
        return page

    with pytest.raises(ProtocolError, match="What answers there is not a Registry"):
        await registry_client.listed(ask)


async def test_the_list_names_everybody_and_no_secret(registry):
    await registry.register()
    await registry.ask("POST", "/register/driver", {"driver_id": "D01"}, token=registry.enrolment)
    for token in (registry.enrolment, registry.central, await registry.admin()):
        body = (await registry.ask("GET", "/list", token=token)).body
        (cp,), (driver,) = body["cps"], body["drivers"]
        assert (cp["cp_id"], cp["location"], cp["state"], cp["epoch"]) == ("CP001", "Elche", "active", 0)
        assert set(driver) == {"driver_id", "state", "epoch", "registration", "registered_at"}
