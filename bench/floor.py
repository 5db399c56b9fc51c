"""The bare floor: an asyncio.Protocol that cuts the frame, opens Fernet and decodes. Nothing else."""

import asyncio
import struct
import sys

from cryptography.fernet import Fernet

from evcharge.evc1.messages import decode

_LENGTH = struct.Struct(">I")


class Floor(asyncio.Protocol):
    """One connection."""

    def __init__(self, fernet: Fernet) -> None:
        self._open = fernet.decrypt
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Cut, open, decode."""
        rest = self._rest + data
        while len(rest) >= 4:
            (length,) = _LENGTH.unpack_from(rest)
            if len(rest) < 4 + length:
                break
            decode(self._open(rest[4 : 4 + length]))
            rest = rest[4 + length :]
        self._rest = rest


async def main(key: str) -> None:
    """Serve until killed."""
    fernet = Fernet(key)
    server = await asyncio.get_running_loop().create_server(lambda: Floor(fernet), "127.0.0.1", 0)
    print(f"floor listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
