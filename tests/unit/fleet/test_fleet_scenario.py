"""What befalls a fleet, as a file tells it, and whom."""

import pytest

from evcharge.domain.errors import BadInput
from evcharge.fleet.fleet_scenario import Blow, Scenario, Turn, parse, struck
from evcharge.fleet.tally import percentile

TEXT = """
seconds = 20
charge_s = 5

[[turns]]
at_s = 3
what = "blackout"
share = 0.25

[[turns]]
at_s = 9
what = "surge"
"""


def test_a_file_tells_how_long_and_what_happens():
    assert parse(TEXT, "a.toml") == Scenario(
        seconds=20.0,
        charge_s=5.0,
        turns=(Turn(at_s=3.0, what=Blow.BLACKOUT, share=0.25), Turn(at_s=9.0, what=Blow.SURGE)),
    )
    assert parse("", "a.toml") == Scenario()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seconds = ", "a.toml: this is not TOML: write key = value, with text between double quotes"),
        ("seconds = 0", "a.toml is not a scenario: "),
        ("minutes = 3", "a.toml is not a scenario: "),
        ('[[turns]]\nat_s = 1\nwhat = "earthquake"', "a.toml is not a scenario: "),
        ('[[turns]]\nat_s = 1\nwhat = "cold"\nshare = 2', "a.toml is not a scenario: "),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, sentence: str):
    with pytest.raises(BadInput) as caught:
        parse(text, "a.toml")
    assert caught.value.text.startswith(sentence)


def test_a_seed_strikes_the_same_ones_each_time_and_another_seed_others():
    turn = Turn(at_s=3.0, what=Blow.FAULTS, share=0.25)
    first = struck(turn, 100, seed=1)
    assert len(first) == 25
    assert first == struck(turn, 100, seed=1)
    assert first != struck(turn, 100, seed=2)
    assert first != struck(Turn(at_s=4.0, what=Blow.FAULTS, share=0.25), 100, seed=1)
    assert struck(Turn(at_s=3.0, what=Blow.FAULTS, share=0.001), 10, seed=1) != []
    assert struck(Turn(at_s=3.0, what=Blow.FAULTS, share=1), 3, seed=1) == [0, 1, 2]


@pytest.mark.parametrize(
    ("waits", "share", "wait_ms"), [([], 0.99, 0.0), ([0.2], 0.5, 200.0), ([0.3, 0.1, 0.2], 0.5, 200.0)]
)
def test_percentiles_are_in_milliseconds(waits: list[float], share: float, wait_ms: float):
    assert percentile(waits, share) == pytest.approx(wait_ms)
