"""Links, faults, holds, keys and drivers: each rule of the network in one sentence."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from evcharge.central.rules import commands as c
from evcharge.central.rules.accounts import ApiToken, seal
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.central.rules.commands import CENTRAL
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import TicketSeen, TransferKind
from evcharge.central.rules.replies import RequestStep
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import NEW_JOURNAL, CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.ids import Role
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import (
    ADMIN,
    JOURNAL,
    KWH,
    NOON,
    OTHER_JOURNAL,
    Network,
    in_english,
    only,
    remembered,
    said,
)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def town(network: Network) -> Network:
    """One charging point that is ready, one driver with 20.00 €."""
    network.point_is_there()
    network.driver_is_there()
    return network


# ---- charging points come and go


def test_a_point_seen_for_the_first_time_gets_the_usual_price(network: Network):
    decision = network.engine(location="Alicante", epoch=3)
    added = only(decision, events.PointAdded)
    assert (added.location, added.price_centi_cents_per_kwh) == ("Alicante", 2_500)
    point = network.point()
    assert (point.location.name, point.price_centi_cents_per_kwh, point.epoch) == ("Alicante", 2_500, 3)


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


def test_a_returning_point_is_not_new(town: Network):
    assert said(town.engine()) == [events.EngineConnected]


def test_a_ticket_without_a_location_does_not_erase_it(town: Network):
    town.engine(location="")
    assert town.point().location.name == "Alicante"


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


# ---- the engine's return


def test_an_engine_is_told_how_much_of_its_journal_is_committed(town: Network):
    town.charging(more_mwh=10)
    assert only(town.engine(), events.EngineConnected).last_seq == 2


def test_a_new_journal_starts_from_nothing_and_is_an_alarm(town: Network):
    town.charging(more_mwh=10)
    decision = town.engine(journal_id=OTHER_JOURNAL)
    replaced = only(decision, events.JournalReplaced)
    assert (replaced.old, replaced.new) == (JOURNAL, OTHER_JOURNAL)
    assert only(decision, events.EngineConnected).last_seq == 0
    assert town.facts.last_seq("CP001", OTHER_JOURNAL) == 0
    assert town.facts.last_seq("CP001", JOURNAL) == 2


def test_a_charge_whose_journal_is_gone_is_billed_at_its_last_meter_as_an_estimate(town: Network):
    session = town.charging(more_mwh=KWH)
    town.engine(journal_id=OTHER_JOURNAL)
    (ticket,) = town.tickets
    assert (ticket.session_id, ticket.energy_mwh, ticket.cost_cents) == (session.session_id, KWH, 25)
    assert (ticket.estimated, ticket.reason) == (True, EndReason.LOST)
    assert town.point().session_id is None
    assert town.point().engine_link is not None
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, NEW_JOURNAL)


def test_a_new_journal_is_asked_about_a_charge_that_may_not_have_begun_and_must_not_begin_now(town: Network):
    session = town.authorised()
    decision = town.engine(journal_id=OTHER_JOURNAL)
    connected = only(decision, events.EngineConnected)
    assert connected.ask == (session.session_id,)
    assert connected.stop == ((session.session_id, EndReason.LOST),)
    assert town.tickets == []


def test_a_first_journal_and_the_same_one_again_need_no_confirmation(town: Network):
    town.engine()
    assert town.point().holds == frozenset()


def test_a_change_of_access_is_stored_with_its_proof(town: Network):
    token = ApiToken(name="app", role=Role.SERVICE, token_sha256="d" * 64, created_at=NOON, created_by="ana")
    decision = town.does(c.ChangeAccess, event=events.TokenMade(name="app", role="service"), change=token)
    assert decision.changes == (token,)
    assert only(decision, events.TokenMade).seal == seal(token)


@pytest.mark.parametrize("by_hand", [None, c.ByHand(reach=c.Reach.DRIVER)])
def test_a_point_with_a_new_journal_takes_no_charge(town: Network, by_hand: c.ByHand | None):
    town.engine(journal_id=OTHER_JOURNAL)
    answer = town.asks(by_hand=by_hand).reply
    assert isinstance(answer, RequestStep)
    assert (
        in_english(answer)
        == "CP001 not available. CP out of service (Unavailable: new journal not confirmed)."
    )
    assert town.asks(cp_id=None).reply.code == Code.NONE_AVAILABLE


def test_closing_the_alert_of_a_new_journal_confirms_it(town: Network):
    town.engine(journal_id=OTHER_JOURNAL)
    decision = town.closes()
    assert said(decision) == [events.AlertClosed, events.HoldLifted]
    assert only(decision, events.AlertClosed).alert_id == "CP001-journal"
    assert only(decision, events.HoldLifted).hold is Hold.JOURNAL
    assert town.authorised().cp_id == "CP001"


def test_closing_another_alert_confirms_no_journal(town: Network):
    town.engine(journal_id=OTHER_JOURNAL)
    assert said(town.closes(AlertKind.QUARANTINE)) == [events.AlertClosed]
    assert said(town.closes(about="CP404")) == [events.AlertClosed]
    assert town.point().holds == {Hold.JOURNAL}


def test_confirming_a_journal_undoes_neither_the_operator_nor_the_weather(town: Network):
    town.engine(journal_id=OTHER_JOURNAL)
    town.holds(Hold.OPERATOR)
    town.holds(Hold.WEATHER)
    town.closes()
    assert town.point().holds == {Hold.OPERATOR, Hold.WEATHER}


@pytest.mark.parametrize("cp_id", ["CP001", None])
def test_resume_does_not_confirm_a_new_journal(town: Network, cp_id: str | None):
    town.holds(Hold.OPERATOR)
    town.engine(journal_id=OTHER_JOURNAL)
    assert only(town.lifts(Hold.OPERATOR, cp_id), events.HoldLifted).hold is Hold.OPERATOR
    assert town.point().holds == {Hold.JOURNAL}


def test_a_journal_replaced_twice_is_held_once_and_told_twice(town: Network):
    assert events.HoldPlaced in said(town.engine(journal_id=OTHER_JOURNAL))
    again = said(town.engine(journal_id=JOURNAL))
    assert events.JournalReplaced in again
    assert events.HoldPlaced not in again
    assert town.point().holds == {Hold.JOURNAL}


def test_an_old_journal_that_comes_back_goes_on_where_it_was(town: Network):
    town.charging(more_mwh=10)
    town.engine(journal_id=OTHER_JOURNAL)
    connected = only(town.does(
        c.EngineArrives, cp_id="CP001", link=99, epoch=0, location="", journal_id=JOURNAL, last_seq=2
    ), events.EngineConnected)  # fmt: skip
    assert connected.last_seq == 2


def test_a_returning_engine_is_asked_what_became_of_an_authorised_charge(town: Network):
    session = town.authorised()
    town.engine_leaves()
    connected = only(town.engine(), events.EngineConnected)
    assert (connected.ask, connected.stop) == ((session.session_id,), ())


def test_a_returning_engine_is_told_again_what_it_must_stop(town: Network):
    session = town.charging()
    town.engine_leaves()
    town.holds()
    connected = only(town.engine(), events.EngineConnected)
    assert connected.ask == ()
    assert connected.stop == ((session.session_id, EndReason.OPERATOR),)


def test_a_returning_engine_that_simply_charges_is_left_alone(town: Network):
    town.charging()
    connected = only(town.engine(), events.EngineConnected)
    assert (connected.ask, connected.stop) == ((), ())


# ---- holds


@pytest.mark.parametrize("hold", [Hold.OPERATOR, Hold.WEATHER])
def test_a_hold_takes_the_point_out_and_ends_its_charge(town: Network, hold: Hold):
    session = town.charging()
    decision = town.holds(hold)
    assert said(decision) == [events.HoldPlaced, events.StopOrdered]
    assert town.session(session.session_id).stop_reason == hold.value
    assert town.point().status is CpStatus.UNAVAILABLE


def test_a_hold_also_ends_a_charge_that_waits_for_the_plug(town: Network):
    session = town.authorised()
    town.holds(Hold.WEATHER)
    assert town.session(session.session_id).stop_reason is EndReason.WEATHER


def test_out_clicked_twice_is_one_out(town: Network):
    town.holds()
    assert town.holds().is_empty


def test_good_weather_does_not_undo_the_operator(town: Network):
    town.holds(Hold.OPERATOR)
    town.holds(Hold.WEATHER)
    town.lifts(Hold.WEATHER)
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, "operator")


def test_resume_under_a_weather_alert_leaves_the_point_out(town: Network):
    town.holds(Hold.OPERATOR)
    town.holds(Hold.WEATHER)
    assert only(town.lifts(Hold.OPERATOR), events.HoldLifted).hold is Hold.OPERATOR
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, "weather")


def test_resume_during_a_fault_leaves_the_point_faulted(town: Network):
    town.holds(Hold.OPERATOR)
    town.reports("overheating")
    town.lifts(Hold.OPERATOR)
    assert town.point().status is CpStatus.FAULTED


def test_a_recovery_lifts_no_hold(town: Network):
    town.holds(Hold.OPERATOR)
    town.reports("overheating")
    town.reports(None)
    assert town.point().status is CpStatus.UNAVAILABLE


def test_resume_of_a_point_that_is_not_held_changes_nothing(town: Network):
    assert town.lifts().is_empty


def test_all_points_are_held_and_resumed_at_once(town: Network):
    town.point_is_there("CP002")
    town.holds(cp_id="CP001")
    assert [structs.asdict(event)["cp_id"] for event in town.holds(cp_id=None).events] == ["CP002"]
    decision = town.lifts(cp_id=None)
    assert sorted(structs.asdict(event)["cp_id"] for event in decision.events) == ["CP001", "CP002"]
    assert town.point("CP002").status is CpStatus.AVAILABLE


@pytest.mark.parametrize("kind", [c.PlaceHold, c.LiftHold])
def test_an_unknown_point_cannot_be_held(town: Network, kind: type[c.AnyCommand]):
    refusal = town.refuses(kind, cp_id="CP009", hold=Hold.OPERATOR)
    assert (refusal.code, in_words(refusal)) == (Code.UNKNOWN_CP, "CP009 does not exist")


# ---- keys


def test_revoked_keys_end_the_charge_and_take_the_point_out(town: Network):
    session = town.charging()
    decision = town.does(c.RevokeKeys, subject="CP001")
    assert said(decision) == [events.StopOrdered, events.KeyRevoked]
    assert town.session(session.session_id).stop_reason is EndReason.REVOKED
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, "key revoked")
    assert town.point().epoch == 1


def test_a_revoked_point_does_not_return_with_its_old_keys(town: Network):
    town.does(c.RevokeKeys, subject="CP001")
    for kind, what in (
        (c.EngineArrives, {"journal_id": JOURNAL, "last_seq": 0}),
        (c.MonitorArrives, {}),
    ):
        refusal = town.refuses(kind, cp_id="CP001", link=50, epoch=0, location="", **what)
        assert refusal.code is Code.REVOKED


def test_a_revoked_point_returns_with_new_keys_and_finishes_its_charge(town: Network):
    session = town.charging(more_mwh=10)
    town.does(c.RevokeKeys, subject="CP001")
    town.engine_leaves()
    town.monitor_leaves()
    decision = town.engine(epoch=1)
    assert said(decision) == [events.KeyRestored, events.EngineConnected]
    assert only(decision, events.EngineConnected).stop == ((session.session_id, EndReason.REVOKED),)
    town.sends(town.engines["CP001"].ended(session.session_id, 5, reason="key revoked"))
    assert (town.tickets[0].energy_mwh, town.tickets[0].estimated) == (15, False)
    town.monitor(epoch=1)
    assert town.point().status is CpStatus.AVAILABLE


@pytest.mark.parametrize("charging", [False, True])
def test_a_revoked_point_may_return_with_new_keys_on_a_new_disk(town: Network, charging: bool):
    if charging:
        town.charging(more_mwh=10)
    town.does(c.RevokeKeys, subject="CP001")
    town.engine_leaves()
    town.engine(journal_id=OTHER_JOURNAL, epoch=4, location="Elche")
    point = town.point()
    assert (point.revoked, point.epoch, point.location.name, point.session_id) == (False, 4, "Elche", None)
    assert len(town.tickets) == charging


def holder_of(town: Network, subject: str):
    return town.point() if subject == "CP001" else town.driver()


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_what_is_revoked_already_is_not_revoked_beyond_the_next_credential(town: Network, subject: str):
    """A new one that the Registry issued meanwhile, which it calls epoch 1, must open the door."""
    town.does(c.RevokeKeys, subject=subject)
    assert town.does(c.RevokeKeys, subject=subject).is_empty
    assert holder_of(town, subject).epoch == 1


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_a_new_credential_that_the_registry_has_told_of_is_revoked_before_its_first_use(
    town: Network, subject: str
):
    town.does(c.RevokeKeys, subject=subject)
    assert not town.does(c.RevokeKeys, subject=subject, epoch=1).events
    revoked: Any
    (revoked,) = town.does(c.RevokeKeys, subject=subject).events
    assert revoked.epoch == holder_of(town, subject).epoch == 2
    assert town.does(c.RevokeKeys, subject=subject).is_empty


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_what_the_registry_disabled_an_operator_may_revoke_too(town: Network, subject: str):
    town.does(c.RevokeKeys, subject=subject, epoch=5)
    revoked: Any
    (revoked,) = town.does(c.RevokeKeys, subject=subject).events
    assert revoked.epoch == 6


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_the_registry_revokes_with_its_own_epoch_once(town: Network, subject: str):
    assert not town.does(c.RevokeKeys, subject=subject, epoch=5).is_empty
    holder = town.point() if subject == "CP001" else town.driver()
    assert holder.epoch == 5
    assert town.does(c.RevokeKeys, subject=subject, epoch=5).is_empty
    assert town.does(c.RevokeKeys, subject=subject, epoch=4).is_empty


def test_what_the_registry_says_of_keys_that_were_renewed_since_is_old(town: Network):
    town.engine(epoch=6)
    assert town.does(c.RevokeKeys, subject="CP001", epoch=5).is_empty
    assert not town.point().revoked


def test_a_revocation_of_somebody_unknown(network: Network):
    assert network.does(c.RevokeKeys, subject="CP009", epoch=1).is_empty
    refusal = network.refuses(c.RevokeKeys, subject="CP009")
    assert (refusal.code, in_words(refusal)) == (Code.ID, "CP009 is unknown here")


def test_a_blocked_driver_starts_nothing_and_its_charge_ends(town: Network):
    session = town.charging()
    decision = town.does(c.RevokeKeys, subject="D01")
    assert said(decision) == [events.StopOrdered, events.DriverBlocked]
    assert town.session(session.session_id).stop_reason is EndReason.REVOKED
    assert town.asks().reply.code == Code.DRIVER_BLOCKED


def test_a_blocked_driver_does_not_return_with_its_old_credential(town: Network):
    town.does(c.RevokeKeys, subject="D01")
    assert town.refuses(c.DriverArrives, driver_id="D01", link=50, epoch=0).code is Code.REVOKED


def test_a_blocked_driver_returns_with_a_new_credential_and_its_money(town: Network):
    town.does(c.RevokeKeys, subject="D01")
    decision = town.driver_is_there(epoch=1)
    assert said(decision) == [events.DriverUnblocked, events.DriverConnected]
    assert (town.driver().blocked, town.driver().balance_cents) == (False, 2_000)


# ---- drivers and money


def test_a_new_driver_is_welcomed_once(network: Network):
    decision = network.driver_is_there()
    assert said(decision) == [events.DriverAdded, events.WalletToppedUp, events.DriverConnected]
    assert (network.driver().balance_cents, network.driver().link) == (2_000, 1)
    assert [(one.kind, one.debit, one.credit, one.cents) for one in network.transfers] == [
        (TransferKind.TOP_UP, "outside", "wallet", 2_000)
    ]
    assert said(network.driver_is_there()) == [events.DriverConnected]
    assert network.driver().balance_cents == 2_000


def test_whoever_registers_drivers_without_end_makes_no_money(network: Network):
    network.rules = replace(network.rules, welcome_drivers=3, welcome_per_hour=2)
    found = []
    for number in range(6):
        decision = network.driver_is_there(f"D{number}")
        withheld = [event for event in decision.events if isinstance(event, events.WelcomeWithheld)]
        found += [(event.most, event.within_an_hour) for event in withheld]
        network.later(1 if number < 2 else 3600)
    assert [network.driver(f"D{number}").balance_cents for number in range(6)] == [
        2_000,
        2_000,
        0,
        2_000,
        0,
        0,
    ]
    assert found == [(2, True), (3, False), (3, False)]
    assert [one.reference for one in network.transfers] == ["welcome D0 0", "welcome D1 0", "welcome D3 0"]


def test_a_clock_that_is_set_back_makes_no_room_for_welcome_credits(network: Network):
    network.rules = replace(network.rules, welcome_per_hour=1)
    network.driver_is_there("D1")
    network.later(-7_200)
    network.driver_is_there("D2")
    assert network.driver("D2").balance_cents == 0


@pytest.mark.parametrize(
    "rules", [Rules(now=NOON), Rules(now=NOON, wallets=False, welcome_credit_cents=2_000)]
)
def test_without_a_welcome_credit_or_wallets_a_driver_starts_with_nothing(rules: Rules):
    network = Network(rules)
    assert said(network.driver_is_there()) == [events.DriverAdded, events.DriverConnected]
    assert network.driver().balance_cents == 0


def test_a_driver_that_leaves_keeps_its_charge(town: Network):
    session = town.charging()
    decision = town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    assert said(decision) == [events.DriverLost]
    assert town.driver().link is None
    assert town.session(session.session_id).stop_reason is None


def test_the_end_of_an_old_link_of_a_driver_changes_nothing(town: Network):
    town.driver_is_there()
    assert town.does(c.DriverLeaves, driver_id="D01", link=3, reason="cut").is_empty
    assert town.does(c.DriverLeaves, driver_id="D99", link=3, reason="cut").is_empty
    assert town.driver().link is not None


def test_money_from_outside_goes_into_the_wallet(town: Network):
    topped_up = only(town.does(c.TopUp, driver_id="D01", cents=1), events.WalletToppedUp)
    assert (topped_up.cents, topped_up.balance_cents) == (1, 2_001)


@pytest.mark.parametrize("cents", [0, -1, 10**9, 2**63])
def test_a_top_up_is_more_than_nothing_and_less_than_too_much(town: Network, cents: int):
    assert town.refuses(c.TopUp, driver_id="D01", cents=cents).code is Code.FIELD


def test_a_full_wallet_counts_what_is_held(town: Network):
    town.does(c.TopUp, driver_id="D01", cents=10**9 - 2_000)
    town.authorised()
    assert town.refuses(c.TopUp, driver_id="D01", cents=1).code is Code.FIELD


def test_money_for_a_driver_nobody_knows_is_refused(town: Network):
    refusal = town.refuses(c.TopUp, driver_id="D99", cents=1)
    assert (refusal.code, in_words(refusal)) == (Code.ID, "driver D99 is unknown here")


# ---- what operators decide


def test_a_price_changes_for_the_next_charge_and_not_for_the_running_one(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=5_000)
    changed = only(decision, events.PriceChanged)
    assert (changed.price_centi_cents_per_kwh, changed.old_price_centi_cents_per_kwh) == (5_000, 2_500)
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert town.tickets[0].cost_cents == 25
    assert town.authorised().price_centi_cents_per_kwh == 5_000


def test_the_same_price_again_is_nothing(town: Network):
    assert town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=2_500).is_empty


@pytest.mark.parametrize("price", [-1, 1_000_001])
def test_a_price_that_nobody_can_mean_is_refused(town: Network, price: int):
    assert town.refuses(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=price).code is Code.FIELD


def test_a_point_that_nobody_knows_has_no_price_and_no_place(town: Network):
    for kind, what in ((c.SetPrice, {"price_centi_cents_per_kwh": 1}), (c.MovePoint, {"location": "Elche"})):
        assert town.refuses(kind, cp_id="CP404", **what).code is Code.UNKNOWN_CP


def test_a_driver_who_is_barred_may_not_charge_and_what_runs_ends(town: Network):
    session = town.charging()
    decision = town.does(c.BarDriver, driver_id="D01", barred=True)
    assert said(decision) == [events.DriverBarred, events.StopOrdered]
    assert only(decision, events.StopOrdered).reason is EndReason.OPERATOR
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert town.asks().reply.code == Code.DRIVER_BLOCKED
    assert town.does(c.BarDriver, driver_id="D01", barred=True).is_empty


def test_a_barred_driver_stays_barred_whatever_it_comes_back_with(town: Network):
    town.does(c.BarDriver, driver_id="D01", barred=True)
    town.driver_is_there(epoch=7)
    assert town.asks().reply.code == Code.DRIVER_BLOCKED
    assert said(town.does(c.BarDriver, driver_id="D01", barred=False)) == [events.DriverReadmitted]
    assert town.asks().reply.step == "ASKING"


def test_nobody_can_bar_a_driver_that_is_unknown(town: Network):
    assert town.refuses(c.BarDriver, driver_id="D99", barred=True).code is Code.NOT_FOUND


# ---- the inbox, the audit log


def test_a_ticket_is_seen_once_and_by_its_own_driver_only(town: Network):
    town.driver_is_there("D02")
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    seen = {"session_id": session.session_id}
    assert town.does(c.MarkTicketShown, driver_id="D02", **seen).is_empty
    assert said(town.does(c.MarkTicketShown, driver_id="D01", **seen)) == [events.TicketShown]
    assert town.does(c.MarkTicketShown, driver_id="D01", **seen).is_empty
    assert town.does(c.MarkTicketShown, driver_id="D01", session_id="S-unknown").is_empty


def test_a_note_is_kept_and_changes_nothing(network: Network):
    event = events.ClockJumped(seconds=86_400)
    decision = network.does(c.Note, by=CENTRAL, event=event)
    assert (decision.events, decision.changes, decision.reply) == ((event,), (), None)
    assert not decision.is_empty


def test_deciding_leaves_the_facts_alone(town: Network):
    town.charging()
    before = remembered(town.facts)
    decide(town.facts, c.PlaceHold(by=ADMIN, cp_id=None, hold=Hold.WEATHER), town.rules)
    decide(town.facts, c.RevokeKeys(by=ADMIN, subject="CP001"), town.rules)
    assert remembered(town.facts) == before


def test_a_command_without_a_rule_is_a_bug_and_ends_loudly(town: Network):
    with pytest.raises(AssertionError):
        decide(town.facts, c.Command(by=ADMIN), town.rules)


# ---- drivers who come through the web


def test_a_driver_who_visits_for_the_first_time_gets_a_wallet_and_no_link(network: Network):
    decision = network.does(c.DriverVisits, driver_id="D09")
    assert said(decision) == [events.DriverAdded, events.WalletToppedUp]
    assert (network.driver("D09").balance_cents, network.driver("D09").link) == (2_000, None)


def test_a_driver_who_visits_again_changes_nothing(town: Network):
    before = town.driver()
    assert town.does(c.DriverVisits, driver_id="D01").is_empty
    assert town.driver() == before


def test_a_driver_who_visited_first_logs_in_with_its_own_credential(network: Network):
    network.does(c.DriverVisits, driver_id="D09")
    assert said(network.driver_is_there("D09", epoch=4)) == [events.DriverConnected]
    assert (network.driver("D09").epoch, network.driver("D09").balance_cents) == (4, 2_000)


# ---- each event says of whom it speaks


def test_what_is_told_of_a_driver_names_it_and_its_link(town: Network):
    link = town.driver().link
    lost = only(town.does(c.DriverLeaves, driver_id="D01", link=link, reason="cut"), events.DriverLost)
    assert (lost.driver_id, lost.link, lost.reason) == ("D01", link, "cut")
    barred = only(town.does(c.BarDriver, driver_id="D01", barred=True), events.DriverBarred)
    readmitted = only(town.does(c.BarDriver, driver_id="D01", barred=False), events.DriverReadmitted)
    blocked = only(town.does(c.RevokeKeys, subject="D01"), events.DriverBlocked)
    assert (barred.driver_id, readmitted.driver_id, blocked.driver_id) == ("D01", "D01", "D01")


def test_a_ticket_that_was_seen_is_told_with_its_driver_and_session(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    decision = town.does(c.MarkTicketShown, driver_id="D01", session_id=session.session_id)
    assert decision.changes == (TicketSeen(session.session_id, "D01"),)
    shown = only(decision, events.TicketShown)
    assert (shown.driver_id, shown.session_id) == ("D01", session.session_id)


def test_a_monitor_that_leaves_says_why(town: Network):
    assert only(town.monitor_leaves(), events.MonitorLost).reason == "cut"


@pytest.mark.parametrize("charges", [True, False])
def test_whoever_loses_its_keys_has_a_last_word_where_a_charge_must_end(town: Network, charges: bool):
    if charges:
        town.charging()
    revoked = only(town.does(c.RevokeKeys, subject="CP001"), events.KeyRevoked)
    assert (revoked.cp_id, revoked.last_word) == ("CP001", charges)
    assert town.point().epoch_told is False
