"""Alerts begin at one value and end at another: whatever is measured, they never flap."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.location import WeatherKind
from evcharge.weather.readings import Reading
from evcharge.weather.thresholds import Thresholds, alerts, is_openweather_storm, is_wmo_storm

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NONE: frozenset[WeatherKind] = frozenset()
LIMITS = Thresholds()
celsius = st.floats(-60, 60)
winds = st.none() | st.floats(0, 60)
readings = st.builds(
    Reading, celsius=celsius, wind_m_per_s=winds, storm=st.booleans(), measured_at=st.just(NOON)
)


def measured(celsius: float = 20.0, wind: float | None = 3.0, *, storm: bool = False) -> Reading:
    return Reading(celsius=celsius, wind_m_per_s=wind, storm=storm, measured_at=NOON)


def after(*found: Reading, limits: Thresholds = LIMITS) -> frozenset[WeatherKind]:
    now = NONE
    for reading in found:
        now = alerts(now, reading, limits)
    return now


def test_good_weather_is_no_alert():
    assert after(measured()) == NONE


def test_cold_begins_below_zero_and_not_at_zero():
    assert after(measured(0.0)) == NONE
    assert after(measured(-0.01)) == {WeatherKind.COLD}


@pytest.mark.parametrize(("later", "left"), [(0.0, True), (0.99, True), (1.0, False), (12.0, False)])
def test_cold_ends_only_at_its_second_value(later: float, left: bool):
    assert (WeatherKind.COLD in after(measured(-3.0), measured(later))) is left


@pytest.mark.parametrize(("later", "left"), [(40.0, True), (38.1, True), (38.0, False), (20.0, False)])
def test_heat_begins_above_its_first_value_and_ends_at_its_second(later: float, left: bool):
    assert after(measured(40.0)) == NONE
    assert (WeatherKind.HEAT in after(measured(40.1), measured(later))) is left


@pytest.mark.parametrize(("later", "left"), [(20.0, True), (17.1, True), (17.0, False), (0.0, False)])
def test_wind_begins_above_its_first_value_and_ends_at_its_second(later: float, left: bool):
    assert after(measured(wind=20.0)) == NONE
    assert (WeatherKind.WIND in after(measured(wind=20.1), measured(wind=later))) is left


def test_a_wind_that_is_not_told_begins_nothing_and_ends_nothing():
    assert after(measured(wind=None)) == NONE
    assert after(measured(wind=30.0), measured(wind=None)) == {WeatherKind.WIND}


def test_a_storm_is_an_alert_unless_the_settings_say_otherwise():
    assert after(measured(storm=True)) == {WeatherKind.STORM}
    assert after(measured(storm=True), measured()) == NONE
    assert after(measured(storm=True), limits=Thresholds(storm=False)) == NONE


def test_several_alerts_end_one_by_one():
    assert after(measured(-5, 30, storm=True)) == {WeatherKind.COLD, WeatherKind.WIND, WeatherKind.STORM}
    assert after(measured(-5, 30, storm=True), measured(-5, 5)) == {WeatherKind.COLD}


@given(st.lists(readings, max_size=30))
def test_what_is_decided_depends_on_the_last_reading_and_what_was_before_only(found: list[Reading]):
    now = after(*found)
    if found:
        # Said again, it changes nothing.
        assert alerts(now, found[-1], LIMITS) == now


@given(celsius, st.lists(st.floats(0.0, 0.999), min_size=1, max_size=40))
def test_a_temperature_that_trembles_between_the_two_values_changes_nothing(
    start: float, trembling: list[float]
):
    first = alerts(NONE, measured(start), LIMITS)
    states = [first]
    for value in trembling:
        states.append(alerts(states[-1], measured(value), LIMITS))
    cold = [WeatherKind.COLD in state for state in states]
    assert all(before == later for before, later in pairwise(cold))


@given(st.lists(celsius, max_size=60))
def test_every_change_of_the_cold_alert_has_crossed_the_whole_gap(values: list[float]):
    now, turned_at = NONE, None
    for value in values:
        then = alerts(now, measured(value), LIMITS)
        if (WeatherKind.COLD in then) != (WeatherKind.COLD in now):
            if turned_at is not None:
                assert abs(value - turned_at) >= LIMITS.cold_clear - LIMITS.cold_below
            turned_at = value
        now = then


@given(readings, st.sets(st.sampled_from(WeatherKind)))
def test_beyond_both_values_the_past_does_not_matter(reading: Reading, before: set[WeatherKind]):
    now = alerts(frozenset(before), reading, LIMITS)
    if reading.celsius < LIMITS.cold_below:
        assert WeatherKind.COLD in now
    if reading.celsius >= LIMITS.cold_clear:
        assert WeatherKind.COLD not in now
    assert not {WeatherKind.COLD, WeatherKind.HEAT} <= now


def test_which_codes_are_storms():
    assert [code for code in range(100) if is_wmo_storm(code)] == [95, 96, 99]
    storms = [code for code in range(1000) if is_openweather_storm(code)]
    assert storms == [*range(200, 300), 771, 781]
