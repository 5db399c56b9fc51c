"""The demo starts, watches and ends its processes. The roles are played by a small script."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evcharge.demo import processes
from evcharge.demo.demo_screen import DemoScreen
from evcharge.demo.processes import Cast
from evcharge.domain.location import Location
from evcharge.labels import Speech
from evcharge.labels.demo import SENTENCES
from evcharge.registry import setup as registry_setup
from evcharge.registry.registrations import IdKind, Registration
from evcharge.runtime.config import load
from tests.absent import absent
from tests.stopwatch import Stopwatch

# Only so that a test has an end: what stops too late is killed by the demo, which says so.
ENDS_WITHIN_S = 30
# A role in a few lines: it says what the real one says. MODE makes it misbehave.
ROLE = """
import os, signal, sys, time
from pathlib import Path
from evcharge.runtime.parent_watch import exit_with_parent

begin = time.monotonic()
args = sys.argv[1:]
exit_with_parent(int(args[args.index("--parent-pipe") + 1]))
state = Path(args[args.index("--state") + 1])
role, mode = args[2], os.environ["MODE"]
me = args[3] if role.startswith(("cp-", "driver")) else role
def go(*_):
    if mode == "slow " + role:
        time.sleep(4)
    print("goes", flush=True)
    sys.exit()

signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn " + role else go)
print("pid", os.getpid(), *args, flush=True)
if role == "init":
    if mode == "init fails":
        sys.exit("no room for a state folder")
    state.mkdir()
    (state / "ca.pem").touch()
    sys.exit()
if mode == "dies " + role:
    print("the reason", flush=True)
    sys.exit(3)
if role in ("registry", "central", "cp-engine"):
    print(f"{me} listening on 127.0.0.1:{ {'registry': 5, 'central': 9}.get(role, 7) }", flush=True)
if role == "central":
    print("The API for operators is listening on http://127.0.0.1:10", flush=True)
if role == "cp-monitor":
    (state / me).touch()
if role == "driver" and "--file" not in args and me == "D01":
    sys.stdin.read()
    (state / "driver" / me).mkdir(parents=True)
    (state / "driver" / me / "password").write_text("secret-of-D01")
    (state / "driver" / me / "password").chmod(0o600)
    sys.exit()
if role == "driver" and "--file" in args:
    for number in range(1 if mode == "one ticket" and me == "D02" else 2):
        print(f"Session: S-{me}-{number}", flush=True)
        print(f"Session: S-{me}-{number}", flush=True)
    sys.exit(4 if mode == "driver fails" else 0)
shown = set()
# Whatever the test is about goes wrong: nobody stays for longer than this.
while time.monotonic() < begin + 60:
    if role == "central":
        for path in sorted(state.glob("CP*")):
            if path.name not in shown:
                shown.add(path.name)
                print(f"{path.name} (Alicante) Available", flush=True)
    if mode == "dies later " + role and (state / "demo" / "stands").exists():
        sys.exit(5)
    time.sleep(0.01)
"""

# `evcharge up` with that script in place of `python -m evcharge`.
UP = """
import asyncio, os, sys, time
from pathlib import Path
from evcharge import cli, demo
from evcharge.runtime import lifecycle
from evcharge.runtime.config import load
from evcharge.demo import processes, scenario, show

scenario.BACK_AFTER_S = 0.1
if os.environ["MODE"].startswith("slow"):
    # As on a machine where nobody gets a processor.
    processes.starved_s = lambda pid: time.monotonic()
wish = demo.DemoOptions(
    points=int(sys.argv[3]), drivers=2, once=sys.argv[4] == "once", verbose=sys.argv[4] == "verbose"
)
config = load(None, {}, {"state": sys.argv[2], "central.port": 0, "registry.port": 0, "engine.health_port": 0})
try:
    sys.exit(lifecycle.run(lambda stop: show.run(config, wish, stop, (sys.executable, sys.argv[1]))))
except Exception as problem:
    sys.exit(cli._failure(problem, "en"))
