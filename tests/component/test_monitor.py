"""The monitor role on loopback: a real engine, or what pretends to be one, and Central played by the test."""

import asyncio
import contextlib
import time

import pytest

from evcharge.cp import health, monitor
from evcharge.cp.charge import Charge
from evcharge.cp.watcher import Watcher
from evcharge.ids import Role
from evcharge.lifecycle import listening
from evcharge.messages import Health
from tests.component.point import SECRET, Stage, stage
from tests.ports import free_port

KEY = health.health_key(SECRET)


@pytest.fixture
async def town(tmp_path, monkeypatch):
    async with stage(tmp_path, monkeypatch) as town:
        yield town


async def both(town: Stage):
    """Return Central's ends of the engine's and the monitor's connections."""
    ends = {}
    while len(ends) < 2:
        central = await town.central()
        ends[central.channel.identity.role] = central
    return ends[Role.ENGINE], ends[Role.MONITOR]


async def test_a_well_engine_is_reported_once_at_login(town: Stage):
    async with town.engine(), town.monitor():
        _, central = await both(town)
        assert (await central.hear(Health)).fault is None
        await town.lines.says("CP001 STATUS OK")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await central.hear(Health)
        # A new link hears it again.
        central.channel.abort()
        assert (await (await town.central()).hear(Health)).fault is None


async def test_an_engine_that_goes_is_reported_at_once_and_so_is_its_return(town: Stage):
    async with contextlib.AsyncExitStack() as rest:
        async with town.engine():
            await rest.enter_async_context(town.monitor())
            _, central = await both(town)
            assert (await central.hear(Health)).fault is None
        began = time.monotonic()
        lost = await central.hear(Health)
        assert time.monotonic() - began < 0.5
        assert lost.fault.startswith("engine lost: ")
        while not lost.fault.startswith("engine lost: nothing answers at 127.0.0.1:"):
            lost = await central.hear(Health)
        async with town.engine():
            assert (await central.hear(Health)).fault is None
            await town.lines.says("CP001 STATUS OK: engine is back")


async def test_a_broken_charging_point_is_reported_until_it_is_mended(town: Stage):
    plan = town.state / "a.plan"
    plan.write_text("0.6 break\n1.2 mend\n")
    town.engine_settings |= {"plan": str(plan)}
    async with town.engine(), town.monitor():
        _, central = await both(town)
        assert (await central.hear(Health)).fault is None
        assert (await central.hear(Health)).fault == "engine fault: broken (KO)"
        await town.lines.says("CP001 KO: engine fault: broken")
        assert (await central.hear(Health)).fault is None


async def test_central_hears_when_an_engine_has_become_warmer(town: Stage, monkeypatch):
    monkeypatch.setattr(monitor, "WARMTH_S", 0.05)
    degrees = iter([22.0, 22.3, 23.0])
    monkeypatch.setattr(
        Charge, "temperature_deci_celsius", property(lambda _: round(next(degrees, 23.0) * 10))
    )
    async with town.engine(), town.monitor():
        _, central = await both(town)
        first = await central.hear(Health)
        assert (first.fault, first.temperature_deci_celsius) == (None, 220)
        # Three tenths of a degree are not worth a message.
        warmer = await central.hear(Health)
        assert (warmer.fault, warmer.temperature_deci_celsius) == (None, 230)


async def test_a_monitor_without_engine_says_so(town: Stage):
    town.health_port = free_port()
    async with town.monitor():
        central = await town.central()
        told = await central.hear(Health)
        why = f"nothing answers at 127.0.0.1:{town.health_port} (connection refused)"
        assert told == Health(fault=f"engine lost: {why}")


async def test_a_monitor_at_the_engine_of_another_charging_point_notices(town: Stage):
    async with town.engine("CP002"), town.monitor("CP001"):
        _, central = await both(town)
        fault = (await central.hear(Health)).fault
        assert fault == f"port {town.health_port} is CP002, not CP001"
        await town.lines.says(f"CP001 KO: port {town.health_port} is CP002, not CP001")


async def test_a_second_monitor_is_noticed(town: Stage):
    async with town.engine(), town.monitor(), town.monitor():
        await town.lines.says("2 monitors ask this engine; one is enough")


# ---- engines that are not what they should be


class Watching:
    """A watcher with another key or engine than it should have, and the faults it finds."""

    def __init__(self, port: int, ping_s: float = 0.2) -> None:
        self.watcher = Watcher("CP001", KEY, "127.0.0.1", port, ping_s)
        self.faults: asyncio.Queue[str | None] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def run(self):
        task = asyncio.create_task(
            self.watcher.run(lambda: self.faults.put_nowait(self.watcher.verdict.fault))
        )
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def fault(self) -> str | None:
        async with asyncio.timeout(5):
            return await self.faults.get()


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

    async with listening("127.0.0.1", 0, accept) as port:
        yield port


async def test_an_engine_without_our_credential_is_not_believed():
    other = health.health_key("other")
    async with (
        pretender(lambda ping: health.seal(other, pong(ping))) as port,
        Watching(port).run() as watching,
    ):
        assert await watching.fault() == f"port {port} does not prove to be CP001: it has another credential"


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
        began = time.monotonic()
        assert await watching.fault() == "engine lost: it does not answer"
        # Two pings of 0.2 s: the share of 2 s that the real monitor has with pings of 1 s.
        assert 0.15 < time.monotonic() - began < 0.6
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

    async with listening("127.0.0.1", 0, accept) as port, Watching(port).run() as watching:
        assert await watching.fault() is None
        await asyncio.sleep(0.5)
        assert watching.faults.empty()


async def test_a_long_silence_makes_a_new_connection(monkeypatch):
    monkeypatch.setattr("evcharge.cp.watcher.SILENCE_S", 0.3)
    connections = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        try:
            while line := await reader.readline():
                if len(connections) > 1:
                    writer.write(health.seal(KEY, pong(health.read_ping(line))))
        finally:
            writer.close()

    async with listening("127.0.0.1", 0, accept) as port, Watching(port).run() as watching:
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

    async with listening("127.0.0.1", 0, accept) as port, Watching(port, ping_s=0.1).run() as watching:
        assert await watching.fault() is None
        async with asyncio.timeout(5):
            while len(connections) < 3:
                await asyncio.sleep(0.05)
        assert watching.faults.empty()


async def test_an_engine_that_hangs_up_without_an_answer_is_lost():
    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening("127.0.0.1", 0, accept) as port, Watching(port).run() as watching:
        assert await watching.fault() == f"engine lost: 127.0.0.1:{port} hung up"


# ---- the health port itself


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 70_000, b'{"t":"PING"}\n'])
async def test_the_health_port_hangs_up_on_what_is_no_ping(town: Stage, noise):
    async with town.engine():
        await town.central()
        reader, writer = await asyncio.open_connection("127.0.0.1", town.health_port)
        writer.write(noise)
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        # It still answers others.
        async with Watching(town.health_port).run() as watching:
            assert await watching.fault() is None


async def test_a_stranger_is_answered_but_not_counted_as_a_monitor(town: Stage):
    async with town.engine():
        await town.central()
        reader, writer = await asyncio.open_connection("127.0.0.1", town.health_port)
        for n in ("1" * 32, "2" * 32):
            writer.write(health.seal(health.health_key("stranger"), health.Ping(n=n)))
            async with asyncio.timeout(3):
                answer = health.read_pong(await reader.readline())
            assert (answer.cp_id, answer.n, answer.monitors) == ("CP001", n, 0)
            health.check_pong(KEY, answer, "CP001", 1)
        writer.close()
