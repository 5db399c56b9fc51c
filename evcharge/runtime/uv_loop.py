"""uvloop, of which no two parts close one descriptor."""

import socket
from typing import Any

import uvloop


class UvLoop(uvloop.Loop):
    """uvloop's loop; a socket that it is given for a connection is its own from then on.

    Up to 0.23 one that breaks between its connecting and its first byte is closed, and its Python object is not told
    so: collected later, that closes whatever has the same number by then, which may be a connection of somebody else.
    """

    async def create_connection(self, *args: Any, sock: socket.socket | None = None, **more: Any) -> Any:
        """Connect as asyncio's loop does; `sock` has no descriptor afterwards, whatever came of it."""
        try:
            return await super().create_connection(*args, sock=sock, **more)
        finally:
            if sock is not None:
                sock.detach()