"""


@pytest.fixture
def up(tmp_path):
    """Start the demo with a mode; returns the running process. Kills what is left at the end."""
    (tmp_path / "role.py").write_text(ROLE)
    (tmp_path / "up.py").write_text(UP)
    started = []

    def start(mode="", *, points=2, once=True, quiet=False):
        how = "once" if once else "quiet" if quiet else "verbose"
        process = subprocess.Popen(
            [sys.executable, "up.py", "role.py", "state", str(points), how],
            cwd=tmp_path,
            env=os.environ | {"MODE": mode},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(process, wanted):
    said = ""
    for line in process.stdout:
        said += line
        if wanted in line:
            return said
    pytest.fail(f"{wanted!r} was never said:\n{said}")


def pids(said):
    return [int(number) for number in re.findall(r"│ pid (\d+)", said)]


def alive(numbers):
    return [number for number in numbers if Path(f"/proc/{number}").exists()]


def test_once_ends_when_every_driver_has_its_tickets_and_leaves_nobody_behind(up):
    process = up()
    said = process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 0, said
    assert "All 2 charging points are Available; Central listens on 127.0.0.1:9." in said
    assert "All 2 demo drivers have their tickets." in said
    assert len(pids(said)) == 1 + 2 + 4 + 1 + 2
    assert not alive(pids(said))
    # What a program says comes when it comes; what it is started by is in order.
    begins = (" init", " registry", " central", " cp-engine", "The weather service starts", "Driver D01 asks")
    order = [said.index(begin) for begin in begins]
    assert order == sorted(order)


def test_peers_are_told_where_the_others_really_listen(up):
    lines = up().communicate(timeout=ENDS_WITHIN_S)[0].splitlines()
    outside = [line for line in lines if "cp-engine CP" in line or "driver D" in line]
    assert len(outside) == 4
    assert all("--registry https://127.0.0.1:5 --central 127.0.0.1:9" in line for line in outside)
    monitors = [line for line in lines if "cp-monitor CP" in line]
    assert len(monitors) == 2
    assert all("--engine 127.0.0.1:7" in line for line in monitors)


def test_a_driver_without_all_of_its_tickets_makes_once_fail_with_a_sentence(up):
    process = up("one ticket")
    said = process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 1
    assert "Without all of its tickets: D02." in said


def test_a_driver_that_fails_is_named_with_its_exit_code_and_last_line(up):
    process = up("driver fails")
    said = process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert "D01 ended with exit code 4: Session: S-D01-1" in said


@pytest.mark.parametrize("role", ["registry", "central", "cp-engine", "cp-monitor"])
def test_a_process_that_dies_before_the_network_stands_ends_the_demo_with_a_sentence(role, up):
    process = up(f"dies {role}")
    said = process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 1
    assert re.search(r"^evcharge: .* ended with exit code 3: the reason$", said, re.MULTILINE)
    assert not alive(pids(said))


def test_a_state_folder_that_cannot_be_made_ends_the_demo_with_a_sentence(up):
    process = up("init fails")
    said = process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 1
    assert "evcharge: the state folder could not be created: no room for a state folder" in said


def test_a_network_that_people_use_gets_no_made_up_company_and_money(up, tmp_path):
    state = tmp_path / "state"
    config = load(None, {}, {"state": str(state)})
    registry_setup.initialise(config)
    ours = [
        Registration(id=name, kind=IdKind.CP, location=Location("Elche"), secret_hash=None)
        for name in ("CP001", "CP777")
    ]
    registry_setup.register(config, [(ours[0], "s" * 43)])
    said = up().communicate(timeout=ENDS_WITHIN_S)[0]
    # Nobody but its own is registered, as after a walk by hand.
    assert "All 2 demo drivers have their tickets." in said
    shutil.rmtree(state / "demo")
    registry_setup.register(config, [(ours[1], "s" * 43)])
    process = up()
    said = process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 1, said
    assert "evcharge: up is for a network of its own, and CP777 is registered here" in said
    assert not pids(said)
    # It goes on where it has been before; the roles show their points when they come, as the real ones do.
    (state / "demo").mkdir()
    for shown in state.glob("CP*"):
        shown.unlink()
    assert "All 2 demo drivers have their tickets." in up().communicate(timeout=ENDS_WITHIN_S)[0]


def test_a_process_that_dies_later_is_named_and_starts_again_as_it_was(up, tmp_path):
    process = up("dies later cp-engine", once=False, points=1)
    said = until(process, "The network is running")
    (begun,) = re.findall(r"│ pid \d+ (.*cp-engine CP001.*)", said)
    (tmp_path / "state" / "demo").mkdir(exist_ok=True)
    (tmp_path / "state" / "demo" / "stands").touch()
    said += until(
        process, "CP001 engine ended with exit code 5: CP001 listening on 127.0.0.1:7; it starts again"
    )
    (tmp_path / "state" / "demo" / "stands").unlink()
    said += until(process, "│ pid ")
    assert re.findall(r"│ pid \d+ (.*cp-engine CP001.*)", said)[-1] == begun
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=10)[0]
    assert process.returncode == 0
    assert not alive(pids(said))


def test_what_a_person_needs_stands_last_and_the_rest_is_in_a_file(up, tmp_path):
    process = up(once=False, quiet=True)
    said = until(process, "Every line of every part: ")
    log = tmp_path / "state" / "demo" / "up.log"
    assert said.splitlines()[-1] == f"  Every line of every part: {log}"
    assert re.search(r"^  Driver +D01, password secret-of-D01$", said, re.MULTILINE)
    assert "│" not in said
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=10)[0]
    kept = log.read_text()
    assert "CP001 engine  │ CP001 listening on 127.0.0.1:7" in kept
    assert len(said.splitlines()) < 25


@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGINT, False), (signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, True)],
)
def test_a_signal_stops_everything_cleanly(number, whole_group, up):
    process = up(once=False)
    said = until(process, "The network is running; press Ctrl+C to stop it.")
    # Nobody waits for these, which may have to find their hands first.
    while not all(
        re.search(rf"│ pid \d+ .*\b{role}\b", said) for role in ("weather", "driver D02", "driver D03")
    ):
        said += until(process, "│ pid ")
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    said += process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 0, said
    assert "did not stop" not in said
    assert not alive(pids(said))
    went = re.findall(r"^(\S+).* │ goes$", said, re.MULTILINE)
    assert went[-2:] == ["central", "registry"]
    assert sorted(went[:-2]) == ["CP001", "CP001", "CP002", "CP002", "D02", "D03", "weather"]


def test_ctrl_c_while_it_starts_leaves_nobody_behind(up):
    process = up(once=False, points=20)
    said = until(process, "cp-engine CP003")
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=10)[0]
    assert process.returncode == 0, said
    assert not alive(pids(said))


def test_who_does_not_stop_in_time_is_killed_and_named(up):
    process = up("stubborn central", once=False)
    said = until(process, "The network is running; press Ctrl+C to stop it.")
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert "central did not stop within 3 s and had to be killed" in said
    assert not alive(pids(said))


def test_a_clean_stop_is_waited_for_on_a_busy_machine(up):
    process = up("slow central", once=False)
    said = until(process, "The network is running; press Ctrl+C to stop it.")
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=ENDS_WITHIN_S)[0]
    assert process.returncode == 0, said
    assert "killed" not in said
    assert re.findall(r"^(\S+).* │ goes$", said, re.MULTILINE)[-2:] == ["central", "registry"]
    assert not alive(pids(said))


# It is ready, and goes so many seconds after it was asked to; never, with "inf".
SLOW = """
import signal, sys, time
def go(*_):
    time.sleep(float(sys.argv[-1]))
    sys.exit()

