"""What operators order of charging points: holds, prices, and the alert of a new journal."""

import pytest
from msgspec import structs

from evcharge.central.rules import commands as c
from evcharge.central.rules.alert_kinds import Alert, AlertKind
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import KWH, NOON, OTHER_JOURNAL, Network, only, said

# ---- who has an alert


@pytest.mark.parametrize(
    ("taken_by", "taken", "told"),
    [
        ("", True, [events.AlertTaken]),
        ("ana", True, [events.AlertTaken]),
        ("admin", True, []),
        ("ana", False, [events.AlertLeft]),
        ("", False, []),
    ],
)
def test_an_alert_is_had_by_whoever_took_it_last_until_somebody_leaves_it(
    town: Network, taken_by: str, *, taken: bool, told: list[type[events.Event]]
):
    alert = Alert(kind=AlertKind.FAULT, about="CP001", detail="", since=NOON, taken_by=taken_by)
    assert said(town.does(c.TakeAlert, alert=alert, taken=taken)) == told


# ---- the alert of a new journal


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


# ---- prices and locations


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
