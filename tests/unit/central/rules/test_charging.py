"""One session's life and money: each rule in one sentence."""

from dataclasses import replace

import pytest

from evcharge.central.peers.letters import message_of
from evcharge.central.rules import commands as c
from evcharge.central.rules import settlement
from evcharge.central.rules.charging import MOST_JOURNALS
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver, Facts, JournalCursor, TransferKind
from evcharge.central.rules.replies import RecordsMissing, RecordsTaken, RequestStep
from evcharge.central.rules.settings import Rules
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason, SessionState
from evcharge.evc1 import messages
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import (
    JOURNAL,
    KWH,
    NOON,
    OTHER_JOURNAL,
    Network,
    in_english,
    only,
    remembered,
    said,
    set_aside,
)


@pytest.fixture
def town() -> Network:
    """One charging point that is ready, one driver with 20.00 €."""
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


def refused(town: Network, *asked: object, **what: object) -> RequestStep:
    """Return why a start was refused; see that it changed nothing."""
    before = remembered(town.facts)
    decision = town.asks(*asked, **what)
    assert said(decision) == [events.StartRefused]
    assert decision.changes == ()
    assert remembered(town.facts) == before
    assert isinstance(decision.reply, RequestStep)
    assert decision.reply.step == "REFUSED"
    refusal = only(decision, events.StartRefused)
    assert (refusal.code, refusal.facts) == (decision.reply.code, decision.reply.facts)
    assert in_english(refusal) == in_english(decision.reply)
    return decision.reply


# ---- asking


def test_a_request_is_granted_with_money_held_and_the_price_frozen(town: Network):
    decision = town.asks(request_id="R-00000007", nonce="00000000000000ff")
    session = town.session("S-D01-CP001-00000000000000ff")
    assert session.state is SessionState.AUTHORISED
    assert (session.request_id, session.cp_id, session.driver_id) == ("R-00000007", "CP001", "D01")
    assert (session.hold_cents, session.limit_mwh) == (2_000, 80 * KWH)
    assert (session.price_centi_cents_per_kwh, session.plug_within_s) == (2_500, 60)
    assert session.authorised_at == NOON
    assert (town.driver().balance_cents, town.driver().held_cents) == (0, 2_000)
    assert town.driver().sessions == {session.session_id}
    assert town.point().status is CpStatus.PREPARING
    assert decision.reply == RequestStep(
        request_id="R-00000007", step="ASKING", session_id=session.session_id, cp_id="CP001"
    )
    told = only(decision, events.SessionAuthorised)
    assert (told.hold_cents, told.limit_mwh, told.plug_within_s) == (2_000, 80 * KWH, 60)
    assert told.authorised_at == NOON.timestamp()
    assert town.transfers[-1].kind is TransferKind.HOLD


def test_a_request_that_is_repeated_gets_the_same_answer_and_no_second_session(town: Network):
    first = town.asks(request_id="R-00000001")
    again = town.asks(request_id="R-00000001", nonce="another")
    assert again.is_empty
    assert again.reply == first.reply


def test_a_repeated_request_is_told_how_far_it_has_come(town: Network):
    session = town.charging()
    assert town.asks(request_id=session.request_id).reply.step == "CHARGING"
    town.does(c.StopCharging, driver_id="D01")
    assert town.asks(request_id=session.request_id).reply.step == "STOPPING"


def test_a_repeated_request_that_was_not_taken_is_refused_again(town: Network):
    session = town.authorised()
    town.sends(town.engines["CP001"].refused(session.session_id, "not plugged in"))
    decision = town.asks(request_id=session.request_id)
    assert decision.is_empty
    assert (decision.reply.step, decision.reply.code) == ("REFUSED", Code.CP_NOT_AVAILABLE)
    assert in_english(decision.reply) == "CP001: the car was not plugged in in time."


