"""What a release cost, a line each, and whether the next one costs more.

Only ratios are compared, each of two things that were measured in the same run on the same machine: times of another
machine, or of a busy one, say nothing.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

HISTORY = Path(__file__).parent / "history" / "releases.jsonl"
# Between two runs of the same program a ratio differs by this much.
NOISE = 1.25


class Run(Struct, frozen=True, kw_only=True):
    """One run of the benchmarks: what it measured, and on what. `ratios` have no unit, less is better."""

    version: str
    python: str
    machine: str
    cores: int
    loop: str
    quick: bool
    ratios: dict[str, float]
    figures: dict[str, float]

    @property
    def kind(self) -> tuple[bool, str]:
        """Only runs of one kind are compared: Central's costs are those of its loop, the floor's are not."""
        return self.quick, self.loop


def read(path: Path = HISTORY) -> list[Run]:
    """Return the runs that are kept, the oldest first."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Run) for line in lines]


def keep(run: Run, path: Path = HISTORY) -> None:
    """Add a line for `run`; one of the same release and kind takes the place of the other."""
    others = [one for one in read(path) if (one.version, one.kind) != (run.version, run.kind)]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in (*others, run)))


def before(run: Run, path: Path = HISTORY) -> Run | None:
    """Return the last run of the same kind."""
    return next((one for one in reversed(read(path)) if one.kind == run.kind), None)


def worse(now: Mapping[str, float], last: Mapping[str, float]) -> list[str]:
    """Return a line for each ratio that has grown by more than noise."""
    return [
        f"{name}: {now[name]:.2f}, and {value:.2f} in the last release"
        for name, value in last.items()
        if name in now and now[name] > value * NOISE
    ]
