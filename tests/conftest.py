"""The order of all tests, and how Hypothesis looks for examples.

The same each time; HYPOTHESIS_PROFILE=nightly looks for new ones.
"""

import asyncio
import gc
import io
import logging
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from evcharge.runtime import network_currency
from evcharge.runtime.logs import JsonFormatter, TextFormatter
from evcharge.runtime.uv_loop import UvLoop
from evcharge.security import passwords
from tests.virtual_time import VirtualLoop

# Times of a loaded machine say nothing about the code: no deadline.
settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Folders of tests lie in memory, where there is some and programs may be started from it: all that is forced to a disk
# (a dozen secrets at each `init`, each commit) costs no time there, and a process that is killed loses no more.
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30
if (
    os.access(_MEMORY, os.W_OK)
    and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    and not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a look for garbage: what is collected stays to the end, and is never looked at again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# Tests with real processes wait most of the time, browsers compute: file by file in turns they share the machine. The
# others fill the gaps at the end.
_TURNS = {"system": 0, "web": 0, "component": 1, "unit": 2}


def _room(path: Path) -> str:
    return path.relative_to(Path(__file__).parent).parts[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow rooms first, so that no worker is left alone with them at the end."""
    files: dict[str, list[Path]] = {room: [] for room in _TURNS}
    places: dict[Path, tuple[int, int]] = {}
    for item in items:
        if item.path not in places:
            room = _room(item.path)
            places[item.path] = (_TURNS[room], len(files[room]))
            files[room].append(item.path)
    items.sort(key=lambda item: places[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say for what each task still waited when a test took too long: its own traceback ends in the loop."""
    report = yield
    if call.excinfo is not None and "pytest-timeout" in str(call.excinfo.value):
        frames = [entry.frame.f_locals.get("self") for entry in call.excinfo.traceback]
        told = io.StringIO()
        for loop in {one for one in frames if isinstance(one, asyncio.AbstractEventLoop)}:
            for task in asyncio.all_tasks(loop):
                task.print_stack(file=told)
        report.sections.append(("tasks that still ran", told.getvalue()))
    return report


@pytest.fixture(autouse=True)
def _euros() -> Iterator[None]:
    """A process counts in one currency; whatever a test has made of it, the next begins with the euro."""
    yield
    network_currency.adopt("EUR")


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a test that is marked `virtual_time` a clock that waits for nobody; one of `both_loops` runs on each."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualLoop}
    if item.get_closest_marker("both_loops"):
        return {"wall": asyncio.new_event_loop, "uvloop": UvLoop}
    return {"wall": asyncio.new_event_loop}


@pytest.fixture(scope="module", autouse=True)
def _quick_hashes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a password's hash cost next to nothing where it is not the subject, as it is in unit/security."""
    with pytest.MonkeyPatch.context() as patch:
        if _room(request.path) in ("component", "web"):
            patch.setattr(passwords, "_MEMORY_KIB", 8)
            patch.setattr(passwords, "_PASSES", 1)
        yield


@pytest.fixture(autouse=True)
def _log_of_this_process() -> Iterator[None]:
    """Put back the log that a command line has set up in this process, and with it the language of the next one."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, TextFormatter | JsonFormatter) and handler not in before:
            root.removeHandler(handler)
    root.setLevel(level)
