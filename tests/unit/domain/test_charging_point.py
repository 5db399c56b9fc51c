"""The status of a charging point follows from its facts (docs/adr/0001)."""

from dataclasses import replace

import pytest

from evcharge.domain.charging_point import NEW_JOURNAL, NO_LINK, OCCUPIED, ChargingPoint, CpStatus, Hold
from evcharge.domain.ids import CpId, SessionId

GREY, RED, ORANGE = CpStatus.DISCONNECTED, CpStatus.FAULTED, CpStatus.UNAVAILABLE
GREEN, SUPPLIES = CpStatus.AVAILABLE, CpStatus.CHARGING

# monitor alive, engine ok, operator's hold, weather's hold, session -> shown
TABLE = """
    no  no  no  no  no   Disconnected
    no  no  no  no  yes  Disconnected
    no  no  no  yes no   Disconnected
    no  no  no  yes yes  Disconnected
    no  no  yes no  no   Disconnected
    no  no  yes no  yes  Disconnected
    no  no  yes yes no   Disconnected
    no  no  yes yes yes  Disconnected
    no  yes no  no  no   Disconnected
    no  yes no  no  yes  Disconnected
    no  yes no  yes no   Disconnected
    no  yes no  yes yes  Disconnected
    no  yes yes no  no   Disconnected
    no  yes yes no  yes  Disconnected
    no  yes yes yes no   Disconnected
    no  yes yes yes yes  Disconnected
    yes no  no  no  no   Faulted
    yes no  no  no  yes  Faulted
    yes no  no  yes no   Faulted
    yes no  no  yes yes  Faulted
    yes no  yes no  no   Faulted
    yes no  yes no  yes  Faulted
    yes no  yes yes no   Faulted
    yes no  yes yes yes  Faulted
    yes yes no  no  no   Available
    yes yes no  no  yes  Charging
    yes yes no  yes no   Unavailable
    yes yes no  yes yes  Unavailable
    yes yes yes no  no   Unavailable
    yes yes yes no  yes  Unavailable
    yes yes yes yes no   Unavailable
    yes yes yes yes yes  Unavailable
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]

WELL = ChargingPoint(cp_id=CpId("CP001"), monitor_link=1, monitor_heard=True, engine_link=2)


def holds(operator: str, weather: str, *, as_operator: Hold = Hold.OPERATOR) -> frozenset[Hold]:
    wanted = {as_operator: operator, Hold.WEATHER: weather}
    return frozenset(hold for hold, placed in wanted.items() if placed == "yes")


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
@pytest.mark.parametrize(
    "broken", [{"fault": "overheating"}, {"engine_link": None}], ids=["fault", "no-link"]
)
@pytest.mark.parametrize("hold", [Hold.OPERATOR, Hold.JOURNAL])
@pytest.mark.parametrize("occupied", [False, True], ids=["free", "occupied"])
def test_what_is_shown_in_each_of_the_32_cases(row: list[str], broken: dict, hold: Hold, occupied: bool):
    monitor, engine, operator, weather, session, shown = row
    point = replace(WELL, holds=holds(operator, weather, as_operator=hold), occupied=occupied)
    if monitor == "no":
        point = replace(point, monitor_link=None, monitor_heard=False)
    if engine == "no":
        point = replace(point, **broken)
    if session == "yes":
        point = replace(point, session_id=SessionId("S-1"), charging=True)
    # A vehicle that is plugged in matters only where nothing else is to be said.
    assert point.status == (CpStatus.FINISHING if occupied and shown == "Available" else shown)


def test_the_table_has_every_case_once():
    assert len({tuple(row[:5]) for row in ROWS}) == len(ROWS) == 32


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        ({}, GREEN, ""),
        ({"session_id": "S-1"}, CpStatus.PREPARING, ""),
        ({"session_id": "S-1", "charging": True}, SUPPLIES, ""),
        ({"fault": "overheating"}, RED, "overheating"),
        ({"fault": ""}, RED, ""),
        ({"engine_link": None}, RED, NO_LINK),
        ({"engine_link": None, "fault": "overheating"}, RED, "overheating"),
        ({"holds": frozenset({Hold.WEATHER})}, ORANGE, "weather"),
        ({"holds": frozenset({Hold.JOURNAL})}, ORANGE, NEW_JOURNAL),
        ({"holds": frozenset(Hold)}, ORANGE, "new journal not confirmed, operator, weather"),
        ({"occupied": True}, CpStatus.FINISHING, OCCUPIED),
        ({"monitor_heard": False}, GREY, "its monitor is not heard"),
        ({"revoked": True}, ORANGE, "key revoked"),
        ({"revoked": True, "monitor_heard": False, "fault": "overheating"}, ORANGE, "key revoked"),
    ],
)
def test_a_status_has_a_reason_in_plain_words(facts: dict, status: CpStatus, reason: str):
    point = replace(WELL, **facts)
    assert (point.status, point.reason) == (status, reason)


def test_a_monitor_that_logged_in_and_said_nothing_is_not_heard():
    assert replace(WELL, monitor_heard=False).status is GREY
