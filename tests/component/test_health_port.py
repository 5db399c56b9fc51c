"""An engine's health port among strangers: the monitor's pings get through."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import pytest

from evcharge.cp import health
from evcharge.cp.engine import health_port as module
from evcharge.cp.engine.health_port import SEATS, HealthPort
from tests.component.point import SECRET

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]

KEY = health.health_key(SECRET)
SETTLED_S = 0.1


class Idle:
    """A charging point at which nothing happens."""

    fault = None
    state = "idle"
    plugged = False
    last_seq = 7
    linked = True
    temperature_deci_celsius = 200


class Asker:
    """One connection to the port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def pong(self, line: bytes | None = None) -> health.Pong | None:
        """Ask, by default as our monitor; return the answer, None when it hangs up."""
        if line is None:
            line = health.seal(KEY, health.Ping(n=health.new_nonce(os.urandom)))
        try:
            self.writer.write(line)
            answer = await self.reader.readline()
        except OSError:
            return None
        return health.read_pong(answer) if answer else None


@pytest.fixture
def port() -> HealthPort:
    port = HealthPort("CP001", Idle())
    port.use(SECRET)
    return port


@pytest.fixture
async def number(port: HealthPort) -> AsyncIterator[int]:
    async with port.listening("127.0.0.1", 0) as number:
        yield number


@contextlib.asynccontextmanager
async def asker(number: int) -> AsyncIterator[Asker]:
    reader, writer = await asyncio.open_connection("127.0.0.1", number)
    try:
        yield Asker(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_a_monitor_is_answered_before_and_after_a_crowd_has_come(port: HealthPort, number: int):
    async with asker(number) as monitor, contextlib.AsyncExitStack() as crowd:
        assert await monitor.pong()
        for _ in range(SEATS.strangers + 50):
            await crowd.enter_async_context(asker(number))
        assert await monitor.pong()
        await asyncio.sleep(SETTLED_S)
        async with asker(number) as other:
            pong = await other.pong()
            assert pong is not None
            assert pong.monitors == 2


async def test_a_recorded_ping_makes_nobody_a_monitor(port: HealthPort, number: int):
    line = health.seal(KEY, health.Ping(n=health.new_nonce(os.urandom)))
    async with asker(number) as monitor, asker(number) as thief:
        assert await monitor.pong(line)
        pong = await thief.pong(line)
        assert pong is not None
        assert pong.monitors == 1


async def test_whoever_has_another_credential_is_answered_and_hung_up_on_a_little_later(number: int):
    other = health.seal(health.health_key("other"), health.Ping(n=health.new_nonce(os.urandom)))
    async with asker(number) as stranger, asker(number) as monitor:
        assert await monitor.pong()
        for _ in range(4):
            pong = await stranger.pong(other)
            assert pong is not None
            assert pong.monitors <= 1
            await asyncio.sleep(1)
        await asyncio.sleep(2)
        assert await stranger.pong(other) is None
        assert await monitor.pong()


async def test_a_flood_of_pings_keeps_no_monitor_waiting(number: int):
    async with asker(number) as monitor, contextlib.AsyncExitStack() as crowd:
        for _ in range(20):
            flood = await crowd.enter_async_context(asker(number))
            flood.writer.write(b"".join(ping() for _ in range(500)))
        began_at = asyncio.get_running_loop().time()
        assert await monitor.pong()
        assert asyncio.get_running_loop().time() - began_at < 0.5


def ping() -> bytes:
    return health.seal(health.health_key("other"), health.Ping(n=health.new_nonce(os.urandom)))


async def test_noise_is_hung_up_on_and_said_once_a_minute(number: int, caplog: pytest.LogCaptureFixture):
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\n", b"x" * 5000, b"\xff\xff\n"):
        async with asker(number) as stranger:
            assert await stranger.pong(noise) is None
    assert len(caplog.records) == 1


async def test_whoever_asks_without_reading_is_hung_up_on(port: HealthPort, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_UNREAD_BYTES", -1)
    async with port.listening("127.0.0.1", 0) as number, asker(number) as deaf:
        assert await deaf.pong()
        assert await deaf.pong() is None


async def test_before_there_is_a_credential_nobody_is_answered():
    port = HealthPort("CP001", Idle())
    async with port.listening("127.0.0.1", 0) as number, asker(number) as monitor:
        assert await monitor.pong() is None


async def test_at_the_end_the_monitor_is_hung_up_on_too(port: HealthPort):
    async with contextlib.AsyncExitStack() as stack:
        async with port.listening("127.0.0.1", 0) as number:
            monitor = await stack.enter_async_context(asker(number))
            assert await monitor.pong()
        assert await monitor.pong() is None
