"""What one SUPPLY_UPDATE costs Central in CPU, against the bare floor in the same run."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cryptography.fernet import Fernet

from bench.fleet import Point, Server, central, cpu_s, process
from evcharge.domain import journal_records
from evcharge.evc1 import messages

ROUND_S = 0.02
# Several at a time, or the wake-ups of both sides would hide what is measured. Still under Central's 200/s.
BURST = 3


@dataclass(frozen=True)
class Cost:
    """CPU per update, in microseconds."""

    floor_us: float
    central_us: float
    with_driver_us: float

    @property
    def ratio(self) -> float:
        """Central without driver screens, against the floor."""
        return self.central_us / self.floor_us


async def measure(points: int, seconds: float) -> Cost:
    """Send each of `points` BURST updates every ROUND_S for `seconds`; return the cost per update."""
    rounds = int(seconds / ROUND_S)
    floor_us = await _floor(points, rounds)
    async with central() as (server, fleet), fleet.points(points) as town:
        for point in town:
            await point.asks()
            await point.supplies()
        idle = await _idle_cost(server, seconds)
        with_driver_us = await _central(server, town, rounds, idle)
        for point in town:
            await point.driver.close(messages.Bye())
        central_us = await _central(server, town, rounds, idle)
    return Cost(floor_us, central_us, with_driver_us)


async def _idle_cost(server: Server, seconds: float) -> float:
    """Return the CPU per second that heartbeats and watching cost: it is not the updates'."""
    before = cpu_s(server.pid)
    await asyncio.sleep(seconds / 2)
    return (cpu_s(server.pid) - before) / (seconds / 2)


async def _central(server: Server, town: list[Point], rounds: int, idle: float) -> float:
    def send(number: int) -> None:
        for point in town:
            assert point.start is not None
            for _ in range(BURST):
                point.engine.send(
                    messages.SupplyUpdate(
                        session_id=point.start.session_id, power_w=22_000, energy_mwh=number
                    )
                )

    loop = asyncio.get_running_loop()
    began, before = loop.time(), cpu_s(server.pid)
    await _paced(rounds, send)
    # Acknowledged in its turn: on a busy machine Central may be behind.
    await asyncio.gather(*(_journals(point, rounds) for point in town))
    used = cpu_s(server.pid) - before - idle * (loop.time() - began)
    return used / (rounds * BURST * len(town)) * 1e6


async def _journals(point: Point, number: int) -> None:
    assert point.start is not None
    record = journal_records.Meter(
        seq=point.seq + 1, session_id=point.start.session_id, meter_mwh=number, elapsed_s=1
    )
    await point.journals(record)


async def _floor(connections: int, rounds: int) -> float:
    key = Fernet.generate_key()
    message = messages.SupplyUpdate(
        session_id="S-D00000-CP00000-0123456789abcdef", power_w=22_000, energy_mwh=1_000
    )
    token = Fernet(key).encrypt(messages.encode(1_000, message))
    frame = struct.pack(">I", len(token)) + token
    async with process("-m", "bench.floor", key.decode()) as server:
        ends = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(connections)]
        writers = [writer for _, writer in ends]

        def send(_number: int) -> None:
            for writer in writers:
                for _ in range(BURST):
                    writer.write(frame)

        before = cpu_s(server.pid)
        await _paced(rounds, send)
        for reader, writer in ends:
            writer.write_eof()
            await reader.read()
        used = cpu_s(server.pid) - before
        for writer in writers:
            writer.close()
        return used / (rounds * BURST * connections) * 1e6


async def _paced(rounds: int, send: Callable[[int], Awaitable[None] | None]) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(rounds):
        send(number)
        await asyncio.sleep(max(0.0, began + (number + 1) * ROUND_S - loop.time()))
