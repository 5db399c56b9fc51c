"""Accounts, logins and tokens on a real Central: how one gets in, is slowed down, and gets out again."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.central.api import wiring
from evcharge.central.books import setup, verify
from evcharge.central.services import accounts, registry_sync
from evcharge.registry import app as registry_app
from evcharge.runtime.config import Config
from evcharge.security import passwords, state_folder
from evcharge.storage.database import open_database
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.visitors import SAME_SITE, House, Visitor, opened
from tests.still_time import StillTime, still


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> StillTime:
    """What those wait by who guess."""
    return still(monkeypatch, wiring, registry_app)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house
    assert verify.check(tmp_path / "central" / "central.db") == []


WRONG = (401, "E_CREDENTIAL")


# ---- in and out


async def test_a_login_answers_who_it_is_and_is_recorded(house: House):
    password = await house.account("olga", "operator")
    olga = house.visitor()
    answer = await olga.logs_in("olga", password)
    assert answer.body == {"driver_id": None, "error": False, "name": "olga", "role": "operator"}
    assert [row[:2] for row in await house.recorded("LoggedIn")] == [("olga", "operator")]


async def test_a_link_logs_a_browser_in_once(house: House):
    await house.account("olga", "admin")
    made = await house.program.post("/api/accounts/olga/link")
    assert made.status == 201
    secret = made.body["path"].removeprefix("/login#link=")
    olga, thief = house.visitor(), house.visitor()
    answer = await olga.post("/api/login/link", {"link": secret}, headers=SAME_SITE)
    assert (answer.status, answer.body["name"], answer.body["role"]) == (200, "olga", "admin")
    assert (await olga.get("/api/cps")).status == 200
    assert (await thief.post("/api/login/link", {"link": secret}, headers=SAME_SITE)).problem == WRONG
    assert thief.cookies == {}
    assert [row[0] for row in await house.recorded("LoggedIn")] == ["olga"]
    assert len(await house.recorded("LoginLinkMade")) == 1


async def test_only_an_administrator_makes_a_link_and_only_for_an_account(house: House):
    olga = await house.person("olga", "operator")
    assert (await olga.post("/api/accounts/olga/link", headers=SAME_SITE)).status == 403
    assert (await house.program.post("/api/accounts/nobody/link")).status == 404


async def test_a_wall_looks_for_as_long_as_its_token_is_good(house: House):
    made = await house.program.post("/api/tokens", {"name": "hall", "role": "viewer"})
    wall = house.visitor()
    answer = await wall.post("/api/login/token", {"token": made.body["token"]}, headers=SAME_SITE)
    assert answer.body == {"driver_id": None, "error": False, "name": "hall", "role": "viewer"}
    assert (await wall.get("/api/cps")).status == 200
    assert (await wall.get("/api/whoami")).body["has_account"] is False
    # It looks, and does nothing.
    assert (await wall.post("/api/cps/out", headers=SAME_SITE)).problem == (403, "E_ROLE")
    # Of another site's page it is none.
    assert (await wall.post("/api/logout", headers={"Origin": "http://elsewhere.example"})).status == 403
    assert [row[:2] for row in await house.recorded("LoggedIn")] == [("hall", "viewer")]
    await house.program.ask("DELETE", "/api/tokens/hall")
    assert (await wall.get("/api/cps")).problem == WRONG
    assert (
        await wall.post("/api/login/token", {"token": made.body["token"]}, headers=SAME_SITE)
    ).problem == WRONG


@pytest.mark.parametrize("role", ["admin", "operator", "service"])
async def test_a_token_that_may_do_more_than_look_is_for_no_wall(house: House, role: str):
    made = await house.program.post("/api/tokens", {"name": "robot", "role": role})
    wall = house.visitor()
    answer = await wall.post("/api/login/token", {"token": made.body["token"]}, headers=SAME_SITE)
    assert answer.problem == (403, "E_ROLE")
    # Nor as a cookie that somebody puts there by hand.
    wall.cookies = {f"evc_{house.url.rpartition(':')[2]}": made.body["token"]}
    assert (await wall.get("/api/cps")).problem == WRONG


async def test_after_a_logout_the_cookie_opens_nothing(house: House):
    olga = await house.person("olga", "operator")
    stolen = dict(olga.cookies)
    answer = await olga.post("/api/logout", headers=SAME_SITE)
    assert (answer.status, answer.body["logged_out"]) == (200, True)
    assert olga.cookies == {}
    thief = house.visitor()
    thief.cookies = stolen
    assert (await thief.get("/api/cps")).problem == WRONG
    assert not house.query("SELECT * FROM web_session")
    assert (await thief.post("/api/logout")).body["logged_out"] is False
    assert [row[:2] for row in await house.recorded("LoggedOut")] == [("olga", "operator")]


async def test_two_browsers_of_one_person_are_two_logins(house: House):
    password = await house.account("olga", "operator")
    laptop, phone = house.visitor(), house.visitor()
    for one in (laptop, phone):
        assert (await one.logs_in("olga", password)).status == 200
    await phone.post("/api/logout", headers=SAME_SITE)
    assert (await laptop.get("/api/cps")).status == 200
    assert (await phone.get("/api/cps")).status == 401


async def test_a_second_login_in_one_browser_ends_the_first(house: House):
    olga = await house.person("olga", "operator")
    first = dict(olga.cookies)
    assert (await olga.logs_in("ana", await house.account("ana", "admin"))).status == 200
    assert (await olga.get("/api/whoami")).body["name"] == "ana"
    olga.cookies = first
    assert (await olga.get("/api/whoami")).status == 401


async def test_who_logs_in_everywhere_forgets_the_oldest(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accounts, "MAX_LOGINS_EACH", 2)
    password = await house.account("olga", "operator")
    browsers = [house.visitor() for _ in range(3)]
    for browser in browsers:
        await browser.logs_in("olga", password)
    assert [(await browser.get("/api/cps")).status for browser in browsers] == [401, 200, 200]
    assert len(house.query("SELECT * FROM web_session")) == 2


async def test_the_browser_has_its_new_login_before_the_old_one_ends(house: House, monkeypatch):
    ends, real = asyncio.Event(), accounts.Directory.log_out

    async def late(self, token: str, address: str) -> bool:
        await ends.wait()
        return await real(self, token, address)

    monkeypatch.setattr(accounts.Directory, "log_out", late)
    password = await house.account("olga", "operator")
    olga = house.visitor()
    ends.set()
    await olga.logs_in("olga", password)
    old = Visitor(olga.url, cookies=dict(olga.cookies))
    ends.clear()
    async with asyncio.timeout(10):
        assert (await olga.logs_in("olga", password)).status == 200
        assert olga.cookies != old.cookies
        assert (await old.get("/api/whoami")).status == 200
        ends.set()
        while (await old.get("/api/whoami")).status == 200:
            pass
    assert (await olga.get("/api/whoami")).status == 200


# ---- wrong


async def test_every_wrong_login_is_answered_alike(house: House):
    password = await house.account("olga", "operator")
    for visitor, name, given in (
        (house.visitor(), "olga", password + "x"),
        (house.visitor(), "nobody", password),
        (house.visitor(), "Olga", password),
        (house.visitor(), "<img src=x onerror=alert(1)>", "password"),
    ):
        answer = await visitor.logs_in(name, given)
        assert answer.problem == WRONG
        assert answer.body["text"] == "The name or the password is wrong."
        assert visitor.cookies == {}
    rows = await house.recorded("LoginRefused")
    assert {row[0] for row in rows} == {"unknown"}
    claimed = [json.loads(row[2])["claimed"] for row in rows]
    assert claimed == ["olga", "nobody", "Olga", "<img src=x onerror=alert(1)>"]
    assert password not in str(rows)


async def test_an_unknown_name_costs_as_much_as_a_wrong_password(house: House, monkeypatch):
    await house.account("olga", "operator")
    # What is checked costs what stands before the salt: the kind, and its memory, passes and lanes.
    paid: list[str] = []
    verified = passwords._verified

    def counted(phc: str, secret: str) -> bool:
        paid.append(phc.rpartition("$")[0].rpartition("$")[0])
        return verified(phc, secret)

    monkeypatch.setattr(passwords, "_verified", counted)
    assert (await house.visitor().logs_in("olga", "wrong-password")).problem == WRONG
    assert (await house.visitor().logs_in("nobody", "wrong-password")).problem == WRONG
    known, unknown = paid
    assert known == unknown
    assert known.startswith("$argon2id$")


async def test_guessing_is_slowed_down_and_the_right_one_waits_too(house: House):
    password = await house.account("olga", "operator")
    for _ in range(5):
        assert (await house.visitor().logs_in("olga", "guess-guess")).problem == WRONG
    slow = await house.visitor().logs_in("olga", "guess-guess")
    assert slow.problem == (429, "E_SLOW")
    assert int(slow.headers["Retry-After"]) >= 1
    assert (await house.visitor().logs_in("olga", password)).problem == (429, "E_SLOW")
    # Whoever sits elsewhere is not locked out, and other names are not either.
    assert (await house.visitor().logs_in("olga", password, come_from="127.0.0.2")).status == 200
    assert (await house.visitor().logs_in("nobody", "x")).problem == WRONG
    assert any("E_SLOW" in row[2] for row in await house.recorded("LoginRefused"))


async def test_a_hundred_guesses_at_once_are_not_all_free(house: House):
    await house.account("olga", "operator")
    answers = await asyncio.gather(*(house.visitor().logs_in("olga", f"guess-{n}") for n in range(40)))
    assert sum(answer.status == 401 for answer in answers) <= 6
    assert {answer.status for answer in answers} <= {401, 429, 503}


async def test_a_name_that_is_guessed_from_many_addresses_locks_nobody_out_for_good(
    house: House, steady: StillTime
):
    password = await house.account("olga", "operator")
    # Where she logged in before, she waits for nobody else's mistakes.
    assert (await house.visitor().logs_in("olga", password, come_from="127.0.2.1")).status == 200
    statuses = [
        (await house.visitor().logs_in("olga", "guess-guess", come_from=f"127.0.3.{number}")).status
        for number in range(1, 26)
    ]
    assert statuses == [401] * 20 + [429] * 5
    assert (await house.visitor().logs_in("olga", password, come_from="127.0.2.1")).status == 200
    # Anywhere else she waits, for a second at first, and then it is her turn.
    slow = await house.visitor().logs_in("olga", password, come_from="127.0.2.2")
    assert slow.problem == (429, "E_SLOW")
    assert slow.headers["Retry-After"] == "1"
    steady.now_s += 1
    assert (await house.visitor().logs_in("olga", password, come_from="127.0.2.2")).status == 200


async def test_whoever_claims_to_be_somebody_is_not_the_actor_of_the_audit_log(
    registry: Running, network: House
):
    await network.account("olga", "operator")
    await driver_secret(registry)
    for name in ("olga", "D01", "nobody"):
        assert (await network.visitor().logs_in(name, "guess-guess")).problem == WRONG
    assert (await network.visitor("no-token").get("/api/cps")).status == 401
    found = await network.recorded("LoginRefused")
    assert {row[:2] for row in found} == {("unknown", "unknown")}
    assert {json.loads(row[2])["claimed"] for row in found} == {"olga", "D01", "nobody", ""}
    # Who proved who it is, and may not, is named.
    vera = await network.person("vera", "viewer")
    assert (await vera.post("/api/cps/out", headers=SAME_SITE)).problem == (403, "E_ROLE")
    assert (await network.recorded("LoginRefused"))[-1][:2] == ("vera", "viewer")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "central",
            "registry",
            "operator",
            "weather",
            "unknown",
            "viewer",
            "anybody",
            "reg1stry",
            "0perator",
        ),
        *("0lga", "ol-ga", "cpool", "d-01."),
    ],
)
async def test_a_name_that_is_ours_or_looks_like_another_is_nobodys(house: House, name: str):
    await house.account("olga", "operator")
    await house.town.point("CP001")
    await house.town.driver("D01")
    made = await house.program.post("/api/accounts", {"name": name, "role": "viewer"})
    assert made.problem in ((422, "E_FIELD"), (409, "E_CONFLICT"))
    token = await house.program.post("/api/tokens", {"name": name, "role": "viewer"})
    assert token.problem == made.problem


async def test_admin_is_an_admin_and_a_point_has_no_account(house: House):
    await house.town.point("CP001")
    answer = await house.program.post("/api/accounts", {"name": "admin", "role": "viewer"})
    assert answer.problem in ((422, "E_FIELD"), (409, "E_CONFLICT"))
    answer = await house.program.post("/api/accounts", {"name": "CP001", "role": "driver"})
    assert (answer.status, answer.body["text"]) == (409, "CP001 is a charging point, not a driver.")


async def test_one_password_is_one_whatever_keyboard_it_comes_from(house: House):
    made = {"name": "olga", "role": "viewer", "password": "contraseña-é"}
    assert (await house.program.post("/api/accounts", made)).status == 201
    assert (await house.visitor().logs_in("olga", "contrasen\u0303a-e\u0301")).status == 200
    short = {"name": "ana", "role": "viewer", "password": "e\u0301" * 7}
    assert (await house.program.post("/api/accounts", short)).problem == (422, "E_FIELD")


async def test_trying_many_names_from_one_address_is_slowed_down(house: House):
    statuses = [(await house.visitor().logs_in(f"user{n}", "password")).status for n in range(32)]
    assert statuses[:30] == [401] * 30
    assert statuses[-1] == 429
    assert (await house.visitor().logs_in("user99", "x", come_from="127.0.0.2")).status == 401


async def test_a_program_that_repeats_one_wrong_password_slows_down_nobody_else_at_its_address(house: House):
    await house.account("olga", "operator")
    statuses = [(await house.visitor().logs_in("olga", "old-password")).status for _ in range(40)]
    assert statuses.count(429) > 20
    ana = await house.account("ana", "viewer")
    assert (await house.visitor().logs_in("nobody", "x")).problem == WRONG
    assert (await house.visitor().logs_in("ana", ana)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "olga"},
        {"name": "olga", "password": ""},
        {"name": "", "password": "x"},
        {"name": "olga", "password": "x" * 201},
        {"name": "x" * 65, "password": "x"},
        {"name": "olga", "password": "a\nb"},
        {"name": "olga", "password": 5},
        {"name": ["olga"], "password": "x"},
        {"name": "olga", "password": "x", "role": "admin"},
        {"name": "olga", "password": None},
    ],
)
async def test_a_login_that_makes_no_sense_is_422_and_shows_no_password(house: House, body: dict):
    answer = await house.visitor().post("/api/login", body)
    assert answer.status == 422
    assert "xxx" not in answer.raw.decode()


async def test_a_login_of_a_form_or_too_large_is_refused(house: House):
    visitor = house.visitor()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await visitor.post(
            "/api/login", data=b'{"name":"a","password":"b"}', headers={"Content-Type": kind}
        )
        assert answer.status == 415
    big = b'{"name":"a","password":"' + b"x" * 70_000 + b'"}'
    answer = await visitor.post("/api/login", data=big, headers={"Content-Type": "application/json"})
    assert answer.status == 413


# ---- accounts


async def test_an_account_has_a_password_that_is_shown_once(house: House):
    made = (await house.program.post("/api/accounts", {"name": "olga", "role": "operator"})).body
    assert len(made["password"]) == 24
    (row,) = (await house.program.get("/api/accounts")).body["accounts"]
    assert (row["name"], row["role"], row["created_by"], row["logins"]) == ("olga", "operator", "operator", 0)
    assert "password" not in row
    assert made["password"] not in str([tuple(row) for row in house.query("SELECT * FROM account")])
    assert made["password"] not in str([tuple(row) for row in house.query("SELECT * FROM events")])


async def test_a_password_that_was_given_is_not_shown(house: House):
    body = {"name": "olga", "role": "operator", "password": "a good password"}
    answer = await house.program.post("/api/accounts", body)
    assert (answer.status, "password" in answer.body) == (201, False)
    assert (await house.visitor().logs_in("olga", "a good password")).status == 200


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("", "operator"),
        ("Olga", "operator"),
        ("olga olga", "operator"),
        ("x" * 33, "operator"),
        ("olga\n", "operator"),
        ("<b>", "operator"),
        ("D01", "operator"),
        ("007", "admin"),
        ("olga", "driver"),
        ("olga", "service"),
        ("olga", "engine"),
        ("olga", "king"),
    ],
)
async def test_a_name_or_role_that_will_not_do_is_422(house: House, name: str, role: str):
    assert (await house.program.post("/api/accounts", {"name": name, "role": role})).status == 422
    assert not house.query("SELECT * FROM account")


async def test_a_short_password_is_422(house: House):
    body = {"name": "olga", "role": "viewer", "password": "short"}
    assert (await house.program.post("/api/accounts", body)).status == 422


async def test_a_name_is_taken_once_by_a_person_or_a_program(house: House):
    await house.account("olga", "operator")
    await house.service("meteo", "service")
    for path in ("/api/accounts", "/api/tokens"):
        for name in ("olga", "meteo"):
            answer = await house.program.post(path, {"name": name, "role": "viewer"})
            assert answer.problem == (409, "E_CONFLICT")


async def test_two_at_once_do_not_both_get_the_name(house: House):
    body = {"name": "olga", "role": "operator"}
    answers = await asyncio.gather(*(house.program.post("/api/accounts", body) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]


async def test_whoever_is_removed_is_out_at_once_and_does_not_come_back_with_the_name(house: House):
    olga = await house.person("olga", "operator")
    assert (await house.program.ask("DELETE", "/api/accounts/olga")).status == 200
    assert (await olga.get("/api/cps")).problem == WRONG
    assert not house.query("SELECT * FROM web_session")
    assert (await house.program.ask("DELETE", "/api/accounts/olga")).problem == (404, "E_NOT_FOUND")
    password = await house.account("olga", "viewer")
    assert (await olga.get("/api/cps")).problem == WRONG
    assert (await olga.logs_in("olga", password)).body["role"] == "viewer"


async def test_another_password_or_role_logs_out_everywhere(house: House):
    password = await house.account("olga", "operator")
    for method, path, body in (
        ("PATCH", "/api/accounts/olga", {"role": "viewer"}),
        ("POST", "/api/accounts/olga/password", None),
    ):
        olga = house.visitor()
        assert (await olga.logs_in("olga", password)).status == 200
        answer = await house.program.ask(method, path, body)
        assert answer.status == 200
        password = answer.body.get("password", password)
        assert (await olga.get("/api/cps")).problem == WRONG
    assert (await olga.logs_in("olga", password)).body["role"] == "viewer"
    changes = [row[2] for row in await house.recorded("AccountChanged")]
    assert ['"role"' in changes[0], "password" in changes[1]] == [True, True]


async def test_the_same_role_again_changes_nothing(house: House):
    olga = await house.person("olga", "operator")
    assert (await house.program.ask("PATCH", "/api/accounts/olga", {"role": "operator"})).status == 200
    assert (await olga.get("/api/cps")).status == 200


async def test_the_last_admin_stays_one(house: House):
    ana = await house.person("ana", "admin")
    for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"})):
        answer = await ana.ask(method, "/api/accounts/ana", body, headers=SAME_SITE)
        assert answer.problem == (409, "E_CONFLICT")
        assert "last admin" in answer.body["text"]
    await house.account("bea", "admin")
    assert (await ana.ask("DELETE", "/api/accounts/ana", headers=SAME_SITE)).status == 200


async def test_ones_own_password_can_be_changed_and_this_browser_stays_in(house: House):
    password = await house.account("vera", "viewer")
    laptop, phone = house.visitor(), house.visitor()
    for one in (laptop, phone):
        await one.logs_in("vera", password)
    wrong = {"old_password": "wrong", "new_password": "another one"}
    assert (await laptop.post("/api/password", wrong, headers=SAME_SITE)).problem == (403, "E_ROLE")
    right = {"old_password": password, "new_password": "another one"}
    assert (await laptop.post("/api/password", right, headers=SAME_SITE)).status == 200
    assert (await laptop.get("/api/cps")).status == 200
    assert (await phone.get("/api/cps")).status == 401
    assert (await house.visitor().logs_in("vera", password)).problem == WRONG
    assert (await house.visitor().logs_in("vera", "another one")).status == 200


async def test_a_program_has_no_password_to_change(house: House):
    body = {"old_password": "x", "new_password": "another one"}
    assert (await house.program.post("/api/password", body)).problem == (409, "E_CONFLICT")


# ---- tokens


async def test_a_token_is_shown_once_and_ends_when_it_is_removed(house: House):
    service = await house.service("meteo", "service")
    assert (await service.get("/api/whoami")).body["role"] == "service"
    (row,) = (await house.program.get("/api/tokens")).body["tokens"]
    assert set(row) == {"name", "role", "created_at", "created_by"}
    assert service.token not in str([tuple(row) for row in house.query("SELECT * FROM api_token")])
    assert (await house.program.ask("DELETE", "/api/tokens/meteo")).status == 200
    assert (await service.get("/api/whoami")).problem == WRONG
    assert (await house.program.ask("DELETE", "/api/tokens/meteo")).problem == (404, "E_NOT_FOUND")
    again = await house.service("meteo", "viewer")
    assert (await service.get("/api/whoami")).problem == WRONG
    assert (await again.get("/api/cps")).status == 200


async def test_a_token_is_for_no_driver(house: House):
    for body in ({"name": "D01", "role": "viewer"}, {"name": "app", "role": "driver"}):
        assert (await house.program.post("/api/tokens", body)).status == 422


# ---- drivers, through the Registry


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_registry(tmp_path, await asyncio.to_thread(make_state, tmp_path)) as running:
        yield running


@pytest.fixture
async def network(registry: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)
    async with opened(registry.state, registry.url) as house:
        yield house


async def driver_secret(registry: Running, driver_id: str = "D01") -> str:
    answer = await registry.ask(
        "POST", "/register/driver", {"driver_id": driver_id}, token=registry.enrolment
    )
    return answer.body["password"]


async def test_a_driver_logs_in_with_the_credential_of_its_program(registry: Running, network: House):
    secret = await driver_secret(registry)
    driver = network.visitor()
    answer = await driver.logs_in("D01", secret)
    assert answer.body == {"driver_id": "D01", "error": False, "name": "D01", "role": "driver"}
    assert (await driver.get("/api/whoami")).body["has_account"] is False
    for name, given in (("D01", "wrong"), ("D02", secret), ("CP001", secret)):
        refused = await network.visitor().logs_in(name, given)
        assert refused.problem == WRONG
        assert refused.body["text"] == "The name or the password is wrong."


async def test_a_driver_is_out_when_its_credential_is_replaced(registry: Running, network: House):
    driver = network.visitor()
    await driver.logs_in("D01", await driver_secret(registry))
    assert (await driver.get("/api/whoami")).status == 200
    await registry.ask("POST", "/rotate", {"driver_id": "D01"}, token=await registry.admin())
    async with asyncio.timeout(5):
        while (await driver.get("/api/whoami")).status == 200:
            await asyncio.sleep(0.02)
    assert (await driver.get("/api/whoami")).problem == WRONG


async def test_a_driver_that_is_deactivated_is_told_so(registry: Running, network: House):
    secret = await driver_secret(registry)
    await registry.ask("POST", "/deactivate", {"driver_id": "D01"}, token=await registry.admin())
    answer = await network.visitor().logs_in("D01", secret)
    assert answer.problem == (403, "E_DISABLED")
    assert answer.body["text"] == "D01 is disabled. An administrator must activate it."


async def test_guessers_at_one_address_lock_out_no_driver_at_another(registry: Running, network: House):
    secret = await driver_secret(registry)
    for _ in range(7):
        await network.visitor().logs_in("D01", "guess-guess")
    assert (await network.visitor().logs_in("D01", secret)).problem == (429, "E_SLOW")
    assert (await network.visitor().logs_in("D01", secret, come_from="127.0.0.2")).status == 200


async def test_without_the_registry_a_driver_is_told_why_and_an_operator_still_gets_in(house: House):
    for _ in range(8):
        # Not counted as guesses: nothing was checked.
        answer = await house.visitor().logs_in("D01", "anything")
        assert answer.problem == (503, "E_UNREACHABLE")
        assert "Registry not responding" in answer.body["text"]
    assert (await house.person("olga", "operator")).cookies


async def test_an_account_of_its_own_replaces_the_credential(registry: Running, network: House):
    secret = await driver_secret(registry)
    before = network.visitor()
    await before.logs_in("D01", secret)
    driver = await network.person("D01", "driver")
    assert (await driver.get("/api/whoami")).body["role"] == "driver"
    assert (await before.get("/api/whoami")).status == 401
    assert (await network.visitor().logs_in("D01", secret)).problem == WRONG


# ---- the first admin


async def test_init_makes_one_admin_for_registry_and_pages(tmp_path: Path):
    def init() -> state_folder.InitReport:
        from evcharge.registry import setup as registry_setup

        report = registry_setup.initialise(Config(state=tmp_path))
        setup.initialise(Config(state=tmp_path), report)
        return report

    first = await asyncio.to_thread(init)
    assert first.pages_password == first.admin_password
    again = await asyncio.to_thread(init)
    assert (again.admin_password, again.pages_password) == (None, None)
    assert first.pages_password not in repr(first)
    async with opened(tmp_path) as house:
        ana = house.visitor()
        assert (await ana.logs_in("admin", first.pages_password)).body["role"] == "admin"
    assert verify.check(tmp_path / "central" / "central.db") == []


async def test_init_on_an_older_state_folder_makes_an_admin_of_the_pages_alone(tmp_path: Path):
    def init() -> state_folder.InitReport:
        from evcharge.registry import setup as registry_setup

        registry_setup.initialise(Config(state=tmp_path))
        report = registry_setup.initialise(Config(state=tmp_path))
        setup.initialise(Config(state=tmp_path), report)
        return report

    report = await asyncio.to_thread(init)
    assert report.admin_password is None
    assert report.pages_password
    async with open_database(setup.database_path(tmp_path), setup.SCHEMA) as database:
        (row,) = await database.read("SELECT name, created_by FROM account")
    assert tuple(row) == ("admin", "evcharge init")
