"""What a charging point's programs hear of it from Central."""

import logging

import pytest

from evcharge.cp.standing import KNOWN_HOLDS, Standing
from evcharge.domain.charging_point import Hold
from evcharge.labels import Speech
from evcharge.labels.point import SENTENCES
from evcharge.terminal.fault_log import FaultLog


@pytest.fixture
def standing() -> Standing:
    return Standing("CP001", Speech(SENTENCES, "en"), FaultLog())


def test_what_withholds_it_is_told_once_and_its_end_too(standing: Standing, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    for holds in (["operator"], ["operator"], ["operator", "weather"], ["weather"], [], []):
        standing.hear_holds(holds)
    assert [record.message for record in caplog.records] == [
        "Out of Order at Central: an operator stopped it",
        "Out of Order at Central: an operator stopped it, the weather there",
        "Out of Order at Central: the weather there",
        "In service again at Central",
    ]
    assert standing.withheld == ""


def test_without_a_connection_nothing_is_known_of_it(standing: Standing):
    standing.hear_holds(["journal"])
    assert standing.withheld == "Out of Order at Central: its journal is new: an operator must confirm that"
    standing.forget_holds()
    assert standing.withheld == ""


def test_what_a_later_release_withholds_it_for_is_shown_as_it_is_called(standing: Standing):
    standing.hear_holds(["maintenance"])
    assert standing.withheld == "Out of Order at Central: maintenance"


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_hold_has_its_words(lang: str):
    words = Speech(SENTENCES, lang)
    assert set(Hold) == KNOWN_HOLDS
    assert all(words(f"held {hold}") for hold in Hold)
