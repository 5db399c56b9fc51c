"""The last hour of each charging point, its power and its temperature; and the last day of the network. Pure.

A figure every SAMPLE_S seconds, in rings that are made when there is something to keep.
"""

from array import array
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from evcharge.domain.ids import CpId

SAMPLE_S = 15
SAMPLES = 240
# The power of the whole network: means of so long, a day of them.
NETWORK_S, NETWORK_SAMPLES = 300, 288
DAY_S, HOUR_S = NETWORK_S * NETWORK_SAMPLES, SAMPLE_S * SAMPLES
_NO_POWER, _NO_TEMPERATURE = -1, -32768


@dataclass(frozen=True, slots=True)
class Series:
    """Power as (Unix seconds, W), temperature as (Unix seconds, degrees Celsius); the oldest first."""

    power: list[tuple[int, int]]
    temperature: list[tuple[int, float]]


class _Rings:
    """One charging point's figures; `last` is the number of the latest sample, counted from 1970."""

    __slots__ = ("last", "power", "temperature")

    def __init__(self, number: int) -> None:
        self.last = number
        self.power = array("i", [_NO_POWER]) * SAMPLES
        self.temperature = array("h", [_NO_TEMPERATURE]) * SAMPLES

    def put(self, number: int, power_w: int, deci_celsius: int | None) -> None:
        """Keep a sample; what was left out since the one before is a gap."""
        for missed in range(max(self.last + 1, number - SAMPLES + 1), number):
            self.power[missed % SAMPLES] = _NO_POWER
            self.temperature[missed % SAMPLES] = _NO_TEMPERATURE
        at = number % SAMPLES
        self.last = number
        self.power[at] = power_w
        self.temperature[at] = _NO_TEMPERATURE if deci_celsius is None else deci_celsius


class Telemetry:
    """The rings of all charging points."""

    def __init__(self) -> None:
        self._rings: dict[CpId, _Rings] = {}
        self._last = -1
        # Number of the stretch, counted from 1970, and its samples: their sum in W, and how many.
        self._network: deque[tuple[int, int, int]] = deque(maxlen=NETWORK_SAMPLES)

    def sample(self, figures: Iterable[tuple[CpId, int, int | None]], now_s: float) -> bool:
        """Keep one sample of every charging point, unless the last was a moment ago; return whether it did."""
        number = int(now_s) // SAMPLE_S
        if number == self._last:
            return False
        if number < self._last:
            # The wall clock was put back: what is newer than now never was.
            self._rings.clear()
            self._network.clear()
        self._last = number
        all_w = 0
        for cp_id, power_w, deci_celsius in figures:
            all_w += power_w
            rings = self._rings.get(cp_id)
            if rings is None:
                if not power_w and deci_celsius is None:
                    continue
                rings = self._rings[cp_id] = _Rings(number)
            rings.put(number, power_w, deci_celsius)
        self._take(number * SAMPLE_S // NETWORK_S, all_w)
        return True

    def _take(self, stretch: int, power_w: int) -> None:
        known = self._network.pop() if self._network and self._network[-1][0] == stretch else (stretch, 0, 0)
        self._network.append((stretch, known[1] + power_w, known[2] + 1))

    def recall(self, cp_id: CpId, past: Iterable[tuple[int, int]]) -> None:
        """Take in what one charging point gave before: (number of the sample, W); what was sampled stays."""
        known = dict(past)
        if not any(known.values()):
            return
        rings = self._rings.get(cp_id)
        if rings is None:
            rings = self._rings[cp_id] = _Rings(max(known))
        for number, power_w in known.items():
            at = number % SAMPLES
            if rings.last - SAMPLES < number <= rings.last and rings.power[at] == _NO_POWER:
                rings.power[at] = power_w

    def remember(self, past: Iterable[tuple[int, int, int]]) -> None:
        """Take in what was before: (number of the stretch, mean W, how many samples that is worth)."""
        sums = {stretch: (power_w * count, count) for stretch, power_w, count in past}
        for stretch, total_w, count in self._network:
            before_w, before = sums.get(stretch, (0, 0))
            sums[stretch] = (before_w + total_w, before + count)
        self._network = deque(((stretch, *sums[stretch]) for stretch in sorted(sums)), NETWORK_SAMPLES)

    def network(self) -> list[tuple[int, int]]:
        """Return the mean power of the whole network as (Unix seconds, W), of the last day; the oldest first."""
        last = self._network[-1][0] if self._network else 0
        return [
            (stretch * NETWORK_S, total_w // count)
            for stretch, total_w, count in self._network
            if stretch > last - NETWORK_SAMPLES
        ]

    def series(self, cp_id: CpId) -> Series:
        """Return the last hour of a charging point; empty when nothing is known."""
        power: list[tuple[int, int]] = []
        temperature: list[tuple[int, float]] = []
        rings = self._rings.get(cp_id)
        if rings is not None:
            for number in range(max(rings.last, self._last) - SAMPLES + 1, rings.last + 1):
                at = number * SAMPLE_S
                if (power_w := rings.power[number % SAMPLES]) != _NO_POWER:
                    power.append((at, power_w))
                if (deci_celsius := rings.temperature[number % SAMPLES]) != _NO_TEMPERATURE:
                    temperature.append((at, deci_celsius / 10))
        return Series(power, temperature)
