"""Tickets: who gets one, and what a guesser gets."""

import asyncio
import base64
import threading

import pytest

from evcharge.evc1.tickets import TicketOpener
from evcharge.http import server
from evcharge.registry import app
from evcharge.runtime.clock import utc_now
from evcharge.security import passwords, secret_files, state_folder
from tests.component.registry.looking import audit_rows, opened
from tests.component.registry_process import running_registry
from tests.still_time import still


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """No guesser's wait passes by itself."""
    still(monkeypatch, app)


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
    # They come faster than they are checked: none is, before one was turned away.
    real, one_back = passwords._verified, threading.Event()
    monkeypatch.setattr(passwords, "_verified", lambda *asked: one_back.wait(20) and real(*asked))
    asking = [asyncio.create_task(registry.ticket(f"CP{n:03}")) for n in range(24)]
    await asyncio.wait(asking, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    one_back.set()
    answers = await asyncio.gather(*asking)
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
