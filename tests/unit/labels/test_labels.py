"""Every term has its words, in both languages."""

import importlib
import pkgutil
import re
import string

import pytest

from evcharge import labels
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.location import WeatherKind
from evcharge.domain.session import EndReason
from evcharge.evc1.messages import STEPS
from evcharge.labels import Phrase, operator, translations
from evcharge.labels.command_errors import translated

TABLES = [
    pytest.param(labels.STATUSES, CpStatus, id="statuses"),
    pytest.param(labels.REASONS, EndReason, id="reasons"),
    pytest.param(labels.CODES, Code, id="codes"),
    pytest.param(labels.STEPS, STEPS, id="steps"),
    pytest.param(labels.WEATHER, WeatherKind, id="weather"),
    pytest.param(labels.PHRASES, Phrase, id="phrases"),
]

# What the rooms say: every module of the package, also those that do not exist yet; not what is in one language alone.
ROOMS = {
    module.name.removeprefix("evcharge.labels."): importlib.import_module(module.name).SENTENCES
    for module in pkgutil.walk_packages(labels.__path__, "evcharge.labels.")
    if not module.ispkg and not module.name.startswith(f"{translations.__name__}.")
}


def fields(text: str) -> list[tuple[str, str]]:
    """The values that a sentence is filled with, and how they are formatted."""
    found = ((name, shape) for _, name, shape, _ in string.Formatter().parse(text) if name is not None)
    return sorted((name, shape or "") for name, shape in found)


def test_the_rooms_were_found():
    assert ROOMS.keys() >= {"central", "command_errors.file_errors"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_of_a_room_is_complete_in_every_language(room: str):
    for name, words in ROOMS[room].items():
        assert isinstance(words, tuple), name
        assert len(words) == len(labels.LANGUAGES), name
        for text in words:
            assert isinstance(text, str), name
            assert text, name
            assert text == text.strip(), f"{name}: blanks around {text!r}"
            assert text.isprintable(), name


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_of_a_room_takes_the_same_values_in_every_language(room: str):
    for name, words in ROOMS[room].items():
        assert len({tuple(sorted({field for field, _ in fields(text)})) for text in words}) == 1, name
        # Named, not numbered: the order of words differs between languages.
        assert all(field.isidentifier() for text in words for field, _ in fields(text)), name


@pytest.mark.parametrize(("table", "terms"), TABLES)
def test_every_term_has_words_in_every_language_and_no_term_is_left_over(table, terms):
    assert set(table) == set(terms)
    for term, words in table.items():
        assert len(words) == len(labels.LANGUAGES), term
        assert all(text.strip() == text and text for text in words), term


@pytest.mark.parametrize(("table", "terms"), TABLES)
def test_both_languages_fill_in_the_same_values(table, terms):
    for words in table.values():
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in words]
        assert fields[0] == fields[1]


def test_a_withheld_charging_point_shows_out_of_order():
    assert labels.status(CpStatus.UNAVAILABLE) == "Out of Order"
    assert labels.status(CpStatus.UNAVAILABLE, "es") == "Fuera de servicio"


def test_reasons_codes_and_steps_are_told_in_the_language_asked_for():
    assert labels.reason(EndReason.OPERATOR, "es") == "parado por el operador"
    assert labels.code(Code.BALANCE) == "not enough money"
    assert labels.step("READY", "es") == "Autorizado: enchufe el vehículo"


def test_a_language_that_we_do_not_have_is_english():
    assert labels.reason(EndReason.FULL, "nl") == "battery full"


def test_what_a_newer_peer_says_is_shown_as_it_is():
    assert labels.code("E_NEW") == "E_NEW"
    assert labels.step("HALFWAY") == "HALFWAY"
    assert labels.weather("LOCUSTS", "es") == "LOCUSTS"


