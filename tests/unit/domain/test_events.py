"""Events: each documented, storable, and named alike for those it concerns."""

import typing

import msgspec
import pytest
from msgspec import NODEFAULT

from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from evcharge.domain.refusals import RefusalFacts
from evcharge.domain.session import EndReason

SAMPLES: dict[object, object] = {
    RefusalFacts: RefusalFacts(reason="x", at="CP001", cents=7),
    str: "x",
    int: 7,
    float: 1.5,
    bool: True,
    Hold: Hold.WEATHER,
    tuple[Hold, ...]: (Hold.OPERATOR, Hold.WEATHER),
    EndReason: EndReason.FAULT,
    tuple[str, ...]: ("S-1",),
    dict[str, str | int]: {"cp_id": "CP001", "age_s": 301},
    tuple[tuple[str, EndReason], ...]: (("S-1", EndReason.FAULT),),
}


def plain(kind: object) -> object:
    """Return `kind` without NewTypes and without `| None`."""
    if isinstance(kind, typing.NewType):
        return plain(kind.__supertype__)
    arguments = [one for one in typing.get_args(kind) if one is not type(None)]
    if typing.get_origin(kind) is tuple:
        return tuple[tuple(plain(one) for one in arguments)]  # type: ignore[misc]
    if typing.get_origin(kind) is dict:
        return kind
    return plain(arguments[0]) if arguments else kind


def sample(kind: type[events.Event]) -> events.Event:
    """Return an event of `kind` with something in every field."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: SAMPLES[plain(hints[name])] for name in kind.__struct_fields__})


@pytest.mark.parametrize("kind", events.EVENT_TYPES, ids=lambda kind: kind.__name__)
def test_every_event_says_what_happened(kind: type[events.Event]):
    assert kind.__doc__
    assert kind.__doc__.strip().endswith(".")


@pytest.mark.parametrize("kind", events.EVENT_TYPES, ids=lambda kind: kind.__name__)
def test_every_event_is_stored_and_read_back(kind: type[events.Event]):
    event = sample(kind)
    assert msgspec.json.decode(msgspec.json.encode(event), type=events.AnyEvent) == event


@pytest.mark.parametrize("kind", events.EVENT_TYPES, ids=lambda kind: kind.__name__)
def test_an_event_never_changes(kind: type[events.Event]):
    event = sample(kind)
    for name in kind.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(event, name, None)


def test_all_events_are_listed_once():
    declared = {
        kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)
    }
    assert set(events.EVENT_TYPES) == declared - {events.Event, events.Unread}
    assert len(set(events.EVENT_TYPES)) == len(events.EVENT_TYPES)


def test_whom_an_event_concerns_has_the_same_name_and_type_everywhere():
    types: dict[str, set[object]] = {}
    for kind in events.EVENT_TYPES:
        for name, hint in typing.get_type_hints(kind).items():
            if name.endswith("_id"):
                found = [one for one in typing.get_args(hint) if one is not type(None)] or [hint]
                types.setdefault(name, set()).add(found[0])
    assert {name: len(kinds) for name, kinds in types.items()} == dict.fromkeys(types, 1)
    assert {"cp_id", "driver_id", "session_id", "request_id"} <= set(types)


def test_an_event_about_a_request_can_be_joined_to_its_ticket():
    about_sessions = [kind for kind in events.EVENT_TYPES if "session_id" in kind.__struct_fields__]
    loose = {kind.__name__ for kind in about_sessions if "request_id" not in kind.__struct_fields__}
    # StraySupply: whose session that was, nobody here knows any more.
    assert loose == {"EngineLost", "MonitorLost", "TicketShown", "StraySupply", "DebtPaid"}


def test_fields_without_a_default_must_be_given():
    for kind in events.EVENT_TYPES:
        if any(field.default is NODEFAULT for field in msgspec.structs.fields(kind)):
            with pytest.raises(TypeError):
                kind()


def test_a_row_of_another_release_is_said_to_be_one():
    for data in (
        '{"type":"FromNextYear","x":1}',
        '{"type":"PointMoved"}',
        '{"type":"PointMoved","cp_id":1}',
        "{",
        "",
    ):
        assert events.stored(7, "PointMoved", data) == events.Unread(n=7, kind="PointMoved")
    newer = '{"type":"PointMoved","cp_id":"CP001","location":"Elche","x":1}'
    assert events.stored(7, "PointMoved", newer) == events.PointMoved(cp_id="CP001", location="Elche")


def test_the_fields_of_any_row_can_be_shown():
    assert events.stored_fields('{"type":"FromNextYear","x":[1]}') == {"type": "FromNextYear", "x": [1]}
    for data in ("{", "[1]", '{"x":1,"x":2}'):
        assert events.stored_fields(data) == {"unread": data}
