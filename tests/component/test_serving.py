"""The server that tests pretend with leaves no connection behind, whenever its block ends."""

import asyncio
import contextlib
import socket

import pytest

from tests.serving import listening

WITHIN_S = 10


@pytest.mark.parametrize("turns", range(6))
async def test_whoever_calls_just_before_the_end_is_hung_up_on(turns: int):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            writer.close()

    async with listening(serve) as port:
        caller = socket.create_connection(("127.0.0.1", port))
        # Accepted, told of, served: a turn of the loop each.
        for _ in range(turns):
            await asyncio.sleep(0)
    with contextlib.closing(caller):
        caller.settimeout(0)
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(WITHIN_S):
                assert await asyncio.get_running_loop().sock_recv(caller, 1) == b""
