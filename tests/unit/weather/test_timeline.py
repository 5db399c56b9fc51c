"""Simulated weather: a timeline for each location."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.demo import scenario
from evcharge.domain.errors import ConfigError
from evcharge.domain.location import Location
from evcharge.weather.readings import SourceTrouble
from evcharge.weather.timeline import parse

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FRONT = """
# a front
0   Alicante: 14 3
60  Alicante: -4 12
90  ALICANTE: 2 25 storm     # in any spelling
120 Alicante: fails
150 Alicante: 3
0   San Vicente del Raspeig: 7 1
0   *: 18
"""


def at(seconds: float, location: str = "Alicante", text: str = FRONT):
    return parse(text).reading(Location(location), seconds, NOON)


def test_the_weather_moves_steadily_from_one_line_to_the_next():
    assert (at(0).celsius, at(0).wind_m_per_s) == (14, 3)
    assert (at(30).celsius, at(30).wind_m_per_s) == (5, 7.5)
    assert (at(60).celsius, at(75).celsius) == (-4, -1)
    assert at(0).measured_at == NOON


def test_a_storm_begins_and_ends_with_its_line():
    assert [at(seconds).storm for seconds in (89, 90, 119, 150)] == [False, True, True, False]


def test_a_source_that_fails_fails_until_the_next_line():
    assert at(119).celsius == 2
    for seconds in (120, 149):
        with pytest.raises(SourceTrouble, match="silent"):
            at(seconds)
    assert at(150).celsius == 3
    assert at(150).wind_m_per_s is None
    assert at(10_000).celsius == 3


def test_a_line_without_a_country_is_for_every_country():
    text = "0 Guadalajara: 25\n0 Guadalajara, ES: 7\n0 *: 18"
    assert [
        at(0, name, text).celsius for name in ("Guadalajara", "guadalajara ,es", "Guadalajara, MX", "Elche")
    ] == [
        25,
        7,
        25,
        18,
    ]


def test_names_may_hold_blanks_and_all_others_have_a_line():
    assert at(5, " san  vicente del RASPEIG").celsius == 7
    assert at(5, "Atlantis").celsius == 18
    with pytest.raises(SourceTrouble, match="unknown place"):
        at(5, "Atlantis", "0 Alicante: 1")


def test_before_the_first_line_there_is_its_weather():
    assert at(0, "Elche", "30 Elche: 4 2").celsius == 4


def test_it_may_begin_again():
    text = "0 Elche: 10\n50 Elche: 0\nrepeat 100"
    assert [at(seconds, "Elche", text).celsius for seconds in (0, 25, 60, 125)] == [10, 5, 0, 5]


def test_lines_may_stand_in_any_order():
    assert at(5, "Elche", "10 Elche: 20\n0 Elche: 10").celsius == 15


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Alicante: 3", "SECONDS LOCATION"),
        ("0 Alicante 3", "SECONDS LOCATION"),
        ("0 : 3", "SECONDS LOCATION"),
        ("0 Alicante:", "SECONDS LOCATION"),
        ("0 Alicante: warm", "'warm' is not a temperature"),
        ("0 Alicante: nan", "'nan' is not a temperature"),
        ("0 Alicante: 300", "is not a temperature in °C from -100 to 100"),
        ("0 Alicante: 3 -1", "is not a wind"),
        ("0 Alicante: 3 4 5", "come °C, then wind"),
        ("0 Alicante: storm", "come °C, then wind"),
        ("-1 Alicante: 3", "not a number of seconds"),
        ("repeat", "followed by a number"),
        ("repeat 0", "not a number of seconds from 1"),
    ],
)
def test_a_bad_line_is_named(line: str, why: str):
    with pytest.raises(ConfigError, match=f"front.txt line 2: .*{why}"):
        parse(f"0 *: 1\n{line}", "front.txt")


def test_an_empty_file_is_no_weather():
    with pytest.raises(ConfigError, match="no line says"):
        parse("# nothing\nrepeat 5")


def test_a_file_without_end_is_refused():
    with pytest.raises(ConfigError, match="more than 10000 lines"):
        parse("0 *: 1\n" * 10_001)


@given(st.text(max_size=60))
def test_whatever_stands_there_is_weather_or_a_sentence(text: str):
    with contextlib.suppress(ConfigError, SourceTrouble):
        parse(text).reading(Location("Elche"), 7.0, NOON)


@pytest.mark.parametrize("once", [True, False])
def test_the_weather_of_the_demo_can_be_played(once: bool):
    timeline = parse(scenario.timeline(once=once).read_text("utf-8"))
    coldest = min(
        timeline.reading(Location(city), seconds, NOON).celsius
        for city in scenario.CITIES
        for seconds in range(0, 240, 5)
    )
    # With --once every driver must get its tickets.
    assert (coldest > 1) is once


def test_the_sample_freezes_alicante_after_a_minute_and_not_before():
    sample = (Path(__file__).parents[3] / "front.txt").read_text("utf-8")
    temperatures = {seconds: at(seconds, text=sample).celsius for seconds in (0, 50, 60, 120)}
    assert {seconds: celsius < 0 for seconds, celsius in temperatures.items()} == {
        0: False,
        50: False,
        60: True,
        120: False,
    }
