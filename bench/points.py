"""What a whole charging point costs Central in CPU, a second of a charge: all lanes, at the pace of real ones."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from bench.fleet import AT_ONCE, Fleet, Point, beat, central, cpu_s, keep_alive, rss_kib
from evcharge.domain import journal_records
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel

# A charging point's second: SUPPLY_UPDATE, heartbeat of its monitor, what heartbeats its engine still says, and every
# fifth second a batch of five METERs.
SLOTS = 10


@dataclass(frozen=True)
class Cost:
    """CPU per charging point and second in microseconds; memory per charging point, links and session, in KiB.

    The first quarter of the points pay for what there is once, whatever comes: their memory is left out.
    """

    cpu_us: float
    rss_kib: float


async def measure(points: int, seconds: int) -> Cost:
    """Let `points` charge for so many seconds; return what each of them costs Central a second."""
    memory = dict[int, int]()
    async with central() as (server, fleet):

        def weigh(there: int) -> None:
            if there >= points // 4:
                memory[there] = rss_kib(server.pid)

        async with charging(fleet, range(points), weigh) as town:
            await speak(town, 0)
            before = cpu_s(server.pid)
            for number in range(1, seconds + 1):
                await speak(town, number)
            used = cpu_s(server.pid) - before
    few = min(memory)
    return Cost(used / (points * seconds) * 1e6, (memory[points] - memory[few]) / (points - few))


@contextlib.asynccontextmanager
async def charging(
    fleet: Fleet, numbers: Sequence[int], tell: Callable[[int], None] = lambda _: None
) -> AsyncIterator[list[Point]]:
    """Bring charging points of these numbers to life, a charge at each; from then on they live by what `speak` says.

    `tell` hears how many are there, again and again.
    """
    town: list[Point] = []
    beating = asyncio.create_task(keep_alive(town))
    for first in range(0, len(numbers), AT_ONCE):
        arrived = await asyncio.gather(*(fleet.point(number) for number in numbers[first : first + AT_ONCE]))
        await asyncio.gather(*(_charges(point) for point in arrived))
        town += arrived
        tell(len(town))
    readers = [asyncio.create_task(_read(channel)) for one in town for channel in (one.engine, one.monitor)]
    beating.cancel()
    try:
        yield town
    finally:
        for reader in readers:
            reader.cancel()


async def _charges(point: Point) -> None:
    await point.asks()
    await point.supplies()
    await point.driver.close(messages.Bye())


async def speak(town: list[Point], number: int) -> None:
    """Say what all of them say in one second, spread over it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for slot in range(SLOTS):
        for place, point in enumerate(town[slot::SLOTS]):
            _speak(point, number, place)
        await asyncio.sleep(max(0.0, began + (slot + 1) / SLOTS - loop.time()))


def _speak(point: Point, number: int, place: int) -> None:
    assert point.start is not None
    session_id = point.start.session_id
    point.engine.send(messages.SupplyUpdate(session_id=session_id, power_w=22_000, energy_mwh=number * 6111))
    beat(point.monitor)
    if (number + place) % 2:
        beat(point.engine)
    if (number + place) % 5 == 0:
        records: list[journal_records.AnyRecord] = [
            journal_records.Meter(
                seq=point.seq + one,
                session_id=session_id,
                meter_mwh=(number * 5 + one) * 1000,
                elapsed_s=number,
            )
            for one in range(1, 6)
        ]
        point.seq += 5
        point.engine.send(messages.Records(records=records))


async def _read(channel: Channel) -> None:
    while True:
        await channel.receive()
