"""The rules against their model: a short round, always the same. Longer ones: tests/component/test_rules_rounds.py."""

import pytest

from evcharge.central.rules import commands as c
from tests.unit.central.machine.rounds import TheRules, play


def test_what_fails_after_a_commit_is_told_as_it_is():
    """Not as a ticket that is stored twice: what lies in the books is no batch any more."""
    machine = TheRules()
    machine.everybody_is_there()
    machine.batch_size = 4
    machine.do(c.DriverArrives, driver_id="D01", link=10**6, epoch=0, registration=0)
    machine.remember = lambda _: (_ for _ in ()).throw(KeyError("S-not-in-the-model"))
    with pytest.raises(KeyError):
        machine.commit()
    assert machine.batch == []
    machine.teardown()


def test_the_rules_come_to_what_the_model_says():
    play(60)
