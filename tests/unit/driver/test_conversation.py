"""The driver's side of the conversation with Central: what is shown, what is sent, what is remembered."""

import itertools
from datetime import datetime
from typing import Any

import pytest
from msgspec import UNSET, structs

from evcharge.domain.errors import AuthenticationError, Code, Overloaded
from evcharge.domain.features import SPOKEN, Feature
from evcharge.driver.conversation import Conversation
from evcharge.driver.requests import Reaction
from evcharge.driver.words import Words
from evcharge.evc1.messages import (
    AskBalance,
    AskHistory,
    Balance,
    Bye,
    ErrorNotice,
    Heartbeat,
    History,
    ListPoints,
    Movement,
    Notice,
    PointRow,
    Points,
    Progress,
    RequestStart,
    RequestStop,
    Supply,
    TicketIssued,
    TicketSeen,
)

ADDRESS = "127.0.0.1:9002"
SESSION = "S-D01-CP001-1"
# Of the bill below, by the clock of this computer.
STARTED = datetime.fromtimestamp(1.0).astimezone()


def conversation(*, seen: tuple[str, ...] = (), connected: bool = True) -> Conversation:
    numbers = itertools.count(1)
    talk = Conversation("D01", ADDRESS, 60, lambda: f"request-{next(numbers)}", seen)
    if connected:
        talk.connected()
    return talk


def progress(step: str, request_id: str = "request-1", **more: object) -> Progress:
    return Progress(
        **{"request_id": request_id, "step": step, "cp_id": "CP001", "session_id": SESSION, **more}
    )


def refused(code: str, text: str = "", request_id: str = "request-1") -> Progress:
    return Progress(request_id=request_id, step="REFUSED", code=code, text=text)


def supply(session_id: str = SESSION) -> Supply:
    return Supply(session_id=session_id, cp_id="CP001", power_w=7400, energy_mwh=1_100_000, cost_cents=28)


def moved(hour: int, **what: object) -> Movement:
    """A movement of the wallet at that hour, by the clock of this computer."""
    return Movement(at=datetime(2026, 1, 1, hour).astimezone().timestamp(), **what)


# The last of them is of a Central that is newer than this driver.
MOVED = [
    moved(13, kind="PAY_OUT", cents=-200, reason="moved away"),
    moved(12, kind="DEBT_PAID", cents=-50, session_id=SESSION),
    moved(11, kind="NEW KIND", cents=100),
]


def bill(request_id: str = "request-1", session_id: str = SESSION, **more: object) -> TicketIssued:
    facts = {
        "cp_id": "CP001",
        "energy_mwh": 1_100_000,
        "cost_cents": 28,
        "price": 2500,
        "reason": "unplugged",
        "started_at": 1.0,
        "ended_at": 2.0,
        "estimated": False,
    }
    return TicketIssued(request_id=request_id, session_id=session_id, **{**facts, **more})


def charging() -> Conversation:
    talk = conversation()
    talk.start("CP001", None)
    talk.hear(progress("CHARGING"))
    return talk


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


# ---- refusals


def test_none_available_is_said_in_the_words_of_the_course():
    talk = conversation()
    talk.start(None, None)
    reaction = talk.hear(refused("E_NONE_AVAILABLE", "whatever"))
    assert reaction.lines == ("No charging point available at the moment.",)
    assert reaction.outcome is not None
    assert not reaction.outcome.charged
    assert not talk.busy


def test_a_refusal_gives_its_reason():
    talk = conversation()
    talk.start("CP001", None)
    assert talk.hear(refused("E_CP_BUSY", "CP001 is busy")).lines == ("Refused: CP001 is busy",)


def test_a_refusal_without_a_text_gives_the_meaning_of_its_code():
    talk = conversation()
    talk.start("CP001", None)
    assert talk.hear(refused("E_CP_BUSY")).lines == ("Refused: charging point in use",)


def offered() -> Progress:
    return Progress(
        request_id="request-1",
        step="REFUSED",
        cp_id="CP003",
        code="E_NONE_NEAR",
        text="No charging point is free near Berlin; CP003 in Elche is.",
        reason="Elche",
    )


