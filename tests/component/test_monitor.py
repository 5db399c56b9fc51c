"""The monitor role on loopback: a real engine, or what pretends to be one, and Central played by the test."""

import asyncio
import contextlib
import re

import pytest

from evcharge.cp import health
from evcharge.cp.engine.charge import ChargeControl
from evcharge.cp.monitor import monitor
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import SupplyEnd, SupplyStart
from evcharge.evc1.messages import Health, Stop
from tests.component.point import SECRET, WITHIN_S, Stage, stage
from tests.component.watching import Watching
from tests.ports import free_port
from tests.stopwatch import patience

KEY = health.health_key(SECRET)


# So long an engine may be silent here: test_watcher says what becomes of it, and a busy machine is no silent engine.
SILENCE_PINGS = 100


@pytest.fixture
async def town(tmp_path, monkeypatch):
    monkeypatch.setattr(health, "MOST_MISSED", SILENCE_PINGS)
    async with stage(tmp_path, monkeypatch) as town:
        yield town


async def both(town: Stage):
    """Return Central's ends of the engine's and the monitor's connections."""
    ends = {}
    while len(ends) < 2:
        central = await town.central()
        ends[central.channel.identity.role] = central
    return ends[Role.ENGINE], ends[Role.MONITOR]


async def test_a_well_engine_is_reported_once_at_login(town: Stage, monkeypatch):
    answered, on_pong = asyncio.Semaphore(0), monitor.Teller.on_pong

    def counted(teller: monitor.Teller) -> None:
        on_pong(teller)
        answered.release()

    monkeypatch.setattr(monitor.Teller, "on_pong", counted)
    async with town.engine(), town.monitor():
        _, central = await both(town)
        assert (await central.hear(Health)).occupied is False
        await town.lines.says("CP001 STATUS OK")
        for _ in range(3):
            await answered.acquire()
        town.hand("plug")
        # Nothing before that was worth a word.
        assert (await central.hear(Health)).occupied is True
        # A new link hears it again.
        central.channel.abort()
        assert (await (await town.central()).hear(Health)).fault is None


async def test_an_engine_that_goes_is_reported_at_once_and_so_is_its_return(town: Stage):
    async with contextlib.AsyncExitStack() as rest:
        async with town.engine():
            await rest.enter_async_context(town.monitor())
            _, central = await both(town)
            assert (await central.hear(Health)).fault is None
        lost = await central.hear(Health)
        # Not when it has been silent for so long.
        assert re.fullmatch(
            "engine lost: (127.0.0.1:[0-9]+ hung up|nothing answers at 127.0.0.1:.*)", lost.fault
        )
        while not lost.fault.startswith("engine lost: nothing answers at 127.0.0.1:"):
            lost = await central.hear(Health)
        async with town.engine():
            assert (await central.hear(Health)).fault is None
            await town.lines.says("CP001 STATUS OK: engine is back")


async def test_a_broken_charging_point_is_reported_until_it_is_mended(town: Stage):
    async with town.engine(), town.monitor():
        _, central = await both(town)
        assert (await central.hear(Health)).fault is None
        town.hand("break")
        assert (await central.hear(Health)).fault == "engine fault: broken (KO)"
        await town.lines.says("CP001 KO: engine fault: broken")
        town.hand("mend")
        assert (await central.hear(Health)).fault is None


async def test_central_hears_that_a_vehicle_was_plugged_in_and_that_it_has_gone(town: Stage):
    async with town.engine(), town.monitor():
        _, central = await both(town)
        assert (await central.hear(Health)).occupied is False
        town.hand("plug")
        assert (await central.hear(Health)).occupied is True
        town.hand("unplug")
        assert (await central.hear(Health)).occupied is False


async def test_the_end_of_a_charge_is_a_reason_to_say_again_what_is_plugged_in(town: Stage):
    plan = town.state / "a.plan"
    plan.write_text("after authorised 0 plug\n")
    town.engine_settings |= {"plan": str(plan)}
    async with town.engine(), town.monitor():
        engine, central = await both(town)
        await engine.syncs()
        await engine.start("S-D01-CP001-00000001")
        await engine.record(SupplyStart)
        while not (await central.hear(Health)).occupied:
            pass
        engine.channel.send(Stop(session_id="S-D01-CP001-00000001", reason="driver"))
        await engine.record(SupplyEnd)
        # Central may have taken the vehicle for gone.
        assert (await central.hear(Health)).occupied


async def test_central_hears_when_an_engine_has_become_warmer(town: Stage, monkeypatch):
    monkeypatch.setattr(monitor, "WARMTH_S", 0.05)
    degrees = iter([22.0, 22.3, 23.0])
    monkeypatch.setattr(
        ChargeControl, "temperature_deci_celsius", property(lambda _: round(next(degrees, 23.0) * 10))
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


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 70_000, b'{"t":"PING"}\n'])
async def test_the_health_port_hangs_up_on_what_is_no_ping(town: Stage, noise):
    async with town.engine():
        await town.central()
        reader, writer = await asyncio.open_connection("127.0.0.1", town.health_port)
        writer.write(noise)
        async with patience(WITHIN_S):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        # Not because it has said nothing for so long.
        await town.lines.says("^health port: ")
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
            async with patience(WITHIN_S):
                line = await reader.readline()
            answer = health.read_pong(line)
            assert (answer.cp_id, answer.n, answer.monitors) == ("CP001", n, 0)
            assert health.is_ours(KEY, line)
        writer.close()
