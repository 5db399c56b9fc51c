"""Who may ask Central what: logins, roles, other sites, and what every answer says.

docs/SECURITY.md, "The API and the pages", lists what is asked badly.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from evcharge.central.api.kit.access import Access
from evcharge.central.api.kit.routes import Route
from evcharge.central.books import verify
from evcharge.central.rules.commands import Actor
from evcharge.central.services import accounts
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files
from evcharge.security.tls import client_context
from evcharge.storage.store_errors import StoreFull
from tests.component.visitors import SAME_SITE, House, Visitor, opened
from tests.ports import free_port


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house
    assert verify.check(tmp_path / "central" / "central.db") == []


def cookie_name(house: House) -> str:
    return f"evc_{house.url.rpartition(':')[2]}"


# ---- roles

ORDERS = ["/api/cps/CP001/out", "/api/cps/CP001/resume", "/api/cps/CP001/revoke", "/api/cps/out"]


@pytest.mark.parametrize("path", ORDERS)
async def test_orders_are_401_without_a_login_and_403_for_a_driver_or_a_viewer(house: House, path: str):
    await house.town.point()
    assert (await house.visitor().post(path)).problem == (401, "E_CREDENTIAL")
    for name, role in (("D01", "driver"), ("vera", "viewer")):
        refused = await (await house.person(name, role)).post(path, headers=SAME_SITE)
        assert refused.problem == (403, "E_ROLE")
        assert role in refused.body["text"]
    service = await house.service("meteo", "service")
    assert (await service.post(path)).problem == (403, "E_ROLE")
    rows = await house.recorded("LoginRefused")
    assert [row[:2] for row in rows] == [
        ("unknown", "unknown"),
        ("D01", "driver"),
        ("vera", "viewer"),
        ("meteo", "service"),
    ]
    assert all(f"POST {path}" in row[2] for row in rows)
    assert not await house.recorded("HoldPlaced") + await house.recorded("KeyRevoked")


async def test_an_order_is_recorded_under_the_true_name(house: House):
    await house.town.point()
    olga = await house.person("olga", "operator")
    assert (await olga.post("/api/cps/CP001/out", headers=SAME_SITE)).status == 200
    ((actor, role, _),) = await house.recorded("HoldPlaced")
    assert (actor, role) == ("olga", "operator")


async def test_each_role_may_look_and_only_an_admin_may_see_accounts(house: House):
    for name, role in (("vera", "viewer"), ("olga", "operator"), ("ana", "admin")):
        person = await house.person(name, role)
        assert (await person.get("/api/cps")).status == 200
        assert (await person.get("/api/accounts")).status == (200 if role == "admin" else 403)
        assert (await person.get("/api/whoami")).body == {
            "currency": "EUR", "driver_id": None, "error": False, "has_account": True, "name": name, "role": role,
        }  # fmt: skip


async def test_a_driver_knows_which_driver_it_is_and_sees_nobody_else(house: House):
    driver = await house.person("D01", "driver")
    assert (await driver.get("/api/whoami")).body["driver_id"] == "D01"
    for path in ("/api/sessions", "/api/drivers", "/api/events", "/api/accounts", "/api/tickets"):
        assert (await driver.get(path)).problem == (403, "E_ROLE")


async def test_the_token_of_the_state_folder_is_an_admin(house: House):
    assert (await house.program.get("/api/whoami")).body["role"] == "admin"
    assert (await house.program.get("/api/accounts")).status == 200


@pytest.mark.parametrize("path", ["/api/drivers/D01/top-up", "/api/me/requests"])
async def test_whoever_is_shut_out_while_a_body_is_on_its_way_may_do_nothing_more(
    house: House, monkeypatch: pytest.MonkeyPatch, path: str
):
    await house.town.point()
    await house.town.driver("D01")
    who = await (house.service("till", "operator") if "drivers" in path else house.person("D01", "driver"))
    let_in, shut_out = asyncio.Event(), asyncio.Event()
    looked_at = Access._let_in  # noqa: SLF001

    async def noted(self: Access, request: web.Request, route: Route) -> Actor:
        actor = await looked_at(self, request, route)
        if request.path == path:
            let_in.set()
        return actor

    async def body() -> AsyncIterator[bytes]:
        yield b'{"cents": 500, "reference": "R-1"' if "drivers" in path else b'{"request_id": "R-00000001"'
        await shut_out.wait()
        yield b"}"

    monkeypatch.setattr(Access, "_let_in", noted)
    async with asyncio.TaskGroup() as tasks:
        headers = {"Content-Type": "application/json", **SAME_SITE}
        answer = tasks.create_task(who.post(path, data=body(), headers=headers))
        await let_in.wait()
        gone = "/api/tokens/till" if "drivers" in path else "/api/accounts/D01"
        assert (await house.program.ask("DELETE", gone)).status == 200
        shut_out.set()
    assert answer.result().problem == (401, "E_CREDENTIAL")
    assert not await house.recorded("SessionAuthorised")
    assert [row[1] for row in await house.recorded("WalletToppedUp") if "R-1" in row[2]] == []


async def test_a_token_beside_a_good_cookie_must_be_good_itself(house: House):
    olga = await house.person("olga", "operator")
    for header in ("Bearer wrong", "Basic x", "nonsense"):
        answer = await olga.get("/api/cps", headers={"Authorization": header})
        assert answer.problem == (401, "E_CREDENTIAL")


# ---- cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House):
    password = await house.account("olga", "operator")
    answer = await house.visitor().logs_in("olga", password)
    cookie = answer.headers["Set-Cookie"]
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == cookie_name(house)
    assert len(value) == 43
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
        assert attribute in cookie
    assert "Secure" not in cookie  # plain HTTP, on loopback only
    assert password not in answer.raw.decode()


@pytest.mark.parametrize(
    "spoil", [lambda v: v[:-1], lambda v: v + "A", lambda v: v.swapcase(), lambda _: "", lambda _: "é"]
)
async def test_a_tampered_cookie_is_none(house: House, spoil):
    olga = await house.person("olga", "operator")
    name = cookie_name(house)
    olga.cookies[name] = spoil(olga.cookies[name])
    assert (await olga.get("/api/cps")).problem == (401, "E_CREDENTIAL")


async def test_a_cookie_of_another_port_is_none(house: House):
    olga = await house.person("olga", "operator")
    olga.cookies = {"evc_1": olga.cookies[cookie_name(house)]}
    assert (await olga.get("/api/cps")).status == 401


async def test_only_the_hash_of_a_login_is_stored(house: House):
    olga = await house.person("olga", "operator")
    (row,) = house.query("SELECT * FROM web_session")
    assert olga.cookies[cookie_name(house)] not in tuple(row)
    assert row["token_sha256"] == accounts.digest(olga.cookies[cookie_name(house)])


async def test_a_login_survives_a_restart(tmp_path: Path):
    port = free_port()
    async with opened(tmp_path, api_port=port) as house:
        olga = await house.person("olga", "operator")
        service = await house.service("meteo", "service")
    async with opened(tmp_path, api_port=port) as house:
        assert (await olga.get("/api/whoami")).body["name"] == "olga"
        assert (await service.get("/api/whoami")).body["role"] == "service"


async def test_a_login_that_a_hand_put_into_the_books_opens_nothing(tmp_path: Path):
    port = free_port()
    async with opened(tmp_path, api_port=port) as house:
        olga = await house.person("olga", "operator")
    forged = secret_files.new_secret()
    with closing(sqlite3.connect(tmp_path / "central/central.db")) as database, database:
        columns = "name, has_account, version, address, created_at, expires_at"
        sql = f"INSERT INTO web_session (token_sha256, {columns}) SELECT ?, {columns} FROM web_session"
        database.execute(sql, (accounts.digest(forged),))
    async with opened(tmp_path, api_port=port) as house:
        assert (await olga.get("/api/whoami")).body["name"] == "olga"
        olga.cookies[cookie_name(house)] = forged
        assert (await olga.get("/api/whoami")).problem == (401, "E_CREDENTIAL")


async def test_a_login_that_has_expired_is_none_and_is_swept_away(tmp_path: Path):
    port = free_port()
    async with opened(tmp_path, api_port=port) as house:
        olga = await house.person("olga", "operator")
    long_ago = (utc_now() - timedelta(seconds=1)).isoformat(timespec="microseconds")
    with closing(sqlite3.connect(tmp_path / "central/central.db")) as database, database:
        database.execute("UPDATE web_session SET expires_at = ?", (long_ago,))
    async with opened(tmp_path, api_port=port) as house:
        await house.town.point()
        refused = await olga.post("/api/cps/CP001/out", headers=SAME_SITE)
        assert refused.problem == (401, "E_CREDENTIAL")
        assert len(await house.recorded("LoginRefused")) == 1
        await house.person("vera", "viewer")
        assert [row["name"] for row in house.query("SELECT name FROM web_session")] == ["vera"]


async def test_a_login_that_is_used_lasts_longer(tmp_path: Path):
    port = free_port()
    async with opened(tmp_path, api_port=port) as house:
        olga = await house.person("olga", "operator")
    soon = (utc_now() + timedelta(hours=1)).isoformat(timespec="microseconds")
    with closing(sqlite3.connect(tmp_path / "central/central.db")) as database, database:
        database.execute("UPDATE web_session SET expires_at = ?", (soon,))
    async with opened(tmp_path, api_port=port) as house:
        before = dict(olga.cookies)
        answer = await olga.get("/api/cps")
        assert "Max-Age=43200" in answer.headers["Set-Cookie"]
        assert olga.cookies == before
        (row,) = house.query("SELECT expires_at FROM web_session")
        assert row["expires_at"] > soon
        # Once is enough for a while.
        assert "Set-Cookie" not in (await olga.get("/api/cps")).headers


# ---- other sites


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),  # another port of this host
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "OWN"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        # Plain HTTP to an address of the LAN: browsers send Origin only.
        ({"Origin": "OWN"}, 200),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "OWN.evil.example"}, 403),
        # Neither: no browser.
        ({}, 200),
    ],
)
async def test_an_order_from_a_page_of_another_site_is_refused(house: House, headers: dict, status: int):
    await house.town.point()
    olga = await house.person("olga", "operator")
    headers = {name: value.replace("OWN", house.url) for name, value in headers.items()}
    answer = await olga.post("/api/cps/CP001/out", headers=headers)
    assert answer.status == status
    assert len(await house.recorded("HoldPlaced")) == (status == 200)
    if status == 403:
        assert answer.body["code"] == "E_ROLE"
        assert "another site" in answer.body["text"]


async def test_nobody_is_logged_in_or_out_by_a_page_of_another_site(house: House):
    password = await house.account("olga", "operator")
    strange = {"Origin": "http://evil.example"}
    assert (await house.visitor().logs_in("olga", password, headers=strange)).status == 403
    olga = house.visitor()
    await olga.logs_in("olga", password)
    assert (await olga.post("/api/logout", headers=strange)).status == 403
    assert (await olga.get("/api/cps")).status == 200


async def test_a_program_with_a_token_is_no_browser(house: House):
    await house.town.point()
    strange = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await house.program.post("/api/cps/CP001/out", headers=strange)).status == 200


async def opens_socket(house: House, visitor: Visitor, headers: dict) -> int:
    """Return the status with which a WebSocket is answered."""
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(house.url + "/ws", headers={"Cookie": cookie, **headers}):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "OWN"}, 101),
        ({"Origin": "OWN", "Sec-Fetch-Site": "same-origin"}, 101),
        ({}, 101),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "OWN", "Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_a_websocket_of_another_site_is_refused(house: House, headers: dict, status: int):
    olga = await house.person("olga", "operator")
    headers = {name: value.replace("OWN", house.url) for name, value in headers.items()}
    assert await opens_socket(house, olga, headers) == status


async def test_a_websocket_wants_a_login(house: House):
    assert await opens_socket(house, house.visitor(), {}) == 401


async def test_a_name_that_leads_here_from_elsewhere_is_refused_also_for_pages(house: House):
    for path in ("/", "/login", "/static/css/base.css", "/api/whoami"):
        answer = await house.visitor().get(path, headers={"Host": "evil.example"})
        assert answer.problem == (403, "E_ROLE")


async def test_an_open_page_is_sent_away_when_its_login_ends(house: House):
    olga = await house.person("olga", "operator")
    cookie = "; ".join(f"{name}={value}" for name, value in olga.cookies.items())
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(house.url + "/ws", headers={"Cookie": cookie}) as socket,
        asyncio.timeout(5),
    ):
        await socket.receive_str()
        await olga.post("/api/logout", headers=SAME_SITE)
        while (await socket.receive()).type != aiohttp.WSMsgType.CLOSE:
            pass
        assert socket.close_code == 4401


# ---- over TLS, and with a full disk


async def test_over_tls_the_cookie_belongs_to_this_host_alone(tmp_path: Path):
    async with opened(tmp_path, api_host="0.0.0.0") as house:
        port = house.url.rpartition(":")[2]
        token = house.program.token
        tls = client_context(tmp_path / "ca.pem")
        async with aiohttp.ClientSession(
            f"https://127.0.0.1:{port}",
            connector=aiohttp.TCPConnector(ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            body = {"name": "olga", "role": "operator"}
            headers = {"Authorization": f"Bearer {token}"}
            async with session.post("/api/accounts", json=body, headers=headers) as response:
                password = (await response.json())["password"]
            async with session.post("/api/login", json={"name": "olga", "password": password}) as response:
                cookie = response.headers["Set-Cookie"]
            assert cookie.startswith(f"__Host-evc_{port}=")
            assert "Secure" in cookie
            assert "Path=/" in cookie
            assert "Domain" not in cookie
            value = cookie.partition(";")[0]
            for sent, status in ((value, 200), (value.removeprefix("__Host-"), 401)):
                async with session.get("/api/whoami", headers={"Cookie": sent}) as response:
                    assert response.status == status


async def test_a_full_disk_locks_nobody_out(house: House, monkeypatch: pytest.MonkeyPatch):
    password = await house.account("olga", "operator")

    async def full(*_: object) -> None:
        raise StoreFull("database or disk is full")

    olga, vera = house.visitor(), house.visitor()
    with monkeypatch.context() as patch:
        patch.setattr(accounts.Directory, "_store", full)
        assert (await olga.logs_in("olga", password)).status == 200
        assert (await olga.get("/api/cps")).status == 200
        assert (await olga.post("/api/logout", headers=SAME_SITE)).status == 200
        assert (await olga.get("/api/cps")).status == 401
    # A login that ended meanwhile is forgotten as soon as the disk takes it.
    await vera.logs_in("olga", password)
    assert len(house.query("SELECT * FROM web_session")) == 1


# ---- what every answer says

SAID = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/login", {}),
        ("GET", "/", {}),
        ("GET", "/static/js/store.js", {}),
        ("GET", "/static/nothing.js", {}),
        ("GET", "/api/cps", {}),
        ("GET", "/nothing", {}),
        ("PUT", "/api/cps", {}),
        ("POST", "/api/login", {"Content-Type": "text/plain"}),
        ("POST", "/api/login", {"Expect": "a miracle"}),
        ("GET", "/login", {"Host": "evil.example"}),
    ],
)
async def test_every_answer_tells_browsers_to_be_careful(house: House, method: str, path: str, headers: dict):
    answer = await house.visitor().ask(method, path, headers=headers)
    assert SAID.items() <= dict(answer.headers).items()
    assert answer.headers["Server"] == "evcharge"
    host = house.url.removeprefix("http://")
    policy = answer.headers["Content-Security-Policy"].split("; ")
    for part in (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types evcharge",
        "font-src 'self'",
        f"connect-src 'self' ws://{headers.get('Host', host)} wss://{headers.get('Host', host)}",
    ):  # fmt: skip
        assert part in policy


async def test_a_host_cannot_write_the_policy(house: House):
    for host in ("x'; script-src *", "a b", "x;y"):
        answer = await house.visitor().get("/login", headers={"Host": host})
        assert answer.status in (400, 403)
        assert "script-src *" not in answer.headers["Content-Security-Policy"]
        assert "connect-src 'self';" in answer.headers["Content-Security-Policy"] or answer.status == 400


async def answered(house: House, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rpartition(":")[2]))
    writer.write(raw)
    async with asyncio.timeout(5):
        got = await reader.read()
    writer.close()
    await writer.wait_closed()
    return got


async def test_what_is_no_http_is_answered_carefully_too(house: House):
    got = await answered(house, b"\x17\x03\x01 hello\r\n\r\n")
    assert got.startswith(b"HTTP/1.0 400")
    assert b"X-Content-Type-Options: nosniff" in got
    assert b"default-src 'none'" in got


async def test_half_a_header_and_silence_are_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evcharge.http.server.PATIENCE_S", 0.2)
    async with opened(tmp_path) as house:
        for raw in (b"GET /api/cps HTTP/1.1\r\nHost: local", b""):
            assert await answered(house, raw) == b""
