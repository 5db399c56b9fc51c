"""Dates and instants in a query."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from evcharge.central.api.kit.date_ranges import DAYS, MAX_DAYS, days, instants, month, read_instant
from evcharge.domain.days import UTC_DAYS, Days
from evcharge.domain.errors import BadInput

TODAY = date(2026, 11, 21)
EAST, WEST = (Days(ZoneInfo(name), name) for name in ("Pacific/Auckland", "Pacific/Honolulu"))


def test_a_date_is_the_whole_day():
    found = instants({"from": "2026-11-01", "to": "2026-11-02"}, UTC_DAYS)
    assert found == {
        "since": datetime(2026, 11, 1, tzinfo=UTC),
        "until": datetime(2026, 11, 2, 23, 59, 59, 999999, UTC),
    }
    assert instants({}, UTC_DAYS) == {"since": None, "until": None}


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T08:30:00Z",
        "2026-11-21T09:30+01:00",
        "2026-11-21T09:30 01:00",
        "2026-11-21 08:30:00.000000z",
    ],
)
def test_an_instant_is_taken_in_any_zone(text: str):
    assert read_instant(text) == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert instants({"from": text}, UTC_DAYS)["since"] == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


BAD = [
    "", "x", "2026", "2026-13-01", "2026-02-30", "20261121", "2026-W01-1", "2026-11-21T08:30", "２０２６-11-21", "NaN",
    "2026-11-21T25:00Z", "0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00", "2026-11-21\n", "1763712000", "0000-01-01",
    "2026-11-21T08:30:00+99:99", "-001-01-01", "2026-11-21;DROP TABLE ticket",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("name", ["from", "to"])
def test_what_is_no_date_is_refused_by_name(text: str, name: str):
    with pytest.raises(BadInput, match=f"^{name} must be"):
        instants({name: text}, UTC_DAYS)
    with pytest.raises(BadInput, match=f"^{name} must be"):
        days({name: text}, TODAY)


@pytest.mark.parametrize(
    "reader", [lambda query: instants(query, UTC_DAYS), lambda query: days(query, TODAY)]
)
def test_an_end_before_its_beginning_is_refused(reader):
    with pytest.raises(BadInput, match="later"):
        reader({"from": "2026-11-02", "to": "2026-11-01"})


def test_without_dates_it_is_the_last_month():
    first, last = days({}, TODAY)
    assert (last, (last - first).days) == (TODAY, DAYS - 1)


@pytest.mark.parametrize("zone", [UTC_DAYS, EAST, WEST])
def test_the_ends_of_the_calendar_are_dates(zone: Days):
    assert days({"to": "0001-01-01"}, TODAY) == (date.min, date.min)
    assert days({"from": "9999-12-31", "to": "9999-12-31"}, TODAY) == (date.max, date.max)
    found = instants({"from": "0001-01-01", "to": "9999-12-31"}, zone)
    assert found["since"] < found["until"]


def test_a_date_is_a_day_of_the_network():
    assert instants({"from": "2026-11-01", "to": "2026-11-01"}, EAST) == {
        "since": datetime(2026, 10, 31, 11, tzinfo=UTC),
        "until": datetime(2026, 11, 1, 10, 59, 59, 999999, UTC),
    }


def test_the_last_days_are_counted_from_today():
    assert days({"days": "7"}, TODAY) == (date(2026, 11, 15), TODAY)
    assert days({"days": "1", "to": "2026-01-01"}, TODAY) == (date(2026, 1, 1), date(2026, 1, 1))
    for query in ({"days": "0"}, {"days": "367"}, {"days": "x"}, {"days": "7", "from": "2026-11-01"}):
        with pytest.raises(BadInput, match="^days"):
            days(query, TODAY)


def test_more_than_a_year_at_once_is_refused():
    assert days({"from": "2024-01-01", "to": "2024-12-31"}, TODAY)
    with pytest.raises(BadInput, match=str(MAX_DAYS)):
        days({"from": "2024-01-01", "to": "2025-01-01"}, TODAY)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({"month": "2026-02"}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"month": "2028-02"}, date(2028, 2, 1), date(2028, 2, 29)),
        ({"month": "9999-12"}, date(9999, 12, 1), date(9999, 12, 31)),
        ({}, date(2026, 11, 1), date(2026, 11, 30)),
    ],
)
def test_a_month_is_its_first_and_its_last_day(query: dict, first: date, last: date):
    assert month(query, date(2026, 11, 30)) == (first, last)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "0000-01", "2026-11-01", "2026-11\n", "², "]
)
def test_what_is_no_month_is_refused(text: str):
    with pytest.raises(BadInput, match="2026-11"):
        month({"month": text}, date(2026, 11, 30))
