"""The Registry over real HTTPS: who is registered, who gets a ticket, and what it keeps of both."""

import asyncio
import base64
import contextlib
import gzip
import json
import logging
import shutil
import sqlite3
import ssl

import pytest

from evcharge.domain.errors import ProtocolError, StateError
from evcharge.evc1.tickets import TicketOpener
from evcharge.http import registry_client, server
from evcharge.registry import api, app, repeats, setup, store
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.clock import utc_now
from evcharge.security import passwords, secret_files, state_folder
from evcharge.security.tls import client_context
from evcharge.storage import hash_chain
from evcharge.storage.store_errors import StoreError, StoreFull
from tests.component.registry_process import copy_state, make_state, running_registry


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, make_state(folder)


@pytest.fixture
def state(made, tmp_path):
    return copy_state(made[0], tmp_path / "state")


@pytest.fixture
async def registry(made, state):
    async with running_registry(state, made[1]) as running:
        yield running


def rows(state, sql, *values):
    with contextlib.closing(sqlite3.connect(state / "registry" / "registry.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def audit_rows(state):
    return rows(state, "SELECT * FROM events ORDER BY n")


# ---- registering


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

    with pytest.raises(ProtocolError, match="What answers for the Registry is none"):
        await registry_client.listed(ask)


async def test_the_list_names_everybody_and_no_secret(registry):
    await registry.register()
    await registry.ask("POST", "/register/driver", {"driver_id": "D01"}, token=registry.enrolment)
    for token in (registry.enrolment, registry.central, await registry.admin()):
        body = (await registry.ask("GET", "/list", token=token)).body
        (cp,), (driver,) = body["cps"], body["drivers"]
        assert (cp["cp_id"], cp["location"], cp["state"], cp["epoch"]) == ("CP001", "Elche", "active", 0)
        assert set(driver) == {"driver_id", "state", "epoch", "registration", "registered_at"}


# ---- tickets


def opened(registry, answer):
    keys = secret_files.read_keys(registry.state / "service.key")
    return TicketOpener(keys).open(answer.body["ticket"], utc_now().timestamp())


async def test_a_ticket_says_who_came_for_how_long_and_with_which_key(registry):
    await registry.register()
    answer = await registry.ticket(role="monitor")
    body = opened(registry, answer)
    now = utc_now().timestamp()
    assert (body.id, body.role, body.epoch, body.loc, body.iss) == (
        "CP001",
        "monitor",
        0,
        "Elche",
        "registry",
    )
    assert body.key == answer.body["key"]
    assert body.auth == pytest.approx(now, abs=5)
    assert answer.body["expires_at"] == body.exp == body.iat + 900
    assert answer.body["renew_after"] == body.iat + 450


async def test_an_unknown_id_and_a_wrong_credential_are_answered_alike(registry):
    await registry.register()
    unknown, wrong = await registry.ticket("CP009"), await registry.ticket(secret="cp_secret_002")
    assert unknown.status == wrong.status == 401
    assert unknown.body == wrong.body


async def test_a_guesser_must_wait_and_the_real_one_elsewhere_need_not(registry):
    await registry.register()
    answers = [await registry.ticket(secret=f"guess-{n}") for n in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[-1].body["code"] == "E_SLOW"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert (await registry.ticket()).status == 429
    assert (await registry.ticket(come_from="127.0.0.2")).status == 200


async def test_made_up_ids_of_one_address_do_not_hold_up_the_programs_of_the_network(registry, monkeypatch):
    """One address with made-up ids took 11.8 of 12 s of a core."""
    checks = []
    real = passwords._verified
    monkeypatch.setattr(passwords, "_verified", lambda *asked: checks.append(1) or real(*asked))
    secret = (await registry.register(credential=None)).body["password"]
    await registry.register("CP002", credential="chosen-by-somebody")
    assert (await registry.ticket("CP002", "chosen-by-somebody", come_from="127.0.0.2")).status == 200
    answers = [await registry.ticket(f"MADE-UP-{number}") for number in range(120)]
    assert {answer.status for answer in answers} == {401, 429}
    assert len(checks) <= 40
    # At the very same address, and of the kind that needs a check elsewhere.
    assert (await registry.ticket("CP001", secret)).status == 200
    assert (await registry.ticket("CP002", "chosen-by-somebody", come_from="127.0.0.2")).status == 200


async def test_a_name_that_is_guessed_from_many_addresses_is_braked_and_its_machine_is_not(registry):
    secret = (await registry.register(credential=None)).body["password"]
    statuses = [
        (await registry.ticket(secret="guess-guess", come_from=f"127.0.1.{number}")).status
        for number in range(1, 30)
    ]
    assert statuses[:20] == [401] * 20
    assert 429 in statuses[20:]
    assert (await registry.ticket(secret=secret, come_from="127.0.1.200")).status == 200


async def test_an_administrator_is_guessed_no_faster_from_many_addresses(registry):
    body = {"user": "admin", "password": "guess-guess"}
    answers = [
        await registry.ask("POST", "/v1/login", body, come_from=f"127.0.1.{number}")
        for number in range(1, 25)
    ]
    assert [answer.status for answer in answers[:20]] == [401] * 20
    assert answers[-1].body["code"] == "E_SLOW"
    assert int(answers[-1].headers["Retry-After"]) <= 60
    rows = [row for row in audit_rows(registry.state) if row["what"] == "POST /v1/login"]
    assert {(row["who"], row["target"]) for row in rows} == {("unknown", "admin")}


async def test_one_password_is_one_whatever_keyboard_it_comes_from(registry):
    await registry.register(credential="contraseña-é")
    assert (await registry.ticket(secret="contrasen\u0303a-e\u0301")).status == 200
    for credential in ("e\u0301" * 7, "\U0001d160" * 100):
        answer = await registry.register("CP002", credential=credential)
        assert (answer.status, answer.body["code"]) == (422, "E_FIELD")


async def test_no_claim_that_is_not_proved_is_an_actor_of_the_audit_log(registry):
    await registry.register()
    await registry.ticket(secret="guess-guess")
    await registry.ticket("CP009")
    basic = base64.b64encode(b"CP001:guess-guess").decode()
    await registry.ask("DELETE", "/register/cp/CP001", headers={"Authorization": f"Basic {basic}"})
    await registry.ask("POST", "/verify", {"cp_id": "CP001", "credential": "guess-guess"})
    # Central asks for somebody who wants to log in on its pages.
    spoken_for = {server.ON_BEHALF_OF: "unknown 10.0.0.9"}
    body = {"driver_id": "D01", "credential": "guess-guess"}
    await registry.ask("POST", "/verify", body, token=registry.central, headers=spoken_for)
    refused = [row for row in audit_rows(registry.state) if row["result"] == "E_CREDENTIAL"]
    assert {row["who"] for row in refused} == {"unknown"}
    assert {row["target"] for row in refused} >= {"CP001", "D01"}


async def test_many_logins_at_once_are_bounded_and_the_rest_comes_back_later(registry, monkeypatch):
    monkeypatch.setattr(passwords, "MAX_WAITING", 4)
    answers = await asyncio.gather(*(registry.ticket(f"CP{n:03}") for n in range(24)))
    assert {answer.status for answer in answers} == {401, 503}
    busy = [answer for answer in answers if answer.status == 503]
    assert all(answer.headers["Retry-After"] for answer in busy)
    assert (await registry.ticket("CP000", come_from="127.0.0.2")).status == 401


async def test_while_keys_are_rotated_the_new_one_seals_and_both_prove_central(made, state):
    old = secret_files.read_secret(state / "service.key")
    new = base64.urlsafe_b64encode(b"n" * 32).decode()
    secret_files.replace_secret(state / "service.key", f"{new}\n{old}")
    async with running_registry(state, made[1]) as registry:
        await registry.register()
        answer = await registry.ticket()
        assert TicketOpener([new.encode()]).open(answer.body["ticket"], utc_now().timestamp()).id == "CP001"
        for key in (new, old):
            token = state_folder.service_token(key.encode())
            assert (await registry.ask("GET", "/v1/revocations", token=token)).status == 200


# ---- administrators and Central


async def test_an_administrator_logs_in_and_the_token_ends(registry, monkeypatch):
    for user, password in (("admin", "wrong"), ("nobody", registry.admin_password)):
        answer = await registry.ask("POST", "/v1/login", {"user": user, "password": password})
        assert (answer.status, answer.body["text"]) == (401, "The user or the password is wrong.")
    assert (await registry.ask("GET", "/list", token=await registry.admin())).status == 200
    monkeypatch.setattr(api, "_TOKEN_S", 0)
    assert (await registry.ask("GET", "/list", token=await registry.admin())).status == 401


async def test_deactivating_voids_tickets_and_says_so_to_central(registry):
    await registry.register()
    token = await registry.admin()
    for path, state, epoch in (("/deactivate", "inactive", 1), ("/deactivate", "inactive", 1)):
        answer = await registry.ask("POST", path, {"cp_id": "CP001"}, token=token)
        assert answer.body == {
            "cp_id": "CP001",
            "epoch": epoch,
            "error": False,
            "location": "Elche",
            "state": state,
        }
    refused = await registry.ticket()
    assert (refused.status, refused.body["code"]) == (403, "E_DISABLED")
    assert (await registry.register()).status == 403
    assert (await registry.ask("POST", "/activate", {"cp_id": "CP001"}, token=token)).body[
        "state"
    ] == "active"
    assert opened(registry, await registry.ticket()).epoch == 1
    answer = await registry.ask("GET", "/v1/revocations", token=registry.central)
    assert answer.body == {
        "error": False,
        "last": 1,
        "revocations": [{"n": 1, "id": "CP001", "epoch": 1, "what": "deactivate", "registration": 0}],
    }


async def test_rotating_shows_a_new_credential_once(registry):
    await registry.register()
    token = await registry.admin()
    answer = await registry.ask("POST", "/rotate", {"cp_id": "CP001"}, token=token)
    assert (answer.body["username"], answer.body["epoch"]) == ("CP001", 1)
    assert (await registry.ticket()).status == 401
    assert (await registry.ticket(secret=answer.body["password"])).status == 200
    answer = await registry.ask(
        "POST", "/rotate", {"cp_id": "CP001", "credential": "my-own-one"}, token=token
    )
    assert "password" not in answer.body


async def test_central_disables_an_id_until_it_gets_a_new_credential(registry):
    await registry.register()
    token = await registry.admin()

    async def order(epoch, id_="CP001"):
        return await registry.ask("POST", "/v1/disable", {"id": id_, "epoch": epoch}, token=registry.central)

    answer = await order(3)
    assert answer.body == {"id": "CP001", "epoch": 3, "state": "revoked", "error": False}
    assert (await registry.ticket()).status == 403
    assert (await registry.ask("POST", "/activate", {"cp_id": "CP001"}, token=token)).status == 409
    assert (await registry.ask("POST", "/rotate", {"cp_id": "CP001"}, token=token)).body["epoch"] == 4
    # The order again, because its answer got lost: the new credential stays good.
    assert (await order(3)).body["state"] == "active"
    assert (await order(1, "CP009")).status == 404
    for other in (registry.enrolment, token):
        refused = await registry.ask("POST", "/v1/disable", {"id": "CP001", "epoch": 9}, token=other)
        assert refused.status == 403


async def test_revocations_come_in_order_and_in_pages(registry, monkeypatch):
    monkeypatch.setattr(store, "MAX_REVOCATIONS", 2)
    await registry.register()
    token = await registry.admin()
    for _ in range(3):
        await registry.ask("POST", "/rotate", {"cp_id": "CP001"}, token=token)
    seen, since = [], 0
    for _ in range(3):
        answer = await registry.ask("GET", f"/v1/revocations?since={since}", token=registry.central)
        assert answer.body["last"] == 3
        seen.append([one["n"] for one in answer.body["revocations"]])
        since = max([since, *seen[-1]])
    assert seen == [[1, 2], [3], []]
    for bad in ("-1", "x", "1e3", "٣", "9" * 20):
        answer = await registry.ask("GET", "/v1/revocations", params={"since": bad}, token=registry.central)
        assert answer.status == 422


async def test_what_nobody_registered_cannot_be_switched(registry):
    token = await registry.admin()
    for path in ("/activate", "/deactivate", "/rotate"):
        for body in ({"cp_id": "CP009"}, {"driver_id": "D09"}):
            answer = await registry.ask("POST", path, body, token=token)
            assert (answer.status, answer.body["code"]) == (404, "E_NOT_FOUND")
        assert (
            await registry.ask("POST", path, {"cp_id": "CP009", "driver_id": "D"}, token=token)
        ).status == 422


# ---- bad input


BAD_BODIES = [
    (b"", 400, "JSON"),
    (b"not json", 400, "JSON"),
    (b'{"cp_id":NaN,"location":""}', 400, "JSON"),
    (b'{"cp_id":"\xff","location":""}', 400, "JSON"),
    (b"[" * 60_000, 422, "object"),
    (b'{"cp_id":"CP001","location":"","x":' + b"[" * 60_000, 422, "`x`"),
    (b'{"cp_id":"CP001"}', 422, "location"),
    (b'{"cp_id":"CP001","location":"","admin":true}', 422, "`admin`"),
    (b'{"cp_id":1,"location":""}', 422, "cp_id"),
    (b'{"cp_id":"","location":""}', 422, "bad cp_id"),
    (b'{"cp_id":"cp001\\n","location":""}', 422, "bad cp_id"),
    (b'{"cp_id":"../../etc","location":""}', 422, "bad cp_id"),
    (b'{"cp_id":"CP001","location":"' + b"x" * 81 + b'"}', 422, "location"),
    (b'{"cp_id":"CP001","location":"Elche\\u202e"}', 422, "location"),
    (b'{"cp_id":"CP001","location":"Elche\\n"}', 422, "location"),
    (b'{"cp_id":"CP001","location":"","credential":"short"}', 422, "credential"),
    (b'{"cp_id":"CP001","location":"","credential":"control\\u0000"}', 422, "credential"),
    (b'{"cp_id":"CP001","location":"","location":""}', 400, "JSON"),
    (b'{"cp_id":"CP001","\\udfff":1}', 400, "JSON"),
    (b'{"cp_id":"CP001","location":"\\ud800"}', 400, "JSON"),
    (b'{"cp_id":"CP001","location":"' + b"x" * 65_536 + b'"}', 413, "64 KiB"),
]


async def test_a_bad_body_is_refused_with_one_sentence_and_changes_nothing(registry):
    for body, status, names in BAD_BODIES:
        answer = await registry.ask(
            *("POST", "/register/cp"),
            data=body,
            token=registry.enrolment,
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status, answer.body["error"]) == (status, True), body[:60]
        assert names in answer.body["text"]
        assert answer.body["text"].isprintable()
    refused = {row["result"] for row in audit_rows(registry.state)} - {"done"}
    assert refused == {"E_MALFORMED", "E_FIELD", "E_TOO_BIG"}
    assert rows(registry.state, "SELECT * FROM registrations") == []


async def test_only_plain_json_is_taken(registry):
    bomb = gzip.compress(b" " * 50_000_000, 1)[:60_000]
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ):
        answer = await registry.ask("POST", "/v1/ticket", data=bomb, headers=headers)
        assert answer.status == 415


async def test_an_unknown_path_or_method_is_answered_in_json_and_names_no_version(registry):
    for path in ("/", "/health", "/metrics", "/register", "/static/../x", "/debug"):
        answer = await registry.ask("GET", path)
        assert (answer.status, answer.body["code"]) == (404, "E_NOT_FOUND")
        assert answer.headers["Server"] == "evcharge"
    answer = await registry.ask("PUT", "/v1/ticket")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    reader, writer = await connection(registry)
    writer.write(b"GET /list HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\nConnection: close\r\n\r\n")
    answer = await closed_with(reader, writer)
    assert b"417" in answer
    assert b"aiohttp" not in answer


async def connection(registry):
    tls = client_context(registry.state / "ca.pem")
    return await asyncio.open_connection("127.0.0.1", registry.port, ssl=tls)


async def closed_with(reader, writer):
    """Return what still comes until the Registry closes."""
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except (ConnectionError, ssl.SSLError):
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


async def test_what_is_no_http_is_answered_in_json_and_closed(registry, caplog):
    reader, writer = await connection(registry)
    writer.write(b"\x16\x03\x01 rubbish\r\n\r\n")
    answer = await closed_with(reader, writer)
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"aiohttp" not in answer
    assert json.loads(body)["code"] == "E_MALFORMED"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/ticket HTTP/1.1\r\nHost: x\r\nContent-",
        b"POST /v1/ticket HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    ],
)
async def test_whoever_says_nothing_or_half_is_hung_up_on(made, state, monkeypatch, sent):
    monkeypatch.setattr(server, "PATIENCE_S", 0.3)
    async with running_registry(state, made[1]) as registry:
        reader, writer = await connection(registry)
        writer.write(sent)
        answer = await closed_with(reader, writer)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


async def test_whoever_never_starts_tls_is_hung_up_on(made, state, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE_S", 0.3)
    async with running_registry(state, made[1]) as registry:
        assert await closed_with(*await asyncio.open_connection("127.0.0.1", registry.port)) == b""


async def test_silent_connections_lock_out_nobody_of_their_own_address_nor_an_administrator(
    made, state, monkeypatch
):
    seats = SeatLimits(strangers_per_network=2, grace_s=0.0)
    monkeypatch.setattr(app, "SEATS", seats)
    async with running_registry(state, made[1]) as registry:
        reader, writer = await connection(registry)
        question = f"GET /list HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {await registry.admin()}\r\n\r\n".encode()
        writer.write(question)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        silent = [await asyncio.open_connection("127.0.0.1", registry.port) for _ in range(5)]
        assert (await registry.ask("GET", "/")).status == 404
        writer.write(question + question.replace(b"Host", b"Connection: close\r\nHost"))
        assert (await closed_with(reader, writer)).count(b"HTTP/1.1 200") == 2
        for _, line in silent:
            line.close()
            with contextlib.suppress(ConnectionError):
                await line.wait_closed()


async def test_it_stops_at_once_with_silent_clients_connected(made, state):
    async with running_registry(state, made[1]) as registry:
        idle, silent = await connection(registry), await connection(registry)
        idle[1].write(b"GET /list HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await idle[0].readline()).startswith(b"HTTP/1.1 401")
        half = await asyncio.open_connection("127.0.0.1", registry.port)
        asked_at = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - asked_at < 3
    # The end of the process closes this one, which has not begun TLS.
    half[1].close()
    for one in (idle, silent, half):
        await closed_with(*one)


# ---- when something breaks


async def test_a_database_that_cannot_write_is_a_sentence_and_not_a_trace(registry, monkeypatch):
    async def fail(*_):
        raise StoreError("disk I/O error")

    monkeypatch.setattr(store.Store, "save", fail)
    answer = await registry.register()
    assert (answer.status, answer.body["code"]) == (503, "E_STORAGE")
    monkeypatch.undo()
    assert (await registry.register()).status == 201


async def test_a_bug_is_logged_and_the_registry_lives_on(registry, monkeypatch, caplog):
    async def fail(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(store.Store, "find", fail)
    answer = await registry.register()
    assert (answer.status, answer.body["code"]) == (500, "E_INTERNAL")
    assert "bug" not in answer.body["text"]
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert (await registry.register()).status == 201


async def test_a_taken_port_is_a_sentence(registry, made, tmp_path):
    other = copy_state(made[0], tmp_path / "other")
    with pytest.raises(StateError, match=rf"cannot listen on 127.0.0.1:{registry.port}"):
        async with running_registry(other, made[1], port=registry.port):
            pass


async def test_a_second_registry_on_the_same_state_folder_is_refused(registry, made):
    with pytest.raises(StateError, match="in use by another evcharge"):
        async with running_registry(registry.state, made[1]):
            pass


@pytest.mark.parametrize(
    ("name", "spoil", "text"),
    [
        ("service.key", lambda path: path.chmod(0o644), "service.key must be mode 0600"),
        (
            "enrolment.token",
            lambda path: path.unlink(),
            "is missing: put it back from a backup.",
        ),
        ("registry.key", lambda path: path.chmod(0o640), "registry.key must be mode 0600"),
        (
            "registry.pem",
            lambda path: path.unlink(),
            "is missing: put it back from a backup.",
        ),
    ],
)
async def test_a_state_folder_that_will_not_do_is_refused_at_the_start(made, state, name, spoil, text):
    spoil(state / name)
    with pytest.raises(StateError, match=text):
        async with running_registry(state, made[1]):
            pass


async def test_a_registry_without_administrators_says_so(tmp_path, caplog):
    state_folder.init_state(tmp_path, [], utc_now())
    async with running_registry(tmp_path, ""):
        assert "Nobody administers this Registry" in caplog.text


def test_init_twice_makes_one_administrator(tmp_path):
    password = make_state(tmp_path)
    assert password.replace("-", "").isalnum()
    assert len(password) == 24
    report = setup.initialise(tmp_path, [])
    assert report.admin_password is None
    assert len(rows(tmp_path, "SELECT * FROM admins")) == 1
    assert hash_chain.first_broken(audit_rows(tmp_path)) is None


# ---- audit


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
    real, tries = store.Store.note, []

    async def fails_once(self, entries):
        entries = list(entries)
        tries.append(len(entries))
        if entries and entries[0].times == 2 and "cannot write" not in caplog.text:
            raise StoreFull("database or disk is full")
        await real(self, entries)

    monkeypatch.setattr(store.Store, "note", fails_once)
    async with running_registry(state, made[1]) as registry, asyncio.timeout(10):
        while not any(row["times"] == 2 for row in audit_rows(state)):
            await asyncio.gather(*(registry.ask("GET", "/") for _ in range(3)))
            seen = len(tries)
            while len(tries) < seen + 10:
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