def test_a_point_elsewhere_is_asked_about_and_yes_takes_it():
    talk = conversation()
    talk.start(None, "Berlin")
    reaction = talk.hear(offered())
    assert reaction.lines == (
        "Refused: No charging point is free near Berlin; CP003 in Elche is.",
        "To charge at CP003, type yes.",
    )
    assert reaction.outcome.cp_id is None
    asked: Any
    (asked,) = talk.answer(yes=True).messages
    assert (asked.cp_id, asked.location) == ("CP003", None)


def test_the_limit_of_a_request_goes_along_also_to_the_point_that_is_offered_instead():
    talk = conversation()
    asked: Any
    (asked,) = talk.start(None, "Berlin", until_mwh=5_000_000).messages
    assert (asked.until_mwh, asked.until_cents) == (5_000_000, UNSET)
    talk.hear(offered())
    (asked,) = talk.answer(yes=True).messages
    assert (asked.cp_id, asked.until_mwh) == ("CP003", 5_000_000)


@pytest.mark.parametrize("connected", [True, False])
def test_a_central_that_knows_no_limits_is_not_asked_for_a_limited_charge(connected: bool):
    talk = conversation(connected=False)
    old = SPOKEN - {Feature.LIMITS}
    if connected:
        talk.connected(old)
    reaction = talk.start("CP001", None, until_cents=300)
    if not connected:
        reaction = talk.connected(old)
    assert "This CENTRAL is too old for that: nothing was done." in reaction.lines
    assert not any(isinstance(message, RequestStart) for message in reaction.messages)
    assert (reaction.outcome.charged, talk.request) == (False, None)


def test_how_far_a_limited_charge_is_stands_in_its_figures():
    talk = conversation()
    talk.start("CP001", None, until_mwh=5_000_000)
    reaction = talk.hear(structs.replace(supply(), until_mwh=5_000_000))
    assert reaction.lines[-1] == "CP001: 7.40 kW, 1.100 of 5 kWh, 0.28 €"
    reaction = talk.hear(structs.replace(supply(), until_cents=300))
    assert reaction.lines[-1] == "CP001: 7.40 kW, 1.100 kWh, 0.28 of 3.00 €"


def test_yes_to_nothing_asks_for_nothing():
    talk = conversation()
    assert talk.answer(yes=True).lines == ("Nothing was asked: there is nothing to say yes or no to.",)
    talk.start(None, "Berlin")
    talk.hear(offered())
    talk.start("CP001", None)
    talk.hear(refused("E_CP_BUSY", request_id="request-2"))
    assert talk.answer(yes=True).messages == ()


def test_a_request_that_nobody_plugged_in_for_ends_as_refused():
    talk = conversation()
    talk.start("CP001", None)
    talk.hear(progress("READY"))
    reaction = talk.hear(progress("REFUSED", text="not plugged in within 60 s"))
    assert reaction.lines == ("Refused: not plugged in within 60 s",)
    assert talk.request is None


def test_a_refused_request_that_runs_after_all_is_stopped():
    talk = conversation()
    talk.start("CP001", None)
    talk.hear(refused("E_CP_BUSY"))
    reaction = talk.hear(progress("READY"))
    assert reaction.messages == (RequestStop(session_id=SESSION),)
    assert "stopping it" in reaction.lines[0]
    assert talk.hear(refused("E_CP_BUSY")) == Reaction()


def test_a_charge_that_central_has_forgotten_goes_on_and_is_not_stopped_when_it_is_known_again():
    talk = charging()
    talk.hear(supply())
    talk.lost()
    (again,) = [one for one in talk.connected().messages if isinstance(one, RequestStart)]
    assert again.request_id == "request-1"
    # Its books were put back: they know neither the charge nor its charging point, until the engine tells.
    assert talk.hear(refused(Code.UNKNOWN_CP)).lines == (
        "CENTRAL does not know your charge at CP001 yet: it goes on, and CP001 tells CENTRAL of it.",
    )
    assert talk.hear(progress("CHARGING")) == Reaction()
    assert "===== SESSION SUMMARY =====" in talk.hear(bill()).lines


def test_the_refusal_of_a_request_made_by_an_earlier_run_is_shown():
    assert conversation().hear(refused("E_CP_BUSY", "CP001 is busy")).lines == ("Refused: CP001 is busy",)


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
    assert talk.connected().messages == ()
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


