"""The small network of a drill: whatever ends the drill, nothing that it started stays. Its programs are a script."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evcharge.drills import stage as stages
from evcharge.drills.catalogue import DRILLS
from evcharge.runtime.config import Config

ROLE = """
import os, signal, sys, time
from pathlib import Path
from evcharge.runtime.parent_watch import exit_with_parent

exit_with_parent(int(sys.argv[sys.argv.index("--parent-pipe") + 1]))
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
role = sys.argv[3]
Path(f"{role}.pid").write_text(str(os.getpid()))
if role != "init":
    if role != os.environ["SILENT"]:
        print(f"{role} listening on http://127.0.0.1:1", flush=True)
    time.sleep(60)
"""
NETWORK = """
import asyncio, functools, sys
from pathlib import Path
from evcharge.drills import small_network
from evcharge.runtime import lifecycle
from evcharge.runtime.config import Config

small_network.Cast = functools.partial(small_network.Cast, command=(sys.executable, "role.py"))

async def main(stop):
    async def play():
        async with small_network.small_network(Config(), Path("network")):
            print("up", flush=True)
            await asyncio.Event().wait()
    await lifecycle.run_until(stop, play())

lifecycle.run(main)
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "role.py").write_text(ROLE)
    (tmp_path / "network.py").write_text(NETWORK)
    return tmp_path


@pytest.fixture
def started(room: Path) -> Iterator[Any]:
    running: list[subprocess.Popen[str]] = []

    def start(silent: str = "") -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "network.py"],
            cwd=room, env=os.environ | {"SILENT": silent}, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def alive(room: Path) -> list[str]:
    """Return which of its programs run."""
    return [
        path.name
        for path in room.glob("*.pid")
        if (number := path.read_text()) and Path("/proc", number).exists()
    ]


def become(room: Path, wanted: list[str], within_s: float = 90) -> None:
    ends_at = time.monotonic() + within_s
    while sorted(alive(room)) != wanted and time.monotonic() < ends_at:
        time.sleep(0.02)
    assert sorted(alive(room)) == wanted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_stays_whatever_ends_it(room: Path, started: Any, number: signal.Signals):
    process = started()
    assert process.stdout.readline() == "up\n"
    assert sorted(alive(room)) == ["central.pid", "registry.pid"]
    process.send_signal(number)
    process.communicate(timeout=90)
    # Killed, it cannot wait for them: they notice.
    become(room, [], 90 if number is signal.SIGKILL else 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_stays_of_a_network_that_is_not_up_yet(room: Path, started: Any, number: signal.Signals):
    process = started("central")
    become(room, ["central.pid", "registry.pid"])
    process.send_signal(number)
    process.communicate(timeout=90)
    become(room, [], 90 if number is signal.SIGKILL else 0)


@pytest.mark.parametrize(("passing", "done"), [(True, ["enter", "stop"]), (False, ["enter", "leave"])])
async def test_who_interrupts_a_drill_waits_for_no_network_that_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: bool, done: list[str]
):
    did: list[str] = []

    def doing(name: str) -> Any:
        async def do(_: stages.Stage) -> None:
            did.append(name)

        return do

    for name in ("enter", "leave", "stop"):
        monkeypatch.setattr(stages.Stage, name, doing(name))
    (tmp_path / "ca.pem").touch()
    mender: Any = type("Nobody", (), {"damages": set()})()

    @asynccontextmanager
    async def drilled() -> Any:
        config = Config(state=tmp_path)
        drill = DRILLS["engine-crash"]
        async with stages.staged(config, None, mender, tmp_path, drill, passing=passing) as stage:
            yield stage

    async def play() -> None:
        async with drilled():
            on_stage.set()
            await asyncio.Event().wait()

    on_stage = asyncio.Event()
    playing = asyncio.create_task(play())
    await on_stage.wait()
    playing.cancel()
    await asyncio.wait([playing])
    assert (playing.cancelled(), did) == (True, done)
