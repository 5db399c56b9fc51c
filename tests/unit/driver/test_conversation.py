"""A charge as its driver follows it, step by step, to its ticket; charges begun elsewhere."""

from evcharge.driver.requests import Reaction
from evcharge.evc1.messages import AskBalance, RequestStart, TicketSeen
from tests.unit.driver.conversations import SESSION, STARTED, bill, charging, conversation, progress, supply

# ---- a charge, step by step


def test_every_step_of_a_charge_is_shown():
    talk = conversation()
    asked = talk.start(None, None)
    assert asked.lines == ("Request sent: any charging point",)
    assert asked.messages == (RequestStart(request_id="request-1"),)
    assert talk.hear(progress("ASKING")).lines == ("CP001 is free; asking it",)
    assert talk.hear(progress("READY")).lines == ("Authorised: plug in at CP001 within 60 s",)
    assert talk.hear(progress("CHARGING")).lines == ("Charging at CP001",)
    assert talk.hear(supply()).lines == ("CP001: 7.40 kW, 1.100 kWh, 0.28 €",)
    assert talk.hear(progress("STOPPING")).lines == ("Stopping the charge at CP001",)
    assert talk.hear(bill()).lines == (
        "===== SESSION SUMMARY =====",
        "Driver:  D01",
        "Session: S-D01-CP001-1",
        f"Date:    {STARTED:%Y-%m-%d %H:%M} – {STARTED:%H:%M}",
        "Energy:  1.100 kWh",
        "Cost:    0.28 €  (0.25 €/kWh)",
        "Ended:   unplugged",
        "===========================",
    )
    assert talk.request is None
    assert not talk.busy


def test_a_step_is_shown_once_however_often_it_is_said():
    talk = charging()
    assert talk.hear(progress("CHARGING")) == Reaction()


def test_a_step_of_a_newer_central_is_shown_as_it_is():
    assert charging().hear(progress("CALIBRATING")).lines == ("CENTRAL says: CALIBRATING",)


def test_asking_without_a_name_says_so():
    talk = conversation()
    talk.start(None, "Berlin")
    assert talk.hear(progress("ASKING", cp_id=None)).lines == ("Asking the charging point",)


def test_live_figures_alone_say_that_the_charge_has_begun():
    talk = conversation()
    talk.start("CP001", None)
    talk.hear(progress("READY"))
    assert talk.hear(supply()).lines == ("Charging at CP001", "CP001: 7.40 kW, 1.100 kWh, 0.28 €")
    assert talk.hear(progress("CHARGING")).lines == ()


def test_a_ticket_made_in_our_absence_and_an_estimated_one_say_so():
    lines = conversation().hear(bill(while_away=True, estimated=True)).lines
    assert "Energy:  1.100 kWh  (estimated)" in lines
    assert any("while you were away" in line for line in lines)


# ---- tickets: shown once, acknowledged after that


def test_a_ticket_is_stored_as_seen_and_then_acknowledged():
    reaction = charging().hear(bill())
    assert reaction.seen == SESSION
    assert reaction.messages == (TicketSeen(session_id=SESSION),)
    assert reaction.outcome is not None
    assert (reaction.outcome.charged, reaction.outcome.energy_mwh, reaction.outcome.cost_cents) == (
        True,
        1_100_000,
        28,
    )


def test_a_ticket_that_was_shown_by_an_earlier_run_is_only_acknowledged():
    reaction = conversation(seen=(SESSION,)).hear(bill())
    assert reaction.lines == ()
    assert reaction.messages == (TicketSeen(session_id=SESSION),)


def test_a_ticket_that_was_shown_before_still_settles_its_request():
    talk = conversation(seen=(SESSION,))
    talk.start("CP001", None)
    reaction = talk.hear(bill())
    assert reaction.lines == ()
    assert reaction.outcome is not None
    assert not talk.busy


def test_the_ticket_of_another_session_leaves_the_request_under_way():
    talk = charging()
    reaction = talk.hear(bill(request_id="older-one", session_id="S-older-one"))
    assert reaction.lines
    assert reaction.outcome is None
    assert talk.request is not None


def test_late_words_about_a_ticketed_session_are_ignored():
    talk = charging()
    talk.hear(bill())
    assert talk.hear(supply()) == Reaction()
    assert talk.hear(progress("STOPPING")) == Reaction()


# ---- charges that this app did not begin


def test_a_charge_begun_elsewhere_is_followed_but_not_waited_for():
    talk = conversation()
    assert talk.hear(progress("CHARGING", "by-hand-1")).lines == ("Charging at CP001",)
    assert talk.request is not None
    assert not talk.busy
    reaction = talk.hear(bill("by-hand-1"))
    assert reaction.outcome is None
    assert talk.request is None


def test_live_figures_of_an_unknown_session_are_followed_until_its_ticket():
    talk = conversation()
    assert talk.hear(supply()).lines[0] == "Charging at CP001"
    talk.lost()
    assert talk.connected().messages == (AskBalance(),)
    talk.hear(bill("somebodys-1"))
    assert talk.request is None


def test_figures_of_a_second_session_do_not_disturb_the_first():
    talk = charging()
    assert talk.hear(supply("S-second-one")).lines == ("CP001: 7.40 kW, 1.100 kWh, 0.28 €",)
    assert talk.request.session_id == SESSION


def test_progress_of_a_second_request_does_not_disturb_the_first():
    talk = charging()
    assert talk.hear(progress("READY", "by-hand-1", session_id="S-second", cp_id="CP002")).lines == (
        "Authorised: plug in at CP002 within 60 s",
    )
    assert talk.request.request_id == "request-1"
