"""Open pages of drivers: what they see, what they are told, and what they missed."""

import json
from collections.abc import AsyncIterator

import pytest

from evcharge.central.rules.commands import MarkTicketShown
from evcharge.domain.ids import Role
from tests.component.page_server import Desk, opened
from tests.unit.central.builders import KWH
from tests.unit.central.pages import Shown


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened(Shown(points=3, drivers=3)) as desk:
        yield desk


async def test_a_driver_sees_its_own_charge_and_which_points_are_free_and_nothing_else(desk: Desk):
    town = desk.town
    other = town.charging("D02", "CP002")
    town.draws(other, 21_000, KWH)
    async with desk.page("D01", Role.DRIVER) as page:
        first = await page.frame()
        assert first["t"] == "snap"
        assert sorted(first["c"]) == [[i, f"CP00{i + 1}", "Alicante", 2_500, "", 0] for i in range(3)]
        assert first["free"] == [0, 2]
        assert first["me"]["session"] is None
        session = town.charging("D01", "CP001")
        for number in range(3):
            town.draws(session, 20_000 + number, (number + 1) * KWH)
        shown = await page.until(lambda frame: frame["me"]["session"])
        charge = shown["me"]["session"]
        assert (charge["step"], charge["cp_id"], charge["power"]) == (
            "CHARGING",
            "CP001",
            [20_000, 20_001, 20_002],
        )
        assert (charge["energy_mwh"], charge["cost_cents"]) == (3 * KWH, 75)
        assert shown["free"] == [2]
        town.ends(session)
        ended = await page.until(lambda frame: frame["me"]["tickets"])
        assert ended["me"]["session"] is None
        assert ended["me"]["tickets"][0]["session_id"] == session.session_id
        town.holds(cp_id=None)
        await page.until(lambda frame: not frame["free"])
        said = json.dumps(page.frames)
        assert "D02" not in said
        assert other.session_id not in said
        assert "kpi" not in said


async def test_a_driver_hears_why_it_was_refused_in_both_languages(desk: Desk):
    async with desk.page("D01", Role.DRIVER) as page:
        await page.frame()
        desk.town.holds(cp_id="CP001")
        desk.town.asks("D01", "CP001", request_id="R-web-0001")
        frame = await page.until(lambda frame: frame["me"]["refused"])
        refused = frame["me"]["refused"]
        assert refused["request_id"] == "R-web-0001"
        assert "not available" in refused["en"]
        assert "no disponible" in refused["es"]


async def test_tickets_leave_the_page_when_they_were_seen(desk: Desk):
    town = desk.town
    town.ends(town.charging("D01", "CP001", more_mwh=KWH))
    desk.books.unseen["D01"] = list(town.tickets)
    async with desk.page("D01", Role.DRIVER) as page, desk.page("D01", Role.DRIVER) as other:
        for one in (page, other):
            first = await one.frame()
            assert [row["session_id"] for row in first["me"]["tickets"]] == [town.tickets[0].session_id]
        town.does(MarkTicketShown, driver_id="D01", session_id=town.tickets[0].session_id)
        for one in (page, other):
            await one.until(lambda frame: not frame["me"]["tickets"])


async def test_a_long_inbox_comes_little_by_little_and_in_order(desk: Desk):
    town = desk.town
    for _ in range(120):
        town.ends(town.charging("D01", "CP001", more_mwh=1))
    desk.books.unseen["D01"] = list(town.tickets)
    seen: list[str] = []
    async with desk.page("D01", Role.DRIVER) as page:
        while len(seen) < 120:
            frame = await page.until(lambda frame: set(unseen(frame)) - set(seen))
            for session_id in unseen(frame):
                if session_id not in seen:
                    seen.append(session_id)
                    town.does(MarkTicketShown, driver_id="D01", session_id=session_id)
    assert seen == [ticket.session_id for ticket in town.tickets]


def unseen(frame: dict) -> list[str]:
    return [row["session_id"] for row in frame["me"]["tickets"]]


async def test_a_driver_that_was_never_here_gets_a_wallet(desk: Desk):
    async with desk.page("D77", Role.DRIVER) as page:
        assert (await page.frame())["me"]["balance_cents"] == 2_000


async def test_a_driver_that_returns_is_told_what_it_missed(desk: Desk):
    async with desk.page("D01", Role.DRIVER) as page:
        first = await page.frame()
    async with desk.page("D01", Role.DRIVER, since=first["rev"], epoch=first["epoch"]) as page:
        again = await page.frame()
        assert (again["t"], again["c"], again["free"]) == ("d", [], [0, 1, 2])
