"""Plans: what is written in a file, and when it is done."""

import pytest

from evcharge.cp.charge import Moment
from evcharge.cp.plan import Action, Plan, Step, automatic, parse
from evcharge.errors import ConfigError

TEXT = """\ufeff# the whole afternoon
2.0 plug
10 unplug   # enough
12 break

15 mend
after authorised 1.5 plug
after started 3 unplug
after ended 0 unplug
20 stop
"""


def test_a_plan_is_read_line_by_line():
    assert parse(TEXT) == [
        Step(None, 2.0, Action.PLUG),
        Step(None, 10.0, Action.UNPLUG),
        Step(None, 12.0, Action.BREAK),
        Step(None, 15.0, Action.MEND),
        Step(Moment.AUTHORISED, 1.5, Action.PLUG),
        Step(Moment.STARTED, 3.0, Action.UNPLUG),
        Step(Moment.ENDED, 0.0, Action.UNPLUG),
        Step(None, 20.0, Action.STOP),
    ]
    assert parse("") == parse("# nothing\r\n\r\n") == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("plug", "a step is SECONDS ACTION"),
        ("2 plug now", "a step is SECONDS ACTION"),
        ("after ended plug", "a step is SECONDS ACTION"),
        ("soon plug", "'soon' is not a number of seconds"),
        ("-1 plug", "'-1' is not a number of seconds"),
        ("nan plug", "'nan' is not a number of seconds"),
        ("inf plug", "'inf' is not a number of seconds"),
        ("1e9 plug", "'1e9' is not a number of seconds"),
        ("2 explode", "an action is one of plug, unplug, break, mend, stop, not 'explode'"),
        ("after lunch 2 plug", "after one of authorised, started, ended, not 'lunch'"),
        ("after", "after one of authorised, started, ended, not ''"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line, problem):
    with pytest.raises(ConfigError) as error:
        parse(f"1 plug\n\n{line}\n", "night.plan")
    assert error.value.text.startswith("night.plan line 3: ")
    assert problem in error.value.text


def test_steps_are_due_in_order_and_once():
    plan = Plan(parse("5 unplug\n2 plug\n5 mend"), now_s=100.0)
    assert plan.next_at_s == 102.0
    assert plan.due(101.9) == []
    assert plan.due(102.0) == [Action.PLUG]
    assert plan.due(200.0) == [Action.UNPLUG, Action.MEND]
    assert plan.next_at_s is None
    assert plan.due(300.0) == []


def test_after_steps_follow_each_moment():
    plan = Plan(parse("after authorised 1 plug"), now_s=0.0)
    assert plan.next_at_s is None
    plan.happened(Moment.STARTED, 5.0)
    assert plan.next_at_s is None
    for now_s in (10.0, 20.0):
        plan.happened(Moment.AUTHORISED, now_s)
        assert plan.due(now_s + 0.9) == []
        assert plan.due(now_s + 1.0) == [Action.PLUG]


def test_the_next_session_drops_what_was_waiting_for_the_last_one():
    plan = Plan(parse("after started 30 unplug\n40 break"), now_s=0.0)
    plan.happened(Moment.AUTHORISED, 1.0)
    plan.happened(Moment.STARTED, 2.0)
    plan.happened(Moment.AUTHORISED, 10.0)
    assert plan.due(35.0) == []
    plan.happened(Moment.STARTED, 35.0)
    assert plan.due(100.0) == [Action.BREAK, Action.UNPLUG]


def test_automatic_plugging_unplugs_when_told_or_when_the_session_has_ended():
    assert automatic(None, 5.0) == []
    ends = Plan(automatic(1.5, None), now_s=0.0)
    ends.happened(Moment.AUTHORISED, 0.0)
    assert ends.due(1.5) == [Action.PLUG]
    ends.happened(Moment.STARTED, 1.5)
    assert ends.due(1000.0) == []
    ends.happened(Moment.ENDED, 1000.0)
    assert ends.due(1000.0) == [Action.UNPLUG]
    timed = Plan(automatic(1.5, 5.0), now_s=0.0)
    timed.happened(Moment.STARTED, 2.0)
    assert timed.due(7.0) == [Action.UNPLUG]
