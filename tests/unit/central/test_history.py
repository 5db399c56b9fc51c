"""How long which status was shown: rows for the books."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from evcharge.central.history import MAX_DAYS, Shown, Statuses, days
from evcharge.charging_point import ChargingPoint, CpStatus, Hold
from tests.unit.central.builders import NOON

HEARD = ChargingPoint(cp_id="CP001", monitor_link=1, monitor_heard=True, engine_link=2)
GONE = replace(HEARD, monitor_heard=False)
LATER = NOON + timedelta(minutes=10)


def taken(statuses: Statuses, *points: tuple[ChargingPoint, datetime]) -> list[dict]:
    """Return the rows for `status_daily`, once they are committed."""
    news = statuses.news(points)
    rows = list(statuses.daily_rows(news))
    statuses.take(news)
    return rows


def test_the_first_thing_that_is_shown_is_news():
    statuses = Statuses()
    news = statuses.news([(HEARD, NOON)])
    assert statuses.get("CP001") is None
    assert list(statuses.log_rows(news)) == [
        {"cp_id": "CP001", "at": "2026-01-01T12:00:00.000000+00:00", "status": "Available", "reason": ""}
    ]
    statuses.take(news)
    assert statuses["CP001"] == Shown(CpStatus.AVAILABLE, "", NOON)


def test_what_stays_as_it_is_is_no_news():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    assert statuses.news([(replace(HEARD, last_used=7), LATER)]) == {}


def test_the_time_until_a_change_counts_for_what_was_shown_until_then():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    assert taken(statuses, (GONE, LATER)) == [
        {"cp_id": "CP001", "day": "2026-01-01", "status": "Available", "ms": 600_000, "times": 0},
        {"cp_id": "CP001", "day": "2026-01-01", "status": "Disconnected", "ms": 0, "times": 1},
    ]


def test_another_reason_is_told_but_is_no_new_fault():
    statuses = Statuses()
    taken(statuses, (replace(HEARD, fault="hot"), NOON))
    rows = taken(statuses, (replace(HEARD, fault="hotter"), LATER))
    assert [(row["status"], row["ms"], row["times"]) for row in rows] == [("Faulted", 600_000, 0)]
    assert statuses["CP001"].reason == "hotter"


def test_whoever_is_withdrawn_shows_nothing_until_it_comes_back():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    left = replace(HEARD, withdrawn=True, revoked=True)
    rows = taken(statuses, (left, LATER))
    assert (rows[0]["status"], rows[0]["ms"]) == ("Available", 600_000)
    assert statuses.get("CP001") is None
    # As the books tell it after a restart.
    statuses = Statuses({"CP001": statuses["CP001"]})
    rows = taken(statuses, (HEARD, LATER + timedelta(days=3)))
    assert [(row["status"], row["ms"]) for row in rows] == [("Available", 0)]
    assert statuses.get("CP001") == Shown(CpStatus.AVAILABLE, "", LATER + timedelta(days=3))


def test_of_several_changes_at_once_the_last_counts():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    held = replace(HEARD, holds=frozenset({Hold.OPERATOR}))
    assert statuses.news([(held, LATER), (HEARD, LATER)]) == {}
    assert statuses.news([(HEARD, LATER), (held, LATER)])["CP001"].status is CpStatus.UNAVAILABLE


def test_a_time_over_midnight_is_split():
    since = NOON.replace(hour=23, minute=59)
    assert list(days(since, since + timedelta(minutes=3))) == [
        ("2026-01-01", 60_000),
        ("2026-01-02", 120_000),
    ]


def test_a_time_of_several_days_fills_each():
    assert [ms for _, ms in days(NOON, NOON + timedelta(days=2))] == [43_200_000, 86_400_000, 43_200_000]


def test_days_are_those_of_utc():
    madrid = timezone(timedelta(hours=2))
    since = datetime(2026, 1, 2, 1, tzinfo=madrid)
    assert list(days(since, since + timedelta(hours=2))) == [
        ("2026-01-01", 3_600_000),
        ("2026-01-02", 3_600_000),
    ]


@pytest.mark.parametrize("back", [timedelta(), timedelta(days=400)])
def test_a_clock_that_went_back_gives_no_time(back: timedelta):
    assert list(days(NOON, NOON - back)) == []
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    assert [row["ms"] for row in taken(statuses, (GONE, NOON - back))] == [0]


def test_a_clock_that_was_centuries_wrong_fills_no_table():
    assert len(list(days(datetime(1, 1, 1, tzinfo=UTC), NOON))) == MAX_DAYS
