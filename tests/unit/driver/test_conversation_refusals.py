"""Refused requests, other charging points that are offered, and errors."""

from typing import Any

import pytest
from msgspec import UNSET, structs

from evcharge.domain.errors import Code
from evcharge.domain.features import SPOKEN, Feature
from evcharge.driver.conversation import Conversation
from evcharge.driver.requests import Reaction
from evcharge.driver.words import Words
from evcharge.evc1.messages import (
    Bye,
    ErrorNotice,
    Heartbeat,
    ListPoints,
    Notice,
    PointRow,
    Points,
    Progress,
    RequestStart,
    RequestStop,
)
from tests.unit.driver.conversations import (
    ADDRESS,
    SESSION,
    bill,
    charging,
    conversation,
    progress,
    refused,
    supply,
)

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


def shown(*prices: int) -> Points:
    rows = [
        PointRow(cp_id=f"CP00{n}", location="", price=one, status="Available")
        for n, one in enumerate(prices, 1)
    ]
    return Points(points=rows)


def test_a_request_says_which_price_was_shown_and_asked_again_the_one_that_it_was_refused_for():
    talk = conversation()
    asked: Any
    (asked,) = talk.start("CP001", None).messages
    # Nobody has seen one.
    assert asked.shown_price is UNSET
    talk.hear(refused("E_CP_BUSY"))
    talk.ask(ListPoints())
    talk.hear(shown(2_500, 3_000))
    (asked,) = talk.start("CP001", None).messages
    assert asked.shown_price == 2_500
    dearer = structs.replace(refused("E_PRICE", "CP001 costs more.", "request-2"), cp_id="CP001", price=2_600)
    assert talk.hear(dearer).lines == ("Refused: CP001 costs more.",)
    (asked,) = talk.start("CP001", None).messages
    assert (asked.request_id, asked.shown_price) == ("request-3", 2_600)


def test_what_the_app_looks_up_by_itself_was_shown_to_nobody():
    talk = Conversation("D01", ADDRESS, 60, lambda: "request-1", auto_refresh=True)
    assert ListPoints() in talk.connected().messages
    assert talk.hear(shown(2_500)).lines == ()
    asked: Any
    (asked,) = talk.start("CP001", None).messages
    assert asked.shown_price is UNSET


def test_a_price_that_was_exceeded_is_said_in_the_drivers_language():
    word = structs.replace(refused("E_PRICE", "CP001 costs more."), cp_id="CP001", price=2_600)
    said = "CP001 cuesta ahora 0,26 €/kWh, más de lo que se le mostró: pida de nuevo si aún lo quiere."
    assert Words("es").refusal(word) == said


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
        "CENTRAL does not know your charge at CP001 yet: it goes on, and CP001 will report it to CENTRAL.",
    )
    assert talk.hear(progress("CHARGING")) == Reaction()
    assert "===== SESSION SUMMARY =====" in talk.hear(bill()).lines


def test_the_refusal_of_a_request_made_by_an_earlier_run_is_shown():
    assert conversation().hear(refused("E_CP_BUSY", "CP001 is busy")).lines == ("Refused: CP001 is busy",)


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
