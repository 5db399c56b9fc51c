"""What a driver's app makes of a charging point that asks for it, and of its PIN."""

import itertools

import pytest

from evcharge.domain.errors import BadInput, Code
from evcharge.driver import view
from evcharge.driver.conversation import Conversation
from evcharge.driver.known_facts import KnownFacts
from evcharge.driver.prompt import PinWish, TypedCommand, parse
from evcharge.driver.terminal import _Discreet, _wants_digits
from evcharge.driver.words import Words
from evcharge.evc1.messages import (
    AnswerStart,
    AskPin,
    ConfirmOver,
    ConfirmStart,
    Notice,
    PinState,
    Progress,
    SetPin,
)

ENGLISH, SPANISH = Words("en"), Words("es")
R = "R-00000001"
ASKED = ConfirmStart(
    request_id=R, cp_id="CP001", location="Elche", price=2_500, hold_cents=2_000, within_s=30
)


def talk(words: Words = ENGLISH) -> Conversation:
    numbers = itertools.count(1)
    found = Conversation("D01", "127.0.0.1:9002", 60, lambda: f"request-{next(numbers)}", (), words)
    found.connected()
    return found


def over(reason: str, text: str = "CP001 not available.", code: str = Code.NOT_CONFIRMED) -> ConfirmOver:
    return ConfirmOver(request_id=R, cp_id="CP001", code=code, text=text, reason=reason)


# ---- the question


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ENGLISH,
            "CP001 (Elche) asks: do you want to charge there? 0.25 €/kWh, 20.00 € are set aside. yes or no, "
            "within 30 s",
        ),
        (
            SPANISH,
            "CP001 (Elche) pregunta: ¿quiere cargar allí? 0,25 €/kWh, se retienen 20,00 €. sí o no, en 30 s",
        ),
    ],
)
def test_the_question_names_the_point_the_price_and_what_is_set_aside(words: Words, line: str):
    assert talk(words).hear(ASKED).lines == (line,)


def test_where_nothing_is_held_nothing_is_said_of_it():
    free = ConfirmStart(request_id=R, cp_id="CP001", location="", price=0, hold_cents=0, within_s=9)
    assert talk().hear(free).lines == (
        "CP001 asks: do you want to charge there? 0.00 €/kWh. yes or no, within 9 s",
    )


@pytest.mark.parametrize("yes", [True, False])
def test_an_answer_is_sent_once(yes: bool):
    driver = talk()
    driver.hear(ASKED)
    said = driver.answer(yes=yes)
    assert said.messages == (AnswerStart(request_id=R, yes=yes),)
    again = driver.answer(yes=yes)
    assert again.messages == ()
    assert again.lines == ("Nothing was asked: there is nothing to say yes or no to.",)


def test_a_yes_that_may_have_been_meant_for_an_offer_is_asked_for_again():
    driver = talk()
    driver.start(None, "Berlin")
    own = driver.request.request_id
    driver.hear(
        Progress(request_id=own, step="REFUSED", cp_id="CP003", code=Code.NONE_NEAR, text="CP003 is.")
    )
    driver.hear(ASKED)
    unsure = driver.answer(yes=True)
    assert unsure.messages == ()
    assert unsure.lines == ("CP001 asks, too: another yes starts a charge there.",)
    assert driver.answer(yes=True).messages == (AnswerStart(request_id=R, yes=True),)


def test_a_yes_goes_on_like_any_charge():
    driver = talk()
    driver.hear(ASKED)
    driver.answer(yes=True)
    driver.hear(Progress(request_id=R, step="ASKING", cp_id="CP001", session_id="S-D01-CP001-1"))
    assert driver.request is not None
    assert driver.request.place == "CP001"
    ready = driver.hear(Progress(request_id=R, step="READY", cp_id="CP001", plug_within_s=60))
    assert ready.lines == ("Authorised: plug in at CP001 within 60 s",)


@pytest.mark.parametrize(
    ("words", "word", "line"),
    [
        (ENGLISH, over("no"), "Nothing was started at CP001: you said no."),
        (ENGLISH, over("late"), "Nothing was started at CP001: there was no answer in time."),
        (
            ENGLISH,
            over("operator", code=Code.CP_NOT_AVAILABLE),
            "Nothing was started at CP001: CP001 not available.",
        ),
        (SPANISH, over("no"), "No se ha iniciado nada en CP001: ha dicho que no."),
        (
            SPANISH,
            over("new price"),
            "No se ha iniciado nada en CP001: El precio de CP001 ha cambiado: empiece de nuevo.",
        ),
        (
            SPANISH,
            over("operator", code=Code.CP_NOT_AVAILABLE),
            "No se ha iniciado nada en CP001: CP001 no disponible. CP fuera de servicio (parado por el operador).",
        ),
    ],
)
def test_a_question_that_is_over_says_why_and_needs_no_answer(words: Words, word: ConfirmOver, line: str):
    driver = talk(words)
    driver.hear(ASKED)
    assert driver.hear(word).lines == (line,)
    assert driver.facts.question is None


