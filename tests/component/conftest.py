"""Tests of the books run on every engine: a module says so with `ENGINES`; and what several files test with."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.component import engines, skies
from tests.component.dispatching import Writer, writing
from tests.component.skies import Sky
from tests.postgres import server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL of these tests."""
    with server() as url:
        yield url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module with `ENGINES` on each of them, but those of one engine alone."""
    both = getattr(metafunc.module, "ENGINES", None)
    if both is not None and metafunc.definition.get_closest_marker("only_sqlite") is None:
        metafunc.parametrize("engine", both, indirect=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which engine keeps the books that this test opens."""
    name = getattr(request, "param", engines.SQLITE)
    engines.server = request.getfixturevalue("postgres") if name == engines.POSTGRES else ""
    yield name
    engines.server = ""


@pytest.fixture
def clean_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without files, an environment without settings of ours, and no log."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("EVCHARGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("evcharge.runtime.logs.setup", lambda *_: None)


@pytest.fixture
async def sky() -> AsyncIterator[Sky]:
    """OpenWeather and Open-Meteo on a local server."""
    async with skies.served() as sky:
        yield sky


@pytest.fixture
async def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Writer]:
    """A dispatcher that runs on real books."""
    async with writing(tmp_path, monkeypatch) as writer:
        yield writer
