"""A decision leaves the facts alone; notes and changes of access."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.accounts import ApiToken, seal
from evcharge.central.rules.commands import CENTRAL
from evcharge.central.rules.decide import decide
from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from evcharge.domain.ids import Role
from tests.unit.central.builders import ADMIN, NOON, Network, only, remembered


def test_a_change_of_access_is_stored_with_its_proof(town: Network):
    token = ApiToken(name="app", role=Role.SERVICE, token_sha256="d" * 64, created_at=NOON, created_by="ana")
    decision = town.does(c.ChangeAccess, event=events.TokenMade(name="app", role="service"), change=token)
    assert decision.changes == (token,)
    assert only(decision, events.TokenMade).seal == seal(token)


def test_a_note_is_kept_and_changes_nothing(network: Network):
    event = events.ClockJumped(seconds=86_400)
    decision = network.does(c.Note, by=CENTRAL, event=event)
    assert (decision.events, decision.changes, decision.reply) == ((event,), (), None)
    assert not decision.is_empty


def test_deciding_leaves_the_facts_alone(town: Network):
    town.charging()
    before = remembered(town.facts)
    decide(town.facts, c.PlaceHold(by=ADMIN, cp_id=None, hold=Hold.WEATHER), town.rules)
    decide(town.facts, c.RevokeKeys(by=ADMIN, subject="CP001"), town.rules)
    assert remembered(town.facts) == before


def test_a_command_without_a_rule_is_a_bug_and_ends_loudly(town: Network):
    with pytest.raises(AssertionError):
        decide(town.facts, c.Command(by=ADMIN), town.rules)