def test_a_lost_connection_takes_the_question_along_until_central_asks_again():
    driver = talk()
    driver.hear(ASKED)
    driver.lost()
    assert driver.answer(yes=True).messages == ()
    driver.connected()
    driver.hear(ASKED)
    assert driver.answer(yes=True).messages == (AnswerStart(request_id=R, yes=True),)


def test_a_yes_on_the_page_answers_it_here_too():
    driver = talk()
    driver.hear(ASKED)
    driver.hear(Progress(request_id=R, step="READY", cp_id="CP001", session_id="S-D01-CP001-1"))
    assert driver.facts.question is None


def test_the_line_at_the_bottom_counts_down():
    facts = KnownFacts(connected=True, question=ASKED)
    for left_s, left in ((30.0, 30), (17.6, 18), (-70.0, 0)):
        line = view.toolbar("D01", facts, None, ENGLISH, 80, view.BarTimes(left_s=left_s))
        assert line.plain == f" D01  CP001 asks: yes or no? {left} s"


# ---- the PIN


def test_a_pin_is_set_asked_for_and_given_up():
    driver = talk()
    assert driver.ask(SetPin(pin="4711", limit_cents=500)).messages == (SetPin(pin="4711", limit_cents=500),)
    assert driver.busy
    told = driver.hear(PinState(limit_cents=500))
    assert told.lines == (
        "Whoever types your PIN at a charging point may charge for up to 5.00 € each time.",
    )
    assert not driver.busy
    driver.ask(AskPin())
    assert driver.hear(PinState(limit_cents=None)).lines == (
        "You have no PIN: a start at a charging point's menu is confirmed here.",
    )


def test_a_central_of_the_first_release_is_not_asked_what_it_does_not_know():
    driver = Conversation("D01", "127.0.0.1:9002", 60, lambda: "request-1")
    driver.ask(AskPin())
    told = driver.connected(frozenset())
    assert AskPin() not in told.messages
    assert "This CENTRAL is too old for that: nothing was done." in told.lines
    assert not driver.busy
    assert driver.ask(SetPin(pin="4711", limit_cents=500)).messages == ()
    assert not driver.busy


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("yes", TypedCommand("yes")),
        ("Sí", TypedCommand("yes")),
        ("si", TypedCommand("yes")),
        ("No", TypedCommand("no")),
        ("pin", PinWish(is_asked=True)),
        ("pin off", PinWish()),
        ("PIN 5", PinWish(limit_cents=500)),
        ("pin 2.50 4711", PinWish(limit_cents=250, pin="4711")),
    ],
)
def test_what_is_typed(text: str, wanted: object):
    assert parse(text) == wanted


@pytest.mark.parametrize(
    "text", ["pin 4711 5", "pin 0 4711", "pin x 4711", "pin 5 471", "pin 5 4711 9", "pin 5 ٤٧١١", "pin on"]
)
def test_a_pin_that_is_none_is_not_repeated(text: str):
    with pytest.raises(BadInput) as refusal:
        parse(text)
    assert 'a PIN is set by "pin 5.00 4711"' in refusal.value.text
    assert text not in refusal.value.text


def test_no_line_with_a_pin_is_kept_for_the_arrow_keys():
    history = _Discreet()
    for line in ("list", "pin 5 4711", " PIN 5 4711", "start CP001"):
        history.append_string(line)
    assert list(history.get_strings()) == ["list", "start CP001"]


@pytest.mark.parametrize(
    ("text", "wants"),
    [("pin 5", True), (" pin 2.50 ", True), ("pin 5 4711", False), ("pin", False), ("x", False)],
)
def test_digits_are_asked_for_where_they_were_not_typed(text: str, wants: bool):
    assert _wants_digits(text) is wants


def test_a_pin_that_was_guessed_at_is_told_in_both_languages():
    void = Notice(
        code="PIN_VOID", text="Your PIN was typed wrongly too often at charging points and is void."
    )
    assert talk().hear(void).lines == (void.text,)
    assert talk(SPANISH).hear(void).lines == (
        "Su PIN se escribió mal demasiadas veces en puntos de recarga y queda anulado.",
    )
