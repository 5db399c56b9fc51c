"""Simulated hardware: a contactor, a car whose battery takes power, with the meter's arithmetic; the warmth. Pure.

Energy is counted in integers only; temperatures may be floats, as nobody is billed for them.
"""

import math

from evcharge.cp.hardware import Flow

# Above this state of charge the battery takes less and less, down to TRICKLE_PERMILLE of the full power.
TAPER_FROM_PERMILLE = 800
TRICKLE_PERMILLE = 100
EFFICIENCY_PERCENT = 92
# Long steps are taken piece by piece, so that the taper is followed whatever the speed.
_PIECE_MS = 30_000
_MW_MS_PER_MWH = 3_600_000
# A charging point in the shade, and how much warmer full power makes it in the end.
AMBIENT_CELSIUS, RISE_CELSIUS = 22.0, 33.0
# After so long it has come 63 % of the way.
_INERTIA_S = 240.0


class SimulatedContactor:
    """Power flows while it is closed. Tests and simulations watch this one, not the journal."""

    def __init__(self) -> None:
        self.closed = False
        self.delivered_mwh = 0

    def close(self) -> None:
        """Let power flow."""
        self.closed = True

    def open(self) -> None:
        """Stop it at once. Opening twice is fine."""
        self.closed = False

    def deliver(self, energy_mwh: int) -> None:
        """Count energy that has gone through."""
        self.delivered_mwh += energy_mwh


class SimulatedCar:
    """One car at one charging point, and the meter between them. `read` lets power flow and says how much."""

    def __init__(self, capacity_mwh: int, charge_permille: int, max_power_w: int, speed: float = 1.0) -> None:
        """A battery of `capacity_mwh` that holds `charge_permille` of it; `speed` scales simulated time."""
        self._capacity_mwh = capacity_mwh
        self._max_power_w = max_power_w
        self._speed = speed
        # Hundredths of a mWh, because of the efficiency.
        self._stored_cmwh = capacity_mwh * 100 * charge_permille // 1000
        self._rest_mw_ms = 0

    @property
    def charge_permille(self) -> int:
        """The state of charge."""
        return self._stored_cmwh * 10 // self._capacity_mwh

    @property
    def full_in_s(self) -> int | None:
        """The real seconds until the battery is full; None where it takes no power."""
        if self._max_power_w <= 0:
            return None
        taper_at = self._capacity_mwh * 100 * TAPER_FROM_PERMILLE // 1000
        # All of it at full power first, then less and less: the power falls in a line, the time is a logarithm.
        before_cmwh = max(0, taper_at - self._stored_cmwh)
        span_cmwh = self._capacity_mwh * 100 - taper_at
        left = min(1.0, (self._capacity_mwh * 100 - self._stored_cmwh) / span_cmwh)
        fall, least = 1 - TRICKLE_PERMILLE / 1000, TRICKLE_PERMILLE / 1000
        slow_cmwh = span_cmwh / fall * math.log((least + fall * left) / least)
        # 3600 mW s from the grid are a mWh, and EFFICIENCY_PERCENT hundredths of one reach the battery.
        seconds = (before_cmwh + slow_cmwh) * 3600 / EFFICIENCY_PERCENT / (self._max_power_w * 1000)
        return math.ceil(seconds / self._speed)

    @property
    def full(self) -> bool:
        """Whether the battery takes nothing any more."""
        return self._room_mwh == 0

    @property
    def power_w(self) -> int:
        """The power that flows at this state of charge, while the contactor is closed."""
        if self.full:
            return 0
        over = max(0, self.charge_permille - TAPER_FROM_PERMILLE)
        share = 1000 - (1000 - TRICKLE_PERMILLE) * over // (1000 - TAPER_FROM_PERMILLE)
        return self._max_power_w * share // 1000

    @property
    def _room_mwh(self) -> int:
        """The energy from the grid that fills the battery."""
        return -((self._stored_cmwh - self._capacity_mwh * 100) // EFFICIENCY_PERCENT)

    def read(self, dt_s: float, most_mwh: int) -> Flow:
        """Let power flow for `dt_s` real seconds, at most `most_mwh`; fractions of a mWh are carried over."""
        left_ms = max(0, round(dt_s * self._speed * 1000))
        power_w, energy_mwh = self.power_w, 0
        while left_ms > 0 and energy_mwh < most_mwh and not self.full:
            piece_ms = min(left_ms, _PIECE_MS)
            left_ms -= piece_ms
            whole, rest = divmod(self.power_w * 1000 * piece_ms + self._rest_mw_ms, _MW_MS_PER_MWH)
            taken = min(whole, most_mwh - energy_mwh, self._room_mwh)
            # What a limit cut off never flowed: no fraction of it is carried over.
            self._rest_mw_ms = rest if taken == whole else 0
            self._stored_cmwh += taken * EFFICIENCY_PERCENT
            energy_mwh += taken
        return Flow(power_w if energy_mwh else 0, energy_mwh)


class Thermometer:
    """How warm the power electronics are: they follow the power that flows, slowly."""

    def __init__(self, max_power_w: int, speed: float = 1.0) -> None:
        """At `max_power_w` they end RISE_CELSIUS above the air; `speed` scales simulated time."""
        self._max_power_w = max_power_w
        self._speed = speed
        self._rise = 0.0

    @property
    def deci_celsius(self) -> int:
        """The temperature in tenths of a degree."""
        return round((AMBIENT_CELSIUS + self._rise) * 10)

    def step(self, power_w: int, dt_s: float) -> None:
        """Let `power_w` flow for `dt_s` real seconds."""
        goal = RISE_CELSIUS * power_w / self._max_power_w if self._max_power_w else 0.0
        left = math.exp(-max(0.0, dt_s) * self._speed / _INERTIA_S)
        self._rise = goal + (self._rise - goal) * left
