"""A loss is said once, and its return once."""

import pytest

from evcharge.runtime.outage import Outage


def test_each_is_said_once_however_often_it_is_noticed():
    said: list[object] = []
    outage = Outage(said.append, lambda: said.append("back"))
    outage.back()
    assert (said, outage.is_on) == ([], False)
    outage.lost("why")
    outage.lost("another reason")
    assert (said, outage.is_on) == (["why"], True)
    outage.back()
    outage.back()
    assert (said, outage.is_on) == (["why", "back"], False)
    outage.lost("again")
    assert said == ["why", "back", "again"]


def test_one_that_was_told_before_a_restart_only_ends():
    said: list[object] = []
    outage = Outage(said.append, lambda: said.append("back"), is_on=True)
    outage.lost("known")
    outage.back()
    assert said == ["back"]


def test_a_return_may_go_without_saying():
    said: list[object] = []
    outage = Outage(said.append)
    outage.lost("why")
    outage.back()
    assert said == ["why"]


def test_what_is_said_sees_the_present_state_and_an_error_of_it_is_no_second_loss():
    seen: list[bool] = []

    def fails() -> None:
        seen.append(outage.is_on)
        raise ZeroDivisionError

    outage = Outage(fails, lambda: seen.append(outage.is_on))
    with pytest.raises(ZeroDivisionError):
        outage.lost()
    outage.lost()
    outage.back()
    assert seen == [True, False]
