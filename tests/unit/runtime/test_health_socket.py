"""A process says at its health socket how it is, and what is found there is told apart."""

import asyncio
import socket
from pathlib import Path

import pytest

from evcharge.runtime import health_socket
from evcharge.runtime.health_socket import Finding, OwnHealth, Pulse, listening, look, socket_name

WITHIN_S = 0.2


async def asked(folder: Path, *names: str, within_s: float = 10.0) -> list[Finding]:
    # In a thread: who is asked lives in this loop.
    return await asyncio.to_thread(look, folder, list(names), within_s)


async def test_a_process_that_runs_says_that_it_is_well(tmp_path: Path):
    with listening(tmp_path / "health", "central", OwnHealth()):
        assert await asked(tmp_path / "health") == [Finding(name="central", pulse=Pulse.WELL)]


async def test_what_is_wrong_is_said_as_it_is_at_that_moment(tmp_path: Path):
    health, wrong = OwnHealth(), ["the disk is full"]
    health.wrong = lambda: wrong[0] if wrong else None
    with listening(tmp_path, "central", health):
        assert await asked(tmp_path) == [Finding(name="central", pulse=Pulse.UNWELL, why="the disk is full")]
        wrong.clear()
        assert await asked(tmp_path) == [Finding(name="central", pulse=Pulse.WELL)]


async def test_one_that_has_ended_leaves_nothing(tmp_path: Path):
    with listening(tmp_path, "central", OwnHealth()):
        pass
    assert await asked(tmp_path) == []
    assert await asked(tmp_path, "central") == [Finding(name="central", pulse=Pulse.ABSENT)]


def test_one_that_was_killed_is_called_dead_and_its_successor_takes_the_place(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / f"central{health_socket.SUFFIX}"))
    assert look(tmp_path, [], WITHIN_S) == [Finding(name="central", pulse=Pulse.DEAD)]

    async def successor() -> list[Finding]:
        with listening(tmp_path, "central", OwnHealth()):
            return await asked(tmp_path)

    assert asyncio.run(successor()) == [Finding(name="central", pulse=Pulse.WELL)]


async def test_one_that_is_about_to_listen_is_not_called_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found: list[list[Finding]] = []

    class Door(socket.socket):
        def listen(self, backlog: int = 128) -> None:
            found.append(look(tmp_path, [], WITHIN_S))
            super().listen(backlog)

    monkeypatch.setattr(socket, "socket", Door)
    with listening(tmp_path, "central", OwnHealth()):
        assert found == [[]]
        assert await asked(tmp_path) == [Finding(name="central", pulse=Pulse.WELL)]


async def test_one_whose_loop_hangs_is_called_silent(tmp_path: Path):
    with listening(tmp_path, "central", OwnHealth()):
        # Not in a thread: this is the loop, and while it waits nobody answers.
        assert look(tmp_path, [], WITHIN_S) == [Finding(name="central", pulse=Pulse.SILENT)]


async def test_what_is_no_answer_of_ours_is_silence(tmp_path: Path):
    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        writer.close()

    server = await asyncio.start_unix_server(shout, tmp_path / f"central{health_socket.SUFFIX}")
    async with server:
        assert [one.pulse for one in await asked(tmp_path)] == [Pulse.SILENT]


async def test_one_role_or_one_process_may_be_asked_for(tmp_path: Path):
    with (
        listening(tmp_path, socket_name("cp-engine", "CP001"), OwnHealth()),
        listening(tmp_path, socket_name("cp-engine", "CP002"), OwnHealth()),
        listening(tmp_path, socket_name("cp-monitor", "CP001"), OwnHealth()),
    ):
        found = {
            name: [one.name for one in await asked(tmp_path, name)]
            for name in ("cp-engine", "cp-engine.CP002")
        }
    assert found == {
        "cp-engine": ["cp-engine.CP001", "cp-engine.CP002"],
        "cp-engine.CP002": ["cp-engine.CP002"],
    }


async def test_the_second_of_a_name_has_the_socket_and_keeps_it_when_the_first_ends(tmp_path: Path):
    first = listening(tmp_path, "driver.D01", OwnHealth())
    first.__enter__()
    with listening(tmp_path, "driver.D01", OwnHealth()):
        first.__exit__(None, None, None)
        assert [one.pulse for one in await asked(tmp_path)] == [Pulse.WELL]


async def test_no_state_folder_is_made_to_be_asked_there_and_one_that_comes_later_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health_socket, "_AGAIN_S", 0.01)
    state = tmp_path / "state"
    with listening(state / "health", "driver.D01", OwnHealth(), needs=state):
        assert not state.exists()
        state.mkdir()
        async with asyncio.timeout(10):
            while not await asked(state / "health"):
                await asyncio.sleep(0.01)


async def test_the_folder_is_for_its_owner_only(tmp_path: Path):
    with listening(tmp_path / "health", "central", OwnHealth()):
        assert (tmp_path / "health").stat().st_mode & 0o777 == 0o700


async def test_a_long_path_does_not_matter(tmp_path: Path):
    folder = tmp_path / ("a" * 120)
    with listening(folder, "central", OwnHealth()):
        assert [one.pulse for one in await asked(folder)] == [Pulse.WELL]


async def test_one_that_cannot_have_its_socket_works_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "health").write_text("a file stands here")
    with listening(tmp_path / "health", "central", OwnHealth()):
        pass
    assert "no health socket at" in caplog.text
