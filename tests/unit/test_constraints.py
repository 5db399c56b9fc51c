"""What an installation for tests is made of, to the version: names and versions, not where they come from."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "constraints.txt").read_text().splitlines()
PINNED = [line for line in LINES if not line.startswith("#")]


def plain(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_each_line_is_a_name_and_a_version():
    assert [line for line in PINNED if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+!]*", line)] == []
    assert sorted(set(PINNED)) == PINNED


def test_everything_that_is_asked_for_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {plain(re.match(r"[A-Za-z0-9._-]+", one)[0]) for one in asked}
    assert names - {line.partition("==")[0] for line in PINNED} == set()
