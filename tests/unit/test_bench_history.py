"""What the benchmarks keep of each release, and what they call more than before."""

from pathlib import Path

import pytest

from bench import history
from bench.history import Run


def run(version: str, *, quick: bool = False, loop: str = "uvloop", **ratios: float) -> Run:
    return Run(
        version=version,
        python="3.12",
        machine="x86_64",
        cores=2,
        loop=loop,
        quick=quick,
        ratios=ratios,
        figures={"floor_us": 20.0},
    )


def test_a_release_is_a_line_and_is_compared_with_the_last_of_its_kind(tmp_path: Path):
    path = tmp_path / "history" / "releases.jsonl"
    assert history.read(path) == []
    assert history.before(run("0.2"), path) is None
    for one in (run("0.1", start=2.0), run("0.1", quick=True, start=9.0), run("0.2", start=3.0)):
        history.keep(one, path)
    assert len(path.read_text().splitlines()) == 3
    assert history.before(run("0.3"), path) == run("0.2", start=3.0)
    assert history.before(run("0.3", quick=True), path) == run("0.1", quick=True, start=9.0)


def test_a_run_on_another_loop_is_compared_with_its_own_kind(tmp_path: Path):
    path = tmp_path / "releases.jsonl"
    for one in (run("0.1", loop="asyncio", start=2.0), run("0.1", start=1.0)):
        history.keep(one, path)
    assert history.before(run("0.2", loop="asyncio"), path) == run("0.1", loop="asyncio", start=2.0)


def test_the_same_release_again_takes_its_own_place(tmp_path: Path):
    path = tmp_path / "releases.jsonl"
    history.keep(run("0.1", start=2.0), path)
    history.keep(run("0.1", start=1.0), path)
    assert history.read(path) == [run("0.1", start=1.0)]


@pytest.mark.parametrize(("now", "lines"), [(2.4, 0), (2.6, 1), (1.0, 0)])
def test_only_a_ratio_that_grew_by_more_than_noise_is_worse(now: float, lines: int):
    found = history.worse({"start": now, "new": 9.0}, {"start": 2.0, "gone": 1.0})
    assert len(found) == lines


def test_what_is_worse_is_told_with_both_ratios():
    assert history.worse({"start": 3.0}, {"start": 2.0}) == ["start: 3.00, and 2.00 in the last release"]
