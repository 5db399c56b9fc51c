"""Ready, stopped, ended by an operator, lost: how a charge goes on and who ends it."""

from dataclasses import replace

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules import settlement
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver, Facts
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import (
    KWH,
    Network,
    in_english,
    only,
    refused,
    said,
)

# ---- ready, stop


def test_the_driver_is_told_when_the_point_is_ready(town: Network):
    session = town.authorised()
    decision = town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id)
    assert only(decision, events.SessionReady).plug_within_s == 60


def test_a_point_that_says_again_that_it_is_ready_changes_nothing(town: Network):
    session = town.authorised()
    town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id)
    assert town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id).is_empty


def test_a_driver_that_asks_again_or_comes_back_learns_that_the_point_is_ready(town: Network):
    session = town.authorised()
    town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id)
    answer = town.asks(request_id=session.request_id).reply
    assert (answer.step, answer.plug_within_s) == ("READY", 60)


def test_a_point_that_charges_need_not_say_that_it_is_ready(town: Network):
    session = town.charging()
    assert town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id).is_empty


def test_a_point_cannot_be_ready_for_the_session_of_another(town: Network):
    town.point_is_there("CP002")
    session = town.authorised()
    refusal = town.refuses(c.ReportReady, cp_id="CP002", session_id=session.session_id)
    unknown = town.refuses(c.ReportReady, cp_id="CP002", session_id="S-unknown")
    assert refusal.code is unknown.code is Code.ID
    assert in_words(refusal) == f"CP002 has no session {session.session_id}"


@pytest.mark.parametrize("named", [False, True])
def test_a_driver_stops_its_own_charge(town: Network, named: bool):
    session = town.charging()
    decision = town.does(c.StopCharging, driver_id="D01", session_id=session.session_id if named else None)
    assert only(decision, events.StopOrdered).reason is EndReason.DRIVER
    assert decision.reply.step == "STOPPING"


def test_a_stop_that_is_repeated_is_answered_and_ordered_once(town: Network):
    town.charging()
    first = town.does(c.StopCharging, driver_id="D01")
    again = town.does(c.StopCharging, driver_id="D01")
    assert again.is_empty
    assert again.reply == first.reply


def test_the_first_reason_to_stop_stays(town: Network):
    session = town.charging()
    town.holds(Hold.WEATHER)
    town.does(c.StopCharging, driver_id="D01")
    assert town.session(session.session_id).stop_reason is EndReason.WEATHER


def test_a_driver_with_several_charges_says_which_it_stops(town: Network):
    town.rules = replace(town.rules, max_active_per_driver=2, max_hold_cents=500)
    town.point_is_there("CP002")
    first, second = town.charging(cp_id="CP001"), town.charging(cp_id="CP002")
    refusal = town.refuses(c.StopCharging, driver_id="D01")
    assert (refusal.code, in_words(refusal)) == (
        Code.WHICH_SESSION,
        "Your charges at CP001, CP002 run: say which.",
    )
    decision = town.does(c.StopCharging, driver_id="D01", session_id=second.session_id)
    assert only(decision, events.StopOrdered).session_id == second.session_id
    assert (decision.reply.session_id, decision.reply.cp_id) == (second.session_id, "CP002")
    assert town.session(first.session_id).stop_reason is None


def test_another_drivers_charge_is_no_such_session(town: Network):
    town.driver_is_there("D02")
    session = town.charging()
    texts = {
        in_words(town.refuses(c.StopCharging, driver_id="D02", session_id=session.session_id)),
        in_words(town.refuses(c.StopCharging, driver_id="D02", session_id="S-unknown")),
        in_words(town.refuses(c.StopCharging, driver_id="D02")),
        in_words(town.refuses(c.StopCharging, driver_id="D99")),
    }
    assert texts == {"No such session: nothing of yours is charging."}
    assert town.session(session.session_id).stop_reason is None


