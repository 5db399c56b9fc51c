"""`evcharge health`: a sentence for each process, and an exit code for whoever keeps it running."""

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evcharge import cli
from evcharge.runtime import health_socket
from evcharge.runtime.clock import utc_now
from evcharge.runtime.health_socket import OwnHealth, listening
from evcharge.security import state_folder

Answers = Callable[..., tuple[int, str]]


@pytest.fixture
def health(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Run `evcharge health` with these arguments; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str]:
        code = cli.run(["health", "--state", str(tmp_path), *args])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


async def test_all_that_runs_is_well(tmp_path: Path, health: Answers):
    with (
        listening(tmp_path / "health", "central", OwnHealth()),
        listening(tmp_path / "health", "cp-engine.CP001", OwnHealth()),
    ):
        code, said = await asyncio.to_thread(health)
    assert code == 0
    assert said == "central: it runs and is well.\ncp-engine.CP001: it runs and is well.\n"


async def test_one_that_is_unwell_says_why_and_the_code_is_1(tmp_path: Path, health: Answers):
    broken = OwnHealth()
    broken.wrong = lambda: "disk full"
    with (
        listening(tmp_path / "health", "central", broken),
        listening(tmp_path / "health", "registry", OwnHealth()),
    ):
        assert await asyncio.to_thread(health, "registry") == (0, "registry: it runs and is well.\n")
        assert await asyncio.to_thread(health, "central") == (1, "central: it runs, but: disk full\n")
        assert (await asyncio.to_thread(health))[0] == 1
        code, said = await asyncio.to_thread(health, "--json", "central")
    assert code == 1
    assert json.loads(said) == {
        "well": False,
        "processes": [{"name": "central", "pulse": "unwell", "why": "disk full"}],
    }


def test_where_nothing_runs_it_says_so(health: Answers, tmp_path: Path):
    code, said = health()
    assert code == 1
    assert str(tmp_path / "health") in said
    assert health("central") == (1, "central: it does not run here. Start it.\n")


def test_it_speaks_spanish(health: Answers):
    assert health("central", "--lang", "es") == (1, "central: no está en marcha aquí. Arránquelo.\n")


def test_one_that_was_killed_is_told_from_one_that_was_never_started(tmp_path: Path, health: Answers):
    (tmp_path / "health").mkdir()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "health" / f"registry{health_socket.SUFFIX}"))
    code, said = health("registry")
    assert (code, "killed" in said) == (1, True)


def test_a_typing_error_is_no_absent_process(health: Answers):
    code, said = health("centrl")
    assert code == 1
    assert "is not a role" in said


async def test_a_role_answers_while_it_runs(tmp_path: Path, health: Answers):
    # The whole way: from the command line of the role, and that of who asks. It knocks at a Registry that is away.
    state_folder.init_state(tmp_path, [], utc_now())
    args = (
        "driver",
        "D01",
        "--state",
        str(tmp_path),
        "--central",
        "127.0.0.1:9",
        "--registry",
        "https://127.0.0.1:9",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evcharge", *args, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not (tmp_path / "health" / f"driver.D01{health_socket.SUFFIX}").exists():
                await asyncio.sleep(0.05)
        assert await asyncio.to_thread(health, "--within", "30", "driver.D01") == (
            0,
            "driver.D01: it runs and is well.\n",
        )
    finally:
        process.kill()
        await process.wait()
    assert (await asyncio.to_thread(health, "driver"))[0] == 1