signal.signal(signal.SIGTERM, go if sys.argv[-1] != "inf" else signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


class Said(DemoScreen):
    """Keeps what is said of processes."""

    def __init__(self) -> None:
        super().__init__(0, "text", quiet=True)
        self.said: list[str] = []

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


async def left(within_s: float, *wanted: str) -> tuple[list[int | None], list[str]]:
    """Start a process for each of `wanted`, stop them; return their exit codes, and what was said."""
    screen = Said()
    async with asyncio.TaskGroup() as tasks:
        cast = Cast(tasks, screen, Speech(SENTENCES), (sys.executable, "-c", SLOW))
        children = [await cast.start(f"P{place}", each) for place, each in enumerate(wanted)]
        await asyncio.gather(*(child.expect("ready") for child in children))
        await cast.leave(children, within_s=within_s)
    return [child.process.returncode for child in children], screen.said


async def test_what_waits_for_a_processor_is_not_late(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "starved_s", lambda _: asyncio.get_running_loop().time())
    assert await left(0.1, "0.6", "0.3") == ([0, 0], [])


async def test_whoever_has_to_be_killed_is_named_in_one_line():
    assert await left(1.0, "inf", "inf") == (
        [-9, -9],
        ["P0, P1 did not stop within 1 s and had to be killed"],
    )


def test_how_long_a_process_waited_is_told_by_the_kernel():
    if not Path("/proc/self/schedstat").exists():
        absent("this kernel keeps no figures of the scheduler")
    before = processes.starved_s(os.getpid())
    assert 0 < before <= processes.starved_s(os.getpid()) < time.monotonic() * threading.active_count() + 1
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert processes.starved_s(gone.pid) == 0


def test_nothing_is_left_behind_when_the_parent_is_killed(up):
    process = up("stubborn cp-engine", once=False)
    said = until(process, "The network is running; press Ctrl+C to stop it.")
    process.kill()
    process.communicate(timeout=10)
    watch = Stopwatch(lambda: pids(said))
    while alive(pids(said)) and watch.read_s() < 10:
        time.sleep(0.05)
    assert len(pids(said)) >= 7
    assert not alive(pids(said))