def test_a_session_that_ended_cannot_be_stopped(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    refusal = town.refuses(c.StopCharging, driver_id="D01", session_id=session.session_id)
    assert refusal.code is Code.NO_SESSION


# ---- an operator ends one


def test_an_operator_ends_one_charge_and_its_point_stays_in_service(town: Network):
    session = town.charging()
    order = only(town.does(c.EndCharge, session_id=session.session_id), events.StopOrdered)
    assert (order.session_id, order.reason) == (session.session_id, EndReason.OPERATOR)
    town.sends(town.engines["CP001"].ended(session.session_id, reason="operator"))
    point = town.facts.point("CP001")
    assert point is not None
    assert (point.holds, point.session_id) == (frozenset(), None)
    assert town.facts.driver("D01").barred is False


def test_a_charge_that_waits_for_the_plug_is_ended_too_and_nothing_is_billed(town: Network):
    session = town.authorised()
    town.does(c.EndCharge, session_id=session.session_id)
    decision = town.sends(town.engines["CP001"].refused(session.session_id, "operator"))
    assert only(decision, events.SessionRefused).reason is EndReason.OPERATOR
    assert town.facts.driver("D01").held_cents == 0


def test_an_operator_who_ends_a_charge_that_is_stopping_changes_nothing(town: Network):
    session = town.charging()
    town.does(c.StopCharging, driver_id="D01")
    assert town.does(c.EndCharge, session_id=session.session_id).is_empty
    assert town.session(session.session_id).stop_reason is EndReason.DRIVER


@pytest.mark.parametrize("began", [True, False])
def test_what_is_over_or_was_never_there_cannot_be_ended(town: Network, began: bool):
    session_id = "S-unknown"
    if began:
        session_id = town.charging().session_id
        town.sends(town.engines["CP001"].ended(session_id))
    refusal = town.refuses(c.EndCharge, session_id=session_id)
    assert (refusal.code, in_words(refusal)) == (Code.NO_SESSION, f"{session_id} is not an open session")


# ---- by hand


def test_a_lost_charge_is_closed_at_its_last_meter_as_an_estimate(town: Network):
    session = town.charging(more_mwh=KWH)
    town.engine_leaves()
    decision = town.does(c.CloseLost, session_id=session.session_id)
    assert said(decision) == [events.TicketMade]
    (ticket,) = town.tickets
    assert (ticket.energy_mwh, ticket.estimated, ticket.reason) == (KWH, True, EndReason.LOST)
    assert town.point().session_id is None


def test_a_lost_charge_that_never_began_gives_the_hold_back(town: Network):
    session = town.authorised()
    town.engine_leaves()
    decision = town.does(c.CloseLost, session_id=session.session_id)
    assert only(decision, events.SessionRefused).reason is EndReason.LOST
    assert (town.tickets, town.driver().balance_cents) == ([], 2_000)


@pytest.mark.parametrize("started", [False, True])
def test_a_charge_whose_engine_is_there_is_not_lost(town: Network, started: bool):
    session = town.charging() if started else town.authorised()
    refusal = town.refuses(c.CloseLost, session_id=session.session_id)
    assert refusal.code is Code.ENGINE_THERE
    assert "CP001 is connected" in in_words(refusal)


def test_what_may_have_begun_meanwhile_stays_open_when_only_what_has_not_is_to_be_closed(town: Network):
    session = town.charging()
    town.engine_leaves()
    assert said(town.does(c.CloseLost, session_id=session.session_id, unless_begun=True)) == []
    assert town.facts.session(session.session_id) is not None


def test_only_an_open_session_can_be_closed(town: Network):
    refusal = town.refuses(c.CloseLost, session_id="S-unknown")
    assert (refusal.code, in_words(refusal)) == (Code.NO_SESSION, "S-unknown is not an open session")


# ---- texts, and what cannot be


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (EndReason.NOT_PLUGGED, "CP001: the car was not plugged in in time."),
        (EndReason.DRIVER, "CP001: you stopped before charging began."),
        (
            EndReason.LOST,
            "CP001 was lost before the charge began: nothing was billed, your money is free again.",
        ),
        (EndReason.NOT_STARTED, "CP001 could not take the charge. Try again."),
        (EndReason.BUSY, "CP001 could not take the charge. Try again."),
        (EndReason.WEATHER, "CP001 not available. CP out of service (weather)."),
    ],
)
def test_why_a_point_did_not_take_a_charge(reason: EndReason, text: str):
    event = events.SessionRefused(
        session_id="S-1", request_id="R-1", cp_id="CP001", driver_id="D01", reason=reason
    )
    assert refusal_text.in_words(event, "en") == text


def test_a_session_without_its_driver_is_a_bug_and_ends_loudly(town: Network):
    session = town.charging()
    facts = Facts()
    facts.put(town.point())
    facts.put(session)
    with pytest.raises(LookupError, match="D01"):
        settlement.close_estimated(Draft(facts), town.point(), town.rules, EndReason.LOST)
    with pytest.raises(LookupError, match="CP404"):
        Draft(facts).existing_point("CP404")


def test_a_session_whose_point_serves_another_does_not_free_it(town: Network):
    # Cannot come about by the rules; the point of the other session must not suffer if it does.
    session = town.charging()
    other = town.point()
    town.facts.put(replace(other, session_id="S-other"))
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert town.point().session_id == "S-other"


def test_a_driver_whose_session_is_gone_is_still_told_that_it_is_busy(town: Network):
    town.facts.put(Driver(driver_id="D01", balance_cents=1, sessions=frozenset({"S-gone"})))
    assert in_english(refused(town)) == "You already have a charge: stop it first."
