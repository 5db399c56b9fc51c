"""What the doctor tells of a state folder, and those whom it meets on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from evcharge.doctor import probes
from evcharge.doctor.findings import FindingMark, findings
from evcharge.labels import Speech
from evcharge.labels.doctor import SENTENCES
from evcharge.runtime.config import Config, ReachSettings, WeatherSettings
from tests.component.registry_process import Running, running_registry

WITHIN_S = 5.0
ID = b"0123456789abcdef0123456789abcdef\n"


@contextlib.asynccontextmanager
async def registry_of(state: Path, network: Path) -> AsyncIterator[Running]:
    async with running_registry(state, (network.parent / "password").read_text()) as running:
        yield running


def reach(**where: Any) -> ReachSettings:
    """Where nobody is, but for what a test names."""
    nobody = {
        "registry_url": "https://127.0.0.1:1",
        "central_port": 1,
        "central_api": "http://127.0.0.1:1",
    }
    return ReachSettings(**nobody | where)


def settings(state: Path, more: dict[str, Any] | None = None, **where: Any) -> Config:
    return Config(
        **{"state": state, "reach": reach(**where), "weather": WeatherSettings(simulate="calm.txt")}
        | (more or {})
    )


async def told(config: Config, check: str, within_s: float = WITHIN_S) -> tuple[FindingMark, str]:
    """Return the mark and the sentences of what was looked at."""
    found = [one for one in findings(await probes.look(config, within_s, {})) if one.check == check]
    say = Speech(SENTENCES)
    worst = max((one.mark for one in found), key=[*FindingMark].index)
    return worst, " ".join(say(one.name, **one.values) for one in found)


@contextlib.asynccontextmanager
async def listener(tls: Any = None, answer: bytes = b"", host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Somebody who takes connections, says `answer`, and then nothing."""
    open_: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.add(writer)
        writer.write(answer)
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_:
            writer.transport.abort()
        await asyncio.sleep(0)
