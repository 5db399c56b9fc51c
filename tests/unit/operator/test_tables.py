"""Tables on a terminal: what one copies from them is whole."""

import re
from typing import Any

import pytest

from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator import tables

SESSION: dict[str, Any] = {
    "session_id": "S-D01-CP001-0123456789abcdef".upper(),
    "cp_id": "CP001",
    "driver_id": "D01",
    "state": "CHARGING",
    "started_at": "2026-11-29T12:00:00+00:00",
    "authorised_at": "2026-11-29T12:00:00+00:00",
    "energy_mwh": 12_345_678,
    "cost_cents": 123_456,
    "end_reason": None,
    "stop_reason": "operator",
    "owed_cents": 0,
    "rebuilt": False,
    "late": False,
    "estimated": False,
}


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("lang", ["en", "es"])
def test_no_id_and_no_sum_is_cut(width: int, lang: str, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    tables.show([SESSION], tables.sessions(lang), Speech(SENTENCES, lang))
    said = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    figures = ("12,345", "1234,56") if lang == "es" else ("12.345", "1234.56")
    for whole in (SESSION["session_id"], "CP001", "D01", *figures):
        assert whole in said
    assert "…" not in said
    assert all(len(line) <= width for line in said.splitlines())


def test_a_registry_that_is_away_is_told_with_the_reason_in_the_language_of_who_reads():
    rows = [
        {"name": "a:5001", "away_since": None, "why": ""},
        {"name": "b:5001", "away_since": "2026-11-29T12:00:00+00:00", "why": "no answer in time"},
    ]
    for lang, heading, why in (
        ("en", "Away since", "no answer in time"),
        ("es", "Falta desde", "sin respuesta a tiempo"),
    ):
        head, well, away = tables.plain(rows, tables.registries(lang), Speech(SENTENCES, lang))
        assert heading in head
        assert well.split() == ["a:5001"]
        assert why in away
