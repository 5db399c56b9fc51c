"""Plans: what is written in a file, and when it is done."""

import pytest

from evcharge.cp.engine.charge import PlanMoment
from evcharge.cp.engine.plan import Action, HandOrder, Plan, PlanStep, automatic, parse
from evcharge.domain.errors import ConfigError

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


def did(plan: Plan, now_s: float) -> list[Action]:
    return [order.action for order in plan.due(now_s)]


def test_a_manual_start_names_its_driver_and_ko_and_ok_are_words_too():
    assert parse("1 manual d01\n2 ko\n3 ok\n4 quit\n5 status") == [
        PlanStep(None, 1.0, HandOrder(Action.MANUAL, "D01")),
        PlanStep(None, 2.0, HandOrder(Action.BREAK)),
        PlanStep(None, 3.0, HandOrder(Action.MEND)),
        PlanStep(None, 4.0, HandOrder(Action.STOP)),
        PlanStep(None, 5.0, HandOrder(Action.STATUS)),
    ]


def test_a_plan_is_read_line_by_line():
    assert parse(TEXT) == [
        PlanStep(None, 2.0, HandOrder(Action.PLUG)),
        PlanStep(None, 10.0, HandOrder(Action.UNPLUG)),
        PlanStep(None, 12.0, HandOrder(Action.BREAK)),
        PlanStep(None, 15.0, HandOrder(Action.MEND)),
        PlanStep(PlanMoment.AUTHORISED, 1.5, HandOrder(Action.PLUG)),
        PlanStep(PlanMoment.STARTED, 3.0, HandOrder(Action.UNPLUG)),
        PlanStep(PlanMoment.ENDED, 0.0, HandOrder(Action.UNPLUG)),
        PlanStep(None, 20.0, HandOrder(Action.STOP)),
    ]
    assert parse("") == parse("# nothing\r\n\r\n") == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("plug", "a step is SECONDS ACTION"),
        ("2 plug now", "plug takes nothing after it, but there is 'now'"),
        ("2 manual", "a manual start names its driver"),
        ("2 manual D01 4711 D02", "a manual start names its driver"),
        ("2 manual D01 D02", "a PIN has 4 to 12 digits"),
        ("2 manual D01 471", "a PIN has 4 to 12 digits"),
        ("2 manual D01 1234567890123", "a PIN has 4 to 12 digits"),
        ("2 manual D01 ٤٧١١", "a PIN has 4 to 12 digits"),
        ("2 manual D/1", "bad driver id 'D/1'"),
        ("after ended plug", "a step is SECONDS ACTION"),
        ("soon plug", "'soon' is not a number of seconds"),
        ("-1 plug", "'-1' is not a number of seconds"),
        ("nan plug", "'nan' is not a number of seconds"),
        ("inf plug", "'inf' is not a number of seconds"),
        ("1e9 plug", "'1e9' is not a number of seconds"),
        (
            "2 explode",
            "an action is one of plug, unplug, break, mend, manual, status, faults, stop, not 'explode'",
        ),
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
    assert did(plan, 101.9) == []
    assert did(plan, 102.0) == [Action.PLUG]
    assert did(plan, 200.0) == [Action.UNPLUG, Action.MEND]
    assert plan.next_at_s is None
    assert did(plan, 300.0) == []


def test_after_steps_follow_each_moment():
    plan = Plan(parse("after authorised 1 plug"), now_s=0.0)
    assert plan.next_at_s is None
    plan.happened(PlanMoment.STARTED, 5.0)
    assert plan.next_at_s is None
    for now_s in (10.0, 20.0):
        plan.happened(PlanMoment.AUTHORISED, now_s)
        assert did(plan, now_s + 0.9) == []
        assert did(plan, now_s + 1.0) == [Action.PLUG]


def test_the_next_session_drops_what_was_waiting_for_the_last_one():
    plan = Plan(parse("after started 30 unplug\n40 break"), now_s=0.0)
    plan.happened(PlanMoment.AUTHORISED, 1.0)
    plan.happened(PlanMoment.STARTED, 2.0)
    plan.happened(PlanMoment.AUTHORISED, 10.0)
    assert did(plan, 35.0) == []
    plan.happened(PlanMoment.STARTED, 35.0)
    assert did(plan, 100.0) == [Action.BREAK, Action.UNPLUG]


def test_automatic_plugging_unplugs_when_told_or_when_the_session_has_ended():
    assert automatic(None, 5.0) == []
    ends = Plan(automatic(1.5, None), now_s=0.0)
    ends.happened(PlanMoment.AUTHORISED, 0.0)
    assert did(ends, 1.5) == [Action.PLUG]
    ends.happened(PlanMoment.STARTED, 1.5)
    assert did(ends, 1000.0) == []
    ends.happened(PlanMoment.ENDED, 1000.0)
    assert did(ends, 1000.0) == [Action.UNPLUG]
    timed = Plan(automatic(1.5, 5.0), now_s=0.0)
    timed.happened(PlanMoment.STARTED, 2.0)
    assert did(timed, 7.0) == [Action.UNPLUG]