def test_a_repeated_request_that_has_its_ticket_is_answered_by_the_ticket(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    decision = town.asks(request_id=session.request_id)
    assert decision.is_empty
    assert decision.reply is None


def test_a_closed_session_whose_ticket_is_not_in_memory_was_still_billed(town: Network):
    # As after a restart, when the clock was put back between its start and its end.
    session = town.charging()
    town.facts.put(replace(session, state=SessionState.TICKETED))
    assert town.asks(request_id=session.request_id).reply is None


def test_somebody_elses_request_id_says_nothing_of_it(town: Network):
    town.driver_is_there("D02")
    session = town.charging()
    decision = town.asks("D02", request_id=session.request_id)
    assert decision.is_empty
    assert (decision.reply.step, decision.reply.code) == ("REFUSED", Code.ID)
    assert decision.reply.session_id is None
    assert decision.reply.cp_id is None
    assert "D01" not in in_english(decision.reply)


def test_a_driver_has_one_charge_at_a_time(town: Network):
    town.point_is_there("CP002")
    town.authorised()
    reply = refused(town, cp_id="CP002")
    assert (reply.code, in_english(reply)) == (
        Code.DRIVER_BUSY,
        "You already have a charge at CP001: stop it first.",
    )


def test_a_stop_and_a_start_within_a_second_are_told_to_wait(town: Network):
    town.charging()
    town.does(c.StopCharging, driver_id="D01")
    reply = refused(town)
    assert (reply.code, in_english(reply)) == (
        Code.DRIVER_BUSY,
        "Your charge at CP001 is still stopping: try again in a moment.",
    )
    assert reply.facts.reason == "driver"


def test_after_the_ticket_the_next_charge_begins(town: Network):
    first = town.charging()
    town.sends(town.engines["CP001"].ended(first.session_id))
    assert town.authorised().session_id != first.session_id


def test_operators_may_allow_more_charges_per_driver():
    network = Network(Rules(now=NOON, welcome_credit_cents=5_000, max_active_per_driver=2))
    for cp_id in ("CP001", "CP002", "CP003"):
        network.point_is_there(cp_id)
    network.driver_is_there()
    network.authorised(cp_id="CP001")
    network.authorised(cp_id="CP002")
    assert refused(network, cp_id="CP003").code == Code.DRIVER_BUSY
    assert (network.driver().balance_cents, network.driver().held_cents) == (1_000, 4_000)


def test_a_driver_nobody_knows_is_refused(town: Network):
    reply = refused(town, "D99")
    assert (reply.code, in_english(reply)) == (Code.DRIVER_BLOCKED, "D99 may not charge here: blocked.")


def test_an_unknown_point_is_refused_by_name(town: Network):
    reply = refused(town, cp_id="CP404")
    assert (reply.code, reply.cp_id) == (Code.UNKNOWN_CP, "CP404")
    assert in_english(reply).startswith("CP404 does not exist.")


@pytest.mark.parametrize("started", [False, True])
def test_of_two_drivers_at_one_point_the_second_is_told_that_it_is_busy(town: Network, started: bool):
    town.driver_is_there("D02")
    town.charging() if started else town.authorised()
    reply = refused(town, "D02")
    assert (reply.code, in_english(reply)) == (Code.CP_BUSY, "CP001 is busy with another charge.")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda town: town.holds(), "Unavailable: operator"),
        (lambda town: town.holds(Hold.WEATHER), "Unavailable: weather"),
        (lambda town: town.reports("overheating"), "Faulted: overheating"),
        (lambda town: town.engine_leaves(), "Faulted: no link to Central"),
        (lambda town: town.monitor_leaves(), "Disconnected: its monitor is not heard"),
        (lambda town: town.does(c.RevokeKeys, subject="CP001"), "Unavailable: key revoked"),
    ],
)
def test_a_point_out_of_service_says_why(town: Network, happens, why: str):
    happens(town)
    reply = refused(town)
    assert (reply.code, in_english(reply)) == (
        Code.CP_NOT_AVAILABLE,
        f"CP001 not available. CP out of service ({why}).",
    )
    assert f"{reply.facts.status}: {reply.facts.reason}" == why


