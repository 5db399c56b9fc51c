"""A charging point's links: what its monitor reports, and what becomes of a charge when one is lost."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from tests.unit.central.builders import NOON, Network, only, said


def test_a_point_is_disconnected_until_its_monitor_has_spoken(network: Network):
    network.engine()
    assert network.point().status is CpStatus.DISCONNECTED
    decision = network.does(c.MonitorArrives, cp_id="CP001", link=9, epoch=0, location="")
    assert said(decision) == [events.MonitorConnected]
    assert network.point().status is CpStatus.DISCONNECTED
    decision = network.does(c.MonitorReports, cp_id="CP001", link=9, fault=None)
    assert said(decision) == [events.MonitorSpoke]
    assert network.point().status is CpStatus.AVAILABLE


def test_a_point_whose_monitor_comes_first_is_faulted_until_the_engine_has_a_link(network: Network):
    network.monitor()
    assert (network.point().status, network.point().reason) == (CpStatus.FAULTED, "no link to Central")
    network.engine()
    assert network.point().status is CpStatus.AVAILABLE


def test_a_first_report_of_a_fault_is_heard_and_faults_the_point(town: Network):
    decision = town.monitor(fault="overheating")
    assert said(decision) == [events.MonitorSpoke, events.FaultReported]
    assert (town.point().status, town.point().reason) == (CpStatus.FAULTED, "overheating")


def test_a_fault_that_is_gone_is_cleared(town: Network):
    town.reports("overheating")
    decision = town.reports(None)
    assert only(decision, events.FaultCleared).fault == "overheating"
    assert town.point().status is CpStatus.AVAILABLE


def test_a_report_that_changes_nothing_is_not_stored(town: Network):
    assert town.reports(None).is_empty
    town.reports("overheating")
    assert town.reports("overheating").is_empty


def test_another_fault_is_reported_too(town: Network):
    town.reports("overheating")
    assert only(town.reports("door open"), events.FaultReported).fault == "door open"


def test_a_fault_outlives_the_link_of_its_monitor(town: Network):
    town.reports("overheating")
    town.monitor_leaves()
    assert town.point().status is CpStatus.DISCONNECTED
    assert town.point().fault == "overheating"
    decision = town.monitor(fault="overheating")
    assert said(decision) == [events.MonitorSpoke]


def test_a_report_over_an_old_link_is_not_believed(town: Network):
    old = town.point().monitor_link
    town.monitor()
    refusal = town.refuses(c.MonitorReports, cp_id="CP001", link=old, fault="overheating")
    assert refusal.code is Code.DUPLICATE


def test_a_report_about_an_unknown_point_changes_nothing(network: Network):
    refusal = network.refuses(c.MonitorReports, cp_id="CP009", link=1, fault="overheating")
    assert refusal.code is Code.DUPLICATE


def test_a_point_without_its_engine_is_faulted(town: Network):
    decision = town.engine_leaves()
    lost = only(decision, events.EngineLost)
    assert (lost.session_id, lost.driver_id, lost.reason) == (None, None, "cut")
    assert (town.point().status, town.point().reason) == (CpStatus.FAULTED, "no link to Central")


def test_a_point_without_its_monitor_is_disconnected(town: Network):
    assert said(town.monitor_leaves()) == [events.MonitorLost]
    assert town.point().status is CpStatus.DISCONNECTED


@pytest.mark.parametrize("kind", [c.EngineLeaves, c.MonitorLeaves])
def test_the_end_of_a_link_that_was_replaced_changes_nothing(town: Network, kind: type[c.AnyCommand]):
    assert town.does(kind, cp_id="CP001", link=999, reason="cut").is_empty
    assert town.does(kind, cp_id="CP009", link=1, reason="cut").is_empty
    assert town.point().status is CpStatus.AVAILABLE


def test_the_driver_hears_that_the_engine_of_its_charge_is_silent(town: Network):
    session = town.charging()
    lost = only(town.engine_leaves(), events.EngineLost)
    assert (lost.session_id, lost.driver_id) == (session.session_id, "D01")
    assert town.session(session.session_id).stop_reason is None


def broken(town: Network) -> Decision:
    """The engine ends its charge for a fault, before its monitor has asked."""
    session = town.charging()
    return town.sends(town.engines["CP001"].ended(session.session_id, 1_000, "fault"))


def test_a_fault_that_ends_a_charge_is_shown_before_the_monitor_tells_of_it(town: Network):
    kinds = said(broken(town))
    assert kinds.index(events.FaultReported) < kinds.index(events.TicketMade)
    assert (town.point().status, town.point().reason) == (
        CpStatus.FAULTED,
        "its engine ended a charge for a fault",
    )
    # The monitor tells that a car stands there before it has asked again.
    town.reports(None, occupied=True)
    assert town.point().status is CpStatus.FAULTED
    assert only(town.reports("broken (KO)"), events.FaultReported).fault == "broken (KO)"
    # It was found in time: nothing is taken back.
    assert town.does(c.FaultUnconfirmed, cp_id="CP001").is_empty
    assert town.point().status is CpStatus.FAULTED
    town.reports(None)
    assert town.point().status is CpStatus.AVAILABLE


def test_a_fault_that_no_monitor_finds_is_over(town: Network):
    broken(town)
    assert said(town.does(c.FaultUnconfirmed, cp_id="CP001")) == [events.FaultCleared]
    assert town.point().status is CpStatus.AVAILABLE


def test_a_monitor_that_is_new_knows_better_than_an_engine_that_broke(town: Network):
    broken(town)
    town.monitor()
    assert town.point().status is CpStatus.AVAILABLE


def test_what_an_engine_tells_of_an_old_fault_is_no_news(town: Network):
    session = town.charging()
    town.engine_leaves()
    end = town.engines["CP001"].ended(session.session_id, 1_000, "fault")
    town.engine()
    assert events.FaultReported not in said(town.sends(end))
    assert town.point().status is CpStatus.AVAILABLE


def test_the_driver_whose_charge_a_fault_ended_does_not_hear_that_it_goes_on(town: Network):
    town.charging()
    town.reports("engine lost")
    assert only(town.engine_leaves(), events.EngineLost).driver_id is None


def test_a_running_charge_goes_on_when_the_monitor_dies(town: Network):
    session = town.charging()
    decision = town.monitor_leaves()
    lost = only(decision, events.MonitorLost)
    assert (lost.session_id, lost.driver_id) == (session.session_id, "D01")
    assert town.session(session.session_id).stop_reason is None
    assert town.point().status is CpStatus.DISCONNECTED


def test_a_charge_that_has_not_begun_is_taken_back_when_the_monitor_dies(town: Network):
    session = town.authorised()
    decision = town.monitor_leaves()
    assert said(decision) == [events.MonitorLost, events.StopOrdered]
    # Its driver is not told that the charge goes on.
    assert only(decision, events.MonitorLost).driver_id is None
    assert town.session(session.session_id).stop_reason is EndReason.MONITOR_LOST


def test_operators_may_want_a_running_charge_to_stop_with_its_monitor():
    network = Network(Rules(now=NOON, welcome_credit_cents=2_000, stop_on_monitor_lost=True))
    network.point_is_there()
    network.driver_is_there()
    network.charging()
    decision = network.monitor_leaves()
    assert only(decision, events.StopOrdered).reason is EndReason.MONITOR_LOST
    assert only(decision, events.MonitorLost).driver_id is None


def test_a_monitor_lost_without_a_session_stops_nothing():
    network = Network(Rules(now=NOON, stop_on_monitor_lost=True))
    network.point_is_there()
    assert said(network.monitor_leaves()) == [events.MonitorLost]


def test_a_fault_ends_the_charge_and_tells_what_it_has_so_far(town: Network):
    session = town.charging(more_mwh=1_234_567)
    decision = town.reports("overheating")
    assert said(decision) == [events.FaultReported, events.StopOrdered, events.SessionInterrupted]
    interrupted = only(decision, events.SessionInterrupted)
    assert (interrupted.energy_mwh, interrupted.reason) == (1_234_567, "overheating")
    assert town.session(session.session_id).stop_reason is EndReason.FAULT
    assert town.point().status is CpStatus.FAULTED


@pytest.mark.parametrize(("live_mwh", "told_mwh"), [(0, 1_000), (999, 1_000), (1_700, 1_700)])
def test_an_interrupted_driver_is_told_what_its_screen_showed_last(
    town: Network, live_mwh: int, told_mwh: int
):
    town.charging(more_mwh=1_000)
    link = town.point().monitor_link
    decision = town.does(c.MonitorReports, cp_id="CP001", link=link, fault="overheating", live_mwh=live_mwh)
    assert only(decision, events.SessionInterrupted).energy_mwh == told_mwh


def test_a_fault_before_power_flowed_promises_no_ticket(town: Network):
    town.authorised()
    assert said(town.reports("overheating")) == [events.FaultReported, events.StopOrdered]


def test_a_second_fault_does_not_interrupt_again(town: Network):
    town.charging()
    town.reports("overheating")
    assert said(town.reports("door open")) == [events.FaultReported]


def test_a_monitor_that_leaves_says_why(town: Network):
    assert only(town.monitor_leaves(), events.MonitorLost).reason == "cut"
