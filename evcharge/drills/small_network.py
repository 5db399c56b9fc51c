"""A small network of its own for drills: Registry and Central on free ports, in a folder that vanishes afterwards."""

import asyncio
import json
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
async def two_registries(config: Config, folder: Path, database: str) -> AsyncIterator[Config]:
    """Run Central and two Registries with their tables in `database`; yield what leads there. Raises StateError."""
    async with _network(config, folder, database, of_registries=True) as own:
        yield own


@asynccontextmanager
async def _network(
    config: Config, folder: Path, database: str = "", *, of_registries: bool = False
) -> AsyncIterator[Config]:
    """With a `database`, there are two Centrals, or two Registries, with what they keep there."""
    second, second_api = (scenario.free_port("127.0.0.1", 0) for _ in range(2))
    of_centrals = bool(database) and not of_registries
    other_centrals = [f"127.0.0.1:{second}"] if of_centrals else []
    other_registries = [f"https://127.0.0.1:{second}"] if of_registries else []
    state, other = folder / "state", folder / "other"
    common = ("--config", str(folder / "config.toml"), "--lang", "en")
    shared = ("--state", str(state), *common)
    registry, central, api = (str(scenario.free_port("127.0.0.1", 0)) for _ in range(3))
    reach = ReachSettings(
        registry_url=f"https://127.0.0.1:{registry}",
        other_registries=other_registries,
        central_port=int(central),
        central_api=f"http://127.0.0.1:{api}",
        other_centrals=other_centrals,
        other_apis=[f"http://127.0.0.1:{second_api}"] if of_centrals else [],
    )
    _furnish(folder, "registry" if of_registries else "central", database, reach)
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
        screen, say = _Silent(0, "text", quiet=True), Speech(SENTENCES, config.lang)
        cast = Cast(tasks, screen, say, unheard="EVCHARGE_")
        stages: list[list[Child]] = []
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                init = await cast.start("init", "init", *shared, may_end=True)
                await init.ended.wait()
                if init.process.returncode:
                    raise StateError(init.obituary)
                there = ("--state", str(other), "--port", str(second))
                programs: list[tuple[str, Sequence[str]]] = [
                    ("registry", ("--port", registry, *shared)),
                    *([("registry", (*there, *common))] if of_registries else []),
                    ("central", ("--name", "A", "--port", central, "--api-port", api, *shared)),
                ]
                if of_centrals:
                    programs.append(
                        ("central", ("--name", "B", *there, "--api-port", str(second_api), *common))
                    )
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


def _furnish(folder: Path, whose: str, database: str, reach: ReachSettings) -> None:
    folder.mkdir(mode=0o700)
    # Named, so that a config.toml that lies about counts for none of these programs; nor does the environment.
    told = {
        "registry_url": reach.registry_url,
        "other_registries": reach.other_registries,
        "other_centrals": reach.other_centrals,
    }
    lines = ["[reach]", *(f"{name} = {json.dumps(value)}" for name, value in told.items())]
    if database:
        lines += [f"[{whose}]", f"database = {json.dumps(database)}"]
    (folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _copy_keys(state: Path, other: Path) -> None:
    """Give another Central or Registry the keys of the network: a state folder belongs to one process."""
    shutil.copytree(
        state, other, ignore=shutil.ignore_patterns("*.socket", "*.lock", "registry", "central.db*")
    )
