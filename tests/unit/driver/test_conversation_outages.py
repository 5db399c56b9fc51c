"""Outages: what is repeated, what waits, and what is said of them once."""

from evcharge.domain.errors import AuthenticationError, Code, Overloaded
from evcharge.driver.conversation import Conversation
from evcharge.driver.requests import Reaction
from evcharge.driver.words import Words
from evcharge.evc1.messages import (
    AskBalance,
    Balance,
    ErrorNotice,
    Heartbeat,
    ListPoints,
    Notice,
    RequestStart,
    RequestStop,
)
from tests.unit.driver.conversations import ADDRESS, SESSION, bill, charging, conversation, progress, supply


def test_a_request_without_outcome_is_repeated_with_the_same_id():
    talk = charging()
    talk.lost()
    reaction = talk.connected()
    assert reaction.lines == ("Connected to CENTRAL again.",)
    assert reaction.messages == (RequestStart(request_id="request-1", cp_id="CP001"),)


def test_a_settled_request_is_not_repeated():
    talk = charging()
    talk.hear(bill())
    talk.lost()
    assert talk.connected().messages == ()


def test_a_request_made_during_an_outage_is_sent_when_it_ends():
    talk = conversation(connected=False)
    assert talk.start("CP001", None).messages == ()
    reaction = talk.connected()
    assert reaction.lines == (f"Connected to CENTRAL at {ADDRESS}.", "Request sent: CP001")
    assert reaction.messages == (RequestStart(request_id="request-1", cp_id="CP001"),)


def test_what_is_wanted_during_an_outage_is_said_to_wait():
    talk = conversation(connected=False)
    talk.lost()
    waits = ("Not connected to CENTRAL; it will be asked as soon as it can be reached.",)
    assert talk.start("CP001", None).lines == waits
    assert talk.ask(ListPoints()).lines == waits
    early = conversation(connected=False)
    assert early.start("CP001", None).lines == ()


def test_a_driver_hears_of_a_handover_and_which_central_serves_it_then():
    talk = conversation(connected=False)
    talk.address = "10.0.0.5:9002"
    talk.connected()
    talk.start("CP001", None)
    over = talk.handed_over()
    assert over.lines == ("CENTRAL at 10.0.0.5:9002 hands over to another one.",)
    assert not over.notes
    assert not talk.facts.connected
    talk.address = "10.0.0.6:9002"
    there = talk.connected()
    assert there.lines == ("Connected again, to CENTRAL at 10.0.0.6:9002.",)
    assert [said.request_id for said in there.messages if isinstance(said, RequestStart)] == ["request-1"]
    talk.lost(None)
    assert talk.connected().lines == ("Connected to CENTRAL again.",)


def test_an_outage_is_told_once_and_again_only_after_it_ended():
    talk = charging()
    told = (f"Cannot connect to CENTRAL at {ADDRESS}; retrying (your charge goes on)",)
    assert talk.lost().lines == told
    assert talk.lost().lines == ()
    talk.connected()
    assert talk.lost().lines == told


def test_why_nobody_answers_is_said_as_soon_as_it_is_known_and_each_cause_once():
    talk = conversation()
    assert talk.lost(None, "connection refused").lines == (
        f"Cannot connect to CENTRAL at {ADDRESS} (connection refused); retrying",
    )
    assert talk.lost(None, "connection refused") == Reaction()
    assert talk.lost() == Reaction()
    later = talk.lost(None, "no answer in time")
    assert later.lines == (f"Cannot connect to CENTRAL at {ADDRESS} (no answer in time); retrying",)
    assert later.notes == (("central", later.lines[0]),)
    spanish = Conversation("D01", ADDRESS, 60, lambda: "request-1", words=Words("es"))
    assert "(conexión rechazada); se reintenta" in spanish.lost(None, "connection refused").lines[0]


ELSEWHERE = AuthenticationError("D01 (driver) is already connected", Code.DUPLICATE)

NOT_TAKEN = "Not stopped: D01 is connected in another window. Type stop there, or close that window first."


def test_a_stop_in_a_window_that_central_does_not_hear_is_not_taken_and_does_not_wait():
    talk = conversation(connected=False)
    talk.lost(ELSEWHERE)
    assert talk.stop() == Reaction(lines=(NOT_TAKEN,))
    # The other window may be closed hours later: nothing is stopped then.
    assert not any(isinstance(message, RequestStop) for message in talk.connected().messages)
    assert talk.stop().messages == (RequestStop(),)


def test_a_window_that_is_refused_again_and_again_says_so_once_and_when_it_is_let_in():
    talk = conversation(connected=False)
    first = talk.connected().lines
    assert first == (f"Connected to CENTRAL at {ADDRESS}.",)
    refusal = ErrorNotice(code=Code.DUPLICATE, text="D01 (driver) is already connected")
    assert talk.hear(refusal) == Reaction()
    assert talk.lost(ELSEWHERE).lines == ("D01 (driver) is already connected. Retrying.",)
    for _ in range(2):
        assert talk.connected().lines == ()
        # Nor does the line at the bottom say that it is connected.
        assert not talk.facts.connected
        assert talk.hear(refusal) == Reaction()
        assert talk.lost(ELSEWHERE) == Reaction()
    talk.connected()
    back = talk.hear(Heartbeat())
    assert back.lines == ("Connected to CENTRAL again.",)
    assert back.notes == (("central", None),)
    assert talk.facts.connected
    assert talk.stop().messages == (RequestStop(),)


