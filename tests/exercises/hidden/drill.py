"""Exercise "drill": the drill `driver-back` is in the catalogue, and shows what it is to show."""

from collections.abc import Callable
from typing import Any

import pytest

from evcharge.drills.course import Act, Proof
from evcharge.drills.wording import DrillWords
from evcharge.labels.drills import SENTENCES

NAME = "driver-back"


@pytest.fixture
def drill(named: Callable[[str, str], Any]) -> Any:
    drills = named("evcharge.drills.catalogue", "DRILLS")
    assert NAME in drills, f"the catalogue has no drill {NAME} yet"
    return drills[NAME]


def proofs(step: Any) -> set[Proof]:
    return {one.proof for one in step.expects}


def test_the_app_dies_and_comes_back_before_the_car_is_unplugged(drill: Any):
    assert [step.act for step in drill.steps] == [Act.CHARGE, Act.KILL_DRIVER, Act.START_DRIVER, Act.UNPLUG]


def test_the_charge_goes_on_without_its_app_and_with_the_new_one(drill: Any):
    _, dead, back, _ = drill.steps
    assert Proof.GROWS in proofs(dead)
    assert proofs(back) >= {Proof.GROWS, Proof.DRIVER_SAYS}


def test_it_ends_with_one_ticket_which_the_driver_is_told(drill: Any):
    assert proofs(drill.steps[-1]) >= {Proof.TICKET, Proof.DRIVER_SAYS}


def test_every_step_says_where_to_look(drill: Any):
    assert all(step.look and step.expects for step in drill.steps)


def test_what_it_shows_is_said_in_both_languages(drill: Any):
    assert f"t {NAME}" in SENTENCES, "labels/drills.py does not say what it shows yet"
    english, spanish = (DrillWords(lang, "CP001", "D01").title(drill) for lang in ("en", "es"))
    assert english != spanish
