"""A clock that is off the database's is noted once, and when it is right again."""

from typing import Any

import pytest

from evcharge.central.rules.commands import Note
from evcharge.central.services.clock_watch import ClockWatch
from evcharge.domain.events import ClockOff, ClockRight, Event


class Watched:
    """A Central whose clock a test sets, and what is noted of it."""

    def __init__(self, told_s: int = 0) -> None:
        self.clock_off_s: int | None = None
        self.noted: list[Event] = []
        membership: Any = self
        self.watch = ClockWatch(membership, self._post, told_s=told_s)

    def _post(self, note: Note) -> None:
        self.noted.append(note.event)

    def looks(self, *offs: int | None) -> list[Event]:
        for self.clock_off_s in offs:
            self.watch.look()
        return self.noted


def test_its_being_off_and_its_being_right_again_are_each_noted_once():
    assert Watched().looks(0, 0) == []
    assert Watched().looks(9, 9, 0, 0) == [ClockOff(seconds=9), ClockRight()]


@pytest.mark.parametrize("further", [15, -9, -3600])
def test_one_that_is_further_off_is_noted_again(further: int):
    assert Watched().looks(9, 10, further, further) == [ClockOff(seconds=9), ClockOff(seconds=further)]


def test_what_was_noted_before_a_restart_is_not_noted_again_and_ends():
    assert Watched(told_s=9).looks(9, 8) == []
    assert Watched(told_s=9).looks(0, 0) == [ClockRight()]


def test_before_anybody_has_looked_since_it_leads_nothing_is_noted():
    assert Watched(told_s=9).looks(None, 9) == []
    assert Watched().looks(None, 9) == [ClockOff(seconds=9)]
