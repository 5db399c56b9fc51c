"""A charge that is asked for at the charging point, where nobody has to confirm it: the same rules, other ears."""

from dataclasses import replace

import pytest

from evcharge.central.peers.letters import letters
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.replies import RequestStep
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from tests.unit.central.builders import Network, in_english, only, remembered, said

ENGINE = c.Actor("CP001", Role.ENGINE, "127.0.0.1:40000")


@pytest.fixture
def town() -> Network:
    network = Network()
    network.rules = replace(network.rules, manual_start_is_open=True)
    network.point_is_there()
    network.driver_is_there()
    return network


def by_hand(town: Network, driver_id: str = "D01", **what: object) -> Decision:
    return town.asks(driver_id, by=ENGINE, by_hand=c.ByHand(), **what)


def refused(town: Network, driver_id: str = "D01") -> RequestStep:
    """Return why; see that nothing changed and that it is an event for the audit log."""
    before = remembered(town.facts)
    decision = by_hand(town, driver_id)
    assert said(decision) == [events.StartRefused]
    assert decision.changes == ()
    assert remembered(town.facts) == before
    assert isinstance(decision.reply, RequestStep)
    assert decision.reply.step == "REFUSED"
    assert in_english(only(decision, events.StartRefused)) == in_english(decision.reply)
    return decision.reply


def test_a_known_driver_with_money_is_granted_and_the_engine_gets_its_start(town: Network):
    decision = by_hand(town)
    assert decision.reply.step == "ASKING"
    told = only(decision, events.SessionAuthorised)
    assert (told.driver_id, told.cp_id, told.hold_cents) == ("D01", "CP001", 2_000)
    assert [(role, who, type(what)) for role, who, what in letters(told, lambda _: "signed")] == [
        (Role.ENGINE, "CP001", messages.Start)
    ]
    assert town.point().status is CpStatus.PREPARING


def test_its_driver_is_told_as_soon_as_the_charging_point_waits_for_the_plug(town: Network):
    session_id = by_hand(town).reply.session_id
    ready = town.does(c.ReportReady, cp_id="CP001", session_id=session_id)
    ((role, who, letter),) = letters(only(ready, events.SessionReady), lambda _: "")
    assert isinstance(letter, messages.Progress)
    assert (role, who, letter.step, letter.session_id) == (Role.DRIVER, "D01", "READY", session_id)


def test_a_repeated_request_is_answered_again_and_starts_nothing_new(town: Network):
    first = by_hand(town, request_id="R-00000009")
    again = by_hand(town, request_id="R-00000009")
    assert again.is_empty
    assert again.reply == first.reply


def test_a_driver_that_never_logged_in_is_unknown(town: Network):
    reply = refused(town, "D99")
    assert (reply.code, in_english(reply)) == (
        Code.DRIVER_BLOCKED,
        "D99 is unknown here: it never logged in.",
    )


def test_a_blocked_driver_is_refused(town: Network):
    town.does(c.RevokeKeys, subject="D01")
    assert in_english(refused(town)) == "D01 may not charge here: blocked."


def test_a_driver_that_charges_elsewhere_is_refused_in_the_third_person(town: Network):
    town.point_is_there("CP002")
    town.authorised("D01", "CP002")
    reply = refused(town)
    assert (reply.code, in_english(reply)) == (Code.DRIVER_BUSY, "D01 already has a charge at CP002.")


def test_a_driver_without_money_is_refused(town: Network):
    town.point_is_there("CP002")
    town.rules = replace(town.rules, welcome_credit_cents=0)
    town.driver_is_there("D02")
    reply = refused(town, "D02")
    # Nor is whoever stands there told the sum.
    assert (reply.code, in_english(reply)) == (Code.BALANCE, "D02 has too little money: top up first.")


def test_nothing_begins_while_the_monitor_is_not_heard(town: Network):
    town.monitor_leaves()
    reply = refused(town)
    assert reply.code == Code.CP_NOT_AVAILABLE
    assert in_english(reply).startswith("CP001 not available. CP out of service (Disconnected")


def test_nothing_begins_while_the_operator_withholds_the_charging_point(town: Network):
    town.holds()
    assert in_english(refused(town)).startswith("CP001 not available. CP out of service (Unavailable")