def test_a_stop_that_was_typed_before_that_was_known_is_not_taken_either():
    talk = conversation(connected=False)
    assert talk.stop() == Reaction()
    assert talk.lost(ELSEWHERE).lines == ("D01 (driver) is already connected. Retrying.", NOT_TAKEN)
    assert not talk.busy


def test_without_a_charge_nothing_is_said_of_one():
    assert conversation().lost().lines == (f"Cannot connect to CENTRAL at {ADDRESS}; retrying",)


def test_each_reason_to_keep_us_out_is_told_once():
    talk = conversation()
    talk.lost()
    revoked = AuthenticationError("the key of D01 was revoked", Code.REVOKED)
    assert talk.lost(revoked).lines == ("the key of D01 was revoked. Retrying.",)
    assert talk.lost(revoked).lines == ()
    assert talk.lost(Overloaded("Registry not responding!", Code.BUSY)).lines == (
        "Registry not responding! Retrying.",
    )


def test_a_registry_that_is_away_and_back_is_told_and_noted():
    talk = conversation(connected=False)
    away = Overloaded("Registry not responding at https://r.", Code.UNREACHABLE)
    reaction = talk.lost(away)
    assert reaction.lines == ("Registry not responding at https://r. Retrying.",)
    assert reaction.notes == (("registry", reaction.lines[0]),)
    reaction = talk.connected()
    assert reaction.lines == ("Registry responding again.", f"Connected to CENTRAL at {ADDRESS}.")
    assert reaction.notes == (("registry", None),)


def test_a_ticket_that_is_not_renewed_is_told_though_central_is_there():
    talk = conversation()
    away = Overloaded("Registry not responding at https://r.", Code.UNREACHABLE)
    assert talk.renewal(None) == Reaction()
    assert talk.renewal(away).lines == ("Registry not responding at https://r. Retrying.",)
    assert talk.renewal(None).lines == ("Registry responding again.",)


def test_an_outage_is_noted_with_its_end():
    talk = conversation()
    assert talk.lost().notes == (("central", f"Cannot connect to CENTRAL at {ADDRESS}; retrying"),)
    assert talk.connected().notes == (("central", None),)
    assert talk.connected().notes == ()


def test_only_the_return_of_what_was_lost_is_told():
    talk = charging()
    back = Notice(code="MONITOR_BACK", text="The monitor of CP001 is heard again.", cp_id="CP001")
    assert talk.hear(back) == Reaction()
    talk.hear(Notice(code="MONITOR_LOST", text="The monitor of CP001 is not heard.", cp_id="CP001"))
    assert talk.hear(back).lines == (back.text,)


# ---- what began elsewhere, and ended while Central was away


def begun_elsewhere(step: str = "READY") -> Conversation:
    """A charge that was asked for at its charging point, and then an outage."""
    talk = conversation()
    talk.hear(progress(step, request_id="by-hand-1"))
    talk.lost()
    return talk


NOTHING_OPEN = Balance(balance_cents=2000, held_cents=0)


def test_a_charge_begun_elsewhere_that_came_to_nothing_meanwhile_is_forgotten():
    talk = begun_elsewhere()
    # Central names what is open before it answers anything.
    assert talk.connected().messages == (AskBalance(),)
    assert talk.request is not None
    assert talk.hear(NOTHING_OPEN).lines == (
        "Your charge at CP001 was over before CENTRAL was reached again.",
    )
    assert talk.request is None
    assert [type(message) for message in talk.start("CP002", None).messages] == [RequestStart]


def test_figures_of_a_charge_that_is_over_do_not_stay():
    talk = conversation()
    talk.hear(supply())
    talk.lost()
    talk.connected()
    talk.hear(NOTHING_OPEN)
    assert talk.facts.supply is None


def test_a_charge_begun_elsewhere_that_goes_on_is_kept_without_a_word():
    talk = begun_elsewhere("CHARGING")
    talk.connected()
    assert talk.hear(progress("CHARGING", request_id="by-hand-1")) == Reaction()
    assert talk.hear(NOTHING_OPEN) == Reaction()
    assert talk.stop().messages == (RequestStop(session_id=SESSION),)


def test_of_several_charges_only_those_that_are_open_still_can_be_stopped():
    talk = charging()
    talk.hear(progress("READY", request_id="by-hand-1", session_id="S-D01-CP003-1", cp_id="CP003"))
    talk.lost()
    talk.connected()
    talk.hear(progress("CHARGING"))
    talk.hear(NOTHING_OPEN)
    assert talk.stop().messages == (RequestStop(session_id=SESSION),)


def test_what_was_asked_for_here_waits_for_its_answer_whatever_the_balance():
    talk = charging()
    talk.lost()
    assert AskBalance() not in talk.connected().messages
    talk.hear(NOTHING_OPEN)
    assert talk.busy
