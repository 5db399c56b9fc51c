"""What is typed (or piped in), as commands."""

import os
import sys
from dataclasses import dataclass
from typing import Literal

from evcharge.driver.script import Wish, parse_wish
from evcharge.driver.words import ENGLISH, Words
from evcharge.errors import BadInput
from evcharge.keyboard import STDIN, is_terminal, read_chunks

__all__ = ["STDIN", "Command", "Word", "is_at_hand", "parse", "read_chunks"]

Word = Literal["list", "stop", "balance", "history", "troubles", "yes", "help", "quit"]
WORDS: tuple[Word, ...] = ("list", "stop", "balance", "history", "troubles", "yes", "help", "quit")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is one word."""

    word: Word


def is_at_hand() -> bool:
    """Return whether a person sits at a terminal that can move its cursor."""
    if sys.stdin is None or sys.stdout is None:
        return False
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown") and is_terminal()


def parse(text: str, words: Words = ENGLISH) -> Command | Wish | None:
    """Return what a typed line wants (a Wish: start a charge), None for an empty one; raise BadInput."""
    first, _, rest = text.partition(" ")
    if not first:
        return None
    if first.lower() == "start":
        return parse_wish(rest.strip(), words) if rest.strip() else Wish()
    for word in WORDS:
        if first.lower() == word:
            if rest.strip():
                raise BadInput(words("takes nothing", command=word))
            return Command(word)
    raise BadInput(words("unknown command", word=ascii(first if len(first) <= 40 else first[:40] + "...")))
