"""What a Central that stands by answers when the leader, to which it hands on, ends in the middle."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from evcharge.central.api.standby import Standby
from evcharge.domain.errors import Code, Overloaded
from evcharge.http.central_client import ApiClient, BearerToken
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config
from evcharge.security import state_folder
from evcharge.security.tls import client_context, server_context
from evcharge.storage.members import Me
from tests.ports import free_port

pytestmark = pytest.mark.timeout(60)


class Pair:
    """A leader that breaks off, and where the one that stands by answers."""

    # What the leader shows.
    tls: ssl.SSLContext

    def __init__(self, state: Path) -> None:
        self.state, self.leader_port, self.port = state, free_port(), free_port()
        # What the leader says before its end, and what it was asked.
        self.says, self.asked, self.cookies = b"", [], []

    async def leader(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readline()).decode().split()[0])
        while line := (await reader.readline()).decode().strip():
            if line.startswith("Cookie: "):
                self.cookies.append(line.removeprefix("Cookie: "))
        writer.write(self.says)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    def client(self, port: int, lang: str = "en") -> ApiClient:
        """A command's way to the API on `port`."""
        token = BearerToken("-", state_folder.operator_token_path(self.state), {})
        url = f"https://127.0.0.1:{port}"
        return ApiClient(url, self.state / "ca.pem", Speech(SENTENCES, lang), token, 30)


class Following:
    """The place of one that stands by while a leader lives."""

    def __init__(self, leader: Me) -> None:
        self.me, self.others, self.leader = Me(name="B"), (), leader

    async def waits(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    state_folder.init_state(tmp_path, [], utc_now())
    pair, stop = Pair(tmp_path), asyncio.Event()
    pair.tls = tls = server_context(tmp_path / "central.pem", tmp_path / "central.key")
    settings = CentralSettings(api_host="127.0.0.1", api_port=pair.port)
    leader = Me(name="A", address=f"https://127.0.0.1:{pair.leader_port}")
    async with await asyncio.start_server(pair.leader, "127.0.0.1", pair.leader_port, ssl=tls):
        standing_by = asyncio.create_task(
            Standby(Config(state=tmp_path, central=settings), stop)(Following(leader))
        )
        async with asyncio.timeout(30), aiohttp.ClientSession() as http:
            while True:
                with contextlib.suppress(aiohttp.ClientConnectorError):
                    await http.get(f"http://127.0.0.1:{pair.port}/readyz")
                    break
                await asyncio.sleep(0.01)
        yield pair
        standing_by.cancel()
        await asyncio.wait([standing_by])


async def test_half_an_answer_is_broken_off_and_nothing_follows_it(pair: Pair):
    """Whoever saves a file must not get the words of a refusal in its middle."""
    pair.says = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n" + b"S-1;1\r\n" * 9_000
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
    writer.write(b"GET /api/tickets.csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    got = b""
    with contextlib.suppress(ConnectionError):
        while some := await reader.read(1 << 16):
            got += some
    writer.close()
    assert got.count(b"HTTP/1.1") <= 1
    assert b"E_UNREACHABLE" not in got


@pytest.mark.parametrize("by_way_of_the_other", [True, False])
async def test_an_order_whose_answer_is_lost_may_have_been_carried_out(pair: Pair, by_way_of_the_other: bool):
    client = pair.client(pair.port if by_way_of_the_other else pair.leader_port)
    with pytest.raises(Overloaded, match="ended before it answered.*ook whether it was done before") as lost:
        await client.call("POST", "/api/drivers/D01/top-up", dict, body={"amount": "1"})
    assert lost.value.code is Code.UNREACHABLE
    assert pair.asked == ["POST"]
    with pytest.raises(Overloaded, match="not running|Try again in a moment"):
        await client.call("GET", "/api/cps", dict)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_browser_keeps_its_login_under_the_name_that_it_has_at_the_one_that_stands_by(
    pair: Pair, scheme: str
):
    """When that one leads, it asks for a login of its own name, and the browser is still logged in."""
    prefix = "__Host-" if scheme == "https" else ""
    theirs, ours = f"__Host-evc_{pair.leader_port}", f"{prefix}evc_{pair.port}"
    pair.says = (
        f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: {theirs}=new; HttpOnly; Path=/; Secure\r\n"
        "Set-Cookie: other=1; Secure\r\n\r\n{}"
    ).encode()
    tls = client_context(pair.state / "ca.pem")
    # Of several Centrals on one computer a browser shows the logins of all.
    shown = f"{theirs}=of-another; {ours}=old; lang=es"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        url = f"{scheme}://127.0.0.1:{pair.port}/api/cps"
        async with http.get(url, ssl=tls, headers={"Cookie": shown}) as found:
            given = found.headers.getall("Set-Cookie")
    secure = "; Secure" if scheme == "https" else ""
    assert given == [f"{ours}=new; HttpOnly; Path=/{secure}", "other=1; Secure"]
    assert pair.cookies == [shown.replace(f"{theirs}=of-another; ", "").replace(ours, theirs)]


async def test_a_leader_whose_certificate_is_not_of_this_network_is_called_that(pair: Pair, tmp_path: Path):
    """It was swapped for one of another authority: to try again in a moment would not help."""
    state_folder.init_state(tmp_path / "another", [], utc_now())
    pair.tls.load_cert_chain(tmp_path / "another/central.pem", tmp_path / "another/central.key")
    for lang, words in (("en", "a certificate that is not of this network"), ("es", "no es de esta red")):
        with pytest.raises(Overloaded, match=words):
            await pair.client(pair.port, lang).call("GET", "/api/cps", dict)
    assert pair.asked == []


async def test_whoever_scrapes_one_that_stands_by_learns_that_it_does_not_lead(pair: Pair):
    """The leader's own figures, told by both, would be counted twice."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{pair.port}/metrics") as found:
        families = list(text_string_to_metric_families(await found.text()))
    assert [(one.name, one.samples[0].value) for one in families] == [("evcharge_leads", 0.0)]
    assert pair.asked == []
