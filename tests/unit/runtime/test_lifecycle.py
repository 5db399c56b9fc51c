"""How a role lives and dies: signals, peers, failures, retries."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.errors import Taken
from evcharge.runtime import clock, lifecycle, waiting
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.clock import utc_now
from evcharge.runtime.lifecycle import run, run_until
from evcharge.runtime.listener import PortOptions, listen
from evcharge.runtime.waiting import Backoff, bounded, uninterrupted, wait_until
from tests.virtual_time import VirtualLoop

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A peer that stays for as long as it is let."""
    try:
        writer.write(b"welcome\n")
        await reader.read()
    finally:
        writer.close()


# ---- run


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_asks_the_role_to_stop(number: signal.Signals):
    async def main(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stop.wait()
        return 3

    before = signal.getsignal(number)
    assert run(main) == 3
    assert signal.getsignal(number) == before


def test_a_role_without_an_exit_code_ends_well():
    async def main(stop: asyncio.Event) -> None:
        return None

    assert run(main) == 0


def test_what_a_role_raises_is_raised():
    async def main(stop: asyncio.Event) -> None:
        raise Taken("the port is taken")

    with pytest.raises(Taken, match="the port is taken"):
        run(main)


def test_a_role_that_does_not_stop_when_asked_is_cancelled_before_its_time_is_up():
    cancelled_after_s = []

    async def main(stop: asyncio.Event) -> int:
        loop = asyncio.get_running_loop()
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        asked_at = loop.time()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled_after_s.append(loop.time() - asked_at)
        return 1

    assert run(main, VirtualLoop) == 0
    # What is left of it is for cleaning up.
    assert cancelled_after_s == [pytest.approx(lifecycle.STOP_WITHIN_S - 1.5, abs=0.1)]


def test_a_role_that_was_cancelled_by_somebody_else_says_so():
    async def main(stop: asyncio.Event) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(main)


ROLE = """
import asyncio, sys
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.lifecycle import run, run_until
from evcharge.runtime.listener import PortOptions, listen

async def main(stop):
    silent = lambda connection: asyncio.Protocol()
    try:
        async with listen("127.0.0.1", 0, silent, PortOptions(name="Silent", limits=SeatLimits())) as port:
            print(port, flush=True)
            await run_until(stop, asyncio.sleep(3600))
            if {stubborn}:
                await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise

sys.exit(run(main))
"""


@pytest.mark.parametrize(
    ("number", "stubborn"), [(number, False) for number in SIGNALS] + [(signal.SIGTERM, True)]
)
def test_a_process_with_a_peer_connected_goes_by_itself_and_a_stubborn_one_is_cancelled(
    number: signal.Signals, stubborn: bool
):
    code = ROLE.format(stubborn=stubborn)
    # In development mode asyncio says on stderr when the machine is slow.
    as_users_have_it = os.environ | {"PYTHONDEVMODE": ""}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=as_users_have_it
    ) as role:
        assert role.stdout is not None
        assert role.stderr is not None
        with socket.create_connection(("127.0.0.1", int(role.stdout.readline()))) as peer:
            role.send_signal(number)
            # How soon, the next test says, on a clock that waits for nobody.
            assert role.wait(timeout=60) == 0
            assert peer.recv(1) == b""
        assert role.stdout.read() == (b"cancelled\n" if stubborn else b"")
        assert role.stderr.read() == b""


@pytest.mark.parametrize(("stubborn", "after_s"), [(False, 0.0), (True, lifecycle.STOP_WITHIN_S - 1.5)])
def test_a_role_with_a_peer_connected_is_gone_at_once_and_a_stubborn_one_before_its_time_is_up(
    stubborn: bool, after_s: float
):
    took_s = float("inf")

    async def main(stop: asyncio.Event) -> None:
        nonlocal took_s
        loop, connected = asyncio.get_running_loop(), asyncio.Event()

        class Silent(asyncio.Protocol):
            def connection_made(self, _transport: asyncio.BaseTransport) -> None:
                connected.set()

        options = PortOptions(name="Silent", limits=SeatLimits())
        asked_at_s = 0.0
        try:
            async with listen("127.0.0.1", 0, lambda _: Silent(), options) as port:
                peer.connect(("127.0.0.1", port))
                await connected.wait()
                asked_at_s = loop.time()
                os.kill(os.getpid(), signal.SIGTERM)
                await run_until(stop, asyncio.sleep(3600))
                if stubborn:
                    await asyncio.sleep(3600)
        finally:
            took_s = loop.time() - asked_at_s

    with socket.socket() as peer:
        assert run(main, VirtualLoop) == 0
        assert peer.recv(1) == b""
    assert took_s == pytest.approx(after_s, abs=0.1)


# ---- run_until


async def test_parts_run_together_until_the_stop():
    stop, ended = asyncio.Event(), []

    async def part(name: str) -> None:
        try:
            if name == "b":
                stop.set()
            await asyncio.sleep(60)
        finally:
            ended.append(name)

    async with asyncio.timeout(5):
        await run_until(stop, part("a"), part("b"))
    assert sorted(ended) == ["a", "b"]


async def test_a_part_that_fails_ends_the_others_and_is_raised():
    ended = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def fails() -> None:
        await asyncio.sleep(0)
        raise Taken("the port is taken")

    async with asyncio.timeout(5):
        with pytest.raises(ExceptionGroup) as group:
            await run_until(asyncio.Event(), waits(), fails())
    assert [str(problem) for problem in group.value.exceptions] == ["the port is taken"]
    assert ended == [True]


