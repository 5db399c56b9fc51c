"""Exercise "event": somebody inspects a charging point, and the audit log keeps what was found."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import json

from evcharge.central.rules import commands as c
from evcharge.central.rules.decide import decide
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.settings import Rules
from evcharge.central.views.event_text import line
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.errors import Refused
from evcharge.domain.events import stored
from evcharge.domain.ids import CpId, Role
from evcharge.labels.command_refusals import in_words

Named = Callable[[str, str], Any]
BY = c.Actor("operator", Role.OPERATOR, "127.0.0.1")
RULES = Rules(now=datetime(2026, 1, 1, 12, tzinfo=UTC))


@pytest.fixture
def inspect(named: Named) -> Any:
    command = named("evcharge.central.rules.commands", "NoteInspection")
    facts = Facts()
    facts.put(ChargingPoint(cp_id=CpId("CP001")))
    return lambda found, cp_id="CP001": decide(facts, command(by=BY, cp_id=cp_id, found=found), RULES)


@pytest.fixture
def event(named: Named) -> Any:
    return named("evcharge.domain.events", "PointInspected")


def test_an_inspection_is_one_event_and_changes_nothing(inspect: Any, event: Any):
    decision = inspect("the cable is worn")
    assert list(decision.events) == [event(cp_id="CP001", found="the cable is worn")]
    assert list(decision.changes) == []


def test_what_is_stored_is_read_again(event: Any):
    one = event(cp_id="CP001", found="¿todo bien?")
    assert stored(1, "PointInspected", json.encode(one).decode()) == one


def test_spaces_and_line_breaks_are_one_space_and_it_is_short(inspect: Any):
    assert inspect("  worn\n\tcable ").events[0].found == "worn cable"
    assert len(inspect("x" * 5000).events[0].found) == 200


@pytest.mark.parametrize("nothing", ["", " \n\t "])
def test_an_inspection_without_words_is_refused_in_both_languages(inspect: Any, nothing: str):
    with pytest.raises(Refused) as refusal:
        inspect(nothing)
    english, spanish = (in_words(refusal.value, lang) for lang in ("en", "es"))
    assert "CP001" in english
    assert english != spanish


def test_a_charging_point_that_is_not_there_cannot_be_inspected(inspect: Any):
    with pytest.raises(Refused, match="unknown point"):
        inspect("all is well", cp_id="CP009")


def test_its_line_is_in_both_languages(event: Any):
    one = event(cp_id="CP001", found="worn cable")
    english, spanish = (line(one, lang) for lang in ("en", "es"))
    for said in (english, spanish):
        assert said is not None
        assert "CP001" in said
        assert "worn cable" in said
    assert english != spanish
