"""What is typed (or piped in), as commands."""

import contextlib
import os
import sys
from dataclasses import dataclass, field
from typing import Literal

from evcharge.domain.billing import parse_cents, typed_number
from evcharge.domain.errors import BadInput
from evcharge.driver.script import Wish, checked_point, parse_wish
from evcharge.driver.words import ENGLISH, Words
from evcharge.terminal.keyboard import STDIN, is_terminal, read_chunks

__all__ = [
    "STDIN",
    "PinWish",
    "StopWish",
    "TypedCommand",
    "Word",
    "is_at_hand",
    "is_pin",
    "parse",
    "read_chunks",
]

Word = Literal["yes", "no", "list", "balance", "history", "troubles", "help", "quit"]
# What a driver who reads Spanish answers.
_ALSO: dict[str, Word] = {"sí": "yes", "si": "yes"}
WORDS: tuple[Word, ...] = ("yes", "no", "list", "balance", "history", "troubles", "help", "quit")


@dataclass(frozen=True, slots=True)
class TypedCommand:
    """A command that is one word."""

    word: Word


@dataclass(frozen=True, slots=True)
class StopWish:
    """The end of a charge is wanted: of the one at `cp_id`, or of the only one."""

    cp_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinWish:
    """A PIN is wanted, for charges of up to `limit_cents`; without a limit: none any more, or (`is_asked`) which one.

    `pin` is None when its digits were not typed in that line.
    """

    limit_cents: int = 0
    pin: str | None = field(default=None, repr=False)
    is_asked: bool = False


def is_at_hand() -> bool:
    """Return whether a person sits at a terminal that can move its cursor."""
    if sys.stdin is None or sys.stdout is None:
        return False
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown") and is_terminal()


def parse(text: str, words: Words = ENGLISH) -> TypedCommand | Wish | StopWish | PinWish | None:
    """Return what a typed line wants (a Wish: start a charge), None for an empty one; raise BadInput."""
    first, _, rest = text.partition(" ")
    if not first:
        return None
    if first.lower() == "start":
        return parse_wish(rest.strip(), words) if rest.strip() else Wish()
    if first.lower() == "stop":
        return StopWish(checked_point(rest.strip(), words) if rest.strip() else None)
    if first.lower() == "pin":
        return _pin_wish(rest.split(), words)
    said = _ALSO.get(first.lower(), first.lower())
    for word in WORDS:
        if said == word:
            if rest.strip():
                raise BadInput(words("takes nothing", command=word))
            return TypedCommand(word)
    raise BadInput(words("unknown command", word=ascii(first if len(first) <= 40 else first[:40] + "...")))


def is_pin(text: str) -> bool:
    """Return whether `text` can be a PIN."""
    return text.isascii() and text.isdecimal() and 4 <= len(text) <= 12


def _pin_wish(rest: list[str], words: Words) -> PinWish:
    # What was typed is not repeated: it may hold a PIN.
    match rest:
        case []:
            return PinWish(is_asked=True)
        case ["off"]:
            return PinWish()
        case [limit, *digits] if len(digits) <= 1 and all(is_pin(one) for one in digits):
            with contextlib.suppress(BadInput):
                if cents := parse_cents(typed_number(limit, comma=words.lang == "es")):
                    return PinWish(limit_cents=cents, pin=digits[0] if digits else None)
    raise BadInput(words("bad pin"))
