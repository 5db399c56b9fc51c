"""CSV that a spreadsheet shows, and does not run."""

import csv
import io

import pytest

from evcharge.central.api.kit.csv_export import Dialect, Figure, cell, for_programs, lines


@pytest.mark.parametrize(
    "hostile",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil","x")'],
)
def test_what_a_spreadsheet_would_run_is_text(hostile: str):
    assert cell(hostile) == "'" + hostile


@pytest.mark.parametrize(
    "harmless", ["CP001", "1-2", "a=b", "ñ€", " =1", "'=1", "", "2026-01-01T12:00:00+00:00"]
)
def test_what_it_would_only_show_stays_as_it_is(harmless: str):
    assert cell(harmless) == harmless


def test_values_that_are_no_text():
    # A program reads what was given back as a number, too: no number is a formula.
    assert [cell(one) for one in (None, 0, 7, -20, True, False)] == ["", "0", "7", "-20", "yes", "no"]


def test_quotes_commas_and_line_breaks_come_back_as_they_were():
    row = {"a": 'say "hi", you', "b": "two\nlines", "c": None}
    text = lines(for_programs(["a", "b", "c"]), [row]).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [['say "hi", you', "two\nlines", ""]]
    assert text.endswith("\r\n")


def test_a_file_for_spreadsheets_begins_with_its_mark_and_our_own_figures_may_be_negative():
    spanish = Dialect(("cost",), ("Coste (€)",), ";", bom=True)
    assert spanish.first_line == "\ufeffCoste (€)\r\n".encode()
    assert lines(spanish, [{"cost": Figure("-0,80")}]) == b"-0,80\r\n"
