"""What the books are asked before a batch is decided: the ids that memory does not know, and no others."""

import pytest
from msgspec import structs

from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import OrderOffset, OrderTaken, TicketUnseen
from evcharge.central.rules.recall import UnknownIds, unknown
from evcharge.domain.operator_order import Order
from tests.unit.central.builders import ADMIN, JOURNAL, FakeEngine, Network

NOTHING = UnknownIds(requests=frozenset(), orders=frozenset(), tickets=frozenset(), sessions=frozenset())
PLACE = OrderOffset("cluster", 0, 1)


@pytest.fixture
def town() -> Network:
    town = Network()
    town.point_is_there()
    town.driver_is_there()
    return town


def asked(town: Network, *commands: c.AnyCommand) -> dict[str, set[str]]:
    """Return what there is to ask for, without what is empty."""
    found = unknown(town.facts, commands)
    kinds = ("requests", "orders", "tickets", "sessions")
    return {kind: set(getattr(found, kind)) for kind in kinds if getattr(found, kind)}


def start(request_id: str) -> c.StartCharging:
    return c.StartCharging(by=ADMIN, driver_id="D01", request_id=request_id, nonce="1", cp_id="CP001")


def answer(request_id: str) -> c.AnswerStart:
    return c.AnswerStart(by=ADMIN, driver_id="D01", request_id=request_id, nonce="1", yes=True)


def order(command_id: str) -> c.TakeOrder:
    held = Order(command_id=command_id, command="out", cp_id="CP001", issued_at=0)
    return c.TakeOrder(by=ADMIN, order=held, place=PLACE)


def shown(session_id: str) -> c.MarkTicketShown:
    return c.MarkTicketShown(by=ADMIN, driver_id="D01", session_id=session_id)


def records(*records: object) -> c.TakeRecords:
    return c.TakeRecords(by=ADMIN, link=1, epoch=0, cp_id="CP001", journal_id=JOURNAL, records=records)


def test_an_empty_batch_and_commands_that_name_nothing_ask_nothing(town: Network):
    assert unknown(town.facts, ()) == NOTHING
    assert unknown(town.facts, [c.TakeOrder(by=ADMIN, order=None, place=PLACE)]) == NOTHING
    assert unknown(town.facts, [c.TopUp(by=ADMIN, driver_id="D01", cents=1)]) == NOTHING


def test_a_request_is_asked_for_when_its_outcome_is_not_in_memory(town: Network):
    known = town.authorised().request_id
    assert asked(town, start("R-old"), answer("R-older"), start(known), answer(known)) == {
        "requests": {"R-old", "R-older"}
    }


def test_an_order_is_asked_for_unless_memory_has_it(town: Network):
    town.facts.put(OrderTaken("a" * 32))
    assert asked(town, order("a" * 32), order("b" * 32)) == {"orders": {"b" * 32}}


def test_a_ticket_is_asked_for_unless_memory_holds_it_for_unseen(town: Network):
    town.facts.put(TicketUnseen("S-1", "D01"))
    assert asked(town, shown("S-1"), shown("S-2")) == {"tickets": {"S-2"}}


def test_records_ask_for_sessions_that_are_not_open_and_for_the_requests_of_those_that_began(town: Network):
    running, engine = town.charging(), FakeEngine("CP001")
    assert asked(
        town,
        records(engine.started("S-rebuilt"), engine.meter("S-other"), engine.meter(running.session_id)),
    ) == {"sessions": {"S-rebuilt", "S-other"}}
    # FakeEngine's starts name the first request, which is known here; elsewhere it is not.
    assert asked(Network(), records(engine.started("S-rebuilt"))) == {
        "sessions": {"S-rebuilt"},
        "requests": {"R-00000001"},
    }


def test_money_asks_for_the_session_that_it_names(town: Network):
    why = {"by": ADMIN, "reason": "typed twice", "reference": "R"}
    assert asked(
        town,
        c.Refund(session_id="S-1", **why),
        c.CorrectMoney(driver_id="D01", cents=1, session_id="S-2", **why),
        c.CorrectMoney(driver_id="D01", cents=1, **why),
    ) == {"sessions": {"S-1", "S-2"}}


def test_what_several_commands_name_is_asked_for_together(town: Network):
    one, other = FakeEngine("CP001"), FakeEngine("CP002")
    network = Network()
    first = records(structs.replace(one.started("S-1"), request_id="R-1"))
    second = records(structs.replace(other.started("S-2"), request_id="R-2"))
    assert asked(
        network, start("R-0"), c.Refund(by=ADMIN, session_id="S-0", reason="", reference=""), first, second
    ) == {
        "requests": {"R-0", "R-1", "R-2"},
        "sessions": {"S-0", "S-1", "S-2"},
    }
    assert asked(town, first, second) == {"requests": {"R-1", "R-2"}, "sessions": {"S-1", "S-2"}}
