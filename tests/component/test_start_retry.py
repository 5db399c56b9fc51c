"""Central and the Registry, started while their PostgreSQL is away."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from evcharge.central import app as central
from evcharge.domain.errors import StateError
from evcharge.labels.command_errors import translated
from evcharge.registry import app as registry
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config, RegistrySettings
from evcharge.runtime.health_socket import OwnHealth
from evcharge.security import state_folder
from evcharge.storage import start_retry
from tests.component import engines
from tests.component.point import WITHIN_S, Lines
from tests.component.way import Way
from tests.stopwatch import patience

ENGINES = (engines.POSTGRES,)
ROLES: dict[str, Any] = {
    "central": lambda state, url: (
        central.run,
        Config(state=state, central=CentralSettings(database=url, port=0, api_port=0)),
    ),
    "registry": lambda state, url: (
        registry.run,
        Config(state=state, registry=RegistrySettings(database=url, port=0)),
    ),
}


@pytest.fixture
def lines() -> Any:
    heard, logger = Lines(), logging.getLogger("evcharge")
    before = logger.level
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    yield heard
    logger.removeHandler(heard)
    logger.setLevel(before)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state_folder.init_state(tmp_path, [], utc_now())
    return tmp_path


@contextlib.asynccontextmanager
async def started(role: str, state: Path, url: str) -> AsyncIterator[tuple["asyncio.Task[int]", Any, Any]]:
    """A role that is running, how one asks what is wrong with it, and what ends it."""
    run, config = ROLES[role](state, url)
    stop, health = asyncio.Event(), OwnHealth()
    task = asyncio.create_task(run(config, stop, health=health))
    try:
        yield task, health, stop
    finally:
        stop.set()
        async with patience(WITHIN_S):
            await asyncio.wait([task])


@pytest.mark.parametrize("role", ROLES)
async def test_one_that_is_away_at_the_start_is_waited_for(role: str, state: Path, lines: Lines, monkeypatch):
    monkeypatch.setattr(start_retry, "_MOST_S", 0.2)
    way = Way(engines.address(state))
    async with contextlib.aclosing(way), started(role, state, way.address) as (task, health, stop):
        said = await lines.says(
            "cannot be reached: is it running, and is `database` its address[?] Trying again"
        )
        assert "Se sigue intentando" in translated(said.string, "es")
        assert "cannot be reached" in health.wrong()
        await way.open()
        await lines.says("listening on")
        assert health.wrong() is None
        told = [line for line in lines.said if "rying again" in line or "can be used now" in line]
        assert len(told) == 2
        stop.set()
        assert await task == 0


@pytest.mark.parametrize("role", ROLES)
async def test_whoever_waits_ends_when_it_is_told_to(role: str, state: Path, lines: Lines):
    async with started(role, state, "postgresql://evcharge@127.0.0.1:1/evcharge") as (task, _, stop):
        await lines.says("Trying again")
        stop.set()
        assert await task == 0


@pytest.mark.parametrize("role", ROLES)
async def test_what_a_person_has_to_mend_ends_the_start(role: str, state: Path, lines: Lines):
    url = engines.address(state).replace("/postgres", "/nowhere")
    async with started(role, state, url) as (task, *_):
        with pytest.raises(StateError, match="there is no such database"):
            await task
