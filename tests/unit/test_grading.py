"""docs/GRADING.md names only what there is: tests, commands, drills; and every drill."""

import re
from pathlib import Path

import pytest

from evcharge.drills.catalogue import DRILLS

ROOT = Path(__file__).parents[2]
GRADING = (ROOT / "docs/GRADING.md").read_text("utf-8")
HEADS = ("| Requirement |", "| Killed |")


def rows() -> list[list[str]]:
    """Every requirement, in its five cells."""
    lines = [line for line in GRADING.splitlines() if line.startswith("| ") and not line.startswith(HEADS)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_requirement_has_its_five_cells_and_a_test():
    assert len(rows()) > 25
    for cells in rows():
        assert len(cells) == 5, cells
        # Where there is none, it says why.
        assert all(cells), cells[0]
        assert re.findall(r"`test_\w+`", cells[3]), cells[0]


def test_every_test_that_is_named_exists():
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert set(re.findall(r"`(test_\w+)`", GRADING)) - defined == set()


def test_every_drill_that_is_named_exists_and_each_shows_a_requirement():
    named = {name for cells in rows() for name in re.findall(r"`([a-z-]+)`", cells[4])}
    assert named == set(DRILLS)


def test_what_stands_in_place_of_a_drill_is_explained_above():
    said = {cells[4] for cells in rows() if "`" not in cells[4]}
    assert said == {"every drill", "nothing breaks", "foreign service"}
    above = " ".join(GRADING[: GRADING.index("## ")].split())
    assert all(reason in above for reason in said)


@pytest.mark.parametrize("number", range(1, 11))
def test_each_of_the_ten_mechanics_has_its_row(number: int):
    assert len([cells for cells in rows() if cells[0].startswith(f"{number}. ")]) == 1
