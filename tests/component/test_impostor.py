"""Whoever listens in Central's place is sent nothing: no token, and nothing made from one."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from evcharge import labels
from evcharge.central import app
from evcharge.domain.errors import Overloaded, StateError
from evcharge.http import server as server_module
from evcharge.labels import Phrase, Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator.client import OperatorClient
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config, ReachSettings, WeatherSettings
from evcharge.security import secret_files, state_folder
from evcharge.security.tls import client_context, server_context
from evcharge.weather import app as weather
from tests.component.office import Office, opened
from tests.ports import free_port

SAY = Speech(SENTENCES)


@dataclass
class Impostor:
    """A listener on loopback that keeps all it is sent, and answers like an API."""

    port: int = 0
    heard: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                while chunk := await reader.read(65536):
                    self.heard += chunk
                    body = b'{"error":false,"cps":[],"locations":[]}'
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
                    writer.write(head.encode() + b"\r\n\r\n" + body)
        writer.close()

    def knows(self, secret: str) -> bool:
        """Whether it has heard the secret, or any HTTP at all."""
        return any(word in self.heard for word in (secret.encode(), b"Bearer", b"/api/"))


@contextlib.asynccontextmanager
async def impostor(tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Impostor]:
    found = Impostor()
    server = await asyncio.start_server(found.accept, "127.0.0.1", port, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


def of_another_network(folder: Path) -> ssl.SSLContext:
    state_folder.init_state(folder, [], utc_now())
    return server_context(folder / "central.pem", folder / "central.key")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state_folder.init_state(tmp_path / "state", [], utc_now())
    return tmp_path / "state"


BOTH = pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "with a certificate of its own"])


@BOTH
async def test_an_operators_command_sends_an_impostor_nothing(tmp_path: Path, state: Path, encrypted: bool):
    tls = of_another_network(tmp_path / "theirs") if encrypted else None
    async with impostor(tls) as listener:
        api = OperatorClient(ReachSettings(central_api=listener.url), state, SAY, {})
        with pytest.raises(Overloaded) as raised:
            await api.post("/api/drivers/D01/top-up", {"cents": 2000, "reference": "r-1"})
    # The greeting of TLS, and that only where it can be read.
    assert listener.heard[:1] == (b"" if encrypted else b"\x16")
    assert not listener.knows(secret_files.read_secret(state / "operator.token"))
    assert ("not from our CA" if encrypted else "does not prove who it is") in raised.value.text


@BOTH
async def test_the_weather_service_sends_an_impostor_nothing(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, encrypted: bool, caplog
):
    caplog.set_level(logging.INFO, "evcharge.weather")
    monkeypatch.setattr("evcharge.weather.app.keyboard.is_terminal", lambda: False)
    timeline = tmp_path / "calm.txt"
    timeline.write_text("0 *: 18\n")
    tls = of_another_network(tmp_path / "theirs") if encrypted else None
    async with impostor(tls) as listener:
        config = Config(
            state=state,
            reach=ReachSettings(central_api=listener.url),
            weather=WeatherSettings(simulate=str(timeline), cities=["Madrid"], every_s=0.1),
        )
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
            tasks.create_task(weather.run(config, stop, environ={}))
            while labels.say(Phrase.CENTRAL_LOST) not in caplog.text:
                await asyncio.sleep(0.02)
            stop.set()
    assert not listener.knows(secret_files.read_secret(state / "weather.token"))


async def test_who_takes_centrals_port_while_it_is_down_learns_no_token(tmp_path: Path):
    port = free_port()
    async with opened(tmp_path, api_port=port) as office:
        api = OperatorClient(ReachSettings(central_api=office.url), tmp_path, SAY, {})
        assert (await api.get("/api/cps"))["cps"] == []
    async with impostor(port=port) as listener:
        with pytest.raises(Overloaded, match="does not prove who it is"):
            await api.get("/api/cps")
    assert not listener.knows(office.token)


async def test_of_several_centrals_the_one_that_answers_is_asked_and_a_stranger_learns_nothing(
    tmp_path: Path,
):
    async with opened(tmp_path) as office, impostor() as listener:
        away = "https://127.0.0.1:1"
        api = OperatorClient(
            ReachSettings(central_api=away, other_apis=[listener.url, office.url]), tmp_path, SAY, {}
        )
        assert (await api.get("/api/cps"))["cps"] == []
        assert api.url == office.url
        taken = bytearray()
        other = ReachSettings(central_api=away, other_apis=[office.url])
        await OperatorClient(other, tmp_path, SAY, {}).download("/api/sessions.csv", taken.extend)
        assert taken
        assert not listener.knows(office.token)
    with pytest.raises(Overloaded):
        await api.get("/api/cps")


async def test_a_certificate_out_of_its_time_is_a_matter_of_clocks(tmp_path: Path):
    state_folder.init_state(tmp_path, [], utc_now() - timedelta(days=3000))
    tls = server_context(tmp_path / "central.pem", tmp_path / "central.key")
    async with impostor(tls) as listener:
        with pytest.raises(Overloaded, match="not valid now: compare the clocks"):
            await OperatorClient(ReachSettings(central_api=listener.url), tmp_path, SAY, {}).get("/api/cps")


# ---- one port for browsers and programs


async def test_the_port_of_the_pages_speaks_http_and_https(tmp_path: Path):
    async with opened(tmp_path) as office:
        assert office.url.startswith("http://127.0.0.1:")
        await office.get("/api/cps")
        tls = aiohttp.TCPConnector(ssl=client_context(tmp_path / "ca.pem"))
        async with (
            aiohttp.ClientSession(connector=tls) as session,
            session.get(office.url.replace("http:", "https:") + "/login") as response,
        ):
            assert response.status == 200
            assert "<html" in await response.text()


@pytest.mark.parametrize(
    ("said", "answered"),
    [(b"\x00\xffnonsense\r\n\r\n", b"HTTP/1.0 400"), (b"\x16nonsense that begins like TLS\r\n\r\n", b"")],
)
async def test_what_is_neither_http_nor_tls_gets_one_answer(tmp_path: Path, said: bytes, answered: bytes):
    async with opened(tmp_path) as office:
        async with calling(office) as (reader, writer):
            writer.write(said)
            assert (await reader.read())[: len(answered) or 1] == answered
        await office.get("/api/cps")


async def test_who_says_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 0.2)
    async with opened(tmp_path) as office:
        async with calling(office) as (reader, _):
            assert await reader.read() == b""
        await office.get("/api/cps")


async def test_of_those_who_say_nothing_the_oldest_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "SEATS", SeatLimits(strangers=3, grace_s=0.0))
    async with opened(tmp_path) as office, contextlib.AsyncExitStack() as later:
        silent = [await later.enter_async_context(calling(office)) for _ in range(4)]
        assert await silent[0][0].read() == b""
        assert not any(reader.at_eof() for reader, _ in silent[1:])
        await office.get("/api/cps")


async def test_an_open_connection_does_not_keep_central_from_stopping(tmp_path: Path):
    async with opened(tmp_path) as office, calling(office) as (reader, writer):
        host = office.url.removeprefix("http://")
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        office.town.stop.set()
        while await reader.read(65536):
            pass


@contextlib.asynccontextmanager
async def calling(office: Office) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the port of the pages; all that is awaited has an end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(office.url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_central_without_its_certificate_says_what_to_do(tmp_path: Path):
    state_folder.init_state(tmp_path, [], utc_now())
    (tmp_path / "central.pem").unlink()
    config = Config(state=tmp_path, central=CentralSettings(port=0, api_port=0))
    with pytest.raises(StateError, match="central.pem is missing: "):
        await app.run(config, asyncio.Event())
