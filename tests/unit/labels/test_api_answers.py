"""What Central's API and the Registry answer by themselves has words in every language of the pages."""

import ast
import re
from collections.abc import Iterator

import pytest
from aiohttp.test_utils import make_mocked_request

from evcharge.http.server import failure, language_of
from evcharge.labels import PAGE_LANGUAGES
from evcharge.labels.api_answers import SENTENCES
from evcharge.labels.causes import cause
from evcharge.labels.command_errors import in_other_words, translated
from tests.unit.labels.test_command_errors import ANSWERS, text_of
from tests.unit.sources import modules

KINDS = {"Refused", "BadInput", "AuthenticationError", "Overloaded", "ProtocolError", "failure"}


def answers() -> Iterator[tuple[str, str]]:
    """Yield each sentence that is answered, with something in each of its braces, and where that is."""
    for name, nodes in modules(ANSWERS):
        for node in nodes:
            texts: list[ast.expr] = []
            if isinstance(node, ast.Call) and ast.unparse(node.func) in KINDS:
                texts = node.args[:3]
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "text":
                texts = [node.value]
            for one in texts:
                text = text_of(one)
                if text is not None and " " in text.strip() and text.strip("X :.()"):
                    yield f"{name}:{one.lineno}", text


# Kept for the audit log; or put together, each of its sentences being in the table.
APART = ("Central's API: X", "X X", "X X a X, and an id keeps its kind: choose another id.")


@pytest.mark.parametrize("lang", PAGE_LANGUAGES[1:])
def test_every_answer_has_words_in_every_language_of_the_pages(lang: str):
    found = [(where, text) for where, text in answers() if text not in APART]
    assert len(found) > 70
    wrong = []
    for where, text in found:
        # A cause is known by its pattern alone: half of a sentence in another language is none.
        english = {words[0] for words in SENTENCES.values()}
        own, is_cause = in_other_words(text, lang), in_other_words(text, "es") == cause(text, "es")
        if not own or (is_cause and text not in english):
            wrong.append((where, text))
    assert wrong == []


@pytest.mark.parametrize("words", SENTENCES.values(), ids=SENTENCES)
def test_every_sentence_is_recognised_for_what_it_is(words: tuple[str, str]):
    english, spanish = (re.sub(r"\{(\w+)\}", r"<\1>", text) for text in words)
    assert translated(english, "es") == spanish


@pytest.mark.parametrize(
    ("text", "spanish"),
    [
        (
            "30.00 € is more than 20.00 €: is that right?",
            "30,00 € es más de 20,00 €: ¿es correcto?",
        ),
        (
            "D01 has the role driver and may not do this: it is for admin, operator.",
            "D01 tiene el papel driver y no puede hacer esto: es para admin, operator.",
        ),
        (
            "days must be a whole number from 1 to 366, without a from.",
            "days debe ser un número entero de 1 a 366, y va sin from.",
        ),
        (
            "CP001 is disabled. An administrator must activate it.",
            "CP001 está desactivado. Lo tiene que activar un administrador.",
        ),
    ],
)
def test_an_answer_says_it_in_both_languages(text: str, spanish: str):
    body = failure(400, "E_FIELD", text).body
    assert isinstance(body, bytes)
    assert f'"text_es":"{spanish}"' in body.decode()
    assert '"text_fr"' not in body.decode()


def test_an_answer_says_it_in_the_language_that_was_asked_for_too():
    body = failure(404, "E_NOT_FOUND", "There is nothing at this address.", lang="fr").body
    assert isinstance(body, bytes)
    assert '"text_es":"En esta dirección no hay nada."' in body.decode()
    assert '"text_fr":"Il n’y a rien à cette adresse."' in body.decode()


@pytest.mark.parametrize(
    ("asked", "lang"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("ja,de;q=0.5,ca;q=0.7", "ca"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de;q=0,fr;q=0.1", "fr"),
        ("ja, *;q=0.5", "en"),
        ("de;q=2,fr;q=x,;,,;q=1", "en"),
        (",".join(["ja"] * 500) + ",fr", "en"),
    ],
)
def test_who_asks_says_which_language_is_read_best(asked: str, lang: str):
    assert language_of(make_mocked_request("GET", "/", {"Accept-Language": asked})) == lang
