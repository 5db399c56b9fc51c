"""A Registry, made once and copied for each test."""

import pytest

from tests.component.registry_process import copy_state, make_state, running_registry


@pytest.fixture(scope="package")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, make_state(folder)


@pytest.fixture
def state(made, tmp_path):
    return copy_state(made[0], tmp_path / "state")


@pytest.fixture
async def registry(made, state):
    async with running_registry(state, made[1]) as running:
        yield running
