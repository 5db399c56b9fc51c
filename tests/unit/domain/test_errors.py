"""The exception tree: one root, a sentence and a code in every leaf."""

import inspect
import re

import pytest

from evcharge.domain import errors
from evcharge.domain.errors import Code, EvchargeError, Overloaded, Refused, StateError, Taken

LEAVES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, EvchargeError)]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_carries_its_sentence_and_a_code(kind: type[EvchargeError]):
    problem = kind("CP001 is busy")
    assert str(problem) == problem.text == "CP001 is busy"
    assert isinstance(problem.code, Code)
    assert kind.__doc__


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_a_given_code_replaces_the_usual_one(kind: type[EvchargeError]):
    assert kind("so it is", Code.SEQ).code is Code.SEQ


def test_the_tree_in_the_module_names_every_leaf():
    for kind in LEAVES:
        assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")


def test_overloaded_says_when_to_come_back_if_it_is_known():
    assert Overloaded("later").retry_after_s is None
    assert Overloaded("later", retry_after_s=2.5).retry_after_s == 2.5
    assert Overloaded("later", Code.TIMEOUT, 1.0).code is Code.TIMEOUT


def test_a_taken_port_is_a_state_error_and_a_refusal_is_not():
    assert issubclass(Taken, StateError)
    assert not issubclass(Refused, StateError)


def test_codes_are_unique_and_fit_a_message():
    assert len({code.value for code in Code}) == len(Code)
    assert all(re.fullmatch(r"E_[A-Z_]{2,30}", code) for code in Code)
