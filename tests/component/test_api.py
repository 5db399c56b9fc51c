"""Central's HTTP API on a real socket: who may, what comes back, and what never changes.

docs/SECURITY.md, "The API and the pages", lists what is asked badly.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from evcharge.central import app
from evcharge.central.api import wiring
from evcharge.central.api.kit.api_task import ApiServer, idle
from evcharge.central.books import verify
from evcharge.central.rules.commands import PlaceHold
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import Taken
from evcharge.evc1 import messages
from evcharge.http.server import application
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config
from evcharge.security import secret_files, state_folder
from evcharge.security.tls import client_context
from tests.component.office import Office, opened
from tests.component.town import hear, running


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office
    assert verify.check(tmp_path / "central" / "central.db") == []


GETS = [
    "/api/cps",
    "/api/cps/CP001",
    "/api/sessions",
    "/api/tickets",
    "/api/drivers",
    "/api/alerts",
    "/api/events",
    "/api/members",
]
POSTS = [
    "/api/cps/CP001/out", "/api/cps/CP001/resume", "/api/cps/CP001/revoke", "/api/cps/out", "/api/cps/resume",
    "/api/drivers/D01/top-up", "/api/alerts/CP001-journal/close",
]  # fmt: skip


# ---- who may


@pytest.mark.parametrize(
    ("method", "path"), [("GET", one) for one in GETS] + [("POST", one) for one in POSTS]
)
async def test_without_the_operators_token_nothing_is_shown_or_done(office: Office, method: str, path: str):
    await office.town.point()
    for token in (None, "wrong", "é", secret_files.read_secret(office.town.state / "enrolment.token")):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await office.ask(method, path, token=None, headers=headers)
        assert (answer.status, answer.body["code"]) == (401, "E_CREDENTIAL")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    rows = await office.recorded("LoginRefused")
    assert [(row["actor"], row["role"]) for row in rows] == [("unknown", "unknown")]
    assert rows[0]["address"].startswith("127.0.0.1:")
    assert f"{method} {path}" in json.loads(rows[0]["data"])["text"]
    assert not office.rows("HoldPlaced") + office.rows("KeyRevoked")


async def test_a_token_of_another_scheme_is_none(office: Office):
    for header in (f"Basic {office.token}", office.token, "Bearer", "Bearer "):
        answer = await office.ask("GET", "/api/cps", token=None, headers={"Authorization": header})
        assert answer.status == 401


async def test_a_name_that_is_not_ours_is_refused_even_with_the_token(office: Office):
    await office.town.point()
    answer = await office.ask("POST", "/api/cps/CP001/out", headers={"Host": "evil.example:8000"})
    assert (answer.status, answer.body["code"]) == (403, "E_ROLE")
    assert "evil.example" in answer.body["text"]
    assert not office.rows("HoldPlaced")
    for name in ("localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.1"):
        assert (await office.ask("GET", "/api/cps", headers={"Host": name})).status == 200


async def test_a_failure_is_a_problem_that_keeps_our_fields(office: Office):
    answer = await office.ask("GET", "/api/cps/CP404")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "CP404 does not exist: Central has never heard of it.",
        "error": True,
        "code": "E_NOT_FOUND",
        "text": "CP404 does not exist: Central has never heard of it.",
        "text_es": "CP404 no existe: la Central nunca ha sabido de él.",
    }


async def test_a_failure_is_told_in_the_language_that_was_asked_for_too(office: Office):
    answer = await office.ask("GET", "/api/cps/CP404", headers={"Accept-Language": "ca-ES,ca;q=0.9,es;q=0.8"})
    assert answer.body["text_ca"] == "CP404 no existeix: la Central no n’ha sabut mai res."
    assert answer.body["text_es"].startswith("CP404 no existe")


@pytest.mark.parametrize(
    "path",
    [
        "/api/cps/CP404/out",
        "/api/cps/CP404/resume",
        "/api/cps/CP404/revoke",
        "/api/nothing",
        "/api/cps/",
    ],
)
async def test_what_does_not_exist_is_404(office: Office, path: str):
    assert (await office.ask("POST", path)).status == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/cps/CP001/out"), ("POST", "/api/cps"), ("PUT", "/api/cps")]
)
async def test_another_method_is_405_with_the_right_ones(office: Office, method: str, path: str):
    answer = await office.ask(method, path)
    assert answer.status == 405
    assert answer.headers["Allow"]


@pytest.mark.parametrize("name", ["cp001", "CP%0A001", "..%2F..", "X" * 33, "%00"])
async def test_a_bad_id_is_422(office: Office, name: str):
    assert (await office.ask("POST", f"/api/cps/{name}/out")).status in (404, 422)


# ---- bodies


TOP_UP = "/api/drivers/D01/top-up"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"cents":NaN,"reference":"r"}', 422),
        (b'{"cents":1,"reference":"r","x":1}', 422),
        (b"[" * 60_000, 422),
        (b'{"cents":' + b"[" * 60_000, 422),
        (b"no json", 422),
        (b"", 422),
        (b"[]", 422),
        (b"null", 422),
        (b'{"cents":0,"reference":"r"}', 422),
        (b'{"cents":-5,"reference":"r"}', 422),
        (b'{"cents":1.5,"reference":"r"}', 422),
        (b'{"cents":"5","reference":"r"}', 422),
        (b'{"cents":true,"reference":"r"}', 422),
        (b'{"cents":1e400,"reference":"r"}', 422),
        (b'{"cents":' + b"9" * 400 + b',"reference":"r"}', 422),
        (b'{"cents":1}', 422),
        (b'{"cents":1,"reference":""}', 422),
        (b'{"cents":1,"reference":"a b"}', 422),
        (b'{"cents":1,"reference":"a\\nb"}', 422),
        (b'{"cents":1,"reference":"' + b"x" * 65 + b'"}', 422),
        (b'{"cents":1,"reference":"\xff"}', 422),
        (b'{"cents":1,"reference":"r","reference":"r"}', 422),
        (b'{"cents":1,"reference":"r","\\udfff":1}', 422),
        (b'{"cents":1,"reference":"\\ud800"}', 422),
        (b" " * 70_000, 413),
    ],
)
async def test_a_bad_body_changes_nothing(office: Office, raw: bytes, status: int):
    await office.town.driver()
    headers = {"Content-Type": "application/json"}
    answer = await office.ask("POST", TOP_UP, data=raw, headers=headers)
    assert answer.status == status
    assert answer.body["text"].isprintable()
    (driver,) = (await office.get("/api/drivers"))["drivers"]
    assert driver["balance_cents"] == 2_000


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_site_is_415(office: Office, kind: str):
    await office.town.point()
    for path in (TOP_UP, "/api/cps/CP001/out"):
        answer = await office.ask("POST", path, data=b"{}", headers={"Content-Type": kind})
        assert answer.status == 415
    assert not office.rows("HoldPlaced")


async def test_an_order_takes_no_more_than_an_empty_object(office: Office):
    await office.town.point()
    assert (await office.ask("POST", "/api/cps/CP001/out", {"force": True})).status == 422
    assert (await office.ask("POST", "/api/cps/CP001/out?force=1")).status == 422
    assert not office.rows("HoldPlaced")
    assert (await office.post("/api/cps/CP001/out", {}))["changed"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1&limit=2", "limit=", "limit=" + "9" * 30, "colour=red",
        "before=yesterday", "before=2026-01-01~" + "x" * 300, "state=gone", "driver_id=d01", "cp_id=%0A", "limit=١",
    ],
)  # fmt: skip
async def test_a_bad_query_is_422(office: Office, query: str):
    assert (await office.ask("GET", f"/api/sessions?{query}")).status == 422


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1.5", "after=" + "9" * 20, "before=x"])
async def test_a_bad_place_in_the_audit_log_is_422(office: Office, query: str):
    assert (await office.ask("GET", f"/api/events?{query}")).status == 422


# ---- orders


async def test_out_ends_the_charge_and_says_so(office: Office):
    engine, driver = await office.charging()
    done = await office.post("/api/cps/CP001/out")
    assert (done["changed"], done["ended"]) == (1, 1)
    assert (await hear(engine.channel, messages.Stop)).reason == "operator"
    await engine.journals(engine.meters(1_000), engine.ends("operator"))
    assert (await driver.ticket()).reason == "operator"
    point = await office.get("/api/cps/CP001")
    assert (point["status"], point["reason"]) == ("Unavailable", "operator")
    (row,) = office.rows("HoldPlaced")
    assert (row["actor"], row["role"]) == ("operator", "operator")
    assert row["address"].startswith("127.0.0.1:")


async def test_out_twice_is_one_out(office: Office):
    await office.town.point()
    assert (await office.post("/api/cps/CP001/out"))["changed"] == 1
    assert (await office.post("/api/cps/CP001/out"))["changed"] == 0
    assert len(office.rows("HoldPlaced")) == 1


async def test_resume_under_bad_weather_says_that_it_is_still_out(office: Office):
    await office.town.point()
    await office.town.operator(PlaceHold, cp_id="CP001", hold=Hold.WEATHER)
    await office.post("/api/cps/CP001/out")
    done = await office.post("/api/cps/CP001/resume")
    assert done["changed"] == 1
    assert done["still_out"] == {"CP001": "weather"}
    assert done["causes"] == {"weather": {"es": "tiempo"}}
    assert "still out: weather" in done["text"]
    assert done["cp"]["holds"] == ["weather"]
    again = (await office.ask("POST", "/api/cps/CP001/resume", headers={"Accept-Language": "de"})).body
    assert (again["changed"], again["still_out"]) == (0, {"CP001": "weather"})
    assert again["causes"] == {"weather": {"es": "tiempo", "de": "Wetter"}}


async def test_resume_of_a_point_with_a_new_journal_says_what_to_do(office: Office):
    await office.town.with_another_disk(await office.town.point())
    await office.post("/api/cps/CP001/out")
    for path in ("/api/cps/CP001/resume", "/api/cps/resume"):
        done = await office.post(path)
        assert done["still_out"] == {"CP001": "new journal: close its alert to confirm"}
        assert done["text"] == "CP001 is still out: new journal: close its alert to confirm."
    (point,) = (await office.get("/api/cps"))["cps"]
    assert (point["status"], point["reason"], point["holds"]) == (
        "Unavailable", "new journal not confirmed", ["journal"],
    )  # fmt: skip


async def test_resume_of_a_free_point_leaves_it_free(office: Office):
    await office.town.point()
    await office.post("/api/cps/CP001/out")
    done = await office.post("/api/cps/CP001/resume")
    assert (done["changed"], done["still_out"], done["text"]) == (1, {}, "")
    assert done["cp"]["status"] == "Available"


async def test_all_out_and_all_back(office: Office):
    await office.charging()
    await office.town.point("CP002")
    done = await office.post("/api/cps/out")
    assert (done["changed"], done["ended"]) == (2, 1)
    assert {point["holds"][0] for point in (await office.get("/api/cps"))["cps"]} == {"operator"}
    assert (await office.post("/api/cps/out"))["changed"] == 0
    assert (await office.post("/api/cps/resume"))["changed"] == 2


async def test_revoke_ends_the_charge_and_the_links(office: Office):
    engine, _ = await office.charging()
    done = await office.post("/api/cps/CP001/revoke")
    assert (done["changed"], done["ended"], done["cp"]["revoked"]) == (1, 1, True)
    assert (await hear(engine.channel, messages.Stop)).reason == "key revoked"
    (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "revoked"]
    assert alert["solved_at"] is None


@pytest.mark.parametrize(
    ("path", "body", "row"),
    [
        ("/api/cps/CP001/revoke", None, "KeyRevoked"),
        ("/api/drivers/D01/block", {"blocked": True}, "DriverBarred"),
    ],
)
async def test_a_withdrawal_on_a_full_disk_holds_and_says_that_it_is_not_stored(
    office: Office, path, body, row
):
    engine, _ = await office.charging()
    with office.town.with_a_full_disk():
        done = await office.post(path, body)
        assert (done["stored"], done["ended"]) == (False, 1)
        assert (await hear(engine.channel, messages.Stop)).reason in ("key revoked", "operator")
        # Said once more, it changes nothing more.
        assert (await office.post(path, body))["stored"] is False
        assert office.rows(row) == []
    assert len(await office.recorded(row)) == 1


async def test_a_driver_is_let_in_again_only_when_that_can_be_stored(office: Office):
    await office.town.driver()
    await office.post("/api/drivers/D01/block", {"blocked": True})
    with office.town.with_a_full_disk():
        answer = await office.ask("POST", "/api/drivers/D01/block", {"blocked": False})
    assert (answer.status, answer.body["code"]) == (503, "E_STORAGE")


# ---- money


async def test_a_top_up_that_is_repeated_counts_once(office: Office):
    await office.town.driver()
    body = {"cents": 2_000, "reference": "receipt-1"}
    first = await office.post(TOP_UP, body)
    assert (first["balance_cents"], first["repeated"]) == (4_000, False)
    again = await office.post(TOP_UP, body)
    assert (again["balance_cents"], again["repeated"]) == (4_000, True)
    assert len(office.query("SELECT * FROM ledger WHERE reference = 'receipt-1'")) == 1


async def test_the_same_top_up_many_times_at_once_counts_once(office: Office):
    await office.town.driver()
    body = {"cents": 500, "reference": "r-1"}
    answers = await asyncio.gather(*(office.ask("POST", TOP_UP, body) for _ in range(12)))
    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.body["repeated"] for answer in answers) == [False] + [True] * 11
    (driver,) = (await office.get("/api/drivers"))["drivers"]
    assert driver["balance_cents"] == 2_500


@pytest.mark.parametrize("other", [{"cents": 501}, {"path": "/api/drivers/D02/top-up"}])
async def test_a_reference_of_another_top_up_is_409(office: Office, other: dict):
    await office.town.driver("D01")
    await office.town.driver("D02")
    await office.post(TOP_UP, {"cents": 500, "reference": "r-1"})
    path = other.get("path", TOP_UP)
    answer = await office.ask("POST", path, {"cents": other.get("cents", 500), "reference": "r-1"})
    assert (answer.status, answer.body["code"]) == (409, "E_CONFLICT")


async def test_an_unknown_driver_gets_no_money(office: Office):
    answer = await office.ask("POST", "/api/drivers/D404/top-up", {"cents": 5, "reference": "r"})
    assert answer.status == 404


async def test_a_wallet_that_would_overflow_is_refused(office: Office):
    await office.town.driver()
    assert (await office.ask("POST", TOP_UP, {"cents": 10**12, "reference": "r"})).status == 422


# ---- apart from charging


async def test_a_handler_that_fails_is_one_sentence_and_charging_goes_on(office: Office, monkeypatch):
    engine, driver = await office.charging()
    monkeypatch.setattr("evcharge.central.api.kit.views.driver", lambda _: 1 / 0)
    answer = await office.ask("GET", "/api/drivers")
    assert (answer.status, answer.body["code"]) == (500, "E_INTERNAL")
    assert "ZeroDivision" not in answer.body["text"]
    await engine.journals(engine.meters(1_000), engine.ends())
    assert (await driver.ticket()).energy_mwh == 1_000


async def test_the_api_may_fail_and_starts_again_while_charging_goes_on(tmp_path: Path, monkeypatch):
    failing = asyncio.Event()

    class Frail(ApiServer):
        def __init__(self, *args, **more) -> None:
            async def work() -> None:
                await failing.wait()
                failing.clear()
                raise RuntimeError("the API broke")

            super().__init__(*args, **more | {"work": work})

    monkeypatch.setattr(wiring, "ApiServer", Frail)
    async with opened(tmp_path) as office:
        engine, driver = await office.charging()
        failing.set()
        await office.town.says("API for operators failed; charging goes on")
        await engine.journals(engine.meters(1_000), engine.ends())
        assert (await driver.ticket()).energy_mwh == 1_000
        await office.town.says("API for operators is again listening")
        assert (await office.get("/api/tickets"))["tickets"][0]["energy_mwh"] == 1_000


async def test_a_port_that_is_lost_later_is_tried_again(caplog):
    caplog.set_level(logging.INFO)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Taken):
        await ApiServer(_empty, "127.0.0.1", port, None).run()
    server.close()
    await server.wait_closed()
    fails = [True]

    async def work() -> None:
        if fails.pop():
            fails.append(False)
            nonlocal server
            raise OSError("the card is gone")
        await idle()

    again = ApiServer(_empty, "127.0.0.1", port, None, work)
    task = asyncio.create_task(again.run())
    try:
        async with asyncio.timeout(5):
            while "again listening" not in caplog.text:
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_taken_port_ends_central_with_a_sentence(tmp_path: Path):
    state_folder.init_state(tmp_path, [], utc_now())
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = Config(state=tmp_path, central=CentralSettings(port=0, api_port=port))
    try:
        with pytest.raises(ExceptionGroup) as raised:
            await app.run(config, asyncio.Event())
    finally:
        server.close()
        await server.wait_closed()
    assert raised.group_contains(Taken, match=str(port))


async def test_without_the_api_there_is_no_port(tmp_path: Path):
    async with running(tmp_path, api=False) as town:
        await town.point()
        assert not any("API" in line for line in town.lines)


async def test_central_makes_a_token_that_is_missing(tmp_path: Path):
    state_folder.init_state(tmp_path, [], utc_now())
    (tmp_path / "operator.token").unlink()
    async with opened(tmp_path) as office:
        assert (office.town.state / "operator.token").stat().st_mode & 0o777 == 0o600
        await office.get("/api/cps")


async def test_another_address_than_loopback_means_tls(tmp_path: Path):
    async with running(tmp_path, api_host="0.0.0.0") as town:
        url = (await town.says("API for operators")).split()[-1]
        assert url.startswith("https://0.0.0.0:")
        url = url.replace("0.0.0.0", "127.0.0.1")
        token = secret_files.read_secret(tmp_path / "operator.token")
        tls = client_context(tmp_path / "ca.pem")
        connector = aiohttp.TCPConnector(ssl=tls, force_close=True)
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(f"{url}/api/cps", headers=headers) as response,
        ):
            assert response.status == 200


def _empty():
    async def refused(*_) -> None:
        pass

    return application([], refused)
