"""One measurement of the weather, and what makes it believable. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Nowhere on Earth is it colder, hotter or windier: what is beyond was not measured.
COLDEST, HOTTEST = -100.0, 100.0
MOST_WIND = 150.0
# Sources measure every ten or fifteen minutes; what is older than this says nothing about now.
MAX_AGE = timedelta(hours=1)
# Clocks differ.
MAX_AHEAD = timedelta(minutes=5)
# Sources answer for a point of their own grid, or for the nearest station.
MOST_DEGREES_AWAY = 0.5
# Unix seconds until the year 9999.
_END_OF_TIME = 253_402_300_800


class SourceTrouble(Exception):
    """A source did not say what the weather is. `name` and `values` are its sentence in labels.weather_service.

    `of_all`: it is about the source, not about one location. `retry_after_s`: it asked us to wait that long.
    """

    def __init__(
        self, name: str, *, of_all: bool = False, retry_after_s: float = 0.0, **values: object
    ) -> None:
        super().__init__(name)
        self.name = name
        self.of_all = of_all
        self.retry_after_s = retry_after_s
        self.values = values


@dataclass(frozen=True, slots=True)
class Spot:
    """A point on Earth, in degrees, and the country that it lies in (ISO 3166, two letters), if that is known."""

    latitude: float
    longitude: float
    country: str = ""

    def __str__(self) -> str:
        return f"{self.latitude:.2f}, {self.longitude:.2f}"

    def is_near(self, other: "Spot") -> bool:
        """Return whether both are the same place, as far as sources agree on where a place is."""
        # At the date line, 179.9° and -179.9° are neighbours.
        across = abs(self.longitude - other.longitude) % 360
        across = min(across, 360 - across)
        return abs(self.latitude - other.latitude) <= MOST_DEGREES_AWAY and across <= MOST_DEGREES_AWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was measured at `measured_at`: °C, m/s (None: not told), and whether there is a storm."""

    celsius: float
    wind_m_per_s: float | None
    storm: bool
    measured_at: datetime


def believed(
    celsius: float | None, wind_m_per_s: float | None, *, storm: bool, measured_at: float, now: datetime
) -> Reading:
    """Return the measurement; `measured_at` is in Unix seconds. Raises SourceTrouble when it cannot be true."""
    if celsius is None:
        raise SourceTrouble("no temperature")
    # Written so that NaN is out of bounds too.
    if not COLDEST <= celsius <= HOTTEST:
        raise SourceTrouble("absurd temperature", value=f"{celsius:.0f}"[:12])
    if wind_m_per_s is not None and not 0 <= wind_m_per_s <= MOST_WIND:
        raise SourceTrouble("absurd wind", value=f"{wind_m_per_s:.0f}"[:12])
    if not 0 <= measured_at < _END_OF_TIME:
        raise SourceTrouble("nonsense", of_all=True)
    at = datetime.fromtimestamp(measured_at, UTC)
    if now - at > MAX_AGE:
        raise SourceTrouble("too late", minutes=int((now - at).total_seconds() // 60))
    if at - now > MAX_AHEAD:
        raise SourceTrouble("from the future", minutes=int((at - now).total_seconds() // 60))
    return Reading(celsius=celsius, wind_m_per_s=wind_m_per_s, storm=storm, measured_at=at)


def check_spot(asked: Spot, latitude: float, longitude: float) -> None:
    """Raise SourceTrouble unless an answer is for the place that was asked about."""
    if not asked.is_near(Spot(latitude, longitude)):
        raise SourceTrouble("another place")


def country(code: str) -> str:
    """Return the country that a source names, or "" when it is none that one could write."""
    code = code.strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""
