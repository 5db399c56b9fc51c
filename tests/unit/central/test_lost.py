"""Central's own deadline: a session whose engine is gone before power flows does not hold a wallet for ever."""

import pytest

from evcharge.central import commands as c
from evcharge.central.lost import LOOK_EVERY_S, Lost
from evcharge.session import EndReason
from tests.unit.central.builders import Network


class Clocked:
    """A network whose rules carry out what is posted, and the deadlines of its Central."""

    def __init__(self) -> None:
        self.town = Network()
        self.town.point_is_there()
        self.town.driver_is_there()
        self.now_s, self.lost, self.posted = 0.0, Lost(self), []

    @property
    def facts(self):
        return self.town.facts

    def post(self, command: c.CloseLost) -> None:
        self.posted.append(command)

    def after(self, seconds: float) -> bool:
        """Let time pass; return whether a session is still open."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + LOOK_EVERY_S, end_s)
            self.lost.sweep(self.now_s)
            while self.posted:
                one = self.posted.pop()
                self.town.does(c.CloseLost, session_id=one.session_id, unless_begun=one.unless_begun)
        return any(True for _ in self.facts.sessions())


@pytest.fixture
def clocked() -> Clocked:
    return Clocked()


def test_a_request_ends_when_its_engine_is_gone_for_as_long_as_one_may_plug_in(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    assert clocked.after(session.plug_within_s)
    assert not clocked.after(2 * LOOK_EVERY_S)
    assert clocked.town.driver().balance_cents == 2_000
    assert clocked.facts.outcome(session.request_id).end_reason is EndReason.LOST


def test_an_engine_that_comes_back_answers_for_itself(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    clocked.after(session.plug_within_s - 1)
    clocked.town.engine()
    assert clocked.after(10 * session.plug_within_s)
    # And has the whole time again when it goes another time.
    clocked.town.engine_leaves()
    assert clocked.after(session.plug_within_s)
    assert not clocked.after(2 * LOOK_EVERY_S)


def test_a_charge_is_never_ended_by_that_deadline(clocked: Clocked):
    clocked.town.charging()
    clocked.town.engine_leaves()
    assert clocked.after(1_000)


def test_after_a_restart_of_central_the_time_begins_anew(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    clocked.after(session.plug_within_s - 1)
    clocked.lost = Lost(clocked)
    assert clocked.after(session.plug_within_s - 1)
    assert not clocked.after(2)


def test_an_end_that_could_not_be_stored_is_tried_again(clocked: Clocked, monkeypatch: pytest.MonkeyPatch):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    with monkeypatch.context() as full_disk:
        full_disk.setattr(clocked, "post", lambda _command: None)
        assert clocked.after(2 * session.plug_within_s)
    assert not clocked.after(session.plug_within_s + LOOK_EVERY_S)