def test_a_long_fault_still_fits_the_answer(town: Network):
    town.reports("x" * 200)
    reply = refused(town)
    assert len(in_english(reply)) == 200
    told = message_of(reply)
    assert messages.decode(messages.encode(0, told)).m == told


# ---- any point


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


# ---- money


def test_an_empty_wallet_starts_nothing(town: Network):
    town.facts.put(replace(town.driver(), balance_cents=0))
    reply = refused(town)
    assert (reply.code, in_english(reply)) == (Code.BALANCE, "Balance too low (0.00 €): top up first.")


def test_one_cent_gives_a_limit_of_its_worth(town: Network):
    town.facts.put(replace(town.driver(), balance_cents=1))
    session = town.authorised()
    assert (session.hold_cents, session.limit_mwh) == (1, 40_000)


def test_no_more_is_held_than_the_longest_session_costs():
    network = Network(Rules(now=NOON, welcome_credit_cents=2_000, max_session_mwh=4 * KWH))
    network.point_is_there()
    network.driver_is_there()
    session = network.authorised()
    assert (session.hold_cents, session.limit_mwh) == (100, 4 * KWH)
    assert (network.driver().balance_cents, network.driver().held_cents) == (1_900, 100)


def test_the_hold_is_at_most_what_operators_allow():
    network = Network(Rules(now=NOON, welcome_credit_cents=9_000, max_hold_cents=500))
    network.point_is_there()
    network.driver_is_there()
    assert network.authorised().hold_cents == 500


def free_of_charge() -> Network:
    return Network(Rules(now=NOON, default_price_centi_cents_per_kwh=0))


def without_wallets() -> Network:
    return Network(Rules(now=NOON, wallets=False))


@pytest.mark.parametrize(("network", "cents"), [(free_of_charge(), 0), (without_wallets(), 25)])
def test_without_a_price_or_wallets_nothing_is_held_and_the_limit_is_the_longest_session(
    network: Network, cents: int
):
    network.point_is_there()
    network.driver_is_there()
    session = network.charging(more_mwh=KWH)
    assert (session.hold_cents, session.limit_mwh) == (0, 100 * KWH)
    network.sends(network.engines["CP001"].ended(session.session_id))
    assert network.tickets[0].cost_cents == cents
    assert network.transfers == []
    assert (network.driver().balance_cents, network.driver().held_cents) == (0, 0)


def test_what_was_held_is_settled_even_when_wallets_are_switched_off_meanwhile(town: Network):
    session = town.charging(more_mwh=KWH)
    town.rules = replace(town.rules, wallets=False)
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert (town.driver().balance_cents, town.driver().held_cents) == (1_975, 0)


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


# ---- a driver's own limit


@pytest.mark.parametrize(
    ("wish", "limit_mwh", "hold_cents"),
    [
        ({"until_mwh": 5 * KWH}, 5 * KWH, 125),
        ({"until_cents": 300}, 12 * KWH, 300),
        ({"until_mwh": 5 * KWH, "until_cents": 100}, 4 * KWH, 100),
        ({}, 80 * KWH, 2_000),
    ],
    ids=["energy", "money", "both", "none"],
)
def test_an_own_limit_bounds_the_energy_and_the_hold(town: Network, wish, limit_mwh: int, hold_cents: int):
    session = town.authorised(**wish)
    assert (session.limit_mwh, session.hold_cents) == (limit_mwh, hold_cents)
    assert (town.driver().balance_cents, town.driver().held_cents) == (2_000 - hold_cents, hold_cents)
    assert (session.until_mwh, session.until_cents) == (wish.get("until_mwh"), wish.get("until_cents"))
    assert session.limit_reason is (EndReason.OWN_LIMIT if wish else EndReason.LIMIT)


