"""What a fleet has seen: counts, and how long things took. Pure."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Waits are in seconds: of logins, and from a driver's request to START at the engine."""

    logins: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    lost: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    tickets: int = 0
    energy_mwh: int = 0
    cost_cents: int = 0


def percentile(waits: list[float], share: float) -> float:
    """Return the wait that so many of them did not exceed, in ms; 0 of none."""
    if not waits:
        return 0.0
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
