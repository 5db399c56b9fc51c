"""What pages show of our sentences is said in every language that pages are read in."""

import re
import string
from importlib import import_module
from typing import get_args

import pytest

from evcharge import labels
from evcharge.domain.charging_point import CpStatus
from evcharge.labels import PAGE_LANGUAGES, Speech, central, translations
from evcharge.labels.causes import cause
from evcharge.labels.command_errors import translated
from evcharge.runtime.config import keys
from tests.unit.labels.shown_on_pages import shown

# What is said in English for want of better: English sentences by language.
LACKING: dict[str, set[str]] = {lang: set() for lang in translations.LANGUAGES}


@pytest.fixture(scope="module")
def english() -> set[str]:
    """What pages show, in English."""
    return {words[0] for words in shown()}


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_what_pages_show_was_found(english: set[str]):
    assert len(english) > 600
    assert "The engine of {about} has no link to Central ({detail})." in english
    assert "list the commands" not in english


@pytest.mark.parametrize("lang", translations.LANGUAGES)
def test_a_language_of_the_pages_is_complete_and_nothing_is_left_over(lang: str, english: set[str]):
    own = translations.of(lang).keys()
    assert sorted(english - own) == sorted(LACKING[lang])
    assert sorted(own - english) == []


@pytest.mark.parametrize("lang", translations.LANGUAGES)
def test_a_sentence_of_two_tables_is_said_once(lang: str):
    tables = import_module(f"{translations.__name__}.{lang}").SENTENCES
    said = [translations.english(table, name) for table, sentences in tables.items() for name in sentences]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("lang", translations.LANGUAGES)
def test_a_sentence_takes_the_same_values_in_every_language(lang: str):
    for english, own in translations.of(lang).items():
        assert values(own) == values(english), english
        assert own == own.strip() != "", english
        # The blank before a colon that French never breaks at.
        assert own.replace("\u00a0", " ").isprintable(), english
        # A half sentence is put into another one: it stays half.
        assert own.endswith(".") == english.endswith("."), english


def test_french_never_breaks_before_a_mark():
    assert [own for own in translations.of("fr").values() if re.search(r" [:;?!](?!\w)", own)] == []


def test_the_languages_are_in_one_place():
    assert PAGE_LANGUAGES == ("en", "es", "de", "fr", "pt", "ca")
    assert translations.of("nl") == {}


def test_people_are_told_in_any_of_them_beyond_the_screens():
    assert get_args(keys()["notify.lang"]) == ("", *PAGE_LANGUAGES)


def test_terms_and_sentences_are_said_in_the_language_asked_for():
    assert labels.status(CpStatus.UNAVAILABLE, "de") == "Außer Betrieb"
    said = Speech(central.SENTENCES, "ca")("topped up", driver_id="D01", amount="20.00", balance="25.50")
    assert said == "D01: 20,00 € afegits, saldo 25,50 €"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("de", "Engine verloren: An 10.0.0.1:9101 antwortet nichts (Verbindung abgelehnt)"),
        ("fr", "moteur perdu\u00a0: rien ne répond à 10.0.0.1:9101 (connexion refusée)"),
        ("pt", "motor perdido: nada responde em 10.0.0.1:9101 (ligação recusada)"),
        ("ca", "motor perdut: no respon res a 10.0.0.1:9101 (connexió rebutjada)"),
        ("nl", "engine lost: nothing answers at 10.0.0.1:9101 (connection refused)"),
    ],
)
def test_a_cause_is_said_in_them_too(lang: str, said: str):
    assert cause("engine lost: nothing answers at 10.0.0.1:9101 (connection refused)", lang) == said


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("de", "Unbrauchbarer Inhalt: `name` muss ein Text oder eine Liste sein."),
        ("fr", "Corps incorrect\u00a0: `name` doit être un texte ou une liste."),
    ],
)
def test_what_a_field_may_be_is_said_in_them_too(lang: str, said: str):
    assert translated("Bad body: `name` must be text or a list.", lang) == said


def test_amounts_are_written_as_they_are_read():
    english = "30.00 € is more than 20.00 €: is that right?"
    assert translated(english, "fr") == "30,00 € dépasse 20,00 €\u00a0: est-ce exact\u00a0?"