@pytest.mark.parametrize("wish", [{"until_mwh": 90 * KWH}, {"until_cents": 2_500}])
def test_what_the_balance_does_not_pay_for_is_not_granted(town: Network, wish):
    session = town.authorised(**wish)
    assert (session.limit_mwh, session.hold_cents) == (80 * KWH, 2_000)
    assert session.limit_reason is EndReason.LIMIT
    town.sends(town.engines["CP001"].started(session.session_id))
    town.sends(town.engines["CP001"].ended(session.session_id, 80 * KWH, reason="limit"))
    assert town.tickets[0].reason is EndReason.LIMIT


def test_where_charging_is_free_a_limit_of_money_limits_nothing(town: Network):
    town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=0)
    session = town.authorised(until_cents=1)
    assert (session.limit_mwh, session.until_cents) == (town.rules.max_session_mwh, None)


def test_a_charge_that_its_engine_ended_at_the_drivers_limit_says_so(town: Network):
    session = town.authorised(until_mwh=5 * KWH)
    engine = town.engines["CP001"]
    decision = town.sends(
        engine.started(session.session_id),
        engine.meter(session.session_id, 5 * KWH),
        engine.ended(session.session_id, reason="limit"),
    )
    assert events.StopOrdered not in said(decision)
    assert (town.tickets[0].reason, town.tickets[0].cost_cents) == (EndReason.OWN_LIMIT, 125)


@pytest.mark.parametrize(("wish", "reason"), [(5 * KWH, "own limit"), (None, "limit")])
@pytest.mark.parametrize("more_mwh", [0, 1])
def test_central_ends_a_charge_that_its_engine_does_not_end_at_its_limit(
    town: Network, wish: int | None, reason: str, more_mwh: int
):
    session = town.authorised(until_mwh=wish)
    engine = town.engines["CP001"]
    town.later(3_600)
    town.sends(engine.started(session.session_id))
    before = town.sends(engine.meter(session.session_id, session.limit_mwh - 1))
    assert events.StopOrdered not in said(before)
    town.later(1)
    decision = town.sends(engine.meter(session.session_id, 1 + more_mwh))
    assert only(decision, events.StopOrdered).reason == reason
    assert town.sends(engine.meter(session.session_id, 1)).changes
    town.sends(engine.ended(session.session_id, reason=reason))
    assert (town.tickets[0].reason, town.tickets[0].energy_mwh) == (reason, session.limit_mwh)


# ---- an operator starts one for a driver


def test_an_operator_starts_a_charge_by_the_rules_of_the_drivers_own_request(town: Network):
    decision = town.asks(by_operator=True, until_mwh=5 * KWH)
    granted = only(decision, events.SessionAuthorised)
    assert (granted.driver_id, granted.hold_cents, granted.by_operator) == ("D01", 125, True)
    session = town.session(granted.session_id)
    town.sends(town.engines["CP001"].started(session.session_id))
    decision = town.sends(town.engines["CP001"].ended(session.session_id, KWH))
    assert only(decision, events.TicketMade).by_operator
    assert town.tickets[0].by_operator


@pytest.mark.parametrize(
    ("driver_id", "sentence"),
    [
        ("D09", "D09 is unknown here: it never logged in."),
        ("D02", "D02 has too little money: top up first."),
        ("D01", "D01 already has a charge at CP001."),
    ],
)
def test_an_operator_reads_why_it_cannot_be_started_and_not_what_a_wallet_has(
    town: Network, driver_id: str, sentence: str
):
    town.rules = replace(town.rules, welcome_credit_cents=0)
    town.point_is_there("CP002")
    town.driver_is_there("D02")
    town.charging()
    assert in_english(refused(town, driver_id, "CP002", by_operator=True)) == sentence


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


# ---- the engine's records


