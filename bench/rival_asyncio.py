"""What one writes in an afternoon: asyncio, a line of JSON a message, a commit for each.

`python -m bench.rival_asyncio DATABASE`. No cipher, no logins, no checks.
"""

import asyncio
import json
import sys

from bench.rival_books import opened


async def main(path: str) -> None:
    """Serve until killed."""
    books = await opened(path)

    async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            said = json.loads(line)
            if said["type"] == "START":
                session = await books.start(said["cp_id"], said["driver_id"], said["at"], said["meter_wh"])
                answer = {"type": "STARTED", "session": session}
            else:
                await books.reading(said["session"], said["at"], said["power_w"], said["energy_wh"])
                answer = {"type": "KEPT"}
            writer.write(json.dumps(answer).encode() + b"\n")

    server = await asyncio.start_server(talks, "127.0.0.1", 0)
    print(f"rival listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
