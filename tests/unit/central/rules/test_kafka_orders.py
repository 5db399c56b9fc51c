"""Orders that came over Kafka: done once, in time, and told either way."""

import pytest
from msgspec import structs

from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import OrderOffset, OrderTaken
from evcharge.central.views.refusal_text import of_order
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.operator_order import Order
from tests.unit.central.builders import NOON, Network, only

PLACE = OrderOffset("cluster", 0, 8)
ID = "0123456789abcdef" * 2


def takes(
    town: Network, command: str = "out", cp_id: str = "CP001", *, age_s: float = 1, id_: str = ID
) -> Decision:
    order = Order(command_id=id_, command=command, cp_id=cp_id, issued_at=NOON.timestamp() - age_s)
    return town.does(c.TakeOrder, order=order, place=PLACE)


def outcome(decision: Decision) -> events.OrderCarriedOut | events.OrderRefused:
    last = decision.events[-1]
    assert isinstance(last, events.OrderCarriedOut | events.OrderRefused)
    return last


def test_an_order_does_what_the_operators_own_command_does(town: Network):
    session = town.charging("D01", "CP001")
    decision = takes(town)
    assert town.point("CP001").status is CpStatus.UNAVAILABLE
    assert [type(event) for event in decision.events] == [
        events.HoldPlaced,
        events.StopOrdered,
        events.OrderCarriedOut,
    ]
    assert only(decision, events.StopOrdered).session_id == session.session_id
    told = outcome(decision)
    assert (told.request_id, told.command, told.changed, told.ends) == (ID, "out", True, True)


def test_its_effect_its_id_and_the_place_behind_it_are_one_decision(town: Network):
    changes = takes(town).changes
    assert PLACE in changes
    assert OrderTaken(ID) in changes
    assert any(getattr(change, "holds", None) for change in changes)


def test_an_order_that_was_taken_is_not_carried_out_again(town: Network):
    takes(town)
    takes(town, "resume", id_="f" * 32)
    decision = takes(town)
    assert decision.events == ()
    assert decision.changes == (PLACE,)
    assert town.point("CP001").status is CpStatus.AVAILABLE


def test_resume_and_revoke_are_orders_too(town: Network):
    takes(town, id_="1" * 32)
    assert outcome(takes(town, "resume", id_="2" * 32)).changed
    assert not outcome(takes(town, "resume", id_="3" * 32)).changed
    assert outcome(takes(town, "revoke", id_="4" * 32)).changed
    assert town.point("CP001").revoked


@pytest.mark.parametrize(("age_s", "code"), [(301, Code.EXPIRED), (-31, Code.CLOCK)])
def test_an_order_that_is_old_or_from_the_future_does_nothing(town: Network, age_s: float, code: Code):
    told = outcome(takes(town, age_s=age_s))
    assert isinstance(told, events.OrderRefused)
    assert told.code == code
    assert town.point("CP001").status is CpStatus.AVAILABLE


@pytest.mark.parametrize("age_s", [300, 0, -30])
def test_an_order_within_its_time_is_carried_out(town: Network, age_s: float):
    assert isinstance(outcome(takes(town, age_s=age_s)), events.OrderCarriedOut)


def test_an_order_for_nobody_is_refused_with_the_reason(town: Network):
    told = outcome(takes(town, cp_id="CP009"))
    assert isinstance(told, events.OrderRefused)
    assert (told.cp_id, told.code) == ("CP009", Code.UNKNOWN_CP)


def test_a_record_that_holds_no_order_only_moves_the_place(town: Network):
    decision = town.does(c.TakeOrder, order=None, place=PLACE)
    assert decision == Decision(changes=(PLACE,))


@pytest.mark.parametrize("command", ["out", "resume", "revoke"])
def test_an_order_ends_a_charge_only_where_one_runs_and_something_changed(town: Network, command: str):
    first = takes(town, command)
    assert (outcome(first).command, outcome(first).cp_id, outcome(first).ends) == (command, "CP001", False)
    again = outcome(takes(town, "out" if command == "resume" else command, id_="e" * 32))
    assert not again.ends


def test_an_order_that_resumes_ends_nothing_while_a_charge_stops(town: Network):
    town.charging("D01", "CP001")
    takes(town)
    resumed = outcome(takes(town, "resume", id_="e" * 32))
    assert (resumed.changed, resumed.ends) == (True, False)
    repeated = outcome(takes(town, "resume", id_="d" * 32))
    assert (repeated.changed, repeated.ends) == (False, False)


def test_a_refused_order_says_which_one_and_why(town: Network):
    refused = outcome(takes(town, "revoke", "CP404"))
    assert (refused.request_id, refused.command, refused.cp_id, refused.code) == (
        ID, "revoke", "CP404", Code.ID,
    )  # fmt: skip
    assert "CP404" in of_order(refused, "en")
    late = outcome(takes(town, age_s=301, id_="c" * 32))
    assert of_order(late, "en") == "the order is 301 s old, and good for 300 s: give it again"
    early = outcome(takes(town, age_s=-31, id_="b" * 32))
    assert of_order(early, "en") == "the order comes from 31 s in the future: set the clock of that computer"


def test_what_an_order_does_is_told_of_its_own_charging_point(town: Network):
    orders = (("out", "a"), ("resume", "b"), ("revoke", "c"))
    told = [takes(town, command, id_=letter * 32).events[0] for command, letter in orders]
    assert [type(event) for event in told] == [events.HoldPlaced, events.HoldLifted, events.KeyRevoked]
    assert {structs.asdict(event)["cp_id"] for event in told} == {"CP001"}
