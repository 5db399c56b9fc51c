import msgspec
import pytest

from evcharge.central.books.rows import DecidedEntry, event_row
from evcharge.central.kafka.published_event import Published, outgoing
from evcharge.central.rules.commands import CENTRAL
from evcharge.central.rules.decision import Decision
from evcharge.domain.events import (
    EVENT_TYPES,
    CentralStopped,
    DriverConnected,
    EngineLost,
    Event,
    MonitorSpoke,
    TicketMade,
)
from tests.unit.central.builders import NOON
from tests.unit.domain.test_events import sample

HASH = "0123456789abcdef" * 4


def row(event: Event, n: int = 7) -> dict:
    entry = DecidedEntry(Decision((event,)), CENTRAL, NOON)
    return {**event_row(n, entry, event), "hash": HASH}


def published(event: Event) -> list[tuple[str, str, Published]]:
    return [
        (topic, key, msgspec.json.decode(value, type=Published)) for topic, key, value in outgoing(row(event))
    ]


def test_an_event_of_a_charging_point_goes_to_the_charging_points_under_its_id():
    ((topic, key, told),) = published(MonitorSpoke(cp_id="CP001"))
    assert (topic, key) == ("cp-events", "CP001")
    assert (told.type, told.cp_id, told.driver_id, told.data) == ("MonitorSpoke", "CP001", None, {})


def test_an_event_of_a_driver_goes_to_the_drivers_under_its_id():
    ((topic, key, told),) = published(DriverConnected(driver_id="D01", link=3, epoch=2))
    assert (topic, key, told.data) == ("driver-events", "D01", {"link": 3, "epoch": 2})


def test_an_event_of_a_session_goes_to_both_with_one_id():
    ticket = sample(TicketMade)
    assert isinstance(ticket, TicketMade)
    first, second = published(ticket)
    assert [first[0], second[0]] == ["cp-events", "driver-events"]
    assert first[2] == second[2]
    assert first[2].event_id == "7-0123456789abcdef"
    assert first[2].correlation_id == ticket.request_id
    assert first[2].data["cost_cents"] == ticket.cost_cents


def test_an_event_of_a_link_names_the_driver_whose_charge_it_carries():
    lost = EngineLost(cp_id="CP001", link=1, reason="it ended", session_id="S1", driver_id="D01")
    assert [(topic, key) for topic, key, _ in published(lost)] == [
        ("cp-events", "CP001"),
        ("driver-events", "D01"),
    ]


def test_what_concerns_nobody_goes_to_central_and_stays_in_order():
    ((topic, key, told),) = published(CentralStopped())
    assert (topic, key) == ("central-events", "central")
    assert (told.actor, told.role) == ("central", "central")


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.__name__)
def test_every_event_is_published_with_all_it_says(kind: type[Event]):
    event = sample(kind)
    sent = published(event)
    assert sent
    for _, _, told in sent:
        again = told.data | {
            "type": told.type,
            "cp_id": told.cp_id,
            "driver_id": told.driver_id,
            "session_id": told.session_id,
            "request_id": told.correlation_id,
        }
        known = msgspec.json.decode(msgspec.json.encode(event))
        assert {name: again[name] for name in known} == known
        assert told.at == NOON.isoformat(timespec="microseconds")


def test_a_row_that_is_not_ours_is_published_as_it_is():
    ((_, _, value),) = outgoing(row(CentralStopped()) | {"data": "{"})
    assert msgspec.json.decode(value, type=Published).data == {"unread": "{"}
