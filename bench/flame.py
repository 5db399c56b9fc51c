"""Where Central's CPU goes while charging points charge: `python -m bench.flame docs/flame.svg`.

Prints a table by subject, of microseconds per charging point and second, and draws the flame graph. py-spy takes the
samples (`pip install py-spy`, Linux; it must be allowed to look into a process of yours). Frames are sealed with
AES-GCM, and the loop is the fastest one there is.
"""

import argparse
import asyncio
import html
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.fleet import central, cpu_s
from bench.points import charging, speak
from evcharge.runtime import descriptors

# Outermost first: functions, "name (file)".
Stack = tuple[str, ...]

_PER_S = 200
_SPY = "py-spy"
# What stands outside of every stack, and a thread that waits.
_OUTSIDE = "Runner.run (asyncio/runners.py)"
_WAITS = re.compile(r"epoll_p?wait|SimpleQueue_get|pthread_cond_(timed)?wait|sem_(timed)?wait")
_SYSTEM_CALLS = ("write", "read", "fdatasync", "pwrite64")
_LINE = re.compile(r":\d+\)$")

# The innermost frame that says anything about the subject says it.
_SUBJECTS = (
    ("writing to sockets (the system's calls)", re.compile(r"^\[write\]$")),
    ("reading from sockets (the system's calls)", re.compile(r"^\[read\]$")),
    ("sealing and opening frames", re.compile(r"^(Gcm|Fernet)\w+\.")),
    (
        "messages from and to JSON",
        re.compile(r"strict_json\.py|^(encode|decode|as_understood) \(evcharge/evc1"),
    ),
    ("the connection: frames, rates, heartbeats", re.compile(r"evcharge/(evc1|runtime)/")),
    ("SQLite", re.compile(r"^_commit \(|aiosqlite|evcharge/(storage|central/books)/")),
    ("deciding: rules and facts", re.compile(r"evcharge/(central/rules|domain)/")),
    ("dispatcher", re.compile(r"evcharge/central/dispatcher")),
    ("conversations, links, watchdog", re.compile(r"evcharge/central/peers/")),
    ("figures for screens", re.compile(r"evcharge/central/")),
)
_LOOP = "the loop, and all else"


def stacks(raw: Iterable[str]) -> Counter[Stack]:
    """Return how often each stack was on the CPU, from py-spy's lines ("outer;inner 3"): Python and system calls."""
    found: Counter[Stack] = Counter()
    for line in raw:
        said, _, times = line.rpartition(" ")
        frames = said.split(";")
        if _WAITS.search(said):
            continue
        python = [_LINE.sub(")", one) for one in frames if ".py:" in one]
        call = frames[-1].split(" ")[0]
        if _OUTSIDE in python:
            python = ["Central", *python[python.index(_OUTSIDE) + 1 :]]
        elif python:
            python = ["SQLite's thread", *python[1:]]
        else:
            continue
        found[*python, *([f"[{call}]"] if call in _SYSTEM_CALLS else [])] += int(times)
    return found


def shares(found: Counter[Stack]) -> list[tuple[str, float]]:
    """Return the part of each subject, the largest first."""
    by_subject: Counter[str] = Counter()
    for stack, times in found.items():
        by_subject[_subject(stack)] += times
    return [(name, times / found.total()) for name, times in by_subject.most_common()]


def _subject(stack: Stack) -> str:
    if stack[0] == "SQLite's thread":
        return "SQLite"
    for frame in reversed(stack):
        for name, pattern in _SUBJECTS:
            if pattern.search(frame):
                return name
    return _LOOP


_WIDTH, _ROW, _LEAST = 1000, 15, 0.004


def svg(found: Counter[Stack]) -> str:
    """Return the flame graph: outer frames at the bottom, as wide as their part of the CPU; narrow ones left out."""
    boxes = list(_boxes(found, found.total(), ()))
    height = _ROW * (1 + max(depth for depth, *_ in boxes))
    view = f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="9"'
    drawn = [f'<svg xmlns="http://www.w3.org/2000/svg" {view}>']
    for depth, at, width, name in boxes:
        left, wide, top = at * _WIDTH, width * _WIDTH, height - (depth + 1) * _ROW
        shown = html.escape(name)
        hue = 20 + sum(name.encode()) % 35
        drawn.append(
            f'<g><title>{shown}: {width:.1%}</title><rect x="{left:.1f}" y="{top}" width="{wide:.1f}" '
            f'height="{_ROW - 1}" fill="hsl({hue} 80% 70%)"/>'
        )
        if (letters := int(wide / 5)) > 3:
            text = html.escape(name.split(" (")[0][:letters])
            drawn.append(f'<text x="{left + 2:.1f}" y="{top + 10}">{text}</text>')
        drawn.append("</g>")
    return "\n".join([*drawn, "</svg>", ""])


def _boxes(
    found: Counter[Stack], whole: int, outer: Stack, at: float = 0.0
) -> Iterator[tuple[int, float, float, str]]:
    """Yield depth, place, width (parts of the whole) and name of what lies within `outer`."""
    inner: dict[str, Counter[Stack]] = {}
    for stack, times in found.items():
        if len(stack) > len(outer):
            inner.setdefault(stack[len(outer)], Counter())[stack] = times
    for name, within in sorted(inner.items()):
        width = within.total() / whole
        if width >= _LEAST:
            yield len(outer), at, width, name
            yield from _boxes(within, whole, (*outer, name), at)
        at += width


async def measure(points: int, seconds: int) -> tuple[float, Counter[Stack]]:
    """Let `points` charge twice so long: return microseconds of CPU each took a second, then where they go."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        async with central() as (server, fleet), charging(fleet, range(points)) as town:
            await speak(town, 0)
            before = cpu_s(server.pid)
            for number in range(1, seconds + 1):
                await speak(town, number)
            used = cpu_s(server.pid) - before
            command = [
                _SPY,
                "record",
                "--native",
                "--format",
                "raw",
                "--rate",
                str(_PER_S),
                "--output",
                str(raw),
            ]
            told = [*command, "--pid", str(server.pid), "--duration", str(seconds)]
            spy = subprocess.Popen(told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for number in range(seconds + 1, 2 * seconds + 1):
                await speak(town, number)
            await asyncio.to_thread(spy.wait)
        return used / (points * seconds) * 1e6, stacks(raw.read_text("utf-8").splitlines())


def main() -> None:
    """Print the table, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("svg", type=Path, help="where to draw")
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    descriptors.raise_limit()
    # py-spy is where pip has put it, whether or not that is on the path.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["EVCHARGE_SECURITY__FRAMES"] = "aes-gcm"
    whole_us, found = asyncio.run(measure(given.points, given.seconds))
    given.svg.write_text(svg(found), "utf-8")
    print(
        f"{given.points} charging points, each {whole_us:.0f} us of Central's CPU a second; {found.total()} samples"
    )
    for name, share in shares(found):
        print(f"| {name} | {share * whole_us:.0f} us | {share:.0%} |")


if __name__ == "__main__":
    main()
