"""How long which status was shown: rows for the books."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from evcharge.central.books.status_history import START_GRACE, Shown, Statuses, is_late
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.days import Days
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
    noon = "2026-01-01T12:00:00.000000+00:00"
    assert list(statuses.log_rows(news)) == [
        {
            "cp_id": "CP001", "at": noon, "status": "Available", "reason": "", "held": "Available", "held_since": noon,
            "fault_since": None, "fault_counted": True,
        }
    ]  # fmt: skip
    statuses.take(news)
    assert statuses["CP001"] == Shown(CpStatus.AVAILABLE, "", NOON, CpStatus.AVAILABLE, NOON)


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
    back = LATER + timedelta(days=3)
    assert statuses.get("CP001") == Shown(CpStatus.AVAILABLE, "", back, CpStatus.AVAILABLE, back)


def test_whoever_is_withdrawn_is_not_missed_while_central_is_away_or_its_clock_is_set():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON), (replace(HEARD, withdrawn=True, revoked=True), LATER))
    assert statuses.gap(minutes(20)) == {}
    assert statuses.begun_anew(minutes(20), 3600) == {}
    assert list(statuses.broken_off(minutes(20))) == list(statuses.daily_rows_until(minutes(20))) == []


def test_whoever_comes_back_without_a_key_is_as_old_as_its_return():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON), (replace(HEARD, withdrawn=True, revoked=True), LATER))
    rows = taken(statuses, (replace(HEARD, revoked=True), minutes(30)))
    assert [(row["status"], row["times"]) for row in rows] == [("Unavailable", 1)]
    assert statuses.since("CP001", CpStatus.UNAVAILABLE) == minutes(30)


# ---- one incident, one fault

HOT = replace(HEARD, fault="hot")
UNLINKED = replace(HEARD, engine_link=None)


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def faults(*points: tuple[ChargingPoint, datetime], statuses: Statuses | None = None) -> int:
    """Return how many faults are counted while these are shown, one after the other."""
    statuses = statuses or Statuses()
    rows = [row for point in points for row in taken(statuses, point)]
    return sum(row["times"] for row in rows if row["status"] == "Faulted")


def test_a_fault_is_counted_when_it_begins():
    assert faults((HEARD, NOON), (HOT, LATER)) == 1


def test_a_fault_whose_text_changes_is_one():
    hotter, unlinked = replace(HOT, fault="hotter"), replace(HOT, engine_link=None)
    assert faults((HEARD, NOON), (HOT, minutes(1)), (hotter, minutes(2)), (unlinked, minutes(3))) == 1


def test_a_fault_whose_monitor_is_lost_meanwhile_is_one():
    assert faults((HEARD, NOON), (HOT, minutes(1)), (GONE, minutes(2)), (HOT, minutes(9))) == 1


@pytest.mark.parametrize("well", [HEARD, replace(HEARD, holds=frozenset({Hold.OPERATOR}))])
def test_a_fault_after_it_was_mended_is_another(well: ChargingPoint):
    assert faults((HEARD, NOON), (HOT, minutes(1)), (well, minutes(2)), (HOT, minutes(3))) == 2


def test_a_monitor_that_starts_before_its_engine_makes_no_fault():
    assert faults((GONE, NOON), (UNLINKED, minutes(1)), (HEARD, minutes(1.4))) == 0
    assert faults((UNLINKED, NOON), (HEARD, minutes(0.5))) == 0


def test_an_engine_that_starts_before_its_monitor_makes_no_fault():
    assert faults((GONE, NOON), (HEARD, minutes(5))) == 0


def test_an_engine_that_does_not_come_is_a_fault_of_the_day_on_which_it_was_missed():
    late = NOON.replace(hour=23, minute=59)
    statuses = Statuses()
    rows = [
        *taken(statuses, (GONE, NOON)),
        *taken(statuses, (UNLINKED, late)),
        *taken(statuses, (HEARD, late + timedelta(hours=1))),
    ]
    counted = [(row["day"], row["times"]) for row in rows if row["status"] == "Faulted" and row["times"]]
    assert counted == [("2026-01-01", 1)]


def test_an_incident_that_may_be_a_start_is_late_once_it_has_taken_longer():
    statuses = Statuses()
    faults((GONE, NOON), (UNLINKED, NOON), statuses=statuses)
    incident = statuses["CP001"].incident
    assert not is_late(incident, NOON + START_GRACE)
    assert is_late(incident, NOON + START_GRACE + timedelta(seconds=1))
    faults((HEARD, LATER), (HOT, LATER), statuses=statuses)
    assert not is_late(statuses["CP001"].incident, LATER + timedelta(days=1)), "it is counted already"


# ---- while Central is away


def away(statuses: Statuses, since: datetime, until: datetime) -> list[dict]:
    """Central is away; return the rows of `status_daily`."""
    rows, news = [], statuses.gap(since)
    rows += statuses.daily_rows(news)
    statuses.take(news)
    statuses.awaited_until = until + START_GRACE
    return rows


def test_time_without_central_is_no_data_and_ends_what_was_shown_before():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    rows = [*away(statuses, minutes(10), minutes(70)), *taken(statuses, (HEARD, minutes(70)))]
    assert [(row["status"], row["ms"]) for row in rows if row["ms"]] == [
        ("Available", 600_000),
        ("NoData", 3_600_000),
    ]


def test_a_point_whose_monitor_comes_back_in_time_was_never_disconnected():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    away(statuses, minutes(10), minutes(20))
    assert statuses.news([(GONE, minutes(20.1))]) == {}
    taken(statuses, (HEARD, minutes(20.2)))
    assert statuses["CP001"].status is CpStatus.AVAILABLE


def test_a_point_whose_monitor_does_not_come_back_is_disconnected_once_it_had_time_enough():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    away(statuses, minutes(10), minutes(20))
    ((point, at),) = statuses.unheard([GONE])
    assert at == minutes(20.5)
    taken(statuses, (point, at))
    assert (statuses["CP001"].status, statuses["CP001"].since) == (CpStatus.DISCONNECTED, at)
    assert list(statuses.unheard([GONE])) == []


def test_healthy_points_have_no_faults_after_central_was_killed():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    away(statuses, minutes(10), minutes(20))
    assert faults((UNLINKED, minutes(20.1)), (HEARD, minutes(20.2)), statuses=statuses) == 0


def test_a_fault_that_central_finds_again_is_the_same():
    statuses = Statuses()
    assert faults((HEARD, NOON), (HOT, minutes(1)), statuses=statuses) == 1
    away(statuses, minutes(10), minutes(20))
    assert faults((HOT, minutes(20.1)), (HEARD, minutes(30)), statuses=statuses) == 0


def test_ages_survive_an_absence_of_central():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON), (HOT, minutes(1)))
    away(statuses, minutes(10), minutes(20))
    assert statuses.since("CP001", CpStatus.DISCONNECTED) is None
    taken(statuses, (replace(HOT, fault="hotter"), minutes(20.1)))
    assert statuses.since("CP001", CpStatus.FAULTED) == minutes(1)
    taken(statuses, (HEARD, minutes(21)))
    assert statuses.since("CP001", CpStatus.AVAILABLE) == minutes(21)


def test_two_absences_in_a_row_are_one_gap_in_what_is_known():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    away(statuses, minutes(10), minutes(20))
    assert away(statuses, minutes(21), minutes(30)) == []
    taken(statuses, (HEARD, minutes(30)))
    assert statuses.since("CP001", CpStatus.AVAILABLE) == NOON


def test_what_a_draft_takes_in_is_not_known_beneath():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    draft = statuses.draft()
    draft.take(draft.gap(LATER))
    assert draft["CP001"].status is None
    assert statuses["CP001"].status is CpStatus.AVAILABLE


# ---- when the clock is set


def test_ages_and_faults_are_as_old_after_the_clock_was_set():
    statuses = Statuses()
    assert faults((HEARD, NOON), (HOT, minutes(1)), statuses=statuses) == 1
    an_hour_back = minutes(10) - timedelta(hours=1)
    statuses.set_clock(an_hour_back, -3600)
    shown = statuses["CP001"]
    assert (shown.since, an_hour_back - shown.held_since) == (an_hour_back, timedelta(minutes=9))
    assert shown.incident is not None
    assert an_hour_back - shown.incident.began == timedelta(minutes=9)
    assert faults((HEARD, an_hour_back + timedelta(minutes=1)), statuses=statuses) == 0


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_a_monitor_that_does_not_come():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    away(statuses, minutes(10), minutes(20))
    an_hour_back = minutes(20) - timedelta(hours=1)
    statuses.set_clock(an_hour_back, -3600)
    assert not statuses.has_waited(an_hour_back)
    assert statuses.has_waited(an_hour_back + START_GRACE)


# ---- rows and days


def test_of_several_changes_at_once_the_last_counts():
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    held = replace(HEARD, holds=frozenset({Hold.OPERATOR}))
    assert statuses.news([(held, LATER), (HEARD, LATER)]) == {}
    assert statuses.news([(HEARD, LATER), (held, LATER)])["CP001"].status is CpStatus.UNAVAILABLE


def test_times_are_split_by_the_days_of_the_network():
    statuses = Statuses(days=Days(ZoneInfo("Pacific/Honolulu"), "Pacific/Honolulu"))
    taken(statuses, (HEARD, NOON))
    rows = taken(statuses, (GONE, NOON + timedelta(days=1)))
    assert [(row["day"], row["status"], row["ms"], row["times"]) for row in rows] == [
        ("2026-01-01", "Available", 22 * 3_600_000, 0),
        ("2026-01-02", "Available", 2 * 3_600_000, 0),
        ("2026-01-02", "Disconnected", 0, 1),
    ]


@pytest.mark.parametrize("back", [timedelta(), timedelta(days=400)])
def test_a_clock_that_went_back_gives_no_time(back: timedelta):
    statuses = Statuses()
    taken(statuses, (HEARD, NOON))
    assert [row["ms"] for row in taken(statuses, (GONE, NOON - back))] == [0]
