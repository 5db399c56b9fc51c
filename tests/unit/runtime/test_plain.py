"""What comes from outside does nothing in a terminal: the one cleaner, and every place where lines are printed."""

import json

import pytest
from rich.text import Text

from evcharge.central.books import verify
from evcharge.domain.audit_findings import AuditFinding
from evcharge.driver import view
from evcharge.driver.actions import LineOutput
from evcharge.driver.words import ENGLISH
from evcharge.evc1.messages import PointRow, Points
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator import tables
from evcharge.operator.audit_report import BookFindings
from evcharge.operator.invocation import Operating
from evcharge.runtime.plain import clean, clean_json
from evcharge.terminal.drawing import drawn

# Clears the screen, rings, retitles the window, moves up a line, turns the line around.
EVIL = "CP001\x1b[2J\x07\x9b1A\x1b]0;owned\x07\r\n\u202eevil\u200f"
OBEYED = ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\r", "\u202e", "\u200f")


def is_tame(text: str) -> bool:
    return not any(what in text for what in OBEYED)


def test_every_control_becomes_its_escape_and_the_rest_stays():
    assert clean(EVIL) == r"CP001\x1b[2J\x07\x9b1A\x1b]0;owned\x07\r\n\u202eevil\u200f"
    assert clean("Alcalá de Henares, 東京 €") == "Alcalá de Henares, 東京 €"


def test_json_means_the_same_without_what_a_terminal_obeys():
    raw = json.dumps({"text": EVIL}, ensure_ascii=False)
    assert is_tame(clean_json(raw))
    assert json.loads(clean_json(raw)) == {"text": EVIL}


def row() -> dict[str, object]:
    return {
        "cp_id": "CP001",
        "location": EVIL,
        "price": "0.25",
        "status": "Available",
        "reason": EVIL,
        "session": None,
    }


def test_a_table_of_the_operator_is_tame(capsys: pytest.CaptureFixture[str]):
    tables.show([row()], tables.points("en"), Speech(SENTENCES, "en"))
    out = capsys.readouterr().out
    assert "CP001" in out
    assert is_tame(out)
    assert len(out.splitlines()) == 2


def test_a_table_in_colours_is_tame(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    tables._rich([row()], tables.points("en"), Speech(SENTENCES, "en"))
    assert is_tame(capsys.readouterr().out)


def test_the_json_of_the_operator_is_tame(capsys: pytest.CaptureFixture[str]):
    tables.show_json({"text": EVIL})
    out = capsys.readouterr().out
    assert is_tame(out)
    assert json.loads(out) == {"text": EVIL}


def test_a_sentence_of_the_operator_is_tame(capsys: pytest.CaptureFixture[str]):
    work = Operating.__new__(Operating)
    work.as_json, work.say = False, lambda name, **values: f"{name} {values['why']}"
    work.tell("told", why=EVIL)
    assert is_tame(capsys.readouterr().out)


def test_a_line_of_a_screen_is_tame_and_keeps_its_colour():
    line = drawn([Text(EVIL, style="red")], 120, colors=True)
    assert is_tame(line)
    assert line.startswith("\x1b[31m")
    assert "\n" not in line


def test_a_line_of_the_driver_is_tame(capsys: pytest.CaptureFixture[str]):
    LineOutput().show(EVIL)
    out = capsys.readouterr().out
    assert is_tame(out)
    assert out.count("\n") == 1


def test_a_table_of_the_driver_is_tame():
    point = PointRow(cp_id="CP001", location=EVIL, price=2500, status="Available")
    assert is_tame(view.render(view.points(Points(points=[point]), ENGLISH, 100), 100))


def test_what_verify_finds_in_a_forged_book_is_tame(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
):
    (tmp_path / "central").mkdir()
    (tmp_path / "central" / "central.db").touch()
    evil = AuditFinding("damaged", sqlite=EVIL)
    monkeypatch.setattr(verify, "examine", lambda *_, **__: BookFindings(problems=[evil], notes=[evil]))
    assert verify.main(tmp_path) == 1
    assert is_tame(capsys.readouterr().out)
