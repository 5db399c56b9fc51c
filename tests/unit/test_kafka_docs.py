"""docs/KAFKA.md tells every topic, every field and every type of event, as they are."""

from pathlib import Path

import pytest

from evcharge.central.kafka.published_event import Published
from evcharge.domain.events import EVENT_TYPES, Event
from evcharge.kafka.topics import TOPICS

DOCUMENT = (Path(__file__).parents[2] / "docs/KAFKA.md").read_text("utf-8")
TOLD_BESIDE = {"cp_id", "driver_id", "session_id", "request_id"}


def row(kind: type[Event]) -> str:
    """The row of one type; a new type's row can be copied from the failure."""
    fields = kind.__struct_fields__
    of = [topic for name, topic in (("cp_id", "cp-events"), ("driver_id", "driver-events")) if name in fields]
    data = ", ".join(f"`{name}`" for name in fields if name not in TOLD_BESIDE)
    meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    return f"| `{kind.__name__}` | {', '.join(of or ['central-events'])} | {data} | {meaning} |"


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.__name__)
def test_every_type_of_event_has_its_row(kind: type[Event]):
    assert row(kind) in DOCUMENT.splitlines()


def test_no_row_is_left_of_an_event_that_is_gone():
    rows = DOCUMENT[DOCUMENT.index("## Types of events") :].splitlines()
    named = {line.split("`")[1] for line in rows if line.startswith("| `") and not line.startswith("| Type")}
    assert named - {"data"} == {kind.__name__ for kind in EVENT_TYPES}


@pytest.mark.parametrize("name", [*Published.__struct_fields__, *TOPICS])
def test_every_field_and_every_topic_is_told(name: str):
    assert f"`{name}`" in DOCUMENT
