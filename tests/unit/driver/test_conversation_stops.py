"""Stopping a charge, and leaving."""

from evcharge.driver.conversation import Conversation
from evcharge.driver.requests import Reaction
from evcharge.evc1.messages import ErrorNotice, RequestStop
from tests.unit.driver.conversations import SESSION, bill, charging, conversation, progress

# ---- stopping


def test_stop_names_the_session_and_is_not_said_twice():
    talk = charging()
    assert talk.stop().messages == (RequestStop(session_id=SESSION),)
    assert talk.stop().messages == ()
    talk.lost()
    assert RequestStop(session_id=SESSION) in talk.connected().messages


def test_a_stop_that_central_has_taken_is_not_repeated():
    talk = charging()
    talk.stop()
    talk.hear(progress("STOPPING"))
    talk.lost()
    assert RequestStop(session_id=SESSION) not in talk.connected().messages


def test_stop_without_a_charge_is_for_central_to_answer():
    talk = conversation()
    assert talk.stop().messages == (RequestStop(),)
    assert talk.busy
    assert talk.hear(ErrorNotice(code="E_NO_SESSION", text="no charge is running")).lines == (
        "Refused: no charge is running",
    )
    assert not talk.busy


def test_stop_cancels_a_request_that_was_never_sent():
    talk = conversation(connected=False)
    talk.start("CP001", None)
    reaction = talk.stop()
    assert reaction.messages == ()
    assert reaction.outcome is not None
    assert talk.connected().messages == ()


def test_stop_during_an_outage_is_sent_when_it_ends():
    talk = charging()
    talk.lost()
    assert talk.stop().messages == ()
    assert talk.connected().messages[-1] == RequestStop(session_id=SESSION)


OTHER_SESSION = "S-D01-CP003-fedcba0987654321"


def two_charges() -> Conversation:
    """One charge that was asked for here, and one that the driver's page asked for."""
    talk = charging()
    talk.hear(progress("CHARGING", request_id="R-00000002", session_id=OTHER_SESSION, cp_id="CP003"))
    return talk


def test_stop_asks_which_of_several_charges_is_meant():
    talk = two_charges()
    reaction = talk.stop()
    assert reaction.messages == ()
    assert reaction.lines == ("You charge at CP001, CP003: say which, such as: stop CP001",)
    assert talk.stop("CP003").messages == (RequestStop(session_id=OTHER_SESSION),)
    assert talk.stop("CP003").messages == ()
    assert talk.stop("CP001").messages == (RequestStop(session_id=SESSION),)


def test_stop_at_a_point_where_nothing_of_ones_own_runs_goes_nowhere():
    reaction = charging().stop("CP009")
    assert reaction.messages == ()
    assert "CP009" in reaction.lines[0]


def test_of_several_charges_one_remains_when_the_other_is_over():
    talk = two_charges()
    talk.hear(bill("R-00000002", OTHER_SESSION, cp_id="CP003"))
    assert talk.stop().messages == (RequestStop(session_id=SESSION),)


def test_of_several_charges_one_remains_when_the_other_is_refused():
    talk = two_charges()
    talk.hear(progress("REFUSED", request_id="R-00000002", session_id=OTHER_SESSION, cp_id="CP003"))
    assert talk.stop().messages == (RequestStop(session_id=SESSION),)


def test_a_central_that_asks_which_is_answered_with_another_stop():
    talk = conversation()
    talk.stop()
    said = talk.hear(ErrorNotice(code="E_WHICH_SESSION", text="Your charges at CP001, CP003 run: say which."))
    assert said.lines == ("Refused: Your charges at CP001, CP003 run: say which.",)
    assert not talk.busy


def test_a_second_start_is_not_sent():
    talk = charging()
    reaction = talk.start("CP002", None)
    assert reaction.messages == ()
    assert "CP001" in reaction.lines[0]


# ---- leaving


def test_leaving_says_what_becomes_of_the_charge():
    assert charging().leave().lines == (
        "Your charge at CP001 goes on; you will see its ticket when you are back.",
    )
    assert conversation().leave() == Reaction()
    talk = conversation(connected=False)
    talk.start(None, "Berlin")
    assert talk.leave().lines == ("The request for any charging point near Berlin was never sent.",)


def test_a_driver_that_hesitates_is_asked_once_more():
    assert charging().confirm_quit().lines == (
        "Quit? Press Ctrl+C again or type quit (your charge at CP001 goes on).",
    )
