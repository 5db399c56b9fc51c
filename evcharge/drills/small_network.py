"""A small network of its own for drills: Registry and Central on free ports, in a folder that vanishes afterwards."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
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
    async with _network(config, folder) as own:
        yield own


@asynccontextmanager
async def two_centrals(config: Config, folder: Path, database: str) -> AsyncIterator[Config]:
    """Run Registry and two Centrals with their books in `database`; yield what leads there. Raises StateError."""
    async with _network(config, folder, database) as own:
        yield own


@asynccontextmanager
async def _network(config: Config, folder: Path, database: str = "") -> AsyncIterator[Config]:
    second, second_api = (scenario.free_port("127.0.0.1", 0) for _ in range(2))
    other_centrals = [f"127.0.0.1:{second}"] if database else []
    state, other = folder / "state", folder / "other"
    _furnish(folder, database, other_centrals)
    common = ("--config", str(folder / "config.toml"), "--lang", "en")
    shared = ("--state", str(state), *common)
    registry, central, api = (str(scenario.free_port("127.0.0.1", 0)) for _ in range(3))
    reach = ReachSettings(
        registry_url=f"https://127.0.0.1:{registry}",
        central_port=int(central),
        central_api=f"http://127.0.0.1:{api}",
        other_centrals=other_centrals,
        other_apis=[f"http://127.0.0.1:{second_api}"] if database else [],
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
                at = ("--registry", reach.registry_url)
                programs: list[tuple[str, Sequence[str]]] = [
                    ("registry", ("--port", registry, *shared)),
                    ("central", ("--name", "A", "--port", central, "--api-port", api, *at, *shared)),
                ]
                if database:
                    there = ("--state", str(other), "--port", str(second), "--api-port", str(second_api))
                    programs.append(("central", ("--name", "B", *there, *at, *common)))
                for role, args in programs:
                    if str(other) in args:
                        await asyncio.to_thread(_copy_keys, state, other)
                    child = await cast.start(role, role, *args)
                    stages.insert(0, [child])
                    await child.expect(_LISTENING)
            cast.revive(_BACK_AFTER_S)
            yield here
        except TimeoutError:
            raise StateError("the network was not up in time") from None
        finally:
            await uninterrupted(cast.leave(*stages, within_s=_LEAVE_WITHIN_S))


def _furnish(folder: Path, database: str, other_centrals: list[str]) -> None:
    folder.mkdir(mode=0o700)
    # Named, so that a config.toml that lies about counts for none of these programs.
    told = (
        f'[central]\ndatabase = "{database}"\n[reach]\nother_centrals = ["{other_centrals[0]}"]\n'
        if database
        else ""
    )
    (folder / "config.toml").write_text(told, encoding="utf-8")


def _copy_keys(state: Path, other: Path) -> None:
    """Give another Central the keys of the network: a state folder belongs to one process."""
    shutil.copytree(
        state, other, ignore=shutil.ignore_patterns("*.socket", "*.lock", "registry", "central.db*")
    )
