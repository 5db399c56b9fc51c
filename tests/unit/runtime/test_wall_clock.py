"""A clock that can be meant, and instants at the end of the calendar."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from evcharge.central.views.today import Today
from evcharge.domain import local_time
from evcharge.domain.days import Days
from evcharge.domain.events import TicketMade
from evcharge.driver.words import Words
from evcharge.evc1.messages import TicketIssued
from evcharge.operator import tables
from evcharge.runtime import wall_clock
from evcharge.terminal.fault_log import clock

END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def madrid(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone ahead of UTC, where the last hour of the calendar is beyond it."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Madrid")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("now", "is_usable"),
    [
        (1.0, True),
        (1_765_737_000.5, True),
        (7_258_118_399.0, True),
        (0.0, False),
        (-1.0, False),
        (2e11, False),
    ],
)
def test_a_clock_is_usable_from_1970_to_2199(now: float, is_usable: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evcharge.runtime.wall_clock.time.time", lambda: now)
    assert wall_clock.is_usable() is is_usable


@pytest.mark.usefixtures("madrid")
def test_the_end_of_the_calendar_can_be_shown():
    assert local_time.here(END_OF_TIME) == END_OF_TIME
    assert clock(END_OF_TIME) == "23:59:59"
    assert tables.local("9999-12-31T23:59:59Z") == "9999-12-31 23:59:59"
    assert tables.local("0001-01-01T00:00:00Z").endswith("00:00:00")


@pytest.mark.usefixtures("madrid")
def test_a_ticket_of_the_end_of_the_calendar_is_shown_and_counted():
    late = TicketIssued(
        session_id="S-D01-CP001-1234567890abcdef",
        request_id="R-00000001",
        cp_id="CP001",
        energy_mwh=0,
        cost_cents=0,
        price=0,
        reason="driver",
        started_at=0.0,
        ended_at=0.0,
        estimated=False,
        received_at=END_OF_TIME.timestamp(),
    )
    (note,) = Words("en").notes(late)
    assert "9999-12-31 23:59" in note
    today = Today(Days(ZoneInfo("Europe/Madrid"), "Europe/Madrid"), END_OF_TIME)
    ended = TicketMade(
        session_id=late.session_id,
        request_id=late.request_id,
        cp_id="CP001",
        driver_id="D01",
        energy_mwh=0,
        cost_cents=0,
        price_centi_cents_per_kwh=0,
        reason="driver",
        started_at=0.0,
        ended_at=END_OF_TIME.timestamp(),
        estimated=False,
        balance_cents=0,
    )
    today.on_event(ended, END_OF_TIME)
    assert today.sessions == 1


@pytest.mark.usefixtures("madrid")
def test_an_ordinary_instant_is_shown_in_the_zone_of_this_computer():
    assert tables.local("2026-11-21T08:30:00Z") == "2026-11-21 09:30:00"
