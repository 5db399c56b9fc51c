"""Any point: which one a request gets that names none, or only a location."""

import pytest

from evcharge.central.rules.facts import Facts
from evcharge.domain.errors import Code
from tests.unit.central.builders import (
    Network,
    in_english,
    refused,
)


def test_any_point_is_the_least_recently_used_one(town: Network):
    for cp_id in ("CP002", "CP003"):
        town.point_is_there(cp_id)
    chosen = []
    for number in range(6):
        driver = f"D{number + 10}"
        town.driver_is_there(driver)
        session = town.authorised(driver, cp_id=None)
        chosen.append(session.cp_id)
        town.sends(town.engines[session.cp_id].refused(session.session_id), cp_id=session.cp_id)
    assert chosen == ["CP001", "CP002", "CP003"] * 2


def test_any_point_is_found_among_the_free_ones_without_a_look_at_the_others(
    town: Network, monkeypatch: pytest.MonkeyPatch
):
    town.point_is_there("CP002")
    town.reports("on fire", "CP002")
    monkeypatch.delattr(Facts, "points")
    assert town.authorised(cp_id=None).cp_id == "CP001"
    town.driver_is_there("D02")
    assert town.asks("D02", cp_id=None).reply.code == Code.NONE_AVAILABLE


def test_any_point_prefers_the_drivers_location_whatever_its_case(town: Network):
    town.point_is_there("CP002", location="Elche")
    assert town.authorised(cp_id=None, location="ELCHE").cp_id == "CP002"


def test_a_point_elsewhere_is_offered_and_not_assigned(town: Network):
    town.point_is_there("CP002", location="Elche")
    reply = refused(town, cp_id=None, location="Madrid")
    assert (reply.code, reply.cp_id, reply.facts.reason) == (Code.NONE_NEAR, "CP001", "Alicante")
    assert in_english(reply) == "No charging point is free near Madrid; CP001 in Alicante is."


def test_a_location_that_is_full_leads_to_a_question(town: Network):
    town.point_is_there("CP002", location="Elche")
    town.driver_is_there("D02")
    town.authorised("D01", cp_id=None, location="Elche")
    assert refused(town, "D02", cp_id=None, location="Elche").code == Code.NONE_NEAR
    assert town.driver("D02").sessions == frozenset()


@pytest.mark.parametrize("wish", ["San  Juan", "san juan", "SAN JUÁN"])
def test_blanks_capitals_and_accents_of_a_wish_lead_nobody_to_another_city(town: Network, wish: str):
    town.point_is_there("CP002", location="San Juan")
    assert town.authorised(cp_id=None, location=wish).cp_id == "CP002"


def test_a_wish_may_leave_out_the_country_and_not_name_another(town: Network):
    town.point_is_there("CP002", location="Guadalajara, ES")
    assert refused(town, cp_id=None, location="Guadalajara, MX").code == Code.NONE_NEAR
    assert town.authorised(cp_id=None, location="guadalajara").cp_id == "CP002"


def test_no_point_available_is_said_plainly(town: Network):
    town.holds()
    reply = refused(town, cp_id=None)
    assert (reply.code, in_english(reply)) == (
        Code.NONE_AVAILABLE,
        "No charging point available at the moment.",
    )
