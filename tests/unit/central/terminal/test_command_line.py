"""What operators type: orders, and sentences for what is none."""

import pytest

from evcharge.central.terminal.command_line import USAGE, PanelOrder, PanelVerb, completions, help_page, parse
from evcharge.central.views.event_text import speech
from evcharge.domain.errors import BadInput
from evcharge.domain.location import Location

SAY = speech("en")


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("", None),
        ("   ", None),
        ("out CP001", PanelOrder(PanelVerb.OUT, "CP001")),
        ("  OUT   cp001  ", PanelOrder(PanelVerb.OUT, "CP001")),
        ("out all", PanelOrder(PanelVerb.OUT)),
        ("resume ALL", PanelOrder(PanelVerb.RESUME)),
        ("revoke D01", PanelOrder(PanelVerb.REVOKE, "D01")),
        ("move cp001  San   Juan", PanelOrder(PanelVerb.MOVE, "CP001", location=Location("San Juan"))),
        ("rotate CP001", PanelOrder(PanelVerb.ROTATE, "CP001")),
        ("top-up D01 12.50", PanelOrder(PanelVerb.TOP_UP, "D01", 1_250)),
        ("start cp001 d01", PanelOrder(PanelVerb.START, "CP001", driver_id="D01")),
        ("start any d01 5 kWh", PanelOrder(PanelVerb.START, driver_id="D01", limits=(5_000_000, None))),
        ("start cp001 d01 2.50 €", PanelOrder(PanelVerb.START, "CP001", driver_id="D01", limits=(None, 250))),
        ("stop cp001", PanelOrder(PanelVerb.STOP, "CP001")),
        ("stop S-D01-CP001-0f", PanelOrder(PanelVerb.STOP, session_id="S-D01-CP001-0f")),
        ("close-lost cp001", PanelOrder(PanelVerb.CLOSE_LOST, "CP001")),
        ("top-up D01 600", PanelOrder(PanelVerb.TOP_UP, "D01", 60_000)),
        ("correct d01 -19.80 the  meter", PanelOrder(PanelVerb.CORRECT, "D01", -1_980, reason="the meter")),
        ("correct D01 5 S-D01-CP001-0f a slip", PanelOrder(PanelVerb.CORRECT, "D01", 500, session_id="S-D01-CP001-0f",
                                                     reason="a slip")),
        ("refund S-D01-CP001-0f all sorry", PanelOrder(PanelVerb.REFUND, cents=None, session_id="S-D01-CP001-0f",
                                                  reason="sorry")),
        ("refund S-D01-CP001-0f 1.50 sorry", PanelOrder(PanelVerb.REFUND, cents=150, session_id="S-D01-CP001-0f",
                                                   reason="sorry")),
        ("pay-out D01 ALL moved away", PanelOrder(PanelVerb.PAY_OUT, "D01", None, reason="moved away")),
        ("pay-out d01/2 3 moved away", PanelOrder(PanelVerb.PAY_OUT, "D01", 300, registration=2, reason="moved away")),
        ("drivers", PanelOrder(PanelVerb.DRIVERS)),
        ("sessions", PanelOrder(PanelVerb.SESSIONS)),
        ("alerts", PanelOrder(PanelVerb.ALERTS)),
        ("close cp001", PanelOrder(PanelVerb.CLOSE, "CP001")),
        ("help", PanelOrder(PanelVerb.HELP)),
        ("quit", PanelOrder(PanelVerb.QUIT)),
    ],
)  # fmt: skip
def test_what_is_understood(line: str, order: PanelOrder | None):
    assert parse(line, SAY) == order


