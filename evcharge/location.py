"""Locations: which spellings mean the same one, and what may be wrong with the weather there. Pure."""

from enum import StrEnum


class WeatherKind(StrEnum):
    """What is wrong with the weather."""

    COLD = "COLD"
    HEAT = "HEAT"
    WIND = "WIND"
    STORM = "STORM"


def place(location: str) -> str:
    """Return what makes two spellings the same location."""
    return " ".join(location.split()).casefold()
