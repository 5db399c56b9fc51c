"""A small network of its own for drills: Registry and Central on free ports, in a folder that vanishes afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import structs

from evcharge.demo import scenario
from evcharge.demo.demo_screen import DemoScreen
from evcharge.demo.processes import Cast, Child
from evcharge.domain.errors import StateError
from evcharge.labels import Speech
from evcharge.labels.demo import SENTENCES
from evcharge.runtime.config import CentralSettings, Config, KafkaSettings, ReachSettings, RegistrySettings
from evcharge.runtime.waiting import uninterrupted

# The last line that each says when it starts: Central has its API then, too.
_LISTENING = r"(?:listening on|escucha en) https?://"
_BACK_AFTER_S = 1.0
_START_WITHIN_S = 240.0
_LEAVE_WITHIN_S = 6.0


class _Silent(DemoScreen):
    def say(self, sentence: str) -> None:
        """Say nothing: the drill speaks."""


@asynccontextmanager
async def small_network(config: Config, folder: Path) -> AsyncIterator[Config]:
    """Run Registry and Central while the block runs; yield the settings that lead there. Raises StateError."""
    _furnish(folder)
    state = folder / "state"
    shared = ("--state", str(state), "--config", str(folder / "config.toml"), "--lang", "en")
    registry, central, api = (str(scenario.free_port("127.0.0.1", 0)) for _ in range(3))
    reach = ReachSettings(
        registry_url=f"https://127.0.0.1:{registry}",
        central_port=int(central),
        central_api=f"http://127.0.0.1:{api}",
    )
    here = structs.replace(
        config,
        state=state,
        health="",
        reach=reach,
        registry=RegistrySettings(),
        central=CentralSettings(),
        kafka=KafkaSettings(),
    )
    async with asyncio.TaskGroup() as tasks:
        cast = Cast(tasks, _Silent(0, "text", quiet=True), Speech(SENTENCES, config.lang))
        stages: list[list[Child]] = []
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                init = await cast.start("init", "init", *shared, may_end=True)
                await init.ended.wait()
                if init.process.returncode:
                    raise StateError(init.obituary)
                programs = (
                    ("registry", ("--port", registry)),
                    ("central", ("--port", central, "--api-port", api, "--registry", reach.registry_url)),
                )
                for role, more in programs:
                    child = await cast.start(role, role, *more, *shared)
                    stages.insert(0, [child])
                    await child.expect(_LISTENING)
            cast.revive(_BACK_AFTER_S)
            yield here
        except TimeoutError:
            raise StateError("the network was not up in time") from None
        finally:
            await uninterrupted(cast.leave(*stages, within_s=_LEAVE_WITHIN_S))


def _furnish(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    # Named, so that a config.toml that lies about counts for none of these programs.
    (folder / "config.toml").touch()
