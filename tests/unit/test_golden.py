"""What release 0.1 understands is written down in tests/golden: whatever came later goes only to who speaks it."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, structs

from evcharge.cp.health import Ping, Pong
from evcharge.features import Feature
from evcharge.messages import MESSAGE_TYPES, RECORD_TYPES, PointRow

FIRST = json.loads((Path(__file__).parents[1] / "golden/0.1/schema.json").read_text("utf-8"))["$defs"]
KINDS = [*MESSAGE_TYPES, *RECORD_TYPES, PointRow]
TAGS = {"t", "k"}


def name(kind: type) -> str:
    return kind.__name__


@pytest.mark.parametrize("kind", KINDS, ids=name)
def test_what_the_first_release_lacks_goes_only_to_who_speaks_its_feature(kind: Any):
    if kind.__name__ not in FIRST:
        assert kind.feature in set(Feature), "a message that 0.1 would refuse needs a `feature`"
        return
    fields = {field.encode_name: field for field in structs.fields(kind)}
    later = set(fields) - set(FIRST[kind.__name__]["properties"])
    assert later == set(kind.since), "fields that 0.1 would refuse belong into `since`, and no others"
    assert {name: fields[name].default for name in later} == dict.fromkeys(later, UNSET)
    assert set(kind.since.values()) <= set(Feature)


@pytest.mark.parametrize("kind", KINDS, ids=name)
def test_what_the_first_release_needs_is_never_left_out(kind: Any):
    first = FIRST.get(kind.__name__, {"required": []})
    assert set(first["required"]) - TAGS <= set(kind.__struct_fields__)


def test_every_feature_belongs_to_a_field_or_a_message():
    used = {feature for kind in KINDS for feature in kind.since.values()}
    used |= {kind.feature for kind in MESSAGE_TYPES if kind.feature is not None}
    assert used == set(Feature)


def test_the_health_port_holds_back_what_a_monitor_of_the_first_release_would_refuse():
    fields = {field.encode_name: field.default for field in structs.fields(Pong)}
    assert set(fields) - set(FIRST["Pong"]["properties"]) == Pong.later
    assert {fields[name] for name in Pong.later} <= {UNSET}
    # A monitor cannot know what its engine takes: it has nothing to add.
    assert set(Ping.__struct_fields__) == set(FIRST["Ping"]["properties"]) - TAGS


def test_nothing_of_the_first_release_has_gone():
    assert set(FIRST) - {"Envelope", "Ping", "Pong"} == {kind.__name__ for kind in KINDS} & set(FIRST)
