"""Bad bodies, bare connections, half requests: what the Registry answers, and when it hangs up."""

import asyncio
import contextlib
import gzip
import json

import pytest

from evcharge.http import server
from evcharge.registry import app
from evcharge.runtime.admission import SeatLimits
from tests.component.registry.looking import audit_rows, closed_with, connection, rows
from tests.component.registry_process import running_registry

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
    async with running_registry(state, made[1]) as registry:
        # It has time enough to begin with TLS, however busy the machine.
        monkeypatch.setattr(server, "PATIENCE_S", 0.3)
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


async def test_it_stops_at_once_with_silent_clients_connected(made, state, monkeypatch):
    # Were one waited for, it would be without end.
    monkeypatch.setattr(server, "PATIENCE_S", 3_600.0)
    async with running_registry(state, made[1]) as registry:
        idle, silent = await connection(registry), await connection(registry)
        idle[1].write(b"GET /list HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await idle[0].readline()).startswith(b"HTTP/1.1 401")
        half = await asyncio.open_connection("127.0.0.1", registry.port)
    # The end of the process closes this one, which has not begun TLS.
    half[1].close()
    for one in (idle, silent, half):
        await closed_with(*one)