# ---- outages


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
    waits = ("Not connected to CENTRAL; it is asked as soon as it can be reached.",)
    assert talk.start("CP001", None).lines == waits
    assert talk.ask(ListPoints()).lines == waits
    early = conversation(connected=False)
    assert early.start("CP001", None).lines == ()


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


# ---- questions


@pytest.mark.parametrize(
    ("question", "answer", "lines"),
    [
        (ListPoints(), Points(points=[]), ("No charging point is available now.",)),
        (
            ListPoints(),
            Points(points=[PointRow(cp_id="CP001", location="Alicante", price=2500, status="Available")]),
            ("Point  Price       Status     Location", "CP001  0.25 €/kWh  Available  Alicante"),
        ),
        (AskBalance(), Balance(balance_cents=1250, held_cents=0), ("Balance: 12.50 €",)),
        (
            AskBalance(),
            Balance(balance_cents=0, held_cents=2000),
            ("Balance: 0.00 € (20.00 € held for a running charge)",),
        ),
        (
            AskBalance(),
            Balance(balance_cents=0, held_cents=0, owed_cents=320),
            (
                "Balance: 0.00 €",
                "You owe 3.20 € of charges that your wallet could not pay: "
                "the next money that comes in pays that first.",
            ),
        ),
        (AskHistory(), History(tickets=[]), ("No charges yet.",)),
        (
            AskHistory(),
            History(tickets=[], moved=MOVED),
            (
                "No charges yet.",
                "Your wallet, apart from charges",
                "When              What       Amount   Why",
                "2026-01-01 13:00  paid out   -2.00 €  moved away",
                "2026-01-01 12:00  debt paid  -0.50 €  S-D01-CP001-1",
                "2026-01-01 11:00  NEW KIND   1.00 €",
            ),
        ),
        (
            AskHistory(),
            History(tickets=[bill(reason="driver")]),
            (
                "When              Session        Point  Energy     Cost    Ended",
                f"{STARTED:%Y-%m-%d %H:%M}  S-D01-CP001-1  CP001  1.100 kWh  0.28 €  stopped by the driver",
            ),
        ),
    ],
)
def test_a_question_is_asked_and_its_answer_shown(question, answer, lines):
    talk = conversation()
    assert talk.ask(question).messages == (question,)
    assert talk.ask(question).messages == ()
    assert talk.busy
    assert talk.hear(answer).lines == lines
    assert not talk.busy


def test_a_question_without_answer_is_asked_again_after_an_outage():
    talk = conversation(connected=False)
    assert talk.ask(AskBalance()).messages == ()
    assert talk.connected().messages == (AskBalance(),)
    talk.lost()
    assert talk.connected().messages == (AskBalance(),)


def test_an_error_ends_the_waiting_for_answers():
    talk = conversation()
    talk.ask(ListPoints())
    assert talk.hear(ErrorNotice(code="E_STORAGE", text="not now")).lines == ("CENTRAL says: not now",)
    assert not talk.busy


# ---- errors about a request


def test_an_error_of_the_rules_refuses_the_request():
    talk = conversation()
    talk.start("CP001", None)
    reaction = talk.hear(ErrorNotice(code="E_BALANCE", text="your balance is 0.00 €"))
    assert reaction.lines == ("Refused: your balance is 0.00 €",)
    assert reaction.outcome is not None


def test_a_request_that_central_cannot_take_now_is_repeated_later():
    talk = conversation()
    talk.start("CP001", None)
    reaction = talk.hear(ErrorNotice(code="E_STORAGE", text="the disk is full", retry_after_s=9.0))
    assert reaction.outcome is None
    assert reaction.repeat_after_s == 9.0
    assert talk.repeat().messages == (RequestStart(request_id="request-1", cp_id="CP001"),)
    talk.hear(progress("ASKING"))
    assert talk.repeat() == Reaction()


def test_notices_farewells_and_heartbeats():
    talk = conversation()
    text = "CP001 failed; 1.234 kWh so far; final ticket follows"
    assert talk.hear(Notice(code="E_CP_NOT_AVAILABLE", text=text)).lines == (text,)
    assert talk.hear(Bye(reason="maintenance")).lines == ("CENTRAL closes the connection: maintenance",)
    assert talk.hear(Bye()).lines == ("CENTRAL closes the connection",)
    assert talk.hear(Heartbeat()) == Reaction()


