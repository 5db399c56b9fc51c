"""What is free, by name and by last use, kept as an index: the same as whoever looks at every charging point finds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evcharge.central.rules.facts import Facts
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.domain.charging_point import ChargingPoint, CpStatus
from evcharge.domain.ids import CpId, SessionId
from evcharge.domain.location import Location

TOWNS = ("Elche", "ELCHE, ES", "Elche, FR", "León", "leon", "")
CHANGES = st.builds(
    lambda number, town, last_used, trouble: replace(
        ChargingPoint(cp_id=CpId(f"CP{number}"), monitor_link=1, engine_link=2, monitor_heard=True),
        location=Location(town),
        last_used=last_used,
        **trouble,
    ),
    st.integers(1, 8),
    st.sampled_from(TOWNS),
    st.integers(0, 4),
    st.sampled_from(
        [
            {},
            {},
            {"fault": "engine lost"},
            {"withdrawn": True},
            {"revoked": True},
            {"monitor_link": None},
            {"session_id": SessionId("S-1")},
        ]
    ),
)


def by_looking(points: dict[CpId, ChargingPoint], town_key: str) -> list[ChargingPoint]:
    """Return what is free there, the one that was used longest ago first, by looking at all."""
    found = [
        point
        for point in points.values()
        if point.status is CpStatus.AVAILABLE and town_key in ("", point.location.town_key)
    ]
    return sorted(found, key=lambda point: (point.last_used, point.cp_id))


@given(st.lists(CHANGES, max_size=30), st.lists(CHANGES, max_size=8), st.integers(0, 5))
def test_the_index_of_free_points_is_what_looking_at_all_of_them_finds(committed, pending, most):
    facts, points = Facts(), dict[CpId, ChargingPoint]()
    for change in committed:
        facts.put(change)
        points[change.cp_id] = change
        free = by_looking(points, "")
        assert facts.available(most) == sorted(free, key=lambda point: point.cp_id)[:most]
        for town_key in {Location(town).town_key for town in TOWNS}:
            assert list(facts.free(town_key)) == by_looking(points, town_key)
    draft = PendingFacts(facts)
    for change in pending:
        draft.put(change)
        points[change.cp_id] = change
        for town_key in {Location(town).town_key for town in TOWNS}:
            assert list(draft.free(town_key)) == by_looking(points, town_key)
