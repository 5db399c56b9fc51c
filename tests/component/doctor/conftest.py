"""A PC with a number and a state folder, for the doctor to look at."""

import shutil
from pathlib import Path

import pytest

from evcharge.security import machine
from tests.component.doctor.looks import ID
from tests.component.registry_process import make_state


@pytest.fixture(autouse=True)
def this_pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This PC has a number, also where tests run in a container."""
    path = tmp_path / "machine-id"
    path.write_bytes(ID)
    monkeypatch.setattr(machine, "_ID_FILE", path)
    return path


@pytest.fixture(scope="package")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder as `evcharge init` makes it: made once, copied by each test."""
    state = tmp_path_factory.mktemp("network") / "state"
    (state.parent / "password").write_text(make_state(state))
    return state


@pytest.fixture
def state(network: Path, tmp_path: Path) -> Path:
    shutil.copytree(network, tmp_path / "state")
    (tmp_path / "state" / machine.MARK_FILE).unlink(missing_ok=True)
    machine.mark(tmp_path / "state")
    return tmp_path / "state"