# ---- leaving


def test_leaving_says_what_becomes_of_the_charge():
    assert charging().leave().lines == (
        "Your charge at CP001 goes on; its ticket is shown when you are back.",
    )
    assert conversation().leave() == Reaction()
    talk = conversation(connected=False)
    talk.start(None, "Berlin")
    assert talk.leave().lines == ("The request for any charging point near Berlin was never sent.",)


def test_a_driver_that_hesitates_is_asked_once_more():
    assert charging().confirm_quit().lines == (
        "Quit? Press Ctrl+C again or type quit (your charge at CP001 goes on).",
    )


# ---- what a terminal always shows is asked by itself


def refreshing() -> Conversation:
    return Conversation("D01", ADDRESS, 60, lambda: "request-1", auto_refresh=True)


def test_one_that_refreshes_by_itself_asks_at_once_and_shows_nothing_of_the_answers():
    talk = refreshing()
    assert talk.connected().messages == (ListPoints(), AskBalance())
    assert talk.hear(Balance(balance_cents=2000, held_cents=0)) == Reaction()
    row = PointRow(cp_id="CP001", location="Alicante", price=2500, status="Available")
    assert talk.hear(Points(points=[row])) == Reaction()
    assert talk.facts.balance == Balance(balance_cents=2000, held_cents=0)
    assert list(talk.facts.points) == ["CP001"]
    assert not talk.busy


def test_a_question_that_is_under_way_already_is_not_sent_twice_but_its_answer_is_shown():
    talk = refreshing()
    talk.connected()
    assert talk.ask(AskBalance()) == Reaction()
    assert talk.busy
    assert talk.hear(Balance(balance_cents=2000, held_cents=0)).lines == ("Balance: 20.00 €",)
    assert talk.ask(AskBalance()).messages == (AskBalance(),)


def test_the_money_is_looked_up_when_it_has_changed():
    talk = refreshing()
    talk.connected()
    talk.hear(Balance(balance_cents=2000, held_cents=0))
    talk.start("CP001", None)
    assert talk.hear(progress("CHARGING")).messages == (AskBalance(),)
    assert talk.hear(progress("STOPPING")).messages == ()
    talk.hear(Balance(balance_cents=0, held_cents=2000))
    # The acknowledgement comes last: it makes Central forget the ticket.
    assert talk.hear(bill()).messages == (AskBalance(), TicketSeen(session_id=SESSION))


def test_what_was_asked_before_an_outage_is_asked_again_after_it():
    talk = refreshing()
    talk.connected()
    talk.lost()
    assert not talk.facts.connected
    assert talk.connected().messages == (ListPoints(), AskBalance())
    assert talk.hear(ErrorNotice(code="E_STORAGE", text="not now")).lines == ("CENTRAL says: not now",)
    assert talk.ask(AskBalance()).messages == (AskBalance(),)


def test_the_money_is_looked_up_when_what_was_held_for_a_request_is_free_again():
    talk = talking(auto_refresh=True)
    talk.start("CP001", None)
    talk.hear(progress("READY"))
    talk.hear(Balance(balance_cents=0, held_cents=2000))
    lapsed = progress("REFUSED", code="E_CP_NOT_AVAILABLE", reason="not plugged in")
    assert talk.hear(lapsed).messages == (AskBalance(),)


@pytest.mark.parametrize("code", ["TOPPED_UP", "WALLET_CORRECTED", "PAID_OUT", "DEBT_PAID", "CORRECTED"])
def test_whoever_shows_its_balance_all_the_time_asks_for_it_when_money_moved(code: str):
    notice = Notice(code=code, text="It moved.", cost_cents=100)
    assert talking(auto_refresh=True).hear(notice).messages == (AskBalance(),)
    assert talking(auto_refresh=False).hear(notice).messages == ()


def talking(*, auto_refresh: bool) -> Conversation:
    talk = Conversation("D01", "127.0.0.1:1", 60, lambda: "request-1", auto_refresh=auto_refresh)
    talk.connected()
    # What it asked by itself is answered.
    talk.hear(Points(points=[]))
    talk.hear(Balance(balance_cents=0, held_cents=0))
    return talk
