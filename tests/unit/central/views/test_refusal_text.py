"""Every refusal has a sentence in both languages, made of its code and its facts."""

from typing import Any

import msgspec
import pytest

from evcharge.central.peers.letters import letters, message_of
from evcharge.central.rules.replies import RequestStep
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.domain.refusals import NO_FACTS, RefusalFacts
from evcharge.domain.session import EndReason

R = "R-00000001"


def refused(
    code: str, facts: RefusalFacts | None = NO_FACTS, cp_id: str | None = "CP001", text: str = ""
) -> events.StartRefused:
    return events.StartRefused(driver_id="D01", request_id=R, cp_id=cp_id, code=code, text=text, facts=facts)


@pytest.mark.parametrize(
    ("code", "facts", "english", "spanish"),
    [
        (
            Code.BALANCE,
            {"cents": 105},
            "Balance too low (1.05 €): top up first.",
            "Saldo insuficiente (1,05 €): recárguelo antes.",
        ),
        (
            Code.BALANCE,
            {"by_hand": True},
            "D01 has too little money: top up first.",
            "D01 tiene saldo insuficiente: recárguelo antes.",
        ),
        (
            Code.NONE_AVAILABLE,
            {},
            "No charging point available at the moment.",
            "Ningún punto de recarga disponible en este momento.",
        ),
        (
            Code.PRICE,
            {"at": "CP001", "price": 3_025},
            "CP001 costs 0.3025 €/kWh now, more than you were shown: ask again if you still want it.",
            "CP001 cuesta ahora 0,3025 €/kWh, más de lo que se le mostró: pida de nuevo si aún lo quiere.",
        ),
        (
            Code.PRICE,
            # As it was stored before the price had a field of its own.
            {"at": "CP001", "reason": "3025"},
            "dearer than shown",
            "más caro de lo mostrado",
        ),
        (
            Code.DRIVER_BUSY,
            {"at": "CP002"},
            "You already have a charge at CP002: stop it first.",
            "Ya tiene una recarga en curso en CP002: párela antes.",
        ),
        (
            Code.DRIVER_BUSY,
            {"at": "CP002", "reason": "driver"},
            "Your charge at CP002 is still stopping: try again in a moment.",
            "Su recarga en CP002 aún se está parando: pruebe dentro de un momento.",
        ),
        (
            Code.DRIVER_BUSY,
            {"at": "CP002", "by_hand": True},
            "D01 already has a charge at CP002.",
            "D01 ya tiene una recarga en curso en CP002.",
        ),
        (
            Code.CP_BUSY,
            {},
            "CP001 is busy with another charge.",
            "CP001 está ocupado con otra recarga.",
        ),
        (
            Code.CP_BUSY,
            {"reason": "telling"},
            "CP001 is still telling what it did: try again in a moment.",
            "CP001 aún está contando lo que hizo: pruebe dentro de un momento.",
        ),
        (
            Code.CP_NOT_AVAILABLE,
            {"status": "Faulted", "reason": "no link to Central"},
            "CP001 not available. CP out of service (Faulted: no link to Central).",
            "CP001 no disponible. CP fuera de servicio (Averiado: sin conexión con la Central).",
        ),
        (
            Code.CP_NOT_AVAILABLE,
            {"status": "Faulted", "reason": "engine lost: nothing answers at 10.0.0.7:9101"},
            "CP001 not available. CP out of service (Faulted: engine lost: it does not answer).",
            "CP001 no disponible. CP fuera de servicio (Averiado: motor perdido: no responde).",
        ),
        (
            Code.DRIVER_BLOCKED,
            {},
            "D01 may not charge here: blocked.",
            "D01 no puede recargar aquí: bloqueado.",
        ),
        (
            Code.DRIVER_BLOCKED,
            {"reason": "unknown", "by_hand": True},
            "D01 is unknown here: it never logged in.",
            "Aquí no se conoce a D01: nunca se ha conectado.",
        ),
        (
            Code.NOT_CONFIRMED,
            {"reason": "late", "within_s": 30, "by_hand": True},
            "D01 did not confirm within 30 s.",
            "D01 no lo confirmó en 30 s.",
        ),
        (
            Code.ID,
            {},
            "that request id is taken; ask again",
            "ese identificador de petición ya existe; pida de nuevo",
        ),
    ],
)
def test_a_request_that_was_refused_at_once(code: Code, facts: dict, english: str, spanish: str):
    event = refused(code, RefusalFacts(**facts))
    refusal = refusal_text.of_event(event)
    assert (refusal.request_id, refusal.en, refusal.es) == (R, english, spanish)
    answer = RequestStep(
        request_id=R, step="REFUSED", driver_id="D01", cp_id="CP001", code=code, facts=event.facts
    )
    assert refusal_text.of_answer(answer) == refusal
    # A peer of any release gets the sentence, and the terms of before.
    told: Any = message_of(answer)
    assert (told.code, told.text, told.reason) == (code, english, event.facts.reason)
    assert told.price == facts.get("price", msgspec.UNSET)


