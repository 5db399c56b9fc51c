"""Drivers: welcomed, coming and going, topped up, barred; their inbox."""

from dataclasses import replace

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import TicketSeen, TransferKind
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import NOON, Network, only, said

# ---- coming, going and money


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


def test_the_driver_of_drills_uses_up_no_welcome_credit(network: Network):
    network.rules = replace(network.rules, welcome_drivers=1)
    network.driver_is_there("DRILL-D")
    network.driver_is_there("D1")
    assert [network.driver(id_).balance_cents for id_ in ("DRILL-D", "D1")] == [0, 2_000]


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


# ---- barred drivers


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


# ---- the inbox


def test_a_ticket_is_seen_once_and_by_its_own_driver_only(town: Network):
    town.driver_is_there("D02")
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    seen = {"session_id": session.session_id}
    assert town.does(c.MarkTicketShown, driver_id="D02", **seen).is_empty
    assert said(town.does(c.MarkTicketShown, driver_id="D01", **seen)) == [events.TicketShown]
    assert town.does(c.MarkTicketShown, driver_id="D01", **seen).is_empty
    assert town.does(c.MarkTicketShown, driver_id="D01", session_id="S-unknown").is_empty


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
