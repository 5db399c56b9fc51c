"""What happens to a fleet, and to whom: a TOML file, and draws that its seed repeats. Pure."""

import random
import tomllib
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from evcharge.domain.errors import BadInput
from evcharge.runtime import failures

_Seconds = Annotated[float, Meta(ge=0, le=86_400)]
_Share = Annotated[float, Meta(gt=0, le=1)]


class Blow(StrEnum):
    """What befalls a share of the charging points at once."""

    # No link, then all of them back in the same instant.
    BLACKOUT = "blackout"
    # Their drivers ask at the same moment.
    SURGE = "surge"
    # Their monitors' links end and come back, over and over.
    FLAPPING = "flapping"
    # Their monitors report a fault.
    FAULTS = "faults"
    # It freezes where they stand.
    COLD = "cold"


class Turn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One blow: when, what, to what share of the fleet, and for how long."""

    at_s: _Seconds
    what: Blow
    share: _Share = 0.5
    for_s: _Seconds = 10.0


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long it goes on, how its drivers behave, and what happens. Without turns: an ordinary day."""

    seconds: Annotated[float, Meta(ge=1, le=86_400)] = 60.0
    # How long a charging point waits on average for its next driver, and how long a charge lasts.
    pause_s: Annotated[float, Meta(ge=1, le=86_400)] = 30.0
    charge_s: Annotated[float, Meta(ge=1, le=86_400)] = 30.0
    turns: tuple[Turn, ...] = ()


def parse(text: str, path: str) -> Scenario:
    """Return the scenario that the file at `path` tells. Raises BadInput with what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(text), Scenario)
    except tomllib.TOMLDecodeError:
        why = "write key = value, with text between double quotes"
        raise BadInput(f"{path}: this is not TOML: {why}") from None
    except msgspec.ValidationError as problem:
        raise BadInput(f"{path} is not a scenario: {failures.why(problem)}") from None


def struck(turn: Turn, points: int, seed: int) -> list[int]:
    """Return the numbers of the charging points that a turn befalls: always the same ones for a seed."""
    draw = random.Random(f"{seed} {turn.at_s} {turn.what}")
    return sorted(draw.sample(range(points), max(1, round(points * turn.share))))
