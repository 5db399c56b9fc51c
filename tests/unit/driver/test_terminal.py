"""The prompt's pure parts: what is suggested, and what a pasted text does."""

import asyncio
import sys

import pytest

from evcharge.driver import prompt, terminal
from evcharge.driver.terminal import TerminalWords, suggest
from evcharge.evc1.messages import Balance, Supply

POINTS = {"CP002": None, "CP001": None}


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("", ["start", "stop", "pin", "yes", "no", "list", "balance", "history", "troubles", "help", "quit"]),
        ("st", ["start", "stop"]),
        ("  ST", ["start", "stop"]),
        ("start ", ["CP001", "CP002", "any", "near"]),
        ("start cp0", ["CP001", "CP002"]),
        ("start  CP002", []),
        ("start any n", []),
        ("list ", []),
        ("nonsense", []),
    ],
)
def test_commands_and_known_points_are_suggested(typed: str, suggested: list[str]):
    found = list(suggest(typed, POINTS))
    assert [word for word, _ in found] == suggested
    assert all(typed.endswith(typed[len(typed) - length :]) for _, length in found)


def test_the_figures_of_each_second_are_left_to_the_toolbar():
    words = TerminalWords("en")
    live = Supply(session_id="S-D01-CP001-1", cp_id="CP001", power_w=1, energy_mwh=1, cost_cents=0)
    assert words.live(live) == []
    assert any("Wallet" in line for line in words.balance(Balance(balance_cents=1, held_cents=0)))


class FakeDesk:
    def __init__(self) -> None:
        self.words = TerminalWords("en")
        self.lines: list[str] = []
        self.failure = None

    def show(self, *lines: str) -> None:
        self.lines += lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 10_000, "too long (more than 512 bytes)"),
        ("\udcff", "not UTF-8 text"),
        ("st\x1bart", "control characters"),
        ("one\rtwo\nthree", "unknown command 'three'"),
        ("\n" * 21, "22 lines at once; nothing was done."),
    ],
)
def test_what_nobody_meant_to_type_is_a_line_of_words(text: str, said: str):
    desk = FakeDesk()
    assert terminal._obey(desk, text)
    assert said in desk.lines[-1]


def test_quit_in_a_pasted_text_leaves():
    assert not terminal._obey(FakeDesk(), "help\nquit\nhelp")


@pytest.mark.parametrize(("term", "expected"), [("xterm", True), ("dumb", False), ("", False)])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(monkeypatch, term: str, expected: bool):
    monkeypatch.setattr(prompt, "is_terminal", lambda: True)
    monkeypatch.setenv("TERM", term)
    assert prompt.is_at_hand() is expected
    monkeypatch.setattr(sys, "stdin", None)
    assert not prompt.is_at_hand()


async def test_a_terminal_that_vanishes_while_drawn_ends_the_role_and_a_bug_stays_loud():
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loud: list[object] = []
    loop.default_exception_handler = loud.append
    with terminal._loud_failures(stop):
        loop.call_exception_handler({"message": "x", "exception": OSError(5, "gone")})
        assert stop.is_set()
        assert loud == []
        loop.call_exception_handler({"message": "x", "exception": ValueError("a bug")})
        assert len(loud) == 1
