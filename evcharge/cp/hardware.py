"""What a charging point's rules need of its hardware. `engine/simulated_car` is one implementation of it.

It lies beside the engine and its journal, because both have a say in it: the journal opens the contactor itself when
it cannot be written.
"""

from dataclasses import dataclass
from typing import Protocol


class Contactor(Protocol):
    """The switch between the grid and the car: power flows while it is closed."""

    @property
    def closed(self) -> bool:
        """Whether power can flow."""
        ...

    def close(self) -> None:
        """Let power flow."""
        ...

    def open(self) -> None:
        """Stop it at once. Opening twice is fine."""
        ...

    def deliver(self, energy_mwh: int) -> None:
        """Take note of energy that has gone through and is journaled."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """What flowed between two readings: mean power in W, energy in whole mWh."""

    power_w: int
    energy_mwh: int


class EnergyMeter(Protocol):
    """Measures what flows into the car that is plugged in, from its plug to its unplugging."""

    @property
    def charge_permille(self) -> int | None:
        """The state of charge of the car, where that is known."""
        ...

    @property
    def full_in_s(self) -> int | None:
        """The real seconds until the car is full at this pace, where that is known."""
        ...

    @property
    def full(self) -> bool:
        """Whether the car takes nothing any more."""
        ...

    def read(self, dt_s: float, most_mwh: int) -> Flow:
        """Return what flowed in the last `dt_s` seconds; no more than `most_mwh` of it counts."""
        ...