async def test_a_part_that_fails_while_it_is_stopped_is_raised_too():
    stop = asyncio.Event()

    async def fails_at_the_end() -> None:
        try:
            stop.set()
            await asyncio.sleep(60)
        finally:
            raise RuntimeError("a bug in the cleaning up")

    with pytest.raises(ExceptionGroup) as group:
        await run_until(stop, fails_at_the_end())
    assert [str(problem) for problem in group.value.exceptions] == ["a bug in the cleaning up"]


async def test_a_part_that_is_done_does_not_end_the_others():
    stop = asyncio.Event()

    async def done() -> None:
        pass

    async def stops_later() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        stop.set()

    async with asyncio.timeout(5):
        await run_until(stop, done(), stops_later())


# ---- retries, clocks


@given(st.floats(0.01, 10), st.floats(0.01, 100), st.integers(1, 60), st.floats(0, 1))
def test_waits_double_up_to_the_most_with_full_jitter(first_s: float, most_s: float, tries: int, luck: float):
    backoff = Backoff(first_s, most_s, lambda low, high: low + (high - low) * luck)
    for number in range(tries):
        expected = min(most_s, first_s * 2.0 ** min(number, 16)) * luck
        assert backoff.next_s() == pytest.approx(expected)
    backoff.reset()
    assert backoff.next_s() == pytest.approx(min(most_s, first_s) * luck)


def test_the_usual_waits_stay_between_nothing_and_ten_seconds():
    backoff = Backoff()
    assert all(0 <= backoff.next_s() <= 10 for _ in range(10_000))


def test_what_the_other_side_asks_for_is_waited_at_least():
    backoff = Backoff(uniform=lambda low, high: high)
    assert backoff.next_s(at_least_s=60) == 60
    assert backoff.next_s(at_least_s=0.1) == 1.0


async def test_waiting_for_something_has_an_end():
    happened = asyncio.Event()
    assert await wait_until(happened, 0.01) is False
    happened.set()
    assert await wait_until(happened, 5) is True


async def test_being_late_is_no_error():
    await bounded(asyncio.sleep(60), 0.01)
    with pytest.raises(RuntimeError, match="a bug"):
        await bounded(_fails(), 5)


async def _fails() -> None:
    raise RuntimeError("a bug")


def test_the_clock_is_in_utc():
    now = utc_now()
    assert now.utcoffset() is not None
    assert abs(now.timestamp() - time.time()) < 5


# ---- uninterrupted


async def test_work_is_finished_before_its_cancellation():
    steps: list[str] = []

    async def work() -> str:
        for step in "abc":
            steps.append(step)
            await asyncio.sleep(0)
        return "done"

    assert await uninterrupted(work()) == "done"
    steps.clear()
    task = asyncio.get_running_loop().create_task(uninterrupted(work()))
    await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == ["a", "b", "c"]


async def test_a_failure_of_work_that_was_to_be_cancelled_is_not_lost():
    async def work() -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a bug")

    task = asyncio.get_running_loop().create_task(uninterrupted(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(RuntimeError, match="a bug"):
        await task


# ---- somebody else's code


async def test_work_within_its_time_brings_its_result():
    assert await waiting.within(asyncio.sleep(0, "done"), 5) == "done"


async def test_work_that_fails_within_its_time_says_so():
    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await waiting.within(fails(), 5)


class Stubborn:
    """Work that swallows its cancellation, as libraries sometimes do."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()

    async def work(self) -> None:
        self.begun.set()
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
        raise RuntimeError("and then it fails, which nobody waits for")


async def test_work_that_swallows_its_cancellation_is_not_waited_for():
    stubborn = Stubborn()
    with pytest.raises(TimeoutError):
        await waiting.within(stubborn.work(), 0.01)
    await asyncio.sleep(0)
    assert stubborn.cancelled == 1
    stubborn.let_go.set()
    async with asyncio.timeout(5):
        while waiting._left:
            await asyncio.sleep(0)


async def test_a_caller_that_is_cancelled_goes_at_once():
    stubborn = Stubborn()
    caller = asyncio.create_task(waiting.within(stubborn.work(), 60))
    await stubborn.begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    stubborn.let_go.set()
    async with asyncio.timeout(5):
        while waiting._left:
            await asyncio.sleep(0)


async def test_work_that_ends_by_cancelling_itself_does_not_cancel_its_caller():
    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    with pytest.raises(TimeoutError):
        await waiting.within(cancels_itself(), 5)


# ---- clocks

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_a_steady_clock_does_not_jump_with_the_wall():
    wall = [NOON]
    now = clock.steady(lambda: wall[0])
    before = now()
    wall[0] += timedelta(days=400)
    assert 0 <= now() - before < 5


@pytest.mark.parametrize(
    ("moved", "seconds"),
    [
        (timedelta(days=400), 400 * 86_400),
        (timedelta(hours=-1), -3_600),
        # So clocks are kept right, and nobody needs to know.
        (timedelta(seconds=4), 0),
        (timedelta(seconds=-4), 0),
    ],
)
async def test_a_jump_of_the_wall_clock_is_told_once(moved: timedelta, seconds: int):
    wall = [NOON]
    jumps = lifecycle.Jumps(lambda: wall[0])
    assert jumps.look(7.0) == 0
    wall[0] += moved
    assert [jumps.look(7.0), jumps.look(7.0)] == [seconds, 0]