def test_a_start_a_meter_and_an_end_make_a_ticket(town: Network):
    session = town.authorised()
    engine = town.engines["CP001"]
    engine.meter_mwh = 5 * KWH
    town.later(10)
    decision = town.sends(engine.started(session.session_id))
    assert only(decision, events.SessionStarted).meter_mwh == 5 * KWH
    assert town.point().status is CpStatus.CHARGING
    assert decision.reply == RecordsTaken(last_seq=1)
    town.later(10)
    town.sends(engine.meter(session.session_id, 1_000))
    town.later(10)
    decision = town.sends(engine.ended(session.session_id, 1_233_567))
    (ticket,) = town.tickets
    assert (ticket.energy_mwh, ticket.cost_cents, ticket.reason) == (1_234_567, 31, EndReason.UNPLUGGED)
    assert (ticket.ended_at - ticket.started_at).total_seconds() == 20
    assert ticket.started_at.timestamp() == NOON.timestamp() + 10
    assert not ticket.estimated
    made = only(decision, events.TicketMade)
    assert (made.energy_mwh, made.cost_cents, made.balance_cents) == (1_234_567, 31, 1_969)
    assert (town.driver().balance_cents, town.driver().held_cents, town.driver().sessions) == (
        1_969, 0, frozenset(),
    )  # fmt: skip
    assert [(one.kind, one.cents) for one in town.transfers[1:]] == [
        (TransferKind.HOLD, 2_000),
        (TransferKind.CAPTURE, 31),
        (TransferKind.RELEASE, 1_969),
    ]
    assert town.point().status is CpStatus.AVAILABLE


def test_the_price_is_the_one_that_was_granted(town: Network):
    session = town.charging(more_mwh=KWH)
    town.facts.put(replace(town.point(), price_centi_cents_per_kwh=9_900))
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert (town.tickets[0].price_centi_cents_per_kwh, town.tickets[0].cost_cents) == (2_500, 25)


def test_a_charge_that_delivered_nothing_has_a_ticket_of_nothing(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id, reason="restart"))
    assert (town.tickets[0].energy_mwh, town.tickets[0].cost_cents) == (0, 0)
    assert town.driver().balance_cents == 2_000
    assert [one.kind for one in town.transfers] == [
        TransferKind.TOP_UP,
        TransferKind.HOLD,
        TransferKind.RELEASE,
    ]


def test_a_charge_that_costs_all_that_was_held_releases_nothing(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id, 80 * KWH, reason="limit"))
    assert town.tickets[0].cost_cents == 2_000
    assert [one.kind for one in town.transfers] == [
        TransferKind.TOP_UP,
        TransferKind.HOLD,
        TransferKind.CAPTURE,
    ]
    assert (town.driver().balance_cents, town.driver().held_cents) == (0, 0)


def test_a_session_that_was_not_taken_gives_everything_back(town: Network):
    session = town.authorised()
    decision = town.sends(town.engines["CP001"].refused(session.session_id, "not plugged in"))
    assert only(decision, events.SessionRefused).reason is EndReason.NOT_PLUGGED
    assert town.tickets == []
    assert (town.driver().balance_cents, town.driver().held_cents) == (2_000, 0)
    assert town.point().status is CpStatus.AVAILABLE
    assert town.facts.outcome(session.request_id).state is SessionState.REFUSED


def test_records_that_came_already_are_acknowledged_again(town: Network):
    session = town.charging(more_mwh=10)
    engine = town.engines["CP001"]
    records = (engine.meter(session.session_id, 5), engine.ended(session.session_id))
    town.sends(*records)
    balance = town.driver().balance_cents
    decision = town.sends(*records)
    assert decision.is_empty
    assert decision.reply == RecordsTaken(last_seq=4)
    assert (len(town.tickets), town.driver().balance_cents) == (1, balance)


def test_a_batch_that_overlaps_is_applied_from_where_it_is_new(town: Network):
    session = town.charging()
    engine = town.engines["CP001"]
    one, two = engine.meter(session.session_id, 5), engine.meter(session.session_id, 5)
    town.sends(one)
    decision = town.sends(one, two)
    assert decision.reply == RecordsTaken(last_seq=3)
    assert town.session(session.session_id).energy_mwh == 10