@pytest.mark.parametrize(
    ("phrase", "english", "spanish"),
    [
        (Phrase.CENTRAL_LOST, "Unable to connect to Central", "Imposible conectar con Central"),
        (Phrase.REGISTRY_LOST, "Registry not responding", "Registry no responde"),
        (
            Phrase.WEATHER_LOST,
            "Weather connection unavailable",
            "Conexión con el clima no disponible",
        ),
        (
            Phrase.NOT_UNDERSTOOD,
            "Unable to connect to CP001. Messages not comprehensible.",
            "Imposible conectar con CP001. Mensajes no comprensibles.",
        ),
    ],
)
def test_the_wordings_that_teachers_look_for_are_said(phrase, english, spanish):
    assert labels.say(phrase, cp_id="CP001") == english
    assert labels.say(phrase, "es", cp_id="CP001") == spanish


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("22.00 kW 0.028 kWh 0.01 € 0:42", "22,00 kW 0,028 kWh 0,01 € 0:42"),
        ("0.25 €/kWh, -19.80 €", "0,25 €/kWh, -19,80 €"),
        ("-3.4 °C, wind 12.0 m/s, 7.5%", "-3,4 °C, wind 12,0 m/s, 7,5%"),
        # What has no unit is no amount.
        ("127.0.0.1:9002, evcharge 1.2.3, CP1.5", "127.0.0.1:9002, evcharge 1.2.3, CP1.5"),
        ("10.0.0.25 €", "10.0.0.25 €"),
    ],
)
def test_an_amount_is_written_as_its_reader_writes_it(english: str, spanish: str):
    assert labels.figures(english, "es") == spanish
    assert labels.figures(english, "en") == english


@pytest.mark.parametrize(
    ("lang", "written"),
    [
        ("en", "21,847.123 kWh"),
        ("es", "21.847,123 kWh"),
        ("de", "21.847,123 kWh"),
        ("fr", "21\u202f847,123 kWh"),
        ("pt", "21\u00a0847,123 kWh"),
        ("ca", "21.847,123 kWh"),
    ],
)
def test_thousands_are_parted_as_on_the_pages(lang: str, written: str):
    money = written.replace("123 kWh", "12 €")
    assert labels.figures("21847.123 kWh, 21847.12 €, 1234", lang) == f"{written}, {money}, 1234"
    assert (labels.money(2_184_712, lang), labels.money(-2_184_712, lang)) == (money, f"-{money}")
    # Half of a sentence is often one already.
    assert labels.figures(f"{written} {money}", lang) == f"{written} {money}"


def test_a_sum_of_an_english_sentence_is_parted_anew_in_another_language():
    english = labels.told("12000.00 € is more than 500.00 €: is that right?")
    assert english == "12,000.00 € is more than 500.00 €: is that right?"
    assert translated(english, "es") == "12.000,00 € es más de 500,00 €: ¿es correcto?"


@pytest.mark.parametrize("lang", labels.PAGE_LANGUAGES)
def test_one_is_not_several(lang: str):
    say = labels.Speech(operator.SENTENCES, lang)
    one, two = (say("alert kafka", detail=count) for count in ("1", "2"))
    assert one != two.replace("2", "1")


def test_a_demo_of_one_is_told_without_a_number():
    for lang in ("en", "es"):
        say = labels.Speech(importlib.import_module("evcharge.labels.demo").SENTENCES, lang)
        said = say("all available", count=1, central="here"), say("all tickets", count=1)
        assert "1" not in "".join(said)
        assert "here" in said[0]


# Not counts, or told of several only.
NEVER_ONE = {"does not add up", "repeated", "alert welcome", "monitors", "many monitors"}
COUNTED = re.compile(r"\{(?:count|n|events|detail|times)\} (?:\w+ )?(?:\w{2,}[^s]s|charging points)\b")


def test_what_counts_things_has_a_form_for_one():
    for name in ("central", "operator", "notify", "book_findings", "demo", "driver", "point"):
        sentences = importlib.import_module(f"evcharge.labels.{name}").SENTENCES
        counting = {one for one, (english, _) in sentences.items() if COUNTED.search(english)}
        assert {one for one in counting if f"{one}, one" not in sentences} <= NEVER_ONE
