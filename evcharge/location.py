"""Locations: how a name is written, which spellings mean the same one, and what may be wrong with the weather. Pure.

A name is made tidy once, at the door through which it comes; nothing else compares locations.
"""

import unicodedata
from enum import StrEnum

from evcharge.errors import BadInput

MAX_CHARS = 80


class WeatherKind(StrEnum):
    """What is wrong with the weather."""

    COLD = "COLD"
    HEAT = "HEAT"
    WIND = "WIND"
    STORM = "STORM"


def tidy(text: str) -> str:
    """Return a location as it is kept: one form for letters that look alike, single blanks, nothing invisible."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", text) if _is_visible(letter))
    return " ".join(seen.split())


def check(text: str) -> str:
    """Return a location as it is kept. Raises BadInput unless it is plain text of 1 to 80 characters."""
    name = tidy(text)
    if not name or len(name) > MAX_CHARS or not name.isprintable():
        raise BadInput(f"location must be 1 to {MAX_CHARS} characters of plain text on one line.")
    return name


def place(location: str) -> str:
    """Return what makes two spellings the same location."""
    return tidy(location).casefold()


def is_meant(location: str, wish: str) -> bool:
    """Return whether somebody who typed `wish` means `location`: accents may be left out."""
    return _without_accents(location) == _without_accents(wish)


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", place(text))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _is_visible(letter: str) -> bool:
    # Of the others, formats such as a zero-width joiner or a change of direction make two names look alike.
    return unicodedata.category(letter) != "Cf"
