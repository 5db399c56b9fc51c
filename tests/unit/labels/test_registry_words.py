"""What somebody does at the Registry is told in both languages: there, and in Central's log."""

import ast
from collections.abc import Iterator

import pytest

from evcharge.central.views import event_text
from evcharge.domain.events import RegistryNoted
from evcharge.labels.causes import cause
from evcharge.labels.registry import SENTENCES
from tests.unit.sources import modules

KINDS = ("entry", "RegistrationChange")


def terms() -> Iterator[str]:
    """Yield each term that the audit log of the Registry knows for what was done."""
    for _, nodes in modules("registry/"):
        for node in nodes:
            if isinstance(node, ast.Call):
                named = [keyword.value for keyword in node.keywords if keyword.arg == "what"]
                second = node.args[1:2] if ast.unparse(node.func) in KINDS else []
                yield from (
                    one.value
                    for one in (*named, *second)
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )


def test_whatever_is_done_there_has_its_words_and_no_words_are_left_over():
    known = {name.removeprefix("to ") for name in SENTENCES if name.startswith("to ")}
    # It stands for a path that is none, in the row of a refusal.
    assert known - {"unknown request"} == set(terms())


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("register", "Registry: registrar CP002: hecho"),
        ("rotate", "Registry: cambiar la credencial de CP002: hecho"),
        # A request is what it is, and so is what a newer Registry does.
        ("PUT /v1/cps", "Registry: PUT /v1/cps CP002: hecho"),
    ],
)
def test_central_says_what_was_done_there(what: str, said: str):
    event = RegistryNoted(what=what, target="CP002", result="done", n=1, at=0.0)
    assert event_text.line(event, "es") == said


def test_whoever_asked_without_a_name_is_told_in_words():
    assert cause("enrolment token", "es") == "el token de alta"
    assert cause("invited by admin", "es") == "invitado por admin"
