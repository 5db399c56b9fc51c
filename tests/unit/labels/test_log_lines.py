"""Lines that parts without a language write to the log are said in Spanish, too."""

import ast
import logging
import re
from collections.abc import Iterator
from io import StringIO

import pytest

from evcharge.labels import Speech
from evcharge.labels.central import SENTENCES as CENTRAL
from evcharge.labels.command_errors import translated
from evcharge.runtime import logs
from evcharge.runtime.config import LogSettings
from tests.unit.sources import calls

LEVELS = {f"log.{level}" for level in ("info", "warning", "error", "critical", "exception")}


def lines() -> Iterator[tuple[str, str]]:
    """Yield each line that is written in English where it is logged, filled with something, and where that is."""
    for module, call in calls(LEVELS):
        first = call.args[0]
        # Nothing is put together there: a line is a form and its values.
        assert isinstance(first, ast.Constant), module
        form = str(first.value)
        if re.search(r"[A-Za-z]{3}", re.sub(r"%\w", "", form)):
            yield f"{module}:{call.lineno}", re.sub(r"%\w", "7", form)


def test_every_english_line_of_a_log_has_spanish_words():
    found = list(lines())
    assert len(found) > 10
    assert [(where, text) for where, text in found if translated(text, "es") == text] == []


def test_central_says_a_name_and_facts():
    # Those are in `labels/central`, with the facts as fields of the JSON line.
    assert [where for where, _ in lines() if where.startswith("central/")] == []


@pytest.fixture
def translating() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.translate_with(translated)
    yield
    logs.translate_with(lambda line, _: line)
    root.handlers[:], root.level = before


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "warning: health port: a frame of 9 bytes"),
        ("es", "aviso: puerto de salud: a frame of 9 bytes"),
    ],
)
@pytest.mark.usefixtures("translating")
def test_a_line_is_said_in_the_language_of_its_process(lang: str, said: str):
    stream = StringIO()
    logs.setup(LogSettings(), lang, stream)
    logging.getLogger("x").warning("health port: %s", "a frame of 9 bytes")
    assert stream.getvalue().strip().endswith(said)


def test_what_listens_says_so_in_spanish():
    assert Speech(CENTRAL, "es")("listening", at="127.0.0.1:9001") == "Central escucha en 127.0.0.1:9001"