@pytest.mark.parametrize("wish", ["", "Elche"])
@pytest.mark.parametrize("location", ["", "Alicante"])
def test_one_elsewhere_is_named_with_its_location_and_the_one_that_was_wished_for(wish: str, location: str):
    facts = RefusalFacts(at="CP002", reason=location, wish=wish)
    for lang, words in (("en", ("near", "in")), ("es", ("cerca de", "en"))):
        said = refusal_text.in_words(refused(Code.NONE_NEAR, facts, cp_id=None), lang)
        assert "CP002" in said
        assert (f"{words[0]} {wish}" in said) is bool(wish)
        assert (f"{words[1]} {location}" in said) is bool(location)


def test_programs_read_a_refused_order_with_its_english_sentence():
    whose = '"request_id":"R","cp_id":"CP009","command":"out","code":"E_UNKNOWN_CP"'
    data = f'{{"type":"OrderRefused",{whose},"why":"unknown point","facts":{{"cp_id":"CP009"}}}}'
    assert refusal_text.fields_in_words("OrderRefused", data)["text"] == "CP009 does not exist"


def test_what_an_older_central_stored_keeps_its_sentence_and_is_worded_by_its_code():
    for code, spanish in (
        (Code.CP_BUSY, "CP001 está ocupado con otra recarga."),
        ("E_NEWER", "No."),
    ):
        refusal = refusal_text.of_event(refused(code, None, text="No."))
        assert (refusal.en, refusal.es) == ("No.", spanish)
    whose = '"driver_id":"D01","request_id":"R-1","cp_id":null'
    data = f'{{"type":"StartRefused",{whose},"code":"E_PAUSE","text":"Wait.","reason":"60"}}'
    event = events.stored(1, "StartRefused", data)
    assert refusal_text.in_words(event, "en") == "Wait."
    assert "60 s" in refusal_text.in_words(event, "es")


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_charging_point_that_did_not_take_it(reason: EndReason):
    event = events.SessionRefused(
        session_id="S-00000001", request_id=R, cp_id="CP001", driver_id="D01", reason=reason
    )
    refusal = refusal_text.of_event(event)
    assert refusal.en.startswith("CP001")
    assert "CP001" in refusal.es
    assert refusal.en != refusal.es
    letter: Any
    (letter,) = letters(event, lambda _: "")
    assert (letter[2].text, letter[2].reason) == (refusal.en, reason)


def test_the_status_of_a_point_is_no_reason_of_a_session():
    # "driver" is a word of a fault here: the point was out of service, nobody stopped anything.
    facts = RefusalFacts(status="Unavailable", reason="driver")
    assert refusal_text.of_event(refused(Code.CP_NOT_AVAILABLE, facts)).es.startswith(
        "CP001 no disponible. CP fuera de servicio (Fuera de servicio: "
    )


def test_a_long_fault_still_fits_a_message():
    facts = RefusalFacts(status="Faulted", reason="x" * 200)
    assert len(refusal_text.of_event(refused(Code.CP_NOT_AVAILABLE, facts)).en) == 200


def test_programs_that_read_stored_events_get_the_sentence_beside_the_facts():
    event = refused(Code.CP_BUSY)
    data = msgspec.json.encode(event).decode()
    assert refusal_text.fields_in_words("StartRefused", data)["text"] == "CP001 is busy with another charge."
    assert refusal_text.fields_in_words("StartRefused", data)["code"] == "E_CP_BUSY"
    other = msgspec.json.encode(events.DriverBlocked(driver_id="D01", epoch=1)).decode()
    assert "text" not in refusal_text.fields_in_words("DriverBlocked", other)
    old = msgspec.json.encode(refused(Code.CP_BUSY, None, text="No.")).decode()
    assert refusal_text.fields_in_words("StartRefused", old)["text"] == "No."
    assert refusal_text.fields_in_words("StartRefused", "{") == {"unread": "{"}
