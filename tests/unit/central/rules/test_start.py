"""A start: what grants it, what refuses it, who may ask for it."""

from dataclasses import replace

import pytest
from msgspec import structs

from evcharge.central.peers.letters import message_of
from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import TransferKind
from evcharge.central.rules.replies import RequestStep
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.session import SessionState
from evcharge.evc1 import messages
from tests.unit.central.builders import (
    KWH,
    NOON,
    Network,
    in_english,
    only,
    refused,
)

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
    town.facts.put(structs.replace(session, state=SessionState.TICKETED))
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
