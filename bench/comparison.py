"""Central beside two other servers, doing the same work in the same run: `python -m bench.comparison`.

The work: charging points that start at once, and then tell power and energy once a second. Every start and every
reading is durable before it is answered (SQLite in WAL mode, `synchronous=FULL`). Central does more in that time: it
authenticates and seals each frame, watches a monitor a point, holds money, chains its audit log, and takes its
readings in batches of five. Needs `pip install -e '.[compare]'`.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect

from bench import points, starts
from bench.fleet import cpu_s, process
from evcharge.runtime import descriptors

SLOTS = 10


@dataclass(frozen=True)
class Cost:
    """CPU of the server in µs for a second of a charge and for a durable start; starts a second."""

    second_us: float
    start_us: float
    starts_per_s: float


class Point(Protocol):
    """A charging point as its server knows it."""

    async def starts(self) -> None:
        """Ask for a start, and wait until it is kept."""

    async def tells(self, number: int) -> None:
        """Tell the reading of that second, and wait until it is kept."""


class OcppPoint:
    """Speaks OCPP 1.6 over a WebSocket."""

    def __init__(self, id_: str, connection: ClientConnection) -> None:
        self._id = id_
        self._connection = connection
        self._session = 0

    @classmethod
    async def dial(cls, number: int, port: int) -> "OcppPoint":
        """Connect, and boot."""
        id_ = f"CP{number:05}"
        connection = await connect(f"ws://127.0.0.1:{port}/{id_}", subprotocols=["ocpp1.6"])  # type: ignore[list-item]
        point = cls(id_, connection)
        await point._call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        return point

    async def starts(self) -> None:
        """Ask for a start, and wait until it is kept."""
        answer = await self._call(
            "StartTransaction", {"connectorId": 1, "idTag": self._id, "meterStart": 0, "timestamp": _now()}
        )
        self._session = answer["transactionId"]

    async def tells(self, number: int) -> None:
        """Tell the reading of that second, and wait until it is kept."""
        samples = [
            {"value": "22000", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": str(number * 6), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        ]
        values = [{"timestamp": _now(), "sampledValue": samples}]
        await self._call(
            "MeterValues", {"connectorId": 1, "transactionId": self._session, "meterValue": values}
        )

    async def _call(self, action: str, content: dict[str, Any]) -> dict[str, Any]:
        await self._connection.send(json.dumps([2, "1", action, content]))
        kind, _, *answer = json.loads(await self._connection.recv())
        assert kind == 3, answer
        return dict(answer[0])


class PlainPoint:
    """Sends a line of JSON a message."""

    def __init__(self, id_: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._id = id_
        self._reader = reader
        self._writer = writer
        self._session = 0

    @classmethod
    async def dial(cls, number: int, port: int) -> "PlainPoint":
        """Connect."""
        return cls(f"CP{number:05}", *await asyncio.open_connection("127.0.0.1", port))

    async def starts(self) -> None:
        """Ask for a start, and wait until it is kept."""
        answer = await self._call(
            {"type": "START", "cp_id": self._id, "driver_id": self._id, "at": _now(), "meter_wh": 0}
        )
        self._session = answer["session"]

    async def tells(self, number: int) -> None:
        """Tell the reading of that second, and wait until it is kept."""
        await self._call(
            {
                "type": "READING",
                "session": self._session,
                "at": _now(),
                "power_w": 22_000,
                "energy_wh": number * 6,
            }
        )

    async def _call(self, content: dict[str, Any]) -> dict[str, Any]:
        self._writer.write(json.dumps(content).encode() + b"\n")
        return dict(json.loads(await self._reader.readline()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


async def rival(module: str, dial: type[OcppPoint] | type[PlainPoint], count: int, seconds: int) -> Cost:
    """Let `count` charging points start three times and then charge for `seconds` at another server."""
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        async with process("-m", module, str(Path(folder) / "books.db")) as server:
            town: list[Point] = [await dial.dial(number, server.port) for number in range(count)]
            began, before = loop.time(), cpu_s(server.pid)
            for _ in range(starts.ROUNDS):
                await asyncio.gather(*(point.starts() for point in town))
            took, used = loop.time() - began, cpu_s(server.pid) - before
            before = cpu_s(server.pid)
            for number in range(seconds):
                await _second(town, number)
            charged = cpu_s(server.pid) - before
    done = count * starts.ROUNDS
    return Cost(charged / (count * seconds) * 1e6, used / done * 1e6, done / took)


async def _second(town: Sequence[Point], number: int) -> None:
    """Let all tell their reading in one second, spread over it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for slot in range(SLOTS):
        await asyncio.gather(*(point.tells(number) for point in town[slot::SLOTS]))
        await asyncio.sleep(max(0.0, began + (slot + 1) / SLOTS - loop.time()))


async def central(count: int, seconds: int) -> Cost:
    """Let as many do the same at Central."""
    rate = await starts.measure(count)
    whole = await points.measure(count, seconds)
    return Cost(whole.cpu_us, rate.cpu_us, rate.per_s)


async def main(count: int, seconds: int) -> None:
    """Print the three beside each other."""
    table = {
        "asyncio, JSON lines": await rival("bench.rival_asyncio", PlainPoint, count, seconds),
        "ocpp 1.6, WebSocket": await rival("bench.rival_ocpp", OcppPoint, count, seconds),
        "evcharge's Central": await central(count, seconds),
    }
    print(f"{count} charging points, {seconds} s{'':8}{'µs a second':>14}{'µs a start':>13}{'starts/s':>10}")
    for name, cost in table.items():
        print(f"{name:32}{cost.second_us:14.0f}{cost.start_us:13.0f}{cost.starts_per_s:10.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    descriptors.raise_limit()
    asyncio.run(main(given.points, given.seconds))
