"""A minimal central system on PyPI's `ocpp` (1.6, messages validated): `python -m bench.rival_ocpp DATABASE`.

As its documentation shows one, with a row in SQLite for every start, reading and stop, each committed before it is
answered.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve

from bench.rival_books import RivalBooks, opened


class Point(ChargePoint):  # type: ignore[misc]
    """One charging point."""

    def __init__(self, id_: str, connection: ServerConnection, books: RivalBooks) -> None:
        super().__init__(id_, connection)
        self._books = books

    @on(Action.boot_notification)  # type: ignore[untyped-decorator]
    async def boots(self, **_: Any) -> call_result.BootNotification:
        """Let it in."""
        return call_result.BootNotification(datetime.now(UTC).isoformat(), 60, RegistrationStatus.accepted)

    @on(Action.start_transaction)  # type: ignore[untyped-decorator]
    async def starts(
        self, id_tag: str, meter_start: int, timestamp: str, **_: Any
    ) -> call_result.StartTransaction:
        """Keep the start."""
        session = await self._books.start(self.id, id_tag, timestamp, meter_start)
        return call_result.StartTransaction(session, IdTagInfo(AuthorizationStatus.accepted))

    @on(Action.meter_values)  # type: ignore[untyped-decorator]
    async def reads(
        self, meter_value: list[dict[str, Any]], transaction_id: int, **_: Any
    ) -> call_result.MeterValues:
        """Keep the readings."""
        for one in meter_value:
            power_w, energy_wh = (float(sample["value"]) for sample in one["sampled_value"])
            await self._books.reading(transaction_id, one["timestamp"], power_w, energy_wh)
        return call_result.MeterValues()


async def main(path: str) -> None:
    """Serve until killed."""
    books = await opened(path)

    async def talks(connection: ServerConnection) -> None:
        assert connection.request is not None
        await Point(connection.request.path.strip("/"), connection, books).start()

    async with serve(talks, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
        print(f"rival listening on 127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
