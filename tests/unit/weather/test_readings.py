"""What a source says is believed only when it can be true, here and now."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.weather.readings import (
    MAX_AGE,
    MAX_AHEAD,
    SourceTrouble,
    Spot,
    believed,
    check_spot,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def told(celsius=12.5, wind=3.0, at=NOON):
    return believed(celsius, wind, storm=False, measured_at=at.timestamp(), now=NOON)


def trouble(*args, **kwargs) -> str:
    with pytest.raises(SourceTrouble) as caught:
        told(*args, **kwargs)
    return caught.value.name


def test_a_good_measurement_is_believed():
    reading = told()
    assert (reading.celsius, reading.wind_m_per_s, reading.measured_at) == (12.5, 3.0, NOON)
    assert told(wind=None).wind_m_per_s is None


@pytest.mark.parametrize("celsius", [-100.0, 100.0])
def test_the_coldest_and_the_hottest_are_possible(celsius: float):
    assert told(celsius).celsius == celsius


@pytest.mark.parametrize("celsius", [-100.1, 285.6, 1e308, math.inf, -math.inf, math.nan])
def test_what_cannot_be_was_not_measured(celsius: float):
    assert trouble(celsius) == "absurd temperature"


@pytest.mark.parametrize("wind", [-0.1, 150.1, math.nan, math.inf])
def test_a_wind_that_cannot_be_is_none(wind: float):
    assert trouble(wind=wind) == "absurd wind"


def test_without_a_temperature_there_is_no_weather():
    assert trouble(None) == "no temperature"


def test_yesterdays_weather_is_not_todays():
    assert told(at=NOON - MAX_AGE).celsius == 12.5
    assert trouble(at=NOON - MAX_AGE - timedelta(seconds=1)) == "too late"
    assert told(at=NOON + MAX_AHEAD).celsius == 12.5
    assert trouble(at=NOON + MAX_AHEAD + timedelta(seconds=1)) == "from the future"


@given(st.floats())
def test_no_number_of_seconds_is_more_than_a_sentence(seconds: float):
    try:
        believed(1.0, None, storm=False, measured_at=seconds, now=NOON)
    except SourceTrouble as problem:
        assert problem.name in ("nonsense", "too late", "from the future")


ALICANTE = Spot(38.345, -0.481)


@pytest.mark.parametrize(("latitude", "longitude"), [(38.345, -0.481), (38.375, -0.5), (38.0, -0.9)])
def test_the_nearest_station_may_answer(latitude: float, longitude: float):
    check_spot(ALICANTE, latitude, longitude)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(40.4, -3.7), (38.345, 0.1), (math.nan, -0.481), (38.345, math.inf), (-38.3, -0.4)],
)
def test_another_city_may_not(latitude: float, longitude: float):
    with pytest.raises(SourceTrouble, match="another place"):
        check_spot(ALICANTE, latitude, longitude)


def test_the_date_line_is_no_distance():
    check_spot(Spot(-17.0, 179.95), -17.0, -179.9)
