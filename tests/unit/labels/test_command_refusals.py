"""The rules refuse commands in terms and facts; their words stand here, in both languages."""

import ast
import string
from collections.abc import Iterator

import pytest

from evcharge import labels
from evcharge.domain.errors import Code, CommandRefused, Refused, StaleLink
from evcharge.labels.command_refusals import SENTENCES, in_words, refusal
from tests.unit.sources import calls

REFUSALS = ("Refused", "CommandRefused", "StaleLink")


def refusals() -> Iterator[tuple[str, ast.Call]]:
    """Yield each refusal that a rule makes, with where that is."""
    for module, call in calls(REFUSALS, "central/rules/"):
        yield f"{module}:{call.lineno}", call


def name_of(call: ast.Call) -> object:
    """Return the name of the sentence: a plain text, or None when it is put together there."""
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) else None


def sums(field: str, given: set[str | None]) -> str:
    return f"{field}_cents" if f"{field}_cents" in given else field


def test_no_rule_words_a_refusal():
    found = list(refusals())
    assert len(found) > 40
    wrong = [
        where
        for where, call in found
        if name_of(call) not in SENTENCES or (ast.unparse(call.func) == "Refused")
    ]
    assert wrong == []


def test_each_refusal_gives_what_its_sentence_says_and_no_more():
    wrong = []
    for where, call in refusals():
        given = {keyword.arg for keyword in call.keywords}
        for text in SENTENCES[str(name_of(call))]:
            told = {sums(name, given) for _, name, _, _ in string.Formatter().parse(text) if name}
            if told != given:
                wrong.append((where, told ^ given))
    assert wrong == []


def test_no_sentence_is_left_over():
    assert set(SENTENCES) == {name_of(call) for _, call in refusals()}


@pytest.mark.parametrize(
    ("problem", "en", "es"),
    [
        (
            CommandRefused("too little, held", Code.BALANCE, driver_id="D01", free_cents=5, held_cents=2_000),
            "the wallet of D01 has 0.05 € free; 20.00 € are held for a charge",
            "el monedero de D01 tiene 0,05 € libres; 20,00 € están retenidos para una recarga",
        ),
        (
            StaleLink("superseded", who="CP001"),
            "CP001 speaks over another connection now",
            "CP001 habla ahora por otra conexión",
        ),
        # What is worded elsewhere is English alone.
        (Refused("There is no such alert.", Code.NOT_FOUND), "There is no such alert.", "no se encuentra"),
    ],
)
def test_a_refusal_is_worded_for_whoever_reads(problem: Refused, en: str, es: str):
    assert [in_words(problem, lang) for lang in labels.LANGUAGES] == [en, es]
    assert in_words(problem) == en


def test_what_a_newer_central_refused_has_no_words_here():
    assert refusal("a term of tomorrow", {"cp_id": "CP001"}) == ""
