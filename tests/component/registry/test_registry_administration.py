"""Administrators and Central: logins, withdrawals, new credentials, revocations."""

import time

import pytest

from evcharge.registry import api, store
from tests.component.registry.looking import opened


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
    (told,) = answer.body["revocations"]
    assert told.pop("at") == pytest.approx(time.time(), abs=60)
    assert told == {"n": 1, "id": "CP001", "epoch": 1, "what": "deactivate", "registration": 0}
    assert answer.body["last"] == 1


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
