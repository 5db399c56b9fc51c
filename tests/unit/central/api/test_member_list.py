"""What `/api/members` says of Registries and Centrals that are away."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from evcharge.central.api.resources.member_list import MemberRoutes
from evcharge.central.views.alerts import Alerts
from evcharge.domain.events import MemberAway
from evcharge.domain.strict_json import read_json
from evcharge.storage.members import Cause, CentralMember, Lead

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
URLS = ("https://a:5001", "https://b:5001")


async def told(urls: tuple[str, ...], membership: Any = None) -> dict[str, Any]:
    alerts = Alerts()
    alerts.take(MemberAway(role="registry", name="b:5001", why="no answer in time"), NOON)
    alerts.take(MemberAway(role="central", name="B", why="silent for 5 s"), NOON)
    request: Any = None
    answer = await MemberRoutes(membership, urls, alerts).members(request, request)
    found: dict[str, Any] = read_json(answer.body, dict[str, Any])
    return found


async def test_of_several_registries_the_one_that_is_away_says_since_when_and_why():
    found = await told(URLS)
    assert found["registries"] == [
        {"name": "a:5001", "away_since": None, "why": ""},
        {"name": "b:5001", "away_since": NOON.isoformat(), "why": "no answer in time"},
    ]
    assert (found["leader"], found["members"]) == (None, [])
    assert (await told(URLS[:1]))["registries"] == []


async def test_of_several_centrals_the_one_that_is_away_says_since_when():
    async def members() -> tuple[Lead, list[CentralMember]]:
        lead = Lead(name="A", since=NOON, cause=Cause.FIRST, before="")
        about = {"address": "", "version": "1", "since": NOON}
        return lead, [
            CentralMember(name=name, alive=name == "A", leads=name == "A", **about) for name in "AB"
        ]

    found = await told(URLS[:1], SimpleNamespace(members=members))
    assert [(one["name"], one["away_since"]) for one in found["members"]] == [
        ("A", None),
        ("B", NOON.isoformat()),
    ]
