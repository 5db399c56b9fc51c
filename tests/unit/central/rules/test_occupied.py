"""A charging point is free when nobody stands there: what a vehicle that stays plugged in means for the next driver."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.replies import RequestStep
from evcharge.domain import events as e
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from tests.unit.central.builders import KWH, Network, in_english, said


@pytest.fixture
def town() -> Network:
    town = Network()
    town.point_is_there("CP001")
    town.driver_is_there("D01")
    town.driver_is_there("D02")
    return town


def answer(town: Network, driver_id: str, cp_id: str | None) -> RequestStep:
    reply = town.asks(driver_id, cp_id).reply
    assert isinstance(reply, RequestStep)
    return reply


def left_plugged_in(town: Network, reason: str = "battery full") -> None:
    """D01's vehicle has charged at CP001, and stands there still."""
    session = town.charging("D01", "CP001", KWH)
    town.plugged()
    town.sends(town.engines["CP001"].ended(session.session_id, reason=reason))


def test_a_full_vehicle_that_stays_plugged_in_is_shown_until_it_goes(town: Network):
    left_plugged_in(town)
    assert town.point().status is CpStatus.FINISHING
    assert said(town.reports(None)) == [e.VehicleUnplugged]
    assert town.point().status is CpStatus.AVAILABLE


def test_any_never_assigns_an_occupied_point(town: Network):
    left_plugged_in(town)
    assert answer(town, "D02", None).code == Code.NONE_AVAILABLE
    town.point_is_there("CP002")
    assert answer(town, "D02", None).cp_id == "CP002"


def test_by_name_it_is_refused_to_all_but_the_driver_whose_vehicle_it_is(town: Network):
    left_plugged_in(town)
    refusal = answer(town, "D02", "CP001")
    assert refusal.code == Code.CP_OCCUPIED
    assert in_english(refusal) == "CP001 is occupied: another driver's vehicle is still plugged in."
    assert answer(town, "D01", "CP001").step == "ASKING"


def test_a_vehicle_plugged_in_before_its_driver_asks_is_no_obstacle(town: Network):
    assert said(town.plugged()) == [e.VehiclePluggedIn]
    assert answer(town, "D02", "CP001").step == "ASKING"


def test_an_unplugged_vehicle_leaves_the_point_free_in_the_decision_that_ends_its_charge(town: Network):
    session = town.charging("D01", "CP001", KWH)
    town.plugged()
    decision = town.sends(town.engines["CP001"].ended(session.session_id, reason="unplugged"))
    assert e.VehicleUnplugged in said(decision)
    assert town.point().status is CpStatus.AVAILABLE
    assert town.point().occupied_by is None


def test_what_is_plugged_in_is_said_once(town: Network):
    town.plugged()
    assert said(town.plugged()) == []


def test_whose_vehicle_it_is_outlives_a_monitor_that_was_away(town: Network):
    left_plugged_in(town)
    town.monitor_leaves()
    assert town.point().status is CpStatus.DISCONNECTED
    town.does(c.MonitorArrives, cp_id="CP001", link=town.link(), epoch=0, location="")
    town.plugged()
    assert answer(town, "D02", "CP001").code == Code.CP_OCCUPIED


def test_an_end_that_is_told_late_does_not_take_away_the_vehicle_that_has_come_since(town: Network):
    session = town.charging("D01", "CP001", KWH)
    town.plugged()
    town.engine_leaves()
    # Without a link the charge ends, its vehicle goes, and another one comes.
    end = town.engines["CP001"].ended(session.session_id, reason="unplugged")
    town.reports(None)
    town.plugged()
    town.engine()
    assert e.VehicleUnplugged not in said(town.sends(end))
    assert town.point().status is CpStatus.FINISHING
    assert answer(town, "D02", None).code == Code.NONE_AVAILABLE
    assert answer(town, "D02", "CP001").step == "ASKING"


def test_a_vehicle_that_has_come_since_is_nobodys_although_its_monitor_has_not_seen_the_other_one_go(
    town: Network,
):
    session = town.charging("D01", "CP001", KWH)
    town.plugged()
    town.engine_leaves()
    town.monitor_leaves()
    end = town.engines["CP001"].ended(session.session_id, reason="unplugged")
    town.does(c.MonitorArrives, cp_id="CP001", link=town.link(), epoch=0, location="")
    town.plugged()
    town.engine()
    town.sends(end)
    assert town.point().status is CpStatus.FINISHING
    assert answer(town, "D02", "CP001").step == "ASKING"


@pytest.mark.parametrize(("has_gone", "step"), [(True, "ASKING"), (False, "REFUSED")])
def test_whose_vehicle_it_is_when_an_end_is_told_late_is_known_by_whether_one_went(
    town: Network, has_gone: bool, step: str
):
    session = town.charging("D01", "CP001", KWH)
    town.plugged()
    town.engine_leaves()
    end = town.engines["CP001"].ended(session.session_id, reason="battery full")
    if has_gone:
        town.reports(None)
        town.plugged()
    town.engine()
    town.sends(end)
    assert answer(town, "D02", "CP001").step == step


def test_a_start_and_an_end_that_are_told_late_say_nothing_of_who_stands_there_now(town: Network):
    session = town.authorised("D01", "CP001")
    town.engine_leaves()
    engine = town.engines["CP001"]
    records = engine.started(session.session_id), engine.ended(session.session_id, KWH, reason="battery full")
    town.plugged()
    town.engine()
    town.sends(*records)
    assert answer(town, "D02", "CP001").step == "ASKING"


def test_a_monitor_that_cannot_say_what_stands_there_keeps_nobody_away(town: Network):
    left_plugged_in(town)
    town.monitor_leaves()
    town.monitor()
    assert town.point().status is CpStatus.AVAILABLE
    assert answer(town, "D02", None).step == "ASKING"