def test_a_gap_asks_for_the_records_again_and_applies_nothing_behind_it(town: Network):
    session = town.charging()
    engine = town.engines["CP001"]
    one, _, three = (engine.meter(session.session_id, 5) for _ in range(3))
    decision = town.sends(one, three)
    assert decision.reply == RecordsMissing(last_seq=2)
    assert town.session(session.session_id).energy_mwh == 5
    assert JournalCursor("CP001", JOURNAL, 2) in decision.changes
    decision = town.sends(three)
    assert decision.is_empty
    assert decision.reply == RecordsMissing(last_seq=2)


def test_records_of_a_journal_that_the_point_no_longer_keeps_are_refused(town: Network):
    session = town.charging()
    record = town.engines["CP001"].meter(session.session_id, 5)
    town.engine(journal_id=OTHER_JOURNAL)
    refusal = town.refuses(c.TakeRecords, cp_id="CP001", journal_id=JOURNAL, records=(record,))
    assert refusal.code is Code.SEQ


def test_a_late_end_of_an_old_session_does_not_touch_the_new_one(town: Network):
    first = town.charging()
    engine = town.engines["CP001"]
    town.sends(engine.ended(first.session_id))
    second = town.charging()
    decision = town.sends(engine.ended(first.session_id, 99 * KWH))
    set_aside(decision, "unknown or closed session")
    assert town.session(second.session_id) == second
    assert len(town.tickets) == 1


def test_a_second_end_with_other_numbers_is_set_aside(town: Network):
    session = town.charging()
    engine = town.engines["CP001"]
    town.sends(engine.ended(session.session_id, KWH))
    set_aside(town.sends(engine.ended(session.session_id, 5 * KWH)), "unknown or closed")
    assert town.tickets[0].energy_mwh == KWH


@pytest.mark.parametrize("kind", ["started", "meter", "ended", "refused"])
def test_a_point_cannot_speak_of_another_points_session(town: Network, kind: str):
    town.point_is_there("CP002")
    session = town.charging()
    rogue = town.engines["CP002"]
    decision = town.sends(getattr(rogue, kind)(session.session_id), cp_id="CP002")
    set_aside(decision, "session of another charging point")
    assert town.session(session.session_id) == session
    assert town.tickets == []