def test_in_spanish_the_comma_is_decimal():
    assert parse("top-up d01 20,50", speech("es")) == PanelOrder(PanelVerb.TOP_UP, "D01", 2_050)
    with pytest.raises(BadInput, match="no es un importe"):
        parse("top-up D01 1,250", speech("es"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ouf CP001", "There is no command 'ouf': did you mean out?"),
        ("zzz", "There is no command 'zzz'. help shows them all."),
        ("out", "Type it like this: out CP001 | out all"),
        ("top-up D01 20,50", "'20,50' is not an amount"),
        ("out CP001 CP002", "Type it like this: out CP001 | out all"),
        ("move CP001", "Type it like this: move CP001 Alicante"),
        ("move CP001 " + "x" * 81, "a location is 1 to 80 characters of plain text"),
        ("start CP001", "Type it like this: start CP001 D01 5 kWh"),
        ("start CP001 D01 5", "Type it like this: start CP001 D01"),
        ("start CP001 D01 0 kWh", "'0 kWh' is not a limit"),
        ("quit now", "Type it like this: quit"),
        ("top-up D01", "Type it like this: top-up D01 20"),
        ("top-up D01 -5", "'-5' is not an amount: give a plain number, such as 12.50"),
        ("top-up D01 20 twice", "Type it like this"),
        ("correct D01 -5", "Type it like this: correct D01 -5 REASON"),
        ("correct D01 S-1 -5 why", "'S-1' is not an amount"),
        ("correct D01 --5 why", "'-5' is not an amount"),
        ("correct D01 5 S-1", "Type it like this: correct D01 -5 REASON"),
        ("correct D01 5 " + "x" * 201, "A reason has at most 200 characters"),
        ("refund D01 5 why", "'D01' is no session: its id begins with S-"),
        ("refund S-" + "1" * 95 + " 5 why", "is no session"),
        ("refund S-1 -5 why", "'-5' is not an amount"),
        ("pay-out D01 12,50 why", "'12,50' is not an amount"),
        ("pay-out D01/x all why", "Type it like this: pay-out D01 all REASON"),
        ("pay-out D01 all", "Type it like this: pay-out D01 all REASON"),
        ("out ../etc", "'../etc' cannot be the name"),
        ("out CPⅠ", "cannot be the name"),
        ("revoke all\x1b[2J", "There are control characters in it."),
        ("out CP001\nout CP002\nquit", "One command at a time, on one line."),
        ("out " + "A" * 300, "That is too long"),
        ("x" * 100, "'xxxxxxxxxxxxxxxxxxxxxxxx\\u2026'"),
        ("\N{PILE OF POO}", "There is no command '\\U0001f4a9'"),
    ],
)
def test_what_is_not_understood_is_told_in_one_sentence(line: str, sentence: str):
    with pytest.raises(BadInput) as caught:
        parse(line, SAY)
    assert sentence in caught.value.text
    assert len(caught.value.text) < 160


@pytest.mark.parametrize("verb", PanelVerb)
def test_what_the_help_says_is_understood(verb: PanelVerb):
    for example in USAGE[verb].split(" | "):
        order = parse(example, SAY)
        assert order is not None
        assert order.verb is verb
    for lang in ("en", "es"):
        assert any(USAGE[verb] in line and len(line) <= 80 for line in help_page(speech(lang)))


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("", list(PanelVerb)),
        ("re", ["resume", "revoke", "refund"]),
        ("RES", ["resume"]),
        ("out ", ["all", "CP001", "CP002"]),
        ("out cp", ["CP001", "CP002"]),
        ("  out   a", ["all"]),
        ("revoke ", ["CP001", "CP002", "D01"]),
        ("rotate ", ["CP001", "CP002"]),
        ("top-up ", ["D01"]),
        ("top-up D01 ", []),
        ("pay-out ", ["D01"]),
        ("correct d", ["D01"]),
        ("refund ", ["S-2", "S-1"]),
        ("quit ", []),
        ("nonsense ", []),
    ],
)
def test_what_is_offered_while_typing(before: str, found: list[str]):
    assert completions(before, ["CP002", "CP001"], ["D01"], ["S-2", "S-1"])[1] == found


def test_the_word_at_the_cursor_is_replaced():
    assert completions("out cp0", ["CP001"], [])[0] == 3
    assert completions("out ", ["CP001"], [])[0] == 0


def test_of_thousands_only_some_are_offered():
    assert len(completions("out ", [f"CP{number}" for number in range(5_000)], [])[1]) == 100
