"""Central's own deadlines: what an engine that is gone or cut off left behind does not hold a wallet for ever."""

from dataclasses import fields

import pytest
from msgspec import structs

from evcharge.central.peers.deadlines import ANSWER_S, HANGS_S, LAST_WORD_S, LOOK_EVERY_S, TELL_S, Lost
from evcharge.central.rules import commands as c
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.start_seal import seal
from evcharge.domain.session import EndReason
from tests.unit.central.builders import NOON, Network

KEY = b"k" * 32


class Clocked:
    """A network whose rules carry out what is posted, and the deadlines of its Central."""

    def __init__(self) -> None:
        self.town = Network(rules=Rules(now=NOON, welcome_credit_cents=2_000, sign_key=KEY))
        self.town.point_is_there()
        self.town.driver_is_there()
        self.now_s, self.posted = 0.0, []
        # Of peers: the engines that have their last word, and those that were cut.
        self.parting, self.cut, self.hung_up = {}, [], []
        self.trouble = self.busy_since = None
        self.lost = Lost(self, self)

    @property
    def facts(self):
        return self.town.facts

    def part(self, link: object) -> None:
        self.cut.append(link)
        self.parting.clear()

    def hang_up(self, number: int, why: str) -> None:
        self.hung_up.append((number, why))

    def post(self, command: c.CloseLost | c.EngineLeaves) -> None:
        self.posted.append(command)

    def after(self, seconds: float) -> bool:
        """Let time pass; return whether a session is still open."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + LOOK_EVERY_S, end_s)
            self.lost.sweep(self.now_s)
            while self.posted:
                one = self.posted.pop(0)
                what = {field.name: getattr(one, field.name) for field in fields(one) if field.name != "by"}
                self.town.does(type(one), **what)
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


def test_an_engine_that_comes_back_answers_for_itself_and_has_the_whole_time_again(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    clocked.after(session.plug_within_s - 1)
    clocked.town.engine()
    assert clocked.after(ANSWER_S)
    clocked.town.engine_leaves()
    assert clocked.after(session.plug_within_s)
    assert not clocked.after(2 * LOOK_EVERY_S)
    assert clocked.hung_up == []


def test_an_engine_that_is_there_and_does_not_answer_start_is_hung_up_on_and_the_money_is_free(
    clocked: Clocked,
):
    session = clocked.town.authorised()
    link = clocked.town.point().engine_link
    assert clocked.after(session.plug_within_s + ANSWER_S)
    assert not clocked.after(2 * LOOK_EVERY_S)
    assert clocked.hung_up == [(link, f"not a word for 90 s on what became of {session.session_id}")]
    assert clocked.town.point().engine_link is None
    assert (clocked.town.driver().balance_cents, clocked.town.driver().held_cents) == (2_000, 0)
    assert clocked.facts.outcome(session.request_id).end_reason is EndReason.LOST


def test_what_it_began_all_the_same_is_billed_when_it_tells(clocked: Clocked):
    session, engine = clocked.town.authorised(), clocked.town.engines["CP001"]
    (authorised,) = clocked.town.decisions[-1].events
    assert not clocked.after(session.plug_within_s + 2 * ANSWER_S)
    clocked.town.engine()
    start = structs.replace(
        engine.started(session.session_id),
        request_id=session.request_id,
        hold_cents=session.hold_cents,
        limit_mwh=session.limit_mwh,
        auth=seal(KEY, authorised),
    )
    clocked.town.sends(start, engine.ended(session.session_id, 1_000_000))
    (ticket,) = clocked.town.tickets
    assert (ticket.energy_mwh, ticket.estimated) == (1_000_000, False)


def test_an_engine_that_says_nothing_after_a_stop_is_hung_up_on_and_the_charge_is_estimated(clocked: Clocked):
    session = clocked.town.charging(more_mwh=1_000_000)
    assert clocked.after(1_000)
    clocked.town.does(c.EndCharge, session_id=session.session_id)
    assert clocked.after(ANSWER_S)
    assert not clocked.after(2 * LOOK_EVERY_S)
    (ticket,) = clocked.town.tickets
    assert (ticket.estimated, ticket.energy_mwh, ticket.reason) == (True, 1_000_000, EndReason.LOST)


def test_an_engine_that_still_tells_what_it_had_journaled_is_not_silent(clocked: Clocked):
    session, engine = clocked.town.charging(), clocked.town.engines["CP001"]
    clocked.town.engine_leaves()
    clocked.town.does(c.EndCharge, session_id=session.session_id)
    backlog = [engine.meter(session.session_id, 1_000) for _ in range(4)]
    clocked.town.engine()
    for record in backlog:
        assert clocked.after(ANSWER_S - 1)
        clocked.town.sends(record)
    assert clocked.hung_up == []
    # All is told but the end; what it meters now puts nothing off.
    assert clocked.after(ANSWER_S - 1)
    clocked.town.sends(engine.meter(session.session_id, 1_000))
    assert not clocked.after(1 + 2 * LOOK_EVERY_S)
    assert len(clocked.hung_up) == 1


@pytest.mark.parametrize("is_stopped", [False, True], ids=["start", "stop"])
def test_an_engine_that_says_it_had_journaled_more_than_anything_does_not_put_off_the_end_for_ever(
    clocked: Clocked, *, is_stopped: bool
):
    session = clocked.town.charging() if is_stopped else clocked.town.authorised()
    engine = clocked.town.engines["CP001"]
    clocked.town.engine_leaves()
    if is_stopped:
        clocked.town.does(c.EndCharge, session_id=session.session_id)
    clocked.town.engine(last_seq=2**53)
    waited_s, is_open = 0.0, True
    while is_open and waited_s < 2 * TELL_S:
        # Of the second, nobody knows anything: it is set aside.
        about = session.session_id if is_stopped else "S-X1-CP001-0123456789abcdef"
        clocked.town.sends(engine.meter(about, 1))
        is_open = clocked.after(ANSWER_S - 1)
        waited_s += ANSWER_S - 1
    assert TELL_S <= waited_s <= TELL_S + ANSWER_S
    assert len(clocked.hung_up) == 1


@pytest.mark.parametrize("is_stopped", [False, True], ids=["start", "stop"])
def test_while_central_stood_still_nobody_had_time_to_answer(clocked: Clocked, *, is_stopped: bool):
    session = clocked.town.charging() if is_stopped else clocked.town.authorised()
    most_s = ANSWER_S
    if is_stopped:
        clocked.town.does(c.EndCharge, session_id=session.session_id)
    else:
        most_s += session.plug_within_s
    clocked.after(1)
    clocked.now_s += 10 * most_s
    clocked.lost.stood_still(10 * most_s)
    assert clocked.after(most_s - 2)
    assert not clocked.after(2 + 2 * LOOK_EVERY_S)


@pytest.mark.parametrize("is_stopped", [False, True], ids=["start", "stop"])
def test_while_a_commit_hangs_no_engine_is_to_blame(clocked: Clocked, *, is_stopped: bool):
    session = clocked.town.charging() if is_stopped else clocked.town.authorised()
    most_s = ANSWER_S
    if is_stopped:
        clocked.town.does(c.EndCharge, session_id=session.session_id)
    else:
        most_s += session.plug_within_s
    clocked.after(LOOK_EVERY_S)
    clocked.busy_since = clocked.now_s
    assert clocked.after(10 * most_s)
    clocked.busy_since = None
    # Until it hung, those seconds were the engine's.
    assert clocked.after(most_s - 2 * HANGS_S)
    assert not clocked.after(2 * HANGS_S + 2 * LOOK_EVERY_S)
    assert len(clocked.hung_up) == 1


def test_what_came_before_a_commit_hung_is_stored_before_the_time_goes_on(clocked: Clocked):
    session, engine = clocked.town.charging(), clocked.town.engines["CP001"]
    clocked.town.does(c.EndCharge, session_id=session.session_id)
    clocked.after(ANSWER_S - HANGS_S)
    clocked.busy_since = clocked.now_s
    assert clocked.after(10 * ANSWER_S)
    clocked.busy_since = None
    assert clocked.after(LOOK_EVERY_S)
    clocked.town.sends(engine.ended(session.session_id, 1_000_000))
    assert not clocked.after(ANSWER_S)
    assert clocked.hung_up == []


def test_a_silent_engine_is_hung_up_on_also_where_every_commit_is_slow(clocked: Clocked):
    session = clocked.town.charging()
    clocked.town.does(c.EndCharge, session_id=session.session_id)
    waited_s, is_open = 0.0, True
    while is_open and waited_s < 10 * ANSWER_S:
        clocked.busy_since = clocked.now_s
        is_open = clocked.after(HANGS_S + LOOK_EVERY_S)
        waited_s += HANGS_S + LOOK_EVERY_S
    assert len(clocked.hung_up) == 1


def test_a_link_that_comes_and_goes_does_not_put_off_the_end_for_ever(clocked: Clocked):
    session = clocked.town.authorised()
    waited_s, is_open = 0, True
    while is_open and waited_s < 1_000:
        clocked.town.engine_leaves()
        clocked.after(5)
        clocked.town.engine()
        is_open = clocked.after(5)
        waited_s += 10
    assert 3 * session.plug_within_s < waited_s <= 3 * session.plug_within_s + ANSWER_S + 10


def test_while_nothing_can_be_stored_no_engine_is_to_blame(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.trouble = "disk full"
    assert clocked.after(10 * session.plug_within_s)
    clocked.trouble = None
    assert clocked.after(session.plug_within_s + ANSWER_S)
    assert not clocked.after(2 * LOOK_EVERY_S)
    assert len(clocked.hung_up) == 1


def test_after_a_restart_an_engine_that_is_there_has_the_whole_time_anew(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.after(session.plug_within_s)
    clocked.lost = Lost(clocked, clocked)
    assert clocked.after(session.plug_within_s + ANSWER_S)
    assert not clocked.after(2 * LOOK_EVERY_S)


def test_a_charge_is_never_ended_by_that_deadline(clocked: Clocked):
    clocked.town.charging()
    clocked.town.engine_leaves()
    assert clocked.after(1_000)


def test_after_a_restart_of_central_the_time_begins_anew(clocked: Clocked):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    clocked.after(session.plug_within_s - 1)
    clocked.lost = Lost(clocked, clocked)
    assert clocked.after(session.plug_within_s - 1)
    assert not clocked.after(2)


def test_an_end_that_could_not_be_stored_is_tried_again(clocked: Clocked, monkeypatch: pytest.MonkeyPatch):
    session = clocked.town.authorised()
    clocked.town.engine_leaves()
    with monkeypatch.context() as full_disk:
        full_disk.setattr(clocked, "post", lambda _command: None)
        assert clocked.after(2 * session.plug_within_s)
    assert not clocked.after(session.plug_within_s + LOOK_EVERY_S)


# ---- keys that were withdrawn during a session


def test_an_engine_whose_keys_are_withdrawn_has_its_last_word_and_is_cut_then(clocked: Clocked):
    clocked.town.charging(more_mwh=1_000_000)
    clocked.town.does(c.RevokeKeys, subject="CP001")
    clocked.parting["CP001"] = "its link"
    assert clocked.after(LAST_WORD_S)
    assert clocked.cut == []
    assert not clocked.after(LOOK_EVERY_S)
    assert clocked.cut == ["its link"]
    (ticket,) = clocked.town.tickets
    assert (ticket.estimated, ticket.energy_mwh, ticket.reason) == (True, 1_000_000, EndReason.REVOKED)


def test_a_commit_that_hangs_leaves_withdrawn_keys_no_more_time(clocked: Clocked):
    clocked.town.charging()
    clocked.town.does(c.RevokeKeys, subject="CP001")
    clocked.parting["CP001"] = "its link"
    clocked.busy_since = clocked.now_s
    assert clocked.after(LAST_WORD_S)
    assert clocked.cut == []
    assert not clocked.after(LOOK_EVERY_S)
    assert clocked.cut == ["its link"]


def test_an_engine_that_told_the_end_is_cut_at_once(clocked: Clocked):
    session = clocked.town.charging()
    clocked.town.does(c.RevokeKeys, subject="CP001")
    clocked.parting["CP001"] = "its link"
    clocked.town.sends(clocked.town.engines["CP001"].ended(session.session_id, 2_000_000, "key revoked"))
    clocked.after(LOOK_EVERY_S)
    assert clocked.cut == ["its link"]
    (ticket,) = clocked.town.tickets
    assert (ticket.estimated, ticket.energy_mwh) == (False, 2_000_000)


def test_a_session_that_was_open_at_a_withdrawal_before_a_restart_is_settled_too(clocked: Clocked):
    clocked.town.charging()
    clocked.town.does(c.RevokeKeys, subject="CP001")
    clocked.town.engine_leaves()
    clocked.lost = Lost(clocked, clocked)
    assert clocked.after(LAST_WORD_S)
    assert not clocked.after(LOOK_EVERY_S)