def test_a_meter_that_goes_backwards_is_set_aside(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.sends(town.engines["CP001"].meter(session.session_id, -1))
    set_aside(decision, "meter goes backwards")
    assert town.session(session.session_id).energy_mwh == KWH


def test_a_final_meter_below_an_earlier_one_is_set_aside_and_the_highest_counts(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.sends(town.engines["CP001"].ended(session.session_id, -10))
    set_aside(decision, "final meter is below an earlier one")
    assert town.tickets[0].energy_mwh == KWH


def test_a_start_that_comes_twice_is_set_aside(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.sends(town.engines["CP001"].started(session.session_id))
    set_aside(decision, "does not fit a session that is CHARGING")
    assert town.session(session.session_id).energy_mwh == KWH


def test_a_running_charge_cannot_be_refused(town: Network):
    session = town.charging(more_mwh=KWH)
    set_aside(town.sends(town.engines["CP001"].refused(session.session_id)), "CHARGING")
    assert town.session(session.session_id).is_open


def test_a_meter_before_the_start_is_set_aside(town: Network):
    session = town.authorised()
    set_aside(town.sends(town.engines["CP001"].meter(session.session_id, KWH)), "AUTHORISED")
    assert town.session(session.session_id).energy_mwh == 0


def test_an_end_without_a_start_is_set_aside_and_nothing_is_paid(town: Network):
    session = town.authorised()
    decision = town.sends(town.engines["CP001"].ended(session.session_id, KWH))
    set_aside(decision, "ended without a start")
    assert only(decision, events.SessionRefused).reason is EndReason.OTHER
    assert (town.tickets, town.driver().balance_cents) == ([], 2_000)


def test_a_start_that_crossed_the_stop_still_runs_until_the_engine_ends_it(town: Network):
    session = town.authorised()
    town.does(c.StopCharging, driver_id="D01")
    engine = town.engines["CP001"]
    town.sends(engine.started(session.session_id))
    assert town.session(session.session_id).stop_reason is EndReason.DRIVER
    town.sends(engine.ended(session.session_id, 5, reason="driver"))
    assert (town.tickets[0].energy_mwh, town.tickets[0].reason) == (5, EndReason.DRIVER)


@pytest.mark.parametrize(
    ("ordered", "said_by_engine", "on_the_ticket"),
    [
        (True, "a new kind of reason", EndReason.OPERATOR),
        (True, "unplugged", EndReason.UNPLUGGED),
        (False, "a new kind of reason", EndReason.OTHER),
    ],
)
def test_an_unknown_reason_is_explained_by_the_stop_that_was_ordered(
    town: Network, ordered: bool, said_by_engine: str, on_the_ticket: EndReason
):
    session = town.charging()
    if ordered:
        town.holds()
    town.sends(town.engines["CP001"].ended(session.session_id, reason=said_by_engine))
    assert town.tickets[0].reason is on_the_ticket


def test_a_charge_goes_on_to_its_ticket_with_its_monitor_and_driver_gone(town: Network):
    session = town.charging(more_mwh=KWH)
    town.monitor_leaves()
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert town.tickets[0].energy_mwh == KWH
    assert town.facts.unseen_by(session.session_id) == "D01"


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


# ---- journals


def with_journals(town: Network, number: int) -> list[str]:
    """Deliver a record of each of so many journals; return their names."""
    names = [f"{one:032x}" for one in range(1, number + 1)]
    for name in names:
        town.engine(journal_id=name)
        town.sends(town.engines["CP001"].ended("S-nonsense"))
    return names


def test_a_journal_of_which_nothing_is_committed_takes_no_room(town: Network):
    town.engine(journal_id=OTHER_JOURNAL)
    assert town.facts.journals("CP001") == []


def test_the_journals_of_a_point_are_forgotten_beyond_a_number_the_oldest_first(town: Network):
    names = with_journals(town, MOST_JOURNALS + 3)
    assert town.facts.journals("CP001") == names[3:]
    assert town.facts.last_seq("CP001", names[0]) == 0
    assert town.facts.last_seq("CP001", names[-1]) == 1


def test_an_old_journal_that_is_in_use_again_is_not_forgotten(town: Network):
    first, *rest = with_journals(town, MOST_JOURNALS)
    old = town.engines["CP001"]
    town.engine(journal_id=first)
    town.engines["CP001"].last_seq = 1
    town.sends(town.engines["CP001"].ended("S-nonsense"))
    assert town.facts.journals("CP001") == [first, *rest]
    town.engine(journal_id=OTHER_JOURNAL)
    town.sends(town.engines["CP001"].ended("S-nonsense"))
    assert town.facts.journals("CP001") == [*rest, OTHER_JOURNAL]
    assert old.journal_id == rest[-1]


def test_no_journal_is_forgotten_while_a_session_is_open(town: Network):
    session = town.authorised()
    names = with_journals(town, MOST_JOURNALS + 3)
    assert town.facts.journals("CP001") == names
    town.sends(town.engines["CP001"].refused(session.session_id))
    assert town.facts.journals("CP001") == names[1:]


def test_a_forgotten_journal_that_comes_back_is_read_again_and_bills_nothing_twice(town: Network):
    session = town.charging(more_mwh=KWH)
    records = [town.engines["CP001"].ended(session.session_id)]
    town.sends(*records)
    first = town.engines["CP001"]
    with_journals(town, MOST_JOURNALS)
    assert JOURNAL not in town.facts.journals("CP001")
    town.engines["CP001"] = first
    assert only(town.engine(), events.EngineConnected).last_seq == 0
    first.last_seq = 0
    town.sends(
        first.started(session.session_id), first.meter(session.session_id), first.ended(session.session_id)
    )
    assert len(town.tickets) == 1
