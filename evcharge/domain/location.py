"""Locations: how a name is written, which spellings mean the same one, and what may be wrong with the weather. Pure.

A name becomes a `Location` once, at the door through which it comes; nothing else compares locations. "Guadalajara, ES"
is Guadalajara in the country that ISO 3166 calls ES: another location than "Guadalajara" without a country.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from evcharge.domain.errors import BadInput

MAX_CHARS = 80
_IN_COUNTRY = re.compile(r"(.*\S) ?, ?([A-Za-z]{2})", re.ASCII)


class WeatherKind(StrEnum):
    """What is wrong with the weather."""

    COLD = "COLD"
    HEAT = "HEAT"
    WIND = "WIND"
    STORM = "STORM"


@dataclass(frozen=True, slots=True, init=False)
class Location:
    """Where something stands. Two spellings that differ in capitals, blanks or Unicode form are equal.

    `name` has one form for letters that look alike, single blanks and nothing invisible; "" is nowhere, which is false.
    """

    name: str = field(compare=False)
    # What all spellings have in common: of use where locations are stored.
    key: str = field(repr=False)

    def __init__(self, text: str = "") -> None:
        name, key = _normal(text)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "key", key)

    @classmethod
    def checked(cls, text: str) -> "Location":
        """Return the location that somebody typed. Raises BadInput unless it is plain text of 1 to 80 characters."""
        location = cls(text)
        if not location or len(location.name) > MAX_CHARS or not location.name.isprintable():
            raise BadInput(f"location must be 1 to {MAX_CHARS} characters of plain text on one line.")
        return location

    def __bool__(self) -> bool:
        return bool(self.name)

    def __str__(self) -> str:
        return self.name

    @property
    def town(self) -> str:
        """Return "Guadalajara" of "Guadalajara, ES"; a location without its country is all town."""
        return _town_and_country(self.name)[0]

    @property
    def country(self) -> str:
        """Return "ES" of "Guadalajara, ES", and "" of a location that names no country."""
        return _town_and_country(self.name)[1]

    def in_country(self, country: str) -> str:
        """Return the name with the country that is known of it, for screens."""
        return self.name if not country or self.country else f"{self.name}, {country}"

    @property
    def town_key(self) -> str:
        """Return what all locations have in common that one wish may mean."""
        return without_accents(self.town)

    def is_meant_by(self, wish: "Location") -> bool:
        """Return whether somebody who typed `wish` means this one: accents and the country may be left out."""
        return self.town_key == wish.town_key and wish.country in ("", self.country)

    def is_spelt_as(self, other: "Location") -> bool:
        """Return whether both are written alike, capitals included: screens show the spelling."""
        return self.name == other.name


@lru_cache(1024)
def without_accents(text: str) -> str:
    """Return what two spellings have in common of which one leaves out the accents."""
    letters = unicodedata.normalize("NFD", Location(text).key)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


# A network has few locations, and each peer that comes names one.
@lru_cache(maxsize=1024)
def _normal(text: str) -> tuple[str, str]:
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", text) if _is_visible(letter))
    town, country = _town_and_country(" ".join(seen.split()))
    name = f"{town}, {country}" if country else town
    return name, name.casefold()


def _town_and_country(name: str) -> tuple[str, str]:
    found = _IN_COUNTRY.fullmatch(name)
    return (found[1], found[2].upper()) if found is not None else (name, "")


def _is_visible(letter: str) -> bool:
    # Other format characters, such as a zero-width joiner, would make two names look alike.
    return unicodedata.category(letter) != "Cf"


NOWHERE = Location()
