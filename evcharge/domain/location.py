"""Locations: how a name is written, which spellings mean the same one, and what may be wrong with the weather. Pure.

A name is made tidy once, at the door through which it comes; nothing else compares locations. "Guadalajara, ES" is
Guadalajara in the country that ISO 3166 calls ES: another location than "Guadalajara" without a country.
"""

import re
import unicodedata
from enum import StrEnum

from evcharge.domain.errors import BadInput

MAX_CHARS = 80
_IN_COUNTRY = re.compile(r"(.*\S) ?, ?([A-Za-z]{2})", re.ASCII)


class WeatherKind(StrEnum):
    """What is wrong with the weather."""

    COLD = "COLD"
    HEAT = "HEAT"
    WIND = "WIND"
    STORM = "STORM"


def tidy(text: str) -> str:
    """Return a location as it is kept: one form for letters that look alike, single blanks, nothing invisible."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", text) if _is_visible(letter))
    town, country = town_and_country(" ".join(seen.split()))
    return f"{town}, {country}" if country else town


def check(text: str) -> str:
    """Return a location as it is kept. Raises BadInput unless it is plain text of 1 to 80 characters."""
    name = tidy(text)
    if not name or len(name) > MAX_CHARS or not name.isprintable():
        raise BadInput(f"location must be 1 to {MAX_CHARS} characters of plain text on one line.")
    return name


def place(location: str) -> str:
    """Return what makes two spellings the same location."""
    return tidy(location).casefold()


def town_and_country(location: str) -> tuple[str, str]:
    """Return "Guadalajara" and "ES" of "Guadalajara, ES"; a location without its country is all town."""
    found = _IN_COUNTRY.fullmatch(location)
    return (found[1], found[2].upper()) if found is not None else (location, "")


def in_country(location: str, country: str) -> str:
    """Return `location` with the country that is known of it, for screens."""
    return location if not country or town_and_country(location)[1] else f"{location}, {country}"


def is_meant(location: str, wish: str) -> bool:
    """Return whether somebody who typed `wish` means `location`: accents and the country may be left out."""
    (town, country), (wanted, wanted_country) = (town_and_country(tidy(text)) for text in (location, wish))
    return without_accents(town) == without_accents(wanted) and wanted_country in ("", country)


def without_accents(text: str) -> str:
    """Return what two spellings have in common of which one leaves out the accents."""
    letters = unicodedata.normalize("NFD", place(text))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _is_visible(letter: str) -> bool:
    # Other format characters, such as a zero-width joiner, would make two names look alike.
    return unicodedata.category(letter) != "Cf"
