"""How the demo's programs are left: in order, each with its time, and never for long; time stands by."""

import asyncio
import signal
from types import SimpleNamespace

import pytest

from evcharge.demo import processes, show
from evcharge.demo.processes import Cast
from evcharge.runtime.lifecycle import STOP_WITHIN_S

pytestmark = pytest.mark.virtual_time

STAGES = (["D01", "weather"], ["monitor CP001"], ["engine CP001"], ["central"], ["registry"])


class Program:
    """A process that ends when it is asked to, unless it is stubborn."""

    pid = 0
    stdin = None

    def __init__(self, stubborn: bool) -> None:
        self.stdout = asyncio.StreamReader()
        self.returncode: int | None = None
        self._stubborn = stubborn

    def send_signal(self, number: int) -> None:
        if self.returncode is None and not (self._stubborn and number == signal.SIGTERM):
            self.returncode = -number
            self.stdout.feed_eof()

    async def wait(self) -> int | None:
        return self.returncode


async def left(monkeypatch: pytest.MonkeyPatch, stubborn: str) -> tuple[float, list[str]]:
    """Start all, and leave; return how long that took, and what was said."""
    loop, said = asyncio.get_running_loop(), list[str]()

    async def spawn(_cast: Cast, args: list[str], _typed: bool) -> Program:
        return Program(args == (stubborn,))

    monkeypatch.setattr(Cast, "_spawn", spawn)
    screen = SimpleNamespace(say=said.append)
    async with asyncio.TaskGroup() as tasks:
        cast = Cast(tasks, screen, lambda key, **facts: f"{key}: {facts}")
        stages = [[await cast.start(name, name) for name in stage] for stage in STAGES]
        began_at = loop.time()
        await cast.leave(*stages, within_s=show._LEAVE_WITHIN_S)
        return loop.time() - began_at, said


async def test_who_goes_when_it_is_asked_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    took_s, said = await left(monkeypatch, "")
    assert (took_s < processes._LOOK_AGAIN_S, said) == (True, [])


@pytest.mark.parametrize("stubborn", [name for stage in STAGES for name in stage])
async def test_who_does_not_go_is_killed_and_named_within_the_time_of_a_stop(
    monkeypatch: pytest.MonkeyPatch, stubborn: str
):
    took_s, (said,) = await left(monkeypatch, stubborn)
    assert said == f"did not stop: {{'who': '{stubborn}', 'seconds': '3'}}"
    assert show._LEAVE_WITHIN_S <= took_s < STOP_WITHIN_S - 1
