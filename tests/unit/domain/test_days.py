"""Days of a time zone: their ends, and what falls between them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.days import MAX_DAYS, UTC_DAYS, Days
from tests.unit.central.builders import NOON

ZONES = {
    name: Days(ZoneInfo(name), name)
    for name in (
        "UTC", "Europe/Madrid", "Pacific/Auckland", "Pacific/Honolulu", "Asia/Kathmandu", "Pacific/Apia",
        "America/St_Johns", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe",
    )
}  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 23),
        ("Europe/Madrid", date(2026, 10, 25), 25),
        ("Europe/Madrid", date(2026, 12, 31), 24),
        ("Pacific/Auckland", date(2026, 9, 27), 23),
        ("Pacific/Auckland", date(2026, 4, 5), 25),
        ("Pacific/Honolulu", date(2026, 10, 31), 24),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        # The clocks went from 00:00 to 01:00: the day began at one.
        ("Asia/Beirut", date(2022, 3, 27), 23),
        # They went back to 23:00, or to 23:01: the day before went on, or a minute of the next day was over.
        ("Asia/Beirut", date(2022, 10, 29), 25),
        ("America/St_Johns", date(2010, 11, 7), 25),
        # Samoa went over the date line.
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: date, hours: float):
    days = ZONES[zone]
    begin, end = days.begin(day), days.end(day)
    assert end - begin == timedelta(hours=hours)
    assert list(days.parts(begin, end)) == ([(day, hours * 3_600_000)] if hours else [])
    assert days.of(end) > day
    assert days.of(begin - timedelta(microseconds=1)) < day
    assert days.last_instant(day) == (end - timedelta(microseconds=1) if hours else begin)


def test_the_day_before_does_not_come_again_when_clocks_go_back_over_midnight():
    zone = ZoneInfo("America/St_Johns")
    midnight = datetime(2010, 11, 7, 0, 0, tzinfo=zone).astimezone(UTC)
    # At 00:01 they go back to 23:01: clocks show the sixth once more.
    for minutes in (0, 1, 30, 61, 90):
        assert Days(zone).of(midnight + timedelta(minutes=minutes)) == date(2010, 11, 7)
    assert Days(zone).of(midnight - timedelta(microseconds=1)) == date(2010, 11, 6)


# Milliseconds since 2005, for 25 years.
INSTANTS = st.integers(0, 788_940_000_000).map(
    lambda ms: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


@pytest.mark.parametrize("zone", ZONES)
@given(near=INSTANTS, ms=st.integers(0, 10**9))
def test_every_instant_is_in_the_one_day_that_holds_it(zone: str, near: datetime, ms: int):
    days = ZONES[zone]
    day = Days(days.zone, days.name).of(near)
    assert days.begin(day) <= near < days.end(day)
    assert days.of(near) == day
    parts = list(days.parts(near, near + timedelta(milliseconds=ms)))
    assert sum(part_ms for _, part_ms in parts) == ms
    assert [part for part, _ in parts] == sorted({part for part, _ in parts})


def test_a_clock_that_went_back_gives_no_time():
    for back in (timedelta(), timedelta(days=400)):
        assert list(UTC_DAYS.parts(NOON, NOON - back)) == []


def test_a_clock_that_was_centuries_wrong_fills_no_table():
    assert len(list(UTC_DAYS.parts(datetime(1, 1, 1, tzinfo=UTC), NOON))) == MAX_DAYS


@pytest.mark.parametrize("zone", ZONES)
def test_the_calendar_has_a_first_and_a_last_day(zone: str):
    days = ZONES[zone]
    assert days.begin(date.min) < days.end(date.min)
    assert days.begin(date.max) < days.end(date.max)
