"""Exercises of docs/lab: their hidden tests are red on this tree because nobody has done them, and green when done."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.exercises.__main__ import EXERCISES, HERE, ROOT, run, solved

LAB = ROOT / "docs" / "lab"


def test_there_is_a_hidden_test_and_a_model_solution_for_each():
    assert {path.stem for path in (HERE / "hidden").glob("*.py")} - {"conftest"} == set(EXERCISES)
    assert {path.stem for path in (HERE / "solutions").glob("*.patch")} == set(EXERCISES)


@pytest.mark.parametrize("page", ["exercises.md", "ejercicios.md"])
def test_each_is_described_in_both_languages_in_the_order_of_difficulty(page: str):
    text = (LAB / page).read_text("utf-8")
    places = [text.index(f'make exercises ARGS="{exercise}"') for exercise in EXERCISES]
    assert places == sorted(places)


def test_hidden_tests_are_red_on_this_tree_and_say_what_is_not_there_yet(tmp_path: Path):
    report = tmp_path / "report.xml"
    done = run(ROOT, EXERCISES, tmp_path, f"--junitxml={report}")
    assert done.returncode == 1, done.stdout + done.stderr
    cases = list(ET.parse(report).iter("testcase"))
    assert len(cases) > 4 * len(EXERCISES)
    for case in cases:
        # A fixture that fails counts as an error.
        (problem,) = [part for part in case if part.tag in ("failure", "error")]
        said = (problem.get("message") or "") + (problem.text or "")
        assert "AssertionError" in said, f"{case.get('name')}: {said}"
        assert " yet" in said, f"{case.get('name')}: {said}"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_hidden_tests_are_green_with_the_model_solution(exercise: str, tmp_path: Path):
    done = run(solved(exercise, tmp_path), [exercise], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
