"""The watcher of one engine, whose health port is played by the test: what is believed, what is a fault and when."""

import asyncio
import contextlib
import os
from types import SimpleNamespace

import pytest

from evcharge.cp import health
from evcharge.cp.engine.health_port import QUESTIONS_PER_S, HealthPort
from tests.component.watching import KEY, Watching
from tests.serving import listening

pytestmark = pytest.mark.virtual_time


def pong(ping: health.Ping, **change: object) -> health.Pong:
    facts = {"cp_id": "CP001", "state": "idle", "fault": None, "seq": 0, "central_link": True, "monitors": 1}
    return health.Pong(**{"n": ping.n} | facts | change)


@contextlib.asynccontextmanager
async def pretender(answer):
    """Serve a health port that answers each ping with `answer(ping)`: bytes, or None to say nothing."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                if (reply := answer(health.read_ping(line))) is not None:
                    writer.write(reply)
        finally:
            writer.close()

    async with listening(accept) as port:
        yield port


async def test_an_engine_without_our_credential_is_not_believed():
    other = health.health_key("other")
    async with (
        pretender(lambda ping: health.seal(other, pong(ping))) as port,
        Watching(port).run() as watching,
    ):
        assert (
            await watching.fault() == f"port {port} cannot prove that it is CP001: it has another credential"
        )


async def test_an_answer_to_another_question_is_not_believed():
    def replay(ping: health.Ping) -> bytes:
        return health.seal(KEY, pong(ping, n="0" * 32))

    async with pretender(replay) as port, Watching(port).run() as watching:
        assert await watching.fault() == f"port {port} answers what nobody asked"


@pytest.mark.parametrize("noise", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 5000, b"\xff" * 10 + b"\n"])
async def test_something_else_on_the_port_is_not_believed(noise):
    async with pretender(lambda _: noise) as port, Watching(port).run() as watching:
        fault = await watching.fault()
        assert fault is not None


async def test_an_engine_that_freezes_is_lost_after_two_missed_answers_and_back_when_it_thaws():
    frozen: list[health.Ping] = []
    freeze = False

    def answer(ping: health.Ping) -> bytes | None:
        if freeze:
            frozen.append(ping)
            return None
        late = b"".join(health.seal(KEY, pong(each)) for each in frozen)
        frozen.clear()
        return late + health.seal(KEY, pong(ping))

    async with pretender(answer) as port, Watching(port).run() as watching:
        assert await watching.fault() is None
        freeze = True
        began = asyncio.get_running_loop().time()
        assert await watching.fault() == "engine lost: it does not answer"
        # Two pings of 0.2 s: the share of 2 s that the real monitor has with pings of 1 s.
        assert 0.2 <= asyncio.get_running_loop().time() - began < 0.5
        freeze = False
        assert await watching.fault() is None


async def test_one_slow_answer_is_no_fault():
    slow = [True]

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                if slow:
                    slow.pop()
                    await asyncio.sleep(0.15)
                writer.write(health.seal(KEY, pong(health.read_ping(line))))
        finally:
            writer.close()

    async with listening(accept) as port, Watching(port).run() as watching:
        assert await watching.fault() is None
        await asyncio.sleep(0.5)
        assert watching.faults.empty()


async def test_a_long_silence_makes_a_new_connection(monkeypatch):
    monkeypatch.setattr("evcharge.cp.monitor.watcher.SILENCE_S", 0.3)
    connections = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        try:
            while line := await reader.readline():
                if len(connections) > 1:
                    writer.write(health.seal(KEY, pong(health.read_ping(line))))
        finally:
            writer.close()

    async with listening(accept) as port, Watching(port).run() as watching:
        assert await watching.fault() == "engine lost: it does not answer"
        assert await watching.fault() is None
        assert len(connections) == 2


async def test_a_connection_that_breaks_off_is_no_fault_while_a_new_one_is_answered():
    connections = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        try:
            for _ in range(3):
                if line := await reader.readline():
                    writer.write(health.seal(KEY, pong(health.read_ping(line))))
        finally:
            writer.close()

    async with listening(accept) as port, Watching(port, ping_s=0.1).run() as watching:
        assert await watching.fault() is None
        async with asyncio.timeout(5):
            while len(connections) < 3:
                await asyncio.sleep(0.05)
        assert watching.faults.empty()


async def test_an_engine_that_hangs_up_without_an_answer_is_lost():
    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(accept) as port, Watching(port).run() as watching:
        assert await watching.fault() == f"engine lost: 127.0.0.1:{port} hung up"


# ---- the health port itself


async def test_whoever_asks_the_health_port_faster_than_the_rate_waits():
    charge = SimpleNamespace(
        fault=None, state="idle", last_seq=0, linked=True, temperature_deci_celsius=200, plugged=False
    )
    port = HealthPort("CP001", charge)
    port.use("secret")
    questions = 3 * QUESTIONS_PER_S
    ping = health.seal(health.health_key("secret"), health.Ping(n=health.new_nonce(os.urandom)))
    loop = asyncio.get_running_loop()
    async with port.listening("127.0.0.1", 0) as number:
        reader, writer = await asyncio.open_connection("127.0.0.1", number)
        began_at = loop.time()
        writer.write(ping * questions)
        answers = [await reader.readline() for _ in range(questions)]
        assert loop.time() - began_at == pytest.approx(2.0, abs=0.2)
        assert health.read_pong(answers[-1]).cp_id == "CP001"
        writer.close()
        await writer.wait_closed()
