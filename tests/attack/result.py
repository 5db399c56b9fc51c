"""What an attack reports, and the bounds that the network must keep meanwhile."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Result:
    """What one attack tried. Each sentence in `broken` is something that did not hold; none of them: passed."""

    tried: int = 0
    # What came back, and how often: "E_BUSY", "401", "closed", …
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def expect(self, *, holds: bool, sentence: str) -> None:
        """Note `sentence` as broken unless it holds."""
        if not holds:
            self.broken.append(sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an attack may cost its neighbours (p99 in seconds) and the network."""

    heartbeat_s: float = 0.5
    balance_s: float = 0.5
    ping_s: float = 0.5
    login_s: float = 3.0
    api_s: float = 1.5
    ticket_s: float = 3.0
    # In the audit logs of Central and Registry.
    rows: int = 200
    # By which the largest process may grow.
    memory_mib: int = 64
    # Open in any one process at the worst moment.
    descriptors: int = 2500

    def of(self, neighbour: str) -> float:
        """Return the p99 that `neighbour` may have, in seconds."""
        seconds: float = getattr(self, f"{neighbour}_s")
        return seconds
